/* SPDX-License-Identifier: Apache-2.0 */
/* dp_content: a message's bytes while they come: MIME structure, transfer decoding, files.
 *
 * Owner:  one worker. Memory: of the worker's pools. */
#ifndef DP_CONTENT_H
#define DP_CONTENT_H

#include "dataplane/dp_file.h"
#include "dataplane/dp_gap.h"
#include "dataplane/dp_line.h"

struct dp_message;

#define DP_VIEWS_PIECE 80 /* a line of base64 (RFC 2045 6.8) */
#define DP_BEGIN_MAX 8 /* what something encoded in a text begins with, as far as it is looked for */

struct dp_content { /* the order leaves no holes: one for each message under way */
	struct dp_inspect *ins;
	struct dp_message *msg;
	struct rs_mime mime;
	struct rs_transfer transfer;
	struct dp_file *file; /* of the leaf under way; NULL between leaves, or without room */
	struct dp_line line; /* of the leaf */
	struct mt_stream *encoded_scan; /* MT_MAIL_ENCODED of the leaf; NULL when none of it is needed */
	uint64_t encoded, encoded_left; /* characters given to it, and still wanted */
	size_t encoded_at; /* where in the piece the next ones begin */
	uint64_t offset; /* of the leaf's first byte in the message, as it travelled */
	uint64_t length, lost; /* of the leaf so far, as it travelled, missing bytes counted; and those */
	uint64_t odd_at; /* of a leaf in base64: so far behind its beginning stands the first byte that some decoders end at */
	struct dp_gap gap; /* the last one in it */
	struct dp_file *within; /* the file that is the message which this is; NULL: it is the one that travels */
	uint64_t inflated_before; /* elsewhere in the message, when it began */
	uint32_t members, members_before; /* of archives; when it began */
	uint32_t sides; /* of zips, open: at most one */
	uint64_t unpacked; /* bytes of archives that have ended, on all levels */
	uint64_t inflated; /* bytes that members which have ended came to, on all levels */
	unsigned *trial; /* this is a copy, of dp_content_peek: where it puts the actions of the rules that match; else NULL */
	struct dp_content *first, *next; /* all readings of the same bytes; the first one is what the others forked off */
	size_t at; /* of the piece that all are fed: how much this one has read */
	uint8_t nheld;
	uint8_t held[DP_VIEWS_PIECE]; /* of the first one, while there are others, and of one within a file: the piece as far as it has come */
	uint32_t kind; /* of the leaf: a hash of its type and name */
	uint8_t skip; /* characters behind a gap that belong to a quantum which was not seen whole */
	uint8_t nested; /* messages that it is within */
	bool prove : 1; /* the gap's end is yet to be compared with what follows it */
	bool to_line : 1; /* decoding goes on in the next line */
	bool guessed : 1; /* where in a quantum, nobody knows */
	bool leaf : 1; /* a leaf is under way */
	bool quoted : 1; /* it may be none: what follows a line, in a text, that names an encoding */
	bool piece : 1; /* the part is one of a message's, of which the rest is in other messages */
	bool guessed_cte : 1; /* its encoding is not the one named, but what may have been meant */
	bool twin : 1; /* when it began, another reading read the same leaf in the same way */
	bool broken : 1; /* a multipart did not end, and in it something that may have gone on */
	bool holds_whole : 1; /* one did in a message within */
	bool odd : 1; /* some decoders may see less of a leaf */
	bool text : 1; /* the leaf is a text to be shown */
	bool unbound : 1; /* the leaf is a multipart without a boundary */
	bool unbound_encoded : 1; /* and with an encoding */
	bool preamble : 1; /* it stands before a multipart's first delimiter */
	bool late : 1; /* its header section ended with the message */
	bool delimits : 1; /* a line in it, where no boundary is known, may be a delimiter to who guesses */
	bool begins : 1; /* in a text: what is encoded may begin in it */
	uint8_t dashes; /* so many begin the line under way; LINE_GOES_ON: it goes on otherwise */
	uint8_t nwords;
	uint8_t words[DP_BEGIN_MAX - 1]; /* the last bytes of the text so far */
	bool odd_seen : 1; /* odd_at is known */
	bool footer : 1; /* what stands there may be a mailing list's: behind padding, or between two quanta */
	bool matched_counted : 1; /* among the attachments that matched */
	bool attachment : 1; /* it is one */
	bool matched : 1; /* a rule matched in it or in a member of it */
	bool opaque : 1; /* it, or a member of it, could not be looked into */
	bool counted : 1; /* among the message's contents */
	char part[64]; /* its number */
};

/* NULL when there is no room, counted. */
struct dp_content *dp_content_begin(struct dp_message *msg);
/* Bytes that hold no '.' are taken in bulk when a base64 part is under way; returns how many (0: use dp_content_feed). */
size_t dp_content_bulk(struct dp_content *c, const uint8_t *p, size_t n);
void dp_content_feed(struct dp_content *c, const uint8_t *p, size_t n);
void dp_content_gap(struct dp_content *c, uint64_t n);
void dp_content_end(struct dp_content *c);

/* A second reading of the same message: a copy of all that is open, which is fed and ended apart, by who made it, before the message
 * ends. What matches in it counts as the message's own; so do the reasons why something in it could not be looked into. Files
 * that are open now have no record of their own in the copy, for one comes of them already; those that begin later have.
 * NULL: there is no room, or a message would have more than limits.views readings at a time; then the message has its reason (limit,
 * overload), and it was counted. Where parts of what is open found no room the copy goes on without
 * them, with the reason likewise. Not to be called while a piece is being fed. dp_content_peek of each says what has matched in it.
 *
 * Where readers of mail may differ about the structure (rs_mime), a content forks by itself: then there are several
 * behind the one that was begun, which feeds and ends them, and lets go of those that come to the same. A fork of it has as many. */
struct dp_content *dp_content_fork(struct dp_content *c);

/* What has matched so far, before the end. Answers a set: MT_ACTION_BIT of each action of a rule that matches in what is open
 * (the encoded text, the file, the members of archives in it); what ended before is the message's. Nothing that is said or
 * counted later changes. Not to be called while a piece is being fed.
 *   as_if_ended false: of the rules that match whatever comes. Next to nothing to do unless a new criterion was seen. Does
 *     not see what is held back: a file's first bytes until there are DP_FILE_START of them, a base64 quantum, white
 *     space at the end of a quoted-printable line, RS_ZIP_HELD bytes of an archive, a line that may be a boundary,
 *     DP_VIEWS_PIECE bytes of lines while there are several readings, and in a file that is a message.
 *   as_if_ended true: of the rules that would match if dp_content_end were called now, and DP_PEEK_REASON of each reason that
 *     the message would then have, but for MIME structure or an archive that merely has not ended yet. A copy of all
 *     that is open is ended by the same functions, so whatever is held back is seen as it would be then. This
 *     costs some microseconds whatever was fed since: who lets a sender choose how often, sets a limit to it. */
unsigned dp_content_peek(struct dp_content *c, bool as_if_ended);

/* Above the actions of such a set stand reasons, as in dp_message.reasons. */
#define DP_PEEK_SHIFT 8
#define DP_PEEK_REASON(r) (1u << (DP_PEEK_SHIFT + (r))) /* enum ct_reason */
#define DP_PEEK_REASONS(set) ((set) >> DP_PEEK_SHIFT)

/* Why a copy of this content is not whole where there was no room for it. */
enum ct_reason dp_content_no_room(const struct dp_content *c);

/* A name in it is as is said: told as the message's own. Nothing, of a copy. */
void dp_content_anomaly(struct dp_content *c, enum rs_mime_anomaly a);

/* A matching stream for what begins in this content; NULL when there is none. */
struct mt_stream *dp_content_stream(struct dp_content *c, enum mt_buffer b);
/* The stream's rules are decided, and it is given back. */
void dp_content_stream_end(struct dp_content *c, struct mt_stream *s, mt_match_fn matched, void *arg);

#endif
