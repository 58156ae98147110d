/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/archive/rs_tar.h"
#include "reassembly/archive/rs_unwrap_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rs_tar tar;
	unwrap_fuzz(&unwrap_log_ops, &rs_tar_reader, &tar, data, size);
	return 0;
}
