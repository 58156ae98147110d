/* SPDX-License-Identifier: Apache-2.0 */
/* An incident, for a person: who, to whom, what, why, and what became of it. What is not known says so. */
#include <stdlib.h>
#include <string.h>

#include "control/ct_columns.h"
#include "control/ct_flow.h"
#include "control/ct_names.h"
#include "control/ct_render_private.h"

#define MARGIN 2
#define INDENT 11

struct block {
	FILE *to;
	const struct ct_incident *i;
	struct ct_style style;
	struct ct_columns c;
};

static void begin(struct block *b, const char *label)
{
	ct_columns_begin(&b->c, b->to, b->style, MARGIN, INDENT, label, CT_DIM);
}

static void end(struct block *b)
{
	ct_columns_end(&b->c);
}

/* What a buffer holds, kept together or word by word; the buffer is emptied. */
static void put_unit(struct block *b, struct ct_buf *text, enum ct_colour colour)
{
	char *s = ct_buf_take(text);
	if (s)
		ct_columns_unit(&b->c, s, colour);
	free(s);
}

static void put_words(struct block *b, struct ct_buf *text, enum ct_colour colour)
{
	char *s = ct_buf_take(text);
	if (s)
		ct_columns_words(&b->c, s, colour);
	free(s);
}

static void print_head(struct block *b)
{
	const struct ct_incident *i = b->i;
	bool infected = i->message.verdict == CT_INFECTED;
	char name[CT_INCIDENT_SIZE], time[CT_TIME_SIZE];
	struct ct_buf where = { 0 };
	ct_columns_begin(&b->c, b->to, b->style, 0, INDENT, infected ? "INFECTED" : "SUSPICIOUS",
			 infected ? CT_RED : CT_YELLOW);
	ct_incident_name(i->message.incident, name);
	ct_columns_unit(&b->c, name, CT_PLAIN);
	ct_time_person(i->time, time);
	ct_columns_space(&b->c);
	ct_columns_unit(&b->c, time, CT_PLAIN);
	ct_buf_puts(&where, i->input);
	if (i->pcap_cnt)
		ct_buf_printf(&where, " #%llu", (unsigned long long)i->pcap_cnt);
	ct_columns_space(&b->c);
	put_unit(b, &where, CT_PLAIN);
	if (i->message.direction != CT_DIR_UNKNOWN) {
		ct_columns_space(&b->c);
		ct_columns_unit(&b->c, i->message.direction == CT_DIR_INBOUND ? "inbound" : "outbound", CT_PLAIN);
	}
	end(b);
}

static void print_from(struct block *b)
{
	const struct ct_view *v = &b->i->view;
	char endpoint[CT_ENDPOINT_SIZE];
	struct ct_buf client = { 0 };
	begin(b, "from");
	ct_columns_words(&b->c,
			 !v->mail_from     ? "not seen"
			 : v->mail_from[0] ? v->mail_from
					   : "<> (the null sender)",
			 CT_PLAIN);
	ct_flow_endpoint(b->i->flow.src, b->i->flow.sport, endpoint);
	ct_buf_printf(&client, "(%s, %s)", v->helo ? v->helo : "HELO not seen", endpoint);
	ct_columns_space(&b->c);
	put_unit(b, &client, CT_PLAIN);
	end(b);
}

/* The From field, which is what the recipient's mail program shows; left out where it says the same as the envelope. */
static void print_author(struct block *b)
{
	const struct ct_view *v = &b->i->view;
	if (v->from && v->mail_from) {
		size_t n = strlen(v->mail_from);
		const char *from = v->from[0] == '<' ? v->from + 1 : v->from;
		if (n && !strncmp(from, v->mail_from, n) && (!from[n] || !strcmp(from + n, ">")))
			return;
	}
	begin(b, "author");
	ct_columns_words(&b->c,
			 v->from && v->from[0]    ? v->from
			 : b->i->message.complete ? "none"
						  : "not seen",
			 CT_PLAIN);
	end(b);
}

static void print_to(struct block *b)
{
	const struct ct_view *v = &b->i->view;
	size_t n = v->rcpt_to.n, unnamed = b->i->message.rcpts > n ? b->i->message.rcpts - n : 0;
	begin(b, "to");
	for (size_t i = 0; i < n; i++) {
		const char *reply = i < v->nrcpt_reply ? v->rcpt_reply[i] : NULL;
		struct ct_buf rcpt = { 0 };
		ct_buf_puts(&rcpt, v->rcpt_to.v[i]);
		if (reply && reply[0] != '2')
			ct_buf_printf(&rcpt, " (refused: %s)", reply);
		if (i + 1 < n || unnamed)
			ct_buf_puts(&rcpt, ",");
		put_unit(b, &rcpt, CT_PLAIN);
	}
	if (unnamed) {
		struct ct_buf rest = { 0 };
		ct_buf_printf(&rest, "%s%zu %s found no room", n ? "and " : "", unnamed,
			      n ? "more, whose names" : "recipients, whose names");
		put_words(b, &rest, CT_PLAIN);
	} else if (!n) {
		ct_columns_words(&b->c, "not seen", CT_PLAIN);
	}
	end(b);
}

static void print_server(struct block *b)
{
	const struct ct_message *m = &b->i->message;
	const char *reply = b->i->view.reply;
	char endpoint[CT_ENDPOINT_SIZE];
	struct ct_buf said = { 0 };
	ct_flow_endpoint(b->i->flow.dst, b->i->flow.dport, endpoint);
	begin(b, "server");
	if (m->reply_code)
		ct_buf_printf(&said, "%s said %u %s", endpoint, m->reply_code, reply ? reply : "");
	else
		ct_buf_printf(&said, "%s, reply not seen", endpoint);
	put_words(b, &said, CT_PLAIN);
	ct_columns_space(&b->c);
	ct_columns_unit(&b->c,
			m->delivered == CT_DELIVERED_YES  ? "(delivered)"
			: m->delivered == CT_DELIVERED_NO ? "(not delivered)"
							  : "(delivery unknown)",
			CT_PLAIN);
	end(b);
}

static void print_subject(struct block *b)
{
	const char *s = b->i->view.subject;
	begin(b, "subject");
	if (!s)
		s = b->i->message.complete ? "none" : "not seen";
	ct_columns_words(&b->c, s[strspn(s, " ")] ? s : "empty", CT_PLAIN);
	end(b);
}

/* What the mark stands in, as one says it: the attachment's name, or the part's number. */
static void put_attachment(struct ct_buf *to, const struct ct_view_mark *m)
{
	if (m->file && m->file[0])
		ct_buf_puts(to, m->file);
	else if (m->part && m->part[0])
		ct_buf_printf(to, "part %s, which has no name", m->part);
	else
		ct_buf_puts(to, "a part without a name");
}

static bool same(const char *a, const char *b)
{
	return !strcmp(a ? a : "", b ? b : "");
}

static bool same_file(const struct ct_view_mark *a, const struct ct_view_mark *b)
{
	if (a->path.n != b->path.n || !same(a->file, b->file) || !same(a->part, b->part))
		return false;
	for (size_t i = 0; i < a->path.n; i++)
		if (strcmp(a->path.v[i], b->path.v[i]) != 0)
			return false;
	return true;
}

static void print_file(struct block *b, const struct ct_view_mark *m)
{
	begin(b, "file");
	struct ct_buf text = { 0 };
	size_t n = m->path.n;
	if (!n)
		put_attachment(&text, m);
	for (size_t i = 0; i < n; i++) {
		ct_buf_printf(&text, "%s%s", m->path.v[i][0] ? m->path.v[i] : "(no name)", i + 1 < n ? " >" : "");
		if (i + 1 < n)
			put_unit(b, &text, CT_PLAIN);
	}
	put_unit(b, &text, CT_PLAIN);
	end(b);
}

static size_t shown_hits(const struct ct_view_mark *m)
{
	return m->nliterals ? m->nliterals : m->nhits;
}

static bool all_lines_known(const struct ct_view_mark *m)
{
	for (size_t i = 0; i < shown_hits(m); i++)
		if (!m->hits[i].hit.line)
			return false;
	return true;
}

/* "(details.zip @lines 20 + 24)": lines of the attachment as it travelled, where they are known. */
static void put_place(struct ct_buf *to, const struct ct_view_mark *m)
{
	bool lines = shown_hits(m) ? all_lines_known(m) : m->mark.line;
	ct_buf_puts(to, "(");
	put_attachment(to, m);
	ct_buf_printf(to, " @%s%s ", lines ? "line" : "offset", shown_hits(m) > 1 ? "s" : "");
	if (!shown_hits(m))
		ct_buf_printf(to, "%llu",
			      lines ? (unsigned long long)m->mark.line : (unsigned long long)m->mark.offset);
	for (size_t i = 0; i < shown_hits(m); i++) {
		const struct ct_hit *h = &m->hits[i].hit;
		ct_buf_printf(to, "%s%llu", i ? " + " : "",
			      lines ? (unsigned long long)h->line : (unsigned long long)h->offset);
	}
	ct_buf_puts(to, ")");
}

static const char *done(enum ct_action a)
{
	switch (a) {
	case CT_ACT_ALERT:
		return "alerted";
	case CT_ACT_REJECT:
		return "rejected";
	case CT_ACT_DROP:
		return "dropped";
	case CT_ACT_RESET:
		return "reset";
	case CT_ACT_TEMPFAIL:
		return "put off";
	case CT_ACT_PASS:
		return "let through";
	case CT_ACT_NONE:
	case CT_ACT_MAX:
		break;
	}
	return "nothing done";
}

/* "[9000020 loadertype, would reject]"; what was done stands at the rule that decided it. */
static void put_rule(struct ct_buf *to, const struct ct_incident *i, const struct ct_view_mark *m)
{
	ct_buf_printf(to, "[%u %s", m->rule->sid, m->rule->class_name);
	if (m->rule == ct_view_deciding(&i->view)->rule) {
		if (i->message.would != CT_ACT_NONE)
			ct_buf_printf(to, ", would %s", ct_action_name((enum ct_action)i->message.would));
		else
			ct_buf_printf(to, ", %s", done((enum ct_action)i->message.action));
	}
	ct_buf_puts(to, "]");
}

static void print_why(struct block *b, const struct ct_view_mark *m)
{
	enum ct_colour colour = b->i->message.verdict == CT_INFECTED ? CT_RED : CT_YELLOW;
	struct ct_buf text = { 0 };
	begin(b, "why");
	for (size_t i = 0; i < shown_hits(m); i++) {
		const struct ct_view_hit *h = &m->hits[i];
		ct_buf_printf(&text, "%s%s", i ? "+ " : "",
			      h->text[0]        ? h->text
			      : h->criterion[0] ? h->criterion
						: "(bytes)");
		put_unit(b, &text, colour);
	}
	put_place(&text, m);
	put_unit(b, &text, CT_PLAIN);
	ct_columns_break(&b->c);
	ct_columns_words(&b->c, m->rule->msg, CT_PLAIN);
	ct_columns_space(&b->c);
	put_rule(&text, b->i, m);
	put_unit(b, &text, CT_PLAIN);
	end(b);
}

/* Each file once, with all its reasons under it. */
static void print_marks(struct block *b)
{
	const struct ct_view *v = &b->i->view;
	for (size_t i = 0; i < v->nmarks; i++) {
		size_t first = 0;
		while (!same_file(&v->marks[first], &v->marks[i]))
			first++;
		if (first < i)
			continue;
		print_file(b, &v->marks[i]);
		for (size_t j = i; j < v->nmarks; j++)
			if (same_file(&v->marks[i], &v->marks[j]))
				print_why(b, &v->marks[j]);
	}
	if (!v->nmarks) {
		begin(b, "why");
		ct_columns_words(&b->c, "the marks found no room in the record", CT_PLAIN);
		end(b);
	}
}

static void print_note(struct block *b, struct ct_buf *text)
{
	begin(b, "note");
	put_words(b, text, CT_PLAIN);
	end(b);
}

static void print_notes(struct block *b)
{
	const struct ct_message *m = &b->i->message;
	const struct ct_view *v = &b->i->view;
	struct ct_buf text = { 0 };
	if (!m->complete) {
		ct_buf_puts(&text, "its end was not seen");
		print_note(b, &text);
	}
	if (m->reason != CT_REASON_NONE) {
		ct_buf_printf(&text, "some of it could not be looked into: %s",
			      ct_reason_name((enum ct_reason)m->reason));
		print_note(b, &text);
	}
	if (v->errors.n) {
		ct_buf_puts(&text, "faults:");
		for (size_t i = 0; i < v->errors.n; i++)
			ct_buf_printf(&text, " %s%s", v->errors.v[i], i + 1 < v->errors.n ? "," : "");
		print_note(b, &text);
	}
	if (v->lost) {
		ct_buf_printf(&text, "%u pieces of text found no room in the record", v->lost);
		print_note(b, &text);
	}
}

void ct_print_incident(FILE *to, const struct ct_incident *i, struct ct_style style)
{
	struct block b = { .to = to, .i = i, .style = style };
	print_head(&b);
	print_from(&b);
	print_author(&b);
	print_to(&b);
	print_server(&b);
	print_subject(&b);
	print_marks(&b);
	print_notes(&b);
	fputc('\n', to);
}
