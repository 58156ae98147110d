/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_tunnel.h"

#include "control/ct_config.h"
#include "dataplane/dp_be.h"
#include "dataplane/dp_packet_private.h"

enum ip_proto {
	PROTO_IPV4 = 4,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	PROTO_IPV6 = 41,
	PROTO_GRE = 47,
	PROTO_MPLS = 137,
};

enum gre {
	GRE_LEN = 4,
	GRE_FIELD_LEN = 4, /* checksum with what stands beside it; key; sequence number */
	GRE_CHECKSUM = 0x8000,
	GRE_ROUTING = 0x4000,
	GRE_KEY = 0x2000,
	GRE_SEQUENCE = 0x1000,
	GRE_REFUSED = 0x4c00, /* RFC 2784 2.3: with any of bits 1, 4 and 5 set a receiver discards it; 2 and 3 are RFC 2890's */
	GRE_ACK = 0x0080, /* version 1 */
	GRE_VERSION = 0x0007,
	GRE_PPP = 0x880b, /* of version 1 only */
	GRE_ERSPAN = 0x88be, /* types I, II */
	GRE_ERSPAN_III = 0x22eb,
	/* RFC 7637 3.2: below are no virtual networks, so that a smaller key is not NVGRE's. */
	NVGRE_KEY_MIN = 0x1000 << 8,
};

enum {
	VXLAN_LEN = 8,
	VXLAN_VALID = 0x08, /* RFC 7348 5: I, without which the packet is nobody's */
	GENEVE_LEN = 8,
	GENEVE_CONTROL = 0x80, /* RFC 8926 3.4: O, in the second byte */
	ERSPAN_II_LEN = 8,
	ERSPAN_III_LEN = 12,
	ERSPAN_III_SUBHEADER_LEN = 8,
	ERSPAN_III_SUBHEADER = 0x01, /* O, in the last byte */
	ERSPAN_III_TYPE_IP = 2, /* FT: else an Ethernet frame */
};

enum tunnel_kind { TUNNEL_IP = 1, TUNNEL_MPLS, TUNNEL_GRE, TUNNEL_GRE_KEY, TUNNEL_NVGRE, TUNNEL_PPTP, TUNNEL_ERSPAN, TUNNEL_VXLAN, TUNNEL_GENEVE };

struct opened { /* what was found of a tunnel, before anything is changed */
	struct dp_cursor at; /* behind its header */
	unsigned type; /* EtherType of what it bears, or GRE_PPP */
	enum tunnel_kind kind;
	uint32_t number; /* of the network in it */
	bool pair; /* its ends' addresses tell it from others */
	enum dp_layer_kind layer; /* of its header */
	size_t layer_off; /* where that is; 0: it has none */
	bool mirrored;
};

static bool has_port(const uint16_t *ports, size_t n, uint16_t port)
{
	for (size_t i = 0; i < n; i++)
		if (ports[i] == port)
			return true;
	return false;
}

/* n bytes are there to be read. DP_OTHER: the tunnel's own length ends before. */
static enum dp_class need(const struct dp_cursor *c, size_t n)
{
	if (!within_limit(c, n))
		return DP_OTHER;
	return can_read(c, n) ? DP_TCP : DP_TRUNCATED;
}

/* Each returns DP_TCP when it was opened. */

static enum dp_class open_vxlan(struct opened *o)
{
	enum dp_class c = need(&o->at, VXLAN_LEN);
	if (c != DP_TCP)
		return c;
	const uint8_t *vxlan = o->at.head + o->at.off;
	if (!(vxlan[0] & VXLAN_VALID))
		return DP_OTHER;
	o->kind = TUNNEL_VXLAN;
	o->number = dp_be_get32(vxlan + 4) >> 8;
	o->type = ETHERTYPE_BRIDGED;
	o->at.off += VXLAN_LEN;
	return DP_TCP;
}

static enum dp_class open_geneve(struct opened *o)
{
	enum dp_class c = need(&o->at, GENEVE_LEN);
	if (c != DP_TCP)
		return c;
	const uint8_t *geneve = o->at.head + o->at.off;
	size_t len = GENEVE_LEN + (geneve[0] & 0x3fu) * 4;
	if (geneve[0] >> 6 != 0 || geneve[1] & GENEVE_CONTROL)
		return DP_OTHER;
	c = need(&o->at, len);
	if (c != DP_TCP)
		return c;
	o->kind = TUNNEL_GENEVE;
	o->number = dp_be_get32(geneve + 4) >> 8;
	o->type = dp_be_get16(geneve + 2);
	o->at.off += len;
	return DP_TCP;
}

static enum dp_class open_udp(const struct dp_tunnels *t, const struct dp_packet *pkt, struct opened *o)
{
	enum dp_class c = need(&o->at, UDP_LEN);
	if (c != DP_TCP)
		return c;
	const uint8_t *udp = o->at.head + o->at.off;
	uint16_t port = dp_be_get16(udp + 2);
	bool vxlan = has_port(t->vxlan, t->nvxlan, port);
	if (!vxlan && !has_port(t->geneve, t->ngeneve, port))
		return DP_OTHER;
	size_t len = dp_be_get16(udp + 4);
	/* RFC 2675 4: in a jumbogram it is 0. */
	if (len == 0 && pkt->ip_version == 6)
		len = o->at.limit - o->at.off;
	if (len < UDP_LEN || !within_limit(&o->at, len))
		return DP_OTHER;
	o->layer = DP_LAYER_UDP;
	o->layer_off = o->at.off;
	o->at.limit = o->at.off + len;
	o->at.off += UDP_LEN;
	return vxlan ? open_vxlan(o) : open_geneve(o);
}

static enum dp_class open_erspan_iii(struct opened *o)
{
	enum dp_class c = need(&o->at, ERSPAN_III_LEN);
	if (c != DP_TCP)
		return c;
	const uint8_t *erspan = o->at.head + o->at.off;
	size_t len = ERSPAN_III_LEN + (erspan[11] & ERSPAN_III_SUBHEADER ? ERSPAN_III_SUBHEADER_LEN : 0);
	unsigned type = erspan[10] >> 2 & 31;
	if (erspan[0] >> 4 != 2)
		return DP_OTHER;
	c = need(&o->at, len + (type == ERSPAN_III_TYPE_IP));
	if (c != DP_TCP)
		return c;
	o->type = ETHERTYPE_BRIDGED;
	if (type == ERSPAN_III_TYPE_IP)
		o->type = erspan[len] >> 4 == 6 ? ETHERTYPE_IPV6 : ETHERTYPE_IPV4;
	o->at.off += len;
	return DP_TCP;
}

static enum dp_class open_erspan(struct opened *o, unsigned protocol, bool numbered)
{
	o->kind = TUNNEL_ERSPAN;
	o->mirrored = true;
	o->pair = false;
	o->number = 0;
	o->type = ETHERTYPE_BRIDGED;
	if (protocol == GRE_ERSPAN_III)
		return open_erspan_iii(o);
	/* Type I has neither a header nor a sequence number, by which it is known. */
	if (!numbered)
		return DP_TCP;
	enum dp_class c = need(&o->at, ERSPAN_II_LEN);
	if (c != DP_TCP)
		return c;
	if (o->at.head[o->at.off] >> 4 != 1)
		return DP_OTHER;
	o->at.off += ERSPAN_II_LEN;
	return DP_TCP;
}

/* RFC 2637 4.1. Call numbers are each end's own. */
static enum dp_class open_pptp(struct opened *o, unsigned flags, const uint8_t *gre)
{
	size_t len = GRE_LEN + GRE_FIELD_LEN + (flags & GRE_SEQUENCE ? GRE_FIELD_LEN : 0) + (flags & GRE_ACK ? GRE_FIELD_LEN : 0);
	if (dp_be_get16(gre + 2) != (unsigned)GRE_PPP || !(flags & GRE_KEY) || !(flags & GRE_SEQUENCE) || flags & (GRE_CHECKSUM | GRE_ROUTING))
		return DP_OTHER;
	enum dp_class c = need(&o->at, len);
	if (c != DP_TCP)
		return c;
	size_t payload = dp_be_get16(gre + GRE_LEN);
	o->at.off += len;
	if (!within_limit(&o->at, payload))
		return DP_OTHER;
	o->at.limit = o->at.off + payload;
	o->kind = TUNNEL_PPTP;
	o->layer = DP_LAYER_PPTP;
	o->type = GRE_PPP;
	/* RFC 1661 6.6, RFC 1662 3.1: address and control, where they were not agreed to be left out. */
	c = need(&o->at, 2);
	if (c != DP_TCP)
		return c;
	if (dp_be_get16(o->at.head + o->at.off) == 0xff03)
		o->at.off += 2;
	return DP_TCP;
}

static uint32_t key_of(struct opened *o, uint32_t key)
{
	o->kind = TUNNEL_GRE_KEY;
	/* RFC 7637 3.2: the last byte of NVGRE's tells flows apart, and each direction may have another. */
	if (o->type == ETHERTYPE_BRIDGED && key >= NVGRE_KEY_MIN) {
		o->kind = TUNNEL_NVGRE;
		return key >> 8;
	}
	return key;
}

static enum dp_class open_gre(struct opened *o)
{
	enum dp_class c = need(&o->at, GRE_LEN);
	if (c != DP_TCP)
		return c;
	const uint8_t *gre = o->at.head + o->at.off;
	unsigned flags = dp_be_get16(gre), protocol = dp_be_get16(gre + 2);
	o->layer = DP_LAYER_GRE;
	o->layer_off = o->at.off;
	o->pair = true;
	o->kind = TUNNEL_GRE;
	if ((flags & GRE_VERSION) == 1)
		return open_pptp(o, flags, gre);
	if (flags & (GRE_REFUSED | GRE_VERSION))
		return DP_OTHER;
	size_t key_at = GRE_LEN + (flags & GRE_CHECKSUM ? GRE_FIELD_LEN : 0);
	size_t len = key_at + (flags & GRE_KEY ? GRE_FIELD_LEN : 0) + (flags & GRE_SEQUENCE ? GRE_FIELD_LEN : 0);
	c = need(&o->at, len);
	if (c != DP_TCP)
		return c;
	o->at.off += len;
	o->type = protocol == GRE_PPP ? 0 : protocol;
	if (protocol == GRE_ERSPAN || protocol == GRE_ERSPAN_III)
		return open_erspan(o, protocol, flags & GRE_SEQUENCE);
	if (flags & GRE_KEY)
		o->number = key_of(o, dp_be_get32(gre + key_at));
	return DP_TCP;
}

static enum dp_class open_ip(struct opened *o, unsigned type)
{
	o->kind = type == ETHERTYPE_MPLS ? TUNNEL_MPLS : TUNNEL_IP;
	o->type = type;
	o->pair = true;
	return DP_TCP;
}

static enum dp_class open_tunnel(const struct dp_tunnels *t, const struct dp_packet *pkt, struct opened *o)
{
	switch (pkt->proto) {
	case PROTO_UDP:
		return open_udp(t, pkt, o);
	case PROTO_GRE:
		return open_gre(o);
	case PROTO_IPV4:
		return open_ip(o, ETHERTYPE_IPV4);
	case PROTO_IPV6:
		return open_ip(o, ETHERTYPE_IPV6);
	case PROTO_MPLS:
		return open_ip(o, ETHERTYPE_MPLS);
	default:
		return DP_OTHER;
	}
}

static bool is_read(unsigned type)
{
	switch (type) {
	case GRE_PPP:
	case ETHERTYPE_IPV4:
	case ETHERTYPE_IPV6:
	case ETHERTYPE_BRIDGED:
	case ETHERTYPE_MPLS:
	case ETHERTYPE_MPLS_UPSTREAM:
		return true;
	default:
		return false;
	}
}

/* What the layers around it are called. */
static bool add_layers(const struct opened *o, struct dp_packet *pkt)
{
	if (!add_layer(pkt, pkt->ip_version == 4 ? DP_LAYER_IPV4 : DP_LAYER_IPV6, pkt->l3_off))
		return false;
	if (o->layer_off && !add_layer(pkt, o->layer, o->layer_off))
		return false;
	return o->type != ETHERTYPE_BRIDGED || add_layer(pkt, DP_LAYER_ETHERNET, o->at.off);
}

/* The same of both directions: tenants of different networks may have the same addresses. */
static void name_tunnel(const struct opened *o, struct dp_packet *pkt)
{
	uint64_t id = (uint64_t)o->kind << 56 | o->number;
	if (o->pair)
		id = dp_packet_mix(dp_packet_pair(pkt) ^ id, id);
	/* One tunnel's number is itself, without collisions. */
	pkt->tunnel = pkt->tunnel ? dp_packet_mix(pkt->tunnel, id) + id : id;
}

static void forget_ip(struct dp_packet *pkt)
{
	memset(pkt->src, 0, sizeof pkt->src);
	memset(pkt->dst, 0, sizeof pkt->dst);
	pkt->ip_version = pkt->proto = 0;
	pkt->l3_off = pkt->l4_off = 0;
}

static enum dp_class descend(struct opened *o, struct dp_cursor *c, struct dp_packet *pkt)
{
	if (o->at.off > UINT16_MAX || !add_layers(o, pkt))
		return DP_TOO_DEEP;
	name_tunnel(o, pkt);
	pkt->depth++;
	pkt->mirrored |= o->mirrored;
	forget_ip(pkt);
	*c = o->at;
	if (o->type == GRE_PPP)
		return dp_link_ppp(c, pkt);
	if (o->type != ETHERTYPE_BRIDGED)
		return dp_packet_ethertype(c, pkt, o->type);
	forget_vlans(pkt);
	/* A frame of its own, whose padding is not its IP packet's, and which its mirror may have cut. */
	c->frame_len = c->limit < c->frame_len ? c->limit : c->frame_len;
	c->head_len = c->limit < c->head_len ? c->limit : c->head_len;
	c->limit = SIZE_MAX;
	return dp_packet_ethernet(c, pkt);
}

/* From an IP packet that bears no TCP. Apart, so that what bears TCP does not pay for it. */
__attribute__((noinline)) static enum dp_class go_down(const struct dp_tunnels *t, struct dp_cursor *c, struct dp_packet *pkt)
{
	enum dp_class class = DP_OTHER;
	while (class == DP_OTHER && pkt->ip_version) {
		struct opened o = { .at = *c };
		o.at.limit = c->end;
		enum dp_class opened = open_tunnel(t, pkt, &o);
		if (opened == DP_TCP && !is_read(o.type))
			opened = DP_OTHER;
		if (opened != DP_TCP)
			return opened;
		if (pkt->depth == t->depth)
			return DP_TOO_DEEP;
		class = descend(&o, c, pkt);
	}
	return class;
}

enum dp_class dp_tunnel_parse(const struct dp_tunnels *t, enum dp_link link, const uint8_t *head, size_t head_len, size_t frame_len,
			      struct dp_packet *pkt)
{
	struct dp_cursor c = dp_cursor_of(head, head_len, frame_len);
	enum dp_class class = dp_packet_begin(&c, link, pkt);
	return class != DP_OTHER || t->depth == 0 ? class : go_down(t, &c, pkt);
}

void dp_tunnels_init(struct dp_tunnels *t, const struct ct_config *c)
{
	*t = (struct dp_tunnels){ .depth = c->capture.tunnels ? c->capture.tunnel_depth : 0,
				  .vxlan = c->capture.vxlan_ports, .nvxlan = c->capture.nvxlan_ports,
				  .geneve = c->capture.geneve_ports, .ngeneve = c->capture.ngeneve_ports };
}

bool dp_tunnel_none(const uint8_t *head, size_t head_len)
{
	size_t at = ETHERNET_LEN;
	if (head_len < ETHERNET_LEN + 4 + IPV4_LEN)
		return false;
	unsigned type = dp_be_get16(head + ETHERNET_TYPE);
	if (type == ETHERTYPE_VLAN) {
		type = dp_be_get16(head + ETHERNET_TYPE + 4);
		at += 4;
	}
	return type == ETHERTYPE_IPV4 ? head[at + 9] == PROTO_TCP : type == ETHERTYPE_IPV6 && head[at + 6] == PROTO_TCP;
}
