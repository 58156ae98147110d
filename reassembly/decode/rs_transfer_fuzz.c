/* SPDX-License-Identifier: Apache-2.0 */
/* First byte: which encoding, and where the input is cut in two. Both halves together give what the whole gives, and
 * rs_transfer_locate finds, from the state between the halves, the shortest beginning that gives a byte. */
#include <stdlib.h>
#include <string.h>
#include "reassembly/decode/rs_transfer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool so)
{
	if (!so)
		abort();
}

static size_t feed(struct rs_transfer *t, const uint8_t *in, size_t n, uint8_t *to)
{
	uint8_t *from = malloc(n ? n : 1), *out = malloc(RS_TRANSFER_OUT_MAX(n));
	size_t made;
	need(from && out);
	memcpy(from, in, n);
	const uint8_t *p = rs_transfer_feed(t, from, n, out, &made);
	need(made <= RS_TRANSFER_OUT_MAX(n));
	memcpy(to, p, made);
	free(from);
	free(out);
	return made;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	enum rs_cte cte = data[0] & 3;
	size_t cut = (size_t)(data[0] >> 2) * (size - 1) / 63, n = size - 1;
	data++;
	struct rs_transfer whole, halves, between;
	uint8_t *want = malloc(n + RS_TRANSFER_OUT_MAX(0)), *got = malloc(n + RS_TRANSFER_OUT_MAX(0));
	need(want && got);
	rs_transfer_init(&whole, cte);
	size_t want_n = feed(&whole, data, n, want);
	rs_transfer_init(&halves, cte);
	size_t first = feed(&halves, data, cut, got);
	between = halves;
	size_t second = feed(&halves, data + cut, n - cut, got + first);
	need(first + second == want_n && memcmp(got, want, want_n) == 0);

	size_t step = 1 + second / 16;
	for (size_t d = 0; d < second; d += step) {
		size_t at = rs_transfer_locate(&between, data + cut, n - cut, d);
		need(at < n - cut);
		struct rs_transfer t = between;
		size_t without = feed(&t, data + cut, at, got);
		need(without <= d && without + feed(&t, data + cut + at, 1, got) > d);
	}
	need(rs_transfer_locate(&between, data + cut, n - cut, second) == n - cut);

	need(rs_transfer_end(&whole, want) == rs_transfer_end(&halves, got));
	need(rs_transfer_malformed(&whole) == rs_transfer_malformed(&halves));
	free(want);
	free(got);
	return 0;
}
