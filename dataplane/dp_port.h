/* SPDX-License-Identifier: Apache-2.0 */
/* dp_port: a port of `mailweir run`: a kernel interface (AF_XDP, else AF_PACKET), a PCI address, or a DPDK virtual device.
 *
 * Owner:  the main thread; workers only receive from and send to its queues, each queue by one worker, or by main in its place.
 * Memory: EAL's and the driver's, taken at start.
 * Never run on a real NIC so far: what concerns PCI devices (RSS, descriptors, link) follows DPDK's documentation, untried.
 * What AF_PACKET cannot do: the kernel takes VLAN tags out of frames, and the driver puts the outer one back as 802.1Q: an outer
 * 802.1ad tag leaves as 802.1Q. AF_XDP leaves them alone. */
#ifndef DP_PORT_H
#define DP_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rte_mempool;

#define DP_PORT_NAME_MAX 256
#define DP_PORT_FDS_MAX 64
#define DP_PORT_OVERHEAD 22 /* Ethernet and two tags, beside the MTU */

enum dp_port_state {
	DP_PORT_UP,
	DP_PORT_DOWN, /* goes on by itself when it is up again */
	DP_PORT_GONE, /* the interface was deleted, or is another one of the same name: it needs a new start */
};

enum dp_port_kind { DP_PORT_KERNEL, DP_PORT_PCI, DP_PORT_VDEV };

struct dp_port {
	char name[DP_PORT_NAME_MAX]; /* as the user named it */
	char driver[64]; /* for people: "AF_XDP", "AF_PACKET", "net_memif", "net_ixgbe" */
	enum dp_port_kind kind;
	unsigned index; /* of the sensor's ports */
	char iface[16]; /* the kernel interface that it is, or that its driver takes; "": none */
	unsigned ifindex; /* of it; 0: none */
	uint16_t id; /* DPDK's */
	int tap; /* the file by which the driver holds its tap interface; -1: it is no tap */
	unsigned tap_index; /* of that interface, as long as it is in our network namespace */
	bool send_only; /* nothing is received from it, or taken away from its host: AF_PACKET for a kernel interface */
	bool memif; /* its queues are used between dp_memif_enter and dp_memif_leave */
	bool memif_client; /* once the server has gone, it is lost: the driver does not connect again */
	bool came; /* memif's client: it had a link */
	bool opened, started;
	uint16_t mtu; /* 0: not known */
	uint32_t frame_max; /* longer frames are not the port's: cut by the driver, or not to be sent */
	uint32_t cut_at; /* a frame received with more bytes was cut by the driver; UINT32_MAX: the driver cuts none */
	uint16_t queues; /* kernel interface: those it has; else those wanted */
	uint16_t rx_queues, tx_queues; /* opened */
	bool one_segment; /* sends only frames of one segment */
	bool symmetric; /* both directions of a connection come by the same queue number, by RSS */
	int fds[DP_PORT_FDS_MAX]; /* the driver's sockets, for what it does not ask them */
	unsigned nfds;
	uint64_t missed; /* AF_PACKET: the socket's count starts anew with each look */
};

/* Says one line without line end. */
typedef void (*dp_say)(void *arg, const char *line);

/* Before EAL starts: what kind of port it is, and whether it can be one. All fields are set. 0, or -errno with one line in err that
 * names what mends it. */
int dp_port_look(struct dp_port *p, const char *name, unsigned index, unsigned workers, bool send_only, dp_say say, void *arg,
                 char *err, size_t err_size);

/* Bytes of an mbuf's data room, headroom included, that the port needs. */
uint32_t dp_port_room(const struct dp_port *p);
/* Whether AF_XDP may take it: its frames are then to be whole pages (dp_frames). */
bool dp_port_may_xdp(const struct dp_port *p);
/* Mbufs that it may have in its rings with so many workers: never a connection's. */
uint32_t dp_port_reserve(const struct dp_port *p, unsigned workers);

/* After EAL started. Opens its queues, with frames from `pool`; nothing is received yet. */
int dp_port_open(struct dp_port *p, struct rte_mempool *pool, unsigned workers, dp_say say, void *arg, char *err, size_t err_size);
int dp_port_start(struct dp_port *p, dp_say say, void *arg, char *err, size_t err_size);
void dp_port_close(struct dp_port *p);

enum dp_port_state dp_port_link(struct dp_port *p);
uint64_t dp_port_missed(struct dp_port *p);

#endif
