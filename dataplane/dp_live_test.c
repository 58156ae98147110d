/* SPDX-License-Identifier: Apache-2.0 */
/* The live loop between two ports whose frames come from files and go to files (net_pcap), with one worker and with several: every
 * frame that goes in comes out by the other port, once and unchanged, and those of a connection in their order. The same while a
 * worker stalls and main stands in for it. Each run is a process of its own: EAL starts once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <pcap/pcap.h>
#include <rte_ethdev.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control/ct_account.h"
#include "dataplane/dp_live.h"
#include "dataplane/dp_packet.h"

#define FLOWS 40
#define FRAMES 6000 /* a file */
#define TIMEOUT 20 /* seconds */

static char folder[] = "/tmp/dp-live-XXXXXX";

enum { IN0, IN1, OUT0, OUT1, FILES };
static char paths[FILES][64];

#define CONNECTIONS (FLOWS / 10 * 7) /* kinds 0 to 6 are TCP, and a flow is always of one kind */

/* All of them from one host to another: VXLAN, whose header tells nothing of what is inside. */
static size_t wrap(uint8_t *f, size_t n)
{
	static const uint8_t outer[50] = {
		2, 0, 0, 0, 0, 3, 2, 0, 0, 0, 0, 4, 8, 0, 0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2,
		0xc0, 0, 0x12, 0xb5, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 7, 0,
	};
	memmove(f + sizeof outer, f, n);
	memcpy(f, outer, sizeof outer);
	f[16] = (uint8_t)((n + 36) >> 8);
	f[17] = (uint8_t)(n + 36);
	f[38] = (uint8_t)((n + 16) >> 8);
	f[39] = (uint8_t)(n + 16);
	return n + sizeof outer;
}

/* A frame of a kind by its number: TCP of FLOWS connections, every other one of them in a tunnel, their fragments, UDP, ARP. Its last
 * four bytes are the number. */
static size_t make_frame(uint8_t *f, unsigned port, uint32_t number)
{
	static const uint8_t ethernet[14] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0 };
	unsigned flow = number % FLOWS, kind = number % 10, payload = 40 + number % 200;
	memcpy(f, ethernet, 14);
	if (kind == 9) {
		f[13] = 6;
		memset(f + 14, 0, 46);
		memcpy(f + 56, &number, 4);
		return 60;
	}
	uint8_t *ip = f + 14, *l4 = ip + 20;
	unsigned len = 20 + 20 + payload;
	memset(ip, 0, len);
	ip[0] = 0x45;
	ip[2] = (uint8_t)(len >> 8);
	ip[3] = (uint8_t)len;
	ip[6] = kind == 8 ? 0x20 : 0; /* a first fragment */
	ip[8] = 64;
	ip[9] = kind == 7 ? 17 : 6;
	/* One end inside, one outside; the port tells which sends. */
	memcpy(ip + 12, (uint8_t[]){ 10, 0, (uint8_t)port, (uint8_t)flow }, 4);
	memcpy(ip + 16, (uint8_t[]){ 10, 0, (uint8_t)!port, (uint8_t)flow }, 4);
	uint16_t ports[2] = { htons((uint16_t)(port ? 25 : 4000 + flow)), htons((uint16_t)(port ? 4000 + flow : 25)) };
	memcpy(l4, ports, 4);
	memcpy(l4 + 4, &number, 4);
	l4[12] = 0x50;
	l4[13] = 0x10;
	memcpy(f + 14 + len - 4, &number, 4);
	return kind < 7 && flow % 2 ? wrap(f, 14 + len) : 14 + len;
}

static void write_input(unsigned port)
{
	pcap_t *p = pcap_open_dead(DLT_EN10MB, 65535);
	pcap_dumper_t *d = pcap_dump_open(p, paths[IN0 + port]);
	uint8_t f[512];
	assert_non_null(d);
	for (uint32_t i = 0; i < FRAMES; i++) {
		struct pcap_pkthdr h = { 0 };
		h.len = h.caplen = (bpf_u_int32)make_frame(f, port, i);
		pcap_dump((u_char *)d, &h, f);
	}
	pcap_dump_close(d);
	pcap_close(p);
}

/* What left by a port is what came in by the other: each once, those of a connection, and of two hosts' fragments, in order.
 * Returns how many there are. */
static unsigned check_output(unsigned port)
{
	char err[PCAP_ERRBUF_SIZE];
	static bool seen[FRAMES];
	uint32_t last[FLOWS][10];
	struct pcap_pkthdr *h;
	const u_char *data;
	uint8_t f[512];
	unsigned n = 0;
	memset(seen, 0, sizeof seen);
	memset(last, 0, sizeof last);
	pcap_t *p = pcap_open_offline(paths[OUT0 + port], err);
	assert_non_null(p);
	while (pcap_next_ex(p, &h, &data) == 1) {
		uint32_t number;
		memcpy(&number, data + h->caplen - 4, 4);
		assert_in_range(number, 0, FRAMES - 1);
		assert_false(seen[number]);
		seen[number] = true;
		size_t len = make_frame(f, !port, number);
		assert_int_equal(h->caplen, len);
		assert_memory_equal(data, f, len);
		/* Kinds 0 to 6 are TCP: one connection for each flow; a fragment is of its hosts. */
		unsigned kind = number % 10, order = kind < 7 ? 0 : kind;
		assert_true(number >= last[number % FLOWS][order]);
		last[number % FLOWS][order] = number;
		n++;
	}
	pcap_close(p);
	return n;
}

static void give_back(struct dp_live *l)
{
	void *r;
	for (unsigned i = 0; i < dp_live_workers(l); i++)
		while (rte_ring_sc_dequeue(dp_live_worker(l, i)->records, &r) == 0)
			rte_ring_sp_enqueue(dp_live_worker(l, i)->done, r);
}

static void add_up(const struct dp_live *l, struct ct_account *all)
{
	memset(all, 0, sizeof *all);
	for (unsigned i = 0; i < dp_live_workers(l); i++)
		for (unsigned p = 0; p < DP_PORTS_MAX; p++) {
			ct_account_add(all, &dp_live_worker(l, i)->account[p]);
			if (dp_live_stand_in(l, i))
				ct_account_add(all, &dp_live_stand_in(l, i)->account[p]);
		}
}

/* Until all frames were received, and nothing more is sent. */
static void wait_for_all(struct dp_live *l)
{
	struct ct_account a;
	for (unsigned i = 0; i < TIMEOUT * 100; i++) {
		give_back(l);
		add_up(l, &a);
		if (a.received >= 2 * FRAMES)
			return;
		usleep(10000);
	}
	fail_msg("%lu of %d frames were received", (unsigned long)a.received, 2 * FRAMES);
}

static struct ct_config config;
static struct mt_ruleset *rules;

static struct dp_live *open_live(struct dp_live_config *lc, enum ct_stall stall)
{
	struct mt_report report = { 0 };
	struct mt_load load = { 0 };
	struct dp_live *l;
	char err[1024];
	assert_int_equal(ct_config_defaults(&config), 0);
	config.memory.mbufs = 4096;
	/* Its segments are of no real connections: whatever it is, it goes on. */
	config.inline_.observe = true;
	/* Nor have they checksums. */
	config.capture.checksums = CT_CHECKSUMS_TRUST;
	config.inline_.stall = stall;
	assert_int_equal(mt_ruleset_load(&load, &rules, &report), 0);
	lc->config = &config;
	lc->rules = rules;
	lc->program = "dp_live_test";
	if (dp_live_open(lc, &l, err, sizeof err) != 0)
		fail_msg("%s", err);
	return l;
}

static void start(struct dp_live *l)
{
	char err[1024];
	if (dp_live_start(l, err, sizeof err) != 0)
		fail_msg("%s", err);
}

static void close_live(struct dp_live *l)
{
	dp_live_close(l);
	mt_ruleset_free(rules);
	ct_config_free(&config);
}

static void forward(struct dp_live_config *lc)
{
	struct ct_account all;
	uint64_t flows = 0;
	struct dp_live *l = open_live(lc, CT_STALL_CLOSED);
	start(l);
	wait_for_all(l);
	/* Whatever is on its way must still be sent. */
	assert_int_equal(dp_live_stop(l), 0);
	give_back(l);
	add_up(l, &all);
	assert_true(ct_account_balanced(&all));
	assert_int_equal(all.received, 2 * FRAMES);
	assert_int_equal(all.forwarded, 2 * FRAMES);
	assert_int_equal(all.sent, 2 * FRAMES);
	for (unsigned i = 0; i < lc->workers; i++) {
		struct ct_account one = { 0 };
		for (unsigned p = 0; p < DP_PORTS_MAX; p++)
			ct_account_add(&one, &dp_live_worker(l, i)->account[p]);
		/* Connections are spread over all of them. */
		assert_true(one.received > 0);
		assert_true(dp_live_rounds(l, i) > 0);
		flows += dp_live_worker(l, i)->stats.flows;
	}
	/* Each connection has one owner, for both directions, in a tunnel or in none. */
	assert_int_equal(flows, CONNECTIONS);
	close_live(l);
}

/* Stalling. */

/* One worker stands still, from a call of its own until it is let go. */
static struct {
	dp_tx tx; /* what it would have called */
	_Atomic bool armed, stands, let_go;
} stall;

static void stand(void)
{
	if (!atomic_exchange(&stall.armed, false))
		return;
	atomic_store(&stall.stands, true);
	while (!atomic_load(&stall.let_go))
		usleep(100);
}

static void tx_that_stalls(void *sink, struct rte_mbuf *m, unsigned out)
{
	stand();
	stall.tx(sink, m, out);
}

static uint16_t driver_that_stalls(uint16_t port, uint16_t queue, struct rte_mbuf **m, uint16_t n, uint16_t max, void *arg)
{
	(void)port;
	(void)queue;
	(void)m;
	(void)max;
	(void)arg;
	if (n > 0)
		stand();
	return n;
}

static void wait_until_it_stands(struct dp_live *l, unsigned worker)
{
	for (unsigned i = 0; i < TIMEOUT * 100 && !atomic_load(&stall.stands); i++) {
		give_back(l);
		usleep(10000);
	}
	assert_true(atomic_load(&stall.stands));
	uint64_t rounds = dp_live_rounds(l, worker);
	usleep(20000);
	assert_int_equal(dp_live_rounds(l, worker), rounds);
}

/* It does after it has received so many frames. */
static struct dp_live *start_one_that_stalls(struct dp_live_config *lc, unsigned worker, uint64_t frames)
{
	struct dp_live *l = open_live(lc, CT_STALL_OPEN);
	struct dp_worker *w = dp_live_worker(l, worker);
	stall.tx = w->tx;
	w->tx = tx_that_stalls;
	atomic_store(&stall.armed, frames == 0);
	start(l);
	for (unsigned i = 0; i < TIMEOUT * 1000 && w->account[0].received < frames; i++) {
		give_back(l);
		usleep(1000);
	}
	assert_true(w->account[0].received >= frames);
	atomic_store(&stall.armed, true);
	wait_until_it_stands(l, worker);
	return l;
}

/* Stands in, until so many frames came in or, with 0, the worker is back. */
static void stand_in(struct dp_live *l, uint64_t frames)
{
	struct ct_account all;
	bool busy;
	for (unsigned idle = 0; idle < TIMEOUT * 1000;) {
		unsigned taken = dp_live_pass(l, &busy);
		give_back(l);
		add_up(l, &all);
		if (frames == 0 && taken == 0)
			return;
		if (frames && !busy && all.received >= frames)
			return;
		if (!busy) {
			idle++;
			usleep(1000);
		}
	}
	fail_msg("stood in for ever: %lu frames", (unsigned long)all.received);
}

static uint64_t unjudged(const struct dp_live *l, unsigned worker)
{
	return dp_live_stand_in(l, worker)->stats.forwarded_unjudged;
}

static void file_ports(char ports[2][256], struct dp_live_config *lc)
{
	for (unsigned i = 0; i < 2; i++) {
		snprintf(ports[i], 256, "net_pcap%u,rx_pcap=%s,tx_pcap=%s", i, paths[IN0 + i], paths[OUT0 + i]);
		lc->ports[i] = ports[i];
	}
}

/* In the process of its own. */
static unsigned child_workers, child_stalls;

/* A worker stalls while it judges: main forwards what it would have, without a frame of its own getting in between. What the worker
 * had in its hands is lost, and counted. */
static void stall_and_check(void **state)
{
	(void)state;
	char ports[2][256];
	struct dp_live_config lc = { .use = DP_USE_INLINE, .workers = child_workers };
	struct ct_account all;
	file_ports(ports, &lc);
	struct dp_live *l = start_one_that_stalls(&lc, child_stalls, 0);
	assert_true(dp_live_take(l, child_stalls));
	assert_false(dp_live_take(l, child_stalls));
	assert_true(dp_live_taken(l, child_stalls));
	stand_in(l, 2 * FRAMES - DP_BURST * child_workers);
	uint64_t before = dp_live_rounds(l, child_stalls);
	atomic_store(&stall.let_go, true);
	stand_in(l, 0);
	assert_false(dp_live_taken(l, child_stalls));
	wait_for_all(l);
	for (unsigned i = 0; i < TIMEOUT * 1000 && dp_live_rounds(l, child_stalls) < before + 10; i++)
		usleep(1000);
	assert_true(dp_live_rounds(l, child_stalls) >= before + 10);
	assert_int_equal(dp_live_stop(l), 0);
	give_back(l);
	add_up(l, &all);
	assert_true(ct_account_balanced(&all));
	assert_int_equal(all.received, 2 * FRAMES);
	assert_int_equal(all.held, 0);
	assert_int_equal(all.forwarded, all.sent);
	assert_int_equal(all.forwarded + ct_account_dropped(&all), 2 * FRAMES);
	assert_int_equal(all.dropped[DP_DROP_FULL], ct_account_dropped(&all));
	assert_true(ct_account_dropped(&all) > 0);
	assert_true(unjudged(l, child_stalls) > 2 * FRAMES / child_workers / 4);
	if (child_workers == 1) {
		/* What it had is what did not go on. */
		assert_int_equal(unjudged(l, 0), all.forwarded);
		assert_true(ct_account_dropped(&all) <= DP_BURST);
	}
	close_live(l);
	assert_int_equal(check_output(0) + check_output(1), all.forwarded);
}

/* After it is back, it judges again, and nothing passes beside it. */
static void returns(void **state)
{
	(void)state;
	char port[256];
	struct ct_account all;
	snprintf(port, sizeof port, "net_pcap0,rx_pcap=%s,infinite_rx=1", paths[IN0]);
	struct dp_live_config lc = { .use = DP_USE_INLINE, .ports = { port, "net_null1,no-rx=1" }, .workers = 1 };
	struct dp_live *l = start_one_that_stalls(&lc, 0, 2 * FRAMES);
	struct dp_worker *w = dp_live_worker(l, 0);
	uint64_t own = w->account[0].received, flows = w->stats.flows;
	assert_true(dp_live_take(l, 0));
	bool busy;
	while (unjudged(l, 0) < FRAMES)
		dp_live_pass(l, &busy);
	assert_int_equal(w->account[0].received, own);
	atomic_store(&stall.let_go, true);
	stand_in(l, 0);
	uint64_t passed = unjudged(l, 0);
	/* What is counted as received may still be in its hands, one burst of it. */
	uint64_t again = own + FRAMES + DP_BURST;
	for (unsigned i = 0; i < TIMEOUT * 1000 && w->account[0].received < again; i++) {
		give_back(l);
		assert_int_equal(dp_live_pass(l, &busy), 0);
		usleep(1000);
	}
	assert_true(w->account[0].received >= again);
	assert_int_equal(unjudged(l, 0), passed);
	/* Its connections, all of which it had seen, were ended: what goes on of them is found anew. */
	assert_int_equal(w->stats.flows, 2 * flows);
	assert_int_equal(dp_live_stop(l), 0);
	give_back(l);
	add_up(l, &all);
	assert_true(ct_account_balanced(&all));
	assert_int_equal(all.held, 0);
	close_live(l);
}

/* One that stands in a driver is not stood in for: it may be half way through the queue. It loses nothing. */
static void in_a_driver(void **state)
{
	(void)state;
	char ports[2][256];
	struct dp_live_config lc = { .use = DP_USE_INLINE, .workers = 1 };
	struct ct_account all;
	bool busy;
	file_ports(ports, &lc);
	struct dp_live *l = open_live(&lc, CT_STALL_OPEN);
	atomic_store(&stall.armed, true);
	assert_non_null(rte_eth_add_rx_callback(dp_live_port(l, 0)->id, 0, driver_that_stalls, NULL));
	start(l);
	wait_until_it_stands(l, 0);
	assert_false(dp_live_take(l, 0));
	assert_false(dp_live_taken(l, 0));
	assert_int_equal(dp_live_pass(l, &busy), 0);
	assert_false(busy);
	atomic_store(&stall.let_go, true);
	wait_for_all(l);
	assert_int_equal(dp_live_stop(l), 0);
	give_back(l);
	add_up(l, &all);
	assert_true(ct_account_balanced(&all));
	assert_int_equal(all.forwarded, 2 * FRAMES);
	assert_int_equal(unjudged(l, 0), 0);
	close_live(l);
	assert_int_equal(check_output(0) + check_output(1), 2 * FRAMES);
}

/* The end comes while main stands in: the worker gets its queues, and ends. */
static void ends(void **state)
{
	(void)state;
	char ports[2][256];
	struct dp_live_config lc = { .use = DP_USE_INLINE, .workers = 1 };
	struct ct_account all;
	file_ports(ports, &lc);
	struct dp_live *l = start_one_that_stalls(&lc, 0, 0);
	assert_true(dp_live_take(l, 0));
	stand_in(l, 2 * FRAMES - DP_BURST);
	atomic_store(&stall.let_go, true);
	assert_int_equal(dp_live_stop(l), 0);
	assert_false(dp_live_taken(l, 0));
	give_back(l);
	add_up(l, &all);
	assert_true(ct_account_balanced(&all));
	assert_int_equal(all.held, 0);
	close_live(l);
}

/* By default nobody stands in. */
static void closed(void **state)
{
	(void)state;
	bool busy;
	struct dp_live_config lc = { .use = DP_USE_INLINE, .ports = { "net_null0,no-rx=1", "net_null1,no-rx=1" }, .workers = 1 };
	struct dp_live *l = open_live(&lc, CT_STALL_CLOSED);
	start(l);
	assert_null(dp_live_stand_in(l, 0));
	assert_false(dp_live_take(l, 0));
	assert_false(dp_live_taken(l, 0));
	assert_int_equal(dp_live_pass(l, &busy), 0);
	assert_int_equal(dp_live_stop(l), 0);
	close_live(l);
}

static void forward_and_check(void **state)
{
	(void)state;
	char ports[2][256];
	struct dp_live_config lc = { .use = DP_USE_INLINE, .workers = child_workers };
	file_ports(ports, &lc);
	forward(&lc);
	/* Files are complete when the ports are closed. */
	assert_int_equal(check_output(0), FRAMES);
	assert_int_equal(check_output(1), FRAMES);
}

static void run(const char *what, const char *workers, const char *stalls)
{
	int status;
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		execl("/proc/self/exe", "dp_live_test", folder, what, workers, stalls, NULL);
		_exit(126);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void one_worker(void **state)
{
	(void)state;
	run("forward", "1", "0");
}

static void two_workers(void **state)
{
	(void)state;
	run("forward", "2", "0");
}

static void three_workers(void **state)
{
	(void)state;
	run("forward", "3", "0");
}

static void one_stalls(void **state)
{
	(void)state;
	run("stall", "1", "0");
}

/* Of two, the one that has the queues, and the one that has none. */
static void one_of_two_stalls(void **state)
{
	(void)state;
	run("stall", "2", "0");
	run("stall", "2", "1");
}

static void stalled_one_returns(void **state)
{
	(void)state;
	run("returns", "1", "0");
}

static void stalled_one_is_ended(void **state)
{
	(void)state;
	run("ends", "1", "0");
}

static void stalls_in_a_driver(void **state)
{
	(void)state;
	run("driver", "1", "0");
}

static void closed_by_default(void **state)
{
	(void)state;
	run("closed", "1", "0");
}

/* What is refused, before EAL starts: one line, which says what is wrong. */
static void refused(void **state)
{
	(void)state;
	static const struct { const char *ports[2], *says; enum dp_use use; unsigned workers; } t[] = {
		{ { "nosuchif0", "net_null0" }, "no such interface", DP_USE_INLINE, 1 },
		{ { "net_nothing0", "net_null0" }, "no such driver is built in", DP_USE_INLINE, 1 },
		{ { "ffff:1f:1f.7", "net_null0" }, "no such PCI device", DP_USE_INLINE, 1 },
		{ { "net_null0", "net_null0,size=64" }, "given twice", DP_USE_INLINE, 1 },
		{ { "net_null0", NULL }, "inline needs two", DP_USE_INLINE, 1 },
		{ { "net_null0", "net_null1" }, "workers", DP_USE_INLINE, 0 },
		{ { "net_null0", "net_null1" }, "workers", DP_USE_INLINE, DP_LIVE_WORKERS_MAX + 1 },
		{ { "", NULL }, "a port is a", DP_USE_MIRROR, 1 },
		{ { "lo", NULL }, "not an Ethernet interface", DP_USE_MIRROR, 1 },
	};
	assert_int_equal(ct_config_defaults(&config), 0);
	for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
		char err[1024] = "";
		struct dp_live *l;
		struct dp_live_config lc = { .program = "t", .config = &config, .use = t[i].use, .ports = { t[i].ports[0], t[i].ports[1] },
					     .workers = t[i].workers };
		assert_true(dp_live_open(&lc, &l, err, sizeof err) < 0);
		assert_null(l);
		if (!strstr(err, t[i].says) || strchr(err, '\n'))
			fail_msg("%s: \"%s\"", t[i].ports[0], err);
	}
	ct_config_free(&config);
}

static void name_files(void)
{
	static const char *const names[FILES] = { "in0", "in1", "out0", "out1" };
	for (unsigned i = 0; i < FILES; i++)
		snprintf(paths[i], sizeof paths[i], "%s/%s", folder, names[i]);
}

static int make_files(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	name_files();
	write_input(0);
	write_input(1);
	return 0;
}

static int remove_files(void **state)
{
	(void)state;
	for (unsigned i = 0; i < FILES; i++)
		unlink(paths[i]);
	rmdir(folder);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct { const char *name; CMUnitTestFunction run; } children[] = {
		{ "forward", forward_and_check }, { "stall", stall_and_check }, { "returns", returns },
		{ "driver", in_a_driver }, { "ends", ends }, { "closed", closed },
	};
	const struct CMUnitTest tests[] = { cmocka_unit_test(one_worker), cmocka_unit_test(two_workers), cmocka_unit_test(three_workers),
					    cmocka_unit_test(one_stalls), cmocka_unit_test(one_of_two_stalls),
					    cmocka_unit_test(stalled_one_returns), cmocka_unit_test(stalled_one_is_ended),
					    cmocka_unit_test(stalls_in_a_driver), cmocka_unit_test(closed_by_default),
					    cmocka_unit_test(refused) };
	if (argc == 5 && strlen(argv[1]) < sizeof folder) {
		strcpy(folder, argv[1]);
		name_files();
		child_workers = (unsigned)atoi(argv[3]);
		child_stalls = (unsigned)atoi(argv[4]);
		for (size_t i = 0; i < sizeof children / sizeof *children; i++) {
			const struct CMUnitTest child[] = { { argv[2], children[i].run, NULL, NULL, NULL } };
			if (strcmp(argv[2], children[i].name) == 0)
				return cmocka_run_group_tests(child, NULL, NULL);
		}
		return 126;
	}
	return cmocka_run_group_tests(tests, make_files, remove_files);
}
