/* SPDX-License-Identifier: Apache-2.0 */
/* Each byte comes out once and in order (rs_zip_log.h checks that), and the same comes out for any split, inflating or not, with
 * bytes missing or not. */
#include "reassembly/archive/rs_zip_log.h"
#include "reassembly/archive/rs_split.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void one_way(const uint8_t *data, size_t size)
{
	struct log whole, split;
	log_run(&whole, data, size, NULL, NULL);
	for (uint32_t i = 0; i < 2; i++) {
		uint32_t state = (uint32_t)size;
		log_run(&split, data, size, i ? split_varied : split_ones, &state);
		LOG_CHECK(whole.len == split.len && !memcmp(whole.text, split.text, whole.len));
		free(split.text);
	}
	free(whole.text);
}

/* The last byte says where the hole is, and how long. */
static void torn_way(const uint8_t *data, size_t size)
{
	struct log whole, split;
	const uint32_t at = size ? data[size - 1] : 0;
	const size_t from = size * (at & 15) / 16, most = size - from, to = from + (at >> 4 < most ? at >> 4 : most);
	log_torn(&whole, data, size, from, to, at & 1, SIZE_MAX);
	log_torn(&split, data, size, from, to, at & 1, 3);
	LOG_CHECK(whole.len == split.len && !memcmp(whole.text, split.text, whole.len));
	free(split.text);
	free(whole.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rs_inflate inflater;
	log_inflater = NULL;
	one_way(data, size);
	torn_way(data, size);
	log_inflater = &inflater;
	one_way(data, size);
	torn_way(data, size);
	rs_zip_is(data, size);
	return 0;
}
