/* SPDX-License-Identifier: Apache-2.0 */
/* DOS' and Windows' executables (Microsoft PE format). */
#include "reassembly/facts/rs_exe_internal.h"

#include <string.h>

enum { COFF = 24, OPTIONAL_MAX = 240, SECTION_HEADER = 40, DESCRIPTOR = 20 };

/* Offsets in the DOS header, the COFF header (with its signature), the optional header, a section's header, an import descriptor. */
enum { LAST_PAGE = 2, PAGES = 4, PARAGRAPHS = 8, NEW_HEADER = 60 };
enum { MACHINE = 4, SECTIONS = 6, OPTIONAL_SIZE = 20, CHARACTERISTICS = 22, IS_LIBRARY = 0x2000 };
enum { MAGIC_PE32 = 0x10b, MAGIC_PE32_PLUS = 0x20b, FILE_ALIGNMENT = 36, SUBSYSTEM = 68, DIRECTORIES = 96, DIRECTORIES_PLUS = 112 };
enum { DIRECTORY_IMPORT = 1, DIRECTORY_CLR = 14 };
enum { VIRTUAL_SIZE = 8, VIRTUAL_ADDRESS = 12, RAW_SIZE = 16, RAW_AT = 20 };
enum { DESCRIPTOR_NAME = 12, DESCRIPTOR_THUNK = 16 };

static void dos_header(struct rs_exe *e, const uint8_t *p)
{
	/* Prose may begin so: a program's last page has at most 512 bytes. */
	if (rs_exe_16(e, p + LAST_PAGE) <= 512 && rs_exe_16(e, p + PAGES) && rs_exe_16(e, p + PARAGRAPHS))
		e->facts.format = RS_EXE_MZ;
	const uint32_t at = rs_exe_32(e, p + NEW_HEADER);
	if (at < 4) {
		e->done = true;
		return;
	}
	rs_exe_want(e, RS_EXE_NEW_HEADER, at, COFF);
}

static enum rs_exe_format old_format(const uint8_t *p)
{
	if (p[0] == 'N' && p[1] == 'E')
		return RS_EXE_NE;
	if (p[0] == 'L' && p[1] == 'E')
		return RS_EXE_LE;
	return p[0] == 'L' && p[1] == 'X' ? RS_EXE_LX : RS_EXE_NONE;
}

static void new_header(struct rs_exe *e, const uint8_t *p)
{
	struct rs_exe_facts *f = &e->facts;
	if (memcmp(p, "PE\0\0", 4) != 0) {
		const enum rs_exe_format old = old_format(p);
		if (old != RS_EXE_NONE)
			f->format = (uint8_t)old;
		e->done = true;
		return;
	}
	f->format = RS_EXE_PE32;
	f->machine[f->machines++] = rs_exe_16(e, p + MACHINE);
	f->sections = (uint16_t)rs_exe_16(e, p + SECTIONS);
	f->type = rs_exe_16(e, p + CHARACTERISTICS) & IS_LIBRARY ? RS_EXE_LIBRARY : RS_EXE_PROGRAM;
	e->u.pe.table = e->want_at + COFF + rs_exe_16(e, p + OPTIONAL_SIZE);
	/* Its fields are read where they are, whatever size it has: so does the loader. */
	rs_exe_want(e, RS_EXE_OPTIONAL, e->want_at + COFF, OPTIONAL_MAX);
}

static uint32_t directory(const struct rs_exe *e, const uint8_t *p, unsigned which)
{
	const unsigned at = e->facts.format == RS_EXE_PE32_PLUS ? DIRECTORIES_PLUS : DIRECTORIES;
	return which < rs_exe_32(e, p + at - 4) ? rs_exe_32(e, p + at + 8 * which) : 0;
}

static void optional_header(struct rs_exe *e, const uint8_t *p)
{
	if (rs_exe_16(e, p) == MAGIC_PE32_PLUS)
		e->facts.format = RS_EXE_PE32_PLUS;
	e->facts.subsystem = (uint16_t)rs_exe_16(e, p + SUBSYSTEM);
	e->facts.dotnet = directory(e, p, DIRECTORY_CLR) != 0;
	e->u.pe.alignment = rs_exe_32(e, p + FILE_ALIGNMENT);
	e->u.pe.imports = directory(e, p, DIRECTORY_IMPORT);
}

void rs_exe_pe_short(struct rs_exe *e, const uint8_t *p, size_t n)
{
	uint8_t whole[OPTIONAL_MAX] = { 0 };
	if (n < sizeof whole)
		memcpy(whole, p, n);
	optional_header(e, whole);
}

/* Where in the file an address is; what is in no section stands where it is loaded. */
static uint64_t place(const struct rs_exe *e, uint32_t rva)
{
	for (unsigned i = 0; i < e->section_names; i++) {
		const struct rs_exe_map *s = &e->u.pe.section[i];
		if (rva >= s->at && rva - s->at < s->size)
			return (uint64_t)s->from + (rva - s->at);
	}
	return rva;
}

static void import_directory(struct rs_exe *e)
{
	e->u.pe.table = place(e, e->u.pe.imports);
	if (!e->u.pe.imports)
		e->done = true;
	else if (!rs_exe_want(e, RS_EXE_DESCRIPTOR, e->u.pe.table, DESCRIPTOR))
		e->facts.unread++;
}

static void next_section(struct rs_exe *e)
{
	if (e->round < e->facts.sections) {
		if (!rs_exe_want(e, RS_EXE_SECTION, e->u.pe.table + (uint64_t)SECTION_HEADER * e->round, SECTION_HEADER))
			e->facts.cut = true;
		return;
	}
	e->round = 0;
	import_directory(e);
}

static void section_header(struct rs_exe *e, const uint8_t *p)
{
	struct rs_exe_pe *pe = &e->u.pe;
	e->round++;
	if (!e->facts.packer)
		e->facts.packer = rs_exe_packer_of(p);
	if (e->section_names < RS_EXE_SECTIONS && rs_exe_keep(e, 's', p, 8)) {
		/* The loader rounds what is not aligned to a sector down to one, unless the file is not aligned at all. */
		const uint32_t at = rs_exe_32(e, p + RAW_AT), raw = rs_exe_32(e, p + RAW_SIZE), size = rs_exe_32(e, p + VIRTUAL_SIZE);
		pe->section[e->section_names++] = (struct rs_exe_map){
			.at = rs_exe_32(e, p + VIRTUAL_ADDRESS),
			.size = raw > size ? raw : size,
			.from = pe->alignment < 512 ? at : at & ~UINT32_C(511),
		};
	}
	next_section(e);
}

/* The one whose name or whose table of addresses is missing is the last. */
static void descriptor(struct rs_exe *e, const uint8_t *p)
{
	const uint32_t name = rs_exe_32(e, p + DESCRIPTOR_NAME);
	if (!name || !rs_exe_32(e, p + DESCRIPTOR_THUNK) || e->round++ == 4 * RS_EXE_IMPORTS) {
		rs_exe_imports_read(e);
		return;
	}
	rs_exe_import_at(e, place(e, name));
	e->u.pe.table += DESCRIPTOR;
	rs_exe_want(e, RS_EXE_DESCRIPTOR, e->u.pe.table, DESCRIPTOR);
}

void rs_exe_pe_step(struct rs_exe *e, const uint8_t *p)
{
	switch ((enum rs_exe_step)e->step) {
	case RS_EXE_MAGIC:
		dos_header(e, p);
		break;
	case RS_EXE_NEW_HEADER:
		new_header(e, p);
		break;
	case RS_EXE_OPTIONAL:
		optional_header(e, p);
		next_section(e);
		break;
	case RS_EXE_SECTION:
		section_header(e, p);
		break;
	case RS_EXE_DESCRIPTOR:
		descriptor(e, p);
		break;
	default:
		e->done = true;
		break;
	}
}
