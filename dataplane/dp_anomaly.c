/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_anomaly.h"

#include <assert.h>
#include <string.h>

#include "dataplane/dp_session.h"

/* Those that mean that the receiver may have read other bytes than were read here have a reason; the others CT_REASON_NONE. */
static const struct dp_doubted events[DP_ANOMALY_MAX] = {
#define EVENT(which, reason, name) [which] = { reason, which, name },
	EVENT(DP_ANOMALY_OVERLAP, CT_REASON_MALFORMED, "stream.reassembly_overlap_different_data")
	EVENT(DP_ANOMALY_TIMESTAMP, CT_REASON_NONE, "stream.pkt_invalid_timestamp")
	EVENT(DP_ANOMALY_WINDOW, CT_REASON_NONE, "stream.est_packet_out_of_window")
	EVENT(DP_ANOMALY_ACK, CT_REASON_NONE, "stream.est_invalid_ack")
	EVENT(DP_ANOMALY_NO_ACK, CT_REASON_NONE, "stream.pkt_broken_ack")
	EVENT(DP_ANOMALY_RST, CT_REASON_NONE, "stream.suspected_rst_inject")
	EVENT(DP_ANOMALY_FIN, CT_REASON_NONE, "stream.fin_out_of_window")
	EVENT(DP_ANOMALY_SYN, CT_REASON_NONE, "stream.est_syn_resend_diff_seq")
	EVENT(DP_ANOMALY_SYN_NUMBER, CT_REASON_NONE, "stream.3whs_syn_resend_diff_seq_on_syn_recv")
	EVENT(DP_ANOMALY_SYN_ACK_NUMBER, CT_REASON_NONE, "stream.3whs_synack_resend_with_diff_seq")
	EVENT(DP_ANOMALY_URGENT, CT_REASON_MALFORMED, "stream.urgent_data")
	EVENT(DP_ANOMALY_FRAG4_OVERLAP, CT_REASON_MALFORMED, "decoder.ipv4.frag_overlap")
	EVENT(DP_ANOMALY_FRAG6_OVERLAP, CT_REASON_MALFORMED, "decoder.ipv6.frag_overlap")
	EVENT(DP_ANOMALY_SIGNED, CT_REASON_NONE, "stream.unexpected_signature")
	EVENT(DP_ANOMALY_GAP, CT_REASON_NONE, "stream.reassembly_seq_gap")
	EVENT(DP_ANOMALY_UNACCEPTABLE, CT_REASON_MALFORMED, "stream.unacceptable_acknowledged")
	EVENT(DP_ANOMALY_PORT, CT_REASON_NONE, "stream.wrong_port")
#undef EVENT
};
_Static_assert(DP_ANOMALY_MAX <= DP_DOUBT_OTHER, "a bit each in dp_flow, and in a message below other doubts");

const struct dp_doubted *dp_doubted_of(unsigned number)
{
	static const struct dp_doubted *const others[] = { &dp_doubted_forgotten, &dp_doubted_mptcp, &dp_doubted_no_room, &dp_doubted_cut };
	const struct dp_doubted *d = number < DP_DOUBT_OTHER ? &events[number] : others[number - DP_DOUBT_OTHER];
	assert(d->number == number);
	return d;
}

const char *dp_anomaly_name(enum dp_anomaly which)
{
	return events[which].name;
}

/* Between two ports the receiver gets nothing of it: what was read here is what it has. */
static void doubt(const struct dp_worker *w, struct dp_flow *f, enum dp_anomaly which)
{
	if (events[which].reason != CT_REASON_NONE && !dp_worker_guards(w))
		dp_session_doubt(f->session, &events[which]);
}

static void tell(struct dp_flow *f, unsigned dir, enum dp_anomaly which, const struct rs_contradiction *seen)
{
	struct dp_session *s = f->session;
	struct ct_anomaly a = { .event = events[which].name, .type = events[which].name[0] == 'd' ? "decode" : "stream",
				.to_server = dir == f->client };
	f->anomalies_told |= 1u << which;
	if (seen) {
		a.contradicts = true;
		a.at = seen->at;
		a.offset = seen->off;
		a.length = seen->len;
		a.seen_offset = seen->seen_off;
		a.seen_length = seen->seen_len;
	}
	dp_session_anomaly(s, rs_smtp_transactions(&s->smtp), &a);
}

void dp_anomaly_flow(struct dp_worker *w, struct dp_flow *f, unsigned dir, enum dp_anomaly which, const struct rs_contradiction *seen)
{
	w->stats.anomalies[which]++;
	if (f->proto == DP_PROTO_NONE)
		return;
	if (!f->session) {
		f->anomalies_due |= 1u << which;
		return;
	}
	doubt(w, f, which);
	if (!(f->anomalies_told & (1u << which)))
		tell(f, dir, which, seen);
}

void dp_anomaly_refused(struct dp_worker *w, struct dp_flow *f, unsigned dir, enum dp_anomaly which)
{
	dp_anomaly_flow(w, f, dir, which, NULL);
	/* Before the next one begins, it is known what arrived. */
	if (f->session && !LIST_EMPTY(&f->session->messages))
		dp_session_doubt(f->session, &events[which]);
}

void dp_anomaly_session(struct dp_worker *w, struct dp_flow *f)
{
	for (unsigned which = 0; which < DP_ANOMALY_MAX && f->anomalies_due; which++) {
		if (!(f->anomalies_due & (1u << which)))
			continue;
		f->anomalies_due &= ~(1u << which);
		doubt(w, f, (enum dp_anomaly)which);
		tell(f, f->client, (enum dp_anomaly)which, NULL);
	}
}
