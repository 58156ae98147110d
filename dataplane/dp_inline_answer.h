/* SPDX-License-Identifier: Apache-2.0 */
/* dp_inline_answer: the small endpoint that stands in the server's place toward a client whose message was refused.
 *
 * Owner:  one worker; called from dp_inline only. Memory: of its pool `replies`.
 * It answers what the client had sent and the server never got, each command in its order; then QUIT, RSET, NOOP, and a next MAIL with
 * 421; it repeats what the client does not acknowledge, acknowledges a FIN, and forgets. */
#ifndef DP_INLINE_ANSWER_H
#define DP_INLINE_ANSWER_H

#include "dataplane/dp_inline_state.h"

#define DP_ANSWER_TRIES 10 /* repetitions without an answer, then both ends are reset */
#define DP_ANSWER_IDLE 300 /* repetition times without a word of the client: RFC 5321 4.5.3.2.7 gives it five minutes */
#define DP_ANSWER_QUIET 5 /* repetition times without a word behind what only some servers take for the message's end: its client waits */

/* The server is reset, and the client answered. May end the connection. False: there is no room to answer, counted. */
bool dp_inline_answer_begin(struct dp_worker *w, struct dp_flow *f, uint64_t now);
enum dp_fate dp_inline_answer_segment(struct dp_worker *w, struct dp_flow *f, const struct dp_packet *pkt, struct rte_mbuf *m,
                                      bool from_client);
void dp_inline_answer_tick(struct dp_worker *w, struct dp_flow *f, uint64_t now);

#endif
