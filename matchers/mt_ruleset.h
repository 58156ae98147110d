/* SPDX-License-Identifier: Apache-2.0 */
/* mt_ruleset: what mt_rules makes and mt_scan runs. Private to matchers/.
 *
 * Owner:  control; immutable once mt_ruleset_load has returned, and then read by all workers. */
#ifndef MT_RULESET_H
#define MT_RULESET_H

#include "matchers/mt_arena.h"
#include "matchers/mt_compile.h"
#include "matchers/mt_rules.h"

struct mt_condition { /* when a rule matches, over the criteria of its buffer */
	uint32_t rule;
	uint16_t need; /* how many of the wanted */
	uint16_t nwanted, nunwanted;
	const uint16_t *criteria; /* the wanted, then the unwanted */
};

struct mt_buffer_rules {
	struct mt_database database;
	struct mt_criterion *criteria; /* by Hyperscan's number */
	size_t ncriteria;
	struct mt_condition *conditions; /* in rule order */
	size_t nconditions;
	bool by_absence; /* some rule can match when no criterion was seen */
	uint64_t depth;
	/* Without one of these criteria no rule matches; NULL: there is none like that, and any buffer may match. */
	hs_database_t *keys;
	uint32_t key_row; /* each of them has so many bytes of text side by side */
};

struct mt_ruleset {
	struct mt_arena arena;
	struct mt_rule *rules;
	size_t nrules;
	struct mt_buffer_rules buffers[MT_BUFFER_MAX];
	char id[17];
};

#endif
