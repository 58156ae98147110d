/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "control/ct_writer.h"

#define SECOND UINT64_C(1000000000)

static char dir[] = "/tmp/ct_writer_test.XXXXXX", path[64];
static char said[4][256];
static unsigned nsaid;

static void say(void *arg, const char *line)
{
	(void)arg;
	if (nsaid < 4)
		snprintf(said[nsaid], sizeof said[0], "%s", line);
	nsaid++;
}

static int setup(void **state)
{
	(void)state;
	nsaid = 0;
	snprintf(path, sizeof path, "%s/eve.json", dir);
	unlink(path);
	return 0;
}

static char *content(const char *of)
{
	FILE *f = fopen(of, "rb");
	char *text = calloc(1, 65536);
	assert_non_null(f);
	fread(text, 1, 65535, f);
	fclose(f);
	return text;
}

static void holds(const char *expected)
{
	char *text = content(path);
	assert_string_equal(text, expected);
	free(text);
}

static void write_file(const char *text)
{
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static struct ct_writer *open_path(void)
{
	struct ct_writer *w;
	assert_int_equal(ct_writer_open(&w, path, say, NULL), 0);
	return w;
}

/* How large a file may become: a disk that is full, and is not full any more. */
static void limit(rlim_t bytes)
{
	struct rlimit l;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &l), 0);
	l.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &l), 0);
}

static void adds_to_what_is_there(void **state)
{
	(void)state;
	for (int unfinished = 0; unfinished < 2; unfinished++) {
		write_file(unfinished ? "old\nunfin" : "old\n");
		struct ct_writer *w = open_path();
		assert_true(ct_writer_put(w, "a\n", 0));
		assert_true(ct_writer_put(w, "b\nc\n", 0));
		assert_int_equal(ct_writer_lost(w), 0);
		assert_int_equal(ct_writer_close(w), 0);
		holds(unfinished ? "old\nunfin\na\nb\nc\n" : "old\na\nb\nc\n");
	}
	assert_int_equal(nsaid, 0);
}

/* At every size that the disk may have left: whole lines only, in order; what is missing was counted; it is said once. */
static void writes_whole_lines_on_a_full_disk(void **state)
{
	(void)state;
	static const char *const lines[] = { "first\n", "second one\n", "third\nand its alert\n", "4\n", "the last one\n" };
	static const char *const all[] = { "first\n", "second one\n", "third\n", "and its alert\n", "4\n", "the last one\n" };
	for (rlim_t room = 0; room < 60; room++) {
		setup(NULL);
		struct ct_writer *w = open_path();
		limit(room);
		for (unsigned i = 0; i < 5; i++)
			ct_writer_put(w, lines[i], i * SECOND);
		limit(RLIM_INFINITY);
		char *text = content(path);
		const char *at = text;
		unsigned kept = 0;
		for (unsigned i = 0; i < 6; i++)
			if (strncmp(at, all[i], strlen(all[i])) == 0) {
				at += strlen(all[i]);
				kept++;
			}
		assert_string_equal(at, "");
		assert_int_equal(ct_writer_lost(w), 6 - kept);
		assert_int_equal(nsaid, kept < 6);
		free(text);
		ct_writer_close(w);
	}
}

static void says_when_it_begins_and_when_it_ends(void **state)
{
	(void)state;
	char expected[256];
	struct ct_writer *w = open_path();
	assert_true(ct_writer_put(w, "a\n", 0));
	limit(5);
	assert_false(ct_writer_put(w, "long one\n", 1 * SECOND));
	assert_false(ct_writer_put(w, "two\nmore\n", 2 * SECOND));
	assert_int_equal(nsaid, 1);
	snprintf(expected, sizeof expected, "%s: cannot be written: File too large; records are lost until it can, and counted; mail is "
		 "judged all the same", path);
	assert_string_equal(said[0], expected);
	/* A short one fits, the next does not: nothing new. */
	assert_false(ct_writer_put(w, "b\nno room\n", 3 * SECOND));
	holds("a\nb\n");
	limit(RLIM_INFINITY);
	assert_true(ct_writer_put(w, "c\n", 4 * SECOND));
	assert_int_equal(nsaid, 1);
	assert_true(ct_writer_put(w, "d\n", 3 * SECOND + CT_WRITER_CALM));
	snprintf(expected, sizeof expected, "%s: can be written again; 4 records were lost", path);
	assert_int_equal(nsaid, 2);
	assert_string_equal(said[1], expected);
	assert_int_equal(ct_writer_lost(w), 4);
	/* Again is another time. */
	limit(5);
	assert_false(ct_writer_put(w, "x\n", 20 * SECOND));
	limit(RLIM_INFINITY);
	assert_int_equal(nsaid, 3);
	assert_true(ct_writer_put(w, "e\n", 30 * SECOND));
	snprintf(expected, sizeof expected, "%s: can be written again; 1 records were lost", path);
	assert_string_equal(said[3], expected);
	assert_int_equal(ct_writer_lost(w), 5);
	ct_writer_close(w);
	holds("a\nb\nc\nd\ne\n");
}

/* Standard output into a file that was not opened for appending: no hole is left behind what was cut off. */
static void cuts_off_what_a_redirection_has_of_a_line(void **state)
{
	(void)state;
	struct ct_writer *w;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_int_equal(ct_writer_open_fd(&w, fd, "standard output", say, NULL), 0);
	assert_true(ct_writer_put(w, "a\n", 0));
	limit(6);
	assert_false(ct_writer_put(w, "too long\n", 0));
	holds("a\n");
	limit(RLIM_INFINITY);
	assert_true(ct_writer_put(w, "b\n", 0));
	holds("a\nb\n");
	ct_writer_close(w);
	close(fd);
}

static void goes_on_in_a_new_file(void **state)
{
	(void)state;
	char old[80];
	snprintf(old, sizeof old, "%s.1", path);
	struct ct_writer *w = open_path();
	assert_true(ct_writer_put(w, "a\n", 0));
	assert_int_equal(rename(path, old), 0);
	assert_true(ct_writer_put(w, "b\n", 0));
	assert_int_equal(ct_writer_reopen(w), 0);
	assert_true(ct_writer_put(w, "c\n", 0));
	holds("c\n");
	char *text = content(old);
	assert_string_equal(text, "a\nb\n");
	free(text);
	/* Where it cannot be made, lines are not lost. */
	assert_int_equal(rename(path, old), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(ct_writer_reopen(w), -EISDIR);
	assert_int_equal(nsaid, 1);
	assert_true(ct_writer_put(w, "d\n", 0));
	text = content(old);
	assert_string_equal(text, "c\nd\n");
	free(text);
	rmdir(path);
	unlink(old);
	ct_writer_close(w);
}

/* Cut by another program (logrotate's copytruncate): what follows begins at the beginning. */
static void follows_a_file_that_was_cut(void **state)
{
	(void)state;
	struct ct_writer *w = open_path();
	assert_true(ct_writer_put(w, "something\n", 0));
	assert_int_equal(truncate(path, 0), 0);
	assert_true(ct_writer_put(w, "a\n", 0));
	limit(4);
	assert_false(ct_writer_put(w, "long\n", 0));
	limit(RLIM_INFINITY);
	ct_writer_close(w);
	holds("a\n");
}

static void outlives_its_reader(void **state)
{
	(void)state;
	int p[2];
	struct ct_writer *w;
	char text[16] = "";
	assert_int_equal(pipe(p), 0);
	assert_int_equal(ct_writer_open_fd(&w, p[1], "standard output", say, NULL), 0);
	assert_true(ct_writer_put(w, "a\n", 0));
	assert_int_equal(read(p[0], text, sizeof text), 2);
	assert_string_equal(text, "a\n");
	close(p[0]);
	for (int i = 0; i < 10; i++)
		assert_false(ct_writer_put(w, "b\n", 0));
	assert_int_equal(nsaid, 1);
	assert_string_equal(said[0], "standard output: cannot be written: Broken pipe; records are lost until it can, and "
				     "counted; mail is judged all the same");
	assert_int_equal(ct_writer_lost(w), 10);
	ct_writer_close(w);
	close(p[1]);
}

/* A reader that takes nothing, then reads on: the line that the pipe had the beginning of is whole, and what follows too. */
static void does_not_wait_for_a_reader_for_ever(void **state)
{
	(void)state;
	enum { LINE = 10001 };
	int p[2];
	struct ct_writer *w;
	static char line[LINE + 1], got[200000];
	memset(line, 'x', LINE - 1);
	line[LINE - 1] = '\n';
	assert_int_equal(pipe(p), 0);
	assert_int_equal(fcntl(p[0], F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(ct_writer_open_fd(&w, p[1], "standard output", say, NULL), 0);
	unsigned written = 0;
	for (unsigned i = 0; i < 20; i++)
		written += ct_writer_put(w, line, 0);
	assert_in_range(written, 1, 19);
	assert_int_equal(nsaid, 1);
	assert_non_null(strstr(said[0], "its reader takes nothing"));
	size_t n = 0;
	for (ssize_t k; (k = read(p[0], got + n, sizeof got - n)) > 0;)
		n += (size_t)k;
	assert_true(ct_writer_put(w, "last\n", CT_WRITER_CALM));
	assert_int_equal(nsaid, 2);
	n += (size_t)read(p[0], got + n, sizeof got - n);
	size_t lost = (size_t)ct_writer_lost(w), whole = 20 - lost;
	assert_in_range(whole, written, written + 1);
	assert_int_equal(n, whole * LINE + 5);
	for (size_t i = 0; i < whole; i++)
		assert_memory_equal(got + i * LINE, line, LINE);
	assert_memory_equal(got + whole * LINE, "last\n", 5);
	ct_writer_close(w);
	close(p[0]);
	close(p[1]);
}

static void says_what_cannot_be_opened(void **state)
{
	(void)state;
	struct ct_writer *w;
	assert_int_equal(ct_writer_open(&w, "/nonexistent/eve.json", say, NULL), -ENOENT);
	assert_null(w);
	assert_int_equal(ct_writer_open(&w, "/", say, NULL), -EISDIR);
	assert_int_equal(ct_writer_close(w), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(adds_to_what_is_there, setup),
		cmocka_unit_test_setup(writes_whole_lines_on_a_full_disk, setup),
		cmocka_unit_test_setup(says_when_it_begins_and_when_it_ends, setup),
		cmocka_unit_test_setup(cuts_off_what_a_redirection_has_of_a_line, setup),
		cmocka_unit_test_setup(goes_on_in_a_new_file, setup),
		cmocka_unit_test_setup(follows_a_file_that_was_cut, setup),
		cmocka_unit_test_setup(outlives_its_reader, setup),
		cmocka_unit_test_setup(does_not_wait_for_a_reader_for_ever, setup),
		cmocka_unit_test_setup(says_what_cannot_be_opened, setup),
	};
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	if (!mkdtemp(dir))
		return 1;
	int failed = cmocka_run_group_tests_name("ct_writer", tests, NULL, NULL);
	setup(NULL);
	rmdir(dir);
	return failed;
}
