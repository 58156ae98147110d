/* SPDX-License-Identifier: Apache-2.0 */
/* What comes out, and where it ends, is what zlib makes of it in one piece. First byte: the format and the splits. */
#include "reassembly/archive/rs_inflate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(what)                                                                                                    \
	do {                                                                                                           \
		if (!(what)) {                                                                                         \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #what);                                     \
			abort();                                                                                       \
		}                                                                                                      \
	} while (0)

#define OUT_MAX (1 << 18)

static uint8_t want[OUT_MAX], got[OUT_MAX + 4096];
static struct rs_inflate one, copy;

static void split(const uint8_t *p, size_t n, enum rs_inflate_format format, uint32_t state, size_t out, size_t in, int rc)
{
	struct rs_inflate *f = &one;
	enum rs_inflate_verdict v = RS_INFLATE_MORE;
	size_t at = 0, made = 0;
	rs_inflate_init(f, format);
	f->pause_at = 300;
	while (made < out || (at < n && v == RS_INFLATE_MORE) || v == RS_INFLATE_FULL) {
		state = state * 1664525u + 1013904223u;
		size_t k = state % 3 ? 1 + (state >> 24) : 1, room = 1 + (state >> 12) % 4096, taken, m;
		k = k < n - at ? k : n - at;
		if (made >= OUT_MAX)
			break; /* more than the oracle had room for */
		if (state % 16 == 0) {
			rs_inflate_copy(f == &one ? &copy : &one, f);
			f = f == &one ? &copy : &one;
		}
		v = rs_inflate_feed(f, p + at, k, &taken, got + made, room, &m);
		CHECK(taken <= k && m <= room && (v != RS_INFLATE_MORE || taken == k));
		if (v == RS_INFLATE_PAUSE) {
			CHECK(f->in % RS_INFLATE_STEP == 0 && f->out >= f->pause_at);
			f->pause_at = f->out + 500;
			v = RS_INFLATE_FULL;
		}
		at += taken;
		made += m;
		CHECK(f->in == at && f->out == made);
		CHECK(rs_inflate_from(f, made ? made - 1 : 0) <= at);
		if (v > RS_INFLATE_FULL)
			break;
	}
	if (made >= OUT_MAX)
		return;
	CHECK(made == out && at == in && !memcmp(got, want, out));
	CHECK(v == (rc == Z_STREAM_END ? RS_INFLATE_END : rc == Z_OK || rc == Z_BUF_ERROR ? RS_INFLATE_MORE : RS_INFLATE_BAD));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	const enum rs_inflate_format format = data[0] & 1 ? RS_INFLATE_ZLIB : RS_INFLATE_RAW;
	z_stream z = { 0 };
	CHECK(inflateInit2(&z, format == RS_INFLATE_RAW ? -15 : 15) == Z_OK);
	z.next_in = (Bytef *)(uintptr_t)(data + 1);
	z.avail_in = (uInt)size - 1;
	z.next_out = want;
	z.avail_out = OUT_MAX;
	int rc = inflate(&z, Z_NO_FLUSH);
	const size_t out = z.total_out, in = z.total_in;
	inflateEnd(&z);
	if (out < OUT_MAX)
		for (uint32_t i = 0; i < 3; i++)
			split(data + 1, size - 1, format, data[0] + i, out, in, rc);
	return 0;
}
