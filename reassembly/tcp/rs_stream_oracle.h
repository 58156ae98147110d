/* SPDX-License-Identifier: Apache-2.0 */
/* rs_stream_oracle: what a receiver keeps, byte by byte, the slow and obvious way. For tests only.
 *
 * Memory: fixed. Units: stream offsets in bytes, below RS_ORACLE_SPAN.
 * Every byte has one owner, a segment; a new segment asks for each of its bytes whether the owner gives it up. */
#ifndef RS_STREAM_ORACLE_H
#define RS_STREAM_ORACLE_H

#include "reassembly/tcp/rs_stream.h"

#define RS_ORACLE_SPAN 256
#define RS_ORACLE_SEGMENTS 64

struct rs_oracle_segment {
	uint32_t off, len;
	uint8_t byte[RS_ORACLE_SPAN];
	int run; /* which begins with it, or that it was appended to */
};

struct rs_oracle_run { /* what the receiver holds as one segment */
	uint32_t begin, end;
	int born; /* the segment whose place it has */
};

struct rs_oracle {
	enum rs_overlap_policy policy;
	struct rs_oracle_segment seg[RS_ORACLE_SEGMENTS]; /* in the order of their coming */
	struct rs_oracle_run run[RS_ORACLE_SEGMENTS];
	int n;
	int owner[RS_ORACLE_SPAN]; /* -1: nothing came */
	uint32_t next, acked;
};

void rs_oracle_init(struct rs_oracle *o, enum rs_overlap_policy policy);

/* The first byte of the segment that says other than what was seen in its place, is not acknowledged, and its owner's; -1: none. */
int rs_oracle_compare(const struct rs_oracle *o, uint32_t off, uint32_t len, const uint8_t *byte);

/* A segment came. Bytes behind the window are the caller's to keep away. */
void rs_oracle_add(struct rs_oracle *o, uint32_t off, uint32_t len, const uint8_t *byte);

/* What the receiver has at `at`; its owner must not be -1. */
uint8_t rs_oracle_byte(const struct rs_oracle *o, uint32_t at);

#endif
