/* SPDX-License-Identifier: Apache-2.0 */
/* dp_reset: frames of ours, and resets that need no more than a packet of the connection.
 *
 * Owner:  one worker. Memory: an mbuf for each frame; without one nothing is sent, counted as injected_lost. */
#ifndef DP_RESET_H
#define DP_RESET_H

#include "dataplane/dp_craft.h"
#include "dataplane/dp_worker.h"

/* Says it as `as`, by port out. */
void dp_reset_send(struct dp_worker *w, struct dp_voice *as, const struct dp_voice *toward, const struct dp_craft *what, unsigned out);

/* A reset to the sender of this packet, at the number that it expects (RFC 9293 3.5.2). */
void dp_reset_back(struct dp_worker *w, const struct dp_packet *pkt, struct rte_mbuf *m, unsigned out);

/* A reset to its receiver, at seq: the number that this expects, for at any other it asks back (RFC 5961 3.2). */
void dp_reset_on(struct dp_worker *w, const struct dp_packet *pkt, struct rte_mbuf *m, uint32_t seq, unsigned out);

#endif
