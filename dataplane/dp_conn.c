/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_conn.h"

#include "dataplane/dp_anomaly.h"
#include "dataplane/dp_causal.h"
#include "dataplane/dp_inline_state.h"
#include "dataplane/dp_share.h"
#include "dataplane/dp_streams.h"

bool dp_conn_is_mail(const struct dp_worker *w, const struct dp_packet *pkt)
{
	return dp_worker_mail_port(w, pkt->sport) || dp_worker_mail_port(w, pkt->dport);
}

/* What is said of it now is said as of its own last packet: the one at hand is another connection's, or none. */
static void say_as_of_last(struct dp_worker *w, const struct dp_flow *f)
{
	if (!f->last)
		return;
	w->inspect.now.time = f->last;
	w->inspect.now.input = f->input;
	w->inspect.now.pcap_cnt = f->pcap_cnt;
}

static void remove_flow(struct dp_worker *w, struct dp_flow *f, enum ct_reason why)
{
	struct dp_now now = w->inspect.now;
	struct dp_flow *at_hand = w->flow;
	/* It ended by itself; nobody went on. */
	if (f->tcp.state == RS_TCP_RESET)
		why = CT_REASON_NONE;
	say_as_of_last(w, f);
	if (f->inl)
		dp_inline_leave(w, f);
	dp_streams_close(w, f, why);
	if (f->inl)
		dp_inline_free(w, f);
	dp_share_count(w, f);
	w->inspect.now = now;
	w->flow = at_hand == f ? NULL : at_hand;
	dp_flow_remove(&w->flows, f);
}

/* Who is the client, and is it mail: by the handshake, else by the ports; what neither tells, the first bytes do. */
static void first_packet(struct dp_worker *w, struct dp_flow *f, const struct dp_packet *pkt)
{
	bool to_mail = dp_worker_mail_port(w, pkt->dport), from_mail = dp_worker_mail_port(w, pkt->sport);
	rs_tcp_init(&f->tcp);
	f->tcp.aside = w->use != DP_USE_INLINE;
	if (f->tcp.aside && w->config->tcp.out_of_step > 0)
		rs_tcp_wait(&f->tcp);
	if (!f->middle)
		f->client = pkt->tcp_flags & RS_TCP_ACK ? 1 : 0;
	else
		f->client = to_mail && !from_mail ? 0 : from_mail && !to_mail ? 1 : 2;
	bool mail = f->client == 0 ? to_mail : f->client == 1 ? from_mail : false;
	f->proto = mail ? DP_PROTO_SMTP : w->config->smtp.detect || to_mail || from_mail ? DP_PROTO_PROBING : DP_PROTO_NONE;
	dp_streams_begin(w, f, pkt);
}

static void key_of(const struct dp_worker *w, const struct dp_packet *pkt, const struct dp_meta *meta, struct dp_flow_key *key,
                   unsigned *end)
{
	dp_flow_key_make(key, end, pkt, w->config->capture.vlan_in_flow);
	if (w->use == DP_USE_INLINE)
		key->side = *end ^ meta->port;
	if (!w->config->capture.tunnel_in_flow)
		key->tunnel[0] = key->tunnel[1] = 0;
}

static void evict(struct dp_worker *w, struct dp_flow *f)
{
	w->stats.flows_evicted[f->list]++;
	remove_flow(w, f, CT_REASON_OVERLOAD);
}

/* The longest idle one-sided connection ends. False: there is none beside the one at hand. */
static bool give_way(struct dp_worker *w)
{
	struct dp_flow *f = TAILQ_FIRST(&w->flows.lists[DP_FLOWS_ONE_SIDED]);
	if (!f || f == w->flow)
		return false;
	evict(w, f);
	return true;
}

#define GIVE_WAY_MAX 4 /* for each beginning: they are ended faster than they are replaced, and no packet waits for many */

bool dp_conn_room(void *arg)
{
	struct dp_worker *w = arg;
	if (!dp_inspect_is_short(&w->inspect))
		return true;
	if (w->flow && dp_share_proven(w->flow)) {
		for (unsigned i = 0; i < GIVE_WAY_MAX && give_way(w); i++)
			;
		return true;
	}
	if (give_way(w))
		return true;
	w->stats.unproven_refused++;
	return false;
}

/* Between two ports: the connection between the packet's ends, if they were behind the other port each. */
static struct dp_flow *find_turned(struct dp_worker *w, const struct dp_packet *pkt, const struct dp_meta *meta)
{
	struct dp_flow_key key;
	unsigned end;
	key_of(w, pkt, meta, &key, &end);
	key.side ^= 1;
	return dp_flow_find(&w->flows, &key);
}

static bool may_be_mail(const struct dp_worker *w, const struct dp_packet *pkt)
{
	return w->config->smtp.detect || dp_conn_is_mail(w, pkt);
}

static bool is_stale(const struct dp_worker *w, const struct dp_flow *f, const struct dp_meta *meta)
{
	return f->last && f->last + w->flows.timeout[f->list] <= meta->time;
}

/* What is or may be mail begins: from now on its ends are where they are. */
static void forget_turned(struct dp_worker *w, const struct dp_packet *pkt, const struct dp_meta *meta)
{
	struct dp_flow *f = w->use == DP_USE_INLINE && may_be_mail(w, pkt) ? find_turned(w, pkt, meta) : NULL;
	if (f)
		remove_flow(w, f, is_stale(w, f, meta) ? CT_REASON_TIMEOUT : CT_REASON_NONE);
}

/* answers: a SYN of the other end was seen before. */
static struct dp_flow *new_flow(struct dp_worker *w, const struct dp_packet *pkt, const struct dp_meta *meta, bool answers)
{
	struct dp_flow_key key;
	unsigned end;
	/* What begins nothing and carries nothing has nothing to follow; what was given up has nobody to be told. */
	if ((!(pkt->tcp_flags & RS_TCP_SYN) && pkt->payload_len == 0) || meta->beginning)
		return NULL;
	forget_turned(w, pkt, meta);
	key_of(w, pkt, meta, &key, &end);
	struct dp_flow *victim = dp_flow_victim(&w->flows);
	if (victim)
		evict(w, victim);
	struct dp_flow *f = dp_flow_add(&w->flows, &key);
	if (!f) {
		w->stats.flows_refused++;
		return NULL;
	}
	w->stats.flows++;
	f->key_of_first = (uint8_t)end;
	f->ip_version = pkt->ip_version;
	f->first_seq = meta->seq;
	f->first_time = meta->time;
	f->reset_by = 2;
	/* Between two ports a SYN-ACK without the SYN that it answers is nobody's beginning: whoever sends it first may be the client. */
	f->middle = !(pkt->tcp_flags & RS_TCP_SYN) || ((pkt->tcp_flags & RS_TCP_ACK) && dp_worker_guards(w) && !answers);
	first_packet(w, f, pkt);
	return f;
}

/* Who goes on after its RST did not send it, or the other side did not take it (RFC 5961); data behind a FIN says the same
 * of the FIN. What follows is read as what is picked up in the middle. */
static bool goes_on(const struct dp_flow *f, const struct dp_packet *pkt)
{
	unsigned dir = dp_flow_direction(f, pkt);
	if (pkt->tcp_flags & (RS_TCP_RST | RS_TCP_SYN))
		return false;
	if (f->reset_by < 2)
		return dir == f->reset_by;
	const struct rs_stream *s = &f->tcp.dir[dir];
	return pkt->payload_len > 1 && rs_stream_offset(s, pkt->seq) >= (int64_t)s->next;
}

struct dp_flow *dp_conn_find(struct dp_worker *w, const struct dp_packet *pkt, const struct dp_meta *meta)
{
	struct dp_flow_key key;
	unsigned end;
	key_of(w, pkt, meta, &key, &end);
	return dp_flow_find(&w->flows, &key);
}

/* It may have been begun by a packet in this one's receiver's name. What was told to be none of mail, and whose ends were not both
 * heard, may have been made to look so; else the ports tell which end the server is. */
static bool gives_way(const struct dp_worker *w, const struct dp_flow *f, const struct dp_packet *pkt)
{
	if ((pkt->tcp_flags & (RS_TCP_SYN | RS_TCP_ACK)) != RS_TCP_SYN)
		return false;
	if (f->proto == DP_PROTO_NONE && !f->dead && !f->was_mail && !f->unheard)
		return f->tcp.seen != 3 || f->tcp.state == RS_TCP_CLOSED;
	return dp_flow_direction(f, pkt) != 0 && !dp_share_proven(f) && dp_worker_mail_port(w, pkt->dport) &&
	       !dp_worker_mail_port(w, pkt->sport);
}

bool dp_conn_is_astray(struct dp_worker *w, const struct dp_packet *pkt, const struct dp_meta *meta)
{
	struct dp_flow *f = may_be_mail(w, pkt) ? find_turned(w, pkt, meta) : NULL;
	if (!f || is_stale(w, f, meta) || gives_way(w, f, pkt))
		return false;
	w->flow = f;
	dp_anomaly_flow(w, f, dp_flow_direction(f, pkt), DP_ANOMALY_PORT, NULL);
	return true;
}

/* What was told not to be mail is over, seen or not, when its ports are answered as a new connection's are. */
static bool answered_anew(const struct dp_worker *w, const struct dp_flow *f, const struct dp_packet *pkt)
{
	unsigned dir = dp_flow_direction(f, pkt);
	if (f->proto != DP_PROTO_NONE || f->dead || (pkt->tcp_flags & (RS_TCP_SYN | RS_TCP_ACK)) != (RS_TCP_SYN | RS_TCP_ACK))
		return false;
	if (!w->config->smtp.detect && !dp_conn_is_mail(w, pkt))
		return false;
	/* Of one that was found in the middle the first number is a guess. */
	return !(f->tcp.started & f->tcp.known & (1u << dir)) || pkt->seq != f->tcp.dir[dir].isn;
}

/* After a reset that may not have arrived, the answer to a SYN tells (rs_tcp); where none can be seen, or nothing is lost, the SYN does. */
static bool is_over(const struct dp_flow *f, const struct dp_packet *pkt)
{
	if (f->tcp.state == RS_TCP_RESET)
		return !f->session || !(f->tcp.seen & (1u << !dp_flow_direction(f, pkt)));
	return f->tcp.state == RS_TCP_CLOSED;
}

/* Of copies: the packet may be a second copy of one of a connection that both ends have closed, as mirrors of two ports and captures of
 * two switches make them. Numbers alone do not tell that, for there are servers that use theirs again; timestamps do (RFC 7323 5.4): those
 * of another connection are later, and its server's are not the client's to choose. Of the SYN it cannot be told yet, but of what is
 * said behind it (f->again). */
static bool is_again(const struct dp_worker *w, const struct dp_flow *f, const struct dp_packet *pkt)
{
	const struct rs_tcp *c = &f->tcp;
	const struct rs_options *said = &w->options;
	unsigned dir = dp_flow_direction(f, pkt);
	const struct rs_stream *s = &c->dir[dir], *o = &c->dir[!dir];
	if (w->use == DP_USE_INLINE || !f->was_mail || c->state != RS_TCP_CLOSED || c->reset || c->known != 3)
		return false;
	if (f->valid.timestamps != 3 || !said->timestamps || (int32_t)(said->tsval - f->valid.sent[dir]) > 0)
		return false;
	int64_t off = rs_stream_offset(s, pkt->seq), end = off + (int64_t)pkt->payload_len, ack = rs_stream_offset(o, pkt->ack);
	/* What a SYN carries is not remembered. */
	if ((pkt->tcp_flags & (RS_TCP_SYN | RS_TCP_ACK)) == RS_TCP_SYN)
		return off == -1 && pkt->payload_len == 0;
	if (!f->again)
		return false;
	if (pkt->tcp_flags & RS_TCP_SYN)
		return off == -1 && ack >= 0 && ack <= (int64_t)c->syn_len[!dir];
	return pkt->payload_len == 0 || (off >= -1 && end <= (int64_t)s->fin + 1 && ack >= 0 && ack <= (int64_t)o->fin + 1);
}

/* What its SYNs offered, for a flow that begins with a packet of that direction. */
static uint8_t offers(const struct dp_flow *f, unsigned dir)
{
	return (uint8_t)((f->mptcp & DP_FLOW_JOINS) | (f->mptcp & 1u << dir ? 1 : 0) | (f->mptcp & 1u << !dir ? 2 : 0));
}

struct dp_flow *dp_conn_of(struct dp_worker *w, struct dp_flow *f, const struct dp_packet *pkt, const struct dp_meta *meta)
{
	bool answers = false;
	uint8_t offered = 0;
	/* A flow that has idled too long is another connection's now, whether or not the clock's tick has ended it yet. */
	if (f && is_stale(w, f, meta)) {
		w->stats.flows_expired++;
		remove_flow(w, f, CT_REASON_TIMEOUT);
		f = NULL;
	}
	if (f && f->causal)
		dp_causal_due(w, f, meta->time);
	/* Another capture whose time is an earlier one tells of another connection. (One that goes on where the last one ended,
	 * as rotated captures do, goes on here too. Of ports, what comes by way of another worker may be the older.) */
	if (f && w->use == DP_USE_READ && f->input != meta->input && meta->time < f->last) {
		remove_flow(w, f, CT_REASON_GAP);
		f = NULL;
	}
	bool again = f && is_again(w, f, pkt);
	if (again && (pkt->tcp_flags & (RS_TCP_SYN | RS_TCP_ACK)) == RS_TCP_SYN) {
		w->stats.flows_repeated += !f->again;
		f->again = true;
	} else if (f && f->again && !again && (pkt->payload_len > 0 || (pkt->tcp_flags & RS_TCP_SYN))) {
		/* Another connection's, after all: it has its client's number in common with the old one. */
		offered = offers(f, dp_flow_direction(f, pkt));
		remove_flow(w, f, CT_REASON_NONE);
		f = NULL;
	}
	/* The same ports again, after the end. */
	if (f && !again && is_over(f, pkt) && (pkt->tcp_flags & (RS_TCP_SYN | RS_TCP_ACK)) == RS_TCP_SYN) {
		remove_flow(w, f, CT_REASON_NONE);
		f = NULL;
	}
	if (f && f->was_mail && !f->dead && goes_on(f, pkt)) {
		w->stats.resets_ignored++;
		if (dp_worker_guards(w)) {
			dp_inline_kill(w, f, CT_REASON_NONE);
			return f;
		}
		remove_flow(w, f, CT_REASON_NONE);
		f = NULL;
	}
	if (f && dp_worker_guards(w) && answered_anew(w, f, pkt)) {
		answers = f->syns & (1u << !dp_flow_direction(f, pkt));
		remove_flow(w, f, CT_REASON_NONE);
		f = NULL;
	}
	if (!f) {
		f = new_flow(w, pkt, meta, answers);
		if (f)
			f->mptcp = offered;
	}
	if (f) {
		f->input = meta->input;
		f->pcap_cnt = meta->pcap_cnt;
	}
	w->flow = f;
	return f;
}

static void ignore_data(void *arg, unsigned dir, void *ref, uint32_t skip, uint32_t len)
{
	(void)arg;
	(void)dir;
	(void)ref;
	(void)skip;
	(void)len;
}

/* The handshake that was seen in the old connection is the new one's. asks: whose SYN it was. */
static struct dp_flow *begin_behind(struct dp_worker *w, const struct dp_packet *pkt, const struct dp_meta *meta, bool asks,
                                    uint32_t isn, uint32_t peer_isn)
{
	static const struct rs_tcp_ops nothing = { .data = ignore_data };
	struct dp_packet first = *pkt;
	first.tcp_flags = asks ? RS_TCP_SYN : RS_TCP_SYN | RS_TCP_ACK;
	first.payload_len = 0;
	struct dp_flow *f = new_flow(w, &first, meta, true);
	if (!f)
		return NULL;
	struct rs_tcp_segment syn = { .seq = asks ? isn : peer_isn, .flags = RS_TCP_SYN };
	struct rs_tcp_segment answer = { .seq = asks ? peer_isn : isn, .ack = syn.seq + 1, .flags = RS_TCP_SYN | RS_TCP_ACK };
	rs_tcp_packet(&f->tcp, &w->streams, asks ? 0 : 1, &syn, NULL, 0, &nothing, w);
	rs_tcp_packet(&f->tcp, &w->streams, asks ? 1 : 0, &answer, NULL, 0, &nothing, w);
	return f;
}

struct dp_flow *dp_conn_renew_anew(struct dp_worker *w, struct dp_flow *f, const struct dp_packet *pkt, const struct dp_meta *meta)
{
	const struct rs_tcp *c = &f->tcp;
	if (f->proto == DP_PROTO_NONE)
		return f;
	unsigned dir = dp_flow_direction(f, pkt);
	struct rs_tcp_segment seg = { pkt->seq, pkt->ack, pkt->payload_len, pkt->tcp_flags, pkt->window, pkt->payload_missing };
	if (!rs_tcp_is_anew(c, dir, &seg, w->streams.window))
		return f;
	uint32_t isn = c->anew_isn[dir], peer_isn = c->anew_isn[!dir];
	bool asks = c->anew == 1 + dir, open = c->anew_open;
	struct rs_tcp_other other = rs_tcp_as_other(c, dir);
	/* Either handshake's SYN may have offered it: the old connection has noted both. */
	uint8_t offered = offers(f, dir);
	/* What was odd before anything was said is the odd beginning of this one, too. */
	uint32_t due = f->anomalies_due;
	/* Its end was not seen. */
	remove_flow(w, f, CT_REASON_GAP);
	f = open ? new_flow(w, pkt, meta, false) : begin_behind(w, pkt, meta, asks, isn, peer_isn);
	if (f) {
		f->mptcp = offered;
		f->pcap_cnt = meta->pcap_cnt;
		f->input = meta->input;
		f->anomalies_due = due;
		rs_tcp_set_other(&f->tcp, &other);
		/* No honest sender goes on in an old connection: one of the two reached nobody. */
		if (open)
			dp_anomaly_flow(w, f, dp_flow_direction(f, pkt), DP_ANOMALY_SYN, NULL);
	}
	w->flow = f;
	return f;
}

static enum dp_flow_list list_of(const struct dp_flow *f)
{
	if (f->tcp.state >= RS_TCP_RESET)
		return DP_FLOWS_CLOSED;
	if (f->tcp.state != RS_TCP_ESTABLISHED && f->tcp.state != RS_TCP_CLOSING)
		return DP_FLOWS_HALF_OPEN;
	if (f->proto == DP_PROTO_SMTP)
		return dp_share_proven(f) ? DP_FLOWS_MAIL : DP_FLOWS_ONE_SIDED;
	/* What was told not to be mail is not followed closely enough to say more than that both were heard. */
	bool other = f->proto == DP_PROTO_NONE ? f->tcp.seen == 3 : dp_share_proven(f);
	return other ? DP_FLOWS_OTHER : DP_FLOWS_HALF_OPEN;
}

/* The flow that was worked on goes to its list's end. It may have come to HALF_OPEN from elsewhere: then that may have one too many. */
static void touch(struct dp_worker *w, struct dp_flow *f, uint64_t now)
{
	dp_flow_touch(&w->flows, f, list_of(f), now);
	if (w->flows.count[DP_FLOWS_HALF_OPEN] > w->flows.half_open_max)
		evict(w, TAILQ_FIRST(&w->flows.lists[DP_FLOWS_HALF_OPEN]));
}

/* What is not mail is followed only as far as its flow is kept: to its end. */
static void follow_end(struct dp_flow *f, const struct dp_packet *pkt)
{
	f->tcp.seen |= (uint8_t)(1u << dp_flow_direction(f, pkt));
	if (f->tcp.state == RS_TCP_NEW || f->tcp.state == RS_TCP_SYN_SENT)
		f->tcp.state = pkt->tcp_flags & RS_TCP_SYN ? RS_TCP_SYN_SENT : RS_TCP_ESTABLISHED;
	if ((pkt->tcp_flags & (RS_TCP_SYN | RS_TCP_ACK)) == RS_TCP_SYN)
		f->syns |= (uint8_t)(1u << dp_flow_direction(f, pkt));
	if (pkt->tcp_flags & RS_TCP_FIN)
		f->fins |= (uint8_t)(1u << dp_flow_direction(f, pkt));
	if ((pkt->tcp_flags & RS_TCP_RST) || f->fins == 3)
		f->tcp.state = RS_TCP_CLOSED;
}

/* Nothing of it will have to be held. */
static bool is_in_order(const struct dp_flow *f, const struct dp_packet *pkt)
{
	unsigned dir = dp_flow_direction(f, pkt);
	const struct rs_stream *s = &f->tcp.dir[dir];
	return pkt->payload_len == 0 || !(f->tcp.started & (1u << dir)) || rs_stream_offset(s, pkt->seq) == (int64_t)s->next;
}

void dp_conn_make_room(struct dp_worker *w, struct dp_flow *f, const struct dp_packet *pkt)
{
	if (!dp_share_proven(f) || is_in_order(f, pkt))
		return;
	for (unsigned i = 0; i < DP_SHARE_GIVE_WAY_MAX && dp_share_is_full(w); i++) {
		struct dp_flow *victim = dp_share_victim(w, f);
		if (!victim)
			return;
		dp_share_give_way(w, victim);
	}
}

static bool take(struct dp_worker *w, struct dp_flow *f, const struct dp_packet *pkt, struct rte_mbuf *m)
{
	if (!dp_share_proven(f) && !is_in_order(f, pkt))
		dp_share_make_room(w, f, m->nb_segs);
	w->streams.denied = w->streams.held_max - dp_share_held_max(w, f);
	bool taken = dp_streams_take(w, f, pkt, m);
	w->streams.denied = 0;
	dp_share_count(w, f);
	return taken;
}

struct dp_flow *dp_conn_take(struct dp_worker *w, struct dp_flow *f, const struct dp_packet *pkt, struct rte_mbuf *m)
{
	if (!take(w, f, pkt, m)) {
		remove_flow(w, f, CT_REASON_NONE);
		/* It replaces the other by its SYN, or by the answer to one. */
		f = new_flow(w, pkt, dp_meta(m), true);
		if (!f)
			return NULL;
		take(w, f, pkt, m);
	}
	touch(w, f, dp_meta(m)->time);
	return f;
}

/* RFC 9293 3.10.7.4: of a segment whose bytes were all acknowledged before, its receiver does not take the acknowledgement either. It may
 * be of an older connection on the same ports. */
static bool says_nothing(const struct dp_flow *f, const struct dp_packet *pkt)
{
	unsigned dir = dp_flow_direction(f, pkt);
	const struct rs_stream *s = &f->tcp.dir[dir];
	if (pkt->payload_len == 0 || !(f->tcp.started & (1u << dir)))
		return false;
	int64_t end = rs_stream_offset(s, pkt->seq + pkt->payload_len);
	return end < (int64_t)rs_tcp_acked(&f->tcp, dir) && end < (int64_t)s->next;
}

/* What waits for its receiver's word. */
static void hear(struct dp_worker *w, struct dp_flow *f, unsigned dir, const struct dp_packet *pkt)
{
	if ((pkt->tcp_flags & RS_TCP_ACK) && !says_nothing(f, pkt))
		dp_streams_settle(w, f, !dir, pkt->ack);
}

bool dp_conn_segment(struct dp_worker *w, struct dp_flow **flow, const struct dp_packet *pkt, struct rte_mbuf *m)
{
	struct dp_flow *f = *flow;
	uint64_t now = dp_meta(m)->time;
	if (f->proto == DP_PROTO_NONE) {
		if (f->again && (pkt->tcp_flags & RS_TCP_SYN))
			dp_streams_offer(f, pkt, m);
		follow_end(f, pkt);
		touch(w, f, now);
		return true;
	}
	unsigned dir = dp_flow_direction(f, pkt);
	if (f->doubt[0].n + f->doubt[1].n > 0)
		hear(w, f, dir, pkt);
	bool waits = dp_causal_is_ahead(f, dir, pkt) && dp_causal_wait(w, f, dir, pkt, m);
	if (waits) {
		touch(w, f, now);
	} else {
		f = *flow = dp_conn_take(w, f, pkt, m);
		if (!f)
			return true;
	}
	if (dp_causal_has_work(f))
		dp_causal_go_on(w, f, now);
	return !waits;
}

static void catch_up(struct dp_worker *w, struct dp_flow *f, uint64_t now)
{
	struct dp_now at = w->inspect.now;
	enum dp_flow_list before = list_of(f);
	say_as_of_last(w, f);
	dp_causal_due(w, f, now);
	dp_share_count(w, f);
	if (list_of(f) != before)
		touch(w, f, f->last);
	w->inspect.now = at;
	w->flow = NULL;
}

unsigned dp_conn_expire(struct dp_worker *w, uint64_t now)
{
	struct dp_flow *f;
	unsigned n = 0;
	w->flow = NULL;
	for (; n < DP_EXPIRE_MAX && (f = dp_causal_next(w, now)); n++)
		catch_up(w, f, now);
	while (n < DP_EXPIRE_MAX && (f = dp_flow_expired(&w->flows, now))) {
		w->stats.flows_expired++;
		remove_flow(w, f, f->list == DP_FLOWS_RESET ? CT_REASON_NONE : CT_REASON_TIMEOUT);
		n++;
	}
	return n;
}

void dp_conn_end_all(struct dp_worker *w)
{
	struct dp_flow *f;
	w->flow = NULL;
	while ((f = dp_flow_any(&w->flows)))
		remove_flow(w, f, CT_REASON_GAP);
}
