/* SPDX-License-Identifier: Apache-2.0 */
/* dp_capture: the frames of a capture file, one at a time: pcap and pcapng, microseconds and nanoseconds, either byte
 * order, plain or gzip-compressed, from a file or from standard input.
 *
 * Owner:  one thread, the reader; a worker never calls it (it reads files and allocates).
 * Memory: the capture is dp_capture_open's and goes with dp_capture_close; a frame's bytes are borrowed until the next
 *         dp_capture_next or dp_capture_close on the same capture.
 * Units:  bytes; time in nanoseconds since 1970 (UTC).
 * Errors: one line without its end, made to be read behind the file's name: "no such file", "is empty: ...". */
#ifndef DP_CAPTURE_H
#define DP_CAPTURE_H

#include <stddef.h>
#include <stdint.h>

#include "dataplane/dp_packet.h"

#define DP_CAPTURE_FRAME_MAX 262144 /* a longer frame is damage */
#define DP_CAPTURE_ERROR_MAX 384 /* room enough for any err below */

struct dp_capture; /* one open capture */

struct dp_frame {
	const uint8_t *data; /* caplen bytes */
	uint32_t caplen; /* bytes in the file, at most DP_CAPTURE_FRAME_MAX */
	uint32_t len; /* bytes that were on the wire */
	uint64_t time_ns;
	enum dp_link link;
};

enum dp_capture_status {
	DP_CAPTURE_FRAME, /* *f is set */
	DP_CAPTURE_END, /* the file ended where it may */
	DP_CAPTURE_CUT, /* the file ends inside a packet, or is damaged: err says where; all frames before were handed out */
};

/* path "-" is standard input, which stays open. Returns 0, or -errno with err set and nothing to close: -ENOENT, -EISDIR,
 * -EACCES, ... as open(2) and read(2) say; -ENODATA an empty file, -EBADMSG no capture or cut in its header, -ENOTSUP a
 * link type or compression that is not read, -ENOMEM. */
int dp_capture_open(const char *path, struct dp_capture **out, char *err, size_t err_size);

/* The next frame. Once END or CUT, always so. err is set with CUT only. */
enum dp_capture_status dp_capture_next(struct dp_capture *c, struct dp_frame *f, char *err, size_t err_size);

/* NULL is allowed. */
void dp_capture_close(struct dp_capture *c);

/* How far, for a display of progress: bytes of the file read (compressed ones where it is), and its size, 0 where that
 * is not known (a pipe). */
uint64_t dp_capture_bytes(const struct dp_capture *c);
uint64_t dp_capture_size(const struct dp_capture *c);

/* Frames so far: all, and those with caplen < len. */
uint64_t dp_capture_frames(const struct dp_capture *c);
uint64_t dp_capture_snapped(const struct dp_capture *c);

#endif
