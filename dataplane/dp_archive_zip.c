/* SPDX-License-Identifier: Apache-2.0 */
/* The members of a zip. */
#include "dataplane/dp_archive_private.h"

#include <string.h>

#include "dataplane/dp_content.h"

/* Its member's data comes as the archive's own bytes. */
static bool is_raw(const struct dp_file *f)
{
	return f->member && (f->member->raw || f->archive->bare);
}

static void zip_outer(void *arg, const uint8_t *p, size_t n)
{
	struct dp_file *f = arg;
	const bool raw = is_raw(f);
	dp_file_scan(f, p, n);
	/* Of one that cannot be read: its headers may lie about that. */
	if (raw)
		dp_file_data(f->member, p, n);
	/* What a stream is made of is seen as what it comes to. */
	const size_t k = n < f->archive->streamed ? n : f->archive->streamed;
	f->archive->streamed -= k;
	if (k)
		dp_archive_side_see(f, p, k, false);
	if (n > k)
		dp_archive_side_see(f, p + k, n - k, !raw);
}

/* What of a member cannot be read here; true: nothing. */
static bool is_closed(struct dp_file *f, const struct rs_zip_member *m)
{
	if (m->flags & RS_ZIP_ENCRYPTED && !f->same)
		dp_archive_cannot(f, CT_REASON_ENCRYPTED_FILE);
	else if (m->method != RS_ZIP_STORED && m->method != RS_ZIP_DEFLATED && !f->same)
		dp_archive_cannot(f, CT_REASON_UNSUPPORTED);
	else if (!(m->flags & RS_ZIP_ENCRYPTED) && (m->method == RS_ZIP_STORED || m->method == RS_ZIP_DEFLATED))
		return m->method == RS_ZIP_DEFLATED && !dp_archive_inflate_begin(f, m->data_off);
	return true;
}

static bool is_ascii(const uint8_t *p, size_t n)
{
	uint8_t all = 0;
	for (size_t i = 0; i < n; i++)
		all |= p[i];
	return all < 0x80;
}

static struct dp_file_name zip_name(const struct rs_zip_member *m)
{
	const char *charset = m->flags & RS_ZIP_UTF8 ? "utf-8" : is_ascii(m->name, m->name_len) ? "" : CT_CHARSET_ZIP;
	return (struct dp_file_name){ RS_NAME_EXTENDED, charset, m->name, m->name_len };
}

/* What else readers call it: by its Unicode path, and of a name with a NUL what stands before that. */
static void tell_other_names(struct dp_file *d, const struct rs_zip_member *m)
{
	struct dp_file_name name = zip_name(m);
	const uint8_t *nul = m->name_len ? memchr(m->name, 0, m->name_len) : NULL;
	if (m->flags & RS_ZIP_NAME_CUT)
		dp_content_anomaly(d->content, RS_MIME_NAME_CUT);
	if (nul && nul > m->name) {
		name.n = (size_t)(nul - m->name);
		dp_file_other_name(d, &name);
	}
	if (!m->other_len)
		return;
	dp_file_other_name(d, &(struct dp_file_name){ RS_NAME_EXTENDED, "utf-8", m->other, m->other_len });
	if (rs_mime_names_differ(m->name, m->name_len, m->other, m->other_len))
		dp_content_anomaly(d->content, RS_MIME_NAMES_DIFFER);
}

/* What a member's data becomes. Of what another reader reported, and of a directory, only its name is wanted, for the way in. */
static struct dp_file *begin_file(struct dp_file *f, const struct rs_zip_member *m)
{
	const struct dp_file_name name = zip_name(m);
	const bool quiet = f->same || m->flags & RS_ZIP_DIRECTORY;
	struct dp_file *d = dp_archive_too_many(f) ? NULL : dp_file_begin(f->content, f, &name, "", !quiet);
	if (!d)
		return NULL;
	if (quiet)
		dp_file_called(d, &name);
	else
		tell_other_names(d, m);
	d->base = m->data_off;
	d->watched = true;
	return d;
}

static void zip_member_begin(void *arg, const struct rs_zip_member *m)
{
	struct dp_file *f = arg;
	f->member = NULL;
	f->archive->bare = false;
	f->archive->said = m->size;
	/* A directory has no data, or an empty stream; what else it has is matched. */
	if (m->flags & RS_ZIP_DIRECTORY && (!m->csize || m->flags & RS_ZIP_ENCRYPTED || m->method != RS_ZIP_DEFLATED))
		return;
	const bool closed = is_closed(f, m);
	/* Stored data is still matched, as the archive's own. */
	f->member = begin_file(f, m);
	if (!f->member) {
		dp_archive_inflate_end(f);
		return;
	}
	f->member->opaque = closed;
	f->member->inflated = m->method == RS_ZIP_DEFLATED && !closed;
	f->member->raw = closed && (m->flags & RS_ZIP_ENCRYPTED || m->method != RS_ZIP_DEFLATED);
	f->member->stored = !f->member->inflated;
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
	dp_archive_side_see(f, p, n, false);
}

/* Its first bytes, of which the last n are still handed out as the archive's, are no deflate stream's, or one that ended long before its
 * data: it may be stored, as the directory will say. What came of them so far is another file. False: no more is known of them. */
static bool read_as_stored(struct dp_file *f, size_t n, bool ended)
{
	struct dp_archive *a = f->archive;
	size_t have;
	const uint8_t *first = rs_zip_first(&a->u.zip, &have);
	if (!have)
		return false;
	if (a->inflate->out) {
		if (ended)
			dp_archive_member_close(f, false, false);
		else
			dp_archive_member_stop(f);
		f->member = begin_file(f, &a->u.zip.m);
	}
	dp_archive_inflate_end(f);
	if (!f->member)
		return true;
	f->member->inflated = false;
	f->member->stored = true;
	a->bare = true;
	dp_file_data(f->member, first, have - n);
	return true;
}

/* The stream that ended is all of the member's data, or may be. */
static bool fills(const struct dp_file *f)
{
	const uint64_t size = f->archive->u.zip.m.csize;
	return size == RS_ZIP_SIZE_UNKNOWN || f->archive->inflate->in >= size;
}

static enum rs_zip_deflate inflate_on(struct dp_file *f, const uint8_t *p, size_t n, size_t *taken)
{
	struct dp_archive *a = f->archive;
	*taken = 0;
	while (a->inflate)
		switch (dp_archive_inflate_piece(f, p, n, taken)) {
		case RS_INFLATE_MORE:
			return RS_ZIP_GOES_ON;
		case RS_INFLATE_END:
			if (!fills(f) && read_as_stored(f, n, true)) {
				dp_archive_broken(f);
				break;
			}
			a->ended = true;
			rs_zip_inflated(&a->u.zip, a->inflate->out, a->crc);
			return RS_ZIP_ENDED;
		case RS_INFLATE_BAD:
			dp_archive_broken(f);
			if (!read_as_stored(f, n, false))
				dp_archive_member_stop(f);
			break;
		case RS_INFLATE_PAUSE:
			if (!dp_archive_go_on(f))
				dp_archive_member_stop(f);
			break;
		case RS_INFLATE_FULL:
			break;
		}
	return RS_ZIP_LOST;
}

static enum rs_zip_deflate zip_member_deflated(void *arg, const uint8_t *p, size_t n, size_t *taken)
{
	struct dp_file *f = arg;
	const enum rs_zip_deflate how = inflate_on(f, p, n, taken);
	f->archive->streamed = *taken;
	return how;
}

static void zip_member_end(void *arg, uint32_t flags)
{
	struct dp_file *f = arg;
	const struct dp_archive *a = f->archive;
	const bool cut = flags & RS_ZIP_CUT;
	/* Other readers take other bytes for the stream, or fail. */
	if (a->inflate && !cut && (!a->ended || (a->said != RS_ZIP_SIZE_UNKNOWN && a->said != a->inflate->out))) {
		dp_archive_broken(f);
		if (!a->ended)
			dp_archive_member_stop(f);
	}
	if (a->behind && cut) /* it may be none */
		dp_archive_member_stop(f);
	dp_archive_member_close(f, cut, flags & RS_ZIP_GAP);
	f->archive->bare = false;
}

static void zip_missing(void *arg, uint64_t n, bool data)
{
	struct dp_file *f = arg;
	if (data && f->member) {
		dp_file_gap(f->member, n);
		f->skew += n;
	} else {
		dp_file_scan_gap(f, n);
		if (is_raw(f))
			dp_file_gap(f->member, n);
	}
	f->archive->pending = false;
	rs_marks_gap(&f->marks, n);
	dp_archive_side_gap(f, n);
}

/* The directory names what no header did: its name is told, there is no data. */
static void zip_entry(void *arg, const struct rs_zip_member *m)
{
	struct dp_file *f = arg;
	if (f->archive->behind || dp_archive_too_many(f))
		return;
	const struct dp_file_name name = zip_name(m);
	struct dp_file *e = dp_file_begin(f->content, f, &name, "", true);
	if (!e)
		return;
	e->opaque = true;
	if (e->rec) {
		e->rec->u.file.encrypted = m->flags & RS_ZIP_ENCRYPTED;
		e->rec->u.file.size = m->size;
	}
	dp_file_end(e, false, false);
}

static const struct rs_zip_ops zip_ops = { zip_outer, zip_member_begin, zip_member_data, zip_member_deflated, zip_member_end,
					   zip_missing, zip_entry };

static void zip_open(struct dp_file *f, enum rs_kind kind)
{
	(void)kind;
	rs_zip_init(&f->archive->u.zip, &zip_ops, f);
}

void dp_archive_zip_behind(struct dp_file *f, uint64_t at, const uint8_t signature[RS_MARKS_ZIP])
{
	rs_zip_init_behind(&f->archive->u.zip, &zip_ops, f, at, signature);
}

static void zip_feed(struct dp_file *f, const uint8_t *p, size_t n)
{
	rs_zip_feed(&f->archive->u.zip, p, n);
}

static void zip_gap(struct dp_file *f, uint64_t n)
{
	rs_zip_gap(&f->archive->u.zip, n);
}

static void zip_lose(struct dp_file *f)
{
	rs_zip_lose(&f->archive->u.zip);
}

/* Each fault is told once a message. */
static void tell(struct dp_file *f, uint32_t faults)
{
	struct dp_message *m = f->content->msg;
	struct dp_inspect *ins = f->content->ins;
	for (unsigned i = 0; i < RS_ZIP_FAULTS && !f->content->trial; i++) {
		if (!(faults & 1u << i) || i == RS_ZIP_TORN)
			continue;
		ins->stats.zip_anomaly[i]++;
		if (m->zip_errors & 1u << i)
			continue;
		m->zip_errors |= 1u << i;
		const struct ct_anomaly a = { .event = rs_zip_fault_name(i), .layer = "proto_parser", .type = "applayer" };
		dp_session_anomaly(m->session, m->tx_id, &a);
	}
}

static bool zip_end(struct dp_file *f, bool cut)
{
	const struct dp_archive *a = f->archive;
	const bool whole = rs_zip_end(&f->archive->u.zip);
	const uint32_t faults = rs_zip_faults(&a->u.zip);
	dp_archive_side_end(f);
	if (f->same) /* see dp_archive_side */
		return true;
	/* What others do not take for an archive can be broken in no way. */
	if (a->behind && !rs_zip_is_ended(&a->u.zip))
		return true;
	/* What is missing makes all else differ. */
	if (!cut && !(faults & 1u << RS_ZIP_TORN) && a->u.zip.account.ended)
		tell(f, faults);
	if (a->broken || faults & RS_ZIP_DATA_FAULTS)
		dp_archive_cannot(f, CT_REASON_MALFORMED);
	return whole;
}

static void zip_copy(struct dp_file *to, const struct dp_file *from)
{
	rs_zip_copy(&to->archive->u.zip, &from->archive->u.zip, to);
}

const struct dp_archive_reader dp_archive_zip = { zip_open, zip_feed, zip_gap, zip_lose, zip_end, zip_copy, dp_archive_inflated_from };
