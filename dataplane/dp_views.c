/* SPDX-License-Identifier: Apache-2.0 */
/* More than one reading of the same bytes: copies of a content that go their own way. */
#include "dataplane/dp_content_private.h"

#include <string.h>

#include "dataplane/dp_mail.h"

_Static_assert(MT_NONE <= DP_PEEK_SHIFT && CT_REASON_MAX <= 32 - DP_PEEK_SHIFT, "actions and reasons share a word");

enum ct_reason dp_content_no_room(const struct dp_content *c)
{
	return c->trial ? CT_REASON_LIMIT : CT_REASON_OVERLOAD;
}

static struct mt_stream *copy_encoded(struct dp_content *to, struct mt_stream *from)
{
	struct dp_inspect *ins = to->ins;
	struct mt_stream *s = to->trial ? mt_stream_copy(ins->matcher, MT_MAIL_ENCODED, from) : mt_stream_fork(ins->matcher, from);
	if (s)
		return s;
	ins->stats.no_stream += !to->trial;
	dp_message_reason(to->msg, dp_content_no_room(to));
	to->encoded_left = 0;
	return NULL;
}

/* trial: where the copy puts its actions, or NULL: it is a content like any other. */
static void copy(struct dp_content *to, const struct dp_content *from, struct dp_message *msg, unsigned *trial)
{
	struct dp_inspect *ins = from->ins;
	*to = *from;
	to->msg = msg;
	to->trial = trial;
	to->counted = false;
	rs_mime_copy(&to->mime, &from->mime, trial ? &dp_content_trial_ops : &dp_content_ops, to,
		     trial ? &ins->trial_headers : &ins->headers);
	to->encoded_scan = from->encoded_scan ? copy_encoded(to, from->encoded_scan) : NULL;
	to->file = from->file ? dp_file_copy(from->file, to, NULL) : NULL;
}

static struct dp_content *fork_one(struct dp_content *c)
{
	struct dp_inspect *ins = c->ins;
	if (c->msg->contents >= ins->config->limits.views) {
		ins->stats.view_limit++;
		dp_message_reason(c->msg, CT_REASON_LIMIT);
		return NULL;
	}
	struct dp_content *to = rs_pool_get(&ins->contents);
	if (!to) {
		ins->stats.no_content++;
		dp_message_reason(c->msg, CT_REASON_OVERLOAD);
		return NULL;
	}
	c->msg->contents++;
	copy(to, c, c->msg, NULL);
	to->counted = true;
	to->next = NULL;
	return to;
}

struct dp_content *dp_content_fork(struct dp_content *c)
{
	struct dp_content *first = fork_one(c), *last = first;
	if (first)
		first->first = first;
	for (c = c->next; c && last; c = c->next) {
		last->next = fork_one(c);
		last = last->next;
		if (last)
			last->first = first;
	}
	return first;
}

/* What a content that forks by itself has. */

static struct dp_content *last_of(struct dp_content *c)
{
	while (c->next)
		c = c->next;
	return c;
}

struct rs_mime *dp_views_fork(void *arg)
{
	struct dp_content *c = arg, *to = fork_one(c);
	if (!to)
		return NULL;
	last_of(c)->next = to;
	return &to->mime;
}

/* An earlier reading of the leaf, or of one that began in the same place; it was fed first. */
static const struct dp_content *earlier(const struct dp_content *c)
{
	for (const struct dp_content *v = c->first; v != c; v = v->next)
		if (v->offset == c->offset)
			return v;
	return NULL;
}

bool dp_views_has_leaf(const struct dp_content *c)
{
	return earlier(c);
}

static bool is_alike(const struct dp_content *v, const struct dp_content *c)
{
	return v->offset == c->offset && v->transfer.cte == c->transfer.cte && v->kind == c->kind &&
	       v->attachment == c->attachment;
}

bool dp_views_reads_alike(const struct dp_content *c, bool whole)
{
	for (const struct dp_content *v = c->first; v != c; v = v->next)
		if (is_alike(v, c) && (whole ? !v->leaf && v->length == c->length : v->length >= c->length))
			return true;
	return false;
}

/* Both would tell the same from here on. */
static bool is_same(const struct dp_content *a, const struct dp_content *b)
{
	if (a->leaf != b->leaf || !rs_mime_same(&a->mime, &b->mime))
		return false;
	return !a->leaf || (is_alike(a, b) && a->length == b->length && !a->lost && !b->lost && !a->file == !b->file &&
			    a->encoded == b->encoded && a->encoded_left == b->encoded_left && a->guessed_cte == b->guessed_cte);
}

void dp_content_put(struct dp_content *c)
{
	c->msg->contents -= c->counted;
	rs_pool_put(c->trial ? &c->ins->trial_contents : &c->ins->contents, c);
}

static void let_go(struct dp_content *c)
{
	rs_mime_let_go(&c->mime);
	if (c->encoded_scan)
		mt_stream_end(c->ins->matcher, c->encoded_scan, NULL, NULL);
	if (c->file)
		dp_file_let_go(c->file);
	dp_content_put(c);
}

void dp_content_let_go(struct dp_content *c)
{
	for (struct dp_content *next; c; c = next) {
		next = c->next;
		let_go(c);
	}
}

/* What a content within a file has. */

void dp_content_within(struct dp_content *c, struct dp_file *f)
{
	const struct dp_content *outer = f->content;
	c->ins = outer->ins;
	c->msg = outer->msg;
	c->trial = outer->trial;
	c->first = c;
	c->offset = UINT64_MAX;
	c->within = f;
	c->nested = (uint8_t)(outer->nested + 1);
	c->quoted = outer->quoted;
	c->members = c->members_before = outer->members;
	c->inflated_before = outer->inflated_before + outer->inflated;
}

struct dp_content *dp_content_copy(const struct dp_content *c, struct dp_file *f)
{
	struct dp_content *outer = f->content, *first = NULL, **end = &first;
	struct dp_inspect *ins = outer->ins;
	for (; c; c = c->next) {
		struct dp_content *to = rs_pool_get(outer->trial ? &ins->trial_contents : &ins->contents);
		if (!to) {
			ins->stats.no_content += !outer->trial;
			dp_message_reason(outer->msg, dp_content_no_room(outer));
			break;
		}
		copy(to, c, outer->msg, outer->trial);
		*end = to;
		end = &to->next;
		to->first = first;
		to->next = NULL;
		to->within = f;
	}
	return first;
}

uint8_t *dp_content_buffer(const struct dp_content *c)
{
	return c->nested ? c->ins->nested + (c->nested - 1u) * DP_MAIL_BUFFER : c->ins->buffer;
}

size_t dp_content_piece(const struct dp_content *c)
{
	return c->nested ? DP_MAIL_PIECE : DP_PIECE_MAX;
}

/* Readings that have come to the same are one. The earlier one stays: it is the one that is told. */
static void unite(struct dp_content *c)
{
	bool united = false;
	for (struct dp_content *a = c; a; a = a->next)
		for (struct dp_content **link = &a->next; *link;) {
			struct dp_content *b = *link;
			if (!is_same(a, b)) {
				link = &b->next;
				continue;
			}
			*link = b->next;
			a->broken &= b->broken || (!rs_mime_whole(&b->mime) && !b->holds_whole);
			a->odd &= b->odd;
			let_go(b);
			united = true;
		}
	if (!united)
		return;
	for (struct dp_content *a = c; a; a = a->next)
		rs_mime_unsettle(&a->mime);
	for (struct dp_content *a = c; a; a = a->next)
		for (struct dp_content *b = a->next; b; b = b->next)
			rs_mime_settle(&a->mime, &b->mime);
}

/* All of a piece to each; what forks off meanwhile goes on where the one stands that it forked off. */
static void feed_each(struct dp_content *c, const uint8_t *p, size_t n)
{
	for (struct dp_content *v = c; v; v = v->next)
		v->at = 0;
	for (struct dp_content *v = c; v; v = v->next)
		while (v->at < n) {
			struct dp_content *last = last_of(v);
			v->at += rs_mime_feed(&v->mime, p + v->at, n - v->at);
			for (last = last->next; last; last = last->next)
				last->at = v->at;
		}
}

void dp_views_flush(struct dp_content *c)
{
	const size_t n = c->nheld;
	c->nheld = 0;
	feed_each(c, c->held, n);
}

/* All readings are in a body, where a piece may be of many lines: whether it is, b being its first byte, and whether it ends before a '-'
 * that begins a line. */
static bool is_plain(const struct dp_content *c, uint8_t b, bool *dashes)
{
	*dashes = false;
	for (const struct dp_content *v = c; v; v = v->next) {
		if (!rs_mime_in_body(&v->mime))
			return false;
		*dashes |= rs_mime_has_boundary(&v->mime);
	}
	return !*dashes || b != '-';
}

static bool is_line_end(uint8_t b)
{
	return b == '\r' || b == '\n';
}

/* How many of the n bytes the piece under way may take of a body, where it has room for as many; *stopped: the next one begins another.
 * taken: so many that it was not given yet are before them. */
static size_t most_plain(const struct dp_content *c, const uint8_t *p, size_t n, size_t room, size_t taken, bool dashes, bool *stopped)
{
	const size_t least = n < room ? n : room;
	const uint8_t *at = p, *const end = p + least;
	*stopped = true;
	if (dashes && !taken && *p == '-' && c->nheld && is_line_end(c->held[c->nheld - 1]))
		return 0;
	while (dashes && ++at < end && (at = memchr(at, '-', (size_t)(end - at))))
		if (is_line_end(at[-1]))
			return (size_t)(at - p);
	*stopped = false;
	return least;
}

/* Of a piece of a body that is as long as one may be: up to its last line end, if there is one. */
static size_t whole_lines(const uint8_t *p, size_t n)
{
	const uint8_t *lf = memrchr(p, '\n', n);
	return lf ? (size_t)(lf + 1 - p) : n;
}

static void feed_lines(struct dp_content *c, const uint8_t *p, size_t n)
{
	feed_each(c, p, n);
	if (n && p[n - 1] == '\n')
		unite(c);
}

static size_t feed_plain(struct dp_content *c, const uint8_t *p, size_t n, bool dashes)
{
	bool stopped;
	const size_t k = most_plain(c, p, n, sizeof c->held - c->nheld, 0, dashes, &stopped), total = c->nheld + k;
	const bool full = total == sizeof c->held;
	if (full && !stopped && !c->nheld) {
		const size_t some = whole_lines(p, k);
		feed_lines(c, p, some);
		return some;
	}
	memcpy(c->held + c->nheld, p, k);
	c->nheld = (uint8_t)total;
	if (!full && !stopped)
		return k;
	const size_t some = stopped ? total : whole_lines(c->held, total);
	c->nheld = 0;
	feed_lines(c, c->held, some);
	memmove(c->held, c->held + some, total - some);
	c->nheld = (uint8_t)(total - some);
	if (!c->next && !c->within)
		dp_views_flush(c);
	return k;
}

/* Whether a CR ends a piece, which this byte is behind. */
static bool cr_ends(const struct dp_content *c, uint8_t next)
{
	if (next == '-' || next == '\n')
		return next == '-';
	for (const struct dp_content *v = c; v; v = v->next)
		if (!rs_mime_in_cr_text(&v->mime))
			return true;
	return false;
}

/* How many of the n bytes the piece under way takes elsewhere, and whether that is whole: a line, or as much of one as may be held; or
 * what ends in a CR without LF, where readings may begin to differ. So none of what is held is behind such a place. */
static size_t most_of_line(const struct dp_content *c, const uint8_t *p, size_t n, size_t room, bool *whole)
{
	const size_t least = n < room ? n : room;
	const uint8_t *lf = memchr(p, '\n', least), *end = lf ? lf + 1 : p + least;
	*whole = true;
	if (c->nheld && c->held[c->nheld - 1] == '\r' && cr_ends(c, *p))
		return 0;
	for (const uint8_t *cr = p; (cr = memchr(cr, '\r', (size_t)(end - cr))) && ++cr < end;)
		if (cr_ends(c, *cr))
			return (size_t)(cr - p);
	*whole = lf || least == room;
	return (size_t)(end - p);
}

static size_t feed_line(struct dp_content *c, const uint8_t *p, size_t n)
{
	bool whole;
	const size_t k = most_of_line(c, p, n, sizeof c->held - c->nheld, &whole);
	if (whole && !c->nheld) {
		feed_lines(c, p, k);
		return k;
	}
	memcpy(c->held + c->nheld, p, k);
	c->nheld = (uint8_t)(c->nheld + k);
	if (whole) {
		const size_t total = c->nheld;
		c->nheld = 0;
		feed_lines(c, c->held, total);
	}
	return k;
}

/* A piece to each, when all of it is there: what is told first, of what one reading finds in it and what another, must not depend on
 * how segments are cut. */
static size_t feed_piece(struct dp_content *c, const uint8_t *p, size_t n)
{
	bool dashes;
	return is_plain(c, c->nheld ? c->held[0] : *p, &dashes) ? feed_plain(c, p, n, dashes) : feed_line(c, p, n);
}

size_t dp_views_wants(const struct dp_content *c, const uint8_t *p, size_t n, size_t taken)
{
	bool dashes, known;
	if (c->nheld + taken >= sizeof c->held)
		return 1;
	const size_t room = sizeof c->held - c->nheld - taken;
	/* What tells that a piece ends before it is read by all, too. */
	if (is_plain(c, c->nheld ? c->held[0] : taken ? 0 : *p, &dashes)) {
		const size_t k = most_plain(c, p, n, room, taken, dashes, &known);
		return known ? k + 1 : k;
	}
	const size_t k = most_of_line(c, p, n, room, &known);
	return known && k < room && (!k || p[k - 1] != '\n') ? k + 1 : k;
}

void dp_views_feed(struct dp_content *c, const uint8_t *p, size_t n)
{
	while (n) {
		const size_t k = c->next || c->within ? feed_piece(c, p, n) : rs_mime_feed(&c->mime, p, n);
		p += k;
		n -= k;
	}
}

static unsigned peek_at_end(const struct dp_content *first, struct dp_content *c, bool *odd)
{
	struct dp_inspect *ins = c->ins;
	struct dp_inspect_stats stats = ins->stats; /* what did not happen is not counted */
	struct dp_message msg = *c->msg;
	struct dp_content trial;
	unsigned actions = 0;

	copy(&trial, c, &msg, &actions);
	trial.first = &trial;
	trial.next = NULL;
	/* No content begins in what is held: a copy that is only tried needs no other reading for it. */
	for (size_t at = 0; at < first->nheld;)
		at += rs_mime_feed(&trial.mime, first->held + at, first->nheld - at);
	rs_mime_end(&trial.mime);
	ins->stats = stats;
	*odd &= trial.odd;
	return actions | msg.reasons << DP_PEEK_SHIFT;
}

static unsigned peek_now(struct dp_content *c)
{
	unsigned actions = c->encoded_scan ? mt_stream_peek(c->ins->matcher, c->encoded_scan, false) : 0;
	return actions | dp_file_peek(c->file);
}

unsigned dp_content_peek(struct dp_content *c, bool as_if_ended)
{
	unsigned set = 0;
	bool odd = as_if_ended;
	for (struct dp_content *v = c; v; v = v->next)
		set |= as_if_ended ? peek_at_end(c, v, &odd) : peek_now(v);
	return set | (odd ? DP_PEEK_REASON(CT_REASON_MALFORMED) : 0);
}
