/* SPDX-License-Identifier: Apache-2.0 */
/* The live loop of a worker: from the ports' queues and the other workers' rings, to the ports' queues and the others' rings.
 * While a peer's ring is full nothing new is taken, so that a burst waits in the port's queue, which is deep; but a peer that
 * stands still is waited for no longer than a moment: what finds no room then is dropped, and counted. */
#include "dataplane/dp_inline.h"
#include "dataplane/dp_live_private.h"
#include "dataplane/dp_memif.h"

#include <sys/prctl.h>
#include <time.h>

#include <rte_ethdev.h>
#include <rte_pause.h>
#include <rte_prefetch.h>

#define TICK UINT64_C(10000000) /* ns */
#define TX_TRIES 8
/* ns that a full ring is waited for: with a core of its own its worker is never away for long. */
#define FULL_TIME UINT64_C(5000000)
#define FULL_TIME_SHARED UINT64_C(200000000)
#define IDLE_ROUNDS 64 /* before a nap */
/* A nap is as much later as the next frame may be; who has had nothing for some naps (a fortieth of a second) takes longer ones. */
#define SHORT_NAPS 1000
#define SHORT_NAP 20000 /* ns */
#define LONG_NAP 70000
#define FINISH_TIME UINT64_C(2000000000) /* ns that refusals under way are given */
#define STEP_TIME UINT64_C(1000000000) /* ns that one step of the end waits for the other workers */

uint64_t live_clock(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

uint64_t live_mono(void)
{
	return live_clock(CLOCK_MONOTONIC);
}

/* Before each use of a port's queue or a ring; false: main has them. Without `inline.stall: open` they stay the worker's. */
static bool take_hands(struct live_worker *lw)
{
	uint8_t hands = LIVE_FREE;
	return !lw->may_lose || atomic_compare_exchange_strong_explicit(&lw->hands, &hands, LIVE_AT_WORK, memory_order_acquire,
									memory_order_relaxed);
}

static void free_hands(struct live_worker *lw)
{
	if (lw->may_lose)
		atomic_store_explicit(&lw->hands, LIVE_FREE, memory_order_release);
}

/* A port's queues: a memif's can go at any time. */

static uint16_t rx_burst(const struct dp_port *p, uint16_t queue, struct rte_mbuf **m, uint16_t n)
{
	if (!p->memif)
		return rte_eth_rx_burst(p->id, queue, m, n);
	if (!dp_memif_enter())
		return 0;
	n = rte_eth_rx_burst(p->id, queue, m, n);
	dp_memif_leave();
	return n;
}

static uint16_t tx_burst(const struct dp_port *p, uint16_t queue, struct rte_mbuf **m, uint16_t n)
{
	if (!p->memif)
		return rte_eth_tx_burst(p->id, queue, m, n);
	if (!dp_memif_enter())
		return 0;
	n = rte_eth_tx_burst(p->id, queue, m, n);
	dp_memif_leave();
	return n;
}

/* Sending. */

static void unsent(struct live_worker *lw, struct rte_mbuf *m)
{
	dp_worker_unsent(lw->worker, m);
	rte_pktmbuf_free(m);
}

/* A frame that never reached a worker's burst: received, and dropped for want of room. */
static void not_taken(struct live_worker *lw, struct rte_mbuf *m, enum dp_drop why)
{
	struct ct_account *a = &lw->worker->account[dp_meta(m)->port];
	a->received++;
	a->bytes += rte_pktmbuf_pkt_len(m);
	a->dropped[why]++;
	rte_pktmbuf_free(m);
}

/* The driver may free a frame before it returns, so that what the account wants of it is copied first. */
struct live_sent {
	struct rte_mbuf m;
	struct dp_meta meta;
};
_Static_assert(offsetof(struct live_sent, meta) == sizeof(struct rte_mbuf), "dp_meta lies behind the mbuf");

static void flush_port(struct live_worker *lw, unsigned out)
{
	struct live_staged *s = &lw->port[out];
	const struct dp_port *p = &lw->live->ports[out];
	struct dp_meta meta[DP_BURST];
	struct live_sent sent;
	uint16_t done = 0, queue = lw->tx_queue[out];
	for (uint16_t i = 0; i < s->n; i++)
		meta[i] = *dp_meta(s->m[i]);
	bool ours = take_hands(lw);
	for (unsigned tries = 0; ours && done < s->n && tries < TX_TRIES; tries++) {
		if (tries)
			rte_pause();
		uint16_t k = tx_burst(p, queue, s->m + done, (uint16_t)(s->n - done));
		for (; k > 0; k--) {
			sent.meta = meta[done++];
			dp_worker_sent(lw->worker, &sent.m, out);
		}
	}
	if (ours)
		free_hands(lw);
	for (; done < s->n; done++)
		unsent(lw, s->m[done]);
	s->n = 0;
}

static void flush_peer(struct live_worker *lw, unsigned to)
{
	struct live_staged *s = &lw->peer[to];
	uint16_t done = 0;
	if (take_hands(lw)) {
		done = (uint16_t)rte_ring_sp_enqueue_burst(lw->live->rings[lw->id][to], (void **)s->m, s->n, NULL);
		free_hands(lw);
	}
	lw->worker->stats.handed_lost += s->n - done;
	for (; done < s->n; done++) {
		switch ((enum dp_kind)dp_meta(s->m[done])->kind) {
		case DP_FRAME:
			not_taken(lw, s->m[done], DP_DROP_FULL);
			break;
		case DP_GIVEN:
			dp_worker_not_given(lw->worker, s->m[done]);
			break;
		default:
			unsent(lw, s->m[done]);
			break;
		}
	}
	s->n = 0;
}

static void count_given(struct dp_worker_stats *s, enum dp_kind kind)
{
	switch (kind) {
	case DP_FRAME:
		s->handed_frames++;
		break;
	case DP_GIVEN:
		s->handed_datagrams++;
		break;
	case DP_SEND:
	case DP_OURS:
		s->handed_sends++;
		break;
	case DP_TICK:
	case DP_END:
		break;
	}
}

static void give(struct live_worker *lw, unsigned to, struct rte_mbuf *m)
{
	struct live_staged *s = &lw->peer[to];
	count_given(&lw->worker->stats, (enum dp_kind)dp_meta(m)->kind);
	s->m[s->n++] = m;
	lw->moved = true;
	if (s->n == DP_BURST)
		flush_peer(lw, to);
}

void live_flush(struct live_worker *lw)
{
	for (unsigned p = 0; p < lw->live->nports; p++)
		if (lw->port[p].n)
			flush_port(lw, p);
	for (unsigned i = 0; i < lw->live->nworkers; i++)
		if (lw->peer[i].n)
			flush_peer(lw, i);
}

/* A driver that sends one segment gets one: a copy, for others may hold the frame. */
static struct rte_mbuf *in_one(const struct dp_live *l, struct rte_mbuf *m)
{
	struct rte_mbuf *copy = NULL;
	if (rte_pktmbuf_pkt_len(m) + RTE_PKTMBUF_HEADROOM <= rte_pktmbuf_data_room_size(l->mbufs))
		copy = rte_pktmbuf_copy(m, l->mbufs, 0, UINT32_MAX);
	if (!copy)
		return NULL;
	*dp_meta(copy) = *dp_meta(m);
	rte_pktmbuf_free(m);
	return copy;
}

void live_tx(void *arg, struct rte_mbuf *m, unsigned out)
{
	struct live_worker *lw = arg;
	const struct dp_live *l = lw->live;
	if (out >= l->nports || rte_pktmbuf_pkt_len(m) > l->ports[out].frame_max) {
		unsent(lw, m);
		return;
	}
	unsigned sender = lw->tx_worker[out];
	if (sender != lw->id) {
		/* One that came that way itself is counted already. */
		if (dp_meta(m)->kind != DP_SEND)
			dp_worker_hand_on(lw->worker, m, out);
		give(lw, sender, m);
		return;
	}
	if (m->nb_segs > 1 && l->ports[out].one_segment) {
		struct rte_mbuf *one = in_one(l, m);
		if (!one) {
			unsent(lw, m);
			return;
		}
		m = one;
	}
	struct live_staged *s = &lw->port[out];
	s->m[s->n++] = m;
	if (s->n == DP_BURST)
		flush_port(lw, out);
}

/* Receiving. */

/* Whose a frame is: a connection's segments go to one worker, both directions of them; so do the fragments between two hosts. All
 * else stays where it came in. Where the ports' queues are the owners', they are so for what is in no tunnel: of what is in one the card has
 * hashed the outer header. */
static unsigned owner(const struct live_worker *lw, const struct rte_mbuf *m)
{
	struct dp_packet pkt;
	if (lw->live->nworkers == 1)
		return lw->id;
	if (!lw->live->distribute && dp_tunnel_none(rte_pktmbuf_mtod(m, const uint8_t *), rte_pktmbuf_data_len(m)))
		return lw->id;
	enum dp_class c = dp_tunnel_parse(&lw->live->tunnels, DP_LINK_ETHERNET, rte_pktmbuf_mtod(m, const uint8_t *), rte_pktmbuf_data_len(m),
	                                  rte_pktmbuf_pkt_len(m), &pkt);
	if ((c != DP_TCP && c != DP_FRAGMENT) || (!lw->live->distribute && pkt.depth == 0))
		return lw->id;
	return dp_packet_hash(&pkt, lw->live->seed) % lw->live->nworkers;
}

/* Where cards chose the worker, by a hash that is theirs, who does not know a connection asks the next one, until all were asked;
 * it is new then, and the last one's. Only a datagram that came in fragments is passed round so: its fragments bear no ports to
 * choose by. */
bool live_give(void *arg, struct rte_mbuf *m, const struct dp_packet *pkt, enum dp_owner whose)
{
	struct live_worker *lw = arg;
	unsigned n = lw->live->nworkers, to = lw->id;
	/* What is in a tunnel no card looked at. */
	if (whose == DP_OWNER_FRAGMENT || lw->live->distribute || pkt->depth > 0 || pkt->tunnel != 0)
		to = dp_packet_hash(pkt, lw->live->seed) % n;
	else if (dp_meta(m)->hops + 1u < n)
		to = (lw->id + 1) % n;
	if (to == lw->id)
		return false;
	dp_meta(m)->hops++;
	give(lw, to, m);
	return true;
}

/* Of what was received, what is this worker's own stays in m; returns how many. */
static uint16_t sort(struct live_worker *lw, struct rte_mbuf **m, uint16_t n, unsigned port, uint64_t time)
{
	const struct dp_port *p = &lw->live->ports[port];
	uint16_t own = 0;
	for (uint16_t i = 0; i < n; i++) {
		uint32_t len = rte_pktmbuf_pkt_len(m[i]);
		*dp_meta(m[i]) = (struct dp_meta){ .seq = ++lw->seq, .time = time, .wire_len = len, .input = (uint16_t)port,
						   .port = (uint8_t)port, .link = DP_LINK_ETHERNET, .kind = DP_FRAME };
		if (len > p->cut_at) {
			not_taken(lw, m[i], DP_DROP_TRUNCATED);
			continue;
		}
		unsigned to = owner(lw, m[i]);
		if (to == lw->id)
			m[own++] = m[i];
		else
			give(lw, to, m[i]);
	}
	return own;
}

/* Whether all peers have room for a burst, or have been waited for. */
static bool peers_ready(struct live_worker *lw, uint64_t mono)
{
	const struct dp_live *l = lw->live;
	uint64_t most = l->nap ? FULL_TIME_SHARED : FULL_TIME;
	bool ready = true;
	for (unsigned i = 0; i < l->nworkers; i++) {
		if (i == lw->id)
			continue;
		if (rte_ring_free_count(l->rings[lw->id][i]) >= DP_BURST)
			lw->full_since[i] = 0;
		else if (lw->full_since[i] == 0)
			lw->full_since[i] = mono;
		ready &= lw->full_since[i] == 0 || mono - lw->full_since[i] > most;
	}
	return ready;
}

/* One queue after the other, from the one behind that which gave last. */
static uint16_t receive(struct live_worker *lw, struct rte_mbuf **m, uint16_t n, uint64_t time)
{
	for (unsigned i = 0; i < lw->nqueues; i++) {
		struct live_queue *q = &lw->queues[lw->next_queue];
		if (++lw->next_queue == lw->nqueues)
			lw->next_queue = 0;
		if (!take_hands(lw))
			return 0;
		uint16_t k = rx_burst(&lw->live->ports[q->port], q->queue, m, n);
		free_hands(lw);
		if (k == 0)
			continue;
		lw->moved = true;
		q->received += k;
		return sort(lw, m, k, q->port, time);
	}
	return 0;
}

static uint16_t from_peers(struct live_worker *lw, struct rte_mbuf **m, uint16_t n)
{
	const struct dp_live *l = lw->live;
	uint16_t got = 0;
	if (!take_hands(lw))
		return 0;
	for (unsigned i = 0; i < l->nworkers && got < n; i++) {
		unsigned from = lw->next_ring;
		if (++lw->next_ring == l->nworkers)
			lw->next_ring = 0;
		if (from != lw->id)
			got += (uint16_t)rte_ring_sc_dequeue_burst(l->rings[from][lw->id], (void **)(m + got), n - got, NULL);
	}
	free_hands(lw);
	return got;
}

static bool tick(struct live_worker *lw, uint64_t mono, struct rte_mbuf **m)
{
	if (mono - lw->ticked < TICK)
		return false;
	lw->ticked = mono;
	dp_clock_correct(&lw->clock, mono, live_clock(CLOCK_REALTIME));
	*m = rte_pktmbuf_alloc(lw->live->mbufs);
	if (!*m)
		return false;
	*dp_meta(*m) = (struct dp_meta){ .seq = ++lw->seq, .time = dp_clock_now(&lw->clock, mono), .kind = DP_TICK };
	return true;
}

uint16_t live_rx(void *arg, struct rte_mbuf **m, uint16_t n)
{
	struct live_worker *lw = arg;
	uint64_t mono = live_mono(), time = dp_clock_now(&lw->clock, mono);
	uint16_t got = 0;
	if (lw->step == LIVE_DRAINED && lw->end) {
		m[0] = lw->end;
		lw->end = NULL;
		*dp_meta(m[0]) = (struct dp_meta){ .seq = ++lw->seq, .time = time, .kind = DP_END };
		return 1;
	}
	lw->tick = tick(lw, mono, m);
	got += lw->tick;
	bool ready = peers_ready(lw, mono);
	/* Half of a burst at most is the others', so that neither starves. Who has no queue sends all it has by those who have; they take
	 * always, so that two never wait for each other. */
	lw->waits = !ready;
	if (lw->live->nworkers > 1 && (ready || lw->nqueues > 0))
		got += from_peers(lw, m + got, lw->step == LIVE_RUN ? n / 2 : n - got);
	if (lw->step == LIVE_RUN && ready)
		got += receive(lw, m + got, n - got, time);
	return got;
}

/* The end. */

static void reach(struct live_worker *lw, enum live_step s)
{
	lw->step = s;
	lw->deadline = live_mono() + STEP_TIME;
	atomic_fetch_add_explicit(&lw->live->reached[s], 1, memory_order_acq_rel);
}

/* True when all have reached what this worker has; after a time, without those that do not come. */
static bool all_here(const struct live_worker *lw)
{
	const struct dp_live *l = lw->live;
	return atomic_load_explicit(&l->reached[lw->step], memory_order_acquire) == l->nworkers || live_mono() > lw->deadline;
}

/* Who is being told that a message was refused is told to the end, for a moment: else the mail comes again. */
static bool finished(struct live_worker *lw)
{
	uint64_t mono = live_mono();
	if (lw->finish_by == 0)
		lw->finish_by = mono + FINISH_TIME;
	return !dp_inline_unfinished(lw->worker) || mono > lw->finish_by;
}

/* quiet: this round found nothing in any ring, and none was left alone, though all others had reached the step before it began. */
static void end_steps(struct live_worker *lw, bool all, bool quiet)
{
	switch (lw->step) {
	case LIVE_RUN:
		if (atomic_load_explicit(&lw->live->stop, memory_order_acquire) && finished(lw))
			reach(lw, LIVE_NO_RX);
		break;
	case LIVE_NO_RX:
		if (all && quiet)
			reach(lw, LIVE_DRAINED);
		break;
	case LIVE_DRAINED:
		if (lw->worker->ended)
			reach(lw, LIVE_ENDED);
		break;
	case LIVE_ENDED:
		if (all && quiet)
			lw->step = LIVE_DONE;
		break;
	case LIVE_DONE:
	case LIVE_STEPS:
		break;
	}
}

/* A worker with a core of its own polls; others share one with somebody who has work. */
static void rest(struct live_worker *lw, bool busy)
{
	if (busy) {
		lw->idle = 0;
		return;
	}
	dp_worker_idle(lw->worker);
	if ((++lw->idle < IDLE_ROUNDS && !lw->waits) || !lw->live->nap)
		rte_pause();
	else
		nanosleep(&(struct timespec){ .tv_nsec = lw->idle < IDLE_ROUNDS + SHORT_NAPS ? SHORT_NAP : LONG_NAP }, NULL);
}

/* False: it had stalled, and main has its queues still; asked for, they come back. Its connections went on without it meanwhile:
 * it knows neither what their ends have nor what they said, so that they are ended, and what goes on of them is found in the
 * middle. */
static bool has_queues(struct live_worker *lw)
{
	uint8_t hands = lw->may_lose ? atomic_load_explicit(&lw->hands, memory_order_acquire) : LIVE_FREE;
	switch ((enum live_hands)hands) {
	case LIVE_FREE:
	case LIVE_AT_WORK:
		break;
	case LIVE_TAKEN:
		atomic_compare_exchange_strong_explicit(&lw->hands, &hands, LIVE_ASKED, memory_order_acq_rel, memory_order_relaxed);
		return false;
	case LIVE_ASKED:
		return false;
	case LIVE_GIVEN:
		atomic_store_explicit(&lw->hands, LIVE_FREE, memory_order_release);
		dp_worker_lose_track(lw->worker, ++lw->seq, dp_clock_now(&lw->clock, live_mono()));
		live_flush(lw);
		break;
	}
	return true;
}

static void count_round(struct live_worker *lw)
{
	atomic_store_explicit(&lw->rounds, atomic_load_explicit(&lw->rounds, memory_order_relaxed) + 1, memory_order_relaxed);
}

int live_run(void *arg)
{
	struct live_worker *lw = arg;
	uint64_t mono = live_mono();
	dp_clock_start(&lw->clock, mono, live_clock(CLOCK_REALTIME));
	lw->ticked = mono;
	/* Else the kernel may add 50 us to each nap (prctl(2)). */
	prctl(PR_SET_TIMERSLACK, 1UL);
	while (lw->step != LIVE_DONE) {
		if (!has_queues(lw)) {
			count_round(lw);
			rest(lw, false);
			continue;
		}
		bool all = lw->step != LIVE_RUN && all_here(lw);
		lw->moved = lw->waits = lw->tick = false;
		/* A tick is no work: it comes to who is idle, too. */
		bool busy = dp_worker_poll(lw->worker) > lw->tick;
		busy |= lw->moved;
		live_flush(lw);
		end_steps(lw, all, !busy && !lw->waits);
		count_round(lw);
		rest(lw, busy && !lw->waits);
	}
	return 0;
}
