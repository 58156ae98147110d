# SPDX-License-Identifier: Apache-2.0
"""The policy `linux`, and IPv6, beside the real thing: the same fragments, sent to a Linux UDP socket over a pair of interfaces,
and as a TCP segment in a capture to `mailweir read`: what arrives there, whole, is what is read here, byte for byte; and what does not,
is not.

Needs root and network namespaces, and says so where it is skipped.
"""
import itertools
import select
import socket
import struct
import time
import unittest

import harness
import netns
from harness import Scenario
from pg_fragments import Datagram
from pg_packets import ACK, Hosts, Link, Pcap
from pg_session import START_NS

OURS, THEIRS = {4: "10.77.0.1", 6: "fd77::1"}, {4: "10.77.0.2", 6: "fd77::2"}
UNITS = 5  # of 8 bytes, behind the transport header's first 24
PORT = 7001


def sequences():
    """Every pair of fragments within UNITS, in the order given; then every three with cuts at unit 0, 1, 2, 3; then pieces of what is
    left, and the end. A sequence is [(first unit, last unit, letter)]."""
    spans = [(a, b) for a in range(UNITS) for b in range(a + 1, UNITS + 1)]
    for one, two in itertools.product(spans, repeat=2):
        yield [(one, "h"), (two, "n")]
    spans = [(a, b) for a in range(3) for b in range(a + 1, 4)]
    for three in itertools.product(spans, repeat=3):
        yield list(zip(three, "hnm"))


def pieces(sequence):
    """[(off, length, letter or None for the first, more)]: the sequence, the fragments that fill what it leaves, the first, the end."""
    covered = set()
    out = []
    for (a, b), letter in sequence:
        out.append((24 + a * 8, (b - a) * 8, letter, True))
        covered |= set(range(a, b))
    for unit in range(UNITS):
        if unit not in covered:
            out.append((24 + unit * 8, 8, "f", True))
    return out + [(0, 24, None, True), (24 + UNITS * 8, 8, "e", False)]


class LinuxFragments(Scenario):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        netns.command("ip", "netns", "add", "frf")
        netns.command("ip", "link", "add", "frf0", "type", "veth", "peer", "name", "eth0", "netns", "frf")
        netns.command("ip", "link", "set", "frf0", "address", "02:77:00:00:00:01", "up")
        with netns.inside("frf"):
            netns.command("ip", "link", "set", "eth0", "address", "02:77:00:00:00:02", "up")
            netns.command("ip", "addr", "add", THEIRS[4] + "/24", "dev", "eth0")
            netns.command("ip", "-6", "addr", "add", THEIRS[6] + "/64", "dev", "eth0", "nodad")
            for name in ("net/ipv4/ipfrag_high_thresh", "net/ipv6/ip6frag_high_thresh"):
                with open("/proc/sys/" + name, "w") as f:
                    f.write(str(64 << 20))
            with open("/proc/sys/net/ipv4/ipfrag_max_dist", "w") as f:
                f.write("0")
            cls.sockets = {4: socket.socket(socket.AF_INET, socket.SOCK_DGRAM), 6: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)}
            for version, s in cls.sockets.items():
                s.setsockopt(socket.SOL_SOCKET, 33, 16 << 20)  # SO_RCVBUFFORCE
                if version == 6:
                    s.setsockopt(socket.IPPROTO_UDP, 102, 1)  # UDP_NO_CHECK6_RX: what will have arrived has no sum to be known before
                s.bind((THEIRS[version], PORT))
                s.setblocking(False)
        cls.wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        cls.wire.bind(("frf0", 0))

    @classmethod
    def tearDownClass(cls):
        cls.wire.close()
        for s in cls.sockets.values():
            s.close()
        super().tearDownClass()

    @staticmethod
    def udp(version, number, parts):
        """A UDP datagram without a checksum, whose fragments bear its number, and the first 24 bytes of it."""
        total = max(off + n for off, n, _, _ in parts)
        src, dst = (socket.inet_pton(socket.AF_INET if version == 4 else socket.AF_INET6, a[version]) for a in (OURS, THEIRS))
        head = struct.pack("!HHHH", 40000, PORT, total, 0) + struct.pack("!I", number) + bytes(12)
        if version == 4:
            ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 0, 0, 0, 64, 17, 0, src, dst)
        else:
            ip = struct.pack("!IHBB16s16s", 6 << 28, 0, 17, 64, src, dst)
        return Datagram(ip, 1000 + number), head

    def kernel(self, version, cases):
        """What the socket got of each case: {number: bytes from offset 24 on}."""
        etype = 0x0800 if version == 4 else 0x86DD
        link = bytes.fromhex("027700000002027700000001") + struct.pack("!H", etype)
        got = {}
        for number, parts in enumerate(cases):
            d, head = self.udp(version, number, parts)
            contents = []
            for off, n, letter, more in parts:
                contents.append((off, head if letter is None else letter.encode() * n, more))
            for off, data, more in contents:
                self.wire.send(link + d.fragment(off, data, more))
            if number % 16 == 15:
                self.drain(version, got)
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            select.select([self.sockets[version]], [], [], 0.05)
            self.drain(version, got)
        return got

    def drain(self, version, got):
        while True:
            try:
                data = self.sockets[version].recv(65536)
            except BlockingIOError:
                return
            got[struct.unpack("!I", data[:4])[0]] = data[16:]

    def ours(self, version, cases):
        """The same pieces as a TCP segment, each case a connection picked up in its middle on a port of its own: what was read is
        its anomaly or its gap, so the bytes are taken from a message's text instead."""
        ends = ("198.51.100.1", "192.0.2.25") if version == 4 else ("2001:db8:1::1", "2001:db8:2::25")
        name = self.path("ours%d.pcap" % version)
        with open(name, "wb") as f:
            pcap = Pcap(f, Link().type)
            for number, parts in enumerate(cases):
                self.connection(pcap, Hosts(*ends, 1024 + number, 25, Link()), version, number, parts)
        r = self.read("-c", self.write("trust.yaml", "capture: {checksums: trust}\ntcp: {timeout_new: 1h}\n"), name)
        found = {}
        for m in r.messages:
            subject = m["email"].get("subject", "")
            found[m["src_port"] - 1024] = subject
        return found, r

    def connection(self, pcap, hosts, version, number, parts):
        """A dialogue whose message has its subject in the fragments."""
        at = START_NS + number * 10**7
        seq, ack = [1, 1], 0

        def say(server, data):
            nonlocal at
            at += 1000
            pcap.write(at, hosts.packet(server, seq[server], seq[not server], ACK, data))
            seq[server] += len(data)

        say(True, b"220 mx\r\n")
        for command, answer in ((b"EHLO x\r\n", b"250 mx\r\n"), (b"MAIL FROM:<a@b>\r\n", b"250 ok\r\n"),
                                (b"RCPT TO:<c@d>\r\n", b"250 ok\r\n"), (b"DATA\r\n", b"354 go\r\n"), ):
            say(False, command)
            say(True, answer)
        say(False, b"Subject: ")
        total = max(off + n for off, n, _, _ in parts) - 20
        frame = hosts.packet(False, seq[False], seq[True], ACK, b"a" * total)
        d = Datagram(frame[14:], 1000 + number)
        for off, n, letter, more in parts:
            at += 1000
            data = d.payload[:20] + b"aaaa" if letter is None else letter.encode() * n
            pcap.write(at, frame[:14] + d.fragment(off, data, more))
        seq[False] += total
        say(False, b"\r\n\r\nx\r\n.\r\n")
        say(True, b"250 ok\r\n")

    def compare(self, version):
        cases = [pieces(s) for s in sequences()]
        kernel, (found, r) = self.kernel(version, cases), self.ours(version, cases)
        whole = 0
        for number, parts in enumerate(cases):
            theirs = kernel.get(number)
            text = found.get(number)
            self.assertIsNotNone(text, "a record for each")
            with self.subTest(version=version, parts=parts):
                if theirs is None:
                    self.assertNotIn("e" * 8, text)
                else:
                    whole += 1
                    self.assertEqual(text, "aaaa" + theirs.decode())
        print("IPv%d: %d of %d sequences become a datagram" % (version, whole, len(cases)), flush=True)
        self.assertTrue(0 < whole < len(cases))

    def test_ipv4(self):
        self.compare(4)

    def test_ipv6(self):
        self.compare(6)


if __name__ == "__main__":
    try:
        netns.enter()
    except unittest.SkipTest as missing:
        print("SKIP: the policy linux was not compared with the kernel: %s" % missing, flush=True)
        raise SystemExit(77)
    harness.main()
