/* SPDX-License-Identifier: Apache-2.0 */
/* pg_impair_line: one direction of the impairing bridge: frames go in, and come out as the plan says, when it says.
 *
 * A frame that is to be reordered is held, when its turn comes, until as many later ones have gone as the plan says, for
 * PG_IMPAIR_HOLD at most. Its duplicate is not held. Delays keep the order.
 *
 * Owner:  the caller, one thread.
 * Memory: heap; at most `limit` frames, duplicates counted too.
 * Units:  time in nanoseconds of any clock that does not go back, given by the caller. */
#ifndef PG_IMPAIR_LINE_H
#define PG_IMPAIR_LINE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "pktgen-tests/pg_impair_plan.h"

#define PG_IMPAIR_HOLD UINT64_C(20000000)
#define PG_IMPAIR_NEVER UINT64_MAX

/* received + duplicated = forwarded + lost + overflow + refused + those still in the line. */
struct pg_impair_counts {
	uint64_t received, forwarded;
	uint64_t lost; /* by plan */
	uint64_t overflow; /* lost for want of room */
	uint64_t refused; /* that the kernel would not give or take */
	uint64_t duplicated; /* copies */
	uint64_t reordered; /* frames that a later one overtook */
	uint64_t delayed;
};

struct pg_impair_frame {
	unsigned refs;
	size_t len;
	uint8_t data[];
};

struct pg_impair_entry;
TAILQ_HEAD(pg_impair_list, pg_impair_entry);

struct pg_impair_line {
	struct pg_impair_settings settings;
	struct pg_impair_counts counts;
	unsigned direction;
	uint64_t next; /* frame's number */
	size_t ready; /* held ones that have been overtaken often enough */
	struct pg_impair_entry *entries;
	struct pg_impair_list idle, waiting, held; /* the latter two in order of arrival */
};

/* 0 or -ENOMEM. */
int pg_impair_line_init(struct pg_impair_line *l, const struct pg_impair_settings *s, unsigned direction, size_t limit);
/* f, with one reference, is the line's from here on. */
void pg_impair_line_add(struct pg_impair_line *l, struct pg_impair_frame *f, uint64_t now);
/* The next frame that may go by now, or NULL; to be given to pg_impair_line_done, which counts it and lets go of it. */
struct pg_impair_frame *pg_impair_line_take(struct pg_impair_line *l, uint64_t now);
void pg_impair_line_done(struct pg_impair_line *l, struct pg_impair_frame *f, bool sent);
/* When pg_impair_line_take has something to give; 0: at once. */
uint64_t pg_impair_line_due(const struct pg_impair_line *l);
size_t pg_impair_line_inside(const struct pg_impair_line *l);
void pg_impair_line_free(struct pg_impair_line *l);

#endif
