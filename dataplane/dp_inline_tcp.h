/* SPDX-License-Identifier: Apache-2.0 */
/* dp_inline_tcp: one end of a TCP connection of the tests' own network (RFC 9293): small, and as honest as a kernel's.
 *
 * It repeats what is not acknowledged, keeps what comes out of order, takes a RST at exactly the number that it expects and answers
 * another one inside the window with a challenge ACK (RFC 5961 3.2), refuses acknowledgements of what it never sent (5.2), and, with
 * timestamps, segments older than what it has seen (RFC 7323 5.3).
 *
 * Owner:  the test. Memory: heap. Units: nanoseconds of the test's clock; offsets in bytes from ISN+1. */
#ifndef DP_INLINE_TCP_H
#define DP_INLINE_TCP_H

#include "dataplane/dp_test.h"

#define DP_END_WINDOW 65535 /* what it offers, and how far ahead it takes segments */

enum dp_end_state {
	DP_END_LISTENS,
	DP_END_SYN_SENT,
	DP_END_SYN_RECEIVED,
	DP_END_OPEN,
	DP_END_CLOSED, /* both FINs acknowledged; it still acknowledges repetitions */
	DP_END_RESET, /* by a RST that it took */
	DP_END_GAVE_UP, /* nobody acknowledged */
};

struct dp_end_stats {
	unsigned repeated, challenged, resets_sent, stale, early_acks;
};

struct dp_end {
	struct dp_test_conn c; /* addresses; seq is not used */
	unsigned side; /* 0: the client */
	void (*emit)(void *arg, unsigned side, const uint8_t *frame, size_t n);
	void *arg;
	uint64_t *random;
	unsigned mss; /* of segments of its own */
	bool pieces; /* they are of any length up to that */
	uint32_t flight; /* bytes that it sends ahead of what is acknowledged */
	bool timestamps;
	bool newest; /* of bytes that come twice before they are read, the later ones count */
	enum dp_end_state state;
	uint32_t iss, irs;
	struct dp_text out; /* all that it ever says */
	uint64_t una, next, most; /* of out: acknowledged, to be sent next, ever sent */
	bool fin; /* a FIN behind out */
	bool fin_acked;
	struct dp_text in, have; /* what arrived, and whether each byte did */
	uint64_t got; /* in order */
	uint64_t peer_fin; /* offset of the other side's; UINT64_MAX: none came */
	bool got_fin;
	uint64_t due; /* repeats at; 0: nothing to repeat */
	uint64_t wait; /* until the next repetition */
	unsigned tries, same_acks;
	uint32_t newest_ts;
	struct dp_end_stats stats;
};

void dp_end_init(struct dp_end *e, const struct dp_test_conn *c, unsigned side, uint64_t *random);
void dp_end_free(struct dp_end *e);
void dp_end_connect(struct dp_end *e, uint64_t now);
void dp_end_write(struct dp_end *e, const void *p, size_t n);
void dp_end_close(struct dp_end *e); /* FIN behind what was written */
void dp_end_abort(struct dp_end *e, uint64_t now); /* RST */
/* Sends what may be sent. True: something was. */
bool dp_end_push(struct dp_end *e, uint64_t now);
/* A frame for it. `read` is called when bytes in order, or the end, have come, before they are acknowledged. */
void dp_end_take(struct dp_end *e, const uint8_t *frame, const struct dp_packet *pkt, uint64_t now, void (*read)(void *arg), void *arg);
void dp_end_tick(struct dp_end *e, uint64_t now);
static inline bool dp_end_over(const struct dp_end *e)
{
	return e->state >= DP_END_CLOSED;
}

#endif
