/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_archive_private.h"
#include "dataplane/dp_encoded.h"
#include "reassembly/archive/rs_crc32.h"

/* What a message's members may come to whatever its length, before limits.inflate_ratio counts. */
#define RATIO_FREE (1u << 20)

static struct dp_inspect *inspect_of(const struct dp_file *f)
{
	return f->content->ins;
}

static struct rs_pool *archives_of(const struct dp_content *c)
{
	return c->trial ? &c->ins->trial_zips : &c->ins->zips;
}

static struct rs_pool *inflates_of(const struct dp_content *c)
{
	return c->trial ? &c->ins->trial_inflates : &c->ins->inflates;
}

void dp_archive_cannot(struct dp_file *f, enum ct_reason why)
{
	dp_message_reason(f->content->msg, why);
	f->content->opaque = true;
}

void dp_archive_broken(struct dp_file *f)
{
	if (f->archive->behind)
		f->archive->broken = true;
	else
		dp_archive_cannot(f, CT_REASON_MALFORMED);
}

/* Limits of what is inflated. */

struct spent {
	uint64_t inflated, work; /* on all levels */
	uint64_t from; /* how far in the part that is */
};

/* What was spent on the message when `out` bytes came of the first `at` of f's content: of an outer one as far as it has been used.
 * Nothing of this depends on how segments are cut. */
static struct spent spent(const struct dp_file *f, uint64_t at, uint64_t out)
{
	const struct dp_content *c = f->content;
	struct spent s = { .inflated = c->inflated + out, .work = c->unpacked };
	for (; f->outer; f = f->outer) {
		if (f->inflated)
			s.inflated += at;
		s.work += at;
		at = dp_file_outer_offset(f, at);
	}
	s.from = at;
	s.work += at + s.inflated;
	return s;
}

/* f's member may come to more than `out` bytes, which the first `at` of f's content made. */
static bool may_inflate(struct dp_file *f, uint64_t at, uint64_t out)
{
	struct dp_inspect *ins = inspect_of(f);
	const struct spent s = spent(f, at, out);
	if (out >= ins->config->limits.inflate_file)
		ins->stats.inflate_file_limit++;
	else if (s.inflated + f->content->inflated_before >= ins->config->limits.inflate_bytes)
		ins->stats.inflate_limit++;
	else if (s.inflated >= RATIO_FREE && (s.inflated - RATIO_FREE) / ins->config->limits.inflate_ratio >= s.from)
		ins->stats.inflate_ratio_limit++;
	else if (s.work >= ins->config->limits.archive_work)
		ins->stats.work_limit++;
	else
		return true;
	dp_archive_cannot(f, CT_REASON_LIMIT);
	return false;
}

/* Inflating. */

bool dp_archive_inflate_begin(struct dp_file *f, uint64_t at)
{
	struct dp_archive *a = f->archive;
	a->ended = false;
	a->crc = 0;
	if (!may_inflate(f, at, 0))
		return false;
	a->inflate = rs_pool_get(inflates_of(f->content));
	if (a->inflate)
		return true;
	inspect_of(f)->stats.no_inflate++;
	dp_archive_cannot(f, CT_REASON_OVERLOAD);
	return false;
}

uint64_t dp_archive_inflated_from(const struct dp_file *f, uint64_t offset)
{
	const struct rs_inflate *z = f->archive->inflate;
	return f->member->base + (!f->member->inflated ? offset : z ? rs_inflate_from(z, offset) : 0);
}

void dp_archive_inflate_end(struct dp_file *f)
{
	struct dp_archive *a = f->archive;
	if (!a->inflate)
		return;
	f->content->inflated += a->inflate->out;
	rs_pool_put(inflates_of(f->content), a->inflate);
	a->inflate = NULL;
}

void dp_archive_member_close(struct dp_file *f, bool cut, bool gaps)
{
	for (struct dp_file *m = f->member; m && gaps; m = m->member)
		m->gaps = true;
	if (f->member)
		dp_file_end(f->member, cut, gaps);
	f->member = NULL;
	dp_archive_inflate_end(f);
}

/* No more of it is read, for a reason that was given: that what is in it did not end is no other. */
void dp_archive_member_stop(struct dp_file *f)
{
	for (struct dp_file *m = f->member; m; m = m->member)
		m->stopped = true;
	dp_archive_member_close(f, true, false);
}

uint8_t *dp_archive_piece(const struct dp_file *f)
{
	return inspect_of(f)->inflated + (size_t)f->depth * DP_ARCHIVE_PIECE;
}

bool dp_archive_go_on(struct dp_file *f)
{
	struct rs_inflate *z = f->archive->inflate;
	z->pause_at = z->out + DP_ARCHIVE_PIECE;
	return may_inflate(f, f->member->base + z->in, z->out);
}

enum rs_inflate_verdict dp_archive_inflate_piece(struct dp_file *f, const uint8_t *p, size_t n, size_t *taken)
{
	struct rs_inflate *z = f->archive->inflate;
	uint8_t *piece = dp_archive_piece(f);
	size_t k, made;
	enum rs_inflate_verdict v = rs_inflate_feed(z, p + *taken, n - *taken, &k, piece, DP_ARCHIVE_PIECE, &made);
	*taken += k;
	if (made) {
		f->archive->crc = rs_crc32(f->archive->crc, piece, made);
		dp_file_data(f->member, piece, made);
	}
	return v;
}

bool dp_archive_too_deep(struct dp_file *f)
{
	struct dp_inspect *ins = inspect_of(f);
	if (f->depth < ins->config->limits.archive_depth)
		return false;
	ins->stats.archive_limit++;
	dp_archive_cannot(f, CT_REASON_LIMIT);
	return true;
}

bool dp_archive_too_many(struct dp_file *f)
{
	struct dp_inspect *ins = inspect_of(f);
	if (f->content->members++ < ins->config->limits.archive_members)
		return false;
	ins->stats.member_limit++;
	dp_archive_cannot(f, CT_REASON_LIMIT);
	return true;
}

/* Of each kind that is opened. */
static const struct dp_archive_reader *const readers[] = {
	[RS_KIND_ZIP] = &dp_archive_zip,
	[RS_KIND_GZIP] = &dp_archive_gzip,
	[RS_KIND_ZLIB] = &dp_archive_stream,
	[RS_KIND_DEFLATED] = &dp_archive_stream,
	[RS_KIND_TNEF] = &dp_archive_members,
	[RS_KIND_CMS] = &dp_archive_members,
	[RS_KIND_AR] = &dp_archive_members,
};

void dp_archive_put(struct dp_file *f, struct dp_archive *a)
{
	rs_pool_put(archives_of(f->content), a);
}

struct dp_archive *dp_archive_get(struct dp_file *f)
{
	struct dp_archive *a = rs_pool_get(archives_of(f->content));
	if (!a) {
		inspect_of(f)->stats.no_zip++;
		dp_archive_cannot(f, CT_REASON_OVERLOAD);
		return NULL;
	}
	a->inflate = NULL;
	a->behind = a->broken = a->pending = a->bare = false;
	a->streamed = 0;
	return a;
}

bool dp_archive_room(struct dp_file *f, const struct dp_archive_reader *reader)
{
	f->archive = dp_archive_get(f);
	if (f->archive)
		f->archive->reader = reader;
	return f->archive;
}

void dp_archive_open(struct dp_file *f, enum rs_kind kind)
{
	/* What only may be one tells, when it is; what nobody calls one is none where there is no room. */
	const struct rs_pool *inflates = inflates_of(f->content);
	if (kind == RS_KIND_DEFLATED && (f->depth >= inspect_of(f)->config->limits.archive_depth || inflates->used == inflates->size))
		return;
	if (dp_archive_too_deep(f))
		return;
	if (dp_archive_room(f, readers[kind]))
		f->archive->reader->open(f, kind);
}

void dp_archive_behind(struct dp_file *f, uint64_t at, const uint8_t signature[RS_MARKS_ZIP])
{
	if (!dp_archive_room(f, &dp_archive_zip))
		return;
	f->archive->behind = true;
	dp_archive_zip_behind(f, at, signature);
}

/* From this mark on it is a zip, or may be one. */
static void open_behind(struct dp_file *f)
{
	if (dp_archive_too_deep(f))
		f->watched = false;
	else
		dp_archive_behind(f, f->marks.pos - RS_MARKS_ZIP, rs_marks_last(&f->marks, RS_MARKS_ZIP));
}

/* It is read, and what it is read from is watched, too. */
static bool is_shared(const struct dp_file *f)
{
	return f->archive && (f->archive->reader == &dp_archive_stream || dp_encoded_reads(f));
}

/* The mark of a zip stands in it, whatever else it was taken for. */
static void marked(struct dp_file *f)
{
	dp_encoded_end(f);
	if (f->archive) {
		/* One that is inflated and holds this besides means two things. */
		dp_archive_broken(f);
		dp_archive_member_stop(f);
		dp_archive_close(f, f->marks.pos);
	}
	open_behind(f);
}

static void watch(struct dp_file *f, const uint8_t *p, size_t n)
{
	const uint8_t *begin = p;
	const size_t all = n;
	struct rs_glance g, next;
	rs_spot_glance(&g, p, 0, n, RS_GLANCE_SPOT | (f->watched ? RS_GLANCE_MARK : 0));
	while (n && (!f->archive || is_shared(f))) {
		enum rs_mark what = RS_MARK_NONE;
		const size_t at = (size_t)(p - begin), quiet = g.spot > at ? g.spot - at : 0, some = dp_archive_side_piece(f, n);
		if (g.mark < at) {
			rs_spot_glance(&next, begin, at, all, RS_GLANCE_MARK);
			g.mark = next.mark;
		}
		const size_t first = g.mark - at < some ? g.mark - at : some;
		const size_t k = f->watched ? rs_marks_find(&f->marks, p, some, first, &what) : some;
		if (dp_encoded_reads(f))
			dp_encoded_take(f, p, k, n - k, quiet < k ? quiet : k);
		else
			dp_encoded_beside(f, p, k, n - k, quiet < k ? quiet : k);
		p += k;
		n -= k;
		dp_archive_side_along(f, p - k, k);
		if (what == RS_MARK_ZIP)
			marked(f);
		else if (what == RS_MARK_GZIP)
			dp_archive_side_gzip(f);
		else if (what != RS_MARK_NONE)
			dp_archive_cannot(f, CT_REASON_UNSUPPORTED);
	}
	if (n)
		f->archive->reader->feed(f, p, n);
}

void dp_archive_feed(struct dp_file *f, const uint8_t *p, size_t n)
{
	if (!f->archive || is_shared(f))
		watch(f, p, n);
	else
		f->archive->reader->feed(f, p, n);
}

void dp_archive_gap(struct dp_file *f, uint64_t n)
{
	f->archive->reader->gap(f, n);
}

void dp_archive_lose(struct dp_file *f)
{
	if (f->archive->reader->lose)
		f->archive->reader->lose(f);
}

uint64_t dp_archive_from(const struct dp_file *f, uint64_t offset)
{
	return f->archive->reader->from(f, offset);
}

void dp_archive_close(struct dp_file *f, uint64_t read)
{
	dp_archive_inflate_end(f);
	f->content->unpacked += read;
	dp_archive_put(f, f->archive);
	f->archive = NULL;
}

bool dp_archive_end(struct dp_file *f, bool cut)
{
	/* A text in which something stood is none, and there may be many such places in it. */
	const uint64_t read = dp_encoded_reads(f) ? 0 : f->size;
	const bool whole = f->archive->reader->end(f, cut);
	if (f->archive)
		dp_archive_close(f, read);
	return whole;
}

void dp_archive_let_go(struct dp_file *f)
{
	dp_archive_inflate_end(f);
	dp_archive_put(f, f->archive);
	f->archive = NULL;
}

void dp_archive_copy(struct dp_file *to, const struct dp_file *from)
{
	const struct dp_archive *a = from->archive;
	to->archive = rs_pool_get(archives_of(to->content));
	if (!to->archive) {
		inspect_of(to)->stats.no_zip += !to->content->trial;
		dp_archive_cannot(to, dp_content_no_room(to->content));
		return;
	}
	to->archive->reader = a->reader;
	to->archive->said = a->said;
	to->archive->crc = a->crc;
	to->archive->behind = a->behind;
	to->archive->broken = a->broken;
	to->archive->pending = a->pending;
	to->archive->bare = a->bare;
	to->archive->streamed = 0;
	to->archive->pending_at = a->pending_at;
	to->archive->ended = a->ended;
	to->archive->inflate = a->inflate ? rs_pool_get(inflates_of(to->content)) : NULL;
	if (to->archive->inflate) {
		rs_inflate_copy(to->archive->inflate, a->inflate);
	} else if (a->inflate) {
		inspect_of(to)->stats.no_inflate += !to->content->trial;
		dp_archive_cannot(to, dp_content_no_room(to->content));
	}
	/* Without what it is inflated by there is no member, and without the member nothing to inflate. */
	if (from->member && (!from->member->inflated || to->archive->inflate))
		to->member = dp_file_copy(from->member, to->content, to);
	if (!to->member)
		dp_archive_inflate_end(to);
	a->reader->copy(to, from);
}
