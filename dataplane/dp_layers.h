/* SPDX-License-Identifier: Apache-2.0 */
/* dp_layers: the headers around an IP packet, as dp_packet tells them: their lengths and checksums made right for a packet of ours or a cut
 * one, and the way back.
 *
 * Owner: the caller. Memory: none. Units: bytes. */
#ifndef DP_LAYERS_H
#define DP_LAYERS_H

#include "dataplane/dp_packet.h"

/* frame: len bytes, all there is but padding, with the layers' headers in it. Lengths become what is there; the checksums of IPv4 headers, UDP
 * and GRE become right, where they are used (UDP's 0 stays: RFC 768, 6935). False: a length does not fit its field, and the frame is half
 * changed. */
bool dp_layers_seal(uint8_t *frame, size_t len, const struct dp_layer *layer, unsigned n);

/* The sum of a UDP header's pseudo-header (RFC 768, RFC 8200 8.1); ip: the layer before. */
void dp_layers_pseudo(struct dp_checksum *c, const uint8_t *frame, const struct dp_layer *ip, size_t udp_len);

/* As our own packets bear them: without the ECN bits, for what is in them is not ECN-capable, and would be dropped if a router
 * had marked the outer header (RFC 6040 4.2). */
void dp_layers_learned(uint8_t *link, const struct dp_layer *layer, unsigned n);

/* One packet more was said with these headers: GRE's sequence numbers go on (RFC 2890 2.2). */
void dp_layers_said(uint8_t *link, const struct dp_layer *layer, unsigned n);

/* The other direction's: addresses exchanged. False: they cannot be told (PPTP's call numbers are each end's own). */
bool dp_layers_reverse(uint8_t *link, const struct dp_layer *layer, unsigned n);

#endif
