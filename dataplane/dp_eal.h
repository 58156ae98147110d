/* SPDX-License-Identifier: Apache-2.0 */
/* dp_eal: starting DPDK's environment for a program that is not DPDK's to configure by hand.
 *
 * Owner: the main thread, once. */
#ifndef DP_EAL_H
#define DP_EAL_H

#include <stdbool.h>
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

#define DP_EAL_PCI_MAX 2

struct dp_eal_live {
	const char *program;
	unsigned workers, megabytes;
	const char *pci[DP_EAL_PCI_MAX]; /* the devices that may be touched; none: EAL does not look for any */
	unsigned npci;
	/* Set by dp_eal_start_live: */
	bool shared; /* there are fewer processors than lcores: they float, and must not keep what they do not use */
	unsigned processors; /* that the process may use */
	bool huge; /* memory is in huge pages */
};

/* For live ports: huge pages where enough are free and may be used; a core for each worker where there are enough; files named
 * after this process, so that several run beside each other (those of earlier ones that died are removed). What the drivers log is
 * kept for dp_eal_complaint, and not printed. */
int dp_eal_start_live(struct dp_eal_live *e, char *err, size_t err_size);
/* When the program ends, before what drivers have with EAL's interrupt thread is freed: that thread is done with what it had begun, and
 * does nothing any more. It would look at all of it again with the next thing that comes to it, whether it is there or not: memif's
 * driver frees a server's socket without taking it back, and EAL its memory without ending the thread. */
void dp_eal_park(void);
/* Closes EAL, parked, and removes its files. */
void dp_eal_stop_live(void);

/* The first thing that EAL or a driver said since dp_eal_start_live or since the last call, in brackets after a space; empty where
 * it said nothing. The text is good until the next call. */
const char *dp_eal_complaint(void);

/* Whether so many megabytes can be had in huge pages: free ones, where hugetlbfs is mounted and may be written. */
bool dp_eal_huge_free(unsigned megabytes);

#endif
