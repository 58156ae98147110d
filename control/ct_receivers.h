/* SPDX-License-Identifier: Apache-2.0 */
/* ct_receivers: prefixes of receivers' addresses, and by which policy each reads overlaps.
 *
 * Owner:  made at start by control, read-only afterwards. Memory: heap.
 * Addresses are 16 bytes; IPv4 is ::ffff:a.b.c.d (RFC 4291 2.5.5.2). */
#ifndef CT_RECEIVERS_H
#define CT_RECEIVERS_H

#include <stddef.h>
#include <stdint.h>

#include "reassembly/rs_overlap.h"

struct ct_prefix {
	uint8_t addr[16];
	uint8_t bits; /* of the 16 bytes: an IPv4 /8 is 104 */
	uint8_t policy; /* enum rs_overlap_policy */
};

struct ct_receivers {
	enum rs_overlap_policy fallback; /* of an address that no prefix holds */
	struct ct_prefix *v; /* longest first */
	size_t n;
};

/* Adds "192.0.2.0/24", "2001:db8::/32" or an address alone. 0; -EINVAL: it is neither; -EDOM: bits are set behind the prefix;
 * -EEXIST: it was added before, of the policy *before; -ENOMEM. */
int ct_receivers_add(struct ct_receivers *r, const char *text, enum rs_overlap_policy policy, enum rs_overlap_policy *before);

/* The policy of the longest prefix that holds addr, else fallback. Work: a step a prefix. */
enum rs_overlap_policy ct_receivers_find(const struct ct_receivers *r, const uint8_t addr[16]);

/* Takes out the prefixes of one policy. */
void ct_receivers_clear(struct ct_receivers *r, enum rs_overlap_policy policy);

#endif
