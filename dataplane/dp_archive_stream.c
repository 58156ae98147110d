/* SPDX-License-Identifier: Apache-2.0 */
/* A file that may be one deflate stream, in the format of zlib or bare: inflating it tells. Its own bytes are matched and watched
 * for the marks of archives as if it were none (dp_archive_feed): where it is none, nothing was lost. */
#include "dataplane/dp_archive_private.h"
#include "dataplane/dp_encoded.h"

#include <string.h>

static bool is_zlib(const struct dp_file *f)
{
	return f->archive->zlib;
}

static void stream_open(struct dp_file *f, enum rs_kind kind)
{
	struct dp_archive *a = f->archive;
	a->zlib = kind == RS_KIND_ZLIB;
	a->seen = false;
	if (!dp_archive_inflate_begin(f, 0)) {
		dp_archive_close(f, 0);
		return;
	}
	rs_inflate_init(a->inflate, a->zlib ? RS_INFLATE_ZLIB : RS_INFLATE_RAW);
	/* Of a bare one nobody but a directory says that it is one: what it comes to is matched, and not reported. */
	const struct dp_file_name name = { RS_NAME_PLAIN, "", (const uint8_t *)"zlib", 4 };
	if (!a->zlib || !dp_archive_too_many(f))
		f->member = dp_file_begin(f->content, f, &name, "", a->zlib);
	if (!f->member) {
		dp_archive_close(f, 0);
		return;
	}
	f->member->inflated = true;
	f->member->watched = true;
	a->inflate->pause_at = DP_ARCHIVE_PIECE;
}

/* It says that it is one, and came to something, or was not read as a text that holds something encoded: if it is wrong, it is malformed. */
static bool is_one(const struct dp_file *f)
{
	const struct dp_archive *a = f->archive;
	return is_zlib(f) && ((a->inflate && a->inflate->out >= DP_ARCHIVE_MADE) || a->seen);
}

/* It is no such stream, or none from here on. */
static void stream_lost(struct dp_file *f)
{
	if (is_one(f))
		dp_archive_cannot(f, CT_REASON_MALFORMED);
	else
		f->member->silent = true;
	dp_archive_member_stop(f);
	dp_archive_close(f, 0);
}

bool dp_archive_stream_drop(struct dp_file *f)
{
	const struct rs_inflate *z = f->archive->inflate;
	const uint64_t in = z ? z->in : 0;
	if (is_zlib(f)) {
		f->archive->seen = true;
		return false;
	}
	if (z && z->out >= DP_ARCHIVE_MADE)
		dp_archive_cannot(f, CT_REASON_MALFORMED);
	if (f->member)
		f->member->silent = true;
	dp_archive_member_stop(f);
	dp_archive_close(f, in);
	return true;
}

/* Of one that is wrong it is not known to the byte where that showed; what it came to is counted. */
static uint64_t taken_of(const struct dp_file *f)
{
	return f->archive->inflate ? f->archive->inflate->in : 0;
}

static void stream_feed(struct dp_file *f, const uint8_t *p, size_t n)
{
	size_t taken = 0;
	uint64_t in;
	while (f->archive && f->archive->inflate)
		switch (dp_archive_inflate_piece(f, p, n, &taken)) {
		case RS_INFLATE_MORE:
			return;
		case RS_INFLATE_END:
			in = taken_of(f);
			dp_archive_member_close(f, false, false);
			dp_archive_close(f, in);
			break;
		case RS_INFLATE_BAD:
			stream_lost(f);
			break;
		case RS_INFLATE_PAUSE:
			if (!dp_archive_go_on(f)) {
				in = taken_of(f);
				dp_archive_member_stop(f);
				dp_archive_close(f, in);
			}
			break;
		case RS_INFLATE_FULL:
			break;
		}
}

static void stream_gap(struct dp_file *f, uint64_t n)
{
	const uint64_t in = taken_of(f);
	dp_archive_member_close(f, true, true);
	dp_archive_close(f, in);
	rs_marks_gap(&f->marks, n);
	dp_archive_side_gap(f, n);
	dp_encoded_gap(f, n);
}

static bool stream_end(struct dp_file *f, bool cut)
{
	const bool one = is_one(f);
	(void)cut;
	if (one) {
		dp_archive_member_close(f, true, false);
	} else {
		if (f->member)
			f->member->silent = true;
		dp_archive_member_stop(f);
	}
	return !one;
}

static void stream_copy(struct dp_file *to, const struct dp_file *from)
{
	to->archive->zlib = is_zlib(from);
	to->archive->seen = from->archive->seen;
}

const struct dp_archive_reader dp_archive_stream = { stream_open, stream_feed, stream_gap, NULL, stream_end, stream_copy,
						     dp_archive_inflated_from };
