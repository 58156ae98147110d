/* SPDX-License-Identifier: Apache-2.0 */
/* What a port's name stands for, and what it lacks: told before EAL starts. */
#include "dataplane/dp_port.h"

#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/capability.h>

#include <rte_mbuf_core.h>

#include "dataplane/dp_iface.h"

#define FAIL(code, ...) (snprintf(err, err_size, __VA_ARGS__), -(code))

#define TAP_QUEUES 16u /* the driver's most */

static const char *const vdevs[] = { "net_af_packet", "net_af_xdp", "net_memif", "net_tap", "net_ring", "net_null", "net_pcap" };

/* "0000:03:00.0", or without the domain. */
static bool is_pci(const char *name)
{
	unsigned domain, bus, device, function;
	int n = 0;
	if (sscanf(name, "%4x:%2x:%2x.%1x%n", &domain, &bus, &device, &function, &n) == 4 && name[n] == '\0')
		return true;
	return sscanf(name, "%2x:%2x.%1x%n", &bus, &device, &function, &n) == 3 && name[n] == '\0';
}

static void say_line(dp_say say, void *arg, const char *line)
{
	if (say)
		say(arg, line);
}

/* Kernel interfaces. */

static int look_rights(const struct dp_port *p, char *err, size_t err_size)
{
	if (dp_iface_capable(CAP_NET_RAW) && dp_iface_capable(CAP_NET_ADMIN))
		return 0;
	return FAIL(EPERM, "port %s: no right to take frames from it: run as root, or `setcap "
	            "cap_net_raw,cap_net_admin,cap_sys_admin,cap_ipc_lock=ep` on the program (cap_sys_admin is for AF_XDP)", p->name);
}

/* Frames must come as they were on the wire: none of several made into one. */
static int turn_off(const struct dp_port *p, const char *iface, enum dp_iface_feature f, dp_say say, void *arg, char *err, size_t err_size)
{
	char line[DP_PORT_NAME_MAX + 64];
	const char *what = dp_iface_feature_names[f];
	if (dp_iface_feature(iface, f) <= 0)
		return 0;
	int rc = dp_iface_feature_off(iface, f);
	if (rc != 0 || dp_iface_feature(iface, f) > 0)
		return FAIL(rc ? -rc : EOPNOTSUPP, "port %s: %s makes frames that were never on the wire, and cannot be turned off from here: "
		            "`ethtool -K %s %s off` mends it", p->name, what, iface, what);
	snprintf(line, sizeof line, "port %s: %s turned off", p->name, what);
	say_line(say, arg, line);
	return 0;
}

/* What must hold of a kernel interface, also where a driver is named that takes it. */
static int look_iface(struct dp_port *p, const char *iface, dp_say say, void *arg, char *err, size_t err_size)
{
	char line[DP_PORT_NAME_MAX + 64];
	int flags = dp_iface_flags(iface), mtu = dp_iface_mtu(iface);
	if (flags < 0 || mtu < 0)
		return FAIL(ENODEV, "port %s: the kernel does not tell its state: %s", p->name, strerror(flags < 0 ? -flags : -mtu));
	if (!dp_iface_ethernet(iface))
		return FAIL(ENOTSUP, "port %s: not an Ethernet interface", p->name);
	int rc = look_rights(p, err, err_size);
	if (rc != 0)
		return rc;
	if (!(flags & IFF_UP))
		return FAIL(ENETDOWN, "port %s: the interface is down: `ip link set %s up` mends it", p->name, iface);
	if (mtu > UINT16_MAX - DP_PORT_OVERHEAD)
		return FAIL(EMSGSIZE, "port %s: its MTU is %d, and 65513 is the most: `ip link set %s mtu 1500` mends it", p->name, mtu, iface);
	for (enum dp_iface_feature f = DP_IFACE_GRO; f <= DP_IFACE_LRO && rc == 0 && !p->send_only; f++)
		rc = turn_off(p, iface, f, say, arg, err, err_size);
	if (rc != 0)
		return rc;
	if (!(flags & IFF_RUNNING)) {
		snprintf(line, sizeof line, "port %s: no link; going on, until it comes", p->name);
		say_line(say, arg, line);
	}
	snprintf(p->iface, sizeof p->iface, "%s", iface);
	p->ifindex = if_nametoindex(iface);
	p->mtu = (uint16_t)mtu;
	return 0;
}

static int look_kernel(struct dp_port *p, dp_say say, void *arg, char *err, size_t err_size)
{
	bool combined;
	int rc = look_iface(p, p->name, say, arg, err, err_size);
	if (rc != 0)
		return rc;
	p->kind = DP_PORT_KERNEL;
	p->queues = (uint16_t)dp_iface_queues(p->name, &combined);
	p->frame_max = p->mtu + DP_PORT_OVERHEAD;
	return 0;
}

/* Virtual devices. */

static void all_vdevs(char *to, size_t size)
{
	size_t n = 0;
	to[0] = '\0';
	for (size_t i = 0; i < RTE_DIM(vdevs) && n < size; i++)
		n += (size_t)snprintf(to + n, size - n, "%s%s", i ? ", " : "", vdevs[i]);
}

/* The driver of "net_memif3,…": the name without its number. NULL: none that is built in. */
static const char *vdev_driver(const char *name)
{
	size_t n = strcspn(name, ",");
	while (n > 0 && isdigit((unsigned char)name[n - 1]))
		n--;
	for (size_t i = 0; i < RTE_DIM(vdevs); i++)
		if (strlen(vdevs[i]) == n && strncmp(name, vdevs[i], n) == 0)
			return vdevs[i];
	return NULL;
}

/* The value of `key` among the arguments; false: not there. */
static bool vdev_argument(const char *name, const char *key, char *to, size_t size)
{
	size_t klen = strlen(key);
	for (const char *at = strchr(name, ','); at; at = strchr(at, ',')) {
		at++;
		if (strncmp(at, key, klen) == 0 && at[klen] == '=') {
			snprintf(to, size, "%.*s", (int)strcspn(at + klen + 1, ","), at + klen + 1);
			return true;
		}
	}
	return false;
}

/* A driver that takes a kernel interface: what holds for one that is named by itself. */
static int look_taken(struct dp_port *p, const char *driver, dp_say say, void *arg, char *err, size_t err_size)
{
	static const char *const takers[] = { "net_af_packet", "net_af_xdp", "net_pcap" };
	char iface[DP_PORT_NAME_MAX], start[8] = "0", count[8] = "1";
	bool takes = false, combined;
	for (size_t i = 0; i < RTE_DIM(takers); i++)
		takes |= strcmp(driver, takers[i]) == 0;
	if (!takes || !vdev_argument(p->name, "iface", iface, sizeof iface))
		return 0;
	if (!dp_iface_exists(iface))
		return FAIL(ENODEV, "port %s: no such interface: `ip -br link` lists those that are", p->name);
	int rc = look_iface(p, iface, say, arg, err, err_size);
	if (rc != 0 || strcmp(driver, "net_af_xdp") != 0)
		return rc;
	/* What comes by a queue that is not opened would not be seen. */
	unsigned queues = dp_iface_queues(iface, &combined);
	vdev_argument(p->name, "start_queue", start, sizeof start);
	vdev_argument(p->name, "queue_count", count, sizeof count);
	if (!combined && queues > 1)
		return FAIL(ENOTSUP, "port %s: %s has %u queues and sends by another number of them: `ethtool -L %s rx 1 tx 1` mends it", p->name,
		            iface, queues, iface);
	if (strtoul(start, NULL, 10) != 0 || strtoul(count, NULL, 10) != queues)
		return FAIL(ENOTSUP, "port %s: %s has %u queues, and all must be opened: `start_queue=0,queue_count=%u` mends it", p->name,
		            iface, queues, queues);
	return 0;
}

static int look_vdev(struct dp_port *p, unsigned workers, dp_say say, void *arg, char *err, size_t err_size)
{
	char list[256], number[8], role[16];
	const char *driver = vdev_driver(p->name);
	all_vdevs(list, sizeof list);
	if (!driver)
		return FAIL(ENODEV, "port %s: no such driver is built in: %s", p->name, list);
	/* Raw memif and tap make IP packets without Ethernet, and frames of ours need it. */
	snprintf(p->driver, sizeof p->driver, "%s", driver);
	p->kind = DP_PORT_VDEV;
	p->queues = 1;
	if (vdev_argument(p->name, "qpairs", number, sizeof number) || vdev_argument(p->name, "queue_count", number, sizeof number)) {
		unsigned n;
		if (sscanf(number, "%u", &n) == 1 && n >= 1 && n <= DP_PORT_FDS_MAX)
			p->queues = (uint16_t)n;
	}
	if (strcmp(driver, "net_tap") == 0)
		p->queues = (uint16_t)RTE_MIN(workers, TAP_QUEUES);
	p->one_segment = strcmp(driver, "net_af_xdp") == 0;
	/* Its driver connects once, when it is started. */
	p->memif = strcmp(driver, "net_memif") == 0;
	if (p->memif)
		p->memif_client = !vdev_argument(p->name, "role", role, sizeof role) || strcmp(role, "server") != 0;
	return look_taken(p, driver, say, arg, err, err_size);
}

/* PCI. */

static int look_pci(struct dp_port *p, unsigned workers, char *err, size_t err_size)
{
	char full[DP_PORT_NAME_MAX + 8], path[DP_PORT_NAME_MAX + 64], target[256];
	static const char *const good[] = { "vfio-pci", "uio_pci_generic", "igb_uio" };
	snprintf(full, sizeof full, "%s%s", strlen(p->name) < 10 ? "0000:" : "", p->name);
	snprintf(path, sizeof path, "/sys/bus/pci/devices/%s", full);
	if (access(path, F_OK) != 0)
		return FAIL(ENODEV, "port %s: no such PCI device: `dpdk-devbind.py --status-dev net` shows those that are", p->name);
	snprintf(path, sizeof path, "/sys/bus/pci/devices/%s/driver", full);
	ssize_t n = readlink(path, target, sizeof target - 1);
	target[n > 0 ? n : 0] = '\0';
	const char *driver = strrchr(target, '/') ? strrchr(target, '/') + 1 : "none";
	for (size_t i = 0; i < RTE_DIM(good); i++)
		if (strcmp(driver, good[i]) == 0) {
			p->kind = DP_PORT_PCI;
			p->queues = (uint16_t)workers;
			return 0;
		}
	return FAIL(EBUSY, "port %s: bound to the driver %s, not to DPDK's: `modprobe vfio-pci; dpdk-devbind.py --bind=vfio-pci %s` "
	            "mends it (the kernel's interface goes away then)", p->name, driver, full);
}

int dp_port_look(struct dp_port *p, const char *name, unsigned index, unsigned workers, bool send_only, dp_say say, void *arg,
                 char *err, size_t err_size)
{
	memset(p, 0, sizeof *p);
	if ((size_t)snprintf(p->name, sizeof p->name, "%s", name) >= sizeof p->name || name[0] == '\0')
		return FAIL(EINVAL, "port \"%.32s\": a port is a kernel interface, a PCI address, or a DPDK device as net_memif0,…", name);
	p->index = index;
	p->send_only = send_only;
	p->cut_at = p->frame_max = UINT32_MAX;
	p->tap = -1;
	if (dp_iface_exists(name))
		return look_kernel(p, say, arg, err, err_size);
	if (is_pci(name))
		return look_pci(p, workers, err, err_size);
	if (strncmp(name, "net_", 4) == 0)
		return look_vdev(p, workers, say, arg, err, err_size);
	return FAIL(ENODEV, "port %s: no such interface: `ip -br link` lists those that are", name);
}
