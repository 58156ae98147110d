/* SPDX-License-Identifier: Apache-2.0 */
/* dp_reader: capture files made into mbufs and handed to the workers, each connection's to one worker.
 *
 * Fragments are collected here, before anything goes to a worker, so that what comes of them does not depend on how many there
 * are: a datagram has the time of the packet that completed it. Frames are numbered as they go to a worker, each with a number of its own,
 * so that what a worker is done with tells which records are still to come.
 *
 * Owner: the main thread. Memory: the mbuf pool, a ring for each worker, and the table of fragments, taken at start. When a ring
 * is full or the pool is empty the reader waits: nothing is lost between file and worker. */
#ifndef DP_READER_H
#define DP_READER_H

#include <signal.h>
#include <stdatomic.h>

#include "dataplane/dp_frags.h"

#define DP_READER_RING 1024 /* frames on the way to a worker */
#define DP_WORKERS_MAX 64

struct dp_reader {
	struct rte_mempool *mbufs;
	struct rte_ring *rings[DP_WORKERS_MAX];
	unsigned workers;
	struct dp_tunnels tunnels; /* as the workers', so that packets reach the owners of inner connections */
	uint64_t seq; /* of the last frame that went to a worker, tick or end */
	uint64_t second; /* of the last tick */
	uint64_t packets, bytes;
	struct dp_frags frags;
	void *frags_mem;
	struct ct_account account[DP_PORTS_MAX]; /* of fragments; the first */
	struct rte_mbuf *staged[DP_WORKERS_MAX][DP_BURST];
	uint16_t nstaged[DP_WORKERS_MAX];
	volatile sig_atomic_t *stop; /* set: stop reading */
	void (*progress)(void *arg, uint64_t packets, uint64_t done, uint64_t size); /* a few times a second; may be NULL */
	void *progress_arg;
	_Alignas(64) _Atomic uint64_t dispatched; /* reader: wo, workers: ro. All packets up to this number are in the rings */
};

/* 0, or -errno with one line in err. */
int dp_reader_init(struct dp_reader *r, const struct ct_config *config, unsigned workers, char *err, size_t err_size);
void dp_reader_free(struct dp_reader *r);

/* A worker's dp_rx; the source is its ring. */
uint16_t dp_reader_rx(void *ring, struct rte_mbuf **m, uint16_t n);

/* DP_READ_OK also when *stop was set before its end. */
enum dp_read_status { DP_READ_OK, DP_READ_NOT, DP_READ_CUT };

/* Reads one file to its end. DP_READ_NOT: nothing of it could be read; DP_READ_CUT: read up to where it is cut or damaged,
 * or its packets were cut by a snap length. Both leave one line in err. */
enum dp_read_status dp_reader_file(struct dp_reader *r, const char *path, uint16_t input, char *err, size_t err_size);

/* Tells every worker that nothing follows. */
void dp_reader_end(struct dp_reader *r);

#endif
