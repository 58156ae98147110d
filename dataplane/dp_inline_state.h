/* SPDX-License-Identifier: Apache-2.0 */
/* dp_inline_state: a watched connection: what is kept of it while it goes through the sensor, its states, and its end.
 *
 * Owner:  one worker. Memory: of its pools `inlines`, `fars`, `runs` and `replies`.
 * Units:  offsets of the client's stream in bytes from ISN+1; times in nanoseconds.
 * f->inl is NULL until it is watched, and again when it is found to be no mail, and at its end; where both ends were reset, soon after
 * that. */
#ifndef DP_INLINE_STATE_H
#define DP_INLINE_STATE_H

#include "dataplane/dp_craft.h"
#include "dataplane/dp_kept.h"
#include "dataplane/dp_replies.h"
#include "dataplane/dp_worker.h"

#define DP_ANSWER_REPEAT_NS UINT64_C(1000000000)
#define DP_ANSWER_RESETS 3 /* repetitions of a reset, for a lost one; later ones answer what is said */

enum dp_inline_state {
	DP_INLINE_OPEN, /* read and forwarded */
	DP_INLINE_REFUSING, /* a message is not to be delivered; replies to what went before it are awaited */
	DP_INLINE_ANSWERING, /* the server was reset; the client is answered here */
	DP_INLINE_RESET, /* both ends were, and it is over: their resets are repeated, for a lost one */
};

struct dp_inline { /* the order leaves no holes: a million of them are kept */
	TAILQ_ENTRY(dp_inline) due; /* in the list of its state: by the time that it entered it, or spoke last */
	struct dp_flow *flow;
	struct dp_hold hold; /* of the client's bytes */
	struct dp_kept_clock clock; /* of the client's timestamps */
	struct dp_voice voice[2]; /* by direction */
	struct dp_voice_far *far; /* two, of the voices; NULL: neither needs one */
	struct dp_replies *replies; /* DP_INLINE_ANSWERING */
	uint64_t since; /* for its list */
	union {
		uint64_t base; /* offset where the session's first byte stood */
		uint32_t server_next; /* DP_INLINE_RESET: the server's next number; closing its stream gave up holes in it */
	};
	uint32_t isn; /* of the client, as hold counts */
	uint8_t state : 4; /* enum dp_inline_state */
	uint8_t resets : 4; /* DP_INLINE_RESET: repetitions, up to DP_ANSWER_RESETS */
	uint8_t unreadable; /* enum ct_reason: for that reason it is not read any more, and both ends are about to be reset */
};

/* Watches it from here on: f->inl, open. Where the pool is empty, what was reset longest ago gives way. False: there is no room,
 * counted. */
bool dp_inline_begin(struct dp_worker *w, struct dp_flow *f);

/* This packet stands behind headers that a voice keeps elsewhere: room for them, if it is not there. False: there is none, counted. */
bool dp_inline_far(struct dp_worker *w, struct dp_inline *in, const struct dp_packet *pkt);

/* Of the voice of that direction. */
static inline struct dp_voice_far *dp_inline_far_of(const struct dp_inline *in, unsigned dir)
{
	return in->far ? &in->far[dir] : NULL;
}

/* It enters the state, or stays in it and is the last of its list again. */
void dp_inline_enter(struct dp_worker *w, struct dp_inline *in, enum dp_inline_state state, uint64_t now);

/* It is watched no more; what is held of it is given back. */
void dp_inline_free(struct dp_worker *w, struct dp_flow *f);

/* Its end: its session is closed, and whoever still speaks is reset. f->inl is gone then. why: as dp_session_end's. */
void dp_inline_end(struct dp_worker *w, struct dp_flow *f, enum ct_reason why);

/* Both ends are reset, and that is its end; nothing of it is held any more. Of one that was not being answered the resets are
 * repeated (dp_inline_reset_again). Where f->inl is not there, who speaks next is reset. */
void dp_inline_kill(struct dp_worker *w, struct dp_flow *f, enum ct_reason why);

/* DP_INLINE_RESET, and DP_ANSWER_REPEAT_NS have passed. After the last repetition f->inl is gone. */
void dp_inline_reset_again(struct dp_worker *w, struct dp_flow *f, uint64_t now);

/* The connection is about to be forgotten: where its ends could go on without being read, both are reset. f->inl is there. */
void dp_inline_leave(struct dp_worker *w, struct dp_flow *f);

#endif
