/* SPDX-License-Identifier: Apache-2.0 */
#include "control/ct_watch.h"

#include <stdio.h>

bool ct_watch_link(struct ct_watch_link *w, enum ct_link now, const char *name, char line[CT_WATCH_LINE])
{
	if (w->was == now)
		return false;
	w->was = (uint8_t)now;
	switch (now) {
	case CT_LINK_UP:
		snprintf(line, CT_WATCH_LINE, "%s: link is up again", name);
		break;
	case CT_LINK_DOWN:
		snprintf(line, CT_WATCH_LINE, "%s: link is down; mailweir goes on when it is up again", name);
		break;
	case CT_LINK_GONE:
		snprintf(line, CT_WATCH_LINE, "%s: is gone; when it is back, start mailweir again", name);
		break;
	}
	return true;
}

static const char *meanwhile(enum ct_stalled then)
{
	switch (then) {
	case CT_STALLED_CLOSED:
		return "its packets do not pass";
	case CT_STALLED_IN_DRIVER:
		return "it stands in the driver of a port, where nothing can take its place: its packets do not pass";
	case CT_STALLED_OPEN:
		return "its packets pass unjudged";
	case CT_STALLED_BLIND:
		break;
	}
	return "its packets are not looked at";
}

enum ct_progress ct_watch_worker(struct ct_watch_worker *w, uint64_t rounds, uint32_t after)
{
	bool moved = !w->looked || rounds != w->rounds;
	w->looked = true;
	w->rounds = rounds;
	if (!moved) {
		if (w->standing < UINT32_MAX)
			w->standing++;
		return w->standing == after ? CT_PROGRESS_STALLED : CT_PROGRESS_AS_BEFORE;
	}
	w->stood = w->standing;
	w->standing = 0;
	return w->stood >= after ? CT_PROGRESS_GOES_ON : CT_PROGRESS_AS_BEFORE;
}

void ct_watch_worker_line(const struct ct_watch_worker *w, enum ct_progress p, unsigned id, enum ct_stalled then,
			  char line[CT_WATCH_LINE])
{
	if (p == CT_PROGRESS_STALLED)
		snprintf(line, CT_WATCH_LINE, "worker %u has made no progress for %u s: %s", id, w->standing, meanwhile(then));
	else
		snprintf(line, CT_WATCH_LINE, "worker %u goes on, after %u s%s", id, w->stood,
			 then == CT_STALLED_OPEN ? ": mail connections that went on without it are reset" : "");
}
