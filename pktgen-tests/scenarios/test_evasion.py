# SPDX-License-Identifier: Apache-2.0
"""Every strategy of evasions/, a family a class: of an infected message comes what is expected; its clean twin stays clean.

All strategies of a family are one capture, each on addresses of its own, and are read by one worker and by two.
"""
import heapq
import ipaddress
import itertools
import sys

import harness
from evasions import table
from harness import Scenario
from pg_packets import LINKTYPE_ETHERNET, Pcap
from pg_play import START_NS


def address(text):
    return str(ipaddress.ip_address(text))


class Connection:
    def __init__(self, strategy, infected, version, number):
        self.strategy, self.infected, self.version = strategy, infected, version
        self.play = strategy.play(infected, version, number)
        self.client = str(self.play.addresses[0])

    def name(self):
        return "%s IPv%d %s" % (self.strategy.name, self.version, "infected" if self.infected else "clean twin")

    def fault(self, messages, anomalies):
        """None, or how it is not as expected."""
        verdicts = [(m["mailweir"]["verdict"], m["mailweir"].get("reason")) for m in messages]
        if self.infected:
            return self.strategy.expected.fault(verdicts, anomalies)
        if len(verdicts) != self.play.messages:
            return "%d messages, not %d" % (len(verdicts), self.play.messages)
        allowed = [("clean", None)] + [("unscanned", reason) for reason in self.strategy.twin]
        return None if all(v in allowed for v in verdicts) else "the twin is not clean"


class Family(Scenario):
    family = None

    def connections(self):
        numbers = itertools.count()
        return [Connection(s, infected, version, next(numbers)) for s in table.of(self.family) for version in s.versions
                for infected in (True, False)]

    def write_all(self, connections):
        frames = [sorted(c.play.frames(), key=lambda x: x[0]) for c in connections]
        timed = [[(t, i, n, f) for n, (t, f) in enumerate(one)] for i, one in enumerate(frames)]
        path = self.path(self.family + ".pcap")
        with open(path, "wb", buffering=1 << 20) as out:
            pcap = Pcap(out, LINKTYPE_ETHERNET, "pcap-ns")
            for time, i, _, frame in heapq.merge(*timed):
                pcap.write(time + i * 1_000_000, frame)
        return path

    def judge_family(self, workers):
        connections = self.connections()
        self.assertTrue(connections)
        r = self.read("--workers", workers, self.write_all(connections))
        messages, anomalies = {}, {}
        for record in r.records:
            if record["event_type"] == "smtp":
                messages.setdefault(address(record["src_ip"]), []).append(record)
            elif record["event_type"] == "anomaly":
                for end in ("src_ip", "dest_ip"):
                    anomalies.setdefault(address(record[end]), []).append(record["anomaly"]["event"])
        faults = 0
        for c in connections:
            with self.subTest(c.name()):
                found, events = messages.get(c.client, []), anomalies.get(c.client, [])
                fault = c.fault(found, events)
                faults += fault is not None
                if fault:
                    said = [(m["mailweir"]["verdict"], m["mailweir"].get("reason"), m["mailweir"]["errors"]) for m in found]
                    self.fail("%s (expected %s): %s %s" % (fault, c.strategy.expected.text if c.infected else "clean", said,
                                                           events))
        print("%s: %d connections, %d not as expected" % (self.family, len(connections), faults), flush=True)

    def test_one_worker(self):
        self.judge_family(1)

    def test_two_workers(self):
        self.judge_family(2)


for family_ in table.FAMILIES:
    name_ = family_.capitalize()
    setattr(sys.modules[__name__], name_, type(name_, (Family,), {"family": family_}))
del Family

if __name__ == "__main__":
    harness.main()
