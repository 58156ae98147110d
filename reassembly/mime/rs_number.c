/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/mime/rs_number.h"

static char *write_number(char *out, uint32_t n)
{
	char digits[10];
	int i = 0;
	do
		digits[i++] = (char)('0' + n % 10);
	while (n /= 10);
	while (i)
		*out++ = digits[--i];
	return out;
}

/* A multipart that is a message's body has no number of its own, its parts count within the message's; a body
 * that is no multipart is its message's part 1. */
void rs_number_write(const struct rs_mime_level *level, unsigned depth, bool margin, char *out)
{
	unsigned counted = depth - margin;
	char *p = out;
	if (!rs_level_is_multipart(level, depth, 0)) {
		*p++ = '1';
		*p++ = '.';
	}
	for (unsigned i = 0; i < counted; i++) {
		if (rs_level_is_multipart(level, depth, i))
			p = write_number(p, level[i].parts);
		else if (!rs_level_is_multipart(level, depth, i + 1))
			*p++ = '1';
		else
			continue;
		*p++ = '.';
	}
	if (margin)
		*p++ = '0';
	else
		p--;
	*p = 0;
}
