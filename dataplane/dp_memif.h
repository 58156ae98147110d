/* SPDX-License-Identifier: Apache-2.0 */
/* dp_memif: the end of a memif's connection waits for who is at its queues.
 *
 * When the other side goes, the driver learns it in EAL's interrupt thread, and gives back the memory that both shared at once,
 * also where a worker is in the middle of a burst: that one then reads what is not there any more, and the program is gone. So
 * memif_free_regions is linked in our place (meson.build): it waits until nobody is at the queues, and lets nobody to them
 * meanwhile. Descriptors that wake a peer who sleeps are closed before, and not held back: mailweir, and who polls, needs none.
 *
 * Owner:  nobody; one gate for all memif ports of the process.
 * Memory: static.
 * Errors: none. */
#ifndef DP_MEMIF_H
#define DP_MEMIF_H

#include <stdbool.h>

/* Any thread but EAL's interrupt thread: before each use of a memif port's queue. False: its memory is being given back; it is
 * not to be used now, and dp_memif_leave is not to be called. Never waits. */
bool dp_memif_enter(void);
void dp_memif_leave(void);

#endif
