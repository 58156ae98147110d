# SPDX-License-Identifier: Apache-2.0
"""IP packets in fragments, with the standard library alone: as a sender makes them (RFC 791 3.2, RFC 8200 4.5), and as none should."""
import struct

from pg_packets import checksum


class Datagram:
    """A packet to be sent in pieces: IPv4 with or without options, IPv6 without extension headers."""

    def __init__(self, packet, ident):
        self.version, self.ident = packet[0] >> 4, ident
        self.header_len = (packet[0] & 15) * 4 if self.version == 4 else 40
        self.header, self.payload = packet[: self.header_len], packet[self.header_len :]

    def fragment(self, off, data, more, proto=None):
        """The packet that says: data stands at off, and there is more, or not. proto: what the header says of it, else what is true."""
        if off % 8:
            raise ValueError("a fragment cannot begin at %d" % off)
        if self.version == 4:
            ip = bytearray(self.header)
            struct.pack_into("!HHH", ip, 2, len(ip) + len(data), self.ident & 0xFFFF, (0x2000 if more else 0) | off // 8)
            ip[9] = ip[9] if proto is None else proto
            ip[10:12] = b"\0\0"
            struct.pack_into("!H", ip, 10, checksum(bytes(ip)))
            return bytes(ip) + data
        ip = bytearray(self.header)
        extension = struct.pack("!BBHI", ip[6] if proto is None else proto, 0, off | more, self.ident)
        struct.pack_into("!HB", ip, 4, len(extension) + len(data), 44)
        return bytes(ip) + extension + data

    def cut(self, size, at=()):
        """[(off, data, more)] of at most `size` bytes each, a multiple of 8; cut at these places besides."""
        edges = sorted(set(range(0, len(self.payload), size)) | set(at) | {len(self.payload)})
        edges = [e for e in edges if e <= len(self.payload)]
        return [(a, self.payload[a:b], b < len(self.payload)) for a, b in zip(edges, edges[1:])]

    def whole(self, pieces):
        return [self.fragment(*p) for p in pieces]


def split_link(frame, linktype=1):
    """The link header of an Ethernet frame with or without VLAN tags, and its packet."""
    at = 12
    while frame[at : at + 2] in (b"\x81\x00", b"\x88\xa8"):
        at += 4
    return frame[: at + 2], frame[at + 2 :]
