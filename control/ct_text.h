/* SPDX-License-Identifier: Apache-2.0 */
/* ct_text: text of mail made UTF-8 that can be shown.
 *
 * Owner:  the control thread. Memory: heap; what is handed out is the caller's to free.
 * ct_text_utf8 and ct_name_utf8 (ct_render.h) are these with the renderer's charsets. */
#ifndef CT_TEXT_H
#define CT_TEXT_H

#include "control/ct_buf.h"
#include "control/ct_charset.h"

/* Header text with its encoded words (RFC 2047). Read as the programs that people read mail with do: a word is also
 * taken inside other text, in a quoted string, longer than 75 characters, and with spaces in it; white space between two words is
 * dropped; words side by side in one charset are decoded together, so that a character may be cut between them. */
char *ct_text_decode(struct ct_charsets *c, const uint8_t *p, size_t n);

/* Text without encoded words: addresses of the envelope, replies. */
char *ct_text_plain(const uint8_t *p, size_t n);

/* A name as notes keep it: charset NUL name. */
char *ct_text_name(struct ct_charsets *c, uint8_t form, const uint8_t *p, size_t n);
/* overrides: it holds characters that change the direction of what follows (U+202A to 202E, 2066 to 2069), so that a person who is shown
 * it as it is sees another name. */
char *ct_text_name_seen(struct ct_charsets *c, uint8_t form, const uint8_t *p, size_t n, bool *overrides);

#endif
