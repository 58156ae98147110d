/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_flow.h"

#include <errno.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_hash.h>
#include <rte_hash_crc.h>

int dp_flow_table_init(struct dp_flow_table *t, const char *name, void *mem, uint32_t capacity, uint32_t seed, int socket)
{
	struct rte_hash_parameters params = {
		.name = name,
		.entries = capacity < 8 ? 8 : capacity,
		.key_len = sizeof(struct dp_flow_key),
		.hash_func = rte_hash_crc,
		.hash_func_init_val = seed,
		.socket_id = socket,
		/* Buckets that overflow are chained: every one of the entries fits. */
		.extra_flag = RTE_HASH_EXTRA_FLAGS_EXT_TABLE,
	};
	memset(t, 0, sizeof *t);
	t->hash = rte_hash_create(&params);
	if (!t->hash)
		return -rte_errno;
	rs_pool_init(&t->pool, mem, sizeof(struct dp_flow), capacity);
	for (unsigned i = 0; i < DP_FLOWS_LISTS; i++)
		TAILQ_INIT(&t->lists[i]);
	return 0;
}

void dp_flow_table_free(struct dp_flow_table *t)
{
	rte_hash_free(t->hash);
	t->hash = NULL;
}

void dp_flow_key_make(struct dp_flow_key *k, unsigned *end, const struct dp_packet *pkt, bool vlan)
{
	int order = memcmp(pkt->src, pkt->dst, 16);
	unsigned src = order < 0 || (order == 0 && pkt->sport <= pkt->dport) ? 0 : 1;
	memcpy(k->addr[src], pkt->src, 16);
	memcpy(k->addr[!src], pkt->dst, 16);
	k->port[src] = pkt->sport;
	k->port[!src] = pkt->dport;
	for (unsigned i = 0; i < 2; i++)
		k->vlan[i] = vlan && i < pkt->nvlan ? pkt->vlan[i] : 0xffff;
	k->side = 0;
	k->tunnel[0] = (uint32_t)pkt->tunnel;
	k->tunnel[1] = (uint32_t)(pkt->tunnel >> 32);
	*end = src;
}

struct dp_flow *dp_flow_find(struct dp_flow_table *t, const struct dp_flow_key *k)
{
	void *data;
	if (t->recent && memcmp(&t->recent->key, k, sizeof *k) == 0)
		return t->recent;
	t->recent = rte_hash_lookup_data(t->hash, k, &data) >= 0 ? data : NULL;
	return t->recent;
}

struct dp_flow *dp_flow_add(struct dp_flow_table *t, const struct dp_flow_key *k)
{
	struct dp_flow *f = rs_pool_get(&t->pool);
	if (!f)
		return NULL;
	memset(f, 0, sizeof *f);
	f->key = *k;
	f->list = DP_FLOWS_NEW;
	if (rte_hash_add_key_data(t->hash, k, f) < 0) {
		rs_pool_put(&t->pool, f);
		return NULL;
	}
	TAILQ_INSERT_TAIL(&t->lists[DP_FLOWS_NEW], f, link);
	return f;
}

struct dp_flow *dp_flow_victim(const struct dp_flow_table *t)
{
	for (unsigned i = 0; i < DP_FLOWS_LISTS; i++)
		if (!TAILQ_EMPTY(&t->lists[i]))
			return TAILQ_FIRST(&t->lists[i]);
	return NULL;
}

void dp_flow_touch(struct dp_flow_table *t, struct dp_flow *f, enum dp_flow_list list, uint64_t now)
{
	f->last = now;
	if (f->list == list && !TAILQ_NEXT(f, link))
		return;
	TAILQ_REMOVE(&t->lists[f->list], f, link);
	f->list = (uint8_t)list;
	TAILQ_INSERT_TAIL(&t->lists[list], f, link);
}

struct dp_flow *dp_flow_expired(const struct dp_flow_table *t, uint64_t now)
{
	for (unsigned i = 0; i < DP_FLOWS_LISTS; i++) {
		struct dp_flow *f = TAILQ_FIRST(&t->lists[i]);
		if (f && f->last + t->timeout[i] <= now)
			return f;
	}
	return NULL;
}

void dp_flow_remove(struct dp_flow_table *t, struct dp_flow *f)
{
	if (t->recent == f)
		t->recent = NULL;
	rte_hash_del_key(t->hash, &f->key);
	TAILQ_REMOVE(&t->lists[f->list], f, link);
	rs_pool_put(&t->pool, f);
}
