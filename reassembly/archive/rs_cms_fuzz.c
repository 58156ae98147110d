/* SPDX-License-Identifier: Apache-2.0 */
/* The same comes out for any split, and each byte once. */
#include "reassembly/archive/rs_cms.h"
#include "reassembly/archive/rs_unwrap_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct unwrap_log whole, split;
	static struct rs_cms cms;
	unwrap_log_run(&whole, &rs_cms_reader, &cms, data, size, NULL, NULL);
	unwrap_log_run(&split, &rs_cms_reader, &cms, data, size, split_ones, NULL);
	unwrap_log_check(unwrap_log_same(&whole, &split), "the split matters");
	uint32_t seed = (uint32_t)size;
	unwrap_log_run(&split, &rs_cms_reader, &cms, data, size, split_varied, &seed);
	unwrap_log_check(unwrap_log_same(&whole, &split), "the split matters");
	return 0;
}
