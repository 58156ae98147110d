/* SPDX-License-Identifier: Apache-2.0 */
/* rs_unwrap_fuzz: what fuzz targets of readers of rs_unwrap ask: the same comes out for any split, and each byte once. */
#ifndef RS_UNWRAP_FUZZ_H
#define RS_UNWRAP_FUZZ_H

#include "reassembly/archive/rs_unwrap_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ops: unwrap_log_ops, or others that keep their log. */
static inline void unwrap_fuzz(const struct rs_unwrap_ops *ops, const struct rs_unwrap_reader *reader, void *state, const uint8_t *data,
			       size_t size)
{
	static struct unwrap_log whole, split;
	uint32_t seed = (uint32_t)size;
	unwrap_log_run_ops(&whole, ops, reader, state, data, size, NULL, NULL);
	unwrap_log_check(unwrap_log_again(&split, &whole, split_ones, NULL), "byte by byte something else comes of it");
	unwrap_log_check(unwrap_log_again(&split, &whole, split_varied, &seed), "in pieces something else comes of it");
}

#endif
