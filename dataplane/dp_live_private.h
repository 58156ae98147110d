/* SPDX-License-Identifier: Apache-2.0 */
/* dp_live_private: what dp_live, dp_live_pass (main) and dp_live_rx (workers) share. */
#ifndef DP_LIVE_PRIVATE_H
#define DP_LIVE_PRIVATE_H

#include <time.h>

#include <stdatomic.h>

#include "dataplane/dp_clock.h"
#include "dataplane/dp_eal.h"
#include "dataplane/dp_live.h"

/* The end, in steps that all workers take together, so that nothing is on the way to one that has gone. */
enum live_step {
	LIVE_RUN,
	LIVE_NO_RX, /* nothing is taken from ports; frames on their way to their owners are worked on */
	LIVE_DRAINED, /* no frame is on its way to an owner */
	LIVE_ENDED, /* DP_END was worked on; what it sent may be on its way to the worker that has the queue */
	LIVE_DONE,
	LIVE_STEPS
};

struct live_queue {
	uint8_t port;
	uint16_t queue;
	uint64_t received; /* frames. Who has the worker's hands: wo, main: ro */
};

struct live_staged {
	struct rte_mbuf *m[DP_BURST];
	uint16_t n;
};

/* Who is at a worker's queues and rings. With `inline.stall: open` main takes them when the worker has stalled, but not out of
 * its hands: they are at work only while it is in a driver or a ring, and a round has much else to stall in. */
enum live_hands {
	LIVE_FREE, /* the worker's, which is not at them. To LIVE_AT_WORK: worker. To LIVE_TAKEN: main */
	LIVE_AT_WORK, /* the worker is at them, and nobody else can be. To LIVE_FREE: worker */
	LIVE_TAKEN, /* main's. To LIVE_ASKED: worker. To LIVE_GIVEN: main, at the end */
	LIVE_ASKED, /* main's, and the worker is back. To LIVE_GIVEN: main */
	LIVE_GIVEN, /* the worker's, which has to forget its connections first. To LIVE_FREE: worker */
};

/* One worker's side: all of it its own, but for what says otherwise. Main has one in the place of each, with the same id and
 * queues, and a dp_worker that only counts. */
struct live_worker {
	uint64_t finish_by; /* set once it is to end */
	struct dp_live *live;
	struct dp_worker *worker;
	unsigned id;
	struct live_queue *queues; /* that it receives from */
	unsigned nqueues, next_queue, next_ring;
	uint16_t tx_queue[DP_PORTS_MAX]; /* by which what it sends leaves a port */
	unsigned tx_worker[DP_PORTS_MAX]; /* whose that queue is */
	struct live_staged port[DP_PORTS_MAX]; /* to be sent by a queue of its own */
	struct live_staged *peer; /* by worker: to be given to it */
	struct dp_clock clock;
	uint64_t seq, ticked, idle;
	uint64_t full_since[DP_LIVE_WORKERS_MAX]; /* mono: a peer's ring has had no room for a burst; 0: it has */
	bool moved; /* this round gave frames to others */
	bool tick; /* this round has one */
	bool waits; /* this round left something alone, for want of room with a peer */
	enum live_step step; /* reached */
	uint64_t deadline; /* mono: to wait for others no longer; 0: not ending */
	struct rte_mbuf *end; /* kept for DP_END, so that it can always be said */
	bool may_lose; /* main may take its queues: hands says whose they are */
	_Alignas(64) _Atomic uint64_t rounds; /* worker: wo, main: ro */
	_Alignas(64) _Atomic uint8_t hands; /* enum live_hands. main, worker: rw */
};

struct dp_live {
	struct dp_eal_live eal;
	bool eal_started, launched, stalled;
	enum dp_use use;
	struct dp_port ports[DP_PORTS_MAX];
	unsigned nports, nworkers;
	bool distribute; /* workers look for the owner of what they receive */
	bool nap; /* idle workers step back */
	uint32_t seed;
	struct dp_tunnels tunnels; /* as the workers' */
	struct rte_mempool *mbufs;
	struct rte_ring *rings[DP_LIVE_WORKERS_MAX][DP_LIVE_WORKERS_MAX]; /* [from][to] */
	struct live_worker *workers; /* nworkers */
	struct live_worker *stand_ins; /* nworkers; NULL: nobody stands in for a stalled worker */
	dp_say say;
	void *say_arg;
	_Alignas(64) _Atomic bool stop; /* main: wo, workers: ro */
	_Atomic unsigned reached[LIVE_STEPS]; /* how many workers have */
};

/* Queue q of a port has one worker, to receive by and to send by, and it is the same for both ports. */
static inline unsigned live_queue_worker(const struct dp_live *l, unsigned q)
{
	return q % l->nworkers;
}

/* The queue that carries what `worker` sends by a port: its own, else always the same of another, so that the order holds. */
static inline unsigned live_queue_of(const struct dp_live *l, unsigned port, unsigned worker)
{
	return worker % l->ports[port].tx_queues;
}

uint64_t live_clock(clockid_t id); /* ns */
uint64_t live_mono(void);

/* The source and the sink of a worker; arg: struct live_worker. */
uint16_t live_rx(void *arg, struct rte_mbuf **m, uint16_t n);
void live_tx(void *arg, struct rte_mbuf *m, unsigned out);
/* A packet for another worker (dp_give). */
bool live_give(void *arg, struct rte_mbuf *m, const struct dp_packet *pkt, enum dp_owner whose);
/* Sends what is staged. */
void live_flush(struct live_worker *lw);
/* lcore main. arg: struct live_worker. */
int live_run(void *arg);

/* dp_live_pass. 0 or -ENOMEM. */
int live_stand_ins_make(struct dp_live *l);
void live_stand_ins_free(struct dp_live *l);
/* The program ends: main has no worker's queues any more. */
void live_stand_ins_end(struct dp_live *l);

#endif
