/* SPDX-License-Identifier: Apache-2.0 */
/* dp_message: one message (an SMTP transaction): its record, what was found, its verdict.
 *
 * Owner:  one worker. Memory: of the worker's pools. A message has its record from its beginning: no end of a
 * message is released before there is room for its record. */
#ifndef DP_MESSAGE_H
#define DP_MESSAGE_H

#include <sys/queue.h>

#include "dataplane/dp_content.h"

struct dp_session;

struct dp_doubted { /* why the receiver may have read other bytes than were read here */
	enum ct_reason reason;
	uint8_t number; /* below 32: one doubt is noted once a message. Those that are no dp_anomaly: from DP_DOUBT_OTHER on */
	const char *name; /* a constant */
};

#define DP_DOUBT_OTHER 28

extern const struct dp_doubted dp_doubted_forgotten; /* what a repetition would be compared with was forgotten */
extern const struct dp_doubted dp_doubted_mptcp; /* parts of it may have gone by other connections */
extern const struct dp_doubted dp_doubted_cut; /* its receiver may have bytes that were not seen, where others came */
extern const struct dp_doubted dp_doubted_no_room; /* of its connection segments found no room */

struct dp_message {
	LIST_ENTRY(dp_message) link; /* of its session's */
	struct dp_session *session;
	struct ct_record *rec;
	struct dp_content *content; /* while content is open */
	struct dp_content *strict; /* the same as a server reads it that took no end where `content` ended; or NULL */
	uint32_t reasons; /* bit r: enum ct_reason r applies */
	uint8_t action; /* the strongest enum mt_action of a rule that matched; MT_NONE: none did */
	bool open; /* its content has begun, and not ended */
	bool smuggled; /* a command stood behind what some servers take for its end */
	uint8_t taken; /* enum ct_action: what is done with it inline */
	uint64_t mime_errors; /* bit a: anomaly a was noted */
	uint32_t smtp_errors; /* likewise */
	uint32_t zip_errors; /* bit f: enum rs_zip_fault f was told */
	uint32_t doubts; /* bit n: doubt n was noted */
	uint32_t client_gaps; /* the session's, when it began */
	uint32_t files; /* reported */
	uint32_t peeks; /* times that it was judged before its end */
	uint32_t contents; /* open: one for each reading of its bytes */
	uint32_t tx_id;
};

/* Counts the message as seen and open. NULL when there is no room: dp_message_end_unheld counts its verdict, when it has ended. */
struct dp_message *dp_message_begin(struct dp_session *s, uint32_t tx_id);
void dp_message_end_unheld(struct dp_session *s);
void dp_message_reason(struct dp_message *m, enum ct_reason r);
void dp_message_doubt(struct dp_message *m, const struct dp_doubted *d);
/* A rule matched in this buffer of this file (NULL: the part's encoded text). */
void dp_message_match(struct dp_message *m, struct dp_content *c, struct dp_file *f, const struct mt_rule *rule,
                      size_t rule_index, const struct mt_hit *const *hits, size_t nhits);
/* What has matched so far, in files that ended and in what is open: dp_content_peek says more. As if ended, with the reasons that
 * the message has. A pass rule may yet match, and take out what a set without MT_PASS says. */
unsigned dp_message_peek(struct dp_message *m, bool as_if_ended);
/* The verdict that such a set means. */
enum ct_verdict dp_message_verdict(unsigned set);
/* What is to become of it inline, as far as it was read (enum ct_action). open: its content has not ended; as if it had. */
enum ct_action dp_message_decide(struct dp_message *m, bool open);
/* It is done: the record says so, and has an incident. */
void dp_message_take(struct dp_message *m, enum ct_action action);
/* The outcome is known: judges, counts the verdict, hands the record to control. */
void dp_message_end(struct dp_message *m);

#endif
