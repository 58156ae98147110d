/* SPDX-License-Identifier: Apache-2.0 */
/* pg_feed: traffic in memory through one worker, round by round: what measurements of a worker share.
 *
 * A round goes over all frames in bursts and is timed around dp_worker_burst only: building mbufs and renewing addresses is the
 * generator's work. Every flow of every round is new.
 *
 * Owner: the caller, main thread. Memory: heap and EAL's. Units: cycles of the TSC; times in nanoseconds, made up. */
#ifndef PG_FEED_H
#define PG_FEED_H

#include "dataplane/dp_worker.h"
#include "pktgen-tests/pg_wire.h"

struct pg_feed {
	struct pg_wire wire;
	enum dp_link link;
	bool in_line; /* between two ports, sending to nobody */
	bool as_it_is; /* addresses are not renewed: a capture's frames */
	struct ct_config config; /* the caller's to fill in before pg_feed_open */
	struct mt_ruleset *rules;
	struct dp_worker *worker;
	struct rte_mempool *mbufs;
	uint64_t seq, ticks, time;
	uint64_t found[CT_VERDICT_MAX], reasons[CT_REASON_MAX], messages;
	bool dry; /* mbufs ran out */
};

/* Starts EAL and makes the worker. The wire is filled; program stands in messages. 0, or -1 and a line on standard error. */
int pg_feed_open(struct pg_feed *f, const char *program);
/* Ends EAL, too. */
void pg_feed_close(struct pg_feed *f);
/* Bursts in a round: slices for pg_rounds. */
size_t pg_feed_bursts(const struct pg_feed *f);
/* One round; cycles: of each burst, added up. Then all connections that are still there expire. */
void pg_feed_round(struct pg_feed *f, uint32_t round, uint64_t *cycles);
/* As the worker fetches a frame ahead. */
void pg_feed_fetch(const struct pg_feed *f, const struct pg_frame *frame);
/* Traffic that is larger than four times the last cache, so that no frame is still in it when it comes again; `cache` its bytes. */
size_t pg_feed_traffic(size_t cache);
/* In the place of a port, for other workers too: nothing comes, and what leaves is counted and freed. sink: where the worker
 * stands, struct dp_worker **. */
uint16_t pg_feed_no_rx(void *source, struct rte_mbuf **m, uint16_t n);
void pg_feed_no_wire(void *sink, struct rte_mbuf *m, unsigned out);

#endif
