/* SPDX-License-Identifier: Apache-2.0 */
/* Rule text as any bytes: parsed to drafts, without compiling what the drafts hold. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "matchers/mt_draft.h"

struct tally { /* what two readings of the same rules must share */
	size_t rules, good;
	uint64_t sum;
};

#define CHECK(x)                                                                                                       \
	do {                                                                                                           \
		if (!(x))                                                                                              \
			abort();                                                                                       \
	} while (0)

static uint64_t mix(uint64_t sum, uint64_t v)
{
	return (sum ^ v) * UINT64_C(0x9e3779b97f4a7c15) + (sum >> 29);
}

static uint64_t mix_text(uint64_t sum, const char *s)
{
	do
		sum = mix(sum, (unsigned char)*s);
	while (*s++);
	return sum;
}

static void check_draft(const struct mt_draft *d, struct tally *t)
{
	CHECK(d->rule.sid && d->rule.gid && d->nuses && d->nuses <= MT_DRAFT_ITEMS_MAX);
	CHECK(d->rule.priority && d->rule.msg && d->rule.classtype && d->rule.category && d->rule.class_name);
	CHECK(d->criteria <= d->nuses);
	for (size_t i = 0; d->rule.metadata[i]; i += 2)
		CHECK(d->rule.metadata[i + 1]);
	t->good++;
	t->sum = mix(mix_text(t->sum, d->rule.msg), d->rule.sid);
	for (size_t i = 0; i < d->nuses; i++) {
		const struct mt_pattern *p = &d->uses[i].pattern;
		CHECK(p->expression && *p->expression && p->criterion.text && p->depth);
		CHECK(!p->max_offset || (p->max_offset == p->depth && p->min_offset <= p->max_offset));
		t->sum = mix(mix_text(t->sum, p->expression), p->flags);
	}
}

static struct tally read_all(const char *text, size_t size)
{
	struct tally t = { 0 };
	struct mt_parse p;
	enum mt_parsed got;
	unsigned lines = 1, last = 0;

	for (size_t i = 0; i < size; i++)
		lines += text[i] == '\n';
	CHECK(mt_parse_init(&p, text, size) == 0);
	while ((got = mt_parse_rule(&p)) != MT_PARSE_END) {
		struct mt_arena a = { NULL };
		struct mt_draft d;
		t.rules++;
		if (got == MT_PARSE_OK)
			got = mt_draft_parse(&p, &a, &d);
		if (got == MT_PARSE_OK) {
			check_draft(&d, &t);
			CHECK(mt_parse_sid(&p) == d.rule.sid);
		} else {
			CHECK(p.bad_line > last && p.bad_line <= lines && p.bad_column >= 1 && *p.reason &&
			      !p.no_memory);
			t.sum = mix(mix(mix_text(t.sum, p.reason), p.bad_line), p.bad_column);
			t.sum = mix(t.sum, mt_parse_sid(&p));
		}
		CHECK(p.line > last);
		last = p.line - 1;
		mt_arena_free(&a);
	}
	mt_parse_free(&p);
	return t;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* The same rules with the line ends of another system mean the same, down to the columns. */
	char *lf = malloc(size + 1), *crlf = malloc(2 * size + 1);
	size_t nlf = 0, ncrlf = 0;
	CHECK(lf && crlf);
	for (size_t i = 0; i < size; i++) {
		if (data[i] == '\r')
			continue;
		lf[nlf++] = (char)data[i];
		if (data[i] == '\n')
			crlf[ncrlf++] = '\r';
		crlf[ncrlf++] = (char)data[i];
	}
	read_all((const char *)data, size);
	struct tally a = read_all(lf, nlf), b = read_all(crlf, ncrlf);
	CHECK(a.rules == b.rules && a.good == b.good && a.sum == b.sum);
	free(lf);
	free(crlf);
	return 0;
}
