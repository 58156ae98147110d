/* SPDX-License-Identifier: Apache-2.0 */
/* Input: the options of a TCP header, up to 40 bytes.
 * Checked: only they are read; NOPs before them, which also lead away from the short way for the usual layout, and an end
 * of the list behind them change nothing; values stay in their bounds. */
#include <stdlib.h>
#include <string.h>

#include "dataplane/dp_packet.h"

#define CHECK(x) ((x) ? (void)0 : abort())

enum { HEADER = 20, OPTIONS_MAX = 40 };

static struct dp_tcp_options parse_exact(size_t nops, const uint8_t *options, size_t n, size_t ends)
{
	struct dp_tcp_options o;
	size_t len = HEADER + nops + n + ends;
	uint8_t *exact = malloc(len);
	CHECK(exact);
	memset(exact, 0xff, HEADER);
	memset(exact + HEADER, 1, nops);
	memcpy(exact + HEADER + nops, options, n);
	memset(exact + HEADER + nops + n, 0, ends);
	memset(&o, 0xee, sizeof o);
	dp_tcp_options_parse(exact, len, &o);
	free(exact);
	return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t n = size < OPTIONS_MAX ? size : OPTIONS_MAX;
	struct dp_tcp_options o = parse_exact(0, data, n, 0);
	CHECK(o.wscale <= 14 && (o.window_scale || !o.wscale));
	CHECK(o.timestamps || (!o.tsval && !o.tsecr));
	CHECK(!o.timestamps || (o.tsval_at >= HEADER + 2 && o.tsval_at + 8u <= HEADER + n));
	for (size_t nops = 1; n + nops <= OPTIONS_MAX; nops++) {
		struct dp_tcp_options p = parse_exact(nops, data, n, 0);
		CHECK(p.tsval_at == (o.timestamps ? o.tsval_at + nops : 0));
		p.tsval_at = o.tsval_at;
		CHECK(!memcmp(&o, &p, sizeof o));
	}
	/* Behind what is whole: zeros complete what was cut off. */
	if (!o.malformed) {
		for (size_t ends = 1; n + ends <= OPTIONS_MAX; ends++) {
			struct dp_tcp_options p = parse_exact(0, data, n, ends);
			CHECK(!memcmp(&o, &p, sizeof o));
		}
	}
	return 0;
}
