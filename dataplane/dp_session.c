/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_session.h"

#include <string.h>

#include "control/ct_policy.h"
#include "dataplane/dp_anomaly.h"

static void *on_tx_begin(void *arg, uint32_t n)
{
	return dp_message_begin(arg, n);
}

static void free_helo(struct dp_session *s)
{
	for (struct ct_block *b; (b = s->helo.more);) {
		s->helo.more = b->next;
		rs_pool_put(&s->ins->blocks, b);
	}
	s->helo.len = 0;
}

/* Where blocks are out the name is cut. */
static void on_helo(void *arg, const uint8_t *name, size_t len)
{
	struct dp_session *s = arg;
	struct dp_helo *h = &s->helo;
	free_helo(s);
	size_t n = len < sizeof h->text ? len : sizeof h->text, end = len < RS_SMTP_LINE_MAX ? len : RS_SMTP_LINE_MAX;
	memcpy(h->text, name, n);
	for (struct ct_block **link = &h->more; n < end && (*link = rs_pool_get(&s->ins->blocks)); link = &(*link)->next) {
		struct ct_block *b = *link;
		b->next = NULL;
		b->used = (uint32_t)(end - n < sizeof b->data ? end - n : sizeof b->data);
		memcpy(b->data, name + n, b->used);
		n += b->used;
	}
	h->len = (uint16_t)n;
}

size_t dp_session_helo(const struct dp_session *s, uint8_t *to)
{
	const struct dp_helo *h = &s->helo;
	size_t n = h->len < sizeof h->text ? h->len : sizeof h->text;
	memcpy(to, h->text, n);
	for (const struct ct_block *b = h->more; b; b = b->next) {
		memcpy(to + n, b->data, b->used);
		n += b->used;
	}
	return n;
}

/* Where there is no block the records do not tell it, and are complete but for that: it was never proved. */
static void on_via(void *arg, enum rs_smtp_via what, const uint8_t *p, size_t n)
{
	struct dp_session *s = arg;
	if (!s->via && n && (s->via = rs_pool_get(&s->ins->blocks)))
		memset(s->via->data, 0, sizeof(struct dp_via));
	if (!s->via)
		return;
	struct dp_via *via = (struct dp_via *)s->via->data;
	size_t before = what != RS_VIA_PROXY && n ? via->len[what] : 0, room = sizeof via->text[what] - before;
	if (before && room > 1) {
		via->text[what][before++] = ' ';
		room--;
	}
	if (what != RS_VIA_PROXY)
		for (; n > room; n--)
			if (p[n - 1] == ' ' && n - 1 <= room)
				break;
	n = n < room ? n : room;
	if (n)
		memcpy(via->text[what] + before, p, n);
	via->len[what] = (uint8_t)(before + n);
}

void dp_session_note_via(struct dp_session *s, struct ct_record *r)
{
	static const enum ct_note_kind kinds[RS_VIA_MAX] = { CT_NOTE_PROXY, CT_NOTE_XCLIENT, CT_NOTE_XFORWARD };
	if (!s->via)
		return;
	struct dp_via *via = (struct dp_via *)s->via->data;
	for (unsigned i = 0; i < RS_VIA_MAX; i++)
		if (via->len[i])
			dp_record_note(s->ins, r, kinds[i], 0, 0, via->text[i], via->len[i]);
	via->len[RS_VIA_XFORWARD] = 0;
}

static void on_mail_from(void *arg, void *tx, const uint8_t *path, size_t len, const uint8_t *params, size_t params_len)
{
	struct dp_session *s = arg;
	struct dp_message *m = tx;
	(void)params;
	(void)params_len;
	if (m)
		dp_record_note(s->ins, m->rec, CT_NOTE_MAIL_FROM, 0, 0, path, len);
}

static void on_rcpt_to(void *arg, void *tx, uint32_t i, const uint8_t *path, size_t len)
{
	struct dp_session *s = arg;
	struct dp_message *m = tx;
	if (!m)
		return;
	m->rec->u.message.rcpts++;
	dp_record_note(s->ins, m->rec, CT_NOTE_RCPT_TO, 0, (uint16_t)i, path, len);
}

static void note_reply(struct dp_session *s, struct dp_message *m, enum ct_note_kind kind, uint32_t i,
                       const struct rs_smtp_reply *r)
{
	if (kind == CT_NOTE_RCPT_REPLY) {
		uint8_t code[4] = { (uint8_t)('0' + r->code / 100 % 10), (uint8_t)('0' + r->code / 10 % 10),
				    (uint8_t)('0' + r->code % 10), ' ' };
		if (dp_record_note(s->ins, m->rec, kind, 0, (uint16_t)i, code, r->text_len ? 4 : 3) && r->text_len)
			dp_record_more(s->ins, m->rec, r->text, r->text_len);
	} else {
		m->rec->u.message.reply_code = r->code;
		dp_record_note(s->ins, m->rec, kind, 0, 0, r->text, r->text_len);
	}
}

/* From where on the server reads commands is not known, and whatever would be guessed is another reading than its own. Nothing more of
 * the client goes on. */
static void stop_reading(struct dp_session *s)
{
	if (!s->hold || s->closed || dp_session_refused(s))
		return;
	s->refused = CT_ACT_DROP;
	s->safe = rs_smtp_position(&s->smtp);
	rs_smtp_halt(&s->smtp);
}

struct dp_message *dp_session_open(const struct dp_session *s)
{
	struct dp_message *m = s->open ? LIST_FIRST(&s->messages) : NULL;
	while (m && !m->open)
		m = LIST_NEXT(m, link);
	return m;
}

/* With this reply the server may read on in another way than it is read here: a chunk as commands, for it does not know the command
 * though it said so, or refuses the chunk without awaiting it; or as one message, or two, what came in chunks and what it then takes by
 * DATA. */
static bool goes_astray(struct dp_session *s, enum rs_smtp_verb verb, uint16_t code)
{
	if (verb == RS_VERB_DATA)
		return code / 100 == 3 && s->open;
	if (verb != RS_VERB_BDAT && verb != RS_VERB_CONTENT)
		return false;
	return (code >= 500 && code <= 502 && rs_smtp_chunking(&s->smtp)) || rs_smtp_chunk_answered(&s->smtp);
}

static void on_reply(void *arg, void *tx, enum rs_smtp_verb verb, uint32_t i, const struct rs_smtp_reply *r)
{
	struct dp_session *s = arg;
	if (s->hold && goes_astray(s, verb, r->code))
		stop_reading(s);
	if (!tx)
		return;
	/* LMTP answers the content for each recipient: that is its last word about it (RFC 2033 4.2). */
	if (verb == RS_VERB_RCPT || (verb == RS_VERB_CONTENT && s->smtp.lmtp))
		note_reply(s, tx, CT_NOTE_RCPT_REPLY, i, r);
	/* What refuses a message may decide long before it ends; the text is not kept that long. */
	if (verb == RS_VERB_CONTENT || (verb != RS_VERB_RCPT && r->code >= 400))
		note_reply(s, tx, CT_NOTE_REPLY, 0, r);
}

static void on_content_begin(void *arg, void *tx)
{
	struct dp_session *s = arg;
	struct dp_message *m = tx;
	if (!m)
		return;
	s->open = m->open = true;
	m->content = dp_content_begin(m);
}

static size_t on_bulk(void *arg, void *tx, const uint8_t *p, size_t n)
{
	struct dp_session *s = arg;
	struct dp_message *m = tx;
	if (!m || !m->content)
		return 0;
	size_t k = dp_content_bulk(m->content, p, n);
	m->rec->u.message.bytes += k;
	s->ins->stats.content_bytes += k;
	return k;
}

static void on_content(void *arg, void *tx, const uint8_t *p, size_t n)
{
	struct dp_session *s = arg;
	struct dp_message *m = tx;
	s->ins->stats.content_bytes += n;
	if (!m)
		return;
	m->rec->u.message.bytes += n;
	if (m->content)
		dp_content_feed(m->content, p, n);
}

static void on_content_gap(void *arg, void *tx, uint64_t n)
{
	struct dp_message *m = tx;
	(void)arg;
	if (!m)
		return;
	dp_message_reason(m, CT_REASON_GAP);
	if (m->content)
		dp_content_gap(m->content, n);
}

static void on_content_end(void *arg, void *tx, enum rs_smtp_end how)
{
	struct dp_session *s = arg;
	struct dp_message *m = tx;
	/* The server answered content whose end nobody saw here. */
	if (how == RS_END_BY_REPLY)
		stop_reading(s);
	if (!m)
		return;
	s->open = m->open = false;
	/* A message that its connection cut off did not come whole: whether the rest was ever sent is not known. */
	if (how == RS_END_ABORTED && s->closed && m->taken == CT_ACT_NONE)
		dp_message_reason(m, s->ending != CT_REASON_NONE ? s->ending : CT_REASON_GAP);
	/* The server saw an end that was not seen here, or gave up before it. */
	if (how == RS_END_BY_REPLY)
		dp_message_reason(m, CT_REASON_GAP);
	/* To a server that takes no bare line ends, what follows is content that nobody looks into here. */
	if (how == RS_END_BARE && rs_smtp_end_is_guess(&s->smtp))
		dp_message_reason(m, CT_REASON_MALFORMED);
	m->rec->u.message.complete = how == RS_END_DOT || how == RS_END_BARE || how == RS_END_LAST;
	if (m->content)
		dp_content_end(m->content);
	m->content = NULL;
}

static bool on_strict_begin(void *arg, void *tx)
{
	struct dp_message *m = tx;
	(void)arg;
	if (m && m->content)
		m->strict = dp_content_fork(m->content);
	return m && m->strict;
}

static void on_strict(void *arg, void *tx, const uint8_t *p, size_t n)
{
	struct dp_message *m = tx;
	(void)arg;
	dp_content_feed(m->strict, p, n);
}

static void on_strict_end(void *arg, void *tx, enum rs_smtp_end how)
{
	struct dp_session *s = arg;
	struct dp_message *m = tx;
	/* A server that took no end here may have had more of it than was read. */
	if (how == RS_END_ABORTED)
		dp_message_reason(m, s->ending != CT_REASON_NONE ? s->ending : CT_REASON_GAP);
	dp_content_end(m->strict);
	m->strict = NULL;
}

/* The server must not get this end before it is judged: here it is. */
static void on_end(void *arg, void *tx, const struct rs_smtp_end_at *e)
{
	struct dp_session *s = arg;
	struct dp_message *m = tx;
	enum ct_action action = m ? dp_message_decide(m, !e->certain) :
				    ct_policy_action(s->ins->config, 0, 1u << CT_REASON_OVERLOAD, false);
	if (!ct_action_stops(action))
		return;
	s->refused = (uint8_t)action;
	s->refused_message = m;
	s->safe = e->safe;
	s->refused_len = e->at - e->safe < UINT32_MAX ? (uint32_t)(e->at - e->safe) : UINT32_MAX;
	if (m)
		dp_message_take(m, action);
	rs_smtp_halt(&s->smtp);
}

static void on_tx_end(void *arg, void *tx, enum rs_smtp_outcome out, const struct rs_smtp_reply *r)
{
	struct dp_session *s = arg;
	struct dp_message *m = tx;
	if (!m) {
		/* There was no room for it: it was counted as seen, and nobody looked into it. */
		dp_message_end_unheld(s);
		return;
	}
	if (r && r->code != m->rec->u.message.reply_code)
		note_reply(s, m, CT_NOTE_REPLY, 0, r);
	/* Ended from outside: its end, and all of its content where that had not begun, may follow unread. */
	if (out == RS_OUT_UNKNOWN && s->ending != CT_REASON_NONE && !m->rec->u.message.complete)
		dp_message_reason(m, s->ending);
	/* Bytes of the client were lost since it began: its content, or the end of it, may have been among them. */
	if (out != RS_OUT_REJECTED && m->client_gaps != s->client_gaps && !m->rec->u.message.complete)
		dp_message_reason(m, CT_REASON_GAP);
	if (s->cut && out == RS_OUT_UNKNOWN && !m->rec->u.message.complete && m->taken == CT_ACT_NONE)
		dp_message_take(m, CT_ACT_RESET);
	switch (out) {
	case RS_OUT_ACCEPTED:
		m->rec->u.message.delivered = CT_DELIVERED_YES;
		break;
	case RS_OUT_REJECTED:
	case RS_OUT_ABANDONED:
		m->rec->u.message.delivered = CT_DELIVERED_NO;
		break;
	case RS_OUT_UNKNOWN:
		/* Its end was never forwarded. */
		m->rec->u.message.delivered = s->hold && ct_action_stops(m->taken) ? CT_DELIVERED_NO : CT_DELIVERED_UNKNOWN;
		break;
	}
	if (s->refused_message == m)
		s->refused_message = NULL;
	dp_message_end(m);
}

/* One that stands for messages that will not be seen, or cannot be read. */
static void count_unread(struct dp_session *s, enum ct_reason why)
{
	struct dp_message *m = dp_message_begin(s, rs_smtp_transactions(&s->smtp));
	if (!m) {
		dp_message_end_unheld(s);
		return;
	}
	m->rec->u.message.tls = why == CT_REASON_TLS;
	dp_message_reason(m, why);
	dp_message_end(m);
}

static void on_tls(void *arg)
{
	count_unread(arg, CT_REASON_TLS);
}

static void on_unread(void *arg, void *tx)
{
	struct dp_session *s = arg;
	/* The first one's beginning lies before what was captured. */
	const bool first = rs_smtp_transactions(&s->smtp) <= (tx ? 1 : 0);
	const enum ct_reason why = s->midstream && first && !s->client_gaps ? CT_REASON_MIDSTREAM : CT_REASON_GAP;
	if (tx)
		dp_message_reason(tx, why);
	else
		count_unread(s, why);
}

/* Between two ports what would be the client's bytes then comes by the side that is not held back. */
static void on_turn(void *arg, uint64_t began)
{
	struct dp_session *s = arg;
	if (!s->hold || s->ins->config->smtp.turn == CT_TURN_PASS || dp_session_refused(s))
		return;
	s->refused = CT_ACT_REJECT;
	s->safe = began;
	rs_smtp_halt(&s->smtp);
}

/* What no honest sender does, or what readers disagree about, is an event of its own; the rest is counted by name and
 * stands in the message's errors. */
static bool is_event(enum rs_smtp_anomaly a)
{
	return a == RS_SMTP_END_BARE_LF || a == RS_SMTP_END_BARE_CR || a == RS_SMTP_END_NUL || a == RS_SMTP_SMUGGLED ||
	       a == RS_SMTP_TURN || a == RS_SMTP_CLEAR_AFTER_STARTTLS;
}

static void on_astray(void *arg)
{
	stop_reading(arg);
}

_Static_assert(RS_SMTP_ANOMALY_MAX <= 32, "a bit of the session, and of the message, each");

static void on_anomaly(void *arg, void *tx, enum rs_smtp_anomaly a)
{
	struct dp_session *s = arg;
	struct dp_message *m = tx;
	s->ins->stats.smtp_anomaly[a]++;
	if (m)
		m->smuggled |= a == RS_SMTP_SMUGGLED;
	uint32_t *noted = m ? &m->smtp_errors : &s->anomalies;
	if (*noted & (UINT32_C(1) << a))
		return;
	*noted |= UINT32_C(1) << a;
	/* A line was lost: it may have begun a message, or said what became of one. */
	if (a == RS_SMTP_BLOCK_LIMIT && m)
		dp_message_reason(m, CT_REASON_OVERLOAD);
	else if (a == RS_SMTP_BLOCK_LIMIT)
		count_unread(s, CT_REASON_OVERLOAD);
	/* How much of what follows the server takes for content is not known. Inline it is asked before anything is read on. */
	if (a == RS_SMTP_BDAT_INVALID && m && !s->hold)
		dp_message_reason(m, CT_REASON_MALFORMED);
	if (is_event(a))
		dp_session_anomaly(s, m ? m->tx_id : rs_smtp_transactions(&s->smtp),
		                   &(struct ct_anomaly){ .event = rs_smtp_anomaly_name(a), .layer = "proto_parser", .type = "applayer" });
}

static const struct rs_smtp_ops smtp_ops = {
	.tx_begin = on_tx_begin,
	.helo = on_helo,
	.via = on_via,
	.mail_from = on_mail_from,
	.rcpt_to = on_rcpt_to,
	.reply = on_reply,
	.content_begin = on_content_begin,
	.bulk = on_bulk,
	.content = on_content,
	.content_gap = on_content_gap,
	.content_end = on_content_end,
	.strict_begin = on_strict_begin,
	.strict = on_strict,
	.strict_end = on_strict_end,
	.end = on_end,
	.astray = on_astray,
	.tx_end = on_tx_end,
	.turn = on_turn,
	.tls = on_tls,
	.anomaly = on_anomaly,
	.unread = on_unread,
};

struct dp_session *dp_session_begin(struct dp_inspect *ins, void *connection, bool midstream)
{
	struct dp_session *s = dp_inspect_has_room(ins) ? rs_pool_get(&ins->sessions) : NULL;
	if (!s) {
		ins->stats.sessions_refused++;
		return NULL;
	}
	ins->stats.sessions++;
	memset(s, 0, sizeof *s);
	s->ins = ins;
	s->connection = connection;
	s->midstream = midstream;
	rs_smtp_init(&s->smtp, &smtp_ops, s, &ins->lines, midstream);
	return s;
}

void dp_session_came_by(struct dp_session *s, const struct ct_tunnel *t)
{
	if (!s->tunnel)
		s->tunnel = rs_pool_get(&s->ins->tunnels);
	if (s->tunnel)
		*s->tunnel = *t;
}

bool dp_session_turned(struct dp_session *s)
{
	if (!rs_smtp_turned(&s->smtp))
		return false;
	if (s->hold) {
		count_unread(s, CT_REASON_UNSUPPORTED);
	} else {
		rs_smtp_turn(&s->smtp);
		free_helo(s);
		rs_pool_put(&s->ins->blocks, s->via);
		s->via = NULL;
	}
	return true;
}

size_t dp_session_data(struct dp_session *s, enum rs_smtp_dir dir, const uint8_t *p, size_t n)
{
	return rs_smtp_feed(&s->smtp, dir, p, n);
}

void dp_session_hold(struct dp_session *s)
{
	s->hold = true;
	rs_smtp_hold(&s->smtp, true);
}

void dp_session_gap(struct dp_session *s, enum rs_smtp_dir dir, uint64_t n)
{
	s->client_gaps += dir == RS_SMTP_CLIENT;
	rs_smtp_gap(&s->smtp, dir, n);
}

void dp_session_end(struct dp_session *s, enum ct_reason why)
{
	s->ending = (uint8_t)why;
	s->closed = true;
	rs_smtp_close(&s->smtp);
	/* No message came any more that they could have been of. */
	if (s->doubt)
		count_unread(s, dp_doubted_of(s->doubt - 1u)->reason);
	free_helo(s);
	rs_pool_put(&s->ins->blocks, s->via);
	rs_pool_put(&s->ins->tunnels, s->tunnel);
	rs_pool_put(&s->ins->sessions, s);
}

void dp_session_doubt(struct dp_session *s, const struct dp_doubted *d)
{
	struct dp_message *m;
	if (LIST_EMPTY(&s->messages))
		s->doubt = (uint8_t)(1 + d->number);
	LIST_FOREACH(m, &s->messages, link)
		dp_message_doubt(m, d);
}

void dp_session_anomaly(struct dp_session *s, uint32_t tx_id, const struct ct_anomaly *a)
{
	struct ct_record *r = dp_record_get(s->ins, CT_ANOMALY);
	if (!r)
		return;
	r->u.anomaly = *a;
	s->ins->identify(s->connection, &r->flow);
	r->tx_id = tx_id;
	r->n = s->ins->number(s->connection);
	dp_record_put(s->ins, r);
}
