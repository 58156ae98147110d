/* SPDX-License-Identifier: Apache-2.0 */
/* rs_gzip_log: what rs_gzip hands out, kept so that two runs can be compared however their input was split. For test and fuzz
 * target. */
#ifndef RS_GZIP_LOG_H
#define RS_GZIP_LOG_H

#include "reassembly/archive/rs_gzip.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GZIP_LOG_MAX (1 << 20)

struct gzip_log {
	uint8_t out[GZIP_LOG_MAX];
	size_t n, most; /* most: no more is wanted when there are so many bytes; 0: all */
	uint8_t name[RS_GZIP_NAME_MAX];
	size_t name_len;
	uint64_t begun_at; /* offset in the file of the first byte behind the header */
	unsigned begun, faults;
	struct rs_gzip g;
	struct rs_inflate inflate;
};

static inline void gzip_log_begin(void *arg, const uint8_t *name, size_t n)
{
	struct gzip_log *l = arg;
	l->begun++;
	l->begun_at = l->g.inflate->in;
	memcpy(l->name, name, n);
	l->name_len = n;
	l->g.inflate->pause_at = 100;
}

static inline void gzip_log_data(void *arg, const uint8_t *p, size_t n)
{
	struct gzip_log *l = arg;
	if (!l->begun || !n || l->n + n > GZIP_LOG_MAX)
		abort();
	memcpy(l->out + l->n, p, n);
	l->n += n;
}

static inline bool gzip_log_pause(void *arg)
{
	struct gzip_log *l = arg;
	l->g.inflate->pause_at += 100;
	return !l->most || l->n < l->most;
}

static const struct rs_gzip_ops gzip_log_ops = { gzip_log_begin, gzip_log_data, gzip_log_pause };

/* Each piece, and the buffer, in a block of exactly its size. */
static inline void gzip_log_run(struct gzip_log *l, const uint8_t *p, size_t n, size_t (*piece)(void *, size_t), void *arg)
{
	l->n = l->name_len = 0;
	l->begun = l->faults = 0;
	l->begun_at = 0;
	rs_gzip_init(&l->g, &gzip_log_ops, l, &l->inflate);
	for (size_t at = 0; at < n;) {
		size_t k = piece ? piece(arg, n - at) : n, room = piece ? 1 + k * 7 % 600 : 16384;
		k = k < n - at ? k : n - at;
		uint8_t *exact = malloc(k), *buffer = malloc(room);
		if (!exact || !buffer)
			abort();
		memcpy(exact, p + at, k);
		rs_gzip_feed(&l->g, exact, k, buffer, room);
		free(exact);
		free(buffer);
		at += k;
	}
	l->faults = rs_gzip_end(&l->g);
}

static inline bool gzip_log_same(const struct gzip_log *a, const struct gzip_log *b)
{
	return a->n == b->n && a->begun == b->begun && a->faults == b->faults && a->begun_at == b->begun_at &&
	       a->name_len == b->name_len && !memcmp(a->name, b->name, a->name_len) && !memcmp(a->out, b->out, a->n);
}

#endif
