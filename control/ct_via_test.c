/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "control/ct_via.h"

static void proxy(const char *header, size_t n, const char *expect)
{
	/* Every shorter one says the same, or nothing: it reads no byte behind its end. */
	for (size_t k = 0; k <= n; k++) {
		uint8_t *exact = malloc(k ? k : 1);
		char got[CT_VIA_PROXY_MAX];
		assert_non_null(exact);
		memcpy(exact, header, k);
		bool is = ct_via_proxy(exact, k, got);
		free(exact);
		if (k == n && expect)
			assert_true(is);
		if (k == n && is)
			assert_string_equal(got, expect ? expect : "nothing");
	}
}
#define PROXY(header, expect) proxy(header, sizeof(header) - 1, expect)

static void test_proxy(void **state)
{
	(void)state;
	PROXY("PROXY TCP4 192.0.2.1 198.51.100.2 4000 25\r\n", "192.0.2.1 4000 198.51.100.2 25");
	PROXY("PROXY TCP6 2001:db8::1 2001:db8::2 65535 25\r\n", "2001:db8::1 65535 2001:db8::2 25");
	PROXY("PROXY UNKNOWN\r\n", NULL);
	PROXY("PROXY TCP4 192.0.2.1 198.51.100.2 70000 25\r\n", NULL);
	PROXY("PROXY TCP4 192.0.2.x 198.51.100.2 4000 25\r\n", NULL);
	PROXY("PROXY TCP6 192.0.2.1 198.51.100.2 4000 25\r\n", NULL);
#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
	PROXY(SIGNATURE "\x21\x11\0\x0c\xc0\0\2\1\xc6\x33\x64\2\x0f\xa0\0\x19", "192.0.2.1 4000 198.51.100.2 25");
	PROXY(SIGNATURE "\x21\x11\0\x0f\xc0\0\2\1\xc6\x33\x64\2\x0f\xa0\0\x19\4\0\0", "192.0.2.1 4000 198.51.100.2 25");
	PROXY(SIGNATURE "\x21\x21\0\x24\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2\0\1\0\x19", "2001:db8::1 1 2001:db8::2 25");
	PROXY(SIGNATURE "\x20\x11\0\x0c\xc0\0\2\1\xc6\x33\x64\2\x0f\xa0\0\x19", NULL);
	PROXY(SIGNATURE "\x21\x11\0\x08\xc0\0\2\1\xc6\x33\x64\2", NULL);
	PROXY(SIGNATURE "\x21\x31\0\0", NULL);
}

static void attributes(const char *text, const char *expect)
{
	char got[1024] = "";
	struct ct_via_attribute a;
	while (ct_via_next(&text, &a)) {
		strcat(got, a.name);
		strcat(got, "=");
		strcat(got, a.value);
		strcat(got, ";");
	}
	assert_string_equal(got, expect);
}

static void test_attributes(void **state)
{
	(void)state;
	attributes("NAME=spike.porcupine.org ADDR=168.100.189.2", "name=spike.porcupine.org;addr=168.100.189.2;");
	attributes("  addr=IPV6:2001:db8::1\tHELO=a+20b+3Dc Login=anna@example.org", "addr=IPV6:2001:db8::1;helo=a b=c;login=anna@example.org;");
	attributes("NAME=[UNAVAILABLE] ADDR=[TEMPUNAVAIL] PORT=25", "port=25;");
	attributes("PASSWORD=secret NAME= =x NAME LOGIN=+0D+0Ax+", "login=??x+;");
	attributes("", "");
	attributes(" ", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_proxy),
		cmocka_unit_test(test_attributes),
	};
	return cmocka_run_group_tests_name("ct_via", tests, NULL, NULL);
}
