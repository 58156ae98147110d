/* SPDX-License-Identifier: Apache-2.0 */
/* dp_built: for tests: Ethernet frames with TCP, built field by field as the RFCs draw them. Needs no EAL.
 *
 * Owner: the caller. Memory: none. Units: bytes; host order. Checksums are summed slowly, 16 bits at a time, by nothing that is
 * tested. */
#ifndef DP_BUILT_H
#define DP_BUILT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DP_BUILT_TAGS = 6, DP_BUILT_MAX = 66000, DP_BUILT_HOP_BY_HOP = 256 /* for `next`: header 0 */ };

struct dp_built {
	uint8_t mac[2][6]; /* to, from */
	unsigned tags;
	uint16_t tag_type[DP_BUILT_TAGS], tci[DP_BUILT_TAGS];
	bool v6;
	uint8_t tos, ttl;
	uint32_t flow_label;
	uint16_t id, fragment; /* IPv4: fragment with its flags */
	uint8_t addr[2][16]; /* from, to; IPv4: the last 4 bytes */
	uint16_t next; /* first header behind IPv6's, protocol of IPv4: 0: TCP */
	const uint8_t *between; /* IPv4 options, or extension headers */
	size_t nbetween;
	bool between_is_upper; /* IPv4: not options but headers behind them */
	uint16_t port[2];
	uint32_t seq, ack;
	uint8_t flags;
	uint16_t window, urgent;
	const uint8_t *options;
	size_t noptions; /* a multiple of 4 */
	const uint8_t *payload;
	size_t len;
	size_t trailer; /* bytes behind the IP packet; besides, frames are padded to `min` */
	size_t min;
	bool no_length; /* IP length 0 */
};

/* Between 192.0.2.1:1234 and 198.51.100.2:25, or 2001:db8::1 and ::2. */
struct dp_built dp_built_plain(bool v6);
/* As frame: at most DP_BUILT_MAX bytes. Returns its length. */
size_t dp_built_write(const struct dp_built *b, uint8_t *frame);

#endif
