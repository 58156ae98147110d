/* SPDX-License-Identifier: Apache-2.0 */
/* The control thread, with threads that send records as workers do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>

#include <rte_ring.h>

#include "control/ct_fake_rules.h"
#include "control/ct_thread.h"

#define WORKERS 3
#define RECORDS 16 /* of each worker */
#define PACKETS 3000

static uint64_t next_random(uint64_t *state) /* splitmix64 */
{
	uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

struct worker {
	unsigned id;
	uint64_t seed;
	pthread_t thread;
	struct rte_ring *records, *done;
	_Atomic uint64_t progress;
	struct ct_record all[RECORDS];
	struct ct_record *free[RECORDS];
	unsigned nfree;
	uint64_t sent;
};

struct bench {
	bool live; /* sources without progress */
	struct ct_config config;
	struct ct_render *render;
	struct ct_thread *thread;
	struct worker workers[WORKERS];
	_Atomic uint64_t emitted; /* control: wo */
	_Atomic bool stopping;
	uint64_t seq, first_seq;
	uint32_t n;
	bool any;
	uint32_t next[WORKERS]; /* live: of each connection's records */
};

static struct rte_ring *make_ring(void)
{
	ssize_t size = rte_ring_get_memsize(RECORDS * 2);
	struct rte_ring *r = aligned_alloc(64, ((size_t)size + 63) & ~(size_t)63);
	assert_non_null(r);
	assert_int_equal(rte_ring_init(r, "test", RECORDS, RING_F_SP_ENQ | RING_F_SC_DEQ | RING_F_EXACT_SZ), 0);
	return r;
}

/* On the control thread, where cmocka's asserts must not jump. */
static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "ct_thread_test: %s\n", what);
	abort();
}

static void on_item(void *arg, struct ct_item *item)
{
	struct bench *b = arg;
	if (b->live) {
		must(item->first_seq < WORKERS, "of no connection");
		must(item->n == b->next[item->first_seq]++, "a connection's records out of order");
	} else if (b->any) {
		bool after = item->seq != b->seq               ? item->seq > b->seq
			     : item->first_seq != b->first_seq ? item->first_seq > b->first_seq
							       : item->n > b->n;
		must(after, "out of order");
	}
	b->any = true;
	b->seq = item->seq;
	b->first_seq = item->first_seq;
	b->n = item->n;
	must(item->eve && strstr(item->eve, "\"event_type\""), "not rendered");
	if (!b->live && !atomic_load(&b->stopping))
		for (unsigned i = 0; i < WORKERS; i++)
			must(atomic_load(&b->workers[i].progress) >= item->seq,
			     "written before every worker was that far");
	ct_item_free(item);
	atomic_fetch_add(&b->emitted, 1);
}

static void open_bench_of(struct bench *b, bool live)
{
	static const struct ct_input inputs[] = { { "test.pcap", true } };
	struct ct_source sources[WORKERS];
	memset(b, 0, sizeof *b);
	b->live = live;
	assert_int_equal(ct_config_defaults(&b->config), 0);
	assert_int_equal(ct_render_create(&b->config, fake_rules, inputs, &b->render), 0);
	for (unsigned i = 0; i < WORKERS; i++) {
		struct worker *w = &b->workers[i];
		w->id = i;
		w->records = make_ring();
		w->done = make_ring();
		for (unsigned k = 0; k < RECORDS; k++)
			w->free[w->nfree++] = &w->all[k];
		sources[i] = (struct ct_source){ w->records, w->done, live ? NULL : &w->progress };
	}
	assert_int_equal(ct_thread_start(&b->thread, sources, WORKERS, b->render, on_item, b), 0);
}

static void open_bench(struct bench *b)
{
	open_bench_of(b, false);
}

static void take_back(struct worker *w)
{
	void *r;
	while (rte_ring_sc_dequeue(w->done, &r) == 0) {
		must(w->nfree < RECORDS, "more came back than there are");
		w->free[w->nfree++] = r;
	}
}

/* Every record is back, and every one was written. */
static void close_bench(struct bench *b)
{
	uint64_t sent = 0;
	atomic_store(&b->stopping, true);
	assert_int_equal(ct_thread_stop(b->thread), 0);
	for (unsigned i = 0; i < WORKERS; i++) {
		struct worker *w = &b->workers[i];
		take_back(w);
		assert_int_equal(w->nfree, RECORDS);
		for (unsigned k = 0; k < RECORDS; k++)
			for (unsigned j = 0; j < k; j++)
				assert_ptr_not_equal(w->free[k], w->free[j]);
		sent += w->sent;
		free(w->records);
		free(w->done);
	}
	assert_int_equal(b->emitted, sent);
	ct_render_free(b->render);
	ct_config_free(&b->config);
}

static void send(struct worker *w, uint64_t seq, uint64_t first_seq, uint32_t n)
{
	while (take_back(w), w->nfree == 0)
		sched_yield();
	struct ct_record *r = w->free[--w->nfree];
	memset(r, 0, sizeof *r);
	r->kind = n % 2 ? CT_MESSAGE : CT_ANOMALY;
	if (r->kind == CT_ANOMALY)
		r->u.anomaly = (struct ct_anomaly){ .event = "smtp.end_bare_lf", .layer = "proto_parser", .type = "applayer" };
	r->seq = seq;
	r->n = n;
	r->flow.first_seq = first_seq;
	r->flow.ip_version = 4;
	must(rte_ring_sp_enqueue(w->records, r) == 0, "no room in the ring");
	w->sent++;
}

/* Packet seq is this worker's when its number says so; each 50th is a tick, which is everyone's. */
static void *work(void *arg)
{
	struct worker *w = arg;
	uint64_t last = 0;
	for (uint64_t seq = 1; seq <= PACKETS; seq++) {
		if (seq % 50 == 0 || next_random(&(uint64_t){ seq }) % WORKERS == w->id) {
			unsigned n = (unsigned)(next_random(&w->seed) % 4);
			/* Of several connections, the younger one's first: they need not come in order. */
			for (unsigned i = n; i > 0; i--)
				send(w, seq, 10 * seq - i * 3 - w->id, i - 1);
			last = seq;
		}
		switch (next_random(&w->seed) % 64) {
		case 0:
			nanosleep(&(struct timespec){ .tv_nsec = (long)(next_random(&w->seed) % 300000) }, NULL);
			break;
		case 1:
			/* Nothing of mine is left of what was handed out. */
			atomic_store_explicit(&w->progress, seq, memory_order_release);
			break;
		case 2:
			if (last > atomic_load(&w->progress))
				atomic_store_explicit(&w->progress, last, memory_order_release);
			break;
		}
	}
	atomic_store_explicit(&w->progress, PACKETS, memory_order_release);
	return NULL;
}

static void test_order(void **state)
{
	(void)state;
	for (uint64_t round = 0; round < 20; round++) {
		struct bench *b = malloc(sizeof *b);
		assert_non_null(b);
		open_bench(b);
		for (unsigned i = 0; i < WORKERS; i++) {
			b->workers[i].seed = round * WORKERS + i;
			assert_int_equal(pthread_create(&b->workers[i].thread, NULL, work, &b->workers[i]), 0);
		}
		for (unsigned i = 0; i < WORKERS; i++)
			pthread_join(b->workers[i].thread, NULL);
		close_bench(b);
		free(b);
	}
}

static void wait_for(struct worker *w, unsigned nfree)
{
	for (unsigned i = 0; i < 10000 && w->nfree < nfree; i++) {
		take_back(w);
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
	assert_int_equal(w->nfree, nfree);
}

/* A worker gets its records back at once, also while another's progress keeps them from being written. */
static void test_given_back_before_written(void **state)
{
	(void)state;
	struct bench *b = malloc(sizeof *b);
	assert_non_null(b);
	open_bench(b);
	struct worker *w = &b->workers[1];
	for (unsigned i = 0; i < 200; i++)
		send(w, i + 1, 1, i);
	wait_for(w, RECORDS);
	atomic_store(&w->progress, 1000);
	atomic_store(&b->workers[2].progress, 1000);
	nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
	assert_int_equal(b->emitted, 0);
	atomic_store(&b->workers[0].progress, 120);
	for (unsigned i = 0; i < 10000 && b->emitted < 120; i++)
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
	assert_int_equal(b->emitted, 120);
	close_bench(b);
	free(b);
}

/* Live: nothing is waited for, whatever the numbers of other workers' packets, and each connection's records keep their order. */
static void test_live_waits_for_nobody(void **state)
{
	(void)state;
	struct bench *b = malloc(sizeof *b);
	assert_non_null(b);
	open_bench_of(b, true);
	for (unsigned i = 0; i < 500; i++)
		for (unsigned k = 0; k < WORKERS; k++)
			if (k != 2 || i % 7 == 0)
				send(&b->workers[k], i / 5 * (k + 1) + 1, k, (uint32_t)b->workers[k].sent);
	uint64_t sent = 500 * 2 + 72;
	for (unsigned i = 0; i < 10000 && b->emitted < sent; i++)
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	assert_int_equal(b->emitted, sent);
	assert_int_equal(ct_thread_lost(b->thread), 0);
	close_bench(b);
	free(b);
}

/* A worker that sends as fast as its records come back, and is done with each packet at once: never do more wait than there are, however
 * many it sends. */
static void test_few_wait(void **state)
{
	(void)state;
	struct bench *b = malloc(sizeof *b);
	assert_non_null(b);
	open_bench(b);
	struct worker *w = &b->workers[0];
	atomic_store(&b->workers[1].progress, UINT64_MAX);
	atomic_store(&b->workers[2].progress, UINT64_MAX);
	for (unsigned i = 0; i < 20000; i++) {
		send(w, i + 1, 1, i);
		atomic_store_explicit(&w->progress, i + 1, memory_order_release);
	}
	/* Those of one round, and those that came while it was being drained. */
	assert_in_range(ct_thread_most_waiting(b->thread), 1, 2 * RECORDS);
	close_bench(b);
	free(b);
}

static void test_nothing_sent(void **state)
{
	(void)state;
	struct bench *b = malloc(sizeof *b);
	assert_non_null(b);
	open_bench(b);
	close_bench(b);
	free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_given_back_before_written),
		cmocka_unit_test(test_live_waits_for_nobody),
		cmocka_unit_test(test_few_wait),
		cmocka_unit_test(test_nothing_sent),
	};
	return cmocka_run_group_tests_name("ct_thread", tests, NULL, NULL);
}
