/* SPDX-License-Identifier: Apache-2.0 */
/* dp_anomaly: what no honest sender's packets do, and bytes that are missing: told once a connection and event.
 *
 * Owner:  one worker. Memory: two bits an event in the flow; records from the worker's pool.
 * Events have Suricata's names where it has one. Of connections that are not mail nothing is told; what is not known yet to be mail has
 * its events told when its session begins. */
#ifndef DP_ANOMALY_H
#define DP_ANOMALY_H

#include "dataplane/dp_worker.h"
#include "reassembly/rs_overlap.h"

/* Tells it of a connection's direction. seen: where bytes contradict, both places; else NULL. Where the event means that the receiver
 * may have read other bytes than were read here, the messages under way, or the next one, are not clean. */
void dp_anomaly_flow(struct dp_worker *w, struct dp_flow *f, unsigned dir, enum dp_anomaly which, const struct rs_contradiction *seen);

/* The same of a segment that is not forwarded. What was read in its place may never have arrived: the messages under way are not clean. */
void dp_anomaly_refused(struct dp_worker *w, struct dp_flow *f, unsigned dir, enum dp_anomaly which);

/* f->session has begun: what was noticed before is told now. */
void dp_anomaly_session(struct dp_worker *w, struct dp_flow *f);

/* The doubt of that number. A constant. */
const struct dp_doubted *dp_doubted_of(unsigned number);

/* "stream.reassembly_overlap_different_data"; a constant. */
const char *dp_anomaly_name(enum dp_anomaly which);

#endif
