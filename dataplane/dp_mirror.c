/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_mirror.h"

#include "dataplane/dp_reset.h"
#include "dataplane/dp_session.h"

/* A rule has matched that only a pass rule, which has not matched yet, could take back. */
static bool is_bad(struct dp_message *m)
{
	switch (mt_actions_first(dp_message_peek(m, false))) {
	case MT_DROP:
	case MT_REJECT:
		return true;
	default:
		return false;
	}
}

void dp_mirror_segment(struct dp_worker *w, struct dp_flow *f, const struct dp_packet *pkt, struct rte_mbuf *m)
{
	struct dp_message *open = f->session ? dp_session_open(f->session) : NULL;
	if (!open || (pkt->tcp_flags & RS_TCP_RST))
		return;
	if (open->taken != CT_ACT_RESET) {
		if (!is_bad(open))
			return;
		dp_message_take(open, CT_ACT_RESET);
		w->stats.connections_reset++;
	}
	unsigned dir = dp_flow_direction(f, pkt);
	/* The resets may not be seen here: when both ends are silent, it is over. */
	dp_flow_touch(&w->flows, f, DP_FLOWS_RESET, dp_meta(m)->time);
	dp_reset_back(w, pkt, m, DP_RESET);
	dp_reset_on(w, pkt, m, f->tcp.dir[dir].isn + 1 + (uint32_t)rs_tcp_acked(&f->tcp, dir), DP_RESET);
}
