/* SPDX-License-Identifier: Apache-2.0 */
/* Names for the numbers in executables' headers, and packers by their sections. */
#include "reassembly/facts/rs_exe_internal.h"

#include <string.h>

const char *rs_exe_format_name(enum rs_exe_format f)
{
	static const char *const names[RS_EXE_FORMAT_MAX] = {
		[RS_EXE_NONE] = "none", [RS_EXE_MZ] = "MZ", [RS_EXE_NE] = "NE", [RS_EXE_LE] = "LE", [RS_EXE_LX] = "LX",
		[RS_EXE_PE32] = "PE32", [RS_EXE_PE32_PLUS] = "PE32+", [RS_EXE_ELF32] = "ELF32", [RS_EXE_ELF64] = "ELF64",
		[RS_EXE_MACHO32] = "Mach-O", [RS_EXE_MACHO64] = "Mach-O 64", [RS_EXE_MACHO_FAT] = "Mach-O universal",
	};
	return f < RS_EXE_FORMAT_MAX ? names[f] : "none";
}

const char *rs_exe_type_name(enum rs_exe_type t)
{
	static const char *const names[RS_EXE_TYPE_MAX] = {
		[RS_EXE_PROGRAM] = "program", [RS_EXE_LIBRARY] = "library", [RS_EXE_OBJECT] = "object", [RS_EXE_CORE] = "core",
	};
	return t < RS_EXE_TYPE_MAX ? names[t] : NULL;
}

struct numbered {
	uint32_t number;
	const char *name;
};

static const struct numbered pe_machines[] = {
	{ 0x14c, "i386" }, { 0x162, "mips" }, { 0x166, "mips" }, { 0x169, "mips" }, { 0x184, "alpha" }, { 0x1a2, "sh3" },
	{ 0x1a6, "sh4" }, { 0x1c0, "arm" }, { 0x1c2, "arm" }, { 0x1c4, "arm" }, { 0x1f0, "powerpc" }, { 0x200, "ia64" },
	{ 0x284, "alpha64" }, { 0xebc, "efi-bytecode" }, { 0x5032, "riscv32" }, { 0x5064, "riscv64" }, { 0x6264, "loongarch64" },
	{ 0x8664, "x86-64" }, { 0xaa64, "arm64" }, { 0xa641, "arm64ec" }, { 0, NULL },
};

static const struct numbered elf_machines[] = {
	{ 2, "sparc" }, { 3, "i386" }, { 4, "m68k" }, { 8, "mips" }, { 15, "hppa" }, { 18, "sparc" }, { 20, "powerpc" },
	{ 21, "powerpc64" }, { 22, "s390" }, { 40, "arm" }, { 42, "sh" }, { 43, "sparc64" }, { 50, "ia64" }, { 62, "x86-64" },
	{ 183, "arm64" }, { 243, "riscv" }, { 247, "bpf" }, { 258, "loongarch" }, { 0x9026, "alpha" }, { 0, NULL },
};

static const struct numbered macho_machines[] = {
	{ 7, "i386" }, { 12, "arm" }, { 18, "powerpc" }, { 0x1000007, "x86-64" }, { 0x100000c, "arm64" }, { 0x1000012, "powerpc64" },
	{ 0x200000c, "arm64_32" }, { 0, NULL },
};

static const struct numbered subsystems[] = {
	{ 1, "native" }, { 2, "windows" }, { 3, "console" }, { 5, "os2" }, { 7, "posix" }, { 8, "windows-9x-driver" },
	{ 9, "windows-ce" }, { 10, "efi-application" }, { 11, "efi-boot-driver" }, { 12, "efi-runtime-driver" }, { 13, "efi-rom" },
	{ 14, "xbox" }, { 16, "windows-boot" }, { 0, NULL },
};

static const char *name_of(const struct numbered *n, uint32_t number)
{
	while (n->name && n->number != number)
		n++;
	return n->name;
}

const char *rs_exe_machine_name(enum rs_exe_format f, uint32_t machine)
{
	switch (f) {
	case RS_EXE_PE32:
	case RS_EXE_PE32_PLUS:
		return name_of(pe_machines, machine);
	case RS_EXE_ELF32:
	case RS_EXE_ELF64:
		return name_of(elf_machines, machine);
	case RS_EXE_MACHO32:
	case RS_EXE_MACHO64:
	case RS_EXE_MACHO_FAT:
		return name_of(macho_machines, machine);
	case RS_EXE_NONE:
	case RS_EXE_MZ:
	case RS_EXE_NE:
	case RS_EXE_LE:
	case RS_EXE_LX:
	case RS_EXE_FORMAT_MAX:
		break;
	}
	return NULL;
}

const char *rs_exe_subsystem_name(uint16_t subsystem)
{
	return name_of(subsystems, subsystem);
}

const char *rs_exe_packer_of(const uint8_t section[8])
{
	static const struct {
		const char *section, *packer;
	} marks[] = {
		{ "UPX", "UPX" }, { ".UPX", "UPX" }, { ".aspack", "ASPack" }, { ".adata", "ASPack" }, { ".MPRESS", "MPRESS" },
		{ ".petite", "Petite" }, { "petite", "Petite" }, { ".nsp", "NsPack" }, { "nsp", "NsPack" }, { "PEC2", "PECompact" },
		{ "PECompact", "PECompact" }, { "pec", "PECompact" }, { ".themida", "Themida" }, { ".Themida", "Themida" },
		{ ".winlice", "Themida" }, { ".vmp", "VMProtect" }, { ".enigma", "Enigma" }, { ".yP", "Yoda" }, { ".y0da", "Yoda" },
		{ ".MEW", "MEW" }, { "MEW", "MEW" }, { ".kkrunch", "kkrunchy" }, { ".RLPack", "RLPack" }, { ".packed", "RLPack" },
		{ ".perplex", "Perplex" }, { "ProCrypt", "ProCrypt" }, { ".svkp", "SVKP" }, { ".WWPACK", "WWPack" },
		{ "WWP32", "WWPack" }, { ".shrink", "Shrinker" }, { ".neolit", "NeoLite" }, { ".spack", "Simple Pack" },
		{ ".taz", "PESpin" }, { ".tsuarch", "TSULoader" }, { "BitArts", "BitArts" }, { ".ccg", "CCG" }, { ".charmve", "PIN" },
	};
	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
		const size_t n = strlen(marks[i].section);
		if (memcmp(section, marks[i].section, n < 8 ? n : 8) == 0)
			return marks[i].packer;
	}
	return NULL;
}
