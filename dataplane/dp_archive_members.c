/* SPDX-License-Identifier: Apache-2.0 */
/* The members of a wrapping whose reader needs nothing but its state (rs_unwrap). */
#include "dataplane/dp_archive_private.h"
#include "dataplane/dp_content.h"
#include "dataplane/dp_encoded.h"

#include <string.h>

static struct rs_unwrap *unwrap_of(struct dp_file *f)
{
	return &f->archive->u.unwrap;
}

static void on_outer(void *arg, const uint8_t *p, size_t n)
{
	struct dp_file *f = arg;
	/* A text was matched in larger pieces (dp_encoded_take). */
	if (f->archive->unwrap != &rs_text_reader)
		dp_file_scan(f, p, n);
}

/* As far back as what is passing now is known, however it came in pieces, and each character may stand in a line of its own. */
#define LINE_REACH 128

/* What is found in m bears this line. */
static uint32_t line_of(const struct dp_file *f, const struct rs_member *m)
{
	const bool near = !f->outer && m->seen_at - m->at < LINE_REACH;
	return dp_line_of(&f->content->line, dp_file_part_offset(f, near ? m->at : m->seen_at));
}

/* f's member is what f is said to be encoded from: a file in place of f, whose number in the message it takes. */
static void decodes(struct dp_file *f)
{
	struct dp_content *c = f->content;
	uint8_t buffer[640];
	const struct dp_file_name name = dp_file_name(f, buffer, sizeof buffer);
	f->member->depth = f->depth;
	if (c->guessed_cte)
		return;
	if (name.n)
		dp_file_other_name(f->member, &name);
	if (!f->travelled && !c->twin && f->rec && !f->silent && f->member->rec) {
		f->member->rec->u.file.number = f->rec->u.file.number;
		c->msg->files--;
		c->ins->stats.files--;
	}
	f->travelled = true;
}

static void on_member_begin(void *arg, const struct rs_member *m)
{
	struct dp_file *f = arg;
	f->member = NULL;
	f->archive->in = m->in;
	f->archive->out = m->out;
	f->archive->said = m->size;
	if (dp_archive_too_deep(f) || (m->file && dp_archive_too_many(f)))
		return;
	/* A layer has no name of its own: the way in tells it. */
	struct dp_file_name name = { RS_NAME_EXTENDED, m->charset, m->name, m->name_len };
	if (!m->name_len)
		name = (struct dp_file_name){ RS_NAME_NONE, "", (const uint8_t *)m->layer, strlen(m->layer) };
	f->member = dp_file_begin(f->content, f, &name, m->type, m->file);
	if (!f->member)
		return;
	if (m->name_cut)
		dp_content_anomaly(f->content, RS_MIME_NAME_CUT);
	f->member->base = m->at;
	if (m->seen_at && !f->line)
		f->member->line = line_of(f, m);
	f->member->layer = m->layer;
	if (f->uu && m->file && strcmp(m->layer, "uuencode") == 0)
		decodes(f);
	f->member->entity = strcmp(m->type, "message/rfc822") == 0;
	f->member->started = !m->file; /* it was looked at, and is none that is known */
}

static void on_member_data(void *arg, const uint8_t *p, size_t n)
{
	struct dp_file *f = arg;
	const bool copied = f->archive->out; /* what it is decoded from is the outer file's besides */
	if (f->member) {
		dp_file_data(f->member, p, n);
		f->skew += copied ? 0 : n;
	} else if (!copied) {
		dp_file_scan(f, p, n);
	}
}

/* What its reader said of it is why it could not be looked into as all others may see it. */
static void tell(struct dp_file *f, uint32_t flags)
{
	if (flags & (RS_UNWRAP_ODD | RS_UNWRAP_WRONG))
		dp_archive_cannot(f, CT_REASON_MALFORMED);
	if (flags & RS_UNWRAP_UNSUPPORTED)
		dp_archive_cannot(f, CT_REASON_UNSUPPORTED);
	if (flags & RS_UNWRAP_ENCRYPTED)
		dp_archive_cannot(f, CT_REASON_ENCRYPTED_FILE);
	if (flags & RS_UNWRAP_LIMIT)
		dp_archive_cannot(f, CT_REASON_LIMIT);
}

static void on_member_end(void *arg, uint32_t flags)
{
	struct dp_file *f = arg;
	tell(f, flags);
	if (flags & RS_UNWRAP_HOLES && f->member) {
		f->member->opaque = true; /* neither the size of what came nor its hash is the file's */
		if (f->member->rec && f->archive->said != RS_UNWRAP_SIZE_UNKNOWN)
			f->member->rec->u.file.size = f->archive->said;
	}
	dp_archive_member_close(f, flags & RS_UNWRAP_CUT, flags & RS_UNWRAP_GAP);
}

static void on_missing(void *arg, uint64_t n, bool data)
{
	struct dp_file *f = arg;
	if (data && f->member)
		dp_file_gap(f->member, n);
	if (!data || !f->member || f->archive->out)
		dp_file_scan_gap(f, n);
	else
		f->skew += n;
}

static void on_member_name(void *arg, const struct rs_member *m)
{
	struct dp_file *f = arg;
	if (f->member)
		dp_file_other_name(f->member, &(struct dp_file_name){ RS_NAME_EXTENDED, m->charset, m->name, m->name_len });
}

static bool on_member_wanted(void *arg, const uint8_t *p, size_t n)
{
	return dp_encoded_wants(arg, p, n);
}

const struct rs_unwrap_ops dp_archive_members_ops = { on_outer,   on_member_begin, on_member_data,  on_member_end,
						      on_missing, on_member_name,  on_member_wanted };

static const struct rs_unwrap_reader *const readers[] = {
	[RS_KIND_TNEF] = &rs_tnef_reader,
	[RS_KIND_CMS] = &rs_cms_reader,
	[RS_KIND_AR] = &rs_ar_reader,
};

static void members_open(struct dp_file *f, enum rs_kind kind)
{
	f->archive->unwrap = readers[kind];
	f->archive->unwrap->init(&f->archive->u, &dp_archive_members_ops, f);
}

void dp_archive_members_tar(struct dp_file *f)
{
	f->archive->reader = &dp_archive_members;
	f->archive->unwrap = &rs_tar_reader;
	rs_tar_start(&f->archive->u.tar, &dp_archive_members_ops, f);
}

static void members_feed(struct dp_file *f, const uint8_t *p, size_t n)
{
	f->archive->unwrap->feed(&f->archive->u, p, n);
	if (unwrap_of(f)->flags & RS_UNWRAP_NOT) /* what comes next is no archive's */
		dp_archive_close(f, 0);
}

static void members_gap(struct dp_file *f, uint64_t n)
{
	f->archive->unwrap->gap(&f->archive->u, n);
}

static bool members_end(struct dp_file *f, bool cut)
{
	const uint32_t flags = f->archive->unwrap->end(&f->archive->u);
	(void)cut;
	tell(f, flags);
	if (flags & RS_UNWRAP_ENCRYPTED && f->rec)
		f->rec->u.file.encrypted = true;
	return !(flags & RS_UNWRAP_CUT);
}

static void members_copy(struct dp_file *to, const struct dp_file *from)
{
	to->archive->unwrap = from->archive->unwrap;
	to->archive->in = from->archive->in;
	to->archive->out = from->archive->out;
	to->archive->u = from->archive->u;
	unwrap_of(to)->arg = to;
}

/* Of what is decoded: as exactly as lines are alike. */
static uint64_t members_from(const struct dp_file *f, uint64_t offset)
{
	const struct dp_archive *a = f->archive;
	const struct rs_unwrap *u = &a->u.unwrap;
	if (!a->out)
		return f->member->base + offset;
	if (a->unwrap->from)
		return a->unwrap->from(&a->u, offset);
	if (offset >= u->known) {
		const uint64_t at = u->known_at + (offset - u->known) * a->in / a->out;
		return u->last_at && at > u->last_at ? u->last_at : at;
	}
	const uint64_t back = (u->known - offset) * a->in / a->out;
	return back < u->known_at - f->member->base ? u->known_at - back : f->member->base;
}

const struct dp_archive_reader dp_archive_members = { members_open, members_feed, members_gap, NULL, members_end, members_copy,
						      members_from };
