/* SPDX-License-Identifier: Apache-2.0 */
#include "control/ct_reply.h"

#include <string.h>

#include "control/ct_config_keys.h"
#include "control/ct_names.h"

#define MARK CT_REPLY_INCIDENT
#define MARK_LEN (sizeof MARK - 1)

/* The longest line: code, enhanced code and text with a space between, each mark in the text replaced. */
_Static_assert(4 + sizeof "5.123.123" + CT_REPLY_TEXT_MAX + CT_REPLY_TEXT_MAX / MARK_LEN * (CT_INCIDENT_SIZE - 1 - MARK_LEN) + 2 <=
		       CT_REPLY_MAX,
	       "any configured text fits a line");

struct line {
	char *to;
	size_t n, size; /* n > size: there was no room */
};

static void put(struct line *l, const char *p, size_t n)
{
	if (l->n + n <= l->size)
		memcpy(l->to + l->n, p, n);
	l->n += n;
}

static void put_code(struct line *l, uint32_t code)
{
	const char digits[] = { (char)('0' + code / 100 % 10), (char)('0' + code / 10 % 10), (char)('0' + code % 10), ' ' };
	put(l, digits, sizeof digits);
}

static void put_text(struct line *l, const char *text, const char *incident)
{
	const char *mark;
	for (; (mark = strstr(text, MARK)); text = mark + MARK_LEN) {
		put(l, text, (size_t)(mark - text));
		put(l, incident, strlen(incident));
	}
	put(l, text, strlen(text));
}

size_t ct_reply_text(char *to, size_t size, const struct ct_config *c, enum ct_action a, uint64_t incident)
{
	struct line l = { to, 0, size };
	char name[CT_INCIDENT_SIZE];
	if (a != CT_ACT_REJECT && a != CT_ACT_TEMPFAIL)
		return 0;
	bool later = a == CT_ACT_TEMPFAIL;
	const char *enhanced = later ? "4.7.1" : c->reject.enhanced;
	ct_incident_name(incident, name);
	put_code(&l, later ? 451 : c->reject.code);
	if (*enhanced) {
		put(&l, enhanced, strlen(enhanced));
		put(&l, " ", 1);
	}
	put_text(&l, later ? c->reject.tempfail_text : c->reject.text, name);
	put(&l, "\r\n", 2);
	return l.n <= size ? l.n : 0;
}
