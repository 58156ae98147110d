# SPDX-License-Identifier: Apache-2.0
"""The founding documents' marks: loader names in what is no text, base64 prefixes once, twice and three times encoded."""
import base64
import re

import harness
import pg_mail
from harness import BUNDLED, Scenario, need_shared, run, shared
from pg_session import wrap

MB = 1 << 20

PREFIXES = (
    "TVqQAAMAA TVpQAAlAA TVpQAAIAA TVpAALQAc TVpyAXkAX TVrmAU4AA TVrhARwAk TVoFAQUAA TVoAAAQAA TVoIARMAA TVouARsAA TVrQAT8AA"
).split()


def place(part, name):
    """(line, line) on which the encoding of name begins and ends."""
    return pg_mail.encoded_lines(part, name)


def letter(*parts):
    return pg_mail.message([pg_mail.text("See the attachment.")] + list(parts), subject="a file")


def attached(content, name="file.bin", how="base64"):
    return letter(wrap(content, name, how))


class Loader(Scenario):
    def each(self, cases):
        """Judges {name: letter} in one run: name, the run, and what it says of the letter, for each."""
        r, found = self.judge(list(cases.values()))
        return [(name, r, own) for name, own in zip(cases, found)]

    def assert_loader(self, r, own, texts):
        self.assertEqual(own["verdict"], "infected", r.explain())
        marks = [m for m in own["marks"] if m["class"] == "loadertype"]
        self.assertEqual(len(marks), 1, r.explain())
        self.assertEqual(sorted(harness.literals(marks[0])), sorted(texts))
        return marks[0]

    def assert_not_infected(self, r, own):
        self.assertNotEqual(own["verdict"], "infected", r.explain())
        self.assertEqual([m for m in own.get("marks", []) if m["class"] in ("loadertype", "mimetype")], [], r.explain())

    def assert_none_infected(self, cases):
        for name, r, own in self.each(cases):
            with self.subTest(name):
                self.assert_not_infected(r, own)

    # the pair ---------------------------------------------------------------------------------------------------------

    def test_both_pairs(self):
        cases = {}
        for second in (b"ADVAPI32.DLL", b"WS2_32.DLL"):
            for order in (1, -1):
                names = (b"KERNEL32.DLL", second)[::order]
                cases[names] = attached(b"\x01\x00\x02" + names[0] + b"\0 between \xff" + names[1] + b"\0\0")
        for names, r, own in self.each(cases):
            with self.subTest(names):
                mark = self.assert_loader(r, own, [n.decode() for n in names])
                self.assertEqual(harness.literals(mark)[names[0].decode()]["offset"], 3)

    def test_one_name_alone_or_the_wrong_pair(self):
        pairs = ((b"KERNEL32.DLL",), (b"ADVAPI32.DLL", b"WS2_32.DLL"), (b"KERNEL32.DLL", b"USER32.DLL"),
                 (b"KERNEL32.DLL", b"KERNEL32.DLL"))
        self.assert_none_infected({names: attached(b"\x01\x00" + b"\0\xfe".join(names) + b"\0") for names in pairs})

    def test_any_letter_case(self):
        pairs = ((b"kernel32.dll", b"advapi32.dll"), (b"KERNEL32.dll", b"ADVAPI32.dll"), (b"KeRnEl32.DlL", b"wS2_32.dLl"))
        for names, r, own in self.each({(a, b): attached(b"\x90\0" + a + b"\0\0" + b + b"\0") for a, b in pairs}):
            with self.subTest(names):
                self.assert_loader(r, own, [n.decode() for n in names])

    def test_what_is_no_pair(self):
        archive = pg_mail.zip_archive([("a.bin", b"\x01\0KERNEL32.DLL\0"), ("b.bin", b"\x01\0ADVAPI32.DLL\0")])
        self.assert_none_infected({
            "names that go on": attached(b"\x01\x00KERNEL32.DLLx\0\0ADVAPI32.DLL.bak\0"),
            "two attachments": letter(wrap(b"\x01\0KERNEL32.DLL\0", "a.bin", "base64"),
                                      wrap(b"\x01\0ADVAPI32.DLL\0", "b.bin", "base64")),
            "two members": letter(pg_mail.attachment(archive, "two.zip")),
        })

    def test_fifty_megabytes_apart(self):
        block = bytes(range(256)) * 4096  # 1 MB that names nothing
        content = b"\x7fstart\0KERNEL32.DLL\0" + block * 50 + b"ADVAPI32.DLL\0end"
        r, (own,) = self.judge([attached(content, "large.bin")])
        where = harness.literals(self.assert_loader(r, own, ["KERNEL32.DLL", "ADVAPI32.DLL"]))
        for name in ("KERNEL32.DLL", "ADVAPI32.DLL"):
            self.assertEqual(where[name]["offset"], content.index(name.encode()), name)
            # an independent reckoning: 57 bytes a line
            self.assertEqual(where[name]["line"], content.index(name.encode()) // 57 + 1, name)
        self.assertGreater(where["ADVAPI32.DLL"]["offset"] - where["KERNEL32.DLL"]["offset"], 50 * MB)

    # what is no program -------------------------------------------------------------------------------------------------

    def test_prose(self):
        """Prose and crash reports that name the libraries: worth a line in the log, not a refusal."""
        text = ("The fault was in KERNEL32.DLL, called from ADVAPI32.DLL;\nWS2_32.DLL was loaded too.\n") * 50
        parts = (pg_mail.text(text), pg_mail.text(text, encoding="quoted-printable"), pg_mail.text(text, encoding="base64"),
                 pg_mail.attachment(text.encode(), "crash.txt", ctype="text/plain"),
                 pg_mail.attachment(text.encode(), "crash.log", "8bit"))
        for name, r, own in self.each({tuple(p.head): letter(p) for p in parts}):
            with self.subTest(name):
                self.assert_not_infected(r, own)
                self.assertEqual(own["verdict"], "suspicious")
                self.assertEqual({m["sid"] for m in own["marks"]}, {9000051})

    def test_names_with_nul_in_a_text(self):
        """A text file that names the libraries, each ended by a NUL, is still a text. What is text is decided by the first
        1,024 bytes."""
        some = b"some line of it\r\n" * 80
        text = b"A dump of strings:\r\n" + some + b"KERNEL32.DLL\0\r\nADVAPI32.DLL\0\r\n" + some
        self.assert_none_infected({"text": letter(pg_mail.attachment(text, "strings.txt", ctype="text/plain"))})

    # the slides' case -----------------------------------------------------------------------------------------------------

    def ranking(self, before):
        """A zip with a program stored in it; `before` bytes of padding move the names within their lines."""
        program = (b"MZ\x90\0" + bytes(before) + bytes(range(256)) * 3 + b"\0KERNEL32.dll\0GetProcAddress\0" + bytes(range(255, -1, -1))
                   + b"\0ADVAPI32.dll\0RegCloseKey\0" + bytes(64))
        return pg_mail.zip_archive([("ranking.scr", program)]), program

    def test_ranking_zip(self):
        cases = {}
        for before in range(0, 57, 3):
            archive, program = self.ranking(before)
            part = pg_mail.attachment(archive, "ranking.zip", ctype="application/zip")
            kernel, advapi = place(part, b"KERNEL32.dll"), place(part, b"ADVAPI32.dll")
            if kernel[0] == kernel[1] and advapi[0] == advapi[1]:  # a name that lies on two lines: see below
                cases[before, kernel[0], advapi[0], program] = letter(part)
        self.assertGreater(len(cases), 8)
        for (_, kernel, advapi, program), r, own in self.each(cases):
            with self.subTest((kernel, advapi)):
                mark = self.assert_loader(r, own, ["KERNEL32.dll", "ADVAPI32.dll"])
                self.assertEqual(mark["file"], "ranking.zip")
                self.assertEqual(mark["path"], ["ranking.zip", "ranking.scr"])
                where = harness.literals(mark)
                self.assertEqual(where["KERNEL32.dll"]["line"], kernel)
                self.assertEqual(where["ADVAPI32.dll"]["line"], advapi)
                for name in where:
                    self.assertEqual(where[name]["offset"], program.index(name.encode()), "offset in the innermost content")
        person = run("read", self.path("letters.pcap")).out.decode()
        for _, kernel, advapi, _ in cases:
            self.assertIn("KERNEL32.dll + ADVAPI32.dll (ranking.zip @lines %d + %d)" % (kernel, advapi), person)

    def test_ranking_zip_that_was_written_to_a_pipe(self):
        """Sizes follow the data."""
        program = self.ranking(0)[1]
        archive = pg_mail.zip_archive([("readme.txt", b"Read me.\r\n"), ("ranking.scr", program)], descriptor=True)
        r, (own,) = self.judge([letter(pg_mail.attachment(archive, "ranking.zip"))])
        mark = self.assert_loader(r, own, ["KERNEL32.dll", "ADVAPI32.dll"])
        self.assertEqual(mark["path"], ["ranking.zip", "ranking.scr"])

    @need_shared("programs", "nsis_RegTool-amd64.exe")
    def test_ranking_zip_with_a_real_program(self):
        with open(shared("programs", "nsis_RegTool-amd64.exe"), "rb") as f:
            program = f.read()
        part = pg_mail.attachment(pg_mail.zip_archive([("ranking.scr", program)]), "ranking.zip")
        r, (own,) = self.judge([letter(part)])
        where = harness.literals(self.assert_loader(r, own, ["KERNEL32.dll", "ADVAPI32.dll"]))
        for text, c in where.items():
            self.assertEqual(program.lower().index(text.lower().encode()), c["offset"])
            self.assertIn(c["line"], place(part, text.encode()))

    def test_bundled_capture_shows_the_lines(self):
        r = run("read", BUNDLED)
        self.assertRegex(r.out.decode(), re.escape("KERNEL32.dll + ADVAPI32.dll (ranking.zip @lines ") + r"\d+ \+ \d+\)")

    # prefixes -----------------------------------------------------------------------------------------------------------

    def test_each_prefix(self):
        cases = {}
        for prefix in PREFIXES:
            part = pg_mail.attachment(base64.b64decode(prefix + "AAA") + bytes(200), "file.exe")
            self.assertTrue(part.body.startswith(prefix.encode()))
            cases[prefix] = letter(part)
        for prefix, r, own in self.each(cases):
            with self.subTest(prefix):
                self.assertEqual(own["verdict"], "infected", r.explain())
                self.assertEqual(own["class"], "mimetype")
                mark = own["marks"][0]
                self.assertEqual((mark["class"], mark["criteria"][0]["text"], mark["criteria"][0]["line"]), ("mimetype", prefix, 1))
                self.assertEqual(mark.get("file"), "file.exe")

    def test_prefix_only_at_the_start(self):
        cases = {}
        for prefix in PREFIXES:
            body = ("AAAA" + prefix + "AAA").encode() + b"\r\n" + prefix.encode() + b"AAA\r\n"
            cases[prefix] = letter(pg_mail.Part(["Content-Type: application/octet-stream", "Content-Transfer-Encoding: base64",
                                                 'Content-Disposition: attachment; filename="x.bin"'], body))
        self.assert_none_infected(cases)

    def test_prefix_in_lines_of_any_length(self):
        """The encoded text is read without its white space."""
        content = bytes.fromhex("4d5a90000300000004000000ffff0000") + bytes(100)
        cases = {line: letter(pg_mail.attachment(content, "file.exe", line=line)) for line in (1, 2, 3, 4, 8, 60, 72, 76, 998, 0)}
        for name, r, own in self.each(cases):
            with self.subTest(name):
                self.assertEqual(own["verdict"], "infected", r.explain())

    def test_double_and_triple_base64(self):
        content = bytes.fromhex("4d5a90000300000004000000ffff0000") + bytes(100)
        wraps = {"VFZxUUFBT": "double-base64", "VkZaeFVVR": "triple-base64"}
        for prefix, r, own in self.each({prefix: attached(content, "file.txt", how) for prefix, how in wraps.items()}):
            with self.subTest(prefix):
                self.assertEqual(own["verdict"], "infected", r.explain())
                texts = {c["text"] for m in own["marks"] if m["class"] == "mimetype" for c in m["criteria"]}
                self.assertIn(prefix, texts)

    def test_a_text_that_begins_like_a_program_is_none(self):
        """MZ is also how a sentence may begin. (A text file that begins with TVqQAAMAA is, in base64, VFZxUUFBT: the mark of
        a program encoded twice, and rightly so.)"""
        self.assert_none_infected({
            "attachment": letter(pg_mail.attachment(b"MZ is the region of Montes Claros.\r\n", "letter.txt", ctype="text/plain")),
            "text": letter(pg_mail.text("MZ is the region of Montes Claros.\r\n")),
            "text of base64": pg_mail.message([pg_mail.text("TVqQAAMAA is the prefix to look for.\r\n")], subject="a question"),
        })


if __name__ == "__main__":
    harness.main()
