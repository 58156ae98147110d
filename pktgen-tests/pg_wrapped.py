# SPDX-License-Identifier: Apache-2.0
"""Packets inside link headers and tunnels, with the standard library alone.

Lengths and checksums are right. A wrapping is a list of what is put around an IP packet, from the inside out:
Wrapped("eth", ("vxlan", 5000), ("ip4", "10.9.0.1", "10.9.0.2"), "vlan:7", "eth") frames as pg_packets.Link does.
"""
import ipaddress
import struct

from pg_packets import LINKTYPE_ETHERNET, checksum

ETHERTYPES = {4: 0x0800, 6: 0x86DD}
MACS = (b"\x02\x00\x5e\0\0\x11", b"\x02\x00\x5e\0\0\x12")
BRIDGED = 0x6558


class Body:
    """A frame as far as it is built."""

    def __init__(self, data, version, back):
        self.data, self.type, self.proto, self.back = data, ETHERTYPES[version], 0, back

    def around(self, head, kind=0, proto=0):
        self.data, self.type, self.proto = head + self.data, kind, proto


def eth(b):
    b.around(MACS[not b.back] + MACS[b.back] + struct.pack("!H", b.type), BRIDGED)


def vlan(b, tag=7, kind=0x8100):
    b.around(struct.pack("!HH", tag, b.type), kind)


def snap(b):
    b.around(b"\xaa\xaa\x03\0\0\0" + struct.pack("!H", b.type))
    b.around(MACS[not b.back] + MACS[b.back] + struct.pack("!H", len(b.data)), BRIDGED)


def pppoe(b, session=9):
    b.around(struct.pack("!H", 0x21 if b.type == 0x0800 else 0x57))
    b.around(struct.pack("!BBHH", 0x11, 0, session, len(b.data)), 0x8864)


def mpls(b, label=1000):
    bottom = b.type not in (0x8847,)
    b.around(struct.pack("!I", (label + b.back) << 12 | bottom << 8 | 60), 0x8847)


def control_word(b):
    b.around(b"\0\0\0\x05", b.type)


def gre(b, key=None, checksummed=False, sequence=None, kind=None, version=0):
    flags = checksummed << 15 | (key is not None) << 13 | (sequence is not None) << 12 | version
    kind = b.type if kind is None else kind
    rest = b"" if key is None else struct.pack("!I", key)
    rest += b"" if sequence is None else struct.pack("!I", sequence)
    head = struct.pack("!HH", flags, kind)
    if checksummed:
        head += struct.pack("!HH", checksum(head, b"\0\0\0\0", rest, b.data), 0)
    b.around(head + rest, proto=47)


def erspan(b, kind, session=3):
    if kind == 1:
        gre(b, kind=0x88BE)
        return
    head = struct.pack("!HH", (1 if kind == 2 else 2) << 12 | 7, session + b.back)
    head += b"\0\0\0\0" if kind == 2 else b"\0\0\0\1" + b"\0\0\0\0"
    b.around(head)
    gre(b, sequence=77, kind=0x88BE if kind == 2 else 0x22EB)


def udp(b, port, checksummed):
    b.checksummed = checksummed
    b.around(struct.pack("!HHHH", 50001 if b.back else 50000, port, 8 + len(b.data), 0), proto=17)


def vxlan(b, network=5000, checksummed=False, port=4789):
    b.around(struct.pack("!II", 8 << 24, network << 8))
    udp(b, port, checksummed)


def geneve(b, network=5000, options=b""):
    b.around(struct.pack("!BBHI", len(options) // 4, 0, b.type, network << 8) + options)
    udp(b, 6081, True)


def ip(b, one="10.9.0.1", other="10.9.0.2", directed=True):
    """directed: between two ends of a tunnel. Else from a mirror to its collector, whatever the direction of what it copied."""
    ends = [ipaddress.ip_address(x).packed for x in (one, other)]
    if b.back and directed:
        ends.reverse()
    proto = b.proto or {0x0800: 4, 0x86DD: 41, 0x8847: 137}[b.type]
    if proto == 17 and b.checksummed:
        check = checksum(*ends, struct.pack("!HH", 17, len(b.data)), b.data)
        b.data = b.data[:6] + struct.pack("!H", check or 0xFFFF) + b.data[8:]
    if len(ends[0]) == 4:
        head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(b.data), 0, 0x4000, 60, proto, 0, *ends)
        b.around(head[:10] + struct.pack("!H", checksum(head)) + head[12:], 0x0800)
    else:
        b.around(struct.pack("!IHBB16s16s", 6 << 28, len(b.data), proto, 60, *ends), 0x86DD)


LAYERS = {f.__name__: f for f in (eth, vlan, snap, pppoe, mpls, control_word, gre, erspan, vxlan, geneve, ip)}


class Wrapped:
    """In the place of pg_packets.Link. how: names of layers, or (name, {arguments}), from the inside out."""

    type = LINKTYPE_ETHERNET

    def __init__(self, *how):
        self.how = [(x, {}) if isinstance(x, str) else x for x in how]

    def frame(self, packet, version, from_server):
        b = Body(packet, version, bool(from_server))
        for name, arguments in self.how:
            LAYERS[name](b, **arguments)
        return b.data


SIX = ("ip", {"one": "fd00::1", "other": "fd00::2"})
MIRROR = ("ip", {"directed": False})
QINQ = ("vlan", {"tag": 100, "kind": 0x88A8})

# By name: the wrapping, and what tshark calls the headers in it, without Ethernet, IP and TCP.
WRAPPINGS = {
    "snap": (Wrapped("snap"), "llc"),
    "pppoe": (Wrapped("pppoe", "eth"), "pppoes:ppp"),
    "pppoe-qinq": (Wrapped("pppoe", "vlan", QINQ, "eth"), "pppoes:ppp"),
    "mpls": (Wrapped("mpls", "eth"), "mpls"),
    "pseudowire": (Wrapped("eth", "control_word", "mpls", ("mpls", {"label": 50}), "eth"), "mpls:pwethheuristic:pwethcw"),
    "ipip": (Wrapped("ip", "eth"), ""),
    "ip-in-6": (Wrapped(SIX, "eth"), ""),
    "gre": (Wrapped("gre", "ip", "eth"), "gre"),
    "gre-all": (Wrapped(("gre", {"key": 9, "checksummed": True, "sequence": 5}), SIX, "eth"), "gre"),
    "nvgre": (Wrapped("vlan", "eth", ("gre", {"key": 5000 << 8}), "ip", "eth"), "gre"),
    "mpls-gre": (Wrapped("mpls", "gre", "ip", "eth"), "gre:mpls"),
    "erspan1": (Wrapped("eth", ("erspan", {"kind": 1}), MIRROR, "eth"), "gre"),
    "erspan2": (Wrapped("eth", ("erspan", {"kind": 2}), MIRROR, "eth"), "gre:erspan"),
    "erspan3": (Wrapped("vlan", "eth", ("erspan", {"kind": 3}), MIRROR, "eth"), "gre:erspan"),
    "vxlan": (Wrapped("eth", "vxlan", "ip", "eth"), "udp:vxlan"),
    "vxlan-mirror": (Wrapped("eth", ("vxlan", {"port": 8472}), MIRROR, "eth"), "udp:vxlan"),
    "vxlan-qinq": (Wrapped("vlan", "eth", ("vxlan", {"checksummed": True}), SIX, "vlan", QINQ, "eth"), "udp:vxlan"),
    "geneve": (Wrapped("eth", ("geneve", {"options": b"\1\2\x80\1abcd"}), "ip", "eth"), "udp:geneve"),
    "geneve-ip": (Wrapped("geneve", SIX, "eth"), "udp:geneve"),
    "vxlan-gre": (Wrapped("eth", "vxlan", "ip", ("gre", {"key": 1}), SIX, "eth"), "gre:udp:vxlan"),
    "four": (Wrapped("ip", SIX, "ip", SIX, "eth"), ""),
}
