# SPDX-License-Identifier: Apache-2.0
"""Captures by others: none is infected, all balance, the number of messages is the manifest's or the difference has a
reason, and the number of workers changes nothing. docs/CAPTURES.md shows what is found in each; pg_captures.py makes it."""
import collections
import csv
import gzip
import json
import os
import re

import harness
from harness import Scenario, have_shared, need_shared, run, shared

# Messages as the manifest's simple reader counts them (MAIL commands, and no TLS sessions), and as they are: {file: (ours, why)}.
DIFFERENCES = {
    "OISF_suricata-verify/bug-1449-01__suricata_stackoverflow.pcap":
        (1, "no MAIL, but the server takes DATA (354) and what follows (250): a message (docs/decisions/0004)"),
    "zeek_zeek/tls__smtp-starttls.pcap": (1, "a TLS session is one unscanned message"),
    "OISF_suricata-verify/smtp-startssl__input.pcap": (1, "a TLS session is one unscanned message"),
    "arkime_arkime/smtp-starttls.pcap": (1, "a TLS session is one unscanned message"),
}

# Files that really are cut off: exit status 2.
CUT = {}


def manifest():
    if not have_shared("pcap", "MANIFEST.tsv"):
        return []
    with open(shared("pcap", "MANIFEST.tsv"), newline="") as f:
        rows = csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [(r["file"].removeprefix("pcap/"), int(re.search(r"\bmails=(\d+)", r["contents"]).group(1))) for r in rows]


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
        cls.alone = {}  # what each capture gives when it is read alone: read once, used by several tests

    @classmethod
    def file(cls, name):
        """Captures are stored compressed here and there: a reader gets them unpacked."""
        path = shared("pcap", name)
        if not name.endswith(".gz"):
            return path
        unpacked = os.path.join(cls.folder, os.path.basename(name)[:-3])
        if not os.path.exists(unpacked):
            with open(path, "rb") as f:
                data = f.read()
            with open(unpacked, "wb") as f:
                f.write(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data)
        return unpacked

    def run_alone(self, name):
        if name not in self.alone:
            self.alone[name] = run("read", "--json", self.file(name))
        return self.alone[name]

    def test_nothing_is_missing(self):
        names = {name for name, _ in manifest()}
        there = {os.path.join(d, f) for d in os.listdir(shared("pcap")) if os.path.isdir(shared("pcap", d))
                 for f in os.listdir(shared("pcap", d))}
        self.assertEqual(names, there)
        self.assertEqual(set(DIFFERENCES) - names, set())
        self.assertEqual(set(CUT) - names, set())

    def test_each_capture(self):
        for name, mails in manifest():
            with self.subTest(name):
                r = self.run_alone(name)
                self.assertEqual(r.status, 2 if name in CUT else 0, r.explain())
                self.assert_sound(r)
                self.assertEqual(r.stats["messages"]["infected"], 0)
                expected = DIFFERENCES.get(name, (mails, ""))[0]
                self.assertEqual(len(r.messages), expected,
                                 [(m["smtp"], m["mailweir"]["verdict"], m["mailweir"].get("reason")) for m in r.messages])
                for m in r.messages:
                    if m["mailweir"]["verdict"] == "clean":
                        self.assertFalse(m["mailweir"].get("reason"), m)
                    if not m["mailweir"]["complete"] and not m["mailweir"]["bytes"] and m["mailweir"].get("reason") != "tls":
                        self.assertNotEqual(m["mailweir"]["delivered"], "yes", m)

    def test_schema(self):
        for name, _ in manifest():
            with self.subTest(name):
                harness.validate(self, self.run_alone(name).records)

    def test_all_in_one_run(self):
        """One run that reads every file gives the messages that each file gives alone, whatever the number of workers.
        Many of these captures have the same addresses, ports and sequence numbers; their times go forth and back."""
        names = [name for name, _ in manifest() if name not in CUT]
        runs = [self.read("--workers", n, *map(self.file, names), status=0) for n in (1, 2, 3)]
        for other in runs[1:]:
            self.assertEqual(comparable(runs[0].out), comparable(other.out))
        found = collections.defaultdict(list)
        for m in runs[0].messages:
            found[m["pcap_filename"]].append(what_was_said(m))
        for name in names:
            with self.subTest(name):
                self.assertEqual(found[self.file(name)], [what_was_said(m) for m in self.run_alone(name).messages])


if __name__ == "__main__":
    harness.main()
