/* SPDX-License-Identifier: Apache-2.0 */
/* ct_utf8: UTF-8 read strictly (RFC 3629), and made fit to be shown.
 *
 * Owner:  the caller; nothing is kept. */
#ifndef CT_UTF8_H
#define CT_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "control/ct_buf.h"

#define CT_RUNE_BAD UINT32_MAX /* no UTF-8 */
#define CT_RUNE_CUT (UINT32_MAX - 1) /* a sequence that is right so far, and ends here */
#define CT_RUNE_REPLACEMENT 0xfffdu

/* The next character of p (n > 0); returns how many bytes it takes, of a wrong one those that are replaced together
 * (Unicode 15, 3.9, "maximal subpart"). */
size_t ct_utf8_next(const uint8_t *p, size_t n, uint32_t *rune);

enum ct_utf8_kind {
	CT_UTF8_ASCII,
	CT_UTF8_VALID,
	CT_UTF8_VALID_CUT, /* valid, with at least one whole character above ASCII, and cut in its last one */
	CT_UTF8_INVALID,
};
enum ct_utf8_kind ct_utf8_kind(const uint8_t *p, size_t n);

/* Adds p to b as UTF-8 that neither moves a cursor nor hides what is there: control characters become their pictures
 * (U+2400...), others that change how text is laid out (C1 controls, direction overrides as in "exe.<U+202E>gpj",
 * line separators) their number, tabs a space, invalid bytes U+FFFD. True: there were direction overrides, embeddings or isolates. */
bool ct_utf8_visible(struct ct_buf *b, const uint8_t *p, size_t n);

#endif
