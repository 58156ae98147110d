/* SPDX-License-Identifier: Apache-2.0 */
/* rs_exe_log: facts of one file read in any split, for its tests and fuzz target: each piece is fed from a block of exactly its size. */
#ifndef RS_EXE_LOG_H
#define RS_EXE_LOG_H

#include "reassembly/archive/rs_split.h"
#include "reassembly/facts/rs_exe.h"

#include <stdlib.h>
#include <string.h>

static inline bool exe_run(struct rs_exe *e, const uint8_t *p, size_t n, size_t (*piece)(void *, size_t), void *arg)
{
	rs_exe_init(e);
	for (size_t at = 0; at < n;) {
		size_t k = piece ? piece(arg, n - at) : n;
		k = k < n - at ? k : n - at;
		uint8_t *exact = malloc(k);
		if (!exact)
			abort();
		memcpy(exact, p + at, k);
		rs_exe_feed(e, exact, k);
		free(exact);
		at += k;
	}
	return rs_exe_end(e);
}

static inline bool exe_same(const struct rs_exe *a, const struct rs_exe *b)
{
	return memcmp(&a->facts, &b->facts, sizeof a->facts) == 0 && a->text_len == b->text_len && memcmp(a->text, b->text, a->text_len) == 0;
}

/* arg: a size_t, the first piece's length; all else follows in one. */
static inline size_t exe_cut(void *arg, size_t left)
{
	size_t *cut = arg, n = *cut;
	*cut = left;
	return n;
}

#endif
