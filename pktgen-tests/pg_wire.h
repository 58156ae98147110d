/* SPDX-License-Identifier: Apache-2.0 */
/* pg_wire: SMTP sessions as Ethernet frames in one block of memory, many sessions interleaved.
 *
 * Owner: the caller. Memory: heap. Checksums are not filled in but by pg_wire_sum. */
#ifndef PG_WIRE_H
#define PG_WIRE_H

#include "pktgen-tests/pg_mail.h"

struct pg_frame {
	size_t off; /* in data */
	uint32_t len;
	uint32_t session;
	uint32_t payload, payload_len; /* of the attachment's encoded text in this frame; length 0: none */
	bool ends; /* with the last of its session's; set by whoever needs it */
};

struct pg_wire {
	uint8_t *data;
	size_t len, cap;
	struct pg_frame *frames;
	size_t nframes, capframes;
	bool failed; /* out of memory */
};

/* One session that sends one message, in segments of mss bytes; appended as it would follow in time. */
void pg_wire_session(struct pg_wire *w, uint32_t session, const struct pg_mail *m, uint32_t mss);

/* One session that goes over to TLS and sends so many bytes of noise, which nobody can read: what pg_frame calls payload. */
void pg_wire_tls(struct pg_wire *w, uint32_t session, size_t bytes, uint32_t mss);

/* Makes so many of a hundred segments with payload (30 at most) come late in their session, by one to three others; what the other
 * side acknowledges is what it has by then. Before pg_wire_interleave. Returns how many are late. */
uint64_t pg_wire_disorder(struct pg_wire *w, unsigned percent, uint64_t seed);

/* One frame as it stands. NULL when memory is out. */
struct pg_frame *pg_wire_add(struct pg_wire *w, const uint8_t *p, uint32_t len);

/* Mixes the frames of `together` sessions at a time, keeping each session's order. 0 or -ENOMEM. */
int pg_wire_interleave(struct pg_wire *w, uint32_t sessions, uint32_t together, uint64_t seed);

/* Makes every connection a new one: writes `round` into the client's address. */
void pg_wire_renew(struct pg_wire *w, uint32_t round);
/* Fills in the checksums of IP and TCP, of the frames as they are now. */
void pg_wire_sum(struct pg_wire *w);
/* Whether it is the client's. */
bool pg_wire_from_client(const struct pg_wire *w, const struct pg_frame *f);

void pg_wire_free(struct pg_wire *w);

#endif
