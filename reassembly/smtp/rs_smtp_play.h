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
	bool hold;
	bool halts;
};

/* dir: who is who at the beginning. */
static inline enum rs_smtp_dir play_dir(const struct log *l, enum rs_smtp_dir dir)
{
	return l->turned == (dir == RS_SMTP_CLIENT) ? RS_SMTP_SERVER : RS_SMTP_CLIENT;
}

static inline void play_feed(struct rs_smtp *s, struct log *l, enum rs_smtp_dir dir, const uint8_t *p, size_t n)
{
	uint8_t *exact = malloc(n ? n : 1);
	LOG_CHECK(exact);
	memcpy(exact, p, n);
	size_t k = rs_smtp_feed(s, play_dir(l, dir), exact, n);
	LOG_CHECK(k == n || rs_smtp_turned(s));
	if (rs_smtp_turned(s) && !s->hold) {
		rs_smtp_turn(s);
		l->turned = !l->turned;
		if (k < n)
			play_feed(s, l, dir, exact + k, n - k);
	}
	free(exact);
}

/* The client's bytes that were sent and not read yet are fed until no more are taken. */
static inline void play_hold(struct rs_smtp *s, struct log *l, size_t part, uint64_t stop)
{
	uint64_t at;
	while ((at = rs_smtp_position(s)) < l->n_sent) {
		size_t n = l->n_sent - at < part ? (size_t)(l->n_sent - at) : part;
		if (at < stop && stop - at < n)
			n = (size_t)(stop - at);
		bool halted = rs_smtp_halted(s);
		uint8_t *exact = malloc(n);
		LOG_CHECK(exact);
		memcpy(exact, l->sent + at, n);
		size_t k = rs_smtp_feed(s, RS_SMTP_CLIENT, exact, n);
		free(exact);
		LOG_CHECK(k <= n && !(halted && k));
		LOG_CHECK(rs_smtp_position(s) == at + k);
		LOG_CHECK(k == n || rs_smtp_halted(s));
		rs_smtp_resume(s);
		if (rs_smtp_halted(s)) {
			struct rs_smtp_owed_view v;
			LOG_CHECK(rs_smtp_owed_first(s, &v)); /* or nobody would ever lift it */
			return;
		}
	}
}

/* Client bytes up to here were sent. Missing ones count, and stand as NULs in sent. */
static inline void play_send(struct log *l, const struct piece *c)
{
	size_t n = c->gap ? (size_t)c->gap : c->n;
	uint8_t *sent = realloc((void *)(uintptr_t)l->sent, (size_t)l->n_sent + n + 1);
	LOG_CHECK(sent);
	if (c->gap)
		memset(sent + l->n_sent, 0, n);
	else
		memcpy(sent + l->n_sent, c->p, n);
	l->sent = sent;
	l->n_sent += n;
}

static inline void play_piece_hold(struct rs_smtp *s, struct log *l, const struct piece *c, size_t part, size_t cut)
{
	uint64_t from = l->n_sent;
	if (c->gap) {
		/* What went past unseen was not held. */
		if (c->dir == RS_SMTP_CLIENT && (rs_smtp_position(s) < l->n_sent || rs_smtp_halted(s)))
			return;
		if (c->dir == RS_SMTP_CLIENT)
			play_send(l, c);
		rs_smtp_gap(s, c->dir, c->gap);
	} else if (c->dir == RS_SMTP_CLIENT) {
		play_send(l, c);
	} else {
		for (size_t at = 0, n; at < c->n; at += n) {
			n = c->n - at < part ? c->n - at : part;
			if (at < cut && cut - at < n)
				n = cut - at;
			play_feed(s, l, RS_SMTP_SERVER, c->p + at, n);
		}
	}
	rs_smtp_resume(s);
	play_hold(s, l, part, c->dir == RS_SMTP_CLIENT ? from + cut : 0);
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
	rs_smtp_hold(&s, y->hold);
	l.smtp = &s;
	l.halts = y->halts;
	for (size_t i = 0; i < y->n; i++) {
		const struct piece *c = &y->pieces[i];
		if (y->hold) {
			play_piece_hold(&s, &l, c, part, i == cut ? at : 0);
			continue;
		}
		if (c->gap) {
			rs_smtp_gap(&s, play_dir(&l, c->dir), c->gap);
			continue;
		}
		for (size_t from = 0, n; from < c->n; from += n) {
			n = c->n - from < part ? c->n - from : part;
			if (i == cut && from < at && at < c->n)
				n = at - from < n ? at - from : n;
			play_feed(&s, &l, c->dir, c->p + from, n);
		}
	}
	rs_smtp_close(&s);
	rs_smtp_close(&s);
	log_finish(&l);
	LOG_CHECK(!pool.used);
	free((void *)(uintptr_t)l.sent);
	free(mem);
	return l.said.text;
}

#endif
