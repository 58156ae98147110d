/* SPDX-License-Identifier: Apache-2.0 */
/* rs_exe: facts about a file that is an executable, from what streams past, in any split: Windows' and DOS' (MZ, NE, LE, LX, PE), ELF,
 * Mach-O.
 *
 * Sources: Microsoft PE format, "MS-DOS Header" to "The .idata Section"; System V ABI, "Object Files", "Program Loading"; Apple's
 * mach-o/loader.h and fat.h.
 *
 * Owner:  one thread. Memory: this struct; no allocation. Units: offsets in bytes from the file's first.
 *
 * These are facts for records, not a judgement: nothing of a verdict depends on them. Nothing is read twice: what headers point back
 * to, behind which the file has gone by, is told as unread. Libraries of an ELF file are named by a table that stands before the one
 * that refers to it: what looks like a library's name there is kept, and found again by its place.
 * So are the bytes before an ELF file's section headers, which mostly stand at its end, right behind their names; sections whose names
 * are elsewhere are counted only.
 * Bounds: RS_EXE_SECTIONS names of sections, RS_EXE_IMPORTS libraries, RS_EXE_TEXT bytes for both, RS_EXE_NAME for each. A name beyond
 * them is counted as unread. Each byte is looked at a bounded number of times. */
#ifndef RS_EXE_H
#define RS_EXE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RS_EXE_SECTIONS 32
#define RS_EXE_IMPORTS 48
#define RS_EXE_MACHINES 8 /* of a universal binary */
#define RS_EXE_NAME 64 /* bytes of a library's name, its NUL among them */
#define RS_EXE_TEXT 1024
#define RS_EXE_WINDOW 256

enum rs_exe_format {
	RS_EXE_NONE,
	RS_EXE_MZ, /* a DOS program, or one that ends before it says what else */
	RS_EXE_NE,
	RS_EXE_LE,
	RS_EXE_LX,
	RS_EXE_PE32,
	RS_EXE_PE32_PLUS,
	RS_EXE_ELF32,
	RS_EXE_ELF64,
	RS_EXE_MACHO32,
	RS_EXE_MACHO64,
	RS_EXE_MACHO_FAT,
	RS_EXE_FORMAT_MAX
};

enum rs_exe_type { RS_EXE_UNTYPED, RS_EXE_PROGRAM, RS_EXE_LIBRARY, RS_EXE_OBJECT, RS_EXE_CORE, RS_EXE_TYPE_MAX };

struct rs_exe_facts {
	uint8_t format; /* enum rs_exe_format */
	uint8_t type; /* enum rs_exe_type */
	uint8_t machines;
	bool dotnet; /* PE: it has a CLR header */
	bool cut; /* its headers did not come whole */
	uint16_t subsystem; /* PE's number */
	uint16_t sections; /* as its header says; named are RS_EXE_SECTIONS at most */
	uint32_t machine[RS_EXE_MACHINES]; /* the format's number */
	uint32_t unread; /* imported libraries whose names were not read */
	const char *packer; /* a constant; NULL: no mark of one */
};

struct rs_exe_map { /* a piece of the file, where it is in memory */
	uint32_t at, size, from;
};

struct rs_exe_pe {
	struct rs_exe_map section[RS_EXE_SECTIONS];
	uint64_t table; /* of sections; then of import descriptors */
	uint32_t imports; /* the import directory's RVA; 0: none */
	uint32_t alignment; /* FileAlignment */
};

#define RS_EXE_LOADS 4
#define RS_EXE_HEADERS 64 /* program headers that are read */
#define RS_EXE_SECTION_TEXT 512 /* bytes of sections' names that are kept */
#define RS_EXE_DYNAMIC 512 /* entries of the dynamic section that are read */

struct rs_exe_load {
	uint64_t at, size, from;
};

struct rs_exe_elf {
	struct rs_exe_load load[RS_EXE_LOADS];
	uint64_t header, dynamic, dynamic_end, strings; /* strings: their address in memory */
	uint16_t entry, headers, loads;
	bool dynamic_read, names_known;
	bool interpreted; /* it names a program that loads it */
	/* Sections: where their headers are (0: none, or they were read), how long each, how many, which of them has the names. */
	uint64_t sections;
	uint16_t section_size, section_count, section_names;
	uint16_t names; /* read */
	uint32_t name_at[RS_EXE_SECTIONS]; /* in the table of names */
	uint8_t names_header[64]; /* of the section that is that table */
	uint64_t table; /* where it begins */
	/* Bytes of the file that hold names, or may. */
	uint64_t text_from;
	uint16_t text_len;
	char text[RS_EXE_SECTION_TEXT];
	/* What may be a library's name: where it begins, and its text among the names that are kept. */
	uint64_t seen_at[RS_EXE_IMPORTS];
	uint16_t seen_text[RS_EXE_IMPORTS];
	uint16_t seen;
	bool seeking;
	uint64_t run_at; /* of the text under way that may be one */
	char run[RS_EXE_NAME];
	uint16_t run_len;
};

struct rs_exe_macho {
	uint64_t slice[RS_EXE_MACHINES]; /* where each begins; 0 one that was read */
	uint64_t base, command;
	uint32_t commands, size;
	uint16_t slices, slice_at;
};

struct rs_exe {
	struct rs_exe_facts facts;
	bool big; /* numbers have their highest byte first */
	bool wide; /* 64 bits */
	bool done;
	uint8_t step;
	uint64_t base; /* of the window's first byte in the file */
	uint64_t want_at;
	uint16_t want; /* bytes; 0: a text that NUL ends */
	uint16_t held; /* of the window */
	uint32_t last; /* four bytes, for the packer's mark */
	uint16_t imports, counted; /* names that are wanted; of which told or unread */
	uint16_t round; /* of a table: entries read */
	uint32_t name_at[RS_EXE_IMPORTS]; /* in the file, rising */
	uint16_t text_len;
	uint16_t section_names, import_names; /* kept */
	char text[RS_EXE_TEXT]; /* one after the other: 's' for a section or 'i' for an import, the name, NUL */
	uint8_t window[RS_EXE_WINDOW];
	union {
		struct rs_exe_pe pe;
		struct rs_exe_elf elf;
		struct rs_exe_macho macho;
	} u;
};

/* Whether a file that begins with these n bytes may be one: then rs_exe_init, and feed from its first byte. */
bool rs_exe_may_be(const uint8_t *p, size_t n);
void rs_exe_init(struct rs_exe *e);
void rs_exe_feed(struct rs_exe *e, const uint8_t *p, size_t n);
/* Bytes are missing here: what is behind is not read. */
void rs_exe_gap(struct rs_exe *e);
/* The file ended. False: it is none, and there are no facts. */
bool rs_exe_end(struct rs_exe *e);

/* The names kept, one after the other: *at is 0 at first. NULL: no more. */
const char *rs_exe_section(const struct rs_exe *e, size_t *at);
const char *rs_exe_import(const struct rs_exe *e, size_t *at);

const char *rs_exe_format_name(enum rs_exe_format f);
const char *rs_exe_type_name(enum rs_exe_type t); /* NULL: not known */
const char *rs_exe_machine_name(enum rs_exe_format f, uint32_t machine); /* NULL: not known */
const char *rs_exe_subsystem_name(uint16_t subsystem); /* of PE; NULL: not known */

#endif
