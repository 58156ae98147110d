# SPDX-License-Identifier: Apache-2.0
"""Messages of james-mime4j and stalwart mail-parser with the decoded parts that their authors expect: mailweir has the same, or
docs/READERS.md says why not."""
import collections
import hashlib
import os
import re

import harness
import pg_expectations
import pg_wrappings
from harness import SOURCE, Scenario, need_shared, shared
from pg_session import Mail, Path, Session

EMPTY = hashlib.sha256(b"").hexdigest()


def explained():
    """{name: why} as the table of docs/READERS.md has them."""
    with open(os.path.join(SOURCE, "docs", "READERS.md"), encoding="utf-8") as f:
        text = f.read().partition("## Expectations of others")[2]
    return dict(re.findall(r"^\| `((?:mime4j|stalwart) [^`]+)` \| (.+) \|$", text, re.M))


class Expectations(Scenario):
    def files(self, expectations):
        """{name: SHA-256 of each file of it}, by mailweir."""
        path = self.write("all.yaml", "files:\n  report: all\n")
        if harness.run("check", "-c", path).status:
            self.skipTest("this mailweir has no files.report: parts without a name are in no record")
        capture = self.capture("e.pcap", [Session([Mail(e.data)], bdat=4000) for e in expectations], path=Path(mss=8948))
        r = self.read("-c", path, capture)
        found = collections.defaultdict(set)
        for record in r.records:
            if record["event_type"] == "fileinfo" and "sha256" in record["fileinfo"]:
                found[record["src_ip"], record["src_port"]].add(record["fileinfo"]["sha256"])
        return {e.name: found[pg_wrappings.client(i)] for i, e in enumerate(expectations)}

    def differing(self, expectations):
        """{name: the parts that mailweir has not}"""
        files, out = self.files(expectations), {}
        for e in expectations:
            lacks = []
            for which, forms in e.parts:
                digests = {hashlib.sha256(form).hexdigest() for form in forms}
                if not digests & files[e.name] and EMPTY not in digests:
                    lacks.append(which)
            if lacks:
                out[e.name] = lacks
        return out

    def compare(self, expectations, least):
        self.assertGreaterEqual(sum(len(e.parts) for e in expectations), least)
        found = self.differing(expectations)
        names, why = {e.name for e in expectations}, explained()
        new = {name: parts for name, parts in found.items() if name not in why}
        self.assertEqual(new, {}, "%d of %d differ, and docs/READERS.md does not say why" % (len(new), len(expectations)))
        gone = [name for name in why if name in names and name not in found]
        self.assertEqual(gone, [], "equal, and docs/READERS.md says that they are not")

    @need_shared("mail", "james-mime4j")
    def test_mime4j(self):
        self.compare(list(pg_expectations.mime4j(shared("mail", "james-mime4j"))), 150)

    @need_shared("mail", "stalwart_mail-parser")
    def test_stalwart(self):
        self.compare(list(pg_expectations.stalwart(shared("mail", "stalwart_mail-parser"))), 400)


if __name__ == "__main__":
    harness.main()
