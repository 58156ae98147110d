/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_flow.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include <rte_common.h>
#include <rte_errno.h>
#include <rte_hash.h>

#include "dataplane/dp_be.h"

int dp_flow_secret_draw(struct dp_flow_secret *s)
{
	return getentropy(s, sizeof *s) == 0 ? 0 : -errno;
}

_Static_assert(sizeof(struct dp_flow_key) == 6 * 8 + 4, "six and a half words are hashed");

/* Two words of the key; behind its end are zeros. */
static unsigned __int128 product(const struct dp_flow_secret *s, const struct dp_flow_key *k, unsigned i)
{
	return (unsigned __int128)(dp_flow_key_word(k, i) + s->mix[i]) * ((i < 6 ? dp_flow_key_word(k, i + 1) : 0) + s->mix[i + 1]);
}

uint32_t dp_flow_hash(const struct dp_flow_secret *s, const struct dp_flow_key *k)
{
	unsigned __int128 sum = product(s, k, 0) + product(s, k, 2) + product(s, k, 4) + product(s, k, 6);
	uint64_t low = (uint64_t)sum, high = (uint64_t)(sum >> 64);
	uint64_t h = s->out[0] * (uint32_t)low + s->out[1] * (low >> 32) + s->out[2] * (uint32_t)high + s->out[3] * (high >> 32);
	return (uint32_t)((h + s->out[4]) >> 32);
}

/* The hash's keys are pointers to flows' keys. */
static int differ(const void *a, const void *b, size_t len)
{
	const struct dp_flow_key *x, *y;
	(void)len;
	memcpy(&x, a, sizeof x);
	memcpy(&y, b, sizeof y);
	/* Before it adds one whose signature is 0, rte_hash compares it with empty slots, too. */
	if (!y)
		return 1;
	return !dp_flow_key_same(x, y);
}

static uint32_t entries(uint32_t capacity)
{
	return RTE_MAX(capacity, 8u);
}

int dp_flow_table_init(struct dp_flow_table *t, const char *name, void *mem, uint32_t capacity, const struct dp_flow_secret *secret,
                       int socket)
{
	struct rte_hash_parameters params = {
		.name = name,
		.entries = entries(capacity),
		.key_len = sizeof(struct dp_flow_key *),
		.socket_id = socket,
		/* Buckets that overflow are chained: every one of the entries fits. */
		.extra_flag = RTE_HASH_EXTRA_FLAGS_EXT_TABLE,
	};
	memset(t, 0, sizeof *t);
	t->secret = *secret;
	t->hash = rte_hash_create(&params);
	if (!t->hash)
		return -rte_errno;
	rte_hash_set_cmp_func(t->hash, differ);
	t->half_open_max = capacity;
	rs_pool_init(&t->pool, mem, sizeof(struct dp_flow), capacity);
	for (unsigned i = 0; i < DP_FLOWS_LISTS; i++)
		TAILQ_INIT(&t->lists[i]);
	return 0;
}

size_t dp_flow_hash_bytes(uint32_t capacity)
{
	size_t n = entries(capacity), buckets = rte_align32pow2((uint32_t)n) / 8;
	/* Buckets of 64 bytes, and as many for those that overflow; a key's pointer and a flow's; two rings of free slots' numbers,
	 * of which one is for the overflowing buckets. */
	return 2 * buckets * 64 + (n + 1) * 16 + (rte_align32pow2((uint32_t)n + 1) + rte_align32pow2((uint32_t)buckets + 1)) * 4 + 4096;
}

void dp_flow_table_free(struct dp_flow_table *t)
{
	rte_hash_free(t->hash);
	t->hash = NULL;
}

static inline int compare_addresses(const uint8_t a[16], const uint8_t b[16])
{
	for (unsigned i = 0; i < 16; i += 8) {
		uint64_t x = dp_be_get64(a + i), y = dp_be_get64(b + i);
		if (x != y)
			return x < y ? -1 : 1;
	}
	return 0;
}

void dp_flow_key_make(struct dp_flow_key *k, unsigned *end, const struct dp_packet *pkt, bool vlan)
{
	int order = compare_addresses(pkt->src, pkt->dst);
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

struct dp_flow *dp_flow_look_up(struct dp_flow_table *t, const struct dp_flow_key *k)
{
	void *data;
	t->recent = rte_hash_lookup_with_hash_data(t->hash, &k, dp_flow_hash(&t->secret, k), &data) >= 0 ? data : NULL;
	return t->recent;
}

struct dp_flow *dp_flow_add(struct dp_flow_table *t, const struct dp_flow_key *k)
{
	struct dp_flow *f = rs_pool_get(&t->pool);
	if (!f)
		return NULL;
	memset(f, 0, sizeof *f);
	f->key = *k;
	f->list = DP_FLOWS_HALF_OPEN;
	const struct dp_flow_key *own = &f->key;
	if (rte_hash_add_key_with_hash_data(t->hash, &own, dp_flow_hash(&t->secret, own), f) < 0) {
		rs_pool_put(&t->pool, f);
		return NULL;
	}
	TAILQ_INSERT_TAIL(&t->lists[DP_FLOWS_HALF_OPEN], f, link);
	t->count[DP_FLOWS_HALF_OPEN]++;
	return f;
}

struct dp_flow *dp_flow_victim(const struct dp_flow_table *t)
{
	static const uint8_t order[] = { DP_FLOWS_CLOSED, DP_FLOWS_ONE_SIDED, DP_FLOWS_OTHER, DP_FLOWS_HALF_OPEN, DP_FLOWS_RESET };
	if (t->count[DP_FLOWS_HALF_OPEN] >= t->half_open_max)
		return TAILQ_FIRST(&t->lists[DP_FLOWS_HALF_OPEN]);
	if (t->pool.used < t->pool.size)
		return NULL;
	for (unsigned i = 0; i < RTE_DIM(order); i++)
		if (!TAILQ_EMPTY(&t->lists[order[i]]))
			return TAILQ_FIRST(&t->lists[order[i]]);
	return NULL;
}

struct dp_flow *dp_flow_any(const struct dp_flow_table *t)
{
	for (unsigned i = 0; i < DP_FLOWS_LISTS; i++)
		if (!TAILQ_EMPTY(&t->lists[i]))
			return TAILQ_FIRST(&t->lists[i]);
	return NULL;
}

void dp_flow_move(struct dp_flow_table *t, struct dp_flow *f, enum dp_flow_list list)
{
	TAILQ_REMOVE(&t->lists[f->list], f, link);
	t->count[f->list]--;
	f->list = (uint8_t)list;
	TAILQ_INSERT_TAIL(&t->lists[list], f, link);
	t->count[list]++;
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
	const struct dp_flow_key *own = &f->key;
	rte_hash_del_key_with_hash(t->hash, &own, dp_flow_hash(&t->secret, own));
	TAILQ_REMOVE(&t->lists[f->list], f, link);
	t->count[f->list]--;
	rs_pool_put(&t->pool, f);
}
