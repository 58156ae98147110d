/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_protocol.h"

#include <string.h>

#include "dataplane/dp_anomaly.h"
#include "dataplane/dp_inline_state.h"
#include "dataplane/dp_session.h"

/* FNV-1a over what identifies a connection, and when it began: the same in every run over the same packets. */
static uint64_t flow_id(const struct dp_flow *f)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	const uint8_t *p = (const uint8_t *)&f->key;
	/* Whichever port an end is behind, it is the same connection. */
	for (size_t i = 0; i < offsetof(struct dp_flow_key, side); i++)
		h = (h ^ p[i]) * UINT64_C(0x100000001b3);
	/* What is in none has the number that it always had. */
	if (f->key.tunnel[0] | f->key.tunnel[1])
		h = (h ^ f->key.tunnel[0] ^ (uint64_t)f->key.tunnel[1] << 32) * UINT64_C(0x100000001b3);
	for (unsigned i = 0; i < 8; i++)
		h = (h ^ (f->first_time >> (8 * i) & 0xff)) * UINT64_C(0x100000001b3);
	h ^= h >> 32;
	return (h & ((UINT64_C(1) << 53) - 1)) | 1;
}

void dp_protocol_identify(const void *flow, struct ct_flow *to)
{
	const struct dp_flow *f = flow;
	unsigned client = (unsigned)(f->client == 0 ? f->key_of_first : !f->key_of_first);
	*to = (struct ct_flow){ .sport = f->key.port[client], .dport = f->key.port[!client], .ip_version = f->ip_version,
				.id = flow_id(f), .first_seq = f->first_seq };
	memcpy(to->src, f->key.addr[client], 16);
	memcpy(to->dst, f->key.addr[!client], 16);
	while (to->nvlan < 2 && f->key.vlan[to->nvlan] != 0xffff) {
		to->vlan[to->nvlan] = f->key.vlan[to->nvlan];
		to->nvlan++;
	}
	if (f->session && f->session->tunnel)
		to->tunnel = *f->session->tunnel;
}

uint32_t dp_protocol_number(void *flow)
{
	struct dp_flow *f = flow;
	return f->records++;
}

/* Bytes of its messages may have gone by other connections. Of one whose SYN was not seen its ends are taken to have agreed. One that
 * only joins another may carry any part of that one's messages: one stands for them. */
static void note_mptcp(struct dp_worker *w, struct dp_flow *f)
{
	unsigned offers = f->mptcp & 3u;
	if (!offers || (f->valid.syns & ~offers))
		return;
	w->stats.mptcp_seen++;
	f->session->mptcp = true;
	if (f->mptcp & DP_FLOW_JOINS)
		dp_session_doubt(f->session, &dp_doubted_mptcp);
}

/* The tunnel that the packet at hand came by, as seen from the client's side. */
static void note_tunnel(const struct dp_worker *w, const struct dp_flow *f)
{
	struct ct_flow id;
	dp_protocol_identify(f, &id);
	uint64_t key = f->key.tunnel[0] | (uint64_t)f->key.tunnel[1] << 32;
	bool client = w->tunnel.sport == id.sport && memcmp(w->tunnel.src, id.src, sizeof id.src) == 0;
	bool server = w->tunnel.sport == id.dport && memcmp(w->tunnel.src, id.dst, sizeof id.dst) == 0;
	if (key == 0 || key != w->tunnel.id || !(client || server))
		return;
	struct ct_tunnel is = w->tunnel.is;
	if (!client) {
		memcpy(is.src, w->tunnel.is.dst, sizeof is.src);
		memcpy(is.dst, w->tunnel.is.src, sizeof is.dst);
	}
	dp_session_came_by(f->session, &is);
}

static bool begin_session(struct dp_worker *w, struct dp_flow *f)
{
	f->session = dp_session_begin(&w->inspect, f, f->middle);
	if (f->session) {
		f->proto = DP_PROTO_SMTP;
		note_tunnel(w, f);
		if (w->use == DP_USE_INLINE)
			f->session->direction = dp_flow_port(f, f->client) == DP_OUTSIDE ? CT_DIR_INBOUND : CT_DIR_OUTBOUND;
		if (f->inl) {
			f->inl->base = f->inl->hold.read;
			dp_session_hold(f->session);
		}
		dp_anomaly_session(w, f);
		note_mptcp(w, f);
		if (f->no_room)
			dp_session_doubt(f->session, &dp_doubted_no_room);
		f->no_room = false;
		if (f->prefaced)
			rs_smtp_prefaced(&f->session->smtp, &(struct rs_smtp_preface){ .state = RS_PREFACE_SEEN });
		if (f->cut & (f->client < 2 ? 1u << f->client : 3u))
			dp_session_doubt(f->session, &dp_doubted_cut);
		f->cut = 0;
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

/* How many of the client's bytes that were not read yet the server had when it said what is read now. What was read late was said
 * when less was acknowledged than is by now. */
static uint64_t ahead(const struct dp_worker *w, const struct dp_flow *f, unsigned dir)
{
	const struct rs_stream *client = &f->tcp.dir[!dir];
	const uint64_t unread = rs_tcp_unread(&f->tcp, !dir);
	/* Kept while nobody knew what it is. */
	if (w->said.dir != dir)
		return unread;
	const int64_t had = rs_stream_offset(client, w->said.ack) - (int64_t)client->next;
	return had < 0 ? 0 : RTE_MIN((uint64_t)had, unread);
}

static size_t read_smtp(struct dp_worker *w, struct dp_flow *f, unsigned dir, const uint8_t *p, size_t n)
{
	if (f->session || begin_session(w, f)) {
		if (dir != f->client && !f->inl)
			rs_smtp_ahead(&f->session->smtp, ahead(w, f, dir));
		size_t k = dp_session_data(f->session, dir == f->client ? RS_SMTP_CLIENT : RS_SMTP_SERVER, p, n);
		if (f->inl || !dp_session_turned(f->session))
			return k;
		f->client = !f->client;
		return k + (k < n ? read_smtp(w, f, dir, p + k, n - k) : 0);
	}
	return n;
}

static void probe(struct dp_worker *w, struct dp_flow *f, unsigned dir, const uint8_t *p, size_t n);

/* The header of an HTTP CONNECT, and of its answer, end at an empty line; behind it the tunnelled connection begins. */
static size_t read_proxy(struct dp_worker *w, struct dp_flow *f, unsigned dir, const uint8_t *p, size_t n)
{
	static const char end[] = "\r\n\r\n";
	size_t i = 0;
	while (i < n && !(f->proxy_done & (1u << dir))) {
		uint8_t b = p[i++];
		if (b == (uint8_t)end[f->probe[dir].proxy_match])
			f->probe[dir].proxy_match++;
		else
			f->probe[dir].proxy_match = b == '\r';
		if (f->probe[dir].proxy_match == 4)
			f->proxy_done |= (uint8_t)(1u << dir);
	}
	if (f->proxy_done == 3)
		f->proto = DP_PROTO_PROBING;
	if (i == n || dp_flow_is_held(f, dir))
		return i;
	probe(w, f, dir, p + i, n - i);
	return n;
}

/* Whether the client begins with a load balancer's header, as probe_bytes. Once. */
static int probe_preface(const struct dp_flow *f, unsigned dir, const uint8_t *first, size_t n)
{
	if (f->prefaced || (f->client < 2 && dir != f->client))
		return 0;
	return rs_smtp_preface_probe(first, n);
}

static void begin_preface(struct dp_flow *f, unsigned dir)
{
	const struct rs_smtp_preface at = { .state = RS_PREFACE_ASK };
	_Static_assert(sizeof at <= DP_PROBE_MAX, "it stands in its place");
	f->proto = DP_PROTO_PREFACE;
	f->client = (uint8_t)(dir & 1);
	f->prefaced = true;
	f->probe[dir].n = 0;
	memcpy(f->probe[dir].bytes, &at, sizeof at);
}

/* Behind the header of a load balancer what is spoken is told anew. */
static size_t read_preface(struct dp_worker *w, struct dp_flow *f, unsigned dir, const uint8_t *p, size_t n)
{
	struct rs_smtp_preface at;
	memcpy(&at, f->probe[dir].bytes, sizeof at);
	const size_t k = rs_smtp_preface_take(&at, p, n);
	memcpy(f->probe[dir].bytes, &at, sizeof at);
	if (at.state != RS_PREFACE_SEEN)
		return k;
	f->proto = DP_PROTO_PROBING;
	if (k == n || dp_flow_is_held(f, dir))
		return k;
	probe(w, f, dir, p + k, n - k);
	return n;
}

/* The server greets before the header has ended: the dialogue reads its rest. */
static void greeted_amid_preface(struct dp_worker *w, struct dp_flow *f)
{
	struct rs_smtp_preface at;
	memcpy(&at, f->probe[f->client].bytes, sizeof at);
	if (f->session || begin_session(w, f))
		rs_smtp_prefaced(&f->session->smtp, &at);
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

/* Whether TCP's client greets as a mail server does, or its server gives a mail client's commands: as probe_bytes. */
static int probe_reversed(const struct dp_flow *f, unsigned dir, const uint8_t *first, size_t n)
{
	if (f->client > 1)
		return 0;
	if (dir != f->client)
		return rs_smtp_probe(RS_SMTP_CLIENT, first, n);
	/* A client may begin with a number for other reasons: syslog with that of the bytes that follow, and a priority (RFC 6587 3.4.1).
	 * Who greets with a refusal takes no mail. */
	int greets = first[0] == '2' ? rs_smtp_probe(RS_SMTP_SERVER, first, n) : 0;
	return greets == 1 ? (n > 4 ? first[4] != '<' : -1) : greets;
}

/* Mail between ends whose roles TCP's handshake does not tell. Between two ports it is not followed, for what holds back a client's
 * bytes holds TCP's client's; elsewhere it is read with the roles as they are spoken. */
static bool reverse(struct dp_worker *w, struct dp_flow *f)
{
	if (f->inl) {
		w->stats.reversed += f->inl->unreadable == CT_REASON_NONE;
		f->inl->unreadable = CT_REASON_MIDSTREAM;
		return false;
	}
	f->client = !f->client;
	f->proto = DP_PROTO_SMTP;
	return true;
}

bool dp_protocol_tell(struct dp_worker *w, struct dp_flow *f, unsigned dir, const uint8_t *first, size_t n)
{
	static const char connect[] = "CONNECT ";
	const size_t connect_len = sizeof connect - 1;
	unsigned client;
	int is = probe_bytes(f, dir, first, n, &client), reversed = is == 1 || f->prefaced ? 0 : probe_reversed(f, dir, first, n);
	bool proxy = f->proxy_done == 0 && memcmp(first, connect, n < connect_len ? n : connect_len) == 0;
	const int preface = probe_preface(f, dir, first, n);
	if (preface == 1)
		begin_preface(f, dir);
	if (preface)
		return preface == 1;
	if (reversed == 1)
		return reverse(w, f);
	if ((is < 0 || reversed < 0 || (proxy && n < connect_len)) && n < DP_PROBE_MAX)
		return false;
	if (is == 1) {
		f->client = (uint8_t)client;
		f->proto = DP_PROTO_SMTP;
	} else {
		f->proto = proxy ? DP_PROTO_PROXY : DP_PROTO_NONE;
	}
	return true;
}

void dp_protocol_catch_up(struct dp_worker *w, struct dp_flow *f, unsigned dir)
{
	uint8_t kept[DP_PROBE_MAX];
	unsigned n = f->probe[dir].n;
	if (n == DP_PROBE_UNSEEN) {
		f->probe[dir].n = 0;
		if (f->session || begin_session(w, f))
			dp_session_gap(f->session, dir == f->client ? RS_SMTP_CLIENT : RS_SMTP_SERVER, 1);
		return;
	}
	memcpy(kept, f->probe[dir].bytes, n);
	if (n)
		read_smtp(w, f, dir, kept, n);
}

static void probe(struct dp_worker *w, struct dp_flow *f, unsigned dir, const uint8_t *p, size_t n)
{
	uint8_t first[DP_PROBE_MAX];
	if (f->probe[dir].n == DP_PROBE_UNSEEN) {
		f->proto = DP_PROTO_NONE;
		return;
	}
	size_t kept = f->probe[dir].n, len = kept + n < DP_PROBE_MAX ? kept + n : DP_PROBE_MAX;
	memcpy(first, f->probe[dir].bytes, kept);
	memcpy(first + kept, p, len - kept);

	const bool amid = f->proto == DP_PROTO_PREFACE;
	if (!dp_protocol_tell(w, f, dir, first, len)) {
		memcpy(f->probe[dir].bytes, first, len);
		f->probe[dir].n = (uint8_t)(len & 0xf);
		return;
	}
	if (f->proto == DP_PROTO_SMTP) {
		if (amid)
			greeted_amid_preface(w, f);
		dp_protocol_catch_up(w, f, !dir);
		read_smtp(w, f, dir, first, kept);
		read_smtp(w, f, dir, p, n);
		return;
	}
	if (f->proto == DP_PROTO_PREFACE) {
		read_preface(w, f, dir, first, kept);
		read_preface(w, f, dir, p, n);
		return;
	}
	if (f->proto == DP_PROTO_PROXY) {
		f->probe[dir].n = 0;
		read_proxy(w, f, dir, p, n);
	}
}

/* Taken for mail by its server's greeting, on a port that is not mail's: it passes from here on. */
static void leave_ftp(struct dp_worker *w, struct dp_flow *f)
{
	if (!f->session || !rs_smtp_is_ftp(&f->session->smtp))
		return;
	if (dp_worker_mail_port(w, f->key.port[0]) || dp_worker_mail_port(w, f->key.port[1]))
		return;
	dp_session_end(f->session, CT_REASON_NONE);
	f->session = NULL;
	f->proto = DP_PROTO_NONE;
}

/* Client and server have changed places, and configuration lets what follows pass. */
static void leave_turned(struct dp_worker *w, struct dp_flow *f)
{
	if (!f->session || dp_session_refused(f->session) || !dp_session_turned(f->session))
		return;
	dp_session_end(f->session, CT_REASON_NONE);
	f->session = NULL;
	f->proto = DP_PROTO_NONE;
	w->stats.turned++;
}

size_t dp_protocol_read(struct dp_worker *w, struct dp_flow *f, unsigned dir, const uint8_t *p, size_t n)
{
	switch ((enum dp_protocol)f->proto) {
	case DP_PROTO_SMTP:
		n = read_smtp(w, f, dir, p, n);
		if (f->inl && dir != f->client) {
			leave_ftp(w, f);
			leave_turned(w, f);
		}
		return n;
	case DP_PROTO_PROBING:
		probe(w, f, dir, p, n);
		break;
	case DP_PROTO_PROXY:
		return read_proxy(w, f, dir, p, n);
	case DP_PROTO_PREFACE:
		if (dir == f->client)
			return read_preface(w, f, dir, p, n);
		probe(w, f, dir, p, n);
		break;
	case DP_PROTO_NONE:
		break;
	}
	return n;
}

/* A server that is not heard at all, as where one direction is captured: its client may tell what they speak. */
static bool begins_unseen(const struct dp_flow *f, unsigned dir)
{
	return f->client < 2 && dir != f->client && (f->probe[dir].n == 0 || f->probe[dir].n == DP_PROBE_UNSEEN);
}

void dp_protocol_gap(struct dp_worker *w, struct dp_flow *f, unsigned dir, uint64_t n)
{
	/* Between two ports replies that the client has and nobody read here would leave the next ones with the wrong commands. */
	if (f->inl) {
		w->stats.bypassed++;
		f->inl->unreadable = CT_REASON_GAP;
		return;
	}
	w->stats.tcp_gaps++;
	w->stats.tcp_gap_bytes += n;
	if (f->proto == DP_PROTO_PROBING && begins_unseen(f, dir)) {
		f->probe[dir].n = DP_PROBE_UNSEEN;
		return;
	}
	if (f->proto == DP_PROTO_PROBING || f->proto == DP_PROTO_PROXY || f->proto == DP_PROTO_PREFACE)
		f->proto = DP_PROTO_NONE;
	else if (f->proto == DP_PROTO_SMTP && (f->session || begin_session(w, f)))
		dp_session_gap(f->session, dir == f->client ? RS_SMTP_CLIENT : RS_SMTP_SERVER, n);
}

void dp_protocol_no_room(struct dp_worker *w, struct dp_flow *f)
{
	bool mail = dp_worker_mail_port(w, f->key.port[0]) || dp_worker_mail_port(w, f->key.port[1]);
	if (f->session || f->inl || !(f->proto == DP_PROTO_SMTP || (f->proto == DP_PROTO_PROBING && mail)))
		return;
	/* Between two mail servers, found in the middle: one of them is. */
	if (f->client > 1)
		f->client = 0;
	begin_session(w, f);
}
