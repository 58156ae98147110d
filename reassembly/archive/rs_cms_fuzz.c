/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/archive/rs_cms.h"
#include "reassembly/archive/rs_unwrap_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rs_cms cms;
	unwrap_fuzz(&unwrap_log_ops, &rs_cms_reader, &cms, data, size);
	return 0;
}
