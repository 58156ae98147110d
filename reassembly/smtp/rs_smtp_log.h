/* SPDX-License-Identifier: Apache-2.0 */
/* For tests and fuzzing: what the dialogue calls back, as text that does not depend on how the input was split, and the
 * promises of rs_smtp.h about the order of those calls, which end the program when broken. */
#ifndef RS_SMTP_LOG_H
#define RS_SMTP_LOG_H

#include "reassembly/smtp/rs_smtp.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum log_bulk { LOG_BULK_NONE, LOG_BULK_ALL, LOG_BULK_SOME };

struct log_text {
	char *text;
	size_t len, cap;
};

struct log_tx {
	struct log_tx *next;
	struct log *log;
	uint32_t n;
	bool content;
	bool strict; /* it is read on as a strict server does; what that is, until it ends: */
	struct log_text bytes;
	uint32_t contents;
};

struct log {
	struct log_text said;
	struct log_tx *open; /* newest first */
	uint32_t begun, ended;
	uint32_t in_content; /* number of the transaction whose content the text ends in, or UINT32_MAX */
	enum log_bulk bulk;
	uint32_t dice;
	bool tls;
	bool refuse_handles; /* as a caller without room does */
	/* Hold: */
	struct rs_smtp *smtp;
	bool turned; /* without hold: client and server have changed places */
	bool halts; /* halts the client's reading in every callback */
	const uint8_t *sent; /* by the client so far, whether it was read or not */
	uint64_t n_sent;
};

#define LOG_CHECK(what)                                                                                                \
	do {                                                                                                           \
		if (!(what)) {                                                                                         \
			fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #what);                             \
			abort();                                                                                       \
		}                                                                                                      \
	} while (0)

static inline void log_raw(struct log_text *l, const char *s, size_t n)
{
	if (l->len + n + 1 > l->cap) {
		l->cap = 2 * (l->len + n + 1);
		l->text = realloc(l->text, l->cap);
		LOG_CHECK(l->text);
	}
	memcpy(l->text + l->len, s, n);
	l->len += n;
	l->text[l->len] = 0;
}

static inline void log_bytes(struct log_text *l, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char hex[5];
		if (p[i] == '\r')
			log_raw(l, "\\r", 2);
		else if (p[i] == '\n')
			log_raw(l, "\\n", 2);
		else if (p[i] >= ' ' && p[i] < 0x7f)
			log_raw(l, (const char *)p + i, 1);
		else
			log_raw(l, hex, (size_t)snprintf(hex, sizeof hex, "\\x%02x", p[i]));
	}
}

static inline void log_halt(struct log *l)
{
	if (l->halts)
		rs_smtp_halt(l->smtp);
}

/* Begins a new entry. */
__attribute__((format(printf, 2, 3))) static inline void log_entry(struct log *l, const char *format, ...)
{
	if (l->in_content != UINT32_MAX)
		log_raw(&l->said, "\"\n", 2);
	l->in_content = UINT32_MAX;
	char line[64];
	va_list a;
	va_start(a, format);
	int n = vsnprintf(line, sizeof line, format, a);
	va_end(a);
	log_raw(&l->said, line, (size_t)n);
	log_halt(l);
}

static inline void log_end(struct log *l)
{
	log_raw(&l->said, "\n", 1);
}

static inline void log_reply(struct log *l, const struct rs_smtp_reply *r)
{
	if (!r)
		return;
	LOG_CHECK(r->code <= 999 && r->text);
	char code[8];
	log_raw(&l->said, code, (size_t)snprintf(code, sizeof code, " %03u ", r->code));
	log_bytes(&l->said, r->text, r->text_len);
}

static inline struct log_tx *log_tx(struct log *l, void *handle)
{
	if (!handle) {
		LOG_CHECK(l->refuse_handles);
		return NULL;
	}
	struct log_tx *tx = l->open;
	while (tx && tx != handle)
		tx = tx->next;
	LOG_CHECK(tx); /* a handle that was handed out, and has not ended */
	return tx;
}

static inline void *log_tx_begin(void *arg, uint32_t n)
{
	struct log *l = arg;
	LOG_CHECK(n == l->begun);
	l->begun++;
	log_entry(l, "+%u", n);
	log_end(l);
	if (l->refuse_handles)
		return NULL;
	struct log_tx *tx = calloc(1, sizeof *tx);
	LOG_CHECK(tx);
	*tx = (struct log_tx){ .next = l->open, .log = l, .n = n };
	l->open = tx;
	return tx;
}

static inline void log_helo(void *arg, const uint8_t *name, size_t len)
{
	struct log *l = arg;
	log_entry(l, "helo ");
	log_bytes(&l->said, name, len);
	log_end(l);
}

static inline void log_via(void *arg, enum rs_smtp_via what, const uint8_t *p, size_t n)
{
	static const char *const names[RS_VIA_MAX] = { "proxy", "xclient", "xforward" };
	struct log *l = arg;
	log_entry(l, "%s \"", names[what]);
	log_bytes(&l->said, p, n);
	log_raw(&l->said, "\"", 1);
	log_end(l);
}

static inline void log_mail_from(void *arg, void *handle, const uint8_t *path, size_t len, const uint8_t *params,
				 size_t params_len)
{
	struct log *l = arg;
	struct log_tx *tx = log_tx(l, handle);
	log_entry(l, "%u from ", tx ? tx->n : 0);
	log_bytes(&l->said, path, len);
	log_raw(&l->said, " [", 2);
	log_bytes(&l->said, params, params_len);
	log_raw(&l->said, "]", 1);
	log_end(l);
}

static inline void log_rcpt_to(void *arg, void *handle, uint32_t i, const uint8_t *path, size_t len)
{
	struct log *l = arg;
	struct log_tx *tx = log_tx(l, handle);
	log_entry(l, "%u to/%u ", tx ? tx->n : 0, i);
	log_bytes(&l->said, path, len);
	log_end(l);
}

static inline void log_on_reply(void *arg, void *handle, enum rs_smtp_verb verb, uint32_t i,
				const struct rs_smtp_reply *r)
{
	struct log *l = arg;
	struct log_tx *tx = log_tx(l, handle);
	LOG_CHECK(r);
	log_entry(l, "%u %s/%u", tx ? tx->n : 0, rs_smtp_verb_name(verb), i);
	log_reply(l, r);
	log_end(l);
}

static inline void log_content_begin(void *arg, void *handle)
{
	struct log *l = arg;
	struct log_tx *tx = log_tx(l, handle);
	if (tx) {
		LOG_CHECK(!tx->content);
		LOG_CHECK(!tx->contents++); /* at most once */
		tx->content = true;
	}
	log_entry(l, "%u {", tx ? tx->n : 0);
	log_end(l);
}

static inline void log_some(struct log *l, void *handle, const uint8_t *p, size_t n)
{
	struct log_tx *tx = log_tx(l, handle);
	uint32_t number = tx ? tx->n : 0;
	LOG_CHECK(!tx || tx->content);
	if (!n)
		return;
	if (l->in_content != number) {
		log_entry(l, "%u \"", number);
		l->in_content = number;
	}
	log_bytes(&l->said, p, n);
	log_halt(l);
}

static inline size_t log_on_bulk(void *arg, void *handle, const uint8_t *p, size_t n)
{
	struct log *l = arg;
	struct log_tx *tx = log_tx(l, handle);
	LOG_CHECK(n > 0);
	LOG_CHECK(!tx || tx->content);
	const uint8_t *dot = memchr(p, '.', n);
	size_t k = dot ? (size_t)(dot - p) : n;
	if (l->bulk == LOG_BULK_NONE)
		k = 0;
	if (l->bulk == LOG_BULK_SOME) {
		l->dice = l->dice * 1103515245u + 12345u;
		k = (l->dice >> 16) % (k + 1);
	}
	log_some(l, handle, p, k);
	return k;
}

static inline void log_content(void *arg, void *handle, const uint8_t *p, size_t n)
{
	LOG_CHECK(n > 0);
	log_some(arg, handle, p, n);
}

static inline void log_content_gap(void *arg, void *handle, uint64_t n)
{
	struct log *l = arg;
	struct log_tx *tx = log_tx(l, handle);
	LOG_CHECK(!tx || tx->content);
	LOG_CHECK(n > 0);
	log_entry(l, "%u gap %llu", tx ? tx->n : 0, (unsigned long long)n);
	log_end(l);
}

/* Told when it ends: what it is told between depends on how the input was split. */
static inline bool log_strict_begin(void *arg, void *handle)
{
	struct log *l = arg;
	struct log_tx *tx = log_tx(l, handle);
	LOG_CHECK(!tx || (tx->content && !tx->strict));
	if (tx)
		tx->strict = true;
	log_entry(l, "%u ~{", tx ? tx->n : 0);
	log_end(l);
	return tx;
}

static inline void log_strict(void *arg, void *handle, const uint8_t *p, size_t n)
{
	struct log *l = arg;
	struct log_tx *tx = log_tx(l, handle);
	LOG_CHECK(tx && tx->strict && n > 0);
	log_bytes(&tx->bytes, p, n);
}

static inline void log_strict_end(void *arg, void *handle, enum rs_smtp_end how)
{
	struct log *l = arg;
	struct log_tx *tx = log_tx(l, handle);
	LOG_CHECK(tx && tx->strict);
	LOG_CHECK(how == RS_END_DOT || how == RS_END_BY_REPLY || how == RS_END_ABORTED);
	tx->strict = false;
	log_entry(l, "%u ~\"", tx->n);
	log_raw(&l->said, tx->bytes.text, tx->bytes.len);
	log_entry(l, how == RS_END_DOT ? "\"\n%u ~} dot" : how == RS_END_BY_REPLY ? "\"\n%u ~} by-reply" : "\"\n%u ~} aborted", tx->n);
	log_end(l);
	free(tx->bytes.text);
	tx->bytes = (struct log_text){ 0 };
}

static inline void log_content_end(void *arg, void *handle, enum rs_smtp_end how)
{
	static const char *const names[] = { "dot", "bare", "last", "by-reply", "refused", "aborted" };
	struct log *l = arg;
	struct log_tx *tx = log_tx(l, handle);
	if (tx) {
		LOG_CHECK(tx->content);
		tx->content = false;
	}
	log_entry(l, "%u } %s", tx ? tx->n : 0, names[how]);
	log_end(l);
}

/* "." CR is told only where LF was not at hand, which depends on how the input was split: then it is left out. */
static inline bool log_is_early(const struct log *l, const struct rs_smtp_end_at *e)
{
	return !e->certain && e->safe && e->at < l->n_sent && l->sent[e->safe - 1] == '.' && l->sent[e->at - 1] == '\r' &&
	       l->sent[e->at] == '\n';
}

static inline void log_end_at(void *arg, void *handle, const struct rs_smtp_end_at *e)
{
	struct log *l = arg;
	struct log_tx *tx = log_tx(l, handle);
	LOG_CHECK(e->at == rs_smtp_position(l->smtp));
	LOG_CHECK(e->safe < e->at);
	LOG_CHECK(!tx || !(e->certain && tx->content));
	log_halt(l);
	if (log_is_early(l, e))
		return;
	log_entry(l, "%u %s %llu %llu", tx ? tx->n : 0, e->certain ? "end" : "end?", (unsigned long long)e->safe,
		  (unsigned long long)e->at);
	log_end(l);
}

static inline void log_astray(void *arg)
{
	struct log *l = arg;
	log_halt(l);
	log_entry(l, "astray");
	log_end(l);
}

static inline void log_tx_end(void *arg, void *handle, enum rs_smtp_outcome out, const struct rs_smtp_reply *r)
{
	static const char *const names[] = { "accepted", "rejected", "abandoned", "unknown" };
	struct log *l = arg;
	struct log_tx *tx = log_tx(l, handle);
	LOG_CHECK(!tx || (!tx->content && !tx->strict));
	log_entry(l, "-%u %s", tx ? tx->n : 0, names[out]);
	log_reply(l, r);
	log_end(l);
	l->ended++;
	for (struct log_tx **at = &l->open; *at; at = &(*at)->next)
		if (*at == tx) {
			*at = tx->next;
			free(tx);
			break;
		}
}

static inline void log_tls(void *arg)
{
	struct log *l = arg;
	LOG_CHECK(!l->tls);
	l->tls = true;
	log_entry(l, "tls");
	log_end(l);
}

static inline void log_anomaly(void *arg, void *handle, enum rs_smtp_anomaly a)
{
	struct log *l = arg;
	log_entry(l, "! %s", rs_smtp_anomaly_name(a) + strlen("smtp."));
	if (handle)
		log_entry(l, " %u", log_tx(l, handle)->n);
	log_end(l);
}

static inline void log_turn(void *arg, uint64_t began)
{
	struct log *l = arg;
	log_entry(l, l->smtp->hold ? "turn? %llu" : "turn", (unsigned long long)began);
	log_end(l);
}

static inline void log_unread(void *arg, void *handle)
{
	struct log *l = arg;
	log_entry(l, "unread");
	if (handle)
		log_entry(l, " %u", log_tx(l, handle)->n);
	log_end(l);
}

static const struct rs_smtp_ops log_ops = {
	.tx_begin = log_tx_begin,
	.helo = log_helo,
	.via = log_via,
	.mail_from = log_mail_from,
	.rcpt_to = log_rcpt_to,
	.reply = log_on_reply,
	.content_begin = log_content_begin,
	.bulk = log_on_bulk,
	.content = log_content,
	.content_gap = log_content_gap,
	.content_end = log_content_end,
	.strict_begin = log_strict_begin,
	.strict = log_strict,
	.strict_end = log_strict_end,
	.end = log_end_at,
	.astray = log_astray,
	.tx_end = log_tx_end,
	.tls = log_tls,
	.anomaly = log_anomaly,
	.turn = log_turn,
	.unread = log_unread,
};

static inline void log_init(struct log *l, enum log_bulk bulk)
{
	*l = (struct log){ .in_content = UINT32_MAX, .bulk = bulk, .dice = 1 };
	log_raw(&l->said, "", 0);
}

/* After rs_smtp_close: everything that began has ended. */
static inline void log_finish(struct log *l)
{
	if (l->in_content != UINT32_MAX)
		log_raw(&l->said, "\"\n", 2);
	l->in_content = UINT32_MAX;
	LOG_CHECK(l->begun == l->ended);
	LOG_CHECK(!l->open);
}

#endif
