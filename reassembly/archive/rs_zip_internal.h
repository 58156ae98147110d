/* SPDX-License-Identifier: Apache-2.0 */
/* rs_zip_internal: between rs_zip.c, which looks for the ends of members of unknown size, and rs_zip_records.c,
 * which reads the records. For these two files only. */
#ifndef RS_ZIP_INTERNAL_H
#define RS_ZIP_INTERNAL_H

#include "reassembly/archive/rs_zip.h"

#define SIG_LOCAL 0x04034b50u
#define SIG_CENTRAL 0x02014b50u
#define SIG_DESCRIPTOR 0x08074b50u
#define SIG_EOCD 0x06054b50u
#define SIG_END64 0x06064b50u
#define SIG_LOCATOR 0x07064b50u
#define SIG_ARCHIVE_EXTRA 0x08064b50u
#define SIG_DIGITAL_SIGNATURE 0x05054b50u
#define SIG_SPANNING 0x30304b50u

#define NOT_SOUGHT RS_ZIP_SIZE_UNKNOWN

static inline uint16_t le16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t le32(const uint8_t *p)
{
	return le16(p) | (uint32_t)le16(p + 2) << 16;
}

static inline uint64_t le64(const uint8_t *p)
{
	return le32(p) | (uint64_t)le32(p + 4) << 32;
}

/* Is there a member whose end has to be looked for? */
static inline bool rs_zip_seeking(const struct rs_zip *z)
{
	return z->open.start != NOT_SOUGHT || z->doubted.start != NOT_SOUGHT;
}

/* Index of the first "PK", or of a 'P' that is the last byte; n where there is none. */
size_t rs_zip_find_pk(const uint8_t *p, size_t n);

/* Reads records and data, to be handed out: all n bytes, unless a member of unknown size begins while none was
 * sought; then it stops at that member's first byte. Returns how many. */
size_t rs_zip_records(struct rs_zip *z, const uint8_t *p, size_t n);

/* What was read and not handed out yet: before anything else is told, and before the bytes at z->span go. */
void rs_zip_hand_out(struct rs_zip *z);

/* The sought member (z->open or z->doubted) ends at z->pos; a descriptor of len bytes follows, or one of 8 bytes
 * more when it has its signature and may be zip64. */
void rs_zip_records_ended(struct rs_zip *z, struct rs_zip_sought *s, unsigned len, unsigned slack);

/* As rs_zip_gap and rs_zip_lose, when nothing is held back. */
void rs_zip_records_gap(struct rs_zip *z, uint64_t n);
void rs_zip_records_lose(struct rs_zip *z);

/* The four bytes in head may begin a header. */
void rs_zip_records_hunted(struct rs_zip *z);

/* Ends the member that the end of the archive found open. */
void rs_zip_records_cut(struct rs_zip *z);

#endif
