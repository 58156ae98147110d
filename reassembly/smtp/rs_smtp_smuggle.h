/* SPDX-License-Identifier: Apache-2.0 */
/* rs_smtp_smuggle: lines of the content that a server which saw an end before them takes for commands.
 *
 * Lines end at LF, CRLF or a bare CR. Blanks and NULs are left out before comparing, letter case does not matter: more is
 * taken for a command than any one server does. Only lines that begin or send a message count. */
#ifndef RS_SMTP_SMUGGLE_H
#define RS_SMTP_SMUGGLE_H

#include <stddef.h>
#include <stdint.h>

#define RS_SMTP_SMUGGLE_KEPT 10

struct rs_smtp_smuggle { /* all 0: at a line's start */
	uint8_t n;
	uint8_t kept[RS_SMTP_SMUGGLE_KEPT]; /* the line's first bytes, without blanks */
};

enum rs_smtp_smuggled {
	RS_SMUGGLED_NOT,
	RS_SMUGGLED_COMMAND, /* MAIL FROM:, DATA alone, XEXCH50 with an argument */
	RS_SMUGGLED_CHUNK, /* BDAT with an argument */
};

/* Reads the n bytes at p, of which only the last may be a line's end (CR or LF), and says what line ended there. */
enum rs_smtp_smuggled rs_smtp_smuggle_feed(struct rs_smtp_smuggle *m, const uint8_t *p, size_t n);

#endif
