/* SPDX-License-Identifier: Apache-2.0 */
/* ct_watch: what is said of ports and workers that are looked at once a second: a line when something changes, and none else.
 *
 * Owner: main. Memory: the caller's; zeroed is the beginning: links up, workers going on. */
#ifndef CT_WATCH_H
#define CT_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CT_WATCH_LINE 400

enum ct_link {
	CT_LINK_UP,
	CT_LINK_DOWN, /* goes on by itself when it is up again */
	CT_LINK_GONE, /* needs a new start */
};

struct ct_watch_link { uint8_t was; /* enum ct_link */ };

struct ct_watch_worker {
	uint64_t rounds; /* as they were */
	uint32_t standing; /* looks in a row at which they were the same */
	uint32_t stood; /* as many as there were when it went on */
	bool looked;
};

/* Of a stalled worker, its packets do not pass; do not, though they should; pass unjudged; are not looked at. */
enum ct_stalled { CT_STALLED_CLOSED, CT_STALLED_IN_DRIVER, CT_STALLED_OPEN, CT_STALLED_BLIND };

enum ct_progress { CT_PROGRESS_AS_BEFORE, CT_PROGRESS_STALLED, CT_PROGRESS_GOES_ON };

/* True: line is to be said. */
bool ct_watch_link(struct ct_watch_link *w, enum ct_link now, const char *name, char line[CT_WATCH_LINE]);
/* One look. rounds: what a worker raises as long as it goes on. after: looks without progress until it is taken for stalled.
 * Looks, not time: when the whole program was stopped, no worker is to blame. */
enum ct_progress ct_watch_worker(struct ct_watch_worker *w, uint64_t rounds, uint32_t after);
/* What is to be said of worker `id` after the look that returned p, which was not CT_PROGRESS_AS_BEFORE. */
void ct_watch_worker_line(const struct ct_watch_worker *w, enum ct_progress p, unsigned id, enum ct_stalled then,
			  char line[CT_WATCH_LINE]);

#endif
