/* SPDX-License-Identifier: Apache-2.0 */
/* The table of connections, against a slow one. */
#include "dataplane/dp_test.h"

#include <rte_lcore.h>
#include <rte_malloc.h>

struct table {
	struct dp_flow_table t;
	void *memory;
};

static struct dp_flow_secret secret_of(uint64_t seed)
{
	struct dp_flow_secret s;
	for (unsigned i = 0; i < RTE_DIM(s.mix); i++)
		s.mix[i] = (uint64_t)dp_test_random(&seed, UINT32_MAX) << 32 | dp_test_random(&seed, UINT32_MAX);
	for (unsigned i = 0; i < RTE_DIM(s.out); i++)
		s.out[i] = (uint64_t)dp_test_random(&seed, UINT32_MAX) << 32 | dp_test_random(&seed, UINT32_MAX);
	return s;
}

static void open_table(struct table *b, uint32_t capacity)
{
	static unsigned number;
	char name[32];
	snprintf(name, sizeof name, "flow test %u", ++number);
	b->memory = aligned_alloc(64, (RS_POOL_BYTES(sizeof(struct dp_flow), capacity) + 63) & ~(size_t)63);
	assert_non_null(b->memory);
	struct dp_flow_secret secret = secret_of(number);
	assert_int_equal(dp_flow_table_init(&b->t, name, b->memory, capacity, &secret, (int)rte_socket_id()), 0);
	b->t.half_open_max = capacity + 1;
	for (unsigned i = 0; i < DP_FLOWS_LISTS; i++)
		b->t.timeout[i] = 100 * (i + 1);
}

static void close_table(struct table *b)
{
	struct dp_flow *f;
	while ((f = dp_flow_any(&b->t)))
		dp_flow_remove(&b->t, f);
	assert_int_equal(b->t.pool.used, 0);
	dp_flow_table_free(&b->t);
	free(b->memory);
}

static struct dp_packet packet(unsigned n, bool back)
{
	struct dp_packet p = { .sport = (uint16_t)(n % 1000), .dport = (uint16_t)(n % 7), .ip_version = 4 };
	memset(p.src, (int)(n % 3), 16);
	p.src[15] = (uint8_t)(n / 1000);
	memset(p.dst, (int)(n % 5), 16);
	if (back) {
		struct dp_packet r = p;
		memcpy(r.src, p.dst, 16);
		memcpy(r.dst, p.src, 16);
		r.sport = p.dport;
		r.dport = p.sport;
		return r;
	}
	return p;
}

static struct dp_flow_key key_of(unsigned n)
{
	struct dp_flow_key k;
	struct dp_packet p = packet(n, false);
	unsigned end;
	dp_flow_key_make(&k, &end, &p, true);
	return k;
}

static void test_key(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 5000; n++) {
		struct dp_flow_key k[2];
		unsigned end[2];
		for (unsigned back = 0; back < 2; back++) {
			struct dp_packet p = packet(n, back);
			dp_flow_key_make(&k[back], &end[back], &p, true);
			assert_int_equal(k[back].port[end[back]], p.sport);
			assert_memory_equal(k[back].addr[end[back]], p.src, 16);
			assert_memory_equal(k[back].addr[!end[back]], p.dst, 16);
		}
		assert_memory_equal(&k[0], &k[1], sizeof k[0]);
		/* Which end is which cannot be told when both are the same. */
		struct dp_packet p = packet(n, false);
		bool same = p.sport == p.dport && memcmp(p.src, p.dst, 16) == 0;
		assert_int_equal(end[0] == end[1], same);
	}
}

static void test_key_vlan(void **state)
{
	(void)state;
	struct dp_flow_key k[5];
	unsigned end;
	for (unsigned i = 0; i < 5; i++) {
		struct dp_packet p = packet(1, false);
		p.nvlan = (uint8_t)(i == 4 ? 1 : i);
		p.vlan[0] = i == 4 ? 6 : 5;
		p.vlan[1] = 5;
		if (i == 3)
			p.nvlan = 0;
		dp_flow_key_make(&k[i], &end, &p, i != 3);
	}
	/* None, one, two, another one: four connections. Where tags do not count: the first. */
	assert_memory_equal(&k[0], &k[3], sizeof k[0]);
	for (unsigned i = 0; i < 5; i++)
		for (unsigned j = 0; j < i; j++)
			if (!(i == 3 && j == 0))
				assert_memory_not_equal(&k[i], &k[j], sizeof k[0]);
}

/* Every one of the capacity fits, whatever came and went before. */
static void churn(uint32_t capacity, unsigned rounds)
{
	enum { KEYS = 4000 };
	struct table b;
	struct dp_flow *flows[KEYS] = { 0 };
	uint64_t seed = capacity;
	uint32_t used = 0;
	open_table(&b, capacity);
	for (unsigned i = 0; i < rounds; i++) {
		unsigned n = dp_test_random(&seed, KEYS);
		struct dp_flow_key k = key_of(n);
		assert_ptr_equal(dp_flow_find(&b.t, &k), flows[n]);
		if (flows[n]) {
			if (dp_test_random(&seed, 4)) {
				dp_flow_touch(&b.t, flows[n], dp_test_random(&seed, DP_FLOWS_LISTS), i);
				continue;
			}
			dp_flow_remove(&b.t, flows[n]);
			flows[n] = NULL;
			used--;
			assert_null(dp_flow_find(&b.t, &k));
			continue;
		}
		flows[n] = dp_flow_add(&b.t, &k);
		assert_int_equal(flows[n] == NULL, used == capacity);
		if (!flows[n]) {
			struct dp_flow *v = dp_flow_victim(&b.t);
			/* All that are left are proven mail. */
			if (!v) {
				assert_int_equal(b.t.count[DP_FLOWS_MAIL], capacity);
				v = dp_flow_any(&b.t);
			}
			for (unsigned m = 0; m < KEYS; m++)
				if (flows[m] == v)
					flows[m] = NULL;
			dp_flow_remove(&b.t, v);
			flows[n] = dp_flow_add(&b.t, &k);
			assert_non_null(flows[n]);
		} else {
			used++;
		}
		assert_memory_equal(&flows[n]->key, &k, sizeof k);
		assert_int_equal(flows[n]->list, DP_FLOWS_HALF_OPEN);
		assert_int_equal(b.t.pool.used, used);
	}
	assert_true(used == capacity || capacity > KEYS / 2);
	close_table(&b);
}

static void test_churn(void **state)
{
	(void)state;
	churn(1, 2000);
	churn(2, 2000);
	churn(7, 5000);
	churn(64, 20000);
	churn(1000, 100000);
	churn(3999, 100000);
}

/* As dp_flow_victim, by looking at all of them. */
static const struct dp_flow *slow_victim(struct dp_flow *const *f, const uint64_t *turn, unsigned n, uint32_t half_open_max)
{
	static const unsigned worth[] = { [DP_FLOWS_CLOSED] = 1, [DP_FLOWS_ONE_SIDED] = 2, [DP_FLOWS_OTHER] = 3,
					  [DP_FLOWS_HALF_OPEN] = 4, [DP_FLOWS_RESET] = 5, [DP_FLOWS_MAIL] = 6 };
	uint64_t least = UINT64_MAX;
	unsigned half_open = 0, found = 0;
	for (unsigned k = 0; k < n; k++)
		half_open += f[k]->list == DP_FLOWS_HALF_OPEN;
	for (unsigned k = 0; k < n; k++) {
		uint64_t w = (uint64_t)worth[f[k]->list] << 32 | turn[k];
		if (half_open >= half_open_max && f[k]->list == DP_FLOWS_HALF_OPEN)
			w = turn[k];
		if (w < least) {
			least = w;
			found = k;
		}
	}
	return f[found]->list == DP_FLOWS_MAIL ? NULL : f[found];
}

/* The order in which flows are given up and expire, against one that looks at all of them. */
static void test_order(void **state)
{
	enum { N = 50 };
	(void)state;
	struct table b;
	struct dp_flow *f[N];
	uint64_t seed = 3, turn[N];
	open_table(&b, N);
	b.t.half_open_max = N / 5;
	for (unsigned i = 0; i < N; i++) {
		struct dp_flow_key k = key_of(i);
		f[i] = dp_flow_add(&b.t, &k);
		turn[i] = i;
		dp_flow_touch(&b.t, f[i], DP_FLOWS_HALF_OPEN, 1);
	}
	for (unsigned round = 1; round < 5000; round++) {
		unsigned i = dp_test_random(&seed, N);
		/* For a while ever more are proven mail, until nothing else is left. */
		dp_flow_touch(&b.t, f[i], round % 1000 > 500 ? DP_FLOWS_MAIL : dp_test_random(&seed, DP_FLOWS_LISTS), round);
		turn[i] = N + round;
		assert_ptr_equal(dp_flow_victim(&b.t), slow_victim(f, turn, N, b.t.half_open_max));
		/* Of each list the one that has idled longest. */
		uint64_t now = round + dp_test_random(&seed, 500);
		bool any = false;
		for (unsigned k = 0; k < N; k++)
			any |= f[k]->last + b.t.timeout[f[k]->list] <= now;
		struct dp_flow *e = dp_flow_expired(&b.t, now);
		assert_int_equal(e != NULL, any);
		if (e)
			assert_true(e->last + b.t.timeout[e->list] <= now);
	}
	/* With room, only HALF_OPEN gives way, and only beyond what it may have. */
	for (unsigned i = 0; i < N; i++)
		dp_flow_touch(&b.t, f[i], i < N / 5 ? DP_FLOWS_HALF_OPEN : DP_FLOWS_CLOSED, 6000 + i);
	dp_flow_remove(&b.t, f[N - 1]);
	assert_ptr_equal(dp_flow_victim(&b.t), f[0]);
	dp_flow_remove(&b.t, f[0]);
	assert_null(dp_flow_victim(&b.t));
	close_table(&b);
}

/* Keys that an attacker could choose: a counter in any one field, and differences that linear hashes keep. Whatever the secret, they
 * spread as chance would have it: of n keys in n buckets few share one. */
static void test_hash_spreads(void **state)
{
	enum { N = 1 << 14 };
	(void)state;
	static uint16_t in[N];
	for (unsigned secret = 0; secret < 8; secret++) {
		struct dp_flow_secret s = secret_of(1 + secret);
		for (unsigned field = 0; field < sizeof(struct dp_flow_key) - 1; field++) {
			unsigned most = 0;
			memset(in, 0, sizeof in);
			for (unsigned i = 0; i < N; i++) {
				struct dp_flow_key k = { 0 };
				memcpy((char *)&k + field, &(uint16_t){ (uint16_t)i }, 2);
				/* The low bits choose the bucket, the high ones stand for the key in it. */
				unsigned at = dp_flow_hash(&s, &k) % N;
				if (++in[at] > most)
					most = in[at];
			}
			assert_in_range(most, 2, 16);
		}
	}
}

/* rte_hash keeps the upper 16 bits as a signature, and marks empty slots with 0. */
static void test_hash_without_signature(void **state)
{
	(void)state;
	struct table b;
	struct dp_flow *f[4];
	unsigned found = 0;
	open_table(&b, 1000);
	for (uint64_t i = 0; found < 4; i++) {
		struct dp_flow_key k = { 0 };
		memcpy(k.addr[0], &i, sizeof i);
		if (dp_flow_hash(&b.t.secret, &k) >> 16)
			continue;
		assert_null(dp_flow_find(&b.t, &k));
		f[found] = dp_flow_add(&b.t, &k);
		assert_non_null(f[found]);
		b.t.recent = NULL;
		assert_ptr_equal(dp_flow_find(&b.t, &k), f[found++]);
	}
	for (unsigned i = 0; i < 4; i++) {
		struct dp_flow_key k = f[i]->key;
		dp_flow_remove(&b.t, f[i]);
		assert_null(dp_flow_find(&b.t, &k));
	}
	close_table(&b);
}

/* Each bit of the key counts, and each word of the secret. */
static void test_hash_takes_all(void **state)
{
	(void)state;
	struct dp_flow_secret s = secret_of(5);
	struct dp_flow_key k = key_of(1234);
	uint32_t h = dp_flow_hash(&s, &k);
	for (unsigned bit = 0; bit < sizeof k * 8; bit++) {
		struct dp_flow_key other = k;
		((uint8_t *)&other)[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_not_equal(dp_flow_hash(&s, &other), h);
	}
	for (unsigned bit = 0; bit < sizeof s * 8; bit++) {
		struct dp_flow_secret other = s;
		((uint8_t *)&other)[bit / 8] ^= (uint8_t)(1u << bit % 8);
		/* Behind the mix, low halves may only carry, and high bits multiply what may be even. */
		if (bit / 64 < RTE_DIM(s.mix) || bit % 64 == 32)
			assert_int_not_equal(dp_flow_hash(&other, &k), h);
	}
	struct dp_flow_secret drawn[2];
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(dp_flow_secret_draw(&drawn[i]), 0);
	assert_memory_not_equal(&drawn[0], &drawn[1], sizeof drawn[0]);
}

static size_t allocated(void)
{
	struct rte_malloc_socket_stats st;
	assert_int_equal(rte_malloc_get_socket_stats((int)rte_socket_id(), &st), 0);
	return st.heap_allocsz_bytes;
}

/* What is said of the memory beside the flows is what the allocator gave, or little more. */
static void test_hash_bytes(void **state)
{
	static const uint32_t capacities[] = { 64, 1000, 4096, 65536, 100000, 131071 };
	(void)state;
	for (unsigned i = 0; i < RTE_DIM(capacities); i++) {
		struct table b;
		size_t before = allocated();
		open_table(&b, capacities[i]);
		size_t taken = allocated() - before, said = dp_flow_hash_bytes(capacities[i]);
		if (taken > said || said - taken > 8192 + said / 50)
			fail_msg("%u entries: %zu bytes, said %zu", capacities[i], taken, said);
		close_table(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_key),
		cmocka_unit_test(test_key_vlan),
		cmocka_unit_test(test_churn),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_hash_spreads),
		cmocka_unit_test(test_hash_takes_all),
		cmocka_unit_test(test_hash_without_signature),
		cmocka_unit_test(test_hash_bytes),
	};
	return cmocka_run_group_tests_name("dp_flow", tests, dp_test_eal, dp_test_eal_stop);
}
