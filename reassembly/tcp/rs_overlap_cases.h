/* SPDX-License-Identifier: Apache-2.0 */
/* rs_overlap_cases: every way that two or three segments can lie to each other. For tests and for docs/OVERLAPS.md.
 *
 * What matters is in which order the segments' ends follow each other, and which of them fall together: for two that are Allen's 13
 * relations, for three the 409 triples of them that are consistent. The segments come in the order of their numbers; since the same
 * lie of other numbers is another case, every order of arrival is among them. */
#ifndef RS_OVERLAP_CASES_H
#define RS_OVERLAP_CASES_H

#include "reassembly/tcp/rs_stream.h"

#define RS_CASE_SEGMENTS 3
#define RS_CASE_POINTS (2 * RS_CASE_SEGMENTS)
#define RS_CASE_MAX 512

struct rs_case {
	unsigned n; /* segments */
	unsigned points; /* places where any begins or ends; between two of them lies one stretch */
	uint8_t begin[RS_CASE_SEGMENTS], end[RS_CASE_SEGMENTS];
};

enum rs_case_start {
	RS_CASE_BEHIND, /* a byte is missing before all of them, and comes last */
	RS_CASE_AT_ONCE, /* what begins first is in order when it comes */
};

/* Makes all cases of n segments, in a fixed order, at most RS_CASE_MAX, and says how many there are. */
unsigned rs_cases(unsigned n, struct rs_case *to);

/* What a receiver reads, a letter each stretch: the number of the segment that it is from, '.' where none has it (it comes last). */
void rs_case_read(const struct rs_case *c, enum rs_case_start start, enum rs_overlap_policy policy, char to[RS_CASE_POINTS]);

/* The same of any segments, each of at least one byte; stretches are bytes. letter: one for each; to: span + 1 bytes. */
#define RS_CASE_SPAN 128 /* most bytes */
void rs_case_read_any(const struct rs_extent *segment, const char *letter, unsigned n, unsigned span, enum rs_case_start start,
		      enum rs_overlap_policy policy, char *to);

/* A segment's picture: its number in the stretches that it has, '.' in the others. */
void rs_case_draw(const struct rs_case *c, unsigned segment, char to[RS_CASE_POINTS]);

/* Allen's name of how b lies to a. */
const char *rs_case_relation(const struct rs_case *c, unsigned b, unsigned a);

#endif
