/* SPDX-License-Identifier: Apache-2.0 */
/* mailweir-bench flows: the memory of one worker that has many established mail connections, some of them in a message.
 *
 * All of them come through dp_worker_burst, packet by packet: handshake, greeting, EHLO; then some go on to the middle of an
 * attachment. What was taken is what the allocators say (all memory of the data plane is taken at start), and what the kernel says
 * that was touched. A connection's speed is measured around dp_worker_burst; the limit is the same packets through classify and the
 * table of flows alone, in a table as large. */
#include <getopt.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>
#include <rte_cycles.h>
#include <rte_malloc.h>

#include "dataplane/dp_be.h"
#include "dataplane/dp_eal.h"
#include "dataplane/dp_frames.h"
#include "dataplane/dp_memory.h"
#include "pktgen-tests/pg_bench.h"
#include "pktgen-tests/pg_feed.h"
#include "pktgen-tests/pg_mail.h"

#define LIMIT UINT64_C(2147483648) /* bytes: what it has to fit in */
#define HEADERS (14 + 20 + 20)
#define SEGMENT 1460
#define ATTACHMENT 6000 /* bytes before encoding, of which the first half is sent */

enum { SYN = 2, PSH = 8, ACK = 16 };

struct step { /* of a dialogue */
	unsigned from; /* 0 client, 1 server */
	unsigned flags;
	const uint8_t *p;
	uint32_t n;
};

struct bench {
	uint32_t flows, messages, inflating;
	const char *config_path;
	bool sizes, in_line;
	struct ct_config config;
	struct mt_ruleset *rules;
	struct dp_worker *worker;
	struct rte_mempool *mbufs;
	struct pg_mail mail, zip;
	size_t before; /* bytes that were allocated before the data plane was made */
	size_t bytes; /* allocated for it */
	size_t resident[4]; /* made; with all connections; with all messages, none of them inflating; with those, too */
	uint64_t packets, cycles, limit_cycles;
	uint64_t seq, time;
	struct rte_mbuf *burst[DP_BURST];
	unsigned nburst;
};

/* What there is. */

static size_t allocated(void)
{
	struct mallinfo2 heap = mallinfo2();
	struct rte_malloc_socket_stats eal = { 0 };
	rte_malloc_get_socket_stats((int)rte_socket_id(), &eal);
	return heap.uordblks + heap.hblkhd + eal.heap_allocsz_bytes;
}

static size_t resident(void)
{
	unsigned long pages = 0, touched = 0;
	FILE *f = fopen("/proc/self/statm", "re");
	if (!f)
		return 0;
	if (fscanf(f, "%lu %lu", &pages, &touched) != 2)
		touched = 0;
	fclose(f);
	return touched * (size_t)sysconf(_SC_PAGESIZE);
}

/* Packets. */

static void take_records(struct bench *b)
{
	void *r[DP_BURST];
	unsigned n;
	while ((n = rte_ring_sc_dequeue_burst(b->worker->records, r, DP_BURST, NULL)) > 0)
		rte_ring_sp_enqueue_bulk(b->worker->done, r, n, NULL);
}

struct place { /* of a connection in its dialogue */
	uint32_t seq[2];
};

static void write_frame(uint8_t *p, uint32_t i, const struct step *s, const struct place *at)
{
	static const uint8_t ether[14] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0 };
	uint32_t ip[2] = { 0x0a000000 + i / 50000, 0xc0000219 };
	uint16_t port[2] = { (uint16_t)(10000 + i % 50000), 25 };
	uint8_t *l3 = p + 14, *l4 = l3 + 20;
	memcpy(p, ether, sizeof ether);
	memset(l3, 0, 40);
	l3[0] = 0x45;
	dp_be_put16(l3 + 2, (uint16_t)(40 + s->n));
	l3[8] = 64;
	l3[9] = 6;
	dp_be_put32(l3 + 12, ip[s->from]);
	dp_be_put32(l3 + 16, ip[!s->from]);
	dp_be_put16(l4, port[s->from]);
	dp_be_put16(l4 + 2, port[!s->from]);
	dp_be_put32(l4 + 4, at->seq[s->from]);
	dp_be_put32(l4 + 8, s->flags & ACK ? at->seq[!s->from] : 0);
	l4[12] = 5 << 4;
	l4[13] = (uint8_t)s->flags;
	dp_be_put16(l4 + 14, 65535);
	if (s->n)
		memcpy(l4 + 20, s->p, s->n);
}

static void flush(struct bench *b)
{
	uint64_t start = rte_rdtsc_precise();
	dp_worker_burst(b->worker, b->burst, (uint16_t)b->nburst);
	b->cycles += rte_rdtsc_precise() - start;
	b->packets += b->nburst;
	b->nburst = 0;
	take_records(b);
}

static int send_step(struct bench *b, uint32_t i, const struct step *s, struct place *at)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(b->mbufs);
	if (!m) {
		fprintf(stderr, "mailweir-bench: out of mbufs: the worker keeps what it should not\n");
		return -1;
	}
	write_frame((uint8_t *)rte_pktmbuf_append(m, (uint16_t)(HEADERS + s->n)), i, s, at);
	at->seq[s->from] += s->n + (s->flags & SYN ? 1 : 0);
	b->time += 100; /* nothing expires */
	*dp_meta(m) = (struct dp_meta){ .seq = ++b->seq, .time = b->time, .pcap_cnt = b->seq, .wire_len = HEADERS + s->n,
					.link = DP_LINK_ETHERNET, .kind = DP_FRAME };
	if (b->in_line)
		dp_meta(m)->port = s->from == 0 ? DP_OUTSIDE : DP_INSIDE;
	b->burst[b->nburst++] = m;
	if (b->nburst == DP_BURST)
		flush(b);
	return 0;
}

static struct step say(unsigned from, const char *text)
{
	return (struct step){ from, PSH | ACK, (const uint8_t *)text, (uint32_t)strlen(text) };
}

static struct place first_place(uint32_t i)
{
	return (struct place){ { i * 2654435761u, ~i * 2246822519u } };
}

#define OPENING 7

static void opening(struct step s[OPENING])
{
	s[0] = (struct step){ 0, SYN, NULL, 0 };
	s[1] = (struct step){ 1, SYN | ACK, NULL, 0 };
	s[2] = (struct step){ 0, ACK, NULL, 0 };
	s[3] = say(1, "220 mx.example.com ESMTP\r\n");
	s[4] = say(0, "EHLO mail-out-17.example.org\r\n");
	s[5] = say(1, "250-mx.example.com\r\n250-PIPELINING\r\n250-SIZE 52428800\r\n250 8BITMIME\r\n");
	/* What nobody has acknowledged is remembered. */
	s[6] = (struct step){ 0, ACK, NULL, 0 };
}

/* All of them to the end of the greeting; then the first `messages` into one, those that inflate last, so that nothing of it was just in
 * the cache. */
static int open_all(struct bench *b)
{
	struct step s[OPENING];
	opening(s);
	for (uint32_t i = 0; i < b->flows; i++) {
		struct place at = first_place(i);
		for (unsigned k = 0; k < OPENING; k++)
			if (send_step(b, i, &s[k], &at) != 0)
				return -1;
	}
	flush(b);
	return 0;
}

static int begin_message(struct bench *b, uint32_t i)
{
	const struct pg_mail *mail = i < b->inflating ? &b->zip : &b->mail;
	struct step open[OPENING];
	struct place at = first_place(i);
	const struct step s[] = { say(0, "MAIL FROM:<anna@example.org> SIZE=9000\r\nRCPT TO:<bela@example.com>\r\nDATA\r\n"),
				  say(1, "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 End data with <CR><LF>.<CR><LF>\r\n") };
	opening(open);
	for (unsigned k = 0; k < OPENING; k++)
		at.seq[open[k].from] += open[k].n + (open[k].flags & SYN ? 1 : 0);
	for (unsigned k = 0; k < 2; k++)
		if (send_step(b, i, &s[k], &at) != 0)
			return -1;
	uint32_t end = (uint32_t)(mail->body + mail->body_len / 2);
	for (uint32_t from = 0; from < end; from += SEGMENT) {
		struct step data = { 0, PSH | ACK, mail->data + from, end - from < SEGMENT ? end - from : SEGMENT };
		/* In line what nobody has acknowledged is remembered: the server does. */
		struct step ack = { 1, ACK, NULL, 0 };
		if (send_step(b, i, &data, &at) != 0 || send_step(b, i, &ack, &at) != 0)
			return -1;
	}
	return 0;
}

static int begin_messages(struct bench *b, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++)
		if (begin_message(b, i) != 0)
			return -1;
	flush(b);
	return 0;
}

/* The limit: what there is no way around is to look at each packet's headers, and for its flow. */

static int limit_burst(struct bench *b, struct dp_flow_table *t, uint8_t frames[][HEADERS + SEGMENT], unsigned n)
{
	uint64_t start = rte_rdtsc_precise();
	for (unsigned i = 0; i < n; i++) {
		struct dp_flow_key key;
		struct dp_packet pkt;
		unsigned end;
		dp_packet_parse(DP_LINK_ETHERNET, frames[i], sizeof frames[i], sizeof frames[i], &pkt);
		dp_flow_key_make(&key, &end, &pkt, true);
		struct dp_flow *f = dp_flow_find(t, &key);
		if (!f && !(f = dp_flow_add(t, &key)))
			return -1;
		dp_flow_touch(t, f, DP_FLOWS_MAIL, b->time);
	}
	b->limit_cycles += rte_rdtsc_precise() - start;
	return 0;
}

static int limit_all(struct bench *b, struct dp_flow_table *t)
{
	static uint8_t frames[DP_BURST][HEADERS + SEGMENT];
	struct step s[OPENING];
	unsigned n = 0;
	opening(s);
	for (uint32_t i = 0; i < b->flows; i++) {
		struct place at = first_place(i);
		for (unsigned k = 0; k < OPENING; k++) {
			write_frame(frames[n++], i, &s[k], &at);
			at.seq[s[k].from] += s[k].n + (s[k].flags & SYN ? 1 : 0);
			if (n < DP_BURST)
				continue;
			if (limit_burst(b, t, frames, n) != 0)
				return -1;
			n = 0;
		}
	}
	return limit_burst(b, t, frames, n);
}

static int measure_limit(struct bench *b)
{
	struct dp_flow_table t = { 0 };
	struct dp_flow_secret secret;
	void *mem = aligned_alloc(64, (RS_POOL_BYTES(sizeof(struct dp_flow), b->flows) + 63) & ~(size_t)63);
	int rc = -1;
	if (mem && dp_flow_secret_draw(&secret) == 0 &&
	    dp_flow_table_init(&t, "limit", mem, b->flows, &secret, (int)rte_socket_id()) == 0) {
		rc = limit_all(b, &t);
		dp_flow_table_free(&t);
	}
	free(mem);
	return rc;
}

/* What came out. */

static const struct dp_memory *of(const struct dp_memory *v, unsigned n, const char *name)
{
	for (unsigned i = 0; i < n; i++)
		if (strcmp(v[i].name, name) == 0)
			return &v[i];
	return NULL;
}

/* Bytes reserved for each of `per` by these kinds of objects. */
static double each(const struct dp_memory *v, unsigned n, const char *const *names, uint32_t per)
{
	size_t bytes = 0;
	for (; *names; names++) {
		const struct dp_memory *m = of(v, n, *names);
		bytes += m ? m->bytes : 0;
	}
	return per ? (double)bytes / per : 0;
}

static const char *const of_flow[] = { "flows", "flow_hash", "sessions", "inlines", NULL };
static const char *const of_message[] = { "messages", "contents", "headers", "files", "zips", "lines", "records", "blocks", "streams",
					  "record_rings", NULL };
static const char *const of_inflating[] = { "inflates", NULL };

static json_t *pools_json(const struct dp_memory *v, unsigned n)
{
	json_t *o = json_object();
	for (unsigned i = 0; i < n; i++)
		json_object_set_new(o, v[i].name, json_pack("{sI sI sI sI}", "object", (json_int_t)v[i].object, "size", (json_int_t)v[i].size,
		                                            "used", (json_int_t)v[i].used, "bytes", (json_int_t)v[i].bytes));
	return o;
}

/* All are as they were meant to be: proven mail, each with a session, so many in a message. */
static bool as_meant(const struct bench *b, const struct dp_memory *v, unsigned n)
{
	const struct dp_worker *w = b->worker;
	const struct ct_account *a = w->account;
	return w->flows.count[DP_FLOWS_MAIL] == b->flows && w->flows.pool.used == b->flows &&
	       of(v, n, "sessions")->used == b->flows && of(v, n, "contents")->used == b->messages &&
	       of(v, n, "files")->used == b->messages + b->inflating && of(v, n, "inflates")->used == b->inflating &&
	       a[0].open == b->messages && w->inspect.account->unscanned[CT_REASON_OVERLOAD] == 0;
}

static bool report(const struct bench *b)
{
	struct dp_memory v[DP_MEMORY_MAX];
	unsigned n = dp_memory_view(b->worker, v);
	bool ok = as_meant(b, v, n);
	double hz = (double)rte_get_tsc_hz();
	double speed = b->flows * hz / (double)b->cycles, limit = b->flows * hz / (double)b->limit_cycles;
	json_t *o = json_object();
	json_object_set_new(o, "bench", json_string("flows"));
	json_object_set_new(o, "flows", json_integer(b->flows));
	json_object_set_new(o, "messages", json_integer(b->messages));
	json_object_set_new(o, "inflating", json_integer(b->inflating));
	json_object_set_new(o, "inline", json_boolean(b->in_line));
	json_object_set_new(o, "bytes", json_integer((json_int_t)b->bytes));
	json_object_set_new(o, "limit", json_integer(LIMIT));
	json_object_set_new(o, "ratio", json_real((double)b->bytes / (double)LIMIT));
	json_object_set_new(o, "fits", json_boolean(b->bytes <= LIMIT));
	json_object_set_new(o, "resident_bytes", json_integer((json_int_t)b->resident[3]));
	json_object_set_new(o, "flow_bytes", json_real(each(v, n, of_flow, b->config.memory.flows)));
	json_object_set_new(o, "flow_resident_bytes", json_real((double)(b->resident[1] - b->resident[0]) / b->flows));
	json_object_set_new(o, "message_bytes", json_real(each(v, n, of_message, b->config.memory.messages)));
	if (b->messages > b->inflating)
		json_object_set_new(o, "message_resident_bytes",
		                    json_real((double)(b->resident[2] - b->resident[1]) / (b->messages - b->inflating)));
	if (b->inflating) {
		json_object_set_new(o, "inflating_bytes", json_real(each(v, n, of_inflating, b->config.memory.inflating)));
		json_object_set_new(o, "inflating_resident_bytes", json_real((double)(b->resident[3] - b->resident[2]) / b->inflating));
	}
	json_object_set_new(o, "mbuf_bytes", json_integer(rte_mempool_calc_obj_size(b->mbufs->elt_size, 0, NULL)));
	json_object_set_new(o, "held_segment_bytes", json_integer(sizeof(struct rs_seg)));
	json_object_set_new(o, "flows_per_second", json_real(speed));
	json_object_set_new(o, "roofline_flows_per_second", json_real(limit));
	json_object_set_new(o, "speed_ratio", json_real(speed / limit));
	json_object_set_new(o, "as_meant", json_boolean(ok));
	json_object_set_new(o, "pools", pools_json(v, n));
	json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(5));
	putchar('\n');
	json_decref(o);
	return ok;
}

static void print_sizes(const struct bench *b)
{
	struct dp_memory v[DP_MEMORY_MAX];
	unsigned n = dp_memory_view(b->worker, v);
	printf("| objects | bytes each | how many | bytes |\n|---|---|---|---|\n");
	for (unsigned i = 0; i < n; i++)
		printf("| `%s` | %zu | %" PRIu32 " | %zu |\n", v[i].name, v[i].object, v[i].size, v[i].bytes);
}

/* The run. */

static int load_config(struct bench *b)
{
	char err[512];
	int rc = b->config_path ? ct_config_load(&b->config, b->config_path, err, sizeof err) : ct_config_defaults(&b->config);
	if (rc != 0) {
		fprintf(stderr, "mailweir-bench: %s\n", b->config_path ? err : strerror(-rc));
		return -1;
	}
	/* As behind a card that verifies them, also in line: sums cost no memory. */
	b->config.capture.checksums = CT_CHECKSUMS_TRUST;
	if (b->config_path || b->sizes)
		return 0;
	b->config.memory.flows = RTE_MAX(b->flows, 64u);
	b->config.memory.sessions = RTE_MAX(b->flows, 16u);
	b->config.memory.messages = RTE_MAX(b->messages, 16u);
	/* Records: of a message and its file, and one on its way to control. Blocks: one or two for the envelope and header fields, five or six
	 * for a file's name and first bytes. */
	b->config.memory.inflating = RTE_MAX(b->inflating, 1u);
	b->config.memory.records = b->config.memory.messages * 3;
	b->config.memory.blocks = RTE_MAX(b->config.memory.messages * 7, 64u);
	return 0;
}

static int set_up(struct bench *b)
{
	char err[512] = "";
	struct mt_load load = { 0 };
	struct mt_report rules = { 0 };
	enum dp_use use = b->in_line ? DP_USE_INLINE : DP_USE_READ;
	if (load_config(b) != 0)
		return -1;
	if (pg_mail_make(&b->mail, PG_BASE64, ATTACHMENT, false, 1) != 0 || pg_mail_make(&b->zip, PG_ZIP_DEFLATE, ATTACHMENT, false, 2) != 0)
		return -1;
	struct dp_eal eal = { .program = "mailweir-bench", .workers = 1, .megabytes = dp_worker_megabytes(&b->config, 1, use) +
			      (unsigned)(dp_flow_hash_bytes(b->flows) >> 20) + 8 };
	if (dp_eal_start(&eal, err, sizeof err) != 0)
		goto fail;
	b->before = allocated();
	if (mt_ruleset_load(&load, &b->rules, &rules) != 0)
		return -1;
	b->mbufs = dp_frames_create("bench", b->config.memory.mbufs, 0, RTE_MBUF_DEFAULT_BUF_SIZE, false);
	struct dp_worker_config wc = { .use = use, .config = &b->config, .rules = b->rules, .rx = pg_feed_no_rx,
				       .held_max = b->config.memory.mbufs / 2, .tx = b->in_line ? pg_feed_no_wire : NULL,
				       .sink = &b->worker, .mbufs = b->mbufs };
	if (!b->mbufs || dp_worker_create(&wc, &b->worker, err, sizeof err) != 0)
		goto fail;
	b->bytes = allocated() - b->before;
	b->resident[0] = resident();
	return 0;
fail:
	fprintf(stderr, "mailweir-bench: %s\n", err[0] ? err : "no memory for mbufs");
	return -1;
}

static int check(struct bench *b, bool messages, bool inflating)
{
	if (!messages)
		b->messages = b->flows / 20;
	if (!inflating)
		b->inflating = b->messages * 2 / 25;
	if (b->flows == 0 || b->messages > b->flows || b->inflating > (b->messages + 1) / 2) {
		fprintf(stderr, "mailweir-bench: --flows %" PRIu32 " --messages %" PRIu32 " --inflating %" PRIu32
		        ": expected at least one flow, no more messages than flows, and at most half of them inflating\n",
		        b->flows, b->messages, b->inflating);
		return 2;
	}
	return 0;
}

static int parse(struct bench *b, int argc, char **argv, void (*usage)(FILE *))
{
	enum { OPT_FLOWS = 256, OPT_MESSAGES, OPT_INFLATING, OPT_CONFIG, OPT_SIZES, OPT_INLINE };
	static const struct option options[] = {
		{ "flows", required_argument, NULL, OPT_FLOWS },         { "messages", required_argument, NULL, OPT_MESSAGES },
		{ "inflating", required_argument, NULL, OPT_INFLATING }, { "config", required_argument, NULL, OPT_CONFIG },
		{ "sizes", no_argument, NULL, OPT_SIZES },               { "inline", no_argument, NULL, OPT_INLINE },
		{ "help", no_argument, NULL, 'h' },              { NULL, 0, NULL, 0 },
	};
	int opt;
	bool ok = true, messages = false, inflating = false;
	while (ok && (opt = getopt_long(argc, argv, "h", options, NULL)) != -1)
		switch (opt) {
		case OPT_FLOWS:
			ok = pg_bench_count("flows", optarg, 0, 16777216, &b->flows);
			break;
		case OPT_MESSAGES:
			messages = true;
			ok = pg_bench_count("messages", optarg, 0, 1048576, &b->messages);
			break;
		case OPT_INFLATING:
			inflating = true;
			ok = pg_bench_count("inflating", optarg, 0, 1048576, &b->inflating);
			break;
		case OPT_CONFIG:
			b->config_path = optarg;
			break;
		case OPT_SIZES:
			b->sizes = true;
			break;
		case OPT_INLINE:
			b->in_line = true;
			break;
		case 'h':
			usage(stdout);
			return 1;
		default:
			return 2;
		}
	if (!ok || !pg_bench_read_all(argc, argv))
		return 2;
	return check(b, messages, inflating);
}

static int measure(struct bench *b)
{
	if (open_all(b) != 0)
		return 2;
	b->resident[1] = resident();
	uint64_t cycles = b->cycles;
	if (begin_messages(b, b->inflating, b->messages) != 0)
		return 2;
	b->resident[2] = resident();
	if (begin_messages(b, 0, b->inflating) != 0)
		return 2;
	b->resident[3] = resident();
	b->cycles = cycles;
	if (measure_limit(b) != 0) {
		fprintf(stderr, "mailweir-bench: no memory for the limit's own table\n");
		return 2;
	}
	return report(b) ? 0 : 2;
}

int pg_bench_flows(int argc, char **argv, void (*usage)(FILE *))
{
	static struct bench b = { .flows = 1000000, .time = UINT64_C(1700000000000000000) };
	int rc = parse(&b, argc, argv, usage);
	if (rc != 0)
		return rc == 1 ? 0 : rc;
	if (set_up(&b) != 0)
		return 2;
	if (b.sizes)
		print_sizes(&b);
	else
		rc = measure(&b);
	dp_worker_leave(b.worker);
	pg_mail_free(&b.mail);
	pg_mail_free(&b.zip);
	mt_ruleset_free(b.rules);
	ct_config_free(&b.config);
	dp_eal_stop();
	return rc;
}
