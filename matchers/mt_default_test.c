/* SPDX-License-Identifier: Apache-2.0 */
/* The built-in rules: what they must find, and what they must leave alone. */
#include "matchers/mt_test.h"

static struct mt_ruleset *rs;
static struct mt_worker *w;

static int set_up(void **state)
{
	(void)state;
	struct mt_load load = { .npaths = 0 };
	struct mt_report r;
	assert_int_equal(mt_ruleset_load(&load, &rs, &r), 0);
	assert_int_equal(r.nrefused, 0);
	assert_int_equal(r.nwarnings, 0);
	assert_int_equal(r.loaded, 24);
	return mt_worker_create(rs, 2, &w);
}

static int tear_down(void **state)
{
	(void)state;
	mt_worker_free(w);
	mt_ruleset_free(rs);
	return 0;
}

static void scan(enum mt_buffer b, const void *data, size_t n, struct mt_test_log *log)
{
	struct mt_stream *s = mt_stream_open(w, b);
	log->n = 0;
	log->text[0] = 0;
	mt_stream_scan(w, s, data, n, NULL, NULL);
	mt_stream_end(w, s, mt_test_match, log);
}

static const struct prefix {
	const char *text;
	uint32_t sid;
	enum mt_action action;
} prefixes[] = {
	{ "TVqQAAMAA", 9000001, MT_REJECT }, { "TVpQAAIAA", 9000002, MT_REJECT }, { "TVpQAAlAA", 9000003, MT_REJECT },
	{ "TVpAALQAc", 9000004, MT_REJECT }, { "TVpyAXkAX", 9000005, MT_REJECT }, { "TVrmAU4AA", 9000006, MT_REJECT },
	{ "TVrhARwAk", 9000007, MT_REJECT }, { "TVoFAQUAA", 9000008, MT_REJECT }, { "TVoAAAQAA", 9000009, MT_REJECT },
	{ "TVoIARMAA", 9000010, MT_REJECT }, { "TVouARsAA", 9000011, MT_REJECT }, { "TVrQAT8AA", 9000012, MT_REJECT },
	{ "VFZxUUFBT", 9000021, MT_REJECT }, { "VkZaeFVVR", 9000022, MT_REJECT }, { "UEsDBAkAA", 9000031, MT_ALERT },
	{ "H4sIADWWb", 9000032, MT_ALERT },
};
#define PREFIXES (sizeof prefixes / sizeof *prefixes)

static const struct mt_rule *rule_of(uint32_t sid)
{
	for (size_t i = 0; i < mt_ruleset_count(rs); i++)
		if (mt_ruleset_rule(rs, i)->sid == sid)
			return mt_ruleset_rule(rs, i);
	fail_msg("no rule %u", sid);
	return NULL;
}

static void every_prefix_is_found_at_the_start(void **state)
{
	(void)state;
	assert_int_equal(PREFIXES, 16);
	assert_true(mt_ruleset_depth(rs, MT_MAIL_ENCODED) == 9);
	for (size_t i = 0; i < PREFIXES; i++) {
		struct mt_test_log log;
		char text[64], expected[64];
		const struct mt_rule *r = rule_of(prefixes[i].sid);
		assert_int_equal(r->action, prefixes[i].action);
		assert_string_equal(r->class_name, "mimetype");
		assert_non_null(strstr(r->msg, prefixes[i].text));

		snprintf(text, sizeof text, "%sABCDEF", prefixes[i].text);
		snprintf(expected, sizeof expected, "rule %u: %s 0-9\n", prefixes[i].sid, prefixes[i].text);
		scan(MT_MAIL_ENCODED, text, strlen(text), &log);
		assert_string_equal(log.text, expected);
		/* One letter later, one letter less, one letter in the other case: another text. */
		snprintf(text, sizeof text, "A%s", prefixes[i].text);
		scan(MT_MAIL_ENCODED, text, strlen(text), &log);
		assert_string_equal(log.text, "");
		scan(MT_MAIL_ENCODED, prefixes[i].text, 8, &log);
		assert_string_equal(log.text, "");
		for (size_t j = 0; j < 9; j++) {
			snprintf(text, sizeof text, "%s", prefixes[i].text);
			text[j] ^= text[j] >= 'A' ? 0x20 : 0;
			scan(MT_MAIL_ENCODED, text, 9, &log);
			if (strncmp(text, prefixes[i].text, 9))
				assert_true(!strstr(log.text, prefixes[i].text));
		}
		/* It is a mark of the encoded text, not of a file that talks of it. */
		scan(MT_FILE_DATA, prefixes[i].text, 9, &log);
		assert_string_equal(log.text, "");
	}
}

/* A: ADVAPI32.DLL, K: KERNEL32.DLL, W: WS2_32.DLL; 0: as an import table holds it. B: the file is not text. */
enum { K = 1, K0 = 2, A = 4, A0 = 8, W = 16, W0 = 32, B = 64, ALL = 128 };

static size_t build(unsigned what, char *out)
{
	static const char *const names[] = { "Kernel32.dll", "Kernel32.dll", "ADVAPI32.DLL",
					     "ADVAPI32.DLL", "ws2_32.dll",   "ws2_32.dll" };
	size_t n = 0;
	for (int i = 0; i < 6; i++) {
		if (!(what & 1u << i))
			continue;
		n += (size_t)sprintf(out + n, "%s", names[i]);
		out[n++] = i % 2 ? 0 : ' ';
	}
	return n;
}

/* All ways in which the names can stand in a file: refused as the rules say, and never more than one alert, never an
 * alert beside a refusal. */
static void names_of_loaders_in_every_combination(void **state)
{
	(void)state;
	for (unsigned what = 0; what < ALL; what++) {
		static char file[4096];
		struct mt_test_log log;
		memset(file, 'x', 2000);
		if (what & B)
			file[1023] = 2;
		size_t n = 2000 + build(what, file + 2000);
		scan(MT_FILE_DATA, file, n, &log);

		bool a0 = what & A0, w0 = what & W0, k0 = what & K0;
		bool a = a0 || what & A, ws = w0 || what & W, k = k0 || what & K;
		bool refused_a = what & B && k0 && a0, refused_w = what & B && k0 && w0;
		bool alert = k && (a || ws) && !refused_a && !refused_w;
		int refusals = 0, alerts = 0;
		for (char *p = log.text; (p = strstr(p, "rule ")); p++) {
			enum mt_action action = rule_of((uint32_t)strtoul(p + 5, NULL, 10))->action;
			refusals += action == MT_REJECT;
			alerts += action == MT_ALERT;
		}
		if (refusals != refused_a + refused_w || alerts != alert)
			fail_msg("combination %#x: %d refusals, %d alerts:\n%s", what, refusals, alerts, log.text);
		if (refused_a != (strstr(log.text, "rule 9000041:") != NULL) ||
		    refused_w != (strstr(log.text, "rule 9000042:") != NULL))
			fail_msg("combination %#x: %s", what, log.text);
	}
}

static void what_makes_a_file_no_text(void **state)
{
	(void)state;
	static const char names[] = "KERNEL32.DLL\0ADVAPI32.DLL";
	for (int c = 0; c < 256; c++) {
		static char file[2048];
		struct mt_test_log log;
		bool text = !((c >= 1 && c <= 6) || (c >= 0x10 && c <= 0x19) || (c >= 0x1c && c <= 0x1f));
		memset(file, 'x', sizeof file);
		file[1023] = (char)c;
		memcpy(file + 1500, names, sizeof names);
		scan(MT_FILE_DATA, file, sizeof file, &log);
		assert_int_equal(strstr(log.text, "rule 9000041:") != NULL, !text);
		/* Wherever it stands. */
		file[1023] = 'x';
		file[sizeof file - 1] = (char)c;
		scan(MT_FILE_DATA, file, sizeof file, &log);
		assert_int_equal(strstr(log.text, "rule 9000041:") != NULL, !text);
		/* One zero byte is what ends a name; two are no text. */
		file[sizeof file - 2] = 0;
		file[sizeof file - 1] = 0;
		scan(MT_FILE_DATA, file, sizeof file, &log);
		assert_non_null(strstr(log.text, "rule 9000041:"));
	}
	assert_string_equal(rule_of(9000041)->class_name, "loadertype");
	assert_string_equal(rule_of(9000042)->class_name, "loadertype");
}

static void what_a_person_reads_of_a_loader(void **state)
{
	(void)state;
	static const char file[] = "MZ\220\0\3\0\0\0 KERNEL32.dll\0.. ADVAPI32.dll";
	struct mt_test_log log;
	scan(MT_FILE_DATA, file, sizeof file, &log);
	const char *k = strstr(log.text, " KERNEL32.dll 9-22"), *a = strstr(log.text, " ADVAPI32.dll 25-38");
	assert_true(k && a && k < a);
	bool named = false;
	for (size_t i = 0; i < mt_ruleset_criteria(rs, MT_FILE_DATA); i++) {
		const struct mt_criterion *c = mt_ruleset_criterion(rs, MT_FILE_DATA, i);
		named |= c->literal_len == 13 && !strcmp(c->text, "KERNEL32.DLL");
	}
	assert_true(named);
}

static void prose_is_left_alone(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"The procedure entry point could not be located in the dynamic link library KERNEL32.dll.",
		"Please reinstall ADVAPI32.DLL and WS2_32.DLL, then restart.",
		"TVqQAAMAA is how a program begins",
		"",
	};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct mt_test_log log;
		scan(MT_FILE_DATA, texts[i], strlen(texts[i]), &log);
		assert_string_equal(log.text, "");
	}
	/* A crash report: a line of low priority, no refusal. */
	static const char crash[] =
		"Loaded modules:\r\n7c800000 KERNEL32.dll\r\n77dd0000 ADVAPI32.dll\r\n71ab0000 WS2_32.dll\r\n";
	struct mt_test_log log;
	scan(MT_FILE_DATA, crash, sizeof crash - 1, &log);
	assert_true(!strncmp(log.text, "rule 9000051:", 13) && !strchr(log.text, '\n')[1]);
	assert_int_equal(rule_of(9000051)->action, MT_ALERT);
	assert_int_equal(rule_of(9000051)->priority, 3);
}

static void every_rule_is_complete(void **state)
{
	(void)state;
	for (size_t i = 0; i < mt_ruleset_count(rs); i++) {
		const struct mt_rule *r = mt_ruleset_rule(rs, i);
		assert_true(r->sid > 9000000 && r->sid < 9001000 && r->rev == 1 && r->gid == 1);
		assert_int_equal(strncmp(r->msg, "MAILWEIR ", 9), 0);
		assert_true(*r->classtype && *r->category && *r->class_name && r->metadata[0]);
	}
	assert_true(strstr(mt_default_rules(), "sid:9000056;") != NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_prefix_is_found_at_the_start),
		cmocka_unit_test(names_of_loaders_in_every_combination),
		cmocka_unit_test(what_makes_a_file_no_text),
		cmocka_unit_test(what_a_person_reads_of_a_loader),
		cmocka_unit_test(prose_is_left_alone),
		cmocka_unit_test(every_rule_is_complete),
	};
	return cmocka_run_group_tests_name("mt_default", tests, set_up, tear_down);
}
