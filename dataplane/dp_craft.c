/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_craft.h"

#include <errno.h>
#include <string.h>

#include "dataplane/dp_be.h"
#include "dataplane/dp_layers.h"
#include "reassembly/tcp/rs_tcp.h"

enum {
	ETHERNET_LEN = 14,
	MAC_LEN = 6,
	IPV4_LEN = 20,
	IPV6_LEN = 40,
	TCP_LEN = 20,
	TIMESTAMPS_LEN = 12, /* with two NOPs before them: RFC 7323 appendix A */
	PROTO_TCP = 6,
	ECN_BITS = 3, /* RFC 3168 5; what we say is not ECN-capable */
	TTL_GUESS = 64,
	/* Enough for commands, and harmless should the window be scaled after all. */
	WINDOW_GUESS = 8192,
	NS_PER_MS = 1000000,
};

static void learn_ip(struct dp_voice *v, const uint8_t *ip)
{
	if (v->ip_version == 4) {
		v->tos = ip[1] & (uint8_t)~ECN_BITS;
		v->ttl = ip[8];
		v->flow_label = 0;
		return;
	}
	v->tos = (uint8_t)((ip[0] << 4 | ip[1] >> 4) & ~ECN_BITS);
	v->flow_label = (uint32_t)(ip[1] & 15) << 16 | (uint32_t)ip[2] << 8 | ip[3];
	v->ttl = ip[7];
}

static void learn_timestamps(struct dp_voice *v, const struct dp_tcp_options *o, bool ack, uint64_t now)
{
	if (!o->timestamps || (v->heard && v->timestamps && dp_timestamp_before(o->tsval, v->tsval)))
		return;
	v->timestamps = true;
	v->tsval = o->tsval;
	v->tsval_time = now;
	/* RFC 7323 3.2: without ACK the echo means nothing. */
	if (ack) {
		v->echoes = true;
		v->tsecr = o->tsecr;
	}
}

static bool learn_far(struct dp_voice_far *far, const uint8_t *frame, const struct dp_packet *pkt)
{
	unsigned first = 0;
	size_t base = 0;
	for (; pkt->mirrored && base == 0; first++) {
		if (first == pkt->nlayers)
			return false;
		if (pkt->layer[first].kind == DP_LAYER_ETHERNET)
			base = pkt->layer[first].off;
	}
	if (pkt->l3_off - base > DP_VOICE_FAR_MAX)
		return false;
	far->len = (uint16_t)(pkt->l3_off - base);
	memcpy(far->bytes, frame + base, far->len);
	far->nlayers = (uint8_t)(pkt->nlayers - first);
	for (unsigned i = 0; i < far->nlayers; i++)
		far->layer[i] = (struct dp_layer){ (uint16_t)(pkt->layer[first + i].off - base), pkt->layer[first + i].kind };
	dp_layers_learned(far->bytes, far->layer, far->nlayers);
	return true;
}

/* False: it is none that a packet of ours could bear. */
static bool learn_link(struct dp_voice *v, struct dp_voice_far *far, const uint8_t *frame, const struct dp_packet *pkt)
{
	bool is_far = dp_voice_needs_far(pkt);
	if (pkt->l3_off < ETHERNET_LEN || pkt->authenticated)
		return false;
	if (is_far && (!far || !learn_far(far, frame, pkt)))
		return false;
	v->is_far = is_far;
	v->labelled = pkt->labelled;
	if (is_far) {
		v->far = far;
	} else {
		/* The common one without a call. */
		if (pkt->l3_off == ETHERNET_LEN)
			memcpy(v->link, frame, ETHERNET_LEN);
		else
			memcpy(v->link, frame, pkt->l3_off);
		v->link_len = (uint8_t)pkt->l3_off;
	}
	return true;
}

void dp_voice_learn(struct dp_voice *v, struct dp_voice_far *far, const uint8_t *frame, const struct dp_packet *pkt, uint64_t now)
{
	struct dp_tcp_options o;
	if (pkt->tcp_flags & RS_TCP_RST || !learn_link(v, far, frame, pkt))
		return;
	dp_tcp_options_parse(frame + pkt->l4_off, pkt->tcp_hdr_len, &o);
	bool syn = pkt->tcp_flags & RS_TCP_SYN;
	learn_timestamps(v, &o, pkt->tcp_flags & RS_TCP_ACK, now);
	if (syn) {
		v->syn = true;
		v->window_scale = o.window_scale;
		v->wscale = o.wscale;
		v->mss = o.mss;
	}
	if (pkt->window) {
		v->window = pkt->window;
		v->window_of_syn = syn;
	}
	v->ip_version = pkt->ip_version;
	learn_ip(v, frame + pkt->l3_off);
	v->heard = v->known = true;
}

static bool reverse_link(struct dp_voice *to, struct dp_voice_far *far, const struct dp_voice *from)
{
	if (from->labelled)
		return false;
	uint8_t *link = to->link;
	const uint8_t *of = from->link;
	if (from->is_far) {
		if (!far)
			return false;
		*far = *from->far;
		to->far = far;
		link = far->bytes;
		of = from->far->bytes;
		if (!dp_layers_reverse(link, far->layer, far->nlayers))
			return false;
	} else {
		memcpy(link, of, sizeof to->link);
	}
	memcpy(link, of + MAC_LEN, MAC_LEN);
	memcpy(link + MAC_LEN, of, MAC_LEN);
	return true;
}

void dp_voice_reverse(struct dp_voice *to, struct dp_voice_far *far, const struct dp_voice *from)
{
	*to = (struct dp_voice){
		.is_far = from->is_far,
		.link_len = from->link_len,
		.ip_version = from->ip_version,
		.ttl = TTL_GUESS,
		.tos = from->tos,
		.timestamps = from->echoes,
		.tsval = from->tsecr,
		.tsval_time = from->tsval_time,
		.echoes = from->timestamps,
		.tsecr = from->tsval,
	};
	to->known = reverse_link(to, far, from) && from->known;
}

/* What its clock shows. Most tick once a millisecond (RFC 7323 5.4: between that and a second). */
static uint32_t timestamp(struct dp_voice *v, const struct dp_craft *what)
{
	uint32_t ts = v->tsval;
	if (what->alone && what->now > v->tsval_time)
		ts += (uint32_t)((what->now - v->tsval_time) / NS_PER_MS);
	if (v->spoken && dp_timestamp_before(ts, v->tsval_said))
		ts = v->tsval_said;
	v->spoken = true;
	v->tsval_said = ts;
	return ts;
}

static uint16_t window(const struct dp_voice *as, const struct dp_voice *toward, uint8_t flags)
{
	if (!as->window)
		return WINDOW_GUESS;
	/* RFC 7323 2.2: a SYN's window is in bytes; scaling begins behind it, when both offered to. */
	bool scaled = as->window_scale && (!toward->syn || toward->window_scale);
	if (!as->window_of_syn || !scaled || flags & RS_TCP_SYN)
		return as->window;
	uint16_t w = as->window >> as->wscale;
	return w ? w : 1;
}

static size_t write_tcp(uint8_t *tcp, struct dp_voice *as, const struct dp_voice *toward, const struct dp_craft *what,
			size_t hdr_len)
{
	dp_be_put16(tcp, what->ends.sport);
	dp_be_put16(tcp + 2, what->ends.dport);
	dp_be_put32(tcp + 4, what->seq);
	dp_be_put32(tcp + 8, what->flags & RS_TCP_ACK ? what->ack : 0);
	tcp[12] = (uint8_t)(hdr_len / 4 << 4);
	tcp[13] = what->flags;
	dp_be_put16(tcp + 14, window(as, toward, what->flags));
	dp_be_put32(tcp + 16, 0); /* checksum, later; urgent pointer */
	if (hdr_len > TCP_LEN) {
		dp_be_put32(tcp + TCP_LEN, 0x0101080a);
		dp_be_put32(tcp + TCP_LEN + 4, timestamp(as, what));
		dp_be_put32(tcp + TCP_LEN + 8, what->flags & RS_TCP_ACK ? toward->tsval : 0);
	}
	if (what->len)
		memcpy(tcp + hdr_len, what->payload, what->len);
	return hdr_len + what->len;
}

static void write_ipv4(uint8_t *ip, const struct dp_voice *as, const struct dp_ends *ends, size_t l4_len)
{
	ip[0] = 0x45;
	ip[1] = as->tos;
	dp_be_put16(ip + 2, (unsigned)(IPV4_LEN + l4_len));
	dp_be_put16(ip + 4, 0);
	dp_be_put16(ip + 6, 0x4000); /* DF */
	ip[8] = as->ttl;
	ip[9] = PROTO_TCP;
	dp_be_put16(ip + 10, 0);
	memcpy(ip + 12, ends->src + 12, 4);
	memcpy(ip + 16, ends->dst + 12, 4);
	struct dp_checksum c = { 0 };
	dp_checksum_add(&c, ip, IPV4_LEN);
	uint16_t sum = dp_checksum_value(&c);
	memcpy(ip + 10, &sum, sizeof sum);
}

static void write_ipv6(uint8_t *ip, const struct dp_voice *as, const struct dp_ends *ends, size_t l4_len)
{
	dp_be_put32(ip, 6u << 28 | (uint32_t)as->tos << 20 | as->flow_label);
	dp_be_put16(ip + 4, (unsigned)l4_len);
	ip[6] = PROTO_TCP;
	ip[7] = as->ttl;
	memcpy(ip + 8, ends->src, 16);
	memcpy(ip + 24, ends->dst, 16);
}

static void seal_tcp(uint8_t *tcp, unsigned ip_version, const struct dp_ends *ends, size_t l4_len)
{
	struct dp_packet pseudo = { .ip_version = (uint8_t)ip_version, .proto = PROTO_TCP };
	struct dp_checksum c = { 0 };
	memcpy(pseudo.src, ends->src, sizeof pseudo.src);
	memcpy(pseudo.dst, ends->dst, sizeof pseudo.dst);
	dp_checksum_add_pseudo(&c, &pseudo, (uint32_t)l4_len);
	dp_checksum_add(&c, tcp, l4_len);
	uint16_t sum = dp_checksum_value(&c);
	memcpy(tcp + 16, &sum, sizeof sum);
}

int dp_craft_frame(uint8_t *to, size_t size, struct dp_voice *as, const struct dp_voice *toward,
		   const struct dp_craft *what)
{
	if (!as->known)
		return -ENOTCONN;
	bool v4 = as->ip_version == 4;
	size_t ip_len = v4 ? IPV4_LEN : IPV6_LEN;
	size_t tcp_len = TCP_LEN + (as->timestamps && toward->timestamps ? TIMESTAMPS_LEN : 0);
	/* IPv4's length counts its own header, IPv6's does not. */
	if (tcp_len + what->len + (v4 ? ip_len : 0) > UINT16_MAX)
		return -EMSGSIZE;
	size_t link_len = as->is_far ? as->far->len : as->link_len;
	size_t len = link_len + ip_len + tcp_len + what->len, padded = len < DP_FRAME_MIN ? DP_FRAME_MIN : len;
	if (padded > size)
		return -ENOSPC;

	uint8_t *ip = to + link_len, *tcp = ip + ip_len;
	if (as->is_far)
		dp_layers_said(as->far->bytes, as->far->layer, as->far->nlayers);
	memcpy(to, as->is_far ? as->far->bytes : as->link, link_len);
	size_t l4_len = write_tcp(tcp, as, toward, what, tcp_len);
	if (v4)
		write_ipv4(ip, as, &what->ends, l4_len);
	else
		write_ipv6(ip, as, &what->ends, l4_len);
	seal_tcp(tcp, as->ip_version, &what->ends, l4_len);
	if (as->is_far && !dp_layers_seal(to, len, as->far->layer, as->far->nlayers))
		return -EMSGSIZE;
	memset(to + len, 0, padded - len);
	return (int)padded;
}
