/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_memory.h"

struct list {
	struct dp_memory *to;
	unsigned n;
};

static void add(struct list *l, const char *name, uint32_t size, uint32_t used, uint32_t peak, size_t bytes)
{
	if (size > 0 && l->n < DP_MEMORY_MAX)
		l->to[l->n++] = (struct dp_memory){ name, size, used, peak, bytes / size, bytes };
}

static void add_pool(struct list *l, const char *name, const struct rs_pool *p)
{
	add(l, name, p->size, p->used, p->peak, (size_t)p->object_size * p->size);
}

unsigned dp_memory_view(const struct dp_worker *w, struct dp_memory to[DP_MEMORY_MAX])
{
	struct list l = { to, 0 };
	const struct dp_inspect *in = &w->inspect;
	struct mt_worker_stats mt = { 0 };
	mt_worker_stats(in->matcher, &mt);
	add_pool(&l, "flows", &w->flows.pool);
	add(&l, "flow_hash", w->flows.pool.size, w->flows.pool.used, w->flows.pool.peak, dp_flow_hash_bytes(w->flows.pool.size));
	add_pool(&l, "segments", &w->segments);
	add_pool(&l, "holders", &w->holders);
	add_pool(&l, "inlines", &w->inlines);
	add_pool(&l, "fars", &w->fars);
	add_pool(&l, "runs", &w->runs);
	add_pool(&l, "replies", &w->replies);
	add_pool(&l, "sessions", &in->sessions);
	add_pool(&l, "tunnels", &in->tunnels);
	add_pool(&l, "lines", &in->lines);
	add_pool(&l, "messages", &in->messages);
	add_pool(&l, "contents", &in->contents);
	add_pool(&l, "headers", &in->headers);
	add_pool(&l, "files", &in->files);
	add_pool(&l, "zips", &in->zips);
	add_pool(&l, "inflates", &in->inflates);
	add_pool(&l, "executables", &in->executables);
	add_pool(&l, "trial_contents", &in->trial_contents);
	add_pool(&l, "trial_headers", &in->trial_headers);
	add_pool(&l, "trial_files", &in->trial_files);
	add_pool(&l, "trial_zips", &in->trial_zips);
	add_pool(&l, "trial_inflates", &in->trial_inflates);
	add_pool(&l, "records", &in->records);
	add_pool(&l, "blocks", &in->blocks);
	add(&l, "streams", mt.streams_size, mt.streams_used, mt.streams_peak, mt.bytes);
	add(&l, "record_rings", in->records.size, 0, 0, 2 * sizeof(void *) * rte_align32pow2(in->records.size + 1));
	return l.n;
}
