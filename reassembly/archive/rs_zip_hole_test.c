/* SPDX-License-Identifier: Apache-2.0 */
/* Archives with bytes missing. */
#include "reassembly/archive/rs_zip_made.h"

/* What is said of a member, from its begin to its end; without flags, which say how sure it is. */
static char *said_of(const char *log, const char *name)
{
	char key[80], *out;
	snprintf(key, sizeof key, "begin %s ", name);
	const char *from = strstr(log, key), *end = from ? strstr(from, "\nend ") : NULL;
	if (!end)
		return NULL;
	out = strndup(from, (size_t)(end - from));
	assert_non_null(out);
	char *flags = strstr(out, "flags "), *csize = strstr(out, " csize");
	memmove(flags, csize, strlen(csize) + 1);
	return out;
}

#define TORN 7

/* Members of each kind, of known and unknown size; where each begins and ends. */
static void put_torn(struct zip *z, size_t begin[TORN], size_t end[TORN])
{
	static const enum form forms[TORN] = { KNOWN, SIGNED32, KNOWN, UNSIGNED32, KNOWN, SIGNED32, SIGNED32 };
	static const unsigned methods[TORN] = { 0, 0, 8, 8, 8, 8, 0 };
	for (unsigned i = 0; i < TORN; i++) {
		uint8_t text[60], packed[100];
		char name[8];
		snprintf(name, sizeof name, "m%u", i);
		for (size_t k = 0; k < sizeof text; k++)
			text[k] = (uint8_t)('a' + rnd(9));
		const size_t n = methods[i] ? deflated(packed, sizeof packed, text, sizeof text, 6) : sizeof text;
		begin[i] = z->len;
		/* One that is not inflated, though it could be. */
		put_member(z, name, methods[i], i == 4, forms[i], methods[i] ? packed : text, n);
		end[i] = z->len;
	}
	put_directory(z);
}

/* Members before a hole are as without it, those behind it too: wherever it is, and however the rest is cut. */
static void a_hole_hides_only_what_it_is_in(void **state)
{
	(void)state;
	struct zip z = { 0 };
	struct log whole, torn, again;
	size_t begin[TORN], end[TORN];
	put_torn(&z, begin, end);
	log_torn(&whole, z.p, z.len, 0, 0, true, SIZE_MAX);
	for (size_t from = 0; from < z.len; from++)
		for (unsigned way = 0; way < 12; way++) {
			const size_t to = from + 1 + rnd(way < 6 ? 8 : (uint32_t)(z.len - from));
			const bool sure = way % 3;
			if (to > z.len)
				continue;
			log_torn(&torn, z.p, z.len, from, to, sure, SIZE_MAX);
			log_torn(&again, z.p, z.len, from, to, sure, 1 + rnd(30));
			assert_string_equal(torn.text, again.text);
			for (unsigned i = 0; i < TORN; i++) {
				char name[8];
				snprintf(name, sizeof name, "m%u", i);
				char *want = said_of(whole.text, name), *got = said_of(torn.text, name);
				assert_non_null(want);
				/* That it ended, the next signature says. */
				if ((end[i] + 4 <= from || begin[i] >= to) && (!got || strcmp(got, want) != 0))
					fail_msg("%s, [%zu, %zu) of it at [%zu, %zu): %s\ninstead of\n%s\nin\n%s", name, begin[i],
						 end[i], from, to, got ? got : "nothing", want, torn.text);
				free(want);
				free(got);
			}
			free(again.text);
			free(torn.text);
		}
	free(whole.text);
	free(z.p);
}

/* A stored member goes on behind the hole, and ends where its header says; of a deflated one what came before is all. */
static void a_hole_in_a_member(void **state)
{
	(void)state;
	struct zip z = { 0 };
	struct log l;
	uint8_t packed[100], text[600];
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = (uint8_t)('a' + i / 100);
	put_member(&z, "a", 0, 0, KNOWN, text, sizeof text);
	const size_t n = deflated(packed, sizeof packed, text, sizeof text, 6), at = 31 + sizeof text + 31;
	put_member(&z, "b", 8, 0, KNOWN, packed, n);
	put_directory(&z);
	log_torn(&l, z.p, z.len, 131, 231, true, SIZE_MAX);
	assert_non_null(strstr(l.text, "\ndata 100\ndata missing 100\ndata 400\nend 128\n"));
	free(l.text);
	log_torn(&l, z.p, z.len, 131, at + n, true, SIZE_MAX);
	assert_non_null(strstr(l.text, "\ndata 100\ndata missing 500\n"));
	assert_null(strstr(l.text, "begin b"));
	free(l.text);
	log_torn(&l, z.p, z.len, at + n - 2, at + n - 1, true, SIZE_MAX);
	assert_non_null(strstr(l.text, " and on\nend 144\n"));
	free(l.text);
	free(z.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hole_hides_only_what_it_is_in),
		cmocka_unit_test_setup_teardown(a_hole_hides_only_what_it_is_in, inflating, not_inflating),
		cmocka_unit_test_setup_teardown(a_hole_in_a_member, inflating, not_inflating),
	};
	return cmocka_run_group_tests_name("rs_zip_hole", tests, NULL, NULL);
}
