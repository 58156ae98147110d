# SPDX-License-Identifier: Apache-2.0
"""TNEF and S/MIME: what is in them, beside what `tnef` and `openssl` take out of them."""
import glob
import hashlib
import os
import re
import shutil
import struct
import subprocess
import tempfile
import unittest

import harness
import pg_cms
import pg_mail
from harness import Scenario, need_shared, shared
from pg_session import Path

TNEF = shutil.which("tnef")
OPENSSL = shutil.which("openssl")
LOADER = b"\0\0KERNEL32.DLL\0\0ADVAPI32.DLL\0WS2_32.DLL\0\0 a program that is none, and long enough to be one" * 3
ENTITY = b'Content-Type: application/octet-stream; name="letter.dat"\r\nContent-Transfer-Encoding: base64\r\n\r\n' + pg_mail.encode_base64(LOADER)


def letter(data, name, ctype="application/octet-stream"):
    return pg_mail.message([pg_mail.text("See the attachment."), pg_mail.attachment(data, name, ctype=ctype)])


def attribute(level, which, data):
    return struct.pack("<BII", level, which, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)


def tnef(data, title, long_name=None):
    out = struct.pack("<IH", 0x223E9F78, 1) + attribute(1, 0x89006, struct.pack("<I", 0x10000))
    out += attribute(2, 0x69002, b"\1\0" + b"\xff" * 4 + b"\0" * 8) + attribute(2, 0x18010, title + b"\0") + attribute(2, 0x6800F, data)
    if long_name:
        name = long_name.encode("utf-16le") + b"\0\0"
        value = struct.pack("<HHII", 0x1F, 0x3707, 1, len(name)) + name + b"\0" * (-len(name) % 4)
        out += attribute(2, 0x69005, struct.pack("<I", 1) + value)
    return out


class Tnef(Scenario):
    def test_a_program_in_it(self):
        deflated = pg_mail.zip_archive([("letter.scr", LOADER)], deflate=True)
        cases = [(tnef(LOADER, b"LETTER~1.SCR", "letter \u00e9t\u00e9.jpg.scr"), ["winmail.dat", "LETTER~1.SCR"]),
                 (tnef(deflated, b"A.ZIP"), ["winmail.dat", "A.ZIP", "letter.scr"]),
                 (tnef(tnef(LOADER, b"B.SCR"), b"INNER.DAT"), ["winmail.dat", "INNER.DAT", "B.SCR"])]
        r, found = self.judge([letter(data, "winmail.dat", "application/ms-tnef") for data, _ in cases], status=1)
        for own, (_, path) in zip(found, cases):
            self.assertEqual(own["verdict"], "infected")
            self.assertIn(path, [m["path"] for m in own["marks"]])
        told = [f["mailweir"] for f in r.of("fileinfo") if f["fileinfo"]["filename"] == "LETTER~1.SCR"]
        self.assertEqual(told[0]["names"], ["LETTER~1.SCR", "letter \u00e9t\u00e9.jpg.scr"])
        self.assertTrue(told[0]["double_extension"])

    @need_shared("mail", "MimeKit", "UnitTests", "TestData", "tnef")
    @unittest.skipUnless(TNEF, "tnef is not here: install tnef")
    def test_beside_tnef(self):
        files = sorted(glob.glob(shared("mail", "MimeKit", "UnitTests", "TestData", "tnef", "*.tnef")))
        self.assertGreater(len(files), 15)
        letters = []
        for path in files:
            with open(path, "rb") as f:
                letters.append(letter(f.read(), os.path.basename(path)))
        r, found = self.judge(letters)
        members = 0
        for path, own in zip(files, found):
            name = os.path.basename(path)
            mine = [f for f in r.of("fileinfo") if f["mailweir"]["path"][:1] == [name] and len(f["mailweir"]["path"]) == 2]
            mine = [f for f in mine if not f["fileinfo"]["filename"].startswith("body")]
            names = {n for f in mine for n in f["mailweir"].get("names", [f["fileinfo"]["filename"]])}
            with self.subTest(file=name), tempfile.TemporaryDirectory() as folder:
                p = subprocess.run([TNEF, "--number-backups", "-C", folder, "-f", path], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
                if p.stderr:  # it gives up where this one goes on, and says that readers differ
                    self.assertEqual((own["verdict"], own["reason"]), ("unscanned", "malformed"))
                    continue
                self.assertEqual(own["verdict"], "clean")
                theirs = []
                for entry in os.listdir(folder):
                    with open(os.path.join(folder, entry), "rb") as f:
                        content = f.read()
                    # Of an object it leaves the number of its interface (IStorage) before the data.
                    content = content[16:] if content.startswith(bytes.fromhex("0b00000000000000c000000000000046")) else content
                    theirs.append(hashlib.sha256(content).hexdigest())
                    self.assertTrue({entry, re.sub(r"\.\d+$", "", entry)} & names, entry)
                self.assertEqual(sorted(f["fileinfo"]["sha256"] for f in mine), sorted(theirs))
                members += len(theirs)
        self.assertGreater(members, 15)


@unittest.skipUnless(OPENSSL, "openssl is not here: install openssl")
class Smime(Scenario):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.keys = tempfile.mkdtemp()
        subprocess.run([OPENSSL, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", cls.keys + "/k", "-out", cls.keys + "/c", "-subj",
                        "/CN=x", "-days", "999"], check=True, stderr=subprocess.DEVNULL)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.keys)
        super().tearDownClass()

    def cms(self, *arguments, entity=ENTITY):
        return subprocess.run([OPENSSL, "cms", arguments[0], "-binary", "-outform", "DER", *arguments[1:]], input=entity, check=True,
                              stdout=subprocess.PIPE).stdout

    def signed(self, *arguments, **options):
        return self.cms("-sign", "-nodetach", "-signer", self.keys + "/c", "-inkey", self.keys + "/k", *arguments, **options)

    def test_contents(self):
        """By what is in it, whatever it is declared to be."""
        sealed = self.cms("-encrypt", "-aes128", self.keys + "/c")
        cases = [
            (self.signed(), True, None),
            (self.signed("-stream"), True, None),
            (self.signed(entity=b"Content-Type: text/plain\r\n\r\n" + LOADER), True, "infected"),
            (self.cms("-digest_create"), True, None),
            (sealed, False, "unscanned/encrypted-file"),
            (self.cms("-sign", "-signer", self.keys + "/c", "-inkey", self.keys + "/k"), False, "clean"),
        ]
        for ctype in ("application/pkcs7-mime; smime-type=signed-data", "application/pkcs7-mime; smime-type=enveloped-data",
                      "application/octet-stream"):
            r, found = self.judge([letter(data, "smime%u.p7m" % i, ctype) for i, (data, _, _) in enumerate(cases)])
            for i, (own, (data, member, verdict)) in enumerate(zip(found, cases)):
                with self.subTest(ctype=ctype, case=i):
                    inside = [f["fileinfo"] for f in r.of("fileinfo") if f["mailweir"]["path"] == ["smime%u.p7m" % i, "signed-data"]]
                    self.assertEqual(len(inside), int(member))
                    said = "/".join(filter(None, [own["verdict"], own.get("reason")]))
                    if verdict and said.split("/")[0] == "infected":
                        self.assertEqual(verdict, "infected")
                    elif verdict:
                        self.assertEqual(said, verdict)
                    else:  # a program is in it: never clean
                        self.assertNotEqual(own["verdict"], "clean")
                    if member:
                        self.assertEqual(inside[0]["state"], "CLOSED")
                        if i < 2 or i == 3:
                            self.assertEqual(inside[0]["sha256"], hashlib.sha256(ENTITY).hexdigest())

    def test_what_is_none(self):
        """Declared to be S/MIME, and not what this reader takes for it: another may."""
        _, found = self.judge([letter(b"no such thing, but a text that goes on", "smime.p7m", "application/pkcs7-mime")])
        self.assertEqual((found[0]["verdict"], found[0]["reason"]), ("unscanned", "malformed"))

    def test_content_in_pieces_of_few_bytes(self):
        """Where it stands in the message does not hang on how that is cut into packets."""
        plain = b"Content-Type: text/plain\r\n\r\n" + b"x" * 3000 + LOADER
        zipped = pg_mail.zip_archive([("letter.scr", b"x" * 30 + LOADER)], deflate=True)
        cases = [(entity, size) for entity in (plain, zipped) for size in (1, 2, 3, 40)]
        letters = [letter(pg_cms.signed(*case), "smime.p7m", "application/pkcs7-mime") for case in cases]
        told = []
        for mss in (1460, 1, 7, 100, 536, 9000):
            _, found = self.judge(letters, name="pieces.pcap", status=1, path=Path(mss=mss))
            told.append([[(m["path"], [(c["criterion"], c["offset"], c["line"]) for c in m["criteria"]]) for m in own["marks"]] for own in found])
            self.assertEqual(told[-1], told[0], mss)
        for (entity, size), marks in zip(cases[:4], told[0]):
            begin = pg_cms.signed(entity, size).index(pg_cms.pieces(entity, size))
            hits = [hit for path, criteria in marks for hit in criteria if path == ["smime.p7m", "signed-data"] and ".DLL" in hit[0]]
            self.assertGreater(len(hits), 1)
            for name, offset, line in hits:
                self.assertEqual(entity[offset : offset + len(name)], name.encode())
                self.assertEqual(line, (begin + offset // size * (size + 2) + 2 + offset % size) // 57 + 1, (size, name))

    def test_armour(self):
        """What stands in armour (PEM) is read as that, and what is none is none."""
        def armoured(data, label="CMS", end="\n"):
            lines = pg_mail.encode_base64(data, 64).replace(b"\r\n", end.encode())
            return b"-----BEGIN %s-----" % label.encode() + end.encode() + lines + b"-----END %s-----" % label.encode() + end.encode()

        text = self.signed(entity=b"Content-Type: text/plain\r\n\r\nHello.\r\n" * 9)
        by_openssl = subprocess.run([OPENSSL, "cms", "-cmsout", "-inform", "DER", "-outform", "PEM"], input=text, check=True, stdout=subprocess.PIPE).stdout
        self.assertEqual(by_openssl, armoured(text))
        cases = [
            (by_openssl, "clean"),
            (armoured(text, "PKCS7", "\r\n"), "clean"),
            (armoured(self.signed()), "infected"),
            (armoured(self.signed("-stream"), "PKCS7"), "infected"),
            (armoured(self.cms("-encrypt", "-aes128", self.keys + "/c")), "unscanned/encrypted-file"),
            (armoured(b"no such thing, but a text that goes on" * 9), "unscanned/malformed"),
            (b"-----BEGIN CMS-----\nno such thing, but a text that goes on\n", "unscanned/malformed"),
            (b"-----BEGIN ", "unscanned/malformed"),
        ]
        _, found = self.judge([letter(data, "smime.p7m", "application/pkcs7-mime") for data, _ in cases], status=1)
        self.assertEqual(["/".join(filter(None, [own["verdict"], own.get("reason")])) for own in found], [said for _, said in cases])


if __name__ == "__main__":
    harness.main()
