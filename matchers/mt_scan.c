/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "matchers/mt_ruleset.h"
#include "matchers/mt_scan.h"
#include "reassembly/rs_pool.h"
#include "reassembly/rs_row.h"
#include "reassembly/rs_tail.h"

#define PIECE_MAX (1u << 30) /* Hyperscan counts a piece with 32 bits */

/* Most streams never match anything, so places stand in blocks apart: one for every so many streams. */
#define STREAMS_PER_PLACES 4
#define PLACES_MIN 64

struct places {
	struct mt_hit v[MT_HITS_MAX];
};

/* Of a longer literal its own text is shown, however the buffer was cut. */
#define TAIL 32

struct mt_stream {
	hs_stream_t *hs; /* opened once; reset when the stream is given back */
	uint64_t *seen; /* a bit for each criterion */
	uint64_t offset; /* bytes scanned */
	struct places *places; /* NULL until the first hit */
	uint32_t nseen;
	uint8_t ntail;
	uint8_t tail[TAIL]; /* the last bytes scanned: a literal may have begun in them */
	uint8_t nplaces;
	uint8_t buffer;
	bool open, failed;
	bool copy; /* one of the MT_COPIES */
	bool news; /* sure and ended are to be made anew */
	uint8_t sure, ended; /* actions of the rules that match: whatever comes; if nothing comes, and nothing waits for the end */
};

struct shelf { /* the streams of one buffer */
	struct mt_stream *streams;
	struct mt_stream **idle, **spare; /* spare: for copies */
	uint64_t *bits;
	uint32_t nidle, nspare, size;
};

struct mt_worker {
	const struct mt_ruleset *rs;
	hs_scratch_t *scratch;
	struct shelf shelves[MT_BUFFER_MAX];
	struct rs_pool places;
	void *places_memory;
	struct mt_worker_stats stats;
};

static size_t words(const struct mt_buffer_rules *br)
{
	return (br->ncriteria + 63) / 64;
}

static void put_on_shelf(struct shelf *shelf, struct mt_stream *s)
{
	if (s->copy)
		shelf->spare[shelf->nspare++] = s;
	else
		shelf->idle[shelf->nidle++] = s;
}

static int fill_shelf(struct mt_worker *w, enum mt_buffer b, uint32_t max)
{
	const struct mt_buffer_rules *br = &w->rs->buffers[b];
	struct shelf *s = &w->shelves[b];
	uint32_t n = max + MT_COPIES;

	if (!br->database.hs || !max)
		return 0;
	if (hs_alloc_scratch(br->database.hs, &w->scratch) != HS_SUCCESS ||
	    (br->keys && hs_alloc_scratch(br->keys, &w->scratch) != HS_SUCCESS))
		return -ENOMEM;
	s->streams = calloc(n, sizeof *s->streams);
	s->idle = calloc(max, sizeof(struct mt_stream *));
	s->spare = calloc(MT_COPIES, sizeof(struct mt_stream *));
	s->bits = calloc(n, words(br) * sizeof *s->bits);
	if (!s->streams || !s->idle || !s->spare || !s->bits)
		return -ENOMEM;
	s->size = n;
	for (uint32_t i = n; i-- > 0;) { /* last first, so that they come out in the order of their addresses */
		struct mt_stream *st = &s->streams[i];
		st->buffer = (uint8_t)b;
		st->copy = i >= max;
		st->seen = s->bits + i * words(br);
		if (hs_open_stream(br->database.hs, 0, &st->hs) != HS_SUCCESS)
			return -ENOMEM;
		put_on_shelf(s, st);
	}
	w->stats.streams_size += max;
	w->stats.bytes += n * (sizeof *s->streams + sizeof(struct mt_stream *) + words(br) * sizeof *s->bits +
			       br->database.stream_size);
	return 0;
}

int mt_worker_create(const struct mt_ruleset *rs, uint32_t max_streams, struct mt_worker **out)
{
	struct mt_worker *w = calloc(1, sizeof *w);
	uint32_t nplaces = max_streams / STREAMS_PER_PLACES;
	size_t scratch = 0;

	*out = NULL;
	if (!w)
		return -ENOMEM;
	w->rs = rs;
	w->stats.bytes = sizeof *w;
	for (int b = 0; b < MT_BUFFER_MAX; b++)
		if (fill_shelf(w, b, max_streams))
			goto fail;
	if (nplaces < PLACES_MIN)
		nplaces = PLACES_MIN;
	w->places_memory = aligned_alloc(64, (RS_POOL_BYTES(sizeof(struct places), nplaces) + 63) & ~(size_t)63);
	if (!w->places_memory)
		goto fail;
	rs_pool_init(&w->places, w->places_memory, sizeof(struct places), nplaces);
	w->stats.bytes += RS_POOL_BYTES(sizeof(struct places), nplaces);
	if (w->scratch && hs_scratch_size(w->scratch, &scratch) == HS_SUCCESS)
		w->stats.bytes += scratch;
	*out = w;
	return 0;
fail:
	mt_worker_free(w);
	return -ENOMEM;
}

void mt_worker_free(struct mt_worker *w)
{
	if (!w)
		return;
	for (int b = 0; b < MT_BUFFER_MAX; b++) {
		struct shelf *s = &w->shelves[b];
		for (uint32_t i = 0; i < s->size; i++)
			if (s->streams[i].hs)
				hs_close_stream(s->streams[i].hs, NULL, NULL, NULL);
		free(s->streams);
		free(s->idle);
		free(s->spare);
		free(s->bits);
	}
	hs_free_scratch(w->scratch);
	free(w->places_memory);
	free(w);
}

static void begin(const struct mt_worker *w, struct mt_stream *s)
{
	s->open = true;
	s->offset = 0;
	s->failed = false;
	s->news = w->rs->buffers[s->buffer].by_absence;
	s->sure = s->ended = 0;
}

struct mt_stream *mt_stream_open(struct mt_worker *w, enum mt_buffer b)
{
	struct shelf *shelf = &w->shelves[b];

	if (!shelf->nidle) {
		w->stats.no_stream += w->rs->buffers[b].database.hs != NULL;
		return NULL;
	}
	struct mt_stream *s = shelf->idle[--shelf->nidle];
	assert(!s->open && !s->nseen && !s->places);
	begin(w, s);
	if (++w->stats.streams_used > w->stats.streams_peak)
		w->stats.streams_peak = w->stats.streams_used;
	return s;
}

struct scan { /* what a match needs to know of the piece it is in */
	struct mt_worker *w;
	struct mt_stream *s;
	const uint8_t *p;
	size_t n;
	uint64_t at; /* of p[0], in the buffer */
	mt_hit_fn hit;
	void *arg;
};

static uint8_t copy_printable(char *to, const uint8_t *p, size_t n)
{
	uint8_t len = 0;
	for (size_t i = 0; i < n && len < MT_TEXT_MAX; i++)
		if (p[i] >= ' ' && p[i] < 0x7f)
			to[len++] = (char)p[i];
	return len;
}

static void fill_hit(const struct scan *sc, unsigned id, uint64_t to, struct mt_hit *h)
{
	const struct mt_criterion *c = &sc->w->rs->buffers[sc->s->buffer].criteria[id];

	*h = (struct mt_hit){ .from = to - c->literal_len, .to = to, .criterion = (uint16_t)id };
	const struct mt_stream *s = sc->s;
	if (!c->literal_len || c->literal_len > TAIL || to > sc->at + sc->n || h->from + s->ntail < sc->at) {
		h->text_len = copy_printable(h->text, (const uint8_t *)c->text, strlen(c->text));
		return;
	}
	uint8_t bytes[TAIL];
	size_t before = h->from < sc->at ? (size_t)(sc->at - h->from) : 0;
	if (before > c->literal_len)
		before = c->literal_len;
	if (before)
		memcpy(bytes, s->tail + s->ntail - (sc->at - h->from), before);
	if (before < c->literal_len)
		memcpy(bytes + before, sc->p + (h->from + before - sc->at), c->literal_len - before);
	h->text_len = copy_printable(h->text, bytes, c->literal_len);
}

/* Where the hit is remembered, or NULL: then it counts, and its place is lost. */
static struct mt_hit *place_for(const struct scan *sc)
{
	struct mt_stream *s = sc->s;
	if (!s->places)
		s->places = rs_pool_get(&sc->w->places);
	if (s->places && s->nplaces < MT_HITS_MAX)
		return &s->places->v[s->nplaces++];
	sc->w->stats.no_place++;
	return NULL;
}

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *arg)
{
	const struct scan *sc = arg;
	uint64_t bit = UINT64_C(1) << (id % 64), *word = &sc->s->seen[id / 64];
	struct mt_hit passing;

	(void)from;
	(void)flags;
	if (*word & bit)
		return 0;
	*word |= bit;
	sc->s->nseen++;
	sc->s->news = true;
	if (sc->s->copy)
		return 0;
	struct mt_hit *h = place_for(sc);
	if (!h)
		h = &passing;
	fill_hit(sc, id, to, h);
	if (sc->hit)
		sc->hit(sc->arg, h);
	return 0;
}

static void failed(struct mt_worker *w, struct mt_stream *s)
{
	w->stats.scan_errors++;
	s->failed = true;
}

void mt_stream_scan(struct mt_worker *w, struct mt_stream *s, const uint8_t *p, size_t n, mt_hit_fn hit, void *arg)
{
	uint64_t depth = w->rs->buffers[s->buffer].depth;

	assert(s->open);
	if (s->offset >= depth)
		return;
	if (n > depth - s->offset)
		n = (size_t)(depth - s->offset);
	while (n) {
		unsigned piece = n > PIECE_MAX ? PIECE_MAX : (unsigned)n;
		struct scan sc = { w, s, p, piece, s->offset, hit, arg };
		if (hs_scan_stream(s->hs, (const char *)p, piece, 0, w->scratch, on_match, &sc) != HS_SUCCESS)
			failed(w, s);
		s->ntail = (uint8_t)rs_tail_keep(s->tail, TAIL, s->ntail, p, piece);
		s->offset += piece;
		p += piece;
		n -= piece;
	}
}

static bool is_seen(const struct mt_stream *s, uint16_t criterion)
{
	return s->seen[criterion / 64] >> (criterion % 64) & 1;
}

static bool has_wanted(const struct mt_stream *s, const struct mt_condition *c)
{
	uint32_t wanted = 0;
	for (uint32_t i = 0; i < c->nwanted && wanted < c->need; i++)
		wanted += is_seen(s, c->criteria[i]);
	return wanted >= c->need;
}

static bool has_unwanted(const struct mt_stream *s, const struct mt_condition *c)
{
	for (uint32_t i = 0; i < c->nunwanted; i++)
		if (is_seen(s, c->criteria[c->nwanted + i]))
			return true;
	return false;
}

static bool holds(const struct mt_stream *s, const struct mt_condition *c)
{
	return has_wanted(s, c) && !has_unwanted(s, c);
}

static int on_key(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *arg)
{
	(void)id;
	(void)from;
	(void)to;
	(void)flags;
	*(bool *)arg = true;
	return 1;
}

bool mt_worker_may_match(struct mt_worker *w, enum mt_buffer b, const uint8_t *p, size_t n)
{
	const struct mt_buffer_rules *br = &w->rs->buffers[b];
	bool key = false;
	if (!br->database.hs)
		return false;
	if (!br->keys || n > PIECE_MAX || !w->scratch)
		return true;
	if (br->key_row && !rs_row_of_text(p, n, br->key_row))
		return false;
	const hs_error_t r = hs_scan(br->keys, (const char *)p, (unsigned)n, 0, w->scratch, on_key, &key);
	return key || r != HS_SUCCESS;
}

/* In the order of the rule's contents. */
static size_t hits_of(const struct mt_stream *s, const struct mt_condition *c, const struct mt_hit *hits[MT_HITS_MAX])
{
	size_t n = 0;
	for (uint32_t j = 0; j < c->nwanted; j++)
		for (uint32_t i = 0; i < s->nplaces; i++)
			if (s->places->v[i].criterion == c->criteria[j]) {
				hits[n++] = &s->places->v[i];
				break;
			}
	return n;
}

static void decide(struct mt_worker *w, const struct mt_stream *s, mt_match_fn match, void *arg)
{
	const struct mt_buffer_rules *br = &w->rs->buffers[s->buffer];
	const struct mt_hit *hits[MT_HITS_MAX];

	if (!s->nseen && !br->by_absence)
		return;
	for (size_t i = 0; i < br->nconditions; i++) {
		const struct mt_condition *c = &br->conditions[i];
		if (holds(s, c)) {
			size_t n = hits_of(s, c, hits);
			match(arg, &w->rs->rules[c->rule], c->rule, hits, n);
		}
	}
}

/* Expressions that end in $ match now, or never. */
static void reset(struct mt_worker *w, struct mt_stream *s, bool tell_end)
{
	struct scan sc = { .w = w, .s = s, .at = s->offset };
	bool at_end = tell_end && w->rs->buffers[s->buffer].database.at_end;
	if (hs_reset_stream(s->hs, 0, at_end ? w->scratch : NULL, at_end ? on_match : NULL, &sc) != HS_SUCCESS)
		failed(w, s);
}

/* Its Hyperscan stream was reset. */
static void give_back(struct mt_worker *w, struct mt_stream *s)
{
	if (s->nseen)
		memset(s->seen, 0, words(&w->rs->buffers[s->buffer]) * sizeof *s->seen);
	rs_pool_put(&w->places, s->places);
	s->places = NULL;
	s->nplaces = 0;
	s->ntail = 0;
	s->nseen = 0;
	s->open = false;
	w->stats.streams_used -= !s->copy;
	put_on_shelf(&w->shelves[s->buffer], s);
}

void mt_stream_end(struct mt_worker *w, struct mt_stream *s, mt_match_fn match, void *arg)
{
	assert(s->open);
	reset(w, s, match);
	if (match)
		decide(w, s, match, arg);
	give_back(w, s);
}

/* Makes `sure` and `ended` true again. */
static void settle(const struct mt_worker *w, struct mt_stream *s)
{
	const struct mt_buffer_rules *br = &w->rs->buffers[s->buffer];

	if (!s->news)
		return;
	s->news = false;
	s->sure = s->ended = 0;
	for (size_t i = 0; i < br->nconditions; i++) {
		const struct mt_condition *c = &br->conditions[i];
		uint8_t bit = (uint8_t)MT_ACTION_BIT(w->rs->rules[c->rule].action);
		/* What is in both sets already needs no further reason. */
		if ((s->sure & s->ended & bit) || !holds(s, c))
			continue;
		s->ended |= bit;
		if (!c->nunwanted)
			s->sure |= bit;
	}
}

/* `to` has just begun, and goes on where `from` stands. */
static void take_over(struct mt_worker *w, struct mt_stream *to, struct mt_stream *from)
{
	settle(w, from);
	to->offset = from->offset;
	to->failed = from->failed;
	to->news = false;
	to->sure = from->sure;
	to->ended = from->ended;
	to->nseen = from->nseen;
	if (to->nseen)
		memcpy(to->seen, from->seen, words(&w->rs->buffers[to->buffer]) * sizeof *to->seen);
	if (hs_reset_and_copy_stream(to->hs, from->hs, NULL, NULL, NULL) != HS_SUCCESS)
		failed(w, to);
}

struct mt_stream *mt_stream_copy(struct mt_worker *w, enum mt_buffer b, struct mt_stream *from)
{
	struct shelf *shelf = &w->shelves[b];

	if (!shelf->nspare)
		return NULL;
	struct mt_stream *s = shelf->spare[--shelf->nspare];
	assert(!s->open && !s->nseen && (!from || (from->open && from->buffer == b)));
	begin(w, s);
	if (from)
		take_over(w, s, from);
	return s;
}

struct mt_stream *mt_stream_fork(struct mt_worker *w, struct mt_stream *from)
{
	assert(from->open && !from->copy);
	struct mt_stream *s = mt_stream_open(w, from->buffer);
	if (!s)
		return NULL;
	take_over(w, s, from);
	s->ntail = from->ntail;
	memcpy(s->tail, from->tail, from->ntail);
	if (from->places && (s->places = rs_pool_get(&w->places))) {
		s->nplaces = from->nplaces;
		memcpy(s->places->v, from->places->v, from->nplaces * sizeof *from->places->v);
	}
	return s;
}

unsigned mt_stream_peek(struct mt_worker *w, struct mt_stream *s, bool as_if_ended)
{
	assert(s->open);
	settle(w, s);
	if (!as_if_ended)
		return s->sure;
	if (!w->rs->buffers[s->buffer].database.at_end)
		return s->ended;
	struct mt_stream *c = mt_stream_copy(w, s->buffer, s);
	if (!c) {
		failed(w, s);
		return s->ended;
	}
	reset(w, c, true);
	settle(w, c);
	unsigned ended = c->ended;
	s->failed |= c->failed;
	give_back(w, c);
	return ended;
}

bool mt_stream_failed(const struct mt_stream *s)
{
	return s->failed;
}

void mt_worker_stats(const struct mt_worker *w, struct mt_worker_stats *st)
{
	*st = w->stats;
	st->places_used = w->places.used;
	st->places_size = w->places.size;
	st->places_peak = w->places.peak;
}
