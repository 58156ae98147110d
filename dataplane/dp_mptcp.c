/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_mptcp.h"

#include <string.h>

#include "dataplane/dp_be.h"

enum { TCP_LEN = 20, TCP_MAX = 60, CHECKSUM = 16, OPTION_END = 0, OPTION_NOP = 1, OPTION_MPTCP = 30 };
enum { SUBTYPE_JOIN = 1 }; /* RFC 8684 8.2 */

/* The next MPTCP option at or behind *at, which then is behind it. NULL: there is none. */
static const uint8_t *next_option(const uint8_t *l4, size_t hdr_len, size_t *at)
{
	while (*at < hdr_len && l4[*at] != OPTION_END) {
		const uint8_t *opt = l4 + *at;
		size_t left = hdr_len - *at, len = opt[0] == OPTION_NOP ? 1 : left > 1 ? opt[1] : 0;
		/* RFC 9293 3.1: a length that cannot be; nobody reads on behind it. */
		if (len > left || (len < 2 && opt[0] != OPTION_NOP))
			return NULL;
		*at += len;
		if (opt[0] == OPTION_MPTCP)
			return opt;
	}
	return NULL;
}

enum dp_mptcp dp_mptcp_offer(const uint8_t *l4, size_t tcp_hdr_len)
{
	size_t at = TCP_LEN;
	enum dp_mptcp found = DP_MPTCP_NONE;
	for (const uint8_t *opt; (opt = next_option(l4, tcp_hdr_len, &at));) {
		if (opt[1] > 2 && opt[2] >> 4 == SUBTYPE_JOIN)
			return DP_MPTCP_JOIN;
		found = DP_MPTCP_CAPABLE;
	}
	return found;
}

bool dp_mptcp_remove(uint8_t *l4, size_t tcp_hdr_len)
{
	uint8_t old[TCP_MAX];
	size_t at = TCP_LEN;
	bool any = false;
	memcpy(old, l4, tcp_hdr_len);
	for (const uint8_t *opt; (opt = next_option(old, tcp_hdr_len, &at)); any = true)
		memset(l4 + (opt - old), OPTION_NOP, opt[1]);
	if (!any)
		return false;
	/* RFC 1624 3: HC' = ~(~HC + ~m + m'). The header's length is even. */
	uint32_t sum = (uint16_t)~dp_be_get16(l4 + CHECKSUM);
	for (at = TCP_LEN; at < tcp_hdr_len; at += 2)
		sum += (uint16_t)~dp_be_get16(old + at) + (uint32_t)dp_be_get16(l4 + at);
	sum = (sum >> 16) + (sum & 0xffff);
	sum = (sum >> 16) + (sum & 0xffff);
	dp_be_put16(l4 + CHECKSUM, (uint16_t)~sum);
	return true;
}
