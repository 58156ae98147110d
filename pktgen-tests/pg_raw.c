/* SPDX-License-Identifier: Apache-2.0 */
#include "pktgen-tests/pg_raw.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>

#define TAG 4 /* bytes of a VLAN tag */
#define ADDRESSES (2 * ETH_ALEN)
#define BUFFER (32 << 20)

/* For a return statement: the reason in err, and rc. */
__attribute__((format(printf, 4, 5))) static int say(char *err, size_t err_size, int rc, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	vsnprintf(err, err_size, format, ap);
	va_end(ap);
	return rc;
}

/* Its index, or -errno. */
static int look_at(int fd, const char *name, char *err, size_t err_size)
{
	struct ifreq r = { 0 };
	int ifindex;
	if (strlen(name) >= sizeof r.ifr_name)
		return say(err, err_size, -ENODEV, "%s: too long for the name of an interface", name);
	memcpy(r.ifr_name, name, strlen(name));
	if (ioctl(fd, SIOCGIFINDEX, &r) != 0)
		return say(err, err_size, -ENODEV, "%s: no such interface here; `ip link` lists them", name);
	ifindex = r.ifr_ifindex;
	if (ioctl(fd, SIOCGIFHWADDR, &r) != 0 || r.ifr_hwaddr.sa_family != ARPHRD_ETHER)
		return say(err, err_size, -EINVAL, "%s: not an Ethernet interface", name);
	if (ioctl(fd, SIOCGIFFLAGS, &r) != 0 || !(r.ifr_flags & IFF_UP))
		return say(err, err_size, -ENETDOWN, "%s: it is down; `ip link set dev %s up` mends it", name, name);
	return ifindex;
}

static int enable(int fd, int what)
{
	int on = 1;
	return setsockopt(fd, SOL_PACKET, what, &on, sizeof on);
}

int pg_raw_open(struct pg_raw *r, const char *interface, char *err, size_t err_size)
{
	struct sockaddr_ll a = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	int rc, buffer = BUFFER;
	/* No protocol: nothing comes in before the socket is bound. */
	*r = (struct pg_raw){ .fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), .name = interface };
	if (r->fd < 0)
		return say(err, err_size, -errno, "%s: cannot open a raw socket: %s%s", interface, strerror(errno),
			   errno == EPERM ? "; it needs root, or CAP_NET_RAW" : "");
	rc = a.sll_ifindex = look_at(r->fd, interface, err, err_size);
	if (rc < 0)
		goto out;
	struct packet_mreq promiscuous = { .mr_ifindex = a.sll_ifindex, .mr_type = PACKET_MR_PROMISC };
	if (setsockopt(r->fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer) != 0)
		setsockopt(r->fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer); /* as much as is allowed */
	if (enable(r->fd, PACKET_VNET_HDR) != 0 || enable(r->fd, PACKET_AUXDATA) != 0 ||
	    enable(r->fd, PACKET_IGNORE_OUTGOING) != 0 ||
	    setsockopt(r->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promiscuous, sizeof promiscuous) != 0 ||
	    bind(r->fd, (const struct sockaddr *)&a, sizeof a) != 0) {
		rc = say(err, err_size, -errno, "%s: cannot set the raw socket up: %s", interface, strerror(errno));
		goto out;
	}
	return 0;
out:
	pg_raw_close(r);
	return rc;
}

/* What the kernel took out of the frame. */
static bool tag_of(struct msghdr *m, uint16_t tag[2])
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		struct tpacket_auxdata aux;
		if (c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA)
			continue;
		memcpy(&aux, CMSG_DATA(c), sizeof aux);
		if (!(aux.tp_status & TP_STATUS_VLAN_VALID))
			return false;
		tag[0] = htons(aux.tp_status & TP_STATUS_VLAN_TPID_VALID ? aux.tp_vlan_tpid : ETH_P_8021Q);
		tag[1] = htons(aux.tp_vlan_tci);
		return true;
	}
	return false;
}

/* Header and addresses move down to make room; what the header says of places in the frame moves up. */
static void insert_tag(uint8_t *at, const uint16_t tag[2])
{
	struct virtio_net_hdr h;
	memmove(at, at + TAG, sizeof h + ADDRESSES);
	memcpy(at + sizeof h + ADDRESSES, tag, TAG);
	memcpy(&h, at, sizeof h);
	if (h.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
		h.csum_start = (uint16_t)(h.csum_start + TAG);
	if (h.gso_type != VIRTIO_NET_HDR_GSO_NONE)
		h.hdr_len = (uint16_t)(h.hdr_len + TAG);
	memcpy(at, &h, sizeof h);
}

ssize_t pg_raw_receive(struct pg_raw *r, uint8_t *buf, size_t size, uint8_t **at)
{
	union {
		struct cmsghdr align;
		uint8_t bytes[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
	} control;
	struct iovec iov = { .iov_base = buf + TAG, .iov_len = size - TAG };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
	uint16_t tag[2];
	ssize_t n = recvmsg(r->fd, &m, MSG_DONTWAIT);
	/* A link that went down is told once, in place of a frame. */
	if (n < 0)
		return errno == EAGAIN || errno == EINTR || errno == ENETDOWN ? 0 : -errno;
	if (m.msg_flags & MSG_TRUNC)
		return -EMSGSIZE;
	*at = buf + TAG;
	if (n >= (ssize_t)(sizeof(struct virtio_net_hdr) + ADDRESSES) && tag_of(&m, tag)) {
		*at = buf;
		n += TAG;
		insert_tag(*at, tag);
	}
	return n;
}

int pg_raw_send(struct pg_raw *r, const uint8_t *frame, size_t len)
{
	ssize_t n;
	do
		n = send(r->fd, frame, len, 0);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

uint64_t pg_raw_missed(struct pg_raw *r)
{
	struct tpacket_stats s;
	socklen_t len = sizeof s;
	return getsockopt(r->fd, SOL_PACKET, PACKET_STATISTICS, &s, &len) == 0 ? s.tp_drops : 0;
}

void pg_raw_close(struct pg_raw *r)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
}
