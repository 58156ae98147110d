/* SPDX-License-Identifier: Apache-2.0 */
/* Which datagram a fragment is of, and what was lost: by hashes that nobody outside can foresee. */
#include <string.h>
#include <sys/random.h>

#include <rte_random.h>

#include "dataplane/dp_frags_private.h"

uint64_t dp_frags_seed(void)
{
	uint64_t seed;
	return getentropy(&seed, sizeof seed) == 0 ? seed : rte_rand();
}

/* Multiplied out with a secret, 128 bits wide: without it nobody can choose keys that meet (a CRC's meet whatever its seed). */
static uint64_t mix(uint64_t a, uint64_t b)
{
	__uint128_t product = (__uint128_t)a * b;
	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t load(const void *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof v);
	return v;
}

/* Odd constants without pattern: fractional parts of the square roots of 11, 13 and 17. */
#define KEY_A 0x510e527fade682d1ull
#define KEY_B 0x9b05688c2b3e6c1full
#define KEY_C 0x1f83d9abfb41bd6bull

void dp_frags_seed_by(struct dp_frags *f, uint64_t time, const void *p, size_t n)
{
	uint64_t seed = mix(time ^ KEY_A, n ^ KEY_B);
	for (const char *at = p; n >= sizeof seed; at += sizeof seed, n -= sizeof seed)
		seed = mix(seed ^ load(at), KEY_C);
	f->seed = seed;
}

uint64_t frags_hash(const struct dp_frags *f, const struct dp_frags_key *k)
{
	_Static_assert(sizeof *k == 56, "three words behind the addresses");
	uint64_t h = mix(load(k->src) ^ f->seed ^ KEY_A, load(k->src + 8) ^ KEY_B);
	h = mix(h ^ f->seed ^ load(k->dst), load(k->dst + 8) ^ KEY_C);
	uint64_t rest = (uint64_t)k->proto << 24 | (uint64_t)k->version << 16 | (uint64_t)k->side << 8;
	h = mix(h ^ f->seed ^ load(&k->id), rest ^ KEY_A);
	return mix(h ^ f->seed, k->tunnel ^ KEY_B);
}

/* Of an IPv6 sender the network counts: it has as many addresses in there as it likes. */
uint32_t frags_group(const struct dp_frags *f, const struct dp_frags_key *k)
{
	uint64_t host = k->version == 4 ? load(k->src + 8) : 0;
	return (uint32_t)(mix(load(k->src) ^ f->seed ^ KEY_B, host ^ KEY_C) % DP_FRAGS_GROUPS);
}

void frags_key(const struct dp_frags *f, const struct dp_packet *pkt, const struct dp_meta *meta, uint32_t id,
		   struct dp_frags_key *k)
{
	memset(k, 0, sizeof *k);
	memcpy(k->src, pkt->src, sizeof k->src);
	memcpy(k->dst, pkt->dst, sizeof k->dst);
	k->id = id;
	for (unsigned i = 0; i < 2; i++)
		k->vlan[i] = f->config->capture.vlan_in_flow && i < pkt->nvlan ? pkt->vlan[i] : 0xffff;
	k->proto = pkt->ip_version == 4 ? pkt->proto : 0;
	k->version = pkt->ip_version;
	k->side = meta->port;
	k->tunnel = pkt->tunnel;
}

/* Apart by group, so that who sends fragments without end marks the places of those who fall together with him. */
uint32_t *frags_lost(const struct dp_frags *f, const struct dp_frags_key *k)
{
	return &f->lost[frags_group(f, k)][frags_hash(f, k) >> 32 & (DP_FRAGS_LOST - 1)];
}

uint32_t frags_second(uint64_t time)
{
	return (uint32_t)(time / SECOND) + 1;
}

bool frags_was_lost(const struct dp_frags *f, const struct dp_frags_key *k, uint64_t now)
{
	uint32_t then = *frags_lost(f, k), second = frags_second(now);
	return then && second >= then && second - then <= f->timeout / SECOND;
}

struct dp_datagram *frags_find(const struct dp_frags *f, const struct dp_frags_key *k)
{
	struct dp_datagram *d = f->buckets[frags_hash(f, k) & f->mask];
	while (d && (d->done || memcmp(&d->key, k, sizeof *k) != 0))
		d = d->next;
	return d;
}

struct dp_datagram *frags_find_done(struct dp_datagram *d, const struct dp_frags_key *k)
{
	while (d && (!d->done || memcmp(&d->key, k, sizeof *k) != 0))
		d = d->next;
	return d;
}
