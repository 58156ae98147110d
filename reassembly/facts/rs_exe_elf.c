/* SPDX-License-Identifier: Apache-2.0 */
/* ELF (System V ABI, "Object Files" and "Program Loading and Dynamic Linking"). */
#include "reassembly/facts/rs_exe_internal.h"

#include <string.h>

enum { CLASS = 4, DATA = 5, TYPE = 16, MACHINE = 18 };
enum { TYPE_OBJECT = 1, TYPE_FIXED, TYPE_SHARED, TYPE_CORE };
enum { SEGMENT_LOAD = 1, SEGMENT_DYNAMIC, SEGMENT_INTERPRETER };
enum { TAG_END = 0, TAG_NEEDED = 1, TAG_STRINGS = 5 };

static void next_header(struct rs_exe *e)
{
	struct rs_exe_elf *f = &e->u.elf;
	const uint16_t size = e->wide ? 56 : 32;
	if (f->headers && f->entry >= size) {
		e->facts.cut |= !rs_exe_want(e, RS_EXE_PROGRAM_HEADER, f->header, size);
		return;
	}
	if (e->facts.type == RS_EXE_LIBRARY && f->interpreted)
		e->facts.type = RS_EXE_PROGRAM;
	f->seeking = f->dynamic != 0;
	f->run_at = e->base + e->held;
	rs_exe_elf_next(e);
}

static void read_dynamic(struct rs_exe *e)
{
	struct rs_exe_elf *f = &e->u.elf;
	f->dynamic_read = true;
	if (!rs_exe_want(e, RS_EXE_DYNAMIC_ENTRY, f->dynamic, e->wide ? 16 : 8)) {
		e->facts.unread++;
		f->seeking = false;
		rs_exe_elf_next(e);
	}
}

/* The header of the section that comes next, or of the one that has the names. */
static void read_section(struct rs_exe *e)
{
	struct rs_exe_elf *f = &e->u.elf;
	const unsigned next = f->names + 1u, i = next < f->section_count && next <= RS_EXE_SECTIONS ? next : f->section_names;
	if (rs_exe_want(e, RS_EXE_SECTION_HEADER, f->sections + (uint64_t)i * f->section_size, e->wide ? 64 : 40))
		return;
	f->sections = 0;
	rs_exe_elf_next(e);
}

void rs_exe_elf_next(struct rs_exe *e)
{
	struct rs_exe_elf *f = &e->u.elf;
	const bool dynamic = f->dynamic && !f->dynamic_read;
	if (f->sections && (!dynamic || f->sections < f->dynamic))
		read_section(e);
	else if (dynamic)
		read_dynamic(e);
	else
		e->done = true;
}

/* Where the headers of sections are, and what stands before them. The first of them is none's. */
static void section_table(struct rs_exe *e, const uint8_t *p)
{
	struct rs_exe_elf *f = &e->u.elf;
	f->sections = rs_exe_word(e, p + (e->wide ? 40 : 32));
	f->section_size = (uint16_t)rs_exe_16(e, p + (e->wide ? 58 : 46));
	f->section_count = (uint16_t)rs_exe_16(e, p + (e->wide ? 60 : 48));
	f->section_names = (uint16_t)rs_exe_16(e, p + (e->wide ? 62 : 50));
	e->facts.sections = (uint16_t)(f->sections && f->section_count ? f->section_count - 1 : 0);
	if (f->section_size < (e->wide ? 64 : 40) || f->section_names == 0 || f->section_names >= f->section_count ||
	    f->sections > UINT64_MAX / 2)
		f->sections = 0;
	f->text_from = f->sections > RS_EXE_SECTION_TEXT ? f->sections - RS_EXE_SECTION_TEXT : 0;
	f->text_len = (uint16_t)(f->sections - f->text_from);
	rs_exe_elf_pass(e, e->base, e->window, e->held);
}

static void file_header(struct rs_exe *e, const uint8_t *p)
{
	static const uint8_t types[] = { [TYPE_OBJECT] = RS_EXE_OBJECT, [TYPE_FIXED] = RS_EXE_PROGRAM, [TYPE_SHARED] = RS_EXE_LIBRARY,
					 [TYPE_CORE] = RS_EXE_CORE };
	struct rs_exe_elf *f = &e->u.elf;
	e->big = p[DATA] == 2;
	e->wide = p[CLASS] == 2;
	if (p[CLASS] < 1 || p[CLASS] > 2 || p[DATA] < 1 || p[DATA] > 2) {
		e->done = true;
		return;
	}
	const uint32_t type = rs_exe_16(e, p + TYPE);
	e->facts.format = e->wide ? RS_EXE_ELF64 : RS_EXE_ELF32;
	e->facts.type = type < sizeof types ? types[type] : RS_EXE_UNTYPED;
	e->facts.machine[e->facts.machines++] = rs_exe_16(e, p + MACHINE);
	f->header = rs_exe_word(e, p + (e->wide ? 32 : 28));
	section_table(e, p);
	f->entry = (uint16_t)rs_exe_16(e, p + (e->wide ? 54 : 42));
	f->headers = (uint16_t)rs_exe_16(e, p + (e->wide ? 56 : 44));
	if (f->headers > RS_EXE_HEADERS) {
		f->headers = RS_EXE_HEADERS;
		e->facts.cut = true;
	}
	next_header(e);
}

static void program_header(struct rs_exe *e, const uint8_t *p)
{
	struct rs_exe_elf *f = &e->u.elf;
	const uint64_t from = rs_exe_word(e, p + (e->wide ? 8 : 4)), at = rs_exe_word(e, p + (e->wide ? 16 : 8));
	const uint64_t size = rs_exe_word(e, p + (e->wide ? 32 : 16));
	switch (rs_exe_32(e, p)) {
	case SEGMENT_LOAD:
		if (f->loads < RS_EXE_LOADS)
			f->load[f->loads++] = (struct rs_exe_load){ at, size, from };
		break;
	case SEGMENT_DYNAMIC:
		f->dynamic = from;
		f->dynamic_end = size < UINT64_MAX - from ? from + size : UINT64_MAX;
		break;
	case SEGMENT_INTERPRETER:
		f->interpreted = true;
		break;
	default:
		break;
	}
	f->headers--;
	f->header = f->header < UINT64_MAX - f->entry ? f->header + f->entry : 0;
	next_header(e);
}

void rs_exe_elf_pass(struct rs_exe *e, uint64_t at, const uint8_t *p, size_t n)
{
	struct rs_exe_elf *f = &e->u.elf;
	const uint64_t from = at > f->text_from ? at : f->text_from, text_end = f->text_from + f->text_len;
	const uint64_t to = at + n < text_end ? at + n : text_end;
	if (from < to)
		memcpy(f->text + (from - f->text_from), p + (from - at), (size_t)(to - from));
}

/* The names are those that passed by, as far as they did. */
static void name_sections(struct rs_exe *e)
{
	struct rs_exe_elf *f = &e->u.elf;
	for (unsigned i = 0; i < f->names; i++) {
		const uint64_t at = f->table + f->name_at[i], skip = at - f->text_from;
		if (at < f->table || at < f->text_from || skip >= f->text_len)
			continue;
		const size_t room = f->text_len - (size_t)skip, n = strnlen(f->text + skip, room);
		if (n > 0 && n < room)
			rs_exe_keep(e, 's', (const uint8_t *)f->text + skip, n);
	}
	f->sections = 0;
	rs_exe_elf_next(e);
}

/* The table of names is known. Where it is still to come it is waited for. */
static void find_names(struct rs_exe *e)
{
	struct rs_exe_elf *f = &e->u.elf;
	const uint8_t *p = f->names_header;
	const uint64_t size = rs_exe_word(e, p + (e->wide ? 32 : 20));
	f->table = rs_exe_word(e, p + (e->wide ? 24 : 16));
	if (f->table < e->base || size == 0 || f->table > UINT64_MAX / 2) {
		name_sections(e);
		return;
	}
	f->text_from = f->table;
	f->text_len = (uint16_t)(size < RS_EXE_SECTION_TEXT ? size : RS_EXE_SECTION_TEXT);
	rs_exe_elf_pass(e, e->base, e->window, e->held);
	rs_exe_want(e, RS_EXE_SECTION_NAMES, f->table + f->text_len - 1, 1);
}

static void section_header(struct rs_exe *e, const uint8_t *p)
{
	struct rs_exe_elf *f = &e->u.elf;
	const uint64_t i = (e->want_at - f->sections) / f->section_size;
	if (i == f->names + 1u && f->names < RS_EXE_SECTIONS)
		f->name_at[f->names++] = rs_exe_32(e, p);
	if (i == f->section_names) {
		memcpy(f->names_header, p, e->want);
		f->names_known = true;
	}
	const bool all = f->names + 1u >= f->section_count || f->names == RS_EXE_SECTIONS;
	if (all && f->names_known)
		find_names(e);
	else
		read_section(e);
}

static void run_end(struct rs_exe *e)
{
	struct rs_exe_elf *f = &e->u.elf;
	const size_t n = f->run_len;
	if (n > 3 && n < RS_EXE_NAME && f->seen < RS_EXE_IMPORTS && memmem(f->run, n, ".so", 3)) {
		f->seen_text[f->seen] = e->text_len;
		f->seen_at[f->seen] = f->run_at;
		/* None of the imports yet: it becomes one when the dynamic section names it. */
		f->seen += rs_exe_keep(e, 'x', (const uint8_t *)f->run, n);
	}
}

void rs_exe_elf_seek(struct rs_exe *e, uint64_t at, const uint8_t *p, size_t n)
{
	struct rs_exe_elf *f = &e->u.elf;
	while (f->seeking && n > 0) {
		const uint8_t *end = memchr(p, 0, n);
		const size_t k = end ? (size_t)(end - p) : n, room = sizeof f->run - f->run_len;
		if (f->run_len == 0)
			f->run_at = at;
		memcpy(f->run + f->run_len, p, k < room ? k : room);
		f->run_len = (uint16_t)(k < room ? f->run_len + k : sizeof f->run);
		if (!end)
			return;
		run_end(e);
		f->run_len = 0;
		at += k + 1;
		p += k + 1;
		n -= k + 1;
	}
}

static uint64_t place(const struct rs_exe_elf *f, uint64_t address)
{
	for (unsigned i = 0; i < f->loads; i++)
		if (address >= f->load[i].at && address - f->load[i].at < f->load[i].size)
			return f->load[i].from + (address - f->load[i].at);
	return UINT64_MAX;
}

/* A library whose name stands there was seen: it is an import, under the name as it is referred to. */
static bool was_seen(struct rs_exe *e, uint64_t at)
{
	const struct rs_exe_elf *f = &e->u.elf;
	for (unsigned i = 0; i < f->seen; i++) {
		char *text = e->text + f->seen_text[i];
		const size_t n = strlen(text + 1);
		if (at < f->seen_at[i] || at - f->seen_at[i] >= n)
			continue;
		const size_t skip = (size_t)(at - f->seen_at[i]);
		return skip == 0 ? (text[0] = 'i') : rs_exe_keep(e, 'i', (const uint8_t *)text + 1 + skip, n - skip);
	}
	return false;
}

/* The dynamic section ended: name_at holds places among its strings. */
static void dynamic_end(struct rs_exe *e)
{
	struct rs_exe_elf *f = &e->u.elf;
	const uint64_t from = place(f, f->strings);
	const uint16_t n = e->imports;
	uint32_t wanted[RS_EXE_IMPORTS];
	memcpy(wanted, e->name_at, n * sizeof *wanted);
	e->imports = e->counted = 0;
	f->seeking = false;
	for (unsigned i = 0; i < n; i++)
		if (from == UINT64_MAX)
			e->facts.unread++;
		else if (!was_seen(e, from + wanted[i]))
			rs_exe_import_at(e, from + wanted[i]);
	rs_exe_imports_read(e);
}

static void dynamic_entry(struct rs_exe *e, const uint8_t *p)
{
	struct rs_exe_elf *f = &e->u.elf;
	const unsigned word = e->wide ? 8 : 4;
	const uint64_t tag = rs_exe_word(e, p), value = rs_exe_word(e, p + word);
	f->dynamic += 2 * word;
	if (tag == TAG_STRINGS)
		f->strings = value;
	if (tag == TAG_NEEDED && e->imports < RS_EXE_IMPORTS && value <= UINT32_MAX)
		e->name_at[e->imports++] = (uint32_t)value;
	else if (tag == TAG_NEEDED)
		e->facts.unread++;
	if (tag == TAG_END || f->dynamic >= f->dynamic_end || e->round++ == RS_EXE_DYNAMIC)
		dynamic_end(e);
	else
		rs_exe_want(e, RS_EXE_DYNAMIC_ENTRY, f->dynamic, (uint16_t)(2 * word));
}

void rs_exe_elf_step(struct rs_exe *e, const uint8_t *p)
{
	switch ((enum rs_exe_step)e->step) {
	case RS_EXE_MAGIC:
		file_header(e, p);
		break;
	case RS_EXE_PROGRAM_HEADER:
		program_header(e, p);
		break;
	case RS_EXE_DYNAMIC_ENTRY:
		dynamic_entry(e, p);
		break;
	case RS_EXE_SECTION_HEADER:
		section_header(e, p);
		break;
	case RS_EXE_SECTION_NAMES:
		name_sections(e);
		break;
	default:
		e->done = true;
		break;
	}
}
