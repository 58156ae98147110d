/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_inline_net.h"

#include "dataplane/dp_made.h"
#include "pktgen-tests/pg_random.h"

#define MS UINT64_C(1000000)
#define TICK (250 * MS)
#define FIRST_PORT 10001

void dp_net_init(struct dp_net *n, struct dp_test *t, uint64_t seed)
{
	*n = (struct dp_net){ .t = t, .random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1, .delay = 5 };
	/* The ends open what is around their packets, whatever the sensor does. */
	dp_tunnels_init(&n->tunnels, &t->config);
	n->tunnels.depth = 4;
}

/* Wires. */

static bool sooner(const struct dp_wire_frame *a, const struct dp_wire_frame *b)
{
	return a->due < b->due || (a->due == b->due && a->number < b->number);
}

static void swap(struct dp_wire_frame *a, struct dp_wire_frame *b)
{
	struct dp_wire_frame x = *a;
	*a = *b;
	*b = x;
}

static void heap_put(struct dp_net *n, const struct dp_wire_frame *f)
{
	if (n->nflight == n->size) {
		n->size = n->size * 2 + 64;
		n->flight = realloc(n->flight, n->size * sizeof *n->flight);
		assert_non_null(n->flight);
	}
	size_t i = n->nflight++;
	n->flight[i] = *f;
	for (; i > 0 && sooner(&n->flight[i], &n->flight[(i - 1) / 2]); i = (i - 1) / 2)
		swap(&n->flight[i], &n->flight[(i - 1) / 2]);
}

static struct dp_wire_frame heap_get(struct dp_net *n)
{
	struct dp_wire_frame first = n->flight[0];
	n->flight[0] = n->flight[--n->nflight];
	for (size_t i = 0, least;; i = least) {
		size_t a = 2 * i + 1, b = a + 1;
		least = a < n->nflight && sooner(&n->flight[a], &n->flight[i]) ? a : i;
		least = b < n->nflight && sooner(&n->flight[b], &n->flight[least]) ? b : least;
		if (least == i)
			return first;
		swap(&n->flight[i], &n->flight[least]);
	}
}

static bool happens(struct dp_net *n, unsigned of_1000)
{
	return n->t->time < n->calm && dp_test_random(&n->random, 1000) < of_1000;
}

static void put_wire(struct dp_net *n, unsigned toward, bool to_sensor, bool ours, const uint8_t *p, size_t len)
{
	if (happens(n, n->loss)) {
		n->lost++;
		return;
	}
	for (unsigned copies = happens(n, n->twice) ? 2 : 1; copies > 0; copies--) {
		struct dp_wire_frame f = { .due = n->t->time + n->delay * MS, .number = n->number++, .toward = toward, .to_sensor = to_sensor,
					   .ours = ours, .n = len, .p = malloc(len) };
		assert_non_null(f.p);
		if (happens(n, n->late))
			f.due += dp_test_random(&n->random, 100) * MS;
		memcpy(f.p, p, len);
		heap_put(n, &f);
	}
}

/* Around what follows the Ethernet header. */
static size_t wrap(const struct dp_net *n, unsigned side, const uint8_t *frame, size_t len, uint32_t sequence, uint16_t port,
		   uint8_t *to)
{
	const struct dp_wrapped w = { .number = 5000, .back = side == 1, .sequence = sequence, .port = port };
	return dp_wrapped_write(to, frame, len, n->wrapping->how, &w);
}

static void emit(void *arg, unsigned side, const uint8_t *frame, size_t len)
{
	static uint8_t wrapped[DP_TEST_FRAME_MAX];
	struct dp_pair *p = arg;
	if (p->net->wrapping) {
		/* Its padding is not part of it. */
		struct dp_packet pkt;
		assert_int_equal(dp_packet_parse(DP_LINK_ETHERNET, frame, len, len, &pkt), DP_TCP);
		len = wrap(p->net, side, frame + pkt.l3_off, pkt.payload_off + pkt.payload_len - pkt.l3_off, 0, 0, wrapped);
		frame = wrapped;
	}
	put_wire(p->net, side == 0 ? DP_OUTSIDE : DP_INSIDE, true, false, frame, len);
}

/* What the worker has sent since it was last looked at. */
static void drain(struct dp_net *n)
{
	struct dp_test *t = n->t;
	for (size_t i = 0; i < t->nsent; i++)
		put_wire(n, t->sent[i].out, false, t->sent[i].ours, t->sent[i].p, t->sent[i].n);
	dp_test_forget_sent(t);
}

/* Ends. */

struct reader { /* of an end's bytes */
	struct dp_pair *pair;
	uint64_t now;
	unsigned side;
};

static void run_app(void *arg)
{
	const struct reader *r = arg;
	if (r->side == 0)
		dp_client_run(&r->pair->client, r->now);
	else
		dp_server_run(&r->pair->server, r->now);
}

/* What leaves the sensor is what the side that it comes from would have put around the same IP packet, byte for byte; GRE's sequence number
 * goes on from the last that was seen, and UDP's port is the other side's where this one was never heard. */
static void expect_wrapped(const struct dp_net *n, unsigned side, const uint8_t *frame, size_t len, const struct dp_packet *pkt)
{
	static uint8_t want[DP_TEST_FRAME_MAX];
	size_t inner = pkt->payload_off + pkt->payload_len - pkt->l3_off, size = 0;
	for (uint32_t i = 0; i < 2 * 200; i++) {
		size = wrap(n, side, frame + pkt->l3_off, inner, 77 + i / 2, i % 2 ? 50001 : 50000, want);
		if (memcmp(frame, want, size) == 0)
			break;
	}
	assert_true(len == size || (len == 60 && size < 60));
	assert_memory_equal(frame, want, size);
}

static void arrive(struct dp_net *n, const struct dp_wire_frame *f)
{
	struct dp_packet pkt;
	if (dp_tunnel_parse(&n->tunnels, DP_LINK_ETHERNET, f->p, f->n, f->n, &pkt) != DP_TCP)
		fail_msg("a frame that is none: %s", n->wrapping ? n->wrapping->name : "");
	if (n->wrapping)
		expect_wrapped(n, f->toward == DP_OUTSIDE ? 1 : 0, f->p, f->n, &pkt);
	assert_true(dp_packet_checksum_tcp(&pkt, f->p + pkt.l4_off, pkt.tcp_hdr_len + pkt.payload_len));
	if (pkt.ip_version == 4)
		assert_true(dp_packet_checksum_ip(f->p + pkt.l3_off));
	unsigned side = f->toward == DP_OUTSIDE ? 0 : 1, port = side == 0 ? pkt.dport : pkt.sport;
	assert_true(port >= FIRST_PORT && port < FIRST_PORT + n->npairs);
	struct dp_pair *p = &n->pair[port - FIRST_PORT];
	p->ours += f->ours && side == 0;
	p->resets[side] += (pkt.tcp_flags & RS_TCP_RST) != 0;
	struct reader r = { p, n->t->time, side };
	dp_end_take(&p->end[side], f->p, &pkt, n->t->time, run_app, &r);
	/* Also when it was reset: it reads what it has. */
	run_app(&r);
	dp_end_push(&p->end[side], n->t->time);
}

static void tick(struct dp_net *n)
{
	for (unsigned i = 0; i < n->npairs; i++)
		for (unsigned side = 0; side < 2; side++) {
			struct reader r = { &n->pair[i], n->t->time, side };
			dp_end_tick(&n->pair[i].end[side], n->t->time);
			run_app(&r);
			dp_end_push(&n->pair[i].end[side], n->t->time);
		}
	dp_test_tick(n->t, 0);
	drain(n);
	n->tick = n->t->time + TICK;
}

static bool all_over(const struct dp_net *n)
{
	for (unsigned i = 0; i < n->npairs; i++) {
		const struct dp_pair *p = &n->pair[i];
		if (!dp_end_over(&p->end[0]) || (!dp_end_over(&p->end[1]) && p->end[1].state != DP_END_LISTENS))
			return false;
	}
	return n->nflight == 0;
}

static void step(struct dp_net *n)
{
	uint64_t next = n->tick;
	if (n->nflight && n->flight[0].due < next)
		next = n->flight[0].due;
	if (next > n->t->time)
		n->t->time = next;
	if (n->t->time >= n->tick) {
		tick(n);
		return;
	}
	struct dp_wire_frame f = heap_get(n);
	if (f.to_sensor) {
		/* A millisecond later for each frame would make a slow wire. */
		n->t->time -= MS - 1000;
		dp_test_frame_at(n->t, f.toward, DP_LINK_ETHERNET, f.p, f.n);
		drain(n);
	} else {
		arrive(n, &f);
	}
	free(f.p);
}

bool dp_net_run(struct dp_net *n, uint64_t seconds)
{
	uint64_t until = n->t->time + seconds * 1000 * MS;
	for (unsigned i = 0; i < n->npairs; i++)
		if (n->pair[i].end[0].state == DP_END_LISTENS) {
			dp_client_script(&n->pair[i].client);
			dp_end_connect(&n->pair[i].end[0], n->t->time);
		}
	while (!all_over(n) && n->t->time < until)
		step(n);
	return all_over(n);
}

struct dp_pair *dp_net_pair(struct dp_net *n)
{
	assert_true(n->npairs < DP_NET_PAIRS);
	struct dp_pair *p = &n->pair[n->npairs++];
	struct dp_test_conn c = dp_test_conn(n->npairs);
	p->net = n;
	for (unsigned side = 0; side < 2; side++) {
		dp_end_init(&p->end[side], &c, side, &n->random);
		p->end[side].emit = emit;
		p->end[side].arg = p;
	}
	dp_client_init(&p->client, &p->end[0], &n->random);
	dp_server_init(&p->server, &p->end[1], &n->random);
	return p;
}

void dp_net_free(struct dp_net *n)
{
	for (unsigned i = 0; i < n->npairs; i++) {
		dp_client_free(&n->pair[i].client);
		dp_server_free(&n->pair[i].server);
		dp_end_free(&n->pair[i].end[0]);
		dp_end_free(&n->pair[i].end[1]);
	}
	while (n->nflight)
		free(heap_get(n).p);
	free(n->flight);
}

/* Letters. */

struct dp_letter dp_net_letter(struct dp_net *n, bool bad, size_t size)
{
	static const char marks[] = "\1\2\3 KERNEL32.dll and advapi32.DLL and the rest of it";
	struct dp_letter l = { .form = ".\r\n", .bad = bad, .rcpts = 1 };
	struct dp_made m;
	uint8_t *p = malloc(size + sizeof marks);
	assert_non_null(p);
	for (size_t i = 0; i < size; i++)
		p[i] = (uint8_t)dp_test_random(&n->random, 256);
	if (bad)
		memcpy(p + dp_test_random(&n->random, (uint32_t)size + 1), marks, sizeof marks - 1);
	dp_made_base64(&m, p, size + (bad ? sizeof marks : 0), NULL);
	/* No two are the same. */
	dp_text_printf(&l.text, "X-Number: %016llx\r\n", (unsigned long long)pg_random(&n->random));
	dp_made_message(&l.text, "base64", "x.bin", &m.text);
	dp_made_free(&m);
	free(p);
	return l;
}

struct dp_letter *dp_net_send(struct dp_pair *p, struct dp_letter letter)
{
	struct dp_client *c = &p->client;
	c->letters = realloc(c->letters, (c->nletters + 1) * sizeof *c->letters);
	assert_non_null(c->letters);
	c->letters[c->nletters] = letter;
	return &c->letters[c->nletters++];
}

static const struct dp_letter *letter_of(const struct dp_client *c, const struct dp_text *text)
{
	for (size_t i = 0; i < c->nletters; i++)
		if (c->letters[i].text.n == text->n && memcmp(c->letters[i].text.p, text->p, text->n) == 0)
			return &c->letters[i];
	return NULL;
}

static size_t times(const struct dp_server *s, const struct dp_client *c, const struct dp_letter *l)
{
	size_t n = 0;
	for (size_t i = 0; i < s->ndelivered; i++)
		n += letter_of(c, &s->delivered[i]) == l;
	return n;
}

char *dp_net_tell(const struct dp_pair *p)
{
	static const char *const states[] = { "listens", "syn-sent", "syn-received", "open", "closed", "reset", "gave-up" };
	const struct dp_client *c = &p->client;
	struct dp_text s = { 0 };
	dp_text_printf(&s, "client port %u %s%s%s, server ends=%u%s%s delivered %zu", p->end[0].c.port[0], p->end[0].c.v6 ? "IPv6 " : "",
	               c->lmtp ? "lmtp " : "", c->pipelines ? "pipelines" : "", p->server.ends, p->server.chunking ? " chunking" : "",
	               p->server.muted ? " mute" : "", p->server.ndelivered);
	for (unsigned side = 0; side < 2; side++) {
		const struct dp_end *e = &p->end[side];
		dp_text_printf(&s, "\n end %u %s mss %u flight %u: said %zu, acknowledged %llu, got %llu; iss %u", side, states[e->state], e->mss,
		               e->flight, e->out.n, (unsigned long long)e->una, (unsigned long long)e->got, e->iss);
	}
	for (size_t i = 0; i < c->nletters; i++) {
		const struct dp_letter *l = &c->letters[i];
		dp_text_printf(&s, "\n letter %zu: %s %s %zu bytes, ends .%s, %u recipients, told", i, l->bad ? "bad" : "good",
		               l->bdat ? "BDAT" : "DATA", l->text.n, l->form[1] == '\n' ? "LF" : l->form[2] ? "CRLF" : "CR", l->rcpts);
		for (unsigned k = 0; k < l->ntold; k++)
			dp_text_printf(&s, " %u", l->told[k]);
	}
	dp_text_printf(&s, "\n replies: ");
	dp_text_put(&s, c->log.p, c->log.n);
	dp_text_put(&s, "", 1);
	return (char *)s.p;
}

static void judge(const struct dp_pair *p, uint64_t seed, unsigned number)
{
	const struct dp_client *c = &p->client;
	const struct dp_server *s = &p->server;
	for (size_t i = 0; i < s->ndelivered; i++)
		if (!letter_of(c, &s->delivered[i]))
			fail_msg("seed %llu pair %u: delivered %zu is no letter: %.*s\n%s", (unsigned long long)seed, number, i,
			         (int)s->delivered[i].n, (const char *)s->delivered[i].p, dp_net_tell(p));
	for (size_t i = 0; i < c->nletters; i++) {
		const struct dp_letter *l = &c->letters[i];
		size_t n = times(s, c, l);
		bool good = l->ntold > 0 && l->told[0] < 300;
		if (n > 1 || (l->bad && (n > 0 || good)) || (good && n != 1))
			fail_msg("seed %llu pair %u: letter %zu was delivered %zu times; %s", (unsigned long long)seed, number, i, n, dp_net_tell(p));
	}
	if (c->surprises)
		fail_msg("seed %llu pair %u: %u replies to nothing; %s", (unsigned long long)seed, number, c->surprises, dp_net_tell(p));
}

void dp_net_judge(const struct dp_net *n, uint64_t seed)
{
	for (unsigned i = 0; i < n->npairs; i++)
		judge(&n->pair[i], seed, i);
}
