/* SPDX-License-Identifier: Apache-2.0 */
/* dp_eal: starting DPDK's environment for a program that is not DPDK's to configure by hand.
 *
 * Owner: the main thread, once. */
#ifndef DP_EAL_H
#define DP_EAL_H

#include <stddef.h>

struct dp_eal {
	const char *program;
	unsigned workers; /* lcores beside the main one: 1 to workers */
	unsigned megabytes;
};

/* Without root, huge pages, PCI or a shared configuration; lcores float over all processors that the process may use, so that there
 * may be more workers than processors. 0, or -errno with one line in err. */
int dp_eal_start(const struct dp_eal *e, char *err, size_t err_size);
void dp_eal_stop(void);

#endif
