/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/archive/rs_zip_account.h"

#include "reassembly/archive/rs_zip.h"

static uint64_t key = 1; /* set once, at start */

void rs_zip_set_key(uint64_t random)
{
	key = random;
}

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 32;
}

uint64_t rs_zip_sum_name(const uint8_t *p, size_t n, size_t whole)
{
	uint64_t h = mix(key, whole);
	for (size_t i = 0; i < n; i++)
		h = mix(h, p[i]);
	return h;
}

static void add(uint64_t *sums, const struct rs_zip_entry *e, uint64_t off)
{
	const uint64_t h = mix(mix(key, off), off);
	sums[RS_ZIP_ENTRY] += h;
	sums[RS_ZIP_NAMED] += mix(h, e->name);
	sums[RS_ZIP_METHOD] += mix(h, e->method);
	sums[RS_ZIP_SIZE] += mix(h, e->csize);
	sums[RS_ZIP_ENCRYPTION] += mix(h, e->encrypted);
	sums[RS_ZIP_CONTENT] += mix(mix(h, e->size), e->crc);
}

void rs_zip_account_local(struct rs_zip_account *a, const struct rs_zip_entry *e)
{
	add(a->local, e, e->off);
	add(a->shifted, e, e->off - a->base);
	a->unknown |= !e->known;
}

void rs_zip_account_central(struct rs_zip_account *a, const struct rs_zip_entry *e)
{
	a->centrals++;
	add(a->central, e, e->off);
}

void rs_zip_account_end(struct rs_zip_account *a, const struct rs_zip_end *e)
{
	/* Of an archive behind something else both ways of counting are found. */
	const bool shifted = a->base && e->has_off && a->centrals && e->central_off + a->base == a->central_off;
	const uint64_t *local = shifted ? a->shifted : a->local;
	if (a->ended)
		a->faults |= 1u << RS_ZIP_SECOND;
	if ((e->has_total && e->total != a->centrals) ||
	    (e->has_off && a->centrals && e->central_off + (shifted ? a->base : 0) != a->central_off))
		a->faults |= 1u << (RS_ZIP_DIFFERS + RS_ZIP_ENTRY);
	for (unsigned i = 0; i < RS_ZIP_ASPECTS; i++) {
		if (local[i] == a->central[i] || (i == RS_ZIP_CONTENT && a->unknown))
			continue;
		a->faults |= 1u << (RS_ZIP_DIFFERS + i);
		if (i == RS_ZIP_ENTRY)
			break; /* the rest follows from it */
	}
	a->ended = true;
	a->ended_at = e->at;
}

static unsigned bit_of(const struct rs_zip_entry *e, uint64_t off, unsigned which)
{
	return (unsigned)(mix(mix(mix(key, off), e->name), which) % RS_ZIP_NAMES);
}

void rs_zip_names_add(struct rs_zip_names *s, const struct rs_zip_entry *e)
{
	for (unsigned i = 0; i < 2; i++) {
		const unsigned bit = bit_of(e, e->off, i);
		s->bits[bit / 64] |= UINT64_C(1) << bit % 64;
	}
}

static bool has(const struct rs_zip_names *s, const struct rs_zip_entry *e, uint64_t off)
{
	for (unsigned i = 0; i < 2; i++) {
		const unsigned bit = bit_of(e, off, i);
		if (!(s->bits[bit / 64] >> bit % 64 & 1))
			return false;
	}
	return true;
}

bool rs_zip_names_has(const struct rs_zip_names *s, const struct rs_zip_entry *e, uint64_t base)
{
	return has(s, e, e->off) || has(s, e, e->off + base);
}

const char *rs_zip_fault_name(enum rs_zip_fault f)
{
	static const char *const names[RS_ZIP_FAULTS] = {
		[RS_ZIP_DIFFERS + RS_ZIP_ENTRY] = "zip.entry_differs",
		[RS_ZIP_DIFFERS + RS_ZIP_NAMED] = "zip.name_differs",
		[RS_ZIP_DIFFERS + RS_ZIP_METHOD] = "zip.method_differs",
		[RS_ZIP_DIFFERS + RS_ZIP_SIZE] = "zip.size_differs",
		[RS_ZIP_DIFFERS + RS_ZIP_ENCRYPTION] = "zip.encryption_differs",
		[RS_ZIP_DIFFERS + RS_ZIP_CONTENT] = "zip.content_differs",
		[RS_ZIP_CHECKSUM_WRONG] = "zip.checksum_wrong",
		[RS_ZIP_DESCRIPTOR_WRONG] = "zip.descriptor_wrong",
		[RS_ZIP_LENGTH_WRONG] = "zip.length_wrong",
		[RS_ZIP_HEADER_INSIDE] = "zip.header_inside",
		[RS_ZIP_JUNK] = "zip.junk",
		[RS_ZIP_SECOND] = "zip.second_archive",
		[RS_ZIP_SPANNED] = "zip.spanned",
		[RS_ZIP_PREFIXED] = "zip.prefixed",
		[RS_ZIP_TORN] = "zip.torn",
	};
	return names[f];
}
