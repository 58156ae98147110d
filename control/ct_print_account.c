/* SPDX-License-Identifier: Apache-2.0 */
/* The account, for a person: both sums as sums, and what else was counted. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "control/ct_columns.h"
#include "control/ct_render_private.h"

#define INDENT 11
#define NUMBER_SIZE 32

static const char *grouped(uint64_t v, char out[NUMBER_SIZE])
{
	char *p = out + NUMBER_SIZE - 1;
	*p = '\0';
	for (unsigned digits = 0; digits == 0 || v; digits++, v /= 10) {
		if (digits && digits % 3 == 0)
			*--p = ',';
		*--p = (char)('0' + v % 10);
	}
	return p;
}

struct sum {
	struct ct_columns c;
	size_t digits; /* width of the numbers that the sums begin with */
};

static void begin(struct sum *s, FILE *to, struct ct_style style, const char *label, uint64_t total, const char *what)
{
	char number[NUMBER_SIZE], text[NUMBER_SIZE];
	ct_columns_begin(&s->c, to, style, 0, INDENT, label, CT_DIM);
	const char *digits = grouped(total, number);
	/* The spaces before the number are no words: they belong to the label's column. */
	for (size_t n = strlen(digits); n < s->digits; n++, s->c.column++)
		fputc(' ', to);
	snprintf(text, sizeof text, "%s", digits);
	ct_columns_unit(&s->c, text, CT_PLAIN);
	ct_columns_unit(&s->c, what, CT_PLAIN);
}

static void term(struct sum *s, const char *sign, uint64_t v, const char *what)
{
	char number[NUMBER_SIZE], text[128];
	snprintf(text, sizeof text, "%s %s %s", sign, grouped(v, number), what);
	ct_columns_unit(&s->c, text, CT_PLAIN);
}

struct reason {
	const char *name;
	uint64_t v;
};

/* "(30 fragment, 4 truncated)", those that are not zero */
static void reasons(struct sum *s, const struct reason *r, size_t n)
{
	char number[NUMBER_SIZE], text[128];
	bool first = true;
	for (size_t i = 0; i < n; i++) {
		if (!r[i].v)
			continue;
		bool last = true;
		for (size_t j = i + 1; j < n; j++)
			last = last && !r[j].v;
		snprintf(text, sizeof text, "%s%s %s%s", first ? "(" : "", grouped(r[i].v, number), r[i].name,
			 last ? ")" : ",");
		ct_columns_unit(&s->c, text, CT_PLAIN);
		first = false;
	}
}

/* Whether the sum holds, and by how much it does not. */
static void finish(struct sum *s, uint64_t total, uint64_t terms)
{
	char number[NUMBER_SIZE], text[128];
	ct_columns_space(&s->c);
	ct_columns_space(&s->c);
	if (total == terms) {
		ct_columns_unit(&s->c, "ok", CT_GREEN);
	} else {
		bool missing = total > terms;
		snprintf(text, sizeof text, "WRONG: %s %s", grouped(missing ? total - terms : terms - total, number),
			 missing ? "not accounted for" : "too many");
		ct_columns_unit(&s->c, text, CT_RED);
	}
	ct_columns_end(&s->c);
}

static void print_packets(struct sum *s, FILE *to, const struct ct_account *a, const char *const *drop_names,
			  size_t ndrops, struct ct_style style)
{
	struct reason r[CT_DROP_MAX];
	for (size_t i = 0; i < CT_DROP_MAX; i++)
		r[i] = (struct reason){ i < ndrops && drop_names[i] ? drop_names[i] : "for a reason without a name",
					a->dropped[i] };
	bool forwards = a->forwarded || a->sent || a->injected;
	begin(s, to, style, "packets", a->received, "received");
	if (forwards)
		term(s, "=", a->forwarded, "forwarded");
	term(s, forwards ? "+" : "=", a->consumed, "consumed");
	term(s, "+", ct_account_dropped(a), "dropped");
	reasons(s, r, CT_DROP_MAX);
	term(s, "+", a->held, "held");
	finish(s, a->received, a->forwarded + a->consumed + ct_account_dropped(a) + a->held);
	if (!forwards)
		return;
	begin(s, to, style, "", a->sent, "sent");
	term(s, "=", a->forwarded, "forwarded");
	term(s, "+", a->injected, "injected");
	finish(s, a->sent, a->forwarded + a->injected);
}

static void print_messages(struct sum *s, FILE *to, const struct ct_account *a, struct ct_style style)
{
	struct reason r[CT_REASON_MAX];
	for (size_t i = 0; i < CT_REASON_MAX; i++)
		r[i] = (struct reason){ i ? ct_reason_name((enum ct_reason)i) : "for no reason given",
					a->unscanned[i] };
	uint64_t unscanned = ct_account_unscanned(a);
	begin(s, to, style, "messages", a->seen, "seen");
	term(s, "=", a->verdict[CT_CLEAN], "clean");
	term(s, "+", a->verdict[CT_INFECTED], "infected");
	term(s, "+", a->verdict[CT_SUSPICIOUS], "suspicious");
	term(s, "+", unscanned, "unscanned");
	reasons(s, r, CT_REASON_MAX);
	finish(s, a->seen, a->verdict[CT_CLEAN] + a->verdict[CT_INFECTED] + a->verdict[CT_SUSPICIOUS] + unscanned);
}

/* One group: those of its counters that are not zero. */
static void print_group(FILE *to, const char *group, const struct ct_counter *counters, size_t n, struct ct_style style)
{
	struct ct_columns c;
	bool begun = false;
	for (size_t i = 0; i < n; i++) {
		if (!counters[i].value || strcmp(counters[i].group, group) != 0)
			continue;
		bool last = true;
		for (size_t j = i + 1; j < n; j++)
			last = last && (!counters[j].value || strcmp(counters[j].group, group) != 0);
		if (!begun)
			ct_columns_begin(&c, to, style, 0, INDENT, group, CT_DIM);
		begun = true;
		char number[NUMBER_SIZE], text[128];
		snprintf(text, sizeof text, "%s %s%s", grouped(counters[i].value, number), counters[i].name,
			 last ? "" : ",");
		ct_columns_unit(&c, text, CT_PLAIN);
	}
	if (begun)
		ct_columns_end(&c);
}

static void print_counters(FILE *to, const struct ct_counter *counters, size_t n, struct ct_style style)
{
	for (size_t i = 0; i < n; i++) {
		size_t first = 0;
		while (strcmp(counters[first].group, counters[i].group) != 0)
			first++;
		if (first == i)
			print_group(to, counters[i].group, counters, n, style);
	}
}

static void print_rules(FILE *to, const struct mt_ruleset *rs, size_t refused, struct ct_style style)
{
	struct ct_columns c;
	char number[NUMBER_SIZE], text[128];
	ct_columns_begin(&c, to, style, 0, INDENT, "rules", CT_DIM);
	snprintf(text, sizeof text, "%s loaded,", grouped(rs ? mt_ruleset_count(rs) : 0, number));
	ct_columns_unit(&c, text, CT_PLAIN);
	snprintf(text, sizeof text, "%s refused", grouped(refused, number));
	ct_columns_unit(&c, text, refused ? CT_YELLOW : CT_PLAIN);
	if (rs) {
		snprintf(text, sizeof text, "(ruleset %s)", mt_ruleset_id(rs));
		ct_columns_unit(&c, text, CT_DIM);
	}
	ct_columns_end(&c);
}

static size_t digits_of(uint64_t v)
{
	char number[NUMBER_SIZE];
	return strlen(grouped(v, number));
}

void ct_print_account(FILE *to, const struct ct_account *a, const char *const *drop_names, size_t ndrops,
		      const struct ct_counter *counters, size_t ncounters, const struct mt_ruleset *rs, size_t refused,
		      struct ct_style style)
{
	struct sum s = { 0 };
	uint64_t totals[] = { a->received, a->sent, a->seen };
	for (size_t i = 0; i < 3; i++)
		if (digits_of(totals[i]) > s.digits)
			s.digits = digits_of(totals[i]);
	print_packets(&s, to, a, drop_names, ndrops, style);
	print_messages(&s, to, a, style);
	print_counters(to, counters, ncounters, style);
	print_rules(to, rs, refused, style);
}
