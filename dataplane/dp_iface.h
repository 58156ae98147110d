/* SPDX-License-Identifier: Apache-2.0 */
/* dp_iface: what the kernel says of a network interface, and what must be changed before frames are taken from it.
 *
 * Owner: the main thread. Memory: none. Errors: -errno. */
#ifndef DP_IFACE_H
#define DP_IFACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum dp_iface_feature { DP_IFACE_GRO, DP_IFACE_LRO, DP_IFACE_RXVLAN, DP_IFACE_FEATURES };
extern const char *const dp_iface_feature_names[DP_IFACE_FEATURES]; /* as `ethtool -K` has them */

bool dp_iface_exists(const char *name);
int dp_iface_mtu(const char *name); /* or -errno */
int dp_iface_flags(const char *name); /* IFF_UP, IFF_RUNNING; or -errno */
bool dp_iface_ethernet(const char *name);

/* Queues it receives by now. *combined: AF_XDP's driver takes them as one set, as those of one number to receive and to send by are in a program with
 * ports (dp_port.c); false: they are counted apart, and that driver opens the first only. */
unsigned dp_iface_queues(const char *name, bool *combined);

/* 1 on, 0 off or not known to the interface, or -errno. */
int dp_iface_feature(const char *name, enum dp_iface_feature f);
int dp_iface_feature_off(const char *name, enum dp_iface_feature f);

/* Sockets of a family that this process has: AF_PACKET, AF_XDP. Returns how many; `to` gets max at most. */
unsigned dp_iface_sockets(int family, int *to, unsigned max);
/* AF_PACKET: what this host itself sends by the interface is not received. */
int dp_iface_ignore_outgoing(int fd);
/* Frames that a socket of AF_PACKET or AF_XDP had no room for; AF_PACKET: since the last look. */
uint64_t dp_iface_dropped(int fd, bool xdp);

/* The file by which this process holds a tap interface of its network namespace; -1: it holds none of that name. */
int dp_iface_tap(const char *name);
/* Whether the tap of such a file still exists, in whichever namespace it is now, under whatever name. */
bool dp_iface_tap_exists(int fd);

/* An AF_XDP socket whose frames the card itself writes to our memory. */
bool dp_iface_zero_copy(int fd);

/* Whether this process has the right, a number as CAP_NET_ADMIN. */
bool dp_iface_capable(unsigned cap);

#endif
