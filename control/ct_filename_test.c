/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "control/ct_filename.h"

static void names(void **state)
{
	static const struct {
		const char *name, *extension;
		bool twice, padded;
	} cases[] = {
		{ "letter", "", false, false },
		{ "", "", false, false },
		{ "letter.TXT", "txt", false, false },
		{ "letter.txt.exe", "exe", true, false },
		{ "letter.JPG.Scr . ..", "scr", true, false },
		{ "photo.jpg             .exe", "exe", true, true },
		{ "photo.jpg\xc2\xa0\xe3\x80\x80 .exe", "exe", true, true },
		{ "photo. .exe", "exe", false, false },
		{ "a.tar.gz", "gz", false, false },
		{ "mailweir-1.2.exe", "exe", false, false },
		{ "setup.v2.exe", "exe", false, false },
		{ "dir.txt/b.exe", "exe", false, false },
		{ "C:\\a.txt\\b", "", false, false },
		{ "photo<U+202E>gpj.exe", "exe", false, false },
		{ "photo.<U+202E>xcod.exe", "exe", false, false },
		{ "a.<U+202E>scr", "scr", false, false },
		{ "a.txt.<U+202E>scr", "scr", true, false },
		{ "a.<U+202E>txt.exe", "exe", true, false },
		{ ".bashrc", "bashrc", false, false },
		{ "a.an-extension-that-is-none-at-all", "", false, false },
		{ "a.exe::$DATA", "exe", false, false },
		{ "a.txt.exe::$data", "exe", true, false },
		{ "a.exe. ::$Data..", "exe", false, false },
		{ "a.exe:zone", "exe", false, false },
		{ "a.txt:b.exe:$DATA", "exe", false, false },
		{ "a.txt.:x", "", false, false },
		{ "::$DATA", "", false, false },
		{ ".:$DATA", "", false, false },
		{ "a$DATA.txt", "txt", false, false },
		{ "'a.exe'", "exe", false, false },
		{ "\"a.exe\"", "exe", false, false },
		{ "\xe2\x80\x9c" "a.jpg.exe\xe2\x80\x9d .", "exe", true, false },
		{ "'a.txt'.exe", "exe", true, false },
		{ "a.txt. .exe", "exe", true, false },
		{ "a.txt'   '.exe", "exe", true, true },
		{ "it's.exe", "exe", false, false },
		{ "a.exe'b", "exe'b", false, false },
		{ "...", "", false, false },
		{ "   ", "", false, false },
	};
	(void)state;
	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct ct_filename f = ct_filename_look(cases[i].name);
		assert_string_equal(f.extension, cases[i].extension);
		assert_int_equal(f.double_extension, cases[i].twice);
		assert_int_equal(f.padded, cases[i].padded);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(names) };
	return cmocka_run_group_tests_name("ct_filename", tests, NULL, NULL);
}
