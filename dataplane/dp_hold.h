/* SPDX-License-Identifier: Apache-2.0 */
/* dp_hold: how far one direction of a connection may be forwarded, and what of it is remembered.
 *
 * The receiver must never hold, in one piece from the stream's beginning, the bytes up to and including a message's end that has not been
 * judged, or was judged bad. So each forwarded byte is remembered until the receiver has acknowledged it: what is remembered says what
 * the receiver can have, and whether a repetition says the same.
 *
 * Owner:  one worker. Memory: runs from a pool; references to the packets (opaque here) whose payload they are.
 * Units:  stream offsets in bytes from ISN+1, 64 bits (rs_stream_offset).
 * Work:   in order: constant. Otherwise a step a remembered run, of which there are at most `max` of dp_hold_mem (each costs one at least).
 *
 *   0 ... acked ... edge ... read ......
 *         |         |        bytes from here on were not looked at
 *         |         the receiver lacks this byte, if all that was forwarded reached it
 *         remembered from here on */
#ifndef DP_HOLD_H
#define DP_HOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reassembly/rs_pool.h"

#define DP_HOLD_NO_LIMIT UINT64_MAX

struct dp_hold_run { /* bytes remembered */
	struct dp_hold_run *next;
	uint64_t off;
	void *ref;
	uint32_t skip; /* of ref's payload */
	uint32_t len;
	uint32_t sent; /* leading bytes of it that the receiver may have */
	uint32_t cost;
};

struct dp_hold {
	uint64_t acked, edge, read;
	uint64_t limit; /* edge may not come to exceed it; where it is below edge already, edge stays */
	struct dp_hold_run *head, *tail; /* by offset, not overlapping, none wholly below acked */
	struct dp_hold_run *edge_run, *read_run; /* where to go on looking; NULL: at the head */
	uint32_t unsent; /* runs that were not forwarded whole */
	uint32_t cost; /* of all runs */
};

struct dp_hold_mem { /* one a worker */
	struct rs_pool *runs;
	void (*ref_get)(void *ref);
	void (*ref_put)(void *ref);
	/* Whether len bytes of two packets' payloads are the same. */
	bool (*same)(const void *a, uint32_t skip_a, const void *b, uint32_t skip_b, uint32_t len);
	uint32_t held; /* cost of all directions together */
	uint32_t held_max; /* most of it: what the owner of the packets can spare; at least 8 packets' */
	uint32_t max; /* most of one direction's; likewise */
};

enum dp_hold_verdict {
	DP_HOLD_NEW, /* bytes of it were new, and are remembered now: references were taken */
	DP_HOLD_KNOWN, /* none was new, and those that are remembered are the same */
	DP_HOLD_CONTRADICTS, /* other bytes are remembered in its place: it must not be forwarded. Nothing was taken */
	DP_HOLD_FULL, /* no room to remember it: it must not be forwarded. Nothing was taken */
};

void dp_hold_init(struct dp_hold *h);

/* Remembers len payload bytes of ref at off, in a run for each hole that they fill. Bytes below acked are neither remembered nor
 * compared: keep-alives carry garbage. When the first hole lies behind `read`, an eighth of each limit, and room for another such
 * packet, must stay free: without room for what is read next, nothing would ever be acknowledged, and no room made. */
enum dp_hold_verdict dp_hold_add(struct dp_hold *h, struct dp_hold_mem *mem, uint64_t off, uint32_t len, void *ref, uint32_t cost);

/* How many leading bytes of a segment at off may be forwarded, so that the receiver's edge does not come to exceed the limit. The one
 * place where this is decided. What it says of a segment holds until the next forwarding. */
uint32_t dp_hold_may(const struct dp_hold *h, uint64_t off, uint32_t len);

/* These bytes are being forwarded; dp_hold_may allowed it. */
void dp_hold_forwarded(struct dp_hold *h, uint64_t off, uint32_t len);

/* The first run that was not forwarded whole, or NULL. */
struct dp_hold_run *dp_hold_unsent(struct dp_hold *h);

/* The next bytes to be looked at: len of them from byte skip of ref's payload. False: none is there in order. */
bool dp_hold_unread(struct dp_hold *h, void **ref, uint32_t *skip, uint32_t *len);
/* n of them were. */
void dp_hold_took(struct dp_hold *h, uint32_t n);

/* Everything below is remembered, or was forgotten because it was acknowledged. */
uint64_t dp_hold_known(const struct dp_hold *h);

/* The receiver has acknowledged everything below `to`. False: that is more than was forwarded to it. */
bool dp_hold_ack(struct dp_hold *h, struct dp_hold_mem *mem, uint64_t to);

/* Forgets everything; references go back. */
void dp_hold_clear(struct dp_hold *h, struct dp_hold_mem *mem);

#endif
