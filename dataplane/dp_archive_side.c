/* SPDX-License-Identifier: Apache-2.0 */
/* A zip read a second time, from a local header on that the first reader did not take for one: in an extra field, in a comment,
 * in the data of a member. A directory, which comes last, may name it.
 *
 * This is a file of its own beside the zip's members, on the same bytes: they are matched already, so that only what is inflated,
 * and stored, in it is matched besides. It reports no file, and nothing is wrong with it: where the directory does name it, that
 * differs from what the first reader read, and this is told. One of a message at a time. */
#include "dataplane/dp_archive_private.h"

static void begin(struct dp_file *f, uint64_t at)
{
	static const uint8_t local[RS_MARKS_ZIP] = { 'P', 'K', 3, 4 };
	struct dp_inspect *ins = f->content->ins;
	const struct rs_pool *files = f->content->trial ? &ins->trial_files : &ins->files;
	const struct rs_pool *zips = f->content->trial ? &ins->trial_zips : &ins->zips;
	/* Where there is no room nothing is said: of an honest archive it is nothing. */
	if (f->content->sides || f->same || files->used == files->size || zips->size - zips->used <= 1 + zips->size / 8)
		return;
	const struct dp_file_name none = { RS_NAME_NONE, "", NULL, 0 };
	struct dp_file *s = dp_file_begin(f->content, f, &none, "", false);
	if (!s)
		return;
	f->content->sides++;
	s->depth = f->depth;
	s->started = s->raw = s->same = true;
	f->side = s;
	dp_archive_behind(s, at, local);
}

void dp_archive_side_see(struct dp_file *f, const uint8_t *p, size_t n, bool look)
{
	struct dp_archive *a = f->archive;
	if (a->pending && !f->side && a->u.zip.local_at != a->pending_at)
		begin(f, a->pending_at);
	a->pending = false;
	while (n && !f->side && look) {
		enum rs_mark what;
		const size_t k = rs_marks_find(&f->marks, p, n, &what);
		p += k;
		n -= k;
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
	if (f->side)
		dp_file_data(f->side, p, n);
}

void dp_archive_side_gap(struct dp_file *f, uint64_t n)
{
	f->archive->pending = false;
	rs_marks_gap(&f->marks, n);
	if (f->side)
		dp_file_gap(f->side, n);
}

void dp_archive_side_end(struct dp_file *f)
{
	if (!f->side)
		return;
	f->content->sides--;
	f->side->stopped = true;
	dp_file_end(f->side, true, false);
	f->side = NULL;
}
