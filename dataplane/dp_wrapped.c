/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_wrapped.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/dp_be.h"
#include "dataplane/dp_built.h"

enum { GRE_ALL = 0xb000, PROTO_UDP = 17, PROTO_GRE = 47 };

struct body { /* the frame as far as it is built, from `at` to the buffer's end */
	uint8_t b[DP_BUILT_MAX];
	size_t at;
	unsigned type; /* EtherType of it */
	unsigned proto; /* IP's number for it; 0: it is not UDP or GRE */
	const struct dp_wrapped *w;
};

static size_t length(const struct body *b)
{
	return sizeof b->b - b->at;
}

static uint8_t *grow(struct body *b, size_t n)
{
	b->at -= n;
	memset(b->b + b->at, 0, n);
	return b->b + b->at;
}

/* RFC 1071 1, word by word. */
static uint32_t sum_words(uint32_t sum, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return sum;
}

/* What tells flows apart, and each direction may choose. */
static unsigned entropy(const struct body *b)
{
	return b->w->port ? b->w->port : b->w->back ? 50001 : 50000;
}

static void wrap_ethernet(struct body *b, unsigned type)
{
	uint8_t *p = grow(b, 14);
	/* Another pair than the inner frame's: 02:00:00:00:xx:01 and :02. */
	p[0] = p[6] = 2;
	p[4] = p[10] = b->w->end;
	p[5] = b->w->back ? 2 : 1;
	p[11] = b->w->back ? 1 : 2;
	dp_be_put16(p + 12, type);
	b->type = 0x6558;
}

static void wrap_tag(struct body *b, unsigned type, unsigned tci)
{
	uint8_t *p = grow(b, 4);
	dp_be_put16(p, tci);
	dp_be_put16(p + 2, b->type);
	b->type = type;
}

static void wrap_snap(struct body *b)
{
	uint8_t *p = grow(b, 8);
	p[0] = p[1] = 0xaa;
	p[2] = 3;
	dp_be_put16(p + 6, b->type);
	wrap_ethernet(b, (unsigned)length(b));
}

static void wrap_pppoe(struct body *b, bool compressed)
{
	unsigned protocol = b->type == 0x0800 ? 0x21 : 0x57;
	if (compressed)
		grow(b, 1)[0] = (uint8_t)protocol;
	else
		dp_be_put16(grow(b, 2), protocol);
	size_t n = length(b);
	uint8_t *p = grow(b, 6);
	p[0] = 0x11;
	dp_be_put16(p + 2, b->w->number & 0xffff);
	dp_be_put16(p + 4, (unsigned)n);
	b->type = 0x8864;
}

static void wrap_mpls(struct body *b)
{
	uint32_t label = (b->w->back ? 2000u : 1000u) + b->w->end;
	dp_be_put32(grow(b, 4), label << 12 | (b->type == 0x8847 ? 0 : 0x100) | 61);
	b->type = 0x8847;
}

static void wrap_gre(struct body *b, unsigned flags, unsigned type, uint32_t key)
{
	size_t n = 4 + (flags & 0x8000 ? 4 : 0) + (flags & 0x2000 ? 4 : 0) + (flags & 0x1000 ? 4 : 0), at = 4;
	uint8_t *p = grow(b, n);
	dp_be_put16(p, flags);
	dp_be_put16(p + 2, type);
	if (flags & 0x8000)
		at += 4;
	if (flags & 0x2000) {
		dp_be_put32(p + at, key);
		at += 4;
	}
	if (flags & 0x1000)
		dp_be_put32(p + at, b->w->sequence ? b->w->sequence : 77);
	if (flags & 0x8000)
		dp_be_put16(p + 4, ~sum_words(0, p, length(b)) & 0xffff);
	b->proto = PROTO_GRE;
}

static void wrap_pptp(struct body *b)
{
	size_t n = 4 + length(b);
	dp_be_put16(grow(b, 2), b->type == 0x0800 ? 0x21 : 0x57);
	dp_be_put16(grow(b, 2), 0xff03);
	uint8_t *p = grow(b, 16);
	dp_be_put16(p, 0x3081); /* key, sequence number, acknowledgment; version 1 */
	dp_be_put16(p + 2, 0x880b);
	dp_be_put16(p + 4, (unsigned)n);
	dp_be_put16(p + 6, b->w->back ? 3 : 4); /* the receiver's call */
	dp_be_put32(p + 8, b->w->sequence ? b->w->sequence : 77);
	b->proto = PROTO_GRE;
}

static void wrap_erspan(struct body *b, enum dp_wrap how)
{
	size_t sub = how == DP_WRAP_ERSPAN_III_SUB ? 8 : 0, n = how == DP_WRAP_ERSPAN_II ? 8 : 12 + sub;
	uint8_t *p = grow(b, n);
	p[0] = how == DP_WRAP_ERSPAN_II ? 0x10 : 0x20;
	p[1] = 7;
	dp_be_put16(p + 2, 0x1800 | (b->w->number & 0x3ff));
	if (sub)
		p[11] |= 1;
	wrap_gre(b, 0x1000, how == DP_WRAP_ERSPAN_II ? 0x88be : 0x22eb, 0);
}

static void wrap_udp(struct body *b, unsigned port, bool sum)
{
	size_t n = 8 + length(b);
	uint8_t *p = grow(b, 8);
	dp_be_put16(p, entropy(b));
	dp_be_put16(p + 2, port);
	dp_be_put16(p + 4, (unsigned)n);
	p[7] = sum; /* until the addresses are known */
	b->proto = PROTO_UDP;
}

static void wrap_vxlan(struct body *b, bool sum)
{
	uint8_t *p = grow(b, 8);
	p[0] = 8;
	dp_be_put32(p + 4, b->w->number << 8);
	wrap_udp(b, 4789, sum);
}

static void wrap_geneve(struct body *b)
{
	uint8_t *p = grow(b, 16);
	p[0] = 2;
	dp_be_put16(p + 2, b->type);
	dp_be_put32(p + 4, b->w->number << 8);
	dp_be_put32(p + 8, 0x01080101); /* an option of 4 bytes */
	wrap_udp(b, 6081, true);
}

static void put_address(uint8_t *p, const struct body *b, bool v6, unsigned end)
{
	if (v6) {
		p[0] = 0xfd;
		p[14] = b->w->end;
		p[15] = (uint8_t)end;
	} else {
		p[0] = 10;
		p[2] = b->w->end;
		p[3] = (uint8_t)end;
	}
}

static void wrap_ip(struct body *b, bool v6)
{
	size_t n = length(b), size = v6 ? 16 : 4, hdr = v6 ? 40 : 20;
	unsigned proto = b->proto ? b->proto : b->type == 0x0800 ? 4 : b->type == 0x86dd ? 41 : 137;
	uint8_t *p = grow(b, hdr), *addresses = p + hdr - 2 * size, *udp = p + hdr;
	put_address(addresses, b, v6, b->w->back ? 2 : 1);
	put_address(addresses + size, b, v6, b->w->back ? 1 : 2);
	if (proto == PROTO_UDP && udp[7]) {
		uint8_t rest[4] = { 0, PROTO_UDP, udp[4], udp[5] };
		udp[7] = 0;
		uint32_t sum = ~sum_words(sum_words(sum_words(0, addresses, 2 * size), rest, 4), udp, n) & 0xffff;
		dp_be_put16(udp + 6, sum ? sum : 0xffff);
	}
	if (v6) {
		p[0] = 0x60;
		dp_be_put16(p + 4, (unsigned)n);
		p[6] = (uint8_t)proto;
		p[7] = 60;
	} else {
		p[0] = 0x45;
		dp_be_put16(p + 2, (unsigned)(20 + n));
		dp_be_put16(p + 6, 0x4000);
		p[8] = 60;
		p[9] = (uint8_t)proto;
		dp_be_put16(p + 10, ~sum_words(0, p, 20) & 0xffff);
	}
	b->proto = 0;
	b->type = v6 ? 0x86dd : 0x0800;
}

static void wrap(struct body *b, enum dp_wrap how)
{
	switch (how) {
	case DP_WRAP_ETHERNET:
		wrap_ethernet(b, b->type);
		break;
	case DP_WRAP_VLAN:
		wrap_tag(b, 0x8100, 7);
		break;
	case DP_WRAP_QINQ:
		wrap_tag(b, 0x88a8, 100);
		break;
	case DP_WRAP_SNAP:
		wrap_snap(b);
		break;
	case DP_WRAP_PPPOE:
	case DP_WRAP_PPPOE_SHORT:
		wrap_pppoe(b, how == DP_WRAP_PPPOE_SHORT);
		break;
	case DP_WRAP_MPLS:
		wrap_mpls(b);
		break;
	case DP_WRAP_CONTROL_WORD:
		dp_be_put32(grow(b, 4), 9);
		break;
	case DP_WRAP_IPV4:
	case DP_WRAP_IPV6:
		wrap_ip(b, how == DP_WRAP_IPV6);
		break;
	case DP_WRAP_GRE:
		wrap_gre(b, 0, b->type, 0);
		break;
	case DP_WRAP_GRE_ALL:
		wrap_gre(b, GRE_ALL, b->type, b->w->number);
		break;
	case DP_WRAP_NVGRE:
		wrap_gre(b, 0x2000, b->type, b->w->number << 8 | (entropy(b) & 0xff));
		break;
	case DP_WRAP_PPTP:
		wrap_pptp(b);
		break;
	case DP_WRAP_ERSPAN_I:
		wrap_gre(b, 0, 0x88be, 0);
		break;
	case DP_WRAP_ERSPAN_II:
	case DP_WRAP_ERSPAN_III:
	case DP_WRAP_ERSPAN_III_SUB:
		wrap_erspan(b, how);
		break;
	case DP_WRAP_VXLAN:
	case DP_WRAP_VXLAN_SUM:
		wrap_vxlan(b, how == DP_WRAP_VXLAN_SUM);
		break;
	case DP_WRAP_GENEVE:
		wrap_geneve(b);
		break;
	case DP_WRAP_END:
	case DP_WRAP_MAX:
		break;
	}
}

size_t dp_wrapped_write(uint8_t *to, const uint8_t *packet, size_t n, const enum dp_wrap *how, const struct dp_wrapped *w)
{
	static _Thread_local struct body b;
	b.w = w;
	b.at = sizeof b.b - n;
	b.proto = 0;
	b.type = packet[0] >> 4 == 6 ? 0x86dd : 0x0800;
	memcpy(b.b + b.at, packet, n);
	for (; *how != DP_WRAP_END; how++)
		wrap(&b, *how);
	memcpy(to, b.b + b.at, length(&b));
	return length(&b);
}

#define W(name, depth, inline_, ...) { name, { __VA_ARGS__ }, depth, inline_ }
#define E DP_WRAP_ETHERNET
#define V4 DP_WRAP_IPV4
#define V6 DP_WRAP_IPV6

const struct dp_wrapping dp_wrappings[] = {
	W("Ethernet", 0, true, E),
	W("VLAN", 0, true, DP_WRAP_VLAN, E),
	W("QinQ", 0, true, DP_WRAP_VLAN, DP_WRAP_QINQ, E),
	W("SNAP", 0, true, DP_WRAP_SNAP),
	W("PPPoE", 0, true, DP_WRAP_PPPOE, E),
	W("PPPoE, compressed", 0, true, DP_WRAP_PPPOE_SHORT, E),
	W("PPPoE over QinQ", 0, true, DP_WRAP_PPPOE, DP_WRAP_VLAN, DP_WRAP_QINQ, E),
	W("MPLS", 0, true, DP_WRAP_MPLS, E),
	W("two labels", 0, true, DP_WRAP_MPLS, DP_WRAP_MPLS, DP_WRAP_VLAN, E),
	W("pseudowire", 0, true, DP_WRAP_VLAN, E, DP_WRAP_MPLS, E),
	W("pseudowire with control word", 0, true, E, DP_WRAP_CONTROL_WORD, DP_WRAP_MPLS, DP_WRAP_MPLS, E),
	W("IPv4", 1, true, V4, E),
	W("IPv6", 1, true, V6, E),
	W("GRE", 1, true, DP_WRAP_GRE, V4, E),
	W("GRE with all fields, over IPv6", 1, true, DP_WRAP_GRE_ALL, V6, E),
	W("Ethernet in GRE", 1, true, E, DP_WRAP_GRE, V4, E),
	W("NVGRE", 1, true, DP_WRAP_VLAN, E, DP_WRAP_NVGRE, V4, E),
	W("PPTP", 1, true, DP_WRAP_PPTP, V4, E),
	W("MPLS over GRE", 1, true, DP_WRAP_MPLS, DP_WRAP_GRE, V4, E),
	W("MPLS over IP", 1, true, DP_WRAP_MPLS, V6, E),
	W("ERSPAN I", 1, false, E, DP_WRAP_ERSPAN_I, V4, E),
	W("ERSPAN II", 1, false, E, DP_WRAP_ERSPAN_II, V4, E),
	W("ERSPAN III", 1, false, DP_WRAP_VLAN, E, DP_WRAP_ERSPAN_III, V4, E),
	W("ERSPAN III with subheader", 1, false, E, DP_WRAP_ERSPAN_III_SUB, V6, E),
	W("VXLAN", 1, true, E, DP_WRAP_VXLAN, V4, E),
	W("VXLAN with a checksum, over IPv6", 1, true, E, DP_WRAP_VXLAN_SUM, V6, E),
	W("VLAN in VXLAN over QinQ", 1, true, DP_WRAP_VLAN, E, DP_WRAP_VXLAN_SUM, V4, DP_WRAP_VLAN, DP_WRAP_QINQ, E),
	W("GENEVE", 1, true, E, DP_WRAP_GENEVE, V4, E),
	W("IP in GENEVE", 1, true, DP_WRAP_GENEVE, V6, E),
	W("VXLAN in GRE over IPv6", 2, true, E, DP_WRAP_VXLAN_SUM, V4, DP_WRAP_GRE_ALL, V6, E),
	W("PPPoE in VXLAN over MPLS", 1, true, DP_WRAP_PPPOE, E, DP_WRAP_VXLAN, V4, DP_WRAP_MPLS, E),
	W("IP in IP in IP in IP", 4, true, V4, V6, V6, V4, E),
};
const size_t dp_nwrappings = sizeof dp_wrappings / sizeof *dp_wrappings;

const struct dp_wrapping *dp_wrapping_named(const char *name)
{
	for (size_t i = 0; i < dp_nwrappings; i++)
		if (!strcmp(dp_wrappings[i].name, name))
			return &dp_wrappings[i];
	fprintf(stderr, "no wrapping %s\n", name);
	abort();
}
