/* SPDX-License-Identifier: Apache-2.0 */
/* dp_inline_smtp: a mail server and a mail client on the ends of the tests' own network.
 *
 * The server takes what it is made to take as the end of a message, delivers the message at once, and reads everything that has
 * arrived in one piece, also what it has when it is reset: no server can deliver more than this one. The client sends a list of
 * messages, in lock step or as far ahead as RFC 2920 lets it, and keeps what it was told about each.
 *
 * Owner: the test. Memory: heap. Units: nanoseconds of the test's clock. */
#ifndef DP_INLINE_SMTP_H
#define DP_INLINE_SMTP_H

#include "dataplane/dp_inline_tcp.h"

enum dp_ends { /* what a server takes as the end of content after DATA */
	DP_ENDS_STRICT, /* CRLF . CRLF */
	DP_ENDS_LF, /* also with bare LFs */
	DP_ENDS_CR, /* also with bare CRs */
};

struct dp_server {
	struct dp_end *end;
	uint64_t *random;
	enum dp_ends ends;
	bool chunking, lmtp, pipelining;
	const char *mute; /* commands that begin so are never answered; "." the end of content; NULL: none */
	uint32_t delay; /* ms, the longest until an answer */
	uint64_t at; /* of the client's stream: read up to here */
	uint64_t content; /* where it began */
	enum { DP_SERVER_COMMANDS, DP_SERVER_DATA, DP_SERVER_CHUNK } mode;
	uint64_t chunk; /* bytes of it to come */
	bool chunk_last, mail, skip_lf, quits, muted;
	unsigned rcpts;
	struct dp_text body; /* of the message under way */
	struct dp_text pending; /* to be said at `ready` */
	uint64_t ready, last;
	struct dp_text *delivered;
	size_t ndelivered;
};

void dp_server_init(struct dp_server *s, struct dp_end *end, uint64_t *random);
void dp_server_free(struct dp_server *s);
/* Reads, answers. Called when bytes or time have come. */
void dp_server_run(struct dp_server *s, uint64_t now);

struct dp_letter { /* a message to be sent */
	struct dp_text text; /* as it is to be stored, with its last line's end */
	const char *form; /* what ends it after DATA */
	bool bad;
	bool bdat; /* in chunks */
	bool doubted; /* holds what some servers take for its end */
	unsigned rcpts, strangers; /* recipients that the server takes, and does not */
	bool failed; /* before its end */
	unsigned accepted; /* recipients */
	unsigned told[4]; /* codes about it, by recipient for LMTP; 0: none */
	unsigned ntold;
};

enum dp_asked { /* what a reply answers */
	DP_ASKED_NOTHING,
	DP_ASKED_BANNER,
	DP_ASKED_EHLO,
	DP_ASKED_MAIL,
	DP_ASKED_RCPT,
	DP_ASKED_DATA,
	DP_ASKED_CHUNK,
	DP_ASKED_CONTENT,
	DP_ASKED_QUIT,
};

struct dp_item { /* of the client's script */
	struct dp_text text;
	enum dp_asked asks;
	struct dp_letter *letter;
	bool wait; /* first for all that was asked */
};

struct dp_client {
	struct dp_end *end;
	uint64_t *random;
	struct dp_letter *letters;
	size_t nletters;
	bool pipelines, lmtp;
	struct dp_item *items;
	size_t nitems, at;
	struct { enum dp_asked what; struct dp_letter *letter; } asked[256];
	unsigned first, last; /* of asked */
	uint64_t read; /* of the server's stream */
	uint64_t heard; /* time of the last word, its own, or an acknowledgement */
	uint64_t acked; /* of its own words */
	uint64_t patience;
	bool closing; /* 421, or the end of its script */
	bool gave_up; /* nobody answered */
	unsigned surprises; /* replies to nothing */
	struct dp_text log; /* all replies */
};

void dp_client_init(struct dp_client *c, struct dp_end *end, uint64_t *random);
/* Makes its script from its letters. */
void dp_client_script(struct dp_client *c);
void dp_client_free(struct dp_client *c);
void dp_client_run(struct dp_client *c, uint64_t now);

#endif
