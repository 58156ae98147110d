/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/archive/rs_gzip.h"

#include <string.h>

#include "reassembly/archive/rs_crc32.h"

#define FLAG_HEADER_CRC 2
#define FLAG_EXTRA 4
#define FLAG_NAME 8
#define FLAG_COMMENT 16
#define FLAGS_RESERVED 0xe0
#define METHOD_DEFLATE 8

static uint32_t le32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

void rs_gzip_init(struct rs_gzip *g, const struct rs_gzip_ops *ops, void *arg, struct rs_inflate *inflate)
{
	memset(g, 0, sizeof *g);
	g->ops = ops;
	g->arg = arg;
	g->inflate = inflate;
	rs_inflate_init(inflate, RS_INFLATE_RAW);
}

void rs_gzip_copy(struct rs_gzip *to, const struct rs_gzip *from, void *arg, struct rs_inflate *inflate)
{
	*to = *from;
	to->arg = arg;
	to->inflate = inflate;
}

static void over(struct rs_gzip *g, uint32_t fault)
{
	g->faults |= fault;
	g->state = RS_GZIP_OVER;
}

/* The state behind this one of those that the header's flags announce. */
static void header_next(struct rs_gzip *g)
{
	static const uint8_t announced[] = { [RS_GZIP_EXTRA_SIZE] = FLAG_EXTRA, [RS_GZIP_NAME] = FLAG_NAME,
					     [RS_GZIP_COMMENT] = FLAG_COMMENT, [RS_GZIP_HEADER_CRC] = FLAG_HEADER_CRC };
	g->have = 0;
	do
		g->state++;
	while (g->state < RS_GZIP_BODY && !(g->flags & announced[g->state]));
	if (g->state < RS_GZIP_BODY)
		return;
	g->crc = 0;
	g->size = 0;
	if (g->begun)
		rs_inflate_again(g->inflate);
	else
		g->ops->begin(g->arg, g->name, g->name_len);
	g->begun = true;
}

static void fixed_header(struct rs_gzip *g)
{
	if (g->head[0] != 0x1f || g->head[1] != 0x8b || g->head[2] != METHOD_DEFLATE) {
		over(g, g->begun ? RS_GZIP_ODD : RS_GZIP_WRONG);
		return;
	}
	g->flags = g->head[3];
	if (g->flags & FLAGS_RESERVED)
		g->faults |= RS_GZIP_ODD;
	header_next(g);
}

static void trailer(struct rs_gzip *g)
{
	if (le32(g->head) != g->crc || le32(g->head + 4) != g->size)
		g->faults |= RS_GZIP_ODD;
	g->state = RS_GZIP_BETWEEN;
}

/* Adds a byte to head; answers whether these were all. */
static bool collected(struct rs_gzip *g, uint8_t b, unsigned want)
{
	g->head[g->have++] = b;
	if (g->have < want)
		return false;
	g->have = 0;
	return true;
}

static void text_byte(struct rs_gzip *g, uint8_t b)
{
	if (!b)
		header_next(g);
	else if (g->state == RS_GZIP_NAME && !g->begun && g->name_len < RS_GZIP_NAME_MAX)
		g->name[g->name_len++] = b;
}

static void between(struct rs_gzip *g, uint8_t b)
{
	if (!b)
		return;
	g->state = RS_GZIP_HEADER;
	g->header_crc = (uint32_t)crc32(0, &b, 1);
	g->head[0] = b;
	g->have = 1;
	if (b != 0x1f)
		over(g, RS_GZIP_ODD);
}

/* Any byte but those of the body. */
static void byte(struct rs_gzip *g, uint8_t b)
{
	if (g->state < RS_GZIP_HEADER_CRC)
		g->header_crc = (uint32_t)crc32(g->header_crc, &b, 1);
	switch (g->state) {
	case RS_GZIP_HEADER:
		if (collected(g, b, 10))
			fixed_header(g);
		break;
	case RS_GZIP_EXTRA_SIZE:
		if (!collected(g, b, 2))
			break;
		g->extra = (uint16_t)(g->head[0] | g->head[1] << 8);
		g->state = RS_GZIP_EXTRA;
		if (!g->extra)
			header_next(g);
		break;
	case RS_GZIP_EXTRA:
		if (!--g->extra)
			header_next(g);
		break;
	case RS_GZIP_NAME:
	case RS_GZIP_COMMENT:
		text_byte(g, b);
		break;
	case RS_GZIP_HEADER_CRC:
		if (!collected(g, b, 2))
			break;
		if ((g->header_crc & 0xffff) != (uint32_t)(g->head[0] | g->head[1] << 8))
			g->faults |= RS_GZIP_ODD;
		header_next(g);
		break;
	case RS_GZIP_TRAILER:
		if (collected(g, b, 8))
			trailer(g);
		break;
	case RS_GZIP_BETWEEN:
		between(g, b);
		break;
	case RS_GZIP_BODY:
	case RS_GZIP_OVER:
		break;
	}
}

/* Answers how many bytes were taken. */
static size_t body(struct rs_gzip *g, const uint8_t *p, size_t n, uint8_t *buffer, size_t room)
{
	size_t at = 0, taken, made;
	enum rs_inflate_verdict v;
	do {
		v = rs_inflate_feed(g->inflate, p + at, n - at, &taken, buffer, room, &made);
		at += taken;
		if (made) {
			g->crc = rs_crc32(g->crc, buffer, made);
			g->size += (uint32_t)made;
			g->ops->data(g->arg, buffer, made);
		}
		if (v == RS_INFLATE_PAUSE && !g->ops->pause(g->arg)) {
			over(g, 0);
			return n;
		}
	} while (v == RS_INFLATE_FULL || v == RS_INFLATE_PAUSE);
	if (v == RS_INFLATE_END)
		g->state = RS_GZIP_TRAILER;
	else if (v == RS_INFLATE_BAD)
		over(g, RS_GZIP_WRONG);
	return at;
}

void rs_gzip_feed(struct rs_gzip *g, const uint8_t *p, size_t n, uint8_t *buffer, size_t room)
{
	size_t at = 0;
	while (at < n && g->state != RS_GZIP_OVER) {
		if (g->state == RS_GZIP_BODY) {
			at += body(g, p + at, n - at, buffer, room);
			continue;
		}
		/* First, so that a byte that begins the body finds the offset right. */
		rs_inflate_skip(g->inflate, 1);
		byte(g, p[at++]);
	}
}

uint32_t rs_gzip_end(struct rs_gzip *g)
{
	if (g->state == RS_GZIP_HEADER && g->begun)
		g->faults |= RS_GZIP_ODD; /* less than a header behind the last member */
	else if (g->state < RS_GZIP_BETWEEN)
		g->faults |= RS_GZIP_CUT;
	return g->faults;
}
