/* SPDX-License-Identifier: Apache-2.0 */
/* Input: a message, and where it is cut. The first two bytes say where; then comes a program that writes the message, of operations of one
 * byte (op) and their arguments: bytes as they are, pieces that mean something to a reader (pieces), a program's marks, and groups, which
 * are written first and wrapped then, in base64, quoted-printable, uuencode, yEnc, BinHex, gzip, zip, tar, TNEF, S/MIME, a multipart, an
 * attached message or an mbox, each in each other; fields and boundaries that readers take in different ways. Bytes between, and in,
 * wrappings damage them in any way.
 * Checked: whatever is said of it, whole or in segments of any size it is the same; there is one message; both sums; and at the end every
 * object of every pool is back; what is said before its end, as if it were there, is what is said when it is. What every receiver
 * reads (belongs), and holds the marks, is not clean. */
#include "dataplane/dp_made.h"
#include "dataplane/dp_message_wraps.h"
#include "dataplane/dp_session.h"

#define WRITTEN_MAX 24000
#define DEPTH_MAX 8
#define CUTS 4

enum op {
	OP_END, /* of the group */
	OP_BYTES, /* a number, and so many bytes */
	OP_PIECE, /* a number: of pieces */
	OP_MARKS,
	OP_REPEAT, /* a number and a byte: 64 times as many */
	OP_BASE64, /* a number: 0 lines as usual, else cut by that seed */
	OP_QP,
	OP_UU,
	OP_DECLARED_BASE64, /* the same with the fields of an attachment before them */
	OP_DECLARED_QP,
	OP_DECLARED_UU,
	OP_GZIP,
	OP_ZIP, /* a number: of enum dp_made_member */
	OP_MULTIPART, /* a number: its type; each group in it, up to the next OP_NEXT, is a part */
	OP_NEXT,
	OP_ATTACHED, /* a message in it */
	OP_YENC,
	OP_HQX,
	OP_TAR,
	OP_TNEF,
	OP_CMS, /* what is in it begins like a part, as in: */
	OP_MBOX,
	OP_TWO_FIELDS, /* a number: which */
	OP_LIKE, /* a number: a line that is like a boundary of one of the levels around */
	OPS
};

static const char *const pieces[] = {
	"\r\n", "\r\n\r\n", "\n", "\r", "=", "=\r\n", "--b0", "--b1--", "--b2\r\n", "PK\3\4", "PK\1\2", "PK\5\6", "PK\7\b", "\x1f\x8b\b",
	"Content-Type: application/octet-stream\r\n", "Content-Type: multipart/mixed; boundary=b0\r\n", "Content-Type: message/rfc822\r\n",
	"Content-Type: text/html; charset=utf-16\r\n", "Content-Type: message/partial; id=a; number=1; total=2\r\n",
	"Content-Type: application/ms-tnef\r\n", "Content-Type: application/pkcs7-mime; smime-type=signed-data\r\n",
	"Content-Transfer-Encoding: base64\r\n", "Content-Transfer-Encoding: quoted-printable\r\n",
	"Content-Transfer-Encoding: x-uuencode\r\n", "Content-Transfer-Encoding: 7bit\r\n", "Content-Transfer-Encoding: mac-binhex40\r\n",
	"Content-Disposition: attachment; filename*0=\"a.\"; filename*1=exe\r\n", "Subject: =?utf-8?q?a=20b?=\r\n", " folded\r\n",
	"begin 644 a.exe\r\n", "`\r\nend\r\n", "begin-base64 644 a\r\n", "====\r\n", "=ybegin line=128 size=64 name=a.exe\r\n",
	"=yend size=64\r\n", "(This file must be converted with BinHex 4.0)\r\n\r\n:", "data:application/octet-stream;base64,", "<img src='data:",
	"From a@example.org Mon Jan  5 10:00:00 2004\r\n", "\x78\x9f\x3e\x22", "MZ", "\177ELF", "\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02",
	"ustar\00000", "Rar!\x1a\7", "TVqQAAMAAAAEAAAA", "..", "\t", "/9j/", "-----BEGIN PKCS7-----\r\n",
};

struct program {
	const uint8_t *p;
	size_t n, at;
	size_t written;
	bool damaged; /* something stands in it that no wrapping wrote */
	bool marks;
};

static unsigned next(struct program *p)
{
	return p->at < p->n ? p->p[p->at++] : OP_END;
}

static void put(struct program *p, struct dp_text *to, const void *from, size_t n)
{
	if (p->written + n > WRITTEN_MAX)
		n = WRITTEN_MAX - p->written;
	p->written += n;
	dp_text_put(to, from, n);
}

static void put_repeated(struct program *p, struct dp_text *to)
{
	size_t n = next(p) * 64;
	uint8_t with[256];
	memset(with, (int)next(p), sizeof with);
	for (; n > 0; n -= n < sizeof with ? n : sizeof with)
		put(p, to, with, n < sizeof with ? n : sizeof with);
}

static void put_bytes(struct program *p, struct dp_text *to)
{
	size_t n = next(p);
	if (n > p->n - p->at)
		n = p->n - p->at;
	put(p, to, p->p + p->at, n);
	p->at += n;
}

enum place { /* where a thing stands */
	PLACE_PART, /* a part's, or a message's, beginning */
	PLACE_FILE, /* in what was decoded or unpacked */
};

static unsigned write_group(struct program *p, struct dp_text *to, enum place place, unsigned depth);

/* Whether every receiver gets out of it what is put in there. Things behind another damage each other. */
static bool belongs(unsigned op, unsigned how, enum place place)
{
	switch (op) {
	case OP_MARKS:
		return true;
	case OP_DECLARED_BASE64:
	case OP_DECLARED_QP:
	case OP_DECLARED_UU:
	case OP_MULTIPART:
	case OP_ATTACHED:
		return place == PLACE_PART;
	case OP_UU:
	case OP_YENC:
	case OP_HQX:
		return place != PLACE_FILE;
	case OP_GZIP:
	case OP_TAR:
	case OP_TNEF:
	case OP_CMS:
	case OP_MBOX:
		return place == PLACE_FILE;
	case OP_ZIP:
		return place == PLACE_FILE && !(how & DP_MADE_ENCRYPTED);
	default:
		return false;
	}
}

static void write_multipart(struct program *p, struct dp_text *to, unsigned depth)
{
	const unsigned type = next(p) % DP_MESSAGE_TYPES;
	unsigned end;
	p->damaged |= type >= DP_MESSAGE_PLAIN_TYPES;
	dp_message_multipart(to, depth, type);
	do {
		dp_text_printf(to, "--b%u\r\n", depth);
		end = write_group(p, to, PLACE_PART, depth + 1);
		dp_text_printf(to, "\r\n");
	} while (end == OP_NEXT);
	dp_text_printf(to, "--b%u--\r\n", depth);
}

static unsigned declare(struct dp_text *to, unsigned op)
{
	static const char *const cte[] = { "base64", "quoted-printable", "x-uuencode" };
	if (op < OP_DECLARED_BASE64 || op > OP_DECLARED_UU)
		return op;
	dp_text_printf(to,
		       "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: %s\r\n"
		       "Content-Disposition: attachment; filename=a.bin\r\n\r\n",
		       cte[op - OP_DECLARED_BASE64]);
	return op - OP_DECLARED_BASE64 + OP_BASE64;
}

static void wrap(struct program *p, struct dp_text *to, unsigned op, unsigned how, unsigned depth)
{
	uint64_t seed = how;
	struct dp_text in = { 0 };
	struct dp_made made = { 0 };
	struct dp_made_zip zip = { 0 };
	op = declare(to, op);
	write_group(p, &in, op == OP_CMS || op == OP_MBOX ? PLACE_PART : PLACE_FILE, depth + 1);
	switch (op) {
	case OP_BASE64:
		dp_made_base64(&made, in.p, in.n, how ? &seed : NULL);
		break;
	case OP_QP:
		dp_made_qp(&made, in.p, in.n, NULL);
		break;
	case OP_UU:
		dp_message_uu(to, &in);
		break;
	case OP_YENC:
		dp_message_yenc(to, &in);
		break;
	case OP_HQX:
		dp_message_hqx(to, &in);
		break;
	case OP_TAR:
		dp_message_tar(to, &in);
		break;
	case OP_TNEF:
		dp_message_tnef(to, &in);
		break;
	case OP_CMS:
		dp_message_cms(to, &in);
		break;
	case OP_MBOX:
		dp_text_printf(to, "From a@example.org Mon Jan  5 10:00:00 2004\r\n");
		dp_text_put(to, in.p, in.n);
		dp_text_printf(to, "\r\n\r\n");
		break;
	case OP_GZIP:
		dp_made_gzip(&in, "a");
		dp_text_put(to, in.p, in.n);
		break;
	default:
		dp_made_zip_add(&zip, "a.bin", in.p, in.n, how & (DP_MADE_DEFLATED | DP_MADE_ENCRYPTED | DP_MADE_DESCRIPTOR));
		dp_made_zip_end(&zip);
		dp_text_put(to, zip.data.p, zip.data.n);
	}
	dp_text_put(to, made.text.p, made.text.n);
	dp_made_free(&made);
	dp_made_zip_free(&zip);
	dp_text_free(&in);
}

static void write_thing(struct program *p, struct dp_text *to, unsigned op, unsigned how, unsigned depth)
{
	const char *piece = pieces[how % (sizeof pieces / sizeof pieces[0])];
	switch (op) {
	case OP_BYTES:
		put_bytes(p, to);
		break;
	case OP_PIECE:
		put(p, to, piece, strlen(piece));
		break;
	case OP_MARKS:
		p->marks = true;
		put(p, to, dp_made_bad, strlen(dp_made_bad));
		break;
	case OP_REPEAT:
		put_repeated(p, to);
		break;
	case OP_MULTIPART:
		write_multipart(p, to, depth);
		break;
	case OP_ATTACHED:
		dp_text_printf(to, "Content-Type: message/rfc822\r\n\r\nSubject: within\r\n");
		write_group(p, to, PLACE_PART, depth + 1);
		break;
	case OP_TWO_FIELDS:
		dp_message_two_fields(to, how);
		break;
	case OP_LIKE:
		dp_message_boundary_like(to, (how >> 3) % DEPTH_MAX, how);
		break;
	default:
		wrap(p, to, op, how, depth);
	}
}

static bool has_number(unsigned op)
{
	return op == OP_PIECE || op == OP_BASE64 || op == OP_DECLARED_BASE64 || op == OP_ZIP || op == OP_TWO_FIELDS || op == OP_LIKE;
}

/* Returns what ended it. */
static unsigned write_group(struct program *p, struct dp_text *to, enum place place, unsigned depth)
{
	for (unsigned things = 0; p->at < p->n && p->written < WRITTEN_MAX; things++) {
		unsigned op = next(p) % OPS;
		if (depth >= DEPTH_MAX && op > OP_REPEAT)
			op = OP_END;
		if (op == OP_END || op == OP_NEXT)
			return op;
		unsigned how = has_number(op) ? next(p) : 0;
		p->damaged |= things > 0 || !belongs(op, how, place);
		/* What has no fields of its own stands behind them. */
		if (place == PLACE_PART && (op == OP_MARKS || op == OP_UU || op == OP_YENC || op == OP_HQX))
			dp_text_printf(to, "\r\n");
		write_thing(p, to, op, how, depth);
	}
	return OP_END;
}

/* As it travels: with no line that may end it (RFC 5321 4.5.2, and the ends that some servers take). */
static void stuff(struct dp_text *to, const struct dp_text *from)
{
	for (size_t i = 0; i < from->n; i++) {
		uint8_t before = i ? from->p[i - 1] : '\n';
		if (from->p[i] == '.' && (before == '\n' || before == '\r' || before == 0))
			dp_text_put(to, ".", 1);
		dp_text_put(to, from->p + i, 1);
	}
	dp_text_put(to, "\r\n", 2);
}

static void differ(const char *one, const char *other, size_t mss, size_t cut)
{
	fprintf(stderr, "in segments of %zu, cut at %zu:\n%s\ninstead of\n%s\n", mss, cut, other, one);
	abort();
}

static void judge(const struct dp_test *t, const struct program *p, const char *story)
{
	size_t messages = dp_test_count(t, CT_MESSAGE);
	bool missed = messages == 1 && p->marks && !p->damaged && dp_test_nth(t, CT_MESSAGE, 0)->rec.u.message.verdict == CT_CLEAN;
	if (messages == 1 && !missed)
		return;
	fprintf(stderr, "%zu messages%s\n%s\n", messages, missed ? ", clean though the marks are in it" : "", story);
	abort();
}

/* Of what was fed so far. What merely has not ended is no reason before the end. */
static void look_ahead(struct dp_test *t, const struct dp_text *written, size_t at)
{
	struct dp_test_message u;
	dp_test_message_begin(t, &u);
	struct dp_message *m = u.msg;
	if (at)
		dp_content_feed(m->content, written->p, at);
	const struct dp_inspect_stats stats = t->worker->inspect.stats;
	const unsigned set = dp_message_peek(m, true), marked = set & MT_ACTIONS;
	if (memcmp(&stats, &t->worker->inspect.stats, sizeof stats) != 0)
		abort();
	dp_content_end(m->content);
	m->content = NULL;
	if ((m->action != MT_NONE) != (marked != 0) && !(marked == 0 && DP_PEEK_REASONS(set))) {
		fprintf(stderr, "%x foreseen at %zu of %zu, action %u, reasons %x\n", set, at, written->n, m->action, m->reasons);
		abort();
	}
	dp_test_message_end(t, &u);
	dp_test_forget(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	dp_test_eal_once();
	if (size < 3 || size > 4096)
		return 0;
	struct program p = { .p = data, .n = size, .at = 2 };
	struct dp_text written = { 0 }, mail = { 0 };
	struct dp_test t;
	write_group(&p, &written, PLACE_PART, 0);
	while (p.at < p.n && p.written < WRITTEN_MAX) {
		p.damaged = true;
		write_group(&p, &written, PLACE_PART, 0);
	}
	stuff(&mail, &written);
	dp_test_init(&t);
	t.config.memory.messages = 48; /* for all that may be open at a time */
	dp_test_open(&t);
	char *story = NULL;
	for (unsigned i = 0; i < CUTS; i++) {
		struct dp_test_conn c = dp_test_conn(i);
		size_t mss[CUTS] = { 1460, 1 + data[0] % 97, mail.n < 700 ? 1 : 23 + data[1] % 7, 0 };
		size_t cut = i == 3 ? 1 + (data[0] | data[1] << 8) % mail.n : 0;
		dp_test_mail(&t, &c, &mail, mss[i], cut);
		char *again = dp_test_story(&t);
		if (story && strcmp(story, again) != 0)
			differ(story, again, mss[i], cut);
		judge(&t, &p, again);
		free(story);
		story = again;
		dp_test_forget(&t);
	}
	free(story);
	look_ahead(&t, &written, (data[0] | data[1] << 8) % (written.n + 1));
	look_ahead(&t, &written, written.n);
	dp_test_close(&t);
	dp_text_free(&written);
	dp_text_free(&mail);
	return 0;
}
