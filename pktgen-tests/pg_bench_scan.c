/* SPDX-License-Identifier: Apache-2.0 */
/* mailweir-bench scan: what one worker does with mail in memory, and what its parts could do at most.
 *
 * The traffic is larger than four times the last cache, and goes through the worker as pg_feed says. Worker and limit take
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
#include <zlib.h>

#include "dataplane/dp_archive.h"
#include "dataplane/dp_capture.h"
#include "pktgen-tests/pg_bench.h"
#include "pktgen-tests/pg_cache.h"
#include "pktgen-tests/pg_feed.h"
#include "pktgen-tests/pg_rounds.h"
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

	struct pg_feed feed;
	uint32_t sessions, infected; /* put in, a round */
	uint64_t bad_rounds;
};

/* Traffic. */

/* The limit ends a session's stream with the last byte of its attachment, as the worker does. */
static int mark_ends(struct bench *b)
{
	bool *seen = calloc(b->sessions + 1, sizeof *seen);
	if (!seen)
		return -1;
	for (size_t i = b->feed.wire.nframes; i-- > 0;) {
		struct pg_frame *f = &b->feed.wire.frames[i];
		f->ends = f->payload_len && !seen[f->session];
		seen[f->session] |= f->ends;
	}
	free(seen);
	return 0;
}

static int make_traffic(struct bench *b)
{
	struct pg_mail mails[TEMPLATES] = { 0 };
	size_t want = b->traffic ? b->traffic : pg_feed_traffic(b->cache);
	int rc = 0;
	for (unsigned i = 0; i < TEMPLATES && rc == 0; i++)
		rc = pg_mail_make(&mails[i], b->mix, b->size, !b->in_line && i % PROGRAM_EVERY == 0, i);
	while (rc == 0 && b->feed.wire.len < want && !b->feed.wire.failed) {
		const struct pg_mail *m = &mails[b->sessions % TEMPLATES];
		pg_wire_session(&b->feed.wire, b->sessions++, m, MSS);
		b->infected += m->program;
	}
	if (rc == 0)
		rc = b->feed.wire.failed ? -1 : pg_wire_interleave(&b->feed.wire, b->sessions, TOGETHER, 1);
	for (unsigned i = 0; i < TEMPLATES; i++)
		pg_mail_free(&mails[i]);
	b->feed.link = DP_LINK_ETHERNET;
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
		struct pg_frame *to = pg_wire_add(&b->feed.wire, f.data, f.caplen);
		if (!to)
			break;
		b->feed.link = f.link;
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
	return b->feed.wire.failed || b->feed.wire.nframes == 0 ? -1 : 0;
}

/* One round through the worker. */

/* cycles: of each slice. */
static void run_worker(struct bench *b, uint32_t round, uint64_t *cycles)
{
	struct pg_feed *f = &b->feed;
	uint64_t infected = f->found[CT_INFECTED], messages = f->messages;
	pg_feed_round(f, round, cycles);
	b->bad_rounds += f->dry;
	f->dry = false;
	/* In line: all went out as it was. */
	const struct ct_account *a = f->worker->account;
	if (b->in_line && a[0].forwarded + a[1].forwarded != f->seq - f->ticks)
		b->bad_rounds++;
	/* Every message has its verdict, and the infected ones are those that were put in. */
	if (!b->pcap && (f->found[CT_INFECTED] - infected != b->infected || f->messages - messages != b->sessions))
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

static void limit_slice(struct bench *b, size_t from, size_t to, struct mt_worker *mt, struct lane *lanes, uint8_t *out)
{
	enum rs_cte cte = cte_of(b);
	for (size_t i = from; i < to; i++) {
		const struct pg_frame *f = &b->feed.wire.frames[i];
		if (i + 1 < to)
			pg_feed_fetch(&b->feed, f + 1); /* as the worker does: it is part of what one core can do */
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
		const uint8_t *p = rs_transfer_feed(&l->transfer, b->feed.wire.data + f->off + f->payload, f->payload_len, out, &len);
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
	for (size_t at = 0; at < b->feed.wire.nframes; at += DP_BURST) {
		size_t to = b->feed.wire.nframes - at < DP_BURST ? b->feed.wire.nframes : at + DP_BURST;
		uint64_t start = rte_rdtsc_precise();
		limit_slice(b, at, to, mt, lanes, out);
		cycles[at / DP_BURST] = rte_rdtsc_precise() - start;
	}
}

static double gbps(const struct bench *b, uint64_t cycles)
{
	return (double)b->feed.wire.len * 8 * (double)rte_get_tsc_hz() / (double)cycles / 1e9;
}

static bool report(const struct bench *b, const struct pg_rounds *worker, const struct pg_rounds *limit)
{
	struct ct_account all = b->feed.worker->account[0];
	ct_account_add(&all, &b->feed.worker->account[1]);
	bool balanced = ct_account_balanced(&all), ok = balanced && b->bad_rounds == 0;
	double reached = gbps(b, pg_rounds_quantile(worker, 0.5)), roofline = gbps(b, pg_rounds_quantile(limit, 0.5));
	double ratio = reached / roofline;
	json_t *o = json_object();
	json_object_set_new(o, "bench", json_string("scan"));
	json_object_set_new(o, "mix", json_string(b->pcap ? b->pcap : pg_mix_name(b->mix)));
	json_object_set_new(o, "gbps", json_real(reached));
	json_object_set_new(o, "roofline_gbps", json_real(roofline));
	json_object_set_new(o, "ratio", json_real(ratio));
	json_object_set_new(o, "messages", json_integer((json_int_t)b->feed.messages));
	json_object_set_new(o, "packets", json_integer((json_int_t)(b->feed.wire.nframes * worker->rounds)));
	json_object_set_new(o, "mpps", json_real(reached / 8e-3 / (double)b->feed.wire.len * (double)b->feed.wire.nframes));
	json_object_set_new(o, "rounds", json_integer((json_int_t)worker->rounds));
	/* Half of the rounds lie between: how much the machine adds. */
	json_object_set_new(o, "gbps_low", json_real(gbps(b, pg_rounds_quantile(worker, 0.75))));
	json_object_set_new(o, "gbps_high", json_real(gbps(b, pg_rounds_quantile(worker, 0.25))));
	json_object_set_new(o, "roofline_gbps_low", json_real(gbps(b, pg_rounds_quantile(limit, 0.75))));
	json_object_set_new(o, "roofline_gbps_high", json_real(gbps(b, pg_rounds_quantile(limit, 0.25))));
	json_object_set_new(o, "traffic_bytes", json_integer((json_int_t)b->feed.wire.len));
	json_object_set_new(o, "cache_bytes", json_integer((json_int_t)b->cache));
	json_object_set_new(o, "sha256", json_boolean(b->sha256));
	json_object_set_new(o, "isa", json_string(rs_base64_isa()));
	json_object_set_new(o, "inline", json_boolean(b->in_line));
	json_object_set_new(o, "checksums", json_string(b->in_line ? "verify" : "trust"));
	json_object_set_new(o, "verdicts_as_put_in", json_boolean(ok));
	json_object_set_new(o, "infected_found", json_integer((json_int_t)b->feed.found[CT_INFECTED]));
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
	pg_rounds_init(&worker, b->feed.wire.nframes / DP_BURST + 1);
	pg_rounds_init(&limit, worker.slices);
	if (!lanes || !out || mt_worker_create(b->feed.rules, b->sessions + 1, &mt) != 0)
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
			b->feed.messages = 0;
			memset(b->feed.found, 0, sizeof b->feed.found);
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

static int set_up(struct bench *b)
{
	struct mt_load load = { 0 };
	struct mt_report report = { 0 };
	b->cache = pg_cache_bytes();
	if ((b->pcap ? read_traffic(b) : make_traffic(b)) != 0 || mark_ends(b) != 0 || ct_config_defaults(&b->feed.config) != 0 ||
	    mt_ruleset_load(&load, &b->feed.rules, &report) != 0)
		return -1;
	/* As behind a card that verifies checksums; in line nobody does but the worker. */
	b->feed.config.capture.checksums = b->in_line ? CT_CHECKSUMS_VERIFY : CT_CHECKSUMS_TRUST;
	b->feed.config.files.sha256 = b->sha256 ? CT_SHA256_ALL : CT_SHA256_NONE;
	if (b->feed.config.memory.flows < b->sessions * 2)
		b->feed.config.memory.flows = b->sessions * 2;
	b->feed.in_line = b->in_line;
	b->feed.as_it_is = b->pcap != NULL;
	return pg_feed_open(&b->feed, "mailweir-bench");
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
	unsigned n;
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
			if (!pg_bench_number("seconds", optarg, 0.001, 3600, &b->seconds))
				return 2;
			break;
		case OPT_SHA256:
			b->sha256 = true;
			break;
		case OPT_INLINE:
			b->in_line = true;
			break;
		case OPT_SIZE:
			if (!pg_bench_count("size", optarg, 256, 100000000, &n))
				return 2;
			b->size = n;
			break;
		case OPT_TRAFFIC:
			if (!pg_bench_count("traffic", optarg, 1, 65536, &n))
				return 2;
			b->traffic = (size_t)n << 20;
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
	if (!pg_bench_read_all(argc, argv))
		return 2;
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
	pg_feed_close(&b.feed);
	return rc;
}
