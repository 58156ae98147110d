# SPDX-License-Identifier: Apache-2.0
"""What is in a mail, by mailweir and by independent readers: Python's email, zipfile, gzip, tarfile and uu, GMime, libarchive.

Messages of a grammar (pg_grammar), legal ones and ones with faults, and those of the corpora. A file is told by its SHA-256. Where the
readers agree, mailweir has that file; of a legal message it has just these. Where they do not, mailweir has what either sees.
MAILWEIR_DEEP=1: thousands instead of hundreds.
"""
import collections
import hashlib
import json
import os
import re
import subprocess
import tempfile

import harness
import pg_grammar
import pg_wrappings
from harness import PKTGEN, SOURCE, Scenario, need_shared, shared
from pg_session import Mail, Path, Session

DEEP = bool(os.environ.get("MAILWEIR_DEEP"))
EMPTY = hashlib.sha256(b"").hexdigest()
READERS = os.path.join(PKTGEN, "pg_readers.py")
# Of messages with a fault that docs/READERS.md has in its list, so many may lack a file: and none of these is clean.
LEFT = 0.2
# Python's email takes a field with a blank before its colon, which RFC 5322 4.5 has receivers read, for the end of the header.
MISREAD = "blank before colon"
# Debian's packages are seen by Debian's interpreter alone.
PYTHONS = ("/usr/bin/python3", "python3")


def interpreter():
    """The first that has the readers; and what it lacks."""
    lacks = "no python3"
    for python in PYTHONS:
        try:
            p = subprocess.run([python, READERS, "--check"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        except OSError:
            continue
        found = json.loads(p.stdout) if p.returncode == 0 else {}
        missing = [name for name in ("gmime", "libarchive") if name not in found]
        if not missing:
            return python, None
        lacks = "%s has no %s (packages gir1.2-gmime-3.0, python3-gi, python3-libarchive-c)" % (python, " and no ".join(missing))
    return None, lacks


def by_readers(python, messages):
    """What the readers see in each."""
    out = []
    with tempfile.TemporaryDirectory(prefix="mailweir-readers-") as folder:
        for at in range(0, len(messages), 200):
            names = []
            for i, data in enumerate(messages[at : at + 200]):
                names.append(os.path.join(folder, "%d.eml" % i))
                with open(names[-1], "wb") as f:
                    f.write(data)
            p = subprocess.run([python, READERS] + names, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=600)
            if p.returncode:
                raise RuntimeError(p.stderr.decode("utf-8", "replace")[-2000:])
            out += [json.loads(line) for line in p.stdout.splitlines()]
    return out


def alike(said):
    """Whether both readers of mail see the same leaves."""
    return said["leaves"]["email"] == said["leaves"]["gmime"]


def seen(said):
    """Of one message: what all readers see; and what only one of them sees, each as the set of those of which one must be there: itself,
    or a file that begins with all of it. Left out of the latter is what a reader shows as it travelled, because it does not take it
    for encoded."""
    first, second = ({digest for digest, _ in said["leaves"][name]} for name in ("email", "gmime"))
    agreed = (first & second) | {digest for digest, _ in said["inside"]["both"]}
    one = {digest for digest, _ in said["inside"]["one"]} - agreed
    choices = [{digest} for digest in one]
    for digest in first ^ second:
        longer = said["contained"][digest]
        if "raw" not in longer:
            choices.append({digest, *longer})
    return agreed - {EMPTY}, [c for c in choices if EMPTY not in c]


def explained(title):
    """{name: why} as the table of docs/READERS.md under this title has them."""
    with open(os.path.join(SOURCE, "docs", "READERS.md"), encoding="utf-8") as f:
        text = f.read().partition("## " + title)[2].partition("\n## ")[0]
    return dict(re.findall(r"^\| `([^`]+)` \| (.+) \|$", text, re.M))


class Comparing(Scenario):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.python, cls.lacks = interpreter()

    def setUp(self):
        if not self.python:
            self.skipTest(self.lacks)
        self.all = self.write("all.yaml", "files:\n  report: all\n")
        if harness.run("check", "-c", self.all).status:
            self.skipTest("this mailweir has no files.report: parts without a name are in no record")

    def mine(self, messages, name="readers.pcap"):
        """For each message the SHA-256 of its files, and its record."""
        sessions = [Session([Mail(data)], bdat=4000) for data in messages]
        self.capture(name, sessions, path=Path(mss=8948))
        r = self.read("-c", self.all, self.path(name))
        files, records = collections.defaultdict(set), {}
        for record in r.records:
            end = (record.get("src_ip"), record.get("src_port"))
            if record["event_type"] == "fileinfo" and "sha256" in record["fileinfo"]:
                files[end].add(record["fileinfo"]["sha256"])
            elif record["event_type"] == "smtp":
                self.assertNotIn(end, records)
                records[end] = record["mailweir"]
        ends = [pg_wrappings.client(i) for i in range(len(messages))]
        return [(files[end] - {EMPTY}, records[end]) for end in ends]

    def differing(self, messages):
        """[(number, message, what, record)] of those in which mailweir does not see what the readers see."""
        data, wrong = [m.data for m in messages], []
        for i, (m, said, (mine, record)) in enumerate(zip(messages, by_readers(self.python, data), self.mine(data))):
            if MISREAD in m.faults:
                said["leaves"]["email"] = said["leaves"]["gmime"]
            agreed, choices = seen(said)
            if m.faults:
                mine |= {digest for digest, other in said["instead"].items() if other in mine or other == EMPTY}
            what = []
            if agreed - mine:
                what.append("lacks what the readers agree on")
            if any(not c & mine for c in choices):
                what.append("lacks what one reader sees")
            if not m.faults and alike(said) and not choices and mine - agreed - set(said["around"]):
                what.append("has what no reader sees")
            if what:
                wrong.append((i, m, " and ".join(what), record))
        return wrong

    def assert_as_readers(self, messages, left=frozenset()):
        """Those that have one of the faults `left` may be unscanned instead; returns how many are."""
        wrong = self.differing(messages)
        said = [w for w in wrong if w[1].faults & left and w[3]["verdict"] == "unscanned"]
        wrong = [w for w in wrong if w not in said]
        if not wrong:
            return len(said)
        lines = ["%d of %d messages:" % (len(wrong), len(messages))]
        by = collections.Counter((what, record["verdict"], record.get("reason")) for _, _, what, record in wrong)
        lines += ["%4d %s, %s (%s)" % (n, *what) for what, n in by.most_common()]
        lines += ["number %d: %s; %s; %s" % (i, what, sorted(m.faults), sorted(m.features)) for i, m, what, _ in wrong[:8]]
        self.fail("\n".join(lines))


class Readers(Comparing):
    def test_legal(self):
        self.assert_as_readers(list(pg_grammar.some(5000 if DEEP else 300, seed=1, faulty=0.0)))

    def test_legal_is_clean(self):
        messages = list(pg_grammar.some(300, seed=1, faulty=0.0))
        for i, (_, record) in enumerate(self.mine([m.data for m in messages])):
            self.assertEqual((i, record["verdict"], record["errors"]), (i, "clean", []))

    def test_one_fault(self):
        left = explained("Faults of which something is left")
        self.assertLess(left.keys(), pg_grammar.FAULTS.keys())
        for fault in pg_grammar.FAULTS:
            with self.subTest(fault):
                messages = [m for m in (pg_grammar.make(seed, [fault]) for seed in range(1000 if DEEP else 40)) if m.faults]
                self.assertGreater(len(messages), 2)
                said = self.assert_as_readers(messages, left.keys())
                self.assertLessEqual(said, LEFT * len(messages))
                if DEEP and fault in left:
                    self.assertGreater(said, 0)

    def test_any(self):
        messages = list(pg_grammar.some(5000 if DEEP else 300, seed=2))
        messages = [m for m in messages if MISREAD not in m.faults or len(m.faults) == 1]
        said = self.assert_as_readers(messages, explained("Faults of which something is left").keys())
        self.assertLessEqual(said, LEFT * len(messages))


def corpus():
    """The mails of the corpora; not what stands beside them: what is expected of them, decoded bodies, lists."""
    for folder, folders, files in os.walk(shared("mail")):
        folders.sort()
        for name in sorted(files):
            path = os.path.join(folder, name)
            with open(path, "rb") as f:
                data = f.read()
            where = os.path.relpath(path, shared("mail"))
            if mail_like(where, data):
                yield where, data.partition(b"\n")[2] if data.startswith(b"From ") else data


def mail_like(where, data):
    if "_decoded" in where or where.rpartition(".")[2].lower() in (
        "xml",
        "json",
        "html",
        "out",
        "golden",
        "tnef",
        "list",
        "md",
        "rtf",
    ):
        return False
    if len(re.findall(rb"(?m)^From \S+.*\d{4}\r?$", data)) > 1:
        return False
    # A field at its very start.
    return bool(re.match(rb"(From [^\n]*\n)?[A-Za-z][A-Za-z0-9-]*:", data))


@need_shared("mail")
class Corpora(Comparing):
    def test_corpora(self):
        names, messages = zip(*corpus())
        self.assertGreater(len(messages), 1000)
        found = {}
        given = [pg_grammar.Message(data, frozenset(["others'"]), frozenset()) for data in messages]
        for at in range(0, len(given), 400):
            for i, _, what, record in self.differing(given[at : at + 400]):
                found[names[at + i]] = "%s, %s (%s)" % (what, record["verdict"], record.get("reason"))
        why = explained("Mails of the corpora")
        new = {name: what for name, what in found.items() if name not in why}
        self.assertEqual(new, {}, "%d of %d differ, and docs/READERS.md does not say why" % (len(new), len(given)))
        self.assertEqual([name for name in why if name not in found], [], "equal, and docs/READERS.md says that they are not")


if __name__ == "__main__":
    harness.main()
