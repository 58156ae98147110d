/* SPDX-License-Identifier: Apache-2.0 */
/* ct_charset: bytes in a named charset to UTF-8, with iconv.
 *
 * Owner:  one thread. Memory: heap; a descriptor for each charset met so far, kept until the end.
 * Only charsets that mail is written in are known: what a stranger writes into a header never chooses which
 * code iconv loads. */
#ifndef CT_CHARSET_H
#define CT_CHARSET_H

#include <iconv.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "control/ct_buf.h"

#define CT_CHARSET_MAX 64

struct ct_charsets {
	iconv_t cd[CT_CHARSET_MAX];
	bool open[CT_CHARSET_MAX];
};

void ct_charsets_init(struct ct_charsets *c);
void ct_charsets_free(struct ct_charsets *c);

/* Adds p, which is in the charset of that name, to b as UTF-8; what is wrong in it becomes U+FFFD (or wrong UTF-8, when the
 * charset is UTF-8: the reader replaces it). CT_CHARSET_ZIP is known, too. False, and nothing added, when the charset is not known. */
bool ct_charset_utf8(struct ct_charsets *c, const char *name, size_t name_len, const uint8_t *p, size_t n,
		     struct ct_buf *b);

/* Adds p, whose charset nobody named: UTF-8 where it is valid (or only cut), else windows-1252. */
void ct_charset_guess(const uint8_t *p, size_t n, struct ct_buf *b);

#endif
