/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/facts/rs_exe_internal.h"

#include <string.h>

/* A packer's mark is looked for in so many of the first bytes: it stands between the headers and what is packed. */
#define MARK_WITHIN 4096
#define MARK_UPX 0x55505821u /* "UPX!" */

/* The DOS header and the longest of an ELF's. */
#define MAGIC_BYTES 64

static bool begins(const uint8_t *p, size_t n, const char *mark, size_t len)
{
	return n >= len && memcmp(p, mark, len) == 0;
}

bool rs_exe_may_be(const uint8_t *p, size_t n)
{
	if (begins(p, n, "MZ", 2) || begins(p, n, "ZM", 2) || begins(p, n, "\177ELF", 4))
		return true;
	/* Java's classes begin like a universal binary; their version, 45 or more, stands where that has a count. */
	if (begins(p, n, "\xca\xfe\xba\xbe\0\0\0", 7))
		return n > 7 && p[7] < 40;
	return begins(p, n, "\xfe\xed\xfa\xce", 4) || begins(p, n, "\xfe\xed\xfa\xcf", 4) || begins(p, n, "\xce\xfa\xed\xfe", 4) ||
	       begins(p, n, "\xcf\xfa\xed\xfe", 4);
}

void rs_exe_init(struct rs_exe *e)
{
	memset(e, 0, sizeof *e);
	e->want = MAGIC_BYTES;
}

bool rs_exe_want(struct rs_exe *e, enum rs_exe_step step, uint64_t at, uint16_t n)
{
	e->step = (uint8_t)step;
	e->want_at = at;
	e->want = n;
	e->done = at < e->base;
	return !e->done;
}

bool rs_exe_keep(struct rs_exe *e, char kind, const uint8_t *p, size_t n)
{
	const uint8_t *end = memchr(p, 0, n);
	n = end ? (size_t)(end - p) : n;
	if (n + 2 > (size_t)RS_EXE_TEXT - e->text_len)
		return false;
	char *to = e->text + e->text_len;
	to[0] = kind;
	memcpy(to + 1, p, n);
	to[n + 1] = 0;
	e->text_len = (uint16_t)(e->text_len + n + 2);
	return true;
}

static const char *next(const struct rs_exe *e, size_t *at, char kind)
{
	while (*at < e->text_len) {
		const char *entry = e->text + *at;
		*at += strlen(entry) + 1;
		if (entry[0] == kind)
			return entry + 1;
	}
	return NULL;
}

const char *rs_exe_section(const struct rs_exe *e, size_t *at)
{
	return next(e, at, 's');
}

const char *rs_exe_import(const struct rs_exe *e, size_t *at)
{
	return next(e, at, 'i');
}

void rs_exe_import_at(struct rs_exe *e, uint64_t at)
{
	unsigned i = e->imports;
	if (at < e->base || at > UINT32_MAX || i == RS_EXE_IMPORTS) {
		e->facts.unread++;
		return;
	}
	for (; i > 0 && e->name_at[i - 1] > at; i--)
		e->name_at[i] = e->name_at[i - 1];
	e->name_at[i] = (uint32_t)at;
	e->imports++;
}

static bool is_elf(const struct rs_exe *e)
{
	return e->facts.format == RS_EXE_ELF32 || e->facts.format == RS_EXE_ELF64;
}

void rs_exe_imports_read(struct rs_exe *e)
{
	for (; e->counted < e->imports; e->counted++) {
		if (e->counted && e->name_at[e->counted] == e->name_at[e->counted - 1])
			continue;
		if (rs_exe_want(e, RS_EXE_IMPORT_NAME, e->name_at[e->counted], 0))
			return;
		e->facts.unread++;
	}
	e->done = true;
	if (is_elf(e))
		rs_exe_elf_next(e);
}

static void import_name(struct rs_exe *e, const uint8_t *p, size_t n)
{
	if (n == 0 || !rs_exe_keep(e, 'i', p, n))
		e->facts.unread++;
	e->counted++;
	rs_exe_imports_read(e);
}

static void magic(struct rs_exe *e, const uint8_t *p)
{
	if (p[0] == 'M' || p[0] == 'Z')
		rs_exe_pe_step(e, p);
	else if (p[0] == 0x7f)
		rs_exe_elf_step(e, p);
	else
		rs_exe_macho_step(e, p, 0);
}

/* What was wanted has come. */
static void step(struct rs_exe *e, const uint8_t *p, size_t n)
{
	switch ((enum rs_exe_step)e->step) {
	case RS_EXE_MAGIC:
		magic(e, p);
		break;
	case RS_EXE_NEW_HEADER:
	case RS_EXE_OPTIONAL:
	case RS_EXE_SECTION:
	case RS_EXE_DESCRIPTOR:
		rs_exe_pe_step(e, p);
		break;
	case RS_EXE_PROGRAM_HEADER:
	case RS_EXE_DYNAMIC_ENTRY:
	case RS_EXE_SECTION_HEADER:
	case RS_EXE_SECTION_NAMES:
		rs_exe_elf_step(e, p);
		break;
	case RS_EXE_FAT_SLICE:
	case RS_EXE_SLICE:
	case RS_EXE_COMMAND:
	case RS_EXE_SEGMENT:
	case RS_EXE_DYLIB:
	case RS_EXE_DYLIB_NAME:
		rs_exe_macho_step(e, p, n);
		break;
	case RS_EXE_IMPORT_NAME:
		import_name(e, p, n);
		break;
	}
}

/* Bytes that go by, each once. */
static void passes(struct rs_exe *e, const uint8_t *p, size_t n)
{
	const uint64_t at = e->base + e->held;
	for (size_t i = 0; i < n && at + i < MARK_WITHIN; i++) {
		e->last = e->last << 8 | p[i];
		if (e->last == MARK_UPX && !e->facts.packer)
			e->facts.packer = "UPX";
	}
	if (is_elf(e)) {
		rs_exe_elf_seek(e, at, p, n);
		rs_exe_elf_pass(e, at, p, n);
	}
}

/* The window holds nothing before what is wanted. Returns how many bytes of the input that passes over. */
static size_t skip(struct rs_exe *e, const uint8_t *p, size_t n)
{
	uint64_t k = e->done ? UINT64_MAX : e->want_at - e->base;
	if (k == 0)
		return 0;
	if (k < e->held) {
		memmove(e->window, e->window + k, e->held - k);
		e->held = (uint16_t)(e->held - k);
		e->base += k;
		return 0;
	}
	k -= e->held;
	k = k < n ? k : n;
	passes(e, p, (size_t)k);
	e->base += e->held + k;
	e->held = 0;
	return (size_t)k;
}

/* Looks at what is wanted for as long as the window holds it. */
static void look(struct rs_exe *e)
{
	while (!e->done && e->want_at <= e->base + e->held) {
		const size_t from = (size_t)(e->want_at - e->base), have = e->held - from;
		const uint8_t *p = e->window + from;
		if (e->want) {
			if (have < e->want)
				return;
			step(e, p, e->want);
			continue;
		}
		const uint8_t *end = memchr(p, 0, have < RS_EXE_NAME ? have : RS_EXE_NAME);
		if (!end && have < RS_EXE_NAME)
			return;
		step(e, p, end ? (size_t)(end - p) : RS_EXE_NAME);
	}
}

void rs_exe_feed(struct rs_exe *e, const uint8_t *p, size_t n)
{
	while (n > 0) {
		size_t k = skip(e, p, n);
		if (k == 0) {
			k = e->want ? e->want : RS_EXE_NAME;
			k -= e->held;
			k = k < n ? k : n;
			passes(e, p, k);
			memcpy(e->window + e->held, p, k);
			e->held = (uint16_t)(e->held + k);
			look(e);
		}
		p += k;
		n -= k;
	}
}

void rs_exe_gap(struct rs_exe *e)
{
	e->facts.cut |= !e->done;
	e->facts.unread += (uint32_t)(e->imports - e->counted);
	e->counted = e->imports;
	e->done = true;
	e->held = 0;
	e->base += MARK_WITHIN;
}

bool rs_exe_end(struct rs_exe *e)
{
	if (!e->done && e->step == RS_EXE_OPTIONAL && e->want_at <= e->base + e->held) {
		const size_t from = (size_t)(e->want_at - e->base);
		rs_exe_pe_short(e, e->window + from, e->held - from);
	}
	rs_exe_gap(e);
	return e->facts.format != RS_EXE_NONE;
}
