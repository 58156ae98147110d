/* SPDX-License-Identifier: Apache-2.0 */
/* `inline.stall: open`: main in the place of workers that have stalled. What they would have judged goes on as it came. */
#include "dataplane/dp_live_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void *zeroed(size_t n)
{
	void *p = aligned_alloc(64, RTE_ALIGN(n, (size_t)64));
	if (p)
		memset(p, 0, n);
	return p;
}

int live_stand_ins_make(struct dp_live *l)
{
	l->stand_ins = zeroed(l->nworkers * sizeof *l->stand_ins);
	if (!l->stand_ins)
		return -ENOMEM;
	for (unsigned i = 0; i < l->nworkers; i++) {
		struct live_worker *in = &l->stand_ins[i];
		in->live = l;
		in->id = i;
		in->worker = zeroed(sizeof *in->worker);
		in->peer = calloc(l->nworkers, sizeof *in->peer);
		if (!in->worker || !in->peer)
			return -ENOMEM;
	}
	return 0;
}

void live_stand_ins_free(struct dp_live *l)
{
	for (unsigned i = 0; l->stand_ins && i < l->nworkers; i++) {
		free(l->stand_ins[i].worker);
		free(l->stand_ins[i].peer);
	}
	free(l->stand_ins);
}

static enum live_hands hands_of(const struct dp_live *l, unsigned worker)
{
	return (enum live_hands)atomic_load_explicit(&l->workers[worker].hands, memory_order_acquire);
}

bool dp_live_taken(const struct dp_live *l, unsigned worker)
{
	enum live_hands h = hands_of(l, worker);
	return h == LIVE_TAKEN || h == LIVE_ASKED;
}

bool dp_live_take(struct dp_live *l, unsigned worker)
{
	uint8_t hands = LIVE_FREE;
	if (!l->stand_ins)
		return false;
	struct live_worker *in = &l->stand_ins[worker];
	if (!atomic_compare_exchange_strong_explicit(&l->workers[worker].hands, &hands, LIVE_TAKEN, memory_order_acq_rel,
						     memory_order_relaxed))
		return false;
	in->queues = l->workers[worker].queues;
	in->nqueues = l->workers[worker].nqueues;
	in->ticked = live_mono();
	dp_clock_start(&in->clock, in->ticked, live_clock(CLOCK_REALTIME));
	return true;
}

/* A fragment, or what was made of fragments: these go on. */
static void pass_given(struct live_worker *in, struct rte_mbuf *m)
{
	struct dp_meta *meta = dp_meta(m);
	struct ct_account *a = &in->worker->account[meta->port];
	struct rte_mbuf *part = m;
	if (meta->uncounted) {
		rte_pktmbuf_free(m);
		return;
	}
	if (meta->datagram) {
		part = meta->fragments;
		meta->fragments = NULL;
		rte_pktmbuf_free(m);
	}
	for (struct rte_mbuf *next; part; part = next) {
		next = dp_meta(part)->fragments;
		a->held--;
		in->worker->stats.forwarded_unjudged++;
		live_tx(in, part, !dp_meta(part)->port);
	}
}

static void pass_on(struct live_worker *in, struct rte_mbuf *m)
{
	const struct dp_meta *meta = dp_meta(m);
	struct ct_account *a = &in->worker->account[meta->port];
	switch ((enum dp_kind)meta->kind) {
	case DP_FRAME:
		a->received++;
		a->bytes += rte_pktmbuf_pkt_len(m);
		in->worker->stats.forwarded_unjudged++;
		live_tx(in, m, !meta->port);
		break;
	case DP_GIVEN:
		pass_given(in, m);
		break;
	case DP_SEND:
	case DP_OURS:
		live_tx(in, m, meta->out);
		break;
	case DP_TICK:
	case DP_END:
		rte_pktmbuf_free(m);
		break;
	}
}

static bool pass_round(struct live_worker *in)
{
	struct rte_mbuf *m[DP_BURST];
	in->moved = in->waits = false;
	uint16_t n = live_rx(in, m, DP_BURST);
	for (uint16_t i = 0; i < n; i++)
		pass_on(in, m[i]);
	live_flush(in);
	return n > 0 || in->moved;
}

unsigned dp_live_pass(struct dp_live *l, bool *busy)
{
	unsigned taken = 0;
	*busy = false;
	for (unsigned i = 0; l->stand_ins && i < l->nworkers; i++) {
		switch (hands_of(l, i)) {
		case LIVE_TAKEN:
			taken++;
			*busy |= pass_round(&l->stand_ins[i]);
			break;
		case LIVE_ASKED:
			/* Each round has sent all that it took. */
			atomic_store_explicit(&l->workers[i].hands, LIVE_GIVEN, memory_order_release);
			break;
		case LIVE_FREE:
		case LIVE_AT_WORK:
		case LIVE_GIVEN:
			break;
		}
	}
	return taken;
}

void live_stand_ins_end(struct dp_live *l)
{
	for (unsigned i = 0; l->stand_ins && i < l->nworkers; i++)
		if (dp_live_taken(l, i))
			atomic_store_explicit(&l->workers[i].hands, LIVE_GIVEN, memory_order_release);
}

struct dp_worker *dp_live_stand_in(const struct dp_live *l, unsigned worker)
{
	return l->stand_ins ? l->stand_ins[worker].worker : NULL;
}
