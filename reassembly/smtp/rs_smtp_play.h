/* SPDX-License-Identifier: Apache-2.0 */
/* For tests and fuzzing: a dialogue as a list of pieces, played with its pieces cut in several ways. Which direction speaks
 * when stays as it is; every cut piece lies in a heap buffer of its exact size, so that AddressSanitizer sees
 * over-reads. */
#ifndef RS_SMTP_PLAY_H
#define RS_SMTP_PLAY_H

#include "reassembly/smtp/rs_smtp_log.h"

struct piece {
	enum rs_smtp_dir dir;
	uint64_t gap; /* this many bytes are missing; else: */
	const uint8_t *p;
	size_t n;
};

struct play {
	const struct piece *pieces;
	size_t n;
	bool midstream;
	uint32_t blocks; /* in the pool */
	enum log_bulk bulk;
	bool refuse_handles;
};

static inline void play_feed(struct rs_smtp *s, enum rs_smtp_dir dir, const uint8_t *p, size_t n)
{
	uint8_t *exact = malloc(n ? n : 1);
	LOG_CHECK(exact);
	memcpy(exact, p, n);
	rs_smtp_feed(s, dir, exact, n);
	free(exact);
}

/* Each piece in parts of at most `part` bytes; the piece numbered `cut`, if there is one, in two parts instead, the first of
 * `at` bytes. Returns the log, for free(). */
static inline char *play(const struct play *y, size_t part, size_t cut, size_t at)
{
	size_t size = RS_POOL_BYTES(RS_SMTP_BLOCK, y->blocks ? y->blocks : 1);
	void *mem = aligned_alloc(64, size);
	LOG_CHECK(mem);
	struct rs_pool pool;
	rs_pool_init(&pool, mem, RS_SMTP_BLOCK, y->blocks);
	struct log l;
	log_init(&l, y->bulk);
	l.refuse_handles = y->refuse_handles;
	struct rs_smtp s;
	rs_smtp_init(&s, &log_ops, &l, &pool, y->midstream);
	for (size_t i = 0; i < y->n; i++) {
		const struct piece *c = &y->pieces[i];
		if (c->gap) {
			rs_smtp_gap(&s, c->dir, c->gap);
			continue;
		}
		for (size_t from = 0, n; from < c->n; from += n) {
			n = c->n - from < part ? c->n - from : part;
			if (i == cut && from < at && at < c->n)
				n = at - from < n ? at - from : n;
			play_feed(&s, c->dir, c->p + from, n);
		}
	}
	rs_smtp_close(&s);
	rs_smtp_close(&s);
	log_finish(&l);
	LOG_CHECK(!pool.used);
	free(mem);
	return l.text;
}

#endif
