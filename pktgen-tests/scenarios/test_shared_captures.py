# SPDX-License-Identifier: Apache-2.0
"""Captures by others: none is infected, all balance, the number of messages is the manifest's or the difference has a
reason, and the number of workers changes nothing."""
import csv
import gzip
import json
import os
import re

import harness
from harness import Scenario, have_shared, need_shared, run, shared

# Messages as the manifest's simple reader counts them, and as they are: {file: (ours, why)}.
DIFFERENCES = {}

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


@need_shared("pcap", "MANIFEST.tsv")
class SharedCaptures(Scenario):
    def file(self, name):
        """Captures are stored compressed here and there: a reader gets them unpacked."""
        path = shared("pcap", name)
        if not name.endswith(".gz"):
            return path
        with open(path, "rb") as f:
            data = f.read()
        return self.write(os.path.basename(name)[:-3], gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data)

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
                r = self.read(self.file(name), status=2 if name in CUT else 0)
                self.assertEqual(r.stats["messages"]["infected"], 0)
                tls = [m for m in r.messages if m["mailweir"].get("reason") == "tls"]
                expected = DIFFERENCES.get(name, (mails, ""))[0]
                self.assertEqual(len(r.messages) - len(tls), expected,
                                 [(m["smtp"], m["mailweir"]["verdict"], m["mailweir"].get("reason")) for m in r.messages])
                for m in r.messages:
                    if m["mailweir"]["verdict"] == "clean":
                        self.assertFalse(m["mailweir"].get("reason"), m)

    def test_schema(self):
        for name, _ in manifest():
            with self.subTest(name):
                harness.validate(self, run("read", "--json", self.file(name)).records)

    def test_workers_change_nothing(self):
        for name, _ in manifest():
            with self.subTest(name):
                path = self.file(name)
                one, two, three = (comparable(run("read", "--json", "--workers", n, path).out) for n in (1, 2, 3))
                self.assertTrue(one, "no records")
                self.assertEqual(one, two)
                self.assertEqual(one, three)

    def test_all_in_one_run(self):
        """The same messages when one run reads every file as when each file is read alone."""
        paths = [self.file(name) for name, _ in manifest() if name not in CUT]
        r = self.read(*paths, status=0)
        alone = sum(self.read(p).stats["messages"]["seen"] for p in paths)
        # Connections of two files with the same addresses and ports may meet; none does in these.
        self.assertEqual(r.stats["messages"]["seen"], alone)
        self.assertEqual(sorted({m["pcap_filename"] for m in r.messages} - set(paths)), [])


if __name__ == "__main__":
    harness.main()
