/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/archive/rs_zip_internal.h"

#include <string.h>

/* Data descriptors (4.3.9): [signature] crc csize size, the sizes of 4 or 8 bytes. */
#define SIGNED_SEEN 16 /* of a descriptor with signature, this many bytes tell whether it is one */
#define UNSIGNED32 12
#define UNSIGNED64 20

bool rs_zip_is(const uint8_t *p, size_t n)
{
	if (n < 4)
		return false;
	const uint32_t sig = le32(p);
	if (sig == SIG_LOCAL || sig == SIG_EOCD)
		return true;
	/* 8.5.4, 8.5.5: what split archives begin with. */
	if (sig == SIG_SPANNING || sig == SIG_DESCRIPTOR)
		return n < 8 || le32(p + 4) == SIG_LOCAL;
	return false;
}

void rs_zip_init(struct rs_zip *z, const struct rs_zip_ops *ops, void *arg)
{
	memset(z, 0, sizeof *z);
	z->ops = ops;
	z->arg = arg;
	z->state = RS_ZIP_RECORD;
	z->want = 4;
	z->open.start = z->doubted.start = z->local_at = NOT_SOUGHT;
}

void rs_zip_init_behind(struct rs_zip *z, const struct rs_zip_ops *ops, void *arg, uint64_t pos, const uint8_t signature[4])
{
	rs_zip_init(z, ops, arg);
	z->behind = true;
	z->pos = pos + 4;
	z->state = RS_ZIP_HUNT;
	memcpy(z->head, signature, 4);
	z->have = 4;
	rs_zip_records_hunted(z);
}

size_t rs_zip_find_pk(const uint8_t *p, size_t n)
{
	size_t i = 0;
	while (i < n) {
		const uint8_t *q = memchr(p + i, 'P', n - i);
		if (!q)
			return n;
		i = (size_t)(q - p);
		do {
			if (i + 1 == n || p[i + 1] == 'K')
				return i;
			i++;
		} while (p[i] == 'P');
	}
	return n;
}

/* Which sought member ends here, if csize is what its descriptor says? */
static struct rs_zip_sought *ends_here(struct rs_zip *z, uint64_t csize)
{
	if (z->open.start != NOT_SOUGHT && z->pos >= z->open.start && z->pos - z->open.start == csize)
		return &z->open;
	if (z->doubted.start != NOT_SOUGHT && z->pos >= z->doubted.start && z->pos - z->doubted.start == csize)
		return &z->doubted;
	return NULL;
}

/* Hands out p up to `to`, unless that was done. */
static void release(struct rs_zip *z, const uint8_t *p, size_t *done, size_t to)
{
	if (to > *done) {
		rs_zip_records(z, p + *done, to - *done);
		*done = to;
	}
}

/* Looks for the descriptor that ends a sought member, handing out what lies before. Each signature is looked at once
 * all that it takes is here, in the order of the bytes, and with nothing handed out beyond the place in
 * question: so the outcome does not depend on how the input was split. Returns how many bytes were handed out;
 * less than n - RS_ZIP_HELD only when no member is sought any more. */
static size_t seek(struct rs_zip *z, const uint8_t *p, size_t n, bool final)
{
	size_t done = 0, at = 0;
	while (rs_zip_seeking(z)) {
		struct rs_zip_sought *s = NULL;
		const size_t q = at + rs_zip_find_pk(p + at, n - at);
		if (n - q < 4) {
			/* The signature may follow, and a descriptor without one stand before it. */
			const size_t keep = final ? 0 : RS_ZIP_HELD;
			release(z, p, &done, n > keep ? n - keep : 0);
			return done;
		}
		switch (le32(p + q)) {
		case SIG_LOCAL:
		case SIG_CENTRAL:
			if (q >= done + UNSIGNED64) {
				release(z, p, &done, q - UNSIGNED64);
				s = ends_here(z, le64(p + q - UNSIGNED64 + 4));
				if (s) {
					rs_zip_records_ended(z, s, UNSIGNED64, 0);
					release(z, p, &done, q);
					break;
				}
			}
			if (q >= done + UNSIGNED32) {
				release(z, p, &done, q - UNSIGNED32);
				s = ends_here(z, le32(p + q - UNSIGNED32 + 4));
				if (s) {
					rs_zip_records_ended(z, s, UNSIGNED32, 0);
					release(z, p, &done, q);
					break;
				}
			}
			break;
		case SIG_DESCRIPTOR:
			release(z, p, &done, q);
			if (n - q < SIGNED_SEEN) {
				if (!final)
					return done;
				break;
			}
			s = ends_here(z, le32(p + q + 8));
			if (!s)
				s = ends_here(z, le64(p + q + 8));
			if (s) {
				rs_zip_records_ended(z, s, SIGNED_SEEN, 8);
				release(z, p, &done, q + SIGNED_SEEN);
			}
			break;
		default:
			break;
		}
		at = s && done > q ? done : q + 2;
	}
	return done;
}

/* As far as it can be read now; returns how many bytes were handed out. */
static size_t read_on(struct rs_zip *z, const uint8_t *p, size_t n, bool final)
{
	size_t done = 0;
	while (done < n) {
		if (!rs_zip_seeking(z)) {
			done += rs_zip_records(z, p + done, n - done);
			continue;
		}
		done += seek(z, p + done, n - done, final);
		if (rs_zip_seeking(z))
			break;
	}
	return done;
}

void rs_zip_feed(struct rs_zip *z, const uint8_t *p, size_t n)
{
	if (!n)
		return;
	if (z->held) {
		/* Join what was held with enough of the new bytes to be done with the former. */
		const size_t room = sizeof z->hold - z->held;
		const size_t k = n < room ? n : room;
		const size_t total = z->held + k;
		memcpy(z->hold + z->held, p, k);
		const size_t done = read_on(z, z->hold, total, false);
		rs_zip_hand_out(z);
		if (done < z->held || k == n) {
			memmove(z->hold, z->hold + done, total - done);
			z->held = (uint8_t)(total - done);
			return;
		}
		p += done - z->held;
		n -= done - z->held;
		z->held = 0;
	}
	const size_t done = read_on(z, p, n, false);
	rs_zip_hand_out(z);
	memcpy(z->hold, p + done, n - done);
	z->held = (uint8_t)(n - done);
}

/* What was held back can no longer become more than it is. */
static void let_go(struct rs_zip *z)
{
	read_on(z, z->hold, z->held, true);
	rs_zip_hand_out(z);
	z->held = 0;
}

void rs_zip_gap(struct rs_zip *z, uint64_t n)
{
	let_go(z);
	rs_zip_records_gap(z, n);
}

void rs_zip_lose(struct rs_zip *z)
{
	let_go(z);
	rs_zip_records_lose(z);
}

void rs_zip_copy(struct rs_zip *to, const struct rs_zip *from, void *arg)
{
	*to = *from;
	to->arg = arg;
	to->m.name = to->name;
	to->m.other = to->other;
}

bool rs_zip_end(struct rs_zip *z)
{
	let_go(z);
	rs_zip_records_cut(z);
	const uint32_t whole = 1u << RS_ZIP_PREFIXED | RS_ZIP_DATA_FAULTS;
	/* In the middle of a record, or of the comment behind the end record? What may be a record in that is none. */
	const bool header = z->state == RS_ZIP_LOCAL || z->state == RS_ZIP_CENTRAL || z->state == RS_ZIP_EOCD;
	const bool over = z->state == RS_ZIP_HUNT || (z->origin == RS_ZIP_HUNTED && header);
	return over && z->account.ended && z->pos >= z->comment_end && !(z->account.faults & ~whole);
}

#define END_SOUGHT (65535 + 22) /* in the last bytes of a file */

bool rs_zip_is_ended(const struct rs_zip *z)
{
	return z->account.ended && z->pos - z->account.ended_at <= END_SOUGHT;
}
