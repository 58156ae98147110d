/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/rs_overlap.h"

#include <stddef.h>

const char *const rs_overlap_names[RS_OVERLAP_MAX + 1] = {
	[RS_OVERLAP_FIRST] = "first",
	[RS_OVERLAP_LAST] = "last",
	[RS_OVERLAP_BSD] = "bsd",
	[RS_OVERLAP_BSD_RIGHT] = "bsd-right",
	[RS_OVERLAP_OLD_LINUX] = "old-linux",
	[RS_OVERLAP_LINUX] = "linux",
	[RS_OVERLAP_OLD_SOLARIS] = "old-solaris",
	[RS_OVERLAP_SOLARIS] = "solaris",
	[RS_OVERLAP_HPUX10] = "hpux10",
	[RS_OVERLAP_HPUX11] = "hpux11",
	[RS_OVERLAP_IRIX] = "irix",
	[RS_OVERLAP_MACOS] = "macos",
	[RS_OVERLAP_WINDOWS] = "windows",
	[RS_OVERLAP_VISTA] = "vista",
	[RS_OVERLAP_WINDOWS2K3] = "windows2k3",
};

const char *rs_overlap_name(enum rs_overlap_policy p)
{
	return (unsigned)p < RS_OVERLAP_MAX ? rs_overlap_names[p] : NULL;
}

/* How the new segment lies to the held one: it begins before, where, or after that one begins, and ends likewise. */
#define LIES(begin, end) (1u << ((begin)*3 + (end)))
enum { BEFORE, SAME, AFTER };

#define BEGINS_BEFORE (LIES(BEFORE, BEFORE) | LIES(BEFORE, SAME) | LIES(BEFORE, AFTER))
#define ENDS_AFTER (LIES(BEFORE, AFTER) | LIES(SAME, AFTER) | LIES(AFTER, AFTER))
#define SAME_EXTENT LIES(SAME, SAME)

/* Where the new segment's bytes are kept. */
static const uint16_t takes[RS_OVERLAP_MAX] = {
	[RS_OVERLAP_FIRST] = 0,
	[RS_OVERLAP_VISTA] = 0,
	[RS_OVERLAP_LAST] = 0x1ff,
	[RS_OVERLAP_BSD] = BEGINS_BEFORE,
	[RS_OVERLAP_BSD_RIGHT] = BEGINS_BEFORE, /* only fragments know a difference */
	[RS_OVERLAP_HPUX10] = BEGINS_BEFORE,
	[RS_OVERLAP_IRIX] = BEGINS_BEFORE,
	[RS_OVERLAP_MACOS] = BEGINS_BEFORE,
	[RS_OVERLAP_WINDOWS] = BEGINS_BEFORE,
	[RS_OVERLAP_WINDOWS2K3] = BEGINS_BEFORE,
	[RS_OVERLAP_OLD_LINUX] = BEGINS_BEFORE | SAME_EXTENT | LIES(SAME, AFTER),
	[RS_OVERLAP_LINUX] = BEGINS_BEFORE | LIES(SAME, AFTER),
	[RS_OVERLAP_SOLARIS] = ENDS_AFTER | SAME_EXTENT | LIES(BEFORE, SAME),
	[RS_OVERLAP_OLD_SOLARIS] = ENDS_AFTER | SAME_EXTENT | LIES(BEFORE, SAME), /* only fragments know a difference */
	[RS_OVERLAP_HPUX11] = ENDS_AFTER | SAME_EXTENT | LIES(BEFORE, SAME),
};

static unsigned compare(uint64_t now, uint64_t held)
{
	return now < held ? BEFORE : now == held ? SAME : AFTER;
}

bool rs_overlap_takes(enum rs_overlap_policy p, struct rs_extent held, struct rs_extent now)
{
	return takes[p] & LIES(compare(now.begin, held.begin), compare(now.end, held.end));
}
