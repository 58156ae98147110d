/* SPDX-License-Identifier: Apache-2.0 */
/* mailweir-bench scan: what one worker does with mail in memory, and what its parts could do at most.
 *
 * The traffic is larger than four times the last cache, and every flow of every round is new. A round is timed
 * around dp_worker_burst only: building mbufs and renewing addresses is the generator's work. Worker and limit take
 * turns, round by round, so that both see the same machine; of each the median counts, slice by slice (pg_rounds.h).
 *
 * In line the server's side of what was recorded knows of no refusal, so that no message carries a program there; every frame must come
 * out, and what the worker does beside reading is measured: sums, references until the server has acknowledged, deciding, sending. */
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>
#include <rte_cycles.h>
#include <rte_prefetch.h>
#include <zlib.h>

#include "dataplane/dp_archive.h"
#include "dataplane/dp_capture.h"
#include "dataplane/dp_eal.h"
#include "dataplane/dp_frames.h"
#include "dataplane/dp_worker.h"
#include "pktgen-tests/pg_bench.h"
#include "pktgen-tests/pg_cache.h"
#include "pktgen-tests/pg_rounds.h"
#include "pktgen-tests/pg_wire.h"
#include "reassembly/decode/rs_transfer.h"

#define MSS 1460
#define TOGETHER 64 /* sessions interleaved */
#define TEMPLATES 64 /* different messages */
#define PROGRAM_EVERY 8 /* one message in so many carries a program */

struct bench {
	enum pg_mix mix;
	const char *pcap;
	double seconds;
	bool sha256, in_line;
	size_t size; /* of an attachment */
	size_t traffic; /* bytes; 0: as the cache asks for */
	size_t cache; /* the last one's bytes */

	struct ct_config config;
	struct mt_ruleset *rules;
	struct dp_worker *worker;
	struct rte_mempool *mbufs;
	struct pg_wire wire;
	enum dp_link link;
	uint32_t sessions, infected; /* put in, a round */
	uint64_t seq, ticks, time;
	uint64_t found[CT_VERDICT_MAX], messages;
	uint64_t bad_rounds;
};

/* Traffic. */

/* Larger than four times the cache, so that no frame is still in it when it comes again. */
static size_t traffic_size(const struct bench *b)
{
	return b->traffic ? b->traffic : b->cache * 4 + (16u << 20);
}

/* The limit ends a session's stream with the last byte of its attachment, as the worker does. */
static int mark_ends(struct bench *b)
{
	bool *seen = calloc(b->sessions + 1, sizeof *seen);
	if (!seen)
		return -1;
	for (size_t i = b->wire.nframes; i-- > 0;) {
		struct pg_frame *f = &b->wire.frames[i];
		f->ends = f->payload_len && !seen[f->session];
		seen[f->session] |= f->ends;
	}
	free(seen);
	return 0;
}

static int make_traffic(struct bench *b)
{
	struct pg_mail mails[TEMPLATES] = { 0 };
	size_t want = traffic_size(b);
	int rc = 0;
	for (unsigned i = 0; i < TEMPLATES && rc == 0; i++)
		rc = pg_mail_make(&mails[i], b->mix, b->size, !b->in_line && i % PROGRAM_EVERY == 0, i);
	while (rc == 0 && b->wire.len < want && !b->wire.failed) {
		const struct pg_mail *m = &mails[b->sessions % TEMPLATES];
		pg_wire_session(&b->wire, b->sessions++, m, MSS);
		b->infected += m->program;
	}
	if (rc == 0)
		rc = b->wire.failed ? -1 : pg_wire_interleave(&b->wire, b->sessions, TOGETHER, 1);
	for (unsigned i = 0; i < TEMPLATES; i++)
		pg_mail_free(&mails[i]);
	b->link = DP_LINK_ETHERNET;
	return rc;
}

static int read_traffic(struct bench *b)
{
	char err[512];
	struct dp_capture *c;
	struct dp_frame f;
	enum dp_capture_status status;
	if (dp_capture_open(b->pcap, &c, err, sizeof err) != 0) {
		fprintf(stderr, "mailweir-bench: %s: %s\n", b->pcap, err);
		return -1;
	}
	while ((status = dp_capture_next(c, &f, err, sizeof err)) == DP_CAPTURE_FRAME) {
		struct dp_packet pkt;
		struct pg_frame *to = pg_wire_add(&b->wire, f.data, f.caplen);
		if (!to)
			break;
		b->link = f.link;
		if (dp_packet_parse(f.link, f.data, f.caplen, f.caplen, &pkt) == DP_TCP && pkt.payload_len) {
			to->payload = pkt.payload_off;
			to->payload_len = pkt.payload_len;
		}
	}
	dp_capture_close(c);
	if (status == DP_CAPTURE_CUT) {
		fprintf(stderr, "mailweir-bench: %s: %s\n", b->pcap, err);
		return -1;
	}
	return b->wire.failed || b->wire.nframes == 0 ? -1 : 0;
}

/* One round through the worker. */

static void keep(void *addr, void *opaque)
{
	(void)addr;
	(void)opaque;
}

static void take_records(struct bench *b)
{
	void *r[DP_BURST];
	unsigned n;
	while ((n = rte_ring_sc_dequeue_burst(b->worker->records, r, DP_BURST, NULL)) > 0) {
		for (unsigned i = 0; i < n; i++) {
			const struct ct_record *rec = r[i];
			if (rec->kind != CT_MESSAGE)
				continue;
			b->messages++;
			b->found[rec->u.message.verdict]++;
		}
		rte_ring_sp_enqueue_bulk(b->worker->done, r, n, NULL);
	}
}

static void fill(struct bench *b, struct rte_mbuf **m, size_t at, unsigned n, struct rte_mbuf_ext_shared_info *shared)
{
	for (unsigned i = 0; i < n; i++) {
		const struct pg_frame *f = &b->wire.frames[at + i];
		rte_mbuf_ext_refcnt_update(shared, 1);
		rte_pktmbuf_attach_extbuf(m[i], b->wire.data + f->off, RTE_BAD_IOVA, (uint16_t)f->len, shared);
		m[i]->data_off = 0;
		m[i]->data_len = (uint16_t)f->len;
		m[i]->pkt_len = f->len;
		b->time += 1000;
		*dp_meta(m[i]) = (struct dp_meta){ .seq = ++b->seq, .time = b->time, .pcap_cnt = b->seq, .wire_len = f->len,
						   .link = (uint8_t)b->link, .kind = DP_FRAME };
		if (b->in_line)
			dp_meta(m[i])->port = pg_wire_from_client(&b->wire, f) ? DP_OUTSIDE : DP_INSIDE;
	}
}

/* Everything that has idled ends, so that the flow table has room for the next round's. */
static void let_expire(struct bench *b)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(b->mbufs);
	b->time += UINT64_C(7200000000000);
	if (!m)
		return;
	*dp_meta(m) = (struct dp_meta){ .seq = ++b->seq, .time = b->time, .kind = DP_TICK };
	b->ticks++;
	dp_worker_burst(b->worker, &m, 1);
	take_records(b);
}

/* cycles: of each slice. */
static void run_worker(struct bench *b, uint32_t round, uint64_t *cycles)
{
	struct rte_mbuf_ext_shared_info shared = { .free_cb = keep };
	struct rte_mbuf *m[DP_BURST];
	uint64_t infected = b->found[CT_INFECTED], messages = b->messages;
	rte_mbuf_ext_refcnt_set(&shared, 1);
	if (!b->pcap)
		pg_wire_renew(&b->wire, round);
	if (b->in_line)
		pg_wire_sum(&b->wire);
	for (size_t at = 0; at < b->wire.nframes; at += DP_BURST) {
		unsigned n = b->wire.nframes - at < DP_BURST ? (unsigned)(b->wire.nframes - at) : DP_BURST;
		if (rte_pktmbuf_alloc_bulk(b->mbufs, m, n) != 0) {
			fprintf(stderr, "mailweir-bench: out of mbufs\n");
			b->bad_rounds++;
			break;
		}
		fill(b, m, at, n, &shared);
		uint64_t start = rte_rdtsc_precise();
		dp_worker_burst(b->worker, m, (uint16_t)n);
		cycles[at / DP_BURST] += rte_rdtsc_precise() - start;
		take_records(b);
	}
	let_expire(b);
	/* In line: all went out as it was. */
	const struct ct_account *a = b->worker->account;
	if (b->in_line && a[0].forwarded + a[1].forwarded != b->seq - b->ticks)
		b->bad_rounds++;
	/* Every message has its verdict, and the infected ones are those that were put in. */
	if (!b->pcap && (b->found[CT_INFECTED] - infected != b->infected || b->messages - messages != b->sessions))
		b->bad_rounds++;
}

/* The limit: the attachments' bytes through decoder, zlib where they are deflated, and matcher, nothing else, each session's in its own
 * stream. */

struct lane {
	struct rs_transfer transfer;
	struct mt_stream *stream;
	z_stream *inflate; /* of zip-deflate */
	size_t headers; /* of the archive, still to come */
};

/* What pg_mail writes before the deflated data. */
#define ZIP_HEADER (30 + sizeof "document.scr" - 1)

/* As many as sessions are interleaved, and one; made by the first that finds none. */
static z_stream *spare[TOGETHER + 1];
static unsigned spares;

static z_stream *inflate_take(void)
{
	if (spares)
		return spare[--spares];
	z_stream *z = calloc(1, sizeof *z);
	if (z && inflateInit2(z, -MAX_WBITS) != Z_OK) {
		free(z);
		z = NULL;
	}
	return z;
}

static void inflate_put(z_stream *z)
{
	if (!z)
		return;
	if (spares < TOGETHER + 1) {
		inflateReset(z);
		spare[spares++] = z;
		return;
	}
	inflateEnd(z);
	free(z);
}

/* zlib, given as much at once as there is. */
static void scan_inflated(struct mt_worker *mt, struct lane *l, const uint8_t *p, size_t n)
{
	static uint8_t out[DP_ARCHIVE_PIECE];
	const size_t skip = n < l->headers ? n : l->headers;
	l->headers -= skip;
	l->inflate->next_in = (Bytef *)(uintptr_t)(p + skip);
	l->inflate->avail_in = (uInt)(n - skip);
	do {
		l->inflate->next_out = out;
		l->inflate->avail_out = sizeof out;
		if (inflate(l->inflate, Z_NO_FLUSH) != Z_OK)
			l->inflate->avail_in = 0; /* the directory */
		mt_stream_scan(mt, l->stream, out, sizeof out - l->inflate->avail_out, NULL, NULL);
	} while (l->inflate->avail_in || !l->inflate->avail_out);
}

static enum rs_cte cte_of(const struct bench *b)
{
	if (b->pcap || b->mix == PG_TEXT || b->mix == PG_SMALL)
		return RS_CTE_IDENTITY;
	return b->mix == PG_QP ? RS_CTE_QP : RS_CTE_BASE64;
}

/* As the worker does: it is part of what one core can do. */
static void fetch(const struct bench *b, const struct pg_frame *f)
{
	for (uint32_t at = 0; at < f->len; at += RTE_CACHE_LINE_SIZE)
		rte_prefetch0(b->wire.data + f->off + at);
}

static void limit_slice(struct bench *b, size_t from, size_t to, struct mt_worker *mt, struct lane *lanes, uint8_t *out)
{
	enum rs_cte cte = cte_of(b);
	for (size_t i = from; i < to; i++) {
		const struct pg_frame *f = &b->wire.frames[i];
		if (i + 1 < to)
			fetch(b, f + 1);
		if (!f->payload_len)
			continue;
		struct lane *l = &lanes[f->session];
		if (!l->stream) {
			rs_transfer_init(&l->transfer, cte);
			l->stream = mt_stream_open(mt, MT_FILE_DATA);
			if (!l->stream)
				continue;
			l->inflate = !b->pcap && b->mix == PG_ZIP_DEFLATE ? inflate_take() : NULL;
			l->headers = ZIP_HEADER;
		}
		size_t len;
		const uint8_t *p = rs_transfer_feed(&l->transfer, b->wire.data + f->off + f->payload, f->payload_len, out, &len);
		if (l->inflate)
			scan_inflated(mt, l, p, len);
		else
			mt_stream_scan(mt, l->stream, p, len, NULL, NULL);
		if (f->ends) {
			inflate_put(l->inflate);
			mt_stream_end(mt, l->stream, NULL, NULL);
			l->stream = NULL;
		}
	}
}

static void run_limit(struct bench *b, struct mt_worker *mt, struct lane *lanes, uint8_t *out, uint64_t *cycles)
{
	for (size_t at = 0; at < b->wire.nframes; at += DP_BURST) {
		size_t to = b->wire.nframes - at < DP_BURST ? b->wire.nframes : at + DP_BURST;
		uint64_t start = rte_rdtsc_precise();
		limit_slice(b, at, to, mt, lanes, out);
		cycles[at / DP_BURST] = rte_rdtsc_precise() - start;
	}
}

static double gbps(const struct bench *b, uint64_t cycles)
{
	return (double)b->wire.len * 8 * (double)rte_get_tsc_hz() / (double)cycles / 1e9;
}

static bool report(const struct bench *b, const struct pg_rounds *worker, const struct pg_rounds *limit)
{
	struct ct_account all = b->worker->account[0];
	ct_account_add(&all, &b->worker->account[1]);
	bool balanced = ct_account_balanced(&all), ok = balanced && b->bad_rounds == 0;
	double reached = gbps(b, pg_rounds_quantile(worker, 0.5)), roofline = gbps(b, pg_rounds_quantile(limit, 0.5));
	double ratio = reached / roofline;
	json_t *o = json_object();
	json_object_set_new(o, "bench", json_string("scan"));
	json_object_set_new(o, "mix", json_string(b->pcap ? b->pcap : pg_mix_name(b->mix)));
	json_object_set_new(o, "gbps", json_real(reached));
	json_object_set_new(o, "roofline_gbps", json_real(roofline));
	json_object_set_new(o, "ratio", json_real(ratio));
	json_object_set_new(o, "messages", json_integer((json_int_t)b->messages));
	json_object_set_new(o, "packets", json_integer((json_int_t)(b->wire.nframes * worker->rounds)));
	json_object_set_new(o, "mpps", json_real(reached / 8e-3 / (double)b->wire.len * (double)b->wire.nframes));
	json_object_set_new(o, "rounds", json_integer((json_int_t)worker->rounds));
	/* Half of the rounds lie between: how much the machine adds. */
	json_object_set_new(o, "gbps_low", json_real(gbps(b, pg_rounds_quantile(worker, 0.75))));
	json_object_set_new(o, "gbps_high", json_real(gbps(b, pg_rounds_quantile(worker, 0.25))));
	json_object_set_new(o, "roofline_gbps_low", json_real(gbps(b, pg_rounds_quantile(limit, 0.75))));
	json_object_set_new(o, "roofline_gbps_high", json_real(gbps(b, pg_rounds_quantile(limit, 0.25))));
	json_object_set_new(o, "traffic_bytes", json_integer((json_int_t)b->wire.len));
	json_object_set_new(o, "cache_bytes", json_integer((json_int_t)b->cache));
	json_object_set_new(o, "sha256", json_boolean(b->sha256));
	json_object_set_new(o, "isa", json_string(rs_base64_isa()));
	json_object_set_new(o, "inline", json_boolean(b->in_line));
	json_object_set_new(o, "checksums", json_string(b->in_line ? "verify" : "trust"));
	json_object_set_new(o, "verdicts_as_put_in", json_boolean(ok));
	json_object_set_new(o, "infected_found", json_integer((json_int_t)b->found[CT_INFECTED]));
	json_object_set_new(o, "infected_put_in", json_integer((json_int_t)(b->infected * worker->rounds)));
	json_object_set_new(o, "balanced", json_boolean(balanced));
	json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(4));
	putchar('\n');
	json_decref(o);
	return ok;
}

static int measure(struct bench *b)
{
	struct mt_worker *mt = NULL;
	struct pg_rounds worker, limit;
	struct lane *lanes = calloc(b->sessions + 1, sizeof *lanes);
	uint8_t *out = malloc(RS_TRANSFER_OUT_MAX(65536));
	int rc = 2;
	pg_rounds_init(&worker, b->wire.nframes / DP_BURST + 1);
	pg_rounds_init(&limit, worker.slices);
	if (!lanes || !out || mt_worker_create(b->rules, b->sessions + 1, &mt) != 0)
		goto out;
	uint64_t end = rte_rdtsc() + (uint64_t)(b->seconds * (double)rte_get_tsc_hz());
	for (uint32_t round = 0; round < 2 || rte_rdtsc() < end; round++) {
		uint64_t *w = pg_rounds_next(&worker), *l = pg_rounds_next(&limit);
		if (!w || !l)
			goto out;
		run_worker(b, round, w);
		run_limit(b, mt, lanes, out, l);
		if (round == 0) { /* warms up; not counted */
			worker.rounds = limit.rounds = 0;
			b->messages = 0;
			memset(b->found, 0, sizeof b->found);
		}
	}
	rc = report(b, &worker, &limit) ? 0 : 2;
out:
	if (mt)
		mt_worker_free(mt);
	pg_rounds_free(&worker);
	pg_rounds_free(&limit);
	free(lanes);
	free(out);
	return rc;
}

static uint16_t no_rx(void *source, struct rte_mbuf **m, uint16_t n)
{
	(void)source;
	(void)m;
	(void)n;
	return 0;
}

/* In place of a port. */
static void no_wire(void *sink, struct rte_mbuf *m, unsigned out)
{
	struct bench *b = sink;
	dp_worker_sent(b->worker, m, out);
	rte_pktmbuf_free(m);
}

static int set_up(struct bench *b)
{
	char err[512] = "";
	struct mt_load load = { 0 };
	struct mt_report report = { 0 };
	b->cache = pg_cache_bytes();
	if ((b->pcap ? read_traffic(b) : make_traffic(b)) != 0 || mark_ends(b) != 0 || ct_config_defaults(&b->config) != 0 ||
	    mt_ruleset_load(&load, &b->rules, &report) != 0)
		return -1;
	/* As behind a card that verifies checksums; in line nobody does but the worker. */
	b->config.capture.checksums = b->in_line ? CT_CHECKSUMS_VERIFY : CT_CHECKSUMS_TRUST;
	b->config.files.sha256 = b->sha256 ? CT_SHA256_ALL : CT_SHA256_NONE;
	if (b->config.memory.flows < b->sessions * 2)
		b->config.memory.flows = b->sessions * 2;
	enum dp_use use = b->in_line ? DP_USE_INLINE : DP_USE_READ;
	struct dp_eal eal = { .program = "mailweir-bench", .workers = 1, .megabytes = dp_worker_megabytes(&b->config, 1, use) };
	if (dp_eal_start(&eal, err, sizeof err) != 0) {
		fprintf(stderr, "mailweir-bench: %s\n", err);
		return -1;
	}
	b->mbufs = dp_frames_create("bench", 8191, 256, RTE_PKTMBUF_HEADROOM, false);
	struct dp_worker_config wc = { .use = use, .config = &b->config, .rules = b->rules, .rx = no_rx, .held_max = 4096,
				       .tx = b->in_line ? no_wire : NULL, .sink = b, .mbufs = b->mbufs };
	if (!b->mbufs || dp_worker_create(&wc, &b->worker, err, sizeof err) != 0) {
		fprintf(stderr, "mailweir-bench: %s\n", err[0] ? err : "no memory for mbufs");
		return -1;
	}
	return 0;
}

static int parse(struct bench *b, int argc, char **argv, void (*usage)(FILE *))
{
	enum { OPT_MIX = 256, OPT_PCAP, OPT_SECONDS, OPT_SHA256, OPT_SIZE, OPT_TRAFFIC, OPT_ISA, OPT_INLINE };
	static const struct option options[] = {
		{ "mix", required_argument, NULL, OPT_MIX },         { "pcap", required_argument, NULL, OPT_PCAP },
		{ "seconds", required_argument, NULL, OPT_SECONDS }, { "sha256", no_argument, NULL, OPT_SHA256 },
		{ "size", required_argument, NULL, OPT_SIZE },       { "isa", required_argument, NULL, OPT_ISA },
		{ "traffic", required_argument, NULL, OPT_TRAFFIC }, { "inline", no_argument, NULL, OPT_INLINE },
		{ "help", no_argument, NULL, 'h' },          { NULL, 0, NULL, 0 },
	};
	int opt, mix;
	while ((opt = getopt_long(argc, argv, "h", options, NULL)) != -1)
		switch (opt) {
		case OPT_MIX:
			if ((mix = pg_mix_of(optarg)) < 0) {
				fprintf(stderr, "mailweir-bench: --mix %s: expected base64, text, qp, zip-stored, zip-deflate or small\n", optarg);
				return 2;
			}
			b->mix = (enum pg_mix)mix;
			break;
		case OPT_PCAP:
			b->pcap = optarg;
			break;
		case OPT_SECONDS:
			b->seconds = atof(optarg);
			if (!(b->seconds > 0 && b->seconds <= 3600)) {
				fprintf(stderr, "mailweir-bench: --seconds %s: expected a number up to 3600\n", optarg);
				return 2;
			}
			break;
		case OPT_SHA256:
			b->sha256 = true;
			break;
		case OPT_INLINE:
			b->in_line = true;
			break;
		case OPT_SIZE:
			b->size = strtoul(optarg, NULL, 10);
			if (b->size < 256 || b->size > 100000000) {
				fprintf(stderr, "mailweir-bench: --size %s: expected 256 to 100000000\n", optarg);
				return 2;
			}
			break;
		case OPT_TRAFFIC:
			b->traffic = strtoul(optarg, NULL, 10) << 20;
			if (b->traffic == 0 || b->traffic > (size_t)65536 << 20) {
				fprintf(stderr, "mailweir-bench: --traffic %s: expected 1 to 65536\n", optarg);
				return 2;
			}
			break;
		case OPT_ISA:
			if (rs_base64_use(optarg) != 0) {
				fprintf(stderr, "mailweir-bench: --isa %s: not known, or not in this processor\n", optarg);
				return 2;
			}
			break;
		case 'h':
			usage(stdout);
			return 1;
		default:
			return 2;
		}
	if (optind < argc) {
		fprintf(stderr, "mailweir-bench: %s: no further arguments expected\n", argv[optind]);
		return 2;
	}
	if (b->in_line && b->pcap) {
		fprintf(stderr, "mailweir-bench: --inline with --pcap %s: expected one of them: a capture does not say which side is which\n",
			b->pcap);
		return 2;
	}
	if (b->size == 0)
		b->size = b->mix == PG_SMALL ? 1500 : 200000;
	return 0;
}

int pg_bench_scan(int argc, char **argv, void (*usage)(FILE *))
{
	static struct bench b = { .mix = PG_BASE64, .seconds = 10 };
	int rc = parse(&b, argc, argv, usage);
	if (rc != 0)
		return rc == 1 ? 0 : rc;
	if (set_up(&b) != 0)
		return 2;
	rc = measure(&b);
	dp_worker_free(b.worker);
	rte_mempool_free(b.mbufs);
	dp_eal_stop();
	mt_ruleset_free(b.rules);
	ct_config_free(&b.config);
	pg_wire_free(&b.wire);
	return rc;
}
