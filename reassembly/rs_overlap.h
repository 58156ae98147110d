/* SPDX-License-Identifier: Apache-2.0 */
/* rs_overlap: which of two copies of a byte a receiver keeps, by the receiver's system.
 *
 * Owner:  constants. Units: stream offsets in bytes.
 * The names are Suricata's (host-os-policy), and first and last. What each one does, segment by segment, is in docs/OVERLAPS.md. */
#ifndef RS_OVERLAP_H
#define RS_OVERLAP_H

#include <stdbool.h>
#include <stdint.h>

enum rs_overlap_policy {
	RS_OVERLAP_FIRST,
	RS_OVERLAP_LAST,
	RS_OVERLAP_BSD,
	RS_OVERLAP_BSD_RIGHT,
	RS_OVERLAP_OLD_LINUX,
	RS_OVERLAP_LINUX, /* of today: what tcp_data_queue_ofo of Linux 4.9 and later does */
	RS_OVERLAP_OLD_SOLARIS,
	RS_OVERLAP_SOLARIS,
	RS_OVERLAP_HPUX10,
	RS_OVERLAP_HPUX11,
	RS_OVERLAP_IRIX,
	RS_OVERLAP_MACOS,
	RS_OVERLAP_WINDOWS,
	RS_OVERLAP_VISTA,
	RS_OVERLAP_WINDOWS2K3,
	RS_OVERLAP_MAX
};

struct rs_contradiction { /* two copies of a byte that differ */
	uint64_t at; /* the first such byte of the segment */
	uint64_t off; /* the segment that contradicts ... */
	uint32_t len;
	uint64_t seen_off; /* ... and what was seen before: the bytes of one packet */
	uint32_t seen_len;
};

/* "bsd-right"; NULL where p is none. */
const char *rs_overlap_name(enum rs_overlap_policy p);

/* All names in the order of the policies, ended by NULL. */
extern const char *const rs_overlap_names[RS_OVERLAP_MAX + 1];

struct rs_extent { /* a TCP segment as it was sent, before anything of it was cut off */
	uint64_t begin, end;
};

/* Whether of a TCP segment that is held, and one that came now, the new one's bytes are kept where both have some. */
bool rs_overlap_takes(enum rs_overlap_policy p, struct rs_extent held, struct rs_extent now);

#endif
