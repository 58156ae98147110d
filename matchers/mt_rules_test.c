/* SPDX-License-Identifier: Apache-2.0 */
/* Loading: what the report says, what the ruleset holds, and the cache of databases. */
#include "matchers/mt_test.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#define RULE(sid, options) "alert smtp any any -> any any (file.data; " options " sid:" #sid ";)\n"

static void refused_rules_leave_the_others(void **state)
{
	(void)state;
	struct mt_report r;
	struct mt_ruleset *rs =
		mt_test_load(RULE(1, "content:\"one\";") "rubbish\n" RULE(2, "pcre:\"/a(?=b)/\";")
				     RULE(3, "content:\"three\"; classtype:odd;") RULE(1, "content:\"again\";")
					     RULE(4, "pcre:\"/a*/\";") RULE(5, "content:\"one\";"),
			     NULL, &r);
	assert_int_equal(r.loaded, 3);
	assert_int_equal(mt_ruleset_count(rs), 3);
	assert_int_equal(mt_ruleset_rule(rs, 0)->sid, 1);
	assert_int_equal(mt_ruleset_rule(rs, 1)->sid, 3);
	assert_int_equal(mt_ruleset_rule(rs, 2)->sid, 5);
	assert_null(mt_ruleset_rule(rs, 3));
	assert_int_equal(mt_ruleset_rule(rs, 2)->line, 7);

	assert_int_equal(r.nrefused, 4);
	static const struct {
		unsigned line, column;
		uint32_t sid;
		const char *reason;
	} expected[] = {
		{ 2, 8, 0, "a protocol expected" },
		{ 3, 49, 2, "does not take this: Zero-width assertions are not supported" },
		{ 5, 64, 1, "sid 1 is taken by the rule at " },
		{ 6, 49, 4, "does not take this: Pattern matches empty buffer" },
	};
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(r.refused[i].line, expected[i].line);
		assert_int_equal(r.refused[i].column, expected[i].column);
		assert_int_equal(r.refused[i].sid, expected[i].sid);
		assert_non_null(strstr(r.refused[i].reason, expected[i].reason));
		assert_string_equal(r.refused[i].file, mt_ruleset_rule(rs, 0)->file);
	}
	assert_non_null(strstr(r.refused[2].reason, ":1"));

	assert_int_equal(r.nwarnings, 1);
	assert_int_equal(r.warnings[0].line, 4);
	assert_int_equal(r.warnings[0].sid, 3);
	/* "one" stands in two rules and is one criterion. */
	assert_int_equal(mt_ruleset_criteria(rs, MT_FILE_DATA), 2);
	assert_string_equal(mt_ruleset_criterion(rs, MT_FILE_DATA, 0)->text, "one");
	assert_int_equal(mt_ruleset_criterion(rs, MT_FILE_DATA, 1)->literal_len, 5);
	assert_null(mt_ruleset_criterion(rs, MT_FILE_DATA, 2));
	assert_int_equal(mt_ruleset_criteria(rs, MT_MAIL_ENCODED), 0);
	mt_ruleset_free(rs);
}

/* Hyperscan takes it, but every stream would pay for it. */
static void a_pattern_with_too_much_state(void **state)
{
	(void)state;
	static char rules[8192] = RULE(1, "content:\"one\";") RULE(2, "content:\"two\"; pcre:\"/a[^x]{20000}b/\";")
		RULE(3, "content:\"two\"; pcre:\"/c$/\";");
	for (int i = 10; i < 50; i++)
		snprintf(rules + strlen(rules), 128,
			 "alert smtp any any -> any any (file.data; pcre:\"/%dq[^x]{1000}%d/\"; sid:%d;)\n", i, i, i);
	struct mt_report r;
	struct mt_ruleset *rs = mt_test_load(rules, NULL, &r);
	assert_int_equal(r.loaded, 42);
	assert_int_equal(r.nrefused, 1);
	assert_int_equal(r.refused[0].sid, 2);
	assert_int_equal(r.refused[0].column, 64);
	assert_non_null(strstr(r.refused[0].reason, "bytes of state in every stream"));
	assert_true(mt_ruleset_stream_size(rs, MT_FILE_DATA) <= 8192);
	assert_int_equal(mt_ruleset_criteria(rs, MT_FILE_DATA), 43);
	mt_ruleset_free(rs);
}

static void expect_no_load(const char *path, int error)
{
	struct mt_load load = { .paths = &path, .npaths = 1 };
	struct mt_ruleset *rs;
	struct mt_report r;
	assert_int_equal(mt_ruleset_load(&load, &rs, &r), -error);
	assert_null(rs);
	assert_int_equal(r.nrefused, 1);
	assert_string_equal(r.refused[0].file, path);
	assert_string_equal(r.refused[0].reason, strerror(error));
	mt_report_free(&r);
	mt_report_free(&r);
}

static void files_that_cannot_be_read(void **state)
{
	(void)state;
	expect_no_load("/nonexistent/rules", ENOENT);
	expect_no_load("/tmp", EISDIR);
	expect_no_load("/dev/null/x", ENOTDIR);
}

static void nothing_to_load_is_no_error(void **state)
{
	(void)state;
	struct mt_report r;
	struct mt_ruleset *rs = mt_test_load("# nothing\n", "/nonexistent/x", &r);
	assert_int_equal(r.loaded + r.nrefused, 0);
	assert_true(mt_ruleset_depth(rs, MT_FILE_DATA) == 0);
	assert_int_equal(mt_ruleset_stream_size(rs, MT_FILE_DATA), 0);
	mt_ruleset_free(rs);
}

static void a_mark_of_utf8_is_no_text(void **state)
{
	(void)state;
	struct mt_report r;
	mt_ruleset_free(mt_test_load("\xef\xbb\xbf" RULE(1, "content:\"a\";"), NULL, &r));
	assert_int_equal(r.loaded, 1);
}

static void depth_is_what_rules_can_need(void **state)
{
	(void)state;
	static const struct {
		const char *rule;
		uint64_t depth;
	} cases[] = {
		{ RULE(1, "content:\"abc\"; startswith;"), 3 },
		{ RULE(1, "content:\"abc\"; offset:2; depth:7;"), 9 },
		{ RULE(1, "content:\"abc\"; startswith; content:\"de\"; distance:1; within:10;"), 14 },
		{ RULE(1, "content:\"abc\"; startswith; content:!\"de\"; depth:40;"), 40 },
		{ RULE(1, "content:\"abc\"; startswith; content:\"de\";"), UINT64_MAX },
		{ RULE(1, "pcre:\"/^a/\";"), UINT64_MAX },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct mt_ruleset *rs = mt_test_rules(cases[i].rule);
		assert_true(mt_ruleset_depth(rs, MT_FILE_DATA) == cases[i].depth);
		assert_true(mt_ruleset_depth(rs, MT_MAIL_ENCODED) == 0);
		mt_ruleset_free(rs);
	}
}

static void reach_is_the_longest_literal(void **state)
{
	(void)state;
	struct mt_ruleset *rs = mt_test_rules(RULE(1, "content:\"abc\"; content:\"defgh\";") RULE(2, "pcre:\"/^abcdefghi/\";"));
	assert_int_equal(mt_ruleset_reach(rs, MT_FILE_DATA), 5);
	assert_int_equal(mt_ruleset_reach(rs, MT_MAIL_ENCODED), 0);
	mt_ruleset_free(rs);
}

static void the_id_follows_the_rules(void **state)
{
	(void)state;
	struct mt_ruleset *a = mt_test_rules(RULE(1, "content:\"a\";")),
			  *b = mt_test_rules("#\n" RULE(1, "content:\"a\";")),
			  *c = mt_test_rules(RULE(1, "content:\"b\";"));
	assert_int_equal(strlen(mt_ruleset_id(a)), 16);
	assert_string_equal(mt_ruleset_id(a), mt_ruleset_id(b));
	assert_string_not_equal(mt_ruleset_id(a), mt_ruleset_id(c));
	mt_ruleset_free(a);
	mt_ruleset_free(b);
	mt_ruleset_free(c);
}

static void versions_and_names(void **state)
{
	(void)state;
	assert_true(strstr(mt_regex_version(), "scan 5.") != NULL);
	assert_string_equal(mt_action_name(MT_REJECT), "reject");
	assert_string_equal(mt_buffer_name(MT_MAIL_ENCODED), "mail.encoded");
}

/* What others wrote: every rule is loaded or refused with a reason, none is lost. */
static void rules_of_emerging_threats(void **state)
{
	(void)state;
	const char *places[] = { getenv("MAILWEIR_SHARED"), "../shared", "../../shared", "../../../shared" };
	char path[4096];
	const char *paths[] = { path };
	bool found = false;
	for (size_t i = 0; i < sizeof places / sizeof *places && !found; i++) {
		snprintf(path, sizeof path, "%s/data/rules/et-mail.rules", places[i] ? places[i] : "");
		found = places[i] && access(path, R_OK) == 0;
	}
	if (!found) {
		fprintf(stderr, "SKIPPED: no ../shared/data/rules/et-mail.rules (set MAILWEIR_SHARED to its folder)\n");
		skip();
	}
	size_t rules = 0;
	char *line = NULL;
	size_t room = 0;
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	while (getline(&line, &room, f) > 0)
		rules += *line != '#' && *line != '\n';
	free(line);
	fclose(f);

	struct mt_load load = { .paths = paths, .npaths = 1 };
	struct mt_ruleset *rs;
	struct mt_report r;
	assert_int_equal(mt_ruleset_load(&load, &rs, &r), 0);
	assert_true(rules > 200);
	assert_int_equal(r.loaded + r.nrefused, rules);
	for (size_t i = 0; i < r.nrefused; i++) {
		assert_true(r.refused[i].sid && r.refused[i].line && r.refused[i].column);
		assert_true(strlen(r.refused[i].reason) > 10);
	}
	printf("et-mail.rules: %zu loaded, %zu refused\n", r.loaded, r.nrefused);
	mt_ruleset_free(rs);
}

/* The cache: a folder with one database in it. */
#define CACHED RULE(1, "content:\"abc\"; pcre:\"/x.z$/\";")

static void only_file(const char *folder, char *path, size_t size)
{
	int n = 0;
	DIR *d = opendir(folder);
	assert_non_null(d);
	for (struct dirent *e; (e = readdir(d));)
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..")) {
			snprintf(path, size, "%s/%s", folder, e->d_name);
			n++;
		}
	closedir(d);
	assert_int_equal(n, 1);
}

/* Loads with the cache and shows that the database works, from wherever it came. */
static bool load_cached(const char *folder, const char *rules)
{
	struct mt_report r;
	struct mt_ruleset *rs = mt_test_load(rules, folder, &r);
	struct mt_worker *w;
	struct mt_test_log log = { .n = 0 };
	bool cached = mt_ruleset_cached(rs, MT_FILE_DATA);
	assert_int_equal(mt_worker_create(rs, 1, &w), 0);
	struct mt_stream *s = mt_stream_open(w, MT_FILE_DATA);
	mt_stream_scan(w, s, (const uint8_t *)"abcxyz", 6, NULL, NULL);
	mt_stream_end(w, s, mt_test_match, &log);
	assert_true(strncmp(log.text, "rule 1: abc 0-3 /x.z$/ 6-6\n", log.n) == 0 && log.n);
	mt_worker_free(w);
	mt_ruleset_free(rs);
	return cached;
}

static void make_folder(char *folder)
{
	strcpy(folder, "/tmp/mt-cache-XXXXXX");
	assert_non_null(mkdtemp(folder));
}

static void databases_are_kept(void **state)
{
	(void)state;
	char top[64], folder[96], path[512];
	struct stat st;
	make_folder(top);
	snprintf(folder, sizeof folder, "%s/new", top);
	assert_false(load_cached(folder, CACHED)); /* makes the folder */
	assert_true(load_cached(folder, CACHED));
	assert_true(load_cached(folder, "# other text, the same patterns\n" CACHED));
	only_file(folder, path, sizeof path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	unlink(path);
	rmdir(folder);
	rmdir(top);
}

static void damaged_files_are_replaced(void **state)
{
	(void)state;
	char folder[64], path[512];
	make_folder(folder);
	assert_false(load_cached(folder, CACHED));
	only_file(folder, path, sizeof path);

	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	size_t n = (size_t)st.st_size;
	unsigned char *good = malloc(n), *bad = malloc(n + 1);
	assert_true(good && bad);
	FILE *f = fopen(path, "rb");
	assert_non_null(f);
	assert_int_equal(fread(good, 1, n, f), n);
	fclose(f);

	/* One bit anywhere, in each field of the header and in the database. */
	for (size_t i = 0; i < n; i += i < 256 ? 5 : n / 7) {
		memcpy(bad, good, n);
		bad[i] ^= 1;
		mt_test_write(path, bad, n);
		if (load_cached(folder, CACHED))
			fail_msg("byte %zu changed and not noticed", i);
		assert_true(load_cached(folder, CACHED));
	}
	/* Cut short, at nothing, and with a byte more. */
	memcpy(bad, good, n);
	bad[n] = 0;
	const size_t sizes[] = { 0, 1, 255, 256, 257, n - 1, n + 1 };
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		mt_test_write(path, bad, sizes[i]);
		assert_false(load_cached(folder, CACHED));
		assert_true(load_cached(folder, CACHED));
	}
	free(good);
	free(bad);
	unlink(path);
	rmdir(folder);
}

/* A good file of other patterns under the name of these. */
static void another_database_is_not_taken(void **state)
{
	(void)state;
	char folder[64], path[512], other[512];
	make_folder(folder);
	assert_false(load_cached(folder, CACHED));
	only_file(folder, path, sizeof path);
	unlink(path);
	struct mt_report r;
	mt_ruleset_free(mt_test_load(RULE(1, "content:\"other\";"), folder, &r));
	only_file(folder, other, sizeof other);
	assert_int_equal(rename(other, path), 0);
	assert_false(load_cached(folder, CACHED));
	assert_true(load_cached(folder, CACHED));
	unlink(path);
	rmdir(folder);
}

static void files_of_others_are_not_trusted(void **state)
{
	(void)state;
	char folder[64], path[512], real[600];
	make_folder(folder);
	assert_false(load_cached(folder, CACHED));
	only_file(folder, path, sizeof path);
	assert_int_equal(chmod(path, 0666), 0);
	assert_false(load_cached(folder, CACHED));
	assert_true(load_cached(folder, CACHED));
	/* A link may lead anywhere. */
	snprintf(real, sizeof real, "%s.real", path);
	assert_int_equal(rename(path, real), 0);
	assert_int_equal(symlink(real, path), 0);
	assert_false(load_cached(folder, CACHED));
	unlink(real);
	unlink(path);
	/* A folder where the file should be: neither read nor replaced, and no error. */
	assert_int_equal(mkdir(path, 0700), 0);
	assert_false(load_cached(folder, CACHED));
	rmdir(path);
	rmdir(folder);
}

static void without_a_folder_to_write_rules_load(void **state)
{
	(void)state;
	assert_false(load_cached("/proc/nowhere/else", CACHED));
	assert_false(load_cached("/dev/null", CACHED));
	char folder[64];
	make_folder(folder);
	assert_int_equal(chmod(folder, 0500), 0);
	bool root = geteuid() == 0; /* who may write everywhere */
	assert_false(load_cached(folder, CACHED));
	assert_int_equal(load_cached(folder, CACHED), root);
	chmod(folder, 0700);
	char path[512];
	if (root) {
		only_file(folder, path, sizeof path);
		unlink(path);
	}
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused_rules_leave_the_others),
		cmocka_unit_test(a_pattern_with_too_much_state),
		cmocka_unit_test(files_that_cannot_be_read),
		cmocka_unit_test(nothing_to_load_is_no_error),
		cmocka_unit_test(a_mark_of_utf8_is_no_text),
		cmocka_unit_test(depth_is_what_rules_can_need),
		cmocka_unit_test(reach_is_the_longest_literal),
		cmocka_unit_test(the_id_follows_the_rules),
		cmocka_unit_test(versions_and_names),
		cmocka_unit_test(rules_of_emerging_threats),
		cmocka_unit_test(databases_are_kept),
		cmocka_unit_test(damaged_files_are_replaced),
		cmocka_unit_test(another_database_is_not_taken),
		cmocka_unit_test(files_of_others_are_not_trusted),
		cmocka_unit_test(without_a_folder_to_write_rules_load),
	};
	return cmocka_run_group_tests_name("mt_rules", tests, NULL, NULL);
}
