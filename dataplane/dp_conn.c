/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_conn.h"

#include <string.h>

#include "dataplane/dp_inline.h"
#include "dataplane/dp_session.h"

/* Identity. */

static bool is_smtp_port(const struct dp_worker *w, uint16_t port)
{
	return w->smtp_ports[port / 64] & (UINT64_C(1) << (port % 64));
}

bool dp_conn_is_mail(const struct dp_worker *w, const struct dp_packet *pkt)
{
	return is_smtp_port(w, pkt->sport) || is_smtp_port(w, pkt->dport);
}

/* FNV-1a over what identifies a connection, and when it began: the same in every run over the same packets. */
static uint64_t flow_id(const struct dp_flow *f)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	const uint8_t *p = (const uint8_t *)&f->key;
	/* Whichever port an end is behind, it is the same connection. */
	for (size_t i = 0; i < offsetof(struct dp_flow_key, side); i++)
		h = (h ^ p[i]) * UINT64_C(0x100000001b3);
	for (unsigned i = 0; i < 8; i++)
		h = (h ^ (f->first_time >> (8 * i) & 0xff)) * UINT64_C(0x100000001b3);
	h ^= h >> 32;
	return (h & ((UINT64_C(1) << 53) - 1)) | 1;
}

static struct ct_flow identity(const struct dp_flow *f)
{
	unsigned client = (unsigned)(f->client == 0 ? f->key_of_first : !f->key_of_first);
	struct ct_flow id = { .sport = f->key.port[client], .dport = f->key.port[!client], .ip_version = f->ip_version,
			      .id = flow_id(f), .first_seq = f->first_seq };
	memcpy(id.src, f->key.addr[client], 16);
	memcpy(id.dst, f->key.addr[!client], 16);
	while (id.nvlan < 2 && f->key.vlan[id.nvlan] != 0xffff) {
		id.vlan[id.nvlan] = f->key.vlan[id.nvlan];
		id.nvlan++;
	}
	return id;
}

/* What the bytes are. */

static bool begin_session(struct dp_worker *w, struct dp_flow *f)
{
	struct ct_flow id = identity(f);
	f->session = dp_session_begin(&w->inspect, &id, &f->records, f->middle);
	if (f->session) {
		f->proto = DP_PROTO_SMTP;
		if (w->use == DP_USE_INLINE)
			f->session->direction = dp_conn_port(f, f->client) == DP_OUTSIDE ? CT_DIR_INBOUND : CT_DIR_OUTBOUND;
		if (f->inl) {
			f->inl->base = f->inl->hold.read;
			dp_session_hold(f->session);
		}
		return true;
	}
	if (f->inl && w->config->policy[CT_REASON_OVERLOAD] != CT_POLICY_PASS) {
		f->inl->unreadable = CT_REASON_OVERLOAD;
		return false;
	}
	/* Its messages will pass unread: one is counted for them, as for a TLS session. */
	f->proto = DP_PROTO_NONE;
	w->account[0].seen++;
	w->account[0].unscanned[CT_REASON_OVERLOAD]++;
	return false;
}

static size_t read_smtp(struct dp_worker *w, struct dp_flow *f, unsigned dir, const uint8_t *p, size_t n)
{
	if (f->session || begin_session(w, f))
		return dp_session_data(f->session, dir == f->client ? RS_SMTP_CLIENT : RS_SMTP_SERVER, p, n);
	return n;
}

static void probe(struct dp_worker *w, struct dp_flow *f, unsigned dir, const uint8_t *p, size_t n);

static bool is_held(const struct dp_flow *f, unsigned dir)
{
	return f->inl && dir == f->client;
}

/* The header of an HTTP CONNECT, and of its answer, end at an empty line; behind it the tunnelled connection begins. */
static size_t read_proxy(struct dp_worker *w, struct dp_flow *f, unsigned dir, const uint8_t *p, size_t n)
{
	static const char end[] = "\r\n\r\n";
	size_t i = 0;
	while (i < n && !(f->proxy_done & (1u << dir))) {
		uint8_t b = p[i++];
		if (b == (uint8_t)end[f->proxy_match[dir]])
			f->proxy_match[dir]++;
		else
			f->proxy_match[dir] = b == '\r';
		if (f->proxy_match[dir] == 4)
			f->proxy_done |= (uint8_t)(1u << dir);
	}
	if (f->proxy_done == 3)
		f->proto = DP_PROTO_PROBING;
	if (i == n || is_held(f, dir))
		return i;
	probe(w, f, dir, p + i, n - i);
	return n;
}

/* Whether a direction's first bytes are SMTP's: 1 yes, 0 no, -1 too few to tell. With no SYN seen, who speaks how tells who is
 * who: *client is the direction of the client if they are. */
static int probe_bytes(const struct dp_flow *f, unsigned dir, const uint8_t *first, size_t n, unsigned *client)
{
	*client = f->client;
	if (f->client < 2)
		return rs_smtp_probe(dir == f->client ? RS_SMTP_CLIENT : RS_SMTP_SERVER, first, n);
	int server = rs_smtp_probe(RS_SMTP_SERVER, first, n), other = rs_smtp_probe(RS_SMTP_CLIENT, first, n);
	*client = server == 1 ? !dir : dir;
	return server == 1 || other == 1 ? 1 : server < 0 || other < 0 ? -1 : 0;
}

bool dp_conn_tell(struct dp_flow *f, unsigned dir, const uint8_t *first, size_t n)
{
	static const char connect[] = "CONNECT ";
	const size_t connect_len = sizeof connect - 1;
	unsigned client;
	int is = probe_bytes(f, dir, first, n, &client);
	bool proxy = f->proxy_done == 0 && memcmp(first, connect, n < connect_len ? n : connect_len) == 0;
	if ((is < 0 || (proxy && n < connect_len)) && n < DP_PROBE_MAX)
		return false;
	if (is == 1) {
		f->client = (uint8_t)client;
		f->proto = DP_PROTO_SMTP;
	} else {
		f->proto = proxy ? DP_PROTO_PROXY : DP_PROTO_NONE;
	}
	return true;
}

static void probe(struct dp_worker *w, struct dp_flow *f, unsigned dir, const uint8_t *p, size_t n)
{
	uint8_t first[DP_PROBE_MAX];
	size_t kept = f->nprobe[dir], len = kept + n < DP_PROBE_MAX ? kept + n : DP_PROBE_MAX;
	memcpy(first, f->probe[dir], kept);
	memcpy(first + kept, p, len - kept);

	if (!dp_conn_tell(f, dir, first, len)) {
		memcpy(f->probe[dir], first, len);
		f->nprobe[dir] = (uint8_t)len;
		return;
	}
	if (f->proto == DP_PROTO_SMTP) {
		uint8_t other[DP_PROBE_MAX];
		unsigned nother = f->nprobe[!dir];
		memcpy(other, f->probe[!dir], nother);
		if (nother)
			read_smtp(w, f, !dir, other, nother);
		read_smtp(w, f, dir, first, kept);
		read_smtp(w, f, dir, p, n);
		return;
	}
	if (f->proto == DP_PROTO_PROXY) {
		f->nprobe[dir] = 0;
		read_proxy(w, f, dir, p, n);
	}
}

size_t dp_conn_read(struct dp_worker *w, struct dp_flow *f, unsigned dir, const uint8_t *p, size_t n)
{
	switch ((enum dp_protocol)f->proto) {
	case DP_PROTO_SMTP:
		return read_smtp(w, f, dir, p, n);
	case DP_PROTO_PROBING:
		probe(w, f, dir, p, n);
		break;
	case DP_PROTO_PROXY:
		return read_proxy(w, f, dir, p, n);
	case DP_PROTO_NONE:
		break;
	}
	return n;
}

/* rs_tcp's callbacks. */

static void on_data(void *arg, unsigned dir, void *ref, uint32_t skip, uint32_t len)
{
	struct dp_worker *w = arg;
	const struct rte_mbuf *m = ref;
	if (is_held(w->flow, dir))
		return;
	uint32_t off = dp_meta(ref)->payload_off + skip;
	while (m && off >= rte_pktmbuf_data_len(m)) {
		off -= rte_pktmbuf_data_len(m);
		m = m->next;
	}
	for (; m && len > 0; m = m->next, off = 0) {
		uint32_t n = rte_pktmbuf_data_len(m) - off;
		if (n > len)
			n = len;
		dp_conn_read(w, w->flow, dir, rte_pktmbuf_mtod_offset(m, const uint8_t *, off), n);
		len -= n;
	}
}

static void on_gap(void *arg, unsigned dir, uint64_t n)
{
	struct dp_worker *w = arg;
	struct dp_flow *f = w->flow;
	if (is_held(f, dir))
		return;
	/* Between two ports replies that the client has and nobody read here would leave the next ones with the wrong commands. */
	if (f->inl) {
		w->stats.bypassed++;
		f->inl->unreadable = CT_REASON_GAP;
		return;
	}
	w->stats.tcp_gaps++;
	w->stats.tcp_gap_bytes += n;
	if (f->proto == DP_PROTO_PROBING || f->proto == DP_PROTO_PROXY)
		f->proto = DP_PROTO_NONE;
	else if (f->proto == DP_PROTO_SMTP && (f->session || begin_session(w, f)))
		dp_session_gap(f->session, dir == f->client ? RS_SMTP_CLIENT : RS_SMTP_SERVER, n);
}

static const struct rs_tcp_ops tcp_ops = { on_data, on_gap };

/* Flows. */

unsigned dp_conn_direction(const struct dp_flow *f, const struct dp_packet *pkt)
{
	unsigned end = f->key.port[0] == pkt->sport && memcmp(f->key.addr[0], pkt->src, 16) == 0 ? 0 : 1;
	return end == f->key_of_first ? 0 : 1;
}

unsigned dp_conn_port(const struct dp_flow *f, unsigned dir)
{
	unsigned end = dir == 0 ? f->key_of_first : !f->key_of_first;
	return end ^ f->key.side;
}

static bool take_segment(struct dp_worker *w, struct dp_flow *f, const struct dp_packet *pkt, struct rte_mbuf *m);

/* A segment that waited is read after all, or dropped. */
static void settle(struct dp_worker *w, struct dp_flow *f, struct rte_mbuf *m, bool taken)
{
	struct dp_packet pkt;
	if (taken && dp_packet_parse(dp_meta(m)->link, rte_pktmbuf_mtod(m, const uint8_t *), rte_pktmbuf_data_len(m),
	                             rte_pktmbuf_pkt_len(m), &pkt) == DP_TCP) {
		take_segment(w, f, &pkt, m);
		w->account[dp_meta(m)->port].consumed++;
	} else {
		w->account[dp_meta(m)->port].dropped[DP_DROP_BAD_CHECKSUM]++;
	}
	rte_pktmbuf_free(m);
}

static void settle_acked(struct dp_worker *w, struct dp_flow *f, unsigned dir, uint32_t ack)
{
	struct rte_mbuf *m;
	bool taken;
	while ((m = dp_doubt_acked(w, f, dir, ack, &taken)))
		settle(w, f, m, taken);
}

/* What still waits when a connection ends was never acknowledged; where only one direction was seen, nobody could. */
static void settle_all(struct dp_worker *w, struct dp_flow *f)
{
	struct rte_mbuf *m;
	for (unsigned dir = 0; dir < 2; dir++)
		while ((m = dp_doubt_drain(w, f, dir)))
			settle(w, f, m, !(f->tcp.seen & (1u << !dir)) && f->proto != DP_PROTO_NONE);
}

static void end_session(struct dp_worker *w, struct dp_flow *f, enum ct_reason why)
{
	settle_all(w, f);
	w->flow = f;
	rs_tcp_close(&f->tcp, &w->streams, &tcp_ops, w);
	if (f->session)
		dp_session_end(f->session, why);
	f->was_mail |= f->session != NULL;
	f->session = NULL;
	f->proto = DP_PROTO_NONE;
}

void dp_conn_close(struct dp_worker *w, struct dp_flow *f, enum ct_reason why)
{
	end_session(w, f, why);
}

static void remove_flow(struct dp_worker *w, struct dp_flow *f, enum ct_reason why)
{
	/* What is said of it now is said as of its own last packet: the one at hand is another connection's, or none. */
	struct dp_now now = w->inspect.now;
	if (f->last) {
		w->inspect.now.time = f->last;
		w->inspect.now.input = f->input;
		w->inspect.now.pcap_cnt = f->pcap_cnt;
	}
	if (f->inl)
		dp_inline_leave(w, f);
	end_session(w, f, why);
	if (f->inl)
		dp_inline_free(w, f);
	w->inspect.now = now;
	dp_flow_remove(&w->flows, f);
}

/* Who is the client, and is it mail: by the handshake, else by the ports; what neither tells, the first bytes do. */
static void first_packet(struct dp_worker *w, struct dp_flow *f, const struct dp_packet *pkt)
{
	bool to_mail = is_smtp_port(w, pkt->dport), from_mail = is_smtp_port(w, pkt->sport);
	rs_tcp_init(&f->tcp, w->config->tcp.held);
	if (!f->middle)
		f->client = pkt->tcp_flags & RS_TCP_ACK ? 1 : 0;
	else
		f->client = to_mail && !from_mail ? 0 : from_mail && !to_mail ? 1 : 2;
	bool mail = f->client == 0 ? to_mail : f->client == 1 ? from_mail : false;
	f->proto = mail ? DP_PROTO_SMTP : w->config->smtp.detect || to_mail || from_mail ? DP_PROTO_PROBING : DP_PROTO_NONE;
}

/* answers: a SYN of the other end was seen before. */
static struct dp_flow *new_flow(struct dp_worker *w, const struct dp_packet *pkt, const struct dp_flow_key *key, unsigned end,
                                const struct dp_meta *meta, bool answers)
{
	/* What begins nothing and carries nothing has nothing to follow. */
	if (!(pkt->tcp_flags & RS_TCP_SYN) && pkt->payload_len == 0)
		return NULL;
	struct dp_flow *f = dp_flow_add(&w->flows, key);
	if (!f) {
		struct dp_flow *victim = dp_flow_victim(&w->flows);
		if (victim) {
			w->stats.flows_evicted++;
			remove_flow(w, victim, CT_REASON_OVERLOAD);
			f = dp_flow_add(&w->flows, key);
		}
	}
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
	unsigned dir = dp_conn_direction(f, pkt);
	if (pkt->tcp_flags & (RS_TCP_RST | RS_TCP_SYN))
		return false;
	if (f->reset_by < 2)
		return dir == f->reset_by;
	const struct rs_stream *s = &f->tcp.dir[dir];
	return pkt->payload_len > 1 && rs_stream_offset(s, pkt->seq) >= (int64_t)s->next;
}

static void key_of(const struct dp_worker *w, const struct dp_packet *pkt, const struct dp_meta *meta, struct dp_flow_key *key,
                   unsigned *end)
{
	dp_flow_key_make(key, end, pkt, w->config->capture.vlan_in_flow);
	if (w->use == DP_USE_INLINE)
		key->side = *end ^ meta->port;
}

struct dp_flow *dp_conn_find(struct dp_worker *w, const struct dp_packet *pkt, const struct dp_meta *meta)
{
	struct dp_flow_key key;
	unsigned end;
	key_of(w, pkt, meta, &key, &end);
	return dp_flow_find(&w->flows, &key);
}

/* What was told not to be mail is over, seen or not, when its ports are answered as a new connection's are. */
static bool answered_anew(const struct dp_worker *w, const struct dp_flow *f, const struct dp_packet *pkt)
{
	unsigned dir = dp_conn_direction(f, pkt);
	if (f->proto != DP_PROTO_NONE || f->dead || (pkt->tcp_flags & (RS_TCP_SYN | RS_TCP_ACK)) != (RS_TCP_SYN | RS_TCP_ACK))
		return false;
	if (!w->config->smtp.detect && !dp_conn_is_mail(w, pkt))
		return false;
	return !(f->tcp.started & (1u << dir)) || pkt->seq != f->tcp.dir[dir].isn;
}

struct dp_flow *dp_conn_of(struct dp_worker *w, struct dp_flow *f, const struct dp_packet *pkt, const struct dp_meta *meta)
{
	struct dp_flow_key key;
	unsigned end;
	bool answers = false;
	key_of(w, pkt, meta, &key, &end);
	/* A flow that has idled too long is another connection's now, whether or not the clock's tick has ended it yet. */
	if (f && f->last && f->last + w->flows.timeout[f->list] <= meta->time) {
		w->stats.flows_expired++;
		remove_flow(w, f, CT_REASON_TIMEOUT);
		f = NULL;
	}
	/* Another capture whose time is an earlier one tells of another connection. (One that goes on where the last one ended,
	 * as rotated captures do, goes on here too.) */
	if (f && f->input != meta->input && meta->time < f->last) {
		remove_flow(w, f, CT_REASON_GAP);
		f = NULL;
	}
	/* The same ports again, after the end. */
	if (f && f->tcp.state == RS_TCP_CLOSED && (pkt->tcp_flags & (RS_TCP_SYN | RS_TCP_ACK)) == RS_TCP_SYN) {
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
		answers = f->syns & (1u << !dp_conn_direction(f, pkt));
		remove_flow(w, f, CT_REASON_NONE);
		f = NULL;
	}
	if (!f)
		f = new_flow(w, pkt, &key, end, meta, answers);
	if (f) {
		f->input = meta->input;
		f->pcap_cnt = meta->pcap_cnt;
	}
	return f;
}

static bool sums_right(const struct dp_packet *pkt, const struct rte_mbuf *m)
{
	const uint8_t *head = rte_pktmbuf_mtod(m, const uint8_t *);
	if (pkt->ip_version == 4 && !dp_packet_checksum_ip(head + pkt->l3_off))
		return false;
	struct dp_checksum sum = { 0 };
	uint32_t off = pkt->l4_off, len = pkt->tcp_hdr_len + pkt->payload_len;
	dp_checksum_add_pseudo(&sum, pkt, len);
	for (; m && len > 0; m = m->next, off = 0) {
		uint32_t n = rte_pktmbuf_data_len(m) - off;
		if (n > len)
			n = len;
		dp_checksum_add(&sum, rte_pktmbuf_mtod_offset(m, const uint8_t *, off), n);
		len -= n;
	}
	return dp_checksum_value(&sum) == 0;
}

/* Whether anything depends on it: what is no mail passes, right or wrong, but no wrong one begins or replaces a connection. */
static bool matters(const struct dp_flow *f, const struct dp_packet *pkt)
{
	if ((pkt->tcp_flags & RS_TCP_SYN) || (!f && pkt->payload_len > 0))
		return true;
	return f && (f->proto != DP_PROTO_NONE || f->was_mail || f->dead);
}

enum dp_sum dp_conn_checksum(struct dp_worker *w, struct dp_flow *f, const struct dp_packet *pkt, struct rte_mbuf *m)
{
	enum ct_checksums policy = w->config->capture.checksums;
	bool inline_ = w->use == DP_USE_INLINE;
	if (policy == CT_CHECKSUMS_TRUST || (inline_ ? !matters(f, pkt) : !f || f->proto == DP_PROTO_NONE))
		return DP_SUM_TAKE;
	/* A segment that is not here whole cannot be summed. */
	if (pkt->payload_missing)
		return DP_SUM_TAKE;
	bool right = sums_right(pkt, m);
	/* Between two ports nobody but the receiver's own card has still to compute one. */
	if (policy == CT_CHECKSUMS_VERIFY || inline_)
		return right ? DP_SUM_TAKE : DP_SUM_DROP;
	return dp_doubt_judge(w, f, dp_conn_direction(f, pkt), right, pkt, m);
}

static enum dp_flow_list list_of(const struct dp_flow *f)
{
	if (f->tcp.state == RS_TCP_CLOSED)
		return DP_FLOWS_CLOSED;
	if (f->tcp.state != RS_TCP_ESTABLISHED && f->tcp.state != RS_TCP_CLOSING)
		return DP_FLOWS_NEW;
	return f->proto == DP_PROTO_SMTP ? DP_FLOWS_MAIL : DP_FLOWS_OTHER;
}

static void count_verdict(struct dp_worker *w, enum rs_verdict v)
{
	switch (v) {
	case RS_INORDER:
		break;
	case RS_HELD:
		w->stats.tcp_held++;
		break;
	case RS_DUP:
		w->stats.tcp_duplicate++;
		break;
	case RS_LIMIT:
		w->stats.tcp_limit++;
		break;
	case RS_WINDOW:
		w->stats.tcp_window++;
		break;
	}
}

/* What is not mail is followed only as far as its flow is kept: to its end. */
static void follow_end(struct dp_flow *f, const struct dp_packet *pkt)
{
	if (f->tcp.state == RS_TCP_NEW || f->tcp.state == RS_TCP_SYN_SENT)
		f->tcp.state = pkt->tcp_flags & RS_TCP_SYN ? RS_TCP_SYN_SENT : RS_TCP_ESTABLISHED;
	if ((pkt->tcp_flags & (RS_TCP_SYN | RS_TCP_ACK)) == RS_TCP_SYN)
		f->syns |= (uint8_t)(1u << dp_conn_direction(f, pkt));
	if (pkt->tcp_flags & RS_TCP_FIN)
		f->fins |= (uint8_t)(1u << dp_conn_direction(f, pkt));
	if ((pkt->tcp_flags & RS_TCP_RST) || f->fins == 3)
		f->tcp.state = RS_TCP_CLOSED;
}

static void ignore_data(void *arg, unsigned dir, void *ref, uint32_t skip, uint32_t len)
{
	(void)arg;
	(void)dir;
	(void)ref;
	(void)skip;
	(void)len;
}

static void ignore_gap(void *arg, unsigned dir, uint64_t n)
{
	(void)arg;
	(void)dir;
	(void)n;
}

/* It turned out not to be mail: nothing of it is held any more, nor what came with its SYN. */
static void forget_held(struct dp_worker *w, struct dp_flow *f)
{
	settle_all(w, f);
	static const struct rs_tcp_ops ignore = { ignore_data, ignore_gap };
	uint8_t state = f->tcp.state;
	rs_tcp_close(&f->tcp, &w->streams, &ignore, w);
	f->tcp.state = state;
}

/* Returns false when the segment is the first of a new connection on the same ports: the old one is ended then, and the
 * segment was not taken. */
static bool take_segment(struct dp_worker *w, struct dp_flow *f, const struct dp_packet *pkt, struct rte_mbuf *m)
{
	/* Inline the data of a SYN is cut off: it comes again. */
	uint32_t len = f->inl && (pkt->tcp_flags & RS_TCP_SYN) ? 0 : pkt->payload_len;
	struct rs_tcp_segment seg = { pkt->seq, pkt->ack, len, pkt->tcp_flags, pkt->window };
	w->flow = f;
	dp_meta(m)->payload_off = pkt->payload_off;
	enum rs_verdict v = rs_tcp_packet(&f->tcp, &w->streams, dp_conn_direction(f, pkt), &seg, m, m->nb_segs, &tcp_ops, w);
	bool replaced = f->tcp.replaced;
	if (f->tcp.state == RS_TCP_CLOSED && f->tcp.reset && f->reset_by == 2)
		f->reset_by = (uint8_t)dp_conn_direction(f, pkt);
	if (!replaced)
		count_verdict(w, v);
	if (f->tcp.state == RS_TCP_CLOSED)
		end_session(w, f, CT_REASON_NONE);
	else if (f->proto == DP_PROTO_NONE)
		forget_held(w, f);
	return !replaced;
}

struct dp_flow *dp_conn_take(struct dp_worker *w, struct dp_flow *f, const struct dp_packet *pkt, struct rte_mbuf *m)
{
	if (!take_segment(w, f, pkt, m)) {
		struct dp_flow_key key;
		unsigned end;
		remove_flow(w, f, CT_REASON_NONE);
		key_of(w, pkt, dp_meta(m), &key, &end);
		/* It replaces the other by its SYN, or by the answer to one. */
		f = new_flow(w, pkt, &key, end, dp_meta(m), true);
		if (!f)
			return NULL;
		take_segment(w, f, pkt, m);
	}
	dp_flow_touch(&w->flows, f, list_of(f), dp_meta(m)->time);
	return f;
}

struct dp_flow *dp_conn_segment(struct dp_worker *w, struct dp_flow *f, const struct dp_packet *pkt, struct rte_mbuf *m)
{
	if (f->proto == DP_PROTO_NONE) {
		follow_end(f, pkt);
		dp_flow_touch(&w->flows, f, list_of(f), dp_meta(m)->time);
		return f;
	}
	if (pkt->tcp_flags & RS_TCP_ACK)
		settle_acked(w, f, !dp_conn_direction(f, pkt), pkt->ack);
	return dp_conn_take(w, f, pkt, m);
}

void dp_conn_expire(struct dp_worker *w, uint64_t now)
{
	struct dp_flow *f;
	while ((f = dp_flow_expired(&w->flows, now))) {
		w->stats.flows_expired++;
		remove_flow(w, f, f->list == DP_FLOWS_RESET ? CT_REASON_NONE : CT_REASON_TIMEOUT);
	}
}

void dp_conn_end_all(struct dp_worker *w)
{
	struct dp_flow *f;
	while ((f = dp_flow_victim(&w->flows)))
		remove_flow(w, f, CT_REASON_GAP);
}
