/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_packet.h"

#include <string.h>

#include "dataplane/dp_be.h"
#include "dataplane/dp_packet_private.h"

/* The common frame is read in one function, without calls. */
#define HOT __attribute__((always_inline)) static inline

enum ip_proto {
	PROTO_HOP_BY_HOP = 0,
	PROTO_TCP = 6,
	PROTO_ROUTING = 43,
	PROTO_FRAGMENT = 44,
	PROTO_AH = 51,
	PROTO_DESTINATION = 60,
	PROTO_MOBILITY = 135, /* RFC 6275 */
	PROTO_HIP = 139, /* RFC 7401 */
	PROTO_SHIM6 = 140, /* RFC 5533 */
};

enum {
	VLAN_LEN = 4,
	NULL_LEN = 4,
	SLL_LEN = 16,
	SLL2_LEN = 20,
	ARPHRD_NETLINK = 824, /* cooked captures of netlink: no EtherType in the protocol field */
	FRAGMENT_LEN = 8,
	TCP_LEN = 20,
};

/* Whether the IP length leaves n bytes from here. */
static bool promised(const struct dp_cursor *c, size_t n)
{
	return n <= c->end && c->off <= c->end - n;
}

HOT enum dp_class parse_tcp(struct dp_cursor *c, struct dp_packet *pkt)
{
	if (!promised(c, TCP_LEN))
		return DP_BAD_TCP;
	if (!can_read(c, TCP_LEN))
		return DP_TRUNCATED;
	const uint8_t *tcp = c->head + c->off;
	/* RFC 9293 3.1: the data offset counts 32-bit words. */
	size_t len = (size_t)(tcp[12] >> 4) * 4;
	if (len < TCP_LEN || !promised(c, len))
		return DP_BAD_TCP;
	if (!can_read(c, len))
		return DP_TRUNCATED;
	pkt->sport = dp_be_get16(tcp);
	pkt->dport = dp_be_get16(tcp + 2);
	pkt->seq = dp_be_get32(tcp + 4);
	pkt->ack = dp_be_get32(tcp + 8);
	pkt->tcp_hdr_len = (uint8_t)len;
	pkt->tcp_flags = tcp[13];
	pkt->window = dp_be_get16(tcp + 14);
	size_t payload = c->off + len;
	size_t present = c->end < c->frame_len ? c->end : c->frame_len;
	pkt->payload_off = (uint32_t)payload;
	pkt->payload_len = (uint32_t)(present - payload);
	pkt->payload_missing = (uint32_t)(c->end - present);
	return DP_TCP;
}

/* A header whose first bytes are the next protocol and its own length, in `unit`s beyond the first `first` bytes. */
static enum dp_class pass_extension(struct dp_cursor *c, struct dp_packet *pkt, size_t first, size_t unit)
{
	if (!promised(c, 2))
		return DP_BAD_IP;
	if (!can_read(c, 2))
		return DP_TRUNCATED;
	const uint8_t *ext = c->head + c->off;
	size_t len = first + ext[1] * unit;
	if (!promised(c, len) || c->off + len > UINT16_MAX)
		return DP_BAD_IP;
	if (!can_read(c, len))
		return DP_TRUNCATED;
	pkt->proto = ext[0];
	c->off += len;
	return DP_TCP;
}

static enum dp_class pass_fragment(struct dp_cursor *c, struct dp_packet *pkt)
{
	if (!promised(c, FRAGMENT_LEN) || c->off + FRAGMENT_LEN > UINT16_MAX)
		return DP_BAD_IP;
	if (!can_read(c, FRAGMENT_LEN))
		return DP_TRUNCATED;
	const uint8_t *frag = c->head + c->off;
	pkt->proto = frag[0];
	/* RFC 8200 4.5: 13 bits of offset, 2 reserved, M. */
	if (dp_be_get16(frag + 2) & 0xfff9)
		return DP_FRAGMENT;
	/* RFC 6946: an atomic fragment is a whole packet. */
	c->off += FRAGMENT_LEN;
	return DP_TCP;
}

/* From the header that pkt->proto names. Every turn passes bytes of the head, so the head bounds the work. */
static enum dp_class parse_upper(struct dp_cursor *c, struct dp_packet *pkt)
{
	bool misplaced = false;
	for (;;) {
		enum dp_class passed;
		pkt->l4_off = (uint16_t)c->off;
		switch (pkt->proto) {
		case PROTO_TCP:
			return misplaced ? DP_BAD_IP : parse_tcp(c, pkt);
		case PROTO_AH:
			pkt->authenticated = true;
			/* RFC 4302 2.2: in 32-bit words, less two. */
			passed = pass_extension(c, pkt, 8, 4);
			break;
		case PROTO_HOP_BY_HOP:
			if (pkt->ip_version != 6)
				return DP_OTHER;
			/* RFC 8200 4.1: only behind the IPv6 header itself; elsewhere no host knows it. */
			misplaced |= c->off != (size_t)pkt->l3_off + IPV6_LEN;
			passed = pass_extension(c, pkt, 8, 8);
			break;
		case PROTO_ROUTING:
		case PROTO_DESTINATION:
		case PROTO_MOBILITY:
		case PROTO_HIP:
		case PROTO_SHIM6:
			if (pkt->ip_version != 6)
				return DP_OTHER;
			passed = pass_extension(c, pkt, 8, 8);
			break;
		case PROTO_FRAGMENT:
			if (pkt->ip_version != 6)
				return DP_OTHER;
			passed = pass_fragment(c, pkt);
			break;
		default:
			return misplaced ? DP_BAD_IP : DP_OTHER;
		}
		if (passed != DP_TCP)
			return passed;
	}
}

static void map_ipv4(uint8_t to[16], const uint8_t *from)
{
	to[10] = to[11] = 0xff;
	memcpy(to + 12, from, 4);
}

HOT enum dp_class parse_ipv4(struct dp_cursor *c, struct dp_packet *pkt)
{
	if (!can_read(c, IPV4_LEN))
		return DP_TRUNCATED;
	const uint8_t *ip = c->head + c->off;
	size_t len = (size_t)(ip[0] & 15) * 4;
	size_t total = dp_be_get16(ip + 2);
	if (ip[0] >> 4 != 4 || len < IPV4_LEN)
		return DP_BAD_IP;
	/* Captures of segments that the card was to cut hold no length: it would not fit. */
	if (!total)
		total = (c->frame_len < c->limit ? c->frame_len : c->limit) - c->off;
	if (total < len || c->off + len > UINT16_MAX || !within_limit(c, total))
		return DP_BAD_IP;
	if (!can_read(c, len))
		return DP_TRUNCATED;
	pkt->ip_version = 4;
	pkt->proto = ip[9];
	map_ipv4(pkt->src, ip + 12);
	map_ipv4(pkt->dst, ip + 16);
	c->end = c->off + total;
	c->off += len;
	pkt->l4_off = (uint16_t)c->off;
	/* RFC 791 3.1: reserved, DF, MF, 13 bits of offset. */
	if (dp_be_get16(ip + 6) & 0x3fff)
		return DP_FRAGMENT;
	return pkt->proto == PROTO_TCP ? parse_tcp(c, pkt) : parse_upper(c, pkt);
}

HOT enum dp_class parse_ipv6(struct dp_cursor *c, struct dp_packet *pkt)
{
	if (!can_read(c, IPV6_LEN))
		return DP_TRUNCATED;
	const uint8_t *ip = c->head + c->off;
	size_t len = dp_be_get16(ip + 4);
	if (ip[0] >> 4 != 6 || c->off + IPV6_LEN > UINT16_MAX || !within_limit(c, IPV6_LEN + len))
		return DP_BAD_IP;
	pkt->ip_version = 6;
	pkt->proto = ip[6];
	memcpy(pkt->src, ip + 8, 16);
	memcpy(pkt->dst, ip + 24, 16);
	c->off += IPV6_LEN;
	/* RFC 2675 3: a jumbogram's length is 0; so is that of a segment that the card was to cut. */
	c->end = len ? c->off + len : c->frame_len < c->limit ? c->frame_len : c->limit;
	pkt->l4_off = (uint16_t)c->off;
	return pkt->proto == PROTO_TCP ? parse_tcp(c, pkt) : parse_upper(c, pkt);
}

enum dp_class dp_packet_ip(struct dp_cursor *c, struct dp_packet *pkt)
{
	if (c->off > UINT16_MAX)
		return DP_BAD_LINK;
	if (!can_read(c, 1))
		return DP_TRUNCATED;
	pkt->l3_off = (uint16_t)c->off;
	switch (c->head[c->off] >> 4) {
	case 4:
		return parse_ipv4(c, pkt);
	case 6:
		return parse_ipv6(c, pkt);
	default:
		return DP_BAD_IP;
	}
}

/* Every turn passes bytes of the head. */
static inline enum dp_class parse_ethertype(struct dp_cursor *c, struct dp_packet *pkt, unsigned type)
{
	while (type == ETHERTYPE_VLAN || type == ETHERTYPE_QINQ || type == ETHERTYPE_QINQ_OLD) {
		if (!can_read(c, VLAN_LEN))
			return DP_TRUNCATED;
		const uint8_t *tag = c->head + c->off;
		unsigned id = dp_be_get16(tag) & 0x0fff;
		if (id != 0 && pkt->nvlan < sizeof pkt->vlan / sizeof *pkt->vlan)
			pkt->vlan[pkt->nvlan++] = (uint16_t)id;
		type = dp_be_get16(tag + 2);
		c->off += VLAN_LEN;
	}
	if (type != ETHERTYPE_IPV4 && type != ETHERTYPE_IPV6)
		return dp_link_ethertype(c, pkt, type);
	if (c->off > UINT16_MAX)
		return DP_BAD_LINK;
	pkt->l3_off = (uint16_t)c->off;
	return type == ETHERTYPE_IPV4 ? parse_ipv4(c, pkt) : parse_ipv6(c, pkt);
}

enum dp_class dp_packet_ethertype(struct dp_cursor *c, struct dp_packet *pkt, unsigned type)
{
	return parse_ethertype(c, pkt, type);
}

static enum dp_class parse_null(struct dp_cursor *c, struct dp_packet *pkt)
{
	if (!can_read(c, NULL_LEN))
		return DP_TRUNCATED;
	uint32_t family = dp_be_get32(c->head);
	/* The capturing machine's byte order; no family is above 65535. */
	if (family > UINT16_MAX)
		family = __builtin_bswap32(family);
	c->off = NULL_LEN;
	switch (family) {
	case 2: /* AF_INET everywhere; AF_INET6 is 10 on Linux, 23 on Windows, 24, 28 and 30 on BSDs */
	case 10:
	case 23:
	case 24:
	case 28:
	case 30:
		return dp_packet_ip(c, pkt);
	default:
		return family > UINT16_MAX ? DP_BAD_LINK : DP_OTHER;
	}
}

static enum dp_class parse_cooked(struct dp_cursor *c, struct dp_packet *pkt, size_t len, size_t type, size_t hardware)
{
	if (!can_read(c, len))
		return DP_TRUNCATED;
	c->off = len;
	if (dp_be_get16(c->head + hardware) == ARPHRD_NETLINK)
		return DP_OTHER;
	unsigned protocol = dp_be_get16(c->head + type);
	/* Small numbers are Linux's names for frames without an EtherType (802.3, 802.2, CAN, ...). */
	if (protocol < ETHERTYPE_MIN)
		return DP_OTHER;
	return dp_packet_ethertype(c, pkt, protocol);
}

static inline enum dp_class parse_ethernet(struct dp_cursor *c, struct dp_packet *pkt)
{
	if (!can_read(c, ETHERNET_LEN))
		return DP_TRUNCATED;
	unsigned type = dp_be_get16(c->head + c->off + ETHERNET_TYPE);
	c->off += ETHERNET_LEN;
	return parse_ethertype(c, pkt, type);
}

enum dp_class dp_packet_ethernet(struct dp_cursor *c, struct dp_packet *pkt)
{
	return parse_ethernet(c, pkt);
}

static enum dp_class parse_other_link(struct dp_cursor *c, enum dp_link link, struct dp_packet *pkt)
{
	switch (link) {
	case DP_LINK_ETHERNET:
		break;
	case DP_LINK_RAW:
		return dp_packet_ip(c, pkt);
	case DP_LINK_NULL:
		return parse_null(c, pkt);
	case DP_LINK_SLL:
		return parse_cooked(c, pkt, SLL_LEN, 14, 2);
	case DP_LINK_SLL2:
		return parse_cooked(c, pkt, SLL2_LEN, 0, 8);
	}
	return DP_BAD_LINK;
}

enum dp_class dp_packet_begin(struct dp_cursor *c, enum dp_link link, struct dp_packet *pkt)
{
	/* In pieces that become plain stores: the whole would be a string instruction, which takes long to begin. */
	memset(pkt, 0, 48);
	memset((uint8_t *)pkt + 48, 0, offsetof(struct dp_packet, layer) - 48);
	return link == DP_LINK_ETHERNET ? parse_ethernet(c, pkt) : parse_other_link(c, link, pkt);
}

enum dp_class dp_packet_parse(enum dp_link link, const uint8_t *head, size_t head_len, size_t frame_len,
			      struct dp_packet *pkt)
{
	struct dp_cursor c = dp_cursor_of(head, head_len, frame_len);
	return dp_packet_begin(&c, link, pkt);
}

/* Options. */

enum tcp_option {
	OPTION_END = 0,
	OPTION_NOP = 1,
	OPTION_MSS = 2,
	OPTION_WINDOW_SCALE = 3,
	OPTION_SACK_PERMITTED = 4,
	OPTION_TIMESTAMPS = 8,
	OPTION_MD5 = 19,
	OPTION_AO = 29,
	OPTION_MPTCP = 30,
	OPTION_FAST_OPEN = 34,
	OPTION_EXPERIMENT = 254,
	EXPERIMENT_FAST_OPEN = 0xf989, /* RFC 6994 5: which experiment it is stands behind the length */
	TIMESTAMPS_LEN = 10,
	WINDOW_SCALE_MAX = 14,
};

static void read_option(const uint8_t *l4, size_t at, size_t len, struct dp_tcp_options *o)
{
	const uint8_t *opt = l4 + at;
	switch (opt[0]) {
	case OPTION_MSS:
		if (len == 4)
			o->mss = dp_be_get16(opt + 2);
		break;
	case OPTION_WINDOW_SCALE:
		if (len == 3) {
			o->window_scale = true;
			o->wscale = opt[2] < WINDOW_SCALE_MAX ? opt[2] : WINDOW_SCALE_MAX;
		}
		break;
	case OPTION_SACK_PERMITTED:
		o->sack_permitted |= len == 2;
		break;
	case OPTION_TIMESTAMPS:
		if (len == TIMESTAMPS_LEN) {
			o->timestamps = true;
			o->tsval = dp_be_get32(opt + 2);
			o->tsecr = dp_be_get32(opt + 6);
			o->tsval_at = (uint8_t)(at + 2);
		}
		break;
	case OPTION_MD5:
	case OPTION_AO:
		o->authenticated = true;
		break;
	case OPTION_MPTCP:
		o->mptcp = true;
		break;
	case OPTION_FAST_OPEN:
		o->fast_open = true;
		break;
	case OPTION_EXPERIMENT:
		o->fast_open |= len >= 4 && dp_be_get16(opt + 2) == EXPERIMENT_FAST_OPEN;
		break;
	default:
		break;
	}
}

void dp_tcp_options_parse(const uint8_t *l4, size_t tcp_hdr_len, struct dp_tcp_options *o)
{
	memset(o, 0, sizeof *o);
	/* RFC 7323 appendix A: so nearly every segment of a connection that has timestamps looks. */
	if (tcp_hdr_len == TCP_LEN + 12 && dp_be_get32(l4 + TCP_LEN) == 0x0101080a) {
		o->timestamps = true;
		o->tsval = dp_be_get32(l4 + TCP_LEN + 4);
		o->tsecr = dp_be_get32(l4 + TCP_LEN + 8);
		o->tsval_at = TCP_LEN + 4;
		return;
	}
	for (size_t at = TCP_LEN; at < tcp_hdr_len;) {
		if (l4[at] == OPTION_END)
			return;
		if (l4[at] == OPTION_NOP) {
			at++;
			continue;
		}
		size_t left = tcp_hdr_len - at, len = left > 1 ? l4[at + 1] : 0;
		if (len < 2 || len > left) {
			o->malformed = true;
			return;
		}
		read_option(l4, at, len, o);
		at += len;
	}
}

/* Checksums. RFC 1071 2: the sum may be taken in any byte order and in words of any width, carries added back. */

static uint64_t add_carry(uint64_t sum, uint64_t word)
{
	sum += word;
	return sum + (sum < word);
}

static uint64_t load(const uint8_t *p)
{
	uint64_t word;
	memcpy(&word, p, sizeof word);
	return word;
}

static uint16_t fold(uint64_t sum)
{
	sum = (sum >> 32) + (uint32_t)sum;
	sum = (sum >> 32) + (uint32_t)sum;
	sum = (sum >> 16) + (uint16_t)sum;
	sum = (sum >> 16) + (uint16_t)sum;
	return (uint16_t)sum;
}

void dp_checksum_add(struct dp_checksum *c, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;
	size_t left = len;
	/* Two sums, so that one need not wait for the other's carry. */
	uint64_t a = 0, b = 0;
	for (; left >= 16; left -= 16, p += 16) {
		a = add_carry(a, load(p));
		b = add_carry(b, load(p + 8));
	}
	a = add_carry(a, b);
	if (left >= 8) {
		a = add_carry(a, load(p));
		left -= 8;
		p += 8;
	}
	if (left) {
		uint8_t rest[8] = { 0 };
		memcpy(rest, p, left);
		a = add_carry(a, load(rest));
	}
	if (c->odd) {
		/* RFC 1071 2(B): bytes at odd places count in the other half of their words. */
		a = __builtin_bswap16(fold(a));
	}
	c->sum = add_carry(c->sum, a);
	c->odd ^= len & 1;
}

void dp_checksum_add_pseudo(struct dp_checksum *c, const struct dp_packet *pkt, uint32_t l4_len)
{
	size_t from = pkt->ip_version == 4 ? 12 : 0;
	uint8_t rest[8] = { l4_len >> 24, l4_len >> 16 & 255, l4_len >> 8 & 255, l4_len & 255, 0, 0, 0, pkt->proto };
	dp_checksum_add(c, pkt->src + from, sizeof pkt->src - from);
	dp_checksum_add(c, pkt->dst + from, sizeof pkt->dst - from);
	dp_checksum_add(c, rest, sizeof rest);
}

uint16_t dp_checksum_value(const struct dp_checksum *c)
{
	return (uint16_t)~fold(c->sum);
}

bool dp_packet_checksum_ip(const uint8_t *l3)
{
	struct dp_checksum c = { 0 };
	dp_checksum_add(&c, l3, (size_t)(l3[0] & 15) * 4);
	return !dp_checksum_value(&c);
}

bool dp_packet_checksum_tcp(const struct dp_packet *pkt, const uint8_t *l4, size_t l4_len)
{
	struct dp_checksum c = { 0 };
	dp_checksum_add_pseudo(&c, pkt, (uint32_t)l4_len);
	dp_checksum_add(&c, l4, l4_len);
	return !dp_checksum_value(&c);
}

/* Hash. */

uint64_t dp_packet_mix(uint64_t a, uint64_t b)
{
	__uint128_t product = (__uint128_t)a * b;
	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Odd constants without pattern: the fractional parts of the square roots of 2, 3, 5 and 7. */
#define KEY_A 0x6a09e667f3bcc909ull
#define KEY_B 0xbb67ae8584caa73bull
#define KEY_C 0x3c6ef372fe94f82bull
#define KEY_D 0xa54ff53a5f1d36f1ull

static uint64_t hash_end(const uint8_t addr[16], uint16_t port, uint64_t key)
{
	uint64_t h = dp_packet_mix(load(addr) ^ key ^ KEY_A, load(addr + 8) ^ KEY_B);
	return dp_packet_mix(h ^ key, (uint64_t)port << 32 ^ KEY_C);
}

uint64_t dp_packet_pair(const struct dp_packet *pkt)
{
	uint64_t a = hash_end(pkt->src, 0, KEY_D), b = hash_end(pkt->dst, 0, KEY_D);
	return dp_packet_mix((a + b) ^ KEY_C, (a > b ? a - b : b - a) ^ KEY_B);
}

uint32_t dp_packet_hash(const struct dp_packet *pkt, uint32_t seed)
{
	uint64_t key = dp_packet_mix(seed ^ KEY_D, KEY_A);
	uint64_t a = hash_end(pkt->src, pkt->sport, key), b = hash_end(pkt->dst, pkt->dport, key);
	/* Sum and difference's absolute value are the same from both ends, and together name the pair. */
	uint64_t h = dp_packet_mix((a + b) ^ key, (a > b ? a - b : b - a) ^ KEY_B);
	return (uint32_t)(h ^ h >> 32);
}

const char *dp_class_name(enum dp_class c)
{
	static const char *const names[DP_CLASS_MAX] = {
		[DP_TCP] = "tcp",       [DP_OTHER] = "other",     [DP_FRAGMENT] = "fragment", [DP_TRUNCATED] = "truncated",
		[DP_BAD_LINK] = "bad_link", [DP_BAD_IP] = "bad_ip", [DP_BAD_TCP] = "bad_tcp",
		[DP_TOO_DEEP] = "too_deep",
	};
	return (unsigned)c < DP_CLASS_MAX ? names[c] : "unknown";
}
