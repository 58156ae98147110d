/* SPDX-License-Identifier: Apache-2.0 */
/* rs_gzip: what a gzip file holds (RFC 1952), streaming: its members one after the other, as one file.
 *
 * Owner:  one thread. Memory: this struct, an rs_inflate and a buffer of the caller's; no allocation. Units: bytes.
 * Data handed to the callbacks is borrowed until they return.
 *
 * Readers differ in what they put up with: where one of them goes on, this one does, and says so at the end (RS_GZIP_ODD): reserved
 * flags, a wrong checksum of a header, a wrong checksum or length of the data, other bytes than zeros behind the last member. */
#ifndef RS_GZIP_H
#define RS_GZIP_H

#include <stdbool.h>

#include "reassembly/archive/rs_inflate.h"

#define RS_GZIP_NAME_MAX 255 /* longer names are cut */

struct rs_gzip_ops {
	/* The first member's header was read. n 0: it names no file. */
	void (*begin)(void *arg, const uint8_t *name, size_t n);
	void (*data)(void *arg, const uint8_t *p, size_t n);
	/* inflate->pause_at was reached. Answers whether more is wanted; if not, nothing more is inflated. */
	bool (*pause)(void *arg);
};

enum rs_gzip_state {
	RS_GZIP_HEADER, /* ten bytes (2.3) */
	RS_GZIP_EXTRA_SIZE,
	RS_GZIP_EXTRA,
	RS_GZIP_NAME,
	RS_GZIP_COMMENT,
	RS_GZIP_HEADER_CRC,
	RS_GZIP_BODY,
	RS_GZIP_TRAILER,
	RS_GZIP_BETWEEN, /* zeros, another member, or nothing */
	RS_GZIP_OVER, /* nothing more is read: something else stands there, or no more is wanted */
};

enum rs_gzip_fault {
	RS_GZIP_ODD = 1, /* readers may differ, all that any of them makes of it was handed out */
	RS_GZIP_WRONG = 2, /* no gzip from somewhere on: what is behind was not inflated */
	RS_GZIP_CUT = 4, /* it ended inside a member */
};

struct rs_gzip {
	const struct rs_gzip_ops *ops;
	void *arg;
	struct rs_inflate *inflate;
	enum rs_gzip_state state;
	uint32_t faults; /* enum rs_gzip_fault */
	uint32_t header_crc, crc, size; /* of this member, so far */
	uint16_t extra; /* bytes still to come */
	uint16_t name_len;
	uint8_t flags, have;
	bool begun; /* the first header was read */
	uint8_t head[10];
	uint8_t name[RS_GZIP_NAME_MAX];
};

/* inflate: the caller's, until the end; its `in` is the offset in the file. */
void rs_gzip_init(struct rs_gzip *g, const struct rs_gzip_ops *ops, void *arg, struct rs_inflate *inflate);
/* buffer: room bytes for what is handed out. */
void rs_gzip_feed(struct rs_gzip *g, const uint8_t *p, size_t n, uint8_t *buffer, size_t room);
/* End of the file. Answers a set of enum rs_gzip_fault; 0: well formed. */
uint32_t rs_gzip_end(struct rs_gzip *g);
/* A copy that goes its own way, over a copy of the other's inflate. */
void rs_gzip_copy(struct rs_gzip *to, const struct rs_gzip *from, void *arg, struct rs_inflate *inflate);

#endif
