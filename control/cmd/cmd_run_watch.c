/* SPDX-License-Identifier: Apache-2.0 */
/* What main looks at once a second while `mailweir run` runs, and the stats record. Nothing here stops a worker: it copies its
 * account out itself, between two bursts, when it is asked to. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control/cmd/cmd_run.h"

#define COUNTERS_MAX 256
#define SECOND UINT64_C(1000000000)
#define TRIES 5

static uint64_t now_of(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

uint64_t cmd_run_now(void)
{
	return now_of(CLOCK_MONOTONIC);
}

static enum ct_link link_of(enum dp_port_state s)
{
	return s == DP_PORT_UP ? CT_LINK_UP : s == DP_PORT_DOWN ? CT_LINK_DOWN : CT_LINK_GONE;
}

static void watch_links(struct cmd_run *r)
{
	char line[CT_WATCH_LINE];
	for (unsigned i = 0; i < dp_live_ports(r->live); i++)
		if (ct_watch_link(&r->links[i], link_of(dp_live_link(r->live, i)), dp_live_port(r->live, i)->name, line))
			cmd_error("%s", line);
}

/* What becomes of the packets of a worker that has stalled. */
static enum ct_stalled stand_in(struct cmd_run *r, unsigned worker)
{
	if (r->use == DP_USE_MIRROR)
		return CT_STALLED_BLIND;
	if (r->config.inline_.stall == CT_STALL_CLOSED)
		return CT_STALLED_CLOSED;
	return dp_live_take(r->live, worker) ? CT_STALLED_OPEN : CT_STALLED_IN_DRIVER;
}

/* Who left transmit offloads on sees no mail pass, and no reason. */
static void watch_checksums(struct cmd_run *r)
{
	for (unsigned p = 0; p < dp_live_ports(r->live); p++) {
		uint64_t wrong = 0;
		for (unsigned i = 0; i < r->nworkers; i++)
			wrong += r->workers[i]->account[p].dropped[DP_DROP_BAD_CHECKSUM];
		if (wrong < 3 || r->said_checksums[p])
			continue;
		r->said_checksums[p] = true;
		cmd_error("port %s: mail with wrong checksums comes in and is dropped (%" PRIu64 " segments so far): its sender leaves them to its card; "
		          "`ethtool -K INTERFACE tx off` on the sender's side mends it", dp_live_port(r->live, p)->name, wrong);
	}
}

static void watch_workers(struct cmd_run *r)
{
	char line[CT_WATCH_LINE];
	for (unsigned i = 0; i < r->nworkers; i++) {
		struct ct_watch_worker *w = &r->progress[i];
		enum ct_progress p = ct_watch_worker(w, dp_live_rounds(r->live, i), r->config.inline_.stall_after);
		if (p == CT_PROGRESS_AS_BEFORE)
			continue;
		if (p == CT_PROGRESS_STALLED)
			r->then[i] = stand_in(r, i);
		ct_watch_worker_line(w, p, i, r->then[i], line);
		cmd_error("%s", line);
	}
}

/* Adds up the workers' copies, by port. */
static void add_up(const struct cmd_run *r, struct ct_stats *s, struct ct_port_stats *ports)
{
	memset(&s->account, 0, sizeof s->account);
	for (unsigned p = 0; p < s->nports; p++) {
		memset(&ports[p].account, 0, sizeof ports[p].account);
		for (unsigned i = 0; i < r->nworkers; i++) {
			ct_account_add(&ports[p].account, &r->last[i][p]);
			if (r->stand_ins[i])
				ct_account_add(&ports[p].account, &r->stand_ins[i]->account[p]);
		}
		ct_account_add(&s->account, &ports[p].account);
	}
}

/* The copies are not of one moment: a packet may be seen to leave one worker and not yet to have come to it. That balances, but
 * reads oddly, so it is looked at again, a few times. A worker that does not answer is as it was: watch_workers says so. */
static void collect(struct cmd_run *r, struct ct_stats *s, struct ct_port_stats *ports, bool ended)
{
	for (unsigned tries = 0; tries < (ended ? 1 : TRIES); tries++) {
		for (unsigned i = 0; i < r->nworkers; i++) {
			struct ct_account copy[DP_PORTS_MAX];
			if (ended)
				memcpy(r->last[i], r->workers[i]->account, sizeof copy);
			else if (!dp_live_taken(r->live, i) && dp_worker_snapshot(r->workers[i], copy))
				memcpy(r->last[i], copy, sizeof copy);
		}
		add_up(r, s, ports);
		if ((int64_t)s->account.held >= 0)
			return;
	}
}

static void look_at_queues(const struct cmd_run *r, unsigned port, struct ct_port_stats *to, uint64_t queues[DP_PORT_FDS_MAX])
{
	const struct dp_port *p = dp_live_port(r->live, port);
	if (p->send_only)
		return;
	to->nqueues = RTE_MIN(p->rx_queues, DP_PORT_FDS_MAX);
	to->queues = queues;
	for (unsigned q = 0; q < to->nqueues; q++)
		queues[q] = dp_live_received(r->live, port, q);
}

/* False: the sums do not hold. */
static bool put_stats(struct cmd_run *r, bool ended)
{
	struct ct_counter counters[COUNTERS_MAX];
	struct dp_worker *all[2 * DP_LIVE_WORKERS_MAX];
	struct ct_port_stats ports[DP_PORTS_MAX];
	uint64_t queues[DP_PORTS_MAX][DP_PORT_FDS_MAX];
	struct ct_stats s = {
		.drop_names = dp_drop_names,
		.ndrops = DP_DROP_MAX,
		.counters = counters,
		.ports = ports,
		.nports = dp_live_ports(r->live),
		.uptime = cmd_run_now() / SECOND - r->started,
		.records_lost = ct_writer_lost(r->out) + (r->control ? ct_thread_lost(r->control) : r->unrendered),
		.time = now_of(CLOCK_REALTIME),
	};
	for (unsigned p = 0; p < s.nports; p++) {
		ports[p] = (struct ct_port_stats){
			.name = dp_live_port(r->live, p)->name,
			.missed = dp_live_missed(r->live, p),
			.up = r->links[p].was == CT_LINK_UP,
		};
		look_at_queues(r, p, &ports[p], queues[p]);
	}
	collect(r, &s, ports, ended);
	/* Each is one word that its worker alone writes: at most a burst old. */
	unsigned n = 0;
	for (unsigned i = 0; i < r->nworkers; i++) {
		all[n++] = r->workers[i];
		if (r->stand_ins[i])
			all[n++] = r->stand_ins[i];
	}
	s.ncounters = dp_worker_counters(all, n, counters, COUNTERS_MAX);
	char *line = ct_render_stats(r->render, &s);
	if (line)
		ct_writer_put(r->out, line, cmd_run_now());
	free(line);
	return ct_stats_balanced(&s) && (!ended || (!s.account.held && !s.account.open));
}

void cmd_run_watch(struct cmd_run *r)
{
	uint64_t second = cmd_run_now() / SECOND;
	watch_links(r);
	watch_workers(r);
	watch_checksums(r);
	if (r->config.output.stats_interval && second >= r->stats_at) {
		put_stats(r, false);
		/* After a time in which the program was stopped, one and not many. */
		r->stats_at = second + r->config.output.stats_interval;
	}
}

bool cmd_run_conclude(struct cmd_run *r)
{
	bool balanced = put_stats(r, true);
	/* What a worker that did not end has is missing, and that was said. */
	if (!balanced && !r->stuck)
		cmd_error("the account does not balance: this is a fault of mailweir; please report it with the last stats record");
	uint64_t lost = ct_writer_lost(r->out) + r->unrendered;
	if (lost)
		cmd_error("%" PRIu64 " records could not be written", lost);
	return balanced;
}
