/* SPDX-License-Identifier: Apache-2.0 */
/* From a capture file to the workers: nothing is lost, and each connection has one worker. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_mempool.h>

#include "dataplane/dp_made.h"
#include "dataplane/dp_reader.h"

#define WORKERS 4

/* Captures. */

struct capture {
	struct dp_text text;
	uint64_t packets, bytes;
	char path[32];
};

static void put32(struct dp_text *t, uint32_t v)
{
	dp_text_put(t, &v, 4);
}

static void capture_begin(struct capture *c)
{
	*c = (struct capture){ .path = "/tmp/dp-reader-XXXXXX" };
	put32(&c->text, 0xa1b23c4d); /* nanoseconds */
	put32(&c->text, 4 << 16 | 2);
	put32(&c->text, 0);
	put32(&c->text, 0);
	put32(&c->text, 262144);
	put32(&c->text, 1);
}

static void capture_add(struct capture *c, uint64_t time, const void *p, size_t n)
{
	put32(&c->text, (uint32_t)(time / 1000000000));
	put32(&c->text, (uint32_t)(time % 1000000000));
	put32(&c->text, (uint32_t)n);
	put32(&c->text, (uint32_t)n);
	dp_text_put(&c->text, p, n);
	c->packets++;
	c->bytes += n;
}

static void capture_write(struct capture *c)
{
	int fd = mkstemp(c->path);
	assert_true(fd >= 0);
	for (size_t at = 0; at < c->text.n;) {
		ssize_t n = write(fd, c->text.p + at, c->text.n - at);
		assert_true(n > 0);
		at += (size_t)n;
	}
	close(fd);
	dp_text_free(&c->text);
}

/* Takers, in the place of workers. */

struct taker {
	struct dp_reader *r;
	unsigned id;
	bool slow;
	uint64_t floor; /* all packets up to this one must have been taken */
	uint64_t last, frames, bytes, ticks, ends, faults;
	uint8_t flow_seen[2000][2]; /* by the lower port, by direction */
};

static void take(struct taker *k, struct rte_mbuf *m)
{
	const struct dp_meta *meta = dp_meta(m);
	/* In order, and nothing that had been said to be in the ring already. */
	k->faults += meta->seq <= k->last || meta->seq <= k->floor;
	k->last = meta->seq;
	uint32_t chain = 0;
	unsigned segs = 0;
	for (const struct rte_mbuf *s = m; s; s = s->next, segs++)
		chain += rte_pktmbuf_data_len(s);
	k->faults += chain != rte_pktmbuf_pkt_len(m) || segs != m->nb_segs;
	switch (meta->kind) {
	case DP_FRAME: {
		struct dp_packet pkt;
		k->frames++;
		k->bytes += rte_pktmbuf_pkt_len(m);
		if (dp_packet_parse(meta->link, rte_pktmbuf_mtod(m, const uint8_t *), rte_pktmbuf_data_len(m),
				    rte_pktmbuf_pkt_len(m), &pkt) == DP_TCP) {
			unsigned from = pkt.sport == 25;
			unsigned flow = (unsigned)(from ? pkt.dport : pkt.sport) - 10000;
			if (flow < 2000)
				k->flow_seen[flow][from] = 1;
		}
		break;
	}
	case DP_TICK:
		k->ticks++;
		break;
	case DP_END:
		k->ends++;
		break;
	}
	rte_pktmbuf_free(m);
}

static int taker_run(void *arg)
{
	struct taker *k = arg;
	struct rte_mbuf *m[DP_BURST];
	uint64_t turns = 0;
	while (!k->ends) {
		uint64_t dispatched = atomic_load_explicit(&k->r->dispatched, memory_order_acquire);
		uint16_t n = dp_reader_rx(k->r->rings[k->id], m, DP_BURST);
		for (unsigned i = 0; i < n; i++)
			take(k, m[i]);
		if (n == 0)
			k->floor = dispatched;
		if (k->slow && ++turns % 8 == 0)
			usleep(200);
	}
	return 0;
}

static volatile sig_atomic_t stop;

static const struct ct_config *with_mbufs(uint32_t mbufs)
{
	static struct ct_config c;
	c.memory.mbufs = mbufs;
	c.memory.datagrams = 16;
	c.memory.fragments = 64;
	c.ip.fragments_max = 64;
	c.ip.timeout = 30;
	return &c;
}

static void read_all(struct dp_reader *r, struct taker *takers, const struct capture *c, uint32_t mbufs, bool slow)
{
	char err[512];
	stop = 0;
	assert_int_equal(dp_reader_init(r, with_mbufs(mbufs), WORKERS, err, sizeof err), 0);
	r->stop = &stop;
	memset(takers, 0, WORKERS * sizeof *takers);
	for (unsigned i = 0; i < WORKERS; i++) {
		takers[i].r = r;
		takers[i].id = i;
		takers[i].slow = slow;
		assert_int_equal(rte_eal_remote_launch(taker_run, &takers[i], i + 1), 0);
	}
	/* A reader that waits for ever is a fault, too. */
	alarm(240);
	assert_int_equal(dp_reader_file(r, c->path, 3, err, sizeof err), DP_READ_OK);
	dp_reader_end(r);
	rte_eal_mp_wait_lcore();
	alarm(0);
	assert_int_equal(r->packets, c->packets);
	assert_int_equal(r->bytes, c->bytes);
	assert_int_equal(r->dispatched, r->seq);
	uint64_t frames = 0, bytes = 0;
	for (unsigned i = 0; i < WORKERS; i++) {
		frames += takers[i].frames;
		bytes += takers[i].bytes;
		assert_int_equal(takers[i].faults, 0);
		assert_int_equal(takers[i].ends, 1);
		assert_int_equal(takers[i].ticks, takers[0].ticks);
		assert_int_equal(takers[i].last, r->seq);
	}
	assert_int_equal(frames, c->packets);
	assert_int_equal(bytes, c->bytes);
	assert_int_equal(r->seq, c->packets + takers[0].ticks + 1);
	assert_int_equal(rte_mempool_in_use_count(r->mbufs), 0);
	dp_reader_free(r);
}

static struct dp_reader reader;
static struct taker takers[WORKERS];

/* Both directions of each of 1,000 connections, and what is no TCP. */
static void test_distribution(void **state)
{
	(void)state;
	struct capture c;
	uint8_t frame[1600], payload[1400] = { 0 };
	uint64_t seed = 1, time = UINT64_C(1700000000000000000);
	capture_begin(&c);
	for (unsigned i = 0; i < 20000; i++) {
		unsigned flow = i < 2000 ? i / 2 : dp_test_random(&seed, 1000), from = i % 2;
		struct dp_test_conn k = dp_test_conn(flow);
		k.v6 = flow % 3 == 0;
		k.nvlan = flow % 5 == 0;
		size_t n = dp_test_segment_write(&k, from, RS_TCP_ACK, i, payload, dp_test_random(&seed, 1400), frame);
		if (i % 100 == 99)
			frame[12] ^= 0x55; /* another EtherType */
		capture_add(&c, time += dp_test_random(&seed, 10000000), frame, n);
	}
	capture_write(&c);
	read_all(&reader, takers, &c, 8192, false);
	unsigned least = 1000;
	for (unsigned flow = 0; flow < 1000; flow++) {
		unsigned owners = 0;
		for (unsigned i = 0; i < WORKERS; i++) {
			owners += takers[i].flow_seen[flow][0] || takers[i].flow_seen[flow][1];
			assert_int_equal(takers[i].flow_seen[flow][0], takers[i].flow_seen[flow][1]);
		}
		assert_int_equal(owners, 1);
	}
	for (unsigned i = 0; i < WORKERS; i++) {
		unsigned flows = 0;
		for (unsigned flow = 0; flow < 1000; flow++)
			flows += takers[i].flow_seen[flow][0];
		least = flows < least ? flows : least;
	}
	/* About evenly. */
	assert_true(least > 150);
	unlink(c.path);
}

/* Few mbufs, long frames, takers that are slow, and a tick between any two packets. */
static void test_little_room(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < 3; kind++) {
		struct capture c;
		static uint8_t frame[DP_TEST_FRAME_MAX], payload[65000];
		uint64_t seed = kind, time = UINT64_C(1700000000000000000);
		capture_begin(&c);
		for (unsigned i = 0; i < (kind == 1 ? 600 : 6000); i++) {
			/* Of one connection: one ring is full, the others hold ticks. */
			struct dp_test_conn k = dp_test_conn(kind == 2 ? 1 : dp_test_random(&seed, 100));
			size_t n = dp_test_segment_write(&k, 0, RS_TCP_ACK, i, payload,
							 kind == 1 ? dp_test_random(&seed, 65000) : 10, frame);
			capture_add(&c, time += kind ? UINT64_C(1000000000) : UINT64_C(30000000), frame, n);
		}
		capture_write(&c);
		read_all(&reader, takers, &c, 1024, kind == 2);
		if (kind)
			assert_int_equal(takers[0].ticks, c.packets - 1);
		unlink(c.path);
	}
}

/* The bytes of a frame, however many mbufs it takes. */
static void test_frames_are_whole(void **state)
{
	static const uint32_t sizes[] = { 0, 1, 60, 2047, 2048, 2049, 4096, 65535, 262144 };
	(void)state;
	struct capture c;
	char err[512];
	uint8_t *p = malloc(262144);
	assert_non_null(p);
	for (unsigned i = 0; i < 262144; i++)
		p[i] = (uint8_t)(i * 7 + i / 251);
	capture_begin(&c);
	for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
		capture_add(&c, 5000000000 + i, p, sizes[i]);
	capture_write(&c);
	assert_int_equal(dp_reader_init(&reader, with_mbufs(1024), 1, err, sizeof err), 0);
	reader.stop = &stop;
	assert_int_equal(dp_reader_file(&reader, c.path, 7, err, sizeof err), DP_READ_OK);
	for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		struct rte_mbuf *m;
		assert_int_equal(dp_reader_rx(reader.rings[0], &m, 1), 1);
		const struct dp_meta *meta = dp_meta(m);
		assert_int_equal(rte_pktmbuf_pkt_len(m), sizes[i]);
		assert_int_equal(meta->wire_len, sizes[i]);
		assert_int_equal(meta->pcap_cnt, i + 1);
		assert_int_equal(meta->seq, i + 1);
		assert_int_equal(meta->input, 7);
		assert_int_equal(meta->time, 5000000000 + i);
		uint32_t at = 0;
		for (const struct rte_mbuf *s = m; s; s = s->next) {
			assert_memory_equal(rte_pktmbuf_mtod(s, uint8_t *), p + at, rte_pktmbuf_data_len(s));
			at += rte_pktmbuf_data_len(s);
		}
		assert_int_equal(at, sizes[i]);
		rte_pktmbuf_free(m);
	}
	assert_int_equal(rte_mempool_in_use_count(reader.mbufs), 0);

	/* A second file: numbers go on, those in the file begin again. Time that goes backwards makes no tick. */
	assert_int_equal(dp_reader_file(&reader, c.path, 8, err, sizeof err), DP_READ_OK);
	struct rte_mbuf *m[DP_BURST];
	uint16_t n = dp_reader_rx(reader.rings[0], m, DP_BURST);
	assert_int_equal(n, sizeof sizes / sizeof sizes[0]);
	assert_int_equal(dp_meta(m[0])->seq, n + 1);
	assert_int_equal(dp_meta(m[0])->pcap_cnt, 1);
	rte_pktmbuf_free_bulk(m, n);

	/* Asked to stop: what was read is handed out. */
	stop = 1;
	assert_int_equal(dp_reader_file(&reader, c.path, 9, err, sizeof err), DP_READ_OK);
	stop = 0;
	assert_int_equal(dp_reader_rx(reader.rings[0], m, DP_BURST), 1);
	rte_pktmbuf_free(m[0]);

	/* What cannot be read. */
	assert_int_equal(dp_reader_file(&reader, "/nowhere/at/all", 0, err, sizeof err), DP_READ_NOT);
	assert_non_null(strstr(err, "/nowhere/at/all"));
	assert_int_equal(truncate(c.path, 24 + 16 + 16 + 1 + 16 + 20), 0);
	assert_int_equal(dp_reader_file(&reader, c.path, 0, err, sizeof err), DP_READ_CUT);
	assert_non_null(strstr(err, c.path));
	n = dp_reader_rx(reader.rings[0], m, DP_BURST);
	assert_int_equal(n, 2);
	rte_pktmbuf_free_bulk(m, n);
	dp_reader_free(&reader);
	assert_int_equal(dp_reader_init(&reader, with_mbufs(16777216), 1, err, sizeof err), -ENOMEM);
	assert_non_null(strstr(err, "16777216 mbufs"));
	free(p);
	unlink(c.path);
}

/* Real workers, in the size that a default configuration has. */

struct control {
	struct dp_worker **w;
	unsigned n;
	_Atomic bool stop;
	uint64_t messages, infected, others;
};

static void *give_back(void *arg)
{
	struct control *c = arg;
	bool last;
	do {
		last = atomic_load(&c->stop);
		usleep(100);
		for (unsigned i = 0; i < c->n; i++) {
			void *v;
			while (rte_ring_sc_dequeue(c->w[i]->records, &v) == 0) {
				const struct ct_record *r = v;
				c->messages += r->kind == CT_MESSAGE;
				c->infected += r->kind == CT_MESSAGE && r->u.message.verdict == CT_INFECTED;
				c->others += r->kind != CT_MESSAGE;
				rte_ring_sp_enqueue(c->w[i]->done, v);
			}
		}
	} while (!last);
	return NULL;
}

static struct ct_config defaults;

static int start_eal(void **state)
{
	/* Just what the program would ask for. */
	assert_int_equal(ct_config_defaults(&defaults), 0);
	dp_test_lcores = WORKERS;
	dp_test_megabytes = dp_worker_megabytes(&defaults, WORKERS, DP_USE_READ);
	return dp_test_eal(state);
}

static int stop_eal(void **state)
{
	ct_config_free(&defaults);
	return dp_test_eal_stop(state);
}

static void session(struct capture *c, uint64_t *time, struct dp_test_conn *k, unsigned step,
		    const struct dp_text *mail)
{
	static const struct {
		unsigned from, flags;
		const char *text;
	} steps[] = {
		{ 0, RS_TCP_SYN, "" },
		{ 1, RS_TCP_SYN | RS_TCP_ACK, "" },
		{ 1, RS_TCP_ACK, "220 mx\r\n" },
		{ 0, RS_TCP_ACK, "EHLO me\r\n" },
		{ 1, RS_TCP_ACK, "250 mx\r\n" },
		{ 0, RS_TCP_ACK, "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n" },
		{ 1, RS_TCP_ACK, "250 ok\r\n250 ok\r\n354 go\r\n" },
		{ 0, RS_TCP_ACK, NULL },
		{ 0, RS_TCP_ACK, ".\r\n" },
		{ 1, RS_TCP_ACK, "250 ok\r\n" },
		{ 0, RS_TCP_FIN | RS_TCP_ACK, "" },
		{ 1, RS_TCP_FIN | RS_TCP_ACK, "" },
	};
	uint8_t frame[2000];
	if (step >= sizeof steps / sizeof steps[0])
		return;
	unsigned from = steps[step].from;
	const void *p = steps[step].text ? (const void *)steps[step].text : mail->p;
	size_t n = steps[step].text ? strlen(steps[step].text) : mail->n;
	size_t len = dp_test_segment_write(k, from, steps[step].flags, k->seq[from], p, n, frame);
	k->seq[from] += (uint32_t)n + (steps[step].flags & (RS_TCP_SYN | RS_TCP_FIN) ? 1 : 0);
	capture_add(c, *time += 5000000, frame, len);
}

static void test_workers(void **state)
{
	enum { SESSIONS = 500, STEPS = 12, TOGETHER = 50 };
	(void)state;
	struct capture c;
	struct dp_text mail[2] = { 0 };
	struct dp_made m;
	uint64_t time = UINT64_C(1700000000000000000);
	static const char loader[] = "\1 KERNEL32.dll and advapi32.DLL";
	for (unsigned i = 0; i < 2; i++) {
		dp_made_base64(&m, loader, i ? sizeof loader - 1 : 5, NULL);
		dp_made_message(&mail[i], "base64", "x", &m.text);
		dp_made_free(&m);
	}
	capture_begin(&c);
	for (unsigned group = 0; group < SESSIONS; group += TOGETHER) {
		struct dp_test_conn k[TOGETHER];
		for (unsigned i = 0; i < TOGETHER; i++)
			k[i] = dp_test_conn(group + i);
		for (unsigned step = 0; step < STEPS; step++)
			for (unsigned i = 0; i < TOGETHER; i++)
				session(&c, &time, &k[i], step, &mail[(group + i) % 5 == 0]);
	}
	capture_write(&c);

	for (unsigned workers = 1; workers <= WORKERS; workers += WORKERS - 1) {
		struct dp_worker *w[WORKERS];
		char err[512];
		pthread_t thread;
		struct control control = { .w = w, .n = workers };
		assert_int_equal(dp_reader_init(&reader, &defaults, workers, err, sizeof err), 0);
		reader.stop = &stop;
		for (unsigned i = 0; i < workers; i++) {
			struct dp_worker_config wc = { .id = i,
						       .config = &defaults,
						       .rules = dp_test_rules(),
						       .rx = dp_reader_rx,
						       .source = reader.rings[i],
						       .dispatched = &reader.dispatched,
						       .patient = true };
			if (dp_worker_create(&wc, &w[i], err, sizeof err) != 0)
				fail_msg("%s", err);
		}
		assert_int_equal(pthread_create(&thread, NULL, give_back, &control), 0);
		for (unsigned i = 0; i < workers; i++)
			assert_int_equal(rte_eal_remote_launch(dp_worker_run, w[i], i + 1), 0);
		alarm(240);
		assert_int_equal(dp_reader_file(&reader, c.path, 0, err, sizeof err), DP_READ_OK);
		dp_reader_end(&reader);
		rte_eal_mp_wait_lcore();
		alarm(0);
		atomic_store(&control.stop, true);
		pthread_join(thread, NULL);
		struct ct_account a = { 0 };
		for (unsigned i = 0; i < workers; i++) {
			ct_account_add(&a, w[i]->account);
			assert_int_equal(w[i]->progress, reader.seq);
			assert_true(w[i]->account[0].received > 0);
		}
		assert_true(ct_account_balanced(&a));
		assert_int_equal(a.received, c.packets);
		assert_int_equal(a.bytes, c.bytes);
		assert_int_equal(a.seen, SESSIONS);
		assert_int_equal(a.verdict[CT_INFECTED], SESSIONS / 5);
		assert_int_equal(a.verdict[CT_CLEAN], SESSIONS - SESSIONS / 5);
		assert_int_equal(control.messages, SESSIONS);
		assert_int_equal(control.infected, SESSIONS / 5);
		assert_int_equal(control.others, SESSIONS);
		assert_int_equal(rte_mempool_in_use_count(reader.mbufs), 0);
		for (unsigned i = 0; i < workers; i++)
			dp_worker_free(w[i]);
		dp_reader_free(&reader);
	}
	for (unsigned i = 0; i < 2; i++)
		dp_text_free(&mail[i]);
	unlink(c.path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_distribution),
		cmocka_unit_test(test_frames_are_whole),
		cmocka_unit_test(test_workers),
		cmocka_unit_test(test_little_room),
	};
	return cmocka_run_group_tests_name("dp_reader", tests, start_eal, stop_eal);
}
