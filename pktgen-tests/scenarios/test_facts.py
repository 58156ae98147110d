# SPDX-License-Identifier: Apache-2.0
"""Facts about files: what executables' headers say, beside what LLVM reads in them; and what names hide."""
import glob
import io
import os
import re
import shutil
import struct
import subprocess
import tarfile
import unittest
import zlib

import harness
import pg_mail
from harness import Scenario, have_shared, shared

READOBJ = shutil.which("llvm-readobj")
SEEDS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "seeds", "rs_exe")
MACHINES = {"IMAGE_FILE_MACHINE_AMD64": "x86-64", "IMAGE_FILE_MACHINE_I386": "i386", "IMAGE_FILE_MACHINE_ARM64": "arm64", "EM_X86_64": "x86-64",
            "EM_386": "i386", "EM_PPC": "powerpc", "EM_AARCH64": "arm64"}
SUBSYSTEMS = {"WINDOWS_GUI": "windows", "WINDOWS_CUI": "console", "EFI_APPLICATION": "efi-application"}


def programs():
    # Seeds of Mach-O are cut behind their headers, which LLVM does not take.
    files = [p for p in sorted(glob.glob(os.path.join(SEEDS, "*"))) if "macho" not in p]
    if have_shared("programs", "MANIFEST.tsv"):
        files += sorted(glob.glob(shared("programs", "*.[ed][xfl][ei]")) + glob.glob(shared("programs", "*.dll")))
    return files + [os.path.realpath(p) for p in ("/bin/ls", "/bin/true", READOBJ or "", harness.PROGRAM) if os.path.exists(p)]


def llvm(path):
    """The same facts by llvm-readobj."""
    out = subprocess.run([READOBJ, "--file-headers", "--sections", "--coff-imports", "--needed-libs", path], text=True,
                         errors="replace", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout

    def first(pattern):
        found = re.search(pattern, out, re.M)
        return found and found.group(1)

    facts = {"machine": MACHINES[first(r"^  Machine: (\S+)")], "imports": set(re.findall(r"^Import \{\n  Name: (.*)", out, re.M))}
    needed = re.search(r"^NeededLibraries \[\n(.*?)\]", out, re.M | re.S)
    if needed:
        facts["imports"] |= {line.strip() for line in needed.group(1).splitlines() if line.strip()}
    if first(r"^Format: (COFF)"):
        facts["format"] = {"0x10B": "PE32", "0x20B": "PE32+"}[first(r"^  Magic: (0x\w+)")]
        facts["subsystem"] = SUBSYSTEMS[first(r"^  Subsystem: IMAGE_SUBSYSTEM_(\w+)")]
        facts["type"] = "library" if "IMAGE_FILE_DLL" in out else "program"
        # As it stands in the header: longer names are in a table of strings.
        facts["sections"] = [bytes.fromhex(h.replace(" ", "")).split(b"\0")[0].decode() for h in
                             re.findall(r"^    Name: .*\(((?:[0-9A-F]{2} ){7}[0-9A-F]{2})\)", out, re.M)]
    elif first(r"^Format: (elf)"):
        facts["format"] = {"32-bit": "ELF32", "64-bit": "ELF64"}[first(r"^    Class: (\S+)")]
    return facts


class Programs(Scenario):
    @unittest.skipUnless(READOBJ, "llvm-readobj is not here: install llvm")
    def test_beside_llvm(self):
        paths = programs()
        self.assertGreater(len(paths), 8)
        files = []
        for number, path in enumerate(paths):
            with open(path, "rb") as f:
                files.append(("%03u-%s" % (number, os.path.basename(path)), f.read()))
        letters = [pg_mail.message([pg_mail.text("See."), pg_mail.attachment(content, name)]) for name, content in files]
        r, _ = self.judge(letters)
        told = {f["fileinfo"]["filename"]: f["mailweir"].get("executable") for f in r.of("fileinfo")}
        self.assertEqual(len(told), len(files))
        imports = 0
        for path, (name, _) in zip(paths, files):
            ours, theirs = told[name], llvm(path)
            with self.subTest(file=name):
                self.assertIsNotNone(ours)
                if name.endswith("clamav_clam.exe"):  # its table of imports stands among its headers, its section at their end
                    self.assertEqual(ours["imports_unread"], 1)
                    theirs["imports"] = set()
                else:
                    self.assertNotIn("imports_unread", ours)
                self.assertNotIn("truncated", ours)
                for key in theirs:
                    mine = set(ours[key]) if key == "imports" else ours[key]
                    self.assertEqual(mine, theirs[key], key)
                imports += len(theirs["imports"])
        self.assertGreater(imports, 20)

    def test_mach_o(self):
        libraries = ["/usr/lib/libSystem.B.dylib"]
        for name, machines in (("macho-x86_64", None), ("macho-fat", ["x86-64", "arm64"])):
            with open(os.path.join(SEEDS, name), "rb") as f:
                content = f.read()
            r, _ = self.judge([pg_mail.message([pg_mail.text("See."), pg_mail.attachment(content, name)])])
            told = r.of("fileinfo")[0]["mailweir"]["executable"]
            self.assertEqual((told["machine"], told.get("machines"), told["imports"]), ("x86-64", machines, libraries))
            self.assertEqual(told["sections"], ["__PAGEZERO", "__TEXT", "__DATA_CONST", "__DATA", "__LINKEDIT"])
            self.assertNotIn("truncated", told)

    def test_packers(self):
        if not have_shared("programs", "MANIFEST.tsv"):
            self.skipTest("no data/programs in MAILWEIR_SHARED")
        files = []
        for name in ("UPX_nsis_RegTool-amd64.exe", "clamav_clam-upx.exe", "clamav_clam-petite.exe", "nsis_RegTool-amd64.exe"):
            with open(shared("programs", name), "rb") as f:
                files.append((name, f.read()))
        # Its sections renamed: the packer's own mark is between the headers and what it packed.
        files.append(("renamed.exe", files[0][1].replace(b"UPX0", b"CODE").replace(b"UPX1", b"DATA").replace(b"UPX2", b"MORE")))
        letters = [pg_mail.message([pg_mail.text("See."), pg_mail.attachment(content, name)]) for name, content in files]
        r, _ = self.judge(letters)
        told = {f["fileinfo"]["filename"]: f["mailweir"]["executable"].get("packer") for f in r.of("fileinfo")}
        self.assertEqual(told, {"UPX_nsis_RegTool-amd64.exe": "UPX", "clamav_clam-upx.exe": "UPX", "clamav_clam-petite.exe": "Petite",
                                "nsis_RegTool-amd64.exe": None, "renamed.exe": "UPX"})

    def test_in_an_archive(self):
        with open(os.path.join(SEEDS, "pe64.exe"), "rb") as f:
            content = f.read()
        archive = pg_mail.zip_archive([("a.txt.exe", content), ("b.txt", b"MZ is how programs begin, and this text begins so too" * 3)], deflate=True)
        r, _ = self.judge([pg_mail.message([pg_mail.text("See."), pg_mail.attachment(archive, "a.zip", ctype="application/zip")])])
        told = {f["fileinfo"]["filename"]: f["mailweir"] for f in r.of("fileinfo")}
        self.assertEqual(told["a.txt.exe"]["executable"]["imports"], ["KERNEL32.dll", "USER32.dll"])
        self.assertTrue(told["a.txt.exe"]["double_extension"])
        self.assertNotIn("executable", told["b.txt"])
        self.assertNotIn("executable", told["a.zip"])


class Names(Scenario):
    def test_names(self):
        cases = [
            ("photo.jpg.exe", {"extension": "exe", "double_extension": True}),
            ("photo.jpg%s.scr" % (" " * 60), {"extension": "scr", "double_extension": True, "padded_extension": True}),
            ("photo\u202egpj.exe", {"extension": "exe", "direction_override": True}),
            ("photo\u2067gpj.pif", {"extension": "pif", "direction_override": True}),
            ("report.tar.gz", {"extension": "gz"}),
            ("report", {}),
            ("r\u00e9sum\u00e9.PDF", {"extension": "pdf"}),
        ]
        letters = [pg_mail.message([pg_mail.text("See."), pg_mail.attachment(b"content %u" % i, name)]) for i, (name, _) in enumerate(cases)]
        r, _ = self.judge(letters)
        keys = ("extension", "double_extension", "padded_extension", "direction_override")
        told = [{k: f["mailweir"][k] for k in keys if k in f["mailweir"]} for f in r.of("fileinfo")]
        self.assertEqual(told, [facts for _, facts in cases])

    def named(self, *archives):
        letters = [pg_mail.message([pg_mail.text("See."), pg_mail.attachment(data, "a.bin")]) for data in archives]
        r, own = self.judge(letters)
        return r, own, [[f["fileinfo"]["filename"]] + f["mailweir"].get("names", [])[1:] for f in r.of("fileinfo")
                        if f["fileinfo"]["filename"] != "a.bin"]

    def test_names_in_zips(self):
        path = "fr\u00fch\u2713.exe".encode()
        cases = [  # name, flags, Unicode paths with the CRC-32 of which name; names told, and anomalies
            (b"fr\x81h.txt", 0, [], [["fr\u00fch.txt"]], []),
            ("fr\u00fch.txt".encode(), 0, [], [["fr\u00fch.txt"]], []),
            ("fr\u00fch.txt".encode(), 0x800, [], [["fr\u00fch.txt"]], []),
            (b"fr\x81h.txt", 0, [(b"fr\x81h.txt", path)], [["fr\u00fch.txt", path.decode()]], ["mime.names_differ"]),
            (b"fr\x81h.exe", 0, [(b"fr\x81h.exe", path)], [["fr\u00fch.exe", path.decode()]], []),
            (b"fr\x81h.txt", 0, [(b"fr\x81h.txt", "fr\u00fch.txt".encode())], [["fr\u00fch.txt"]], []),
            (b"a.txt", 0x800, [(b"a.txt", path)], [["a.txt", path.decode()]], ["mime.names_differ"]),
            (b"a.txt", 0, [(b"b.txt", path)], [["a.txt"]], []),
            (b"a.txt", 0, [(b"a.txt", b"b.exe"), (b"a.txt", b"c.exe")], [["b.exe"], ["a.txt", "c.exe"]], ["mime.names_differ"]),
            (b"a.exe\0.txt", 0, [], [["a.exe\u2400.txt", "a.exe"]], []),
            (b"n/" * 150 + b"long.exe", 0, [], [["n/" * 79 + "n" + "n/" * 44 + "long.exe"]], ["mime.name_cut"]),
        ]
        for name, flags, paths, told, anomalies in cases:
            extra = b"".join(struct.pack("<HHBI", 0x7075, len(p) + 5, 1, zlib.crc32(of)) + p for of, p in paths)
            head = struct.pack("<HHHHHIIIHH", 20, flags, 0, 0, 0x5821, zlib.crc32(b"text"), 4, 4, len(name), len(extra))
            local = b"PK\3\4" + head + name + extra + b"text"
            central = b"PK\1\2\x14\3" + head + struct.pack("<HHHII", 0, 0, 0, 0, 0) + name + extra
            end = b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local), 0)
            r, own, names = self.named(local + central + end)
            self.assertEqual((own[0]["verdict"], names), ("clean", told))
            self.assertEqual(own[0]["errors"], anomalies)

    def test_long_names_in_tars(self):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as t:
            t.addfile(tarfile.TarInfo("n/" * 150 + "long.exe"))
        _, own, names = self.named(out.getvalue())
        self.assertEqual(names, [["n/" * 80 + "n/" * 44 + "long.exe"]])
        self.assertEqual(own[0]["errors"], ["mime.name_cut"])

    def test_all_files_are_reported_where_asked(self):
        letter = pg_mail.message([pg_mail.text("A text."), pg_mail.attachment(b"content", "a.bin")])
        config = self.write("all.yaml", b"files:\n  report: all\n")
        for arguments, parts in ((["-c", config], ["0", "1", "2"]), ([], ["2"])):
            r, _ = self.judge([letter], arguments=arguments)
            self.assertEqual([f["mailweir"]["part"] for f in r.of("fileinfo")], parts)
            self.assertTrue(all("sha256" in f["fileinfo"] for f in r.of("fileinfo")))


if __name__ == "__main__":
    harness.main()
