/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "reassembly/rs_tail.h"

/* A stream in pieces of random length: the tail is what stands before the place that was reached. */
static void keeps_the_last_bytes_however_they_come(void **state)
{
	(void)state;
	enum { STREAM = 300 };
	uint8_t stream[STREAM];
	srandom(3);
	for (int i = 0; i < STREAM; i++)
		stream[i] = (uint8_t)random();
	for (int round = 0; round < 5000; round++) {
		size_t size = 1 + (size_t)random() % 70, have = 0, most = 1 + (size_t)random() % 100;
		uint8_t *tail = malloc(size); /* of exactly its size */
		assert_non_null(tail);
		for (size_t at = 0; at < STREAM;) {
			size_t n = (size_t)random() % (most + 1);
			if (n > STREAM - at)
				n = STREAM - at;
			uint8_t *piece = malloc(n ? n : 1);
			assert_non_null(piece);
			memcpy(piece, stream + at, n);
			have = rs_tail_keep(tail, size, have, piece, n);
			free(piece);
			at += n;
			assert_int_equal(have, at < size ? at : size);
			assert_memory_equal(tail, stream + at - have, have);
		}
		free(tail);
	}
}

static void nothing_may_be_nowhere(void **state)
{
	(void)state;
	uint8_t tail[4] = "ab";
	assert_int_equal(rs_tail_keep(tail, sizeof tail, 2, NULL, 0), 2);
	assert_memory_equal(tail, "ab", 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_the_last_bytes_however_they_come),
		cmocka_unit_test(nothing_may_be_nowhere),
	};
	return cmocka_run_group_tests_name("rs_tail", tests, NULL, NULL);
}
