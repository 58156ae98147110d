/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_session.h"

#include <assert.h>
#include <string.h>

#include "reassembly/rs_lines.h"

/* Lines of matches. */

static bool is_base64(uint8_t b)
{
	return (b >= 'A' && b <= 'Z') || (b >= 'a' && b <= 'z') || (b >= '0' && b <= '9') || b == '+' || b == '/';
}

/* Line ends that lie between a byte `back` decoded bytes before the piece, and the piece. It began in an earlier piece, of
 * which only the tail is kept; matches are shorter than that. */
static uint64_t lines_back(const struct dp_content *c, uint64_t back)
{
	uint64_t lines = 0, units = 0, want = back;
	bool base64 = c->transfer.cte == RS_CTE_BASE64;
	if (base64)
		want = (back * 4 + 2) / 3;
	for (unsigned i = c->ntail; i-- > 0;) {
		uint8_t b = c->tail[i];
		if (base64 ? is_base64(b) : true)
			units++;
		if (units >= want && (!base64 || is_base64(b)))
			break;
		lines += b == '\n';
	}
	return lines;
}

uint32_t dp_content_line(const struct dp_content *c, uint64_t decoded_offset)
{
	const struct dp_piece *piece = &c->piece;
	uint64_t line = piece->lines + 1;
	if (decoded_offset < piece->decoded) {
		line -= lines_back(c, piece->decoded - decoded_offset);
	} else {
		size_t at = rs_transfer_locate(&piece->before, piece->p, piece->n, decoded_offset - piece->decoded);
		line += rs_lines_count(piece->p, at);
	}
	return line > UINT32_MAX ? UINT32_MAX : (uint32_t)line;
}

static void piece_begin(struct dp_content *c, const uint8_t *p, size_t n)
{
	c->piece = (struct dp_piece){ p, n, c->transfer, c->decoded, c->lines };
}

static void piece_end(struct dp_content *c, const uint8_t *p, size_t n, size_t decoded)
{
	c->decoded += decoded;
	c->lines += rs_lines_count(p, n);
	if (n >= DP_TAIL) {
		memcpy(c->tail, p + n - DP_TAIL, DP_TAIL);
		c->ntail = DP_TAIL;
	} else {
		unsigned keep = c->ntail + n > DP_TAIL ? DP_TAIL - (unsigned)n : c->ntail;
		memmove(c->tail, c->tail + c->ntail - keep, keep);
		memcpy(c->tail + keep, p, n);
		c->ntail = (uint8_t)(keep + n);
	}
}

/* The encoded text, as far as any rule looks into it, without white space: where lines break is the sender's whim. */

static void encoded_hit(void *arg, struct mt_hit *hit)
{
	struct dp_content *c = arg;
	hit->line = (uint32_t)c->encoded_line;
}

static void encoded_matched(void *arg, const struct mt_rule *rule, size_t index, const struct mt_hit *const *hits,
                            size_t nhits)
{
	struct dp_content *c = arg;
	dp_message_match(c->msg, c, NULL, rule, index, hits, nhits);
}

static void encoded_feed(struct dp_content *c, const uint8_t *p, size_t n)
{
	uint8_t text[256];
	size_t i = 0;
	uint64_t line = c->lines + 1;
	while (i < n && c->encoded_left) {
		size_t len = 0, most = c->encoded_left < sizeof text ? (size_t)c->encoded_left : sizeof text;
		for (; i < n && len < most; i++) {
			if (p[i] == '\n')
				line++;
			if (p[i] == '\n' || p[i] == '\r' || p[i] == ' ' || p[i] == '\t')
				continue;
			if (len == 0)
				c->encoded_line = line;
			text[len++] = p[i];
		}
		c->encoded_left -= len;
		mt_stream_scan(c->ins->matcher, c->encoded, text, len, encoded_hit, c);
	}
}

static void encoded_end(struct dp_content *c)
{
	if (c->encoded)
		mt_stream_end(c->ins->matcher, c->encoded, encoded_matched, c);
	c->encoded = NULL;
}

/* MIME's callbacks. */

static void on_header(void *arg, enum rs_header h, const uint8_t *p, size_t n, bool first, bool last)
{
	struct dp_content *c = arg;
	(void)last;
	if (h == RS_HDR_X_MAILER || h == RS_HDR_RECEIVED)
		return; /* no record shows them */
	if (first)
		dp_record_note(c->ins, c->msg->rec, CT_NOTE_HEADER, (uint8_t)h, 0, p, n);
	else
		dp_record_more(c->ins, c->msg->rec, p, n);
}

static bool is_sealed(const char *type)
{
	return strcmp(type, "application/pgp-encrypted") == 0;
}

static void on_part_begin(void *arg, const struct rs_part *part)
{
	struct dp_content *c = arg;
	struct dp_inspect *ins = c->ins;
	struct ct_message *m = &c->msg->rec->u.message;

	c->leaf = true;
	c->attachment = part->flags & RS_PART_ATTACHMENT;
	c->matched = c->opaque = false;
	c->decoded = c->lines = 0;
	c->ntail = 0;
	rs_transfer_init(&c->transfer, part->cte);
	piece_begin(c, NULL, 0);
	strncpy(c->part, part->number, sizeof c->part - 1);
	if (part->cte == RS_CTE_UNKNOWN || (part->flags & RS_PART_ENCODED_MESSAGE)) {
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
	if (c->attachment) {
		m->attachments_seen++;
		dp_record_note(ins, c->msg->rec, CT_NOTE_ATTACHMENT, (uint8_t)name.form, 0, name.charset,
		               strlen(name.charset) + 1);
		if (name.n)
			dp_record_more(ins, c->msg->rec, name.p, name.n);
	}
	c->file = dp_file_begin(c, NULL, &name, part->type, c->attachment);
	c->encoded_left = ins->encoded_depth;
	c->encoded_line = 1;
	if (c->encoded_left && !(c->encoded = mt_stream_open(ins->matcher, MT_MAIL_ENCODED))) {
		ins->stats.no_stream++;
		dp_message_reason(c->msg, CT_REASON_LIMIT);
		c->encoded_left = 0;
	}
}

static void on_part_data(void *arg, const uint8_t *p, size_t n)
{
	struct dp_content *c = arg;
	while (n > 0) {
		size_t k = n < DP_PIECE_MAX ? n : DP_PIECE_MAX, len;
		if (c->encoded_left)
			encoded_feed(c, p, k);
		piece_begin(c, p, k);
		const uint8_t *decoded = rs_transfer_feed(&c->transfer, p, k, c->ins->buffer, &len);
		if (c->file)
			dp_file_data(c->file, decoded, len);
		piece_end(c, p, k, len);
		p += k;
		n -= k;
	}
}

static void on_part_end(void *arg, uint32_t flags)
{
	struct dp_content *c = arg;
	struct ct_message *m = &c->msg->rec->u.message;
	bool gaps = flags & RS_PART_GAP;

	piece_begin(c, NULL, 0);
	size_t len = rs_transfer_end(&c->transfer, c->ins->buffer);
	if (c->file) {
		dp_file_data(c->file, c->ins->buffer, len);
		dp_file_end(c->file, flags & RS_PART_MISSING_END, gaps);
		c->file = NULL;
	} else {
		c->opaque = true;
	}
	encoded_end(c);
	if (gaps)
		dp_message_reason(c->msg, CT_REASON_GAP);
	if (c->attachment) {
		m->attachments_opened += !c->opaque;
		m->attachments_matched += c->matched;
	}
	c->leaf = false;
}

/* Faults after which other readers may see other parts than this one does. */
static bool is_ambiguous(enum rs_mime_anomaly a)
{
	return a == RS_MIME_DUPLICATE_FIELD || a == RS_MIME_DUPLICATE_PARAMETER || a == RS_MIME_ENCODED_MULTIPART;
}

static void on_anomaly(void *arg, enum rs_mime_anomaly a)
{
	struct dp_content *c = arg;
	struct dp_message *m = c->msg;
	c->ins->stats.mime_anomaly[a]++;
	switch (a) {
	case RS_MIME_HEADER_TOO_LONG:
	case RS_MIME_BOUNDARY_TOO_LONG:
	case RS_MIME_DEPTH_LIMIT:
	case RS_MIME_PART_LIMIT:
	case RS_MIME_BLOCK_LIMIT:
		dp_message_reason(m, CT_REASON_LIMIT);
		break;
	case RS_MIME_BOUNDARY_MISSING:
		dp_message_reason(m, CT_REASON_MALFORMED);
		break;
	default:
		break;
	}
	if (m->mime_errors & (UINT64_C(1) << a))
		return;
	m->mime_errors |= UINT64_C(1) << a;
	const char *name = rs_mime_anomaly_name(a);
	if (is_ambiguous(a))
		dp_session_anomaly(m->session, m->tx_id, name, "proto_parser", "applayer");
	/* Notes of a header that comes in pieces must stay together; errors are kept in the bit set until the end. */
}

static const struct rs_mime_ops mime_ops = { on_header, on_part_begin, on_part_data, on_part_end, on_anomaly };

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
	struct rs_mime_limits limits = { (uint16_t)ins->config->limits.mime_depth, ins->config->limits.mime_parts };
	rs_mime_init(&c->mime, &mime_ops, c, &ins->headers, limits);
	return c;
}

size_t dp_content_bulk(struct dp_content *c, const uint8_t *p, size_t n)
{
	if (!rs_mime_base64_body(&c->mime))
		return 0;
	assert(c->leaf && c->transfer.cte == RS_CTE_BASE64);
	size_t k, len;
	if (n > DP_PIECE_MAX)
		n = DP_PIECE_MAX;
	piece_begin(c, p, n);
	k = rs_base64_bulk(&c->transfer.u.base64, p, n, c->ins->buffer, &len);
	if (k == 0)
		return 0;
	if (c->encoded_left)
		encoded_feed(c, p, k);
	c->piece.n = k;
	if (c->file)
		dp_file_data(c->file, c->ins->buffer, len);
	piece_end(c, p, k, len);
	rs_mime_skip(&c->mime, p, k);
	return k;
}

void dp_content_feed(struct dp_content *c, const uint8_t *p, size_t n)
{
	rs_mime_feed(&c->mime, p, n);
}

void dp_content_gap(struct dp_content *c, uint64_t n)
{
	rs_mime_gap(&c->mime, n);
	dp_message_reason(c->msg, CT_REASON_GAP);
}

void dp_content_end(struct dp_content *c)
{
	rs_mime_end(&c->mime);
	rs_pool_put(&c->ins->contents, c);
}
