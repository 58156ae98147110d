/* SPDX-License-Identifier: Apache-2.0 */
/* The same comes out for any split, and each byte once. */
#include "reassembly/archive/rs_unwrap_log.h"
#include "reassembly/decode/rs_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct unwrap_log whole, split;
	static struct rs_text text;
	unwrap_log_run(&whole, &rs_text_reader, &text, data, size, NULL, NULL);
	unwrap_log_run(&split, &rs_text_reader, &text, data, size, split_ones, NULL);
	unwrap_log_check(unwrap_log_same(&whole, &split), "the split matters");
	uint32_t seed = (uint32_t)size;
	unwrap_log_run(&split, &rs_text_reader, &text, data, size, split_varied, &seed);
	unwrap_log_check(unwrap_log_same(&whole, &split), "the split matters");
	/* Where some are not wanted, too. */
	unwrap_log_run_ops(&whole, &unwrap_log_picky_ops, &rs_text_reader, &text, data, size, NULL, NULL);
	unwrap_log_run_ops(&split, &unwrap_log_picky_ops, &rs_text_reader, &text, data, size, split_ones, NULL);
	unwrap_log_check(unwrap_log_same(&whole, &split), "the split matters to what is wanted");
	unwrap_log_run_ops(&split, &unwrap_log_picky_ops, &rs_text_reader, &text, data, size, split_varied, &seed);
	unwrap_log_check(unwrap_log_same(&whole, &split), "the split matters to what is wanted");
	return 0;
}
