/* SPDX-License-Identifier: Apache-2.0 */
#include "control/ct_address.h"

#include "control/ct_text.h"

/* What encloses the byte under the eye: a comma, colon or semicolon separates only outside all of these. */
struct place {
	bool quoted; /* "..." (3.2.4) */
	bool angle; /* <...>, where routes have commas and colons (4.4) */
	bool literal; /* [...], where IPv6 has colons (3.4.1) */
	unsigned comment; /* depth of (...) (3.2.2) */
};

/* Steps over p[i] and says whether it stands in the open. */
static bool in_the_open(struct place *at, const uint8_t *p, size_t n, size_t *i)
{
	uint8_t c = p[(*i)++];
	if (c == '\\' && (at->quoted || at->comment || at->literal)) {
		if (*i < n)
			(*i)++;
		return false;
	}
	if (at->quoted) {
		at->quoted = c != '"';
		return false;
	}
	if (at->comment) {
		if (c == '(')
			at->comment++;
		else if (c == ')')
			at->comment--;
		return false;
	}
	if (at->literal) {
		at->literal = c != ']';
		return false;
	}
	switch (c) {
	case '"':
		at->quoted = true;
		return false;
	case '(':
		at->comment = 1;
		return false;
	case '[':
		at->literal = true;
		return false;
	case '<':
		at->angle = true;
		return false;
	case '>':
		at->angle = false;
		return false;
	}
	return !at->angle;
}

static bool blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool add(struct ct_charsets *c, const uint8_t *p, size_t from, size_t to, struct ct_list *list)
{
	while (from < to && blank(p[from]))
		from++;
	while (to > from && blank(p[to - 1]))
		to--;
	return from == to || ct_list_add(list, ct_text_decode(c, p + from, to - from));
}

bool ct_address_split(struct ct_charsets *c, const uint8_t *p, size_t n, struct ct_list *list)
{
	struct place at = { 0 };
	size_t from = 0; /* of the address under way */
	size_t group = n; /* where the group's name began; n: in no group */
	size_t members = 0; /* addresses in the list before the group */
	for (size_t i = 0; i < n;) {
		size_t here = i;
		if (!in_the_open(&at, p, n, &i))
			continue;
		switch (p[here]) {
		case ':':
			if (group != n)
				break;
			group = from;
			members = list->n;
			from = i;
			break;
		case ',':
			if (!add(c, p, from, here, list))
				return false;
			from = i;
			break;
		case ';':
			if (!add(c, p, from, here, list))
				return false;
			from = i;
			if (group != n && list->n == members && !add(c, p, group, i, list))
				return false;
			group = n;
			break;
		}
	}
	if (!add(c, p, from, n, list))
		return false;
	/* A group that does not end, "nobody:", has a name all the same. */
	return group == n || list->n != members || add(c, p, group, n, list);
}
