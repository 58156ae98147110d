/* SPDX-License-Identifier: Apache-2.0 */
/* rs_marks finds the same marks however the file is split, and each where it stands; rs_kind reads no byte too many. */
#include "reassembly/archive/rs_kind.h"
#include "reassembly/archive/rs_marks.h"
#include "reassembly/archive/rs_split.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A sum of what was found, and where. */
static uint64_t look(const uint8_t *data, size_t size, size_t (*piece)(void *, size_t), void *arg)
{
	struct rs_marks m = { 0 };
	uint64_t sum = 0;
	for (size_t at = 0; at < size;) {
		size_t n = piece ? piece(arg, size - at) : size;
		n = n < size - at ? n : size - at;
		uint8_t *exact = malloc(n);
		if (!exact)
			abort();
		memcpy(exact, data + at, n);
		for (size_t k = 0; k < n;) {
			enum rs_mark what;
			k += rs_marks_find(&m, exact + k, n - k, 0, &what);
			if (m.pos != at + k || (what == RS_MARK_ZIP && memcmp(rs_marks_last(&m, 4), data + m.pos - 4, 4) != 0))
				abort();
			if (what != RS_MARK_NONE)
				sum = sum * 31 + what * m.pos;
		}
		free(exact);
		at += n;
	}
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t state = (uint32_t)size;
	const uint64_t whole = look(data, size, NULL, NULL);
	if (look(data, size, split_ones, NULL) != whole || look(data, size, split_varied, &state) != whole)
		abort();
	const size_t n = size < RS_KIND_BYTES ? size : RS_KIND_BYTES;
	uint8_t *exact = malloc(n + !n);
	if (!exact)
		abort();
	if (n)
		memcpy(exact, data, n);
	rs_kind_of(exact, n);
	free(exact);
	return 0;
}
