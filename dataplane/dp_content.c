/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_content_private.h"
#include "dataplane/dp_mail.h"

#include <assert.h>
#include <string.h>

struct mt_stream *dp_content_stream(struct dp_content *c, enum mt_buffer b)
{
	return c->trial ? mt_stream_copy(c->ins->matcher, b, NULL) : mt_stream_open(c->ins->matcher, b);
}

void dp_content_stream_end(struct dp_content *c, struct mt_stream *s, mt_match_fn matched, void *arg)
{
	if (c->trial) {
		*c->trial |= mt_stream_peek(c->ins->matcher, s, true);
		matched = NULL;
	}
	if (mt_stream_failed(s))
		dp_message_reason(c->msg, CT_REASON_OVERLOAD);
	mt_stream_end(c->ins->matcher, s, matched, arg);
}

/* The encoded text, as far as any rule looks into it, without white space: where lines break is the sender's whim. */

static void encoded_hit(void *arg, struct mt_hit *hit)
{
	struct dp_content *c = arg;
	hit->line = dp_line_of_char(&c->line, c->encoded_at, (int64_t)(hit->from - c->encoded));
}

static void encoded_matched(void *arg, const struct mt_rule *rule, size_t index, const struct mt_hit *const *hits,
                            size_t nhits)
{
	struct dp_content *c = arg;
	dp_message_match(c->msg, c, NULL, rule, index, hits, nhits);
}

/* White space; in base64 also what a decoder passes over (RFC 2045 6.8). */
static bool is_filling(const struct dp_content *c, uint8_t b)
{
	if (c->transfer.cte == RS_CTE_BASE64)
		return !rs_base64_has(b) && b != '=';
	return b == '\n' || b == '\r' || b == ' ' || b == '\t';
}

/* The n first bytes of the piece under way. */
static void encoded_feed(struct dp_content *c, size_t n)
{
	const uint8_t *p = c->line.p;
	uint8_t text[256];
	size_t i = 0;
	while (i < n && c->encoded_left) {
		size_t len = 0, most = c->encoded_left < sizeof text ? (size_t)c->encoded_left : sizeof text;
		c->encoded_at = i;
		for (; i < n && len < most; i++)
			if (!is_filling(c, p[i]))
				text[len++] = p[i];
		mt_stream_scan(c->ins->matcher, c->encoded_scan, text, len, encoded_hit, c);
		c->encoded += len;
		c->encoded_left -= len;
	}
}

static void encoded_end(struct dp_content *c)
{
	if (!c->encoded_scan)
		return;
	dp_content_stream_end(c, c->encoded_scan, encoded_matched, c);
	c->encoded_scan = NULL;
}

/* MIME's callbacks. */

static void on_header(void *arg, enum rs_header h, const uint8_t *p, size_t n, bool first, bool last)
{
	struct dp_content *c = arg;
	if (h == RS_HDR_X_MAILER || h == RS_HDR_RECEIVED)
		return; /* no record shows them */
	/* What only other readers take for a field. Its pieces would not stay together. */
	if (c->within)
		return; /* an attached message's */
	if (c != c->first && (rs_mime_in_header(&c->first->mime) || !first || !last))
		return;
	if (first)
		dp_record_note(c->ins, c->msg->rec, CT_NOTE_HEADER, (uint8_t)h, 0, p, n);
	else
		dp_record_more(c->ins, c->msg->rec, p, n);
}

static bool is_sealed(const char *type)
{
	return strcmp(type, "application/pgp-encrypted") == 0;
}

/* A piece of a message whose other pieces travel as other messages, or content that is elsewhere (RFC 2046 5.2). */
static bool is_elsewhere(const char *type)
{
	return strcmp(type, "message/partial") == 0 || strcmp(type, "message/external-body") == 0;
}

/* What travels encoded, or as an attachment that is no text: base64 that a sender did not declare. Prose that begins with the
 * letters of a program's base64 is prose. */
static bool is_encoded(const struct dp_content *c, const struct rs_part *part)
{
	return c->transfer.cte == RS_CTE_BASE64 || (c->attachment && strncmp(part->type, "text/", 5) != 0);
}

static uint32_t kind_of(const struct rs_part *part)
{
	uint32_t h = 2166136261u; /* FNV-1a */
	for (const char *t = part->type; *t; t++)
		h = (h ^ (uint8_t)*t) * 16777619u;
	for (size_t i = 0; i < part->name_len; i++)
		h = (h ^ part->name[i]) * 16777619u;
	return h;
}

static void note_attachment(struct dp_content *c, const struct dp_file_name *name)
{
	if (dp_views_has_leaf(c))
		return;
	c->msg->rec->u.message.attachments_seen++;
	dp_record_note(c->ins, c->msg->rec, CT_NOTE_ATTACHMENT, (uint8_t)name->form, 0, name->charset, strlen(name->charset) + 1);
	if (name->n)
		dp_record_more(c->ins, c->msg->rec, name->p, name->n);
}

#define OUTER_NUMBER_MAX 24

static void set_number(struct dp_content *c, const char *number)
{
	size_t n = 0;
	if (c->within) {
		n = strnlen(c->within->content->part, OUTER_NUMBER_MAX);
		memcpy(c->part, c->within->content->part, n);
		c->part[n++] = '.';
	}
	const size_t k = strnlen(number, sizeof c->part - 1 - n);
	memcpy(c->part + n, number, k);
	c->part[n + k] = 0;
}

/* Where no boundary is known some guess it: from a line that begins with two dashes. */

enum { DASHES = 2, LINE_GOES_ON = 3 };

static void delimiter_look(struct dp_content *c, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n && !c->delimits; i++) {
		if (p[i] == '\n' || p[i] == '\r')
			c->dashes = 0;
		else if (c->dashes == DASHES && p[i] > ' ')
			c->delimits = true;
		else if (c->dashes < DASHES && p[i] == '-')
			c->dashes++;
		else
			c->dashes = LINE_GOES_ON;
	}
}

/* In a text whose lines end elsewhere to some, what begins with a line may be found by those alone. */

static bool holds_begin(const uint8_t *p, size_t n)
{
	const uint8_t *const end = p + n;
	if (memmem(p, n, "BinHex", 6) || memmem(p, n, "ybegin", 6))
		return true;
	while ((p = memmem(p, (size_t)(end - p), "begin", 5))) {
		p += 5;
		if (end - p >= 2 && ((p[0] == ' ' && p[1] >= '0' && p[1] <= '9') || (p[0] == '-' && p[1] == 'b')))
			return true;
	}
	return false;
}

static void begin_look(struct dp_content *c, const uint8_t *p, size_t n)
{
	enum { BEFORE = DP_BEGIN_MAX - 1 };
	uint8_t seam[2 * BEFORE];
	const size_t few = n < BEFORE ? n : BEFORE;
	memcpy(seam, c->words, c->nwords);
	memcpy(seam + c->nwords, p, few);
	c->begins = holds_begin(seam, c->nwords + few) || holds_begin(p, n);
	const uint8_t *from = n < BEFORE ? seam : p;
	const size_t have = n < BEFORE ? c->nwords + few : n, keep = have < BEFORE ? have : BEFORE;
	memcpy(c->words, from + have - keep, keep);
	c->nwords = (uint8_t)keep;
}

static void begin_looking(struct dp_content *c, enum rs_part_kind kind)
{
	c->preamble = kind == RS_PART_PREAMBLE;
	c->late = c->mime.ending;
	c->delimits = c->begins = false;
	c->dashes = c->nwords = 0;
	if (!c->unbound)
		c->unbound_encoded = false;
}

/* What of a leaf is not said by what it is. raw: as it travelled. */
static void look(struct dp_content *c, const uint8_t *raw, size_t n, const uint8_t *decoded, size_t len)
{
	if (c->unbound || c->preamble)
		delimiter_look(c, raw, n);
	if (c->transfer.cte == RS_CTE_QP && c->text && !c->begins && len)
		begin_look(c, decoded, len);
}

/* A multipart that has not ended left nothing out: what stands there was a text to be shown, in which no end is missing. */
static bool is_shown_whole(const struct dp_content *c)
{
	const bool plain = c->transfer.cte == RS_CTE_IDENTITY ||
			   (c->transfer.cte == RS_CTE_QP && !(c->transfer.u.qp.flags & ~RS_QP_TWO_CR));
	return c->text && plain && !c->late && !(c->preamble && c->delimits);
}

static void on_part_begin(void *arg, const struct rs_part *part)
{
	struct dp_content *c = arg;
	struct dp_inspect *ins = c->ins;

	c->leaf = true;
	c->attachment = part->flags & RS_PART_ATTACHMENT;
	c->guessed_cte = part->flags & RS_PART_GUESSED;
	c->kind = c->first->next ? kind_of(part) : 0; /* nobody else asks */
	c->matched = c->opaque = c->matched_counted = false;
	c->offset = part->offset;
	c->length = c->lost = 0;
	c->skip = 0;
	c->prove = c->to_line = c->guessed = false;
	c->piece = !strcmp(part->type, "message/partial");
	c->text = !c->attachment && strncmp(part->type, "text/", 5) == 0;
	c->odd_seen = c->footer = false;
	begin_looking(c, part->kind);
	rs_transfer_init(&c->transfer, part->cte);
	dp_line_init(&c->line);
	dp_line_piece(&c->line, &c->transfer, NULL, 0);
	set_number(c, part->number);
	/* A quoted part ends inside of the line by which the next one begins. */
	if ((part->cte == RS_CTE_UNKNOWN && !c->quoted) || is_elsewhere(part->type)) {
		dp_message_reason(c->msg, CT_REASON_UNSUPPORTED);
		c->opaque = true;
	}
	if (part->flags & RS_PART_LIMIT) {
		dp_message_reason(c->msg, CT_REASON_LIMIT);
		c->opaque = true;
	}
	if (is_sealed(part->type)) {
		dp_message_reason(c->msg, CT_REASON_ENCRYPTED_FILE);
		c->opaque = true;
	}

	struct dp_file_name name = { part->name_form, part->name_form == RS_NAME_EXTENDED ? part->name_charset : "", part->name,
				     part->name_len };
	c->twin = !c->trial && dp_views_reads_alike(c, false);
	if (c->attachment && !c->trial)
		note_attachment(c, &name);
	c->file = dp_file_begin(c, NULL, &name, part->type, c->attachment);
	if (c->file && part->other_form) {
		const char *charset = part->other_form == RS_NAME_EXTENDED ? part->other_charset : "";
		dp_file_other_name(c->file, &(struct dp_file_name){ part->other_form, charset, part->other_name, part->other_len });
	}
	if (c->file)
		c->file->uu = part->cte == RS_CTE_UU;
	if (c->file && part->flags & (RS_PART_ENCODED_MESSAGE | RS_PART_ENCODED_MULTIPART))
		dp_mail_open(c->file, part);
	c->encoded_left = is_encoded(c, part) ? ins->encoded_depth : 0;
	c->encoded = 0;
	if (c->encoded_left && !(c->encoded_scan = dp_content_stream(c, MT_MAIL_ENCODED))) {
		ins->stats.no_stream++;
		dp_message_reason(c->msg, CT_REASON_OVERLOAD);
		c->encoded_left = 0;
	}
}

/* What was before is looked for as far back as a literal of the rules may reach; further back for what an archive holds back, and in
 * quoted-printable, which may be longer; and lines of base64 may be longer than usual. */
static inline void line_done(struct dp_content *c, size_t n, size_t decoded)
{
	bool far = c->transfer.cte == RS_CTE_QP || (c->file && c->file->archive) || c->length > (c->line.lines + 1) * DP_LINE_USUAL;
	c->line.keep = far ? DP_LINE_TAIL : c->ins->line_keep;
	dp_line_done(&c->line, n, decoded);
}

/* Behind a gap in base64: passes over what cannot be decoded. Returns how many bytes that are. */
static size_t resume(struct dp_content *c, const uint8_t *p, size_t n)
{
	size_t k = 0;
	if (c->prove) {
		c->prove = false;
		if (!dp_gap_proved(&c->gap, p, n)) {
			c->to_line = c->guessed = true;
			c->skip = 0;
			dp_line_lose(&c->line);
			if (c->file)
				dp_file_lose(c->file);
		}
	}
	if (c->to_line) {
		const uint8_t *lf = memchr(p, '\n', n);
		k = lf ? (size_t)(lf + 1 - p) : n;
		c->to_line = !lf;
	}
	for (; k < n && c->skip; k++)
		c->skip -= rs_base64_has(p[k]);
	dp_line_piece(&c->line, &c->transfer, p, k);
	if (c->encoded_left)
		encoded_feed(c, k);
	line_done(c, k, 0);
	return k;
}

static inline bool is_resuming(const struct dp_content *c)
{
	return c->prove || c->to_line || c->skip;
}

/* Decoding begins anew: the characters that were not made into bytes yet are forgotten, what was found wrong so far is not. */
static void restart(struct dp_content *c)
{
	const uint8_t flags = c->transfer.u.base64.flags;
	rs_transfer_init(&c->transfer, c->transfer.cte);
	if (c->transfer.cte == RS_CTE_BASE64)
		c->transfer.u.base64.flags = flags;
}

/* Where it was guessed: how much of n bytes, n > 0, is decoded as it was. */
static size_t until_text(struct dp_content *c, const uint8_t *p, size_t n)
{
	const size_t at = dp_gap_text(p, n);
	if (at)
		return at;
	c->guessed = false;
	restart(c);
	return n;
}

static bool is_odd(const struct dp_content *c)
{
	return c->transfer.cte == RS_CTE_BASE64 && c->transfer.u.base64.flags & (RS_BASE64_FOREIGN | RS_BASE64_AFTER_PAD);
}

/* Of a text that is shown a line end more says nothing, unless something begins with a line. */
static bool is_odd_qp(const struct dp_content *c)
{
	const uint8_t flags = c->transfer.u.qp.flags;
	return flags & RS_QP_BARE_CR || (flags & RS_QP_TWO_CR && (!c->text || c->begins));
}

/* Of n bytes decoded, which begin so far behind the leaf's beginning: the first one that is odd. Once in a leaf. */
static void find_odd(struct dp_content *c, const uint8_t *p, size_t n, uint64_t at)
{
	struct rs_transfer t = c->line.before;
	uint8_t out[RS_TRANSFER_OUT_MAX(1)];
	size_t i = 0, len, held = 0;
	for (; i < n && !(t.u.base64.flags & (RS_BASE64_FOREIGN | RS_BASE64_AFTER_PAD)); i++) {
		held = t.u.base64.nacc;
		rs_transfer_feed(&t, p + i, 1, out, &len);
	}
	c->odd_seen = true;
	c->odd_at = at + i - 1;
	c->footer = held == 0;
}

/* What a mailing list adds behind a text that is encoded: no decoder shows it, but for those that decode it too, as here. */
static bool has_footer(const struct dp_content *c)
{
	enum { FOOTER_MAX = 4096 };
	return c->text && c->footer && !(c->transfer.u.base64.flags & RS_BASE64_BAD_PAD) && c->length - c->odd_at <= FOOTER_MAX;
}

static void on_part_data(void *arg, const uint8_t *p, size_t n)
{
	struct dp_content *c = arg;
	const uint8_t *end = p + n;
	c->length += n;
	if (is_resuming(c)) {
		size_t k = resume(c, p, n);
		p += k;
		n -= k;
	}
	while (n > 0) {
		const size_t most = dp_content_piece(c);
		size_t k = n < most ? n : most, len;
		if (c->guessed)
			k = until_text(c, p, k);
		dp_line_piece(&c->line, &c->transfer, p, k);
		if (c->encoded_left)
			encoded_feed(c, k);
		const uint8_t *decoded = rs_transfer_feed(&c->transfer, p, k, dp_content_buffer(c), &len);
		if (is_odd(c) && !c->odd_seen)
			find_odd(c, p, k, c->length - (size_t)(end - p));
		look(c, p, k, decoded, len);
		if (c->file)
			dp_file_data(c->file, decoded, len);
		line_done(c, k, len);
		p += k;
		n -= k;
	}
}

/* Of all readings of the same attachment one counts. */
static void count_attachment(struct dp_content *c)
{
	struct ct_message *m = &c->msg->rec->u.message;
	if (!dp_views_has_leaf(c))
		m->attachments_opened += !c->opaque;
	for (const struct dp_content *v = c->first; v; v = v->next)
		if (v != c && v->offset == c->offset && v->matched_counted)
			return;
	c->matched_counted = c->matched;
	m->attachments_matched += c->matched;
}

/* What is said of a file when it ends; of a piece of a message, that it does not end is no fault: the rest is in another mail. */
static void end_file(struct dp_content *c, const uint8_t *p, size_t n, uint32_t flags)
{
	const uint32_t before = c->msg->reasons, ends = 1u << CT_REASON_MALFORMED | 1u << CT_REASON_GAP;
	dp_file_data(c->file, p, n);
	if (c->lost)
		dp_file_encoded(c->file, c->offset, c->length, c->lost);
	dp_file_end(c->file, flags & RS_PART_MISSING_END, flags & RS_PART_GAP);
	if (c->piece)
		c->msg->reasons &= before | ~ends;
	c->file = NULL;
}

static void on_part_end(void *arg, uint32_t flags)
{
	struct dp_content *c = arg;
	bool gaps = flags & RS_PART_GAP;

	/* While the attachment is still known by its name. */
	encoded_end(c);
	dp_line_piece(&c->line, &c->transfer, NULL, 0);
	uint8_t *buffer = dp_content_buffer(c);
	size_t len = rs_transfer_end(&c->transfer, buffer);
	if (c->file) {
		end_file(c, buffer, len, flags);
	} else {
		c->opaque = true;
	}
	if (gaps)
		dp_message_reason(c->msg, CT_REASON_GAP);
	if (c->unbound && (c->delimits || c->unbound_encoded) && !c->quoted)
		dp_message_reason(c->msg, CT_REASON_MALFORMED);
	c->unbound = c->unbound_encoded = false;
	c->broken |= flags & RS_PART_MISSING_END && !is_shown_whole(c);
	/* Other decoders may end where this one goes on, and see other bytes. */
	const bool odd = c->transfer.cte == RS_CTE_QP ? is_odd_qp(c) : is_odd(c) && !has_footer(c);
	if (odd && !c->guessed_cte) {
		c->odd = true;
		c->opaque = true;
	}
	if (c->attachment && !c->trial)
		count_attachment(c);
	c->leaf = false;
}

/* Faults after which other readers may see other parts than this one does. */
static bool is_ambiguous(enum rs_mime_anomaly a)
{
	return a == RS_MIME_DUPLICATE_FIELD || a == RS_MIME_DUPLICATE_PARAMETER || a == RS_MIME_ENCODED_MULTIPART ||
	       a == RS_MIME_BOUNDARY_ALIKE || a == RS_MIME_BARE_CR || a == RS_MIME_BOUNDARY_EMPTY ||
	       a == RS_MIME_ENCODED_WORD || a == RS_MIME_END_AT_ONCE;
}

/* Why content with this fault could not be looked into. Where readers differ all that they may see is read. */
static enum ct_reason reason_of(enum rs_mime_anomaly a)
{
	switch (a) {
	case RS_MIME_HEADER_TOO_LONG:
	case RS_MIME_BOUNDARY_TOO_LONG:
	case RS_MIME_DEPTH_LIMIT:
	case RS_MIME_PART_LIMIT:
		return CT_REASON_LIMIT;
	case RS_MIME_BLOCK_LIMIT:
		return CT_REASON_OVERLOAD;
	default:
		return CT_REASON_NONE;
	}
}

/* It is told before the leaf that it is said of. */
static void note_unbound(struct dp_content *c, enum rs_mime_anomaly a)
{
	c->unbound |= a == RS_MIME_BOUNDARY_MISSING;
	c->unbound_encoded |= a == RS_MIME_ENCODED_MULTIPART;
}

static void on_anomaly(void *arg, enum rs_mime_anomaly a)
{
	struct dp_content *c = arg;
	struct dp_message *m = c->msg;
	enum ct_reason why = reason_of(a);
	note_unbound(c, a);
	if (c->quoted && why == CT_REASON_NONE)
		return; /* nor is there anything odd about a text */
	c->ins->stats.mime_anomaly[a]++;
	if (why != CT_REASON_NONE)
		dp_message_reason(m, why);
	if (m->mime_errors & (UINT64_C(1) << a))
		return;
	m->mime_errors |= UINT64_C(1) << a;
	const char *name = rs_mime_anomaly_name(a);
	if (is_ambiguous(a) || a == RS_MIME_PARTIAL || a == RS_MIME_EXTERNAL_BODY)
		dp_session_anomaly(m->session, m->tx_id, &(struct ct_anomaly){ .event = name, .layer = "proto_parser", .type = "applayer" });
	/* Notes of a header that comes in pieces must stay together; errors are kept in the bit set until the end. */
}

void dp_content_anomaly(struct dp_content *c, enum rs_mime_anomaly a)
{
	if (!c->trial)
		on_anomaly(c, a);
}

const struct rs_mime_ops dp_content_ops = { on_header, on_part_begin, on_part_data, on_part_end, on_anomaly, dp_views_fork };

/* Of what is ended on a copy, to see what would come of it. */

static void trial_header(void *arg, enum rs_header h, const uint8_t *p, size_t n, bool first, bool last)
{
	(void)arg;
	(void)h;
	(void)p;
	(void)n;
	(void)first;
	(void)last;
}

static void trial_anomaly(void *arg, enum rs_mime_anomaly a)
{
	struct dp_content *c = arg;
	enum ct_reason why = reason_of(a);
	note_unbound(c, a);
	if (why != CT_REASON_NONE)
		dp_message_reason(c->msg, why);
}

const struct rs_mime_ops dp_content_trial_ops = { trial_header, on_part_begin, on_part_data, on_part_end, trial_anomaly, NULL };

struct dp_content *dp_content_begin(struct dp_message *msg)
{
	struct dp_inspect *ins = msg->session->ins;
	struct dp_content *c = rs_pool_get(&ins->contents);
	if (!c) {
		ins->stats.no_content++;
		dp_message_reason(msg, CT_REASON_OVERLOAD);
		return NULL;
	}
	memset(c, 0, sizeof *c);
	c->ins = ins;
	c->msg = msg;
	c->first = c;
	c->offset = UINT64_MAX;
	c->counted = true;
	msg->contents++;
	struct rs_mime_limits limits = { (uint16_t)ins->config->limits.mime_depth, ins->config->limits.mime_parts };
	rs_mime_init(&c->mime, &dp_content_ops, c, &ins->headers, limits);
	return c;
}

size_t dp_content_bulk(struct dp_content *c, const uint8_t *p, size_t n)
{
	if (!rs_mime_base64_body(&c->mime) || c->next || is_resuming(c) || c->guessed)
		return 0;
	assert(c->leaf && c->transfer.cte == RS_CTE_BASE64);
	size_t k, len;
	if (n > DP_PIECE_MAX)
		n = DP_PIECE_MAX;
	dp_line_piece(&c->line, &c->transfer, p, n);
	k = rs_base64_bulk(&c->transfer.u.base64, p, n, c->ins->buffer, &len);
	if (k == 0)
		return 0;
	if (c->encoded_left)
		encoded_feed(c, k);
	if (is_odd(c) && !c->odd_seen)
		find_odd(c, p, k, c->length);
	if (c->file)
		dp_file_data(c->file, c->ins->buffer, len);
	line_done(c, k, len);
	c->length += k;
	rs_mime_skip(&c->mime, p, k);
	return k;
}

void dp_content_feed(struct dp_content *c, const uint8_t *p, size_t n)
{
	const size_t k = c->next || c->within ? 0 : rs_mime_feed(&c->mime, p, n);
	if (k < n)
		dp_views_feed(c, p + k, n - k);
}

/* So many characters of the encoded text are missing: none of a mark's may be on both sides. */
static void encoded_gap(struct dp_content *c, uint64_t n)
{
	static const uint8_t nothing[256];
	dp_line_piece(&c->line, &c->transfer, NULL, 0);
	c->encoded_at = 0;
	while (n && c->encoded_left) {
		size_t k = n < sizeof nothing ? (size_t)n : sizeof nothing;
		k = k < c->encoded_left ? k : (size_t)c->encoded_left;
		mt_stream_scan(c->ins->matcher, c->encoded_scan, nothing, k, encoded_hit, c);
		c->encoded += k;
		c->encoded_left -= k;
		n -= k;
	}
}

/* What n missing bytes of the leaf would have become. */
static uint64_t decoded_of(struct dp_content *c, uint64_t n, uint64_t *chars)
{
	const uint64_t before = c->length - c->lost;
	*chars = n;
	switch (c->transfer.cte) {
	case RS_CTE_BASE64:
		dp_gap_base64(&c->gap, c->line.tail, c->line.ntail, before == c->line.ntail && !c->lost, n);
		*chars = c->gap.chars;
		n = c->transfer.u.base64.nacc + c->gap.chars;
		c->skip = (uint8_t)(-n & 3);
		c->prove = true;
		return (n + 3) / 4 * 3;
	case RS_CTE_QP:
		return before ? (uint64_t)((double)n * (double)c->line.decoded / (double)c->length) : n;
	default:
		return n;
	}
}

static void leaf_gap(struct dp_content *c, uint64_t n)
{
	uint64_t chars, decoded = decoded_of(c, n, &chars);
	const bool base64 = c->transfer.cte == RS_CTE_BASE64;
	encoded_gap(c, chars);
	restart(c);
	dp_line_piece(&c->line, &c->transfer, NULL, 0);
	if (c->file)
		dp_file_gap(c->file, decoded);
	dp_line_gap(&c->line, base64 ? c->gap.lines : 0, decoded);
	if (!base64)
		dp_line_lose(&c->line);
	if (c->file && c->transfer.cte == RS_CTE_QP)
		dp_file_lose(c->file);
	c->length += n;
	c->lost += n;
}

/* What forks meanwhile comes behind, and is told too. */
void dp_content_gap(struct dp_content *c, uint64_t n)
{
	dp_views_flush(c);
	for (struct dp_content *v = c; v; v = v->next) {
		rs_mime_gap(&v->mime, n);
		if (v->leaf)
			leaf_gap(v, n);
	}
	dp_message_reason(c->msg, CT_REASON_GAP);
}

void dp_content_end(struct dp_content *c)
{
	bool broken = false, whole = false, odd = true;
	dp_views_flush(c);
	for (struct dp_content *v = c; v; v = v->next) {
		v->broken |= rs_mime_awaits_part(&v->mime);
		rs_mime_end(&v->mime);
		broken |= v->broken;
		whole |= !v->broken && (rs_mime_whole(&v->mime) || v->holds_whole);
		odd &= v->odd;
	}
	/* The boundary announced may not be the one that is used; where readers differ one knows it. Nor is there anything odd about a leaf
	 * that is another, or ended before, to one of them. */
	if (((broken && !whole && !c->trial) || odd) && !c->quoted)
		dp_message_reason(c->msg, CT_REASON_MALFORMED);
	if (c->within) {
		struct dp_content *outer = c->within->content;
		outer->holds_whole |= whole && !c->quoted;
		outer->inflated += c->inflated;
		outer->members += c->members - c->members_before;
		outer->mime.parts = c->mime.parts;
	}
	for (struct dp_content *v = c, *next; v; v = next) {
		next = v->next;
		dp_content_put(v);
	}
}
