/* SPDX-License-Identifier: Apache-2.0 */
/* rs_tcp: one TCP connection, seen from between its ends (RFC 9293): two streams, the handshake,
 * and how it ended.
 *
 * Owner:  one thread. Memory: this struct and rs_stream's nodes. Units: as rs_stream; time in
 * nanoseconds, the packets' own.
 * What is done about a hole: when the receiver has acknowledged past it (it has the bytes, this
 * reader has not), or when the connection ends, the hole is given up: gap(), and the stream goes on.
 * Segments of a connection whose SYN was not seen are picked up in the middle (midstream): the first
 * segment with payload of a direction starts its stream. */
#ifndef RS_TCP_H
#define RS_TCP_H

#include "reassembly/tcp/rs_stream.h"

enum rs_tcp_flag { RS_TCP_FIN = 0x01, RS_TCP_SYN = 0x02, RS_TCP_RST = 0x04, RS_TCP_PSH = 0x08, RS_TCP_ACK = 0x10, RS_TCP_URG = 0x20 };

struct rs_tcp_segment { /* what the header said */
	uint32_t seq, ack;
	uint32_t len; /* payload bytes */
	uint8_t flags; /* enum rs_tcp_flag */
	uint16_t window; /* unscaled */
};

enum rs_tcp_state {
	RS_TCP_NEW, /* nothing seen */
	RS_TCP_SYN_SENT, /* one SYN seen */
	RS_TCP_ESTABLISHED, /* handshake seen, or picked up midstream */
	RS_TCP_CLOSING, /* a FIN seen */
	RS_TCP_CLOSED, /* both FINs reached in order, or a valid RST */
};

struct rs_tcp {
	struct rs_stream dir[2]; /* by dir of rs_tcp_packet */
	uint64_t acked[2]; /* highest offset of dir[i] that the other side acknowledged */
	uint8_t state; /* enum rs_tcp_state */
	uint8_t started; /* bit i: dir[i] has its ISN */
	bool midstream;
	bool reset;
	uint8_t syn; /* bit i: SYN seen from i; bit 2+i: ACK came with it */
};

struct rs_tcp_ops {
	/* Payload in order: len bytes of ref from byte skip of its payload. */
	void (*data)(void *arg, unsigned dir, void *ref, uint32_t skip, uint32_t len);
	void (*gap)(void *arg, unsigned dir, uint64_t n);
};

/* limit: most mbufs held out of order, a direction. */
void rs_tcp_init(struct rs_tcp *c, uint32_t limit);

/* One segment of direction dir (0: from the side that sent the first packet seen). Calls ops while it runs. The verdict is
 * that of its payload (RS_INORDER for a segment without any, RS_DUP for one that was ignored). */
enum rs_verdict rs_tcp_packet(struct rs_tcp *c, struct rs_stream_mem *mem, unsigned dir, const struct rs_tcp_segment *seg,
                              void *ref, uint32_t cost, const struct rs_tcp_ops *ops, void *arg);

/* The connection is over, or its reader gives up: holes are given up, held data is handed on, references go back. */
void rs_tcp_close(struct rs_tcp *c, struct rs_stream_mem *mem, const struct rs_tcp_ops *ops, void *arg);

#endif
