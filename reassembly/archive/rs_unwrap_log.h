/* SPDX-License-Identifier: Apache-2.0 */
/* rs_unwrap_log: what a reader of rs_unwrap hands out, kept so that two runs can be compared however their input was split. For its
 * tests and fuzz targets: each piece is fed from a block of exactly its size. */
#ifndef RS_UNWRAP_LOG_H
#define RS_UNWRAP_LOG_H

#include "reassembly/archive/rs_split.h"
#include "reassembly/archive/rs_unwrap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNWRAP_LOG_MEMBERS 64
#define UNWRAP_LOG_NAME 600

struct unwrap_member {
	char name[UNWRAP_LOG_NAME]; /* its layer, where it has none */
	uint64_t at, said;
	size_t from, n; /* of its bytes in `data` */
	char other[UNWRAP_LOG_NAME]; /* its other name */
	uint64_t missing;
	uint32_t flags; /* of its end */
	bool file, ended;
};

struct unwrap_log {
	const struct rs_unwrap_ops *ops; /* what it was run with */
	const struct rs_unwrap_reader *reader;
	void *state;
	const uint8_t *in; /* all that is fed */
	size_t n, standing; /* standing: bytes handed out once so far, as data that stands there or as outer */
	struct unwrap_member member[UNWRAP_LOG_MEMBERS];
	unsigned members; /* those beyond are counted, and not kept */
	bool open, decoded;
	uint8_t *data;
	size_t used, room;
	uint32_t flags;
};

static inline void unwrap_log_check(bool what, const char *why)
{
	if (what)
		return;
	fprintf(stderr, "rs_unwrap_log: %s\n", why);
	abort();
}

/* What stands in the wrapping comes in its order, each byte once. */
static inline void unwrap_log_stands(struct unwrap_log *l, const uint8_t *p, size_t n)
{
	if (l->in)
		unwrap_log_check(l->standing + n <= l->n && (n == 0 || memcmp(l->in + l->standing, p, n) == 0), "not what was fed");
	l->standing += n;
}

static inline void unwrap_log_outer(void *arg, const uint8_t *p, size_t n)
{
	unwrap_log_stands(arg, p, n);
}

static inline void unwrap_log_begin(void *arg, const struct rs_member *m)
{
	struct unwrap_log *l = arg;
	unwrap_log_check(!l->open, "a member in a member");
	unwrap_log_check(m->name_len < UNWRAP_LOG_NAME && (m->name_len || m->layer), "a name that is too long, or none");
	l->open = true;
	l->decoded = m->out;
	if (l->members++ >= UNWRAP_LOG_MEMBERS)
		return;
	struct unwrap_member *k = &l->member[l->members - 1];
	memset(k, 0, sizeof *k);
	if (m->name_len)
		memcpy(k->name, m->name, m->name_len);
	else
		strcpy(k->name, m->layer);
	k->at = m->at;
	k->said = m->size;
	k->file = m->file;
	k->from = l->used;
}

static inline void unwrap_log_data(void *arg, const uint8_t *p, size_t n)
{
	struct unwrap_log *l = arg;
	unwrap_log_check(l->open, "data of no member");
	if (!l->decoded)
		unwrap_log_stands(l, p, n);
	if (l->used + n > l->room) {
		l->room = (l->used + n) * 2;
		l->data = realloc(l->data, l->room);
		unwrap_log_check(l->data, "no memory");
	}
	memcpy(l->data + l->used, p, n);
	l->used += n;
	if (l->members <= UNWRAP_LOG_MEMBERS)
		l->member[l->members - 1].n += n;
}

static inline void unwrap_log_end(void *arg, uint32_t flags)
{
	struct unwrap_log *l = arg;
	unwrap_log_check(l->open, "the end of no member");
	l->open = false;
	if (l->members > UNWRAP_LOG_MEMBERS)
		return;
	l->member[l->members - 1].flags = flags;
	l->member[l->members - 1].ended = true;
}

static inline void unwrap_log_missing(void *arg, uint64_t n, bool data)
{
	struct unwrap_log *l = arg;
	unwrap_log_check(!data || l->open, "missing data of no member");
	if (data && l->members <= UNWRAP_LOG_MEMBERS)
		l->member[l->members - 1].missing += n;
}

static inline void unwrap_log_name(void *arg, const struct rs_member *m)
{
	struct unwrap_log *l = arg;
	unwrap_log_check(l->open && m->name_len && m->name_len < UNWRAP_LOG_NAME, "another name, but of what");
	if (l->members > UNWRAP_LOG_MEMBERS)
		return;
	memset(l->member[l->members - 1].other, 0, UNWRAP_LOG_NAME);
	memcpy(l->member[l->members - 1].other, m->name, m->name_len);
}

static const struct rs_unwrap_ops unwrap_log_ops = { unwrap_log_outer, unwrap_log_begin, unwrap_log_data, unwrap_log_end,
						     unwrap_log_missing, unwrap_log_name, NULL };

/* By their bytes, about half of all members. */
static inline bool unwrap_log_wanted(void *arg, const uint8_t *p, size_t n)
{
	uint32_t sum = 0;
	(void)arg;
	for (size_t i = 0; i < n; i++)
		sum = sum * 31 + p[i];
	return sum >> 4 & 1;
}

static const struct rs_unwrap_ops unwrap_log_picky_ops = { unwrap_log_outer,   unwrap_log_begin, unwrap_log_data,  unwrap_log_end,
							   unwrap_log_missing, unwrap_log_name,	 unwrap_log_wanted };

/* Forgets all but its memory. */
static inline void unwrap_log_clear(struct unwrap_log *l)
{
	uint8_t *data = l->data;
	const size_t room = l->room;
	memset(l, 0, sizeof *l);
	l->data = data;
	l->room = room;
}

/* The reader, with a state of its own, on these bytes in pieces of the length that `piece` says (NULL: whole). */
static inline void unwrap_log_run_ops(struct unwrap_log *l, const struct rs_unwrap_ops *ops, const struct rs_unwrap_reader *reader,
				      void *state, const uint8_t *p, size_t n, size_t (*piece)(void *, size_t), void *arg)
{
	unwrap_log_clear(l);
	l->ops = ops;
	l->reader = reader;
	l->state = state;
	l->in = p;
	l->n = n;
	reader->init(state, ops, l);
	for (size_t at = 0; at < n;) {
		size_t k = piece ? piece(arg, n - at) : n;
		k = k < n - at ? k : n - at;
		uint8_t *exact = malloc(k);
		unwrap_log_check(exact, "no memory");
		memcpy(exact, p + at, k);
		reader->feed(state, exact, k);
		free(exact);
		at += k;
		unwrap_log_check(l->standing == at, "bytes were held back");
	}
	l->flags = reader->end(state);
	unwrap_log_check(!l->open, "a member did not end");
	unwrap_log_check(l->standing == n, "bytes were not handed out");
}

static inline void unwrap_log_run(struct unwrap_log *l, const struct rs_unwrap_reader *reader, void *state, const uint8_t *p, size_t n,
				  size_t (*piece)(void *, size_t), void *arg)
{
	unwrap_log_run_ops(l, &unwrap_log_ops, reader, state, p, n, piece, arg);
}

static inline bool unwrap_log_same(const struct unwrap_log *a, const struct unwrap_log *b)
{
	if (a->members != b->members || a->used != b->used || a->flags != b->flags || (a->used && memcmp(a->data, b->data, a->used)))
		return false;
	const unsigned n = a->members < UNWRAP_LOG_MEMBERS ? a->members : UNWRAP_LOG_MEMBERS;
	return n == 0 || memcmp(a->member, b->member, n * sizeof a->member[0]) == 0;
}

/* arg: a size_t, the first piece's length; all else follows in one. */
static inline size_t unwrap_log_cut(void *arg, size_t left)
{
	size_t *cut = arg, n = *cut;
	*cut = left;
	return n;
}

/* What was run whole is run once more, into l, in pieces: does the same come of it? Its bytes must still be there. */
static inline bool unwrap_log_again(struct unwrap_log *l, const struct unwrap_log *whole, size_t (*piece)(void *, size_t), void *arg)
{
	unwrap_log_run_ops(l, whole->ops, whole->reader, whole->state, whole->in, whole->n, piece, arg);
	return unwrap_log_same(whole, l);
}

/* Byte by byte, and cut in two at every `step`-th place: does the same come of it? */
static inline bool unwrap_log_every_cut(struct unwrap_log *l, const struct unwrap_log *whole, size_t step)
{
	if (!unwrap_log_again(l, whole, split_ones, NULL))
		return false;
	for (size_t cut = 1; cut < whole->n; cut += step) {
		size_t at = cut;
		if (!unwrap_log_again(l, whole, unwrap_log_cut, &at))
			return false;
	}
	return true;
}

/* Of these bytes `lost` are missing from `at` on; what is left comes in one piece before that, and in one behind it. */
static inline void unwrap_log_lose(struct unwrap_log *l, const struct rs_unwrap_reader *reader, void *state, const uint8_t *p, size_t n,
				   size_t at, size_t lost)
{
	unwrap_log_clear(l);
	reader->init(state, &unwrap_log_ops, l);
	reader->feed(state, p, at);
	reader->gap(state, lost);
	reader->feed(state, p + at + lost, n - at - lost);
	l->flags = reader->end(state);
}

/* Two arguments of a test's function: texts, of a member each, and how many. */
#define UNWRAP_LOG_MEMBERS_OF(...)                                                                                     \
	(const char *const[]){ __VA_ARGS__ }, (unsigned)(sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *))

#endif
