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
	RS_KIND_TAR, /* it may be, as it begins with a name, which may be anything: rs_tar tells from its first block */
	RS_KIND_TNEF, /* Outlook's winmail.dat */
	RS_KIND_CMS, /* S/MIME */
	RS_KIND_AR, /* libraries, Debian's packages */
	RS_KIND_ZLIB, /* it may be a stream of zlib: inflating it tells */
	RS_KIND_DEFLATED, /* never told by first bytes: a stored member of a zip, which may be deflated all the same */
	RS_KIND_SEALED, /* encrypted: a PGP message */
	/* A wrapping that is known, not opened, and hides what is in it from who looks at its bytes: rar, 7z, bzip2, xz, lzma, lzip, zstd,
	 * lz4, cab, compress, arj, lzh, ace, zoo, wim, xar, rpm, chm, vhd, squashfs, StuffIt, alz, egg; cpio, whose members
	 * are no archives to anybody here. */
	RS_KIND_PACKED,
};

#define RS_KIND_BYTES 32 /* enough to tell */

enum rs_kind rs_kind_of(const uint8_t *p, size_t n);
/* What it is when it is no tar archive: ZLIB, DEFLATED or PLAIN. stored: as a zip says that it is a member of. */
enum rs_kind rs_kind_else(const uint8_t *p, size_t n, bool stored);

#endif
