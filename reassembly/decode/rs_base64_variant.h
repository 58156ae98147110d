/* SPDX-License-Identifier: Apache-2.0 */
/* rs_base64_variant: what the variants of rs_base64_bulk share. For rs_base64*.c and their tests only.
 *
 * The vector variants work in two passes over chunks that stay in the first cache: gather turns the
 * characters of any lines into values of 6 bits, one a byte and side by side; pack makes four of
 * those into three bytes. So neither pass waits for where a line ends: the first knows nothing of
 * quanta, the second nothing of lines. */
#ifndef RS_BASE64_VARIANT_H
#define RS_BASE64_VARIANT_H

#include "reassembly/decode/rs_base64.h"

enum rs_base64_class {
	RS_BASE64_SPACE = 0x40, /* CR LF SP TAB */
	RS_BASE64_OTHER = 0x80, /* also '=' */
};

/* A character's value, or its class when it is outside the alphabet. */
extern const uint8_t rs_base64_value[256];

typedef size_t rs_base64_bulk_fn(struct rs_base64 *s, const uint8_t *in, size_t n, uint8_t *out, size_t *out_len);

/* For bytes below 128: the upper and the lower half of a byte look up a set of classes each, one bit a class; what
 * both have is its class, and 0 is foreign. */
extern const uint8_t rs_base64_class_lower[16], rs_base64_class_upper[16];
#define RS_BASE64_CLASS_ALPHABET 0x0f /* the bits of its classes; the others are white space */

/* What to add to a character to have its value, by its upper half; '/' takes place 1, which has no other use. */
extern const int8_t rs_base64_shift[16];

/* For each choice of eight bytes, where the chosen ones stand, in their order and side by side: what a byte shuffle
 * needs to squeeze the others out. Made by rs_base64_squeeze_init before main. */
extern uint64_t rs_base64_squeeze[256];
void rs_base64_squeeze_init(void);

rs_base64_bulk_fn rs_base64_bulk_c;
#ifdef __x86_64__
rs_base64_bulk_fn rs_base64_bulk_ssse3, rs_base64_bulk_avx2, rs_base64_bulk_avx512;
#endif

enum {
	RS_BASE64_CHUNK = 2048, /* bytes of input at a time */
	RS_BASE64_STAGE = RS_BASE64_CHUNK + 128, /* + what was held, + a whole register stored or loaded at the end */
};

/* Appends the values of at most n (RS_BASE64_CHUNK) bytes of `in` to stage[*staged...]; returns the bytes eaten:
 * n, or the index of the first one that is neither alphabet nor white space. */
typedef size_t rs_base64_gather_fn(const uint8_t *in, size_t n, uint8_t *stage, size_t *staged);

/* Makes whole quanta of the first `staged` values into bytes. Loads and stores whole registers. */
typedef void rs_base64_pack_fn(const uint8_t *stage, size_t staged, uint8_t *out);

/* gather a byte at a time: for what is shorter than a register, or ends at a foreign byte. */
static inline size_t rs_base64_gather_bytes(const uint8_t *in, size_t n, uint8_t *stage, size_t *staged)
{
	size_t m = *staged, i = 0;
	for (; i < n; i++) {
		uint8_t v = rs_base64_value[in[i]];
		if (v & RS_BASE64_OTHER)
			break;
		stage[m] = v;
		m += v < RS_BASE64_SPACE;
	}
	*staged = m;
	return i;
}

/* What is held goes before what comes. */
static inline size_t rs_base64_unhold(const struct rs_base64 *s, uint8_t *stage)
{
	for (unsigned int i = 0; i < s->nacc; i++)
		stage[i] = s->acc >> 6 * (s->nacc - 1 - i) & 0x3f;
	return s->nacc;
}

static inline void rs_base64_hold(struct rs_base64 *s, const uint8_t *stage, size_t staged)
{
	s->nacc = staged % 4;
	s->acc = 0;
	for (size_t i = staged - s->nacc; i < staged; i++)
		s->acc = s->acc << 6 | stage[i];
}

static inline size_t rs_base64_bulk_staged(struct rs_base64 *s, const uint8_t *in, size_t n, uint8_t *out,
					   size_t *out_len, rs_base64_gather_fn *gather, rs_base64_pack_fn *pack)
{
	_Alignas(64) uint8_t stage[RS_BASE64_STAGE];
	size_t eaten = 0, made = 0;
	while (eaten < n) {
		size_t chunk = n - eaten < RS_BASE64_CHUNK ? n - eaten : RS_BASE64_CHUNK;
		size_t staged = rs_base64_unhold(s, stage);
		size_t got = gather(in + eaten, chunk, stage, &staged);
		eaten += got;
		pack(stage, staged, out + made);
		made += staged / 4 * 3;
		rs_base64_hold(s, stage, staged);
		if (got < chunk)
			break;
	}
	*out_len = made;
	return eaten;
}

#endif
