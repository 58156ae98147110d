/* SPDX-License-Identifier: Apache-2.0 */
#include "control/ct_thread.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_ring.h>

#include "control/ct_order.h"

#define BURST 32

struct ct_thread {
	pthread_t thread;
	struct ct_source *sources;
	unsigned n;
	struct ct_render *render;
	struct ct_order order;
	ct_emit emit;
	void *arg;
	_Atomic uint64_t lost; /* thread: wo. Records that could not be rendered */
	_Atomic uint64_t most; /* thread: wo. Items that waited at a time */
	_Atomic bool stop; /* caller: wo, thread: ro */
};

static void take(struct ct_thread *t, struct ct_source *s, struct ct_record *r)
{
	struct ct_item *item = ct_render_record(t->render, r);
	if (!item || ct_order_push(&t->order, item) != 0) {
		ct_item_free(item);
		atomic_fetch_add_explicit(&t->lost, 1, memory_order_relaxed);
	}
	/* There is room for every record that the worker owns. */
	rte_ring_sp_enqueue(s->done, r);
}

/* What is in the ring now, and no more: a worker that is faster than rendering never lets it become empty. */
static unsigned drain(struct ct_thread *t, struct ct_source *s)
{
	void *r[BURST];
	const unsigned there = rte_ring_count(s->records);
	for (unsigned left = there; left > 0;) {
		unsigned n = rte_ring_sc_dequeue_burst(s->records, r, left < BURST ? left : BURST, NULL);
		for (unsigned i = 0; i < n; i++)
			take(t, s, r[i]);
		left -= n;
	}
	return there;
}

static void note_waiting(struct ct_thread *t)
{
	if (t->order.n > atomic_load_explicit(&t->most, memory_order_relaxed))
		atomic_store_explicit(&t->most, t->order.n, memory_order_relaxed);
}

static void emit_up_to(struct ct_thread *t, uint64_t watermark)
{
	struct ct_item *item;
	while ((item = ct_order_pop(&t->order, watermark)))
		t->emit(t->arg, item);
}

/* Up to where every worker is done: the records of no earlier packet can still come. */
static uint64_t watermark(const struct ct_thread *t)
{
	uint64_t all = UINT64_MAX;
	for (unsigned i = 0; i < t->n; i++) {
		if (!t->sources[i].progress)
			continue;
		uint64_t p = atomic_load_explicit(t->sources[i].progress, memory_order_acquire);
		if (p < all)
			all = p;
	}
	return all;
}

static void *run(void *arg)
{
	struct ct_thread *t = arg;
	for (;;) {
		bool stop = atomic_load_explicit(&t->stop, memory_order_acquire);
		/* Progress is read before the rings are: a record of a packet below it was in its ring by then. */
		uint64_t passed = watermark(t);
		unsigned n = 0;
		for (unsigned i = 0; i < t->n; i++)
			n += drain(t, &t->sources[i]);
		note_waiting(t);
		emit_up_to(t, stop ? UINT64_MAX : passed);
		if (stop && n == 0)
			return NULL;
		if (n == 0)
			nanosleep(&(struct timespec){ .tv_nsec = 100000 }, NULL);
	}
}

int ct_thread_start(struct ct_thread **out, const struct ct_source *sources, unsigned n, struct ct_render *render,
                    ct_emit emit, void *arg)
{
	struct ct_thread *t = calloc(1, sizeof *t);
	int rc = ENOMEM;
	*out = NULL;
	if (!t || !(t->sources = calloc(n, sizeof *sources)))
		goto fail;
	memcpy(t->sources, sources, n * sizeof *sources);
	t->n = n;
	t->render = render;
	t->emit = emit;
	t->arg = arg;
	ct_order_init(&t->order);
	rc = pthread_create(&t->thread, NULL, run, t);
	if (rc != 0)
		goto fail;
	/* For those who look at threads: `top -H`. */
	pthread_setname_np(t->thread, "control");
	*out = t;
	return 0;
fail:
	if (t)
		free(t->sources);
	free(t);
	return -rc;
}

uint64_t ct_thread_lost(const struct ct_thread *t)
{
	return atomic_load_explicit(&t->lost, memory_order_relaxed);
}

uint64_t ct_thread_most_waiting(const struct ct_thread *t)
{
	return atomic_load_explicit(&t->most, memory_order_relaxed);
}

uint64_t ct_thread_stop(struct ct_thread *t)
{
	atomic_store_explicit(&t->stop, true, memory_order_release);
	pthread_join(t->thread, NULL);
	uint64_t lost = ct_thread_lost(t);
	ct_order_free(&t->order);
	free(t->sources);
	free(t);
	return lost;
}
