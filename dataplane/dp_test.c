/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_test.h"

#include <unistd.h>

#include <hs.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_mempool.h>

#include "dataplane/dp_be.h"
#include "dataplane/dp_eal.h"
#include "dataplane/dp_frames.h"
#include "dataplane/dp_session.h"
#include "pktgen-tests/pg_mail.h"

unsigned dp_test_lcores = 1, dp_test_megabytes = 192;

static struct mt_ruleset *rules;

static const char rules_text[] =
	"reject smtp any any -> any any (msg:\"loader\"; file.data; content:\"KERNEL32.DLL\"; nocase; "
	"content:\"ADVAPI32.DLL\"; nocase; sid:1;)\n"
	"alert smtp any any -> any any (msg:\"alert\"; file.data; content:\"only-an-alert\"; sid:2;)\n"
	"pass smtp any any -> any any (msg:\"pass\"; file.data; content:\"known-good\"; sid:3;)\n"
	"drop smtp any any -> any any (msg:\"drop\"; file.data; content:\"drop-this-one\"; sid:4;)\n"
	"reject smtp any any -> any any (msg:\"prefix\"; mail.encoded; content:\"TVqQAAMAA\"; startswith; sid:5;)\n"
	"alert smtp any any -> any any (msg:\"inside\"; mail.encoded; content:\"U0VDUkVU\"; depth:3000; sid:6;)\n";

/* Text. */

void dp_text_put(struct dp_text *t, const void *p, size_t n)
{
	if (t->n + n > t->size) {
		t->size = (t->n + n) * 2 + 256;
		t->p = realloc(t->p, t->size);
		assert_non_null(t->p);
	}
	if (n)
		memcpy(t->p + t->n, p, n);
	t->n += n;
}

void dp_text_printf(struct dp_text *t, const char *format, ...)
{
	char line[4096];
	va_list ap;
	va_start(ap, format);
	int n = vsnprintf(line, sizeof line, format, ap);
	va_end(ap);
	assert_true(n >= 0 && (size_t)n < sizeof line);
	dp_text_put(t, line, (size_t)n);
}

void dp_text_free(struct dp_text *t)
{
	free(t->p);
	*t = (struct dp_text){ 0 };
}

uint32_t dp_test_random(uint64_t *state, uint32_t below)
{
	return (uint32_t)(pg_random(state) % below);
}

bool dp_test_scan_fails;

hs_error_t __real_hs_scan_stream(hs_stream_t *id, const char *data, unsigned int length, unsigned int flags,
				 hs_scratch_t *scratch, match_event_handler on_event, void *context);
hs_error_t __wrap_hs_scan_stream(hs_stream_t *id, const char *data, unsigned int length, unsigned int flags,
				 hs_scratch_t *scratch, match_event_handler on_event, void *context);

hs_error_t __wrap_hs_scan_stream(hs_stream_t *id, const char *data, unsigned int length, unsigned int flags,
				 hs_scratch_t *scratch, match_event_handler on_event, void *context)
{
	if (dp_test_scan_fails)
		return HS_UNKNOWN_ERROR;
	return __real_hs_scan_stream(id, data, length, flags, scratch, on_event, context);
}

/* EAL and rules, once a process. */

const struct mt_ruleset *dp_test_rules(void)
{
	return rules;
}

static void load_rules(void)
{
	char path[] = "/tmp/dp-rules-XXXXXX";
	struct mt_report report = { 0 };
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, rules_text, strlen(rules_text)), strlen(rules_text));
	close(fd);
	struct mt_load load = { .paths = (const char *const[]){ path }, .npaths = 1 };
	assert_int_equal(mt_ruleset_load(&load, &rules, &report), 0);
	unlink(path);
	if (report.nrefused)
		fail_msg("rule refused: %u:%u: %s", report.refused[0].line, report.refused[0].column,
			 report.refused[0].reason);
	assert_int_equal(mt_ruleset_count(rules), DP_TEST_RULES);
}

int dp_test_eal(void **state)
{
	(void)state;
	char err[256];
	struct dp_eal e = { .program = "dp_test", .workers = dp_test_lcores, .megabytes = dp_test_megabytes };
	if (dp_eal_start(&e, err, sizeof err) != 0)
		fail_msg("%s", err);
	load_rules();
	return 0;
}

void dp_test_eal_once(void)
{
	static bool started;
	if (!started)
		dp_test_eal(NULL);
	started = true;
}

int dp_test_eal_stop(void **state)
{
	(void)state;
	mt_ruleset_free(rules);
	dp_eal_stop();
	return 0;
}

/* A worker. */

static uint16_t no_rx(void *source, struct rte_mbuf **m, uint16_t n)
{
	(void)source;
	(void)m;
	(void)n;
	return 0;
}

/* The sink: keeps a copy of all that left. */
static void keep_sent(void *sink, struct rte_mbuf *m, unsigned out)
{
	struct dp_test *t = sink;
	if (t->port_full) {
		dp_worker_unsent(t->worker, m);
		rte_pktmbuf_free(m);
		return;
	}
	if ((t->nsent & (t->nsent - 1)) == 0)
		t->sent = realloc(t->sent, (t->nsent ? t->nsent * 2 : 1) * sizeof *t->sent);
	assert_non_null(t->sent);
	struct dp_sent *s = &t->sent[t->nsent++];
	*s = (struct dp_sent){ .out = out, .ours = dp_meta(m)->kind == DP_OURS, .n = rte_pktmbuf_pkt_len(m) };
	s->p = malloc(s->n + 1);
	assert_non_null(s->p);
	const void *p = rte_pktmbuf_read(m, 0, (uint32_t)s->n, s->p);
	if (p != s->p)
		memcpy(s->p, p, s->n);
	if (dp_packet_parse(DP_LINK_ETHERNET, s->p, s->n, s->n, &s->pkt) != DP_TCP)
		s->pkt.ip_version = 0;
	dp_worker_sent(t->worker, m, out);
	rte_pktmbuf_free(m);
}

void dp_test_forget_sent(struct dp_test *t)
{
	for (size_t i = 0; i < t->nsent; i++)
		free(t->sent[i].p);
	t->nsent = 0;
}

void dp_test_init(struct dp_test *t)
{
	*t = (struct dp_test){ .time = UINT64_C(1700000000000000000) };
	assert_int_equal(ct_config_defaults(&t->config), 0);
	t->config.memory.mbufs = 1023;
	t->config.memory.flows = 64;
	t->config.memory.sessions = 32;
	t->config.memory.tunnelled = 16;
	t->config.memory.wrapped = 32;
	t->config.memory.messages = 16;
	t->config.memory.inflating = 16;
	t->config.memory.records = 128;
	t->config.memory.blocks = 1024;
	t->config.memory.segments = 256;
	t->config.memory.datagrams = 16;
	t->config.memory.fragments = 256;
	t->config.capture.checksums = CT_CHECKSUMS_TRUST;
}

void dp_test_open(struct dp_test *t)
{
	/* Names of its own each time: a test that failed leaves its memory behind. */
	static unsigned number;
	char err[256], name[RTE_MEMPOOL_NAMESIZE];
	snprintf(name, sizeof name, "test%u", ++number);
	t->mbufs = dp_frames_create(name, t->config.memory.mbufs + t->config.memory.fragments, 0, RTE_MBUF_DEFAULT_BUF_SIZE, false);
	if (!t->mbufs)
		fail_msg("no mbufs: %s", rte_strerror(rte_errno));
	struct dp_worker_config wc = {
		.id = number, .config = &t->config, .rules = t->rules ? t->rules : rules, .rx = no_rx, .patient = t->patient,
		.held_max = t->config.memory.mbufs / 2, .use = t->use, .tx = keep_sent, .sink = t, .mbufs = t->mbufs, .now = t->time,
		.fragments = t->config.memory.fragments, .secret = t->secret,
	};
	if (dp_worker_create(&wc, &t->worker, err, sizeof err) != 0)
		fail_msg("%s", err);
}

void dp_test_begin(struct dp_test *t)
{
	dp_test_init(t);
	dp_test_open(t);
}

/* Records as text. */

static void put_name(struct dp_text *to, const struct ct_note *note, const uint8_t *p, size_t n)
{
	size_t charset = strnlen((const char *)p, n);
	assert_true(charset < n);
	dp_text_printf(to, "%.*s", (int)(n - charset - 1), p + charset + 1);
	if (charset)
		dp_text_printf(to, "(%s)", p);
	(void)note;
}

/* Letters as they stood, or as the rule has them where a match spans segments: so upper case. */
static void put_hit(struct dp_text *to, const uint8_t *p, size_t n)
{
	struct ct_hit h;
	assert_true(n >= sizeof h);
	memcpy(&h, p, sizeof h);
	dp_text_printf(to, " hit=");
	for (size_t i = sizeof h; i < n; i++) {
		uint8_t b = p[i] >= 'a' && p[i] <= 'z' ? p[i] - 32 : p[i];
		dp_text_put(to, &b, 1);
	}
	dp_text_printf(to, "@%llu:%u", (unsigned long long)h.offset, h.line);
}

static void put_notes(struct dp_text *to, const struct ct_notes *notes)
{
	struct ct_note_iter it;
	struct ct_note n;
	bool mark = false; /* notes of a mark stand in its line */
	ct_note_first(&it, notes);
	while (ct_note_next(&it, &n)) {
		uint8_t *p = malloc(n.len + 1);
		assert_non_null(p);
		assert_int_equal(ct_note_copy(&it, p, n.len), n.len);
		p[n.len] = '\0';
		if (mark && (n.kind < CT_NOTE_MARK || n.kind > CT_NOTE_MARK_HIT))
			dp_text_printf(to, "\n ");
		mark = n.kind >= CT_NOTE_MARK && n.kind <= CT_NOTE_MARK_HIT;
		switch (n.kind) {
		case CT_NOTE_HELO:
			dp_text_printf(to, " helo=%s", p);
			break;
		case CT_NOTE_PROXY:
			dp_text_printf(to, " proxy=%u bytes", n.len);
			break;
		case CT_NOTE_XCLIENT:
			dp_text_printf(to, " xclient=%s", p);
			break;
		case CT_NOTE_XFORWARD:
			dp_text_printf(to, " xforward=%s", p);
			break;
		case CT_NOTE_MAIL_FROM:
			dp_text_printf(to, " from=%s", p);
			break;
		case CT_NOTE_RCPT_TO:
			dp_text_printf(to, " to%u=%s", n.index, p);
			break;
		case CT_NOTE_RCPT_REPLY:
			dp_text_printf(to, " to%u-reply=%s", n.index, p);
			break;
		case CT_NOTE_REPLY:
			dp_text_printf(to, " reply-text=%s", p);
			break;
		case CT_NOTE_HEADER:
			dp_text_printf(to, " header%u=%s", n.sub, p);
			break;
		case CT_NOTE_ATTACHMENT:
			dp_text_printf(to, " attachment=");
			put_name(to, &n, p, n.len);
			break;
		case CT_NOTE_ERROR:
			dp_text_printf(to, " error=%s", p);
			break;
		case CT_NOTE_MARK: {
			struct ct_mark m;
			assert_int_equal(n.len, sizeof m);
			memcpy(&m, p, sizeof m);
			dp_text_printf(to, "\n  mark=%u@%llu:%u", m.rule, (unsigned long long)m.offset, m.line);
			break;
		}
		case CT_NOTE_MARK_PART:
			dp_text_printf(to, " part=%s", p);
			break;
		case CT_NOTE_MARK_FILE:
			dp_text_printf(to, " file=");
			put_name(to, &n, p, n.len);
			break;
		case CT_NOTE_MARK_PATH:
			dp_text_printf(to, " >");
			put_name(to, &n, p, n.len);
			break;
		case CT_NOTE_MARK_HIT:
			put_hit(to, p, n.len);
			break;
		case CT_NOTE_FILE_NAME:
			dp_text_printf(to, " name=");
			put_name(to, &n, p, n.len);
			break;
		case CT_NOTE_FILE_PATH:
			dp_text_printf(to, " /");
			put_name(to, &n, p, n.len);
			break;
		case CT_NOTE_FILE_TYPE:
			dp_text_printf(to, " type=%s", p);
			break;
		case CT_NOTE_FILE_HEAD:
			dp_text_printf(to, " head=");
			for (unsigned i = 0; i < n.len; i++)
				dp_text_printf(to, "%02x", p[i]);
			break;
		case CT_NOTE_FILE_CONTENT:
			dp_text_printf(to, " content=%u", n.len);
			break;
		case CT_NOTE_FILE_PART:
			dp_text_printf(to, " of-part=%s", p);
			break;
		case CT_NOTE_FILE_OTHER_NAME:
			dp_text_printf(to, " other-name=");
			put_name(to, &n, p, n.len);
			break;
		case CT_NOTE_FILE_EXE: {
			struct rs_exe_facts e;
			assert_int_equal(n.len, sizeof e);
			memcpy(&e, p, sizeof e);
			dp_text_printf(to, " executable=%s unread=%u", rs_exe_format_name(e.format), e.unread);
			break;
		}
		case CT_NOTE_FILE_SECTION:
			dp_text_printf(to, " section=%s", p);
			break;
		case CT_NOTE_FILE_IMPORT:
			dp_text_printf(to, " import=%s", p);
			break;
		}
		free(p);
	}
	if (notes->lost)
		dp_text_printf(to, " lost-notes");
}

static char *describe(const struct ct_record *r)
{
	struct dp_text t = { 0 };
	const struct ct_message *m = &r->u.message;
	const struct ct_file *f = &r->u.file;
	switch (r->kind) {
	case CT_MESSAGE:
		dp_text_printf(&t,
			       "message n=%u tx=%u verdict=%s reason=%s action=%s would=%s delivered=%u complete=%d "
			       "tls=%d reply=%u "
			       "rcpts=%u attachments=%u/%u/%u bytes=%llu incident=%d",
			       r->n, r->tx_id, ct_verdict_name(m->verdict), ct_reason_name(m->reason),
			       ct_action_name(m->action), ct_action_name(m->would), m->delivered, m->complete, m->tls,
			       m->reply_code, m->rcpts, m->attachments_seen, m->attachments_opened,
			       m->attachments_matched, (unsigned long long)m->bytes, m->incident != 0);
		break;
	case CT_FILE:
		dp_text_printf(&t, "file n=%u tx=%u number=%u size=%llu sha256=", r->n, r->tx_id, f->number,
			       (unsigned long long)f->size);
		for (unsigned i = 0; f->has_sha256 && i < 32; i++)
			dp_text_printf(&t, "%02x", f->sha256[i]);
		dp_text_printf(&t, " gaps=%d encrypted=%d truncated=%d", f->gaps, f->encrypted,
			       f->state == CT_FILE_TRUNCATED);
		break;
	case CT_ANOMALY:
		dp_text_printf(&t, "anomaly n=%u tx=%u %s %s %s", r->n, r->tx_id, r->u.anomaly.event,
			       r->u.anomaly.layer ? r->u.anomaly.layer : "-", r->u.anomaly.type);
		break;
	}
	put_notes(&t, &r->notes);
	dp_text_put(&t, "\n", 2);
	return (char *)t.p;
}

static void take_records(struct dp_test *t)
{
	void *v;
	while (rte_ring_sc_dequeue(t->worker->records, &v) == 0) {
		struct ct_record *r = v;
		/* Of floods there are many. */
		if ((t->nfound & (t->nfound - 1)) == 0)
			t->found = realloc(t->found, (t->nfound ? t->nfound * 2 : 1) * sizeof *t->found);
		assert_non_null(t->found);
		struct dp_found *f = &t->found[t->nfound++];
		f->rec = *r;
		f->text = describe(r);
		f->rec.notes = (struct ct_notes){ 0 };
		assert_int_equal(rte_ring_sp_enqueue(t->worker->done, r), 0);
	}
}

void dp_test_forget(struct dp_test *t)
{
	for (size_t i = 0; i < t->nfound; i++)
		free(t->found[i].text);
	t->nfound = 0;
}

/* What must hold. */

struct ct_account dp_test_account(const struct dp_test *t)
{
	struct ct_account a = { 0 };
	for (unsigned i = 0; i < DP_PORTS_MAX; i++)
		ct_account_add(&a, &t->worker->account[i]);
	return a;
}

void dp_test_check(struct dp_test *t)
{
	const struct ct_account sum = dp_test_account(t), *a = &sum;
	take_records(t);
	assert_true(ct_account_packets_balance(a));
	assert_int_equal(a->received, t->frames);
	uint64_t classes = 0;
	for (unsigned i = 0; i < DP_CLASS_MAX; i++)
		classes += t->worker->stats.class_packets[i];
	assert_int_equal(classes, t->frames);
	/* Those in progress are seen and not judged yet. */
	uint64_t judged =
		a->verdict[CT_CLEAN] + a->verdict[CT_INFECTED] + a->verdict[CT_SUSPICIOUS] + ct_account_unscanned(a);
	assert_true(judged <= a->seen);
	assert_int_equal(a->verdict[CT_UNSCANNED], 0);
	assert_int_equal(a->unscanned[CT_REASON_NONE], 0);
}

static void pool_is_back(const char *name, const struct rs_pool *p)
{
	if (p->used)
		fail_msg("%u of the pool of %s are not back", p->used, name);
}

void dp_test_pools_are_back(struct dp_test *t)
{
	struct dp_inspect *i = &t->worker->inspect;
	take_records(t);
	while (i->reclaim(i->arg, false))
		;
	pool_is_back("flows", &t->worker->flows.pool);
	pool_is_back("segments", &t->worker->segments);
	assert_int_equal(t->worker->streams.held, 0);
	assert_int_equal(t->worker->unproven_held, 0);
	pool_is_back("runs", &t->worker->runs);
	pool_is_back("inlines", &t->worker->inlines);
	pool_is_back("replies", &t->worker->replies);
	pool_is_back("sessions", &i->sessions);
	pool_is_back("lines", &i->lines);
	pool_is_back("headers", &i->headers);
	pool_is_back("messages", &i->messages);
	pool_is_back("contents", &i->contents);
	pool_is_back("files", &i->files);
	pool_is_back("holders", &t->worker->holders);
	pool_is_back("tunnels", &i->tunnels);
	pool_is_back("zips", &i->zips);
	pool_is_back("inflates", &i->inflates);
	pool_is_back("executables", &i->executables);
	pool_is_back("records", &i->records);
	pool_is_back("blocks", &i->blocks);
	pool_is_back("trial contents", &i->trial_contents);
	pool_is_back("trial headers", &i->trial_headers);
	pool_is_back("trial files", &i->trial_files);
	pool_is_back("trial zips", &i->trial_zips);
	pool_is_back("trial inflates", &i->trial_inflates);
	assert_int_equal(t->worker->records_out, 0);
	struct mt_worker_stats st;
	mt_worker_stats(i->matcher, &st);
	assert_int_equal(st.streams_used, 0);
	assert_int_equal(st.places_used, 0);
	assert_int_equal(rte_mempool_in_use_count(t->mbufs), 0);
	struct ct_account a = dp_test_account(t);
	assert_true(ct_account_balanced(&a));
	assert_int_equal(a.held, 0);
	assert_int_equal(t->worker->hold.held, 0);
	assert_int_equal(t->worker->streams.held, 0);
}

static void put_signal(struct dp_test *t, enum dp_kind kind)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(t->mbufs);
	assert_non_null(m);
	*dp_meta(m) = (struct dp_meta){ .seq = ++t->seq, .time = t->time, .kind = (uint8_t)kind };
	dp_worker_burst(t->worker, &m, 1);
	dp_test_check(t);
}

void dp_test_end(struct dp_test *t)
{
	put_signal(t, DP_END);
	assert_true(t->worker->ended);
}

void dp_test_tick(struct dp_test *t, uint64_t seconds)
{
	t->time += seconds * UINT64_C(1000000000);
	put_signal(t, DP_TICK);
}

void dp_test_lull(struct dp_test *t)
{
	dp_test_tick(t, 1);
	dp_test_tick(t, 1);
}

void dp_test_close(struct dp_test *t)
{
	if (!t->worker->ended)
		dp_test_end(t);
	dp_test_pools_are_back(t);
	dp_worker_free(t->worker);
	rte_mempool_free(t->mbufs);
	dp_test_forget(t);
	dp_test_forget_sent(t);
	free(t->found);
	free(t->sent);
	ct_config_free(&t->config);
}

/* Frames. */

struct rte_mbuf *dp_test_mbuf(struct dp_test *t, const void *p, size_t n)
{
	const uint8_t *from = p;
	struct rte_mbuf *head = rte_pktmbuf_alloc(t->mbufs), *last = head;
	assert_non_null(head);
	for (size_t left = n;;) {
		size_t k = rte_pktmbuf_tailroom(last);
		/* Headers lie in the first one. */
		size_t most = t->chain && last == head && t->chain < 128 ? 128 : t->chain;
		if (most && most < k)
			k = most;
		if (k > left)
			k = left;
		memcpy(rte_pktmbuf_mtod(last, uint8_t *), from, k);
		last->data_len = (uint16_t)k;
		head->pkt_len += (uint32_t)k;
		from += k;
		left -= k;
		if (!left)
			break;
		last->next = rte_pktmbuf_alloc(t->mbufs);
		last = last->next;
		assert_non_null(last);
		head->nb_segs++;
	}
	return head;
}

void dp_test_frame(struct dp_test *t, enum dp_link link, const void *p, size_t n)
{
	dp_test_frame_at(t, 0, link, p, n);
}

void dp_test_frame_at(struct dp_test *t, unsigned port, enum dp_link link, const void *p, size_t n)
{
	t->time += 1000000;
	if (t->keeps) {
		t->late = realloc(t->late, (t->nlate + 1) * sizeof *t->late);
		assert_non_null(t->late);
		struct dp_late *l = &t->late[t->nlate++];
		*l = (struct dp_late){ .time = t->time, .n = n, .p = malloc(n) };
		assert_non_null(l->p);
		memcpy(l->p, p, n);
		return;
	}
	struct rte_mbuf *m = dp_test_mbuf(t, p, n);
	t->seq++;
	*dp_meta(m) = (struct dp_meta){ .seq = t->seq,
					.time = t->time,
					.pcap_cnt = t->seq,
					.wire_len = (uint32_t)n,
					.port = (uint8_t)port,
					.link = (uint8_t)link,
					.kind = DP_FRAME };
	t->frames++;
	dp_worker_burst(t->worker, &m, 1);
	if (!t->patient)
		dp_test_check(t);
}

static int by_time(const void *a, const void *b)
{
	const struct dp_late *x = a, *y = b;
	return x->time < y->time ? -1 : x->time > y->time;
}

void dp_test_see(struct dp_test *t)
{
	t->keeps = false;
	qsort(t->late, t->nlate, sizeof *t->late, by_time);
	for (size_t i = 0; i < t->nlate; i++) {
		t->time = t->late[i].time - 1000000;
		dp_test_frame(t, DP_LINK_ETHERNET, t->late[i].p, t->late[i].n);
		free(t->late[i].p);
	}
	free(t->late);
	t->late = NULL;
	t->nlate = 0;
}

struct dp_test_conn dp_test_conn(unsigned number)
{
	return (struct dp_test_conn){ .ip = { 0x0a000001 + number / 50000, 0xc0000219 },
				      .port = { (uint16_t)(10000 + number % 50000), 25 },
				      .seq = { 0xfffffff0u + number, 77000 },
				      .window = 65535 };
}

static uint8_t *write_ip(const struct dp_test_conn *c, unsigned from, size_t l4, uint8_t *ip)
{
	if (c->v6) {
		memset(ip, 0, 40);
		ip[0] = 0x60;
		dp_be_put16(ip + 4, (unsigned)l4);
		ip[6] = 6;
		ip[7] = 64;
		dp_be_put32(ip + 8, 0x20010db8);
		dp_be_put32(ip + 20, c->ip[from]);
		dp_be_put32(ip + 24, 0x20010db8);
		dp_be_put32(ip + 36, c->ip[!from]);
		return ip + 40;
	}
	memset(ip, 0, 20);
	ip[0] = 0x45;
	/* Longer than the field holds: as an offloading card leaves it, 0. */
	dp_be_put16(ip + 2, l4 + 20 > 65535 ? 0 : (unsigned)l4 + 20);
	ip[8] = 64;
	ip[9] = 6;
	dp_be_put32(ip + 12, c->ip[from]);
	dp_be_put32(ip + 16, c->ip[!from]);
	struct dp_checksum sum = { 0 };
	dp_checksum_add(&sum, ip, 20);
	uint16_t v = dp_checksum_value(&sum);
	memcpy(ip + 10, &v, 2);
	return ip + 20;
}

size_t dp_test_segment_write(const struct dp_test_conn *c, unsigned from, unsigned flags, uint32_t seq, const void *p,
			     size_t n, uint8_t *frame)
{
	uint8_t *at = frame;
	memset(frame, 0, 14 + 8);
	at[0] = at[6] = 2;
	at += 12;
	for (unsigned i = 0; i < c->nvlan; i++, at += 4) {
		dp_be_put16(at, i + 1 < c->nvlan ? 0x88a8 : 0x8100);
		dp_be_put16(at + 2, c->vlan[i]);
	}
	dp_be_put16(at, c->v6 ? 0x86dd : 0x0800);
	size_t stamps = c->timestamps ? 12 : 0, hdr_len = 20 + stamps + c->noptions;
	uint8_t *tcp = write_ip(c, from, hdr_len + n, at + 2);
	memset(tcp, 0, hdr_len);
	dp_be_put16(tcp, c->port[from]);
	dp_be_put16(tcp + 2, c->port[!from]);
	dp_be_put32(tcp + 4, seq);
	dp_be_put32(tcp + 8, flags & RS_TCP_ACK ? c->seq[!from] : 0);
	tcp[12] = (uint8_t)(hdr_len / 4 << 4);
	tcp[13] = (uint8_t)flags;
	dp_be_put16(tcp + 14, c->window);
	dp_be_put16(tcp + 18, c->urgent);
	memcpy(tcp + 20 + stamps, c->options, c->noptions);
	if (c->timestamps) {
		dp_be_put32(tcp + 20, 0x0101080a);
		dp_be_put32(tcp + 24, c->tsval[from]);
		dp_be_put32(tcp + 28, flags & RS_TCP_ACK ? c->tsval[!from] : 0);
	}
	if (n)
		memcpy(tcp + hdr_len, p, n);
	size_t len = (size_t)(tcp + hdr_len + n - frame);
	struct dp_packet pkt;
	assert_int_equal(dp_packet_parse(DP_LINK_ETHERNET, frame, len, len, &pkt), DP_TCP);
	struct dp_checksum sum = { 0 };
	dp_checksum_add_pseudo(&sum, &pkt, (uint32_t)(hdr_len + n));
	dp_checksum_add(&sum, tcp, hdr_len + n);
	uint16_t v = dp_checksum_value(&sum);
	if (c->bad_sum)
		v ^= 0x1234;
	memcpy(tcp + 16, &v, 2);
	return len;
}

size_t dp_test_fragment_write(const uint8_t *frame, size_t len, uint32_t off, size_t n, bool more, uint32_t ident, const void *p,
			      uint8_t *to)
{
	struct dp_packet pkt;
	assert_int_equal(dp_packet_parse(DP_LINK_ETHERNET, frame, len, len, &pkt), DP_TCP);
	uint8_t *ip = to + pkt.l3_off, *at = to + pkt.l4_off;
	assert_true(off % 8 == 0 && (p || pkt.l4_off + off + n <= len));
	memcpy(to, frame, pkt.l4_off);
	if (pkt.ip_version == 4) {
		dp_be_put16(ip + 2, (unsigned)(pkt.l4_off - pkt.l3_off + n));
		dp_be_put16(ip + 4, ident);
		dp_be_put16(ip + 6, off / 8 | (more ? 0x2000 : 0));
		dp_be_put16(ip + 10, 0);
		struct dp_checksum sum = { 0 };
		dp_checksum_add(&sum, ip, pkt.l4_off - pkt.l3_off);
		uint16_t v = dp_checksum_value(&sum);
		memcpy(ip + 10, &v, 2);
	} else {
		dp_be_put16(ip + 4, (unsigned)(8 + n));
		at[0] = ip[6];
		ip[6] = 44;
		at[1] = 0;
		dp_be_put16(at + 2, off | more);
		dp_be_put32(at + 4, ident);
		at += 8;
	}
	memcpy(at, p ? p : frame + pkt.l4_off + off, n);
	return (size_t)(at + n - to);
}

static void send_in_fragments(struct dp_test *t, unsigned port, const uint8_t *frame, size_t len)
{
	static uint8_t fragment[DP_TEST_FRAME_MAX + 8];
	struct dp_packet pkt;
	assert_int_equal(dp_packet_parse(DP_LINK_ETHERNET, frame, len, len, &pkt), DP_TCP);
	uint32_t total = (uint32_t)len - pkt.l4_off, n = (total + t->cut - 1) / t->cut;
	t->ident++;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t off = (t->backwards ? n - 1 - i : i) * t->cut, left = total - off;
		size_t k = dp_test_fragment_write(frame, len, off, left > t->cut ? t->cut : left, left > t->cut, t->ident, NULL, fragment);
		dp_test_frame_at(t, port, DP_LINK_ETHERNET, fragment, k);
	}
}

void dp_test_segment(struct dp_test *t, const struct dp_test_conn *c, unsigned from, unsigned flags, uint32_t seq,
		     const void *p, size_t n)
{
	uint8_t *frame = malloc(DP_TEST_FRAME_MAX + n);
	assert_non_null(frame);
	size_t len = dp_test_segment_write(c, from, flags, seq, p, n, frame);
	unsigned port = t->use == DP_USE_INLINE && from == 0 ? DP_OUTSIDE : DP_INSIDE;
	if (t->cut)
		send_in_fragments(t, port, frame, len);
	else
		dp_test_frame_at(t, port, DP_LINK_ETHERNET, frame, len);
	free(frame);
}

void dp_test_bytes(struct dp_test *t, struct dp_test_conn *c, unsigned from, const void *p, size_t n)
{
	dp_test_segment(t, c, from, RS_TCP_ACK | RS_TCP_PSH, c->seq[from], p, n);
	c->seq[from] += (uint32_t)n;
}

void dp_test_say(struct dp_test *t, struct dp_test_conn *c, unsigned from, const char *text)
{
	dp_test_bytes(t, c, from, text, strlen(text));
}

static void flag(struct dp_test *t, struct dp_test_conn *c, unsigned from, unsigned flags)
{
	dp_test_segment(t, c, from, flags, c->seq[from], NULL, 0);
	if (flags & (RS_TCP_SYN | RS_TCP_FIN))
		c->seq[from]++;
}

void dp_test_shake(struct dp_test *t, struct dp_test_conn *c)
{
	flag(t, c, 0, RS_TCP_SYN);
	flag(t, c, 1, RS_TCP_SYN | RS_TCP_ACK);
	flag(t, c, 0, RS_TCP_ACK);
}

void dp_test_fins(struct dp_test *t, struct dp_test_conn *c)
{
	flag(t, c, 1, RS_TCP_FIN | RS_TCP_ACK);
	flag(t, c, 0, RS_TCP_FIN | RS_TCP_ACK);
	flag(t, c, 1, RS_TCP_ACK);
}

void dp_test_greet(struct dp_test *t, struct dp_test_conn *c)
{
	dp_test_shake(t, c);
	dp_test_say(t, c, 1, "220 mx.example.com ESMTP\r\n");
	dp_test_say(t, c, 0, "EHLO client.example.org\r\n");
	dp_test_say(t, c, 1, "250-mx.example.com\r\n250 SIZE\r\n");
}

void dp_test_envelope(struct dp_test *t, struct dp_test_conn *c)
{
	dp_test_say(t, c, 0, "MAIL FROM:<anna@example.org>\r\n");
	dp_test_say(t, c, 1, "250 2.1.0 Ok\r\n");
	dp_test_say(t, c, 0, "RCPT TO:<bela@example.com>\r\n");
	dp_test_say(t, c, 1, "250 2.1.5 Ok\r\n");
	dp_test_say(t, c, 0, "DATA\r\n");
	dp_test_say(t, c, 1, "354 go on\r\n");
}

void dp_test_accept(struct dp_test *t, struct dp_test_conn *c)
{
	dp_test_say(t, c, 0, ".\r\n");
	dp_test_say(t, c, 1, "250 2.0.0 queued as 4711\r\n");
}

void dp_test_deliver(struct dp_test *t, struct dp_test_conn *c, const struct dp_text *m)
{
	dp_test_envelope(t, c);
	dp_test_bytes(t, c, 0, m->p, m->n);
	dp_test_accept(t, c);
}

/* Less than the window that a connection of these tests offers. */
#define MAIL_ACK 32768

void dp_test_mail(struct dp_test *t, struct dp_test_conn *c, const struct dp_text *m, size_t mss, size_t cut)
{
	size_t unacknowledged = 0;
	dp_test_greet(t, c);
	dp_test_envelope(t, c);
	for (size_t at = 0, n; at < m->n; at += n) {
		n = cut && at < cut ? cut - at : m->n - at;
		if (mss && n > mss)
			n = mss;
		if (n > MAIL_ACK)
			n = MAIL_ACK;
		if (unacknowledged + n > MAIL_ACK) {
			flag(t, c, 1, RS_TCP_ACK);
			unacknowledged = 0;
		}
		dp_test_bytes(t, c, 0, m->p + at, n);
		unacknowledged += n;
	}
	dp_test_accept(t, c);
	dp_test_say(t, c, 0, "QUIT\r\n");
	dp_test_say(t, c, 1, "221 bye\r\n");
	dp_test_fins(t, c);
}

/* By hand. */

void dp_test_message_begin(struct dp_test *t, struct dp_test_message *m)
{
	m->flow = (struct dp_flow){ 0 };
	m->session = dp_session_begin(&t->worker->inspect, &m->flow, false);
	assert_non_null(m->session);
	m->msg = dp_message_begin(m->session, 0);
	assert_non_null(m->msg);
	m->msg->content = dp_content_begin(m->msg);
	assert_non_null(m->msg->content);
}

void dp_test_content_feed(struct dp_content *c, const void *p, size_t n)
{
	uint8_t *exact = malloc(n ? n : 1);
	assert_non_null(exact);
	if (n)
		memcpy(exact, p, n);
	for (size_t at = 0, k; at < n; at += k) {
		k = dp_content_bulk(c, exact + at, n - at);
		if (!k) {
			k = n - at;
			dp_content_feed(c, exact + at, k);
		}
	}
	free(exact);
}

void dp_test_message_end(struct dp_test *t, struct dp_test_message *m)
{
	m->msg->content = NULL;
	assert_int_equal(m->msg->contents, 0);
	dp_message_end(m->msg);
	dp_session_end(m->session, CT_REASON_NONE);
	dp_test_check(t);
}

/* Findings. */

size_t dp_test_count(const struct dp_test *t, enum ct_kind kind)
{
	size_t n = 0;
	for (size_t i = 0; i < t->nfound; i++)
		n += t->found[i].rec.kind == kind;
	return n;
}

const struct dp_found *dp_test_nth(const struct dp_test *t, enum ct_kind kind, size_t i)
{
	for (size_t k = 0; k < t->nfound; k++)
		if (t->found[k].rec.kind == kind && i-- == 0)
			return &t->found[k];
	fail_msg("no such record");
	return NULL;
}

void dp_test_verdict(const struct dp_test *t, size_t message, enum ct_verdict v, enum ct_reason r, bool complete)
{
	const struct ct_message *m = &dp_test_nth(t, CT_MESSAGE, message)->rec.u.message;
	if (m->verdict != v || m->reason != r || m->complete != complete)
		fail_msg("message %zu is %s %s complete=%d, not %s %s complete=%d", message,
			 ct_verdict_name(m->verdict), ct_reason_name(m->reason), m->complete, ct_verdict_name(v),
			 ct_reason_name(r), complete);
}

bool dp_test_has(const struct dp_found *f, const char *text)
{
	if (strstr(f->text, text))
		return true;
	print_error("not found: %s\nin: %s", text, f->text);
	return false;
}

char *dp_test_story(const struct dp_test *t)
{
	struct dp_text s = { 0 };
	for (size_t i = 0; i < t->nfound; i++)
		dp_text_put(&s, t->found[i].text, strlen(t->found[i].text));
	dp_text_put(&s, "", 1);
	return (char *)s.p;
}

char *dp_test_same_story(const struct dp_test *t, char *story, const char *where, ...)
{
	char *now = dp_test_story(t);
	if (story && strcmp(story, now) != 0) {
		char words[200];
		va_list args;
		va_start(args, where);
		vsnprintf(words, sizeof words, where, args);
		va_end(args);
		fprintf(stderr, "%s\ninstead of\n%s\n", now, story); /* cmocka cuts what is long */
		fail_msg("%s", words);
	}
	free(story);
	return now;
}

/* Pools. */

void dp_hostage_take(struct dp_hostage *h, struct rs_pool *pool, uint32_t left)
{
	*h = (struct dp_hostage){ .pool = pool, .v = calloc(pool->size, sizeof *h->v) };
	assert_non_null(h->v);
	while (pool->size - pool->used > left)
		h->v[h->n++] = rs_pool_get(pool);
}

void dp_hostage_free(struct dp_hostage *h)
{
	while (h->n)
		rs_pool_put(h->pool, h->v[--h->n]);
	free(h->v);
}
