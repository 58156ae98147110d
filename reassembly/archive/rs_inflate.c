/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/archive/rs_inflate.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* An object of an inflating member's pool, as docs/ state it. */
_Static_assert(sizeof(struct rs_inflate) <= 44 * 1024, "the budget of an inflating member");

/* Of one call, so that where its output came from is still known when it is looked at, and some of what came before. */
#define STEPS_A_CALL (RS_INFLATE_STEPS / 2)

/* zlib's memory: taken once and in order, given back all at once. */

static size_t aligned(size_t n)
{
	return (n + 15) & ~(size_t)15;
}

static voidpf take(voidpf opaque, uInt items, uInt size)
{
	struct rs_inflate *f = opaque;
	size_t n = aligned((size_t)items * size);
	if (n > sizeof f->memory - f->used)
		return Z_NULL;
	void *p = f->memory + f->used;
	f->used += (uint32_t)n;
	return p;
}

static void give(voidpf opaque, voidpf p)
{
	(void)opaque;
	(void)p;
}

static voidpf only_count(voidpf opaque, uInt items, uInt size)
{
	static _Alignas(16) uint8_t memory[2 * RS_INFLATE_MEMORY];
	size_t *asked = opaque, n = aligned((size_t)items * size), at = *asked;
	*asked += n;
	return *asked <= sizeof memory ? memory + at : Z_NULL;
}

int rs_inflate_check(size_t *asked)
{
	static const uint8_t sample[] = { 0x4b, 0x04, 0x00 }; /* "a" */
	uint8_t out[8];
	size_t n = 0;
	z_stream z = { .zalloc = only_count, .zfree = give, .opaque = &n };
	bool inflated = false;
	if (inflateInit2(&z, -MAX_WBITS) == Z_OK) {
		/* In two halves: the window is asked for when inflate() returns with output and without an end. */
		z.next_out = out;
		z.avail_out = sizeof out;
		z.next_in = (Bytef *)(uintptr_t)sample;
		z.avail_in = 2;
		inflated = inflate(&z, Z_NO_FLUSH) == Z_OK;
		z.avail_in = 1;
		inflated = inflated && inflate(&z, Z_NO_FLUSH) == Z_STREAM_END && z.total_out == 1 && out[0] == 'a';
	}
	if (asked)
		*asked = n;
	return inflated && n <= RS_INFLATE_MEMORY ? 0 : -ENOTSUP;
}

void rs_inflate_init(struct rs_inflate *f, enum rs_inflate_format format)
{
	f->z = (z_stream){ .zalloc = take, .zfree = give, .opaque = f };
	f->in = f->out = 0;
	f->pause_at = UINT64_MAX;
	f->made_at[0] = 0;
	f->used = 0;
	f->state = RS_INFLATE_MORE;
	int rc = inflateInit2(&f->z, format == RS_INFLATE_RAW ? -MAX_WBITS : MAX_WBITS);
	assert(rc == Z_OK); /* rs_inflate_check */
	if (rc != Z_OK)
		f->state = RS_INFLATE_BAD;
}

static uint64_t steps(const struct rs_inflate *f)
{
	return f->in / RS_INFLATE_STEP;
}

/* A step's end is noted again until all that it makes was handed out. */
static void note(struct rs_inflate *f)
{
	if (f->in % RS_INFLATE_STEP == 0)
		f->made_at[steps(f) % RS_INFLATE_STEPS] = f->out;
}

/* At most to the end of a step; there, nothing of the next before all of this one was handed out. */
static void one_step(struct rs_inflate *f, const uint8_t *p, size_t n, uint8_t *to, size_t room)
{
	const size_t at = f->in % RS_INFLATE_STEP, left = !at && f->state == RS_INFLATE_FULL ? 0 : RS_INFLATE_STEP - at;
	const uInt given = (uInt)(n < left ? n : left), space = (uInt)(room < UINT32_MAX ? room : UINT32_MAX);
	f->z.next_in = (Bytef *)(uintptr_t)p;
	f->z.avail_in = given;
	f->z.next_out = to;
	f->z.avail_out = space;
	int rc = inflate(&f->z, Z_NO_FLUSH);
	f->in += given - f->z.avail_in;
	f->out += space - f->z.avail_out;
	note(f);
	if (rc == Z_STREAM_END)
		f->state = RS_INFLATE_END;
	else if (rc != Z_OK && rc != Z_BUF_ERROR)
		f->state = RS_INFLATE_BAD;
	else
		f->state = f->z.avail_out ? RS_INFLATE_MORE : RS_INFLATE_FULL;
}

enum rs_inflate_verdict rs_inflate_feed(struct rs_inflate *f, const uint8_t *p, size_t n, size_t *taken, uint8_t *to, size_t room,
                                        size_t *made)
{
	const uint64_t in = f->in, out = f->out, first = steps(f);
	bool pause = false;
	while (f->state <= RS_INFLATE_FULL && f->out - out < room && !pause) {
		const size_t done = (size_t)(f->in - in);
		if ((done == n && f->state == RS_INFLATE_MORE) || steps(f) - first >= STEPS_A_CALL)
			break;
		one_step(f, p + done, n - done, to + (f->out - out), room - (size_t)(f->out - out));
		pause = f->state == RS_INFLATE_MORE && f->in % RS_INFLATE_STEP == 0 && f->out >= f->pause_at;
	}
	*taken = (size_t)(f->in - in);
	*made = (size_t)(f->out - out);
	if (pause)
		return RS_INFLATE_PAUSE;
	return f->state == RS_INFLATE_MORE && *taken < n ? RS_INFLATE_FULL : f->state;
}

void rs_inflate_skip(struct rs_inflate *f, uint64_t n)
{
	while (n > 0) {
		const uint64_t left = RS_INFLATE_STEP - f->in % RS_INFLATE_STEP, k = n < left ? n : left;
		f->in += k;
		note(f);
		n -= k;
	}
}

void rs_inflate_again(struct rs_inflate *f)
{
	f->state = inflateReset(&f->z) == Z_OK ? RS_INFLATE_MORE : RS_INFLATE_BAD;
}

uint64_t rs_inflate_from(const struct rs_inflate *f, uint64_t offset)
{
	const uint64_t last = steps(f), first = last < RS_INFLATE_STEPS ? 0 : last - RS_INFLATE_STEPS + 1;
	uint64_t k = last;
	while (k > first && f->made_at[k % RS_INFLATE_STEPS] > offset)
		k--;
	return k * RS_INFLATE_STEP;
}

void rs_inflate_copy(struct rs_inflate *to, struct rs_inflate *from)
{
	to->in = from->in;
	to->out = from->out;
	to->pause_at = from->pause_at;
	memcpy(to->made_at, from->made_at, sizeof to->made_at);
	to->used = 0;
	to->state = from->state;
	/* zlib takes the copy's memory from where the original says. */
	from->z.opaque = to;
	int rc = inflateCopy(&to->z, &from->z);
	from->z.opaque = from;
	assert(rc == Z_OK);
	if (rc != Z_OK)
		to->state = RS_INFLATE_BAD;
}

/* The code that a block's codes are told in (RFC 1951 3.2.7): its lengths, of three bits each, must make a whole tree. */
static bool is_whole_code(const uint8_t *p)
{
	const unsigned n = ((p[1] >> 5 | p[2] << 3) & 15) + 4;
	unsigned sum = 0;
	for (unsigned i = 0, bit = 17; i < n; i++, bit += 3) {
		const unsigned len = (p[bit / 8] | p[bit / 8 + 1] << 8) >> bit % 8 & 7;
		sum += len ? 128u >> len : 0;
	}
	return sum == 128;
}

bool rs_inflate_may_be(const uint8_t *p, size_t n)
{
	if (n < 12)
		return false;
	switch (p[0] >> 1 & 3) {
	case 0:
		return (p[1] ^ p[3]) == 0xff && (p[2] ^ p[4]) == 0xff;
	case 1:
		return true;
	case 2:
		return p[0] >> 3 <= 29 && (p[1] & 31) <= 29 && is_whole_code(p);
	default:
		return false;
	}
}
