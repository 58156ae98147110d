/* SPDX-License-Identifier: Apache-2.0 */
/* Header text, names and address lists, as a stranger may write them. The first byte says how the rest is read. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "control/ct_address.h"
#include "control/ct_text.h"
#include "control/ct_utf8.h"
#include "reassembly/mime/rs_mime.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct ct_charsets charsets;

/* UTF-8, fit to be shown, and the same when it is made so again. */
static void check(const char *s)
{
	if (!s)
		abort();
	size_t n = strlen(s);
	struct ct_buf again = { 0 };
	ct_utf8_visible(&again, (const uint8_t *)s, n);
	char *t = ct_buf_take(&again);
	if (!t || strcmp(s, t) != 0)
		abort();
	free(t);
	for (size_t i = 0; i < n; i++)
		if ((uint8_t)s[i] < ' ' || s[i] == 0x7f)
			abort();
}

static void addresses(const uint8_t *p, size_t n)
{
	struct ct_list l = { 0 };
	if (!ct_address_split(&charsets, p, n, &l))
		abort();
	for (size_t i = 0; i < l.n; i++)
		check(l.v[i]);
	ct_list_free(&l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	const uint8_t *p = data + 1;
	size_t n = size - 1;
	char *s = NULL;
	switch (data[0] % 5) {
	case 0:
		s = ct_text_decode(&charsets, p, n);
		break;
	case 1:
		s = ct_text_plain(p, n);
		break;
	case 2:
		s = ct_text_name(&charsets, RS_NAME_EXTENDED, p, n);
		break;
	case 3:
		s = ct_text_name(&charsets, RS_NAME_PLAIN, p, n);
		break;
	case 4:
		addresses(p, n);
		return 0;
	}
	check(s);
	free(s);
	return 0;
}
