/* SPDX-License-Identifier: Apache-2.0 */
#include "pktgen-tests/pg_impair_line.h"

#include <errno.h>
#include <stdlib.h>

struct pg_impair_entry {
	TAILQ_ENTRY(pg_impair_entry) link;
	struct pg_impair_frame *frame;
	uint64_t number;
	uint64_t due; /* when its turn comes; while it is held: when it goes in any case */
	unsigned behind;
	bool overtaken;
};

int pg_impair_line_init(struct pg_impair_line *l, const struct pg_impair_settings *s, unsigned direction, size_t limit)
{
	*l = (struct pg_impair_line){ .settings = *s, .direction = direction };
	TAILQ_INIT(&l->idle);
	TAILQ_INIT(&l->waiting);
	TAILQ_INIT(&l->held);
	l->entries = calloc(limit, sizeof *l->entries);
	if (!l->entries)
		return -ENOMEM;
	for (size_t i = 0; i < limit; i++)
		TAILQ_INSERT_TAIL(&l->idle, &l->entries[i], link);
	return 0;
}

static void release(struct pg_impair_frame *f)
{
	if (--f->refs == 0)
		free(f);
}

static void wait_turn(struct pg_impair_line *l, struct pg_impair_frame *f, uint64_t number, unsigned behind, uint64_t due)
{
	struct pg_impair_entry *e = TAILQ_FIRST(&l->idle);
	if (!e) {
		l->counts.overflow++;
		return;
	}
	TAILQ_REMOVE(&l->idle, e, link);
	f->refs++;
	*e = (struct pg_impair_entry){ .frame = f, .number = number, .due = due, .behind = behind };
	TAILQ_INSERT_TAIL(&l->waiting, e, link);
}

void pg_impair_line_add(struct pg_impair_line *l, struct pg_impair_frame *f, uint64_t now)
{
	uint64_t number = l->next++;
	struct pg_impair_fate fate = pg_impair_plan(&l->settings, l->direction, number);
	l->counts.received++;
	if (fate.lost) {
		l->counts.lost++;
		release(f);
		return;
	}
	l->counts.delayed += fate.delay > 0;
	/* Due sooner than the one before, it waits for that one. */
	wait_turn(l, f, number, fate.behind, now + fate.delay);
	if (fate.duplicated) {
		l->counts.duplicated++;
		wait_turn(l, f, number, 0, now + fate.delay);
	}
	release(f);
}

/* The first held one that may go. */
static struct pg_impair_entry *held_out(struct pg_impair_line *l, uint64_t now)
{
	struct pg_impair_entry *e = TAILQ_FIRST(&l->held);
	/* Nobody is held longer than the first: all are held equally long at most. */
	if (e && e->due > now)
		e = NULL;
	if (!e && l->ready > 0)
		TAILQ_FOREACH(e, &l->held, link)
	if (e->behind == 0)
		break;
	if (!e)
		return NULL;
	l->ready -= e->behind == 0;
	l->counts.reordered += e->overtaken;
	TAILQ_REMOVE(&l->held, e, link);
	return e;
}

static struct pg_impair_entry *waiting_out(struct pg_impair_line *l, uint64_t now)
{
	struct pg_impair_entry *e;
	while ((e = TAILQ_FIRST(&l->waiting)) && e->due <= now) {
		TAILQ_REMOVE(&l->waiting, e, link);
		if (e->behind == 0)
			return e;
		e->due = now + PG_IMPAIR_HOLD;
		TAILQ_INSERT_TAIL(&l->held, e, link);
	}
	return NULL;
}

static void overtake(struct pg_impair_line *l, uint64_t number)
{
	struct pg_impair_entry *e;
	TAILQ_FOREACH(e, &l->held, link)
	{
		if (e->number >= number)
			break;
		e->overtaken = true;
		if (e->behind > 0 && --e->behind == 0)
			l->ready++;
	}
}

struct pg_impair_frame *pg_impair_line_take(struct pg_impair_line *l, uint64_t now)
{
	struct pg_impair_entry *e = held_out(l, now);
	if (!e)
		e = waiting_out(l, now);
	if (!e)
		return NULL;
	overtake(l, e->number);
	TAILQ_INSERT_HEAD(&l->idle, e, link);
	return e->frame;
}

void pg_impair_line_done(struct pg_impair_line *l, struct pg_impair_frame *f, bool sent)
{
	l->counts.forwarded += sent;
	l->counts.refused += !sent;
	release(f);
}

uint64_t pg_impair_line_due(const struct pg_impair_line *l)
{
	const struct pg_impair_entry *w = TAILQ_FIRST(&l->waiting), *h = TAILQ_FIRST(&l->held);
	uint64_t due = PG_IMPAIR_NEVER;
	if (l->ready > 0)
		return 0;
	if (w)
		due = w->due;
	if (h && h->due < due)
		due = h->due;
	return due;
}

size_t pg_impair_line_inside(const struct pg_impair_line *l)
{
	const struct pg_impair_entry *e;
	size_t n = 0;
	TAILQ_FOREACH(e, &l->waiting, link)
	n++;
	TAILQ_FOREACH(e, &l->held, link)
	n++;
	return n;
}

void pg_impair_line_free(struct pg_impair_line *l)
{
	struct pg_impair_entry *e;
	TAILQ_FOREACH(e, &l->waiting, link)
	release(e->frame);
	TAILQ_FOREACH(e, &l->held, link)
	release(e->frame);
	free(l->entries);
	*l = (struct pg_impair_line){ 0 };
}
