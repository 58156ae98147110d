# SPDX-License-Identifier: Apache-2.0
"""Real programs, attached in every wrapping: infected where one of the default rules knows them, and by which mark."""
import csv
import gzip
import hashlib
import re

import harness
import pg_mail
from harness import Scenario, have_shared, need_shared, shared
from pg_session import Mail, Session, wrap

PREFIXES = {
    "TVqQAAMAA", "TVpQAAlAA", "TVpQAAIAA", "TVpAALQAc", "TVpyAXkAX", "TVrmAU4AA", "TVrhARwAk", "TVoFAQUAA", "TVoAAAQAA",
    "TVoIARMAA", "TVouARsAA", "TVrQAT8AA",
}


def programs():
    if not have_shared("programs", "MANIFEST.tsv"):
        return []
    with open(shared("programs", "MANIFEST.tsv"), newline="") as f:
        return list(csv.DictReader(f, delimiter="\t"))


def data(row):
    with open(shared("programs", row["file"]), "rb") as f:
        return f.read()


def has_loader_pair(content):
    """The criteria, once more: KERNEL32.DLL with ADVAPI32.DLL or WS2_32.DLL, in any case, each ended by a NUL."""

    def holds(name):
        return re.search(re.escape(name) + rb"\0", content, re.IGNORECASE)

    return bool(holds(b"KERNEL32.DLL") and (holds(b"ADVAPI32.DLL") or holds(b"WS2_32.DLL")))


@need_shared("programs", "MANIFEST.tsv")
class Programs(Scenario):
    def check(self, how, expect, rows=None, make=wrap, **session):
        """Each program in a letter of its own: expected marks, and infected when there are any."""
        rows = rows or programs()
        letters = [pg_mail.message([pg_mail.text("See the attachment."), make(data(row), row["file"], how)], subject="a file")
                   for row in rows]
        r, found = self.judge(letters, session=session, status=1)
        for row, own in zip(rows, found):
            with self.subTest(file=row["file"], wrapping=how):
                expected = expect(row, data(row))
                self.assertEqual({m["class"] for m in own["marks"]}, expected, own)
                self.assertEqual(own["verdict"] == "infected", bool(expected), own)
                self.assertEqual({m.get("file") for m in own["marks"]} - {self.name(row, how)}, set(), own)

    def name(self, row, how):
        if how.startswith("zip-"):
            return row["file"].rsplit(".", 1)[0] + ".zip"
        return row["file"] + ".gz" if how == "gzip" else row["file"]

    def test_the_set_is_worth_testing(self):
        rows = programs()
        self.assertGreaterEqual(len(rows), 15)
        self.assertGreaterEqual(sum(has_loader_pair(data(r)) for r in rows), 3)
        self.assertGreaterEqual(sum(r["first_base64"] in PREFIXES for r in rows), 12)
        for row in rows:
            self.assertTrue(pg_mail.base64_layers(data(row), 1).startswith(row["first_base64"].encode()))

    def test_base64(self):
        def expect(row, content):
            found = {"mimetype"} if row["first_base64"] in PREFIXES else set()
            return found | ({"loadertype"} if has_loader_pair(content) else set())

        self.check("base64", expect)

    def loader_only(self, row, content):
        return {"loadertype"} if has_loader_pair(content) else set()

    def test_quoted_printable(self):
        self.check("qp", self.loader_only)

    def test_stored_in_a_zip(self):
        self.check("zip-stored", self.loader_only)

    def check_inflated(self, how):
        """Found in what was inflated, under the program's own name, its SHA-256 known; the names of no library: clean."""
        self.check(how, self.loader_only)
        rows = [row for row in programs() if has_loader_pair(data(row))]
        for row in rows:
            part = wrap(data(row), row["file"], how)
            r = self.read(self.capture("one.pcap", [Session([Mail(pg_mail.message([part]))])]), status=1)
            (mark,) = self.one(r)["mailweir"]["marks"]
            self.assertEqual(mark["path"], [self.name(row, how), row["file"]])
            names = [c for c in mark["criteria"] if c["criterion"].upper().endswith(".DLL")]
            self.assertGreaterEqual(len(names), 2)
            for c in names:
                name = c["criterion"].lower().encode()
                self.assertEqual(data(row)[c["offset"] :][: len(name)].lower(), name)
            inside = [f["fileinfo"] for f in r.of("fileinfo") if f["mailweir"]["path"] == mark["path"]]
            self.assertEqual([(f["sha256"], f["size"]) for f in inside], [(hashlib.sha256(data(row)).hexdigest(), len(data(row)))])
        twins = [re.sub(rb"(?i)(KERNEL|ADVAPI|WS2_)32", rb"\1xx", data(row)) for row in programs()]
        letters = [pg_mail.message([wrap(twin, row["file"], how)]) for twin, row in zip(twins, programs())]
        found = self.judge(letters, status=0)[1]
        self.assertEqual({own["verdict"] for own in found}, {"clean"})

    def test_deflated_in_a_zip(self):
        self.check_inflated("zip-deflated")

    def test_deflated_in_a_zip_that_was_written_to_a_pipe(self):
        self.check_inflated("zip-streamed")

    def test_gzip(self):
        self.check_inflated("gzip")

    def test_wrapped_again_and_again(self):
        """As deep as archives are opened, every other way; one more is said to be too many."""
        row = next(row for row in programs() if has_loader_pair(data(row)))
        inside, name = data(row), row["file"]
        for depth, how in enumerate(("zip-deflated", "gzip", "zip-streamed", "gzip", "zip-stored")):
            if how == "gzip":
                inside, name = gzip.compress(inside, mtime=0), name + ".gz"
            else:
                archive = pg_mail.zip_archive([(name, inside)], deflate=how != "zip-stored", descriptor=how == "zip-streamed")
                inside, name = archive, "%d.zip" % depth
            own = self.judge([pg_mail.message([pg_mail.attachment(inside, name)])], status=1 if depth < 4 else 0)[1][0]
            if depth < 4:
                self.assertEqual((own["verdict"], own.get("reason")), ("infected", None))
                self.assertEqual(len(own["marks"][0]["path"]), depth + 2)
            else:
                self.assertEqual((own["verdict"], own.get("reason")), ("unscanned", "limit"))

    def test_plain_8bit(self):
        """Bytes as they are: line ends inside the program may break it, the names of its libraries stay."""
        rows = [row for row in programs() if has_loader_pair(data(row))]
        self.check("8bit", self.loader_only, rows, pg_mail.attachment)

    def test_bdat_binary(self):
        rows = [row for row in programs() if has_loader_pair(data(row))]
        self.check("binary", self.loader_only, rows, pg_mail.attachment, bdat=4000)

    def test_every_program_in_one_message(self):
        """Each of many parts is judged for itself."""
        rows = programs()
        parts = [wrap(data(row), row["file"], "base64") for row in rows]
        letter = pg_mail.message([pg_mail.text("All of them.")] + parts, subject="files")
        r = self.read(self.capture("all.pcap", [Session([Mail(letter)])]), status=1)
        own = self.one(r)["mailweir"]
        known = {row["file"] for row in rows if row["first_base64"] in PREFIXES or has_loader_pair(data(row))}
        self.assertEqual({m.get("file") for m in own["marks"]}, known)
        self.assertEqual(own["attachments"]["seen"], len(rows))
        self.assertEqual(own["attachments"]["matched"], len(known))


if __name__ == "__main__":
    harness.main()
