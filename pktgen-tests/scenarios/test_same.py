# SPDX-License-Identifier: Apache-2.0
"""The same capture reads the same: whatever the run, the number of workers, and the pace at which it comes; with a flood of fragments
around its mails that finds no room."""
import collections
import json
import os
import random
import struct
import subprocess
import threading
import time

import harness
from harness import PROGRAM, Run, Scenario
from pg_fragments import Datagram, split_link
from pg_packets import Link, Pcap, checksum
from pg_session import START_NS, Session
from test_fragments import frames, letter, mail

SMALL = "memory: {datagrams: 64, fragments: 256}\nip: {fragments_max: 24}\n"
SENDERS = 40
RUNS = 5


def vxlan(packet):
    inner = bytes(12) + struct.pack("!H", 0x0800 if packet[0] >> 4 == 4 else 0x86DD) + packet
    udp = struct.pack("!HHHHII", 40000, 4789, 16 + len(inner), 0, 0x08000000, 7 << 8) + inner
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, b"\x0a\1\1\1", b"\x0a\1\1\2")
    return ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:] + udp


class Plan(collections.namedtuple("Plan", "mss skew close bdat late", defaults=(0, "server"))):
    """Two mails in one connection; one of its ends is shown `skew` milliseconds late."""

    def frames(self):
        session = Session([mail(infected, "mail %d" % infected) for infected in (False, True)], bdat=self.bdat)
        lines = frames(session, mss=self.mss, close=self.close, ack_every=0)
        server = bytes((192, 0, 2, 25))
        shown = []
        for at, frame in lines:
            who = "server" if split_link(frame)[1][12:16] == server else "client"
            shown.append((at + self.skew * 10**6 * (who == self.late), frame))
        return sorted(shown, key=lambda x: x[0])


class Same(Scenario):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.config = os.path.join(cls.folder, "small.yaml")
        with open(cls.config, "w") as f:
            f.write(SMALL)
        cls.flooded = os.path.join(cls.folder, "flooded.pcap")
        with open(cls.flooded, "wb") as f:
            cls.write_flooded(Pcap(f, Link().type), random.Random(7))

    @classmethod
    def write_flooded(cls, pcap, rng):
        """Twelve connections in fragments, a third of them in a tunnel, and a third when the others' fragments are too old; with each of
        their packets some from forty other senders, of datagrams that are never whole, most with a beginning that is TCP's."""
        lines = []
        for i in range(12):
            version = 4 if i % 2 else 6
            client = "198.51.100.%d" % i if version == 4 else "2001:db8:%x::1" % (i + 16)
            start = START_NS + i * 10**7 + (40 * 10**9 if i >= 8 else 0)
            lines += [(at, frame, i) for at, frame in frames(letter(i % 4 == 0, "letter %d" % i), version, 40000 + i, start, client)]
        lines.sort(key=lambda x: x[0])
        sample = max((split_link(frame)[1] for _, frame, i in lines if i == 1), key=len)
        for ident, (at, frame, i) in enumerate(lines):
            link, packet = split_link(frame)
            parts = [packet]
            if len(packet) > 200:
                d = Datagram(packet, ident)
                parts = d.whole(d.cut(768 if i % 2 else rng.choice((64, 256, 512))))
                rng.shuffle(parts)
            for part in parts:
                if i % 3 == 0:
                    link, part = link[:12] + b"\x08\0", vxlan(part)
                pcap.write(at, link + part)
                for _ in range(rng.randrange(4)):
                    pcap.write(at, link[:12] + b"\x08\0" + cls.junk(sample, rng))

    @staticmethod
    def junk(sample, rng):
        source = bytes((203, 0, 113, rng.randrange(SENDERS)))
        packet = sample[:12] + source + sample[16:]
        if rng.randrange(4) == 0:
            packet = vxlan(packet)
        d = Datagram(packet[:12] + source + packet[16:], rng.randrange(65536))
        off = rng.choice((0, 0, 8 * rng.randrange(1, 50)))
        return d.fragment(off, d.payload[off : off + 160], True)

    def read_paced(self, capture, workers, pauses):
        """By a pipe, with pauses: as a capture that is being taken."""
        with open(capture, "rb") as f:
            data = f.read()
        rng = random.Random(pauses)
        cuts = sorted(rng.sample(range(24, len(data)), pauses))
        arguments = ["read", "--json", "-c", self.config, "--workers", str(workers), "-"]
        environment = dict(os.environ, LC_ALL="C.UTF-8")
        with subprocess.Popen([PROGRAM] + arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env=environment) as p:
            def feed():
                for a, b in zip([0] + cuts, cuts + [len(data)]):
                    p.stdin.write(data[a:b])
                    p.stdin.flush()
                    time.sleep(rng.choice((0, 0.01, 0.1)))
                p.stdin.close()

            feeder = threading.Thread(target=feed)
            feeder.start()
            errors = []
            listener = threading.Thread(target=lambda: errors.append(p.stderr.read()))
            listener.start()
            out = p.stdout.read()
            feeder.join()
            listener.join()
            p.wait(timeout=300)
        return Run(arguments, p.returncode, out, b"".join(errors))

    def read_flooded(self, workers):
        return self.read("-c", self.config, "--workers", workers, self.flooded)

    def test_the_flood_finds_no_room(self):
        """What the others compare: something is found, something is not, and much gives way."""
        r = self.read_flooded(1)
        dropped, counters = r.stats["packets"]["dropped"], json.dumps(r.of("stats")[-1])
        self.assertGreater(dropped["fragment_no_room"], 200, counters)
        self.assertGreater(r.of("stats")[-1]["mailweir"]["counters"]["fragments"]["timeouts"], dropped["fragment_timeout"] // 4, counters)
        mails = [m for m in r.messages if not m["src_ip"].startswith("203.")]
        self.assertEqual(len(mails), 12, r.explain())
        found = [m["mailweir"]["verdict"] for m in mails]
        for verdict in ("clean", "infected", "unscanned"):
            self.assertIn(verdict, found, r.explain())
        for m in mails:
            if (m["src_port"] - 40000) % 4 == 0:
                self.assertNotEqual(m["mailweir"]["verdict"], "clean", r.explain())

    def test_each_run_and_any_number_of_workers(self):
        first = None
        for workers in (1, 2, 4):
            runs = [self.read_flooded(workers) for _ in range(RUNS)]
            for i, r in enumerate(runs):
                with self.subTest(workers=workers, run=i):
                    self.assertEqual((r.status, r.out, r.err), (runs[0].status, runs[0].out, runs[0].err))
            first = first or runs[0]
            with self.subTest(workers=workers):
                self.assertEqual(runs[0].out.splitlines()[:-1], first.out.splitlines()[:-1])
                self.assertEqual(runs[0].of("stats")[-1], first.of("stats")[-1])

    def test_any_pace(self):
        for workers in (1, 2, 4):
            with open(self.flooded, "rb") as f:
                want = self.read("-c", self.config, "--workers", workers, "-", stdin=f)
            for pauses in (5, 40):
                with self.subTest(workers=workers, pauses=pauses):
                    r = self.read_paced(self.flooded, workers, pauses)
                    self.assertEqual((r.status, r.out, r.err), (want.status, want.out, want.err))

    def test_out_of_step_with_any_number_of_workers(self):
        """One direction is shown late, of segments of 37 bytes, and of a connection that the other end resets, all of it before
        anything of the late end is seen: nothing reaches a limit, what stands behind the reset is read, and nothing is odd."""
        plans = [Plan(mss=37, skew=5, close="fin"), Plan(mss=37, skew=3, close="rst"), Plan(mss=37, skew=10, close="rst"),
                 Plan(mss=536, skew=5, close="rst"), Plan(mss=1460, skew=90, close="rst", bdat=500)]
        plans += [Plan(mss=1460, skew=skew, close="server-rst", late="client") for skew in (2, 40, 90)]
        for plan in plans:
            capture = os.path.join(self.folder, "late.pcap")
            with open(capture, "wb") as f:
                pcap = Pcap(f, Link().type)
                for at, frame in plan.frames():
                    pcap.write(at, frame)
            first = None
            for workers in (1, 2, 4):
                with self.subTest(plan=plan, workers=workers):
                    r = self.read("--workers", workers, capture)
                    first = first or r
                    self.assertEqual([(m["mailweir"]["verdict"], m["mailweir"]["complete"]) for m in r.messages],
                                     [("clean", True), ("infected", True)], r.explain())
                    self.assertEqual(r.of("anomaly"), [], r.explain())
                    self.assertEqual(r.out.splitlines()[:-1], first.out.splitlines()[:-1])


if __name__ == "__main__":
    harness.main()
