/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/rs_pool.h"

#include <assert.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define POOL_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POOL_ASAN 1
#endif
#endif
#ifdef POOL_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

void rs_pool_init(struct rs_pool *p, void *mem, size_t object_size, uint32_t n)
{
	object_size = RS_POOL_OBJECT(object_size);
	*p = (struct rs_pool){ .fresh = mem, .nfresh = n, .object_size = (uint32_t)object_size, .size = n };
	ASAN_POISON_MEMORY_REGION(mem, object_size * n);
}

void *rs_pool_get(struct rs_pool *p)
{
	char *o = p->free;
	if (o) {
		ASAN_UNPOISON_MEMORY_REGION(o, p->object_size);
		memcpy(&p->free, o, sizeof p->free);
	} else if (p->nfresh) {
		o = p->fresh;
		p->fresh += p->object_size;
		p->nfresh--;
		ASAN_UNPOISON_MEMORY_REGION(o, p->object_size);
	} else {
		p->failed++;
		return NULL;
	}
	if (++p->used > p->peak)
		p->peak = p->used;
	return o;
}

void rs_pool_put(struct rs_pool *p, void *object)
{
	if (!object)
		return;
	assert(p->used > 0);
	memcpy(object, &p->free, sizeof p->free);
	p->free = object;
	p->used--;
	ASAN_POISON_MEMORY_REGION(object, p->object_size);
}

void rs_pool_release(void *mem, size_t n)
{
	ASAN_UNPOISON_MEMORY_REGION(mem, n);
}
