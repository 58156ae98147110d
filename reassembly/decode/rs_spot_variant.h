/* SPDX-License-Identifier: Apache-2.0 */
/* rs_spot_variant: what the variants of rs_spot share. For rs_spot*.c only. */
#ifndef RS_SPOT_VARIANT_H
#define RS_SPOT_VARIANT_H

#include "reassembly/archive/rs_marks.h"
#include "reassembly/decode/rs_spot.h"

/* What a byte is. WORD: a word at the beginning of a line may begin with it. The bits of CHAR are classes of the vector variants, by the
 * upper half of the byte. */
enum { RS_SPOT_CHAR = 0x1f, RS_SPOT_WORD = 0x20, RS_SPOT_END = 0x40 };
extern const uint8_t rs_spot_kind[256];

/* The same for a table by each half of a byte below 128: what both have is its class. */
extern const uint8_t rs_spot_lower[16], rs_spot_upper[16];

/* By the lower half of a byte, the line end that it may be. */
extern const uint8_t rs_spot_ends[16];

/* Of two bytes in a row: bits for the first and for the second. Those of which both have one may begin something: a mark of an archive, a
 * line with a WORD, "a:" of "data:". By a byte, and by each half of one, lower halves first. */
struct rs_spot_pairs {
	uint8_t first[256], second[256];
	uint8_t first_half[2][16], second_half[2][16];
};
extern struct rs_spot_pairs rs_spot_pairs;

/* rs_spot.word: no word; a line begins; others: how much of which word stands there. */
enum { RS_SPOT_ELSEWHERE, RS_SPOT_LINE };

static inline bool rs_spot_of_run(uint8_t b)
{
	return rs_spot_kind[b] & (RS_SPOT_CHAR | RS_SPOT_END);
}

/* Of 64 bytes, some of a run: whether these fill an aligned quarter. */
static inline bool rs_spot_has_full(uint64_t run)
{
	return (~run - 0x0001000100010001) & run & 0x8000800080008000;
}

/* One byte more of a line; returns what rs_spot.word is behind it. */
uint8_t rs_spot_word_step(uint8_t word, uint8_t b, enum rs_spotted *what);

/* Whether "data" stands before the colon p[at]. */
bool rs_spot_is_data(const uint8_t *back, size_t nback, const uint8_t *p, size_t at);

/* Whether a run of escaped characters stands before p[at] and the byte before it, the beginning of another one. */
bool rs_spot_is_escaped(const uint8_t *back, size_t nback, const uint8_t *p, size_t at);

/* p[from..n), a byte at a time; quiet: no further than to where the state is that of nothing. Returns where it stopped. */
size_t rs_spot_bytes(struct rs_spot *s, const uint8_t *back, size_t nback, const uint8_t *p, size_t from, size_t n, bool quiet,
		     enum rs_spotted *what);

struct rs_spot_variant {
	const char *isa;
	size_t (*look)(struct rs_spot *s, const uint8_t *back, size_t nback, const uint8_t *p, size_t n, size_t quiet,
		       enum rs_spotted *what);
	size_t (*run)(const uint8_t *p, size_t n);
	void (*glance)(struct rs_glance *g, const uint8_t *p, size_t from, size_t n, unsigned what);
};

#ifdef __x86_64__
extern const struct rs_spot_variant rs_spot_ssse3, rs_spot_avx2, rs_spot_avx512;
#endif

#endif
