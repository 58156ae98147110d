/* SPDX-License-Identifier: Apache-2.0 */
/* dp_admit: which segments count: those that their receiver accepts (rs_valid). Of copies, what it may not have accepted waits for its
 * word (dp_doubt); between two ports it is not forwarded, and an honest sender repeats what is lost by that.
 *
 * Owner:  one worker. Memory: none, but for what dp_doubt takes. */
#ifndef DP_ADMIT_H
#define DP_ADMIT_H

#include "dataplane/dp_worker.h"

/* The segment's options, to w->options. What the segment is judged and noted by: before either. */
void dp_admit_options(struct dp_worker *w, const struct dp_packet *pkt, const struct rte_mbuf *m);

/* A segment of the flow (NULL: of none) with right checksums. On DP_SUM_WAIT a reference to it was taken, and it is counted as held. */
enum dp_sum dp_admit_segment(struct dp_worker *w, struct dp_flow *f, const struct dp_packet *pkt, struct rte_mbuf *m);

/* One that waited is taken: its receiver acknowledged it. Before it is read. */
void dp_admit_taken(struct dp_worker *w, struct dp_flow *f, unsigned dir, enum rs_doubt why);

/* A segment was read, by f->tcp: what it says of its sender is noted, and what no honest one says is told. */
void dp_admit_note(struct dp_worker *w, struct dp_flow *f, unsigned dir, const struct rs_tcp_segment *seg, enum rs_verdict v,
		   uint64_t now);

/* The anomaly that such a doubt is named by. */
enum dp_anomaly dp_admit_anomaly(enum rs_doubt why);

#endif
