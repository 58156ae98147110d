/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_encoded.h"

#include "dataplane/dp_archive_private.h"
#include "reassembly/rs_row.h"
#include "reassembly/rs_tail.h"

static struct rs_text *text_of(struct dp_file *f)
{
	return &f->archive->u.text;
}

static bool is_open(const struct dp_file *f)
{
	return f->archive && f->archive->reader == &dp_archive_members && f->archive->unwrap == &rs_text_reader;
}

static void keep(struct dp_file *f, const uint8_t *p, size_t n)
{
	f->ntail = (uint8_t)rs_tail_keep(f->tail, RS_SPOT_BACK, f->ntail, p, n);
}

#define LEAST_INSIDE (sizeof "data:," - 1) /* whatever may be encoded in something has so many bytes of text in a row */

/* What it decides by must be the same of a piece of a run and of the whole: it is the same for all of f. */
bool dp_encoded_wants(struct dp_file *f, const uint8_t *p, size_t n)
{
	struct dp_inspect *ins = f->content->ins;
	struct rs_spot spot;
	enum rs_spotted what = RS_SPOT_NOTHING;
	const bool matched = mt_ruleset_depth(ins->rules, MT_FILE_DATA) > 0;
	if (f->depth >= ins->config->limits.archive_depth || ins->config->files.report == CT_REPORT_ALL)
		return true;
	const bool words = rs_row_of_text(p, n, LEAST_INSIDE);
	if (words) {
		rs_spot_init(&spot);
		rs_spot_look(&spot, NULL, 0, p, n, 0, &what);
	}
	if (what || (matched && (words || mt_ruleset_row(ins->rules, MT_FILE_DATA) < LEAST_INSIDE) &&
		     mt_worker_may_match(ins->matcher, MT_FILE_DATA, p, n)))
		return true;
	ins->stats.matched_bytes += matched ? n : 0;
	return false;
}

/* Behind what was seen, a reader is opened. left: bytes of f that come next. */
static void open_reader(struct dp_file *f, enum rs_spotted what, size_t left)
{
	if (!dp_archive_room(f, &dp_archive_members))
		return;
	f->archive->unwrap = &rs_text_reader;
	rs_text_start(text_of(f), &dp_archive_members_ops, f, f->tail, f->ntail, f->size - left, what);
}

/* Looks no further than to the first thing seen. Returns how many. */
static size_t look(struct dp_file *f, const uint8_t *p, size_t n, size_t quiet, enum rs_spotted *what)
{
	const size_t k = rs_text_look(&f->spot, &dp_archive_members_ops, f, f->tail, f->ntail, p, n, quiet, what);
	keep(f, p, k);
	return k;
}

static void close_idle(struct dp_file *f)
{
	if (!rs_text_is_idle(text_of(f)))
		return;
	f->spot = text_of(f)->spot;
	dp_archive_end(f, false);
}

void dp_encoded_take(struct dp_file *f, const uint8_t *p, size_t n, size_t left, size_t quiet)
{
	dp_file_scan(f, p, n);
	if (f->wide && !f->archive) {
		open_reader(f, RS_SPOT_WIDE, left + n);
		/* What stands in the text in clear is no program, only what is encoded in it may be one. */
		if (f->member)
			f->member->raw = true;
	}
	f->wide = false;
	while (n > 0) {
		size_t k = n;
		if (!f->archive) {
			enum rs_spotted what;
			k = look(f, p, n, quiet, &what);
			if (what)
				open_reader(f, what, left + n - k);
		} else {
			f->archive->reader->feed(f, p, n);
			keep(f, p, n);
		}
		if (f->archive)
			close_idle(f);
		p += k;
		n -= k;
		quiet -= k < quiet ? k : quiet;
	}
}

void dp_encoded_beside(struct dp_file *f, const uint8_t *p, size_t n, size_t left, size_t quiet)
{
	while (n > 0 && !dp_encoded_reads(f)) {
		enum rs_spotted what;
		const size_t k = look(f, p, n, quiet, &what);
		dp_file_scan(f, p, k);
		f->archive->reader->feed(f, p, k);
		p += k;
		n -= k;
		quiet -= k < quiet ? k : quiet;
		if (what && (!f->archive || dp_archive_stream_drop(f)))
			open_reader(f, what, left + n);
	}
	if (n > 0)
		dp_encoded_take(f, p, n, left, quiet);
}

void dp_encoded_gap(struct dp_file *f, uint64_t n)
{
	f->ntail = 0;
	if (f->archive) {
		dp_archive_gap(f, n);
		close_idle(f);
	} else {
		dp_file_scan_gap(f, n);
	}
	rs_spot_resume(&f->spot, NULL, 0);
}

void dp_encoded_end(struct dp_file *f)
{
	if (is_open(f))
		dp_archive_end(f, false);
}

bool dp_encoded_reads(const struct dp_file *f)
{
	return !f->archive || is_open(f);
}
