/* SPDX-License-Identifier: Apache-2.0 */
/* AVX-512 with VBMI: all classes by one lookup in a table of 128. */
#ifdef __x86_64__
#include <immintrin.h>
#include <stdint.h>

#define TARGET __attribute__((target("avx512f,avx512bw,avx512vbmi,bmi")))

#include "reassembly/decode/rs_spot_variant.h"

struct wide { /* of nothing: there are registers enough, or too few */
	int none;
};

TARGET static inline struct wide wide_init(void)
{
	return (struct wide){ 0 };
}

TARGET static inline __m512i load(const uint8_t *p)
{
	return _mm512_loadu_si512(p);
}

TARGET static inline uint64_t wide_run(const uint8_t *p)
{
	const __m512i v = load(p), k = _mm512_permutex2var_epi8(load(rs_spot_kind), v, load(rs_spot_kind + 64));
	/* The lookup ignores the top bit. */
	return _mm512_test_epi8_mask(k, _mm512_set1_epi8(RS_SPOT_CHAR | RS_SPOT_END)) & ~_mm512_movepi8_mask(v);
}

TARGET static inline bool wide_full(const struct wide *w, const uint8_t *p)
{
	(void)w;
	return rs_spot_has_full(wide_run(p));
}

TARGET static inline uint64_t wide_ends(const struct wide *w, const uint8_t *p)
{
	(void)w;
	return _mm512_cmpeq_epi8_mask(load(p), _mm512_set1_epi8('\n')) | _mm512_cmpeq_epi8_mask(load(p), _mm512_set1_epi8('\r'));
}

TARGET static inline uint64_t wide_colons(const struct wide *w, const uint8_t *p)
{
	(void)w;
	return _mm512_cmpeq_epi8_mask(load(p), _mm512_set1_epi8(':'));
}

#include "reassembly/decode/rs_spot_wide.h"

const struct rs_spot_variant rs_spot_avx512 = { "avx512vbmi", wide_look, run_of };
#endif
