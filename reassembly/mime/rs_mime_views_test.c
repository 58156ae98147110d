/* SPDX-License-Identifier: Apache-2.0 */
/* Each reading of a message in which readers differ, however it is cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "reassembly/mime/rs_mime_views_cases.h"
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
	struct rs_pool pool;
	void *mem;
} all;

static struct rs_mime *on_fork(void *arg);

static const struct rs_mime_ops ops = { log_on_header, log_on_begin, log_on_data, log_on_end, log_on_anomaly, on_fork };

static struct view *add_view(void)
{
	assert_true(all.n < VIEWS_MAX);
	struct view *v = &all.v[all.n++];
	v->log = (struct rs_mime_log){ 0 };
	log_bytes(&v->log, "", 0);
	return v;
}

static struct rs_mime *on_fork(void *arg)
{
	const struct rs_mime_log *log = arg;
	struct view *from = NULL;
	for (unsigned i = 0; i < all.n; i++)
		if (&all.v[i].log == log)
			from = &all.v[i];
	assert_non_null(from);
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

static void begin(void)
{
	all.n = 0;
	all.mem = aligned_alloc(64, RS_POOL_BYTES(RS_MIME_BLOCK, VIEWS_MAX));
	assert_non_null(all.mem);
	rs_pool_init(&all.pool, all.mem, RS_MIME_BLOCK, VIEWS_MAX);
	struct view *v = add_view();
	rs_mime_init(&v->mime, &ops, &v->log, &all.pool, (struct rs_mime_limits){ 16, 1000 });
}

static void feed(const char *text, size_t n)
{
	uint8_t *exact = malloc(n ? n : 1);
	assert_non_null(exact);
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
static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *end(void)
{
	static char told[1 << 16];
	char *texts[VIEWS_MAX];
	size_t at = 0;
	for (unsigned i = 0; i < all.n; i++)
		rs_mime_end(&all.v[i].mime);
	assert_int_equal(all.pool.used, 0);
	for (unsigned i = 0; i < all.n; i++)
		texts[i] = all.v[i].log.text;
	qsort(texts, all.n, sizeof texts[0], by_text);
	for (unsigned i = 0; i < all.n; i++) {
		if (i && !strcmp(texts[i], texts[i - 1]))
			continue;
		at += (size_t)snprintf(told + at, sizeof told - at, "%s%s", at ? "--\n" : "", texts[i]);
	}
	for (unsigned i = 0; i < all.n; i++)
		free(texts[i]);
	free(all.mem);
	return told;
}

static char *told(const char *message, size_t n, size_t first, size_t piece)
{
	begin();
	for (size_t i = 0, take = first; i < n; i += take, take = piece)
		feed(message + i, take < n - i ? take : n - i);
	return end();
}

static void tells_each_reading_however_it_is_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof views_cases / sizeof views_cases[0]; i++) {
		const char *m = views_cases[i].message;
		const size_t n = strlen(m);
		char *whole = strdup(told(m, n, n, n));
		if (strcmp(whole, views_cases[i].told))
			fail_msg("%s: told\n%s\ninstead of\n%s", views_cases[i].name, whole, views_cases[i].told);
		for (size_t cut = 1; cut < n; cut++) {
			char *cut_told = told(m, n, cut, n);
			if (strcmp(cut_told, whole))
				fail_msg("%s cut at %zu: told\n%s\ninstead of\n%s", views_cases[i].name, cut, cut_told, whole);
		}
		assert_string_equal(told(m, n, 1, 1), whole);
		free(whole);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_each_reading_however_it_is_cut),
	};
	return cmocka_run_group_tests_name("rs_mime_views", tests, NULL, NULL);
}
