/* SPDX-License-Identifier: Apache-2.0 */
/* dp_frags_private: what dp_frags (under way, and who gives way), dp_frags_find (which one) and dp_frags_remember (what was whole)
 * share. Of all: owner, memory and units as in dp_frags.h. */
#ifndef DP_FRAGS_PRIVATE_H
#define DP_FRAGS_PRIVATE_H

#include "dataplane/dp_datagram.h"
#include "dataplane/dp_frags.h"

#define SECOND UINT64_C(1000000000)

struct dp_datagram {
	TAILQ_ENTRY(dp_datagram) in_order, in_group;
	struct dp_datagram *next; /* of its bucket */
	struct dp_frags_key key;
	uint32_t bucket, kept, group; /* kept: mbufs */
	uint16_t input, longest; /* longest: frame of its fragments */
	uint64_t since;
	struct rs_frag frag;
	struct rte_mbuf *first, **last; /* fragments, in the order they came */
	struct dp_tags tags; /* of its first fragment; until that comes, of the first that came */
	uint8_t depth; /* most of a fragment's: some may have come in fragments themselves, and others whole */
	bool lost; /* fragments of it were given up before: its receiver may have them */
	bool news; /* something in it is no repetition of a datagram that was whole, and is remembered */
	bool differs; /* a fragment is a datagram whose own fragments differ: */
	struct dp_fragments_differ differ;
	bool done; /* it was whole, and is remembered: its fragments are in no account any more */
	bool contradicted; /* a later fragment says other than it did, and that was told */
	uint8_t tried; /* later fragments that were put in the place of its own */
};

/* dp_frags_find. */

void frags_key(const struct dp_frags *f, const struct dp_packet *pkt, const struct dp_meta *meta, uint32_t id, struct dp_frags_key *k);
uint64_t frags_hash(const struct dp_frags *f, const struct dp_frags_key *k);
/* Whose it is: DP_FRAGS_GROUPS of them. */
uint32_t frags_group(const struct dp_frags *f, const struct dp_frags_key *k);
/* The one under way; NULL: there is none. */
struct dp_datagram *frags_find(const struct dp_frags *f, const struct dp_frags_key *k);
/* The next one from d on that was whole. The newest comes first. */
struct dp_datagram *frags_find_done(struct dp_datagram *d, const struct dp_frags_key *k);

/* Its place in `lost`, in which the second stands. */
uint32_t *frags_lost(const struct dp_frags *f, const struct dp_frags_key *k);
uint32_t frags_second(uint64_t time);
bool frags_was_lost(const struct dp_frags *f, const struct dp_frags_key *k, uint64_t now);

/* dp_frags. */

/* A frame of the datagram, that stands for one of its fragments. NULL: no mbuf is to be had. */
struct rte_mbuf *frags_make(const struct dp_frags *f, const struct dp_datagram *d, const struct rte_mbuf *for_, uint64_t time);
/* Takes it out of all lists; its fragments are the caller's. */
void frags_unlist(struct dp_frags *f, struct dp_datagram *d);
/* To be given to `begun`, behind those that are to be. */
void frags_put_beginning(struct dp_frags *f, struct rte_mbuf *m);
bool frags_is_over(const struct dp_frags *f, const struct dp_datagram *d, uint64_t now);

/* dp_frags_remember. */

/* One that became whole: it is `done` from here on, with its fragments, which are in no account any more. */
void frags_remember(struct dp_frags *f, struct dp_datagram *d, uint64_t now);
/* Nothing is compared with it from here on: its connection tells whether its receiver has taken it by now. It is gone. */
void frags_stop_remembering(struct dp_frags *f, struct dp_datagram *d, uint64_t now);
/* The same, and nobody is told. Of any that is in no account. */
void frags_forget(struct dp_frags *f, struct dp_datagram *d);
/* A fragment with those of its number that were whole: what says other is put to be told. Returns whether it repeats one of them. */
bool frags_compare(struct dp_frags *f, const struct dp_frags_key *k, const struct rs_frag_part *part);

#endif
