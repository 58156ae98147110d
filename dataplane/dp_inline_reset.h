/* SPDX-License-Identifier: Apache-2.0 */
/* dp_inline_reset: packets of ours in a watched connection, as either end of it, above all resets.
 *
 * Owner:  one worker. Memory: an mbuf for each frame (dp_reset_send). f->inl is there. */
#ifndef DP_INLINE_RESET_H
#define DP_INLINE_RESET_H

#include "dataplane/dp_inline_state.h"

/* As the side `dir`, to the other one: what->ends are set here. */
void dp_inline_speak(struct dp_worker *w, struct dp_flow *f, unsigned dir, struct dp_craft *what);

/* The next number that the server will say, as far as it was read. */
uint32_t dp_inline_server_next(const struct dp_flow *f);

/* What the server has acknowledged may be less than what it has: it takes a reset at exactly what it has (RFC 5961 3.2), and
 * answers any other with that number, which dp_inline_answer_segment then uses. */
void dp_inline_reset_server(struct dp_worker *w, struct dp_flow *f);

/* A reset to each end, at the number that it acknowledged last. */
void dp_inline_reset_both(struct dp_worker *w, struct dp_flow *f);

#endif
