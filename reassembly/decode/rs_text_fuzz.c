/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/archive/rs_unwrap_fuzz.h"
#include "reassembly/decode/rs_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rs_text text;
	unwrap_fuzz(&unwrap_log_ops, &rs_text_reader, &text, data, size);
	unwrap_fuzz(&unwrap_log_picky_ops, &rs_text_reader, &text, data, size); /* where some are not wanted, too */
	return 0;
}
