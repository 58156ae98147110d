/* SPDX-License-Identifier: Apache-2.0 */
#include "control/ct_view.h"

#include <stdlib.h>
#include <string.h>

#include "control/ct_address.h"
#include "control/ct_text.h"
#include "control/ct_via.h"
#include "reassembly/mime/rs_mime.h"

struct reader {
	struct ct_view *v;
	struct ct_charsets *c;
	const struct mt_ruleset *rs;
	struct ct_view_mark *mark; /* whose notes are being read; NULL: of a mark that is left out */
	uint16_t *index; /* of each recipient in rcpt_to */
	size_t nindex, index_size;
};

static bool set(char **to, char *s)
{
	if (*to) {
		free(s);
		return true;
	}
	*to = s;
	return s != NULL;
}

/* Of replies the last one counts. */
static bool replace(char **to, char *s)
{
	free(*to);
	*to = s;
	return s != NULL;
}

/* Room for one more, its bytes zero. */
static void *more(void *array, size_t *n, size_t *size, size_t each)
{
	char *a = array;
	if (*n == *size) {
		size_t grown = *size ? *size * 2 : 4;
		a = realloc(a, grown * each);
		if (!a)
			return NULL;
		*size = grown;
	}
	memset(a + *n * each, 0, each);
	(*n)++;
	return a;
}

static bool read_rcpt(struct reader *r, const struct ct_note *note, const uint8_t *p)
{
	struct ct_view *v = r->v;
	if (!ct_list_add(&v->rcpt_to, ct_text_plain(p, note->len)))
		return false;
	uint16_t *index = more(r->index, &r->nindex, &r->index_size, sizeof(*index));
	if (!index)
		return false;
	r->index = index;
	index[r->nindex - 1] = note->index;
	return true;
}

/* Where the recipient of that index is in rcpt_to. Indexes rise, but some may be missing: their notes found no room. */
static size_t find_rcpt(const struct reader *r, uint16_t index)
{
	size_t low = 0, high = r->nindex;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (r->index[mid] == index)
			return mid;
		if (r->index[mid] < index)
			low = mid + 1;
		else
			high = mid;
	}
	return SIZE_MAX;
}

static bool read_rcpt_reply(struct reader *r, const struct ct_note *note, const uint8_t *p)
{
	struct ct_view *v = r->v;
	size_t place = find_rcpt(r, note->index);
	if (place == SIZE_MAX)
		return true;
	if (v->nrcpt_reply <= place) {
		size_t n = v->rcpt_to.size;
		char **grown = realloc(v->rcpt_reply, n * sizeof(*grown));
		if (!grown)
			return false;
		v->rcpt_reply = grown;
		memset(grown + v->nrcpt_reply, 0, (n - v->nrcpt_reply) * sizeof(*grown));
		v->nrcpt_reply = n;
	}
	return replace(&v->rcpt_reply[place], ct_text_plain(p, note->len));
}

static bool read_header(struct reader *r, const struct ct_note *note, const uint8_t *p)
{
	struct ct_view *v = r->v;
	switch ((enum rs_header)note->sub) {
	case RS_HDR_FROM:
		return set(&v->from, ct_text_decode(r->c, p, note->len));
	case RS_HDR_TO:
		return ct_address_split(r->c, p, note->len, &v->to);
	case RS_HDR_CC:
		return ct_address_split(r->c, p, note->len, &v->cc);
	case RS_HDR_SUBJECT:
		return set(&v->subject, ct_text_decode(r->c, p, note->len));
	case RS_HDR_DATE:
		return set(&v->date, ct_text_decode(r->c, p, note->len));
	case RS_HDR_MESSAGE_ID:
		return set(&v->message_id, ct_text_decode(r->c, p, note->len));
	case RS_HDR_X_MAILER:
	case RS_HDR_RECEIVED:
	case RS_HDR_MAX:
		break;
	}
	return true;
}

static bool read_mark(struct reader *r, const struct ct_note *note, const uint8_t *p)
{
	struct ct_view *v = r->v;
	struct ct_mark m;
	r->mark = NULL;
	if (note->len != sizeof m || !r->rs)
		return true;
	memcpy(&m, p, sizeof m);
	if (m.rule >= mt_ruleset_count(r->rs))
		return true;
	struct ct_view_mark *marks = more(v->marks, &v->nmarks, &v->marks_size, sizeof(*marks));
	if (!marks)
		return false;
	v->marks = marks;
	r->mark = &marks[v->nmarks - 1];
	r->mark->mark = m;
	r->mark->rule = mt_ruleset_rule(r->rs, m.rule);
	return true;
}

static bool read_hit(struct reader *r, const struct ct_note *note, const uint8_t *p)
{
	struct ct_view_mark *m = r->mark;
	struct ct_hit h;
	if (!m || note->len < sizeof h)
		return true;
	memcpy(&h, p, sizeof h);
	struct ct_view_hit *hits = more(m->hits, &m->nhits, &m->hits_size, sizeof(*hits));
	if (!hits)
		return false;
	m->hits = hits;
	const struct mt_criterion *criterion = NULL;
	if (h.buffer < MT_BUFFER_MAX && h.criterion < mt_ruleset_criteria(r->rs, (enum mt_buffer)h.buffer))
		criterion = mt_ruleset_criterion(r->rs, (enum mt_buffer)h.buffer, h.criterion);
	struct ct_view_hit *hit = &hits[m->nhits - 1];
	if (criterion && criterion->literal_len) {
		/* A person is shown these; regular expressions only where a rule has nothing else. */
		hit = &hits[m->nliterals];
		memmove(hit + 1, hit, (m->nhits - 1 - m->nliterals) * sizeof *hit);
		m->nliterals++;
	}
	hit->hit = h;
	hit->criterion = criterion ? criterion->text : "";
	hit->literal = criterion && criterion->literal_len;
	hit->text = ct_text_plain(p + sizeof h, note->len - sizeof h);
	return hit->text != NULL;
}

static bool read_name(struct reader *r, const struct ct_note *note, const uint8_t *p)
{
	bool overrides = false;
	char *name = ct_text_name_seen(r->c, note->sub, p, note->len, &overrides);
	r->v->overrides |= overrides;
	if (note->kind == CT_NOTE_FILE_NAME) {
		r->v->unnamed = note->index;
		return set(&r->v->name, name);
	}
	if (r->v->unnamed) {
		r->v->unnamed = false;
		return replace(&r->v->name, name);
	}
	if (name && r->v->name && !strcmp(name, r->v->name)) {
		free(name);
		return true;
	}
	return ct_list_add(&r->v->other_names, name);
}

/* Grows by doubling: a file comes in many pieces. */
static bool add_content(struct ct_view *v, const uint8_t *p, size_t n)
{
	if (v->content_len + n > v->content_size || !v->head) {
		const size_t size = (v->content_len + n) * 2 + 16;
		uint8_t *grown = realloc(v->head, size);
		if (!grown)
			return false;
		v->head = grown;
		v->content_size = size;
	}
	if (n)
		memcpy(v->head + v->content_len, p, n);
	v->content_len += n;
	return true;
}

static bool read_head(struct ct_view *v, const struct ct_note *note, const uint8_t *p)
{
	v->content_len = 0;
	v->head_len = note->len;
	return add_content(v, p, note->len);
}

/* Notes that are a file's. */
static bool read_file_note(struct reader *r, const struct ct_note *note, const uint8_t *p)
{
	struct ct_view *v = r->v;
	switch (note->kind) {
	case CT_NOTE_FILE_NAME:
	case CT_NOTE_FILE_OTHER_NAME:
		return read_name(r, note, p);
	case CT_NOTE_FILE_PATH:
		return ct_list_add(&v->path, ct_text_name(r->c, note->sub, p, note->len));
	case CT_NOTE_FILE_TYPE:
		return set(&v->type, ct_text_plain(p, note->len));
	case CT_NOTE_FILE_PART:
		return set(&v->file_part, ct_text_plain(p, note->len));
	case CT_NOTE_FILE_HEAD:
		return read_head(v, note, p);
	case CT_NOTE_FILE_CONTENT:
		return add_content(v, p, note->len);
	case CT_NOTE_FILE_EXE:
		v->executable = note->len == sizeof v->exe;
		if (v->executable)
			memcpy(&v->exe, p, sizeof v->exe);
		return true;
	case CT_NOTE_FILE_SECTION:
		return ct_list_add(&v->sections, ct_text_plain(p, note->len));
	case CT_NOTE_FILE_IMPORT:
		return ct_list_add(&v->imports, ct_text_plain(p, note->len));
	default:
		return true;
	}
}

static bool read_proxy(struct ct_view *v, const struct ct_note *note, const uint8_t *p)
{
	char text[CT_VIA_PROXY_MAX];
	return !ct_via_proxy(p, note->len, text) || set(&v->proxy, strdup(text));
}

static bool read_note(struct reader *r, const struct ct_note *note, uint8_t *p)
{
	struct ct_view *v = r->v;
	switch (note->kind) {
	case CT_NOTE_HELO:
		return set(&v->helo, ct_text_plain(p, note->len));
	case CT_NOTE_PROXY:
		return read_proxy(v, note, p);
	case CT_NOTE_XCLIENT:
		return set(&v->xclient, ct_text_plain(p, note->len));
	case CT_NOTE_XFORWARD:
		return set(&v->xforward, ct_text_plain(p, note->len));
	case CT_NOTE_MAIL_FROM:
		return set(&v->mail_from, ct_text_plain(p, note->len));
	case CT_NOTE_RCPT_TO:
		return read_rcpt(r, note, p);
	case CT_NOTE_RCPT_REPLY:
		return read_rcpt_reply(r, note, p);
	case CT_NOTE_REPLY:
		return replace(&v->reply, ct_text_plain(p, note->len));
	case CT_NOTE_HEADER:
		return read_header(r, note, p);
	case CT_NOTE_ATTACHMENT:
		return ct_list_add(&v->attachments, ct_text_name(r->c, note->sub, p, note->len));
	case CT_NOTE_ERROR:
		return ct_list_add(&v->errors, ct_text_plain(p, note->len));
	case CT_NOTE_MARK:
		return read_mark(r, note, p);
	case CT_NOTE_MARK_PART:
		return !r->mark || set(&r->mark->part, ct_text_plain(p, note->len));
	case CT_NOTE_MARK_FILE:
		return !r->mark || set(&r->mark->file, ct_text_name(r->c, note->sub, p, note->len));
	case CT_NOTE_MARK_PATH:
		return !r->mark || ct_list_add(&r->mark->path, ct_text_name(r->c, note->sub, p, note->len));
	case CT_NOTE_MARK_HIT:
		return read_hit(r, note, p);
	case CT_NOTE_FILE_NAME:
	case CT_NOTE_FILE_PATH:
	case CT_NOTE_FILE_TYPE:
	case CT_NOTE_FILE_HEAD:
	case CT_NOTE_FILE_CONTENT:
	case CT_NOTE_FILE_PART:
	case CT_NOTE_FILE_OTHER_NAME:
	case CT_NOTE_FILE_EXE:
	case CT_NOTE_FILE_SECTION:
	case CT_NOTE_FILE_IMPORT:
		return read_file_note(r, note, p);
	}
	return true;
}

bool ct_view_read(struct ct_view *v, struct ct_charsets *c, const struct mt_ruleset *rs, const struct ct_notes *notes)
{
	*v = (struct ct_view){ .lost = notes->lost };
	struct reader r = { .v = v, .c = c, .rs = rs };
	struct ct_note_iter it;
	struct ct_note note;
	uint8_t *p = NULL;
	size_t size = 0;
	bool ok = true;
	ct_note_first(&it, notes);
	while (ok && ct_note_next(&it, &note)) {
		if (note.len > size || !p) {
			size = note.len > 512 ? note.len : 512;
			free(p);
			p = malloc(size);
			if (!p) {
				ok = false;
				break;
			}
		}
		ct_note_copy(&it, p, note.len);
		ok = read_note(&r, &note, p);
	}
	free(p);
	free(r.index);
	if (!ok)
		ct_view_free(v);
	return ok;
}

static void free_mark(struct ct_view_mark *m)
{
	for (size_t i = 0; i < m->nhits; i++)
		free(m->hits[i].text);
	free(m->hits);
	free(m->part);
	free(m->file);
	ct_list_free(&m->path);
}

void ct_view_free(struct ct_view *v)
{
	for (size_t i = 0; i < v->nrcpt_reply; i++)
		free(v->rcpt_reply[i]);
	free(v->rcpt_reply);
	ct_list_free(&v->rcpt_to);
	char *all[] = {
		v->helo, v->proxy, v->xclient, v->xforward, v->mail_from, v->reply, v->from, v->subject, v->date, v->message_id, v->name, v->type,
		v->file_part
	};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		free(all[i]);
	ct_list_free(&v->to);
	ct_list_free(&v->cc);
	ct_list_free(&v->attachments);
	ct_list_free(&v->errors);
	ct_list_free(&v->path);
	ct_list_free(&v->other_names);
	ct_list_free(&v->sections);
	ct_list_free(&v->imports);
	for (size_t i = 0; i < v->nmarks; i++)
		free_mark(&v->marks[i]);
	free(v->marks);
	free(v->head);
	*v = (struct ct_view){ 0 };
}

const struct ct_view_mark *ct_view_deciding(const struct ct_view *v)
{
	const struct ct_view_mark *best = NULL;
	for (size_t i = 0; i < v->nmarks; i++)
		if (!best || v->marks[i].rule->action < best->rule->action)
			best = &v->marks[i];
	return best;
}
