/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_content_private.h"
#include "dataplane/dp_mail.h"

#include <string.h>

#include "dataplane/dp_encoded.h"
#include "dataplane/dp_facts.h"

/* Of a file's first bytes, so many tell an archive. */
#define KIND_SURE 4

static struct dp_inspect *inspect_of(const struct dp_file *f)
{
	return f->content->ins;
}

static struct rs_pool *files_of(const struct dp_content *c)
{
	return c->trial ? &c->ins->trial_files : &c->ins->files;
}

uint64_t dp_file_outer_offset(const struct dp_file *f, uint64_t offset)
{
	if (f->same)
		return offset;
	return f->outer->archive ? dp_archive_from(f->outer, offset) : f->base;
}

uint64_t dp_file_part_offset(const struct dp_file *f, uint64_t offset)
{
	for (; f->outer; f = f->outer)
		offset = dp_file_outer_offset(f, offset);
	return offset;
}

static void hit_line(void *arg, struct mt_hit *hit)
{
	struct dp_file *f = arg;
	hit->from += f->skew;
	hit->to += f->skew;
	hit->line = f->line ? f->line : dp_line_of(&f->content->line, dp_file_part_offset(f, hit->from));
}

static void file_matched(void *arg, const struct mt_rule *rule, size_t index, const struct mt_hit *const *hits, size_t nhits)
{
	struct dp_file *f = arg;
	for (struct dp_file *g = f; g; g = g->outer)
		g->hit = true;
	dp_message_match(f->content->msg, f->content, f, rule, index, hits, nhits);
}

void dp_file_scan(struct dp_file *f, const uint8_t *p, size_t n)
{
	if (!f->scan || f->raw)
		return;
	inspect_of(f)->stats.matched_bytes += n;
	inspect_of(f)->stats.matched_pieces++;
	mt_stream_scan(inspect_of(f)->matcher, f->scan, p, n, hit_line, f);
}

/* What is declared to be S/MIME and is none to this reader may be one to a more lenient one. */
static void no_cms(struct dp_file *f)
{
	f->cms = false;
	dp_message_reason(f->content->msg, CT_REASON_MALFORMED);
	f->content->opaque = true;
}

/* It may stand in armour (RFC 7468), which is read as what is encoded in any text. */
static void start_cms(struct dp_file *f, const uint8_t *p, size_t n, enum rs_kind kind)
{
	static const char armour[] = "-----BEGIN ";
	if (kind == RS_KIND_CMS)
		f->cms = false;
	else if (f->cms && (n < sizeof armour - 1 || memcmp(p, armour, sizeof armour - 1) != 0))
		no_cms(f);
	if (kind == RS_KIND_CMS && f->outer)
		f->outer->cms = false;
}

/* The first bytes are known: what kind of file is it? */
static void start(struct dp_file *f, const uint8_t *p, size_t n)
{
	f->started = true;
	dp_facts_begin(f, p, n);
	enum rs_kind kind = rs_kind_of(p, n);
	f->wide = rs_text_is_wide(p, n);
	start_cms(f, p, n, kind);
	if (kind == RS_KIND_TAR || kind == RS_KIND_PLAIN || f->message)
		dp_mail_start(f, p, n);
	f->quotes = (kind == RS_KIND_TAR || kind == RS_KIND_PLAIN) && !f->mail && !f->content->quoted;
	/* The message's own text is nobody's archive unless it looks like one. */
	if (kind == RS_KIND_TAR && f->watched) {
		dp_archive_tar_open(f);
		kind = rs_kind_else(p, n, f->stored);
	}
	switch (kind) {
	case RS_KIND_ZIP:
	case RS_KIND_GZIP:
	case RS_KIND_ZLIB:
	case RS_KIND_DEFLATED:
	case RS_KIND_TNEF:
	case RS_KIND_CMS:
	case RS_KIND_AR:
		dp_archive_open(f, kind);
		break;
	case RS_KIND_SEALED:
		dp_message_reason(f->content->msg, CT_REASON_ENCRYPTED_FILE);
		f->content->opaque = true;
		break;
	case RS_KIND_PACKED:
		dp_message_reason(f->content->msg, CT_REASON_UNSUPPORTED);
		f->content->opaque = true;
		break;
	case RS_KIND_TAR:
	case RS_KIND_PLAIN:
		break;
	}
}

static void note_name(struct dp_inspect *ins, struct ct_record *r, enum ct_note_kind kind, const struct dp_file_name *name)
{
	const bool called = name->form == RS_NAME_NONE && name->n;
	if (name->form == RS_NAME_NONE && !called)
		return;
	/* charset NUL name: the name goes last, so that it may be of any length */
	dp_record_note(ins, r, kind, (uint8_t)(called ? RS_NAME_PLAIN : name->form), called, name->charset, strlen(name->charset) + 1);
	dp_record_more(ins, r, name->p, name->n);
}

void dp_file_other_name(struct dp_file *f, const struct dp_file_name *name)
{
	if (!f->rec || f->silent)
		return;
	if (f->size)
		f->head_left = 0; /* its note is not the last one any more */
	note_name(inspect_of(f), f->rec, CT_NOTE_FILE_OTHER_NAME, name);
}

void dp_file_called(struct dp_file *f, const struct dp_file_name *name)
{
	struct dp_inspect *ins = inspect_of(f);
	if (f->rec || f->content->trial || !(f->rec = dp_record_get(ins, CT_FILE)))
		return;
	f->silent = true;
	note_name(ins, f->rec, CT_NOTE_FILE_NAME, name);
}

struct dp_file *dp_file_begin(struct dp_content *c, struct dp_file *outer, const struct dp_file_name *name, const char *type,
                              bool report)
{
	struct dp_inspect *ins = c->ins;
	struct dp_file *f = rs_pool_get(files_of(c));
	if (!f) {
		ins->stats.no_file++;
		dp_message_reason(c->msg, CT_REASON_OVERLOAD);
		return NULL;
	}
	memset(f, 0, sizeof *f);
	f->content = c;
	f->outer = outer;
	f->line = outer ? outer->line : 0;
	f->cms = strcmp(type, "application/pkcs7-mime") == 0 || strcmp(type, "application/x-pkcs7-mime") == 0;
	f->depth = outer ? (uint8_t)(outer->depth + 1) : c->within ? (uint8_t)(c->within->depth + 1) : 0;
	f->watched = report; /* text of the message itself is nobody's archive */
	rs_spot_init(&f->spot);
	f->may_be_mail = report;
	if (mt_ruleset_depth(ins->rules, MT_FILE_DATA) && !(f->scan = dp_content_stream(c, MT_FILE_DATA))) {
		ins->stats.no_stream++;
		dp_message_reason(c->msg, CT_REASON_OVERLOAD);
		c->opaque = true;
	}
	if (c->trial || (!report && ins->config->files.report != CT_REPORT_ALL))
		return f;
	if (!(f->rec = dp_record_get(ins, CT_FILE)))
		return f;
	struct ct_record *r = f->rec;
	if (!c->twin) {
		ins->stats.files++;
		r->u.file.number = c->msg->files++;
	}
	note_name(ins, r, CT_NOTE_FILE_NAME, name);
	dp_record_note(ins, r, CT_NOTE_FILE_TYPE, 0, 0, type, strlen(type));
	dp_record_note(ins, r, CT_NOTE_FILE_PART, 0, 0, c->part, strlen(c->part));
	if (outer || c->within)
		dp_file_path(ins, r, CT_NOTE_FILE_PATH, f);
	f->store = ins->config->files.store != CT_STORE_NONE ? CT_STORE_WHOLE : CT_STORE_NOT;
	if (ins->config->files.magic)
		f->head_left = ins->config->files.head;
	if (ins->sha256 && (!outer || ins->config->files.sha256 == CT_SHA256_ALL)) {
		size_t slot = (size_t)((char *)f - (char *)ins->files_mem) / ins->files.object_size;
		f->sha256 = ins->sha256[slot];
		EVP_DigestInit_ex(f->sha256, NULL, NULL);
	}
	return f;
}

/* Of the blocks, half are for files that may be kept. Where the packets can wait (captures), they do: what is told must not hang on how
 * fast control is. */
static bool has_room(struct dp_inspect *ins)
{
	while (ins->blocks.used > ins->blocks.size / 2)
		if (!ins->reclaim(ins->arg, true))
			return false;
	return true;
}

/* Bytes behind those that libmagic is shown, of a file that may be kept. */
static void keep(struct dp_file *f, const uint8_t *p, size_t n)
{
	struct dp_inspect *ins = inspect_of(f);
	if (f->size + n > ins->config->files.store_size)
		f->store = CT_STORE_TOO_LONG;
	else if (n && (!has_room(ins) || !dp_record_note(ins, f->rec, CT_NOTE_FILE_CONTENT, 0, 0, p, n)))
		f->store = CT_STORE_NO_ROOM;
}

/* Returns how many bytes were kept. */
static size_t keep_head(struct dp_file *f, const uint8_t *p, size_t n)
{
	if (n > f->head_left)
		n = f->head_left;
	if (f->size == 0)
		dp_record_note(inspect_of(f), f->rec, CT_NOTE_FILE_HEAD, 0, 0, p, n);
	else
		dp_record_more(inspect_of(f), f->rec, p, n);
	f->head_left -= (uint32_t)n;
	return n;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* How much of n bytes, n > 0, goes to all who read it before the next. */
static size_t piece(struct dp_file *f, const uint8_t *p, size_t n)
{
	const size_t k = f->tar ? least(n, dp_archive_tar_wanted(f)) : n;
	const size_t most = f->mail ? dp_mail_piece(f, p, k) : k;
	return f->quotes ? dp_mail_quoted(f, p, most) : most;
}

static void read_on(struct dp_file *f, const uint8_t *p, size_t n)
{
	f->size += n;
	dp_archive_feed(f, p, n);
	if (f->mail)
		dp_mail_feed(f, p, n);
	else if (f->fields_sought)
		dp_mail_seek(f, p, n);
	if (f->quotes)
		dp_mail_quote(f);
	if (f->tar)
		dp_archive_tar_see(f, p, n);
}

static void take(struct dp_file *f, const uint8_t *p, size_t n)
{
	const size_t head = f->rec && f->head_left && !f->raw ? keep_head(f, p, n) : 0;
	if (f->store == CT_STORE_WHOLE)
		keep(f, p + head, n - head);
	if (!f->raw)
		dp_facts_feed(f, p, n);
	if (f->sha256 && !f->raw)
		EVP_DigestUpdate(f->sha256, p, n);
	for (size_t k; n; p += k, n -= k) {
		k = piece(f, p, n);
		read_on(f, p, k);
	}
}

void dp_file_data(struct dp_file *f, const uint8_t *p, size_t n)
{
	if (n == 0)
		return;
	inspect_of(f)->stats.file_bytes += f->depth == 0 && !f->outer ? n : 0;
	if (!f->started) {
		if (f->nstart == 0 && n >= DP_FILE_START) {
			start(f, p, DP_FILE_START); /* as many, whatever there is */
		} else {
			size_t k = DP_FILE_START - f->nstart;
			if (k > n)
				k = n;
			memcpy(f->start + f->nstart, p, k);
			f->nstart = (uint8_t)(f->nstart + k);
			if (f->nstart < DP_FILE_START)
				return;
			start(f, f->start, DP_FILE_START);
			take(f, f->start, DP_FILE_START);
			p += k;
			n -= k;
			if (n == 0)
				return;
		}
	}
	take(f, p, n);
}

#define ZEROS_MAX 65536

void dp_file_scan_gap(struct dp_file *f, uint64_t n)
{
	static const uint8_t zeros[1024];
	uint64_t some = n < ZEROS_MAX ? n : ZEROS_MAX;
	f->skew += n - some;
	for (uint64_t k; some; some -= k) {
		k = some < sizeof zeros ? some : sizeof zeros;
		dp_file_scan(f, zeros, (size_t)k);
	}
}

/* The kind of a file is asked of what there is of its beginning. Where that is too little, members of a zip are looked for. */
static void start_torn(struct dp_file *f)
{
	start(f, f->start, f->nstart);
	if (!f->archive && f->nstart < KIND_SURE && f->rec)
		dp_archive_open(f, RS_KIND_ZIP);
	if (f->nstart)
		take(f, f->start, f->nstart);
}

void dp_file_gap(struct dp_file *f, uint64_t n)
{
	f->gaps = true;
	f->head_left = 0;
	dp_facts_gap(f);
	if (!f->started)
		start_torn(f);
	dp_archive_tar_drop(f);
	f->size += n;
	if (f->mail)
		dp_mail_gap(f, n);
	if (dp_encoded_reads(f)) {
		dp_archive_side_gap(f, n);
		dp_encoded_gap(f, n);
		rs_marks_gap(&f->marks, n);
	} else {
		dp_archive_gap(f, n);
	}
}

void dp_file_lose(struct dp_file *f)
{
	if (f->archive)
		dp_archive_lose(f);
}

void dp_file_encoded(struct dp_file *f, uint64_t offset, uint64_t length, uint64_t lost)
{
	if (f->rec)
		f->rec->u.file.encoded = (struct ct_extent){ offset, length, lost };
}

/* Whether bytes of it were lost on the way, or its sender left it broken. */
static enum ct_reason why_broken(const struct dp_file *f)
{
	while (f->outer)
		f = f->outer;
	return f->lost || f->gaps ? CT_REASON_GAP : CT_REASON_MALFORMED;
}

/* Of the same file, which another reading of the message has as well, there is a record. Else it has become another. */
static bool is_told(const struct dp_file *f)
{
	struct dp_content *c = f->content;
	if (!c->twin)
		return false;
	if (dp_views_reads_alike(c, !f->outer))
		return true;
	inspect_of(f)->stats.files++;
	f->rec->u.file.number = c->msg->files++;
	return false;
}

/* It is to be kept, if it may. */
static void wish(struct dp_file *f, bool broken)
{
	struct dp_inspect *ins = inspect_of(f);
	f->rec->u.file.store = broken ? CT_STORE_BROKEN : f->store;
	ins->stats.store_too_long += f->rec->u.file.store == CT_STORE_TOO_LONG;
	ins->stats.store_no_room += f->rec->u.file.store == CT_STORE_NO_ROOM;
}

void dp_file_end(struct dp_file *f, bool cut, bool gaps)
{
	struct dp_inspect *ins = inspect_of(f);
	gaps |= f->gaps;
	f->lost = cut || gaps;
	if (!f->started && f->nstart) {
		start(f, f->start, f->nstart);
		take(f, f->start, f->nstart);
	}
	dp_archive_tar_drop(f);
	dp_encoded_end(f);
	if (f->cms && f->started)
		no_cms(f);
	if (dp_encoded_reads(f))
		dp_archive_side_end(f);
	if (f->mail)
		dp_mail_end(f);
	/* A copy's archive may yet go on. */
	if (f->archive && !dp_archive_end(f, cut) && !f->content->trial && !f->stopped) {
		dp_message_reason(f->content->msg, why_broken(f));
		f->content->opaque = true;
	}
	/* Beside a deflate stream, too. */
	dp_archive_side_end(f);
	if (f->scan) {
		if (mt_stream_failed(f->scan)) {
			ins->stats.scan_failed++;
			f->content->opaque = true;
		}
		dp_content_stream_end(f->content, f->scan, file_matched, f);
	}
	dp_facts_end(f);
	struct ct_record *r = f->rec;
	if (r && (f->silent || f->travelled || is_told(f))) {
		dp_record_free(ins, r);
	} else if (r) {
		if (!f->opaque)
			r->u.file.size = f->size;
		r->u.file.gaps = gaps;
		if (f->store && (f->hit || ins->config->files.store == CT_STORE_ALL))
			wish(f, cut || gaps || f->opaque);
		r->u.file.state = cut ? CT_FILE_TRUNCATED : CT_FILE_CLOSED;
		if (f->sha256 && !f->opaque && !gaps) {
			unsigned len = sizeof r->u.file.sha256;
			r->u.file.has_sha256 = EVP_DigestFinal_ex(f->sha256, r->u.file.sha256, &len);
		}
		struct dp_session *s = f->content->msg->session;
		r->flow = f->content->msg->rec->flow;
		r->n = ins->number(s->connection);
		r->tx_id = f->content->msg->tx_id;
		dp_record_put(ins, r);
	}
	rs_pool_put(files_of(f->content), f);
}

unsigned dp_file_peek(const struct dp_file *f)
{
	unsigned actions = 0;
	for (; f; f = f->member) {
		if (f->scan)
			actions |= mt_stream_peek(f->content->ins->matcher, f->scan, false);
		if (f->mail)
			actions |= dp_content_peek(f->mail, false);
		actions |= dp_file_peek(f->side);
	}
	return actions;
}

void dp_file_let_go(struct dp_file *f)
{
	if (f->member)
		dp_file_let_go(f->member);
	dp_mail_let_go(f);
	if (f->side)
		dp_file_let_go(f->side);
	if (f->exe)
		rs_pool_put(&inspect_of(f)->executables, f->exe);
	dp_archive_tar_drop(f);
	if (f->archive)
		dp_archive_let_go(f);
	if (f->scan)
		mt_stream_end(inspect_of(f)->matcher, f->scan, NULL, NULL);
	dp_record_free(inspect_of(f), f->rec);
	rs_pool_put(files_of(f->content), f);
}

/* The note of the file's own name, as dp_file_begin made it; *sub: its form. Returns its length; 0: it has none. */
static size_t name_note(const struct dp_file *f, uint8_t *to, size_t size, uint8_t *sub)
{
	struct ct_note_iter it;
	struct ct_note note;
	if (!f->rec)
		return 0;
	ct_note_first(&it, &f->rec->notes);
	while (ct_note_next(&it, &note))
		if (note.kind == CT_NOTE_FILE_NAME) {
			*sub = note.sub;
			return ct_note_copy(&it, to, size);
		}
	return 0;
}

/* A record that is not sent: it says what a file of a copy is called. */
static struct ct_record *copy_name(struct dp_inspect *ins, const struct dp_file *f)
{
	uint8_t name[640], sub;
	const size_t n = name_note(f, name, sizeof name, &sub);
	struct ct_record *r = n ? dp_record_get(ins, CT_FILE) : NULL;
	if (r)
		dp_record_note(ins, r, CT_NOTE_FILE_NAME, sub, 0, name, n);
	return r;
}

static struct mt_stream *copy_scan(struct dp_content *to, struct mt_stream *from)
{
	struct dp_inspect *ins = to->ins;
	struct mt_stream *s = to->trial ? mt_stream_copy(ins->matcher, MT_FILE_DATA, from) : mt_stream_fork(ins->matcher, from);
	if (s)
		return s;
	ins->stats.no_stream += !to->trial;
	dp_message_reason(to->msg, dp_content_no_room(to));
	return NULL;
}

struct dp_file *dp_file_copy(const struct dp_file *f, struct dp_content *to, struct dp_file *outer)
{
	struct dp_inspect *ins = to->ins;
	struct dp_file *t = rs_pool_get(files_of(to));
	if (!t) {
		ins->stats.no_file += !to->trial;
		dp_message_reason(to->msg, dp_content_no_room(to));
		return NULL;
	}
	*t = *f;
	t->content = to;
	t->outer = outer;
	t->member = t->side = NULL;
	t->silent = true;
	t->rec = to->trial ? NULL : copy_name(ins, f);
	t->head_left = 0;
	t->sha256 = NULL;
	t->exe = NULL;
	t->store = CT_STORE_NOT;
	t->scan = f->scan ? copy_scan(to, f->scan) : NULL;
	if (f->side && !(t->side = dp_file_copy(f->side, to, t)))
		to->sides--;
	dp_mail_copy(t, f);
	dp_archive_tar_copy(t, f);
	if (f->archive)
		dp_archive_copy(t, f);
	return t;
}

struct dp_file_name dp_file_name(const struct dp_file *f, uint8_t *buffer, size_t size)
{
	uint8_t sub;
	const size_t n = name_note(f, buffer, size, &sub);
	const uint8_t *charset_end = n ? memchr(buffer, 0, n) : NULL;
	if (!charset_end)
		return (struct dp_file_name){ RS_NAME_NONE, "", buffer, 0 };
	const size_t charset = (size_t)(charset_end - buffer) + 1;
	return (struct dp_file_name){ sub, (const char *)buffer, buffer + charset, n - charset };
}

void dp_file_step(struct dp_inspect *ins, struct ct_record *to, enum ct_note_kind kind, const struct dp_file *f)
{
	uint8_t name[640], sub;
	const size_t n = name_note(f, name, sizeof name, &sub);
	if (n)
		dp_record_note(ins, to, kind, sub, 0, name, n);
	else if (!f->rec && f->layer && dp_record_note(ins, to, kind, RS_NAME_PLAIN, 0, "", 1))
		dp_record_more(ins, to, f->layer, strlen(f->layer));
}

void dp_file_path(struct dp_inspect *ins, struct ct_record *to, enum ct_note_kind kind, const struct dp_file *f)
{
	const struct dp_file *way[256]; /* depth is 8 bits */
	unsigned n = 0;
	for (; f; f = f->outer ? f->outer : f->content->within)
		way[n++] = f;
	while (n > 0)
		dp_file_step(ins, to, kind, way[--n]);
}
