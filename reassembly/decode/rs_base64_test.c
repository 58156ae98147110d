/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "reassembly/decode/rs_base64.h"
#include "reassembly/decode/rs_base64_variant.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char *const isas[] = { "c", "ssse3", "avx2", "avx512vbmi" };
#define ISAS (sizeof isas / sizeof *isas)

/* Runs the body once for each variant that this processor has. */
#define FOR_EACH_ISA(i)                                                                                                \
	for (size_t i = 0; i < ISAS; i++)                                                                              \
		if (rs_base64_use(isas[i]) == 0)

static uint64_t seed = 0x9e3779b97f4a7c15u;

static uint32_t any(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)((seed >> 32) * below >> 32);
}

/* The oracle: a byte at a time, bit by bit, from the words of the RFC. */
struct oracle {
	uint32_t bits, nbits, chars, pads_due;
	unsigned int flags;
};

static int value_of(uint8_t c)
{
	const char *at = c ? strchr(alphabet, c) : NULL;
	return at ? (int)(at - alphabet) : -1;
}

static bool white(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static size_t oracle_quantum(struct oracle *o, uint8_t *out)
{
	size_t made = 0;
	for (; o->nbits >= 8; o->nbits -= 8)
		out[made++] = (uint8_t)(o->bits >> (o->nbits - 8));
	o->nbits = o->bits = o->chars = 0;
	return made;
}

static size_t oracle_feed(struct oracle *o, const uint8_t *in, size_t n, uint8_t *out)
{
	size_t made = 0;
	for (size_t i = 0; i < n; i++) {
		int v = value_of(in[i]);
		if (v >= 0) {
			if (o->flags & RS_BASE64_PADDED)
				o->flags |= RS_BASE64_AFTER_PAD;
			if (o->pads_due)
				o->flags |= RS_BASE64_BAD_PAD;
			o->pads_due = 0;
			o->bits = o->bits << 6 | (uint32_t)v;
			o->nbits += 6;
			if (++o->chars == 4)
				made += oracle_quantum(o, out + made);
		} else if (in[i] == '=') {
			o->flags |= RS_BASE64_PADDED;
			if (o->chars < 2) {
				o->flags |= RS_BASE64_BAD_PAD;
			} else if (o->chars + ++o->pads_due == 4) {
				o->pads_due = 0;
				made += oracle_quantum(o, out + made);
			}
		} else if (!white(in[i])) {
			o->flags |= RS_BASE64_FOREIGN;
		}
	}
	return made;
}

static size_t oracle_end(struct oracle *o, uint8_t *out)
{
	if (o->chars && !o->pads_due)
		o->flags |= RS_BASE64_CUT;
	if (o->pads_due)
		o->flags |= RS_BASE64_BAD_PAD;
	o->pads_due = 0;
	return oracle_quantum(o, out);
}

/* Feeds exact-size copies of in[0..cut) and in[cut..n), each into an exact-size output, and ends. */
static size_t feed_cut(const uint8_t *in, size_t n, size_t cut, uint8_t *out, uint8_t *flags)
{
	struct rs_base64 s;
	size_t made = 0, at[3] = { 0, cut, n };
	rs_base64_init(&s);
	for (int i = 0; i < 2; i++) {
		size_t len = at[i + 1] - at[i];
		uint8_t *piece = malloc(len ? len : 1), *to = malloc(RS_BASE64_OUT_MAX(len));
		memcpy(piece, in + at[i], len);
		size_t got = rs_base64_feed(&s, piece, len, to);
		memcpy(out + made, to, got);
		made += got;
		free(piece);
		free(to);
	}
	made += rs_base64_end(&s, out + made);
	*flags = s.flags;
	return made;
}

/* Lines of random lengths, or no lines at all; some with other white space, some with foreign bytes. */
static void random_text(uint8_t *p, size_t n)
{
	uint32_t kind = any(7), line = 1 + any(kind == 1 ? 8 : 100), column = 0;
	uint32_t noise = kind == 5 ? 1 + any(40) : 0;
	if (kind == 0)
		line = 76;
	if (kind == 6)
		line = UINT32_MAX;
	for (size_t i = 0; i < n; i++) {
		if (noise && any(noise) == 0) {
			p[i] = any(3) ? (uint8_t)any(256) : '=';
		} else if (column == line) {
			p[i] = kind == 2 ? '\n' : '\r';
			if (p[i] == '\r' && i + 1 < n)
				p[++i] = '\n';
			column = 0;
			if (kind == 3)
				line = any(100);
		} else if (kind == 4 && any(9) == 0) {
			p[i] = " \t\r\n"[any(4)];
		} else {
			p[i] = (uint8_t)alphabet[any(64)];
			column++;
		}
	}
}

static void rfc_4648_vectors(void **state)
{
	(void)state;
	static const char *const vectors[][2] = {
		{ "", "" },
		{ "f", "Zg==" },
		{ "fo", "Zm8=" },
		{ "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" },
	};
	FOR_EACH_ISA(isa)
	{
		for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
			const char *clear = vectors[i][0], *text = vectors[i][1];
			for (size_t cut = 0; cut <= strlen(text); cut++) {
				uint8_t out[64], flags;
				size_t n = feed_cut((const uint8_t *)text, strlen(text), cut, out, &flags);
				assert_int_equal(n, strlen(clear));
				assert_memory_equal(out, clear, n);
				assert_int_equal(flags, strchr(text, '=') ? RS_BASE64_PADDED : 0);
			}
		}
	}
}

static void says_what_was_wrong(void **state)
{
	(void)state;
	static const struct {
		const char *text, *clear;
		unsigned int flags;
	} cases[] = {
		{ "Zg", "f", RS_BASE64_CUT },
		{ "Zm8", "fo", RS_BASE64_CUT },
		{ "Zm9vZ", "foo", RS_BASE64_CUT },
		{ "Zg=", "f", RS_BASE64_PADDED | RS_BASE64_BAD_PAD },
		{ "Zg=\r\n=", "f", RS_BASE64_PADDED },
		{ "Zg===", "f", RS_BASE64_PADDED | RS_BASE64_BAD_PAD },
		{ "Zm9v=", "foo", RS_BASE64_PADDED | RS_BASE64_BAD_PAD },
		{ "Z=", "", RS_BASE64_PADDED | RS_BASE64_BAD_PAD | RS_BASE64_CUT },
		{ "Z=m9v", "foo", RS_BASE64_PADDED | RS_BASE64_AFTER_PAD | RS_BASE64_BAD_PAD },
		{ "Z====m9v", "foo", RS_BASE64_PADDED | RS_BASE64_AFTER_PAD | RS_BASE64_BAD_PAD },
		{ "Zm=9v", "foo", RS_BASE64_PADDED | RS_BASE64_AFTER_PAD | RS_BASE64_BAD_PAD },
		{ "Zg==Zm8=", "ffo", RS_BASE64_PADDED | RS_BASE64_AFTER_PAD },
		{ "Zm=9vZg==", "foof", RS_BASE64_PADDED | RS_BASE64_AFTER_PAD | RS_BASE64_BAD_PAD },
		{ "Zg==\r\n \t", "f", RS_BASE64_PADDED },
		{ "Zm.9\x80v", "foo", RS_BASE64_FOREIGN },
		{ "-Z-m-9-v-", "foo", RS_BASE64_FOREIGN },
	};
	FOR_EACH_ISA(isa)
	{
		for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
			for (size_t cut = 0; cut <= strlen(cases[i].text); cut++) {
				uint8_t out[64], flags;
				size_t n = feed_cut((const uint8_t *)cases[i].text, strlen(cases[i].text), cut, out,
						    &flags);
				assert_int_equal(n, strlen(cases[i].clear));
				assert_memory_equal(out, cases[i].clear, n);
				assert_int_equal(flags, cases[i].flags);
			}
		}
	}
}

/* Also what the vector variants look up: a wrong entry there would only make them slow. */
static void tables_agree_with_the_alphabet(void **state)
{
	(void)state;
	for (unsigned int c = 0; c < 256; c++) {
		int v = value_of((uint8_t)c);
		assert_int_equal(rs_base64_value[c], v >= 0              ? v
						     : white((uint8_t)c) ? RS_BASE64_SPACE
									 : RS_BASE64_OTHER);
		if (c >= 128)
			continue;
		unsigned int class = rs_base64_class_lower[c & 15] & rs_base64_class_upper[c >> 4];
		assert_int_equal(class != 0, v >= 0 || white((uint8_t)c));
		assert_int_equal((class & RS_BASE64_CLASS_ALPHABET) != 0, v >= 0);
		if (v >= 0)
			assert_int_equal((uint8_t)(c + (unsigned int)rs_base64_shift[c == '/' ? 1 : c >> 4]), v);
	}
}

/* Random texts, cut at random, at every alignment: bulk of each variant and of plain C leave the same behind. */
static void variants_equal_plain_c(void **state)
{
	(void)state;
	enum { MAX = 9000 };
	static uint8_t text[MAX + 64], want[RS_BASE64_OUT_MAX(MAX)], got[RS_BASE64_OUT_MAX(MAX) + 64];
	for (int round = 0; round < 20000; round++) {
		size_t n = any(round % 20 ? 400 : MAX), align = any(64);
		uint8_t *in = text + align;
		random_text(in, n);
		struct rs_base64 begin = { .nacc = (uint8_t)any(4), .flags = any(2) ? RS_BASE64_PADDED : 0 };
		begin.acc = any(1u << 6 * begin.nacc);
		FOR_EACH_ISA(isa)
		{
			struct rs_base64 a = begin, b = begin;
			size_t eaten = 0, made_a = 0, made_b = 0, len;
			/* On over foreign bytes, so that what is behind them is reached too. */
			while (eaten < n) {
				rs_base64_use("c");
				size_t eaten_a = rs_base64_bulk(&a, in + eaten, n - eaten, want + made_a, &len);
				made_a += len;
				rs_base64_use(isas[isa]);
				size_t eaten_b = rs_base64_bulk(&b, in + eaten, n - eaten, got + align + made_b, &len);
				made_b += len;
				assert_int_equal(eaten_a, eaten_b);
				assert_int_equal(made_a, made_b);
				assert_memory_equal(&a, &b, sizeof a);
				eaten += eaten_a;
				if (eaten < n)
					assert_true(value_of(in[eaten]) < 0 && !white(in[eaten]));
				eaten++;
			}
			assert_memory_equal(want, got + align, made_a);
		}
	}
}

static void equals_the_oracle_at_every_cut(void **state)
{
	(void)state;
	enum { MAX = 5000 };
	static uint8_t in[MAX], want[MAX + 8], got[RS_BASE64_OUT_MAX(MAX)];
	for (int round = 0; round < 400; round++) {
		size_t n = round % 20 ? any(300) : 4096 + any(900);
		random_text(in, n);
		struct oracle o = { 0 };
		size_t expected = oracle_feed(&o, in, n, want);
		expected += oracle_end(&o, want + expected);
		FOR_EACH_ISA(isa)
		{
			for (size_t cut = 0; cut <= n; cut += n > 1000 ? 1 + any(200) : 1) {
				uint8_t flags;
				assert_int_equal(feed_cut(in, n, cut, got, &flags), expected);
				assert_memory_equal(got, want, expected);
				assert_int_equal(flags, o.flags);
			}
		}
	}
}

static void byte_by_byte(void **state)
{
	(void)state;
	uint8_t in[1460], want[1500], got[1500], out[RS_BASE64_OUT_MAX(1)];
	FOR_EACH_ISA(isa)
	{
		for (int round = 0; round < 100; round++) {
			random_text(in, sizeof in);
			struct oracle o = { 0 };
			size_t expected = oracle_feed(&o, in, sizeof in, want), made = 0;
			struct rs_base64 s;
			rs_base64_init(&s);
			for (size_t i = 0; i < sizeof in; i++) {
				size_t n = rs_base64_feed(&s, in + i, 1, out);
				memcpy(got + made, out, n);
				made += n;
			}
			assert_int_equal(made, expected);
			assert_memory_equal(got, want, made);
			assert_int_equal(s.flags, o.flags);
		}
	}
}

/* Every byte value at every place of two registers, and line ends across their edges. */
static void stops_before_the_first_other_byte(void **state)
{
	(void)state;
	uint8_t in[150], out[RS_BASE64_OUT_MAX(150)];
	FOR_EACH_ISA(isa)
	{
		for (unsigned int c = 0; c < 256; c++) {
			for (size_t at = 0; at < sizeof in - 1; at++) {
				memset(in, 'Q', sizeof in);
				in[sizeof in - 1] = '.';
				in[at] = (uint8_t)c;
				struct rs_base64 s = { 0 };
				size_t len, eaten = rs_base64_bulk(&s, in, sizeof in, out, &len);
				bool space = white((uint8_t)c), foreign = !space && value_of((uint8_t)c) < 0;
				size_t stop = foreign ? at : sizeof in - 1, chars = stop - space;
				assert_int_equal(eaten, stop);
				assert_int_equal(len, chars / 4 * 3);
				assert_int_equal(s.nacc, chars % 4);
			}
		}
	}
}

static uint8_t *guarded(size_t pages)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *p = mmap(NULL, (pages + 1) * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(p, MAP_FAILED);
	assert_int_equal(mprotect(p + pages * page, page, PROT_NONE), 0);
	return p + pages * page;
}

/* Input and output end where the next byte may be neither read nor written. */
static void keeps_to_its_buffers(void **state)
{
	(void)state;
	uint8_t *in_end = guarded(2), *out_end = guarded(2);
	for (size_t n = 0; n < 400; n++) {
		for (int kind = 0; kind < 4; kind++) {
			uint8_t *in = in_end - n;
			random_text(in, n);
			FOR_EACH_ISA(isa)
			{
				struct rs_base64 s = { .nacc = 3 };
				size_t made = rs_base64_feed(&s, in, n, out_end - RS_BASE64_OUT_MAX(n));
				assert_true(made + 64 <= RS_BASE64_OUT_MAX(n));
			}
		}
	}
}

static void nothing_is_nothing(void **state)
{
	(void)state;
	FOR_EACH_ISA(isa)
	{
		struct rs_base64 s;
		uint8_t out[RS_BASE64_OUT_MAX(0)];
		size_t len = 1;
		rs_base64_init(&s);
		assert_int_equal(rs_base64_bulk(&s, NULL, 0, out, &len), 0);
		assert_int_equal(len, 0);
		assert_int_equal(rs_base64_feed(&s, NULL, 0, out), 0);
		assert_int_equal(rs_base64_end(&s, out), 0);
		assert_int_equal(s.flags, 0);
	}
}

static void after_pad_is_told_by_bulk(void **state)
{
	(void)state;
	FOR_EACH_ISA(isa)
	{
		struct rs_base64 s;
		uint8_t out[RS_BASE64_OUT_MAX(16)];
		size_t len;
		rs_base64_init(&s);
		assert_int_equal(rs_base64_feed(&s, (const uint8_t *)"Zg==", 4, out), 1);
		assert_int_equal(rs_base64_bulk(&s, (const uint8_t *)"\r\n", 2, out, &len), 2);
		assert_int_equal(s.flags, RS_BASE64_PADDED);
		assert_int_equal(rs_base64_bulk(&s, (const uint8_t *)"Z", 1, out, &len), 1);
		assert_int_equal(s.flags, RS_BASE64_PADDED | RS_BASE64_AFTER_PAD);
	}
}

static void chooses_by_name(void **state)
{
	const char *best = *state;
	assert_int_equal(rs_base64_use("c"), 0);
	assert_string_equal(rs_base64_isa(), "c");
	assert_int_equal(rs_base64_use("pdp11"), -ENOTSUP);
	assert_string_equal(rs_base64_isa(), "c");
	assert_int_equal(rs_base64_use(best), 0);
	assert_string_equal(rs_base64_isa(), best);
	/* The best was chosen at start: no better one may be had. */
	bool beyond = false;
	for (size_t i = 0; i < ISAS; i++) {
		if (beyond)
			assert_int_equal(rs_base64_use(isas[i]), -ENOTSUP);
		beyond |= strcmp(isas[i], best) == 0;
	}
	assert_true(beyond);
}

int main(void)
{
	char best[32];
	snprintf(best, sizeof best, "%s", rs_base64_isa());
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(chooses_by_name, best),
		cmocka_unit_test(tables_agree_with_the_alphabet),
		cmocka_unit_test(rfc_4648_vectors),
		cmocka_unit_test(says_what_was_wrong),
		cmocka_unit_test(variants_equal_plain_c),
		cmocka_unit_test(equals_the_oracle_at_every_cut),
		cmocka_unit_test(byte_by_byte),
		cmocka_unit_test(stops_before_the_first_other_byte),
		cmocka_unit_test(keeps_to_its_buffers),
		cmocka_unit_test(nothing_is_nothing),
		cmocka_unit_test(after_pad_is_told_by_bulk),
	};
	return cmocka_run_group_tests_name("rs_base64", tests, NULL, NULL);
}
