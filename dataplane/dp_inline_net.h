/* SPDX-License-Identifier: Apache-2.0 */
/* dp_inline_net: clients and servers with a worker between them, on wires that lose, double and disorder frames, in the test's own
 * time. Everything follows from the seed.
 *
 * Owner: the test. Memory: heap. Units: nanoseconds of the test's clock. */
#ifndef DP_INLINE_NET_H
#define DP_INLINE_NET_H

#include "dataplane/dp_inline_smtp.h"
#include "dataplane/dp_wrapped.h"

#define DP_NET_PAIRS 8

struct dp_net;

struct dp_pair { /* a connection */
	struct dp_net *net;
	struct dp_end end[2]; /* client, server */
	struct dp_client client;
	struct dp_server server;
	unsigned ours; /* frames of the worker's own that reached the client */
	unsigned resets[2]; /* that reached each end */
};

struct dp_wire_frame {
	uint64_t due, number;
	unsigned toward; /* port by which it leaves; with in_sensor: by which it comes in */
	bool to_sensor, ours;
	size_t n;
	uint8_t *p;
};

struct dp_net {
	struct dp_test *t;
	struct dp_tunnels tunnels;
	uint64_t random;
	unsigned loss, twice, late; /* of 1000 frames, on each wire */
	const struct dp_wrapping *wrapping; /* on both wires; NULL: Ethernet */
	uint64_t calm; /* from then on, no more of that */
	uint32_t delay; /* ms, on each wire */
	struct dp_pair pair[DP_NET_PAIRS];
	unsigned npairs;
	struct dp_wire_frame *flight; /* a heap by due, number */
	size_t nflight, size;
	uint64_t number, tick, lost;
};

void dp_net_init(struct dp_net *n, struct dp_test *t, uint64_t seed);
/* A client and a server, not yet connected; both may be changed until dp_net_run. */
struct dp_pair *dp_net_pair(struct dp_net *n);
/* Connects those that listen, and lets time go on until all is over, or so many seconds have passed. True: all is over. */
bool dp_net_run(struct dp_net *n, uint64_t seconds);
void dp_net_free(struct dp_net *n);

/* A message that is what it is to the rules of the tests. */
struct dp_letter dp_net_letter(struct dp_net *n, bool bad, size_t size);
struct dp_letter *dp_net_send(struct dp_pair *p, struct dp_letter letter);

/* What must hold when all is over: nothing infected is delivered; what is delivered is one of the letters, byte for byte, and once;
 * what was told to be, is. seed: for the message of a failure. */
void dp_net_judge(const struct dp_net *n, uint64_t seed);

/* What a pair was and came to, for the message of a failure. Caller frees. */
char *dp_net_tell(const struct dp_pair *p);

#endif
