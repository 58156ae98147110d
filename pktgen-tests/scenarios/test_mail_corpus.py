# SPDX-License-Identifier: Apache-2.0
"""Thousands of messages from the tests of mail readers, wrapped into sessions: no false alarm, none lost, none doubled."""
import os
import random
import re

import harness
import pg_honest
import pg_mail
from harness import Scenario, need_shared, shared
from pg_session import Mail, Path, Session


def corpus():
    """Every file of the corpus; an mbox is taken apart. Files that are no messages are sent too: a client may."""
    for folder, folders, files in os.walk(shared("mail")):
        folders.sort()
        for name in sorted(files):
            with open(os.path.join(folder, name), "rb") as f:
                data = f.read()
            where = os.path.relpath(os.path.join(folder, name), shared("mail"))
            if data.startswith(b"From ") and len(re.findall(rb"(?m)^From \S+.*\d{4}\r?$", data)) > 1:
                for i, one in enumerate(re.split(rb"(?m)^From \S+.*\d{4}\r?\n", data)[1:]):
                    yield "%s#%d" % (where, i), one
            else:
                yield where, data.partition(b"\n")[2] if data.startswith(b"From ") else data


def number(record):
    """Of the message: its sender is <aN@example.org>."""
    return int(record["smtp"]["mail_from"].removeprefix("<a").partition("@")[0])


@need_shared("mail")
class MailCorpus(Scenario):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.all = list(corpus())

    def check(self, name, messages, per_connection, session=None, workers=1, **options):
        sessions = [
            Session([Mail(data, sender="a%d@example.org" % (i + j)) for j, (_, data) in enumerate(messages[i : i + per_connection])],
                    rng=random.Random(i), **(session or {}))
            for i in range(0, len(messages), per_connection)
        ]
        r = self.read("--workers", workers, self.capture(name, sessions, **options))
        alarms = [messages[number(m)][0] for m in r.messages if m["mailweir"]["verdict"] == "infected"]
        self.assertEqual(alarms, [], "false alarms")
        self.assertEqual(r.status, 0, r.err[-1000:])
        self.assertEqual(r.stats["messages"]["seen"], len(messages))
        self.assertEqual(sorted(map(number, r.messages)), list(range(len(messages))))
        for m in r.messages:
            self.assertEqual(m["mailweir"]["delivered"], "yes", m["smtp"])
            self.assertIs(m["mailweir"]["complete"], True, m["smtp"])
        return r

    def test_corpus_is_there(self):
        self.assertGreater(len(self.all), 2400)

    def test_one_message_a_connection(self):
        r = self.check("single.pcap", [(n, pg_mail.crlf(d)) for n, d in self.all], 1, gap_ns=200_000)
        gone = [m for m in r.messages if m["mailweir"].get("reason") in ("gap", "midstream", "overload", "timeout")]
        self.assertEqual(gone, [])

    def test_many_on_one_connection_in_disorder(self):
        self.check("many.pcap", [(n, pg_mail.crlf(d)) for n, d in self.all], 40, workers=2, gap_ns=100_000, version=6,
                   path=Path(mss=1220, shuffle=4, duplicate=0.02, overlap=0.02, loss=0.02, seed=1))

    def test_bdat_with_the_bytes_as_they_are(self):
        """Line ends of every kind, NUL, 8-bit: BDAT carries them unchanged."""
        self.check("bdat.pcap", self.all, 10, session={"bdat": 7001}, path=Path(mss=8948))

    def test_small_segments_without_pipelining(self):
        few = [(n, pg_mail.crlf(d)) for n, d in self.all if len(d) < 3000][:300]
        self.check("small.pcap", few, 5, session={"pipelining": False}, path=Path(mss=61, ack_every=4))


class Honest(Scenario):
    """Mail that speaks about programs: reports, signed mail, crash logs, documents, images in pages."""

    def test_no_false_alarm(self):
        cases = list(pg_honest.cases())
        names = [name for name, _, _ in cases]
        self.assertEqual(len(names), len(set(names)))
        for session in ({}, {"bdat": 900}):
            r, found = self.judge([letter for _, _, letter in cases], session)
            self.assertEqual(r.status, 0, r.err[-1000:])
            for (name, verdict, _), own in zip(cases, found):
                with self.subTest(name, **session):
                    marks = [m["sid"] for m in own.get("marks", [])]
                    self.assertEqual((own["verdict"], own.get("reason")), (verdict, None), marks)


if __name__ == "__main__":
    harness.main()
