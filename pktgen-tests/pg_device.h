/* SPDX-License-Identifier: Apache-2.0 */
/* pg_device: a program under test, as a child process.
 *
 * Owner: the caller, one thread. The child does not outlive it. */
#ifndef PG_DEVICE_H
#define PG_DEVICE_H

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

struct pg_device {
	const char *name; /* the caller's */
	pid_t pid; /* 0: none */
	int input; /* the other end of its standard input: open as long as it runs */
	FILE *said; /* its output, both kinds */
};

/* The program's path: with a slash as it is; else beside this program, then in PATH. False: nowhere. */
bool pg_device_find(const char *program, char *path, size_t size);
/* On the processors in cpus. 0, or -errno with one line in err. */
int pg_device_start(struct pg_device *d, char *const argv[], const cpu_set_t *cpus, char *err, size_t err_size);
/* False when it has ended by itself: then err says how, and the last that it said. */
bool pg_device_alive(struct pg_device *d, char *err, size_t err_size);
/* TERM, and KILL when that does not end it in some seconds. False, with one line in err, when it did not end with status 0. */
bool pg_device_stop(struct pg_device *d, char *err, size_t err_size);

#endif
