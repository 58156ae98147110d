/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/smtp/rs_smtp_smuggle.h"

#include <stdbool.h>
#include <string.h>

static bool left_out(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\v' || c == '\f' || !c;
}

static bool begins(const struct rs_smtp_smuggle *m, const char *word)
{
	size_t n = strlen(word);
	return m->n >= n && !memcmp(m->kept, word, n);
}

static enum rs_smtp_smuggled whole(const struct rs_smtp_smuggle *m)
{
	if (begins(m, "BDAT") && m->n > 4)
		return RS_SMUGGLED_CHUNK;
	if (begins(m, "MAILFROM:") || (begins(m, "DATA") && m->n == 4) || (begins(m, "XEXCH50") && m->n > 7))
		return RS_SMUGGLED_COMMAND;
	return RS_SMUGGLED_NOT;
}

enum rs_smtp_smuggled rs_smtp_smuggle_feed(struct rs_smtp_smuggle *m, const uint8_t *p, size_t n)
{
	enum rs_smtp_smuggled found = RS_SMUGGLED_NOT;
	for (size_t i = 0; i < n; i++) {
		uint8_t c = p[i];
		if (c == '\r' || c == '\n') {
			found = whole(m);
			m->n = 0;
		} else if (m->n < RS_SMTP_SMUGGLE_KEPT && !left_out(c)) {
			m->kept[m->n++] = c >= 'a' && c <= 'z' ? (uint8_t)(c - 'a' + 'A') : c;
		}
	}
	return found;
}
