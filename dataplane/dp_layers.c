/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_layers.h"

#include <string.h>

#include "dataplane/dp_be.h"

enum {
	MAC_LEN = 6,
	IPV4_LENGTH = 2,
	IPV4_SUM = 10,
	IPV4_SRC = 12,
	IPV6_LENGTH = 4,
	IPV6_SRC = 8,
	IPV6_LEN = 40,
	UDP_LENGTH = 4,
	UDP_SUM = 6,
	PROTO_UDP = 17,
	PPPOE_LENGTH = 4,
	PPPOE_LEN = 6,
	GRE_SUM = 4, /* where GRE_CHECKSUM says so */
	GRE_CHECKSUM = 0x8000,
	GRE_KEY = 0x2000,
	GRE_SEQUENCE = 0x1000,
	PPTP_LENGTH = 4,
	PPTP_LEN = 8,
	PPTP_ACK = 0x0080,
	LENGTH_MAX = 1500, /* IEEE 802.3 3.2.6 */
};

void dp_layers_pseudo(struct dp_checksum *c, const uint8_t *frame, const struct dp_layer *ip, size_t udp_len)
{
	const uint8_t rest[8] = { 0, 0, (uint8_t)(udp_len >> 8), (uint8_t)udp_len, 0, 0, 0, PROTO_UDP };
	if (ip->kind == DP_LAYER_IPV4)
		dp_checksum_add(c, frame + ip->off + IPV4_SRC, 8);
	else
		dp_checksum_add(c, frame + ip->off + IPV6_SRC, 32);
	dp_checksum_add(c, rest, sizeof rest);
}

static bool put_length(uint8_t *field, size_t length, size_t most)
{
	if (length > most)
		return false;
	dp_be_put16(field, (unsigned)length);
	return true;
}

static void put_sum(uint8_t *field, const uint8_t *from, size_t len, struct dp_checksum *c)
{
	memset(field, 0, 2);
	dp_checksum_add(c, from, len);
	uint16_t sum = dp_checksum_value(c);
	memcpy(field, &sum, sizeof sum);
}

static bool seal_ipv4(uint8_t *ip, size_t len)
{
	struct dp_checksum c = { 0 };
	if (!put_length(ip + IPV4_LENGTH, len, UINT16_MAX))
		return false;
	put_sum(ip + IPV4_SUM, ip, (ip[0] & 15u) * 4, &c);
	return true;
}

static bool seal_udp(uint8_t *frame, const struct dp_layer *l, size_t len)
{
	uint8_t *udp = frame + l->off;
	struct dp_checksum c = { 0 };
	bool summed = dp_be_get16(udp + UDP_SUM) != 0;
	if (!put_length(udp + UDP_LENGTH, len, UINT16_MAX))
		return false;
	if (!summed)
		return true;
	dp_layers_pseudo(&c, frame, l - 1, len);
	put_sum(udp + UDP_SUM, udp, len, &c);
	if (dp_be_get16(udp + UDP_SUM) == 0)
		dp_be_put16(udp + UDP_SUM, 0xffff); /* RFC 768 */
	return true;
}

static bool seal_gre(uint8_t *gre, size_t len)
{
	struct dp_checksum c = { 0 };
	if (dp_be_get16(gre) & GRE_CHECKSUM)
		put_sum(gre + GRE_SUM, gre, len, &c);
	return true;
}

static size_t pptp_len(const uint8_t *gre)
{
	unsigned flags = dp_be_get16(gre);
	return PPTP_LEN + (flags & GRE_SEQUENCE ? 4 : 0) + (flags & PPTP_ACK ? 4 : 0);
}

static bool seal(uint8_t *frame, size_t len, const struct dp_layer *l)
{
	uint8_t *p = frame + l->off;
	len -= l->off;
	switch ((enum dp_layer_kind)l->kind) {
	case DP_LAYER_LENGTH:
		return put_length(p, len - 2, LENGTH_MAX);
	case DP_LAYER_PPPOE:
		return put_length(p + PPPOE_LENGTH, len - PPPOE_LEN, UINT16_MAX);
	case DP_LAYER_IPV4:
		return seal_ipv4(p, len);
	case DP_LAYER_IPV6:
		return put_length(p + IPV6_LENGTH, len - IPV6_LEN, UINT16_MAX);
	case DP_LAYER_UDP:
		return seal_udp(frame, l, len);
	case DP_LAYER_GRE:
		return seal_gre(p, len);
	case DP_LAYER_PPTP:
		return put_length(p + PPTP_LENGTH, len - pptp_len(p), UINT16_MAX);
	case DP_LAYER_ETHERNET:
		break;
	}
	return true;
}

bool dp_layers_seal(uint8_t *frame, size_t len, const struct dp_layer *layer, unsigned n)
{
	/* The inner ones first: the outer ones sum them. */
	while (n > 0)
		if (!seal(frame, len, &layer[--n]))
			return false;
	return true;
}

void dp_layers_learned(uint8_t *link, const struct dp_layer *layer, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (layer[i].kind == DP_LAYER_IPV4)
			link[layer[i].off + 1] &= (uint8_t)~3;
		else if (layer[i].kind == DP_LAYER_IPV6)
			link[layer[i].off + 1] &= (uint8_t)~0x30;
	}
}

void dp_layers_said(uint8_t *link, const struct dp_layer *layer, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		uint8_t *gre = link + layer[i].off;
		if (layer[i].kind != DP_LAYER_GRE && layer[i].kind != DP_LAYER_PPTP)
			continue;
		unsigned flags = dp_be_get16(gre);
		size_t at = 4 + (flags & GRE_CHECKSUM ? 4 : 0) + (flags & GRE_KEY ? 4 : 0);
		if (flags & GRE_SEQUENCE)
			dp_be_put32(gre + at, dp_be_get32(gre + at) + 1);
	}
}

static void exchange(uint8_t *a, size_t size)
{
	uint8_t was[16];
	memcpy(was, a, size);
	memmove(a, a + size, size);
	memcpy(a + size, was, size);
}

bool dp_layers_reverse(uint8_t *link, const struct dp_layer *layer, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		uint8_t *p = link + layer[i].off;
		switch ((enum dp_layer_kind)layer[i].kind) {
		case DP_LAYER_ETHERNET:
			exchange(p, MAC_LEN);
			break;
		case DP_LAYER_IPV4:
			exchange(p + IPV4_SRC, 4);
			break;
		case DP_LAYER_IPV6:
			exchange(p + IPV6_SRC, 16);
			break;
		case DP_LAYER_PPTP:
			return false;
		case DP_LAYER_LENGTH:
		case DP_LAYER_PPPOE:
		case DP_LAYER_UDP: /* its receiver's port is the same from both sides, and the sender's is any */
		case DP_LAYER_GRE:
			break;
		}
	}
	return true;
}
