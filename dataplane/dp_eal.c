/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_eal.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>

#include "dataplane/dp_eal_private.h"

int dp_eal_cpus(char *to, size_t size)
{
	cpu_set_t set;
	if (sched_getaffinity(0, sizeof set, &set) != 0)
		return -errno;
	size_t len = 0;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &set))
			continue;
		int last = cpu;
		while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, &set))
			last++;
		int n = snprintf(to + len, size - len, "%s%d-%d", len ? "," : "", cpu, last);
		if (n < 0 || (size_t)n >= size - len)
			return -ENAMETOOLONG;
		len += (size_t)n;
		cpu = last;
	}
	return 0;
}

int dp_eal_possible(unsigned megabytes, char *err, size_t err_size)
{
	/* EAL learns there which processors exist, and prints its whole usage where it cannot. */
	if (access("/sys/devices/system/cpu", R_OK) != 0) {
		snprintf(err, err_size, "DPDK needs sysfs to tell the processors, and /sys is not there: `mount -t sysfs sysfs /sys` mends it");
		return -ENOENT;
	}
	/* Asked for more than the machine has, EAL dies of it. */
	long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
	if (pages > 0 && page > 0 && megabytes > (uint64_t)pages * (uint64_t)page / 1048576) {
		snprintf(err, err_size, "%u MB of memory are asked for, and the machine has %llu MB: fewer workers, or smaller values under "
		         "`memory:`, need less", megabytes, (unsigned long long)pages * (unsigned long long)page / 1048576);
		return -ENOMEM;
	}
	return 0;
}

int dp_eal_start(const struct dp_eal *e, char *err, size_t err_size)
{
	char cpus[1024], lcores[2048], megabytes[16], program[64];
	int rc = dp_eal_cpus(cpus, sizeof cpus);
	if (rc < 0) {
		snprintf(err, err_size, "cannot tell the processors allowed: %s", strerror(-rc));
		return rc;
	}
	rc = dp_eal_possible(e->megabytes, err, err_size);
	if (rc != 0)
		return rc;
	snprintf(lcores, sizeof lcores, "(0-%u)@(%s)", e->workers, cpus);
	snprintf(megabytes, sizeof megabytes, "%u", e->megabytes);
	snprintf(program, sizeof program, "%s", e->program);

	char no_huge[] = "--no-huge", no_shconf[] = "--no-shconf", no_telemetry[] = "--no-telemetry", no_pci[] = "--no-pci";
	char m[] = "-m", l[] = "--lcores", level[] = "--log-level=lib.*:error", main_lcore[] = "--main-lcore=0";
	char *argv[] = { program, no_huge, no_shconf, no_telemetry, no_pci, m, megabytes, l, lcores, main_lcore, level, NULL };
	int argc = (int)(sizeof argv / sizeof argv[0]) - 1;
	if (rte_eal_init(argc, argv) < 0) {
		snprintf(err, err_size, "DPDK's environment did not start: %s (asked for %u MB of memory and %u lcores)",
		         rte_strerror(rte_errno), e->megabytes, e->workers + 1);
		return -(rte_errno ? rte_errno : EIO);
	}
	return 0;
}

void dp_eal_stop(void)
{
	rte_eal_cleanup();
}
