/* SPDX-License-Identifier: Apache-2.0 */
/* For tests: one connection as segments on a wire, and what is read of it.
 *
 * Owner: the test. Memory: heap, from wire_init to wire_end, which asserts that nothing is held any more. */
#ifndef RS_TCP_WIRE_H
#define RS_TCP_WIRE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "reassembly/tcp/rs_tcp.h"

#define NODES 1024
#define REFS 8192
#define FIN RS_TCP_FIN
#define SYN RS_TCP_SYN
#define RST RS_TCP_RST
#define ACK RS_TCP_ACK

struct ref { /* stands for an mbuf */
	int held;
	const char *payload;
};

/* One connection between side 0 and side 1, and what came out of it: log[d] is the bytes of direction d, with a gap
 * of n bytes as "<n>". */
struct wire {
	struct rs_tcp c;
	struct rs_pool pool;
	struct rs_stream_mem mem;
	void *nodes;
	uint32_t isn[2];
	char log[2][8192];
	size_t logged[2];
	struct ref *refs;
	int nrefs;
};

static inline void ref_get(void *r)
{
	((struct ref *)r)->held++;
}

static inline void ref_put(void *r)
{
	assert_true(--((struct ref *)r)->held >= 0);
}

static inline void on_data(void *arg, unsigned dir, void *ref, uint32_t skip, uint32_t len)
{
	struct wire *w = arg;
	assert_true(len > 0 && w->logged[dir] + len < sizeof w->log[dir]);
	memcpy(w->log[dir] + w->logged[dir], ((struct ref *)ref)->payload + skip, len);
	w->logged[dir] += len;
}

static inline void on_gap(void *arg, unsigned dir, uint64_t n)
{
	struct wire *w = arg;
	assert_true(n > 0);
	w->logged[dir] += (size_t)sprintf(w->log[dir] + w->logged[dir], "<%llu>", (unsigned long long)n);
}

static const struct rs_tcp_ops ops = { .data = on_data, .gap = on_gap };

static inline void wire_init(struct wire *w, uint32_t isn0, uint32_t isn1)
{
	memset(w, 0, sizeof *w);
	w->nodes = aligned_alloc(64, RS_POOL_BYTES(sizeof(struct rs_seg), NODES));
	w->refs = calloc(REFS, sizeof *w->refs);
	assert_true(w->nodes && w->refs);
	rs_pool_init(&w->pool, w->nodes, sizeof(struct rs_seg), NODES);
	w->mem = (struct rs_stream_mem){ .segs = &w->pool, .ref_get = ref_get, .ref_put = ref_put,
				     .window = 1000, .held_max = UINT32_MAX, .limit = 32 };
	w->isn[0] = isn0;
	w->isn[1] = isn1;
	rs_tcp_init(&w->c);
}

static inline enum rs_verdict send_n(struct wire *w, unsigned d, unsigned flags, uint32_t seq, uint32_t ack, const char *text,
			      uint32_t len)
{
	assert_true(w->nrefs < REFS);
	struct ref *r = &w->refs[w->nrefs++];
	r->payload = text;
	struct rs_tcp_segment seg = { .seq = seq, .ack = ack, .len = len, .flags = (uint8_t)flags };
	enum rs_verdict v = rs_tcp_packet(&w->c, &w->mem, d, &seg, r, 1, &ops, w);
	w->log[0][w->logged[0]] = w->log[1][w->logged[1]] = 0;
	return v;
}

/* A segment of side d: seq and ack count from 0, the first byte after each side's ISN; -1 is the SYN. */
static inline enum rs_verdict send(struct wire *w, unsigned d, unsigned flags, int64_t seq, int64_t ack, const char *text)
{
	return send_n(w, d, flags, w->isn[d] + 1 + (uint32_t)seq, w->isn[1 - d] + 1 + (uint32_t)ack, text,
		      (uint32_t)strlen(text));
}

static inline void handshake(struct wire *w)
{
	assert_int_equal(send(w, 0, SYN, -1, 0, ""), RS_INORDER);
	assert_int_equal(w->c.state, RS_TCP_SYN_SENT);
	assert_int_equal(send(w, 1, SYN | ACK, -1, 0, ""), RS_INORDER);
	assert_int_equal(w->c.state, RS_TCP_SYN_SENT);
	assert_int_equal(send(w, 0, ACK, 0, 0, ""), RS_INORDER);
	assert_int_equal(w->c.state, RS_TCP_ESTABLISHED);
	assert_false(w->c.midstream);
}

/* One that is open, with numbers from 1000 and 5000 on. */
static inline void wire_open(struct wire *w)
{
	wire_init(w, 1000, 5000);
	handshake(w);
}

static inline void wire_end(struct wire *w, const char *want0, const char *want1)
{
	rs_tcp_close(&w->c, &w->mem, &ops, w);
	w->log[0][w->logged[0]] = w->log[1][w->logged[1]] = 0;
	assert_string_equal(w->log[0], want0);
	assert_string_equal(w->log[1], want1);
	assert_int_equal(w->c.state, RS_TCP_CLOSED);
	assert_int_equal(w->pool.used, 0);
	for (int i = 0; i < w->nrefs; i++)
		assert_int_equal(w->refs[i].held, 0);
	free(w->refs);
	free(w->nodes);
}

#endif
