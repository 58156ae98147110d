/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a directory lists what was read: each aspect that differs is named, in any order of the entries, wherever the archive
 * begins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "reassembly/archive/rs_zip_made.h"

#define ENTRIES 5

static struct rs_zip_entry entry(unsigned i)
{
	const uint8_t name[] = { 'n', (uint8_t)('0' + i) };
	return (struct rs_zip_entry){ .off = 1000 * i + 7, .name = rs_zip_sum_name(name, 2, 2), .csize = 10 + i, .size = 20 + i, .crc = 99 * i,
				      .method = i % 2 ? 8 : 0, .encrypted = i == 3, .known = true };
}

/* change: the aspect in which the directory's third entry differs; RS_ZIP_ASPECTS: none. */
static uint32_t faults(unsigned change, uint64_t base, bool shifted)
{
	struct rs_zip_account a = { .base = base, .central_off = base + 9000 };
	for (unsigned i = 0; i < ENTRIES; i++) {
		struct rs_zip_entry e = entry(i);
		e.off += base;
		rs_zip_account_local(&a, &e);
	}
	for (unsigned i = ENTRIES; i-- > 0;) {
		struct rs_zip_entry e = entry(i);
		e.off += shifted ? 0 : base;
		if (i == 2) {
			e.off += change == RS_ZIP_ENTRY;
			e.name += change == RS_ZIP_NAMED;
			e.method = change == RS_ZIP_METHOD ? 99 : e.method;
			e.csize += change == RS_ZIP_SIZE;
			e.encrypted ^= change == RS_ZIP_ENCRYPTION;
			e.crc ^= change == RS_ZIP_CONTENT;
		}
		rs_zip_account_central(&a, &e);
	}
	const struct rs_zip_end end = { .at = base + 10000, .total = ENTRIES, .central_off = 9000 + (shifted ? 0 : base), .has_total = true,
					.has_off = true };
	rs_zip_account_end(&a, &end);
	return a.faults;
}

static void each_aspect_has_its_name(void **state)
{
	(void)state;
	for (unsigned way = 0; way < 4; way++)
		for (unsigned change = 0; change <= RS_ZIP_ASPECTS; change++) {
			const uint32_t expected = change < RS_ZIP_ASPECTS ? 1u << (RS_ZIP_DIFFERS + change) : 0;
			assert_int_equal(faults(change, way / 2 * 12345, way % 2), expected);
		}
	for (unsigned f = 0; f < RS_ZIP_FAULTS; f++)
		assert_non_null(rs_zip_fault_name(f));
}

/* Where one member's size is not known, that of all others cannot be summed up; what can be is compared. */
static void what_is_not_known_is_not_compared(void **state)
{
	struct rs_zip_account a = { 0 };
	struct rs_zip_entry e = entry(1);
	(void)state;
	e.known = false;
	rs_zip_account_local(&a, &e);
	e.crc++;
	rs_zip_account_central(&a, &e);
	rs_zip_account_end(&a, &(struct rs_zip_end){ .total = 1, .has_total = true });
	assert_int_equal(a.faults, 0);
	rs_zip_account_end(&a, &(struct rs_zip_end){ .total = 2, .has_total = true });
	assert_int_equal(a.faults, 1u << RS_ZIP_SECOND | 1u << (RS_ZIP_DIFFERS + RS_ZIP_ENTRY));
}

static void names_are_known_again(void **state)
{
	struct rs_zip_names names = { 0 };
	unsigned wrong = 0;
	(void)state;
	for (unsigned i = 0; i < 64; i++) {
		struct rs_zip_entry e = entry(i), other = entry(i);
		other.name++;
		wrong += rs_zip_names_has(&names, &other, 0);
		rs_zip_names_add(&names, &e);
		assert_true(rs_zip_names_has(&names, &e, 0));
		e.off -= 5;
		assert_true(rs_zip_names_has(&names, &e, 5));
	}
	assert_true(wrong < 8);
}

/* An archive from its first signature on, which is not fed, at any place, in any split: as with it, but for the offsets. */
static void behind_something(void **state)
{
	struct zip z = { 0 };
	(void)state;
	put_member(&z, "a", 0, 0, KNOWN, "data", 4);
	put_member(&z, "b", 0, 0, SIGNED32, "more data", 9);
	put_directory(&z);
	for (unsigned way = 0; way < 4; way++) {
		const size_t end = z.len - (way == 3 ? 30 : 0);
		for (size_t cut = 4; cut <= end; cut++) {
			struct log l = { .input = z.p, .size = z.len, .pos = 4 };
			struct rs_zip r;
			log_line(&l, "%s", "");
			/* The log compares offsets with those of its input: the archive is taken to begin there. */
			rs_zip_init_behind(&r, &log_ops, &l, 0, z.p);
			rs_zip_feed(&r, z.p + 4, cut - 4);
			rs_zip_feed(&r, z.p + cut, end - cut);
			const bool whole = rs_zip_end(&r);
			log_flush(&l);
			assert_true(whole == (way != 3));
			assert_true(rs_zip_is_ended(&r) == (way != 3));
			assert_int_equal(r.account.faults >> RS_ZIP_PREFIXED & 1, 1);
			assert_non_null(strstr(l.text, "begin a method 0 flags 64 csize 4 size 4\ndata 4\nend 64\n"));
			assert_non_null(strstr(l.text, "begin b "));
			free(l.text);
		}
	}
	free(z.p);
	struct log l = { .input = (const uint8_t *)"PK\3\4 is no header, and what follows it is none", .size = 46, .pos = 4 };
	struct rs_zip r;
	log_line(&l, "%s", "");
	rs_zip_init_behind(&r, &log_ops, &l, 0, l.input);
	rs_zip_feed(&r, l.input + 4, 42);
	rs_zip_end(&r);
	assert_false(rs_zip_is_ended(&r));
	assert_false(l.member);
	free(l.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_aspect_has_its_name),
		cmocka_unit_test(what_is_not_known_is_not_compared),
		cmocka_unit_test(names_are_known_again),
		cmocka_unit_test(behind_something),
	};
	return cmocka_run_group_tests_name("rs_zip_account", tests, NULL, NULL);
}
