/* SPDX-License-Identifier: Apache-2.0 */
#include "control/ct_utf8.h"

/* RFC 3629 4: lead bytes, and the range that the second byte must lie in. */
static size_t lead(uint8_t c, uint8_t *low, uint8_t *high)
{
	*low = 0x80;
	*high = 0xbf;
	if (c >= 0xc2 && c <= 0xdf)
		return 2;
	if (c >= 0xe0 && c <= 0xef) {
		if (c == 0xe0)
			*low = 0xa0;
		if (c == 0xed)
			*high = 0x9f;
		return 3;
	}
	if (c >= 0xf0 && c <= 0xf4) {
		if (c == 0xf0)
			*low = 0x90;
		if (c == 0xf4)
			*high = 0x8f;
		return 4;
	}
	return 0;
}

size_t ct_utf8_next(const uint8_t *p, size_t n, uint32_t *rune)
{
	if (p[0] < 0x80) {
		*rune = p[0];
		return 1;
	}
	uint8_t low, high;
	size_t want = lead(p[0], &low, &high);
	*rune = CT_RUNE_BAD;
	if (!want)
		return 1;
	uint32_t r = p[0] & (0xffu >> (want + 1));
	for (size_t i = 1; i < want; i++) {
		if (i == n) {
			*rune = CT_RUNE_CUT;
			return i;
		}
		if (p[i] < low || p[i] > high)
			return i;
		low = 0x80;
		high = 0xbf;
		r = r << 6 | (p[i] & 0x3f);
	}
	*rune = r;
	return want;
}

enum ct_utf8_kind ct_utf8_kind(const uint8_t *p, size_t n)
{
	enum ct_utf8_kind kind = CT_UTF8_ASCII;
	for (size_t i = 0; i < n;) {
		uint32_t r;
		i += ct_utf8_next(p + i, n - i, &r);
		if (r == CT_RUNE_BAD)
			return CT_UTF8_INVALID;
		if (r == CT_RUNE_CUT)
			return kind == CT_UTF8_VALID ? CT_UTF8_VALID_CUT : CT_UTF8_INVALID;
		if (r >= 0x80)
			kind = CT_UTF8_VALID;
	}
	return kind;
}

static bool changes_layout(uint32_t r)
{
	return (r >= 0x80 && r <= 0x9f) || r == 0x061c || r == 0x200e || r == 0x200f || (r >= 0x2028 && r <= 0x202e) ||
	       (r >= 0x2066 && r <= 0x2069);
}

static bool overrides_direction(uint32_t r)
{
	return (r >= 0x202a && r <= 0x202e) || (r >= 0x2066 && r <= 0x2069);
}

bool ct_utf8_visible(struct ct_buf *b, const uint8_t *p, size_t n)
{
	bool overrides = false;
	for (size_t i = 0; i < n;) {
		size_t plain = i;
		while (i < n && p[i] >= 0x20 && p[i] < 0x7f)
			i++;
		ct_buf_put(b, p + plain, i - plain);
		if (i == n)
			break;
		uint32_t r;
		i += ct_utf8_next(p + i, n - i, &r);
		overrides |= overrides_direction(r);
		if (r == CT_RUNE_BAD || r == CT_RUNE_CUT)
			ct_buf_rune(b, CT_RUNE_REPLACEMENT);
		else if (r == '\t')
			ct_buf_rune(b, ' ');
		else if (r < 0x20)
			ct_buf_rune(b, 0x2400 + r);
		else if (r == 0x7f)
			ct_buf_rune(b, 0x2421);
		else if (changes_layout(r))
			ct_buf_printf(b, "<U+%04X>", r);
		else
			ct_buf_rune(b, r);
	}
	return overrides;
}
