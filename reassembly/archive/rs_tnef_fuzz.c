/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/archive/rs_tnef.h"
#include "reassembly/archive/rs_unwrap_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rs_tnef tnef;
	unwrap_fuzz(&unwrap_log_ops, &rs_tnef_reader, &tnef, data, size);
	return 0;
}
