#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""mailweir-impair between two network namespaces: what goes through it, what it loses, and what it says of that.

Environment: MAILWEIR_IMPAIR, the program's full path.
"""
import ctypes
import hashlib
import json
import math
import os
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "scenarios"))
from harness import main  # noqa: E402

PROGRAM = os.environ.get("MAILWEIR_IMPAIR", "")
CLIENT, SERVER, BRIDGE = ("mwi%d%s" % (os.getpid(), end) for end in "csb")
QUEUE = 16384
PACKET_AUXDATA, PACKET_VNET_HDR, SOL_PACKET, VLAN_VALID, TPID_VALID = 8, 15, 263, 1 << 4, 1 << 6
libc = ctypes.CDLL(None, use_errno=True)


def command(*arguments):
    p = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=60)
    if p.returncode:
        raise RuntimeError("%s: %s" % (" ".join(arguments), p.stdout.decode(errors="replace").strip()))
    return p.stdout.decode()


def setUpModule():
    if not PROGRAM:
        raise unittest.SkipTest("MAILWEIR_IMPAIR does not name the program to test")
    for tool in ("ip", "ethtool"):
        if not shutil.which(tool):
            raise unittest.SkipTest("%s is not installed: apt-get install iproute2 ethtool" % tool)
    remove_left()
    unittest.addModuleCleanup(remove)
    for ns in (CLIENT, SERVER, BRIDGE):
        try:
            command("ip", "netns", "add", ns)
            # Not where / is no mount point, as in a bare chroot.
            command("ip", "netns", "exec", ns, "true")
        except RuntimeError as e:
            raise unittest.SkipTest("network namespaces cannot be made or used here (as root they can): %s" % e)
        command("ip", "netns", "exec", ns, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1",
                "net.ipv6.conf.default.disable_ipv6=1")
    for ns, here, port in ((CLIENT, "c", "a"), (SERVER, "s", "b")):
        command("ip", "-n", ns, "link", "add", here, "mtu", "9000", "type", "veth",
                "peer", "name", port, "mtu", "9000", "netns", BRIDGE)
        command("ip", "-n", ns, "addr", "add", "192.0.2.%d/24" % (1 if ns == CLIENT else 2), "dev", here)
        for end in ((ns, here), (BRIDGE, port)):
            command("ip", "-n", end[0], "link", "set", "dev", end[1], "up")


def remove_left():
    """What a run that was killed left behind."""
    for ns in os.listdir("/run/netns") if os.path.isdir("/run/netns") else ():
        found = re.fullmatch(r"mwi([0-9]+)[csb]", ns)
        if found and not os.path.exists("/proc/" + found.group(1)):
            subprocess.run(["ip", "netns", "del", ns], stderr=subprocess.DEVNULL)


def remove():
    for ns in (CLIENT, SERVER, BRIDGE):
        subprocess.run(["ip", "netns", "del", ns], stderr=subprocess.DEVNULL)


def inside(ns, make):
    """make() by a thread that is in the namespace: a socket stays where it was made."""
    result = []

    def enter():
        with open("/run/netns/" + ns) as f:
            if libc.setns(f.fileno(), 0x40000000):
                raise OSError(ctypes.get_errno(), "setns")
        result.append(make())

    t = threading.Thread(target=enter)
    t.start()
    t.join()
    return result[0]


def raw(ns, interface):
    def make():
        s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        s.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        s.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
        s.bind((interface, 3))
        return s
    return inside(ns, make)


def receive(s, count, timeout):
    """Frames as they were sent, with the tag that the kernel took out."""
    frames = []
    s.settimeout(timeout)
    try:
        while len(frames) < count:
            frame, control, _, address = s.recvmsg(65536, 256)
            if address[2] == socket.PACKET_OUTGOING:
                continue
            for level, kind, data in control:
                status, _, _, _, _, tci, tpid = struct.unpack("=IIIHHHH", data[:20])
                if (level, kind) == (SOL_PACKET, PACKET_AUXDATA) and status & VLAN_VALID:
                    tag = struct.pack("!HH", tpid if status & TPID_VALID else 0x8100, tci)
                    frame = frame[:12] + tag + frame[12:]
            frames.append(frame)
    except socket.timeout:
        pass
    return frames


class Impair:
    """The program, running between a and b; .counts afterwards."""

    def __init__(self, *options):
        self.process = subprocess.Popen(["ip", "netns", "exec", BRIDGE, PROGRAM, *map(str, options), "a", "b"],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        line = self.process.stderr.readline()
        if line != b"impair: forwarding a <-> b\n":
            self.process.kill()
            raise AssertionError("it does not say that it forwards: %r %r" % (line, self.process.communicate()))

    def end(self, send=signal.SIGTERM):
        if send:
            self.process.send_signal(send)
        out, err = self.process.communicate(timeout=60)
        if self.process.returncode or err:
            raise AssertionError("exit status %s: %s" % (self.process.returncode, err.decode()))
        self.counts = json.loads(out)
        return self.counts

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()


def transfer(data, sender, receiver, address):
    """Over TCP; what arrived."""
    listener = inside(receiver, lambda: socket.create_server((address, 0)))
    got = bytearray()

    def read():
        peer, _ = listener.accept()
        peer.settimeout(60)
        while True:
            piece = peer.recv(1 << 16)
            if not piece:
                break
            got.extend(piece)
        peer.close()

    listener.settimeout(60)
    t = threading.Thread(target=read)
    t.start()
    s = inside(sender, socket.socket)
    s.settimeout(60)
    s.connect(listener.getsockname())
    s.sendall(data)
    s.close()
    t.join()
    listener.close()
    return bytes(got)


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ping(count):
    """Echoes from client to server, one after the other; the sequence numbers of the replies."""
    s = inside(CLIENT, lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP))
    s.settimeout(2)
    replies = []
    for number in range(count):
        echo = struct.pack("!BBHHH", 8, 0, 0, 1, number) + bytes(range(56))
        s.sendto(echo[:2] + struct.pack("!H", checksum(echo)) + echo[4:], ("192.0.2.2", 0))
        try:
            packet = s.recv(2048)[20:]
        except socket.timeout:
            continue
        if packet[0] == 0 and packet[8:] == bytes(range(56)):
            replies.append(struct.unpack_from("!H", packet, 6)[0])
    s.close()
    return replies


def offloads(how):
    for ns, port in ((CLIENT, "c"), (SERVER, "s"), (BRIDGE, "a"), (BRIDGE, "b")):
        for feature in ("tx", "rx", "tso", "gso", "gro", "rxvlan", "txvlan"):
            command("ip", "netns", "exec", ns, "ethtool", "-K", port, feature, how)


def numbered(count, size=60):
    """Frames that no host answers, each other than the rest."""
    head = bytes.fromhex("02000000000202000000000188b5")
    return [head + struct.pack("!I", i) + bytes(size - len(head) - 4) for i in range(count)]


def number_of(frame):
    return struct.unpack_from("!I", frame, 14)[0]


class Bridged(unittest.TestCase):
    def assert_sums(self, counts):
        for d in ("a_to_b", "b_to_a"):
            c = counts[d]
            self.assertEqual(c["received"] + c["duplicated"], c["forwarded"] + c["lost"] + c["overflow"] + c["refused"], counts)

    def assert_share(self, count, of, share):
        bound = 5 * math.sqrt(of * share * (1 - share))
        self.assertLessEqual(abs(count - of * share), bound, "%d of %d are not %g of them" % (count, of, share))


class Through(Bridged):
    def test_unfinished(self):
        """A tagged TCP segment of 4000 bytes that the kernel is yet to cut up and to sum: what is said of it stays true."""
        offloads("on")
        tag, tcp = bytes.fromhex("81006007"), struct.pack("!HHIIBBHHH", 1024, 9, 1, 1, 5 << 4, 0x10, 1024, 0, 0)
        ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + 20 + 4000, 0, 0x4000, 64, 6, 0) + bytes([198, 51, 100, 1, 198, 51, 100, 2])
        ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
        head = bytes.fromhex("020000000002020000000001")
        frame = head + tag + b"\x08\x00" + ip + tcp + bytes(i % 251 for i in range(4000))
        # NEEDS_CSUM, TCPV4, where the headers end, bytes a segment, where the sum starts, and where in it it goes to
        unfinished = struct.pack("=BBHHHH", 1, 1, 58, 1000, 38, 16)
        to, by = raw(SERVER, "s"), raw(CLIENT, "c")
        for s in (to, by):
            s.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
        with Impair() as bridge:
            by.send(unfinished + frame)
            got = to.recv(65536)
            self.assert_sums(bridge.end())
        to.close()
        by.close()
        # The kernel takes the tag out before it hands the frame to the socket.
        self.assertEqual(got[10:].hex(), (head + frame[16:]).hex())
        flags, kind, _, size, start, offset = struct.unpack("=BBHHHH", got[:10])
        self.assertEqual((flags, kind, size, start, offset), (1, 1, 1000, 34, 16))

    def test_kinds(self):
        """Whatever a frame is, it comes out the same, and in order."""
        head = bytes.fromhex("020000000002020000000001")
        body = bytes(range(256)) * 40
        tags = (b"", bytes.fromhex("81006007"), bytes.fromhex("88a80001"), bytes.fromhex("88a8000181006007"),
                bytes.fromhex("9100000181000002"))
        frames = [head + tag + kind + body[:size] for tag in tags for size in (46, 1500, 8900)
                  for kind in (b"\x88\xb5", b"\x08\x00", b"\x86\xdd")]
        frames.append(bytes.fromhex("0180c20000000200000000010026424203") + bytes(43))  # a bridge's hello
        frames.append(b"\xff" * 6 + head[6:] + b"\x88\xb6" + body[:46])
        for how in ("off", "on"):
            offloads(how)
            with self.subTest(offloads=how), Impair() as bridge:
                for source, sink in (((CLIENT, "c"), (SERVER, "s")), ((SERVER, "s"), (CLIENT, "c"))):
                    to, by = raw(*sink), raw(*source)
                    for frame in frames:
                        by.send(frame)
                    got = receive(to, len(frames), 5)
                    to.close()
                    by.close()
                    self.assertEqual([f.hex() for f in got], [f.hex() for f in frames])
                self.assert_sums(bridge.end())
        print("kinds: %d frames, offloads off and on, both ways" % len(frames))

    def pass_frames(self, count, *options):
        to, by = raw(SERVER, "s"), raw(CLIENT, "c")
        with Impair(*options) as bridge:
            for frame in numbered(count):
                by.send(frame)
            got = receive(to, 2 * count, 1)
            counts = bridge.end()
            got += receive(to, 2 * count, 1)
        to.close()
        by.close()
        self.assert_sums(counts)
        self.assertEqual(counts["a_to_b"]["received"], count)
        self.assertEqual(len(got), counts["a_to_b"]["forwarded"])
        return [number_of(f) for f in got], counts["a_to_b"]

    def test_seed(self):
        """The seed decides about each frame, and the counts tell what arrived."""
        first, counts = self.pass_frames(4000, "--loss", 12.5, "--duplicate", 12.5, "--seed", 1)
        again, _ = self.pass_frames(4000, "--loss", 12.5, "--duplicate", 12.5, "--seed", 1)
        other, _ = self.pass_frames(4000, "--loss", 12.5, "--duplicate", 12.5, "--seed", 2)
        self.assertEqual(first, again)
        self.assertNotEqual(first, other)
        self.assertEqual(first, sorted(first))
        self.assertEqual(len(set(first)), 4000 - counts["lost"])
        self.assertEqual(len(first) - len(set(first)), counts["duplicated"])
        self.assert_share(counts["lost"], 4000, 0.125)

    def test_reorder(self):
        got, counts = self.pass_frames(4000, "--reorder", 10)
        self.assertEqual(sorted(got), list(range(4000)))
        late = {n: sum(m > n for m in got[max(0, i - 40):i]) for i, n in enumerate(got)}
        self.assertEqual(sum(1 for n in late.values() if n), counts["reordered"])
        self.assertLessEqual(max(late.values()), 3)
        self.assert_share(counts["reordered"], 4000, 0.1)

    def test_outgoing(self):
        """What its own host sends on one of the interfaces did not come in there."""
        to, by = raw(SERVER, "s"), raw(BRIDGE, "a")
        with Impair() as bridge:
            for frame in numbered(10):
                by.send(frame)
            self.assertEqual(receive(to, 10, 0.5), [])
            self.assertEqual(bridge.end()["a_to_b"]["received"], 0)
        to.close()
        by.close()

    def test_all_lost(self):
        got, counts = self.pass_frames(100, "--loss", 100)
        self.assertEqual((got, counts["lost"]), ([], 100))

    def test_end_lets_go(self):
        """What it still holds goes when it ends, and nothing before."""
        got, counts = self.pass_frames(50, "--delay", 60000)
        self.assertEqual(got, list(range(50)))
        self.assertEqual(counts["delayed"], 50)

    def test_full(self):
        got, counts = self.pass_frames(QUEUE + 1000, "--delay", 60000)
        self.assertEqual(got, list(range(QUEUE)))
        self.assertEqual(counts["overflow"], 1000)

    def test_too_long(self):
        """What the other interface cannot take is counted."""
        command("ip", "-n", BRIDGE, "link", "set", "dev", "b", "mtu", "1500")
        try:
            to, by = raw(SERVER, "s"), raw(CLIENT, "c")
            with Impair() as bridge:
                for frame in numbered(10, 1514) + numbered(10, 4000):
                    by.send(frame)
                self.assertEqual(len(receive(to, 20, 1)), 10)
                counts = bridge.end()
            self.assertEqual((counts["a_to_b"]["forwarded"], counts["a_to_b"]["refused"]), (10, 10))
            self.assert_sums(counts)
            to.close()
            by.close()
        finally:
            command("ip", "-n", BRIDGE, "link", "set", "dev", "b", "mtu", "9000")

    def test_ends(self):
        with Impair("--seconds", 0.2) as bridge:
            self.assert_sums(bridge.end(send=None))
        with Impair("--seconds", 60) as bridge:
            self.assert_sums(bridge.end(send=signal.SIGINT))


class Refused(unittest.TestCase):
    def refused(self, *arguments):
        p = subprocess.run(["ip", "netns", "exec", BRIDGE, PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           timeout=60)
        self.assertEqual((p.returncode, p.stdout), (2, b""), p)
        self.assertEqual(p.stderr.count(b"\n"), 1, p.stderr)
        return p.stderr.decode()

    def test_arguments(self):
        self.assertIn("expected two interfaces, got 1", self.refused("a"))
        self.assertIn("with itself", self.refused("a", "a"))
        self.assertIn("nowhere: no such interface", self.refused("a", "nowhere"))
        self.assertIn("too long", self.refused("a", "b" * 20))
        self.assertIn("lo: not an Ethernet interface", self.refused("a", "lo"))
        for option, value in (("loss", "101"), ("loss", "-1"), ("loss", "x"), ("loss", "5%"), ("duplicate", ""), ("reorder", "nan"),
                              ("delay", "60001"), ("jitter", "1e9"), ("seed", "1.5"), ("seed", "-1"),
                              ("seconds", "0"), ("seconds", "1h")):
            self.assertIn("--%s %s: " % (option, value), self.refused("--" + option, value, "a", "b"))
        self.assertIn("--lose", self.refused("--lose", "1", "a", "b"))

    def test_down(self):
        command("ip", "-n", BRIDGE, "link", "set", "dev", "b", "down")
        try:
            self.assertIn("`ip link set dev b up` mends it", self.refused("a", "b"))
        finally:
            command("ip", "-n", BRIDGE, "link", "set", "dev", "b", "up")


class Transfers(Bridged):
    """These come last, by name: what their connections repeat is not for tests that count frames."""

    def assert_transfers(self, size):
        for number, (sender, receiver, address) in enumerate(((CLIENT, SERVER, "192.0.2.2"), (SERVER, CLIENT, "192.0.2.1"))):
            data = random.Random(number).randbytes(size)
            got = transfer(data, sender, receiver, address)
            self.assertEqual((len(got), hashlib.sha256(got).digest()), (size, hashlib.sha256(data).digest()))

    def test_unharmed(self):
        for how in ("off", "on"):
            offloads(how)
            with self.subTest(offloads=how), Impair() as bridge:
                self.assertEqual(ping(20), list(range(20)))
                self.assert_transfers(8 << 20)
                counts = bridge.end()
                self.assert_sums(counts)
                for d in ("a_to_b", "b_to_a"):
                    c = counts[d]
                    self.assertEqual(c["received"], c["forwarded"])
                    self.assertEqual([c[k] for k in ("lost", "duplicated", "reordered", "delayed", "overflow", "refused")], [0] * 6)
                    self.assertGreater(c["received"], 100)
                print("offloads %s: %s" % (how, json.dumps(counts)))

    def test_harmed(self):
        offloads("off")
        with Impair("--loss", 5, "--duplicate", 5, "--reorder", 5, "--delay", 1, "--jitter", 1, "--seed", 3) as bridge:
            self.assert_transfers(3 << 20)
            counts = bridge.end()
        self.assert_sums(counts)
        for d in ("a_to_b", "b_to_a"):
            c = counts[d]
            self.assert_share(c["lost"], c["received"], 0.05)
            self.assert_share(c["duplicated"], c["received"] - c["lost"], 0.05)
            self.assertGreater(c["reordered"], 0)
            self.assertEqual(c["delayed"], c["received"] - c["lost"])
        print("harmed: %s" % json.dumps(counts))


if __name__ == "__main__":
    main()
