/* SPDX-License-Identifier: Apache-2.0 */
/* A file of its own beside another, on the same bytes: they are matched already, so that only what is inflated, and stored, in it is
 * matched besides. It reports no file. There are two:
 *
 * A zip read a second time, from a local header on that the first reader did not take for one: in an extra field, in a comment,
 * in the data of a member. A directory, which comes last, may name it. Nothing is wrong with it: where the directory does name it, that
 * differs from what the first reader read, and this is told. One of a message at a time.
 *
 * What may be a gzip file behind something else, from its header on. It may be none; nothing is wrong with it until it has come to
 * something (dp_archive_gzip). It counts as a member (limits.archive_members). One of a file at a time: where another header stands in one
 * that has come to little, either may be the one that is there, and the message is "limit". */
#include "dataplane/dp_archive_private.h"

#include <string.h>

/* What stands behind something else, and looks like this, is one to some reader, and not opened. */
static bool is_packed(enum rs_mark what)
{
	return what == RS_MARK_RAR || what == RS_MARK_7Z || what == RS_MARK_CAB || what == RS_MARK_PACKED;
}

/* f's side, from its first byte on. NULL: there is no room, which was told. */
static struct dp_file *begin_file(struct dp_file *f)
{
	const struct dp_file_name none = { RS_NAME_NONE, "", NULL, 0 };
	struct dp_file *s = dp_file_begin(f->content, f, &none, "", false);
	if (!s)
		return NULL;
	s->depth = f->depth;
	s->started = s->raw = s->same = true;
	f->content->sides++;
	f->side = s;
	return s;
}

static void begin(struct dp_file *f, uint64_t at)
{
	static const uint8_t local[RS_MARKS_ZIP] = { 'P', 'K', 3, 4 };
	struct dp_inspect *ins = f->content->ins;
	const struct rs_pool *files = f->content->trial ? &ins->trial_files : &ins->files;
	const struct rs_pool *zips = f->content->trial ? &ins->trial_zips : &ins->zips;
	/* Where there is no room nothing is said: of an honest archive it is nothing. */
	if (f->content->sides || f->same || files->used == files->size || zips->size - zips->used <= 1 + zips->size / 8)
		return;
	struct dp_file *s = begin_file(f);
	if (s)
		dp_archive_behind(s, at, local);
}

static bool is_gzip(const struct dp_file *side)
{
	return side->archive && side->archive->reader == &dp_archive_gzip;
}

static void end_over(struct dp_file *f)
{
	if (is_gzip(f->side) && dp_archive_gzip_leave(f->side))
		dp_archive_side_end(f);
}

/* Gives the side what is held for it; that may be all of it. */
static void catch_up(struct dp_file *f)
{
	struct dp_file *s = f->side;
	if (!s || !s->nstart)
		return;
	const size_t n = s->nstart;
	s->nstart = 0;
	dp_file_data(s, s->start, n);
	end_over(f);
}

void dp_archive_side_gzip(struct dp_file *f)
{
	catch_up(f);
	if (f->side) {
		if (is_gzip(f->side) && !dp_archive_gzip_is_sure(f->side))
			dp_archive_cannot(f, CT_REASON_LIMIT);
		return;
	}
	if (dp_archive_too_deep(f))
		return;
	struct dp_file *s = begin_file(f);
	if (s)
		dp_archive_gzip_behind(s, f->marks.pos - RS_MARKS_GZIP, rs_marks_last(&f->marks, RS_MARKS_GZIP));
	if (s && (!s->archive || dp_archive_gzip_leave(s)))
		dp_archive_side_end(f);
}

void dp_archive_side_feed(struct dp_file *f, const uint8_t *p, size_t n)
{
	catch_up(f);
	if (!f->side || !n)
		return;
	dp_file_data(f->side, p, n);
	end_over(f);
}

size_t dp_archive_side_piece(const struct dp_file *f, size_t n)
{
	const size_t room = f->side ? sizeof f->side->start - f->side->nstart : n;
	return n < room ? n : room;
}

void dp_archive_side_along(struct dp_file *f, const uint8_t *p, size_t n)
{
	struct dp_file *s = f->side;
	if (!s)
		return;
	memcpy(s->start + s->nstart, p, n);
	s->nstart = (uint8_t)(s->nstart + n);
	if (s->nstart == sizeof s->start)
		catch_up(f);
}

void dp_archive_side_see(struct dp_file *f, const uint8_t *p, size_t n, bool look)
{
	struct dp_archive *a = f->archive;
	if (a->pending && !f->side && a->u.zip.local_at != a->pending_at)
		begin(f, a->pending_at);
	a->pending = false;
	while (n && !f->side && look) {
		enum rs_mark what;
		const size_t k = rs_marks_find(&f->marks, p, n, 0, &what);
		p += k;
		n -= k;
		if (what == RS_MARK_GZIP && a->behind)
			dp_archive_side_gzip(f);
		else if (is_packed(what) && a->behind)
			dp_archive_cannot(f, CT_REASON_UNSUPPORTED);
		if (what != RS_MARK_ZIP || rs_marks_last(&f->marks, RS_MARKS_ZIP)[2] != 3)
			continue;
		/* The zip's reader may take it for a header when it has all of it. */
		a->pending = !n;
		a->pending_at = f->marks.pos - RS_MARKS_ZIP;
		if (n)
			begin(f, a->pending_at);
	}
	if (!n)
		return;
	rs_marks_gap(&f->marks, n);
	dp_archive_side_feed(f, p, n);
}

void dp_archive_side_gap(struct dp_file *f, uint64_t n)
{
	catch_up(f);
	if (!f->side)
		return;
	dp_file_gap(f->side, n);
	end_over(f);
}

void dp_archive_side_end(struct dp_file *f)
{
	catch_up(f);
	if (!f->side)
		return;
	f->content->sides--;
	f->side->stopped = true;
	dp_file_end(f->side, true, false);
	f->side = NULL;
}
