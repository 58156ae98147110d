/* SPDX-License-Identifier: Apache-2.0 */
/* rs_tar: the members of a tar archive (POSIX.1-2017 pax, "ustar Interchange Format" and "pax Interchange Format"; GNU tar's and
 * the older formats), streaming, by rs_unwrap.
 *
 * Directories are no members. Long names (GNU's type L, pax's `path`) and sizes (base 256, pax's `size`) are understood. Of a member that is no file but has
 * data, the data is a member all the same. Of a file with holes the data is handed out without them (RS_UNWRAP_UNSUPPORTED: its
 * bytes are not those of the file; its end says RS_UNWRAP_HOLES), under the name that GNU's pax records give it. A header whose checksum is wrong ends the archive for most readers; some look for the next
 * one, and so does this one (RS_UNWRAP_ODD). So do headers behind the two blocks of zeros that end it. */
#ifndef RS_TAR_H
#define RS_TAR_H

#include "reassembly/archive/rs_unwrap.h"

#define RS_TAR_BLOCK 512
#define RS_TAR_NAME_MAX 256 /* of longer names something of the middle is left out (rs_name) */

enum rs_tar_state {
	RS_TAR_HEADER,
	RS_TAR_SPARSE, /* GNU: more of the map of a file with holes, before its data */
	RS_TAR_DATA, /* a member's */
	RS_TAR_NAME, /* data of type L: a name */
	RS_TAR_PAX, /* data of type x: records "LENGTH KEY=VALUE\n" */
	RS_TAR_SKIP, /* data that is none of a member's */
	RS_TAR_PAD,
};

struct rs_tar_pax { /* the record of a pax header that is being read */
	uint64_t length, value; /* as it says, and a number as far as it was read */
	uint64_t at; /* bytes of it so far */
	uint8_t part; /* enum pax_part */
	uint8_t key_len;
	char key[20];
};

struct rs_tar {
	struct rs_unwrap u;
	enum rs_tar_state state;
	uint64_t left; /* bytes of the data still to come; of padding */
	uint64_t sparse; /* bytes of data of the file whose map is being read */
	uint64_t whole; /* of a file with holes: its size with them; RS_UNWRAP_SIZE_UNKNOWN */
	uint64_t said; /* pax's size for the next member; RS_UNWRAP_SIZE_UNKNOWN: none */
	uint16_t pad; /* bytes of padding behind the data */
	uint16_t have; /* of the block */
	uint16_t name_len; /* of the name that was given before its header; 0: none was */
	bool name_cut; /* it is longer than is kept */
	bool begun; /* a header was seen */
	bool global; /* the pax header is one for all members that follow */
	bool torn; /* a header is looked for: bytes are missing, or one was wrong */
	bool holes; /* the member is a file with holes */
	bool real; /* its name is the file's, not that of what the archive makes of it */
	bool gap; /* bytes of the member are missing */
	bool member; /* between member_begin and member_end */
	struct rs_tar_pax pax;
	uint8_t name[RS_TAR_NAME_MAX];
	uint8_t block[RS_TAR_BLOCK];
};

/* Whether this block is a header: the sum of its bytes is what it says. */
bool rs_tar_is_header(const uint8_t block[RS_TAR_BLOCK]);
/* Whether one that begins with these n bytes, n <= RS_TAR_BLOCK, may be: a text is told to be none where the sum would stand. */
bool rs_tar_may_be_header(const uint8_t *p, size_t n);

/* As after the archive's first block, t->block, which is a header, was fed: it was handed out by the caller. */
void rs_tar_start(struct rs_tar *t, const struct rs_unwrap_ops *ops, void *arg);

extern const struct rs_unwrap_reader rs_tar_reader;

#endif
