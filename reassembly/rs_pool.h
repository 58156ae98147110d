/* SPDX-License-Identifier: Apache-2.0 */
/* rs_pool: objects of one size, taken from memory given at start.
 *
 * Owner:  one thread; never shared.
 * Memory: the caller's, RS_POOL_BYTES(size, n) of it, aligned to 64 bytes; no allocation after.
 * Errors: an empty pool answers NULL and counts it in `failed`; the caller has a policy for that.
 * Under AddressSanitizer a free object is poisoned, so that use after put is found. */
#ifndef RS_POOL_H
#define RS_POOL_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define RS_POOL_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RS_POOL_ASAN 1
#endif
#endif
#ifdef RS_POOL_ASAN
#include <sanitizer/asan_interface.h>
#define RS_POOL_POISON(p, n) ASAN_POISON_MEMORY_REGION(p, n)
#define RS_POOL_UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION(p, n)
#else
#define RS_POOL_POISON(p, n) ((void)(p), (void)(n))
#define RS_POOL_UNPOISON(p, n) ((void)(p), (void)(n))
#endif

struct rs_pool {
	void *free; /* given back: singly linked through the objects' first word */
	char *fresh; /* never handed out yet: its pages are not touched before their time */
	uint32_t nfresh;
	uint32_t object_size; /* bytes, a multiple of 16 */
	uint32_t size; /* objects in all */
	uint32_t used; /* objects out */
	uint32_t peak; /* most objects ever out */
	uint64_t failed; /* gets that found it empty */
};

#define RS_POOL_OBJECT(size) (((size) + 15u) & ~(size_t)15u)
#define RS_POOL_BYTES(size, n) (RS_POOL_OBJECT(size) * (size_t)(n))

void rs_pool_init(struct rs_pool *p, void *mem, size_t object_size, uint32_t n);

void *rs_pool_get_fresh(struct rs_pool *p); /* rs_pool_get's, when nothing was given back */

/* An object, its bytes undefined; NULL when all are out. */
static inline void *rs_pool_get(struct rs_pool *p)
{
	void *o = p->free;
	if (!o)
		return rs_pool_get_fresh(p);
	RS_POOL_UNPOISON(o, p->object_size);
	memcpy(&p->free, o, sizeof p->free);
	if (++p->used > p->peak)
		p->peak = p->used;
	return o;
}

/* Gives back what rs_pool_get handed out. NULL is allowed and does nothing. */
static inline void rs_pool_put(struct rs_pool *p, void *object)
{
	if (!object)
		return;
	assert(p->used > 0);
	memcpy(object, &p->free, sizeof p->free);
	p->free = object;
	p->used--;
	RS_POOL_POISON(object, p->object_size);
}

/* n bytes at mem are no pool's any more, and may be freed: allocators write into what they take back. */
void rs_pool_release(void *mem, size_t n);

#endif
