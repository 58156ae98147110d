/* SPDX-License-Identifier: Apache-2.0 */
/* dp_inline_read: reading the client's bytes out of what dp_hold remembers of them, and where that says they may not go on.
 *
 * Owner:  one worker. Memory: none. */
#ifndef DP_INLINE_READ_H
#define DP_INLINE_READ_H

#include "dataplane/dp_inline_state.h"

/* Reads what is in order, as far as it may be read, and sets hold.limit by it. f->inl is there, and stays; where it must not be
 * read any more, its `unreadable` says why, and the caller ends it. */
void dp_inline_read(struct dp_worker *w, struct dp_flow *f);

#endif
