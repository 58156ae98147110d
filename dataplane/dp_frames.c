/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_frames.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_mbuf_pool_ops.h>
#include <rte_memzone.h>

#include "dataplane/dp_mbuf.h"

/* The private area must be a multiple of RTE_MBUF_PRIV_ALIGN. */
#define META RTE_ALIGN(sizeof(struct dp_meta), RTE_MBUF_PRIV_ALIGN)

/* Beside the room, with the pool's own header. Spread over memory channels, an object would become longer than a page. */
static uint32_t beside(void)
{
	return rte_mempool_calc_obj_size(sizeof(struct rte_mbuf) + META, RTE_MEMPOOL_F_NO_SPREAD, NULL);
}

uint32_t dp_frames_room(uint32_t room, bool whole_pages)
{
	uint32_t page = (uint32_t)getpagesize();
	return whole_pages && room + beside() <= page && page - beside() <= UINT16_MAX ? page - beside() : room;
}

/* Where there are no huge pages DPDK lets no object cross a page, so that one of 2.5 KB has 4 KB. Each thread's cache is in the pool's
 * header, whether or not there is such a thread; and a ring has room for all objects. */
size_t dp_frames_bytes(uint32_t n, uint32_t room)
{
	size_t page = (size_t)getpagesize(), each = rte_mempool_calc_obj_size(sizeof(struct rte_mbuf) + META + room, 0, NULL);
	size_t of_page = page / each, pages = of_page ? n / of_page + 1 : n * ((each + page - 1) / page);
	return (pages + 1) * page + sizeof(struct rte_mempool) + RTE_MAX_LCORE * sizeof(struct rte_mempool_cache) +
	       (size_t)rte_align32pow2(n + 1) * sizeof(void *) + page;
}

static void free_zone(struct rte_mempool_memhdr *piece, void *arg)
{
	(void)piece;
	rte_memzone_free(arg);
}

/* The pool would take memory that begins anywhere, and put its first object at the next page. */
static int populate(struct rte_mempool *pool, const char *name, uint32_t n, size_t page)
{
	char zone[RTE_MEMZONE_NAMESIZE];
	size_t granule;
	int rc = rte_mempool_get_page_size(pool, &granule);
	if (rc != 0)
		return rc;
	snprintf(zone, sizeof zone, "%s_pages", name);
	const struct rte_memzone *z = rte_memzone_reserve_aligned(zone, n * page, pool->socket_id, 0, (unsigned)page);
	if (!z)
		return -rte_errno;
	rc = rte_mempool_populate_virt(pool, z->addr, z->len, granule, free_zone, (void *)(uintptr_t)z);
	if (rc <= 0)
		rte_memzone_free(z);
	return rc == (int)n ? 0 : rc < 0 ? rc : -ENOMEM;
}

static struct rte_mempool *create_pages(const char *name, uint32_t n, uint32_t cache, struct rte_pktmbuf_pool_private *own)
{
	struct rte_mempool *pool = rte_mempool_create_empty(name, n, sizeof(struct rte_mbuf) + META + own->mbuf_data_room_size, cache,
	                                                    sizeof *own, (int)rte_socket_id(), RTE_MEMPOOL_F_NO_SPREAD);
	if (!pool)
		return NULL;
	int rc = rte_mempool_set_ops_byname(pool, rte_mbuf_best_mempool_ops(), NULL);
	if (rc != 0)
		goto failed;
	rte_pktmbuf_pool_init(pool, own);
	rc = populate(pool, name, n, (size_t)getpagesize());
	if (rc != 0)
		goto failed;
	rte_mempool_obj_iter(pool, rte_pktmbuf_init, NULL);
	return pool;
failed:
	rte_mempool_free(pool);
	rte_errno = -rc;
	return NULL;
}

struct rte_mempool *dp_frames_create(const char *name, uint32_t n, uint32_t cache, uint32_t room, bool whole_pages)
{
	struct rte_pktmbuf_pool_private own = { .mbuf_data_room_size = (uint16_t)dp_frames_room(room, whole_pages),
						.mbuf_priv_size = META };
	if (whole_pages && own.mbuf_data_room_size + beside() <= (uint32_t)getpagesize())
		return create_pages(name, n, cache, &own);
	return rte_pktmbuf_pool_create(name, n, cache, own.mbuf_priv_size, own.mbuf_data_room_size, (int)rte_socket_id());
}

static void last(struct rte_mempool *pool, void *arg, void *object, unsigned i)
{
	uintptr_t *end = arg, at = (uintptr_t)object - pool->header_size;
	(void)i;
	*end = RTE_MAX(*end, at);
}

bool dp_frames_gapless(struct rte_mempool *pool)
{
	const struct rte_mempool_memhdr *piece = STAILQ_FIRST(&pool->mem_list);
	uint64_t each = rte_mempool_calc_obj_size(pool->elt_size, pool->flags, NULL);
	uintptr_t at = 0;
	if (!piece || pool->nb_mem_chunks != 1)
		return false;
	rte_mempool_obj_iter(pool, last, &at);
	return at + each - (uintptr_t)piece->addr <= pool->populated_size * each;
}
