/* SPDX-License-Identifier: Apache-2.0 */
/* BinHex 4.0 (RFC 1741 appendix A): characters of 6 bits between two colons; in these, 0x90 N says that the byte before is there N times;
 * in that, a header and two forks, each with its checksum.
 *
 * The header's form tells that it is one, with the line of text before it or without. What is written short makes 95 times as much at
 * most. */
#include "reassembly/decode/rs_text_internal.h"

enum state { HEAD, FORK, SUM };

enum { REPEAT = 0x90, FIXED = 22 };

static const char alphabet[] = "!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr";

static int value_of(uint8_t b)
{
	const char *at = b ? strchr(alphabet, b) : NULL;
	return at ? (int)(at - alphabet) : -1;
}

static uint16_t crc_of(uint16_t crc, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		crc ^= (uint16_t)(p[i] << 8);
		for (unsigned bit = 0; bit < 8; bit++)
			crc = (uint16_t)(crc << 1 ^ (crc & 0x8000 ? 0x1021 : 0));
	}
	return crc;
}

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void fork_begin(struct rs_text *t)
{
	struct rs_text_hqx *h = &t->m.hqx;
	static const char suffix[] = ".rsrc";
	h->left = h->fork[h->which];
	h->crc = 0;
	h->nhead = 0;
	h->state = h->left ? FORK : SUM;
	if (!h->left)
		return;
	t->name_len = h->name_len;
	memcpy(t->name, h->name, h->name_len);
	if (h->which) {
		memcpy(t->name + t->name_len, suffix, sizeof suffix - 1);
		t->name_len = (uint16_t)(t->name_len + sizeof suffix - 1);
	}
	rs_text_member_begin(t, "binhex", h->here, 0, 4, 3, true);
}

static void head_byte(struct rs_text *t, uint8_t b)
{
	struct rs_text_hqx *h = &t->m.hqx;
	h->head[h->nhead++] = b;
	const size_t name = h->head[0], n = h->nhead;
	if (name == 0 || name > sizeof h->name || (n == name + 2 && b != 0)) {
		t->act = RS_TEXT_NONE;
		return;
	}
	if (n < name + FIXED)
		return;
	/* No prose has a header's form: with a wrong checksum it is one that some reads. */
	if (crc_of(0, h->head, n - 2) != (h->head[n - 2] << 8 | h->head[n - 1]))
		t->u.flags |= RS_UNWRAP_ODD;
	h->name_len = (uint8_t)name;
	memcpy(h->name, h->head + 1, name);
	h->fork[0] = be32(h->head + n - 10);
	h->fork[1] = be32(h->head + n - 6);
	t->proving = false;
	t->nhold = 0;
	fork_begin(t);
}

static void sum_byte(struct rs_text *t, uint8_t b)
{
	struct rs_text_hqx *h = &t->m.hqx;
	h->head[h->nhead++] = b;
	if (h->nhead < 2)
		return;
	const bool odd = h->crc != (h->head[0] << 8 | h->head[1]);
	if (odd)
		t->u.flags |= RS_UNWRAP_ODD;
	rs_text_member_end(t, odd ? RS_UNWRAP_ODD : 0);
	if (h->which) {
		t->act = RS_TEXT_DONE;
		return;
	}
	h->which = true;
	fork_begin(t);
}

/* The same byte so many times. */
static void bytes(struct rs_text *t, uint8_t b, unsigned times)
{
	struct rs_text_hqx *h = &t->m.hqx;
	uint8_t out[256];
	h->last = b;
	while (times > 0 && t->act == RS_TEXT_GO) {
		unsigned k = 1;
		if (h->state == FORK) {
			k = times < h->left ? times : h->left;
			memset(out, b, k);
			h->crc = crc_of(h->crc, out, k);
			h->left -= k;
			t->u.last_at = h->here - 1;
			rs_text_member_data(t, out, k);
			if (!h->left)
				h->state = SUM;
		} else if (h->state == HEAD) {
			head_byte(t, b);
		} else {
			sum_byte(t, b);
		}
		times -= k;
	}
}

static void expand(struct rs_text *t, uint8_t b)
{
	struct rs_text_hqx *h = &t->m.hqx;
	if (h->repeat) {
		h->repeat = false;
		if (b == 0)
			bytes(t, REPEAT, 1);
		else
			bytes(t, h->last, b - 1u);
	} else if (b == REPEAT) {
		h->repeat = true;
	} else {
		bytes(t, b, 1);
	}
}

static size_t hqx_feed(struct rs_text *t, const uint8_t *p, size_t n)
{
	struct rs_text_hqx *h = &t->m.hqx;
	size_t i = 0;
	while (i < n && t->act == RS_TEXT_GO) {
		const bool end = p[i] == '\n' || p[i] == '\r';
		const int v = value_of(p[i]);
		if (v < 0 && !end) {
			if (t->proving)
				t->act = RS_TEXT_NONE;
			else
				t->act = RS_TEXT_DONE;
			rs_text_member_end(t, RS_UNWRAP_CUT | RS_UNWRAP_ODD);
			return i;
		}
		i++;
		if (end)
			continue;
		h->here = t->u.pos + i;
		/* How far a byte is from the line's beginning hangs on what was written short. */
		if (t->member)
			rs_text_known(t, h->here - 1);
		h->bits = h->bits << 6 | (uint32_t)v;
		h->nbits = (uint8_t)(h->nbits + 6);
		if (h->nbits >= 8) {
			h->nbits = (uint8_t)(h->nbits - 8);
			expand(t, (uint8_t)(h->bits >> h->nbits));
		}
		if (t->proving)
			break;
	}
	return i;
}

static void hqx_end(struct rs_text *t)
{
	if (t->proving)
		t->act = RS_TEXT_NONE;
	rs_text_member_end(t, RS_UNWRAP_CUT | RS_UNWRAP_ODD);
}

static void hqx_begin(struct rs_text *t)
{
	t->m.hqx.state = HEAD;
}

const struct rs_text_mode rs_text_hqx_mode = { hqx_begin, hqx_feed, hqx_end };
