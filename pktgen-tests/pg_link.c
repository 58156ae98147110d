/* SPDX-License-Identifier: Apache-2.0 */
#include "pktgen-tests/pg_link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/virtio_net.h>
#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_log.h>

#include "pktgen-tests/pg_raw.h"

#define HEADER sizeof(struct virtio_net_hdr) /* before each frame of a raw socket; all zero: nothing left to do */
#define SLOT 2048
#define SOURCE_PORT 34
#define PAYLOAD 42
#define MARK 0x6d77 /* after number and stamp */
#define MBUFS 4096

struct pg_link {
	size_t size;
	bool memif;
	struct pg_raw raw[2]; /* in, out */
	uint16_t port[2];
	bool opened[2];
	struct rte_mempool *mbufs;
	struct mmsghdr tx[PG_LINK_BURST], rx[PG_LINK_BURST];
	struct iovec tx_iov[PG_LINK_BURST], rx_iov[PG_LINK_BURST];
	uint8_t tx_data[PG_LINK_BURST][SLOT], rx_data[PG_LINK_BURST][SLOT];
};

/* Frames. */

static void template_write(uint8_t *f, size_t size)
{
	static const uint8_t ethernet[14] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0 };
	/* 198.18.0.0/15 is for measurements: RFC 2544, appendix C.2.2. */
	uint8_t ip[20] = {
		0x45, 0, (uint8_t)((size - 14) >> 8), (uint8_t)(size - 14), 0, 0, 0x40, 0, 64, 17, 0, 0, 198, 18, 0, 1, 198, 19,
		0,    1
	};
	/* Without a checksum: RFC 768. */
	uint8_t udp[8] = { 0xc0, 0, 0, 9, (uint8_t)((size - 34) >> 8), (uint8_t)(size - 34), 0, 0 };
	uint32_t sum = 0;
	for (size_t i = 0; i < sizeof ip; i += 2)
		sum += (uint32_t)ip[i] << 8 | ip[i + 1];
	sum = ~((sum & 0xffff) + (sum >> 16));
	ip[10] = (uint8_t)(sum >> 8);
	ip[11] = (uint8_t)sum;
	memset(f, 0, size);
	memcpy(f, ethernet, sizeof ethernet);
	memcpy(f + 14, ip, sizeof ip);
	memcpy(f + 34, udp, sizeof udp);
}

static void frame_number(uint8_t *f, uint64_t number, uint64_t stamp)
{
	uint16_t mark = MARK;
	f[SOURCE_PORT + 1] = (uint8_t)(number % PG_LINK_FLOWS);
	memcpy(f + PAYLOAD, &number, 8);
	memcpy(f + PAYLOAD + 8, &stamp, 8);
	memcpy(f + PAYLOAD + 16, &mark, 2);
}

static bool frame_read(const struct pg_link *l, const uint8_t *f, size_t len, struct pg_arrival *to)
{
	uint16_t mark;
	if (len != l->size)
		return false;
	memcpy(&mark, f + PAYLOAD + 16, 2);
	memcpy(&to->number, f + PAYLOAD, 8);
	memcpy(&to->stamp, f + PAYLOAD + 8, 8);
	return mark == MARK && f[SOURCE_PORT + 1] == to->number % PG_LINK_FLOWS;
}

/* Kernel interfaces. */

int pg_link_open_raw(struct pg_link **to, const char *in, const char *out, size_t size, char *err, size_t err_size)
{
	const char *names[2] = { in, out };
	int rc = -ENOMEM;
	struct pg_link *l = calloc(1, sizeof *l);
	snprintf(err, err_size, "out of memory");
	if (!l)
		return rc;
	l->size = size;
	l->raw[0].fd = l->raw[1].fd = -1;
	for (unsigned i = 0; i < 2; i++)
		if ((rc = pg_raw_open(&l->raw[i], names[i], err, err_size)) != 0)
			goto out;
	for (unsigned i = 0; i < PG_LINK_BURST; i++) {
		template_write(l->tx_data[i] + HEADER, size);
		l->tx_iov[i] = (struct iovec){ l->tx_data[i], HEADER + size };
		l->rx_iov[i] = (struct iovec){ l->rx_data[i], SLOT };
		l->tx[i].msg_hdr = (struct msghdr){ .msg_iov = &l->tx_iov[i], .msg_iovlen = 1 };
		l->rx[i].msg_hdr = (struct msghdr){ .msg_iov = &l->rx_iov[i], .msg_iovlen = 1 };
	}
	*to = l;
	return 0;
out:
	pg_link_free(l);
	return rc;
}

static unsigned raw_send(struct pg_link *l, uint64_t number, unsigned n, uint64_t stamp)
{
	for (unsigned i = 0; i < n; i++)
		frame_number(l->tx_data[i] + HEADER, number + i, stamp);
	int sent = sendmmsg(l->raw[0].fd, l->tx, n, 0);
	return sent < 0 ? 0 : (unsigned)sent;
}

static unsigned raw_receive(struct pg_link *l, struct pg_arrival *to)
{
	int got = recvmmsg(l->raw[1].fd, l->rx, PG_LINK_BURST, MSG_DONTWAIT, NULL);
	unsigned n = 0;
	for (int i = 0; i < got; i++)
		if (l->rx[i].msg_len >= HEADER)
			n += frame_read(l, l->rx_data[i] + HEADER, l->rx[i].msg_len - HEADER, &to[n]);
	return n;
}

/* memif. */

static int memif_port(struct pg_link *l, unsigned id, const char *socket)
{
	char name[32], arguments[128];
	struct rte_eth_conf conf = { 0 };
	int rc;
	snprintf(name, sizeof name, "net_memif%u", id);
	snprintf(arguments, sizeof arguments, "role=server,id=%u,socket=%s,socket-abstract=yes", id, socket);
	if ((rc = rte_eal_hotplug_add("vdev", name, arguments)) != 0 ||
	    (rc = rte_eth_dev_get_port_by_name(name, &l->port[id])) != 0)
		return rc;
	l->opened[id] = true;
	if ((rc = rte_eth_dev_configure(l->port[id], 1, 1, &conf)) != 0 ||
	    (rc = rte_eth_rx_queue_setup(l->port[id], 0, 1024, SOCKET_ID_ANY, NULL, l->mbufs)) != 0 ||
	    (rc = rte_eth_tx_queue_setup(l->port[id], 0, 1024, SOCKET_ID_ANY, NULL)) != 0)
		return rc;
	return rte_eth_dev_start(l->port[id]);
}

int pg_link_open_memif(struct pg_link **to, const char *socket, size_t size, char *err, size_t err_size)
{
	int rc = -ENOMEM;
	struct pg_link *l = calloc(1, sizeof *l);
	snprintf(err, err_size, "out of memory");
	if (!l)
		return rc;
	l->size = size;
	l->memif = true;
	l->raw[0].fd = l->raw[1].fd = -1;
	l->mbufs = rte_pktmbuf_pool_create("bench-link", MBUFS - 1, 128, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (!l->mbufs)
		goto out;
	template_write(l->tx_data[0], size);
	/* It complains that no second process of DPDK's could share the port. */
	rte_log_set_level_pattern("pmd.net.memif*", RTE_LOG_CRIT);
	for (unsigned id = 0; id < 2; id++)
		if ((rc = memif_port(l, id, socket)) != 0) {
			snprintf(err, err_size, "cannot open memif port %u: %s", id, rte_strerror(-rc));
			goto out;
		}
	*to = l;
	return 0;
out:
	pg_link_free(l);
	return rc;
}

static unsigned memif_send(struct pg_link *l, uint64_t number, unsigned n, uint64_t stamp)
{
	struct rte_mbuf *m[PG_LINK_BURST];
	if (rte_pktmbuf_alloc_bulk(l->mbufs, m, n) != 0)
		return 0;
	for (unsigned i = 0; i < n; i++) {
		uint8_t *f = (uint8_t *)rte_pktmbuf_append(m[i], (uint16_t)l->size);
		memcpy(f, l->tx_data[0], l->size);
		frame_number(f, number + i, stamp);
	}
	unsigned sent = rte_eth_tx_burst(l->port[0], 0, m, (uint16_t)n);
	rte_pktmbuf_free_bulk(m + sent, n - sent);
	return sent;
}

static unsigned memif_receive(struct pg_link *l, struct pg_arrival *to)
{
	struct rte_mbuf *m[PG_LINK_BURST];
	unsigned n = 0, got = rte_eth_rx_burst(l->port[1], 0, m, PG_LINK_BURST);
	for (unsigned i = 0; i < got; i++)
		if (m[i]->nb_segs == 1)
			n += frame_read(l, rte_pktmbuf_mtod(m[i], const uint8_t *), m[i]->data_len, &to[n]);
	rte_pktmbuf_free_bulk(m, got);
	return n;
}

/* Either. */

bool pg_link_ready(const struct pg_link *l)
{
	for (unsigned i = 0; l->memif && i < 2; i++) {
		struct rte_eth_link link;
		if (rte_eth_link_get_nowait(l->port[i], &link) != 0 || link.link_status != RTE_ETH_LINK_UP)
			return false;
	}
	return true;
}

unsigned pg_link_send(struct pg_link *l, uint64_t number, unsigned n, uint64_t stamp)
{
	return l->memif ? memif_send(l, number, n, stamp) : raw_send(l, number, n, stamp);
}

unsigned pg_link_receive(struct pg_link *l, struct pg_arrival *to)
{
	return l->memif ? memif_receive(l, to) : raw_receive(l, to);
}

void pg_link_free(struct pg_link *l)
{
	if (!l)
		return;
	for (unsigned i = 0; i < 2; i++) {
		pg_raw_close(&l->raw[i]);
		if (!l->opened[i])
			continue;
		rte_eth_dev_stop(l->port[i]);
		rte_eth_dev_close(l->port[i]);
	}
	rte_mempool_free(l->mbufs);
	free(l);
}
