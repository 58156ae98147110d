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
	bool looked;
};

/* Of a stalled worker, its packets do not pass, pass unjudged, are not looked at. */
enum ct_stalled { CT_STALLED_CLOSED, CT_STALLED_OPEN, CT_STALLED_BLIND };

/* True: line is to be said. */
bool ct_watch_link(struct ct_watch_link *w, enum ct_link now, const char *name, char line[CT_WATCH_LINE]);
/* One look. rounds: what a worker raises as long as it goes on. after: looks without progress until it is taken for stalled.
 * Looks, not time: when the whole program was stopped, no worker is to blame. True: line is to be said. */
bool ct_watch_worker(struct ct_watch_worker *w, uint64_t rounds, unsigned id, uint32_t after, enum ct_stalled then,
		     char line[CT_WATCH_LINE]);

#endif
