/* SPDX-License-Identifier: Apache-2.0 */
/* Text in UTF-16 (RFC 2781), of either byte order: its narrow characters, in which something may be encoded. */
#include "reassembly/archive/rs_kind.h"
#include "reassembly/decode/rs_text_internal.h"

bool rs_text_is_wide(const uint8_t *p, size_t n)
{
	enum { LEAST = 12 }; /* characters of 16 that have a byte of zeros, all on the same side */
	unsigned side[2] = { 0 };
	if (n < RS_KIND_BYTES)
		return false;
	if ((p[0] == 0xff && p[1] == 0xfe) || (p[0] == 0xfe && p[1] == 0xff))
		return true;
	for (size_t i = 0; i < RS_KIND_BYTES; i++)
		side[i % 2] += !p[i] && p[i ^ 1];
	return side[0] >= LEAST || side[1] >= LEAST;
}

static void wide_begin(struct rs_text *t)
{
	rs_text_member_begin(t, "utf-16", t->u.pos, 0, 2, 1, false);
}

/* In UTF-32 a character is as long as two: where it stands is known anew every so many bytes made. */
enum { KNOWN_STEP = 64 };

/* Of a character that has no byte of zeros both are handed out: so a text that is not in UTF-16 at all is what it was. */
static size_t wide_feed(struct rs_text *t, const uint8_t *p, size_t n)
{
	uint8_t out[KNOWN_STEP] = { 0 };
	const size_t room = KNOWN_STEP - t->u.made % KNOWN_STEP;
	size_t made = 0, i = 0;
	for (; i < n && made < room; i++) {
		out[made] = p[i];
		made += p[i] != 0;
	}
	rs_text_member_data(t, out, made);
	if (made == room)
		rs_text_known(t, t->u.pos + i);
	return i;
}

static void wide_end(struct rs_text *t)
{
	rs_text_member_end(t, 0);
}

const struct rs_text_mode rs_text_wide_mode = { wide_begin, wide_feed, wide_end };
