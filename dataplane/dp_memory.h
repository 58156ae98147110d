/* SPDX-License-Identifier: Apache-2.0 */
/* dp_memory: where a worker's memory is: pool by pool, and what stands beside them.
 *
 * Owner:  whoever has the worker; the figures are those between two bursts. Units: bytes. */
#ifndef DP_MEMORY_H
#define DP_MEMORY_H

#include "dataplane/dp_worker.h"

struct dp_memory { /* of one kind of object */
	const char *name; /* a constant */
	uint32_t size, used, peak; /* objects; used and peak are 0 where nobody counts them */
	size_t object; /* bytes of one */
	size_t bytes; /* of all */
};

#define DP_MEMORY_MAX 32

/* Returns how many there are. Not in it: the mbufs, which all workers share, and what OpenSSL allocates for hashes. */
unsigned dp_memory_view(const struct dp_worker *w, struct dp_memory to[DP_MEMORY_MAX]);

#endif
