/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_mail.h"

#include "reassembly/rs_lines.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "dataplane/dp_content_private.h"

static const char from_line[] = "From ";
#define FROM (sizeof from_line - 1)

static const char encoding[] = "content-transfer-encoding:";

/* dp_file.quoting: so many letters of that stand at the line's beginning; then: */
enum {
	QUOTING_VALUE = sizeof encoding - 1, /* blanks behind the colon */
	QUOTING_FOLD,
	QUOTING_ELSEWHERE,
	QUOTING_OFF, /* for a reason that was given */
	/* The first letter of the encoding was read, by what it is: */
	QUOTING_ANOTHER,
	QUOTING_BASE64,
	QUOTING_QP,
	QUOTING_STRING,
	QUOTING_COMMENT
};

static struct dp_inspect *inspect_of(const struct dp_file *f)
{
	return f->content->ins;
}

static void cannot(struct dp_file *f, enum ct_reason why)
{
	dp_message_reason(f->content->msg, why);
	f->content->opaque = true;
}

/* A content within the file, of which only the structure is not begun. NULL: a limit, or no room, which was told. */
static struct dp_content *begin(struct dp_file *f)
{
	struct dp_inspect *ins = inspect_of(f);
	struct dp_content *outer = f->content;
	if (outer->nested == DP_MAIL_DEPTH || outer->mime.depth + 1u >= outer->mime.limits.depth) {
		ins->stats.mail_limit++;
		cannot(f, CT_REASON_LIMIT);
		f->quoting = QUOTING_OFF;
		return NULL;
	}
	struct dp_content *c = rs_pool_get(outer->trial ? &ins->trial_contents : &ins->contents);
	if (!c) {
		ins->stats.no_content++;
		cannot(f, dp_content_no_room(outer));
		return NULL;
	}
	memset(c, 0, sizeof *c);
	dp_content_within(c, f);
	return c;
}

static struct rs_mime_limits limits_of(const struct dp_file *f)
{
	const struct rs_mime *m = &f->content->mime;
	return (struct rs_mime_limits){ (uint16_t)(m->limits.depth - m->depth - 1), m->limits.parts };
}

/* multipart: the part that is one; NULL: a message. */
static void begin_mail(struct dp_file *f, const struct rs_part *multipart)
{
	struct dp_content *c = begin(f);
	if (!c)
		return;
	struct rs_pool *blocks = c->trial ? &c->ins->trial_headers : &c->ins->headers;
	const struct rs_mime_ops *ops = c->trial ? &dp_content_trial_ops : &dp_content_ops;
	if (multipart)
		rs_mime_init_multipart(&c->mime, ops, c, blocks, limits_of(f), multipart->boundary, multipart->boundary_len,
				       multipart->digest);
	else
		rs_mime_init(&c->mime, ops, c, blocks, limits_of(f));
	c->mime.parts = f->content->mime.parts;
	f->mail = c;
}

void dp_mail_open(struct dp_file *f, const struct rs_part *part)
{
	f->message = !(part->flags & RS_PART_ENCODED_MULTIPART);
	f->may_be_mail = f->message;
	if (!f->message)
		begin_mail(f, part);
}

static bool begins_with(const uint8_t *p, size_t n, const char *name)
{
	const size_t len = strlen(name);
	return n >= len && !strncasecmp((const char *)p, name, len);
}

/* Fields that messages begin with. */
static bool is_like_mail(const uint8_t *p, size_t n)
{
	static const char *const names[] = {
		"Received:", "Return-Path:", "From:", "To:", "Subject:", "Date:", "Message-ID:", "MIME-Version:", "Content-Type:",
		"Content-Transfer-Encoding:", "Content-Disposition:", "Delivered-To:", "Reply-To:", "Sender:", "X-Mailer:", "X-Received:",
		"X-MimeOLE:", "X-Mozilla-Status:", "Thread-Topic:", "DKIM-Signature:", "ARC-Seal:",
	};
	/* In no other case: prose begins so, too. */
	if (n >= FROM && !memcmp(p, from_line, FROM))
		return true;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if ((names[i][0] | 0x20) == (p[0] | 0x20) && begins_with(p, n, names[i]))
			return true;
	return false;
}

static bool ends_with(const uint8_t *p, size_t n, const char *ending)
{
	const size_t len = strlen(ending);
	return n >= len && !strncasecmp((const char *)p + n - len, ending, len);
}

static bool is_called_mail(const struct dp_file *f)
{
	uint8_t buffer[640];
	const struct dp_file_name name = dp_file_name(f, buffer, sizeof buffer);
	return ends_with(name.p, name.n, ".eml") || ends_with(name.p, name.n, ".mht") || ends_with(name.p, name.n, ".mhtml") ||
	       ends_with(name.p, name.n, ".mbox") || ends_with(name.p, name.n, ".nws");
}

/* Whether a field may begin here: a letter or digit, and no byte that is of no name before the colon (RFC 5322 2.2; 4.5: white space). */
static bool is_field(const uint8_t *p, size_t n)
{
	size_t i = 0;
	if (!isalnum(p[0]))
		return false;
	while (i < n && p[i] > ' ' && p[i] < 0x7f && p[i] != ':')
		i++;
	while (i < n && (p[i] == ' ' || p[i] == '\t'))
		i++;
	return i == n || p[i] == ':';
}

/* n > 0 */
static bool is_mail(const struct dp_file *f, const uint8_t *p, size_t n)
{
	if (f->entity)
		return is_field(p, n);
	/* A field's name begins with a letter, or what no field is may come first. */
	if ((p[0] | 0x20) >= 'a' && (p[0] | 0x20) <= 'z')
		return is_like_mail(p, n) || (memchr(p, ':', n) && is_called_mail(f));
	return p[0] <= ' ' && is_called_mail(f);
}

/* What was decoded and was not encoded holds control characters soon: the lines that a reader would make of it are nobody's. */
static bool is_readable(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] == 0x7f || (p[i] < ' ' && !(p[i] >= '\t' && p[i] <= '\r')))
			return false;
	return true;
}

void dp_mail_start(struct dp_file *f, const uint8_t *p, size_t n)
{
	if (!f->may_be_mail || !n)
		return;
	if (f->message ? !is_readable(p, n) : !is_mail(f, p, n)) {
		f->fields_sought = f->entity || f->message;
		return;
	}
	begin_mail(f, NULL);
	f->mbox = !f->message && begins_with(p, n, from_line);
	f->mbox_blank = false;
}

/* Where another message may begin the one before it ends: how many of the n bytes come up to there, at least of those that are a piece. */
static size_t before_next(const struct dp_file *f, const uint8_t *p, size_t n)
{
	const uint8_t *from = p, *const end = p + (n < DP_VIEWS_PIECE ? n : DP_VIEWS_PIECE);
	if (f->mbox_blank && (f->mbox_held || *p == *from_line))
		return FROM - f->mbox_held;
	for (; (from = memmem(from, (size_t)(end - from), "\nFrom ", FROM + 1)); from++)
		if (from == p || from[-1] == '\n' || from[-1] == '\r')
			return (size_t)(from - p) + FROM + 1;
	return n;
}

size_t dp_mail_piece(const struct dp_file *f, const uint8_t *p, size_t n)
{
	const size_t settled = f->mbox ? before_next(f, p, n) : n;
	return dp_views_wants(f->mail, p, n < settled ? n : settled, f->mbox_held);
}

static bool is_line_end(uint8_t b)
{
	return b == '\r' || b == '\n';
}

void dp_mail_seek(struct dp_file *f, const uint8_t *p, size_t n)
{
	static const char name[] = "content-t";
	enum { LEN = sizeof name - 1, BEHIND };
	for (size_t i = 0; i < n; i++) {
		if (is_line_end(p[i]))
			f->field_at = 0;
		else if (f->field_at < LEN && (p[i] | 0x20) == (name[f->field_at] | 0x20))
			f->field_at++;
		else
			f->field_at = BEHIND;
		if (f->field_at == LEN) {
			cannot(f, CT_REASON_MALFORMED);
			f->fields_sought = false;
			return;
		}
	}
}

static void end_one(struct dp_file *f)
{
	struct dp_content *c = f->mail;
	f->mail = NULL;
	if (c)
		dp_content_end(c);
}

/* The next message of an mbox. */
static void next_message(struct dp_file *f)
{
	end_one(f);
	if (f->content->members++ < inspect_of(f)->config->limits.archive_members) {
		begin_mail(f, NULL);
		return;
	}
	inspect_of(f)->stats.member_limit++;
	cannot(f, CT_REASON_LIMIT);
}

static void put(struct dp_file *f, const void *p, size_t n)
{
	if (f->mail && n)
		dp_content_feed(f->mail, p, n);
}

/* Hands the line's beginning on: it is, or is not, that of another message. */
static void settle_line(struct dp_file *f, bool other)
{
	const uint8_t held = f->mbox_held;
	f->mbox_held = 0;
	f->mbox_blank = false;
	if (other)
		next_message(f);
	put(f, from_line, held);
}

/* Behind an empty line "From " begins another message. */
static void feed_mbox(struct dp_file *f, const uint8_t *p, size_t n)
{
	size_t from = 0, i = 0;
	while (i < n) {
		if (f->mbox_blank) {
			if (p[i] == from_line[f->mbox_held]) {
				put(f, p + from, i - from);
				from = ++i;
				if (++f->mbox_held == FROM)
					settle_line(f, true);
				continue;
			}
			settle_line(f, false);
		}
		const uint8_t *lf = memchr(p + i, '\n', n - i);
		if (!lf) {
			f->mbox_text |= !(n - i == 1 && p[i] == '\r');
			break;
		}
		const size_t len = (size_t)(lf - p) - i;
		f->mbox_blank = !f->mbox_text && (!len || (len == 1 && p[i] == '\r'));
		f->mbox_text = false;
		i += len + 1;
	}
	put(f, p + from, n - from);
}

/* What a text quotes. */

/* The first letter of what stands behind the colon. */
static uint8_t quoting_value(uint8_t b)
{
	switch (b) {
	case 'b':
	case 'B':
		return QUOTING_BASE64;
	case 'q':
	case 'Q':
		return QUOTING_QP;
	case '"':
		return QUOTING_STRING;
	case '(':
		return QUOTING_COMMENT;
	default:
		return QUOTING_ANOTHER;
	}
}

static uint8_t quoting_step(uint8_t at, uint8_t b)
{
	const bool blank = b == ' ' || b == '\t';
	if (at == QUOTING_VALUE && is_line_end(b))
		return QUOTING_FOLD;
	if (at == QUOTING_FOLD && (blank || b == '\n'))
		return blank ? QUOTING_VALUE : QUOTING_FOLD;
	if (b == '\n')
		return 0;
	if (at == QUOTING_VALUE)
		return blank ? at : quoting_value(b);
	if (at == QUOTING_VALUE - 1 && blank)
		return at;
	/* A fold that is none: this line may be one. */
	at = at == QUOTING_FOLD ? 0 : at;
	return at < QUOTING_VALUE && tolower(b) == encoding[at] ? (uint8_t)(at + 1) : QUOTING_ELSEWHERE;
}

size_t dp_mail_quoted(struct dp_file *f, const uint8_t *p, size_t n)
{
	uint8_t at = f->quoting;
	size_t i = at == QUOTING_OFF ? n : 0;
	while (i < n && at <= QUOTING_ELSEWHERE) {
		if (at == QUOTING_ELSEWHERE) {
			i += rs_lines_find_letter(p + i, n - i, encoding[0]);
			at = i < n || p[n - 1] == '\n' ? 0 : at;
		} else {
			at = quoting_step(at, p[i++]);
		}
	}
	f->quoting = at;
	return i;
}

/* Behind a line of f as far as the first letter of an encoding's name. */
static void quote_begin(struct dp_file *f, const char *letter)
{
	/* Where bytes are missing, or was no room, parts are texts whose own headers were not read: the sender comes again whatever is in
	 * them. */
	if (f->content->msg->reasons & (1u << CT_REASON_GAP | 1u << CT_REASON_OVERLOAD))
		return;
	if (f->content->members++ >= inspect_of(f)->config->limits.archive_members) {
		inspect_of(f)->stats.member_limit++;
		cannot(f, CT_REASON_LIMIT);
		f->quoting = QUOTING_OFF;
		return;
	}
	begin_mail(f, NULL);
	if (!f->mail)
		return;
	f->mail->quoted = f->quoted = true;
	put(f, encoding, sizeof encoding - 1);
	put(f, letter, 1);
}

void dp_mail_quote(struct dp_file *f)
{
	static const char *const letters[] = { NULL, "b", "q", "\"", "(" };
	if (f->quoting < QUOTING_ANOTHER)
		return;
	const char *letter = letters[f->quoting - QUOTING_ANOTHER];
	f->quoting = QUOTING_ELSEWHERE;
	if (f->quoted)
		end_one(f);
	f->quoted = false;
	if (letter)
		quote_begin(f, letter);
}

void dp_mail_feed(struct dp_file *f, const uint8_t *p, size_t n)
{
	if (f->mbox)
		feed_mbox(f, p, n);
	else
		put(f, p, n);
}

void dp_mail_gap(struct dp_file *f, uint64_t n)
{
	if (f->mbox_held)
		settle_line(f, false);
	f->mbox_blank = f->mbox_text = false;
	f->quoting = f->quoting == QUOTING_OFF ? QUOTING_OFF : QUOTING_ELSEWHERE;
	if (f->mail)
		dp_content_gap(f->mail, n);
}

void dp_mail_end(struct dp_file *f)
{
	if (f->mbox_held)
		settle_line(f, false);
	end_one(f);
}

void dp_mail_copy(struct dp_file *to, const struct dp_file *from)
{
	to->mail = from->mail ? dp_content_copy(from->mail, to) : NULL;
}

void dp_mail_let_go(struct dp_file *f)
{
	if (f->mail)
		dp_content_let_go(f->mail);
	f->mail = NULL;
}
