/* SPDX-License-Identifier: Apache-2.0 */
/* For tests: zip archives made record by record, in every form that sizes can have, and read however they are cut.
 *
 * Owner: the test. Memory: heap. events(), and what compares them, frees the archive. */
#ifndef RS_ZIP_MADE_H
#define RS_ZIP_MADE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "reassembly/archive/rs_split.h"
#include "reassembly/archive/rs_zip_log.h"

#define DEFLATED_TEXT "\x4b\xcc\x2d\xca\x4f\x01\x00" /* any bytes do */

enum form {
	KNOWN, /* sizes in the header */
	KNOWN64, /* in its zip64 extra field */
	SIGNED32, /* descriptor with signature */
	SIGNED64,
	UNSIGNED32, /* descriptor without */
	UNSIGNED64,
	NO_DESCRIPTOR, /* bit 3, and then none */
	KNOWN_SIGNED32, /* sizes in both places */
	KNOWN_UNSIGNED32,
	KNOWN_UNSIGNED64,
	FORMS
};

struct entry {
	char name[400];
	uint8_t extra[1000]; /* of its directory's record */
	size_t nextra;
	unsigned method, bits;
	uint64_t size, off;
};

struct zip {
	uint8_t *p;
	size_t len, cap;
	struct entry entries[64];
	unsigned n;
};

static inline void put(struct zip *z, const void *p, size_t n)
{
	if (z->cap - z->len < n) {
		z->cap = z->cap * 2 + n + 256;
		z->p = realloc(z->p, z->cap);
		assert_non_null(z->p);
	}
	if (n)
		memcpy(z->p + z->len, p, n);
	z->len += n;
}

static inline void put_int(struct zip *z, uint64_t v, unsigned bytes)
{
	for (; bytes--; v >>= 8)
		put(z, &(uint8_t){ (uint8_t)v }, 1);
}

static inline void put_str(struct zip *z, const char *s)
{
	put(z, s, strlen(s));
}

static inline void put_descriptor(struct zip *z, enum form form, uint64_t size)
{
	const bool wide = form == SIGNED64 || form == UNSIGNED64 || form == KNOWN_UNSIGNED64;
	if (form == SIGNED32 || form == SIGNED64 || form == KNOWN_SIGNED32)
		put_str(z, "PK\7\10");
	put_int(z, 0xaabbccdd, 4);
	put_int(z, size, wide ? 8 : 4);
	put_int(z, size, wide ? 8 : 4);
}

static inline void put_header(struct zip *z, const char *name, unsigned method, unsigned bits, enum form form, uint64_t size)
{
	struct entry *e = &z->entries[z->n++];
	const bool known = form == KNOWN || form >= KNOWN_SIGNED32;
	if (form != KNOWN && form != KNOWN64)
		bits |= 8;
	snprintf(e->name, sizeof e->name, "%s", name);
	e->method = method;
	e->bits = bits;
	e->size = size;
	e->off = z->len;
	put_str(z, "PK\3\4");
	put_int(z, 20, 2);
	put_int(z, bits, 2);
	put_int(z, method, 2);
	put_int(z, 0x12345678, 4);
	put_int(z, 0xaabbccdd, 4);
	put_int(z, form == KNOWN64 ? UINT32_MAX : known ? size : 0, 4);
	put_int(z, form == KNOWN64 ? UINT32_MAX : known ? size : 0, 4);
	put_int(z, strlen(name), 2);
	put_int(z, form == KNOWN64 ? 28 : 0, 2);
	put_str(z, name);
	if (form == KNOWN64) {
		put_int(z, 0x5455, 2); /* another field first */
		put_int(z, 4, 2);
		put_int(z, 0, 4);
		put_int(z, 1, 2);
		put_int(z, 16, 2);
		put_int(z, size, 8);
		put_int(z, size, 8);
	}
}

static inline void put_member(struct zip *z, const char *name, unsigned method, unsigned bits, enum form form, const void *p,
		       size_t n)
{
	put_header(z, name, method, bits, form, n);
	put(z, p, n);
	if (form != KNOWN && form != KNOWN64 && form != NO_DESCRIPTOR)
		put_descriptor(z, form, n);
}

static inline void put_directory(struct zip *z)
{
	const size_t off = z->len;
	for (unsigned i = 0; i < z->n; i++) {
		const struct entry *e = &z->entries[i];
		put_str(z, "PK\1\2");
		put_int(z, 20, 2);
		put_int(z, 20, 2);
		put_int(z, e->bits, 2);
		put_int(z, e->method, 2);
		put_int(z, 0x12345678, 4);
		put_int(z, 0xaabbccdd, 4);
		put_int(z, e->size, 4);
		put_int(z, e->size, 4);
		put_int(z, strlen(e->name), 2);
		put_int(z, e->nextra, 2);
		put_int(z, 3, 2);
		put_int(z, 0, 2);
		put_int(z, 0, 2);
		put_int(z, 0, 4);
		put_int(z, e->off, 4);
		put_str(z, e->name);
		put(z, e->extra, e->nextra);
		put_str(z, "any");
	}
	const size_t end = z->len;
	put_str(z, "PK\5\6");
	put_int(z, 0, 4);
	put_int(z, z->n, 2);
	put_int(z, z->n, 2);
	put_int(z, end - off, 4);
	put_int(z, off, 4);
	put_int(z, 4, 2);
	put_str(z, "PK\3\4"); /* a comment is no header */
}

/* Reading them. */

static inline size_t first_piece(void *arg, size_t left)
{
	(void)left;
	size_t *cut = arg;
	const size_t n = *cut;
	*cut = SIZE_MAX;
	return n;
}

static uint32_t seed = 1;

static inline uint32_t rnd(uint32_t n)
{
	seed = seed * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)(seed >> 4) * n >> 28);
}

static inline size_t by_chance(void *arg, size_t left)
{
	(void)left;
	return rnd(*(uint32_t *)arg) + 1;
}

static inline void same(const struct log *a, struct log *b)
{
	assert_string_equal(a->text, b->text);
	free(b->text);
}

/* The event log of the archive, the same however it is cut. The archive is given up. */
static inline char *events(struct zip *z)
{
	struct log whole, l;
	log_run(&whole, z->p, z->len, NULL, NULL);
	log_run(&l, z->p, z->len, split_ones, NULL);
	same(&whole, &l);
	for (size_t cut = 0; cut <= z->len && z->len < 4096; cut++) {
		size_t arg = cut ? cut : SIZE_MAX;
		log_run(&l, z->p, z->len, first_piece, &arg);
		same(&whole, &l);
	}
	for (uint32_t most = 2; most < 200; most = most * 3 / 2 + 1) {
		log_run(&l, z->p, z->len, by_chance, &most);
		same(&whole, &l);
	}
	free(z->p);
	memset(z, 0, sizeof *z);
	return whole.text;
}

/* The log holds each of the parts; the last one is NULL. */
static inline void expect_parts_of(struct zip *z, const char *const *part)
{
	char *got = events(z);
	for (; *part; part++)
		if (!strstr(got, *part))
			fail_msg("no \"%s\" in\n%s", *part, got);
	free(got);
}
#define expect_parts(z, ...) expect_parts_of(z, (const char *const[]){ __VA_ARGS__, NULL })

static inline void expect_events(struct zip *z, const char *expected)
{
	char *got = events(z);
	assert_string_equal(got, expected);
	free(got);
}

/* With deflated members inflated: setup and teardown of a test. */

static struct rs_inflate inflater;

static inline int inflating(void **state)
{
	(void)state;
	log_inflater = &inflater;
	return 0;
}

static inline int not_inflating(void **state)
{
	(void)state;
	log_inflater = NULL;
	return 0;
}

/* level 0: deflate keeps it as it is. Returns the stream's length. */
static inline size_t deflated(uint8_t *to, size_t room, const void *p, size_t n, int level)
{
	z_stream d = { 0 };
	assert_int_equal(deflateInit2(&d, level, Z_DEFLATED, -15, 8, 0), Z_OK);
	d.next_in = (Bytef *)(uintptr_t)p;
	d.avail_in = (uInt)n;
	d.next_out = to;
	d.avail_out = (uInt)room;
	assert_int_equal(deflate(&d, Z_FINISH), Z_STREAM_END);
	deflateEnd(&d);
	return d.total_out;
}

#endif
