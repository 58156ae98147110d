/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "reassembly/decode/rs_transfer.h"

static uint64_t seed = 0x853c49e6748fea9bu;

static uint32_t any(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)((seed >> 32) * below >> 32);
}

static size_t feed_exact(struct rs_transfer *t, const uint8_t *in, size_t n, uint8_t *out)
{
	uint8_t *piece = malloc(n ? n : 1), *to = malloc(RS_TRANSFER_OUT_MAX(n));
	size_t made;
	memcpy(piece, in, n);
	const uint8_t *p = rs_transfer_feed(t, piece, n, to, &made);
	assert_true(made <= RS_TRANSFER_OUT_MAX(n));
	memcpy(out, p, made);
	free(piece);
	free(to);
	return made;
}

static void decodes_by_name(void **state)
{
	(void)state;
	static const struct {
		enum rs_cte cte;
		const char *in, *out;
		bool malformed;
	} cases[] = {
		{ RS_CTE_IDENTITY, "Zm9v=3D \r\n", "Zm9v=3D \r\n", false },
		{ RS_CTE_UNKNOWN, "Zm9v=3D \r\n", "Zm9v=3D \r\n", true },
		{ RS_CTE_BASE64, "Zm9v\r\nYmE=\r\n", "fooba", false },
		{ RS_CTE_BASE64, "Zm9vYm", "foob", true },
		{ RS_CTE_BASE64, "Zm9v!", "foo", true },
		{ RS_CTE_BASE64, "YmE=YmE=", "baba", true },
		{ RS_CTE_BASE64, "Yg=", "b", true },
		{ RS_CTE_QP, "Zm9v=3D \r\n", "Zm9v=\r\n", false },
		{ RS_CTE_QP, "a=3", "a=3", true },
		{ RS_CTE_QP, "a=zz", "a=zz", true },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		size_t n = strlen(cases[i].in);
		for (size_t cut = 0; cut <= n; cut++) {
			struct rs_transfer t;
			uint8_t out[256];
			rs_transfer_init(&t, cases[i].cte);
			size_t made = feed_exact(&t, (const uint8_t *)cases[i].in, cut, out);
			made += feed_exact(&t, (const uint8_t *)cases[i].in + cut, n - cut, out + made);
			made += rs_transfer_end(&t, out + made);
			assert_int_equal(made, strlen(cases[i].out));
			assert_memory_equal(out, cases[i].out, made);
			assert_int_equal(rs_transfer_malformed(&t), cases[i].malformed);
		}
	}
}

static void identity_is_not_copied(void **state)
{
	(void)state;
	uint8_t in[4] = "abc", out[RS_TRANSFER_OUT_MAX(4)];
	for (int unknown = 0; unknown < 2; unknown++) {
		struct rs_transfer t;
		size_t n;
		rs_transfer_init(&t, unknown ? RS_CTE_UNKNOWN : RS_CTE_IDENTITY);
		assert_ptr_equal(rs_transfer_feed(&t, in, sizeof in, out, &n), in);
		assert_int_equal(n, sizeof in);
		assert_int_equal(rs_transfer_end(&t, out), 0);
	}
}

static void locates_what_completed_a_byte(void **state)
{
	(void)state;
	struct rs_transfer t;
	rs_transfer_init(&t, RS_CTE_BASE64);
	const uint8_t *in = (const uint8_t *)"Zm9v\r\nYmFy\r\n";
	assert_int_equal(rs_transfer_locate(&t, in, 12, 0), 3);
	assert_int_equal(rs_transfer_locate(&t, in, 12, 2), 3);
	assert_int_equal(rs_transfer_locate(&t, in, 12, 3), 9);
	assert_int_equal(rs_transfer_locate(&t, in, 12, 6), 12);
	rs_transfer_init(&t, RS_CTE_QP);
	in = (const uint8_t *)"a=41 \r\nb";
	assert_int_equal(rs_transfer_locate(&t, in, 8, 1), 3);
	assert_int_equal(rs_transfer_locate(&t, in, 8, 2), 6);
	assert_int_equal(rs_transfer_locate(&t, in, 8, 4), 7);
	rs_transfer_init(&t, RS_CTE_IDENTITY);
	assert_int_equal(rs_transfer_locate(&t, in, 8, 5), 5);
	assert_int_equal(rs_transfer_locate(&t, in, 8, 9), 8);
	assert_int_equal(rs_transfer_locate(&t, in, 0, 0), 0);
}

/* locate's answer is the shortest beginning of the input that gives the byte; from any state. */
static void locate_equals_its_definition(void **state)
{
	(void)state;
	static const char bytes[] = "QUJDRA==\r\n =4143 ab\t=\r\n=zz.";
	static const enum rs_cte ctes[] = { RS_CTE_IDENTITY, RS_CTE_BASE64, RS_CTE_QP, RS_CTE_UNKNOWN, RS_CTE_UU };
	uint8_t in[900], out[2048];
	for (int round = 0; round < 400; round++) {
		size_t n = any(round % 4 ? 40 : sizeof in), skip = any(6);
		for (size_t i = 0; i < n; i++)
			in[i] = (uint8_t)bytes[any(sizeof bytes - 1)];
		skip = skip < n ? skip : n;
		struct rs_transfer before, t;
		rs_transfer_init(&before, ctes[any(4)]);
		feed_exact(&before, in, skip, out);
		t = before;
		size_t all = feed_exact(&t, in + skip, n - skip, out), had = 0;
		t = before;
		for (size_t i = skip; i < n; i++) {
			size_t now = feed_exact(&t, in + i, 1, out);
			for (size_t d = had; d < had + now; d++)
				assert_int_equal(rs_transfer_locate(&before, in + skip, n - skip, d), i - skip);
			had += now;
		}
		assert_int_equal(had, all);
		assert_int_equal(rs_transfer_locate(&before, in + skip, n - skip, all), n - skip);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes_by_name),
		cmocka_unit_test(identity_is_not_copied),
		cmocka_unit_test(locates_what_completed_a_byte),
		cmocka_unit_test(locate_equals_its_definition),
	};
	return cmocka_run_group_tests_name("rs_transfer", tests, NULL, NULL);
}
