/* SPDX-License-Identifier: Apache-2.0 */
#include "control/ct_community.h"

#include <string.h>
#include <openssl/evp.h>

#include "control/ct_flow.h"

struct end {
	const uint8_t *address;
	uint16_t port;
};

static uint8_t *put(uint8_t *to, const void *p, size_t n)
{
	memcpy(to, p, n);
	return to + n;
}

static uint8_t *put_16(uint8_t *to, uint16_t v)
{
	uint8_t be[2] = { (uint8_t)(v >> 8), (uint8_t)v };
	return put(to, be, 2);
}

void ct_community_id(const struct ct_flow *f, uint16_t seed, char out[CT_COMMUNITY_SIZE])
{
	bool v4 = ct_flow_is_ipv4(f);
	size_t len = v4 ? 4 : 16;
	struct end a = { f->src + 16 - len, f->sport }, b = { f->dst + 16 - len, f->dport };
	/* The smaller end comes first, so that both directions have one id. */
	int order = memcmp(a.address, b.address, len);
	if (order > 0 || (!order && a.port > b.port)) {
		struct end t = a;
		a = b;
		b = t;
	}
	uint8_t m[2 + 16 + 16 + 2 + 4], *to = m;
	to = put_16(to, seed);
	to = put(to, a.address, len);
	to = put(to, b.address, len);
	to = put_16(to, 6 << 8); /* protocol TCP, and a byte of padding */
	to = put_16(to, a.port);
	to = put_16(to, b.port);

	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	out[0] = '\0';
	if (!EVP_Digest(m, (size_t)(to - m), digest, &n, EVP_sha1(), NULL) || n != 20)
		return;
	memcpy(out, "1:", 2);
	EVP_EncodeBlock((unsigned char *)out + 2, digest, (int)n);
}
