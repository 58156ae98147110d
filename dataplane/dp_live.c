/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_live.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_errno.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_random.h>

#include "dataplane/dp_frames.h"
#include "dataplane/dp_live_private.h"

#define FAIL(code, ...) (snprintf(err, err_size, __VA_ARGS__), -(code))

#define CACHE 256 /* mbufs that a lcore keeps at hand; the pool lets it have half as many more */
#define STOP_TIME UINT64_C(5000000000) /* ns: the steps of the end, and what a worker does in one round */

static void say(const struct dp_live *l, const char *line)
{
	if (l->say)
		l->say(l->say_arg, line);
}

/* Sizes. */

/* Between two workers: more where there are few. */
static unsigned ring_size(unsigned workers)
{
	return workers <= 4 ? 1024 : 256;
}

/* All mbufs: those that memory.mbufs gives to connections and bursts, and beside them, so that no connection can take them, those
 * of the ports' rings, of the lcores' caches, and of the ways between workers. */
static uint32_t count_mbufs(const struct dp_live *l, const struct ct_config *c)
{
	uint32_t n = c->memory.mbufs + c->memory.fragments + (l->nworkers + 1) * (CACHE + CACHE / 2), ways = l->nworkers * (l->nworkers - 1);
	for (unsigned i = 0; i < l->nports; i++)
		n += dp_port_reserve(&l->ports[i], l->nworkers);
	return n + ways * ring_size(l->nworkers) / 4;
}

/* Three quarters of memory.mbufs may be kept; the last one is for what is being worked on, or on its way to be sent. */
static uint32_t held_max(const struct dp_live *l, const struct ct_config *c)
{
	return c->memory.mbufs / 4 * 3 / l->nworkers;
}

static bool whole_pages(const struct dp_live *l)
{
	for (unsigned i = 0; i < l->nports; i++)
		if (dp_port_may_xdp(&l->ports[i]))
			return true;
	return false;
}

static uint32_t data_room(const struct dp_live *l)
{
	uint32_t room = RTE_MBUF_DEFAULT_BUF_SIZE;
	for (unsigned i = 0; i < l->nports; i++)
		room = RTE_MAX(room, dp_port_room(&l->ports[i]));
	return dp_frames_room(room, whole_pages(l));
}

static unsigned megabytes(const struct dp_live *l, const struct ct_config *c)
{
	uint64_t each = sizeof(struct rte_mbuf) + sizeof(struct dp_meta) + data_room(l) + 256;
	uint64_t rings = (uint64_t)l->nworkers * l->nworkers * (ring_size(l->nworkers) * sizeof(void *) + 1024);
	return dp_worker_megabytes(c, l->nworkers, l->use) + (unsigned)((count_mbufs(l, c) * each + rings) / 1048576) + 32;
}

/* Opening. */

static int look_at_ports(struct dp_live *l, const struct dp_live_config *lc, char *err, size_t err_size)
{
	for (unsigned i = 0; i < DP_PORTS_MAX && lc->ports[i]; i++) {
		bool send_only = lc->use == DP_USE_MIRROR && i == DP_RESET;
		int rc = dp_port_look(&l->ports[i], lc->ports[i], i, l->nworkers, send_only, l->say, l->say_arg, err, err_size);
		if (rc != 0)
			return rc;
		l->nports++;
	}
	if (l->nports == 0 || (lc->use == DP_USE_INLINE && l->nports < 2))
		return FAIL(EINVAL, "%u ports given: inline needs two, a mirror one", l->nports);
	if (l->nports == 2 && strcspn(lc->ports[0], ",") == strcspn(lc->ports[1], ",") &&
	    strncmp(lc->ports[0], lc->ports[1], strcspn(lc->ports[0], ",")) == 0)
		return FAIL(EINVAL, "port %s: given twice", lc->ports[0]);
	if (l->nports == 2 && l->ports[0].ifindex && l->ports[0].ifindex == l->ports[1].ifindex)
		return FAIL(EINVAL, "ports %s and %s are the same interface", lc->ports[0], lc->ports[1]);
	return 0;
}

static int start_eal(struct dp_live *l, const struct dp_live_config *lc, char *err, size_t err_size)
{
	char line[160];
	l->eal = (struct dp_eal_live){ .program = lc->program, .workers = l->nworkers, .megabytes = lc->config->memory.megabytes };
	if (l->eal.megabytes == 0)
		l->eal.megabytes = megabytes(l, lc->config);
	for (unsigned i = 0; i < l->nports; i++)
		if (l->ports[i].kind == DP_PORT_PCI)
			l->eal.pci[l->eal.npci++] = l->ports[i].name;
	int rc = dp_eal_start_live(&l->eal, err, err_size);
	if (rc != 0)
		return rc;
	l->eal_started = true;
	l->nap = l->eal.shared;
	if (l->eal.shared) {
		snprintf(line, sizeof line, "%u workers and control share %u %s: each round of an idle one rests", l->nworkers,
		         l->eal.processors, l->eal.processors == 1 ? "core" : "cores");
		say(l, line);
	}
	return 0;
}

static int make_rings(struct dp_live *l, char *err, size_t err_size)
{
	char name[RTE_RING_NAMESIZE];
	for (unsigned from = 0; from < l->nworkers; from++)
		for (unsigned to = 0; to < l->nworkers; to++) {
			if (from == to)
				continue;
			snprintf(name, sizeof name, "way%u-%u", from, to);
			l->rings[from][to] = rte_ring_create(name, ring_size(l->nworkers), (int)rte_socket_id(), RING_F_SP_ENQ | RING_F_SC_DEQ);
			if (!l->rings[from][to])
				return FAIL(ENOMEM, "no memory for the rings of %u workers: fewer need less", l->nworkers);
		}
	return 0;
}

static int make_mbufs(struct dp_live *l, const struct ct_config *c, char *err, size_t err_size)
{
	uint32_t n = count_mbufs(l, c);
	l->mbufs = dp_frames_create("frames", n, CACHE, data_room(l), whole_pages(l));
	if (!l->mbufs)
		return FAIL(rte_errno ? rte_errno : ENOMEM, "no memory for %u mbufs of %u bytes: %s%s; `memory.mbufs`, "
		            "and the ports' MTU, say how many",
		            n, data_room(l), rte_strerror(rte_errno), dp_eal_complaint());
	return 0;
}

static int open_ports(struct dp_live *l, char *err, size_t err_size)
{
	for (unsigned i = 0; i < l->nports; i++) {
		int rc = dp_port_open(&l->ports[i], l->mbufs, l->nworkers, l->say, l->say_arg, err, err_size);
		if (rc != 0)
			return rc;
	}
	return 0;
}

/* Where every port has a queue for each worker, and puts both directions of a connection into the queue of one number, nobody has
 * to look for the owner. Two drivers need not agree on that. */
static bool must_distribute(const struct dp_live *l)
{
	if (l->nworkers == 1)
		return false;
	for (unsigned i = 0; i < l->nports; i++) {
		const struct dp_port *p = &l->ports[i];
		if (p->send_only)
			continue;
		if (!p->symmetric || p->rx_queues != l->nworkers || strcmp(p->driver, l->ports[0].driver) != 0)
			return true;
	}
	return false;
}

static int share_queues(struct dp_live *l)
{
	for (unsigned p = 0; p < l->nports; p++)
		for (unsigned q = 0; q < l->ports[p].rx_queues && !l->ports[p].send_only; q++) {
			struct live_worker *lw = &l->workers[live_queue_worker(l, q)];
			struct live_queue *more = realloc(lw->queues, (lw->nqueues + 1) * sizeof *more);
			if (!more)
				return -ENOMEM;
			lw->queues = more;
			lw->queues[lw->nqueues++] = (struct live_queue){ (uint8_t)p, (uint16_t)q, 0 };
		}
	return 0;
}

static int make_worker(struct dp_live *l, unsigned i, const struct dp_live_config *lc, char *err, size_t err_size)
{
	struct live_worker *lw = &l->workers[i];
	struct dp_worker_config wc = {
		.id = i,
		.use = lc->use,
		.config = lc->config,
		.rules = lc->rules,
		.rx = live_rx,
		.source = lw,
		.tx = lc->use == DP_USE_MIRROR && l->nports < 2 ? NULL : live_tx,
		.sink = lw,
		.give = l->nworkers > 1 ? live_give : NULL,
		.fragments = lc->config->memory.fragments / l->nworkers,
		.mbufs = l->mbufs,
		.now = live_clock(CLOCK_REALTIME),
		.held_max = held_max(l, lc->config),
	};
	lw->live = l;
	lw->id = i;
	lw->may_lose = l->stand_ins != NULL;
	for (unsigned p = 0; p < l->nports; p++) {
		lw->tx_queue[p] = (uint16_t)live_queue_of(l, p, i);
		lw->tx_worker[p] = live_queue_worker(l, lw->tx_queue[p]);
	}
	lw->peer = calloc(l->nworkers, sizeof *lw->peer);
	lw->end = rte_pktmbuf_alloc(l->mbufs);
	if (!lw->peer || !lw->end)
		return FAIL(ENOMEM, "no memory for worker %u; `memory.mbufs` says how many mbufs there are", i);
	return dp_worker_create(&wc, &lw->worker, err, err_size);
}

static int make_workers(struct dp_live *l, const struct dp_live_config *lc, char *err, size_t err_size)
{
	int rc = 0;
	l->workers = aligned_alloc(64, l->nworkers * sizeof *l->workers);
	if (!l->workers)
		return FAIL(ENOMEM, "no memory for %u workers", l->nworkers);
	memset(l->workers, 0, l->nworkers * sizeof *l->workers);
	l->seed = (uint32_t)rte_rand();
	if (l->use == DP_USE_INLINE && lc->config->inline_.stall == CT_STALL_OPEN && (rc = live_stand_ins_make(l)) != 0)
		return FAIL(-rc, "no memory for what stands in for %u workers", l->nworkers);
	for (unsigned i = 0; i < l->nworkers && rc == 0; i++)
		rc = make_worker(l, i, lc, err, err_size);
	return rc;
}

int dp_live_open(const struct dp_live_config *lc, struct dp_live **out, char *err, size_t err_size)
{
	int rc = -ENOMEM;
	struct dp_live *l = aligned_alloc(64, sizeof *l);
	*out = NULL;
	if (!l)
		return FAIL(ENOMEM, "no memory");
	memset(l, 0, sizeof *l);
	l->use = lc->use;
	l->say = lc->say;
	l->say_arg = lc->say_arg;
	l->nworkers = lc->workers;
	dp_tunnels_init(&l->tunnels, lc->config);
	if (lc->workers < 1 || lc->workers > DP_LIVE_WORKERS_MAX) {
		rc = FAIL(EINVAL, "%u workers: 1 to %d can be had", lc->workers, DP_LIVE_WORKERS_MAX);
		goto fail;
	}
	if ((rc = look_at_ports(l, lc, err, err_size)) != 0 || (rc = start_eal(l, lc, err, err_size)) != 0 ||
	    (rc = make_mbufs(l, lc->config, err, err_size)) != 0 || (rc = open_ports(l, err, err_size)) != 0 ||
	    (rc = make_rings(l, err, err_size)) != 0 || (rc = make_workers(l, lc, err, err_size)) != 0)
		goto fail;
	l->distribute = must_distribute(l);
	rc = share_queues(l);
	if (rc != 0) {
		snprintf(err, err_size, "no memory for the list of queues");
		goto fail;
	}
	*out = l;
	return 0;
fail:
	dp_live_close(l);
	return rc;
}

/* Running. */

int dp_live_start(struct dp_live *l, char *err, size_t err_size)
{
	for (unsigned i = 0; i < l->nports; i++) {
		int rc = dp_port_start(&l->ports[i], l->say, l->say_arg, err, err_size);
		if (rc != 0)
			return rc;
	}
	l->launched = true;
	for (unsigned i = 0; i < l->nworkers; i++) {
		int rc = rte_eal_remote_launch(live_run, &l->workers[i], i + 1);
		if (rc != 0)
			return FAIL(-rc, "worker %u does not start: %s", i, strerror(-rc));
	}
	return 0;
}

static unsigned still_running(const struct dp_live *l)
{
	unsigned n = 0;
	for (unsigned i = 0; i < l->nworkers; i++)
		n += rte_eal_get_lcore_state(i + 1) == RUNNING;
	return n;
}

unsigned dp_live_stop(struct dp_live *l)
{
	uint64_t until = live_mono() + STOP_TIME;
	unsigned running;
	if (!l->launched)
		return 0;
	atomic_store_explicit(&l->stop, true, memory_order_release);
	live_stand_ins_end(l);
	while ((running = still_running(l)) > 0 && live_mono() < until)
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	l->stalled = running > 0;
	if (!l->stalled)
		rte_eal_mp_wait_lcore();
	l->launched = false;
	return running;
}

static void free_workers(struct dp_live *l)
{
	for (unsigned i = 0; l->workers && i < l->nworkers; i++) {
		struct live_worker *lw = &l->workers[i];
		rte_pktmbuf_free(lw->end);
		dp_worker_leave(lw->worker);
		free(lw->queues);
		free(lw->peer);
	}
	free(l->workers);
	live_stand_ins_free(l);
}

void dp_live_close(struct dp_live *l)
{
	if (!l)
		return;
	if (l->launched)
		dp_live_stop(l);
	/* What a stalled worker may still touch stays as it is. */
	if (l->stalled)
		return;
	free_workers(l);
	for (unsigned i = 0; i < l->nports; i++)
		dp_port_close(&l->ports[i]);
	if (l->eal_started)
		dp_eal_stop_live();
	free(l);
}

/* Looking. */

unsigned dp_live_workers(const struct dp_live *l)
{
	return l->nworkers;
}

struct dp_worker *dp_live_worker(const struct dp_live *l, unsigned i)
{
	return l->workers[i].worker;
}

unsigned dp_live_ports(const struct dp_live *l)
{
	return l->nports;
}

const struct dp_port *dp_live_port(const struct dp_live *l, unsigned port)
{
	return &l->ports[port];
}

enum dp_port_state dp_live_link(struct dp_live *l, unsigned port)
{
	return dp_port_link(&l->ports[port]);
}

uint64_t dp_live_missed(struct dp_live *l, unsigned port)
{
	return dp_port_missed(&l->ports[port]);
}

uint64_t dp_live_received(const struct dp_live *l, unsigned port, unsigned queue)
{
	const struct live_worker *lw = &l->workers[live_queue_worker(l, queue)];
	for (unsigned i = 0; i < lw->nqueues; i++)
		if (lw->queues[i].port == port && lw->queues[i].queue == queue)
			return lw->queues[i].received;
	return 0;
}

uint64_t dp_live_rounds(const struct dp_live *l, unsigned worker)
{
	return atomic_load_explicit(&l->workers[worker].rounds, memory_order_relaxed);
}
