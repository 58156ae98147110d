/* SPDX-License-Identifier: Apache-2.0 */
#include "matchers/mt_rules.h"

#include <stdlib.h>

#include "matchers/mt_ruleset.h"

void mt_ruleset_free(struct mt_ruleset *rs)
{
	if (!rs)
		return;
	for (int b = 0; b < MT_BUFFER_MAX; b++) {
		hs_free_database(rs->buffers[b].database.hs);
		hs_free_database(rs->buffers[b].keys);
	}
	mt_arena_free(&rs->arena);
	free(rs);
}

void mt_report_free(struct mt_report *report)
{
	struct mt_arena a = { report->owned };
	mt_arena_free(&a);
	*report = (struct mt_report){ .owned = NULL };
}

size_t mt_ruleset_count(const struct mt_ruleset *rs)
{
	return rs->nrules;
}

const struct mt_rule *mt_ruleset_rule(const struct mt_ruleset *rs, size_t i)
{
	return i < rs->nrules ? &rs->rules[i] : NULL;
}

size_t mt_ruleset_criteria(const struct mt_ruleset *rs, enum mt_buffer b)
{
	return rs->buffers[b].ncriteria;
}

const struct mt_criterion *mt_ruleset_criterion(const struct mt_ruleset *rs, enum mt_buffer b, size_t i)
{
	return i < rs->buffers[b].ncriteria ? &rs->buffers[b].criteria[i] : NULL;
}

const char *mt_ruleset_id(const struct mt_ruleset *rs)
{
	return rs->id;
}

uint64_t mt_ruleset_depth(const struct mt_ruleset *rs, enum mt_buffer b)
{
	return rs->buffers[b].depth;
}

uint32_t mt_ruleset_reach(const struct mt_ruleset *rs, enum mt_buffer b)
{
	const struct mt_buffer_rules *br = &rs->buffers[b];
	uint32_t reach = 0;
	for (size_t i = 0; i < br->ncriteria; i++)
		reach = br->criteria[i].literal_len > reach ? br->criteria[i].literal_len : reach;
	return reach;
}

uint32_t mt_ruleset_row(const struct mt_ruleset *rs, enum mt_buffer b)
{
	return rs->buffers[b].keys ? rs->buffers[b].key_row : 0;
}

size_t mt_ruleset_stream_size(const struct mt_ruleset *rs, enum mt_buffer b)
{
	return rs->buffers[b].database.stream_size;
}

bool mt_ruleset_cached(const struct mt_ruleset *rs, enum mt_buffer b)
{
	return rs->buffers[b].database.cached;
}
