/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "reassembly/decode/rs_qp.h"

static uint64_t seed = 0x2545f4914f6cdd1du;

static uint32_t any(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)((seed >> 32) * below >> 32);
}

static bool blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static int digit(uint8_t c)
{
	const char *digits = "0123456789ABCDEFabcdef", *at = c ? strchr(digits, c) : NULL;
	if (!at)
		return -1;
	return (int)(at - digits) - (at - digits > 15 ? 6 : 0);
}

/* Whether a body that ends here, at its '=', only lacks the rest of an escape. */
static bool undecided(const uint8_t *p, size_t n)
{
	size_t i = 1;
	if (n == 2 && digit(p[1]) >= 0)
		return true;
	while (i < n && blank(p[i]))
		i++;
	if (i - 1 > RS_QP_SPACES_MAX)
		return false;
	return i == n || (i + 1 == n && p[i] == '\r');
}

/* How long the soft line break is that ends in a CR without LF and begins at this '='; 0: it is none. */
static size_t soft_cr(const uint8_t *p, size_t n)
{
	size_t i = 1;
	while (i < n && blank(p[i]))
		i++;
	return i - 1 <= RS_QP_SPACES_MAX && i + 1 < n && p[i] == '\r' && p[i + 1] != '\n' ? i + 1 : 0;
}

/* Of one that ends in two of them: what follows this '=' up to those. */
static bool soft_two_cr(const uint8_t *p, size_t n)
{
	const size_t i = soft_cr(p, n);
	return i && i + 1 < n && p[i] == '\r' && p[i + 1] == '\n';
}

/* The input ends in what may be one. */
static bool soft_two_cr_undecided(const uint8_t *p, size_t n)
{
	const size_t i = soft_cr(p, n);
	return i && i + 1 == n && p[i] == '\r';
}

/* The oracle sees the whole: lines first, then white space at their ends, then escapes. */
static size_t oracle(const uint8_t *in, size_t n, uint8_t *out, unsigned int *flags)
{
	size_t made = 0;
	*flags = 0;
	for (size_t line = 0; line < n;) {
		size_t lf = line;
		while (lf < n && in[lf] != '\n')
			lf++;
		bool ended = lf < n, cr = ended && lf > line && in[lf - 1] == '\r', soft = false;
		size_t stop = cr ? lf - 1 : lf, trimmed = stop;
		while (ended && trimmed > line && blank(in[trimmed - 1]))
			trimmed--;
		if (stop - trimmed <= RS_QP_SPACES_MAX)
			stop = trimmed;
		for (size_t i = line; i < stop; i++) {
			if (in[i] == '=' && stop - i >= 3 && digit(in[i + 1]) >= 0 && digit(in[i + 2]) >= 0) {
				out[made++] = (uint8_t)(digit(in[i + 1]) * 16 + digit(in[i + 2]));
				i += 2;
			} else if (in[i] == '=' && ended && i + 1 == stop) {
				soft = true;
			} else if (in[i] == '=' && soft_two_cr(in + i, n - i)) {
				*flags |= RS_QP_TWO_CR;
				soft = true;
				break;
			} else if (in[i] == '=' && soft_two_cr_undecided(in + i, n - i)) {
				*flags |= RS_QP_CUT;
				out[made++] = in[i];
			} else if (in[i] == '=' && soft_cr(in + i, n - i)) {
				*flags |= RS_QP_BARE_CR;
				i += soft_cr(in + i, n - i) - 1;
			} else {
				if (in[i] == '=')
					*flags |= !ended && undecided(in + i, stop - i) ? RS_QP_CUT : RS_QP_BAD_ESCAPE;
				out[made++] = in[i];
			}
		}
		if (cr && !soft)
			out[made++] = '\r';
		if (ended && !soft)
			out[made++] = '\n';
		line = lf + 1;
	}
	return made;
}

static size_t feed_exact(struct rs_qp *s, const uint8_t *in, size_t n, uint8_t *out)
{
	uint8_t *piece = malloc(n ? n : 1), *to = malloc(RS_QP_OUT_MAX(n));
	memcpy(piece, in, n);
	size_t made = rs_qp_feed(s, piece, n, to);
	assert_true(made <= RS_QP_OUT_MAX(n));
	memcpy(out, to, made);
	free(piece);
	free(to);
	return made;
}

static size_t end_exact(struct rs_qp *s, uint8_t *out)
{
	uint8_t *to = malloc(RS_QP_OUT_MAX(0));
	size_t made = rs_qp_end(s, to);
	assert_true(made <= RS_QP_OUT_MAX(0));
	memcpy(out, to, made);
	free(to);
	return made;
}

/* Whole, cut at every place, and byte by byte. */
static void check(const uint8_t *in, size_t n, const uint8_t *want, size_t want_n, unsigned int flags)
{
	uint8_t *out = malloc(n + 1);
	for (size_t cut = 0; cut <= n + 1; cut++) {
		struct rs_qp s;
		size_t made = 0;
		rs_qp_init(&s);
		if (cut <= n) {
			made += feed_exact(&s, in, cut, out);
			made += feed_exact(&s, in + cut, n - cut, out + made);
		} else {
			for (size_t i = 0; i < n; i++)
				made += feed_exact(&s, in + i, 1, out + made);
		}
		made += end_exact(&s, out + made);
		assert_int_equal(made, want_n);
		assert_memory_equal(out, want, made);
		assert_int_equal(s.flags, flags);
	}
	free(out);
}

#define BLANKS_8 "  \t     "
#define BLANKS_64 BLANKS_8 BLANKS_8 BLANKS_8 BLANKS_8 BLANKS_8 BLANKS_8 BLANKS_8 BLANKS_8

static void follows_rfc_2045_6_7(void **state)
{
	(void)state;
	static const struct {
		const char *in, *out;
		unsigned int flags;
	} cases[] = {
		{ "", "", 0 },
		{ "plain text\r\nof two lines", "plain text\r\nof two lines", 0 },
		/* (1) any octet */
		{ "=3D=0D=0A=20=ff=Ff", "=\r\n \xff\xff", 0 },
		{ "a=20\r\n", "a \r\n", 0 },
		/* The RFC's example of soft line breaks. */
		{ "Now's the time =\r\nfor all folk to come=\r\n to the aid of their country.",
		  "Now's the time for all folk to come to the aid of their country.", 0 },
		/* (3) white space at the end of a line */
		{ "a \t \r\nb", "a\r\nb", 0 },
		{ "a  \nb", "a\nb", 0 },
		{ " \r\n\t\r\n", "\r\n\r\n", 0 },
		{ "a =20 \r\n", "a  \r\n", 0 },
		{ "=41 \r\n", "A\r\n", 0 },
		{ "a b  c\r\n", "a b  c\r\n", 0 },
		/* (3) and (5): also after the '=' of a soft line break */
		{ "a= \t\r\nb", "ab", 0 },
		{ "a=\nb", "ab", 0 },
		{ "a =\r\nb", "a b", 0 },
		/* (4) CR and LF that are no line end */
		{ "a \rb\r\r\n", "a \rb\r\r\n", 0 },
		{ "a \r\r\n", "a \r\r\n", 0 },
		/* What does not follow the RFC stays. */
		{ "=XY", "=XY", RS_QP_BAD_ESCAPE },
		{ "=4", "=4", RS_QP_CUT },
		{ "=", "=", RS_QP_CUT },
		{ "= ", "= ", RS_QP_CUT },
		{ "=\r", "=\r", RS_QP_CUT },
		{ "= \r", "= \r", RS_QP_CUT },
		{ "=4\r\n", "=4\r\n", RS_QP_BAD_ESCAPE },
		{ "=4 \r\n", "=4\r\n", RS_QP_BAD_ESCAPE },
		/* A soft line break to some. */
		{ "a=\rx", "ax", RS_QP_BARE_CR },
		{ "a= \t\rx", "ax", RS_QP_BARE_CR },
		{ "a=\r\r\nx\r\r\n", "ax\r\r\n", RS_QP_TWO_CR },
		{ "a= \r\r\nx", "ax", RS_QP_TWO_CR },
		{ "a=\r\rx", "a\rx", RS_QP_BARE_CR },
		{ "a=\r\r\r\nx", "a\r\r\nx", RS_QP_BARE_CR },
		{ "a=\r\r=41", "a\rA", RS_QP_BARE_CR },
		{ "a=\r\r", "a=\r\r", RS_QP_CUT },
		{ "=\r=\r=41", "A", RS_QP_BARE_CR },
		{ "=\r \r\nx", "\r\nx", RS_QP_BARE_CR },
		{ "= x", "= x", RS_QP_BAD_ESCAPE },
		{ "= 41", "= 41", RS_QP_BAD_ESCAPE },
		{ "==41", "=A", RS_QP_BAD_ESCAPE },
		{ "=4=41", "=4A", RS_QP_BAD_ESCAPE },
		{ "==\r\nx", "=x", RS_QP_BAD_ESCAPE },
		{ "a \r", "a \r", 0 },
		{ "a \t", "a \t", 0 },
		/* The longest run that is held, and one more. */
		{ "a" BLANKS_64 "\r\n", "a\r\n", 0 },
		{ "a" BLANKS_64 " \r\n", "a" BLANKS_64 " \r\n", 0 },
		{ "a" BLANKS_64 BLANKS_64 "b", "a" BLANKS_64 BLANKS_64 "b", 0 },
		{ "a=" BLANKS_64 "\r\nb", "ab", 0 },
		{ "a=" BLANKS_64 "\t\r\nb", "a=" BLANKS_64 "\t\r\nb", RS_QP_BAD_ESCAPE },
		{ "a" BLANKS_64 "\t\t=\r\nb", "a" BLANKS_64 "\t\tb", 0 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const uint8_t *in = (const uint8_t *)cases[i].in;
		uint8_t out[256];
		unsigned int flags;
		size_t n = strlen(cases[i].in), want = strlen(cases[i].out);
		check(in, n, (const uint8_t *)cases[i].out, want, cases[i].flags);
		assert_int_equal(oracle(in, n, out, &flags), want);
		assert_memory_equal(out, cases[i].out, want);
		assert_int_equal(flags, cases[i].flags);
	}
}

static void equals_the_oracle(void **state)
{
	(void)state;
	static const char *const bytes[] = { "= \t\r\n4aFx", "=\r\n ", " \n=", "=0123456789ABCDEFabcdefgxyz \r\n" };
	uint8_t in[400], want[400];
	for (int round = 0; round < 4000; round++) {
		const char *from = bytes[any(4)];
		uint32_t kinds = (uint32_t)strlen(from), text = any(3) ? any(8) : 40;
		size_t n = any(any(10) ? 60 : sizeof in);
		for (size_t i = 0; i < n; i++)
			in[i] = any(1 + text) ? (uint8_t)('a' + any(26)) : (uint8_t)from[any(kinds)];
		if (n > 140 && any(2))
			memset(in + any(40), any(2) ? ' ' : '\t', 60 + any(40));
		unsigned int flags;
		size_t want_n = oracle(in, n, want, &flags);
		check(in, n, want, want_n, flags);
	}
}

static void lets_every_byte_through(void **state)
{
	(void)state;
	for (unsigned int c = 0; c < 256; c++) {
		uint8_t in[] = { 'a', (uint8_t)c, 'z' };
		check(in, sizeof in, in, sizeof in, c == '=' ? RS_QP_BAD_ESCAPE : 0);
	}
}

static void nothing_is_nothing(void **state)
{
	(void)state;
	struct rs_qp s;
	rs_qp_init(&s);
	uint8_t out[RS_QP_OUT_MAX(0)];
	assert_int_equal(rs_qp_feed(&s, NULL, 0, out), 0);
	assert_int_equal(rs_qp_end(&s, out), 0);
	assert_int_equal(s.flags, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(follows_rfc_2045_6_7),
		cmocka_unit_test(equals_the_oracle),
		cmocka_unit_test(lets_every_byte_through),
		cmocka_unit_test(nothing_is_nothing),
	};
	return cmocka_run_group_tests_name("rs_qp", tests, NULL, NULL);
}
