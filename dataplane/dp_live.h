/* SPDX-License-Identifier: Apache-2.0 */
/* dp_live: live traffic: EAL, ports, rings and workers of `mailweir run`, from their opening to their end.
 *
 * Owner:  the main thread, but for what runs on the workers' lcores, which is all in dp_live_rx.c; main uses that too, in the
 *         place of a worker that has stalled (dp_live_pass.c).
 * Memory: everything is taken in dp_live_open: EAL's, the mbufs, the rings, the workers'.
 * Units:  times in nanoseconds since 1970, taken from the monotonic clock: they never go back. */
#ifndef DP_LIVE_H
#define DP_LIVE_H

#include "dataplane/dp_port.h"
#include "dataplane/dp_worker.h"

#define DP_LIVE_WORKERS_MAX 64

struct dp_live_config {
	const char *program; /* argv[0] */
	const struct ct_config *config;
	const struct mt_ruleset *rules;
	enum dp_use use; /* DP_USE_INLINE: ports inside and outside; DP_USE_MIRROR: mirror, and reset or NULL; nothing is
	               * received from the reset port */
	const char *ports[DP_PORTS_MAX];
	unsigned workers; /* 1 to DP_LIVE_WORKERS_MAX */
	/* Warnings and choices, one line each, without line end; in dp_live_open only. May be NULL. */
	void (*say)(void *arg, const char *line);
	void *say_arg;
};

struct dp_live;

/* Starts EAL (once in a process), opens the ports and makes the workers. Nothing is received yet. 0, or -errno with one line in err
 * that says what is missing and what mends it; EAL is stopped then. */
int dp_live_open(const struct dp_live_config *lc, struct dp_live **out, char *err, size_t err_size);

/* Starts the ports and the workers: from here on frames are taken. 0, or -errno with one line in err. */
int dp_live_start(struct dp_live *l, char *err, size_t err_size);

/* Ends what runs, within seconds: no more frames are taken from ports, those on the way between workers are worked on, what is
 * open is ended (DP_END), what was to be sent is sent, workers return. Returns the number of workers that did not return in time:
 * their memory, and the ports', must then be left to the end of the process: dp_live_close does so. */
unsigned dp_live_stop(struct dp_live *l);

/* Closes the ports and EAL, and removes EAL's files. After dp_live_stop, or instead of dp_live_start. Records of the workers must
 * have been given back: the control thread ends before. Takes NULL. */
void dp_live_close(struct dp_live *l);

unsigned dp_live_workers(const struct dp_live *l);
struct dp_worker *dp_live_worker(const struct dp_live *l, unsigned i);

/* Main, at any time after dp_live_open. */
unsigned dp_live_ports(const struct dp_live *l);
const struct dp_port *dp_live_port(const struct dp_live *l, unsigned port); /* its name, driver, MTU, queues */
enum dp_port_state dp_live_link(struct dp_live *l, unsigned port);
uint64_t dp_live_missed(struct dp_live *l, unsigned port); /* frames lost before a worker saw them, as far as the driver knows */

/* Frames that were taken from one of its rx_queues: at most a burst old. Queue q has worker q modulo the workers. */
uint64_t dp_live_received(const struct dp_live *l, unsigned port, unsigned queue);

/* A number that a worker raises with every round of its loop, with or without frames: one that stands still has stalled. */
uint64_t dp_live_rounds(const struct dp_live *l, unsigned worker);

/* With `inline.stall: open`, when a worker has stalled. */

/* Main takes its queues and rings: from here on what comes by them goes on unjudged, each time that dp_live_pass is called, until
 * the worker is back. Frames of other workers' connections still go to those. False: it stands in a driver, where nobody can take
 * its place, or the configuration does not want it; nothing of its passes. */
bool dp_live_take(struct dp_live *l, unsigned worker);
bool dp_live_taken(const struct dp_live *l, unsigned worker);
/* A round in the place of each worker that was taken; one that is back gets its queues again. *busy: there were frames. Returns how
 * many are taken: with none, there is nothing to call this for. */
unsigned dp_live_pass(struct dp_live *l, bool *busy);
/* Where that is counted: a worker that does nothing else. Main only. NULL: nobody stands in. */
struct dp_worker *dp_live_stand_in(const struct dp_live *l, unsigned worker);

#endif
