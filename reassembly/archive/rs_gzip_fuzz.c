/* SPDX-License-Identifier: Apache-2.0 */
/* The same comes out for any split; and what zlib's own reader of gzip takes for well formed comes out as it says. */
#include "reassembly/archive/rs_gzip_log.h"
#include "reassembly/archive/rs_split.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct gzip_log whole, split;
static uint8_t want[GZIP_LOG_MAX];

static void check(bool what, const char *why)
{
	if (what)
		return;
	fprintf(stderr, "rs_gzip_fuzz: %s\n", why);
	abort();
}

static void against_zlib(const uint8_t *data, size_t size)
{
	z_stream z = { 0 };
	check(inflateInit2(&z, 16 + MAX_WBITS) == Z_OK, "no memory");
	z.next_in = (Bytef *)(uintptr_t)data;
	z.avail_in = (uInt)size;
	z.next_out = want;
	z.avail_out = sizeof want;
	const int rc = inflate(&z, Z_NO_FLUSH);
	const size_t n = z.total_out;
	inflateEnd(&z);
	if (rc == Z_STREAM_END && n < sizeof want)
		check(whole.n >= n && !memcmp(whole.out, want, n), "zlib reads more");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* A step makes no more than 64 * 1032 bytes, nor does what is left when no step is complete. */
	whole.most = split.most = GZIP_LOG_MAX - 200000;
	gzip_log_run(&whole, data, size, NULL, NULL);
	if (whole.n < whole.most)
		against_zlib(data, size);
	for (uint32_t i = 0; i < 2; i++) {
		uint32_t state = (uint32_t)size;
		gzip_log_run(&split, data, size, i ? split_varied : split_ones, &state);
		check(gzip_log_same(&whole, &split), "the split matters");
	}
	return 0;
}
