# SPDX-License-Identifier: Apache-2.0
"""Which packets belong together: ports that are used again, captures in several files, captures that share addresses."""
import random

import harness
import pg_mail
from harness import Scenario
from pg_packets import Hosts, Link
from pg_session import START_NS, Mail, Path, Session, packets, wrap

SECOND = 1_000_000_000
PROGRAM = bytes.fromhex("4d5a90000300000004000000ffff0000") + random.Random(1).randbytes(4000)


def clean(subject="clean"):
    return Session([Mail(pg_mail.message([pg_mail.text("nothing here, " * 30)], subject=subject))])


def infected(subject="infected"):
    return Session([Mail(pg_mail.message([pg_mail.text("x"), wrap(PROGRAM, "x.exe", "base64")], subject=subject))])


def frames(session, start=START_NS, port=40000, **path):
    """[(time, frame)] of a connection; all here have the same two addresses, and the same port unless it is given."""
    return list(packets(session, Path(**path), Hosts("198.51.100.1", "192.0.2.25", port, 25, Link()), start))


class Connections(Scenario):
    def verdicts(self, messages):
        return [(m["email"].get("subject"), m["mailweir"]["verdict"]) for m in messages]

    # a port used again ------------------------------------------------------------------------------------------------

    def both(self, cases):
        """For each case, on a port of its own, a clean connection and an infected one after it, in one capture. A case is
        (how the first ends, the client's first number in the second, the server's seed, nanoseconds between them)."""
        every, ports = [], {}
        for port, (close, isn, seed, gap) in enumerate(cases, 20000):
            ports[port] = (close, isn, seed, gap)
            first = frames(clean(), START_NS + port * 1000, port, isn=1000, seed=1, close=close)
            every += first + frames(infected(), first[-1][0] + gap, port, isn=isn, seed=seed)
        r = self.read(self.write_frames("again.pcap", every), status=1)
        for port, case in ports.items():
            with self.subTest(case):
                self.assertEqual(self.verdicts(m for m in r.messages if m["src_port"] == port),
                                 [("clean", "clean"), ("infected", "infected")])

    def test_port_used_again_after_a_close(self):
        # the client's first number: the same, inside the old connection, above it, below, far; the server's: the same, another
        self.both([(close, isn, seed, gap) for close in ("fin", "rst") for isn in (1000, 1010, 5000, 900, 0xFFFFFFF0)
                   for seed in (1, 2) for gap in (SECOND // 1000, 10 * SECOND, 120 * SECOND)])

    def test_port_used_again_without_a_close(self):
        """The end of the first connection is not in the capture; other numbers tell the second from repeated packets."""
        self.both([(None, isn, seed, gap) for isn, seed in ((5000, 1), (900, 1), (0xFFFFFFF0, 2))
                   for gap in (SECOND, 120 * SECOND)])

    def test_repeated_handshake(self):
        """SYN and SYN-ACK that come once more, late, are no new connection."""
        every = []
        for port, at in enumerate((3, 4, 6, None), 20000):
            one = [frame for _, frame in frames(infected(), port=port, isn=1000)]
            at = len(one) if at is None else at
            every += [(START_NS + i * 1000, frame) for i, frame in enumerate(one[:at] + one[:2] + one[at:])]
        r = self.read(self.write_frames("syn.pcap", every), status=1)
        self.assertEqual(self.verdicts(r.messages), [("infected", "infected")] * 4)

    # several files ----------------------------------------------------------------------------------------------------

    def test_a_connection_goes_on_in_the_next_file(self):
        """As captures are that change their file every so many bytes."""
        every = frames(infected(), mss=536)
        for workers, cut in ((1, 2), (3, 8), (2, len(every) // 2), (1, len(every) * 2 // 3)):
            with self.subTest(cut=cut):
                a, b = self.write_frames("a.pcap", every[:cut]), self.write_frames("b.pcap", every[cut:])
                r = self.read("--workers", workers, a, b, status=1)
                self.assertEqual(self.verdicts(r.messages), [("infected", "infected")])
                self.assertEqual(r.messages[0]["pcap_filename"], b)

    def test_captures_that_have_nothing_to_do_with_each_other(self):
        """The second begins before the first ends: nothing goes on from one to the other, though addresses, ports and
        sequence numbers are the same."""
        a = self.write_frames("a.pcap", frames(clean(), isn=1000, close=None))
        b = self.write_frames("b.pcap", frames(infected(), isn=1000, close=None))
        for one, two in ((a, b), (b, a)):
            r = self.read(one, two, status=1)
            self.assertEqual(sorted(self.verdicts(r.messages)), [("clean", "clean"), ("infected", "infected")])

    def test_the_same_capture_twice(self):
        a = self.write_frames("a.pcap", frames(infected(), isn=1000, close=None))
        self.assertEqual(self.read(a, a, status=1).stats["messages"]["infected"], 2)

    def test_each_record_names_its_file(self):
        """Also that of a message which no packet ends."""
        for close, cut in (("fin", 0), ("fin", 6), (None, 0), (None, 3)):  # packets missing at the end, the reply among them
            with self.subTest(close=close, cut=cut):
                every = [frames(clean("n%d" % i), START_NS + i * 3600 * SECOND, close=close) for i in range(3)]
                every = [f[: len(f) - cut] for f in every]
                paths = [self.write_frames("%d.pcap" % i, f) for i, f in enumerate(every)]
                r = self.read(*paths, status=0)
                self.assertEqual([m["pcap_filename"] for m in r.messages], paths)
                for m, packets_ in zip(r.messages, every):
                    self.assertIn(m["pcap_cnt"], range(1, len(packets_) + 1), "numbered within its file")


if __name__ == "__main__":
    harness.main()
