/* SPDX-License-Identifier: Apache-2.0 */
/* One message, and what its first four bytes say of the way it is fed: whole, in pieces, with the
 * bulk of base64 skipped, and with a gap. All but the gap must tell the same. */
#include <string.h>

#include "reassembly/mime/rs_mime_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t next_random(uint32_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 17;
	*x ^= *x << 5;
	return *x;
}

static void feed_pieces(struct rs_mime_run *r, const uint8_t *p, size_t n, uint32_t seed, bool skip)
{
	for (size_t i = 0; i < n;) {
		size_t take = next_random(&seed) % (seed & 64 ? 7 : 200) + 1;
		if (take > n - i)
			take = n - i;
		if (skip && rs_mime_base64_body(&r->mime)) {
			const uint8_t *dash = memchr(p + i, '-', take);
			size_t bulk = dash ? (size_t)(dash - p) - i : take;
			if (bulk) {
				log_on_data(&r->log, p + i, bulk);
				rs_mime_skip(&r->mime, p + i, bulk);
				i += bulk;
				continue;
			}
		}
		run_feed(r, p + i, take);
		i += take;
	}
}

static void require_equal(const struct rs_mime_run *a, const struct rs_mime_run *b)
{
	log_require(a->log.len == b->log.len && !memcmp(a->log.text, b->log.text, a->log.len), "the same is told");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rs_mime_run whole, other;
	if (size < 4)
		return 0;
	const uint8_t *p = data + 4;
	size_t n = size - 4;
	uint32_t seed = (uint32_t)(data[0] | data[1] << 8 | data[2] << 16) | 1;
	/* Low limits now and then. */
	struct rs_mime_limits limits = { .depth = data[3] & 1 ? 16 : data[3] >> 4,
					 .parts = data[3] & 2 ? 1000 : data[3] >> 2 };
	uint32_t blocks = data[3] == 0 ? 0 : 1;

	run_begin(&whole, blocks, limits);
	run_feed(&whole, p, n);
	run_end(&whole);
	log_require(whole.pool.peak <= 1, "one block is enough");

	run_begin(&other, blocks, limits);
	feed_pieces(&other, p, n, seed, false);
	run_end(&other);
	require_equal(&whole, &other);

	run_begin(&other, blocks, limits);
	feed_pieces(&other, p, n, seed, true);
	run_end(&other);
	require_equal(&whole, &other);

	size_t at = n ? seed % n : 0;
	run_begin(&other, blocks, limits);
	feed_pieces(&other, p, at, seed, true);
	rs_mime_gap(&other.mime, 1 + data[3]);
	feed_pieces(&other, p + at, n - at, seed, true);
	run_end(&other);
	return 0;
}
