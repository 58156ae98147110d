/* SPDX-License-Identifier: Apache-2.0 */
/* dp_mptcp: Multipath TCP (RFC 8684): a connection's bytes may go by other connections than the one that is seen.
 *
 * Owner:  the caller. Memory: none.
 * Both ends offer it in their SYNs. Between two ports the offer is taken out, and the ends speak TCP (3.7). Beside the way it can only
 * be told: what such a connection delivered was perhaps not seen. */
#ifndef DP_MPTCP_H
#define DP_MPTCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum dp_mptcp { DP_MPTCP_NONE, DP_MPTCP_CAPABLE, DP_MPTCP_JOIN };

/* What the options of a SYN offer. l4: the TCP header, of tcp_hdr_len bytes. */
enum dp_mptcp dp_mptcp_offer(const uint8_t *l4, size_t tcp_hdr_len);

/* Takes all of it out of the header: NOPs stand in its place, the checksum is corrected (RFC 1624), and so stays wrong where it was.
 * False: there was nothing. */
bool dp_mptcp_remove(uint8_t *l4, size_t tcp_hdr_len);

#endif
