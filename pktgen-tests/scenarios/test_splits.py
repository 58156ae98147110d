# SPDX-License-Identifier: Apache-2.0
"""How a dialogue is cut into packets, and in what order these come, does not change what is found in it."""
import collections
import random

import harness
import pg_mail
from harness import Scenario, normalised
from pg_packets import Hosts, Link
from pg_session import CLIENT, SERVER, START_NS, Mail, Path, Session, packets, stuff, wrap

SIZES = (1, 7, 100, 536, 1460, 9000, 65000)


def program(size, seed):
    """Bytes that a default rule knows: a DOS header, the loader pair, noise between."""
    noise = random.Random(seed).randbytes(size)
    return (bytes.fromhex("4d5a90000300000004000000ffff0000") + noise[: size // 2] + b"\0KERNEL32.dll\0" + noise[size // 2 :]
            + b"\0ADVAPI32.dll\0\0")


def dialogue():
    """Clean and infected messages of every wrapping, on two connections."""
    body = program(700, 1)
    letters = [pg_mail.message([pg_mail.text("Grüße, nothing here.\n.\n..\nEnd.")], subject="=?utf-8?q?Gr=C3=BC=C3=9Fe?=")]
    for how in ("base64", "double-base64", "qp", "8bit", "zip-stored", "zip-deflated", "gzip"):
        letters.append(pg_mail.message([pg_mail.text("A file."), wrap(body, "file.exe", how)], subject=how))
    inner = pg_mail.message([pg_mail.text("Inner."), wrap(body, "inner.scr", "base64")], subject="inner")
    letters.append(pg_mail.message([pg_mail.text("Outer."), pg_mail.nested(inner)], subject="forwarded"))
    mails = [Mail(x, recipients=("bela@example.com", "cleo@example.com"), refused=("cleo@example.com",)) for x in letters]
    return [
        Session(mails[:4], rng=random.Random(1)),
        Session(mails[4:], rng=random.Random(2), pipelining=False),
        Session(mails[1:3], rng=random.Random(3), bdat=999),
    ]


def taken_apart(session, port, **path):
    """[(time, frame, from the server, payload)] of a connection."""
    hosts = Hosts("198.51.100.1", "192.0.2.25", port, 25, Link("raw"))
    out = []
    for time, frame in packets(session, Path(**path), hosts, START_NS + port * 1000):
        from_server = frame[12:16] == bytes((192, 0, 2, 25))
        out.append((time, frame, from_server, frame[20 + (frame[32] >> 4) * 4 :]))
    return out


class Splits(Scenario):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sessions = dialogue()

    def records(self, workers=1, **options):
        r = self.read("--workers", workers, self.capture("split.pcap", self.sessions, **options), status=1)
        return normalised(r)

    def test_the_dialogue_is_worth_testing(self):
        r = self.read(self.capture("plain.pcap", self.sessions), status=1)
        self.assertEqual(r.stats["messages"]["seen"], 11)
        self.assertEqual(r.stats["messages"]["infected"], 10)
        self.assertEqual(r.stats["messages"]["clean"], 1)

    def test_segment_sizes(self):
        want = self.records()
        self.assertEqual(self.records(2), want)
        for i, size in enumerate(SIZES):
            with self.subTest(size=size):
                self.assertEqual(self.records(1 + i % 2, path=Path(mss=size)), want)

    def test_disorder(self):
        want = self.records()
        for size in (7, 100, 536, 1460):
            for seed in range(3):
                with self.subTest(size=size, seed=seed):
                    path = Path(mss=size, shuffle=5, duplicate=0.1, overlap=0.1, loss=0.1, seed=seed)
                    self.assertEqual(self.records(1 + seed % 2, path=path), want)

    def test_sequence_numbers_wrap(self):
        want = self.records()
        for isn in (0xFFFFFFFF, 0xFFFFFF00, 0xFFFFF000, 0x7FFFFFF0):
            with self.subTest(isn=hex(isn)):
                self.assertEqual(self.records(path=Path(mss=536, isn=isn, shuffle=3)), want)

    def test_file_formats(self):
        want = self.records()
        for form, big in (("pcap", True), ("pcap-ns", False), ("pcap-ns", True), ("pcapng", False), ("pcapng", True)):
            with self.subTest(form=form, big_endian=big):
                self.assertEqual(self.records(form=form, big_endian=big), want)

    def test_link_types(self):
        want = self.records()
        for kind in ("raw", "sll", "sll2"):
            with self.subTest(kind):
                self.assertEqual(self.records(link=Link(kind)), want)

    def test_timestamps_option(self):
        self.assertEqual(self.records(path=Path(timestamps=True)), self.records())

    def test_vlans_are_named(self):
        for vlans in ((7,), (7, 100)):
            with self.subTest(vlans):
                r = self.read(self.capture("vlan.pcap", self.sessions, link=Link(vlans=vlans)), status=1)
                self.assertEqual({tuple(m["vlan"]) for m in r.messages}, {vlans})
                self.assertEqual(r.stats["messages"]["infected"], 10)

    def test_ipv6(self):
        r = self.read(self.capture("six.pcap", self.sessions, version=6), status=1)
        self.assertEqual(r.stats["messages"]["infected"], 10)
        self.assertEqual({m["dest_ip"] for m in r.messages}, {"2001:0db8:0002:0000:0000:0000:0000:0025"})

    def test_a_hole_is_a_gap_and_never_clean(self):
        """Every run of packets that the capture may lack, of the client's data: a message of which a part is missing is not
        called clean, none that the server took goes unmentioned, and what is whole is judged."""
        mails = [Mail(pg_mail.message([pg_mail.text("%s " % name * 100)], subject=name)) for name in ("first", "second")]
        every, holes = [], {}
        for pipelining in (True, False):
            for start in range(3, 60):
                for end in range(start + 1, 60):
                    port = 10000 + len(holes)
                    lines = taken_apart(Session(mails, pipelining=pipelining), port, mss=300)
                    gone = [data for _, _, from_server, data in lines[start:end] if data]
                    if end > len(lines) or not gone or any(x[2] and x[3] for x in lines[start:end]):
                        continue
                    holes[port] = b"".join(gone)
                    every += lines[:start] + lines[end:]
        self.assertGreater(len(holes), 60)
        r = self.read(self.write_frames("holes.pcap", every, Link("raw")), status=0)
        found = collections.defaultdict(list)
        for m in r.messages:
            found[m["src_port"]].append(m)
        for port, gone in holes.items():
            with self.subTest(port=port, gone=gone[:40] + b" ... " + gone[-40:]):
                self.assertEqual([m["mailweir"]["delivered"] for m in found[port]], ["yes", "yes"])
                for m, mail in zip(found[port], mails):
                    own, whole = m["mailweir"], stuff(mail.data)
                    # pieces of 300 bytes: what is missing of this message's content is in the hole
                    pieces = [whole[i : i + 300] for i in range(0, len(whole), 300)]
                    if not any(piece in gone for piece in pieces):
                        continue
                    self.assertEqual((own["verdict"], own.get("reason")), ("unscanned", "gap"), own)
                for m in found[port]:
                    if m["mailweir"]["verdict"] == "clean":
                        self.assertIn(m["mailweir"]["bytes"], [len(mail.data) for mail in mails], m)

    def test_one_direction(self):
        """A capture of the client's packets alone shows what it sent; one of the server's, that it took messages which nobody
        has read."""
        r = self.read(self.capture("client.pcap", self.sessions, path=Path(only=CLIENT)))
        self.assertEqual(r.stats["messages"]["infected"], 10)
        r = self.read(self.capture("server.pcap", self.sessions, path=Path(only=SERVER)), status=0)
        self.assertEqual(r.stats["messages"]["clean"], 0)
        self.assertGreater(r.stats["messages"]["unscanned"]["gap"] + r.stats["messages"]["unscanned"]["midstream"], 0)

    def test_midstream(self):
        """Without a handshake: what begins at a MAIL that was seen is judged."""
        r = self.read(self.capture("mid.pcap", self.sessions, path=Path(handshake=False)), status=1)
        self.assertEqual(r.stats["messages"]["infected"], 10)

    def test_tls_is_one_unscanned_message(self):
        letter = pg_mail.message([pg_mail.text("secret")])
        sessions = [Session([Mail(letter), Mail(letter)], starttls=True, rng=random.Random(i)) for i in range(3)]
        r = self.read(self.capture("tls.pcap", sessions), status=0)
        self.assertEqual([m["mailweir"]["reason"] for m in r.messages], ["tls"] * 3)
        r = run_fail_on(self, self.path("tls.pcap"))
        self.assertEqual(r.status, 3, r.explain())

    def test_auth_is_never_recorded(self):
        letter = pg_mail.message([pg_mail.text("hello")])
        secret = "\0user\0correct-horse-battery"
        r = self.read(self.capture("auth.pcap", [Session([Mail(letter)], auth=secret)]), status=0)
        encoded = pg_mail.base64_layers(secret.encode(), 1)
        for word in (encoded, encoded[:12], b"correct-horse"):
            self.assertNotIn(word, r.out + r.err)


def run_fail_on(case, path):
    return case.read("--fail-on", "suspicious,unscanned", path)


if __name__ == "__main__":
    harness.main()
