/* SPDX-License-Identifier: Apache-2.0 */
/* dp_protocol: what the bytes of a connection are (enum dp_protocol), by its first ones where its ports do not tell; a mail
 * dialogue's go to its session, which begins with the first of them.
 *
 * Owner:  one worker. Memory: a session of the worker's pools. Units: bytes.
 * f->proto says what is known: it is the caller's at the beginning, and of these functions afterwards. */
#ifndef DP_PROTOCOL_H
#define DP_PROTOCOL_H

#include "dataplane/dp_worker.h"

/* Reads payload in order; returns how many bytes were taken: fewer when reading is halted there. */
size_t dp_protocol_read(struct dp_worker *w, struct dp_flow *f, unsigned dir, const uint8_t *p, size_t n);
/* n bytes of that direction will never be seen. */
void dp_protocol_gap(struct dp_worker *w, struct dp_flow *f, unsigned dir, uint64_t n);
/* Before its end, of one that has no session, and of which segments found no room: where it is mail's by its ports one begins, for
 * what was not read. */
void dp_protocol_no_room(struct dp_worker *w, struct dp_flow *f);
/* Tells by a direction's first bytes what they are (f->proto). False: they are too few; or they are mail, but of the other side than
 * the handshake told, and the connection is watched (f->inl->unreadable says so; elsewhere f->client changes). */
bool dp_protocol_tell(struct dp_worker *w, struct dp_flow *f, unsigned dir, const uint8_t *first, size_t n);

/* It is mail, as the other direction told: that one's bytes that were too few to tell are read now, before anything else. */
void dp_protocol_catch_up(struct dp_worker *w, struct dp_flow *f, unsigned dir);

/* dp_identify of dp_inspect: of a struct dp_flow. */
void dp_protocol_identify(const void *flow, struct ct_flow *to);
/* dp_number of it. */
uint32_t dp_protocol_number(void *flow);

#endif
