/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/archive/rs_zip_signing.h"

#include <string.h>

#include "reassembly/rs_tail.h"

#define MARK "APK Sig Block 42"

void rs_zip_signing_begin(struct rs_zip_signing *s, uint64_t at)
{
	*s = (struct rs_zip_signing){ .open = true, .at = at };
}

void rs_zip_signing_see(struct rs_zip_signing *s, const uint8_t *p, size_t n)
{
	s->nlast = (uint8_t)rs_tail_keep(s->last, sizeof s->last, s->nlast, p, n);
	for (size_t i = 0; i < n && s->nsize < 8; i++)
		if (p[i] || s->nsize)
			s->size |= (uint64_t)p[i] << 8 * s->nsize++;
		else
			s->zeros++;
}

bool rs_zip_signing_ends(const struct rs_zip_signing *s, uint64_t at, size_t shown)
{
	if (!s->open || s->nsize < 8 || s->nlast < RS_ZIP_SIGNING_END + shown)
		return false;
	const uint8_t *end = s->last + s->nlast - shown - RS_ZIP_SIGNING_END;
	uint64_t size = 0;
	for (unsigned i = 0; i < 8; i++)
		size |= (uint64_t)end[i] << 8 * i;
	if (memcmp(end + 8, MARK, sizeof MARK - 1) != 0 || size < RS_ZIP_SIGNING_END || size > at - s->at - 8)
		return false;
	/* Its own first bytes may be zeros, too. */
	const uint64_t begin = at - 8 - size, behind = s->at + s->zeros;
	if (begin > behind || behind - begin >= 8)
		return false;
	return s->size << 8 * (behind - begin) == size;
}
