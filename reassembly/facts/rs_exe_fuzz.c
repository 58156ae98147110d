/* SPDX-License-Identifier: Apache-2.0 */
/* The same facts for any split, whatever the headers say. */
#include "reassembly/facts/rs_exe_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct rs_exe *whole, const struct rs_exe *split)
{
	size_t at = 0, n = 0;
	if (!exe_same(whole, split))
		abort();
	while (rs_exe_section(whole, &at))
		n++;
	at = 0;
	while (rs_exe_import(whole, &at))
		n++;
	if (n > RS_EXE_TEXT / 2)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rs_exe whole, split;
	uint32_t seed = (uint32_t)size;
	if (!rs_exe_may_be(data, size))
		return 0;
	exe_run(&whole, data, size, NULL, NULL);
	exe_run(&split, data, size, split_ones, NULL);
	check(&whole, &split);
	exe_run(&split, data, size, split_varied, &seed);
	check(&whole, &split);
	return 0;
}
