/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_frags.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/random.h>

#include <rte_random.h>

#include "dataplane/dp_be.h"
#include "dataplane/dp_datagram.h"

struct dp_datagram {
	TAILQ_ENTRY(dp_datagram) in_order, in_group;
	struct dp_datagram *next; /* of its bucket */
	struct dp_frags_key key;
	uint32_t bucket, kept, group; /* kept: mbufs */
	uint16_t input, longest; /* longest: frame of its fragments */
	uint64_t since;
	struct rs_frag frag;
	struct rte_mbuf *first, **last; /* fragments, in the order they came */
	struct dp_tags tags; /* of its first fragment; until that comes, of the first that came */
	uint8_t depth; /* most of a fragment's: some may have come in fragments themselves, and others whole */
	bool lost; /* fragments of it were given up before: its receiver may have them */
	bool news; /* something in it is no repetition of a datagram that was whole, and is remembered */
	bool differs; /* a fragment is a datagram whose own fragments differ: */
	struct dp_fragments_differ differ;
	bool done; /* it was whole, and is remembered: its fragments are in no account any more */
	bool contradicted; /* a later fragment says other than it did, and that was told */
	uint8_t tried; /* later fragments that were put in the place of its own */
};

/* Sizes. */

#define SECOND UINT64_C(1000000000)
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

uint64_t dp_frags_seed(void)
{
	uint64_t seed;
	return getentropy(&seed, sizeof seed) == 0 ? seed : rte_rand();
}

/* Finding. */

/* Multiplied out with a secret, 128 bits wide: without it nobody can choose keys that meet (a CRC's meet whatever its seed). */
static uint64_t mix(uint64_t a, uint64_t b)
{
	__uint128_t product = (__uint128_t)a * b;
	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t load(const void *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof v);
	return v;
}

/* Odd constants without pattern: fractional parts of the square roots of 11, 13 and 17. */
#define KEY_A 0x510e527fade682d1ull
#define KEY_B 0x9b05688c2b3e6c1full
#define KEY_C 0x1f83d9abfb41bd6bull

void dp_frags_seed_by(struct dp_frags *f, uint64_t time, const void *p, size_t n)
{
	uint64_t seed = mix(time ^ KEY_A, n ^ KEY_B);
	for (const char *at = p; n >= sizeof seed; at += sizeof seed, n -= sizeof seed)
		seed = mix(seed ^ load(at), KEY_C);
	f->seed = seed;
}

static uint64_t hash_key(const struct dp_frags *f, const struct dp_frags_key *k)
{
	_Static_assert(sizeof *k == 56, "three words behind the addresses");
	uint64_t h = mix(load(k->src) ^ f->seed ^ KEY_A, load(k->src + 8) ^ KEY_B);
	h = mix(h ^ f->seed ^ load(k->dst), load(k->dst + 8) ^ KEY_C);
	uint64_t rest = (uint64_t)k->proto << 24 | (uint64_t)k->version << 16 | (uint64_t)k->side << 8;
	h = mix(h ^ f->seed ^ load(&k->id), rest ^ KEY_A);
	return mix(h ^ f->seed, k->tunnel ^ KEY_B);
}

/* Of an IPv6 sender the network counts: it has as many addresses in there as it likes. */
static uint32_t group_of(const struct dp_frags *f, const struct dp_frags_key *k)
{
	uint64_t host = k->version == 4 ? load(k->src + 8) : 0;
	return (uint32_t)(mix(load(k->src) ^ f->seed ^ KEY_B, host ^ KEY_C) % DP_FRAGS_GROUPS);
}

static void key_of(const struct dp_frags *f, const struct dp_packet *pkt, const struct dp_meta *meta, uint32_t id,
		   struct dp_frags_key *k)
{
	memset(k, 0, sizeof *k);
	memcpy(k->src, pkt->src, sizeof k->src);
	memcpy(k->dst, pkt->dst, sizeof k->dst);
	k->id = id;
	for (unsigned i = 0; i < 2; i++)
		k->vlan[i] = f->config->capture.vlan_in_flow && i < pkt->nvlan ? pkt->vlan[i] : 0xffff;
	k->proto = pkt->ip_version == 4 ? pkt->proto : 0;
	k->version = pkt->ip_version;
	k->side = meta->port;
	k->tunnel = pkt->tunnel;
}

/* Apart by group, so that who sends fragments without end marks the places of those who fall together with him. */
static uint32_t *lost_of(const struct dp_frags *f, const struct dp_frags_key *k)
{
	return &f->lost[group_of(f, k)][hash_key(f, k) >> 32 & (DP_FRAGS_LOST - 1)];
}

static uint32_t second_of(uint64_t time)
{
	return (uint32_t)(time / SECOND) + 1;
}

static bool was_lost(const struct dp_frags *f, const struct dp_frags_key *k, uint64_t now)
{
	uint32_t then = *lost_of(f, k), second = second_of(now);
	return then && second >= then && second - then <= f->timeout / SECOND;
}

static struct dp_datagram *find(const struct dp_frags *f, const struct dp_frags_key *k)
{
	struct dp_datagram *d = f->buckets[hash_key(f, k) & f->mask];
	while (d && (d->done || memcmp(&d->key, k, sizeof *k) != 0))
		d = d->next;
	return d;
}

/* The next one from d on that was whole. The newest comes first. */
static struct dp_datagram *find_done(struct dp_datagram *d, const struct dp_frags_key *k)
{
	while (d && (!d->done || memcmp(&d->key, k, sizeof *k) != 0))
		d = d->next;
	return d;
}

/* Making. */

static bool is_plain(const struct dp_datagram *d)
{
	const struct rte_mbuf *first = d->frag.head->ref;
	const struct dp_meta *meta = dp_meta_const(first);
	return dp_datagram_is_plain((enum dp_link)meta->link, rte_pktmbuf_mtod(first, const uint8_t *), meta->l3_off);
}

/* A frame of the datagram, that stands for one of its fragments. */
static struct rte_mbuf *make(const struct dp_frags *f, const struct dp_datagram *d, const struct rte_mbuf *for_, uint64_t time)
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
	struct rte_mbuf *m = make(f, d, d->first, now);
	if (m) {
		dp_meta(m)->wire_len = UINT32_MAX;
		dp_meta(m)->beginning = true;
		dp_meta(m)->endless = endless && dp_datagram_bears_tcp(&d->frag);
	}
	return m;
}

/* Ending. */

static void unlist(struct dp_frags *f, struct dp_datagram *d)
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
	unlist(f, d);
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

static bool is_over(const struct dp_frags *f, const struct dp_datagram *d, uint64_t now)
{
	return now >= d->since && now - d->since >= f->timeout;
}

static void put_beginning(struct dp_frags *f, struct rte_mbuf *m)
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
		put_beginning(f, m);
	} else if (told) {
		*lost_of(f, &d->key) = second_of(now);
	}
	give_up_but(f, d, why, m ? d->first : NULL);
}

/* Remembering. */

/* What was read is told of once more, in the place of `for_`. NULL: no mbuf is to be had. */
static struct rte_mbuf *make_again(const struct dp_frags *f, const struct dp_datagram *d, const struct rte_mbuf *for_,
				   uint64_t time, enum dp_again why)
{
	struct rte_mbuf *m = make(f, d, for_, time);
	if (m) {
		dp_meta(m)->again = (uint8_t)why;
		dp_meta(m)->uncounted = true;
		dp_meta(m)->differs = false;
	}
	return m;
}

static void forget(struct dp_frags *f, struct dp_datagram *d)
{
	for (struct rte_mbuf *m = d->first, *next; m; m = next) {
		next = dp_meta(m)->fragments;
		rte_pktmbuf_free(m);
	}
	unlist(f, d);
}

/* Nothing is compared with it from here on: its connection tells whether its receiver has taken it by now. */
static void stop_remembering(struct dp_frags *f, struct dp_datagram *d, uint64_t now)
{
	struct rte_mbuf *m = d->contradicted ? NULL : make_again(f, d, d->first, now, DP_AGAIN_FORGOTTEN);
	if (m)
		put_beginning(f, m);
	forget(f, d);
}

/* Of a key the oldest gives way, so that a fragment has few to be compared with. */
static void remember(struct dp_frags *f, struct dp_datagram *d, uint64_t now)
{
	TAILQ_REMOVE(&f->order, d, in_order);
	TAILQ_REMOVE(&f->groups[d->group].list, d, in_group);
	d->done = true;
	d->since = now;
	TAILQ_INSERT_TAIL(&f->done, d, in_order);
	TAILQ_INSERT_TAIL(&f->groups[d->group].done, d, in_group);
	unsigned n = 0;
	struct dp_datagram *last = NULL;
	for (struct dp_datagram *at = f->buckets[d->bucket]; (at = find_done(at, &d->key)); at = at->next) {
		last = at;
		n++;
	}
	if (n > DP_FRAGS_REMEMBERED)
		stop_remembering(f, last, now);
}

/* Whether the fragment says other than was read in its place, or that the datagram ends elsewhere. */
static bool contradicts(const struct dp_datagram *d, const struct rs_frag_part *part, struct dp_fragments_differ *differ)
{
	uint32_t end = part->off + part->len;
	for (const struct rs_frag_piece *p = d->frag.head; p && p->off < end; p = p->next) {
		uint32_t from = RTE_MAX(p->off, part->off), to = RTE_MIN(p->off + p->len, end);
		if (from >= to)
			continue;
		uint32_t same = dp_fragment_same(p->ref, p->skip + from - p->off, part->ref, from - part->off, to - from);
		if (same < to - from) {
			*differ = (struct dp_fragments_differ){ (uint16_t)(from + same), (uint16_t)part->off, (uint16_t)part->len,
								(uint16_t)p->off, (uint16_t)p->len };
			return true;
		}
	}
	if (part->more ? end < d->frag.end : end == d->frag.end)
		return false;
	*differ = (struct dp_fragments_differ){ (uint16_t)RTE_MIN(end, d->frag.end), (uint16_t)part->off, (uint16_t)part->len, 0,
						(uint16_t)d->frag.end };
	return true;
}

/* The bytes of a piece over those of the datagram in m. */
static void lay_over(struct rte_mbuf *m, uint32_t at, const void *ref, uint32_t skip, uint32_t len)
{
	const struct rte_mbuf *from = ref;
	uint32_t payload = dp_meta_const(from)->payload_off;
	for (uint32_t done = 0; done < len && m;) {
		if (at >= m->data_len) {
			at -= m->data_len;
			m = m->next;
			continue;
		}
		uint32_t n = RTE_MIN(len - done, m->data_len - at);
		uint8_t *to = rte_pktmbuf_mtod_offset(m, uint8_t *, at);
		const void *p = rte_pktmbuf_read(from, payload + skip + done, n, to);
		if (p && p != to)
			memcpy(to, p, n);
		at += n;
		done += n;
	}
}

/* What was read, with the fragment in its place, and with those that came before it and wait: what its receiver has, where that had
 * these instead. If so, its sum is right. */
static struct rte_mbuf *make_other(const struct dp_frags *f, const struct dp_datagram *d, const struct dp_datagram *waits,
				   const struct rs_frag_part *part)
{
	struct rte_mbuf *m = make_again(f, d, part->ref, dp_meta_const(part->ref)->time, DP_AGAIN_OTHER);
	if (!m)
		return NULL;
	uint32_t payload = rte_pktmbuf_pkt_len(m) - d->frag.end;
	for (const struct rs_frag_piece *p = waits ? waits->frag.head : NULL; p && p->off < d->frag.end; p = p->next)
		lay_over(m, payload + p->off, p->ref, p->skip, RTE_MIN(p->len, d->frag.end - p->off));
	if (part->off < d->frag.end)
		lay_over(m, payload + part->off, part->ref, 0, RTE_MIN(part->len, d->frag.end - part->off));
	return m;
}

/* A fragment of a number by which a datagram was read: a part of the one that its receiver has, where one that was read in its
 * place died on the way, or one of another datagram. Its connection tells. Returns whether it repeats what was read. */
static bool compare(struct dp_frags *f, const struct dp_frags_key *k, const struct rs_frag_part *part)
{
	uint64_t now = dp_meta_const(part->ref)->time;
	const struct dp_datagram *waits = find(f, k);
	bool repeats = false;
	for (struct dp_datagram *d = f->buckets[hash_key(f, k) & f->mask]; (d = find_done(d, k)); d = d->next) {
		struct dp_fragments_differ differ;
		if (now < d->since || is_over(f, d, now))
			continue;
		if (!contradicts(d, part, &differ)) {
			repeats = true;
			continue;
		}
		struct rte_mbuf *m[2] = { NULL, NULL };
		if (!d->contradicted)
			m[0] = make_again(f, d, part->ref, now, DP_AGAIN_DIFFERS);
		d->contradicted |= m[0] != NULL;
		/* Without a byte of what was read it is the other datagram itself. */
		bool mixed = part->len + (waits ? waits->frag.have : 0) < d->frag.end;
		if (mixed && d->tried < DP_FRAGS_TRIED) {
			d->tried++;
			m[1] = make_other(f, d, waits, part);
		}
		for (unsigned i = 0; i < 2; i++)
			if (m[i]) {
				dp_meta(m[i])->differ = differ;
				put_beginning(f, m[i]);
			}
	}
	return repeats;
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
	for (unsigned i = 0; i < DP_FRAGS_STEPS && (d = TAILQ_FIRST(&f->order)) && is_over(f, d, now); i++) {
		f->stats.timeouts++;
		give_way(f, d, DP_DROP_FRAGMENT_TIMEOUT, now);
	}
	for (unsigned i = 0; i < DP_FRAGS_STEPS && (d = TAILQ_FIRST(&f->done)) && is_over(f, d, now); i++)
		stop_remembering(f, d, now);
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
		forget(f, d);
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
		stop_remembering(f, done, now);
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
	d->bucket = (uint32_t)(hash_key(f, k) & f->mask);
	d->group = group_of(f, k);
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
	struct dp_datagram *d = find(f, k);
	if (d && is_over(f, d, meta->time)) {
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
	key_of(f, pkt, dp_meta_const(m), frag.id, &k);
	return frag.part.off > 0 && find(f, &k) != NULL;
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
	struct rte_mbuf *whole = make(f, d, newest, dp_meta_const(newest)->time);
	if (!whole) {
		give_up(f, d, DP_DROP_FRAGMENT_NO_ROOM);
		return NULL;
	}
	dp_meta(whole)->doubtful = d->lost;
	if (f->inline_) {
		dp_meta(whole)->fragments = d->first;
		unlist(f, d);
		return whole;
	}
	spend(f, d, newest);
	if (f->begun && !dp_meta_const(newest)->uncounted && dp_datagram_bears_tcp(&d->frag))
		remember(f, d, dp_meta_const(newest)->time);
	else
		forget(f, d);
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
			unlist(f, d);
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
	key_of(f, pkt, meta, frag.id, &k);
	struct dp_datagram *d = datagram_of(f, &k, pkt, m, frag.part.off == 0);
	enum dp_fate fate = DP_DROPPED;
	bool repeats = !cut && compare(f, &k, &frag.part);
	if (d) {
		d->news |= !repeats;
		d->lost |= cut || (frag.part.off == 0 && was_lost(f, &k, meta->time));
		fate = add(f, d, pkt, &frag, m, datagram);
	} else {
		drop(f, m, DP_DROP_FRAGMENT_NO_ROOM);
	}
	hand_on(f);
	return fate;
}
