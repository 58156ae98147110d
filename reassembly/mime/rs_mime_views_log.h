/* SPDX-License-Identifier: Apache-2.0 */
/* rs_mime_views_log: for tests: all readings of a message, and what each tells. */
#ifndef RS_MIME_VIEWS_LOG_H
#define RS_MIME_VIEWS_LOG_H

#include "reassembly/mime/rs_mime_log.h"

#define VIEWS_MAX 16

struct view {
	struct rs_mime mime;
	struct rs_mime_log log;
	size_t at; /* of the piece being fed: read so far */
};

static struct {
	struct view v[VIEWS_MAX];
	unsigned n;
	bool more; /* there would be more than are followed */
	struct rs_pool pool;
	void *mem;
} all;

static inline struct rs_mime *on_fork(void *arg);

static const struct rs_mime_ops ops = { log_on_header, log_on_begin, log_on_data, log_on_end, log_on_anomaly, on_fork };

static inline struct view *add_view(void)
{
	log_require(all.n < VIEWS_MAX, "views");
	struct view *v = &all.v[all.n++];
	v->log = (struct rs_mime_log){ 0 };
	log_bytes(&v->log, "", 0);
	return v;
}

static inline struct rs_mime *on_fork(void *arg)
{
	const struct rs_mime_log *log = arg;
	if (all.n == VIEWS_MAX) {
		all.more = true;
		return NULL;
	}
	struct view *from = NULL;
	for (unsigned i = 0; i < all.n; i++)
		if (&all.v[i].log == log)
			from = &all.v[i];
	log_require(from, "a reading of these");
	struct view *v = add_view();
	char *text = v->log.text;
	size_t cap = v->log.cap;
	v->log = *log;
	v->log.text = text;
	v->log.cap = cap;
	v->log.len = 0;
	log_bytes(&v->log, log->text, log->len);
	rs_mime_copy(&v->mime, &from->mime, &ops, &v->log, &all.pool);
	return &v->mime;
}

static inline void views_begin(struct rs_mime_limits limits)
{
	all.n = 0;
	all.more = false;
	all.mem = aligned_alloc(64, RS_POOL_BYTES(RS_MIME_BLOCK, 2 * VIEWS_MAX));
	log_require(all.mem, "memory");
	rs_pool_init(&all.pool, all.mem, RS_MIME_BLOCK, 2 * VIEWS_MAX);
	struct view *v = add_view();
	memset(&v->mime, 0xa5, sizeof v->mime); /* nothing of an earlier message counts */
	rs_mime_init(&v->mime, &ops, &v->log, &all.pool, limits);
}

static inline void views_feed(const char *text, size_t n)
{
	uint8_t *exact = malloc(n ? n : 1);
	log_require(exact, "memory");
	memcpy(exact, text, n);
	for (unsigned i = 0; i < all.n; i++)
		all.v[i].at = 0;
	for (unsigned i = 0; i < all.n; i++)
		while (all.v[i].at < n) {
			const unsigned before = all.n;
			all.v[i].at += rs_mime_feed(&all.v[i].mime, exact + all.v[i].at, n - all.v[i].at);
			for (unsigned k = before; k < all.n; k++)
				all.v[k].at = all.v[i].at;
		}
	free(exact);
}

/* What each reading tells, sorted: in which order they fork off is no matter. */
static inline int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static inline char *views_end(void)
{
	static char told[1 << 20];
	char *texts[VIEWS_MAX];
	size_t at = 0;
	told[0] = 0;
	for (unsigned i = 0; i < all.n; i++)
		rs_mime_end(&all.v[i].mime);
	log_require(all.pool.used == 0, "every block is given back");
	for (unsigned i = 0; i < all.n; i++)
		texts[i] = all.v[i].log.text;
	qsort(texts, all.n, sizeof texts[0], by_text);
	for (unsigned i = 0; i < all.n; i++) {
		if (i && !strcmp(texts[i], texts[i - 1]))
			continue;
		log_require(at + strlen(texts[i]) + 4 < sizeof told, "room");
		at += (size_t)snprintf(told + at, sizeof told - at, "%s%s", at ? "--\n" : "", texts[i]);
	}
	for (unsigned i = 0; i < all.n; i++)
		free(texts[i]);
	free(all.mem);
	return told;
}

#endif
