/* SPDX-License-Identifier: Apache-2.0 */
/* rs_uu: tells that uuencoded data (POSIX uuencode) begins in a text: a line "begin MODE NAME".
 *
 * Owner:  whoever holds the state; copied by assignment. Memory: none. Units: bytes. */
#ifndef RS_UU_H
#define RS_UU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rs_uu {
	uint8_t at; /* how much of the line matches so far */
	bool elsewhere; /* the line under way is another */
	bool found;
};

static inline void rs_uu_init(struct rs_uu *u) { *u = (struct rs_uu){ 0 }; }

/* Feeds the text's next bytes, in any split. True once such a line was seen, and from then on. */
bool rs_uu_feed(struct rs_uu *u, const uint8_t *p, size_t n);

#endif
