/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "reassembly/facts/rs_exe_log.h"

static uint8_t file[8192];
static size_t len;
static struct rs_exe whole, split;

static void put_n(size_t at, uint64_t v, unsigned n, bool big)
{
	assert_true(at + n <= sizeof file);
	for (unsigned i = 0; i < n; i++)
		file[at + i] = (uint8_t)(v >> 8 * (big ? n - 1 - i : i));
	len = at + n > len ? at + n : len;
}

static void put16(size_t at, uint32_t v)
{
	put_n(at, v, 2, false);
}

static void put32(size_t at, uint32_t v)
{
	put_n(at, v, 4, false);
}

static void put(size_t at, const void *p, size_t n)
{
	assert_true(at + n <= sizeof file);
	memcpy(file + at, p, n);
	len = at + n > len ? at + n : len;
}

static void begin(void)
{
	memset(file, 0, sizeof file);
	len = 0;
}

/* "FORMAT TYPE MACHINE[+MACHINE] SUBSYSTEM PACKER sections=N[NAMES] imports=[NAMES] unread=N cut" */
static const char *told(const struct rs_exe *e)
{
	static char text[2000];
	const struct rs_exe_facts *f = &e->facts;
	const char *name;
	size_t at = 0;
	int n = snprintf(text, sizeof text, "%s %s %s", rs_exe_format_name(f->format), f->type ? rs_exe_type_name(f->type) : "-",
			 f->machines ? "" : "-");
	for (unsigned i = 0; i < f->machines; i++)
		n += snprintf(text + n, sizeof text - (size_t)n, "%s%s", i ? "+" : "", rs_exe_machine_name(f->format, f->machine[i]));
	n += snprintf(text + n, sizeof text - (size_t)n, " %s %s sections=%u[", f->subsystem ? rs_exe_subsystem_name(f->subsystem) : "-",
		      f->packer ? f->packer : "-", f->sections);
	while ((name = rs_exe_section(e, &at)))
		n += snprintf(text + n, sizeof text - (size_t)n, "%s ", name);
	n += snprintf(text + n, sizeof text - (size_t)n, "] imports=[");
	at = 0;
	while ((name = rs_exe_import(e, &at)))
		n += snprintf(text + n, sizeof text - (size_t)n, "%s ", name);
	snprintf(text + n, sizeof text - (size_t)n, "] unread=%u%s", f->unread, f->cut ? " cut" : "");
	return text;
}

/* Whole, byte by byte, and cut in two at every place. NULL: it is none. */
static void expect(const char *what)
{
	assert_true(rs_exe_may_be(file, len));
	const bool is = exe_run(&whole, file, len, NULL, NULL);
	assert_int_equal(is, what != NULL);
	if (what)
		assert_string_equal(told(&whole), what);
	assert_int_equal(exe_run(&split, file, len, split_ones, NULL), is);
	assert_true(exe_same(&whole, &split));
	for (size_t cut = 1; cut < len; cut++) {
		size_t at = cut;
		exe_run(&split, file, len, exe_cut, &at);
		assert_true(exe_same(&whole, &split));
	}
}

static void dos(uint32_t new_header)
{
	begin();
	put(0, "MZ\x90\0\3\0\0\0\4\0", 10);
	put32(60, new_header);
}

enum { AT = 128, OPTIONAL = AT + 24, TABLE = OPTIONAL + 224 };

/* Two sections: .text at 0x1000 from 0x400, `second` at 0x2000 from 0x600. */
static void pe(const char *second, uint32_t imports)
{
	dos(AT);
	put(AT, "PE\0\0", 4);
	put16(AT + 4, 0x14c);
	put16(AT + 6, 2);
	put16(AT + 20, 224);
	put16(AT + 22, 0x102);
	put16(OPTIONAL, 0x10b);
	put32(OPTIONAL + 36, 512);
	put16(OPTIONAL + 68, 2);
	put32(OPTIONAL + 92, 16);
	put32(OPTIONAL + 104, imports);
	put(TABLE, ".text", 5);
	put32(TABLE + 12, 0x1000);
	put32(TABLE + 16, 0x200);
	put32(TABLE + 20, 0x400);
	put(TABLE + 40, second, strlen(second) < 8 ? strlen(second) : 8);
	put32(TABLE + 48, 0x180);
	put32(TABLE + 52, 0x2000);
	put32(TABLE + 56, 0x200);
	put32(TABLE + 60, 0x610); /* rounded down */
	put16(0x7fe, 1);
}

static void import(unsigned which, uint32_t name, const char *text)
{
	const size_t at = 0x620 + 20u * which;
	put32(at + 12, name);
	put32(at + 16, 0x1010);
	put(name < 0x2000 ? name - 0x1000 + 0x400 : name - 0x2000 + 0x600, text, strlen(text) + 1);
}

static void windows_programs(void **state)
{
	(void)state;
	pe(".rdata", 0x2020);
	import(0, 0x2100, "KERNEL32.dll");
	import(1, 0x20c0, "USER32.dll");
	import(2, 0x210d, "ole32.dll");
	import(3, 0x2100, "KERNEL32.dll");
	expect("PE32 program i386 windows - sections=2[.text .rdata ] imports=[USER32.dll KERNEL32.dll ole32.dll ] unread=0");
	put16(AT + 22, 0x2102);
	put32(OPTIONAL + 96 + 8 * 14, 0x2000);
	expect("PE32 library i386 windows - sections=2[.text .rdata ] imports=[USER32.dll KERNEL32.dll ole32.dll ] unread=0");
	assert_true(whole.facts.dotnet);
	/* A name before the table that points to it, one that is nowhere, and one without a name. */
	import(1, 0x1100, "early.dll");
	put32(0x620 + 40 + 12, 0x9000000);
	put32(0x620 + 60 + 12, 0x2004);
	expect("PE32 library i386 windows - sections=2[.text .rdata ] imports=[KERNEL32.dll ] unread=3 cut");
	/* A table of imports that has gone by. */
	put32(OPTIONAL + 104, 0x100);
	expect("PE32 library i386 windows - sections=2[.text .rdata ] imports=[] unread=1");
	put32(OPTIONAL + 104, 0);
	expect("PE32 library i386 windows - sections=2[.text .rdata ] imports=[] unread=0");
	len = TABLE + 45;
	expect("PE32 library i386 windows - sections=2[.text ] imports=[] unread=0 cut");
	len = OPTIONAL + 80;
	expect("PE32 library i386 windows - sections=2[] imports=[] unread=0 cut");
}

static void packers(void **state)
{
	(void)state;
	pe("UPX1", 0);
	expect("PE32 program i386 windows UPX sections=2[.text UPX1 ] imports=[] unread=0");
	pe(".MPRESS1", 0);
	expect("PE32 program i386 windows MPRESS sections=2[.text .MPRESS1 ] imports=[] unread=0");
	pe("renamed", 0);
	put(0x3e0, "4.22\0UPX!", 9);
	expect("PE32 program i386 windows UPX sections=2[.text renamed ] imports=[] unread=0");
	pe("renamed", 0);
	put(4094, "UPX!", 4); /* not among the headers */
	expect("PE32 program i386 windows - sections=2[.text renamed ] imports=[] unread=0");
}

/* The new header begins within the old one, its fields within each other. */
static void small_programs(void **state)
{
	(void)state;
	dos(12);
	put(12, "PE\0\0\x64\x86", 6);
	put16(18, 1);
	put16(32, 8);
	put16(36, 0x20b);
	put(44, ".flat", 5);
	put16(36 + 68, 3);
	put16(300, 1);
	put32(60, 12);
	expect("PE32+ program x86-64 console - sections=1[.flat ] imports=[] unread=0");
}

static void old_programs(void **state)
{
	(void)state;
	dos(0);
	expect("MZ - - - - sections=0[] imports=[] unread=0");
	dos(100);
	put(100, "NE", 2);
	put16(150, 0);
	expect("NE - - - - sections=0[] imports=[] unread=0");
	put(100, "LE", 2);
	expect("LE - - - - sections=0[] imports=[] unread=0");
	put(100, "LX", 2);
	expect("LX - - - - sections=0[] imports=[] unread=0");
	dos(0x7fffffff);
	expect("MZ - - - - sections=0[] imports=[] unread=0 cut");
	begin();
	put(0, "MZ is how a program begins, and this letter begins so too, but it goes on", 72);
	expect(NULL);
	len = 40;
	expect(NULL);
}

static void elf_header(bool wide, bool big, unsigned type, unsigned machine, unsigned headers)
{
	begin();
	put(0, "\177ELF", 4);
	put_n(4, wide ? 2 : 1, 1, big);
	put_n(5, big ? 2 : 1, 1, big);
	put_n(16, type, 2, big);
	put_n(18, machine, 2, big);
	put_n(wide ? 32 : 28, wide ? 64 : 52, wide ? 8 : 4, big);
	put_n(wide ? 54 : 42, wide ? 56 : 32, 2, big);
	put_n(wide ? 56 : 44, headers, 2, big);
	put_n(2000, 0, 1, big);
}

static void elf_segment(bool wide, bool big, unsigned which, unsigned type, uint32_t from, uint32_t at, uint32_t size)
{
	const size_t h = (wide ? 64 : 52) + (wide ? 56u : 32u) * which;
	const unsigned w = wide ? 8 : 4;
	put_n(h, type, 4, big);
	put_n(h + (wide ? 8 : 4), from, w, big);
	put_n(h + (wide ? 16 : 8), at, w, big);
	put_n(h + (wide ? 32 : 16), size, w, big);
}

static void elf_dynamic(bool wide, bool big, unsigned which, uint32_t tag, uint32_t value)
{
	const unsigned w = wide ? 8 : 4;
	put_n(1024 + 2 * w * which, tag, w, big);
	put_n(1024 + 2 * w * which + w, value, w, big);
}

/* Strings before (as linkers put them), or behind, the section that refers to them. */
static void elf(bool wide, bool big, size_t strings)
{
	static const char names[] = "\0libc.so.6\0dlopen\0libm-2.36.so\0libunneeded.so\0libplain";
	elf_header(wide, big, 3, wide ? 62 : 20, 3);
	elf_segment(wide, big, 0, 1, 0, 0x10000, 2000);
	elf_segment(wide, big, 1, 2, 1024, 0x10400, 200);
	elf_segment(wide, big, 2, 3, 300, 0x1012c, 20);
	put(strings, names, sizeof names);
	elf_dynamic(wide, big, 0, 1, 1);
	elf_dynamic(wide, big, 1, 1, 18);
	elf_dynamic(wide, big, 2, 1, 11); /* a symbol's name, which is no library's */
	elf_dynamic(wide, big, 3, 5, 0x10000 + (uint32_t)strings);
	elf_dynamic(wide, big, 4, 0, 0);
}

/* Sections: headers at `at`, the last of them that of the names, which stand at `names`. */
static void elf_sections(bool wide, bool big, size_t at, size_t names, unsigned count)
{
	static const char text[] = "\0.text\0.shstrtab\0.rela.data";
	const unsigned w = wide ? 8 : 4, size = wide ? 64 : 40;
	put_n(wide ? 40 : 32, at, w, big);
	put_n(wide ? 58 : 46, size, 2, big);
	put_n(wide ? 60 : 48, count, 2, big);
	put_n(wide ? 62 : 50, count - 1, 2, big);
	put(names, text, sizeof text);
	for (unsigned i = 1; i < count; i++)
		put_n(at + i * size, i == count - 1 ? 7 : i == 1 ? 1 : 22, 4, big); /* .data is the end of another's */
	put_n(at + (count - 1) * size + (wide ? 24 : 16), names, w, big);
	put_n(at + (count - 1) * size + (wide ? 32 : 20), sizeof text, w, big);
	put_n(at + count * size - 1, 0, 1, big);
}

static void elf_section_names(void **state)
{
	(void)state;
	for (unsigned big = 0; big < 2; big++) {
		elf(true, big, 500);
		elf_sections(true, big, 2304, 2200, 4); /* as linkers put them */
		expect("ELF64 program x86-64 - - sections=3[.text .data .shstrtab ] imports=[libc.so.6 libm-2.36.so ] unread=1");
		elf(false, big, 500);
		elf_sections(false, big, 328, 700, 4); /* before what is loaded, as Go has them */
		expect("ELF32 program powerpc - - sections=3[.text .data .shstrtab ] imports=[libc.so.6 libm-2.36.so ] unread=1");
	}
	elf(true, false, 500);
	elf_sections(true, false, 4000, 2200, 4); /* too far before */
	expect("ELF64 program x86-64 - - sections=3[] imports=[libc.so.6 libm-2.36.so ] unread=1");
	elf_header(true, false, 1, 183, 0);
	elf_sections(true, false, 2304, 2200, 40);
	expect("ELF64 object arm64 - - sections=39[.text .data .data .data .data .data .data .data .data .data .data .data .data .data "
	       ".data .data .data .data .data .data .data .data .data .data .data .data .data .data .data .data .data .data ] "
	       "imports=[] unread=0");
	elf_header(true, false, 1, 183, 0);
	elf_sections(true, false, 2304, 2200, 4);
	len -= 100;
	expect("ELF64 object arm64 - - sections=3[] imports=[] unread=0 cut");
	put_n(62, 9, 2, false); /* nobody's names */
	expect("ELF64 object arm64 - - sections=3[] imports=[] unread=0");
}

static void elf_files(void **state)
{
	(void)state;
	elf(true, false, 500);
	expect("ELF64 program x86-64 - - sections=0[] imports=[libc.so.6 libm-2.36.so ] unread=1");
	elf(true, false, 1500);
	expect("ELF64 program x86-64 - - sections=0[] imports=[libc.so.6 dlopen libm-2.36.so ] unread=0");
	elf(false, true, 500);
	expect("ELF32 program powerpc - - sections=0[] imports=[libc.so.6 libm-2.36.so ] unread=1");
	elf(false, true, 1500);
	len = 1030;
	expect("ELF32 program powerpc - - sections=0[] imports=[] unread=0 cut");
	elf_header(true, false, 1, 183, 0);
	expect("ELF64 object arm64 - - sections=0[] imports=[] unread=0");
	elf_header(true, false, 2, 3, 60000);
	expect("ELF64 program i386 - - sections=0[] imports=[] unread=0 cut");
	file[4] = 7;
	expect(NULL);
}

static size_t macho_command(size_t at, uint32_t command, const char *text)
{
	const bool segment = command == 0x19;
	put32(at, command);
	put32(at + 4, segment ? 72 : 56);
	if (!segment)
		put32(at + 8, 24);
	put(at + (segment ? 8 : 24), text, strlen(text));
	return at + (segment ? 72 : 56);
}

static void macho(size_t at, uint32_t cpu, const char *library)
{
	put32(at, 0xfeedfacf);
	put32(at + 4, cpu);
	put32(at + 12, 2);
	put32(at + 16, 5);
	size_t c = macho_command(at + 32, 0x19, "__TEXT");
	c = macho_command(c, 0x19, "__DATA_CONST_LNG");
	c = macho_command(c, 0xc, "/usr/lib/libSystem.B.dylib");
	c = macho_command(c, 0x1d, "");
	macho_command(c, 0x80000018, library);
	put_n(at + 600, 0, 1, false);
}

static void macho_files(void **state)
{
	(void)state;
	begin();
	macho(0, 0x1000007, "/usr/lib/libz.dylib");
	expect("Mach-O 64 program x86-64 - - sections=2[__TEXT __DATA_CONST_LNG ] "
	       "imports=[/usr/lib/libSystem.B.dylib /usr/lib/libz.dylib ] unread=0");
	begin();
	put(0, "\xca\xfe\xba\xbe\0\0\0\2", 8);
	put_n(8, 0x1000007, 4, true);
	put_n(16, 2048, 4, true);
	put_n(28, 0x100000c, 4, true);
	put_n(36, 1024, 4, true);
	macho(2048, 0x1000007, "/usr/lib/libz.dylib");
	macho(1024, 0x100000c, "/usr/lib/liby.dylib");
	expect("Mach-O universal program x86-64+arm64 - - sections=2[__TEXT __DATA_CONST_LNG ] "
	       "imports=[/usr/lib/libSystem.B.dylib /usr/lib/liby.dylib /usr/lib/libz.dylib ] unread=0");
	/* Java's classes begin with the same four bytes. */
	assert_false(rs_exe_may_be((const uint8_t *)"\xca\xfe\xba\xbe\0\0\0\x41", 8));
}

static void missing_bytes(void **state)
{
	(void)state;
	pe(".rdata", 0x2020);
	import(0, 0x2100, "KERNEL32.dll");
	import(1, 0x20c0, "USER32.dll");
	rs_exe_init(&whole);
	rs_exe_feed(&whole, file, 0x6c4);
	rs_exe_gap(&whole);
	rs_exe_feed(&whole, file + 0x6c5, len - 0x6c5);
	assert_true(rs_exe_end(&whole));
	assert_string_equal(told(&whole), "PE32 program i386 windows - sections=2[.text .rdata ] imports=[] unread=2 cut");
}

/* More than there is room for is counted. */
static void many_names(void **state)
{
	char name[16];
	(void)state;
	pe("x", 0x2020);
	put32(TABLE + 56, 0x1800);
	for (unsigned i = 0; i < RS_EXE_IMPORTS + 5; i++) {
		snprintf(name, sizeof name, "%u.dll", i);
		import(i, 0x2600 + 16 * i, name);
	}
	exe_run(&whole, file, len, NULL, NULL);
	size_t at = 0, n = 0;
	while (rs_exe_import(&whole, &at))
		n++;
	assert_int_equal(n, RS_EXE_IMPORTS);
	assert_int_equal(whole.facts.unread, 5);
	pe("x", 0);
	put16(AT + 6, 40);
	put16(TABLE + 40 * 40, 0);
	exe_run(&whole, file, len, NULL, NULL);
	assert_int_equal(whole.facts.sections, 40);
	for (at = n = 0; rs_exe_section(&whole, &at);)
		n++;
	assert_int_equal(n, RS_EXE_SECTIONS);
	assert_false(whole.facts.cut);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(windows_programs), cmocka_unit_test(packers),	   cmocka_unit_test(small_programs),
		cmocka_unit_test(old_programs),	    cmocka_unit_test(elf_files),   cmocka_unit_test(elf_section_names),
		cmocka_unit_test(macho_files),
		cmocka_unit_test(missing_bytes),    cmocka_unit_test(many_names),
	};
	return cmocka_run_group_tests_name("rs_exe", tests, NULL, NULL);
}
