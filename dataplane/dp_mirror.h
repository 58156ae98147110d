/* SPDX-License-Identifier: Apache-2.0 */
/* dp_mirror: on a mirror port, with another port to send by: connections that carry what a rule rejects are reset.
 *
 * Owner:  one worker; called from dp_worker_burst only.
 * As early as the match, at each end's latest acknowledged number (RFC 5961 3.2), and again with every later segment; but only while
 * the message's end was not seen: a reset between the end and the server's reply makes every repetition of the mail another copy. */
#ifndef DP_MIRROR_H
#define DP_MIRROR_H

#include "dataplane/dp_worker.h"

/* Behind dp_conn_segment, with the flow that it returned. */
void dp_mirror_segment(struct dp_worker *w, struct dp_flow *f, const struct dp_packet *pkt, struct rte_mbuf *m);

#endif
