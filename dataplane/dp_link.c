/* SPDX-License-Identifier: Apache-2.0 */
/* dp_link: what stands between a frame's EtherType and its IP packet: MPLS (RFC 3032, 4385, 4448), PPPoE (RFC 2516), PPP (RFC 1661), LLC
 * and SNAP (IEEE 802.2, RFC 1042). Ethernet, VLAN tags and IP are in dp_packet, which calls this for the rest. */
#include <string.h>

#include "dataplane/dp_be.h"
#include "dataplane/dp_packet_private.h"

enum {
	PPPOE_LEN = 6,
	PPPOE_LENGTH = 4,
	PPPOE_VERSION_TYPE = 0x11, /* RFC 2516 4 */
	PPP_IPV4 = 0x0021,
	PPP_IPV6 = 0x0057,
	SNAP_LEN = 8,
	LABEL_LEN = 4,
	LABEL_BOTTOM = 0x100, /* RFC 3032 2.1: label, 3 bits of class, bottom of stack, TTL */
	CONTROL_WORD_LEN = 4,
	/* Behind the labels there are at least so many bytes of anything that is read: an IPv4 header, or an Ethernet header with the
	 * beginning of what it bears. */
	LABELLED_MIN = 20,
};

/* What follows ends where its length field says. */
static void end_at(struct dp_cursor *c, size_t end)
{
	if (end < c->limit)
		c->limit = end;
}

enum dp_class dp_link_ppp(struct dp_cursor *c, struct dp_packet *pkt)
{
	if (!within_limit(c, 1))
		return DP_OTHER;
	if (!can_read(c, 1))
		return DP_TRUNCATED;
	/* RFC 1661 6.5: the field's last byte is odd, and where compression was agreed on, a first byte of 0 is left out. */
	size_t len = c->head[c->off] & 1 ? 1 : 2;
	if (!within_limit(c, len))
		return DP_OTHER;
	if (!can_read(c, len))
		return DP_TRUNCATED;
	unsigned protocol = len == 1 ? c->head[c->off] : dp_be_get16(c->head + c->off);
	c->off += len;
	if (protocol == PPP_IPV4)
		return dp_packet_ethertype(c, pkt, ETHERTYPE_IPV4);
	if (protocol == PPP_IPV6)
		return dp_packet_ethertype(c, pkt, ETHERTYPE_IPV6);
	return DP_OTHER;
}

static enum dp_class parse_pppoe(struct dp_cursor *c, struct dp_packet *pkt)
{
	if (!can_read(c, PPPOE_LEN))
		return DP_TRUNCATED;
	const uint8_t *pppoe = c->head + c->off;
	/* RFC 2516 4, 6: in a session the code is 0; what has another is nobody's data. */
	if (pppoe[0] != PPPOE_VERSION_TYPE || pppoe[1] != 0)
		return DP_OTHER;
	if (c->off > UINT16_MAX)
		return DP_BAD_LINK;
	if (!add_layer(pkt, DP_LAYER_PPPOE, c->off))
		return DP_TOO_DEEP;
	c->off += PPPOE_LEN;
	end_at(c, c->off + dp_be_get16(pppoe + PPPOE_LENGTH));
	return dp_link_ppp(c, pkt);
}

/* IEEE 802.3 with LLC: IP behind SNAP's header, with the OUI of EtherTypes. */
static enum dp_class parse_llc(struct dp_cursor *c, struct dp_packet *pkt, unsigned length)
{
	static const uint8_t snap[6] = { 0xaa, 0xaa, 0x03, 0, 0, 0 };
	if (length < SNAP_LEN)
		return DP_OTHER;
	if (!can_read(c, SNAP_LEN))
		return DP_TRUNCATED;
	const uint8_t *llc = c->head + c->off;
	if (memcmp(llc, snap, sizeof snap) != 0)
		return DP_OTHER;
	unsigned type = dp_be_get16(llc + sizeof snap);
	if (type < ETHERTYPE_MIN)
		return DP_OTHER;
	if (c->off > UINT16_MAX)
		return DP_BAD_LINK;
	if (!add_layer(pkt, DP_LAYER_LENGTH, c->off - 2))
		return DP_TOO_DEEP;
	end_at(c, c->off + length);
	c->off += SNAP_LEN;
	return dp_packet_ethertype(c, pkt, type);
}

/* MPLS does not say what it bears. An IP packet begins with its version, and an Ethernet frame may begin with anything: a look at
 * either tells more. The caller has seen that LABELLED_MIN bytes can be read. */

static bool looks_like_ip(const struct dp_cursor *c)
{
	const uint8_t *ip = c->head + c->off;
	if (ip[0] >> 4 == 6)
		return true;
	size_t len = (size_t)(ip[0] & 15) * 4, total = dp_be_get16(ip + 2);
	return ip[0] >> 4 == 4 && len >= IPV4_LEN && total >= len;
}

static bool looks_like_ethernet(const struct dp_cursor *c, size_t at)
{
	const uint8_t *frame = c->head + c->off + at;
	unsigned version = frame[ETHERNET_LEN] >> 4;
	switch (dp_be_get16(frame + ETHERNET_TYPE)) {
	case ETHERTYPE_IPV4:
		return version == 4;
	case ETHERTYPE_IPV6:
		return version == 6;
	case ETHERTYPE_VLAN:
	case ETHERTYPE_QINQ:
	case ETHERTYPE_QINQ_OLD:
	case ETHERTYPE_MPLS:
	case ETHERTYPE_PPPOE:
		return true;
	default:
		return false;
	}
}

static enum dp_class parse_labelled(struct dp_cursor *c, struct dp_packet *pkt)
{
	if (!within_limit(c, LABELLED_MIN))
		return DP_OTHER;
	if (!can_read(c, LABELLED_MIN))
		return DP_TRUNCATED;
	const uint8_t *p = c->head + c->off;
	size_t control = 0;
	bool bridged = false;
	/* RFC 4448 4.6: a control word's first 16 bits are 0. */
	if (p[0] == 0 && p[1] == 0 && looks_like_ethernet(c, CONTROL_WORD_LEN)) {
		control = CONTROL_WORD_LEN;
		bridged = true;
	} else if (!looks_like_ip(c)) {
		bridged = looks_like_ethernet(c, 0);
	}
	if (!bridged)
		return p[0] >> 4 == 4 || p[0] >> 4 == 6 ? dp_packet_ip(c, pkt) : DP_OTHER;
	c->off += control;
	if (c->off > UINT16_MAX)
		return DP_BAD_LINK;
	if (!add_layer(pkt, DP_LAYER_ETHERNET, c->off))
		return DP_TOO_DEEP;
	forget_vlans(pkt);
	return dp_packet_ethernet(c, pkt);
}

enum dp_class dp_link_mpls(struct dp_cursor *c, struct dp_packet *pkt)
{
	uint32_t label;
	pkt->labelled = true;
	do {
		if (!within_limit(c, LABEL_LEN))
			return DP_OTHER;
		if (!can_read(c, LABEL_LEN))
			return DP_TRUNCATED;
		label = dp_be_get32(c->head + c->off);
		c->off += LABEL_LEN;
	} while (!(label & LABEL_BOTTOM));
	return parse_labelled(c, pkt);
}

enum dp_class dp_link_ethertype(struct dp_cursor *c, struct dp_packet *pkt, unsigned type)
{
	if (type <= ETHERTYPE_LENGTH_MAX)
		return parse_llc(c, pkt, type);
	if (type < ETHERTYPE_MIN)
		return DP_BAD_LINK;
	switch (type) {
	case ETHERTYPE_MPLS:
	case ETHERTYPE_MPLS_UPSTREAM:
		return dp_link_mpls(c, pkt);
	case ETHERTYPE_PPPOE:
		return parse_pppoe(c, pkt);
	default:
		return DP_OTHER;
	}
}
