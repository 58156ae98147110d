/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_reader.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_malloc.h>

#include "dataplane/dp_capture.h"
#include "dataplane/dp_datagram.h"
#include "dataplane/dp_frames.h"

static void nap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 20000 }, NULL);
}

/* Each thread's cache may keep one and a half times its size to itself. The workers give mbufs back and take none: what their
 * caches keep is lost to the reader, so all caches together may keep a fifth of them at most; connections may hold half. */
static unsigned cache_size(uint32_t mbufs, unsigned workers)
{
	unsigned most = mbufs / 8 / (workers + 1);
	return most < 256 ? most : 256;
}

static struct rte_mbuf *take_mbuf(struct dp_reader *r);

static struct rte_mbuf *alloc(void *reader)
{
	return take_mbuf(reader);
}

static void begun(void *reader, struct rte_mbuf *m);

static int init_frags(struct dp_reader *r, const struct ct_config *config)
{
	struct dp_frags_config fc = { .config = config, .fragments = config->memory.fragments,
		.account = r->account,
				      .alloc = alloc, .begun = begun, .arg = r };
	r->frags_mem = rte_malloc("fragments", dp_frags_bytes(config, fc.fragments), 64);
	if (!r->frags_mem)
		return -ENOMEM;
	dp_frags_init(&r->frags, r->frags_mem, &fc);
	return 0;
}

int dp_reader_init(struct dp_reader *r, const struct ct_config *config, unsigned workers, char *err, size_t err_size)
{
	/* What fragments keep is beside what the reader and the workers have: it cannot make them wait for each other. */
	uint32_t mbufs = config->memory.mbufs * workers + config->memory.fragments;
	memset(r, 0, sizeof *r);
	dp_tunnels_init(&r->tunnels, config);
	r->workers = workers;
	r->mbufs = dp_frames_create("frames", mbufs, cache_size(mbufs, workers), RTE_MBUF_DEFAULT_BUF_SIZE, false);
	if (!r->mbufs || init_frags(r, config) != 0)
		goto fail;
	for (unsigned i = 0; i < workers; i++) {
		char name[RTE_RING_NAMESIZE];
		snprintf(name, sizeof name, "frames%u", i);
		r->rings[i] = rte_ring_create(name, DP_READER_RING, (int)rte_socket_id(), RING_F_SP_ENQ | RING_F_SC_DEQ);
		if (!r->rings[i])
			goto fail;
	}
	return 0;
fail:;
	int rc = rte_errno ? -rte_errno : -ENOMEM;
	snprintf(err, err_size, "no memory for %u mbufs and %u rings: %s; `memory.mbufs`, for each worker, and `memory.fragments` say how many",
		 config->memory.mbufs * workers, workers, rte_strerror(-rc));
	dp_reader_free(r);
	return rc;
}

void dp_reader_free(struct dp_reader *r)
{
	for (unsigned i = 0; i < r->workers; i++)
		rte_ring_free(r->rings[i]);
	if (r->frags_mem)
		rs_pool_release(r->frags_mem, dp_frags_bytes(r->frags.config, r->frags.kept_max));
	rte_free(r->frags_mem);
	rte_mempool_free(r->mbufs);
}

uint16_t dp_reader_rx(void *ring, struct rte_mbuf **m, uint16_t n)
{
	return (uint16_t)rte_ring_sc_dequeue_burst(ring, (void **)m, n, NULL);
}

/* Handing out. */

static void flush(struct dp_reader *r, unsigned worker)
{
	struct rte_mbuf **m = r->staged[worker];
	unsigned n = r->nstaged[worker], done = 0;
	while (done < n) {
		unsigned k = rte_ring_sp_enqueue_burst(r->rings[worker], (void **)(m + done), n - done, NULL);
		if (k == 0)
			nap();
		done += k;
	}
	r->nstaged[worker] = 0;
}

static void flush_all(struct dp_reader *r)
{
	for (unsigned i = 0; i < r->workers; i++)
		flush(r, i);
	atomic_store_explicit(&r->dispatched, r->seq, memory_order_release);
}

static void stage(struct dp_reader *r, unsigned worker, struct rte_mbuf *m)
{
	r->staged[worker][r->nstaged[worker]++] = m;
	if (r->nstaged[worker] == DP_BURST)
		flush_all(r);
}

static struct rte_mbuf *take_mbuf(struct dp_reader *r)
{
	struct rte_mbuf *m;
	while (!(m = rte_pktmbuf_alloc(r->mbufs))) {
		/* The workers can give back only what they have. */
		flush_all(r);
		nap();
	}
	return m;
}

static struct rte_mbuf *to_mbufs(struct dp_reader *r, const uint8_t *p, uint32_t n)
{
	struct rte_mbuf *head = take_mbuf(r), *last = head;
	for (;;) {
		uint16_t k = rte_pktmbuf_tailroom(last);
		if (k > n)
			k = (uint16_t)n;
		memcpy(rte_pktmbuf_mtod(last, uint8_t *), p, k);
		last->data_len = k;
		head->pkt_len += k;
		p += k;
		n -= k;
		if (n == 0)
			return head;
		last->next = take_mbuf(r);
		last = last->next;
		head->nb_segs++;
	}
}

static void to_all(struct dp_reader *r, enum dp_kind kind, uint64_t time)
{
	uint64_t seq = r->seq + 1;
	for (unsigned i = 0; i < r->workers; i++) {
		struct rte_mbuf *m = take_mbuf(r);
		*dp_meta(m) = (struct dp_meta){ .seq = seq, .time = time, .kind = (uint8_t)kind };
		stage(r, i, m);
	}
	/* Only now: what is handed out in between must not count as all there is up to it. */
	r->seq = seq;
}

/* Ticks come with the packets' time, once a second of it, to all workers between the same two packets: so what expires does
 * not depend on how many workers there are. Time that goes backwards (a second file) does not. */
static void tick(struct dp_reader *r, uint64_t time)
{
	uint64_t second = time / UINT64_C(1000000000);
	if (second <= r->second)
		return;
	if (r->second) {
		dp_frags_expire(&r->frags, second * UINT64_C(1000000000));
		to_all(r, DP_TICK, second * UINT64_C(1000000000));
	}
	r->second = second;
}

static enum dp_class parse(const struct dp_reader *r, const struct rte_mbuf *m, struct dp_packet *pkt)
{
	const struct dp_meta *meta = dp_meta_const(m);
	enum dp_class class = dp_tunnel_parse(&r->tunnels, (enum dp_link)meta->link, rte_pktmbuf_mtod(m, const uint8_t *),
	                                      rte_pktmbuf_data_len(m), rte_pktmbuf_pkt_len(m), pkt);
	if (meta->datagram && pkt->tunnel == 0)
		pkt->tunnel = meta->tunnel;
	return class;
}

/* A fragment that is to be collected, counted as received and held, or as nothing yet. The datagram that it completes, or NULL. */
static struct rte_mbuf *collect(struct dp_reader *r, const struct dp_packet *pkt, struct rte_mbuf *m)
{
	struct rte_mbuf *datagram;
	struct dp_meta *meta = dp_meta(m);
	if (meta->kind == DP_GIVEN) {
		r->account[0].held--;
	} else {
		r->account[0].received++;
		r->account[0].bytes += rte_pktmbuf_pkt_len(m);
	}
	if (dp_frags_take(&r->frags, pkt, m, &datagram) == DP_CONSUMED)
		r->account[0].consumed++;
	rte_pktmbuf_free(m);
	return datagram;
}

/* Until here nothing counts as dispatched with its number. What is not TCP, or may be that of no connection, is the first one's. */
static void give(struct dp_reader *r, struct rte_mbuf *m, struct dp_packet *pkt, enum dp_class class)
{
	bool ports = class == DP_TCP || dp_datagram_ports(m, pkt);
	dp_meta(m)->seq = ++r->seq;
	stage(r, ports ? dp_packet_hash(pkt, 0) % r->workers : 0, m);
}

/* A connection's frames go to one worker, and so does what its fragments make; whatever that is may be a fragment, too. */
static void hand_out(struct dp_reader *r, struct rte_mbuf *m)
{
	struct dp_packet pkt;
	enum dp_class class = parse(r, m, &pkt);
	while (class == DP_FRAGMENT && dp_meta(m)->depth < DP_FRAGS_DEPTH && dp_frags_wants(&r->frags, &pkt, m)) {
		m = collect(r, &pkt, m);
		if (!m)
			return;
		class = parse(r, m, &pkt);
	}
	give(r, m, &pkt, class);
}

static void begun(void *reader, struct rte_mbuf *m)
{
	hand_out(reader, m);
}

static uint64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void show_progress(struct dp_reader *r, const struct dp_capture *c, uint64_t *shown)
{
	uint64_t now = now_ms();
	if (now - *shown < 200)
		return;
	*shown = now;
	r->progress(r->progress_arg, r->packets, dp_capture_bytes(c), dp_capture_size(c));
}

enum dp_read_status dp_reader_file(struct dp_reader *r, const char *path, uint16_t input, char *err, size_t err_size)
{
	struct dp_capture *c;
	struct dp_frame f;
	enum dp_capture_status status;
	enum dp_read_status result = DP_READ_OK;
	uint64_t number = 0, shown = now_ms();
	char why[DP_CAPTURE_ERROR_MAX];

	if (dp_capture_open(path, &c, why, sizeof why) != 0) {
		if (*r->stop)
			return DP_READ_OK; /* the caller says so */
		snprintf(err, err_size, "%s: %s", path, why);
		return DP_READ_NOT;
	}
	while ((status = dp_capture_next(c, &f, why, sizeof why)) == DP_CAPTURE_FRAME) {
		tick(r, f.time_ns);
		if (r->packets == 0)
			dp_frags_seed_by(&r->frags, f.time_ns, f.data, f.caplen);
		struct rte_mbuf *m = to_mbufs(r, f.data, f.caplen);
		*dp_meta(m) = (struct dp_meta){ .time = f.time_ns, .pcap_cnt = ++number, .wire_len = f.len,
						.input = input, .link = (uint8_t)f.link, .kind = DP_FRAME };
		hand_out(r, m);
		r->packets++;
		r->bytes += f.caplen;
		if (*r->stop)
			break;
		if (r->progress && number % 1024 == 0)
			show_progress(r, c, &shown);
	}
	flush_all(r);
	if (*r->stop) {
		dp_capture_close(c);
		return DP_READ_OK;
	}
	if (status == DP_CAPTURE_CUT) {
		snprintf(err, err_size, "%s: %s", path, why);
		result = DP_READ_CUT;
	} else if (dp_capture_snapped(c)) {
		snprintf(err, err_size, "%s: %" PRIu64 " of %" PRIu64 " packets are not in it whole (snap length): what they carried "
		         "could not be read; capture again with a snap length of 262144",
		         path, dp_capture_snapped(c), number);
		result = DP_READ_CUT;
	}
	dp_capture_close(c);
	return result;
}

void dp_reader_end(struct dp_reader *r)
{
	dp_frags_end(&r->frags);
	to_all(r, DP_END, r->second * UINT64_C(1000000000));
	flush_all(r);
}
