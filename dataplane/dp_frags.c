/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_frags.h"

#include <netinet/in.h>
#include <string.h>

#include "dataplane/dp_be.h"
#include "dataplane/dp_frags_private.h"

/* Sizes. */

#define ALIGN64(n) (((n) + 63) & ~(size_t)63)

/* n fragments are 2n - 1 pieces at most. */
static uint32_t pieces_of(uint32_t fragments)
{
	return fragments * 2;
}

static uint32_t buckets_of(const struct ct_config *c)
{
	return rte_align32pow2(c->memory.datagrams);
}

size_t dp_frags_bytes(const struct ct_config *c, uint32_t fragments)
{
	return ALIGN64(RS_POOL_BYTES(sizeof(struct dp_datagram), c->memory.datagrams)) +
	       ALIGN64(RS_POOL_BYTES(sizeof(struct rs_frag_piece), pieces_of(fragments))) +
	       ALIGN64(buckets_of(c) * sizeof(struct dp_datagram *)) + DP_FRAGS_GROUPS * sizeof(uint32_t[DP_FRAGS_LOST]);
}

void dp_frags_init(struct dp_frags *f, void *mem, const struct dp_frags_config *fc)
{
	const struct ct_config *c = fc->config;
	char *at = mem;
	memset(f, 0, sizeof *f);
	f->config = c;
	f->seed = fc->seed;
	f->timeout = c->ip.timeout * SECOND;
	f->kept_max = fc->fragments;
	f->inline_ = fc->inline_;
	dp_tunnels_init(&f->tunnels, c);
	f->account = fc->account;
	f->alloc = fc->alloc;
	f->begun = fc->begun;
	f->arg = fc->arg;
	f->mask = buckets_of(c) - 1;
	rs_pool_init(&f->datagrams, at, sizeof(struct dp_datagram), c->memory.datagrams);
	at += ALIGN64(RS_POOL_BYTES(sizeof(struct dp_datagram), c->memory.datagrams));
	rs_pool_init(&f->pieces, at, sizeof(struct rs_frag_piece), pieces_of(fc->fragments));
	at += ALIGN64(RS_POOL_BYTES(sizeof(struct rs_frag_piece), pieces_of(fc->fragments)));
	f->buckets = (struct dp_datagram **)at;
	memset(f->buckets, 0, buckets_of(c) * sizeof *f->buckets);
	at += ALIGN64(buckets_of(c) * sizeof *f->buckets);
	f->lost = (uint32_t (*)[DP_FRAGS_LOST])at;
	memset(f->lost, 0, DP_FRAGS_GROUPS * sizeof *f->lost);
	f->last_beginning = &f->beginnings;
	f->mem = (struct rs_frag_mem){ &f->pieces, dp_fragment_same };
	TAILQ_INIT(&f->order);
	TAILQ_INIT(&f->done);
	for (unsigned i = 0; i < DP_FRAGS_GROUPS; i++) {
		TAILQ_INIT(&f->groups[i].list);
		TAILQ_INIT(&f->groups[i].done);
	}
}

/* Making. */

static bool is_plain(const struct dp_datagram *d)
{
	const struct rte_mbuf *first = d->frag.head->ref;
	const struct dp_meta *meta = dp_meta_const(first);
	return dp_datagram_is_plain((enum dp_link)meta->link, rte_pktmbuf_mtod(first, const uint8_t *), meta->l3_off);
}

struct rte_mbuf *frags_make(const struct dp_frags *f, const struct dp_datagram *d, const struct rte_mbuf *for_, uint64_t time)
{
	const struct dp_meta *from = dp_meta_const(for_), *first = dp_meta_const(d->frag.head->ref);
	const struct rs_contradiction *c = &d->frag.contradiction;
	struct rte_mbuf *made = dp_datagram_make(&d->frag, &d->tags, f->alloc, f->arg);
	if (!made)
		return NULL;
	struct dp_meta *to = dp_meta(made);
	*to = (struct dp_meta){ .seq = from->seq, .time = time, .pcap_cnt = from->pcap_cnt, .wire_len = rte_pktmbuf_pkt_len(made),
				.input = from->input, .port = from->port, .link = is_plain(d) ? first->link : (uint8_t)DP_LINK_ETHERNET,
				.kind = DP_GIVEN, .datagram = true, .uncounted = from->uncounted, .depth = (uint8_t)(d->depth + 1),
				.cut_to = d->longest, .differs = d->differs, .differ = d->differ, .tunnel = d->key.tunnel };
	if (d->frag.contradicts) {
		to->differs = true;
		to->differ = (struct dp_fragments_differ){ (uint16_t)c->at, (uint16_t)c->off, (uint16_t)c->len, (uint16_t)c->seen_off,
						    (uint16_t)c->seen_len };
	}
	return made;
}

static bool has_head(const struct dp_datagram *d)
{
	return d->frag.head && d->frag.head->off == 0;
}

/* How long it is only its last fragment tells: there is another one, at least. What is in a tunnel has a length of its own, which must
 * find room in this one's. */
static void guess_end(struct dp_datagram *d)
{
	uint32_t most = RS_FRAG_MAX - d->frag.header;
	if (dp_datagram_bears_tcp(&d->frag))
		most = RTE_MIN(most, d->frag.end + 8);
	d->frag.end = RTE_MAX(most, d->frag.end);
}

/* What is there of its beginning, in the place of the first of its fragments that came. NULL: no mbuf is to be had. */
static struct rte_mbuf *make_beginning(const struct dp_frags *f, struct dp_datagram *d, uint64_t now)
{
	bool endless = !d->frag.last;
	if (endless)
		guess_end(d);
	struct rte_mbuf *m = frags_make(f, d, d->first, now);
	if (m) {
		dp_meta(m)->wire_len = UINT32_MAX;
		dp_meta(m)->beginning = true;
		dp_meta(m)->endless = endless && dp_datagram_bears_tcp(&d->frag);
	}
	return m;
}

/* Ending. */

void frags_unlist(struct dp_frags *f, struct dp_datagram *d)
{
	struct dp_datagram **link = &f->buckets[d->bucket];
	while (*link != d)
		link = &(*link)->next;
	*link = d->next;
	TAILQ_REMOVE(d->done ? &f->done : &f->order, d, in_order);
	TAILQ_REMOVE(d->done ? &f->groups[d->group].done : &f->groups[d->group].list, d, in_group);
	f->groups[d->group].kept -= d->kept;
	f->kept -= d->kept;
	rs_frag_clear(&d->frag, &f->mem);
	rs_pool_put(&f->datagrams, d);
}

static void drop(struct dp_frags *f, const struct rte_mbuf *m, enum dp_drop why)
{
	f->account[dp_meta_const(m)->port].dropped[why]++;
}

/* but: goes on being counted as held; NULL: none. */
static void give_up_but(struct dp_frags *f, struct dp_datagram *d, enum dp_drop why, const struct rte_mbuf *but)
{
	for (struct rte_mbuf *m = d->first, *next; m; m = next) {
		next = dp_meta(m)->fragments;
		if (m != but) {
			f->account[dp_meta(m)->port].held--;
			drop(f, m, why);
		}
		rte_pktmbuf_free(m);
	}
	frags_unlist(f, d);
}

static void give_up(struct dp_frags *f, struct dp_datagram *d, enum dp_drop why)
{
	give_up_but(f, d, why, NULL);
}

void dp_frags_release(struct rte_mbuf *datagram, struct ct_account *account)
{
	struct rte_mbuf *m = dp_meta(datagram)->fragments;
	dp_meta(datagram)->fragments = NULL;
	for (struct rte_mbuf *next; m; m = next) {
		next = dp_meta(m)->fragments;
		if (next) {
			account->held--;
			account->consumed++;
		}
		rte_pktmbuf_free(m);
	}
}

bool frags_is_over(const struct dp_frags *f, const struct dp_datagram *d, uint64_t now)
{
	return now >= d->since && now - d->since >= f->timeout;
}

void frags_put_beginning(struct dp_frags *f, struct rte_mbuf *m)
{
	*f->last_beginning = m;
	f->last_beginning = &dp_meta(m)->fragments;
}

/* Its receiver may yet have it: what is there of its beginning tells its connection, now or when it comes. It stands for the first of
 * its fragments in the account. What only repeats what was read has nothing to tell. */
static void give_way(struct dp_frags *f, struct dp_datagram *d, enum dp_drop why, uint64_t now)
{
	struct rte_mbuf *m = NULL;
	bool told = f->begun && d->news && d->first && !dp_meta(d->first)->uncounted;
	if (told && has_head(d))
		m = make_beginning(f, d, now);
	if (m) {
		frags_put_beginning(f, m);
	} else if (told) {
		*frags_lost(f, &d->key) = frags_second(now);
	}
	give_up_but(f, d, why, m ? d->first : NULL);
}

/* What is in them may be fragments, too, and make others give way: these come behind. */
static void hand_on(struct dp_frags *f)
{
	if (f->handing)
		return;
	f->handing = true;
	for (struct rte_mbuf *m; (m = f->beginnings);) {
		f->beginnings = dp_meta(m)->fragments;
		if (!f->beginnings)
			f->last_beginning = &f->beginnings;
		dp_meta(m)->fragments = NULL;
		f->begun(f->arg, m);
	}
	f->handing = false;
}

void dp_frags_expire(struct dp_frags *f, uint64_t now)
{
	struct dp_datagram *d;
	for (unsigned i = 0; i < DP_FRAGS_STEPS && (d = TAILQ_FIRST(&f->order)) && frags_is_over(f, d, now); i++) {
		f->stats.timeouts++;
		give_way(f, d, DP_DROP_FRAGMENT_TIMEOUT, now);
	}
	for (unsigned i = 0; i < DP_FRAGS_STEPS && (d = TAILQ_FIRST(&f->done)) && frags_is_over(f, d, now); i++)
		frags_stop_remembering(f, d, now);
	hand_on(f);
}

void dp_frags_end(struct dp_frags *f)
{
	struct dp_datagram *d;
	while ((d = TAILQ_FIRST(&f->order))) {
		f->stats.timeouts++;
		give_up(f, d, DP_DROP_FRAGMENT_TIMEOUT);
	}
	while ((d = TAILQ_FIRST(&f->done)))
		frags_forget(f, d);
}

/* The oldest of the senders that keep most; what is only remembered first. */
static void evict(struct dp_frags *f, uint64_t now)
{
	unsigned most = 0;
	for (unsigned i = 1; i < DP_FRAGS_GROUPS; i++)
		if (f->groups[i].kept > f->groups[most].kept)
			most = i;
	struct dp_datagram *done = TAILQ_FIRST(&f->groups[most].done);
	if (done) {
		frags_stop_remembering(f, done, now);
		return;
	}
	f->stats.evicted++;
	give_way(f, TAILQ_FIRST(&f->groups[most].list), DP_DROP_FRAGMENT_NO_ROOM, now);
}

/* Beginning. */

static void set_tags(struct dp_datagram *d, const struct dp_packet *pkt)
{
	d->tags = (struct dp_tags){ pkt->nvlan, { pkt->vlan[0], pkt->vlan[1] } };
}

static struct dp_datagram *begin(struct dp_frags *f, const struct dp_frags_key *k, const struct dp_packet *pkt,
				 const struct rte_mbuf *m)
{
	const struct dp_meta *meta = dp_meta_const(m);
	while (f->datagrams.used == f->datagrams.size)
		evict(f, meta->time);
	struct dp_datagram *d = rs_pool_get(&f->datagrams);
	memset(d, 0, sizeof *d);
	d->key = *k;
	d->bucket = (uint32_t)(frags_hash(f, k) & f->mask);
	d->group = frags_group(f, k);
	d->since = meta->time;
	d->input = meta->input;
	d->last = &d->first;
	set_tags(d, pkt);
	rs_frag_init(&d->frag, ct_config_receiver(f->config, pkt->dst), pkt->ip_version, (uint16_t)f->config->ip.fragments_max);
	d->next = f->buckets[d->bucket];
	f->buckets[d->bucket] = d;
	TAILQ_INSERT_TAIL(&f->order, d, in_order);
	TAILQ_INSERT_TAIL(&f->groups[d->group].list, d, in_group);
	return d;
}

/* The datagram that the fragment belongs to, with room for it; NULL: there is none. */
static struct dp_datagram *datagram_of(struct dp_frags *f, const struct dp_frags_key *k, const struct dp_packet *pkt,
				       const struct rte_mbuf *m, bool first)
{
	const struct dp_meta *meta = dp_meta_const(m);
	if (m->nb_segs > f->kept_max)
		return NULL;
	while (f->kept + m->nb_segs > f->kept_max)
		evict(f, meta->time);
	struct dp_datagram *d = frags_find(f, k);
	if (d && frags_is_over(f, d, meta->time)) {
		f->stats.timeouts++;
		give_way(f, d, DP_DROP_FRAGMENT_TIMEOUT, meta->time);
		d = NULL;
	} else if (d && d->input != meta->input && meta->time < d->since) {
		/* Another capture's, whose time is an earlier one (dp_conn_of). */
		f->stats.timeouts++;
		give_up(f, d, DP_DROP_FRAGMENT_TIMEOUT);
		d = NULL;
	} else if (d && first && f->begun && d->frag.n >= d->frag.max && !has_head(d)) {
		/* One more than it may have, and that which tells its connection: that one begins it anew. */
		f->stats.faults[RS_FRAG_TOO_MANY]++;
		give_way(f, d, DP_DROP_FRAGMENT_NO_ROOM, meta->time);
		d = NULL;
	}
	return d ? d : begin(f, k, pkt, m);
}

/* Taking. */

enum { IPV6_HIP = 139, IPV6_SHIM6 = 140 };

/* Of UDP only the first fragment has ports. On a copy all of it is collected, where tunnels are looked into. Between two ports
 * only what a first fragment shows to be a tunnel is: where it comes behind others these have gone on, it waits in vain, and
 * nothing is put together. */
static bool wants_udp(const struct dp_frags *f, const struct dp_packet *pkt, const struct rte_mbuf *m, uint32_t off)
{
	if (!f->inline_)
		return f->tunnels.depth > 0;
	uint32_t at = pkt->l4_off + (pkt->ip_version == 6 ? 8u : 0);
	if (off > 0 || at + 4 > rte_pktmbuf_data_len(m))
		return false;
	uint16_t port = dp_be_get16(rte_pktmbuf_mtod_offset(m, const uint8_t *, at + 2));
	for (size_t i = 0; i < f->tunnels.nvxlan; i++)
		if (f->tunnels.vxlan[i] == port)
			return f->tunnels.depth > 0;
	for (size_t i = 0; i < f->tunnels.ngeneve; i++)
		if (f->tunnels.geneve[i] == port)
			return f->tunnels.depth > 0;
	return false;
}

static bool may_lead_to_tcp(const struct dp_frags *f, const struct dp_packet *pkt)
{
	switch (pkt->proto) {
	case IPPROTO_TCP:
	case IPPROTO_AH:
		return true;
	case IPPROTO_IPIP:
	case IPPROTO_IPV6:
	case IPPROTO_GRE:
	case IPPROTO_MPLS:
		return f->tunnels.depth > 0;
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_FRAGMENT:
	case IPPROTO_DSTOPTS:
	case IPPROTO_MH:
	case IPV6_HIP:
	case IPV6_SHIM6:
		return pkt->ip_version == 6;
	default:
		return false;
	}
}

bool dp_frags_wants(const struct dp_frags *f, const struct dp_packet *pkt, struct rte_mbuf *m)
{
	struct dp_fragment frag;
	struct dp_frags_key k;
	if (may_lead_to_tcp(f, pkt))
		return true;
	bool udp = pkt->proto == IPPROTO_UDP && f->tunnels.depth > 0;
	if (!udp && (pkt->ip_version != 6 || TAILQ_EMPTY(&f->order)))
		return false;
	enum dp_fragment_fault fault = dp_fragment_look(pkt, m, false, false, &frag);
	if (fault != DP_FRAGMENT_FINE && !(fault == DP_FRAGMENT_CUT && dp_meta_const(m)->beginning))
		return false;
	if (udp && wants_udp(f, pkt, m, frag.part.off))
		return true;
	/* Of IPv6 any protocol may stand in the fragments behind the first, and means nothing there (RFC 8200 4.5). */
	frags_key(f, pkt, dp_meta_const(m), frag.id, &k);
	return frag.part.off > 0 && frags_find(f, &k) != NULL;
}

static enum dp_drop reason_of(enum rs_frag_fault fault)
{
	return fault == RS_FRAG_OVERLAP  ? DP_DROP_FRAGMENT_OVERLAP :
	       fault == RS_FRAG_TOO_MANY ? DP_DROP_FRAGMENT_NO_ROOM :
					   DP_DROP_FRAGMENT_BAD;
}

/* A reference is taken, and it is held from now on. */
static void keep(struct dp_frags *f, struct dp_datagram *d, struct rte_mbuf *m)
{
	struct dp_meta *meta = dp_meta(m);
	meta->fragments = NULL;
	*d->last = m;
	d->last = &meta->fragments;
	rte_mbuf_refcnt_update(m, 1);
	f->account[meta->port].held++;
	d->depth = RTE_MAX(d->depth, meta->depth);
	d->kept += m->nb_segs;
	f->kept += m->nb_segs;
	f->groups[d->group].kept += m->nb_segs;
	d->longest = (uint16_t)RTE_MAX(d->longest, RTE_MIN(rte_pktmbuf_pkt_len(m), (uint32_t)UINT16_MAX));
	if (meta->differs) {
		d->differs = true;
		d->differ = meta->differ;
	}
}

/* Its fragments are done with in the account, but for what the newest stands for. */
static void spend(struct dp_frags *f, struct dp_datagram *d, const struct rte_mbuf *newest)
{
	for (struct rte_mbuf *m = d->first; m; m = dp_meta(m)->fragments)
		if (m != newest) {
			f->account[dp_meta(m)->port].held--;
			f->account[dp_meta(m)->port].consumed++;
		}
}

static struct rte_mbuf *complete(struct dp_frags *f, struct dp_datagram *d, const struct rte_mbuf *newest)
{
	f->stats.datagrams++;
	f->stats.contradictions += d->frag.contradicts;
	/* What one receiver would read so and another otherwise does not go on. */
	if (f->inline_ && (d->frag.contradicts || d->differs)) {
		give_up(f, d, DP_DROP_FRAGMENT_OVERLAP);
		return NULL;
	}
	/* What goes on of a datagram is made of its own frames: what stands around an inner packet would have to be made, too. */
	if (f->inline_ && !is_plain(d)) {
		give_up(f, d, DP_DROP_FRAGMENT);
		return NULL;
	}
	struct rte_mbuf *whole = frags_make(f, d, newest, dp_meta_const(newest)->time);
	if (!whole) {
		give_up(f, d, DP_DROP_FRAGMENT_NO_ROOM);
		return NULL;
	}
	dp_meta(whole)->doubtful = d->lost;
	if (f->inline_) {
		dp_meta(whole)->fragments = d->first;
		frags_unlist(f, d);
		return whole;
	}
	spend(f, d, newest);
	if (f->begun && !dp_meta_const(newest)->uncounted && dp_datagram_bears_tcp(&d->frag))
		frags_remember(f, d, dp_meta_const(newest)->time);
	else
		frags_forget(f, d);
	return whole;
}

static enum dp_fate add(struct dp_frags *f, struct dp_datagram *d, const struct dp_packet *pkt, const struct dp_fragment *frag,
                        struct rte_mbuf *m, struct rte_mbuf **datagram)
{
	enum rs_frag_verdict v = rs_frag_add(&d->frag, &f->mem, &frag->part);
	enum rs_frag_fault fault = (enum rs_frag_fault)d->frag.fault;
	if (fault != RS_FRAG_NO_FAULT)
		f->stats.faults[fault]++;
	if (frag->part.off == 0)
		set_tags(d, pkt);
	switch (v) {
	case RS_FRAG_HELD:
		keep(f, d, m);
		if (d->lost && has_head(d))
			give_way(f, d, DP_DROP_FRAGMENT_NO_ROOM, dp_meta(m)->time);
		break;
	case RS_FRAG_WHOLE:
		keep(f, d, m);
		*datagram = complete(f, d, m);
		break;
	case RS_FRAG_IGNORED:
		if (!d->first)
			frags_unlist(f, d);
		if (fault == RS_FRAG_REPEATED)
			return DP_CONSUMED;
		drop(f, m, reason_of(fault));
		return DP_DROPPED;
	case RS_FRAG_DISCARD:
		drop(f, m, reason_of(fault));
		if (fault == RS_FRAG_TOO_MANY || d->lost)
			give_way(f, d, reason_of(fault), dp_meta(m)->time);
		else
			give_up(f, d, reason_of(fault));
		return DP_DROPPED;
	}
	return DP_HELD;
}

/* RFC 1858 3, RFC 3128: no honest sender's, but receivers take them. */
static bool is_tiny(const struct dp_packet *pkt, const struct rs_frag_part *part)
{
	return pkt->proto == IPPROTO_TCP && ((part->off == 0 && part->more && part->len < 20) || (part->off > 0 && part->off < 20));
}

/* The beginning of a datagram that was given up may be one of a fragment. False: there is nothing of that one's payload. */
static bool shorten(const struct rte_mbuf *m, struct dp_fragment *frag)
{
	if (!dp_meta_const(m)->beginning || rte_pktmbuf_pkt_len(m) < frag->data_off + 8u)
		return false;
	frag->part.len = (rte_pktmbuf_pkt_len(m) - frag->data_off) & ~7u;
	frag->part.more = true;
	return true;
}

enum dp_fate dp_frags_take(struct dp_frags *f, const struct dp_packet *pkt, struct rte_mbuf *m, struct rte_mbuf **datagram)
{
	struct dp_meta *meta = dp_meta(m);
	struct dp_fragment frag;
	struct dp_frags_key k;
	enum ct_checksums sums = f->config->capture.checksums;
	*datagram = NULL;
	f->stats.fragments++;
	dp_frags_expire(f, meta->time);
	enum dp_fragment_fault fault = dp_fragment_look(pkt, m, sums != CT_CHECKSUMS_TRUST,
		sums == CT_CHECKSUMS_AUTO && !f->inline_, &frag);
	/* Of a copy its receiver may have taken it: what it makes is read, and what comes in its place is compared. */
	if (fault == DP_FRAGMENT_SHORT && !f->inline_)
		fault = DP_FRAGMENT_FINE;
	bool cut = fault == DP_FRAGMENT_CUT && shorten(m, &frag);
	if (cut)
		fault = DP_FRAGMENT_FINE;
	if (fault != DP_FRAGMENT_FINE) {
		drop(f, m, fault == DP_FRAGMENT_CUT ? DP_DROP_TRUNCATED : DP_DROP_FRAGMENT_BAD);
		return DP_DROPPED;
	}
	f->stats.tiny += is_tiny(pkt, &frag.part);
	meta->l3_off = pkt->l3_off;
	meta->payload_off = frag.data_off;
	meta->payload_len = frag.part.len;
	frags_key(f, pkt, meta, frag.id, &k);
	struct dp_datagram *d = datagram_of(f, &k, pkt, m, frag.part.off == 0);
	enum dp_fate fate = DP_DROPPED;
	bool repeats = !cut && frags_compare(f, &k, &frag.part);
	if (d) {
		d->news |= !repeats;
		d->lost |= cut || (frag.part.off == 0 && frags_was_lost(f, &k, meta->time));
		fate = add(f, d, pkt, &frag, m, datagram);
	} else {
		drop(f, m, DP_DROP_FRAGMENT_NO_ROOM);
	}
	hand_on(f);
	return fate;
}
