/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/decode/rs_base64_variant.h"

#define S RS_BASE64_SPACE
#define F RS_BASE64_OTHER
/* clang-format off */
const uint8_t rs_base64_value[256] = {
	 F,  F,  F,  F,  F,  F,  F,  F,  F,  S,  S,  F,  F,  S,  F,  F,
	 F,  F,  F,  F,  F,  F,  F,  F,  F,  F,  F,  F,  F,  F,  F,  F,
	 S,  F,  F,  F,  F,  F,  F,  F,  F,  F,  F, 62,  F,  F,  F, 63,
	52, 53, 54, 55, 56, 57, 58, 59, 60, 61,  F,  F,  F,  F,  F,  F,
	 F,  0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14,
	15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25,  F,  F,  F,  F,  F,
	 F, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
	41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51,  F,  F,  F,  F,  F,
	 F,  F,  F,  F,  F,  F,  F,  F,  F,  F,  F,  F,  F,  F,  F,  F,
	 F,  F,  F,  F,  F,  F,  F,  F,  F,  F,  F,  F,  F,  F,  F,  F,
	 F,  F,  F,  F,  F,  F,  F,  F,  F,  F,  F,  F,  F,  F,  F,  F,
	 F,  F,  F,  F,  F,  F,  F,  F,  F,  F,  F,  F,  F,  F,  F,  F,
	 F,  F,  F,  F,  F,  F,  F,  F,  F,  F,  F,  F,  F,  F,  F,  F,
	 F,  F,  F,  F,  F,  F,  F,  F,  F,  F,  F,  F,  F,  F,  F,  F,
	 F,  F,  F,  F,  F,  F,  F,  F,  F,  F,  F,  F,  F,  F,  F,  F,
	 F,  F,  F,  F,  F,  F,  F,  F,  F,  F,  F,  F,  F,  F,  F,  F,
};
/* clang-format on */
#undef S
#undef F

enum {
	CONTROL = 16, /* TAB LF CR */
	BLANK = 32, /* SP */
	SIGNS = 1, /* + / */
	DIGITS = 2,
	FIRST = 4, /* A to O, a to o */
	LAST = 8, /* P to Z, p to z */
	LETTERS = FIRST | LAST,
	ALL = DIGITS | LETTERS,
};
_Static_assert((DIGITS | LETTERS | SIGNS) == RS_BASE64_CLASS_ALPHABET, "what the variants test");

/* clang-format off */
const uint8_t rs_base64_class_lower[16] = {
	BLANK | DIGITS | LAST,
	ALL, ALL, ALL, ALL, ALL, ALL, ALL, ALL,
	CONTROL | ALL,
	CONTROL | LETTERS,
	SIGNS | FIRST,
	FIRST,
	CONTROL | FIRST,
	FIRST,
	SIGNS | FIRST,
};
const uint8_t rs_base64_class_upper[16] = {
	CONTROL, 0, BLANK | SIGNS, DIGITS, FIRST, LAST, FIRST, LAST, 0, 0, 0, 0, 0, 0, 0, 0,
};
const int8_t rs_base64_shift[16] = {
	0, 63 - '/', 62 - '+', 52 - '0', -'A', -'A', 26 - 'a', 26 - 'a', 0, 0, 0, 0, 0, 0, 0, 0,
};
/* clang-format on */

uint64_t rs_base64_squeeze[256];

void rs_base64_squeeze_init(void)
{
	for (unsigned int keep = 0; keep < 256; keep++) {
		uint64_t order = 0;
		unsigned int to = 0;
		for (uint64_t from = 0; from < 8; from++) {
			if (keep >> from & 1)
				order |= from << 8 * to++;
		}
		rs_base64_squeeze[keep] = order;
	}
}
