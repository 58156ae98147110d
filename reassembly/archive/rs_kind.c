/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/archive/rs_kind.h"

#include <string.h>

#include "reassembly/archive/rs_cms.h"
#include "reassembly/archive/rs_tar.h"

static const struct {
	enum rs_kind kind;
	uint8_t len;
	const char *mark;
} marks[] = {
	{ RS_KIND_ZIP, 4, "PK\x03\x04" },
	{ RS_KIND_ZIP, 4, "PK\x05\x06" }, /* empty */
	{ RS_KIND_ZIP, 8, "PK\x07\x08PK\x03\x04" }, /* spanning marker (8.5.3) */
	{ RS_KIND_ZIP, 8, "PK00PK\x03\x04" }, /* spanning marker of an archive that fitted on one disk (8.5.4) */
	{ RS_KIND_GZIP, 2, "\x1f\x8b" },
	{ RS_KIND_PACKED, 6, "Rar!\x1a\x07" },
	{ RS_KIND_PACKED, 6, "7z\xbc\xaf\x27\x1c" },
	{ RS_KIND_PACKED, 3, "BZh" },
	{ RS_KIND_PACKED, 6, "\xfd" "7zXZ\0" },
	{ RS_KIND_PACKED, 4, "\x28\xb5\x2f\xfd" }, /* zstd */
	{ RS_KIND_PACKED, 4, "\x04\x22\x4d\x18" }, /* lz4 */
	{ RS_KIND_PACKED, 4, "MSCF" }, /* cab */
	{ RS_KIND_PACKED, 2, "\x1f\x9d" }, /* compress */
	{ RS_KIND_SEALED, 26, "-----BEGIN PGP MESSAGE----" },
	{ RS_KIND_TNEF, 4, "\x78\x9f\x3e\x22" }, /* winmail.dat */
};

bool rs_kind_ends_zip(const uint8_t *tail, size_t n)
{
	for (size_t at = 0; at + 22 <= n; at++)
		if (memcmp(tail + at, "PK\x05\x06", 4) == 0 && at + 22 + tail[at + 20] + 256u * tail[at + 21] == n)
			return true;
	return false;
}

enum rs_kind rs_kind_of(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
		if (n >= marks[i].len && memcmp(p, marks[i].mark, marks[i].len) == 0)
			return marks[i].kind;
	if (rs_cms_is(p, n))
		return RS_KIND_CMS;
	return n >= RS_KIND_BYTES && rs_tar_may_be(p, RS_KIND_BYTES) ? RS_KIND_TAR : RS_KIND_PLAIN;
}
