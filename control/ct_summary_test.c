/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "control/ct_columns.h"
#include "control/ct_fake_rules.h"
#include "control/ct_sample.h"
#include "reassembly/mime/rs_mime.h"

static struct ct_config config;
static struct ct_render *render;

static const struct ct_style plain = { .colour = false, .width = 80 }, coloured = { .colour = true, .width = 80 };

static int setup(void **state)
{
	(void)state;
	sample_init();
	return ct_config_defaults(&config) || ct_render_create(&config, fake_rules, sample_inputs, &render);
}

static int teardown(void **state)
{
	(void)state;
	ct_render_free(render);
	ct_config_free(&config);
	return 0;
}

/* The block of a record, which is given back. */
static char *block(struct ct_record *rec, struct ct_style style)
{
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);
	struct ct_item *i = ct_render_record(render, rec);
	assert_non_null(i);
	assert_non_null(i->incident);
	ct_print_incident(f, i->incident, style);
	fclose(f);
	ct_item_free(i);
	sample_free(rec);
	return text;
}

static void shows_the_slides_case(void **state)
{
	(void)state;
	struct ct_record rec;
	sample_infected(&rec);
	char *text = block(&rec, plain);
	assert_string_equal(text, "INFECTED   77MF-KMVJ-V9GN1  2026-11-22 04:04:38 UTC  capture.pcap #123\n"
				  "  from     alice@example.org  (client.example.org, 10.0.0.1:40001)\n"
				  "  author   Alice 猫 <alice@example.org>\n"
				  "  to       bob@example.com, carol@example.com\n"
				  "  server   10.0.0.2:25 said 250 2.0.0 Ok: queued as 4CDEB4BA92F9  (delivered)\n"
				  "  subject  Your details, grüße\n"
				  "  file     details.zip > details.scr\n"
				  "  why      KERNEL32.dll + ADVAPI32.dll (details.zip @lines 20 + 24)\n"
				  "           Windows loader names in an attachment\n"
				  "           [9000020 loadertype, would reject]\n"
				  "\n");
	free(text);
}

static void says_what_is_not_known(void **state)
{
	(void)state;
	struct ct_record rec;
	sample_hostile(&rec);
	char *text = block(&rec, plain);
	assert_string_equal(text, "SUSPICIOUS FZZZ-ZZZZ-ZZZZZ  2026-11-22 04:04:38 UTC  eth0  outbound\n"
				  "  from     <> (the null sender)  (HELO not seen, 10.0.0.1:40001)\n"
				  "  author   not seen\n"
				  "  to       ÿ␛[31m@x (refused: 550 5.1.1 no such user), and 4 more, whose names\n"
				  "           found no room\n"
				  "  server   10.0.0.2:25, reply not seen  (delivery unknown)\n"
				  "  subject  ああ \"\\␁\n"
				  "  file     part 1.2, which has no name\n"
				  "  why      KERNEL32.DLL (part 1.2, which has no name @offset 77)\n"
				  "           Loader names in text  [9000030 rule, rejected]\n"
				  "  file     exe.<U+202E>gpj\n"
				  "  why      (exe.<U+202E>gpj @line 3)\n"
				  "           Loader names in text  [9000030 rule, rejected]\n"
				  "  file     a part without a name\n"
				  "  why      (a part without a name @offset 79)\n"
				  "           Silent  [9000031 rule]\n"
				  "  why      (a part without a name @offset 80)\n"
				  "           Frösche  [9000050 rule]\n"
				  "  note     its end was not seen\n"
				  "  note     some of it could not be looked into: gap\n"
				  "  note     faults: smtp.end_bare_lf, mime.duplicate_field\n"
				  "  note     2 pieces of text found no room in the record\n"
				  "\n");
	free(text);
}

/* Colours change nothing but the colours: taken out, the same text is left. */
static void colours_are_only_colours(void **state)
{
	(void)state;
	struct ct_record rec;
	sample_infected(&rec);
	char *with = block(&rec, coloured);
	sample_infected(&rec);
	char *without = block(&rec, plain);
	assert_non_null(strstr(with, "\033[1;31mINFECTED\033[0m   77MF"));
	assert_non_null(strstr(with, "  \033[2mfrom\033[0m     alice@"));
	assert_non_null(strstr(with, "\033[1;31mKERNEL32.dll\033[0m \033[1;31m+ ADVAPI32.dll\033[0m ("));
	char *to = with;
	for (const char *p = with; *p; p++) {
		if (*p == '\033')
			p = strchr(p, 'm');
		else
			*to++ = *p;
	}
	*to = '\0';
	assert_string_equal(with, without);
	assert_null(strchr(without, '\033'));
	free(with);
	free(without);
}

/* No line is wider than the terminal, and no character of what was put is missing. */
static void wraps_and_never_cuts(void **state)
{
	(void)state;
	char subject[2000];
	for (size_t i = 0; i < sizeof subject; i++)
		subject[i] = i % 97 == 96 ? ' ' : (char)('a' + i % 26);
	for (unsigned width = 40; width < 200; width += 7) {
		struct ct_record rec;
		sample_infected(&rec);
		ct_notes_free(&rec.notes, sample_pool());
		for (uint16_t i = 0; i < 300; i++) {
			char rcpt[40];
			snprintf(rcpt, sizeof rcpt, "recipient%u@example.com", i);
			sample_text(&rec, CT_NOTE_RCPT_TO, 0, i, rcpt);
		}
		sample_text(&rec, CT_NOTE_MAIL_FROM, 0, 0,
			    "猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫"
			    "猫猫猫猫猫猫猫猫猫猫");
		sample_note(&rec, CT_NOTE_HEADER, RS_HDR_SUBJECT, 0, subject, sizeof subject);
		sample_mark(&rec, FAKE_LOADER, 1, 1);
		sample_text(&rec, CT_NOTE_MARK_FILE, RS_NAME_EXTENDED, 0,
			    "a long name that is wrapped and wrapped and wrapped.zip");
		for (uint16_t i = 0; i < 30; i++)
			sample_hit(&rec, 0, i + 1, i, "KERNEL32.dll");
		char *text = block(&rec, (struct ct_style){ .width = width });
		char *plain_text = strdup(text), *to = plain_text;
		for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
			*end = '\0';
			assert_true(ct_columns_width(line) <= width);
			for (const char *p = line + strspn(line, " "); *p; p++)
				if (*p != ' ')
					*to++ = *p;
		}
		*to = '\0';
		char bare[sizeof subject + 1], *b = bare;
		for (size_t i = 0; i < sizeof subject; i++)
			if (subject[i] != ' ')
				*b++ = subject[i];
		*b = '\0';
		assert_non_null(strstr(plain_text, bare));
		assert_non_null(strstr(plain_text, "recipient0@example.com,recipient1@example.com,"));
		assert_non_null(strstr(plain_text, "recipient298@example.com,recipient299@example.com"));
		assert_non_null(strstr(plain_text, "alongnamethatiswrappedandwrappedandwrapped.zip"));
		assert_non_null(strstr(plain_text, "@lines1+2+3+4+5"));
		free(plain_text);
		free(text);
	}
}

static char *account(const struct ct_account *a, const struct ct_counter *counters, size_t n, size_t refused,
		     struct ct_style style)
{
	static const char *const drops[] = { "fragment", "truncated" };
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	ct_print_account(f, a, drops, 2, counters, n, fake_rules, refused, style);
	fclose(f);
	return text;
}

static struct ct_account example(void)
{
	struct ct_account a = { .received = 1234, .consumed = 1200, .seen = 12 };
	a.dropped[0] = 30;
	a.dropped[1] = 4;
	a.verdict[CT_CLEAN] = 9;
	a.verdict[CT_INFECTED] = 1;
	a.unscanned[CT_REASON_TLS] = 1;
	a.unscanned[CT_REASON_GAP] = 1;
	return a;
}

static void shows_the_sums(void **state)
{
	(void)state;
	struct ct_account a = example();
	const struct ct_counter counters[] = {
		{ "flows", "opened", 12 },    { "smtp", "reply_invalid", 0 },    { "flows", "refused", 0 },
		{ "mime", "depth_limit", 1 }, { "flows", "timed out", 1000000 },
	};
	char *text = account(&a, counters, 5, 0, plain);
	assert_string_equal(text, "packets    1,234 received = 1,200 consumed + 34 dropped (30 fragment,\n"
				  "           4 truncated) + 0 held   ok\n"
				  "messages      12 seen = 9 clean + 1 infected + 0 suspicious + 2 unscanned\n"
				  "           (1 tls, 1 gap)   ok\n"
				  "flows      12 opened, 1,000,000 timed out\n"
				  "mime       1 depth_limit\n"
				  "rules      6 loaded, 0 refused (ruleset 0123abcd)\n");
	free(text);
	a.forwarded = 2;
	a.injected = 1;
	a.sent = 4;
	a.received = 1235;
	a.seen = 13;
	text = account(&a, NULL, 0, 3, (struct ct_style){ .width = 120 });
	assert_string_equal(text, "packets    1,235 received = 2 forwarded + 1,200 consumed + 34 dropped (30 fragment, "
				  "4 truncated) + 0 held\n"
				  "           WRONG: 1 too many\n"
				  "               4 sent = 2 forwarded + 1 injected   WRONG: 1 not accounted for\n"
				  "messages      13 seen = 9 clean + 1 infected + 0 suspicious + 2 unscanned (1 tls, 1 "
				  "gap)   WRONG: 1 not accounted for\n"
				  "rules      6 loaded, 3 refused (ruleset 0123abcd)\n");
	free(text);
	struct ct_account none = { 0 };
	text = account(&none, NULL, 0, 0, coloured);
	assert_string_equal(
		text, "\033[2mpackets\033[0m    0 received = 0 consumed + 0 dropped + 0 held   \033[32mok\033[0m\n"
		      "\033[2mmessages\033[0m   0 seen = 0 clean + 0 infected + 0 suspicious + 0 unscanned   "
		      "\033[32mok\033[0m\n"
		      "\033[2mrules\033[0m      6 loaded, 0 refused \033[2m(ruleset 0123abcd)\033[0m\n");
	free(text);
}

static void counts_columns_not_bytes(void **state)
{
	(void)state;
	assert_int_equal(ct_columns_width(""), 0);
	assert_int_equal(ct_columns_width("grüße"), 5);
	assert_int_equal(ct_columns_width("猫猫"), 4);
	assert_int_equal(ct_columns_width("e\xcc\x81"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shows_the_slides_case),    cmocka_unit_test(says_what_is_not_known),
		cmocka_unit_test(colours_are_only_colours), cmocka_unit_test(wraps_and_never_cuts),
		cmocka_unit_test(shows_the_sums),           cmocka_unit_test(counts_columns_not_bytes),
	};
	return cmocka_run_group_tests_name("ct_summary", tests, setup, teardown);
}
