# SPDX-License-Identifier: Apache-2.0
"""What evasions/ says of the receiver is true of this machine's Linux: the client's packets that arrive go to a real socket,
through a TUN interface in a network namespace of the test's own, and the program at the socket must read what the strategy says
that it reads.

The server's own words are the kernel's segments; the client's packets are changed in what they answer alone: acknowledgement number
and echoed timestamp are those of the real connection.
"""
import ctypes
import errno
import fcntl
import os
import select
import socket
import struct
import subprocess
import time
import unittest

import harness
from evasions import table
from netns import CLONE_NEWNET
from pg_packets import ACK, FIN, RST, SYN, Hosts, Link
from pg_play import SERVER

FAMILIES = ("ip", "header", "handshake", "reset", "window", "overlap", "segments", "urgent", "reuse", "fragments")
SERVERS = {4: "192.0.2.25", 6: "2001:db8:2::25"}
CLIENTS = {4: "10.255.255.254", 6: "2001:db8:1:ffff::1"}  # of no strategy
PATIENCE = 20  # seconds, for what takes none
TUNSETIFF, IFF_TUN_NO_PI = 0x400454CA, 0x1001


def command(*words):
    p = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if p.returncode:
        raise unittest.SkipTest("%s: %s" % (" ".join(words), p.stdout.decode("utf-8", "replace").strip()))


class Tun:
    """The server's host, seen from its wire."""

    def __init__(self):
        self.fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(self.fd, TUNSETIFF, struct.pack("16sH", b"eva0", IFF_TUN_NO_PI))
        with open("/proc/sys/net/ipv4/conf/all/rp_filter", "w") as f:
            f.write("0")
        for words in ("link set lo up", "link set eva0 up mtu 65535", "addr add 192.0.2.25/24 dev eva0",
                      "route add 10.0.0.0/8 dev eva0",
                      "-6 addr add 2001:db8:2::25/64 dev eva0 nodad", "-6 route add 2001:db8:1::/48 dev eva0"):
            command("ip", *words.split())

    def ready(self, version):
        """The kernel takes a link as up a while after it was told so: what came before that is lost."""
        hosts, end = Hosts(CLIENTS[version], SERVERS[version], 40000, 9, Link("raw")), time.monotonic() + PATIENCE
        while time.monotonic() < end:
            self.write(hosts.packet(False, 1, 0, SYN))
            while packet := self.read(0.05):
                s = Segment(packet)
                if s.is_tcp and packet[0] >> 4 == version and s.sport == 9 and s.flags & RST:
                    return
        raise AssertionError("the kernel answers nothing in %d s, IPv%d" % (PATIENCE, version))

    def write(self, packet):
        try:
            os.write(self.fd, packet)
        except OSError as e:
            if e.errno not in (errno.EINVAL, errno.EIO):  # the version field is no IP's
                raise

    def read(self, seconds):
        """The host's next packet, or nothing."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return None
        return os.read(self.fd, 70000)


class Segment:
    """What the host sent."""

    def __init__(self, packet):
        at = (packet[0] & 15) * 4 if packet[0] >> 4 == 4 else 40
        self.is_tcp = (packet[9] if packet[0] >> 4 == 4 else packet[6]) == 6 and len(packet) >= at + 20
        if not self.is_tcp:
            return
        self.sport, self.dport, self.seq, self.ack, offset, self.flags = struct.unpack_from("!HHIIBB", packet, at)
        head = at + (offset >> 4) * 4
        self.payload = packet[head:]
        stamp = packet[at + 20 : head].find(b"\x08\x0a")
        self.tsval = None if stamp < 0 else struct.unpack_from("!I", packet, at + 22 + stamp)[0]


class Replay:
    """One strategy against one socket."""

    def __init__(self, tun, listener, play):
        self.tun, self.listener, self.play = tun, listener, play
        self.isn = {}  # the number that the strategy has for the server: the real one
        self.awaited = None
        self.tsval = 0  # to echo: until the connection is made only the SYN-ACK's, the kernel refuses the others
        self.first = None  # the host's number after its SYN
        self.connections, self.heard = [], b""
        self.sent = 0  # bytes of the kernel's, of the present connection

    def run(self, expected):
        """What the program at the socket read, of which so many bytes are expected."""
        for p in self.play.packets:
            if p.who == SERVER:
                if p.said:
                    self.speak(p)
            elif p.arrives:
                if p.flags & SYN and p.isn not in self.isn:
                    self.awaited = p.isn, p.peer_isn
                self.answered(p)
                for packet in self.rewritten(p):
                    self.tun.write(packet)
                self.look(0)
        self.patiently(lambda: len(self.heard) >= expected)
        self.look(0.02)
        for c in self.connections:
            c.close()
        return self.heard

    def patiently(self, reached):
        """A loaded machine takes a while to deliver what was written."""
        end = time.monotonic() + PATIENCE
        while not reached() and time.monotonic() < end:
            self.look(0.01)

    def answered(self, p):
        """A packet that acknowledges the host's SYN waits for it."""
        if self.awaited and p.ack is not None and p.peer_isn == self.awaited[1]:
            self.patiently(lambda: p.peer_isn in self.isn)

    def rewritten(self, p):
        real = self.isn.get(p.peer_isn, p.peer_isn)
        p.peer_isn = real
        at = p.options.find(b"\x08\x0a")
        if at >= 0 and not p.flags & SYN:
            p.options = p.options[: at + 6] + struct.pack("!I", self.tsval) + p.options[at + 10 :]
        return p.cut(p.packet()) if p.cut else [p.packet()]

    def speak(self, p):
        """The program at the socket says what the strategy's server says."""
        self.accept()
        if not self.connections:
            return
        c = self.connections[-1]
        try:
            if p.payload:
                c.send(p.payload)
            if p.flags & FIN:
                c.shutdown(socket.SHUT_WR)
            if p.flags & RST:
                c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                c.close()
        except OSError:
            return
        self.look(0.005)

    def look(self, seconds):
        """What the host sent in answer, and what the program reads."""
        while True:
            packet = self.tun.read(seconds)
            if packet is None:
                break
            s = Segment(packet)
            if s.is_tcp and s.sport == 25 and s.dport == self.play.ports[0]:
                if s.flags & SYN:
                    self.first = s.seq + 1 & 0xFFFFFFFF
                if s.flags & SYN or s.seq != self.first:
                    self.tsval = s.tsval or self.tsval
                if s.flags & (SYN | ACK) == SYN | ACK and self.awaited and self.awaited[1] not in self.isn:
                    self.isn[self.awaited[1]] = s.seq
        self.accept()
        for c in self.connections:
            try:
                while True:
                    data = c.recv(1 << 20)
                    if not data:
                        break
                    self.heard += data
            except OSError:
                pass

    def accept(self):
        try:
            while True:
                c, _ = self.listener.accept()
                c.setblocking(False)
                c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.connections.append(c)
        except OSError:
            pass


@unittest.skipUnless(os.path.exists("/dev/net/tun") and os.geteuid() == 0, "needs root and /dev/net/tun")
class Linux(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET):
            raise unittest.SkipTest("network namespaces are not permitted here: %s" % os.strerror(ctypes.get_errno()))
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # the kernel delivers in order what one core wrote
        cls.tun = Tun()
        cls.listeners = {}
        for version, family in ((4, socket.AF_INET), (6, socket.AF_INET6)):
            s = cls.listeners[version] = socket.socket(family, socket.SOCK_STREAM)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind((SERVERS[version], 25))
            s.listen(64)
            s.setblocking(False)
            cls.tun.ready(version)

    def family(self, name):
        number, tried, first = 0, 0, FAMILIES.index(name) * 500  # each has addresses of its own
        for s in table.of(name):
            for version in s.versions:
                number += 1
                if s.receiver != "linux":
                    continue
                tried += 1
                with self.subTest("%s IPv%d" % (s.name, version)):
                    play = s.play(True, version, first + number)
                    said = b"".join(play.before) + play.said()
                    heard = Replay(self.tun, self.listeners[version], play).run(len(said))
                    if heard != said:
                        at = next((i for i, (a, b) in enumerate(zip(heard, said)) if a != b), min(len(heard), len(said)))
                        self.fail("%d of %d bytes; at %d: %r, not %r" % (len(heard), len(said), at, heard[at : at + 40],
                                                                         said[at : at + 40]))
        self.assertGreater(tried, 0)
        print("%s: %d of %d" % (name, tried, number), flush=True)


for family_ in FAMILIES:
    setattr(Linux, "test_" + family_, lambda self, name=family_: self.family(name))

if __name__ == "__main__":
    harness.main()
