/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_iface.h"

#include <dirent.h>
#include <errno.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/ethtool.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/if_xdp.h>
#include <linux/sockios.h>

#ifndef SOL_XDP
#define SOL_XDP 283
#endif

const char *const dp_iface_feature_names[DP_IFACE_FEATURES] = { "gro", "lro", "rxvlan" };

static int ask(const char *name, unsigned long request, struct ifreq *ifr)
{
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (s < 0)
		return -errno;
	snprintf(ifr->ifr_name, sizeof ifr->ifr_name, "%s", name);
	int rc = ioctl(s, request, ifr) == 0 ? 0 : -errno;
	close(s);
	return rc;
}

bool dp_iface_exists(const char *name)
{
	return strlen(name) < IFNAMSIZ && if_nametoindex(name) != 0;
}

int dp_iface_mtu(const char *name)
{
	struct ifreq ifr = { 0 };
	int rc = ask(name, SIOCGIFMTU, &ifr);
	return rc ? rc : ifr.ifr_mtu;
}

int dp_iface_flags(const char *name)
{
	struct ifreq ifr = { 0 };
	int rc = ask(name, SIOCGIFFLAGS, &ifr);
	return rc ? rc : (int)(unsigned short)ifr.ifr_flags;
}

bool dp_iface_ethernet(const char *name)
{
	struct ifreq ifr = { 0 };
	return ask(name, SIOCGIFHWADDR, &ifr) == 0 && ifr.ifr_hwaddr.sa_family == ARPHRD_ETHER;
}

static unsigned count_queues(const char *name)
{
	char path[64];
	unsigned n = 0;
	snprintf(path, sizeof path, "/sys/class/net/%s/queues", name);
	DIR *d = opendir(path);
	for (struct dirent *e; d && (e = readdir(d));)
		n += strncmp(e->d_name, "rx-", 3) == 0;
	if (d)
		closedir(d);
	return n ? n : 1;
}

unsigned dp_iface_queues(const char *name, bool *combined)
{
	struct ethtool_channels c = { .cmd = ETHTOOL_GCHANNELS };
	struct ifreq ifr = { .ifr_data = (char *)&c };
	int rc = ask(name, SIOCETHTOOL, &ifr);
	*combined = rc == 0 && c.max_combined > 0 && c.rx_count == 0;
	if (*combined)
		return c.combined_count;
	if (rc == 0 && c.rx_count + c.combined_count > 0)
		return c.rx_count + c.combined_count;
	/* Where ethtool knows none, those of the other network namespace would be meant by /sys: it is asked last. */
	return rc == -EOPNOTSUPP ? count_queues(name) : 1;
}

/* GRO has commands of its own; the others are flags. */
static int feature_flag(enum dp_iface_feature f)
{
	return f == DP_IFACE_LRO ? ETH_FLAG_LRO : ETH_FLAG_RXVLAN;
}

static int value(const char *name, unsigned cmd, unsigned data, unsigned *out)
{
	struct ethtool_value v = { .cmd = cmd, .data = data };
	struct ifreq ifr = { .ifr_data = (char *)&v };
	int rc = ask(name, SIOCETHTOOL, &ifr);
	if (rc == 0 && out)
		*out = v.data;
	return rc;
}

int dp_iface_feature(const char *name, enum dp_iface_feature f)
{
	unsigned data;
	int rc = value(name, f == DP_IFACE_GRO ? ETHTOOL_GGRO : ETHTOOL_GFLAGS, 0, &data);
	if (rc == -EOPNOTSUPP)
		return 0;
	if (rc)
		return rc;
	return f == DP_IFACE_GRO ? data != 0 : (data & (unsigned)feature_flag(f)) != 0;
}

int dp_iface_feature_off(const char *name, enum dp_iface_feature f)
{
	unsigned flags;
	if (f == DP_IFACE_GRO)
		return value(name, ETHTOOL_SGRO, 0, NULL);
	int rc = value(name, ETHTOOL_GFLAGS, 0, &flags);
	return rc ? rc : value(name, ETHTOOL_SFLAGS, flags & ~(unsigned)feature_flag(f), NULL);
}

unsigned dp_iface_sockets(int family, int *to, unsigned max)
{
	unsigned n = 0;
	DIR *d = opendir("/proc/self/fd");
	for (struct dirent *e; d && (e = readdir(d));) {
		int fd = atoi(e->d_name), domain;
		socklen_t len = sizeof domain;
		if (e->d_name[0] == '.' || getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) != 0 || domain != family)
			continue;
		if (n < max)
			to[n++] = fd;
	}
	if (d)
		closedir(d);
	return n;
}

int dp_iface_tap(const char *name)
{
	char link[300], target[32];
	int found = -1;
	DIR *d = opendir("/proc/self/fd");
	for (struct dirent *e; d && found < 0 && (e = readdir(d));) {
		struct ifreq ifr = { 0 };
		snprintf(link, sizeof link, "/proc/self/fd/%s", e->d_name);
		ssize_t n = readlink(link, target, sizeof target - 1);
		target[n > 0 ? n : 0] = '\0';
		if (strcmp(target, "/dev/net/tun") == 0 && ioctl(atoi(e->d_name), TUNGETIFF, &ifr) == 0 &&
		    strncmp(ifr.ifr_name, name, IFNAMSIZ) == 0)
			found = atoi(e->d_name);
	}
	if (d)
		closedir(d);
	return found;
}

bool dp_iface_tap_exists(int fd)
{
	struct ifreq ifr = { 0 };
	return ioctl(fd, TUNGETIFF, &ifr) == 0;
}

int dp_iface_ignore_outgoing(int fd)
{
	int one = 1;
	return setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof one) == 0 ? 0 : -errno;
}

uint64_t dp_iface_dropped(int fd, bool xdp)
{
	if (xdp) {
		struct xdp_statistics s = { 0 };
		socklen_t len = sizeof s;
		return getsockopt(fd, SOL_XDP, XDP_STATISTICS, &s, &len) == 0 ? s.rx_dropped + s.rx_ring_full : 0;
	}
	struct tpacket_stats s = { 0 };
	socklen_t len = sizeof s;
	return getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &s, &len) == 0 ? s.tp_drops : 0;
}

bool dp_iface_zero_copy(int fd)
{
	struct xdp_options o = { 0 };
	socklen_t len = sizeof o;
	return getsockopt(fd, SOL_XDP, XDP_OPTIONS, &o, &len) == 0 && (o.flags & XDP_OPTIONS_ZEROCOPY);
}

bool dp_iface_capable(unsigned cap)
{
	char line[128];
	unsigned long long set = 0;
	FILE *f = fopen("/proc/self/status", "re");
	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "CapEff: %llx", &set) == 1)
			break;
	if (f)
		fclose(f);
	return set >> cap & 1;
}
