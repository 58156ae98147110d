/* SPDX-License-Identifier: Apache-2.0 */
/* dp_capture_source: the bytes of a capture file, plain or gzip-compressed (RFC 1952), from a file or a pipe.
 *
 * Owner:  one thread. Memory: this struct, which is large (64 KB), and zlib's. Units: bytes.
 * All that can be read is handed out before a problem is told. */
#ifndef DP_CAPTURE_SOURCE_H
#define DP_CAPTURE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <zlib.h>

struct dp_capture_source {
	int fd;
	bool gzip;
	bool end; /* of the file */
	bool between; /* gzip: at the end of a member, where the file may end */
	uint64_t offset; /* bytes of the file used, compressed where it is */
	uint64_t size; /* of the file; 0 where that cannot be known */
	char problem[96]; /* empty: none; else why no more can be read */
	size_t in_pos, in_len;
	z_stream z;
	uint8_t in[65536];
};

/* Takes fd, which dp_capture_source_close closes, also after an error. Returns 0 or -errno; a first read happens. */
int dp_capture_source_open(struct dp_capture_source *s, int fd, uint64_t size);

/* Up to n bytes, decompressed. 0: the end. -1: s->problem says why. */
ssize_t dp_capture_source_read(struct dp_capture_source *s, void *buf, size_t n);

void dp_capture_source_close(struct dp_capture_source *s);

#endif
