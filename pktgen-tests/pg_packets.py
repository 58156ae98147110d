# SPDX-License-Identifier: Apache-2.0
"""Frames and capture files, with the standard library alone.

Checksums are right, lengths are right: what is wrong in a capture made here was asked for.
"""
import ipaddress
import struct

LINKTYPE_ETHERNET = 1
LINKTYPE_RAW = 101
LINKTYPE_SLL = 113
LINKTYPE_SLL2 = 276

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


def checksum(*chunks):
    """The Internet checksum (RFC 1071). A number is congruent to the sum of its 16-bit digits modulo 0xffff."""
    total = 0
    for chunk in chunks:
        if len(chunk) % 2:
            chunk = chunk + b"\0"
        total += int.from_bytes(chunk, "big") % 0xFFFF
    total %= 0xFFFF
    return 0xFFFF - total if total else 0xFFFF if not any(map(any, chunks)) else 0


class Link:
    """How packets are framed between two hosts."""

    def __init__(self, kind="ethernet", vlans=(), client_mac=b"\x02\x00\x5e\0\0\x01", server_mac=b"\x02\x00\x5e\0\0\x02"):
        self.type = {"ethernet": LINKTYPE_ETHERNET, "raw": LINKTYPE_RAW, "sll": LINKTYPE_SLL, "sll2": LINKTYPE_SLL2}[kind]
        self.vlans = tuple(vlans)
        if self.vlans and kind != "ethernet":
            raise ValueError("VLAN tags need Ethernet frames")
        self.macs = (client_mac, server_mac)

    def frame(self, packet, version, from_server):
        ethertype = 0x0800 if version == 4 else 0x86DD
        source = self.macs[from_server]
        if self.type == LINKTYPE_RAW:
            return packet
        if self.type == LINKTYPE_SLL:
            return struct.pack("!HHH6s2xH", 0, 1, 6, source, ethertype) + packet
        if self.type == LINKTYPE_SLL2:
            return struct.pack("!HHIHBB6s2x", ethertype, 0, 1, 1, 0, 6, source) + packet
        tags = b""
        for i, vlan in enumerate(self.vlans):
            outer = i + 1 < len(self.vlans)
            tags += struct.pack("!HH", 0x88A8 if outer else 0x8100, vlan)
        return self.macs[not from_server] + source + tags + struct.pack("!H", ethertype) + packet


class Hosts:
    """Two ends of a TCP connection; builds its packets."""

    def __init__(self, client, server, sport, dport, link, ttl=64):
        self.addresses = tuple(ipaddress.ip_address(a) for a in (client, server))
        self.version = self.addresses[0].version
        if self.addresses[1].version != self.version:
            raise ValueError("%s and %s are not of one family" % (client, server))
        self.ports, self.link, self.ttl = (sport, dport), link, ttl
        self.ident = [1, 1]

    def packet(self, from_server, seq, ack, flags, payload=b"", options=b"", window=64240):
        src, dst = self.addresses[from_server].packed, self.addresses[not from_server].packed
        sport, dport = self.ports[from_server], self.ports[not from_server]
        options += b"\x01" * (-len(options) % 4)
        length = 20 + len(options) + len(payload)
        head = struct.pack(
            "!HHIIBBHHH", sport, dport, seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, (20 + len(options)) << 2, flags, window, 0, 0
        )
        if self.version == 4:
            pseudo = src + dst + struct.pack("!BBH", 0, 6, length)
        else:
            pseudo = src + dst + struct.pack("!II", length, 6)
        check = checksum(pseudo, head, options, payload)
        tcp = head[:16] + struct.pack("!H", check) + head[18:] + options + payload
        if self.version == 4:
            ident = self.ident[from_server]
            self.ident[from_server] = (ident + 1) & 0xFFFF
            ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + length, ident, 0x4000, self.ttl, 6, 0, src, dst)
            ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
        else:
            ip = struct.pack("!IHBB16s16s", 6 << 28, length, 6, self.ttl, src, dst)
        return self.link.frame(ip + tcp, self.version, from_server)


class Pcap:
    """Writes a capture: pcap with microseconds or nanoseconds, either byte order, or pcapng."""

    def __init__(self, out, linktype, form="pcap", snaplen=262144, big_endian=False):
        self.out, self.form, self.snaplen = out, form, snaplen
        self.order = ">" if big_endian else "<"
        if form == "pcapng":
            self.block(0x0A0D0D0A, struct.pack(self.order + "IHHq", 0x1A2B3C4D, 1, 0, -1))
            # if_tsresol 9: nanoseconds
            options = struct.pack(self.order + "HHB3xHH", 9, 1, 9, 0, 0)
            self.block(1, struct.pack(self.order + "HHI", linktype, 0, snaplen) + options)
        else:
            magic = {"pcap": 0xA1B2C3D4, "pcap-ns": 0xA1B23C4D}[form]
            out.write(struct.pack(self.order + "IHHiIII", magic, 2, 4, 0, 0, snaplen, linktype))

    def block(self, kind, body):
        body += b"\0" * (-len(body) % 4)
        length = struct.pack(self.order + "I", len(body) + 12)
        self.out.write(struct.pack(self.order + "I", kind) + length + body + length)

    def write(self, time_ns, frame):
        kept = frame[: self.snaplen]
        if self.form == "pcapng":
            head = struct.pack(self.order + "IIIII", 0, time_ns >> 32, time_ns & 0xFFFFFFFF, len(kept), len(frame))
            self.block(6, head + kept)
            return
        seconds, rest = divmod(time_ns, 1_000_000_000)
        if self.form == "pcap":
            rest //= 1000
        self.out.write(struct.pack(self.order + "IIII", seconds, rest, len(kept), len(frame)) + kept)
