/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "control/ct_watch.h"

static void says_what_became_of_a_link(void **state)
{
	(void)state;
	static const struct {
		enum ct_link now;
		const char *line; /* NULL: nothing is said */
	} looks[] = {
		{ CT_LINK_UP, NULL },
		{ CT_LINK_DOWN, "eth1: link is down; mailweir goes on when it is up again" },
		{ CT_LINK_DOWN, NULL },
		{ CT_LINK_UP, "eth1: link is up again" },
		{ CT_LINK_UP, NULL },
		{ CT_LINK_GONE, "eth1: is gone; when it is back, start mailweir again" },
		{ CT_LINK_GONE, NULL },
		{ CT_LINK_UP, "eth1: link is up again" },
	};
	struct ct_watch_link w = { 0 };
	char line[CT_WATCH_LINE];
	for (size_t i = 0; i < sizeof looks / sizeof *looks; i++) {
		assert_int_equal(ct_watch_link(&w, looks[i].now, "eth1", line), looks[i].line != NULL);
		if (looks[i].line)
			assert_string_equal(line, looks[i].line);
	}
}

static void says_once_that_a_worker_stands_still(void **state)
{
	(void)state;
	struct ct_watch_worker w = { 0 };
	char line[CT_WATCH_LINE];
	/* It may begin at any number, 0 too; and stand still for less than what is stalled. */
	static const uint64_t goes_on[] = { 0, 7, 7, 7, 8, 8, 8, 9, 1, 1, 1 };
	for (size_t i = 0; i < sizeof goes_on / sizeof *goes_on; i++)
		assert_int_equal(ct_watch_worker(&w, goes_on[i], 3), CT_PROGRESS_AS_BEFORE);
	assert_int_equal(ct_watch_worker(&w, 1, 3), CT_PROGRESS_STALLED);
	ct_watch_worker_line(&w, CT_PROGRESS_STALLED, 2, CT_STALLED_CLOSED, line);
	assert_string_equal(line, "worker 2 has made no progress for 3 s: its packets do not pass");
	for (int i = 0; i < 10; i++)
		assert_int_equal(ct_watch_worker(&w, 1, 3), CT_PROGRESS_AS_BEFORE);
	assert_int_equal(ct_watch_worker(&w, 2, 3), CT_PROGRESS_GOES_ON);
	ct_watch_worker_line(&w, CT_PROGRESS_GOES_ON, 2, CT_STALLED_CLOSED, line);
	assert_string_equal(line, "worker 2 goes on, after 13 s");
	assert_int_equal(ct_watch_worker(&w, 3, 3), CT_PROGRESS_AS_BEFORE);
}

static void says_what_that_means(void **state)
{
	(void)state;
	static const char *const lines[][2] = {
		[CT_STALLED_CLOSED] = { "its packets do not pass", "" },
		[CT_STALLED_IN_DRIVER] = { "it stands in the driver of a port, where nothing can take its place: its packets do not pass", "" },
		[CT_STALLED_OPEN] = { "its packets pass unjudged", ": mail connections that went on without it are reset" },
		[CT_STALLED_BLIND] = { "its packets are not looked at", "" },
	};
	char line[CT_WATCH_LINE], stalled[CT_WATCH_LINE], goes_on[CT_WATCH_LINE];
	for (int then = CT_STALLED_CLOSED; then <= CT_STALLED_BLIND; then++) {
		struct ct_watch_worker w = { .rounds = 5, .looked = true };
		snprintf(stalled, sizeof stalled, "worker 0 has made no progress for 1 s: %s", lines[then][0]);
		snprintf(goes_on, sizeof goes_on, "worker 0 goes on, after 1 s%s", lines[then][1]);
		assert_int_equal(ct_watch_worker(&w, 5, 1), CT_PROGRESS_STALLED);
		ct_watch_worker_line(&w, CT_PROGRESS_STALLED, 0, (enum ct_stalled)then, line);
		assert_string_equal(line, stalled);
		assert_int_equal(ct_watch_worker(&w, 6, 1), CT_PROGRESS_GOES_ON);
		ct_watch_worker_line(&w, CT_PROGRESS_GOES_ON, 0, (enum ct_stalled)then, line);
		assert_string_equal(line, goes_on);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_became_of_a_link),
		cmocka_unit_test(says_once_that_a_worker_stands_still),
		cmocka_unit_test(says_what_that_means),
	};
	return cmocka_run_group_tests_name("ct_watch", tests, NULL, NULL);
}
