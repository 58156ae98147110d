/* SPDX-License-Identifier: Apache-2.0 */
/* rs_ar: the members of an ar archive (libraries, Debian's packages), streaming, by rs_unwrap.
 *
 * Sources: ar(5) of the BSDs and of GNU binutils; deb(5). Behind "!<arch>\n" each member has a header of 60 bytes, its data, and one
 * byte more where that is odd. Long names are understood: BSD's ("#1/LENGTH", before the data) and GNU's ("/OFFSET" in the table that
 * is member "//"). Of that table RS_AR_TABLE bytes are kept: a name behind these is not known, and there is more than is read
 * (RS_UNWRAP_LIMIT). The table is no member; an index of symbols is one, for libarchive takes it for a file.
 *
 * Where the byte that makes an odd length even is missing, the next header is found all the same (RS_UNWRAP_ODD). Where no header
 * follows, readers stop (RS_UNWRAP_WRONG), but for blank bytes at the end. Behind missing bytes of a header nobody knows where the next
 * one stands: all that follows is outer.
 */
#ifndef RS_AR_H
#define RS_AR_H

#include "reassembly/archive/rs_unwrap.h"

#define RS_AR_HEADER 60
#define RS_AR_NAME_MAX 255 /* longer names are cut */
#define RS_AR_TABLE 896

enum rs_ar_state {
	RS_AR_MARK, /* the archive's own first bytes */
	RS_AR_MEMBER, /* a header */
	RS_AR_NAME, /* BSD's long name */
	RS_AR_LONG_NAMES, /* GNU's table of them */
	RS_AR_DATA,
	RS_AR_REST, /* nobody knows what, or none of it */
};

struct rs_ar {
	struct rs_unwrap u;
	uint64_t left; /* bytes of the name, table or data still to come */
	uint64_t size; /* of the data */
	uint64_t table_said; /* the table's length */
	uint8_t state; /* enum rs_ar_state */
	uint8_t have; /* of the mark or header */
	bool uneven; /* behind the data one byte more is due */
	bool odd; /* it is due now */
	bool member; /* between member_begin and member_end */
	bool gap; /* bytes of the member are missing */
	uint16_t name_len, table_len;
	uint8_t head[RS_AR_HEADER];
	uint8_t name[RS_AR_NAME_MAX];
	uint8_t table[RS_AR_TABLE];
};

extern const struct rs_unwrap_reader rs_ar_reader;

#endif
