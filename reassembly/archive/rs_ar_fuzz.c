/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/archive/rs_ar.h"
#include "reassembly/archive/rs_unwrap_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rs_ar ar;
	unwrap_fuzz(&unwrap_log_ops, &rs_ar_reader, &ar, data, size);
	return 0;
}
