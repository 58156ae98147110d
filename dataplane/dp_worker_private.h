/* SPDX-License-Identifier: Apache-2.0 */
/* What dp_worker_make.c makes a worker with: its callbacks. As the headers say that name them. */
#ifndef DP_WORKER_PRIVATE_H
#define DP_WORKER_PRIVATE_H

#include "dataplane/dp_worker.h"

/* dp_inspect: a record goes to control; those that control is done with come back. arg: struct dp_worker. */
bool dp_worker_send_record(void *arg, struct ct_record *r);
bool dp_worker_reclaim_records(void *arg, bool wait);

/* dp_frags: the beginning of a datagram. */
void dp_worker_begun(void *arg, struct rte_mbuf *m);

/* rs_stream_mem: references to mbufs, of which the burst lends its own as long as it lasts (dp_meta). */
void dp_worker_ref_get(void *ref);
void dp_worker_ref_put(void *ref);

#endif
