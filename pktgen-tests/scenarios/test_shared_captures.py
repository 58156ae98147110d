# SPDX-License-Identifier: Apache-2.0
"""Captures by others: none is infected, all balance, the number of messages is the manifest's or the difference has a
reason, and the number of workers changes nothing. docs/CAPTURES.md says what is found in each."""
import collections
import json
import os

import harness
import pg_docs
from harness import SOURCE, Scenario, need_shared, run, shared

# Files that really are cut off: exit status 2.
CUT = {}


def comparable(out):
    """Records as bytes; of the account only what does not depend on the number of workers."""
    lines = []
    for line in out.splitlines():
        record = json.loads(line)
        if record["event_type"] == "stats":
            lines.append({k: record["mailweir"][k] for k in ("packets", "messages", "balanced")})
        else:
            lines.append(line)
    return lines


def what_was_said(record):
    """A connection that the capture does not end has its record at the end of the input: not the same time and place."""
    return {k: v for k, v in record.items() if k not in harness.PLACES}


@need_shared("pcap", "MANIFEST.tsv")
class SharedCaptures(Scenario):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.captures = pg_docs.manifest(shared("pcap"))
        cls.names = [c.file for c in cls.captures]
        cls.alone = {}  # what each capture gives when it is read alone: read once, used by several tests

    @classmethod
    def file(cls, name):
        """Captures are stored compressed here and there: a reader gets them unpacked."""
        return pg_docs.unpacked(next(c for c in cls.captures if c.file == name), cls.folder, shared("pcap"))

    def run_alone(self, name):
        if name not in self.alone:
            self.alone[name] = run("read", "--json", self.file(name))
        return self.alone[name]

    def test_nothing_is_missing(self):
        names = set(self.names)
        there = {os.path.join(d, f) for d in os.listdir(shared("pcap")) if os.path.isdir(shared("pcap", d))
                 for f in os.listdir(shared("pcap", d))}
        self.assertEqual(names, there)
        self.assertEqual((set(pg_docs.DIFFERENCES) | set(pg_docs.NONE) | set(CUT)) - names, set())

    def test_each_capture(self):
        for name, mails in ((c.file, c.mails) for c in self.captures):
            with self.subTest(name):
                r = self.run_alone(name)
                self.assertEqual(r.status, 2 if name in CUT else 0, r.explain())
                self.assert_sound(r)
                self.assertEqual(r.stats["messages"]["infected"], 0)
                expected = pg_docs.DIFFERENCES.get(name, (mails, ""))[0]
                self.assertEqual(len(r.messages), expected,
                                 [(m["smtp"], m["mailweir"]["verdict"], m["mailweir"].get("reason")) for m in r.messages])
                for m in r.messages:
                    if m["mailweir"]["verdict"] == "clean":
                        self.assertFalse(m["mailweir"].get("reason"), m)
                    if not m["mailweir"]["complete"] and not m["mailweir"]["bytes"] and m["mailweir"].get("reason") != "tls":
                        self.assertNotEqual(m["mailweir"]["delivered"], "yes", m)

    def test_schema(self):
        for name in self.names:
            with self.subTest(name):
                harness.validate(self, self.run_alone(name).records)

    def test_all_in_one_run(self):
        """One run that reads every file gives the messages that each file gives alone, whatever the number of workers.
        Many of these captures have the same addresses, ports and sequence numbers; their times go forth and back."""
        names = [name for name in self.names if name not in CUT]
        runs = [self.read("--workers", n, *map(self.file, names), status=0) for n in (1, 2, 3)]
        for other in runs[1:]:
            self.assertEqual(comparable(runs[0].out), comparable(other.out))
        found = collections.defaultdict(list)
        for m in runs[0].messages:
            found[m["pcap_filename"]].append(what_was_said(m))
        for name in names:
            with self.subTest(name):
                self.assertEqual(found[self.file(name)], [what_was_said(m) for m in self.run_alone(name).messages])

    def test_document(self):
        with open(os.path.join(SOURCE, "docs", "CAPTURES.md"), encoding="utf-8") as f:
            document = f.read()
        made = pg_docs.captures([(c, self.run_alone(c.file).records) for c in self.captures])
        self.assertEqual(document, made, "make it again: pktgen-tests/pg_docs.py captures >docs/CAPTURES.md")


if __name__ == "__main__":
    harness.main()
