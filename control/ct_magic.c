/* SPDX-License-Identifier: Apache-2.0 */
#include "control/ct_magic.h"

#include <magic.h>
#include <string.h>

#include "control/ct_text.h"

static void load(struct ct_magic *m)
{
	m->tried = true;
	m->cookie = magic_open(MAGIC_NONE);
	if (m->cookie && magic_load(m->cookie, NULL)) {
		magic_close(m->cookie);
		m->cookie = NULL;
	}
}

char *ct_magic_describe(struct ct_magic *m, const uint8_t *p, size_t n)
{
	if (!m->tried)
		load(m);
	const char *says = m->cookie ? magic_buffer(m->cookie, p, n) : NULL;
	/* It quotes from the file. */
	return says ? ct_text_plain((const uint8_t *)says, strlen(says)) : NULL;
}

void ct_magic_free(struct ct_magic *m)
{
	if (m->cookie)
		magic_close(m->cookie);
	*m = (struct ct_magic){ 0 };
}
