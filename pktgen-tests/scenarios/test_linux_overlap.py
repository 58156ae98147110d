#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The policy `linux` against the real thing: segments that overlap, sent to a TCP socket of this machine's kernel, and what the
program at the socket reads compared with what rs_stream reads of the same segments.

The kernel is reached through a TAP device in a network namespace of the test's own, or through a pair of veth; the sender is
nobody but this program, at an address that no interface has, so that no other TCP answers for it. Every frame is taken by the
kernel before the next one is given to it: the order is the one meant. MAILWEIR_OVERLAPS names the program that makes the cases.
"""
import fcntl
import os
import random
import select
import socket
import struct
import subprocess
import sys
import unittest

import net_case
import netns
from net_case import saw
from netns import Missing, command

import pg_packets
from pg_packets import ACK, RST, SYN

OVERLAPS = os.environ.get("MAILWEIR_OVERLAPS", "")
HERE = {4: "10.78.0.1", 6: "fd78::1"}
NOBODY = {4: "10.78.0.2", 6: "fd78::2"}
NOBODYS_MAC = b"\x02\x00\x5e\0\0\x02"
PORT = 2525
TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000
LETTERS = "123456789abcdefghijklmnopqrstuvwxyz"
PATIENCE = 60  # seconds, that nothing here takes


def cases(n, policy="linux"):
    """(start, pictures of the segments, what rs_stream reads by this policy) of every case of n segments."""
    out = subprocess.run([OVERLAPS, "cases", str(n), policy], stdout=subprocess.PIPE, check=True).stdout.decode()
    for line in out.splitlines():
        start, *pictures, expected = line.split()
        yield start, pictures, expected


def segments(start, pictures, unit):
    """A picture is a letter each stretch: a segment has its number in the stretches that it covers, each of `unit` bytes."""
    hole = start == "behind"
    for picture in pictures:
        begin = len(picture) - len(picture.lstrip("."))
        yield hole + begin * unit, picture.strip(".").encode()[:1] * unit * len(picture.strip("."))
    if hole:
        yield 0, b"-"
    for at in range(len(pictures[0])):
        if all(picture[at] == "." for picture in pictures):
            yield hole + at * unit, b"." * unit


def random_cases(numbers, count, n):
    """Of n segments, which begin at even places and end at odd ones."""
    drawn = []
    for _ in range(count):
        ends = []
        for _ in range(n):
            begin = 2 * numbers.randrange(2 * n)
            ends.append((begin, min(127, begin + 1 + 2 * numbers.randrange(1 + n // 2))))
        drawn.append((numbers.choice(("behind", "at-once")), [(b, e) for b, e in ends if b < e]))
    lines = "".join("%s %s\n" % (start, " ".join("%d-%d" % e for e in ends)) for start, ends in drawn)
    out = subprocess.run([OVERLAPS, "read", "linux"], input=lines.encode(), stdout=subprocess.PIPE, check=True).stdout
    out = out.decode().split()
    for (start, ends), expected in zip(drawn, out):
        pictures = ["." * b + LETTERS[i] * (e - b) + "." * (len(expected) - e) for i, (b, e) in enumerate(ends)]
        yield start, pictures, expected


class Wire:
    """A way into the kernel: frames to it, and those that it sends."""

    def setup(self, name, address_of_kernel):
        for version, prefix in ((4, "/24"), (6, "/64")):
            command("ip", "-%d" % version, "address", "add", HERE[version] + prefix, "dev", name, *["nodad"] * (version == 6))
            command("ip", "-%d" % version, "neighbour", "replace", NOBODY[version], "lladdr",
                    ":".join("%02x" % b for b in NOBODYS_MAC), "nud", "permanent", "dev", name)
        self.mac = address_of_kernel


class Tap(Wire):
    """What is written goes through TCP before write() returns."""

    name = "TAP device"

    def __init__(self):
        try:
            self.fd = os.open("/dev/net/tun", os.O_RDWR)
            fcntl.ioctl(self.fd, TUNSETIFF, struct.pack("16sH22x", b"ovltap", IFF_TAP | IFF_NO_PI))
        except OSError as error:
            raise Missing("no TAP device: %s" % error)
        command("ip", "link", "set", "ovltap", "up")
        with open("/sys/class/net/ovltap/address") as f:
            mac = bytes.fromhex(f.read().strip().replace(":", ""))
        self.setup("ovltap", mac)

    def send(self, frame):
        os.write(self.fd, frame)

    def receive(self):
        """A frame, or None where none comes."""
        return os.read(self.fd, 65536) if select.select([self.fd], [], [], PATIENCE)[0] else None

    def drain(self):
        while select.select([self.fd], [], [], 0)[0]:
            os.read(self.fd, 65536)

    def close(self):
        os.close(self.fd)


class Veth(Wire):
    """Frames of another kind: their payload lies elsewhere in memory, and cannot always be joined to another's."""

    name = "veth"

    def __init__(self):
        command("ip", "link", "add", "ovlme", "type", "veth", "peer", "name", "ovlker")
        for name in ("ovlme", "ovlker"):
            command("ip", "link", "set", name, "up")
            command("ethtool", "-K", name, "gro", "off", "tso", "off", "gso", "off", "tx", "off")
        with open("/sys/class/net/ovlker/address") as f:
            mac = bytes.fromhex(f.read().strip().replace(":", ""))
        self.setup("ovlker", mac)
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.socket.bind(("ovlme", 0))

    def send(self, frame):
        self.socket.send(frame)

    def receive(self):
        return self.socket.recv(65536) if select.select([self.socket], [], [], PATIENCE)[0] else None

    def drain(self):
        while select.select([self.socket], [], [], 0)[0]:
            self.socket.recv(65536)

    def close(self):
        self.socket.close()
        command("ip", "link", "delete", "ovlme")


class Connection:
    """One of nobody's, to the kernel's socket."""

    def __init__(self, wire, listener, version, port, isn):
        self.wire, self.version, self.port, self.seq = wire, version, port, isn
        link = pg_packets.Link(client_mac=NOBODYS_MAC, server_mac=wire.mac)
        self.hosts = pg_packets.Hosts(NOBODY[version], HERE[version], port, PORT, link)
        wire.drain()
        self.send(SYN, self.seq, 0)
        self.ack = self.synack() + 1
        self.seq += 1
        self.send(ACK, self.seq, self.ack)
        self.socket, _ = listener.accept()
        self.socket.settimeout(PATIENCE)

    def send(self, flags, seq, ack, payload=b""):
        self.wire.send(self.hosts.packet(False, seq, ack, flags, payload))

    def synack(self):
        """The kernel's own number."""
        while True:
            frame = self.wire.receive()
            if frame is None:
                raise OSError("the kernel did not answer a SYN")
            at = 14 + (20 if self.version == 4 else 40)
            if frame[12:14] != (b"\x08\x00" if self.version == 4 else b"\x86\xdd") or len(frame) < at + 20:
                continue
            _, port, seq, _, _, flags = struct.unpack_from("!HHIIBB", frame, at)
            if port == self.port and flags & (SYN | ACK) == SYN | ACK:
                return seq

    def read(self, segments, n):
        """Sends them, and reads n bytes."""
        for off, payload in segments:
            self.send(ACK, self.seq + off, self.ack, payload)
        got = b""
        while len(got) < n:
            piece = self.socket.recv(n - len(got))
            if not piece:
                break
            got += piece
        return got

    def close(self):
        self.send(RST, self.seq + 100000, self.ack)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


class Overlap(unittest.TestCase):
    def setUp(self):
        # Frames of one sender keep their order on one core.
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

    def play(self, wire_of, version, what, units=(1, 7)):
        """[(case, what the kernel read, what rs_stream reads)] where these differ; and how many there were."""
        wire, different, count = wire_of(), [], 0
        listener = socket.socket(socket.AF_INET if version == 4 else socket.AF_INET6)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.settimeout(PATIENCE)
            listener.bind((HERE[version], PORT))
            listener.listen(64)
            # Numbers that wrap among them.
            numbers = random.Random(version)
            for unit in units:
                for start, pictures, expected in what:
                    isn = (0xFFFFFFFF - numbers.randrange(8)) if count % 2 else numbers.randrange(1 << 32)
                    connection = Connection(wire, listener, version, 10000 + count % 50000, isn)
                    all_of_it = list(segments(start, pictures, unit))
                    hole = start == "behind"
                    got = connection.read(all_of_it, hole + len(expected) * unit)[hole:]
                    connection.close()
                    want = "".join(letter * unit for letter in expected).encode()
                    if got != want:
                        different.append((start, unit, pictures, got.decode(), want.decode()))
                    count += 1
        finally:
            listener.close()
            wire.close()
        return different, count

    def prove(self, wire_of, version, what, units=(1, 7)):
        different, count = self.play(wire_of, version, what, units)
        for start, unit, pictures, got, want in different[:20]:
            print("  %s, %d bytes a stretch: %s: the kernel read %s, rs_stream reads %s" %
                  (start, unit, " ".join(pictures), got[::unit], want[::unit]))
        saw("kernel %s, IPv%d, %s: %d connections, %d read differently", os.uname().release, version, wire_of.name, count,
            len(different))
        return {(start, tuple(pictures)) for start, _, pictures, _, _ in different}

    def all_cases(self, version):
        what = list(cases(2)) + list(cases(3))
        self.assertEqual(len(what), 2 * (13 + 409))
        self.assertEqual(self.prove(Tap, version, what), set())

    def test_all_of_two_and_three_ipv4(self):
        self.all_cases(4)

    def test_all_of_two_and_three_ipv6(self):
        self.all_cases(6)

    def test_payload_that_cannot_be_joined(self):
        """veth hands on what a packet socket made: the kernel appends a segment to another one only where the other's buffer has
        room. Where it has none, these two cases are read otherwise, and no others."""
        what = list(cases(2)) + list(cases(3))
        joined = {("behind", ("11..", "..22", ".33.")), ("behind", ("11..", ".22.", "..33"))}
        self.assertEqual(self.prove(Veth, 4, what, (4,)) - joined, set())
        self.assertEqual(self.prove(Veth, 4, what, (200,)) - joined, set())

    def test_many_that_do_not_touch(self):
        """Where none begins where another one ends nothing is appended, and the shape of the kernel's tree does not matter: then
        any number of segments is read alike."""
        for version in (4, 6):
            for n in (4, 8, 20, 35):
                what = random_cases(random.Random(n), 1000, n)
                self.assertEqual(self.prove(Tap, version, what, (1,)), set())

    def test_cases_tell_policies_apart(self):
        """A kernel that read by any other policy would be noticed."""
        linux = [expected for _, _, expected in cases(3)]
        for policy in ("first", "last", "bsd", "old-linux", "solaris"):
            other = [expected for _, _, expected in cases(3, policy)]
            apart = sum(a != b for a, b in zip(linux, other))
            saw("%d of %d cases differ from %s", apart, len(linux), policy)
            self.assertGreater(apart, 0, policy)


if __name__ == "__main__":
    if not OVERLAPS:
        sys.exit("MAILWEIR_OVERLAPS names no program: it is build/pktgen-tests/pg_overlaps")
    net_case.main()
