/* SPDX-License-Identifier: Apache-2.0 */
/* rs_zip_signing: the block in which Android's packages have their signatures, between members and directory ("APK Signature Scheme v2",
 * source.android.com): its size, pairs, its size again, and a mark. The size counts all but its own first eight bytes; zeros may stand
 * before the block. To a zip's reader it is bytes of no record, in which it looks for some: here is told that they are no more than this.
 *
 * Owner: one thread. Memory: the struct, which is copied by assignment. Units: bytes. */
#ifndef RS_ZIP_SIGNING_H
#define RS_ZIP_SIGNING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RS_ZIP_SIGNING_END 24 /* the size and the mark */
#define RS_ZIP_SIGNING_KEPT (RS_ZIP_SIGNING_END + 30) /* and of the record behind it so much as tells that it is one */

struct rs_zip_signing {
	bool open; /* bytes of no record are being read */
	uint64_t at; /* the first of them */
	uint64_t zeros; /* so many of them are 0 */
	uint64_t size; /* what is behind those */
	uint8_t nsize, nlast;
	uint8_t last[RS_ZIP_SIGNING_KEPT];
};

/* At this place bytes begin that are no record: all that follow are to be shown. */
void rs_zip_signing_begin(struct rs_zip_signing *s, uint64_t at);
void rs_zip_signing_see(struct rs_zip_signing *s, const uint8_t *p, size_t n);
/* At this place a record begins, of which so many bytes were shown: whether all before it was such a block. */
bool rs_zip_signing_ends(const struct rs_zip_signing *s, uint64_t at, size_t shown);

#endif
