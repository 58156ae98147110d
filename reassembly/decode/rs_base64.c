/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/decode/rs_base64.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include "reassembly/decode/rs_base64_variant.h"

_Static_assert(sizeof(struct rs_base64) == 8, "copied by the layers above for every segment");

struct variant {
	const char *isa;
	rs_base64_bulk_fn *bulk;
};

static const struct variant plain = { "c", rs_base64_bulk_c };
/* worker: ro. Written before main, and by rs_base64_use. */
static const struct variant *chosen = &plain;

#ifdef __x86_64__
static const struct variant ssse3 = { "ssse3", rs_base64_bulk_ssse3 };
static const struct variant avx2 = { "avx2", rs_base64_bulk_avx2 };
static const struct variant avx512 = { "avx512vbmi", rs_base64_bulk_avx512 };

/* The n-th best this processor can run; NULL after the last one. */
static const struct variant *variant_at(unsigned int n)
{
	__builtin_cpu_init();
	bool bits = __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("bmi");
	if (bits && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi") &&
	    __builtin_cpu_supports("avx512vbmi2") && n-- == 0)
		return &avx512;
	if (bits && __builtin_cpu_supports("avx2") && n-- == 0)
		return &avx2;
	if (bits && __builtin_cpu_supports("ssse3") && n-- == 0)
		return &ssse3;
	return n == 0 ? &plain : NULL;
}
#else
static const struct variant *variant_at(unsigned int n)
{
	return n == 0 ? &plain : NULL;
}
#endif

/* Before main, and so before any thread. */
__attribute__((constructor)) static void choose(void)
{
	rs_base64_squeeze_init();
	chosen = variant_at(0);
}

const char *rs_base64_isa(void)
{
	return chosen->isa;
}

int rs_base64_use(const char *isa)
{
	const struct variant *v;
	for (unsigned int i = 0; (v = variant_at(i)); i++) {
		if (strcmp(v->isa, isa) == 0) {
			chosen = v;
			return 0;
		}
	}
	return -ENOTSUP;
}

size_t rs_base64_bulk(struct rs_base64 *s, const uint8_t *in, size_t n, uint8_t *out, size_t *out_len)
{
	uint8_t held = s->nacc;
	size_t eaten = chosen->bulk(s, in, n, out, out_len);
	if (s->flags & RS_BASE64_PADDED && (*out_len || s->nacc != held)) {
		s->flags |= RS_BASE64_AFTER_PAD;
		if (s->pads)
			s->flags |= RS_BASE64_BAD_PAD;
		s->pads = 0;
	}
	return eaten;
}

/* The bytes that a quantum cut after nacc characters gives: one fewer than it has characters. */
static size_t flush(struct rs_base64 *s, uint8_t *out)
{
	size_t made = s->nacc ? s->nacc - 1u : 0;
	uint32_t bits = s->acc << 6 * (4 - s->nacc);
	for (size_t i = 0; i < made; i++)
		out[i] = (uint8_t)(bits >> (16 - 8 * i));
	s->acc = 0;
	s->nacc = 0;
	return made;
}

/* RFC 4648 4: two characters and "==", or three and "=". Others are no padding, and readers that go on pass over them: the quantum
 * goes on too. */
static size_t pad(struct rs_base64 *s, uint8_t *out)
{
	s->flags |= RS_BASE64_PADDED;
	if (s->nacc == 3 || s->pads) {
		s->pads = 0;
		return flush(s, out);
	}
	if (s->nacc == 2)
		s->pads = 1;
	else
		s->flags |= RS_BASE64_BAD_PAD;
	return 0;
}

size_t rs_base64_feed(struct rs_base64 *s, const uint8_t *in, size_t n, uint8_t *out)
{
	size_t made = 0;
	for (size_t i = 0; i < n;) {
		size_t len;
		i += rs_base64_bulk(s, in + i, n - i, out + made, &len);
		made += len;
		for (; i < n && rs_base64_value[in[i]] == RS_BASE64_OTHER; i++) {
			if (in[i] == '=')
				made += pad(s, out + made);
			else
				s->flags |= RS_BASE64_FOREIGN;
		}
	}
	return made;
}

size_t rs_base64_end(struct rs_base64 *s, uint8_t *out)
{
	if (s->nacc && !s->pads)
		s->flags |= RS_BASE64_CUT;
	if (s->pads)
		s->flags |= RS_BASE64_BAD_PAD;
	s->pads = 0;
	return flush(s, out);
}
