/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "reassembly/mime/rs_fields.h"

/* With a buffer of 32 bytes, so that its end is met often. Each event is a letter; a field's number and value
 * follow it; what is left of the input after the section comes last. */
static const char *events_of(const char *text, size_t piece, bool buffer)
{
	static char log[2000];
	static uint8_t buf[32];
	struct rs_fields h;
	size_t n = strlen(text), i = 0, at = 0;
	log[0] = 0;
	rs_fields_init(&h, buffer ? buf : NULL, sizeof buf, true);
	for (bool over = false, finished = false; !over;) {
		enum rs_fields_event e;
		if (i < n) {
			size_t take = piece < n - i ? piece : n - i;
			uint8_t *exact = malloc(take);
			assert_non_null(exact);
			memcpy(exact, text + i, take);
			i += rs_fields_feed(&h, exact, take, &e);
			free(exact);
		} else {
			e = rs_fields_finish(&h);
			finished = true;
		}
		if (e == RS_FIELDS_FIELD)
			at += (size_t)sprintf(log + at, "F%u%s%s<%.*s>", h.field, h.cut ? "cut" : "",
					      h.begun ? "+" : "", h.len, (char *)buf);
		else if (e == RS_FIELDS_PIECE)
			at += (size_t)sprintf(log + at, "P%u%s<%.*s>", h.field, h.begun ? "+" : "", h.piece,
					      (char *)buf);
		else if (e == RS_FIELDS_FULL)
			h.cut = true;
		else if (e == RS_FIELDS_INVALID)
			at += (size_t)sprintf(log + at, "I");
		else if (e == RS_FIELDS_BODY)
			at += (size_t)sprintf(log + at, "B<%.*s>", h.len, (char *)buf);
		else if (e == RS_FIELDS_END)
			at += (size_t)sprintf(log + at, "E");
		over = e == RS_FIELDS_BODY || e == RS_FIELDS_END;
		assert_true(!finished || e != RS_FIELDS_MORE);
	}
	sprintf(log + at, "%s", text + i);
	return log;
}

static void tells_fields_in_any_split(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{ "Content-Type: a\r\nTo: b\n\nrest", "F1<a>F5<b>Erest" },
		{ "content-DISPOSITION:x\nContent-transfer-encoding : y\n\n", "F3<x>F2<y>E" },
		{ "To:\r\n\r\n", "F5<>E" },
		{ "To: \t\r\n \t \r\n\tx \r\n  \r\n\r\n", "F5<x>E" },
		{ "To: a\r\n b\r\n\tc\r\n\r\n", "F5<a b\tc>E" },
		{ "To: ghijklmnopqrstuv0123456789abcdef\n\n", "F5<ghijklmnopqrstuv0123456789abcdef>E" },
		{ "To: ghijklmnopqrstuv0123456789abcdefg\n\n", "P5<ghijklmnopqrstuv0123456789abcdef>F5+<g>E" },
		{ "To: ghijklmnopqrstuv0123456789abcd  e \n\n", "P5<ghijklmnopqrstuv0123456789abcd>F5+<  e>E" },
		{ "To: ghijklmnopqrstuv0123456789abcdef\r\n\r\n", "P5<ghijklmnopqrstuv0123456789abcdef>F5+<>E" },
		{ "To: 0\n                                     1\n\n",
		  "P5<0>P5+<                               >F5+<      1>E" },
		{ "Content-Type: ghijklmnopqrstuv0123456789abcdefg\n h\nTo: x\n\n",
		  "F1cut<ghijklmnopqrstuv0123456789abcdef>F5<x>E" },
		{ "X: y\n z\nTo: a\nX: z\n\nbody", "F5<a>Ebody" },
		{ "To: a\nno field\n\n", "F5<a>B<no >field\n\n" },
		{ "To: a\nno:field\nnone\r\n", "F5<a>B<none>\r\n" },
		{ "ghijklmnopqrstuv0123456789abcdefg: x\n", "B<ghijklmnopqrstuv0123456789abcdef>g: x\n" },
		{ "To: a\n\xff: b\n", "F5<a>B<>\xff: b\n" },
		{ "To: a\r\n\rx\n", "F5<a>B<\r>x\n" },
		{ ": x\n y\n leading\nTo: a\n\n", "IF5<a>E" },
		{ " x\n y\nTo: a\n\n", "IF5<a>E" },
		{ "From me at noon: x\nFrom: a\nFrom me: x\n", "F4<a>B<From >me: x\n" },
		{ "From : a\n\n", "F4<a>E" },
		{ "From \n\nbody", "Ebody" },
		{ "To: a", "F5<a>E" },
		{ "To: a\nCc", "F5<a>B<Cc>" },
		{ "To: a\n\r", "F5<a>E" },
		{ "", "E" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		for (size_t piece = 1; piece < 40; piece++)
			assert_string_equal(events_of(cases[i][0], piece, true), cases[i][1]);
}

static void looks_for_the_empty_line_without_a_buffer(void **state)
{
	(void)state;
	for (size_t piece = 1; piece < 40; piece++) {
		assert_string_equal(events_of("To: a\r\nno field\r\n\rx\r\n\r\nbody", piece, false), "Ebody");
		assert_string_equal(events_of("\nbody", piece, false), "Ebody");
		assert_string_equal(events_of("To: a", piece, false), "E");
	}
}

static void drops_the_field_at_a_gap(void **state)
{
	(void)state;
	static const char *const before[] = { "To: a", "To: a\n", "T", "To: ghijklmnopqrstuv0123456789abcdefg", "" };
	for (size_t i = 0; i < sizeof before / sizeof before[0]; i++) {
		uint8_t buf[32];
		struct rs_fields h;
		enum rs_fields_event e = RS_FIELDS_MORE;
		rs_fields_init(&h, buf, sizeof buf, true);
		for (size_t at = 0, n = strlen(before[i]); at < n;)
			at += rs_fields_feed(&h, (const uint8_t *)before[i] + at, n - at, &e);
		assert_int_equal(rs_fields_gap(&h), i == 3);
		assert_false(h.virgin);
		const char *after = "lost\n lost\nCc: b\n\n";
		size_t n = rs_fields_feed(&h, (const uint8_t *)after, strlen(after), &e);
		assert_int_equal(e, RS_FIELDS_FIELD);
		assert_int_equal(n, strlen(after) - 1);
		assert_int_equal(h.len, 1);
		assert_int_equal(buf[0], 'b');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_fields_in_any_split),
		cmocka_unit_test(looks_for_the_empty_line_without_a_buffer),
		cmocka_unit_test(drops_the_field_at_a_gap),
	};
	return cmocka_run_group_tests_name("rs_fields", tests, NULL, NULL);
}
