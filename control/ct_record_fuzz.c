/* SPDX-License-Identifier: Apache-2.0 */
/* Notes against a plain list: what was said to be kept is read back, and nothing else; all blocks come back. The input
 * is a list of operations of three bytes: what, and how long. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "control/ct_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BLOCKS 12
#define NOTES_MAX 400
#define TEXT_MAX (BLOCKS * CT_BLOCK_SIZE)

struct expected {
	enum ct_note_kind kind;
	uint8_t sub;
	uint16_t index;
	uint32_t len, at; /* in `text` */
};

struct oracle {
	struct expected notes[NOTES_MAX];
	size_t n;
	uint8_t text[TEXT_MAX * 2];
	uint32_t used;
	bool open;
};

static void expect(const struct ct_notes *notes, const struct oracle *o)
{
	struct ct_note_iter it;
	struct ct_note note;
	static uint8_t text[TEXT_MAX * 2];
	ct_note_first(&it, notes);
	for (size_t i = 0; i < o->n; i++) {
		const struct expected *e = &o->notes[i];
		if (!ct_note_next(&it, &note) || note.kind != e->kind || note.sub != e->sub || note.index != e->index ||
		    note.len != e->len)
			abort();
		if (i % 3 == 2)
			continue; /* not copied */
		size_t want = i % 3 ? note.len / 2 : sizeof text;
		size_t n = ct_note_copy(&it, text, want);
		if (n != (want < note.len ? want : note.len) || memcmp(text, o->text + e->at, n) != 0)
			abort();
	}
	if (ct_note_next(&it, &note))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_Alignas(64) static char mem[RS_POOL_BYTES(sizeof(struct ct_block), BLOCKS)];
	static struct oracle o;
	static uint8_t source[4096];
	static struct rs_pool pool; /* made once: every input gives all back */
	struct ct_notes notes = { 0 };
	uint32_t lost = 0;
	if (!pool.size)
		rs_pool_init(&pool, mem, sizeof(struct ct_block), BLOCKS);
	o.n = o.used = 0;
	o.open = false;
	for (size_t i = 0; i < sizeof source; i++)
		source[i] = (uint8_t)(i * 31 + i / 256);
	for (size_t i = 0; i + 3 <= size && o.n < NOTES_MAX; i += 3) {
		size_t len = ((size_t)data[i + 1] << 8 | data[i + 2]) % 1500, from = i % 1000;
		uint32_t max_blocks = data[i] & 0x10 ? BLOCKS + 5 : BLOCKS - 3;
		if (data[i] & 1) {
			bool kept = ct_note_more(&notes, &pool, max_blocks, source + from, len);
			if (kept && !o.open)
				abort();
			lost += o.open && !kept;
			o.open = kept;
			if (kept)
				o.notes[o.n - 1].len += (uint32_t)len;
			else
				continue;
		} else {
			struct expected e = { .kind = (enum ct_note_kind)(1 + (data[i] >> 5)),
					      .sub = data[i],
					      .index = (uint16_t)i,
					      .len = (uint32_t)len,
					      .at = o.used };
			o.open = ct_note_put(&notes, &pool, max_blocks, e.kind, e.sub, e.index, source + from, len);
			lost += !o.open;
			if (!o.open)
				continue;
			o.notes[o.n++] = e;
		}
		memcpy(o.text + o.used, source + from, len);
		o.used += (uint32_t)len;
	}
	if (notes.lost != lost || notes.blocks != pool.used || pool.used > BLOCKS)
		abort();
	expect(&notes, &o);
	ct_notes_free(&notes, &pool);
	if (pool.used || notes.first)
		abort();
	return 0;
}
