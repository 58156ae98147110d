/* SPDX-License-Identifier: Apache-2.0 */
#include "pktgen-tests/pg_cache.h"

#include <stdio.h>
#include <unistd.h>

#define ASSUMED ((size_t)64 << 20)

/* What the kernel says of the processor this cache belongs to: "32768K". */
static size_t from_kernel(void)
{
	unsigned long n = 0;
	char unit = 0;
	FILE *f = fopen("/sys/devices/system/cpu/cpu0/cache/index3/size", "r");
	if (!f)
		return 0;
	int got = fscanf(f, "%lu%c", &n, &unit);
	fclose(f);
	if (got < 1)
		return 0;
	return unit == 'K' ? n << 10 : unit == 'M' ? n << 20 : n;
}

size_t pg_cache_bytes(void)
{
	size_t n = from_kernel();
	/* The C library counts the caches of the whole socket, as far as it can tell: under a hypervisor often too many. */
	long counted = n ? 0 : sysconf(_SC_LEVEL3_CACHE_SIZE);
	return n ? n : counted > 0 ? (size_t)counted : ASSUMED;
}
