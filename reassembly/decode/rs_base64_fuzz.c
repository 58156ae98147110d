/* SPDX-License-Identifier: Apache-2.0 */
/* Every variant, at a split the first two bytes choose, gives what plain C gives of the whole. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "reassembly/decode/rs_base64.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct result {
	uint8_t *out;
	size_t n;
	uint8_t flags;
};

static void need(bool so)
{
	if (!so)
		abort();
}

static void *copy_of(const void *p, size_t n)
{
	void *q = malloc(n ? n : 1);
	need(q);
	if (n)
		memcpy(q, p, n);
	return q;
}

/* In pieces of `piece` bytes, each an allocation of its own. */
static struct result decode(const uint8_t *in, size_t n, size_t piece)
{
	struct rs_base64 s;
	struct result r = { .out = malloc(n + 4) };
	need(r.out);
	rs_base64_init(&s);
	for (size_t i = 0; i < n; i += piece) {
		size_t len = n - i < piece ? n - i : piece;
		uint8_t *from = copy_of(in + i, len), *to = malloc(RS_BASE64_OUT_MAX(len));
		need(to);
		size_t made = rs_base64_feed(&s, from, len, to);
		need(made + 64 <= RS_BASE64_OUT_MAX(len) && s.nacc < 4);
		memcpy(r.out + r.n, to, made);
		r.n += made;
		free(from);
		free(to);
	}
	r.n += rs_base64_end(&s, r.out + r.n);
	r.flags = s.flags;
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const isas[] = { "c", "ssse3", "avx2", "avx512vbmi" };
	if (size < 2)
		return 0;
	size_t piece = 1 + (data[0] | (size_t)(data[1] & 0x1f) << 8);
	data += 2;
	size -= 2;
	rs_base64_use("c");
	struct result want = decode(data, size, size + 1);
	for (size_t i = 0; i < sizeof isas / sizeof *isas; i++) {
		if (rs_base64_use(isas[i]))
			continue;
		const size_t pieces[] = { size + 1, piece };
		for (size_t j = 0; j < 2; j++) {
			struct result got = decode(data, size, pieces[j]);
			need(got.n == want.n && got.flags == want.flags && memcmp(got.out, want.out, got.n) == 0);
			free(got.out);
		}
	}
	free(want.out);
	return 0;
}
