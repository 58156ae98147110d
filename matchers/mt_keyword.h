/* SPDX-License-Identifier: Apache-2.0 */
/* mt_keyword: the table of a rule's keywords, and what each one says. */
#ifndef MT_KEYWORD_H
#define MT_KEYWORD_H

#include "matchers/mt_draft.h"

/* A rule while its options are read. */
struct mt_reading {
	struct mt_parse *p;
	struct mt_arena *a;
	struct mt_draft *d;
	const struct mt_option *o; /* the one at hand */
	struct mt_item items[MT_DRAFT_ITEMS_MAX];
	size_t nitems;
	struct mt_item *content; /* the last content: what modifiers speak of */
	bool in_buffer; /* a buffer was named */
	enum mt_buffer buffer;
	const char *criteria_at;
	unsigned seen; /* keywords that may stand once, by their place in the table */
};

/* Reads the option r->o into the draft and the items. MT_PARSE_BAD: refused, why and where stands in r->p. */
enum mt_parsed mt_keyword_read(struct mt_reading *r);

#endif
