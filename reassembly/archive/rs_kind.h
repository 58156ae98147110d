/* SPDX-License-Identifier: Apache-2.0 */
/* rs_kind: which wrapping a file's first bytes announce.
 *
 * Sources: APPNOTE.TXT 4.3.7 (zip), RFC 1952 (gzip), the formats' own marks for the rest. */
#ifndef RS_KIND_H
#define RS_KIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum rs_kind {
	RS_KIND_PLAIN, /* no wrapping known here */
	RS_KIND_ZIP,
	RS_KIND_GZIP,
	RS_KIND_TAR, /* it may be: rs_tar tells */
	RS_KIND_TNEF, /* Outlook's winmail.dat */
	RS_KIND_CMS, /* S/MIME */
	RS_KIND_SEALED, /* encrypted: a PGP message */
	RS_KIND_PACKED, /* a wrapping that is known and not opened: rar, 7z, bzip2, xz, zstd, lz4, cab, compress */
};

#define RS_KIND_BYTES 32 /* enough to tell */
#define RS_KIND_TAIL 64

enum rs_kind rs_kind_of(const uint8_t *p, size_t n);

/* Whether a file's last bytes (RS_KIND_TAIL, or all when it is shorter) end a zip archive: unpackers look there, whatever
 * stands before it (APPNOTE.TXT 4.3.16; a comment of up to RS_KIND_TAIL - 22 bytes). */
bool rs_kind_ends_zip(const uint8_t *tail, size_t n);

#endif
