/* SPDX-License-Identifier: Apache-2.0 */
/* Loading happens in three steps: read every rule as a draft, make the databases (which may still refuse a rule),
 * then lay down what is left for the workers. */
#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "matchers/mt_cache.h"
#include "matchers/mt_draft.h"
#include "matchers/mt_file.h"
#include "matchers/mt_ruleset.h"
#include "reassembly/rs_row.h"

struct candidate { /* a rule of the files, in their order */
	struct mt_draft draft;
	const char *file;
	const char *text; /* its lines joined */
	const char *refused; /* why; NULL when it loads */
	unsigned line, column;
	struct candidate *next;
};

struct loading {
	struct mt_ruleset *rs;
	struct candidate *first, **last;
	size_t ncandidates;
	void *sids; /* tree of candidates by gid and sid */
};

static int compare_sid(const void *va, const void *vb)
{
	const struct mt_rule *a = &((const struct candidate *)va)->draft.rule;
	const struct mt_rule *b = &((const struct candidate *)vb)->draft.rule;
	if (a->gid != b->gid)
		return a->gid < b->gid ? -1 : 1;
	return (a->sid > b->sid) - (a->sid < b->sid);
}

static void keep(void *node)
{
	(void)node; /* it is the arena's */
}

static int refuse(struct loading *l, struct candidate *e, unsigned line, unsigned column, const char *reason)
{
	e->line = line;
	e->column = column;
	e->refused = mt_arena_text(&l->rs->arena, reason, strlen(reason));
	return e->refused ? 0 : -ENOMEM;
}

/* A sid stands for one rule in records and in the operator's mind: the first keeps it. */
static int check_sid(struct loading *l, struct candidate *e)
{
	struct candidate *const *found = tsearch(e, &l->sids, compare_sid);
	if (!found)
		return -ENOMEM;
	if (*found == e)
		return 0;
	const struct candidate *other = *found;
	const char *reason = mt_arena_format(&l->rs->arena, "sid %u is taken by the rule at %s:%u", e->draft.rule.sid,
					     other->file, other->draft.rule.line);
	return reason ? refuse(l, e, e->draft.sid_line, e->draft.sid_column, reason) : -ENOMEM;
}

static int add_rule(struct loading *l, struct mt_parse *p, const char *file, bool delimited)
{
	struct candidate *e = mt_arena_get(&l->rs->arena, sizeof *e);
	if (!e)
		return -ENOMEM;
	e->file = file;
	e->draft.warning = "";
	*l->last = e;
	l->last = &e->next;
	l->ncandidates++;
	if (delimited && mt_draft_parse(p, &l->rs->arena, &e->draft) == MT_PARSE_OK) {
		e->draft.rule.file = file;
		e->text = mt_arena_text(&l->rs->arena, p->rule, p->rule_len);
		return e->text ? check_sid(l, e) : -ENOMEM;
	}
	if (p->no_memory)
		return -ENOMEM;
	e->draft.rule.sid = mt_parse_sid(p);
	return refuse(l, e, p->bad_line, p->bad_column, p->reason);
}

static int read_rules(struct loading *l, const char *file, const char *text, size_t size)
{
	struct mt_parse p;
	enum mt_parsed got;
	int r = mt_parse_init(&p, text, size);

	while (!r && (got = mt_parse_rule(&p)) != MT_PARSE_END)
		r = add_rule(l, &p, file, got == MT_PARSE_OK);
	mt_parse_free(&p);
	return r;
}

static int read_path(struct loading *l, const char *path)
{
	char *text;
	size_t size;
	const char *file = mt_arena_text(&l->rs->arena, path, strlen(path));
	if (!file)
		return -ENOMEM;
	int r = mt_file_read(path, &text, &size);
	if (r)
		return r;
	/* What some editors put before a text to say that it is UTF-8. */
	size_t mark = size >= 3 && !memcmp(text, "\xef\xbb\xbf", 3) ? 3 : 0;
	r = read_rules(l, file, text + mark, size - mark);
	free(text);
	return r;
}

/* The patterns of one buffer, equal ones once. */
struct patterns {
	const struct mt_pattern **v;
	size_t n, room;
	void *tree;
};

struct numbered {
	const struct mt_pattern *pattern; /* first, so that it can be compared */
	size_t number;
};

static int compare_pattern(const void *a, const void *b)
{
	return mt_pattern_compare(((const struct numbered *)a)->pattern, ((const struct numbered *)b)->pattern);
}

static void patterns_free(struct patterns *ps)
{
	tdestroy(ps->tree, free);
	free(ps->v);
	*ps = (struct patterns){ 0 };
}

static int patterns_add(struct patterns *ps, const struct mt_pattern *p, size_t *number)
{
	struct numbered *node = malloc(sizeof *node), **found;
	if (!node)
		return -ENOMEM;
	*node = (struct numbered){ p, ps->n };
	found = tsearch(node, &ps->tree, compare_pattern);
	if (!found || *found != node)
		free(node);
	if (!found)
		return -ENOMEM;
	*number = (*found)->number;
	if (*found != node)
		return 0;
	if (ps->n == ps->room) {
		ps->room = ps->room ? ps->room * 2 : 64;
		const struct mt_pattern **more = realloc(ps->v, ps->room * sizeof *more);
		if (!more)
			return -ENOMEM;
		ps->v = more;
	}
	ps->v[ps->n++] = p;
	return 0;
}

static bool uses_buffer(const struct candidate *e, enum mt_buffer b)
{
	return !e->refused && e->draft.rule.buffer == b;
}

static int collect(struct loading *l, enum mt_buffer b, struct patterns *ps)
{
	patterns_free(ps);
	for (struct candidate *e = l->first; e; e = e->next) {
		if (!uses_buffer(e, b))
			continue;
		/* mt_hit numbers criteria with 16 bits. */
		if (ps->n + e->draft.nuses > UINT16_MAX) {
			int r = refuse(l, e, e->draft.rule.line, 1,
				       "the rules before it use up all 65535 criteria of this buffer");
			if (r)
				return r;
			continue;
		}
		for (size_t i = 0; i < e->draft.nuses; i++) {
			int r = patterns_add(ps, &e->draft.uses[i].pattern, &e->draft.uses[i].criterion);
			if (r)
				return r;
		}
	}
	return 0;
}

static int refuse_users(struct loading *l, enum mt_buffer b, size_t criterion, const char *reason)
{
	int r = 0;
	for (struct candidate *e = l->first; e && !r; e = e->next) {
		if (!uses_buffer(e, b))
			continue;
		for (size_t i = 0; i < e->draft.nuses && !r && !e->refused; i++)
			if (e->draft.uses[i].criterion == criterion)
				r = refuse(l, e, e->draft.uses[i].line, e->draft.uses[i].column, reason);
	}
	return r;
}

/* Asks Hyperscan about each pattern by itself. Answers how many rules' patterns it does not take, or -ENOMEM. */
static int check_each(struct loading *l, enum mt_buffer b, const struct patterns *ps, bool *at_end)
{
	int n = 0;
	*at_end = false;
	for (size_t i = 0; i < ps->n; i++) {
		struct mt_complaint bad;
		bool end = false;
		int r = mt_compile_check(ps->v[i], &end, &bad);
		if (r == -EINVAL) {
			n++;
			r = refuse_users(l, b, i, bad.reason);
		}
		if (r)
			return r;
		*at_end |= end;
	}
	return n;
}

static int make_database(struct loading *l, enum mt_buffer b, const char *cache, struct patterns *ps)
{
	struct mt_database *db = &l->rs->buffers[b].database;
	unsigned char key[MT_CACHE_KEY];
	struct mt_complaint bad = { 0 };
	bool checked = false, at_end = false;
	int r;

	/* Each round that does not succeed refuses a rule, so this ends. */
	for (;;) {
		r = collect(l, b, ps);
		if (r || !ps->n)
			return r;
		if (cache && ((r = mt_cache_key(ps->v, ps->n, key)) || mt_cache_load(cache, key, db)))
			return r;
		if (!checked) {
			r = check_each(l, b, ps, &at_end);
			checked = r == 0;
			if (r < 0)
				return r;
			if (r)
				continue;
		}
		r = mt_compile(ps->v, ps->n, db, &bad);
		if (!r)
			break;
		if (r != -EINVAL || (r = refuse_users(l, b, bad.pattern, bad.reason)))
			return r;
		checked = false; /* at_end may have been of the one that is gone */
	}
	db->at_end = at_end;
	if (cache)
		mt_cache_store(cache, key, db);
	return 0;
}

static bool holds(const uint16_t *v, size_t n, size_t x)
{
	for (size_t i = 0; i < n; i++)
		if (v[i] == x)
			return true;
	return false;
}

static int make_condition(struct loading *l, const struct mt_draft *d, size_t rule, struct mt_condition *c)
{
	uint16_t *v = mt_arena_get(&l->rs->arena, d->nuses * sizeof *v);
	if (!v)
		return -ENOMEM;
	*c = (struct mt_condition){ .rule = (uint32_t)rule, .criteria = v };
	for (size_t i = 0; i < d->nuses; i++)
		if (!d->uses[i].negated && !holds(v, c->nwanted, d->uses[i].criterion))
			v[c->nwanted++] = (uint16_t)d->uses[i].criterion;
	uint16_t *u = v + c->nwanted;
	for (size_t i = 0; i < d->nuses; i++)
		if (d->uses[i].negated && !holds(u, c->nunwanted, d->uses[i].criterion))
			u[c->nunwanted++] = (uint16_t)d->uses[i].criterion;
	c->need = d->criteria ? (uint16_t)d->criteria : c->nwanted;
	return 0;
}

static int lay_criteria(struct loading *l, enum mt_buffer b, const struct patterns *ps)
{
	struct mt_buffer_rules *br = &l->rs->buffers[b];

	br->criteria = mt_arena_get(&l->rs->arena, ps->n * sizeof *br->criteria);
	if (!br->criteria)
		return -ENOMEM;
	br->ncriteria = ps->n;
	for (size_t i = 0; i < ps->n; i++) {
		br->criteria[i] = ps->v[i]->criterion;
		if (ps->v[i]->depth > br->depth)
			br->depth = ps->v[i]->depth;
	}
	return 0;
}

static int lay_rules(struct loading *l)
{
	struct mt_ruleset *rs = l->rs;
	size_t n = l->ncandidates;

	rs->rules = mt_arena_get(&rs->arena, n * sizeof *rs->rules);
	if (!rs->rules)
		return -ENOMEM;
	for (int b = 0; b < MT_BUFFER_MAX; b++) {
		rs->buffers[b].conditions = mt_arena_get(&rs->arena, n * sizeof(struct mt_condition));
		if (!rs->buffers[b].conditions)
			return -ENOMEM;
	}
	for (struct candidate *e = l->first; e; e = e->next) {
		if (e->refused)
			continue;
		struct mt_buffer_rules *br = &rs->buffers[e->draft.rule.buffer];
		size_t i = rs->nrules++;
		rs->rules[i] = e->draft.rule;
		if (e->draft.never)
			continue;
		struct mt_condition *c = &br->conditions[br->nconditions++];
		int r = make_condition(l, &e->draft, i, c);
		if (r)
			return r;
		br->by_absence |= !c->nwanted;
	}
	return 0;
}

/* Of what a condition wants: so many that it cannot hold without one of them, and of these the longest. */
static void choose_keys(const struct mt_buffer_rules *br, const struct mt_condition *c, bool *is_key)
{
	size_t left = c->nwanted - c->need + 1u;
	for (uint32_t i = 0; i < c->nwanted && left > 0; i++) {
		const uint32_t len = br->criteria[c->criteria[i]].literal_len;
		size_t longer = 0; /* that go before it */
		for (uint32_t j = 0; j < c->nwanted; j++) {
			const uint32_t other = br->criteria[c->criteria[j]].literal_len;
			longer += other > len || (other == len && j < i);
		}
		is_key[c->criteria[i]] |= longer < left;
	}
}

/* A buffer without keys is no error: it is only slower. */
static int make_keys(struct mt_buffer_rules *br, const struct patterns *ps)
{
	struct mt_complaint bad;
	size_t n = 0;
	int r = -ENOMEM;
	if (!ps->n || br->by_absence)
		return 0;
	bool *is_key = calloc(ps->n, sizeof *is_key);
	const struct mt_pattern **v = calloc(ps->n, sizeof(struct mt_pattern *));
	if (!is_key || !v)
		goto out;
	for (size_t i = 0; i < br->nconditions; i++)
		choose_keys(br, &br->conditions[i], is_key);
	br->key_row = RS_ROW_MAX;
	for (size_t i = 0; i < ps->n; i++) {
		if (!is_key[i])
			continue;
		v[n++] = ps->v[i];
		if (ps->v[i]->row < br->key_row)
			br->key_row = ps->v[i]->row;
	}
	r = n ? mt_compile_block(v, n, &br->keys, &bad) : 0;
	if (r == -EINVAL)
		r = 0;
out:
	free(is_key);
	free(v);
	return r;
}

static int make_id(struct loading *l)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	int ok = md && EVP_DigestInit_ex(md, EVP_sha256(), NULL);

	for (const struct candidate *e = l->first; e; e = e->next)
		if (!e->refused)
			ok &= ok && EVP_DigestUpdate(md, e->text, strlen(e->text) + 1);
	ok = ok && EVP_DigestFinal_ex(md, digest, NULL);
	EVP_MD_CTX_free(md);
	for (int i = 0; ok && i < 16; i++)
		l->rs->id[i] = "0123456789abcdef"[digest[i / 2] >> (i % 2 ? 0 : 4) & 15];
	return ok ? 0 : -ENOMEM;
}

static int make_report(struct loading *l, struct mt_report *report)
{
	report->refused = mt_arena_get(&l->rs->arena, l->ncandidates * sizeof *report->refused);
	report->warnings = mt_arena_get(&l->rs->arena, l->ncandidates * sizeof *report->warnings);
	if (!report->refused || !report->warnings)
		return -ENOMEM;
	for (const struct candidate *e = l->first; e; e = e->next) {
		const struct mt_draft *d = &e->draft;
		if (e->refused)
			report->refused[report->nrefused++] =
				(struct mt_refusal){ e->file, e->line, e->column, d->rule.sid, e->refused };
		else if (*d->warning)
			report->warnings[report->nwarnings++] =
				(struct mt_refusal){ e->file, d->warning_line, d->warning_column, d->rule.sid,
						     d->warning };
	}
	report->loaded = l->rs->nrules;
	return 0;
}

static int read_default(struct loading *l)
{
	return read_rules(l, "default.rules (built in)", mt_default_rules(), strlen(mt_default_rules()));
}

static int load_all(struct loading *l, const struct mt_load *load, struct mt_report *report, const char **bad_path)
{
	struct patterns ps[MT_BUFFER_MAX] = { 0 };
	int r = 0;

	if (!load->npaths)
		r = read_default(l);
	for (size_t i = 0; i < load->npaths && !r; i++) {
		r = strcmp(load->paths[i], "default") == 0 ? read_default(l) : read_path(l, load->paths[i]);
		if (r)
			*bad_path = load->paths[i];
	}
	for (int b = 0; b < MT_BUFFER_MAX && !r; b++) {
		r = make_database(l, b, load->cache_dir, &ps[b]);
		if (!r)
			r = lay_criteria(l, b, &ps[b]);
	}
	if (!r)
		r = lay_rules(l);
	for (int b = 0; b < MT_BUFFER_MAX; b++) {
		if (!r)
			r = make_keys(&l->rs->buffers[b], &ps[b]);
		patterns_free(&ps[b]);
	}
	if (!r)
		r = make_id(l);
	return r ? r : make_report(l, report);
}

/* The one complaint of a load that failed altogether. */
static void report_failure(struct mt_report *report, const char *path, int error)
{
	static struct mt_refusal out_of_memory = { .file = "", .reason = "out of memory" };
	struct mt_arena a = { NULL };
	struct mt_refusal *f = mt_arena_get(&a, sizeof *f);

	*report = (struct mt_report){ .refused = &out_of_memory, .nrefused = 1 };
	if (f) {
		f->file = mt_arena_text(&a, path, strlen(path));
		f->reason = mt_arena_text(&a, strerror(-error), strlen(strerror(-error)));
	}
	if (!f || !f->file || !f->reason) {
		mt_arena_free(&a);
		return;
	}
	report->refused = f;
	report->owned = a.blocks;
}

int mt_ruleset_load(const struct mt_load *load, struct mt_ruleset **out, struct mt_report *report)
{
	struct loading l = { .rs = calloc(1, sizeof *l.rs) };
	const char *bad_path = "";
	int r = -ENOMEM;

	*report = (struct mt_report){ .owned = NULL };
	*out = NULL;
	l.last = &l.first;
	if (l.rs)
		r = load_all(&l, load, report, &bad_path);
	tdestroy(l.sids, keep);
	if (r) {
		report_failure(report, bad_path, r);
		mt_ruleset_free(l.rs);
		return r;
	}
	*out = l.rs;
	return 0;
}
