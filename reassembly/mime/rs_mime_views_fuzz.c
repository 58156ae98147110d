/* SPDX-License-Identifier: Apache-2.0 */
/* One message in which readers may differ: every reading tells the same however it is cut. */
#include "reassembly/mime/rs_mime_views_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct rs_mime_limits limits = { 4, 50 };
	if (size < 2 || size > 600)
		return 0;
	const char *p = (const char *)data + 1;
	const size_t n = size - 1, most = data[0] % 16u + 1;
	views_begin(limits);
	views_feed(p, n);
	bool more = all.more;
	char *whole = strdup(views_end());
	log_require(whole, "memory");
	views_begin(limits);
	for (size_t i = 0; i < n; i += most)
		views_feed(p + i, n - i < most ? n - i : most);
	more |= all.more;
	const char *cut = views_end();
	/* Of too many readings it is not said which are followed. */
	log_require(more || !strcmp(whole, cut), "the same is told");
	free(whole);
	return 0;
}
