# SPDX-License-Identifier: Apache-2.0
"""What is not mail passes untouched and in order: what one end sends is, frame by frame, what the other receives."""
import os
import random
import socket
import struct
import sys
import threading
import time

import net_case
import netns
from net_case import CONTROL, VERSIONS, Wire, kinds, one_kind, saw
from net_sensor import AF_PACKET
from netns import Tap, command, inside, quiet

CLIENT_MAC, SERVER_MAC = bytes.fromhex("027700000001"), bytes.fromhex("027700000002")


def vlan(tag, kind=0x8100):
    return struct.pack("!HH", kind, tag)


def ethernet(kind, payload, tags=b"", to=SERVER_MAC):
    return to + CLIENT_MAC + tags + struct.pack("!H", kind) + payload


def ipv4(protocol, payload, ttl=64, fragment=0, options=b""):
    words = len(options) // 4 + 5
    head = struct.pack("!BBHHHBBH4s4s", 0x40 | words, 0, words * 4 + len(payload), 7, fragment, ttl, protocol, 0,
                       socket.inet_aton(netns.CLIENT4), socket.inet_aton(netns.SERVER4)) + options
    total = sum(struct.unpack("!%dH" % (len(head) // 2), head))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return head[:10] + struct.pack("!H", ~total & 0xFFFF) + head[12:] + payload


def udp(payload):
    return struct.pack("!HHHH", 4000, 4001, 8 + len(payload), 0) + payload


def odd_frames():
    """By name; lengths from a runt to what the MTU gives."""
    rng = random.Random(3)
    data = rng.randbytes(1400)
    ip4, ip6 = ipv4(17, udp(data[:300])), struct.pack("!IHBB", 6 << 28, 0, 59, 3) + bytes(32)
    return {
        "STP": b"\x01\x80\xc2\0\0\0" + CLIENT_MAC + struct.pack("!H", 38) + b"\x42\x42\x03" + bytes(35) + bytes(8),
        "LLDP": ethernet(0x88CC, b"\x02\x07\x04" + CLIENT_MAC + b"\0\0", to=b"\x01\x80\xc2\0\0\x0e"),
        "unknown EtherType": ethernet(0x88B5, data),
        "runt": ethernet(0x88B5, b"x"),
        "VLAN": ethernet(0x0800, ip4, vlan(7)),
        "VLAN with priority": ethernet(0x0800, ip4, vlan(0xE007)),
        "VLAN 0": ethernet(0x0800, ip4, vlan(0)),
        "VLAN, no IP": ethernet(0x88B5, data, vlan(4094)),
        "QinQ": ethernet(0x0800, ip4, vlan(5, 0x88A8) + vlan(7)),
        "QinQ of old": ethernet(0x0800, ip4, vlan(5) + vlan(7)),
        "three tags": ethernet(0x0800, ip4, vlan(5) + vlan(6) + vlan(7)),
        "TTL 1": ethernet(0x0800, ipv4(17, udp(b"x"), ttl=1)),
        "IPv4 options": ethernet(0x0800, ipv4(17, udp(b"x"), options=b"\x94\x04\0\0")),
        "first fragment": ethernet(0x0800, ipv4(17, udp(data)[:800], fragment=0x2000)),
        "last fragment": ethernet(0x0800, ipv4(17, udp(data)[800:], fragment=100)),
        "TCP, not mail": ethernet(0x0800, ipv4(6, struct.pack("!HHIIBBHHH", 80, 81, 1, 2, 0x50, 0x12, 100, 0, 0) + data[:100])),
        "IPv4 with a wrong length": ethernet(0x0800, ip4[:2] + b"\xff\xff" + ip4[4:]),
        "IPv4 without a whole header": ethernet(0x0800, ip4[:11]),
        "SCTP": ethernet(0x0800, ipv4(132, data[:64])),
        "GRE": ethernet(0x0800, ipv4(47, b"\0\0\x08\0" + ip4)),
        "IPv6 of nothing": ethernet(0x86DD, ip6),
        "ARP": ethernet(0x0806, b"\0\x01\x08\0\x06\x04\0\x02" + CLIENT_MAC + bytes(4) + SERVER_MAC + bytes(4)),
        "multicast": ethernet(0x0800, ip4, to=b"\x01\0\x5e\0\0\x05"),
        "broadcast": ethernet(0x88B5, data, to=b"\xff" * 6),
        "for somebody else": ethernet(0x88B5, data, to=b"\x02\x99\0\0\0\x09"),
        "as long as the MTU": ethernet(0x88B5, rng.randbytes(1500)),
        "as long as the MTU, tagged": ethernet(0x88B5, rng.randbytes(1500), vlan(9)),
    }


def is_of_kernel(frame):
    """ARP; neighbour discovery and its like (ICMPv6 from 130 on)."""
    ethertype = frame[12:14]
    return ethertype == b"\x08\x06" or (ethertype == b"\x86\xdd" and frame[20:21] in (b"\x3a", b"\0") and frame[54:55] >= b"\x82")


class Other(Wire):
    halves = 0  # frames that were to be dropped

    def setUp(self):
        self.client, self.server_tap = Tap("client"), Tap("server")
        self.addCleanup(self.client.close)
        self.addCleanup(self.server_tap.close)
        quiet(self.client, self.server_tap)
        for tap in (self.client, self.server_tap):
            tap.sent.clear()
            tap.received.clear()

    def assert_untouched(self, least):
        """Both ways; at least so many frames were seen at each end."""
        quiet(self.client, self.server_tap)
        self.client.close()
        self.server_tap.close()
        for name, sent, received in (("client to server", self.client.sent, self.server_tap.received),
                                     ("server to client", self.server_tap.sent, self.client.received)):
            # The kernel asks for neighbours, and answers, on whichever processor it is: among what a program sends, at any place.
            self.assertEqual(sorted(f for f in sent if is_of_kernel(f)), sorted(f for f in received if is_of_kernel(f)), name)
            sent, received = ([f for f in frames if not is_of_kernel(f)] for frames in (sent, received))
            if sent != received:
                first = next((i for i, (a, b) in enumerate(zip(sent, received)) if a != b), min(len(sent), len(received)))
                self.fail("%s: %d frames sent, %d received; frame %d differs:\n%s\n%s%s" % (
                    name, len(sent), len(received), first, *((x[first].hex()[:200] if first < len(x) else "none")
                                                             for x in (sent, received)), self.sensor.explain()))
        self.assertGreaterEqual(len(self.client.sent) + len(self.server_tap.sent), least)
        saw("%d and %d frames, unchanged and in order", len(self.client.sent), len(self.server_tap.sent))

    def test_ping(self):
        with inside("client"):
            command("ip", "neigh", "flush", "dev", "eth0")
            for version in VERSIONS:
                command("ping", "-n", "-c", "20", "-i", "0.01", "-s", "1000", "-t", "7", netns.SERVER[version])
            command("ping", "-n", "-c", "3", "-i", "0.01", "-s", "4000", netns.SERVER4)  # in fragments
        self.assert_untouched(90)
        self.assertTrue(any(f[12:14] == b"\x08\x06" for f in self.client.sent), "no ARP was seen")
        self.assertTrue(any(f[12:14] == b"\x86\xdd" for f in self.client.sent), "no IPv6 was seen")

    def test_odd_frames(self):
        frames = odd_frames()
        if self.kind == AF_PACKET and not CONTROL:
            # The kernel takes the outer tag away, and DPDK's driver puts one back without looking which kind it was.
            del frames["QinQ"]
            saw("not sent, for AF_PACKET cannot: QinQ, whose outer 802.1ad tag leaves as 802.1Q")
        s = netns.packet_socket("eth0", "client")
        for _ in range(3):
            for frame in frames.values():
                s.send(frame)
            time.sleep(0.02)
        s.close()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and len(self.server_tap.received) < 3 * len(frames):
            time.sleep(0.05)
        for name, frame in frames.items():
            with self.subTest(frame=name):
                self.assertEqual(self.server_tap.received.count(frame), 3)
        self.assert_untouched(3 * len(frames))

    @one_kind
    def test_half_a_tcp_header(self):
        """Might be mail, and cannot be judged: dropped, and counted."""
        if CONTROL:
            self.skipTest("no sensor: only one that forwards")
        half = ethernet(0x0800, ipv4(6, b"\0\x50\0\x51"))
        s = netns.packet_socket("eth0", "client")
        with s:
            for _ in range(3):
                s.send(half)
            s.send(ethernet(0x88B5, b"behind them"))
        quiet(self.client, self.server_tap)
        type(self).halves += 3
        self.assertEqual([f[12:14] for f in self.server_tap.received if f == half or f[12:14] == b"\x88\xb5"], [b"\x88\xb5"])

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        if not CONTROL:
            dropped = cls.sensor.stats["mailweir"]["packets"]["dropped"]
            if {name: n for name, n in dropped.items() if n} != ({"bad_tcp": cls.halves} if cls.halves else {}):
                raise AssertionError("dropped: %s" % dropped)

    @one_kind
    def test_udp(self):
        for version in VERSIONS:
            family = socket.AF_INET if version == 4 else socket.AF_INET6
            with inside("server"):
                server = socket.socket(family, socket.SOCK_DGRAM)
            with inside("client"):
                client = socket.socket(family, socket.SOCK_DGRAM)
            with server, client:
                server.bind((netns.SERVER[version], 25))  # not mail: mail is TCP
                server.settimeout(60)
                for i in range(200):
                    client.sendto(os.urandom(i * 7), (netns.SERVER[version], 25))
                    self.assertEqual(len(server.recvfrom(2000)[0]), i * 7)
        self.assert_untouched(400)

    def test_tcp_on_another_port(self):
        """A program in clear, on a port that is no mail port."""
        blob = b"MZ" + os.urandom(3_000_000)
        for version in VERSIONS:
            listener, got = self.net.listen(version, 8080), []

            def take():
                connection, _ = listener.accept()
                with connection:
                    while data := connection.recv(65536):
                        got.append(data)
                    connection.sendall(b"taken")

            thread = threading.Thread(target=take, daemon=True)
            thread.start()
            with listener, self.net.connect(version, 8080) as s:
                s.sendall(blob)
                s.shutdown(socket.SHUT_WR)
                self.assertEqual(s.recv(5), b"taken")
                thread.join()
            self.assertEqual(b"".join(got), blob)
        self.assert_untouched(4000)


kinds(globals(), Other)
load_tests = net_case.load_tests(sys.modules[__name__], Other)

if __name__ == "__main__":
    net_case.main()
