/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/smtp/rs_smtp.h"

bool rs_smtp_reply_parse(const uint8_t *p, size_t n, struct rs_smtp_reply_line *r)
{
	if (n < 3)
		return false;
	for (size_t i = 0; i < 3; i++)
		if (p[i] < '0' || p[i] > '9')
			return false;
	/* RFC 5321 4.2: a code alone is a reply too. */
	if (n > 3 && p[3] != ' ' && p[3] != '-' && p[3] != '\t')
		return false;
	r->code = (uint16_t)((p[0] - '0') * 100 + (p[1] - '0') * 10 + (p[2] - '0'));
	r->more = n > 3 && p[3] == '-';
	r->text = p + (n > 3 ? 4 : 3);
	r->text_len = n > 3 ? n - 4 : 0;
	return true;
}
