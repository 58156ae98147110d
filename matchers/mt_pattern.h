/* SPDX-License-Identifier: Apache-2.0 */
/* mt_pattern: the contents of a rule as expressions for Hyperscan.
 *
 * A lone content is one expression; contents tied together by distance and within are one expression too, so that
 * Hyperscan keeps the distances. Memory: the arena given. */
#ifndef MT_PATTERN_H
#define MT_PATTERN_H

#include <stdbool.h>
#include <stdint.h>

#include "matchers/mt_arena.h"
#include "matchers/mt_parse.h"
#include "matchers/mt_rules.h"

#define MT_PATTERN_GAP_MAX 32767 /* Hyperscan's largest bound of a repeat */

/* An expression, as hs_compile_ext_multi takes it. */
struct mt_pattern {
	const char *expression;
	unsigned flags;
	uint64_t min_offset, max_offset; /* of the match's end; 0 where not asked for */

	uint64_t depth; /* bytes of the buffer that can matter; UINT64_MAX for all */
	uint32_t row; /* so many bytes of text (rs_row) stand side by side wherever it matches; 0: not known */
	struct mt_criterion criterion;
};

/* Equal patterns are one criterion, whatever rule they come from. */
int mt_pattern_compare(const struct mt_pattern *a, const struct mt_pattern *b);

enum mt_modifier { MT_NOCASE, MT_STARTSWITH, MT_FAST, MT_DEPTH, MT_OFFSET, MT_DISTANCE, MT_WITHIN, MT_MODIFIERS };

/* A content or pcre with what is said about it, in the order of the rule. */
struct mt_item {
	enum mt_buffer buffer;
	bool negated;
	const char *at; /* in the rule's text: for complaints */
	const char *expression; /* of a pcre; NULL for a content */
	unsigned flags; /* of a pcre */
	const char *shown; /* of a pcre, with its slashes */
	const uint8_t *bytes; /* of a content */
	uint32_t len;
	const char *given[MT_MODIFIERS]; /* where each modifier stands; NULL where it does not */
	int64_t value[MT_MODIFIERS];
};

/* Decodes "|hex|" and escapes of a content. Complaints go to p. */
enum mt_parsed mt_pattern_content(struct mt_parse *p, struct mt_word text, struct mt_arena *a, struct mt_item *item);
/* Takes "/regex/flags" apart. */
enum mt_parsed mt_pattern_pcre(struct mt_parse *p, struct mt_word text, struct mt_arena *a, struct mt_item *item);

/* Makes one expression of items[0], which begins a chain, and those after it that are relative to it. Answers how many
 * items it took; 0 when they cannot be expressed (the complaint is in p), -ENOMEM when memory is out. */
int mt_pattern_make(struct mt_parse *p, const struct mt_item *items, size_t n, struct mt_arena *a,
		    struct mt_pattern *out);

#endif
