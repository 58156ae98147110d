/* SPDX-License-Identifier: Apache-2.0 */
/* rs_exe's own: each format's reader wants some bytes at a place, looks at them when they have come, and wants the next.
 *
 * Owner:  one thread. */
#ifndef RS_EXE_INTERNAL_H
#define RS_EXE_INTERNAL_H

#include "reassembly/facts/rs_exe.h"

/* What a reader waits for. */
enum rs_exe_step {
	RS_EXE_MAGIC,
	RS_EXE_NEW_HEADER, /* what an MZ header points to */
	RS_EXE_OPTIONAL,
	RS_EXE_SECTION,
	RS_EXE_DESCRIPTOR,
	RS_EXE_PROGRAM_HEADER,
	RS_EXE_DYNAMIC_ENTRY,
	RS_EXE_SECTION_HEADER,
	RS_EXE_SECTION_NAMES,
	RS_EXE_FAT_SLICE,
	RS_EXE_SLICE,
	RS_EXE_COMMAND,
	RS_EXE_SEGMENT,
	RS_EXE_DYLIB,
	RS_EXE_DYLIB_NAME,
	RS_EXE_IMPORT_NAME,
};

/* n bytes at this offset are wanted (at most RS_EXE_WINDOW; 0: a text), for this step. False: they have gone by. */
bool rs_exe_want(struct rs_exe *e, enum rs_exe_step step, uint64_t at, uint16_t n);

/* A name is kept; false: it found no room. */
bool rs_exe_keep(struct rs_exe *e, char kind, const uint8_t *p, size_t n);

/* The name of an imported library stands there. */
void rs_exe_import_at(struct rs_exe *e, uint64_t at);
/* All places are known: the names are read, as far as they come. */
void rs_exe_imports_read(struct rs_exe *e);

/* The window holds what was wanted, at p; of n bytes, where it is a text. Each sets what is wanted next, or e->done. */
void rs_exe_pe_step(struct rs_exe *e, const uint8_t *p);
void rs_exe_elf_step(struct rs_exe *e, const uint8_t *p);
void rs_exe_macho_step(struct rs_exe *e, const uint8_t *p, size_t n);

/* The file ended while an optional header was awaited, of which n bytes came. */
void rs_exe_pe_short(struct rs_exe *e, const uint8_t *p, size_t n);

/* Bytes that go by before the dynamic section: libraries' names may be among them. */
void rs_exe_elf_seek(struct rs_exe *e, uint64_t at, const uint8_t *p, size_t n);

/* Bytes that go by: names of sections may be among them. */
void rs_exe_elf_pass(struct rs_exe *e, uint64_t at, const uint8_t *p, size_t n);
/* What there is to read next; e->done where there is nothing. */
void rs_exe_elf_next(struct rs_exe *e);

const char *rs_exe_packer_of(const uint8_t section[8]);

static inline uint32_t rs_exe_16(const struct rs_exe *e, const uint8_t *p)
{
	return e->big ? (uint32_t)(p[0] << 8 | p[1]) : (uint32_t)(p[1] << 8 | p[0]);
}

static inline uint32_t rs_exe_32(const struct rs_exe *e, const uint8_t *p)
{
	const uint32_t a = rs_exe_16(e, p), b = rs_exe_16(e, p + 2);
	return e->big ? a << 16 | b : b << 16 | a;
}

static inline uint64_t rs_exe_64(const struct rs_exe *e, const uint8_t *p)
{
	const uint64_t a = rs_exe_32(e, p), b = rs_exe_32(e, p + 4);
	return e->big ? a << 32 | b : b << 32 | a;
}

/* A number of the file's own width. */
static inline uint64_t rs_exe_word(const struct rs_exe *e, const uint8_t *p)
{
	return e->wide ? rs_exe_64(e, p) : rs_exe_32(e, p);
}

#endif
