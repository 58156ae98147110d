/* SPDX-License-Identifier: Apache-2.0 */
/* Plain C: four characters a step through a table. */
#include "reassembly/decode/rs_base64_variant.h"

static inline uint8_t *put3(uint8_t *o, uint32_t bits)
{
	o[0] = (uint8_t)(bits >> 16);
	o[1] = (uint8_t)(bits >> 8);
	o[2] = (uint8_t)bits;
	return o + 3;
}

/* Whole quanta from in[i], up to the first group of four that is not all alphabet; returns where that is. */
static size_t quanta(const uint8_t *in, size_t i, size_t n, uint8_t **out)
{
	const uint8_t *value = rs_base64_value;
	uint8_t *o = *out;
	for (; n - i >= 4; i += 4) {
		uint32_t a = value[in[i]], b = value[in[i + 1]], c = value[in[i + 2]], d = value[in[i + 3]];
		if ((a | b | c | d) >= RS_BASE64_SPACE)
			break;
		o = put3(o, a << 18 | b << 12 | c << 6 | d);
	}
	*out = o;
	return i;
}

size_t rs_base64_bulk_c(struct rs_base64 *s, const uint8_t *in, size_t n, uint8_t *out, size_t *out_len)
{
	uint32_t acc = s->acc;
	uint8_t nacc = s->nacc;
	uint8_t *o = out;
	size_t i = 0;
	while (i < n) {
		if (nacc == 0)
			i = quanta(in, i, n, &o);
		/* A line end, a quantum cut in two, or a foreign byte: a byte at a time until a quantum may begin. */
		while (i < n) {
			uint8_t v = rs_base64_value[in[i]];
			if (v == RS_BASE64_OTHER)
				goto stop;
			i++;
			if (v != RS_BASE64_SPACE) {
				acc = acc << 6 | v;
				if (++nacc == 4) {
					o = put3(o, acc);
					acc = nacc = 0;
					break;
				}
			} else if (nacc == 0 && i < n && rs_base64_value[in[i]] < RS_BASE64_SPACE) {
				break;
			}
		}
	}
stop:
	s->acc = acc;
	s->nacc = nacc;
	*out_len = (size_t)(o - out);
	return i;
}
