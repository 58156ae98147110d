/* SPDX-License-Identifier: Apache-2.0 */
/* rs_valid: whether a segment's receiver would accept it (RFC 9293 3.10.7.4, RFC 5961, RFC 7323 5), as far as whoever sees both
 * directions can tell. What a receiver does not accept changes nothing there, and must change nothing here.
 *
 * Owner:  one thread. Memory: this struct. Units: offsets as rs_stream; windows in bytes; time in nanoseconds, the packets' own.
 * What is known of a receiver is never ahead of what it knows itself: its newest timestamp is the one that it echoes (RFC 7323 4.3: a
 * sender's word alone says nothing, for its segment may have reached nobody), its window is the largest right edge that it was seen to
 * tell. So a segment that it accepts is at most doubted because packets of the two directions were seen out of step; one that it does
 * not accept may, in the time of a round trip, be taken: then the bytes that come in its place contradict it. */
#ifndef RS_VALID_H
#define RS_VALID_H

#include "reassembly/tcp/rs_tcp.h"

enum rs_doubt { /* why its receiver may not have accepted a segment */
	RS_DOUBT_NONE,
	RS_DOUBT_SUM, /* its checksum is wrong: the caller's finding */
	RS_DOUBT_TIMESTAMP, /* older than the newest one accepted (RFC 7323 5.3 R1) */
	RS_DOUBT_NO_TIMESTAMP, /* none, though both sides agreed on them (RFC 7323 3.2: some receivers drop it) */
	RS_DOUBT_NO_ACK, /* RFC 9293 3.10.7.4: without the ACK bit it is dropped */
	RS_DOUBT_ACK, /* acknowledges what was never sent, or is too old (RFC 5961 5.2) */
	RS_DOUBT_ACK_OLD, /* acknowledges less than nothing: a byte before the first (likewise) */
	RS_DOUBT_WINDOW, /* begins beyond the window */
	RS_DOUBT_SIGNED, /* bears a signature that nobody agreed on (RFC 2385, RFC 5925: Linux drops it) */
	RS_DOUBT_FIN, /* data behind a FIN that was acknowledged */
	RS_DOUBT_RESET, /* data behind a reset */
	RS_DOUBT_AHEAD, /* answers what was not seen, and nothing else of its receiver was: the caller's finding */
	RS_DOUBT_MAX
};

struct rs_options { /* what a segment's options said */
	uint32_t tsval, tsecr;
	uint8_t wscale;
	bool timestamps, window_scale, authenticated;
};

struct rs_valid { /* of one connection; zeroed at its beginning */
	uint64_t right[2]; /* of dir[i]: the largest right edge of its receiver's windows; 0: none was told, or the scale is not known */
	uint32_t newest[2]; /* of dir[i]: the newest timestamp that its receiver echoed (TS.Recent) */
	uint32_t newest_at[2]; /* the packet that echoed it, in seconds */
	uint32_t sent[2]; /* of dir[i]: the newest timestamp seen: nothing newer can be echoed */
	uint32_t edge[2]; /* of dir[i]: the newest one echoed while nothing was acknowledged that was not read here */
	uint8_t wscale[2]; /* that i offered */
	uint8_t syns; /* bit i: i's SYN was seen, and its options are known */
	uint8_t timestamps, scales, authenticated; /* bit i: offered in i's SYN */
	uint8_t has_newest : 2, has_edge : 2; /* bit i */
	uint8_t has_sent; /* bit i */
};

/* Nobody sends such a segment by accident, in whatever order its connection's packets were seen. */
bool rs_doubt_is_deliberate(enum rs_doubt d);

/* The segment is about to be read, by `c` as it is before that. waiting[d]: the highest offset of dir[d] of segments that wait, in
 * doubt: they may have been sent, and acknowledged, all right. Of a direction whose receiver was never seen less is known. Segments
 * without payload or FIN and SYNs are never doubted here, and of RSTs only the signature: rs_tcp judges them. */
enum rs_doubt rs_valid_check(const struct rs_valid *v, const struct rs_tcp *c, unsigned dir, const struct rs_tcp_segment *seg,
			     const struct rs_options *o, const uint64_t waiting[2], uint64_t now);

/* Doubted for its timestamp, though bytes are missing that it may bring, and that its receiver has: it was too old even before any of these.
 * (Otherwise what made it old may have been sent behind it, and was seen before.) */
bool rs_valid_was_old(const struct rs_valid *v, unsigned dir, const struct rs_options *o);

/* It was read, and accepted: what it tells of its sender. */
void rs_valid_note(struct rs_valid *v, const struct rs_tcp *c, unsigned dir, const struct rs_tcp_segment *seg,
		   const struct rs_options *o, uint64_t now);

const char *rs_doubt_name(enum rs_doubt d); /* "timestamp", "acknowledgement", ... */

#endif
