/* SPDX-License-Identifier: Apache-2.0 */
/* mailweir-bench reassemble: what one worker does to a segment before anybody reads it: headers, flow table, TCP.
 *
 * The connections go over to TLS at once, and nobody reads on from there; all else is as in scan. The limit reads the same frames'
 * headers, and a byte of each of their cache lines. Worker and limit take turns, round by round. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <rte_cycles.h>

#include "pktgen-tests/pg_bench.h"
#include "pktgen-tests/pg_cache.h"
#include "pktgen-tests/pg_feed.h"
#include "pktgen-tests/pg_rounds.h"

#define TOGETHER 64 /* connections interleaved */
#define SEGMENTS 200 /* of a connection */

struct bench {
	double seconds;
	unsigned disorder;
	bool all, verify;
	uint32_t segment;
	size_t traffic, cache; /* bytes */
	struct pg_feed feed;
	uint32_t sessions;
	uint64_t late; /* segments, a round */
	uint64_t touched; /* so that the limit's reading is not left out */
	bool wrong;
};

static int make_traffic(struct bench *b)
{
	struct pg_wire *w = &b->feed.wire;
	size_t want = b->traffic ? b->traffic : pg_feed_traffic(b->cache);
	b->sessions = 0;
	while (w->len < want && !w->failed)
		pg_wire_tls(w, b->sessions++, (size_t)SEGMENTS * b->segment, b->segment);
	if (w->failed)
		return -1;
	b->late = pg_wire_disorder(w, b->disorder, 1);
	b->feed.link = DP_LINK_ETHERNET;
	return pg_wire_interleave(w, b->sessions, TOGETHER, 1);
}

/* All arrived, in order, at a reader that did not look: nothing given up, nothing turned away, one TLS session a connection. */
static void run_worker(struct bench *b, uint32_t round, uint64_t *cycles)
{
	struct pg_feed *f = &b->feed;
	const struct dp_worker_stats before = f->worker->stats, *s = &f->worker->stats;
	uint64_t tls = f->reasons[CT_REASON_TLS];
	pg_feed_round(f, round, cycles);
	bool lost = s->tcp_gaps != before.tcp_gaps || s->tcp_limit != before.tcp_limit || s->tcp_window != before.tcp_window;
	bool more = s->tcp_duplicate != before.tcp_duplicate || s->flows - before.flows != b->sessions;
	b->wrong |= f->dry || lost || more || f->reasons[CT_REASON_TLS] - tls != b->sessions ||
		    (b->late > 0) != (s->tcp_held > before.tcp_held);
}

static void limit_slice(struct bench *b, size_t from, size_t to)
{
	uint64_t touched = 0;
	for (size_t i = from; i < to; i++) {
		const struct pg_frame *f = &b->feed.wire.frames[i];
		const uint8_t *p = b->feed.wire.data + f->off;
		struct dp_packet pkt;
		if (i + 1 < to)
			pg_feed_fetch(&b->feed, f + 1);
		touched += dp_packet_parse(b->feed.link, p, f->len, f->len, &pkt);
		for (uint32_t at = 0; at < pkt.payload_len; at += RTE_CACHE_LINE_SIZE)
			touched += p[pkt.payload_off + at];
	}
	b->touched += touched;
}

static void run_limit(struct bench *b, uint64_t *cycles)
{
	for (size_t at = 0; at < b->feed.wire.nframes; at += DP_BURST) {
		size_t to = b->feed.wire.nframes - at < DP_BURST ? b->feed.wire.nframes : at + DP_BURST;
		uint64_t start = rte_rdtsc_precise();
		limit_slice(b, at, to);
		cycles[at / DP_BURST] = rte_rdtsc_precise() - start;
	}
}

/* Millions of packets a second. */
static double mpps(const struct bench *b, const struct pg_rounds *r, double quantile)
{
	return (double)b->feed.wire.nframes * (double)rte_get_tsc_hz() / (double)pg_rounds_quantile(r, quantile) / 1e6;
}

static bool report(const struct bench *b, const struct pg_rounds *worker, const struct pg_rounds *limit, uint64_t held)
{
	const struct ct_account *a = &b->feed.worker->account[0];
	bool ok = !b->wrong && ct_account_balanced(a);
	double reached = mpps(b, worker, 0.5), roofline = mpps(b, limit, 0.5);
	double gigabits = (double)b->feed.wire.len * 8e-3 / (double)b->feed.wire.nframes;
	json_t *o = json_object();
	json_object_set_new(o, "bench", json_string("reassemble"));
	json_object_set_new(o, "disorder", json_integer(b->disorder));
	json_object_set_new(o, "segment", json_integer(b->segment));
	json_object_set_new(o, "mpps", json_real(reached));
	json_object_set_new(o, "gbps", json_real(reached * gigabits));
	json_object_set_new(o, "bytes_per_second", json_real(reached * gigabits / 8 * 1e9));
	json_object_set_new(o, "roofline_mpps", json_real(roofline));
	json_object_set_new(o, "roofline_gbps", json_real(roofline * gigabits));
	json_object_set_new(o, "ratio", json_real(reached / roofline));
	json_object_set_new(o, "ns_per_packet", json_real(1e3 / reached));
	json_object_set_new(o, "mpps_low", json_real(mpps(b, worker, 0.75)));
	json_object_set_new(o, "mpps_high", json_real(mpps(b, worker, 0.25)));
	json_object_set_new(o, "roofline_mpps_low", json_real(mpps(b, limit, 0.75)));
	json_object_set_new(o, "roofline_mpps_high", json_real(mpps(b, limit, 0.25)));
	json_object_set_new(o, "rounds", json_integer((json_int_t)worker->rounds));
	json_object_set_new(o, "packets", json_integer((json_int_t)(b->feed.wire.nframes * worker->rounds)));
	json_object_set_new(o, "connections", json_integer((json_int_t)(b->sessions * worker->rounds)));
	json_object_set_new(o, "late", json_integer((json_int_t)(b->late * worker->rounds)));
	json_object_set_new(o, "held", json_integer((json_int_t)held));
	json_object_set_new(o, "traffic_bytes", json_integer((json_int_t)b->feed.wire.len));
	json_object_set_new(o, "cache_bytes", json_integer((json_int_t)b->cache));
	json_object_set_new(o, "checksums", json_string(b->verify ? "verify" : "trust"));
	json_object_set_new(o, "all_in_order", json_boolean(!b->wrong));
	json_object_set_new(o, "balanced", json_boolean(ct_account_balanced(a)));
	json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(4));
	putchar('\n');
	fflush(stdout);
	json_decref(o);
	return ok;
}

/* One line. */
static int measure(struct bench *b)
{
	struct pg_rounds worker, limit;
	uint64_t held = 0;
	int rc = 2;
	pg_wire_free(&b->feed.wire);
	b->feed.wire = (struct pg_wire){ 0 };
	if (make_traffic(b) != 0) {
		fprintf(stderr, "mailweir-bench: no memory for the traffic; --traffic says how much there is\n");
		return 2;
	}
	pg_rounds_init(&worker, pg_feed_bursts(&b->feed));
	pg_rounds_init(&limit, worker.slices);
	uint64_t end = rte_rdtsc() + (uint64_t)(b->seconds * (double)rte_get_tsc_hz());
	for (uint32_t round = 0; round < 2 || rte_rdtsc() < end; round++) {
		uint64_t *w = pg_rounds_next(&worker), *l = pg_rounds_next(&limit);
		if (!w || !l)
			goto out;
		run_worker(b, round, w);
		run_limit(b, l);
		if (round == 0) { /* warms up; not counted */
			worker.rounds = limit.rounds = 0;
			held = b->feed.worker->stats.tcp_held;
		}
	}
	rc = report(b, &worker, &limit, b->feed.worker->stats.tcp_held - held) ? 0 : 2;
out:
	pg_rounds_free(&worker);
	pg_rounds_free(&limit);
	return rc;
}

static int set_up(struct bench *b)
{
	struct mt_load load = { 0 };
	struct mt_report rules = { 0 };
	b->cache = pg_cache_bytes();
	if (make_traffic(b) != 0 || ct_config_defaults(&b->feed.config) != 0 || mt_ruleset_load(&load, &b->feed.rules, &rules) != 0)
		return -1;
	b->feed.config.capture.checksums = b->verify ? CT_CHECKSUMS_VERIFY : CT_CHECKSUMS_TRUST;
	if (b->feed.config.memory.flows < b->sessions * 2)
		b->feed.config.memory.flows = b->sessions * 2;
	return pg_feed_open(&b->feed, "mailweir-bench");
}

/* *v is a number in from..to, all of text; else false, and a line on standard error. */
static int parse(struct bench *b, int argc, char **argv, void (*usage)(FILE *))
{
	enum { OPT_DISORDER = 256, OPT_SECONDS, OPT_SEGMENT, OPT_TRAFFIC, OPT_VERIFY };
	static const struct option options[] = {
		{ "disorder", required_argument, NULL, OPT_DISORDER }, { "seconds", required_argument, NULL, OPT_SECONDS },
		{ "segment", required_argument, NULL, OPT_SEGMENT },   { "traffic", required_argument, NULL, OPT_TRAFFIC },
		{ "verify", no_argument, NULL, OPT_VERIFY },           { "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int opt;
	unsigned n;
	while ((opt = getopt_long(argc, argv, "h", options, NULL)) != -1)
		switch (opt) {
		case OPT_DISORDER:
			if (!pg_bench_count("disorder", optarg, 0, 30, &b->disorder))
				return 2;
			b->all = false;
			break;
		case OPT_SECONDS:
			if (!pg_bench_number("seconds", optarg, 0.001, 3600, &b->seconds))
				return 2;
			break;
		case OPT_SEGMENT:
			if (!pg_bench_count("segment", optarg, 64, 8960, &b->segment))
				return 2;
			break;
		case OPT_TRAFFIC:
			if (!pg_bench_count("traffic", optarg, 1, 65536, &n))
				return 2;
			b->traffic = (size_t)n << 20;
			break;
		case OPT_VERIFY:
			b->verify = true;
			break;
		case 'h':
			usage(stdout);
			return 1;
		default:
			return 2;
		}
	return pg_bench_read_all(argc, argv) ? 0 : 2;
}

int pg_bench_reassemble(int argc, char **argv, void (*usage)(FILE *))
{
	static struct bench b = { .seconds = 10, .segment = 1460, .all = true };
	static const unsigned disorders[] = { 0, 1, 10 };
	int rc = parse(&b, argc, argv, usage);
	if (rc != 0)
		return rc == 1 ? 0 : rc;
	if (set_up(&b) != 0)
		return 2;
	if (!b.all)
		rc = measure(&b);
	for (unsigned i = 0; b.all && i < sizeof disorders / sizeof *disorders && rc == 0; i++) {
		b.disorder = disorders[i];
		rc = measure(&b);
	}
	pg_feed_close(&b.feed);
	return rc;
}
