/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/tcp/rs_stream_oracle.h"

#include <string.h>

void rs_oracle_init(struct rs_oracle *o, enum rs_overlap_policy policy)
{
	memset(o, 0, sizeof *o);
	o->policy = policy;
	for (int i = 0; i < RS_ORACLE_SPAN; i++)
		o->owner[i] = -1;
}

uint8_t rs_oracle_byte(const struct rs_oracle *o, uint32_t at)
{
	const struct rs_oracle_segment *s = &o->seg[o->owner[at]];
	return s->byte[at - s->off];
}

int rs_oracle_compare(const struct rs_oracle *o, uint32_t off, uint32_t len, const uint8_t *byte)
{
	for (uint32_t at = off; at < off + len; at++)
		if (at >= o->acked && o->owner[at] >= 0 && rs_oracle_byte(o, at) != byte[at - off])
			return (int)at;
	return -1;
}

/* Whether a run has any byte left that was not handed on. */
static bool is_held(const struct rs_oracle *o, int run)
{
	for (uint32_t at = o->next; at < RS_ORACLE_SPAN; at++)
		if (o->owner[at] >= 0 && o->seg[o->owner[at]].run == run)
			return true;
	return false;
}

/* Linux: the held run that a segment is appended to. It ends where the segment begins, and no older one begins between. */
static int appended_to(const struct rs_oracle *o, uint32_t off)
{
	if (off <= o->next || o->owner[off - 1] < 0)
		return -1;
	int before = o->seg[o->owner[off - 1]].run;
	if (o->run[before].end != off)
		return -1;
	for (int r = 0; r < o->n; r++) {
		bool between = o->run[r].begin > o->run[before].begin && o->run[r].begin <= off;
		if (between && is_held(o, r) && o->run[r].born < o->run[before].born)
			return -1;
	}
	return before;
}

void rs_oracle_add(struct rs_oracle *o, uint32_t off, uint32_t len, const uint8_t *byte)
{
	int id = o->n, run = -1;
	struct rs_oracle_segment *s = &o->seg[id];
	*s = (struct rs_oracle_segment){ .off = off, .len = len };
	memcpy(s->byte, byte, len);
	if (o->policy == RS_OVERLAP_LINUX)
		run = appended_to(o, off);
	struct rs_extent mine = { run >= 0 ? o->run[run].begin : off, off + len };
	int born = run >= 0 ? o->run[run].born : id;
	bool won[RS_ORACLE_SPAN] = { 0 };
	for (uint32_t at = off; at < off + len; at++) {
		if (at < o->next)
			continue;
		const struct rs_oracle_run *r = o->owner[at] < 0 ? NULL : &o->run[o->seg[o->owner[at]].run];
		won[at] = !r || rs_overlap_takes(o->policy, (struct rs_extent){ r->begin, r->end }, mine);
		/* It takes the place of the one with its beginning. */
		if (r && won[at] && r->begin == mine.begin)
			born = r->born;
	}
	s->run = run >= 0 ? run : id;
	o->n++;
	bool any = false;
	for (uint32_t at = off; at < off + len; at++)
		if (won[at]) {
			o->owner[at] = id;
			any = true;
		}
	if (any || run < 0)
		o->run[s->run] = (struct rs_oracle_run){ (uint32_t)mine.begin, (uint32_t)mine.end, born };
	while (o->next < RS_ORACLE_SPAN && o->owner[o->next] >= 0)
		o->next++;
}
