/* SPDX-License-Identifier: Apache-2.0 */
#include "control/ct_receivers.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX (INET6_ADDRSTRLEN + 4) /* "/128" */

static int parse_bits(const char *s, unsigned max, unsigned *bits)
{
	size_t digits = strspn(s, "0123456789");
	if (digits == 0 || digits > 3 || s[digits])
		return -EINVAL;
	*bits = (unsigned)atoi(s);
	return *bits <= max ? 0 : -EINVAL;
}

static int parse_prefix(const char *text, struct ct_prefix *p)
{
	char copy[TEXT_MAX + 1];
	size_t n = strlen(text);
	if (n > TEXT_MAX)
		return -EINVAL;
	memcpy(copy, text, n + 1);
	char *slash = strchr(copy, '/');
	if (slash)
		*slash = '\0';
	bool v4 = !strchr(copy, ':');
	unsigned max = v4 ? 32 : 128, bits = max;
	*p = (struct ct_prefix){ .addr = { [10] = v4 ? 0xff : 0, [11] = v4 ? 0xff : 0 } };
	if (inet_pton(v4 ? AF_INET : AF_INET6, copy, v4 ? p->addr + 12 : p->addr) != 1)
		return -EINVAL;
	if (slash && parse_bits(slash + 1, max, &bits))
		return -EINVAL;
	p->bits = (uint8_t)(bits + 128 - max);
	return 0;
}

static bool holds(const struct ct_prefix *p, const uint8_t addr[16])
{
	unsigned bytes = p->bits / 8, rest = p->bits % 8;
	return memcmp(p->addr, addr, bytes) == 0 && (!rest || (p->addr[bytes] ^ addr[bytes]) >> (8 - rest) == 0);
}

static bool has_more_bits(const struct ct_prefix *p)
{
	unsigned bytes = p->bits / 8, rest = p->bits % 8;
	if (rest && (uint8_t)(p->addr[bytes] << rest))
		return true;
	for (unsigned i = bytes + (rest > 0); i < 16; i++)
		if (p->addr[i])
			return true;
	return false;
}

int ct_receivers_add(struct ct_receivers *r, const char *text, enum rs_overlap_policy policy, enum rs_overlap_policy *before)
{
	struct ct_prefix p;
	if (parse_prefix(text, &p))
		return -EINVAL;
	if (has_more_bits(&p))
		return -EDOM;
	p.policy = (uint8_t)policy;
	size_t at = 0;
	for (; at < r->n && r->v[at].bits >= p.bits; at++)
		if (r->v[at].bits == p.bits && memcmp(r->v[at].addr, p.addr, 16) == 0) {
			*before = r->v[at].policy;
			return -EEXIST;
		}
	struct ct_prefix *more = realloc(r->v, (r->n + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	r->v = more;
	memmove(more + at + 1, more + at, (r->n - at) * sizeof(*more));
	more[at] = p;
	r->n++;
	return 0;
}

enum rs_overlap_policy ct_receivers_find(const struct ct_receivers *r, const uint8_t addr[16])
{
	for (size_t i = 0; i < r->n; i++)
		if (holds(&r->v[i], addr))
			return r->v[i].policy;
	return r->fallback;
}

void ct_receivers_clear(struct ct_receivers *r, enum rs_overlap_policy policy)
{
	size_t n = 0;
	for (size_t i = 0; i < r->n; i++)
		if (r->v[i].policy != policy)
			r->v[n++] = r->v[i];
	r->n = n;
	if (n == 0) {
		free(r->v);
		r->v = NULL;
	}
}
