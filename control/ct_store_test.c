/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "control/ct_store.h"

static char folder[] = "/tmp/ct_store_testXXXXXX";

static int setup(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : 1;
}

static int teardown(void **state)
{
	char command[200];
	(void)state;
	snprintf(command, sizeof command, "rm -r %s", folder);
	return system(command);
}

static void keeps_files(void **state)
{
	uint8_t sha256[32] = { 0xab, 0xcd };
	char path[200], text[20];
	struct ct_store *s;
	struct stat st;
	(void)state;
	snprintf(path, sizeof path, "%s/filestore", folder);
	assert_int_equal(ct_store_open(&s, path, 2), 0);
	assert_null(ct_store_put(s, sha256, (const uint8_t *)"content", 7));
	/* Of the same name it is the same file: it is not written again, and does not count. */
	assert_null(ct_store_put(s, sha256, (const uint8_t *)"another", 7));
	sha256[31] = 1;
	assert_null(ct_store_put(s, sha256, (const uint8_t *)"", 0));
	sha256[31] = 2;
	assert_string_equal(ct_store_put(s, sha256, (const uint8_t *)"x", 1), "files.store_files are written");
	ct_store_close(s);
	snprintf(path, sizeof path, "%s/filestore/ab/abcd000000000000000000000000000000000000000000000000000000000000", folder);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	assert_int_equal(fread(text, 1, sizeof text, f), 7);
	assert_memory_equal(text, "content", 7);
	fclose(f);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	snprintf(path, sizeof path, "%s/filestore/ab", folder);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
}

static void says_why_not(void **state)
{
	const uint8_t sha256[32] = { 1 };
	char path[200];
	struct ct_store *s;
	(void)state;
	snprintf(path, sizeof path, "%s/none/filestore", folder);
	assert_int_not_equal(ct_store_open(&s, path, 1), 0);
	assert_null(s);
	snprintf(path, sizeof path, "%s/other", folder);
	assert_int_equal(ct_store_open(&s, path, 1), 0);
	/* A file stands where the folder should be. */
	snprintf(path, sizeof path, "%s/other/01", folder);
	fclose(fopen(path, "w"));
	assert_string_equal(ct_store_put(s, sha256, (const uint8_t *)"x", 1), "Not a directory");
	ct_store_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(keeps_files), cmocka_unit_test(says_why_not) };
	return cmocka_run_group_tests_name("ct_store", tests, setup, teardown);
}
