/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/rs_pool.h"

void rs_pool_init(struct rs_pool *p, void *mem, size_t object_size, uint32_t n)
{
	object_size = RS_POOL_OBJECT(object_size);
	*p = (struct rs_pool){ .fresh = mem, .nfresh = n, .object_size = (uint32_t)object_size, .size = n };
	RS_POOL_POISON(mem, object_size * n);
}

void *rs_pool_get_fresh(struct rs_pool *p)
{
	if (!p->nfresh) {
		p->failed++;
		return NULL;
	}
	char *o = p->fresh;
	p->fresh += p->object_size;
	p->nfresh--;
	RS_POOL_UNPOISON(o, p->object_size);
	if (++p->used > p->peak)
		p->peak = p->used;
	return o;
}

void rs_pool_release(void *mem, size_t n)
{
	RS_POOL_UNPOISON(mem, n);
}
