/* SPDX-License-Identifier: Apache-2.0 */
/* What a gzip file holds; also of one that stands behind something else (dp_archive_side), and may be none: it is not reported, and
 * what is wrong with it counts when it has come to something. */
#include "dataplane/dp_archive_private.h"

#include <string.h>
#include <strings.h>

/* As unpackers name it: without the ending. */
static size_t without_ending(uint8_t *name, size_t n)
{
	if (n > 3 && !strncasecmp((const char *)name + n - 3, ".gz", 3))
		return n - 3;
	if (n > 4 && !strncasecmp((const char *)name + n - 4, ".tgz", 4)) {
		memcpy(name + n - 3, "tar", 3);
		return n;
	}
	return n;
}

static void gzip_begin(void *arg, const uint8_t *p, size_t n)
{
	struct dp_file *f = arg;
	uint8_t buffer[640];
	struct dp_file_name name = { RS_NAME_EXTENDED, "", p, n };
	if (!n && f->same) {
		name = (struct dp_file_name){ RS_NAME_PLAIN, "", (const uint8_t *)"gzip", 4 };
	} else if (!n) {
		name = dp_file_name(f, buffer, sizeof buffer);
		name.n = without_ending(buffer + (name.p - buffer), name.n);
	}
	if (!dp_archive_too_many(f))
		f->member = dp_file_begin(f->content, f, &name, "", !f->same);
	f->archive->inflate->pause_at = DP_ARCHIVE_PIECE;
	if (f->member && f->same) {
		dp_file_called(f->member, &name);
		f->member->base = f->base;
		f->member->watched = true;
	}
	if (f->member)
		f->member->inflated = true;
	else
		f->archive->inflate->pause_at = 0;
}

static void gzip_data(void *arg, const uint8_t *p, size_t n)
{
	struct dp_file *f = arg;
	if (f->member)
		dp_file_data(f->member, p, n);
}

static bool gzip_pause(void *arg)
{
	struct dp_file *f = arg;
	if (f->member && dp_archive_go_on(f))
		return true;
	dp_archive_member_stop(f);
	return false;
}

static const struct rs_gzip_ops gzip_ops = { gzip_begin, gzip_data, gzip_pause };

static void gzip_feed(struct dp_file *f, const uint8_t *p, size_t n)
{
	dp_file_scan(f, p, n);
	if (!f->archive->inflate)
		return;
	rs_gzip_feed(&f->archive->u.gz, p, n, dp_archive_piece(f), DP_ARCHIVE_PIECE);
	if (f->archive->inflate && f->archive->u.gz.faults & RS_GZIP_WRONG) {
		if (dp_archive_gzip_is_sure(f))
			dp_archive_cannot(f, CT_REASON_MALFORMED);
		dp_archive_member_stop(f);
	}
}

/* Answers whether it had come to an end. */
static bool gzip_end(struct dp_file *f, bool cut)
{
	if (!f->archive->inflate)
		return true; /* stopped: the reason was given */
	const uint32_t faults = rs_gzip_end(&f->archive->u.gz);
	if (f->same) {
		if (faults & RS_GZIP_CUT && dp_archive_gzip_is_sure(f) && !f->content->trial)
			dp_archive_cannot(f, CT_REASON_MALFORMED);
		dp_archive_member_stop(f);
		return true;
	}
	if (faults & (RS_GZIP_ODD | RS_GZIP_WRONG))
		dp_archive_cannot(f, CT_REASON_MALFORMED);
	dp_archive_member_close(f, cut || faults & RS_GZIP_CUT, false);
	return !(faults & RS_GZIP_CUT);
}

static void gzip_open(struct dp_file *f, enum rs_kind kind)
{
	(void)kind;
	if (dp_archive_inflate_begin(f, 0))
		rs_gzip_init(&f->archive->u.gz, &gzip_ops, f, f->archive->inflate);
}

bool dp_archive_gzip_is_sure(const struct dp_file *f)
{
	return !f->same || (f->archive->inflate && f->archive->inflate->out >= DP_ARCHIVE_MADE);
}

void dp_archive_gzip_behind(struct dp_file *f, uint64_t at, const uint8_t header[RS_MARKS_GZIP])
{
	f->base = at;
	if (!dp_archive_room(f, &dp_archive_gzip))
		return;
	gzip_open(f, RS_KIND_GZIP);
	if (f->archive->inflate)
		dp_file_data(f, header, RS_MARKS_GZIP);
}

bool dp_archive_gzip_leave(struct dp_file *f)
{
	const struct rs_inflate *z = f->archive->inflate;
	if (z && f->archive->u.gz.state != RS_GZIP_OVER)
		return false;
	const uint64_t read = z ? z->in : 0;
	gzip_end(f, false);
	dp_archive_close(f, read);
	return true;
}

static void gzip_gap(struct dp_file *f, uint64_t n)
{
	/* One stream up to its end, or several of which none tells where the next begins. */
	dp_archive_member_close(f, true, true);
	dp_file_scan_gap(f, n);
}

static void gzip_copy(struct dp_file *to, const struct dp_file *from)
{
	if (to->archive->inflate)
		rs_gzip_copy(&to->archive->u.gz, &from->archive->u.gz, to, to->archive->inflate);
}

const struct dp_archive_reader dp_archive_gzip = { gzip_open, gzip_feed, gzip_gap, NULL, gzip_end, gzip_copy, dp_archive_inflated_from };
