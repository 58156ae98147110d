/* SPDX-License-Identifier: Apache-2.0 */
/* The live loop between two ports whose frames come from files and go to files (net_pcap), with one worker and with several: every
 * frame that goes in comes out by the other port, once and unchanged, and those of a connection in their order. Each run is a
 * process of its own: EAL starts once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <pcap/pcap.h>
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

/* A frame of a kind by its number: TCP of FLOWS connections, their fragments, UDP, ARP. Its last four bytes are the number. */
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
	return 14 + len;
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

/* What left by a port is what came in by the other: each once, those of a connection, and of two hosts' fragments, in order. */
static void check_output(unsigned port)
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
	assert_int_equal(n, FRAMES);
	pcap_close(p);
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
		for (unsigned p = 0; p < DP_PORTS_MAX; p++)
			ct_account_add(all, &dp_live_worker(l, i)->account[p]);
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

static void forward(struct dp_live_config *lc)
{
	static struct ct_config config;
	struct mt_report report = { 0 };
	struct mt_load load = { 0 };
	struct mt_ruleset *rules;
	struct ct_account all;
	struct dp_live *l;
	char err[1024];
	assert_int_equal(ct_config_defaults(&config), 0);
	config.memory.mbufs = 4096;
	/* Its segments are of no real connections: whatever it is, it goes on. */
	config.inline_.observe = true;
	assert_int_equal(mt_ruleset_load(&load, &rules, &report), 0);
	lc->config = &config;
	lc->rules = rules;
	lc->program = "dp_live_test";
	if (dp_live_open(lc, &l, err, sizeof err) != 0 || dp_live_start(l, err, sizeof err) != 0)
		fail_msg("%s", err);
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
		assert_true(one.received > 2 * FRAMES / lc->workers / 4);
		assert_true(dp_live_rounds(l, i) > 0);
	}
	dp_live_close(l);
	mt_ruleset_free(rules);
	ct_config_free(&config);
}

/* In the process of its own. */
static unsigned child_workers;

static void forward_and_check(void **state)
{
	(void)state;
	char ports[2][256];
	for (unsigned i = 0; i < 2; i++)
		snprintf(ports[i], sizeof ports[i], "net_pcap%u,rx_pcap=%s,tx_pcap=%s", i, paths[IN0 + i], paths[OUT0 + i]);
	struct dp_live_config lc = { .use = DP_USE_INLINE, .ports = { ports[0], ports[1] }, .workers = child_workers };
	forward(&lc);
	/* Files are complete when the ports are closed. */
	check_output(0);
	check_output(1);
}

static void run(const char *workers)
{
	int status;
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		execl("/proc/self/exe", "dp_live_test", folder, workers, NULL);
		_exit(126);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void one_worker(void **state)
{
	(void)state;
	run("1");
}

static void two_workers(void **state)
{
	(void)state;
	run("2");
}

static void three_workers(void **state)
{
	(void)state;
	run("3");
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
	static struct ct_config config;
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
	const struct CMUnitTest child[] = { cmocka_unit_test(forward_and_check) };
	const struct CMUnitTest tests[] = { cmocka_unit_test(one_worker), cmocka_unit_test(two_workers), cmocka_unit_test(three_workers),
					    cmocka_unit_test(refused) };
	if (argc == 3 && strlen(argv[1]) < sizeof folder) {
		strcpy(folder, argv[1]);
		name_files();
		child_workers = (unsigned)atoi(argv[2]);
		return cmocka_run_group_tests(child, NULL, NULL);
	}
	return cmocka_run_group_tests(tests, make_files, remove_files);
}
