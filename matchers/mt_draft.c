/* SPDX-License-Identifier: Apache-2.0 */
#include "matchers/mt_draft.h"

#include "matchers/mt_keyword.h"

static const struct action {
	const char *name;
	enum mt_action action;
} actions[] = {
	{ "alert", MT_ALERT },      { "drop", MT_DROP },         { "reject", MT_REJECT }, { "rejectsrc", MT_REJECT },
	{ "rejectdst", MT_REJECT }, { "rejectboth", MT_REJECT }, { "pass", MT_PASS },
};

static enum mt_parsed read_action(struct mt_reading *r, struct mt_word w)
{
	for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
		if (mt_word_is(w, actions[i].name)) {
			r->d->rule.action = actions[i].action;
			r->d->rule.action_name = actions[i].name;
			return MT_PARSE_OK;
		}
	}
	return mt_parse_fail(r->p, w.p, "unknown action \"%.*s\"", mt_word_shown(w), w.p);
}

static enum mt_parsed read_header(struct mt_reading *r)
{
	struct mt_word h[MT_HEADER_FIELDS];

	if (mt_parse_header(r->p, h) != MT_PARSE_OK || read_action(r, h[MT_HEADER_ACTION]) != MT_PARSE_OK)
		return MT_PARSE_BAD;
	if (!mt_word_is(h[MT_HEADER_PROTOCOL], "smtp") && !mt_word_is(h[MT_HEADER_PROTOCOL], "tcp"))
		return mt_parse_fail(r->p, h[MT_HEADER_PROTOCOL].p,
				     "protocol \"%.*s\" is not supported; smtp and tcp are",
				     mt_word_shown(h[MT_HEADER_PROTOCOL]), h[MT_HEADER_PROTOCOL].p);
	for (int i = MT_HEADER_SOURCE; i < MT_HEADER_FIELDS; i++) {
		if (i == MT_HEADER_DIRECTION) {
			if (!mt_word_is(h[i], "->") && !mt_word_is(h[i], "<>"))
				return mt_parse_fail(r->p, h[i].p, "\"->\" or \"<>\" expected");
			continue;
		}
		if (!mt_word_is(h[i], "any"))
			return mt_parse_fail(r->p, h[i].p, "%s \"%.*s\" is not supported; \"any\" is",
					     i == MT_HEADER_SOURCE || i == MT_HEADER_TARGET ? "address" : "port",
					     mt_word_shown(h[i]), h[i].p);
	}
	return MT_PARSE_OK;
}

static enum mt_parsed make_patterns(struct mt_reading *r)
{
	struct mt_draft *d = r->d;

	r->o = NULL;
	d->uses = mt_arena_get(r->a, r->nitems * sizeof *d->uses);
	if (!d->uses)
		return mt_parse_fail_memory(r->p);
	for (size_t i = 0; i < r->nitems;) {
		struct mt_draft_use *u = &d->uses[d->nuses++];
		int took = mt_pattern_make(r->p, r->items + i, r->nitems - i, r->a, &u->pattern);
		if (took < 0)
			return mt_parse_fail_memory(r->p);
		if (!took)
			return MT_PARSE_BAD;
		u->negated = r->items[i].negated;
		mt_parse_place(r->p, r->items[i].at, &u->line, &u->column);
		i += (size_t)took;
	}
	return MT_PARSE_OK;
}

/* criteria:N counts different patterns: one that stands twice is one. */
static enum mt_parsed check_criteria(struct mt_reading *r)
{
	const struct mt_draft *d = r->d;
	uint32_t different = 0;

	if (!d->criteria)
		return MT_PARSE_OK;
	for (size_t i = 0; i < d->nuses; i++) {
		bool again = d->uses[i].negated;
		for (size_t j = 0; j < i && !again; j++)
			again = !d->uses[j].negated && !mt_pattern_compare(&d->uses[j].pattern, &d->uses[i].pattern);
		different += !again;
	}
	if (d->criteria > different)
		return mt_parse_fail(r->p, r->criteria_at, "criteria:%u, but the rule has %u contents that can match",
				     d->criteria, different);
	return MT_PARSE_OK;
}

static enum mt_parsed finish(struct mt_reading *r)
{
	struct mt_draft *d = r->d;

	if (!d->rule.sid)
		return mt_parse_fail(r->p, r->p->rule + r->p->rule_len - 1, "no sid in the rule");
	if (!r->nitems)
		return mt_parse_fail(r->p, r->p->rule + r->p->rule_len - 1,
				     "no content or pcre in the rule: nothing to look for");
	if (make_patterns(r) != MT_PARSE_OK || check_criteria(r) != MT_PARSE_OK)
		return MT_PARSE_BAD;
	d->rule.buffer = r->items[0].buffer;
	if (!d->rule.priority)
		d->rule.priority = 3;
	return MT_PARSE_OK;
}

enum mt_parsed mt_draft_parse(struct mt_parse *p, struct mt_arena *a, struct mt_draft *d)
{
	static const char *const no_metadata[] = { NULL };
	struct mt_option o;
	struct mt_reading r = { .p = p, .a = a, .d = d };
	enum mt_parsed more;

	*d = (struct mt_draft){ .warning = "" };
	d->rule = (struct mt_rule){
		.gid = 1, .msg = "", .classtype = "", .category = "", .class_name = "rule", .metadata = no_metadata
	};
	mt_parse_place(p, p->rule + p->pos, &d->rule.line, &(unsigned){ 0 });
	if (read_header(&r) != MT_PARSE_OK)
		return MT_PARSE_BAD;
	r.o = &o;
	while ((more = mt_parse_option(p, &o)) == MT_PARSE_OK)
		if (mt_keyword_read(&r) != MT_PARSE_OK)
			return MT_PARSE_BAD;
	return more == MT_PARSE_END ? finish(&r) : MT_PARSE_BAD;
}
