/* SPDX-License-Identifier: Apache-2.0 */
/* rs_zip: the members of a zip archive, streaming, by their local headers (APPNOTE.TXT 4.3).
 *
 * Owner:  one thread. Memory: this struct; no allocation. Units: bytes; offsets from the first
 * byte fed. Data handed to the callbacks is borrowed until they return.
 *
 * Each byte fed is handed out exactly once: the data of a stored, unencrypted member as
 * member_data, everything else (headers, deflated or encrypted data, the central directory,
 * what is before, between and behind) as outer. So nothing in a zip escapes inspection,
 * whatever its headers claim.
 * A stored member of unknown size (general purpose bit 3, sizes zero) ends at a data descriptor
 * (with or without signature, 4.3.9) whose compressed size equals the bytes seen, followed by a
 * known signature or, with its own signature, by anything; the descriptor is outer.
 * Zip64 sizes (4.5.3) in local headers and descriptors are understood. */
#ifndef RS_ZIP_H
#define RS_ZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RS_ZIP_NAME_MAX 255 /* longer names are cut, and flagged */
#define RS_ZIP_SIZE_UNKNOWN UINT64_MAX

enum rs_zip_flag {
	RS_ZIP_ENCRYPTED = 1, /* general purpose bit 0, or bit 13 (masked central directory) */
	RS_ZIP_DESCRIPTOR = 2, /* sizes follow the data (bit 3) */
	RS_ZIP_NAME_CUT = 4,
	RS_ZIP_UTF8 = 8, /* name is UTF-8 (bit 11) */
	RS_ZIP_CUT = 16, /* the archive ended inside this member's data (member_end only) */
	RS_ZIP_DIRECTORY = 32, /* name ends in '/' */
};

struct rs_zip_member {
	const uint8_t *name; /* as stored; borrowed for the callback */
	uint16_t name_len;
	uint16_t method; /* 0 stored, 8 deflated, others by APPNOTE 4.4.5 */
	uint32_t flags; /* enum rs_zip_flag */
	uint64_t csize, size; /* RS_ZIP_SIZE_UNKNOWN where a descriptor follows */
	uint64_t data_off; /* of its first data byte in the archive */
};

struct rs_zip_ops {
	void (*outer)(void *arg, const uint8_t *p, size_t n);
	void (*member_begin)(void *arg, const struct rs_zip_member *m);
	void (*member_data)(void *arg, const uint8_t *p, size_t n); /* stored and not encrypted only */
	void (*member_end)(void *arg, uint32_t flags); /* flags: member's, and RS_ZIP_CUT */
};

struct rs_zip; /* defined below; fields are the module's own */

/* True when these first bytes of a file (4 are enough) are a zip: a local header, an empty
 * archive's end record, or a spanning marker before a local header. */
bool rs_zip_is(const uint8_t *p, size_t n);

void rs_zip_init(struct rs_zip *z, const struct rs_zip_ops *ops, void *arg);
void rs_zip_feed(struct rs_zip *z, const uint8_t *p, size_t n);

/* End of the file. Returns true when the structure was well formed up to its end record. */
bool rs_zip_end(struct rs_zip *z);

#endif
