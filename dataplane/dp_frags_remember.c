/* SPDX-License-Identifier: Apache-2.0 */
/* What was whole on a copy is remembered, and compared with what comes late (dp_frags.h). */
#include <string.h>

#include "dataplane/dp_frags_private.h"

/* What was read is told of once more, in the place of `for_`. NULL: no mbuf is to be had. */
static struct rte_mbuf *make_again(const struct dp_frags *f, const struct dp_datagram *d, const struct rte_mbuf *for_,
				   uint64_t time, enum dp_again why)
{
	struct rte_mbuf *m = frags_make(f, d, for_, time);
	if (m) {
		dp_meta(m)->again = (uint8_t)why;
		dp_meta(m)->uncounted = true;
		dp_meta(m)->differs = false;
	}
	return m;
}

void frags_forget(struct dp_frags *f, struct dp_datagram *d)
{
	for (struct rte_mbuf *m = d->first, *next; m; m = next) {
		next = dp_meta(m)->fragments;
		rte_pktmbuf_free(m);
	}
	frags_unlist(f, d);
}

void frags_stop_remembering(struct dp_frags *f, struct dp_datagram *d, uint64_t now)
{
	struct rte_mbuf *m = d->contradicted ? NULL : make_again(f, d, d->first, now, DP_AGAIN_FORGOTTEN);
	if (m)
		frags_put_beginning(f, m);
	frags_forget(f, d);
}

/* Of a key the oldest gives way, so that a fragment has few to be compared with. */
void frags_remember(struct dp_frags *f, struct dp_datagram *d, uint64_t now)
{
	TAILQ_REMOVE(&f->order, d, in_order);
	TAILQ_REMOVE(&f->groups[d->group].list, d, in_group);
	d->done = true;
	d->since = now;
	TAILQ_INSERT_TAIL(&f->done, d, in_order);
	TAILQ_INSERT_TAIL(&f->groups[d->group].done, d, in_group);
	unsigned n = 0;
	struct dp_datagram *last = NULL;
	for (struct dp_datagram *at = f->buckets[d->bucket]; (at = frags_find_done(at, &d->key)); at = at->next) {
		last = at;
		n++;
	}
	if (n > DP_FRAGS_REMEMBERED)
		frags_stop_remembering(f, last, now);
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
 * place died on the way, or one of another datagram. Its connection tells. */
bool frags_compare(struct dp_frags *f, const struct dp_frags_key *k, const struct rs_frag_part *part)
{
	uint64_t now = dp_meta_const(part->ref)->time;
	const struct dp_datagram *waits = frags_find(f, k);
	bool repeats = false;
	for (struct dp_datagram *d = f->buckets[frags_hash(f, k) & f->mask]; (d = frags_find_done(d, k)); d = d->next) {
		struct dp_fragments_differ differ;
		if (now < d->since || frags_is_over(f, d, now))
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
				frags_put_beginning(f, m[i]);
			}
	}
	return repeats;
}
