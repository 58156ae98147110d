/* SPDX-License-Identifier: Apache-2.0 */
/* dp_frames: the pool of frames: of all live ports, of captures, of tests.
 *
 * DPDK's driver for AF_XDP tells the kernel that the pool is as long as its objects are together. Where the pool leaves gaps,
 * because no object may cross a page, the kernel knows only the beginning. It drops a frame from beyond, without a word: one for
 * receiving is never given back, one to be sent is not sent. So for AF_XDP each object is a whole page.
 *
 * Owner:  the main thread; what is taken from it and given back, any lcore.
 * Memory: EAL's, all at once. */
#ifndef DP_FRAMES_H
#define DP_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_mempool.h>

/* The room for data, headroom included, of frames that need `room`: more, where whole pages are wanted and a page is enough. */
uint32_t dp_frames_room(uint32_t room, bool whole_pages);

/* What such a pool of n mbufs takes of EAL's memory, at most. May be called before EAL is started. */
size_t dp_frames_bytes(uint32_t n, uint32_t room);

/* n mbufs, with dp_meta in front of the data. NULL: rte_errno says why. */
struct rte_mempool *dp_frames_create(const char *name, uint32_t n, uint32_t cache, uint32_t room, bool whole_pages);

/* Whether the pool is one piece without gaps: what AF_XDP's driver takes it for. */
bool dp_frames_gapless(struct rte_mempool *pool);

#endif
