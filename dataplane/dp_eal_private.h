/* SPDX-License-Identifier: Apache-2.0 */
/* dp_eal_private: what both ways of starting EAL share. Owner: the main thread. */
#ifndef DP_EAL_PRIVATE_H
#define DP_EAL_PRIVATE_H

#include <stddef.h>

/* The processors this process may run on, as EAL writes sets: "0,2,5-7". 0 or -errno. */
int dp_eal_cpus(char *to, size_t size);

/* Whether EAL can start at all: it dies, or prints its usage, where it cannot. 0, or -errno with one line in err. */
int dp_eal_possible(unsigned megabytes, char *err, size_t err_size);

#endif
