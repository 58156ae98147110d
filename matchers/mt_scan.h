/* SPDX-License-Identifier: Apache-2.0 */
/* mt_scan: matching state of one buffer while its bytes stream past.
 *
 * Owner:  mt_worker and its streams belong to one worker; the ruleset is shared read-only. Memory: scratch,
 * max_streams streams of each buffer kind and MT_COPIES more, all taken in mt_worker_create; none after (Hyperscan's
 * streams come from blocks of ours, hs_set_stream_allocator is not needed when streams are opened once and reset).
 * Units: bytes; offsets from the buffer's first byte.
 *
 * Hyperscan reports criteria; which rules they make is decided here: all of a rule's criteria (or N of them,
 * `criteria:N`) in one buffer; negated ones are judged at the buffer's end. */
#ifndef MT_SCAN_H
#define MT_SCAN_H

#include "matchers/mt_rules.h"

#define MT_HITS_MAX 32 /* criteria remembered with their place, a stream; further ones count, without place */
#define MT_TEXT_MAX 24
#define MT_COPIES 18 /* of each buffer kind, at once: a part, archives in it 16 deep, and one for mt_stream_peek */

struct mt_hit { /* first match of a criterion in this buffer */
	uint64_t from, to; /* offsets; from == to where the start is not known */
	uint32_t line; /* set by the caller in its mt_hit_fn; 0 otherwise */
	uint16_t criterion;
	uint8_t text_len;
	char text[MT_TEXT_MAX]; /* as it stands in the buffer, unprintable bytes left out; the criterion's text when that is longer */
};

struct mt_worker;
struct mt_stream;

/* Called for the first match of each criterion, while mt_stream_scan runs. May fill hit->line. A regex that matches only
 * at the buffer's end ($, \z) is found by mt_stream_end, and no mt_hit_fn is called for it. Must not scan or end. */
typedef void (*mt_hit_fn)(void *arg, struct mt_hit *hit);
/* Called by mt_stream_end for each rule that the buffer matches, in rule order; hits are its criteria's, in the order
 * of their ends, without those whose place was lost. */
typedef void (*mt_match_fn)(void *arg, const struct mt_rule *rule, size_t rule_index, const struct mt_hit *const *hits, size_t nhits);

int mt_worker_create(const struct mt_ruleset *rs, uint32_t max_streams, struct mt_worker **out); /* 0 or -errno */
void mt_worker_free(struct mt_worker *w);

/* NULL when all streams are out (count it, and judge "limit"), or when no rule looks at this buffer
 * (mt_ruleset_depth says 0: ask first). */
struct mt_stream *mt_stream_open(struct mt_worker *w, enum mt_buffer b);
/* hit may be NULL. Only the first mt_ruleset_depth bytes are looked at. */
void mt_stream_scan(struct mt_worker *w, struct mt_stream *s, const uint8_t *p, size_t n, mt_hit_fn hit, void *arg);
/* The buffer ended: decides the rules, then gives the stream back. match may be NULL (abandon). */
void mt_stream_end(struct mt_worker *w, struct mt_stream *s, mt_match_fn match, void *arg);

/* What has matched so far, before the end: a set of actions (MT_ACTION_BIT). No hit is called, and what mt_stream_end
 * will say does not change. Not to be called from a mt_hit_fn.
 *   as_if_ended false: of the rules that match whatever the buffer's further bytes are, so of none with a negated
 *     criterion or with one that waits for the end. Looks at the rules only when a new criterion was seen since.
 *   as_if_ended true: of the rules that mt_stream_end would tell if it were called now. Where a regex waits for the end,
 *     this takes one of the MT_COPIES; when all are out, or Hyperscan refuses, mt_stream_failed is true from then on. */
unsigned mt_stream_peek(struct mt_worker *w, struct mt_stream *s, bool as_if_ended);

/* Whether a rule may match a buffer that is these n bytes and no more, at a fraction of a stream's cost. True also of buffers that none
 * does; false of none that one does. */
bool mt_worker_may_match(struct mt_worker *w, enum mt_buffer b, const uint8_t *p, size_t n);

/* A stream to go on with and throw away (mt_stream_end): of what `from` has seen, or of nothing (NULL). It calls no
 * mt_hit_fn, remembers no place, and is counted in no statistic. NULL when all MT_COPIES are out, or no rule looks. */
struct mt_stream *mt_stream_copy(struct mt_worker *w, enum mt_buffer b, struct mt_stream *from);

/* A stream like any that mt_stream_open gives, of what `from` has seen, with the places of its hits as far as there is room for
 * them. NULL when all streams are out. */
struct mt_stream *mt_stream_fork(struct mt_worker *w, struct mt_stream *from);

/* True when Hyperscan refused to scan a piece (counted in scan_errors): what the stream then says is not the whole. */
bool mt_stream_failed(const struct mt_stream *s);

struct mt_worker_stats {
	uint32_t streams_used, streams_size, streams_peak; /* of both buffers together */
	uint32_t places_used, places_size, places_peak; /* blocks of MT_HITS_MAX places */
	uint64_t no_stream; /* opens that found all out */
	uint64_t no_place; /* hits whose place was lost: no block left, or the stream's is full; the rules decide all the same */
	uint64_t scan_errors;
	size_t bytes; /* of memory, all told */
};
void mt_worker_stats(const struct mt_worker *w, struct mt_worker_stats *st);

#endif
