/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_content_private.h"

#include <string.h>

#include "control/ct_policy.h"
#include "dataplane/dp_anomaly.h"

const struct dp_doubted dp_doubted_forgotten = { CT_REASON_OVERLOAD, DP_DOUBT_OTHER, "stream.repetition_not_compared" };
const struct dp_doubted dp_doubted_mptcp = { CT_REASON_UNSUPPORTED, DP_DOUBT_OTHER + 1, "tcp.mptcp" };
const struct dp_doubted dp_doubted_cut = { CT_REASON_GAP, DP_DOUBT_OTHER + 3, "tcp.segment_cut" };
const struct dp_doubted dp_doubted_no_room = { CT_REASON_OVERLOAD, DP_DOUBT_OTHER + 2, "tcp.held_limit" };

struct dp_message *dp_message_begin(struct dp_session *s, uint32_t tx_id)
{
	struct dp_inspect *ins = s->ins;
	ins->account->seen++;
	ins->account->open++;
	struct dp_message *m = dp_inspect_has_room(ins) ? rs_pool_get(&ins->messages) : NULL;
	struct ct_record *r = m ? dp_record_get(ins, CT_MESSAGE) : NULL;
	if (!r) {
		rs_pool_put(&ins->messages, m);
		return NULL;
	}
	memset(m, 0, sizeof *m);
	m->session = s;
	m->rec = r;
	m->action = MT_NONE;
	m->tx_id = tx_id;
	m->client_gaps = s->client_gaps;
	LIST_INSERT_HEAD(&s->messages, m, link);
	ins->identify(s->connection, &r->flow);
	r->tx_id = tx_id;

	uint8_t helo[RS_SMTP_LINE_MAX];
	size_t n = dp_session_helo(s, helo);
	if (n > 0)
		dp_record_note(ins, r, CT_NOTE_HELO, 0, 0, helo, n);
	dp_session_note_via(s, r);
	if (s->doubt)
		dp_message_doubt(m, dp_doubted_of(s->doubt - 1u));
	s->doubt = 0;
	if (s->mptcp)
		dp_message_doubt(m, &dp_doubted_mptcp);
	return m;
}

void dp_message_end_unheld(struct dp_session *s)
{
	s->ins->account->open--;
	s->ins->account->unscanned[CT_REASON_OVERLOAD]++;
}

void dp_message_reason(struct dp_message *m, enum ct_reason r)
{
	m->reasons |= 1u << r;
}

void dp_message_doubt(struct dp_message *m, const struct dp_doubted *d)
{
	dp_message_reason(m, d->reason);
	if (m->doubts & (1u << d->number))
		return;
	m->doubts |= 1u << d->number;
	dp_record_note(m->session->ins, m->rec, CT_NOTE_ERROR, 0, 0, d->name, strlen(d->name));
}

/* Where the mark is: the first literal; where a regular expression begins is not known. */
static const struct mt_hit *first_hit(const struct mt_ruleset *rs, const struct mt_rule *rule,
                                      const struct mt_hit *const *hits, size_t nhits)
{
	const struct mt_hit *first = NULL;
	for (size_t i = 0; i < nhits; i++) {
		bool literal = mt_ruleset_criterion(rs, rule->buffer, hits[i]->criterion)->literal_len > 0;
		if (literal && (!first || hits[i]->from < first->from))
			first = hits[i];
	}
	return first ? first : nhits ? hits[0] : NULL;
}

void dp_message_match(struct dp_message *m, struct dp_content *c, struct dp_file *f, const struct mt_rule *rule,
                      size_t rule_index, const struct mt_hit *const *hits, size_t nhits)
{
	struct dp_inspect *ins = m->session->ins;
	c->matched = true;
	if (rule->action < m->action)
		m->action = (uint8_t)rule->action;
	/* Another reading told it. */
	if (c->twin && dp_views_reads_alike(c, !f || !f->outer))
		return;
	const struct mt_hit *first = first_hit(ins->rules, rule, hits, nhits);
	struct ct_mark mark = { .rule = (uint32_t)rule_index, .line = first ? first->line : 0,
				.offset = first ? first->from : 0 };
	/* Without its mark, what describes it would join the mark before. */
	if (!dp_record_note(ins, m->rec, CT_NOTE_MARK, 0, 0, &mark, sizeof mark))
		return;
	dp_record_note(ins, m->rec, CT_NOTE_MARK_PART, 0, 0, c->part, strlen(c->part));
	if (c->file && (c->file->rec || (f && f != c->file))) {
		dp_file_step(ins, m->rec, CT_NOTE_MARK_FILE, c->file);
		dp_file_path(ins, m->rec, CT_NOTE_MARK_PATH, f ? f : c->file);
	}
	for (size_t i = 0; i < nhits; i++) {
		struct ct_hit hit = { .offset = hits[i]->from, .line = hits[i]->line, .criterion = hits[i]->criterion,
				      .buffer = (uint8_t)rule->buffer };
		dp_record_note(ins, m->rec, CT_NOTE_MARK_HIT, 0, 0, &hit, sizeof hit);
		dp_record_more(ins, m->rec, hits[i]->text, hits[i]->text_len);
	}
}

/* "Unscanned" only when nothing matched; a pass rule takes the message out (INTERFACE, "Verdicts and actions"). */
static enum ct_verdict judge(enum mt_action action, uint32_t reasons)
{
	switch (action) {
	case MT_PASS:
		return CT_CLEAN;
	case MT_DROP:
	case MT_REJECT:
		return CT_INFECTED;
	case MT_ALERT:
		return CT_SUSPICIOUS;
	default:
		return reasons ? CT_UNSCANNED : CT_CLEAN;
	}
}

enum ct_verdict dp_message_verdict(unsigned set)
{
	return judge(mt_actions_first(set), DP_PEEK_REASONS(set));
}

unsigned dp_message_peek(struct dp_message *m, bool as_if_ended)
{
	unsigned set = MT_ACTION_BIT(m->action) & MT_ACTIONS;
	if (m->content)
		set |= dp_content_peek(m->content, as_if_ended);
	return as_if_ended ? set | m->reasons << DP_PEEK_SHIFT : set;
}

static enum ct_reason first_reason(uint32_t reasons)
{
	for (unsigned r = 1; r < CT_REASON_MAX; r++)
		if (reasons & (1u << r))
			return r;
	return CT_REASON_NONE;
}

static enum ct_action would_of(uint8_t action)
{
	switch (action) {
	case MT_PASS:
		return CT_ACT_PASS;
	case MT_DROP:
		return CT_ACT_DROP;
	case MT_REJECT:
		return CT_ACT_REJECT;
	case MT_ALERT:
		return CT_ACT_ALERT;
	default:
		return CT_ACT_NONE;
	}
}

/* splitmix64: spreads connection and message number over an incident's id. */
static uint64_t mix(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

static void note_errors(struct dp_inspect *ins, const struct dp_message *m)
{
	for (unsigned a = 0; a < RS_SMTP_ANOMALY_MAX; a++)
		if (m->smtp_errors & (UINT32_C(1) << a)) {
			const char *name = rs_smtp_anomaly_name(a);
			dp_record_note(ins, m->rec, CT_NOTE_ERROR, 0, 0, name, strlen(name));
		}
	for (unsigned f = 0; f < RS_ZIP_FAULTS; f++)
		if (m->zip_errors & (UINT32_C(1) << f)) {
			const char *name = rs_zip_fault_name(f);
			dp_record_note(ins, m->rec, CT_NOTE_ERROR, 0, 0, name, strlen(name));
		}
	for (unsigned a = 0; a < RS_MIME_ANOMALY_MAX; a++)
		if (m->mime_errors & (UINT64_C(1) << a)) {
			const char *name = rs_mime_anomaly_name(a);
			dp_record_note(ins, m->rec, CT_NOTE_ERROR, 0, 0, name, strlen(name));
		}
}

#define PEEKS_MAX 64

static uint64_t incident_of(const struct dp_message *m)
{
	return mix(m->rec->flow.id + m->tx_id) | 1;
}

enum ct_action dp_message_decide(struct dp_message *m, bool open)
{
	/* Judging costs far more than the three bytes that ask for it. No honest sender's mail has many such lines. */
	if (open && ++m->peeks > PEEKS_MAX)
		m->smuggled = true;
	unsigned set = dp_message_peek(m, open && !m->smuggled);
	return ct_policy_action(m->session->ins->config, set & MT_ACTIONS, m->reasons | (open ? DP_PEEK_REASONS(set) : 0), m->smuggled);
}

void dp_message_take(struct dp_message *m, enum ct_action action)
{
	m->taken = (uint8_t)action;
	m->rec->u.message.incident = incident_of(m);
}

/* What was done about it, and what would have been where it could have. */
static void note_action(struct dp_message *m, enum ct_verdict verdict)
{
	struct ct_message *r = &m->rec->u.message;
	if (verdict == CT_INFECTED || verdict == CT_SUSPICIOUS) {
		r->action = CT_ACT_ALERT;
		r->incident = incident_of(m);
	}
	enum ct_action would = m->session->ins->inline_ ? dp_message_decide(m, false) : would_of(m->action);
	if (m->taken != CT_ACT_NONE)
		r->action = m->taken;
	else if (would != CT_ACT_ALERT)
		r->would = (uint8_t)would;
}

void dp_message_end(struct dp_message *m)
{
	struct dp_session *s = m->session;
	struct dp_inspect *ins = s->ins;
	struct ct_record *r = m->rec;
	enum ct_verdict verdict = judge(m->action, m->reasons);
	enum ct_reason reason = first_reason(m->reasons);

	note_errors(ins, m);
	r->u.message.verdict = (uint8_t)verdict;
	r->u.message.reason = (uint8_t)reason;
	r->u.message.direction = s->direction;
	note_action(m, verdict);

	ins->account->open--;
	if (verdict == CT_UNSCANNED)
		ins->account->unscanned[reason]++;
	else
		ins->account->verdict[verdict]++;
	r->n = ins->number(s->connection);
	dp_record_put(ins, r);
	LIST_REMOVE(m, link);
	rs_pool_put(&ins->messages, m);
}
