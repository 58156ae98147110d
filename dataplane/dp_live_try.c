/* SPDX-License-Identifier: Apache-2.0 */
/* The live loop alone, for tests: forwards between two ports, or counts what one gives, until TERM; then prints the account.
 *
 * usage: dp_live_try WORKERS SECONDS PORT [PORT|reset=PORT] [MBUFS]
 * Standard error: what dp_live says, `forwarding`, and links that change. Standard output: one JSON object at the end. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control/ct_account.h"
#include "dataplane/dp_live.h"
#include "matchers/mt_rules.h"

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	stop = sig;
}

static void on_say(void *arg, const char *line)
{
	(void)arg;
	fprintf(stderr, "%s\n", line);
}

/* In the place of control: gives records back unread. Returns how many. */
static unsigned give_back(struct dp_live *l)
{
	unsigned n = 0;
	for (unsigned i = 0; i < dp_live_workers(l); i++) {
		struct dp_worker *w = dp_live_worker(l, i);
		void *r;
		for (; rte_ring_sc_dequeue(w->records, &r) == 0; n++)
			rte_ring_sp_enqueue(w->done, r);
	}
	return n;
}

static void watch_links(struct dp_live *l, enum dp_port_state *states)
{
	static const char *const names[] = { "up", "down", "gone" };
	for (unsigned i = 0; i < dp_live_ports(l); i++) {
		enum dp_port_state s = dp_live_link(l, i);
		if (s != states[i])
			fprintf(stderr, "port %s: %s\n", dp_live_port(l, i)->name, names[s]);
		states[i] = s;
	}
}

static void print_account(struct dp_live *l, unsigned stalled)
{
	struct ct_account sum[DP_PORTS_MAX] = { 0 }, all = { 0 };
	for (unsigned i = 0; i < dp_live_workers(l); i++)
		for (unsigned p = 0; p < DP_PORTS_MAX; p++) {
			ct_account_add(&sum[p], &dp_live_worker(l, i)->account[p]);
			ct_account_add(&all, &dp_live_worker(l, i)->account[p]);
		}
	printf("{\"balanced\": %s, \"stalled\": %u, \"seen\": %" PRIu64 ", \"ports\": [",
	       ct_account_balanced(&all) ? "true" : "false", stalled, all.seen);
	for (unsigned p = 0; p < dp_live_ports(l); p++) {
		const struct ct_account *a = &sum[p];
		const struct dp_port *port = dp_live_port(l, p);
		printf("%s{\"driver\": \"%s\", \"mtu\": %u, \"queues\": %u, \"received\": %" PRIu64 ", \"forwarded\": %" PRIu64
		       ", \"consumed\": %" PRIu64 ", \"held\": %" PRIu64 ", \"sent\": %" PRIu64 ", \"missed\": %" PRIu64 ", \"dropped\": {",
		       p ? ", " : "", port->driver, port->mtu, port->rx_queues, a->received, a->forwarded, a->consumed, a->held,
		       a->sent, dp_live_missed(l, p));
		for (unsigned d = 0; d < DP_DROP_MAX; d++)
			printf("%s\"%s\": %" PRIu64, d ? ", " : "", dp_drop_names[d], a->dropped[d]);
		printf("}}");
	}
	printf("]}\n");
	fflush(stdout);
}

static int run(struct dp_live *l, unsigned seconds)
{
	enum dp_port_state states[DP_PORTS_MAX] = { DP_PORT_UP, DP_PORT_UP };
	char err[1024];
	if (dp_live_start(l, err, sizeof err) != 0) {
		fprintf(stderr, "%s\n", err);
		return 2;
	}
	fprintf(stderr, "forwarding\n");
	for (unsigned ms = 0; !stop && ms < seconds * 1000; ms++) {
		if (ms % 200 == 0)
			watch_links(l, states);
		give_back(l);
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
	unsigned stalled = dp_live_stop(l);
	give_back(l);
	print_account(l, stalled);
	return stalled ? 1 : 0;
}

int main(int argc, char **argv)
{
	static struct ct_config config;
	struct mt_ruleset *rules;
	struct mt_report report = { 0 };
	struct mt_load load = { .paths = NULL };
	struct dp_live *l;
	char err[1024];
	if (argc < 4)
		return 2;
	struct sigaction sa = { .sa_handler = on_signal };
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	if (ct_config_defaults(&config) != 0 || mt_ruleset_load(&load, &rules, &report) != 0)
		return 2;
	if (argc > 5)
		config.memory.mbufs = (uint32_t)atoi(argv[5]);
	const char *second = argc > 4 && argv[4][0] ? argv[4] : NULL;
	bool reset = second && strncmp(second, "reset=", 6) == 0;
	struct dp_live_config lc = {
		.program = "dp_live_try",
		.config = &config,
		.rules = rules,
		.use = second && !reset ? DP_USE_INLINE : DP_USE_MIRROR,
		.ports = { argv[3], reset ? second + 6 : second },
		.workers = (unsigned)atoi(argv[1]),
		.say = on_say,
	};
	int status = 2;
	if (dp_live_open(&lc, &l, err, sizeof err) == 0)
		status = run(l, (unsigned)atoi(argv[2]));
	else
		fprintf(stderr, "%s\n", err);
	dp_live_close(l);
	mt_ruleset_free(rules);
	ct_config_free(&config);
	return status;
}
