# SPDX-License-Identifier: Apache-2.0
"""The whole connection in what networks, cloud mirrors and switches put around it: no decoys, but for other networks' packets."""
import struct

from evasions.table import FOUND, strategy
from pg_packets import checksum
from pg_play import MACS, ethernet, ip_packet, pseudo

OUTER4 = (b"\xc6\x33\x64\x01", b"\xc6\x33\x64\x02")
OUTER6 = tuple(b"\x20\x01\x0d\xb8\0\x77" + bytes(9) + bytes([n]) for n in (1, 2))


def inner_kind(packet):
    return 0x86DD if packet[0] >> 4 == 6 else 0x0800


def tagged(*tags):
    """tags: (ethertype, id), the outermost first."""

    def link(packet, who):
        kinds = [t for t, _ in tags] + [inner_kind(packet)]
        rest = b"".join(struct.pack("!HH", tag, kinds[i + 1]) for i, (_, tag) in enumerate(tags))
        return MACS[not who] + MACS[who] + struct.pack("!H", kinds[0]) + rest + packet

    return link


def mpls(labels):
    def link(packet, who):
        stack = b"".join(struct.pack("!I", label << 12 | (i + 1 == len(labels)) << 8 | 64) for i, label in enumerate(labels))
        return ethernet(stack + packet, who, 0x8847)

    return link


def pppoe(packet, who):
    body = struct.pack("!H", 0x0057 if packet[0] >> 4 == 6 else 0x0021) + packet
    return ethernet(struct.pack("!BBHH", 0x11, 0, 0x1234, len(body)) + body, who, 0x8864)


def snap(packet, who):
    body = b"\xaa\xaa\x03\0\0\0" + struct.pack("!H", inner_kind(packet)) + packet
    return MACS[not who] + MACS[who] + struct.pack("!H", len(body)) + body


def outer(body, who, proto, addresses):
    """In an IP packet between two other hosts; a mirror's copies all go one way."""
    return ethernet(ip_packet(addresses[0], addresses[1], body, proto=proto), who)


def ip_in_ip(addresses):
    return lambda packet, who: outer(packet, who, 41 if packet[0] >> 4 == 6 else 4, addresses)


def gre(head, kind=None, frame=False, addresses=OUTER4, summed=False):
    def link(packet, who):
        body = ethernet(packet, who) if frame else packet
        made = struct.pack("!H", int.from_bytes(head[:2], "big")) + struct.pack("!H", kind or inner_kind(packet)) + head[2:] + body
        if summed:
            made = made[:4] + struct.pack("!H", checksum(made)) + made[6:]
        return outer(made, who, 47, addresses)

    return link


def udp(port, head, addresses=OUTER4, summed=False, kind=None):
    """In UDP: VXLAN and GENEVE. kind: there is IP behind the header, not a frame."""

    def link(packet, who):
        body = head + (packet if kind else ethernet(packet, who))
        length = 8 + len(body)
        made = struct.pack("!HHHH", 49152 + who, port, length, 0) + body
        if summed or len(addresses[0]) == 16:
            made = made[:6] + struct.pack("!H", checksum(pseudo(*addresses, length, 17), made) or 0xFFFF) + made[8:]
        return outer(made, who, 17, addresses)

    return link


def erspan2(packet, who):
    head = struct.pack("!II", 0x1 << 28 | 100 << 16 | 0x1800 | 5, 3)
    return gre(b"\x10\0\0\0\0\x07" + head, kind=0x88BE, frame=True)(packet, who)


def erspan3(packet, who):
    head = struct.pack("!IIHH", 0x2 << 28 | 100 << 16 | 5, 123456, 0, 0x0000)
    return gre(b"\x10\0\0\0\0\x07" + head, kind=0x22EB, frame=True)(packet, who)


def erspan3_sub(packet, who):
    head = struct.pack("!IIHHII", 0x2 << 28 | 100 << 16 | 5, 123456, 0, 0x0001, 0x0C000000, 99)
    return gre(b"\x10\0\0\0\0\x07" + head, kind=0x22EB, frame=True)(packet, who)


def inside(name, source, what, link):
    @strategy("encapsulation", source, FOUND, name="in_" + name, what="The connection in %s." % what)
    def _(p):
        p.link = link
        p.open().real()
        p.tail()


inside("vlan", "IEEE 802.1Q", "a VLAN", tagged((0x8100, 7)))
inside("priority_tag", "IEEE 802.1Q 9.6", "frames with a tag for priority", tagged((0x8100, 0xE000)))
inside("qinq", "IEEE 802.1ad", "a VLAN in a VLAN", tagged((0x88A8, 7), (0x8100, 9)))
inside("qinq_old", "IEEE 802.1ad", "a VLAN in a VLAN, both of one kind", tagged((0x8100, 7), (0x8100, 9)))
inside("three_tags", "IEEE 802.1ad", "three tags", tagged((0x88A8, 7), (0x8100, 9), (0x8100, 11)))
inside("mpls", "RFC 3032", "MPLS", mpls([16]))
inside("mpls_stack", "RFC 3032", "three labels of MPLS", mpls([16, 17, 18]))
inside("mpls_ethernet", "RFC 4448", "Ethernet with a control word over MPLS",
       lambda packet, who: mpls([16])(b"\0\0\0\0" + ethernet(packet, who), who))
inside("pppoe", "RFC 2516", "PPPoE", pppoe)
inside("snap", "RFC 1042", "IEEE 802.3 with SNAP", snap)
inside("ip", "RFC 2003, 4213", "IPv4 packets", ip_in_ip(OUTER4))
inside("ip6", "RFC 2473", "IPv6 packets", ip_in_ip(OUTER6))
inside("gre", "RFC 2784", "GRE", gre(b"\0\0"))
inside("gre_key", "RFC 2890", "GRE with a key and numbers", gre(b"\x30\0\0\0\0\x01\0\0\0\x02"))
inside("gre_checksum", "RFC 2784", "GRE with a checksum", gre(b"\x80\0\0\0\0\0", summed=True))
inside("gre_ethernet", "RFC 7637", "Ethernet over GRE", gre(b"\x20\0\0\0\x01\0", kind=0x6558, frame=True))
inside("gre_over_ip6", "RFC 7676", "GRE over IPv6", gre(b"\0\0", addresses=OUTER6))
inside("erspan1", "draft-foschini-erspan", "ERSPAN without a header", gre(b"\0\0", kind=0x88BE, frame=True))
inside("erspan2", "draft-foschini-erspan", "ERSPAN type II", erspan2)
inside("erspan3", "draft-foschini-erspan", "ERSPAN type III", erspan3)
inside("erspan3_subheader", "draft-foschini-erspan", "ERSPAN type III with a subheader", erspan3_sub)
inside("vxlan", "RFC 7348", "VXLAN", udp(4789, b"\x08\0\0\0\0\0\x2a\0"))
inside("vxlan_linux_port", "RFC 7348", "VXLAN on the port that Linux had first", udp(8472, b"\x08\0\0\0\0\0\x2a\0"))
inside("vxlan_over_ip6", "RFC 7348", "VXLAN over IPv6", udp(4789, b"\x08\0\0\0\0\0\x2a\0", addresses=OUTER6))
inside("geneve", "RFC 8926", "GENEVE", udp(6081, b"\0\0\x65\x58\0\0\x2a\0"))
inside("geneve_options", "RFC 8926", "GENEVE with options",
       udp(6081, b"\x02\0\x65\x58\0\0\x2a\0" + b"\x01\x08\x01\x01ABCD", summed=True))
inside("vlan_in_vxlan_in_qinq", "RFC 7348", "a VLAN in VXLAN in a VLAN in a VLAN", lambda packet, who: _nested(packet, who))


def _nested(packet, who):
    inner = tagged((0x8100, 77))(packet, who)
    made = udp(4789, b"\x08\0\0\0\0\0\x2a\0", kind=True)(inner, who)
    return tagged((0x88A8, 7), (0x8100, 9))(made[14:], who)


@strategy("encapsulation", "Ptacek, Newsham 1998", FOUND)
def decoy_in_another_vlan(p):
    """The decoy stands in another VLAN: another connection."""
    p.link = tagged((0x8100, 7))
    p.open().decoy_of(link=tagged((0x8100, 8)))
    p.finish()


@strategy("encapsulation", "RFC 7348", FOUND)
def decoy_in_another_tunnel(p):
    """A connection of equal addresses in another VXLAN: another network's."""
    p.link = udp(4789, b"\x08\0\0\0\0\0\x2a\0")
    p.open().decoy_of(link=udp(4789, b"\x08\0\0\0\0\0\x2b\0"))
    p.finish()
