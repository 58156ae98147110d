/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_memif.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#define NAP 20000 /* ns */

/* Each side writes its own and then reads the other's: with the order of all (seq_cst) one of them sees. */
static _Atomic unsigned inside; /* who is at a queue */
static _Atomic bool closing;
/* main ends a port while the interrupt thread may be ending it, too. */
static pthread_mutex_t ending = PTHREAD_MUTEX_INITIALIZER;

bool dp_memif_enter(void)
{
	atomic_fetch_add(&inside, 1);
	if (!atomic_load(&closing))
		return true;
	dp_memif_leave();
	return false;
}

void dp_memif_leave(void)
{
	atomic_fetch_sub_explicit(&inside, 1, memory_order_release);
}

struct rte_eth_dev;
void __real_memif_free_regions(struct rte_eth_dev *dev);
void __wrap_memif_free_regions(struct rte_eth_dev *dev);

void __wrap_memif_free_regions(struct rte_eth_dev *dev)
{
	pthread_mutex_lock(&ending);
	atomic_store(&closing, true);
	while (atomic_load(&inside) > 0)
		nanosleep(&(struct timespec){ .tv_nsec = NAP }, NULL);
	__real_memif_free_regions(dev);
	atomic_store(&closing, false);
	pthread_mutex_unlock(&ending);
}
