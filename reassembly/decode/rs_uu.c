/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/decode/rs_uu.h"

#include "reassembly/rs_lines.h"

/* The word, three or four octal digits, a space; the name may be anything. */
static const char word[] = "begin ";

enum { DIGITS = sizeof word - 1 };

static bool step(struct rs_uu *u, uint8_t b)
{
	if (u->at < DIGITS)
		return b == (uint8_t)word[u->at];
	unsigned digits = u->at - (unsigned)DIGITS;
	if (b == ' ' && digits >= 3) {
		u->found = true;
		return true;
	}
	return digits < 4 && b >= '0' && b <= '7';
}

bool rs_uu_feed(struct rs_uu *u, const uint8_t *p, size_t n)
{
	const uint8_t *end = p + n;
	while (p < end && !u->found) {
		if (u->elsewhere) {
			p += rs_lines_find(p, (size_t)(end - p), (uint8_t)word[0], false);
			u->elsewhere = p == end && p[-1] != '\n';
			u->at = 0;
			continue;
		}
		if (step(u, *p))
			u->at++, p++;
		else
			u->elsewhere = true;
	}
	return u->found;
}
