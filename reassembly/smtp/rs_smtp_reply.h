/* SPDX-License-Identifier: Apache-2.0 */
/* rs_smtp_reply: what a line of the server says (RFC 5321 4.2). */
#ifndef RS_SMTP_REPLY_H
#define RS_SMTP_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rs_smtp_reply_line {
	uint16_t code; /* 0 to 999 */
	bool more; /* "250-": lines of the same reply follow */
	const uint8_t *text;
	size_t text_len;
};

/* False: the line is no reply. */
bool rs_smtp_reply_parse(const uint8_t *p, size_t n, struct rs_smtp_reply_line *r);

#endif
