/* SPDX-License-Identifier: Apache-2.0 */
#include "pktgen-tests/pg_feed.h"

#include <stdio.h>

#include <rte_cycles.h>
#include <rte_prefetch.h>

#include "dataplane/dp_eal.h"
#include "dataplane/dp_frames.h"

size_t pg_feed_traffic(size_t cache)
{
	return cache * 4 + (16u << 20);
}

size_t pg_feed_bursts(const struct pg_feed *f)
{
	return f->wire.nframes / DP_BURST + 1;
}

static void keep(void *addr, void *opaque)
{
	(void)addr;
	(void)opaque;
}

static void take_records(struct pg_feed *f)
{
	void *r[DP_BURST];
	unsigned n;
	while ((n = rte_ring_sc_dequeue_burst(f->worker->records, r, DP_BURST, NULL)) > 0) {
		for (unsigned i = 0; i < n; i++) {
			const struct ct_record *rec = r[i];
			if (rec->kind != CT_MESSAGE)
				continue;
			f->messages++;
			f->found[rec->u.message.verdict]++;
			f->reasons[rec->u.message.reason]++;
		}
		rte_ring_sp_enqueue_bulk(f->worker->done, r, n, NULL);
	}
}

static void fill(struct pg_feed *f, struct rte_mbuf **m, size_t at, unsigned n, struct rte_mbuf_ext_shared_info *shared)
{
	for (unsigned i = 0; i < n; i++) {
		const struct pg_frame *frame = &f->wire.frames[at + i];
		rte_mbuf_ext_refcnt_update(shared, 1);
		rte_pktmbuf_attach_extbuf(m[i], f->wire.data + frame->off, RTE_BAD_IOVA, (uint16_t)frame->len, shared);
		m[i]->data_off = 0;
		m[i]->data_len = (uint16_t)frame->len;
		m[i]->pkt_len = frame->len;
		f->time += 1000;
		*dp_meta(m[i]) = (struct dp_meta){ .seq = ++f->seq, .time = f->time, .pcap_cnt = f->seq, .wire_len = frame->len,
						   .link = (uint8_t)f->link, .kind = DP_FRAME };
		if (f->in_line)
			dp_meta(m[i])->port = pg_wire_from_client(&f->wire, frame) ? DP_OUTSIDE : DP_INSIDE;
	}
}

/* Everything that has idled ends, so that the flow table has room for the next round's. */
static void let_expire(struct pg_feed *f)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(f->mbufs);
	f->time += UINT64_C(7200000000000);
	if (!m)
		return;
	*dp_meta(m) = (struct dp_meta){ .seq = ++f->seq, .time = f->time, .kind = DP_TICK };
	f->ticks++;
	dp_worker_burst(f->worker, &m, 1);
	take_records(f);
}

void pg_feed_round(struct pg_feed *f, uint32_t round, uint64_t *cycles)
{
	struct rte_mbuf_ext_shared_info shared = { .free_cb = keep };
	struct rte_mbuf *m[DP_BURST];
	rte_mbuf_ext_refcnt_set(&shared, 1);
	if (!f->as_it_is)
		pg_wire_renew(&f->wire, round);
	if (f->config.capture.checksums != CT_CHECKSUMS_TRUST)
		pg_wire_sum(&f->wire);
	for (size_t at = 0; at < f->wire.nframes; at += DP_BURST) {
		unsigned n = f->wire.nframes - at < DP_BURST ? (unsigned)(f->wire.nframes - at) : DP_BURST;
		if (rte_pktmbuf_alloc_bulk(f->mbufs, m, n) != 0) {
			fprintf(stderr, "mailweir-bench: out of mbufs\n");
			f->dry = true;
			break;
		}
		fill(f, m, at, n, &shared);
		uint64_t start = rte_rdtsc_precise();
		dp_worker_burst(f->worker, m, (uint16_t)n);
		cycles[at / DP_BURST] += rte_rdtsc_precise() - start;
		take_records(f);
	}
	let_expire(f);
}

void pg_feed_fetch(const struct pg_feed *f, const struct pg_frame *frame)
{
	for (uint32_t at = 0; at < frame->len; at += RTE_CACHE_LINE_SIZE)
		rte_prefetch0(f->wire.data + frame->off + at);
}

void pg_feed_close(struct pg_feed *f)
{
	dp_worker_free(f->worker);
	rte_mempool_free(f->mbufs);
	dp_eal_stop();
	mt_ruleset_free(f->rules);
	ct_config_free(&f->config);
	pg_wire_free(&f->wire);
}

uint16_t pg_feed_no_rx(void *source, struct rte_mbuf **m, uint16_t n)
{
	(void)source;
	(void)m;
	(void)n;
	return 0;
}

void pg_feed_no_wire(void *sink, struct rte_mbuf *m, unsigned out)
{
	struct dp_worker **worker = sink;
	dp_worker_sent(*worker, m, out);
	rte_pktmbuf_free(m);
}

int pg_feed_open(struct pg_feed *f, const char *program)
{
	char err[512] = "";
	enum dp_use use = f->in_line ? DP_USE_INLINE : DP_USE_READ;
	struct dp_eal eal = { .program = program, .workers = 1, .megabytes = dp_worker_megabytes(&f->config, 1, use) };
	if (dp_eal_start(&eal, err, sizeof err) != 0) {
		fprintf(stderr, "%s: %s\n", program, err);
		return -1;
	}
	f->mbufs = dp_frames_create("bench", 8191, 256, RTE_PKTMBUF_HEADROOM, false);
	struct dp_worker_config wc = { .use = use, .config = &f->config, .rules = f->rules, .rx = pg_feed_no_rx, .held_max = 4096,
				       .tx = f->in_line ? pg_feed_no_wire : NULL, .sink = &f->worker, .mbufs = f->mbufs };
	if (!f->mbufs || dp_worker_create(&wc, &f->worker, err, sizeof err) != 0) {
		fprintf(stderr, "%s: %s\n", program, err[0] ? err : "no memory for mbufs");
		return -1;
	}
	return 0;
}
