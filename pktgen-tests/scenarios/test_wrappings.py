# SPDX-License-Identifier: Apache-2.0
"""Every way in which a mail can wrap a file (pg_wrappings): found, or said not to be opened, as written beforehand."""
import importlib
import os
import shutil
import tempfile

import harness
import pg_wrappings
import pg_wrappings_doc
import pg_wrappings_others
from harness import PROGRAM, SOURCE, Scenario

import pg_wrappings_files
import pg_wrappings_mail
import pg_wrappings_smtp

MODULES = (pg_wrappings_mail, pg_wrappings_files, pg_wrappings_smtp)


def cases_of(content):
    """Every wrapping around other content. The modules make theirs when they are loaded."""
    kept, pg_wrappings.PROGRAM_BYTES = pg_wrappings.PROGRAM_BYTES, content
    try:
        for module in MODULES:
            importlib.reload(module)
        return pg_wrappings.every()
    finally:
        pg_wrappings.PROGRAM_BYTES = kept
        for module in MODULES:
            importlib.reload(module)


class Wrappings(Scenario):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cases = pg_wrappings.every()
        cls.answers = pg_wrappings.judge(cls.cases, PROGRAM)
        cls.pending = pg_wrappings.pending()

    def test_as_expected(self):
        for c in self.cases:
            a = self.answers[c.name]
            with self.subTest(c.name):
                if c.name not in self.pending:
                    self.assertTrue(
                        pg_wrappings.as_expected(c, a),
                        "expected %s%s, got %s: %s" % (c.expect, " (%s)" % c.reason if c.reason else "", a.what, a.detail),
                    )

    def test_what_is_pending_is(self):
        """What is done meanwhile is no longer on the list of what is not: `pg_wrappings.py pending`."""
        names = {c.name for c in self.cases}
        self.assertEqual(sorted(self.pending - names), [], "no such wrapping")
        done = [c.name for c in self.cases if c.name in self.pending and pg_wrappings.as_expected(c, self.answers[c.name])]
        self.assertEqual(done, [])

    def test_expectations_say_why(self):
        for c in self.cases:
            self.assertEqual(c.expect == pg_wrappings.FOUND, c.why is None, c.name)
            if c.expect != pg_wrappings.NOBODY:
                self.assertEqual(c.expect == pg_wrappings.NAMED, c.reason is not None, c.name)

    def test_without_the_names_nothing_is_found(self):
        content = pg_wrappings.PROGRAM_BYTES
        for name in pg_wrappings.MARKS:
            content = content.replace(name.encode(), b"X" * len(name))
        cases = cases_of(content)
        self.assertEqual([c.name for c in cases], [c.name for c in self.cases])
        for name, a in pg_wrappings.judge(cases, PROGRAM).items():
            self.assertNotIn(a.what, ("found", "not opened"), "%s: %s" % (name, a.detail))

    def test_workers_do_not_matter(self):
        self.assertEqual(pg_wrappings.judge(self.cases, PROGRAM, ("--workers", "3")), self.answers)

    def test_document(self):
        with open(os.path.join(SOURCE, "docs", "WRAPPINGS.md"), encoding="utf-8") as f:
            self.assertEqual(
                f.read(),
                pg_wrappings_doc.document(self.cases, self.answers),
                "make it again: pktgen-tests/pg_docs.py wrappings >docs/WRAPPINGS.md",
            )

    def test_others_were_tried_on_these(self):
        answers, _ = pg_wrappings.others()
        self.assertEqual(list(answers), [c.name for c in self.cases], "make them again: pktgen-tests/pg_wrappings.py others")

    def test_column_of_clamav(self):
        if not (os.environ.get("CLAMSCAN") or shutil.which("clamscan")):
            self.skipTest("clamscan is not installed (package clamav)")
        kept, (_, version) = pg_wrappings.others()
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            found, installed = pg_wrappings_others.clamav(self.cases, folder)
        if installed != version:
            self.skipTest("%s is installed, docs/WRAPPINGS.md has %s" % (installed, version))
        self.assertEqual({name: said for name, (_, said) in kept.items()}, found)


if __name__ == "__main__":
    harness.main()
