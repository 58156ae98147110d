/* SPDX-License-Identifier: Apache-2.0 */
/* dp_port: a port of `mailweir run`: a kernel interface (AF_XDP, AF_PACKET), a PCI address, or a DPDK virtual device.
 *
 * Owner:  the main thread; workers only receive from and send to its queues, each queue by one worker.
 * Memory: EAL's and the driver's, taken at start.
 * Never run on a real NIC so far: what concerns PCI devices (RSS, jumbo frames, link) follows DPDK's documentation, untried. */
#ifndef DP_PORT_H
#define DP_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rte_mempool;

#define DP_PORT_NAME_MAX 256
#define DP_PORT_QUEUES_MAX 64

enum dp_port_state {
	DP_PORT_UP,
	DP_PORT_DOWN, /* goes on by itself when it is up again */
	DP_PORT_GONE, /* the interface was deleted: it needs a new start */
};

enum dp_port_kind { DP_PORT_AF_XDP, DP_PORT_AF_PACKET, DP_PORT_PCI, DP_PORT_VDEV };

struct dp_port {
	char name[DP_PORT_NAME_MAX]; /* as the user named it */
	const char *driver; /* for people: "AF_XDP", "AF_PACKET", "net_memif", "net_ixgbe" */
	enum dp_port_kind kind;
	uint16_t id; /* DPDK's */
	uint16_t mtu;
	uint16_t rx_queues, tx_queues;
};

#endif
