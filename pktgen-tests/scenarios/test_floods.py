# SPDX-License-Identifier: Apache-2.0
"""Floods in a capture: mail that is under way meanwhile is judged as without them, and the program needs no more memory for more."""
import json
import random
import resource

import harness
import pg_mail
from harness import PROGRAM, Scenario, normalised
from pg_packets import ACK, PSH, RST, SYN, Hosts, Link, Pcap
from pg_session import START_NS, Mail, Path, Session, packets, wrap
from test_splits import program

SMALL = """\
memory: { flows: 512, sessions: 256, messages: 64, segments: 256, mbufs: 2048, records: 1024, blocks: 2048 }
"""
MESSAGE = (b"EHLO forged.example.org\r\nMAIL FROM:<forged@example.org>\r\nRCPT TO:<bela@example.com>\r\nDATA\r\nSubject: forged\r\n"
           b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: application/octet-stream; name=a.bin"
           b"\r\nContent-Transfer-Encoding: base64\r\n\r\nAQIDBAUGBwgJAQIDBAUGBwgJ\r\nAQIDBAUG")

# Each: [(from the server, sequence number, its own acknowledgement, flags, payload)] of one forged connection.
FLOODS = {
    "syn": lambda n: [(0, n, 0, SYN, b"")],
    "syn-ack": lambda n: [(1, n, n + 1, SYN | ACK, b"")],
    "ack": lambda n: [(0, n, n, ACK, b"")],
    "command": lambda n: [(0, n, n, ACK | PSH, b"NOOP\r\n")],
    "half a line": lambda n: [(0, n, n, ACK | PSH, b"EHLO forged.exa")],
    "half a message": lambda n: [(0, n, n, ACK | PSH, MESSAGE)],
    "both ends": lambda n: [(0, n, 0, SYN, b""), (1, 7, n + 1, SYN | ACK, b""), (0, n + 1, 4711, ACK | PSH, MESSAGE)],
    "holes": lambda n: [(0, n, 0, SYN, b""), (1, 7, n + 1, SYN | ACK, b"")]
    + [(0, n + 1000 * i, 4711, ACK | PSH, b"hole") for i in range(1, 5)],
    "reset": lambda n: [(0, n, 0, SYN, b""), (0, n + 1, 0, RST, b"")],
}


def mails():
    """Ten connections, as [(time, frame)]: in order, and out of order."""
    out = []
    for i in range(10):
        parts = [pg_mail.text("A file."), wrap(program(3000, i), "file.exe", "base64") if i % 2 else
                 wrap(random.Random(i).randbytes(3000).replace(b"MZ", b"no"), "file.bin", "base64")]
        letters = [Mail(pg_mail.message(parts, subject="letter %d.%d" % (i, k))) for k in range(2)]
        hosts = Hosts("198.51.100.1", "192.0.2.25", 20000 + i, 25, Link("raw"))
        out += packets(Session(letters, rng=random.Random(i)), Path(mss=300, shuffle=4 if i % 3 else 0, seed=i), hosts, START_NS + i * 1000)
    return sorted(out, key=lambda x: x[0])


def flood(kinds, count):
    """So many forged connections, of each kind in turn."""
    out, rng = [], random.Random(count)
    for i in range(count):
        hosts = Hosts("10.%d.%d.%d" % (1 + (i >> 16), i >> 8 & 255, i & 255), "192.0.2.25", rng.randrange(1024, 65536), 25, Link("raw"))
        for from_server, seq, ack, flags, payload in FLOODS[kinds[i % len(kinds)]](rng.randrange(1 << 32)):
            out.append(hosts.packet(from_server, seq, ack, flags, payload))
    return out


class Floods(Scenario):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mails = mails()

    def among(self, name, forged):
        """The mails with the flood before, between and behind: a fifth is there first, the others come when the mails' connections are
        established. Forged packets take no time."""
        first = len(forged) // 5
        forged, rest = forged[:first], forged[first:]
        with open(self.path(name), "wb") as f:
            pcap = Pcap(f, Link("raw").type)
            for frame in forged:
                pcap.write(START_NS, frame)
            established = 50
            for i, (time, frame) in enumerate(self.mails):
                pcap.write(time, frame)
                share = [max(0, k - established) * len(rest) // (len(self.mails) - established) for k in (i, i + 1)]
                for forged_frame in rest[share[0]:share[1]]:
                    pcap.write(time, forged_frame)
        return self.path(name)

    def of_mails(self, r):
        """What is said of the mails, as lines."""
        lines = [json.loads(line) for line in normalised(r)]
        return [x for x in lines if 20000 <= x.get("src_port", 0) < 20010 and x["src_ip"] == "198.51.100.1"]

    def read_small(self, capture, workers=1):
        """Not Scenario.read: where there is no room for a message it is counted, and has no record."""
        r = harness.run("read", "--json", "-c", self.write("small.yaml", SMALL), "--workers", workers, capture)
        self.assertEqual((r.status, r.err), (1, b""), r.explain())
        self.assertTrue(r.stats["balanced"], r.explain())
        return r

    def test_each(self):
        want = self.of_mails(self.read_small(self.among("quiet.pcap", [])))
        self.assertEqual(len([x for x in want if x["event_type"] == "smtp"]), 20)
        for i, kind in enumerate(FLOODS):
            with self.subTest(kind):
                r = self.read_small(self.among("flood.pcap", flood([kind], 4000)), 1 + i % 3)
                self.assertEqual(self.of_mails(r), want)
                self.assertNotIn("evicted_mail", str(r.of("stats")[-1]))
                if kind != "ack":
                    self.assertIn("evicted", str(r.of("stats")[-1]))

    def test_all_with_any_number_of_workers(self):
        want = self.of_mails(self.read_small(self.among("quiet.pcap", [])))
        capture = self.among("flood.pcap", flood(list(FLOODS), 9000))
        for workers in (1, 2, 3):
            with self.subTest(workers=workers):
                self.assertEqual(self.of_mails(self.read_small(capture, workers)), want)

    def test_where_there_is_room_all_is_said_of_the_flood_too(self):
        capture = self.among("flood.pcap", flood(list(FLOODS), 300))
        want = self.read(capture, status=1)
        # What connections without proof may hold together is a part of each worker's own room.
        for limit in ("evicted", "held_limit", "gave_way", "forgotten"):
            self.assertNotIn(limit, str(want.of("stats")[-1]))
        for workers in (2, 3, 3):
            with self.subTest(workers=workers):
                r = self.read("--workers", workers, capture, status=1)
                self.assertEqual([json.dumps(x) for x in r.records[:-1]], [json.dumps(x) for x in want.records[:-1]])

    def test_memory_does_not_grow(self):
        with open(PROGRAM, "rb") as f:
            if b"__asan_init" in f.read():
                self.skipTest("AddressSanitizer keeps what is given back")
        peaks = []
        for count in (3000, 30000):
            self.read_small(self.among("flood.pcap", flood(list(FLOODS), count)))
            # Of the largest child so far, in KB.
            peaks.append(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
        self.assertLess(peaks[1] - peaks[0], 8 * 1024, peaks)


if __name__ == "__main__":
    harness.main()
