# SPDX-License-Identifier: Apache-2.0
"""Files that are kept, and the members of archives that are only listed."""
import hashlib
import os
import shutil
import subprocess
import tempfile
import unittest

import harness
import pg_mail
from harness import Scenario, run
from pg_session import Mail, Session

BSDTAR = shutil.which("bsdtar")
LOADER = b"\0\0KERNEL32.DLL\0\0ADVAPI32.DLL\0WS2_32.DLL\0\0 a program that is none" * 40


def letter(data, name):
    return pg_mail.message([pg_mail.text("See the attachment."), pg_mail.attachment(data, name)])


class Store(Scenario):
    def keep(self, letters, mode, more=""):
        config = self.write("store.yaml", ("files:\n  store: %s\n%s" % (mode, more)).encode())
        folder = tempfile.mkdtemp(dir=self.path(""))
        r, found = self.judge(letters, arguments=["-c", config, "-o", folder])
        kept = {}
        for where, _, names in os.walk(os.path.join(folder, "filestore")):
            for name in names:
                self.assertEqual(os.path.basename(where), name[:2])
                with open(os.path.join(where, name), "rb") as f:
                    kept[name] = f.read()
                self.assertEqual(hashlib.sha256(kept[name]).hexdigest(), name)
        return [f for f in r.of("fileinfo")], set(kept.values())

    def test_which_files(self):
        short, long = b"short", os.urandom(200000)
        letters = [letter(LOADER, "bad.bin"), letter(short, "short.bin"), letter(long, "long.bin"), letter(b"", "empty.bin")]
        files, kept = self.keep(letters, "all")
        self.assertEqual(kept, {LOADER, short, long, b""})
        self.assertTrue(all(f["fileinfo"]["stored"] for f in files))
        files, kept = self.keep(letters, "matched")
        self.assertEqual(kept, {LOADER})
        self.assertEqual([f["fileinfo"]["filename"] for f in files if f["fileinfo"]["stored"]], ["bad.bin"])
        files, kept = self.keep(letters, "all", "  store_size: 100k\n")
        self.assertEqual(kept, {LOADER, short, b""})
        told = {f["fileinfo"]["filename"]: f["mailweir"].get("not_stored") for f in files}
        self.assertEqual(told, {"bad.bin": None, "short.bin": None, "long.bin": "longer than files.store_size", "empty.bin": None})
        files, kept = self.keep(letters, "all", "  store_files: 2\n")
        self.assertEqual(len(kept), 2)
        self.assertEqual(sum(f["fileinfo"]["stored"] for f in files), 2)
        files, kept = self.keep(letters, "all", "  magic: false\n  sha256: none\n")
        self.assertEqual(kept, {LOADER, short, long, b""})

    def test_members_of_what_matched(self):
        archive = pg_mail.zip_archive([("bad.scr", LOADER), ("good.txt", b"good")], deflate=True)
        files, kept = self.keep([letter(archive, "a.zip")], "matched")
        self.assertEqual(kept, {LOADER, archive})

    def test_too_little_room(self):
        letters = [letter(os.urandom(90000), "a.bin")]
        files, kept = self.keep(letters, "all", "memory:\n  blocks: 128\n")
        self.assertEqual((kept, files[0]["mailweir"]["not_stored"]), (set(), "no room in memory.blocks or limits.note_blocks"))
        self.assertIn("sha256", files[0]["fileinfo"])

    def test_more_than_there_is_room_for_at_a_time(self):
        """A capture waits for control: all are kept, however many workers there are."""
        letters = [letter(os.urandom(20000), "%u.bin" % i) for i in range(60)]
        files, kept = self.keep(letters, "all", "memory:\n  blocks: 256\n")
        self.assertEqual(len(kept), 60)
        self.assertTrue(all(f["fileinfo"]["stored"] for f in files))

    def test_needs_a_folder(self):
        config = self.write("store.yaml", b"files:\n  store: all\n")
        capture = self.capture("one.pcap", [Session([Mail(letter(b"x", "x.bin"))])])
        p = run("read", "-c", config, capture)
        self.assertEqual(p.status, 2)
        self.assertIn(b"give -o DIR", p.err)

    @unittest.skipUnless(BSDTAR, "bsdtar is not here: install libarchive-tools")
    def test_listed_members(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, content in (("letter.txt.exe", LOADER), ("readme.txt", b"read me")):
                with open(os.path.join(folder, name), "wb") as f:
                    f.write(content)
            archives = {}
            for form in ("7zip", "iso9660"):
                path = os.path.join(folder, "a." + form)
                subprocess.run([BSDTAR, "-cf", path, "--format", form, "-C", folder, "letter.txt.exe", "readme.txt"], check=True)
                with open(path, "rb") as f:
                    archives["a." + form] = f.read()
        files, _ = self.keep([letter(content, name) for name, content in archives.items()], "all")
        for name in archives:
            listed = {f["fileinfo"]["filename"].lower(): f for f in files if f["mailweir"]["path"][:1] == [name] and f["mailweir"].get("listed")}
            self.assertEqual(set(listed), {"letter.txt.exe", "readme.txt"})
            self.assertEqual(listed["letter.txt.exe"]["fileinfo"]["size"], len(LOADER))
            self.assertTrue(listed["letter.txt.exe"]["mailweir"]["double_extension"])


if __name__ == "__main__":
    harness.main()
