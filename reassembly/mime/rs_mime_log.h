/* SPDX-License-Identifier: Apache-2.0 */
/* rs_mime_log: for tests: what a struct rs_mime tells, as text, so that two runs can be compared and expectations
 * written down. Pieces of one value or body are joined. Checks on the way that the calls are in
 * an order that the contract allows. */
#ifndef RS_MIME_LOG_H
#define RS_MIME_LOG_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "reassembly/mime/rs_mime.h"

struct rs_mime_log {
	char *text;
	size_t len, cap;
	bool in_part, in_header, in_data, raw; /* raw: bytes of bodies as they are */
	unsigned parts;
};

static inline void log_require(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "contract broken: %s\n", what);
		abort();
	}
}

static inline void log_bytes(struct rs_mime_log *l, const void *p, size_t n)
{
	if (l->len + n + 1 > l->cap) {
		l->cap = (l->len + n + 1) * 2;
		l->text = realloc(l->text, l->cap);
		log_require(l->text, "memory");
	}
	if (n)
		memcpy(l->text + l->len, p, n);
	l->len += n;
	l->text[l->len] = 0;
}

static inline void log_text(struct rs_mime_log *l, const char *s)
{
	log_bytes(l, s, strlen(s));
}

/* Bytes that are not printable as C has them. */
static inline void log_escaped(struct rs_mime_log *l, const uint8_t *p, size_t n)
{
	if (l->raw) {
		log_bytes(l, p, n);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		char t[8];
		if (p[i] == '\n')
			strcpy(t, "\\n");
		else if (p[i] == '\r')
			strcpy(t, "\\r");
		else if (p[i] >= ' ' && p[i] < 127)
			snprintf(t, sizeof t, "%c", p[i]);
		else
			snprintf(t, sizeof t, "\\x%02x", p[i]);
		log_text(l, t);
	}
}

static inline void log_data_ends(struct rs_mime_log *l)
{
	if (l->in_data)
		log_text(l, "|\n");
	l->in_data = false;
}

static inline void log_on_header(void *arg, enum rs_header h, const uint8_t *p, size_t n, bool first, bool last)
{
	static const char *const names[] = {
		"from", "to", "cc", "subject", "date", "message-id", "x-mailer", "received"
	};
	struct rs_mime_log *l = arg;
	log_require(h < RS_HDR_MAX && first == !l->in_header, "header pieces in order");
	log_require(!l->in_part, "header outside parts");
	if (first) {
		log_text(l, names[h]);
		log_text(l, ": ");
	}
	log_escaped(l, p, n);
	if (last)
		log_text(l, "\n");
	l->in_header = !last;
}

static inline void log_on_begin(void *arg, const struct rs_part *part)
{
	static const char *const kinds[] = { "leaf", "preamble", "epilogue" };
	static const char *const ctes[] = { "identity", "base64", "qp", "unknown", "uuencode" };
	struct rs_mime_log *l = arg;
	log_require(!l->in_part && !l->in_header, "a part begins outside others");
	log_require(part->type && part->number && part->name_charset, "strings are there");
	log_require(part->name_len <= RS_MIME_NAME_MAX && (part->name_len > 0) == (part->name_form != RS_NAME_NONE),
		    "a name has bytes");
	l->in_part = true;
	l->parts++;
	char t[512];
	snprintf(t, sizeof t, "%s %s depth %u <%s> %s", kinds[part->kind], part->number, part->depth, part->type,
		 ctes[part->cte]);
	log_text(l, t);
	if (part->flags & RS_PART_ATTACHMENT)
		log_text(l, " attachment");
	if (part->flags & RS_PART_ENCODED_MESSAGE)
		log_text(l, " encoded-message");
	if (part->flags & RS_PART_NAME_CUT)
		log_text(l, " name-cut");
	if (part->flags & RS_PART_LIMIT)
		log_text(l, " limit");
	if (part->flags & RS_PART_GUESSED)
		log_text(l, " guessed");
	if (part->flags & RS_PART_ENCODED_MULTIPART) {
		log_text(l, " encoded-multipart boundary=");
		log_escaped(l, part->boundary, part->boundary_len);
	}
	if (part->name_form) {
		log_text(l, " name='");
		log_escaped(l, part->name, part->name_len);
		log_text(l, "'");
	}
	if (part->other_form) {
		log_text(l, " other='");
		log_escaped(l, part->other_name, part->other_len);
		log_text(l, "'");
	}
	if (part->name_form == RS_NAME_EXTENDED) {
		log_text(l, " charset=");
		log_text(l, part->name_charset);
	}
	log_text(l, "\n");
}

static inline void log_on_data(void *arg, const uint8_t *p, size_t n)
{
	struct rs_mime_log *l = arg;
	log_require(l->in_part && n > 0, "data inside a part");
	if (!l->in_data)
		log_text(l, "|");
	l->in_data = true;
	log_escaped(l, p, n);
}

static inline void log_on_end(void *arg, uint32_t flags)
{
	struct rs_mime_log *l = arg;
	log_require(l->in_part, "what ends has begun");
	log_data_ends(l);
	log_text(l, "end");
	if (flags & RS_PART_MISSING_END)
		log_text(l, " missing-end");
	if (flags & RS_PART_GAP)
		log_text(l, " gap");
	log_text(l, "\n");
	l->in_part = false;
}

static inline void log_on_anomaly(void *arg, enum rs_mime_anomaly a)
{
	struct rs_mime_log *l = arg;
	log_require(!l->in_header || a == RS_MIME_BARE_CR, "no anomaly inside a header value but that");
	log_data_ends(l);
	if (l->in_header)
		return; /* where in a value its pieces end is of no interest */
	log_text(l, "! ");
	log_text(l, rs_mime_anomaly_name(a));
	log_text(l, "\n");
}

static const struct rs_mime_ops rs_mime_log_ops = {
	.header = log_on_header,
	.part_begin = log_on_begin,
	.part_data = log_on_data,
	.part_end = log_on_end,
	.anomaly = log_on_anomaly,
};

#define RS_MIME_LOG_BLOCKS 2

struct rs_mime_run { /* a parser, its memory and its log */
	void *mem; /* fresh for each run: the pool poisons what is free */
	struct rs_pool pool;
	struct rs_mime mime;
	struct rs_mime_log log;
};

static inline void run_begin(struct rs_mime_run *r, uint32_t blocks, struct rs_mime_limits limits)
{
	log_require(blocks <= RS_MIME_LOG_BLOCKS, "blocks");
	r->mem = aligned_alloc(64, RS_POOL_BYTES(RS_MIME_BLOCK, RS_MIME_LOG_BLOCKS));
	log_require(r->mem, "memory");
	rs_pool_init(&r->pool, r->mem, RS_MIME_BLOCK, blocks);
	r->log.len = 0;
	r->log.in_part = r->log.in_header = r->log.in_data = false;
	r->log.parts = 0;
	log_bytes(&r->log, "", 0);
	memset(&r->mime, 0xa5, sizeof r->mime); /* nothing of an earlier message counts */
	rs_mime_init(&r->mime, &rs_mime_log_ops, &r->log, &r->pool, limits);
}

/* In memory of exactly its size, so that AddressSanitizer sees a read beyond it. */
static inline void run_feed(struct rs_mime_run *r, const uint8_t *p, size_t n)
{
	uint8_t *exact = malloc(n ? n : 1);
	log_require(exact, "memory");
	if (n)
		memcpy(exact, p, n);
	rs_mime_feed(&r->mime, exact, n);
	free(exact);
}

static inline void run_end(struct rs_mime_run *r)
{
	rs_mime_end(&r->mime);
	log_require(r->pool.used == 0, "every block is given back");
	free(r->mem);
	log_require(!r->log.in_part && !r->log.in_header, "everything begun has ended");
}

#endif
