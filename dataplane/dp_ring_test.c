/* SPDX-License-Identifier: Apache-2.0 */
/* The live loop between two rings (net_ring), and mail through them. A ring is a loop inside one process: what is sent by a queue
 * of it is received by the same queue. So the test is the neighbour on both sides: the sensor sends by queue 0, where what it has
 * sent is taken out again before the sensor receives it; the neighbour sends by queue 1. Each run is a process of its own: EAL
 * starts once. */
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <rte_ethdev.h>

#include "control/ct_account.h"
#include "dataplane/dp_inline_smtp.h"
#include "dataplane/dp_live.h"
#include "dataplane/dp_made.h"
#include "pktgen-tests/pg_random.h"

#define PAIRS 2 /* connections: IPv4, IPv6 */
#define LETTERS 2 /* each sends: a clean one, one with a program */
#define FIRST_PORT 10001
#define SECONDS 30 /* and then it hangs */
#define HEARD 4096 /* frames that the sensor may be ahead of the test */
#define LETTER_SIZE 60000

static const char *const port_names[2] = { "net_ring0,queue_count=2", "net_ring1,queue_count=2" };

struct pair {
	struct dp_end end[2]; /* client, server */
	struct dp_client client;
	struct dp_server server;
	unsigned resets[2];
};

static struct {
	struct dp_live *live;
	struct rte_mempool *mbufs;
	struct rte_ring *heard[2]; /* by port: what the sensor has sent. From its worker to the test */
	uint64_t sent, got; /* by the test, to it */
	struct pair pair[PAIRS];
	uint64_t random;
	struct ct_config config;
	struct mt_ruleset *rules;
} net;

static uint64_t now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

/* The sensor. */

static void open_live(void)
{
	struct mt_report report = { 0 };
	struct mt_load load = { 0 };
	char err[1024];
	assert_int_equal(ct_config_defaults(&net.config), 0);
	net.config.memory.mbufs = 4096;
	assert_int_equal(mt_ruleset_load(&load, &net.rules, &report), 0);
	struct dp_live_config lc = { .use = DP_USE_INLINE, .workers = 1, .ports = { port_names[0], port_names[1] }, .config = &net.config,
				     .rules = net.rules, .program = "dp_ring_test" };
	if (dp_live_open(&lc, &net.live, err, sizeof err) != 0)
		fail_msg("%s", err);
	for (unsigned i = 0; i < 2; i++) {
		assert_string_equal(dp_live_port(net.live, i)->driver, "net_ring");
		assert_int_equal(dp_live_port(net.live, i)->rx_queues, 2);
	}
	net.mbufs = rte_mempool_lookup("frames");
	assert_non_null(net.mbufs);
}

static void start_live(void)
{
	char err[1024];
	if (dp_live_start(net.live, err, sizeof err) != 0)
		fail_msg("%s", err);
}

/* In the place of control. */
static void give_back(void)
{
	struct dp_worker *w = dp_live_worker(net.live, 0);
	void *r;
	while (rte_ring_sc_dequeue(w->records, &r) == 0)
		rte_ring_sp_enqueue(w->done, r);
}

static void add_up(struct ct_account *all)
{
	memset(all, 0, sizeof *all);
	for (unsigned p = 0; p < DP_PORTS_MAX; p++)
		ct_account_add(all, &dp_live_worker(net.live, 0)->account[p]);
}

static void close_live(void)
{
	dp_live_close(net.live);
	mt_ruleset_free(net.rules);
	ct_config_free(&net.config);
}

/* The neighbours. */

/* On the worker, which would receive what it sent. */
static uint16_t take_out(uint16_t port, uint16_t queue, struct rte_mbuf **m, uint16_t n, uint16_t max, void *heard)
{
	(void)port;
	(void)queue;
	(void)max;
	unsigned k = rte_ring_sp_enqueue_burst(heard, (void **)m, n, NULL);
	rte_pktmbuf_free_bulk(m + k, n - k);
	return 0;
}

static void listen_at(unsigned port)
{
	const struct dp_port *p = dp_live_port(net.live, port);
	net.heard[port] = rte_ring_create(port ? "heard1" : "heard0", HEARD, (int)rte_socket_id(), RING_F_SP_ENQ | RING_F_SC_DEQ);
	assert_non_null(net.heard[port]);
	assert_non_null(rte_eth_add_rx_callback(p->id, 0, take_out, net.heard[port]));
}

static void put(unsigned port, const uint8_t *frame, size_t n)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(net.mbufs);
	assert_non_null(m);
	char *to = rte_pktmbuf_append(m, (uint16_t)n);
	assert_non_null(to);
	memcpy(to, frame, n);
	/* A full one loses it, as a wire might: ends repeat. */
	if (rte_eth_tx_burst(dp_live_port(net.live, port)->id, 1, &m, 1) == 1)
		net.sent++;
	else
		rte_pktmbuf_free(m);
}

static void emit(void *arg, unsigned side, const uint8_t *frame, size_t n)
{
	(void)arg;
	put(side == 0 ? DP_OUTSIDE : DP_INSIDE, frame, n);
}

static void run_app(void *arg)
{
	const struct dp_end *e = arg;
	struct pair *p = e->arg;
	if (e->side == 0)
		dp_client_run(&p->client, now());
	else
		dp_server_run(&p->server, now());
}

static void arrive(unsigned port, const uint8_t *frame, size_t n)
{
	struct dp_packet pkt;
	assert_int_equal(dp_packet_parse(DP_LINK_ETHERNET, frame, n, n, &pkt), DP_TCP);
	assert_true(dp_packet_checksum_tcp(&pkt, frame + pkt.l4_off, pkt.tcp_hdr_len + pkt.payload_len));
	unsigned side = port == DP_OUTSIDE ? 0 : 1, number = (side == 0 ? pkt.dport : pkt.sport) - FIRST_PORT;
	assert_true(number < PAIRS);
	struct pair *p = &net.pair[number];
	p->resets[side] += (pkt.tcp_flags & RS_TCP_RST) != 0;
	dp_end_take(&p->end[side], frame, &pkt, now(), run_app, &p->end[side]);
	run_app(&p->end[side]);
	dp_end_push(&p->end[side], now());
}

static void hear(unsigned port)
{
	static uint8_t frame[DP_TEST_FRAME_MAX];
	void *m;
	while (rte_ring_sc_dequeue(net.heard[port], &m) == 0) {
		uint32_t n = rte_pktmbuf_pkt_len((struct rte_mbuf *)m);
		const void *p = rte_pktmbuf_read(m, 0, n, frame);
		assert_non_null(p);
		if (p != frame)
			memcpy(frame, p, n);
		rte_pktmbuf_free(m);
		net.got++;
		arrive(port, frame, n);
	}
}

static void tick(void)
{
	for (unsigned i = 0; i < PAIRS; i++)
		for (unsigned side = 0; side < 2; side++) {
			dp_end_tick(&net.pair[i].end[side], now());
			run_app(&net.pair[i].end[side]);
			dp_end_push(&net.pair[i].end[side], now());
		}
}

/* Mail. */

static void add_letter(struct dp_client *c, bool bad)
{
	static const uint8_t program[] = "MZ\x90\0\3\0\0\0\4\0\0\0\xff\xff\0\0\xb8";
	static uint8_t content[LETTER_SIZE];
	struct dp_letter l = { .form = ".\r\n", .bad = bad, .rcpts = 1 };
	struct dp_made m;
	for (size_t i = 0; i < sizeof content; i++)
		content[i] = (uint8_t)dp_test_random(&net.random, 256);
	memcpy(content, bad ? program : (const uint8_t *)"nothing in it", bad ? sizeof program : 13);
	dp_made_base64(&m, content, sizeof content, NULL);
	dp_text_printf(&l.text, "X-Number: %016llx\r\n", (unsigned long long)pg_random(&net.random));
	dp_made_message(&l.text, "base64", "x.bin", &m.text);
	dp_made_free(&m);
	c->letters[c->nletters++] = l;
}

static void make_pair(unsigned i)
{
	struct pair *p = &net.pair[i];
	struct dp_test_conn c = dp_test_conn(i + 1);
	c.v6 = i % 2;
	for (unsigned side = 0; side < 2; side++) {
		dp_end_init(&p->end[side], &c, side, &net.random);
		p->end[side].emit = emit;
		p->end[side].arg = p;
		p->end[side].mss = 1400;
	}
	dp_client_init(&p->client, &p->end[0], &net.random);
	dp_server_init(&p->server, &p->end[1], &net.random);
	p->client.letters = calloc(LETTERS, sizeof *p->client.letters);
	assert_non_null(p->client.letters);
	add_letter(&p->client, false);
	add_letter(&p->client, true);
	dp_client_script(&p->client);
	dp_end_connect(&p->end[0], now());
}

static bool all_over(void)
{
	for (unsigned i = 0; i < PAIRS; i++)
		if (!dp_end_over(&net.pair[i].end[0]) || !dp_end_over(&net.pair[i].end[1]))
			return false;
	return true;
}

static void check_pair(const struct pair *p)
{
	const struct dp_letter *good = &p->client.letters[0], *bad = &p->client.letters[1];
	assert_int_equal(p->server.ndelivered, 1);
	assert_int_equal(p->server.delivered[0].n, good->text.n);
	assert_memory_equal(p->server.delivered[0].p, good->text.p, good->text.n);
	assert_int_equal(good->told[0], 250);
	assert_int_equal(bad->told[0], 554);
	assert_true(p->resets[1] > 0);
	assert_int_equal(p->resets[0], 0);
	assert_int_equal(p->client.surprises, 0);
}

static void free_pair(struct pair *p)
{
	dp_client_free(&p->client);
	dp_server_free(&p->server);
	dp_end_free(&p->end[0]);
	dp_end_free(&p->end[1]);
}

/* A clean letter comes through both rings as it is, one with a program is refused. */
static void letters_go_through(void **state)
{
	(void)state;
	struct ct_account all;
	net.random = 1;
	open_live();
	listen_at(DP_INSIDE);
	listen_at(DP_OUTSIDE);
	start_live();
	for (unsigned i = 0; i < PAIRS; i++)
		make_pair(i);
	for (uint64_t until = now() + SECONDS * UINT64_C(1000000000); !all_over() && now() < until;) {
		hear(DP_INSIDE);
		hear(DP_OUTSIDE);
		tick();
		give_back();
		usleep(100);
	}
	assert_true(all_over());
	assert_int_equal(dp_live_stop(net.live), 0);
	give_back();
	hear(DP_INSIDE);
	hear(DP_OUTSIDE);
	add_up(&all);
	assert_true(ct_account_balanced(&all));
	assert_int_equal(all.held, 0);
	assert_int_equal(all.received, net.sent);
	assert_int_equal(all.verdict[CT_CLEAN], PAIRS);
	assert_int_equal(all.verdict[CT_INFECTED], PAIRS);
	assert_int_equal(all.seen, 2 * PAIRS);
	assert_true(net.got > 2 * PAIRS * LETTER_SIZE / 1400);
	for (unsigned i = 0; i < PAIRS; i++) {
		check_pair(&net.pair[i]);
		free_pair(&net.pair[i]);
	}
	close_live();
}

/* With nobody at the rings: one frame goes round for ever. */
static void alone_it_is_a_loop(void **state)
{
	(void)state;
	struct ct_account all = { 0 };
	uint8_t arp[60] = { 255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 1, 8, 6 };
	open_live();
	start_live();
	put(DP_OUTSIDE, arp, sizeof arp);
	for (uint64_t until = now() + SECONDS * UINT64_C(1000000000); all.received < 1000 && now() < until; usleep(1000))
		add_up(&all);
	assert_true(all.received >= 1000);
	assert_int_equal(dp_live_stop(net.live), 0);
	add_up(&all);
	assert_true(ct_account_balanced(&all));
	assert_int_equal(all.forwarded, all.received);
	close_live();
}

static void run(const char *what)
{
	int status;
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		execl("/proc/self/exe", "dp_ring_test", what, NULL);
		_exit(126);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void run_letters(void **state)
{
	(void)state;
	run("letters");
}

static void run_loop(void **state)
{
	(void)state;
	run("loop");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(run_letters), cmocka_unit_test(run_loop) };
	const struct CMUnitTest letters[] = { cmocka_unit_test(letters_go_through) }, loop[] = { cmocka_unit_test(alone_it_is_a_loop) };
	if (argc == 2 && strcmp(argv[1], "letters") == 0)
		return cmocka_run_group_tests(letters, NULL, NULL);
	if (argc == 2 && strcmp(argv[1], "loop") == 0)
		return cmocka_run_group_tests(loop, NULL, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
