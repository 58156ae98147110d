/* SPDX-License-Identifier: Apache-2.0 */
/* At a split the first byte chooses, and byte by byte, it gives what it gives of the whole. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "reassembly/decode/rs_qp.h"

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

/* In pieces of `piece` bytes, each an allocation of its own. */
static struct result decode(const uint8_t *in, size_t n, size_t piece)
{
	struct rs_qp s;
	struct result r = { .out = malloc(RS_QP_OUT_MAX(n)) };
	need(r.out);
	rs_qp_init(&s);
	for (size_t i = 0; i < n; i += piece) {
		size_t len = n - i < piece ? n - i : piece;
		uint8_t *from = malloc(len), *to = malloc(RS_QP_OUT_MAX(len));
		need(from && to);
		memcpy(from, in + i, len);
		size_t made = rs_qp_feed(&s, from, len, to);
		need(made <= RS_QP_OUT_MAX(len) && r.n + made <= i + len);
		memcpy(r.out + r.n, to, made);
		r.n += made;
		free(from);
		free(to);
	}
	r.n += rs_qp_end(&s, r.out + r.n);
	/* Nothing decodes to more than itself. */
	need(r.n <= n);
	r.flags = s.flags;
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	const size_t pieces[] = { 1, 1 + (size_t)data[0] };
	data++;
	size--;
	struct result want = decode(data, size, size + 1);
	for (size_t i = 0; i < 2; i++) {
		struct result got = decode(data, size, pieces[i]);
		need(got.n == want.n && got.flags == want.flags && memcmp(got.out, want.out, got.n) == 0);
		free(got.out);
	}
	free(want.out);
	return 0;
}
