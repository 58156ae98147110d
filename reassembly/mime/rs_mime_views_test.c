/* SPDX-License-Identifier: Apache-2.0 */
/* Each reading of a message in which readers differ, however it is cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "reassembly/mime/rs_mime_views_cases.h"
#include "reassembly/mime/rs_mime_views_log.h"

static char *told(const char *message, size_t n, size_t first, size_t piece)
{
	views_begin((struct rs_mime_limits){ 16, 1000 });
	for (size_t i = 0, take = first; i < n; i += take, take = piece)
		views_feed(message + i, take < n - i ? take : n - i);
	return views_end();
}

static void tells_each_reading_however_it_is_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof views_cases / sizeof views_cases[0]; i++) {
		const char *m = views_cases[i].message;
		const size_t n = strlen(m);
		char *whole = strdup(told(m, n, n, n));
		if (strcmp(whole, views_cases[i].told))
			fail_msg("%s: told\n%s\ninstead of\n%s", views_cases[i].name, whole, views_cases[i].told);
		for (size_t cut = 1; cut < n; cut++) {
			char *cut_told = told(m, n, cut, n);
			if (strcmp(cut_told, whole))
				fail_msg("%s cut at %zu: told\n%s\ninstead of\n%s", views_cases[i].name, cut, cut_told, whole);
		}
		assert_string_equal(told(m, n, 1, 1), whole);
		free(whole);
	}
}

/* A NUL in a field's name: no field to some, and nothing to others. */
static void a_nul_in_a_name(void **state)
{
	(void)state;
	static const char message[] = "Content-\0Transfer-Encoding: base64\r\n\r\nTVqQ\r\n";
	for (size_t cut = 1; cut < sizeof message; cut++)
		assert_string_equal(told(message, sizeof message - 1, cut, sizeof message),
				    "! mime.header_invalid\nleaf 1 depth 0 <text/plain> identity\n"
				    "|Content-\\x00Transfer-Encoding: base64\\r\\n\\r\\nTVqQ\\r\\n|\nend\n--\n"
				    "leaf 1 depth 0 <text/plain> base64\n|TVqQ\\r\\n|\nend\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_each_reading_however_it_is_cut),
		cmocka_unit_test(a_nul_in_a_name),
	};
	return cmocka_run_group_tests_name("rs_mime_views", tests, NULL, NULL);
}
