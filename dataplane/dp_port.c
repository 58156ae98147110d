/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_port.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/ethtool.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <rte_bus_vdev.h>
#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_ether.h>
#include <rte_mbuf.h>

#include "dataplane/dp_eal.h"
#include "dataplane/dp_frames.h"
#include "dataplane/dp_iface.h"

/* net_af_packet joins its sockets to a fanout group, also the only one, and has it put IPv4 fragments together: what goes out would be
 * another packet than came in, and too long for the other port; and has it put what finds no room in one queue into another, before what
 * waits there. So setsockopt is linked in our place (meson.build): an only socket stays by itself, several share the frames by their
 * hash. Frames that this host sends are the group's too, whatever its sockets say, but where it is told so itself (Linux 5.16). */
#ifndef PACKET_FANOUT_FLAG_IGNORE_OUTGOING
#define PACKET_FANOUT_FLAG_IGNORE_OUTGOING 0x4000
#endif
int __real_setsockopt(int fd, int level, int name, const void *value, socklen_t len);
int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t len);

static bool fan_out; /* main: what is being attached has several sockets */

int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	int plain;
	if (level != SOL_PACKET || name != PACKET_FANOUT || len != sizeof plain)
		return __real_setsockopt(fd, level, name, value, len);
	if (!fan_out)
		return 0;
	memcpy(&plain, value, sizeof plain);
	plain = (plain & 0xffff) | PACKET_FANOUT_HASH << 16;
	int own = plain | PACKET_FANOUT_FLAG_IGNORE_OUTGOING << 16;
	if (__real_setsockopt(fd, level, name, &own, sizeof own) == 0)
		return 0;
	return __real_setsockopt(fd, level, name, &plain, sizeof plain);
}

/* net_af_xdp opens as many queues as are said to be combined. Those of some drivers (veth) are counted apart, and where they come
 * in pairs each can be opened all the same. It also takes an error of before for this call's. */
int __real_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	va_list ap;
	va_start(ap, request);
	void *arg = va_arg(ap, void *);
	va_end(ap);
	int rc = __real_ioctl(fd, request, arg);
	if (rc != 0 || request != SIOCETHTOOL)
		return rc;
	struct ethtool_channels *c = (struct ethtool_channels *)((struct ifreq *)arg)->ifr_data;
	if (c->cmd != ETHTOOL_GCHANNELS)
		return rc;
	errno = 0;
	if (c->max_combined > 0 || c->rx_count != c->tx_count)
		return rc;
	c->max_combined = c->combined_count = c->rx_count;
	c->rx_count = c->tx_count = 0;
	return rc;
}

#define FAIL(code, ...) (snprintf(err, err_size, __VA_ARGS__), -(code))

#define XDP_RING 2048 /* frames: the driver fills so many, whatever it is asked for */
#define PCI_RING 1024
#define RING 512

/* AF_PACKET's rings: the kernel puts a header and an address before a frame, and sixteen bytes beyond what is longest tell a cut.
 * The driver takes slots to follow each other without gaps, so a block is whole slots and whole pages. */
#define PACKET_FRAMES 2048
#define PACKET_BYTES (8u << 20) /* of a ring; two a port */
#define PACKET_HEADER 66
#define PACKET_OVERHEAD 32 /* of a slot, as the driver counts */
#define PACKET_ALIGN 512

/* AF_XDP: a frame, with all that DPDK and the kernel put before it, fits a page. */
#define XDP_PAGE 4096
#define XDP_HEADROOM 256
#define XDP_BEFORE (RTE_PKTMBUF_HEADROOM + XDP_HEADROOM)

/* The driver does not free its handle of AF_XDP's memory when it closes; the kernel does, with the socket. The library's name is
 * known without a symbolizer, which may not be installed; the function's is not. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LEAK_CHECK
#endif
#endif
#if defined(LEAK_CHECK) || defined(__SANITIZE_ADDRESS__)
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libxdp.so\n";
}
#endif

static uint32_t packet_framesz(const struct dp_port *p)
{
	return RTE_ALIGN(p->frame_max + PACKET_HEADER + 16, PACKET_ALIGN);
}

uint32_t dp_port_room(const struct dp_port *p)
{
	if (p->kind != DP_PORT_KERNEL)
		return RTE_MBUF_DEFAULT_BUF_SIZE;
	/* AF_PACKET's driver asks for room for its whole slot. */
	uint32_t packet = RTE_PKTMBUF_HEADROOM + packet_framesz(p) - PACKET_OVERHEAD, xdp = p->frame_max + XDP_BEFORE;
	return RTE_ALIGN(RTE_MAX((uint32_t)RTE_MBUF_DEFAULT_BUF_SIZE, RTE_MAX(packet, xdp)), 64);
}

bool dp_port_may_xdp(const struct dp_port *p)
{
	return (p->kind == DP_PORT_KERNEL && !p->send_only) || (p->kind == DP_PORT_VDEV && strcmp(p->driver, "net_af_xdp") == 0);
}

uint32_t dp_port_reserve(const struct dp_port *p, unsigned workers)
{
	if (p->kind == DP_PORT_PCI)
		return workers * 2 * PCI_RING;
	/* A queue for each worker, and none keeps more than it was asked to. */
	if (strcmp(p->driver, "net_tap") == 0)
		return RTE_MAX(2u * XDP_RING, p->queues * 2u * RING);
	return p->queues * 2 * XDP_RING;
}

/* Devices. */

static int attach(struct dp_port *p, const char *device, const char *args, char *err, size_t err_size)
{
	fan_out = p->queues > 1;
	int rc = rte_eal_hotplug_add(p->kind == DP_PORT_PCI ? "pci" : "vdev", device, args);
	if (rc != 0)
		return FAIL(-rc, "port %s: the driver does not take it: %s%s", p->name, strerror(-rc), dp_eal_complaint());
	rc = rte_eth_dev_get_port_by_name(device, &p->id);
	if (rc != 0)
		return FAIL(-rc, "port %s: no port came of it: %s%s", p->name, strerror(-rc), dp_eal_complaint());
	p->opened = true;
	return 0;
}

static void symmetric_rss(const struct dp_port *p, const struct rte_eth_dev_info *info, struct rte_eth_conf *conf, uint8_t *key)
{
	uint64_t hf = (RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_FRAG_IPV4 | RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_IPV6 | RTE_ETH_RSS_FRAG_IPV6 |
	               RTE_ETH_RSS_NONFRAG_IPV6_TCP | RTE_ETH_RSS_IPV6_EX | RTE_ETH_RSS_IPV6_TCP_EX) & info->flow_type_rss_offloads;
	if (p->rx_queues < 2 || hf == 0)
		return;
	/* A key that repeats after two bytes hashes both directions alike. */
	for (unsigned i = 0; i < info->hash_key_size; i++)
		key[i] = i % 2 ? 0x5a : 0x6d;
	conf->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
	conf->rx_adv_conf.rss_conf = (struct rte_eth_rss_conf){ .rss_key = info->hash_key_size ? key : NULL,
								.rss_key_len = info->hash_key_size, .rss_hf = hf };
}

/* Asked to look at checksums, these would hand over its neighbours' segments before they have any. */
static bool is_paravirtual(const struct rte_eth_dev_info *info)
{
	return !strcmp(info->driver_name, "net_virtio") || !strcmp(info->driver_name, "net_vmxnet3");
}

/* Queues, all with the same pool. No offload changes a frame. */
static int set_up(struct dp_port *p, uint16_t ring, struct rte_mempool *pool, char *err, size_t err_size)
{
	uint8_t key[256];
	struct rte_eth_dev_info info;
	struct rte_eth_conf conf = { 0 };
	int rc = rte_eth_dev_info_get(p->id, &info);
	if (rc != 0)
		return FAIL(-rc, "port %s: the driver does not tell what it can do: %s", p->name, strerror(-rc));
	p->rx_queues = RTE_MIN(p->queues, info.max_rx_queues);
	p->tx_queues = RTE_MIN(p->queues, info.max_tx_queues);
	if (p->kind == DP_PORT_PCI) {
		symmetric_rss(p, &info, &conf, key);
		/* Asked for where the driver has it, so that a frame longer than an mbuf is received, and sent, whole. */
		conf.rxmode.offloads = RTE_ETH_RX_OFFLOAD_SCATTER & info.rx_offload_capa;
		snprintf(p->driver, sizeof p->driver, "%s", info.driver_name);
	}
	/* Where the port sums, it need not be done here (dp_sums). */
	if (!is_paravirtual(&info))
		conf.rxmode.offloads |= (RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_TCP_CKSUM) & info.rx_offload_capa;
	conf.txmode.offloads = RTE_ETH_TX_OFFLOAD_MULTI_SEGS & info.tx_offload_capa;
	rc = rte_eth_dev_configure(p->id, p->rx_queues, p->tx_queues, &conf);
	uint16_t nrx = ring, ntx = ring;
	if (rc == 0)
		rc = rte_eth_dev_adjust_nb_rx_tx_desc(p->id, &nrx, &ntx);
	for (uint16_t q = 0; q < p->rx_queues && rc == 0; q++)
		rc = rte_eth_rx_queue_setup(p->id, q, nrx, (unsigned)rte_eth_dev_socket_id(p->id), NULL, pool);
	for (uint16_t q = 0; q < p->tx_queues && rc == 0; q++)
		rc = rte_eth_tx_queue_setup(p->id, q, ntx, (unsigned)rte_eth_dev_socket_id(p->id), NULL);
	if (rc != 0)
		return FAIL(-rc, "port %s: its %u queues could not be set up: %s%s", p->name, p->rx_queues, strerror(-rc), dp_eal_complaint());
	p->symmetric = p->kind == DP_PORT_PCI && (p->rx_queues == 1 || conf.rxmode.mq_mode == RTE_ETH_MQ_RX_RSS);
	return 0;
}

/* Frees the device; the port may be opened again, in another way. */
static void detach(struct dp_port *p)
{
	struct rte_eth_dev_info info;
	if (!p->opened)
		return;
	if (p->started)
		rte_eth_dev_stop(p->id);
	/* Where the other side went at this moment, EAL's thread is at it, too; and what the driver leaves with that thread is looked at
	 * with the next thing that comes to it. */
	if (p->memif)
		dp_eal_park();
	p->opened = p->started = false;
	/* Closed by removing the device: what the bus made, it frees. */
	if (rte_eth_dev_info_get(p->id, &info) != 0 || rte_dev_remove(info.device) != 0)
		rte_eth_dev_close(p->id);
}

/* Kernel interfaces. */

/* The sockets that the driver opened since `before` was noted. */
static void note_sockets(struct dp_port *p, int family, const int *before, unsigned nbefore)
{
	int now[DP_PORT_FDS_MAX];
	unsigned n = dp_iface_sockets(family, now, DP_PORT_FDS_MAX);
	p->nfds = 0;
	for (unsigned i = 0; i < n; i++) {
		bool old = false;
		for (unsigned k = 0; k < nbefore; k++)
			old |= before[k] == now[i];
		if (!old)
			p->fds[p->nfds++] = now[i];
	}
}

/* Whether AF_XDP can take the interface at all; queues: all it has. */
static int look_xdp(const struct dp_port *p, struct rte_mempool *pool, unsigned *queues, char *err, size_t err_size)
{
	bool combined;
	*queues = dp_iface_queues(p->name, &combined);
	/* libxdp asks the kernel for its program by number. */
	if (!dp_iface_capable(CAP_SYS_ADMIN))
		return FAIL(EPERM, "no right to: run as root, or add cap_sys_admin with `setcap` on the program");
	if (p->frame_max + XDP_BEFORE + sizeof(struct rte_mbuf) + 2 * RTE_CACHE_LINE_SIZE > XDP_PAGE)
		return FAIL(EMSGSIZE, "frames of an MTU of %u do not fit a page", p->mtu);
	if (rte_mempool_calc_obj_size(pool->elt_size, pool->flags, NULL) > XDP_PAGE)
		return FAIL(EMSGSIZE, "the other port's MTU needs frames longer than a page");
	if (!dp_frames_gapless(pool))
		return FAIL(ENOMEM, "the mbufs are not in one piece of memory without gaps");
	if (!combined && *queues > 1)
		return FAIL(ENOTSUP, "it has %u queues and sends by another number of them: `ethtool -L %s rx 1 tx 1` mends it", *queues, p->name);
	if (*queues > DP_PORT_FDS_MAX)
		return FAIL(ENOTSUP, "it has %u queues, and %d is the most: `ethtool -L %s combined %d` mends it", *queues, DP_PORT_FDS_MAX,
		            p->name, DP_PORT_FDS_MAX);
	/* The tag would come beside the frame, and XDP hands on the frame alone. */
	if (dp_iface_feature(p->name, DP_IFACE_RXVLAN) > 0 && dp_iface_feature_off(p->name, DP_IFACE_RXVLAN) != 0)
		return FAIL(ENOTSUP, "rxvlan takes tags out of frames: `ethtool -K %s rxvlan off` mends it", p->name);
	return 0;
}

/* All queues, or none. options: more arguments of the driver. */
static int bind_xdp(struct dp_port *p, unsigned queues, const char *options, struct rte_mempool *pool, char *err, size_t err_size)
{
	char device[32], args[DP_PORT_NAME_MAX + 96];
	int before[DP_PORT_FDS_MAX];
	unsigned nbefore = dp_iface_sockets(AF_XDP, before, DP_PORT_FDS_MAX);
	snprintf(device, sizeof device, "net_af_xdp%u", p->index);
	snprintf(args, sizeof args, "iface=%s,start_queue=0,queue_count=%u%s", p->name, queues, options);
	p->queues = (uint16_t)queues;
	int rc = attach(p, device, args, err, err_size);
	if (rc == 0)
		rc = set_up(p, XDP_RING, pool, err, err_size);
	if (rc == 0 && p->rx_queues < queues)
		rc = FAIL(ENOTSUP, "%u of its %u queues were opened", p->rx_queues, queues);
	if (rc == 0)
		note_sockets(p, AF_XDP, before, nbefore);
	else
		detach(p);
	return rc;
}

static int open_xdp(struct dp_port *p, struct rte_mempool *pool, char *err, size_t err_size)
{
	unsigned queues;
	int rc = look_xdp(p, pool, &queues, err, err_size);
	if (rc != 0)
		return rc;
	/* Without busy polling, an empty queue costs no system call; but where the card writes to our memory, the driver then waits a
	 * second for frames when it has run out of buffers. */
	rc = bind_xdp(p, queues, ",busy_budget=0", pool, err, err_size);
	if (rc == 0 && p->nfds > 0 && dp_iface_zero_copy(p->fds[0])) {
		detach(p);
		rc = bind_xdp(p, queues, "", pool, err, err_size);
	}
	if (rc != 0)
		return rc;
	snprintf(p->driver, sizeof p->driver, "AF_XDP");
	p->one_segment = true;
	p->cut_at = UINT32_MAX;
	return 0;
}

static int open_packet(struct dp_port *p, struct rte_mempool *pool, char *err, size_t err_size)
{
	char device[32], args[DP_PORT_NAME_MAX + 128];
	int before[DP_PORT_FDS_MAX];
	unsigned nbefore = dp_iface_sockets(AF_PACKET, before, DP_PORT_FDS_MAX), framesz = packet_framesz(p);
	unsigned blocksz = framesz * ((unsigned)getpagesize() / PACKET_ALIGN), frames = PACKET_FRAMES;
	while (frames > 64 && (uint64_t)frames * framesz > PACKET_BYTES)
		frames /= 2;
	snprintf(device, sizeof device, "net_af_packet%u", p->index);
	snprintf(args, sizeof args, "iface=%s,qpairs=1,blocksz=%u,framesz=%u,framecnt=%u,qdisc_bypass=1", p->name, blocksz,
	         framesz, frames);
	p->queues = 1;
	int rc = attach(p, device, args, err, err_size);
	if (rc == 0)
		rc = set_up(p, RING, pool, err, err_size);
	if (rc != 0) {
		detach(p);
		return rc;
	}
	note_sockets(p, AF_PACKET, before, nbefore);
	for (unsigned i = 0; i < p->nfds && rc == 0; i++)
		rc = dp_iface_ignore_outgoing(p->fds[i]);
	if (rc != 0) {
		detach(p);
		return FAIL(-rc, "port %s: frames that this host sends by it cannot be kept out: %s (Linux 4.20 can)", p->name, strerror(-rc));
	}
	snprintf(p->driver, sizeof p->driver, "AF_PACKET");
	p->one_segment = false;
	p->cut_at = p->frame_max;
	return 0;
}

#define LOST_TAG "an outer 802.1ad tag (QinQ) leaves as 802.1Q"

static int open_kernel(struct dp_port *p, struct rte_mempool *pool, dp_say say, void *arg, char *err, size_t err_size)
{
	char why[512], line[DP_PORT_NAME_MAX + 640];
	if (p->send_only)
		return open_packet(p, pool, err, err_size);
	if (open_xdp(p, pool, why, sizeof why) == 0)
		return 0;
	snprintf(line, sizeof line, "port %s: taken with AF_PACKET, for AF_XDP does not work: %s; " LOST_TAG, p->name, why);
	if (say)
		say(arg, line);
	return open_packet(p, pool, err, err_size);
}

/* A memif's buffers hold 2 KB unless it is told otherwise, and the driver spreads a longer frame over several. Under load that went wrong:
 * half a million frames were received where some hundreds had been sent. So a jumbo frame fits one buffer. */
#define MEMIF_BUFFER "bsize=10240"

#define MEMIF_LOOKS 1000 /* for the link, at start */
#define MEMIF_NAP 1000000 /* ns between two */

/* The arguments of a virtual device: what stands behind its name, and what it needs besides. */
static void device_arguments(const struct dp_port *p, char *to, size_t size)
{
	const char *args = strchr(p->name, ',');
	bool memif = strncmp(p->name, "net_memif", 9) == 0 && !strstr(p->name, "bsize=");
	snprintf(to, size, "%s%s%s", args ? args + 1 : "", args && memif ? "," : "", memif ? MEMIF_BUFFER : "");
}

/* The driver asks for its interface by name, and so does not find one that was given to another namespace; its file does. */
static void note_tap(struct dp_port *p)
{
	struct rte_eth_dev_info info;
	char iface[IF_NAMESIZE];
	if (strcmp(p->driver, "net_tap") != 0 || rte_eth_dev_info_get(p->id, &info) != 0 || !if_indextoname(info.if_index, iface))
		return;
	p->tap = dp_iface_tap(iface);
	p->tap_index = info.if_index;
}

int dp_port_open(struct dp_port *p, struct rte_mempool *pool, unsigned workers, dp_say say, void *arg, char *err, size_t err_size)
{
	char device[DP_PORT_NAME_MAX], args[DP_PORT_NAME_MAX + 1 + sizeof MEMIF_BUFFER], line[DP_PORT_NAME_MAX + 64];
	if (p->kind == DP_PORT_KERNEL)
		return open_kernel(p, pool, say, arg, err, err_size);
	size_t n = strcspn(p->name, ",");
	snprintf(device, sizeof device, "%.*s", (int)n, p->name);
	if (p->kind == DP_PORT_PCI)
		p->queues = (uint16_t)workers;
	device_arguments(p, args, sizeof args);
	int rc = attach(p, device, args, err, err_size);
	if (rc == 0)
		rc = set_up(p, p->kind == DP_PORT_PCI ? PCI_RING : RING, pool, err, err_size);
	uint16_t mtu;
	if (rc == 0 && rte_eth_dev_get_mtu(p->id, &mtu) == 0)
		p->mtu = mtu;
	if (rc == 0 && p->kind == DP_PORT_PCI)
		p->frame_max = p->mtu + DP_PORT_OVERHEAD;
	if (rc == 0)
		note_tap(p);
	else
		detach(p);
	if (rc == 0 && say && !p->send_only && strcmp(p->driver, "net_af_packet") == 0) {
		snprintf(line, sizeof line, "port %s: " LOST_TAG, p->name);
		say(arg, line);
	}
	return rc;
}

/* The server answered when the client was started, and the rest is the driver's to do, in its thread: where it takes long, the link
 * comes later. */
static void await_server(struct dp_port *p)
{
	for (unsigned i = 0; i < MEMIF_LOOKS && dp_port_link(p) != DP_PORT_UP; i++)
		nanosleep(&(struct timespec){ .tv_nsec = MEMIF_NAP }, NULL);
}

int dp_port_start(struct dp_port *p, dp_say say, void *arg, char *err, size_t err_size)
{
	char line[DP_PORT_NAME_MAX + 64];
	int rc = rte_eth_dev_start(p->id);
	if (rc != 0 && p->memif_client)
		return FAIL(-rc, "port %s: no server answers: start the other side, with role=server, first%s", p->name, dp_eal_complaint());
	if (rc != 0)
		return FAIL(-rc, "port %s: could not be started: %s%s", p->name, strerror(-rc), dp_eal_complaint());
	p->started = true;
	if (p->memif_client)
		await_server(p);
	rc = p->send_only ? 0 : rte_eth_promiscuous_enable(p->id);
	if (rc != 0 && rc != -ENOTSUP)
		return FAIL(-rc, "port %s: does not take frames for others (promiscuous mode): %s%s", p->name, strerror(-rc), dp_eal_complaint());
	if (!p->ifindex && dp_port_link(p) != DP_PORT_UP) {
		snprintf(line, sizeof line, "port %s: no link; going on, until it comes", p->name);
		if (say)
			say(arg, line);
	}
	return 0;
}

void dp_port_close(struct dp_port *p)
{
	if (p->opened && p->started && !p->send_only)
		rte_eth_promiscuous_disable(p->id);
	detach(p);
}

static enum dp_port_state tap_link(const struct dp_port *p)
{
	char iface[IF_NAMESIZE];
	if (!dp_iface_tap_exists(p->tap))
		return DP_PORT_GONE;
	/* In another namespace it cannot be looked at: as a driver that cannot tell. */
	if (!if_indextoname(p->tap_index, iface))
		return DP_PORT_UP;
	int flags = dp_iface_flags(iface);
	return flags >= 0 && (flags & IFF_UP) && (flags & IFF_RUNNING) ? DP_PORT_UP : DP_PORT_DOWN;
}

enum dp_port_state dp_port_link(struct dp_port *p)
{
	struct rte_eth_link link = { 0 };
	if (p->tap >= 0)
		return tap_link(p);
	if (!p->ifindex) {
		/* A driver that cannot tell has a link. */
		int rc = rte_eth_link_get_nowait(p->id, &link);
		bool up = rc != 0 || link.link_status == RTE_ETH_LINK_UP;
		p->came |= up;
		return up ? DP_PORT_UP : p->memif_client && p->came ? DP_PORT_GONE : DP_PORT_DOWN;
	}
	int flags = dp_iface_flags(p->iface);
	if (flags < 0 || if_nametoindex(p->iface) != p->ifindex)
		return DP_PORT_GONE;
	return (flags & IFF_UP) && (flags & IFF_RUNNING) ? DP_PORT_UP : DP_PORT_DOWN;
}

uint64_t dp_port_missed(struct dp_port *p)
{
	struct rte_eth_stats s = { 0 };
	bool xdp = p->one_segment; /* of the two that the kernel has */
	if (p->send_only)
		return 0;
	if (p->kind != DP_PORT_KERNEL)
		return rte_eth_stats_get(p->id, &s) == 0 ? s.imissed + s.ierrors + s.rx_nombuf : 0;
	uint64_t n = 0;
	for (unsigned i = 0; i < p->nfds; i++)
		n += dp_iface_dropped(p->fds[i], xdp);
	if (xdp)
		return n;
	return p->missed += n;
}
