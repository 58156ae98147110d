/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_built.h"

#include <string.h>

struct out {
	uint8_t *p;
	size_t n;
};

static void put(struct out *o, const void *bytes, size_t n)
{
	if (n)
		memcpy(o->p + o->n, bytes, n);
	o->n += n;
}

static void put8(struct out *o, unsigned v)
{
	o->p[o->n++] = (uint8_t)v;
}

static void put16(struct out *o, unsigned v)
{
	put8(o, v >> 8 & 255);
	put8(o, v & 255);
}

static void put32(struct out *o, uint32_t v)
{
	put16(o, v >> 16);
	put16(o, v & 0xffff);
}

/* RFC 1071 1, word by word. */
static uint32_t sum_words(uint32_t sum, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return sum;
}

static void seal(uint8_t *field, uint32_t sum)
{
	field[0] = (uint8_t)(~sum >> 8);
	field[1] = (uint8_t)~sum;
}

struct dp_built dp_built_plain(bool v6)
{
	struct dp_built b = {
		.mac = { { 2, 0, 0, 0, 0, 1 }, { 2, 0, 0, 0, 0, 2 } },
		.v6 = v6,
		.ttl = 61,
		.id = 0x1234,
		.fragment = 0x4000,
		.port = { 1234, 25 },
		.seq = 0x01020304,
		.ack = 0x05060708,
		.flags = 0x10,
		.window = 0x2000,
	};
	static const uint8_t six[16] = { 0x20, 1, 0xd, 0xb8 };
	static const uint8_t four[2][16] = { { [12] = 192, 0, 2, 1 }, { [12] = 198, 51, 100, 2 } };
	for (unsigned i = 0; i < 2; i++) {
		memcpy(b.addr[i], v6 ? six : four[i], 16);
		b.addr[i][15] = (uint8_t)(i + 1);
	}
	return b;
}

static void put_ip(const struct dp_built *b, struct out *o, size_t l4_len)
{
	size_t options = b->v6 || b->between_is_upper ? 0 : b->nbetween, at = o->n;
	unsigned proto = b->next ? b->next & 255 : 6;
	if (b->v6) {
		put32(o, 6u << 28 | (uint32_t)b->tos << 20 | b->flow_label);
		put16(o, b->no_length ? 0 : (unsigned)(b->nbetween + l4_len));
		put8(o, proto);
		put8(o, b->ttl);
		put(o, b->addr[0], 16);
		put(o, b->addr[1], 16);
		put(o, b->between, b->nbetween);
		return;
	}
	put8(o, 0x40 | (unsigned)(20 + options) / 4);
	put8(o, b->tos);
	put16(o, b->no_length ? 0 : (unsigned)(20 + b->nbetween + l4_len));
	put16(o, b->id);
	put16(o, b->fragment);
	put8(o, b->ttl);
	put8(o, proto);
	put16(o, 0);
	put(o, b->addr[0] + 12, 4);
	put(o, b->addr[1] + 12, 4);
	put(o, b->between, options);
	seal(o->p + at + 10, sum_words(0, o->p + at, 20 + options));
	put(o, b->between, b->nbetween - options);
}

static void put_tcp(const struct dp_built *b, struct out *o)
{
	size_t at = o->n, from = b->v6 ? 0 : 12, hdr = 20 + b->noptions;
	put16(o, b->port[0]);
	put16(o, b->port[1]);
	put32(o, b->seq);
	put32(o, b->ack);
	put8(o, (unsigned)hdr / 4 << 4);
	put8(o, b->flags);
	put16(o, b->window);
	put16(o, 0);
	put16(o, b->urgent);
	put(o, b->options, b->noptions);
	put(o, b->payload, b->len);
	size_t len = hdr + b->len;
	uint8_t rest[8] = { 0, (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len, 0, 0, 0, 6 };
	uint32_t sum = sum_words(0, b->addr[0] + from, 16 - from);
	sum = sum_words(sum, b->addr[1] + from, 16 - from);
	sum = sum_words(sum, rest, sizeof rest);
	seal(o->p + at + 16, sum_words(sum, o->p + at, len));
}

size_t dp_built_write(const struct dp_built *b, uint8_t *frame)
{
	struct out o = { .p = frame };
	put(&o, b->mac, 12);
	for (unsigned i = 0; i < b->tags; i++) {
		put16(&o, b->tag_type[i]);
		put16(&o, b->tci[i]);
	}
	put16(&o, b->v6 ? 0x86dd : 0x0800);
	put_ip(b, &o, 20 + b->noptions + b->len);
	put_tcp(b, &o);
	for (size_t i = 0; i < b->trailer; i++)
		put8(&o, 0x55);
	while (o.n < b->min)
		put8(&o, 0);
	return o.n;
}
