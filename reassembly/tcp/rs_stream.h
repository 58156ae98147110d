/* SPDX-License-Identifier: Apache-2.0 */
/* rs_stream: in-order view of one TCP direction (RFC 9293 3.4).
 *
 * Owner:  one thread. Memory: nodes of struct rs_seg from the pool given to each call; no allocation.
 * Units:  stream offsets in bytes from ISN+1, 64 bits, so that sequence numbers may wrap.
 * Payload is held by reference: `ref` is the caller's (an mbuf), opaque here. What is held is
 * (ref, skip, len): len payload bytes from byte skip of ref's payload.
 * Overlaps: of held bytes and new ones in their place the receiver's policy keeps one (rs_overlap_takes). It looks at segments as
 * they were sent, so each run knows its segment's extent beside what is left of it. Bytes that were handed on were taken by every
 * receiver.
 * Remembered: bytes that were handed on, until the receiver has acknowledged them (with `waits` longer: whoever acknowledged may not
 * be the receiver), so that rs_stream_compare can tell whether a repetition says the same. At most `remember`, and of all streams together half of held_max and half of the nodes, of which an eighth
 * is theirs whatever is held out of order (rs_stream_reserve: the owner leaves it free). With 0 nothing that was handed on is compared.
 * Beyond that something is forgotten for the new: what this stream remembers longest, where it has more than one part in
 * RS_REMEMBER_STREAM of all that is remembered; else what the largest group of streams remembers longest, where that has more than one
 * part in RS_REMEMBER_GROUP; else what is remembered longest. So nobody keeps what he has by not acknowledging it, and who pushes out
 * others' must be in many groups, and say as much anew as all remember, before they are acknowledged. Streams of RS_GROUP_APART push out
 * each other's only, and have a sixteenth.
 * Work:   in order, or at or behind the last held run: constant. Between held runs: one step a run, of which
 * there are at most `limit` (each costs one at least) and at most the pool's. A repetition: one step a run remembered. What is forgotten
 * for something new costs twice as much at most, and a look at all groups for each run of it. */
#ifndef RS_STREAM_H
#define RS_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "reassembly/rs_overlap.h"
#include "reassembly/rs_pool.h"

struct rs_seg { /* a run of payload, held out of order or remembered */
	struct rs_seg *next;
	uint64_t off;
	void *ref;
	uint32_t skip, len;
	uint32_t cost; /* what the reference costs its owner: mbufs in the chain */
	union {
		uint32_t before; /* held: how far its segment went beyond it, as it was sent; and after */
		uint32_t since; /* remembered: the number of those remembered until then */
	};
	union {
		struct {
			uint32_t after;
			/* held: the number of its segment; what took its segment's place, or was appended to it, has the same */
			uint32_t born;
		};
		struct rs_stream *owner; /* remembered: whose it is */
	};
	struct rs_seg *older, *newer; /* remembered: of its group */
};
_Static_assert(sizeof(struct rs_seg) == 64, "a cache line");

struct rs_stream { /* waits: what is acknowledged is remembered, and compared, until rs_stream_forget_late; what was handed on before that
		    * only as long as little is remembered in all */
	uint64_t next; /* offset of the next byte in order */
	uint64_t end; /* highest offset + 1 seen */
	uint64_t fin; /* offset of the FIN; UINT64_MAX until seen */
	uint64_t acked; /* what rs_stream_acked was told: below it nothing is compared */
	struct rs_seg *head; /* held, by offset, not overlapping, none below next */
	struct rs_seg *tail; /* the last of them; NULL when there is none */
	struct rs_seg *kept; /* remembered, none wholly below acked: the last one, whose next is the first; by offset, in a ring */
	uint32_t isn;
	uint32_t born; /* the next segment's number */
	uint16_t held; /* sum of the held segments' cost */
	uint16_t kept_cost, remember; /* sum of the remembered runs' cost; most of it */
	uint8_t policy : 4; /* enum rs_overlap_policy */
	uint8_t lost : 3; /* more than 0: something late was forgotten for want of room, and is neither acknowledged nor remembered */
	bool waits : 1;
	bool late : 1; /* some of what is remembered is acknowledged, or lost */
	bool after : 1; /* and some of that was handed on after its acknowledgement */
	uint8_t group : 6; /* rs_stream_set_group */
};
_Static_assert(RS_OVERLAP_MAX <= 1 << 4, "policy");

enum rs_verdict {
	RS_INORDER, /* the payload from *skip on is in order, up to the new `next`; the caller reads it and keeps the reference */
	RS_HELD, /* one or more references were taken (ref_get was called once a node) */
	RS_DUP, /* nothing in it that the receiver takes */
	RS_LIMIT, /* no node, or over the limit: nothing taken, nothing changed */
	RS_WINDOW, /* further than `window` ahead: nothing taken, nothing changed */
	RS_CONTRADICTS, /* it says other than what was seen in its place, and is refused for that: nothing taken, nothing changed */
};

#define RS_GROUPS 64 /* rs_stream.group has six bits */
#define RS_GROUP_APART (RS_GROUPS - 1)
#define RS_REMEMBER_GROUP 8
#define RS_STREAM_LATE 4 /* times that the owner calls rs_stream_forget_late while something acknowledged is compared */
#define RS_REMEMBER_STREAM 64

struct rs_group { /* streams that share: what they remember */
	struct rs_seg *oldest, *newest;
	uint32_t cost;
	uint32_t since; /* the oldest one's */
};

struct rs_stream_mem { /* how references are taken and given back; one a worker */
	struct rs_pool *segs;
	void (*ref_get)(void *ref);
	void (*ref_put)(void *ref);
	uint32_t window; /* bytes ahead of next that are accepted */
	uint16_t limit; /* most cost that one stream may hold */
	uint32_t held; /* cost held by all streams together, and remembered */
	uint32_t held_max; /* most of it: what the owner of the references can spare */
	uint32_t denied; /* of held_max: what the stream at hand may not hold out of order; in RS_GROUP_APART, nor remember */
	/* Whether len bytes of two payloads are the same; where not, *first says how many are before they differ. NULL: nothing is
	 * compared. */
	bool (*same)(const void *a, uint32_t skip_a, const void *b, uint32_t skip_b, uint32_t len, uint32_t *first);
	uint32_t kept; /* of held: remembered */
	struct rs_group groups[RS_GROUPS];
	uint32_t remembered; /* runs, ever */
	/* Some of what another stream remembers was forgotten. NULL: nobody asks. */
	void (*pushed_out)(struct rs_stream_mem *mem, struct rs_stream *s);
	uint64_t forgotten; /* packets that were forgotten, or not remembered at all, before they were acknowledged */
};

void rs_stream_init(struct rs_stream *s, uint32_t isn, enum rs_overlap_policy policy, uint16_t remember);

/* The offset that a sequence number means, nearest to next; negative when before ISN+1. */
static inline int64_t rs_stream_offset(const struct rs_stream *s, uint32_t seq)
{
	/* RFC 9293 3.4: sequence numbers are compared modulo 2^32; the nearer of the two readings is meant. */
	uint32_t expected = s->isn + 1 + (uint32_t)s->next;
	return (int64_t)s->next + (int32_t)(seq - expected);
}

/* Adds len payload bytes of ref at off (may be below next: then only what is new counts). What starts at or below
 * next needs neither a node nor the window. Where the policy keeps a held run that lies within it, `next` stops
 * before that run. So on RS_INORDER: read next - (off + *skip) bytes from *skip on, call rs_stream_pop until it says
 * false, and, if next is still below off + len, add the same segment again: the rest is in order then, too. In every
 * case the caller keeps its own reference. A segment that fills several holes, or lies within another one whose place it takes,
 * makes a node for each piece, or, when there is not room for all of them, none. */
enum rs_verdict rs_stream_add(struct rs_stream *s, struct rs_stream_mem *mem, uint64_t off, uint32_t len, void *ref,
			      uint32_t cost, uint32_t *skip);

/* Hands out the next held run that has become in order and advances next past it; the caller owns *out's
 * reference (and gives it back with mem->ref_put when it has read it). False when there is none. */
bool rs_stream_pop(struct rs_stream *s, struct rs_stream_mem *mem, struct rs_seg *out);

/* Bytes missing before the first held run, or before `to` when nothing is held below it; 0 when none. */
uint64_t rs_stream_hole(const struct rs_stream *s, uint64_t to);

/* Whether all of len bytes at off, which may be negative, were handed on, given up, or are held. One step a held run. */
bool rs_stream_has(const struct rs_stream *s, int64_t off, uint32_t len);

/* Gives up n missing bytes: next moves past them. Then call rs_stream_pop. */
void rs_stream_skip(struct rs_stream *s, uint64_t n);

/* What shares are parts of: most cost, or nodes where these are fewer. */
static inline uint32_t rs_stream_all(const struct rs_stream_mem *mem)
{
	return mem->held_max < mem->segs->size ? mem->held_max : mem->segs->size;
}

/* Cost, and nodes, that what is held out of order must leave: room to remember. */
static inline uint32_t rs_stream_reserve(const struct rs_stream_mem *mem)
{
	uint32_t all = rs_stream_all(mem);
	return mem->kept < all / 8 ? all / 8 - mem->kept : 0;
}

/* It shares with the streams of that group from here on. Until told: 0. What it remembers counts as remembered just now. */
void rs_stream_set_group(struct rs_stream *s, struct rs_stream_mem *mem, uint8_t group);

/* Remembers len bytes at off that were handed on, the last ones before next: they are from byte skip of ref's payload on, and a
 * reference is taken. Not what is acknowledged already, but for `waits`. */
void rs_stream_keep(struct rs_stream *s, struct rs_stream_mem *mem, uint64_t off, uint32_t len, void *ref, uint32_t skip,
		    uint32_t cost);

void rs_stream_forget_acked(struct rs_stream *s, struct rs_stream_mem *mem); /* rs_stream_acked's */

/* What is acknowledged and lies below `to` is forgotten. Called RS_STREAM_LATE + 1 times, nothing counts as lost any more that did. */
void rs_stream_forget_late(struct rs_stream *s, struct rs_stream_mem *mem, uint64_t to);

/* The receiver has everything below off: it is forgotten, at once or, with `waits`, in time. */
static inline void rs_stream_acked(struct rs_stream *s, struct rs_stream_mem *mem, uint64_t off)
{
	if (off <= s->acked)
		return;
	s->acked = off;
	if (s->kept && !s->after)
		rs_stream_forget_acked(s, mem);
}

/* Forgets all that is remembered. */
void rs_stream_forget(struct rs_stream *s, struct rs_stream_mem *mem);

/* The same for want of room: that it cannot be compared any more is told. */
void rs_stream_lose(struct rs_stream *s, struct rs_stream_mem *mem);

struct rs_seen { /* what was seen in the place of a segment */
	bool contradicts;
	struct rs_contradiction contradiction; /* the first one */
	/* Bytes that were handed on, and are neither remembered nor acknowledged (or may be late): the first run of them. */
	uint32_t unknown_len;
	uint64_t unknown_off;
};

/* Compares len bytes at off, which are from byte skip of ref's payload on, with what is held and remembered in their place. */
void rs_stream_compare(const struct rs_stream *s, const struct rs_stream_mem *mem, uint64_t off, uint32_t len, const void *ref,
		       uint32_t skip, struct rs_seen *seen);

/* What is held out of order goes back unread: its bytes are missing then, though `end` says that the sender went on. */
void rs_stream_drop(struct rs_stream *s, struct rs_stream_mem *mem);

/* Gives every reference and node back. */
void rs_stream_clear(struct rs_stream *s, struct rs_stream_mem *mem);

#endif
