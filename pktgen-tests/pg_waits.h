/* SPDX-License-Identifier: Apache-2.0 */
/* pg_waits: how long threads have waited for a processor that others had: what a measurement on a machine with other work on it has to
 * know of itself (Linux, Documentation/scheduler/sched-stats: /proc/PID/task/TID/schedstat, the second number).
 *
 * Owner: the caller, one thread. Memory: none. Units: nanoseconds. */
#ifndef PG_WAITS_H
#define PG_WAITS_H

#include <stdint.h>
#include <sys/types.h>

#define PG_WAITS_MAX 64 /* threads; of more, the first */

struct pg_waits {
	int fd[PG_WAITS_MAX];
	unsigned n;
};

/* Of the calling thread, and of those that pid has now: EAL's workers, if it has any, for the others' work is not what is measured; else
 * all. 0: of the caller alone. What cannot be looked at is left out. */
void pg_waits_open(struct pg_waits *w, pid_t pid);
/* All of it, of all of them together, since they began. Threads that have ended count no more. */
uint64_t pg_waits_ns(const struct pg_waits *w);
void pg_waits_close(struct pg_waits *w);

#endif
