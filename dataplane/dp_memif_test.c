/* SPDX-License-Identifier: Apache-2.0 */
/* Both sides of a memif in one process. One goes while somebody is at the other's queues: its memory stays until they have left;
 * and again and again while somebody sends and receives as fast as can be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include <rte_dev.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "dataplane/dp_eal.h"
#include "dataplane/dp_memif.h"

#define SECONDS 30 /* and then it hangs */
#define TURNS 50
#define MBUFS 4095
#define BURST 32

enum { SERVER, CLIENT };
static uint16_t ports[2];
static struct rte_mempool *mbufs;

static void nap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 100000 }, NULL);
}

static bool is_up(uint16_t port)
{
	struct rte_eth_link link;
	return rte_eth_link_get_nowait(port, &link) == 0 && link.link_status == RTE_ETH_LINK_UP;
}

/* Returns once both ports are so. */
static void await_link(bool up)
{
	time_t until = time(NULL) + SECONDS;
	while (is_up(ports[SERVER]) != up || is_up(ports[CLIENT]) != up) {
		if (time(NULL) > until)
			fail_msg("the link does not %s", up ? "come" : "go");
		nap();
	}
}

static void open_port(unsigned which)
{
	static const char *const roles[2] = { "server", "client" };
	char name[32], arguments[128];
	struct rte_eth_conf conf = { 0 };
	snprintf(name, sizeof name, "net_memif%u", which);
	snprintf(arguments, sizeof arguments, "role=%s,socket=dp-memif-test-%d,socket-abstract=yes", roles[which], (int)getpid());
	assert_int_equal(rte_eal_hotplug_add("vdev", name, arguments), 0);
	assert_int_equal(rte_eth_dev_get_port_by_name(name, &ports[which]), 0);
	assert_int_equal(rte_eth_dev_configure(ports[which], 1, 1, &conf), 0);
	assert_int_equal(rte_eth_rx_queue_setup(ports[which], 0, 512, SOCKET_ID_ANY, NULL, mbufs), 0);
	assert_int_equal(rte_eth_tx_queue_setup(ports[which], 0, 512, SOCKET_ID_ANY, NULL), 0);
	assert_int_equal(rte_eth_dev_start(ports[which]), 0);
}

static int set_up(void **state)
{
	static struct dp_eal_live eal = { .program = "dp_memif_test", .workers = 1, .megabytes = 128 };
	char err[1024];
	(void)state;
	if (dp_eal_start_live(&eal, err, sizeof err) != 0)
		fail_msg("%s", err);
	mbufs = rte_pktmbuf_pool_create("frames", MBUFS, 64, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	assert_non_null(mbufs);
	open_port(SERVER);
	open_port(CLIENT);
	await_link(true);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	dp_eal_stop_live();
	return 0;
}

/* Starts the client again, once the server has noticed. */
static void come_back(void)
{
	await_link(false);
	assert_int_equal(rte_eth_dev_start(ports[CLIENT]), 0);
	await_link(true);
}

static _Atomic bool stopped;

static void *stop_client(void *arg)
{
	(void)arg;
	rte_eth_dev_stop(ports[CLIENT]);
	atomic_store(&stopped, true);
	return NULL;
}

static void who_is_inside_is_waited_for(void **state)
{
	pthread_t thread;
	time_t until = time(NULL) + SECONDS;
	(void)state;
	assert_true(dp_memif_enter());
	/* Who is inside may be joined by others. */
	assert_true(dp_memif_enter());
	dp_memif_leave();
	assert_int_equal(pthread_create(&thread, NULL, stop_client, NULL), 0);
	while (dp_memif_enter()) {
		dp_memif_leave();
		if (time(NULL) > until)
			fail_msg("the memory is given back though somebody is inside");
		nap();
	}
	for (unsigned i = 0; i < 100; i++) {
		nap();
		assert_false(atomic_load(&stopped));
		assert_false(dp_memif_enter());
	}
	dp_memif_leave();
	pthread_join(thread, NULL);
	assert_true(atomic_load(&stopped));
	come_back();
	assert_true(dp_memif_enter());
	dp_memif_leave();
}

/* A worker at the server's queues. */

static _Atomic bool end;
static _Atomic uint64_t sent_all;

static void send_some(void)
{
	struct rte_mbuf *m[BURST];
	uint16_t sent = 0;
	if (rte_pktmbuf_alloc_bulk(mbufs, m, BURST) != 0)
		return;
	for (unsigned i = 0; i < BURST; i++)
		rte_pktmbuf_append(m[i], 1000);
	if (dp_memif_enter()) {
		sent = rte_eth_tx_burst(ports[SERVER], 0, m, BURST);
		dp_memif_leave();
	}
	rte_pktmbuf_free_bulk(m + sent, BURST - sent);
	atomic_fetch_add(&sent_all, sent);
}

static unsigned take(unsigned which)
{
	struct rte_mbuf *m[BURST];
	uint16_t n = 0;
	if (dp_memif_enter()) {
		n = rte_eth_rx_burst(ports[which], 0, m, BURST);
		dp_memif_leave();
	}
	rte_pktmbuf_free_bulk(m, n);
	return n;
}

static void *work(void *arg)
{
	(void)arg;
	while (!atomic_load(&end)) {
		send_some();
		take(SERVER);
	}
	return NULL;
}

static void goes_under_traffic(void **state)
{
	pthread_t thread;
	uint64_t received = 0;
	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, work, NULL), 0);
	for (unsigned i = 1; i <= TURNS; i++) {
		time_t until = time(NULL) + SECONDS;
		while (received < i * 10 * BURST) {
			if (time(NULL) > until)
				fail_msg("nothing comes through in turn %u", i);
			received += take(CLIENT);
		}
		rte_eth_dev_stop(ports[CLIENT]);
		come_back();
	}
	atomic_store(&end, true);
	pthread_join(thread, NULL);
	assert_true(received <= atomic_load(&sent_all));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_inside_is_waited_for),
		cmocka_unit_test(goes_under_traffic),
	};
	return cmocka_run_group_tests_name("dp_memif", tests, set_up, tear_down);
}
