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
	case CT_STALLED_OPEN:
		return "its packets pass unjudged";
	case CT_STALLED_BLIND:
		break;
	}
	return "its packets are not looked at";
}

bool ct_watch_worker(struct ct_watch_worker *w, uint64_t rounds, unsigned id, uint32_t after, enum ct_stalled then,
		     char line[CT_WATCH_LINE])
{
	uint32_t stood = w->standing;
	bool moved = !w->looked || rounds != w->rounds;
	w->looked = true;
	w->rounds = rounds;
	if (!moved) {
		if (w->standing < UINT32_MAX)
			w->standing++;
		if (w->standing != after)
			return false;
		snprintf(line, CT_WATCH_LINE, "worker %u has made no progress for %u s: %s", id, after, meanwhile(then));
		return true;
	}
	w->standing = 0;
	if (stood < after)
		return false;
	snprintf(line, CT_WATCH_LINE, "worker %u goes on, after %u s", id, stood);
	return true;
}
