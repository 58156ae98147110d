/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_archive.h"

#include <string.h>
#include <strings.h>

#include "dataplane/dp_session.h"

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

static void cannot(struct dp_file *f, enum ct_reason why)
{
	dp_message_reason(f->content->msg, why);
	f->content->opaque = true;
}

/* Limits of what is inflated. */

/* All that was inflated for the message when `out` bytes came of the first `at` of f's content, on every level: of an outer one as
 * far as it has been used. *from: how far in the part that is. Nothing of this depends on how segments are cut. */
static uint64_t inflated(const struct dp_file *f, uint64_t at, uint64_t out, uint64_t *from)
{
	uint64_t total = f->content->msg->inflated + out;
	for (; f->outer; f = f->outer) {
		if (f->inflated)
			total += at;
		at = dp_file_outer_offset(f, at);
	}
	*from = at;
	return total;
}

/* f's member may come to more than `out` bytes, which the first `at` of f's content made. */
static bool may_inflate(struct dp_file *f, uint64_t at, uint64_t out)
{
	struct dp_inspect *ins = inspect_of(f);
	uint64_t from, total = inflated(f, at, out, &from);
	if (out >= ins->config->limits.inflate_file)
		ins->stats.inflate_file_limit++;
	else if (total >= ins->config->limits.inflate_bytes)
		ins->stats.inflate_limit++;
	else if (total >= RATIO_FREE && (total - RATIO_FREE) / ins->config->limits.inflate_ratio >= from)
		ins->stats.inflate_ratio_limit++;
	else
		return true;
	cannot(f, CT_REASON_LIMIT);
	return false;
}

/* Inflating. */

static bool inflate_begin(struct dp_file *f, uint64_t at)
{
	struct dp_archive *a = f->archive;
	a->ended = false;
	if (!may_inflate(f, at, 0))
		return false;
	a->inflate = rs_pool_get(inflates_of(f->content));
	if (a->inflate)
		return true;
	inspect_of(f)->stats.no_inflate++;
	cannot(f, CT_REASON_OVERLOAD);
	return false;
}

static void inflate_end(struct dp_file *f)
{
	struct dp_archive *a = f->archive;
	if (!a->inflate)
		return;
	f->content->msg->inflated += a->inflate->out;
	rs_pool_put(inflates_of(f->content), a->inflate);
	a->inflate = NULL;
}

static void member_close(struct dp_file *f, bool cut, bool gaps)
{
	for (struct dp_file *m = f->member; m && gaps; m = m->member)
		m->gaps = true;
	if (f->member)
		dp_file_end(f->member, cut, gaps);
	f->member = NULL;
	inflate_end(f);
}

/* No more of it is read, for a reason that was given: that what is in it did not end is no other. */
static void member_stop(struct dp_file *f)
{
	for (struct dp_file *m = f->member; m; m = m->member)
		m->stopped = true;
	member_close(f, true, false);
}

static uint8_t *piece_of(const struct dp_file *f)
{
	return inspect_of(f)->inflated + (size_t)f->depth * DP_ARCHIVE_PIECE;
}

static bool go_on(struct dp_file *f)
{
	struct rs_inflate *z = f->archive->inflate;
	z->pause_at = z->out + DP_ARCHIVE_PIECE;
	return may_inflate(f, f->member->base + z->in, z->out);
}

static enum rs_inflate_verdict inflate_piece(struct dp_file *f, const uint8_t *p, size_t n, size_t *taken)
{
	struct rs_inflate *z = f->archive->inflate;
	uint8_t *piece = piece_of(f);
	size_t k, made;
	enum rs_inflate_verdict v = rs_inflate_feed(z, p + *taken, n - *taken, &k, piece, DP_ARCHIVE_PIECE, &made);
	*taken += k;
	if (made)
		dp_file_data(f->member, piece, made);
	return v;
}

/* The members of a zip. */

static void zip_outer(void *arg, const uint8_t *p, size_t n)
{
	dp_file_scan(arg, p, n);
}

/* What of a member cannot be read here; true: nothing. */
static bool is_closed(struct dp_file *f, const struct rs_zip_member *m)
{
	if (m->flags & RS_ZIP_ENCRYPTED)
		cannot(f, CT_REASON_ENCRYPTED_FILE);
	else if (m->method != RS_ZIP_STORED && m->method != RS_ZIP_DEFLATED)
		cannot(f, CT_REASON_UNSUPPORTED);
	else
		return m->method == RS_ZIP_DEFLATED && !inflate_begin(f, m->data_off);
	return true;
}

static bool too_many(struct dp_file *f)
{
	struct dp_inspect *ins = inspect_of(f);
	if (f->content->msg->members++ < ins->config->limits.archive_members)
		return false;
	ins->stats.member_limit++;
	cannot(f, CT_REASON_LIMIT);
	return true;
}

static void zip_member_begin(void *arg, const struct rs_zip_member *m)
{
	struct dp_file *f = arg;
	f->member = NULL;
	f->archive->said = m->size;
	if (m->flags & RS_ZIP_DIRECTORY)
		return;
	const bool closed = is_closed(f, m);
	/* Stored data is still matched, as the archive's own. */
	if (!too_many(f)) {
		/* No charset named: UTF-8 where it is that, which covers what writers do better than the format's CP437. */
		struct dp_file_name name = { RS_NAME_EXTENDED, m->flags & RS_ZIP_UTF8 ? "utf-8" : "", m->name, m->name_len };
		f->member = dp_file_begin(f->content, f, &name, "", true);
	}
	if (!f->member) {
		inflate_end(f);
		return;
	}
	f->member->base = m->data_off;
	f->member->opaque = closed;
	f->member->inflated = m->method == RS_ZIP_DEFLATED;
	if (f->archive->inflate) {
		rs_inflate_init(f->archive->inflate, RS_INFLATE_RAW);
		f->archive->inflate->pause_at = DP_ARCHIVE_PIECE;
	}
	if (f->member->rec && closed) {
		f->member->rec->u.file.encrypted = m->flags & RS_ZIP_ENCRYPTED;
		f->member->rec->u.file.size = m->size != RS_ZIP_SIZE_UNKNOWN ? m->size : 0;
	}
}

static void zip_member_data(void *arg, const uint8_t *p, size_t n)
{
	struct dp_file *f = arg;
	if (f->member) {
		dp_file_data(f->member, p, n);
		f->skew += n;
	} else {
		dp_file_scan(f, p, n);
	}
}

static enum rs_zip_deflate zip_member_deflated(void *arg, const uint8_t *p, size_t n, size_t *taken)
{
	struct dp_file *f = arg;
	struct dp_archive *a = f->archive;
	*taken = 0;
	while (a->inflate)
		switch (inflate_piece(f, p, n, taken)) {
		case RS_INFLATE_MORE:
			return RS_ZIP_GOES_ON;
		case RS_INFLATE_END:
			a->ended = true;
			return RS_ZIP_ENDED;
		case RS_INFLATE_BAD:
			cannot(f, CT_REASON_MALFORMED);
			member_stop(f);
			break;
		case RS_INFLATE_PAUSE:
			if (!go_on(f))
				member_stop(f);
			break;
		case RS_INFLATE_FULL:
			break;
		}
	return RS_ZIP_LOST;
}

static void zip_member_end(void *arg, uint32_t flags)
{
	struct dp_file *f = arg;
	const struct dp_archive *a = f->archive;
	const bool cut = flags & RS_ZIP_CUT;
	/* Other readers take other bytes for the stream, or fail. */
	if (a->inflate && !cut && (!a->ended || (a->said != RS_ZIP_SIZE_UNKNOWN && a->said != a->inflate->out))) {
		cannot(f, CT_REASON_MALFORMED);
		if (!a->ended)
			member_stop(f);
	}
	member_close(f, cut, flags & RS_ZIP_GAP);
}

static void zip_missing(void *arg, uint64_t n, bool data)
{
	struct dp_file *f = arg;
	if (data && f->member) {
		dp_file_gap(f->member, n);
		f->skew += n;
	} else {
		dp_file_scan_gap(f, n);
	}
}

static const struct rs_zip_ops zip_ops = { zip_outer, zip_member_begin, zip_member_data, zip_member_deflated, zip_member_end,
					   zip_missing };

/* What a gzip file holds. */

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
	if (!n) {
		name = dp_file_name(f, buffer, sizeof buffer);
		name.n = without_ending(buffer + (name.p - buffer), name.n);
	}
	if (!too_many(f))
		f->member = dp_file_begin(f->content, f, &name, "", true);
	f->archive->inflate->pause_at = DP_ARCHIVE_PIECE;
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
	if (f->member && go_on(f))
		return true;
	member_stop(f);
	return false;
}

static const struct rs_gzip_ops gzip_ops = { gzip_begin, gzip_data, gzip_pause };

static void gzip_feed(struct dp_file *f, const uint8_t *p, size_t n)
{
	dp_file_scan(f, p, n);
	if (!f->archive->inflate)
		return;
	rs_gzip_feed(&f->archive->u.gz, p, n, piece_of(f), DP_ARCHIVE_PIECE);
	if (f->archive->u.gz.faults & RS_GZIP_WRONG) {
		cannot(f, CT_REASON_MALFORMED);
		member_stop(f);
	}
}

/* Answers whether it had come to an end. */
static bool gzip_end(struct dp_file *f, bool cut)
{
	if (!f->archive->inflate)
		return true; /* stopped: the reason was given */
	const uint32_t faults = rs_gzip_end(&f->archive->u.gz);
	if (faults & (RS_GZIP_ODD | RS_GZIP_WRONG))
		cannot(f, CT_REASON_MALFORMED);
	member_close(f, cut || faults & RS_GZIP_CUT, false);
	return !(faults & RS_GZIP_CUT);
}

/* Either. */

void dp_archive_open(struct dp_file *f, enum rs_kind kind)
{
	struct dp_inspect *ins = inspect_of(f);
	if (f->depth >= ins->config->limits.archive_depth) {
		ins->stats.archive_limit++;
		cannot(f, CT_REASON_LIMIT);
		return;
	}
	f->archive = rs_pool_get(archives_of(f->content));
	if (!f->archive) {
		ins->stats.no_zip++;
		cannot(f, CT_REASON_OVERLOAD);
		return;
	}
	f->archive->inflate = NULL;
	f->archive->gzip = kind == RS_KIND_GZIP;
	if (kind == RS_KIND_ZIP)
		rs_zip_init(&f->archive->u.zip, &zip_ops, f);
	else if (inflate_begin(f, 0))
		rs_gzip_init(&f->archive->u.gz, &gzip_ops, f, f->archive->inflate);
}

void dp_archive_feed(struct dp_file *f, const uint8_t *p, size_t n)
{
	if (f->archive->gzip)
		gzip_feed(f, p, n);
	else
		rs_zip_feed(&f->archive->u.zip, p, n);
}

void dp_archive_gap(struct dp_file *f, uint64_t n)
{
	if (!f->archive->gzip) {
		rs_zip_gap(&f->archive->u.zip, n);
		return;
	}
	/* One stream up to its end, or several of which none tells where the next begins. */
	member_close(f, true, true);
	dp_file_scan_gap(f, n);
}

void dp_archive_lose(struct dp_file *f)
{
	if (!f->archive->gzip)
		rs_zip_lose(&f->archive->u.zip);
}

bool dp_archive_end(struct dp_file *f, bool cut)
{
	const bool whole = f->archive->gzip ? gzip_end(f, cut) : rs_zip_end(&f->archive->u.zip);
	inflate_end(f);
	rs_pool_put(archives_of(f->content), f->archive);
	f->archive = NULL;
	return whole;
}

void dp_archive_copy(struct dp_file *to, const struct dp_file *from)
{
	const struct dp_archive *a = from->archive;
	struct dp_inspect *ins = inspect_of(to);
	to->archive = rs_pool_get(&ins->trial_zips);
	if (!to->archive) {
		cannot(to, CT_REASON_LIMIT);
		return;
	}
	to->archive->said = a->said;
	to->archive->gzip = a->gzip;
	to->archive->ended = a->ended;
	to->archive->inflate = a->inflate ? rs_pool_get(&ins->trial_inflates) : NULL;
	if (to->archive->inflate)
		rs_inflate_copy(to->archive->inflate, a->inflate);
	else if (a->inflate)
		cannot(to, CT_REASON_LIMIT);
	if (!a->gzip)
		rs_zip_copy(&to->archive->u.zip, &a->u.zip, to);
	else if (to->archive->inflate)
		rs_gzip_copy(&to->archive->u.gz, &a->u.gz, to, to->archive->inflate);
}
