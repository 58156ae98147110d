/* SPDX-License-Identifier: Apache-2.0 */
/* Mach-O, and universal binaries, which hold one for each kind of machine (mach-o/loader.h, mach-o/fat.h). */
#include "reassembly/facts/rs_exe_internal.h"

#include <string.h>

enum { CPU = 4, FILE_TYPE = 12, COMMANDS = 16 };
enum { FAT_HEADER = 8, FAT_ENTRY = 20, FAT_OFFSET = 8 };
enum { LC_SEGMENT = 1, LC_LOAD_DYLIB = 0xc, LC_SEGMENT_64 = 0x19, LC_LAZY_LOAD_DYLIB = 0x20 };
#define LC_LOAD_WEAK_DYLIB 0x80000018u
#define LC_REEXPORT_DYLIB 0x8000001fu
#define LC_LOAD_UPWARD_DYLIB 0x80000023u

static void machine(struct rs_exe *e, uint32_t cpu)
{
	if (e->facts.machines < RS_EXE_MACHINES)
		e->facts.machine[e->facts.machines++] = cpu;
	else
		e->facts.cut = true;
}

/* Slices come in any order in the table; they are read as they come in the file. */
static void next_slice(struct rs_exe *e)
{
	struct rs_exe_macho *m = &e->u.macho;
	if (m->slice_at == m->slices || e->facts.format != RS_EXE_MACHO_FAT) {
		e->done = true;
		return;
	}
	e->facts.cut |= !rs_exe_want(e, RS_EXE_SLICE, m->slice[m->slice_at++], 28);
}

static void add_slice(struct rs_exe_macho *m, uint64_t at)
{
	unsigned i = m->slices++;
	for (; i > 0 && m->slice[i - 1] > at; i--)
		m->slice[i] = m->slice[i - 1];
	m->slice[i] = at;
}

static void fat_slice(struct rs_exe *e, const uint8_t *p)
{
	struct rs_exe_macho *m = &e->u.macho;
	machine(e, rs_exe_32(e, p));
	if (m->slices < RS_EXE_MACHINES)
		add_slice(m, rs_exe_32(e, p + FAT_OFFSET));
	m->command += FAT_ENTRY;
	if (--m->commands)
		e->facts.cut |= !rs_exe_want(e, RS_EXE_FAT_SLICE, m->command, FAT_ENTRY);
	else
		next_slice(e);
}

static void next_command(struct rs_exe *e)
{
	struct rs_exe_macho *m = &e->u.macho;
	if (m->commands == 0) {
		next_slice(e);
		return;
	}
	m->commands--;
	e->facts.cut |= !rs_exe_want(e, RS_EXE_COMMAND, m->command, 8);
}

static uint8_t type_of(uint32_t type)
{
	static const uint8_t types[] = { [1] = RS_EXE_OBJECT, [2] = RS_EXE_PROGRAM, [4] = RS_EXE_CORE, [6] = RS_EXE_LIBRARY,
					 [8] = RS_EXE_LIBRARY, [9] = RS_EXE_LIBRARY };
	return type < sizeof types ? types[type] : RS_EXE_UNTYPED;
}

/* A header, of the file or of a slice at `at`. False: it is none. */
static bool thin(struct rs_exe *e, const uint8_t *p, uint64_t at)
{
	const bool little = (p[0] == 0xce || p[0] == 0xcf) && memcmp(p + 1, "\xfa\xed\xfe", 3) == 0;
	const bool big = memcmp(p, "\xfe\xed\xfa", 3) == 0 && (p[3] == 0xce || p[3] == 0xcf);
	struct rs_exe_macho *m = &e->u.macho;
	if (!little && !big)
		return false;
	e->big = big;
	e->wide = p[big ? 3 : 0] == 0xcf;
	e->facts.type = type_of(rs_exe_32(e, p + FILE_TYPE));
	m->command = at + (e->wide ? 32 : 28);
	m->commands = rs_exe_32(e, p + COMMANDS);
	return true;
}

static void magic(struct rs_exe *e, const uint8_t *p)
{
	if (p[0] != 0xca) {
		thin(e, p, 0);
		e->facts.format = e->wide ? RS_EXE_MACHO64 : RS_EXE_MACHO32;
		machine(e, rs_exe_32(e, p + CPU));
		next_command(e);
		return;
	}
	e->big = true;
	e->facts.format = RS_EXE_MACHO_FAT;
	e->u.macho.commands = rs_exe_32(e, p + 4);
	e->u.macho.command = FAT_HEADER;
	if (e->u.macho.commands)
		rs_exe_want(e, RS_EXE_FAT_SLICE, FAT_HEADER, FAT_ENTRY);
	else
		e->done = true;
}

static void slice(struct rs_exe *e, const uint8_t *p)
{
	if (thin(e, p, e->want_at))
		next_command(e);
	else
		next_slice(e);
}

static void command(struct rs_exe *e, const uint8_t *p)
{
	struct rs_exe_macho *m = &e->u.macho;
	m->base = m->command;
	m->size = rs_exe_32(e, p + 4);
	m->command += m->size < 8 ? 8 : m->size;
	switch (rs_exe_32(e, p)) {
	case LC_SEGMENT:
	case LC_SEGMENT_64:
		rs_exe_want(e, RS_EXE_SEGMENT, m->base + 8, 16);
		break;
	case LC_LOAD_DYLIB:
	case LC_LAZY_LOAD_DYLIB:
	case LC_LOAD_WEAK_DYLIB:
	case LC_REEXPORT_DYLIB:
	case LC_LOAD_UPWARD_DYLIB:
		rs_exe_want(e, RS_EXE_DYLIB, m->base + 8, 4);
		break;
	default:
		next_command(e);
		break;
	}
}

/* What several slices name is named once. */
static bool known(const struct rs_exe *e, char kind, const uint8_t *p, size_t n)
{
	for (size_t at = 0; at < e->text_len; at += strlen(e->text + at) + 1)
		if (e->text[at] == kind && strlen(e->text + at + 1) == n && memcmp(e->text + at + 1, p, n) == 0)
			return true;
	return false;
}

static void segment(struct rs_exe *e, const uint8_t *p)
{
	const size_t n = strnlen((const char *)p, 16);
	if (n && !known(e, 's', p, n)) {
		e->facts.sections++;
		if (e->section_names < RS_EXE_SECTIONS)
			e->section_names = (uint16_t)(e->section_names + rs_exe_keep(e, 's', p, n));
	}
	next_command(e);
}

static void dylib(struct rs_exe *e, const uint8_t *p)
{
	const uint32_t at = rs_exe_32(e, p);
	if (at < e->u.macho.size && rs_exe_want(e, RS_EXE_DYLIB_NAME, e->u.macho.base + at, 0))
		return;
	e->facts.unread++;
	next_command(e);
}

static void dylib_name(struct rs_exe *e, const uint8_t *p, size_t n)
{
	if (n == 0 || (!known(e, 'i', p, n) && !rs_exe_keep(e, 'i', p, n)))
		e->facts.unread++;
	next_command(e);
}

void rs_exe_macho_step(struct rs_exe *e, const uint8_t *p, size_t n)
{
	switch ((enum rs_exe_step)e->step) {
	case RS_EXE_MAGIC:
		magic(e, p);
		break;
	case RS_EXE_FAT_SLICE:
		fat_slice(e, p);
		break;
	case RS_EXE_SLICE:
		slice(e, p);
		break;
	case RS_EXE_COMMAND:
		command(e, p);
		break;
	case RS_EXE_SEGMENT:
		segment(e, p);
		break;
	case RS_EXE_DYLIB:
		dylib(e, p);
		break;
	case RS_EXE_DYLIB_NAME:
		dylib_name(e, p, n);
		break;
	default:
		e->done = true;
		break;
	}
}
