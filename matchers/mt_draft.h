/* SPDX-License-Identifier: Apache-2.0 */
/* mt_draft: what one rule says, before anything is compiled: its header and options understood and checked, its
 * contents as patterns.
 *
 * Owner:  one load. Memory: the arena given. */
#ifndef MT_DRAFT_H
#define MT_DRAFT_H

#include "matchers/mt_pattern.h"

#define MT_DRAFT_ITEMS_MAX 64 /* contents and pcres of one rule; a rule of more is refused */

struct mt_draft_use { /* one pattern of the rule */
	struct mt_pattern pattern;
	bool negated;
	unsigned line, column; /* where it stands */
	size_t criterion; /* its number in the buffer, once that is known */
};

struct mt_draft {
	struct mt_rule rule; /* all but file */
	struct mt_draft_use *uses;
	size_t nuses;
	uint32_t criteria; /* how many of the patterns that are not negated must match; 0 for all */
	unsigned sid_line, sid_column;
	const char *warning; /* "" where there is none */
	unsigned warning_line, warning_column;
	bool never; /* it can match nothing that mail carries (warned about) */
};

/* Understands the rule that mt_parse_rule found. MT_PARSE_BAD: refused, why and where stands in p. */
enum mt_parsed mt_draft_parse(struct mt_parse *p, struct mt_arena *a, struct mt_draft *d);

#endif
