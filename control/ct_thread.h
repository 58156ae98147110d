/* SPDX-License-Identifier: Apache-2.0 */
/* ct_thread: the control thread: takes records off the workers' rings, renders them, puts them into one order, and
 * hands them to whoever writes. A worker never waits on a file: it waits, if at all, for a record to come back, and those
 * come back as soon as they are rendered, whatever is written when.
 *
 * Owner:  ct_thread_start's caller; the emit function runs on the control thread. */
#ifndef CT_THREAD_H
#define CT_THREAD_H

#include <stdatomic.h>

#include "control/ct_render.h"

struct rte_ring;
struct ct_thread;

struct ct_source { /* one worker */
	struct rte_ring *records; /* struct ct_record *, from the worker */
	struct rte_ring *done; /* back to it; has room for all its records */
	/* All packets up to this number are done with. NULL: of a live port, where nobody numbers all packets, and nothing may
	 * wait for an idle worker: its records go out as they come, those of one connection in their order. */
	const _Atomic uint64_t *progress;
};

/* One item, in order. The callee owns it. */
typedef void (*ct_emit)(void *arg, struct ct_item *item);

/* sources: copied. 0 or -errno. */
int ct_thread_start(struct ct_thread **out, const struct ct_source *sources, unsigned n, struct ct_render *render,
                    ct_emit emit, void *arg);

/* Records that could not be rendered for want of memory, so far. Any thread. */
uint64_t ct_thread_lost(const struct ct_thread *t);

/* The most records that waited for their turn at one time, so far: those that were in the rings at one moment, and those of packets
 * that not every worker was done with. Any thread. */
uint64_t ct_thread_most_waiting(const struct ct_thread *t);

/* Call when the workers have stopped: takes what is left, writes it, ends the thread. Returns how many records could not be rendered
 * for want of memory. */
uint64_t ct_thread_stop(struct ct_thread *t);

#endif
