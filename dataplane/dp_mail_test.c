/* SPDX-License-Identifier: Apache-2.0 */
/* Messages in messages, however they are wrapped: what is in them is found as if it stood outside. */
#include "dataplane/dp_made.h"
#include "dataplane/dp_mail.h"
#include "dataplane/dp_session.h"

static const char clean[] = "what a program has is not here";

/* A message with an attachment; the program in it or not. */
static void put_message(struct dp_text *to, bool bad)
{
	const char *content = bad ? dp_made_bad : clean;
	struct dp_made m;
	dp_made_base64(&m, content, strlen(content), NULL);
	dp_text_printf(to, "Received: from a by b\r\nSubject: inner\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=inner\r\n\r\n"
			   "--inner\r\n\r\ntext\r\n--inner\r\nContent-Type: application/octet-stream; name=inner.bin\r\n"
			   "Content-Transfer-Encoding: base64\r\n\r\n%.*s\r\n--inner--\r\n", (int)m.text.n, (char *)m.text.p);
	dp_made_free(&m);
}

/* An outer message, whose attachment has this type and name, in base64 or quoted-printable. */
static void wrap(struct dp_text *mail, const char *type, const char *name, bool qp)
{
	struct dp_made m;
	struct dp_text to = { 0 };
	if (qp)
		dp_made_qp(&m, mail->p, mail->n, NULL);
	else
		dp_made_base64(&m, mail->p, mail->n, NULL);
	dp_text_printf(&to, "Subject: outer\r\nContent-Type: multipart/mixed; boundary=\"=_b\"\r\n\r\n--=_b\r\n\r\ntext\r\n--=_b\r\nContent-Type: %s%s%s\r\n"
			    "Content-Transfer-Encoding: %s\r\n\r\n%.*s\r\n--=_b--\r\n", type, name ? "; name=" : "", name ? name : "",
		       qp ? "quoted-printable" : "base64", (int)m.text.n, (char *)m.text.p);
	dp_made_free(&m);
	dp_text_free(mail);
	*mail = to;
}

static void zip(struct dp_text *content, const char *name)
{
	struct dp_made_zip z = { 0 };
	dp_made_zip_add(&z, name, content->p, content->n, DP_MADE_DEFLATED);
	dp_made_zip_end(&z);
	dp_text_free(content);
	dp_text_put(content, z.data.p, z.data.n);
	dp_made_zip_free(&z);
}

/* S/MIME's signedData (RFC 5652 5.1) around it, without certificates and signers: with indefinite lengths; its content whole, or in pieces. */
static void sign(struct dp_text *content, size_t piece)
{
	static const char begin[] = "\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x80\x30\x80\x02\x01\x01\x31\x00"
				    "\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01\xa0\x80";
	static const char end[] = "\0\0" "\0\0" "\x31\x00" "\0\0" "\0\0" "\0\0";
	struct dp_text to = { 0 };
	dp_text_put(&to, begin, sizeof begin - 1);
	if (piece)
		dp_text_put(&to, "\x24\x80", 2);
	for (size_t at = 0; at < content->n;) {
		const size_t k = piece && piece < content->n - at ? piece : content->n - at;
		dp_text_put(&to, (uint8_t[]){ 0x04, 0x82, (uint8_t)(k >> 8), (uint8_t)k }, 4);
		dp_text_put(&to, content->p + at, k);
		at += k;
	}
	if (piece)
		dp_text_put(&to, "\0\0", 2);
	dp_text_put(&to, end, sizeof end - 1);
	dp_text_free(content);
	*content = to;
}

enum way { ENCODED, ENCODED_QP, CALLED, SNIFFED, MBOX, ZIPPED, THREE, SIGNED, SIGNED_PIECES, SIGNED_TWICE, MULTIPART, WAYS };

static void make(struct dp_text *mail, enum way way, bool bad)
{
	switch (way) {
	case ENCODED:
	case ENCODED_QP:
		put_message(mail, bad);
		wrap(mail, "message/rfc822", "x.eml", way == ENCODED_QP);
		break;
	case CALLED:
		dp_text_printf(mail, "X-Odd: 1\r\n");
		put_message(mail, bad);
		wrap(mail, "application/octet-stream", "\"A letter.EML\"", false);
		break;
	case SNIFFED:
		put_message(mail, bad);
		wrap(mail, "application/octet-stream", "x.dat", false);
		break;
	case MBOX:
		for (unsigned i = 0; i < 3; i++) {
			dp_text_printf(mail, "From a@b Mon Jan  1 00:00:00 2024\r\n");
			put_message(mail, bad && i == 1);
			dp_text_printf(mail, "\r\nFr\r\n\r\nFrom\r\n\r\n");
		}
		wrap(mail, "application/mbox", "x", false);
		break;
	case ZIPPED:
		put_message(mail, bad);
		zip(mail, "x.eml");
		wrap(mail, "application/zip", "x.zip", false);
		break;
	case THREE:
		put_message(mail, bad);
		for (unsigned i = 0; i < 3; i++)
			wrap(mail, "message/rfc822", "x.eml", i == 1);
		break;
	case SIGNED: /* a whole message: a MIME entity with more fields */
		put_message(mail, bad);
		sign(mail, 0);
		wrap(mail, "application/pkcs7-mime", "smime.p7m", false);
		break;
	case SIGNED_PIECES:
	case SIGNED_TWICE: {
		struct dp_text to = { 0 };
		put_message(mail, bad);
		const uint8_t *entity = memmem(mail->p, mail->n, "Content-Type", 12);
		dp_text_put(&to, entity, mail->n - (size_t)(entity - mail->p));
		dp_text_free(mail);
		*mail = to;
		sign(mail, 57);
		if (way == SIGNED_TWICE) {
			wrap(mail, "application/octet-stream", "smime.p7m", false);
			sign(mail, 0);
		}
		wrap(mail, "application/octet-stream", "smime.p7m", false);
		break;
	}
	default: { /* all of a multipart is encoded: with which its boundary is found in what is decoded */
		struct dp_text to = { 0 };
		struct dp_made m;
		put_message(mail, bad);
		const uint8_t *body = memmem(mail->p, mail->n, "\r\n--inner", 9);
		dp_made_base64(&m, body, mail->n - (size_t)(body - mail->p), NULL);
		dp_text_printf(&to, "Subject: outer\r\nContent-Type: multipart/mixed; boundary=inner\r\nContent-Transfer-Encoding: base64\r\n\r\n%.*s",
			       (int)m.text.n, (char *)m.text.p);
		dp_made_free(&m);
		dp_text_free(mail);
		*mail = to;
	}
	}
}

static void test_what_is_within(void **state)
{
	(void)state;
	for (unsigned way = 0; way < WAYS; way++)
		for (unsigned bad = 0; bad < 2; bad++) {
			struct dp_test t;
			struct dp_text mail = { 0 };
			dp_test_begin(&t);
			make(&mail, way, bad);
			char *story = NULL;
			for (unsigned k = 0; k < 4; k++) {
				struct dp_test_conn c = dp_test_conn(k);
				dp_test_mail(&t, &c, &mail, k == 0 ? 1460 : k == 1 ? 1 : k * 3, 0);
				const struct dp_found *m = dp_test_nth(&t, CT_MESSAGE, 0);
				if (m->rec.u.message.verdict != (bad ? CT_INFECTED : CT_CLEAN))
					fail_msg("way %u, %u in segments of %u:\n%s\n%.*s", way, bad, k, m->text, (int)mail.n, (char *)mail.p);
				if (bad)
					assert_true(dp_test_has(m, "inner.bin"));
				assert_true(dp_test_has(m, "outer"));
				assert_null(strstr(m->text, "header3=inner"));
				story = dp_test_same_story(&t, story, "way %u, %u in segments of %u", way, bad, k);
				dp_test_forget(&t);
			}
			free(story);
			dp_text_free(&mail);
			dp_test_close(&t);
		}
}

/* What is signed may be any file: it is read as that, and as nothing else where readers of mail find no field of MIME in it. */
static void test_signed_files(void **state)
{
	(void)state;
	static const struct {
		const char *begin;
		enum ct_verdict verdict;
		enum ct_reason why;
	} files[] = {
		{ "%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\nContent: x\n", CT_CLEAN, CT_REASON_NONE },
		{ "<?xml version=\"1.0\"?>\n<a xmlns:b=\"c\">\ncontent_t content-\ntype: Content-Type: x\n", CT_CLEAN, CT_REASON_NONE },
		{ "no field\r\ncontent-Type: text/html\r\n", CT_UNSCANNED, CT_REASON_MALFORMED },
		{ "\nContent-Transfer-Encoding: base64\n\n", CT_UNSCANNED, CT_REASON_MALFORMED },
		{ "no field\rX: y\rContent-Type: text/html\r\n", CT_UNSCANNED, CT_REASON_MALFORMED },
		{ "%PDF-1.4\n KERNEL32.DLL ADVAPI32.DLL\n", CT_INFECTED, CT_REASON_NONE },
	};
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		struct dp_test t;
		struct dp_text mail = { 0 };
		dp_test_begin(&t);
		dp_text_printf(&mail, "%s", files[i].begin);
		for (unsigned k = 0; k < 40; k++)
			dp_text_printf(&mail, "line %u: and so on\n", k);
		sign(&mail, i % 2 ? 100 : 0);
		wrap(&mail, "application/pkcs7-mime", "file.pdf.p7m", false);
		char *story = NULL;
		for (unsigned k = 0; k < 4; k++) {
			struct dp_test_conn c = dp_test_conn(k);
			dp_test_mail(&t, &c, &mail, k == 0 ? 1460 : k == 1 ? 1 : k * 3, 0);
			dp_test_verdict(&t, 0, files[i].verdict, files[i].why, true);
			story = dp_test_same_story(&t, story, "file %zu in segments of %u", i, k);
			dp_test_forget(&t);
		}
		free(story);
		dp_text_free(&mail);
		dp_test_close(&t);
	}
}

/* Asked at any byte, what is within is seen as if the message ended there; and a fork takes it along. */
static void test_copies_take_it_along(void **state)
{
	(void)state;
	for (unsigned way = 0; way < WAYS; way++) {
		struct dp_test t;
		struct dp_text mail = { 0 };
		dp_test_begin(&t);
		make(&mail, way, true);
		for (size_t cut = 0; cut < mail.n; cut += 17) {
			struct dp_test_message u;
			dp_test_message_begin(&t, &u);
			struct dp_message *m = u.msg;
			dp_content_feed(m->content, mail.p, cut);
			const struct dp_inspect_stats stats = t.worker->inspect.stats;
			const unsigned set = dp_message_peek(m, true);
			assert_memory_equal(&stats, &t.worker->inspect.stats, sizeof stats);
			struct dp_content *copy = dp_content_fork(m->content);
			assert_non_null(copy);
			dp_content_end(m->content);
			m->content = NULL;
			assert_int_equal(dp_message_peek(m, false) & MT_ACTIONS & ~set, 0);
			dp_content_feed(copy, mail.p + cut, mail.n - cut);
			dp_content_end(copy);
			dp_test_message_end(&t, &u);
			if (dp_test_nth(&t, CT_MESSAGE, 0)->rec.u.message.verdict != CT_INFECTED)
				fail_msg("way %u, forked at %zu: %s", way, cut, dp_test_nth(&t, CT_MESSAGE, 0)->text);
			dp_test_forget(&t);
		}
		dp_text_free(&mail);
		dp_test_close(&t);
	}
}

/* What is not there cannot be looked into, and is told. */
static void test_elsewhere(void **state)
{
	(void)state;
	static const char *const types[][2] = { { "message/partial; id=x; number=1; total=2", "mime.partial" },
						{ "message/external-body; access-type=URL; URL=\"http://x/y\"", "mime.external_body" } };
	for (size_t i = 0; i < 2; i++) {
		struct dp_test t;
		struct dp_text mail = { 0 };
		struct dp_test_conn c = dp_test_conn(1);
		dp_test_begin(&t);
		dp_text_printf(&mail, "Content-Type: %s\r\n\r\nContent-Type: text/plain\r\n\r\nx\r\n", types[i][0]);
		dp_test_mail(&t, &c, &mail, 1460, 0);
		dp_test_verdict(&t, 0, CT_UNSCANNED, CT_REASON_UNSUPPORTED, true);
		assert_int_equal(dp_test_count(&t, CT_ANOMALY), 1);
		assert_true(dp_test_has(dp_test_nth(&t, CT_ANOMALY, 0), types[i][1]));
		dp_text_free(&mail);
		dp_test_close(&t);
	}
}

/* An attached text that begins like the line before a message in an mbox, but for the case, is a text. */
static void test_prose_is_no_mail(void **state)
{
	(void)state;
	for (unsigned way = 0; way < 2; way++)
		for (size_t k = 1; k < 1460; k = k * 9 + 2) {
			struct dp_test t;
			struct dp_text mail = { 0 };
			struct dp_test_conn c = dp_test_conn(1);
			dp_test_begin(&t);
			dp_text_printf(&mail, "Content-Type: text/plain; name=x.txt\r\nContent-Disposition: attachment\r\n\r\n");
			dp_text_printf(&mail, "%crom the beginning of it\r\nno field\r\n\r\nand so on\r\n", way ? 'F' : 'f');
			dp_test_mail(&t, &c, &mail, k, 0);
			assert_int_equal(strstr(dp_test_nth(&t, CT_MESSAGE, 0)->text, "error=mime.header_invalid") != NULL, way);
			dp_text_free(&mail);
			dp_test_close(&t);
		}
}

/* That the first half of a message does not end is no fault of it; what stands before the cut may be one. */
static void test_half_a_message(void **state)
{
	(void)state;
	struct dp_text whole = { 0 };
	dp_text_printf(&whole, "Subject: inner\r\nContent-Type: multipart/mixed; boundary=ab\r\n\r\n--ab\r\n");
	dp_text_printf(&whole, "Content-Type: application/octet-stream; name=x.bin\r\nContent-Transfer-Encoding: base64\r\n\r\n");
	dp_text_printf(&whole, "UEsDBBQAAAAAACEAAAAAAAAAAAABAAAAAQAMAAAAbGV0dGVyLmRhdC54\r\n"); /* a zip's first header */
	for (unsigned i = 0; i < 20; i++)
		dp_text_printf(&whole, "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xt\r\n");
	for (unsigned broken = 0; broken < 2; broken++)
		for (size_t n = 0; n < whole.n; n += 61)
			for (size_t k = 1; k < 1460; k = k * 9 + 2) {
				struct dp_test t;
				struct dp_text mail = { 0 };
				struct dp_test_conn c = dp_test_conn(1);
				dp_test_begin(&t);
				dp_text_printf(&mail, "Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\n");
				if (broken)
					dp_text_printf(&mail, "Content-Transfer-Encoding: base64\r\n\r\nQUJD*QUJD\r\n--o\r\n");
				dp_text_printf(&mail, "Content-Type: message/partial; id=x; number=1; total=2\r\n\r\n");
				dp_text_put(&mail, whole.p, n);
				dp_text_printf(&mail, "\r\n--o--\r\n");
				dp_test_mail(&t, &c, &mail, k, 0);
				dp_test_verdict(&t, 0, CT_UNSCANNED, broken ? CT_REASON_MALFORMED : CT_REASON_UNSUPPORTED, true);
				dp_text_free(&mail);
				dp_test_close(&t);
			}
	dp_text_free(&whole);
}

static void test_too_deep(void **state)
{
	(void)state;
	for (unsigned depth = DP_MAIL_DEPTH; depth < DP_MAIL_DEPTH + 2; depth++) {
		struct dp_test t;
		struct dp_text mail = { 0 };
		struct dp_test_conn c = dp_test_conn(1);
		dp_test_begin(&t);
		put_message(&mail, false);
		for (unsigned i = 0; i < depth; i++)
			wrap(&mail, "message/rfc822", NULL, false);
		dp_test_mail(&t, &c, &mail, 1460, 0);
		const bool limit = depth > DP_MAIL_DEPTH;
		dp_test_verdict(&t, 0, limit ? CT_UNSCANNED : CT_CLEAN, limit ? CT_REASON_LIMIT : CT_REASON_NONE, true);
		assert_int_equal(t.worker->inspect.stats.mail_limit, limit);
		dp_text_free(&mail);
		dp_test_close(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_within),
		cmocka_unit_test(test_signed_files),
		cmocka_unit_test(test_copies_take_it_along),
		cmocka_unit_test(test_elsewhere),
		cmocka_unit_test(test_prose_is_no_mail),
		cmocka_unit_test(test_half_a_message),
		cmocka_unit_test(test_too_deep),
	};
	return cmocka_run_group_tests_name("dp_mail", tests, dp_test_eal, dp_test_eal_stop);
}
