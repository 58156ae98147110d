/* SPDX-License-Identifier: Apache-2.0 */
/* rs_zip_log: what rs_zip hands out, written down so that two runs can be compared however their input was split:
 * runs of outer bytes and of member data are joined. For test and fuzz target. */
#ifndef RS_ZIP_LOG_H
#define RS_ZIP_LOG_H

#include "reassembly/archive/rs_inflate.h"
#include "reassembly/archive/rs_zip.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct log {
	char *text; /* one line an event */
	size_t len, cap;
	char run; /* 'o' outer, 'd' data, 0 none */
	uint64_t run_len;
	const uint8_t *input; /* what must come out, in order */
	size_t size, pos;
	bool member, ok;
	bool inflating; /* the member is deflated, and goes on */
	uint64_t inflated; /* of this member */
	uint32_t crc;
	struct rs_inflate *inflate;
	const struct rs_zip *zip;
	size_t data_at; /* of the member's data in the input */
};

/* Where deflated data is inflated; NULL: nowhere. No copy of a log that inflates goes its own way. */
static struct rs_inflate *log_inflater;

__attribute__((format(printf, 2, 3))) static inline void log_line(struct log *l, const char *format, ...)
{
	if (l->cap - l->len < 1024) {
		l->cap = l->cap * 2 + 4096;
		l->text = realloc(l->text, l->cap);
		if (!l->text)
			abort();
	}
	va_list ap;
	va_start(ap, format);
	l->len += (size_t)vsnprintf(l->text + l->len, l->cap - l->len, format, ap);
	va_end(ap);
}

static inline void log_flush(struct log *l)
{
	if (l->run)
		log_line(l, "%s %llu\n", l->run == 'o' ? "outer" : "data", (unsigned long long)l->run_len);
	l->run = 0;
	l->run_len = 0;
}

#define LOG_CHECK(what)                                                                                                \
	do {                                                                                                           \
		if (!(what)) {                                                                                         \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #what);                                     \
			abort();                                                                                       \
		}                                                                                                      \
	} while (0)

static inline void log_bytes(struct log *l, char run, const uint8_t *p, size_t n)
{
	LOG_CHECK(n > 0);
	LOG_CHECK(l->size - l->pos >= n);
	LOG_CHECK(!memcmp(l->input + l->pos, p, n));
	l->pos += n;
	if (l->run != run)
		log_flush(l);
	l->run = run;
	l->run_len += n;
}

static inline void log_outer(void *arg, const uint8_t *p, size_t n)
{
	log_bytes(arg, 'o', p, n);
}

static inline void log_data(void *arg, const uint8_t *p, size_t n)
{
	struct log *l = arg;
	LOG_CHECK(l->member);
	log_bytes(l, 'd', p, n);
}

static inline void log_begin(void *arg, const struct rs_zip_member *m)
{
	struct log *l = arg;
	LOG_CHECK(!l->member);
	LOG_CHECK(m->name_len <= RS_ZIP_NAME_MAX);
	LOG_CHECK(m->data_off == l->pos);
	l->member = true;
	l->data_at = l->pos;
	l->inflated = l->crc = 0;
	l->inflating = l->inflate && m->method == 8 && !(m->flags & RS_ZIP_ENCRYPTED);
	if (l->inflating)
		rs_inflate_init(l->inflate, RS_INFLATE_RAW);
	log_flush(l);
	char name[RS_ZIP_NAME_MAX + 1];
	for (unsigned i = 0; i < m->name_len; i++)
		name[i] = m->name[i] > ' ' && m->name[i] < 127 ? (char)m->name[i] : '?';
	name[m->name_len] = 0;
	log_line(l, "begin %s method %u flags %u csize %lld size %lld\n", name, m->method, m->flags,
		 (long long)m->csize, (long long)m->size);
	LOG_CHECK(m->other_len <= RS_ZIP_NAME_MAX);
	if (m->other_len)
		log_line(l, "other %.*s\n", (int)m->other_len, (const char *)m->other);
}

static inline void log_end(void *arg, uint32_t flags)
{
	struct log *l = arg;
	LOG_CHECK(l->member);
	l->member = false;
	log_flush(l);
	if (l->inflated)
		log_line(l, "inflated %llu %08x%s\n", (unsigned long long)l->inflated, l->crc, l->inflating ? " and on" : "");
	l->inflating = false;
	log_line(l, "end %u\n", flags);
}

static inline enum rs_zip_deflate log_deflated(void *arg, const uint8_t *p, size_t n, size_t *taken)
{
	struct log *l = arg;
	LOG_CHECK(l->member && n > 0);
	LOG_CHECK(l->size - l->pos >= n && !memcmp(l->input + l->pos, p, n));
	size_t kept;
	const uint8_t *first = l->zip ? rs_zip_first(l->zip, &kept) : NULL;
	const size_t shown = l->pos + n - l->data_at;
	LOG_CHECK(!first || (kept == (shown <= RS_ZIP_FIRST ? shown : 0) && !memcmp(first, l->input + l->data_at, kept)));
	LOG_CHECK(shown <= RS_ZIP_FIRST || shown - n >= RS_ZIP_FIRST);
	*taken = 0;
	enum rs_inflate_verdict v = l->inflating ? RS_INFLATE_FULL : RS_INFLATE_BAD;
	LOG_CHECK(l->inflating || !l->inflate);
	while (v == RS_INFLATE_FULL) {
		uint8_t out[500];
		size_t k, made;
		v = rs_inflate_feed(l->inflate, p + *taken, n - *taken, &k, out, sizeof out, &made);
		*taken += k;
		l->crc = (uint32_t)crc32(l->crc, out, (uInt)made);
		l->inflated += made;
	}
	l->inflating = v == RS_INFLATE_MORE;
	return v == RS_INFLATE_MORE ? RS_ZIP_GOES_ON : v == RS_INFLATE_END ? RS_ZIP_ENDED : RS_ZIP_LOST;
}

static inline void log_missing(void *arg, uint64_t n, bool data)
{
	struct log *l = arg;
	LOG_CHECK(n && (l->member || !data));
	LOG_CHECK(l->size - l->pos >= n);
	l->pos += n;
	log_flush(l);
	log_line(l, "%s missing %llu\n", data ? "data" : "outer", (unsigned long long)n);
}

static inline void log_entry(void *arg, const struct rs_zip_member *m)
{
	struct log *l = arg;
	char name[RS_ZIP_NAME_MAX + 1];
	for (unsigned i = 0; i < m->name_len; i++)
		name[i] = m->name[i] > ' ' && m->name[i] < 127 ? (char)m->name[i] : '?';
	name[m->name_len] = 0;
	log_flush(l);
	log_line(l, "entry %s\n", name);
}

static const struct rs_zip_ops log_ops = {
	.outer = log_outer,
	.member_begin = log_begin,
	.member_data = log_data,
	.member_deflated = log_deflated,
	.member_end = log_end,
	.missing = log_missing,
	.entry = log_entry,
};

/* Feeds input in pieces, each in a block of exactly its size; piece(arg, left) says how long the next one is. */
static inline void log_run(struct log *l, const uint8_t *input, size_t size, size_t (*piece)(void *, size_t), void *arg)
{
	*l = (struct log){ .input = input, .size = size, .inflate = log_inflater };
	log_line(l, "%s", "");
	struct rs_zip z;
	rs_zip_init(&z, &log_ops, l);
	l->zip = &z;
	for (size_t at = 0; at < size;) {
		size_t n = piece ? piece(arg, size - at) : size;
		if (n > size - at)
			n = size - at;
		uint8_t *exact = malloc(n ? n : 1);
		if (!exact)
			abort();
		if (n)
			memcpy(exact, input + at, n);
		rs_zip_feed(&z, exact, n);
		free(exact);
		at += n;
		LOG_CHECK(l->pos <= at && at - l->pos <= RS_ZIP_HELD);
	}
	l->ok = rs_zip_end(&z);
	LOG_CHECK(l->pos == size);
	LOG_CHECK(!l->member);
	log_flush(l);
	log_line(l, "%s\n", l->ok ? "well formed" : "not well formed");
}

/* Feeds input but for [from, to), in pieces of at most so many bytes. sure: how long the hole is is known. */
static inline void log_torn(struct log *l, const uint8_t *input, size_t size, size_t from, size_t to, bool sure, size_t piece)
{
	struct rs_zip z;
	*l = (struct log){ .input = input, .size = size, .inflate = log_inflater };
	log_line(l, "%s", "");
	rs_zip_init(&z, &log_ops, l);
	for (size_t at = 0; at < size;) {
		if (at == from && from < to) {
			rs_zip_gap(&z, to - from);
			at = to;
			if (!sure)
				rs_zip_lose(&z);
			continue;
		}
		const size_t left = (at < from ? from : size) - at, n = left < piece ? left : piece;
		uint8_t *exact = malloc(n);
		if (!exact)
			abort();
		memcpy(exact, input + at, n);
		rs_zip_feed(&z, exact, n);
		free(exact);
		at += n;
	}
	LOG_CHECK(!rs_zip_end(&z) || from == to);
	LOG_CHECK(l->pos == size);
	LOG_CHECK(!l->member);
	log_flush(l);
}

#endif
