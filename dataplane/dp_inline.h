/* SPDX-License-Identifier: Apache-2.0 */
/* dp_inline: a mail connection that goes through the sensor: what is forwarded of it, what is held, and what is said in the server's
 * place when a message is refused (docs/INLINE.md).
 *
 * Owner:  one worker; called from dp_worker_burst only. Memory: of the worker's pools.
 * Units:  offsets of the client's stream in bytes from ISN+1; times in nanoseconds.
 *
 * The client's bytes are read as soon as they are in order, and forwarded as far as they were read and judged good; what arrives out
 * of order goes on at once, and the segment that joins it to the rest is the one that is held (dp_hold). The server's bytes go on as
 * they come. When a message is refused, the replies that the server still owes are awaited; then it is reset, and every command of
 * the client that it did not get is answered here. */
#ifndef DP_INLINE_H
#define DP_INLINE_H

#include "dataplane/dp_worker.h"

/* What becomes of a segment of this flow. */
enum dp_fate dp_inline_segment(struct dp_worker *w, struct dp_flow *f, const struct dp_packet *pkt, struct rte_mbuf *m);

/* A refusal is under way: replies of the server are awaited, or the client has not acknowledged ours. A step a client being answered. */
bool dp_inline_unfinished(const struct dp_worker *w);

/* What has waited too long at `now`. */
void dp_inline_tick(struct dp_worker *w, uint64_t now);

#endif
