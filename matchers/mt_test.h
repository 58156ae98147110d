/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of this folder share: rules from a string, and an event log of a scan. */
#ifndef MT_TEST_H
#define MT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "matchers/mt_scan.h"

static inline void mt_test_write(const char *path, const void *bytes, size_t n)
{
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

/* Loads rules from a string, through a file that is gone afterwards. */
static inline struct mt_ruleset *mt_test_load(const char *text, const char *cache, struct mt_report *report)
{
	char path[] = "/tmp/mt-rules-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
	mt_test_write(path, text, strlen(text));
	struct mt_load load = { .paths = (const char *const[]){ path }, .npaths = 1, .cache_dir = cache };
	struct mt_ruleset *rs;
	assert_int_equal(mt_ruleset_load(&load, &rs, report), 0);
	unlink(path);
	return rs;
}

/* The same when no rule may be refused. */
static inline struct mt_ruleset *mt_test_rules(const char *text)
{
	struct mt_report report;
	struct mt_ruleset *rs = mt_test_load(text, NULL, &report);
	for (size_t i = 0; i < report.nrefused; i++)
		fail_msg("refused %u:%u: %s", report.refused[i].line, report.refused[i].column,
			 report.refused[i].reason);
	return rs;
}

/* One line an event: "hit CRITERION TEXT FROM-TO" in the order of their ends, then "rule SID: TEXT FROM-TO ...". */
struct mt_test_log {
	char text[8192];
	size_t n;
	struct mt_hit hits[64];
	size_t nhits;
};

__attribute__((format(printf, 2, 3))) static inline void mt_test_put(struct mt_test_log *log, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	int n = vsnprintf(log->text + log->n, sizeof log->text - log->n, format, ap);
	va_end(ap);
	assert_true(n >= 0 && (size_t)n < sizeof log->text - log->n);
	log->n += (size_t)n;
}

static inline void mt_test_match(void *arg, const struct mt_rule *rule, size_t index, const struct mt_hit *const *hits,
				 size_t nhits)
{
	struct mt_test_log *log = arg;
	(void)index;
	mt_test_put(log, "rule %u:", rule->sid);
	for (size_t i = 0; i < nhits; i++)
		mt_test_put(log, " %.*s %llu-%llu", hits[i]->text_len, hits[i]->text, (unsigned long long)hits[i]->from,
			    (unsigned long long)hits[i]->to);
	mt_test_put(log, "\n");
}

#endif
