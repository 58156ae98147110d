# SPDX-License-Identifier: Apache-2.0
"""One SMTP connection, packet by packet, as a mirror sees it: what each side sends, what arrives, what its receiver takes.

An honest connection plays itself (open, head, tail). In between a strategy puts packets of any kind: every field of every header
can be made wrong, everything that is not asked for is right. Offsets are of the sender's stream: 0 is the byte after its SYN, -1
the SYN.
The standard library alone.
"""
import ipaddress
import struct

from pg_packets import ACK, FIN, PSH, RST, SYN, checksum

URG = 32
CLIENT, SERVER = False, True
MSS = 1000
WINDOW_SCALE = 7
WINDOW = 502  # 64,256 bytes
START_NS = 1_075_367_700_000_000_000


class Packet:
    """A TCP segment in an IP packet in a frame. Fields may be changed until bytes are asked for."""

    def __init__(self, play, who, flags, off, payload=b"", ack=None, options=b"", window=WINDOW, urgent=0, doff=None, bad_sum=False,
                 isn=None, ttl=64, ip=None, ident=None, cut=None, link=None, reserved=0, lost=False):
        self.play, self.who, self.flags, self.off, self.payload, self.ack = play, who, flags, off, payload, ack
        self.options, self.window, self.urgent, self.doff, self.bad_sum = options, window, urgent, doff, bad_sum
        self.isn, self.ttl, self.ident, self.reserved = play.isn[who] if isn is None else isn, ttl, ident, reserved
        self.peer_isn = play.isn[not who]
        self.ip = ip  # changes the IP packet: bytes to bytes
        self.cut = cut or play.cut  # the IP packet to fragments: bytes to a list of bytes
        self.link = link or play.link  # frames it
        self.time = play.now
        self.said = False  # it is the sender's own, and new
        self.arrives = ttl > 2 and not lost
        self.hidden = False  # the mirror does not show it

    def tcp(self):
        play, src, dst = self.play, self.play.addresses[self.who].packed, self.play.addresses[not self.who].packed
        seq, ack = self.isn + 1 + self.off, 0 if self.ack is None else self.peer_isn + 1 + self.ack
        options = self.options + b"\x01" * (-len(self.options) % 4)
        doff = 5 + len(options) // 4 if self.doff is None else self.doff
        head = struct.pack("!HHIIBBHHH", play.ports[self.who], play.ports[not self.who], seq & 0xFFFFFFFF, ack & 0xFFFFFFFF,
                           doff << 4 | self.reserved, self.flags, self.window, 0, self.urgent)
        check = checksum(pseudo(src, dst, 20 + len(options) + len(self.payload)), head, options, self.payload)
        check = check ^ 0x5A5A if self.bad_sum else check
        return head[:16] + struct.pack("!H", check) + head[18:] + options + self.payload

    def packet(self):
        """The IP packet, before it is cut into fragments."""
        src, dst = self.play.addresses[self.who].packed, self.play.addresses[not self.who].packed
        made = ip_packet(src, dst, self.tcp(), self.ttl, self.ident)
        return self.ip(made) if self.ip else made

    def frames(self):
        packets = self.cut(self.packet()) if self.cut else [self.packet()]
        return [self.link(p, self.who) for p in packets]


def pseudo(src, dst, length, proto=6):
    """What is summed besides the segment (RFC 9293 3.1, RFC 8200 8.1)."""
    return src + dst + (struct.pack("!BBH", 0, proto, length) if len(src) == 4 else struct.pack("!II", length, proto))


def ip_packet(src, dst, body, ttl=64, ident=0, proto=6, options=b"", flags=0x4000):
    """An IP packet of the addresses' version. flags: IPv4's, with the fragment's offset."""
    if len(src) == 16:
        return struct.pack("!IHBB16s16s", 6 << 28, len(body), proto, ttl, src, dst) + body
    options += b"\0" * (-len(options) % 4)
    head = struct.pack("!BBHHHBBH4s4s", 0x45 + len(options) // 4, 0, 20 + len(options) + len(body), ident or 0, flags, ttl, proto,
                       0,
                       src, dst) + options
    return ip_summed(head) + body


def ip_summed(head):
    """An IPv4 header with its checksum made right."""
    head = head[:10] + b"\0\0" + head[12:]
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:]


def ip_changed(**fields):
    """A change of an IPv4 or IPv6 header: version, ihl, length (added), flags, options, sum (False: wrong), extra (IPv6 extension
    headers: [(number, bytes without the next header)]), next (IPv6). The IPv4 checksum is right unless said."""

    def change(p):
        if p[0] >> 4 == 6:
            return ip6_changed(p, **fields)
        size = (p[0] & 15) * 4
        head, body = bytearray(p[:size]), p[size:]
        if "options" in fields:
            head += fields["options"] + b"\0" * (-len(fields["options"]) % 4)
            head[0] = 0x40 + len(head) // 4
            struct.pack_into("!H", head, 2, len(head) + len(body))
        if "version" in fields:
            head[0] = fields["version"] << 4 | head[0] & 15
        if "ihl" in fields:
            head[0] = head[0] & 0xF0 | fields["ihl"]
        if "length" in fields:
            struct.pack_into("!H", head, 2, struct.unpack_from("!H", head, 2)[0] + fields["length"])
        if "flags" in fields:
            struct.pack_into("!H", head, 6, fields["flags"])
        head = bytearray(ip_summed(bytes(head)))
        if not fields.get("sum", True):
            head[10] ^= 0x55
        return bytes(head) + body

    return change


def ip6_changed(p, version=6, length=0, extra=(), next=None, **_):
    head, body = bytearray(p[:40]), p[40:]
    number = head[6] if next is None else next
    for kind, rest in reversed(extra):
        body, number = bytes([number]) + rest + body, kind
    head[0], head[6] = version << 4 | head[0] & 15, number
    struct.pack_into("!H", head, 4, len(body) + length)
    return bytes(head) + body


DESTINATION_OPTIONS = (60, b"\0\x01\x04\0\0\0\0")  # padding alone
HOP_BY_HOP = (0, b"\0\x01\x04\0\0\0\0")


def fragments(p, ranges, ident, body=None, before=(), after=(), ttl=None):
    """Fragments of an IP packet, a list of (from, to) over what is behind its header; the last byte's has no MF. body: other
    bytes in the place of its own. before, after: IPv6 extension headers before and behind the fragment header."""
    if p[0] >> 4 == 4:
        size = (p[0] & 15) * 4
        body = p[size:] if body is None else body
        out = []
        for start, end in ranges:
            head = bytearray(p[:size])
            struct.pack_into("!HHH", head, 2, size + end - start, ident, (0x2000 if end < len(body) else 0) | start // 8)
            head[8] = head[8] if ttl is None else ttl
            out.append(ip_summed(bytes(head)) + body[start:end])
        return out
    body, number = p[40:] if body is None else body, p[6]
    for kind, rest in reversed(after):
        body, number = bytes([number]) + rest + body, kind
    out = []
    for start, end in ranges:
        end = len(body) if end > len(body) else end
        head = bytearray(p[:40])
        head[7] = head[7] if ttl is None else ttl
        piece = struct.pack("!BBHI", number, 0, start | (end < len(body)), ident) + body[start:end]
        kind = 44
        for other, rest in reversed(before):
            piece, kind = bytes([kind]) + rest + piece, other
        head[6] = kind
        struct.pack_into("!H", head, 4, len(piece))
        out.append(bytes(head) + piece)
    return out


def every(size, total):
    """Ranges of `size` bytes, a multiple of 8, over `total`."""
    return [(at, min(at + size, total)) for at in range(0, total, size)]


def behind(p):
    """How many bytes are behind the IP header."""
    return len(p) - ((p[0] & 15) * 4 if p[0] >> 4 == 4 else 40)


MACS = (b"\x02\0\x5e\0\0\x01", b"\x02\0\x5e\0\0\x02")


def ethernet(packet, who, kind=None, macs=MACS):
    kind = (0x0800 if packet[0] >> 4 != 6 else 0x86DD) if kind is None else kind
    return macs[not who] + macs[who] + struct.pack("!H", kind) + packet


class Received:
    """What a receiver has taken: its contiguous edge, and what is ahead of that."""

    def __init__(self):
        self.edge, self.ahead = 0, []

    def add(self, start, end):
        self.ahead = sorted(self.ahead + [(start, end)])
        while self.ahead and self.ahead[0][0] <= self.edge:
            self.edge = max(self.edge, self.ahead.pop(0)[1])


class Play:
    """turns: [(who, bytes)]; mark: the bytes within the client's turns that make the message what it is; decoy: as many others."""

    def __init__(self, turns, mark, decoy, version=4, number=0, isn=(0x11223344, 0x55667788), timestamps=True, start=START_NS,
                 ends=None):
        self.turns, self.mark, self.decoy, self.version = list(turns), mark, decoy, version
        names = ends or (("10.%d.%d.1" % (number >> 8, number & 255), "192.0.2.25") if version == 4 else
                         ("2001:db8:1::%x" % (number + 1), "2001:db8:2::25"))
        self.addresses = [ipaddress.ip_address(n) for n in names]
        self.ports = [20000 + number * 37 % 40000, 25]
        self.isn, self.timestamps, self.now = list(isn), timestamps, start
        self.packets = []
        self.at = [0, 0]  # next offset that each side will send
        self.got = [Received(), Received()]  # got[x]: what x has of the other
        self.clock = [1_000_000, 9_000_000]  # timestamps at the start
        self.start = start
        self.link, self.cut = ethernet, None
        self.window = WINDOW
        self.messages = 1
        self.spoken = 0  # turns
        self.after = b""  # of the turn with the mark
        self.before = []  # what was said on other connections of these ports

    # time and options ----------------------------------------------------------------------------------------------------

    def wait(self, seconds):
        self.now += int(seconds * 1e9)

    def stamp(self, who):
        return self.clock[who] + (self.now - self.start) // 1_000_000

    def timestamp(self, who, delta=0, echo=None):
        echo = self.stamp(not who) if echo is None else echo
        return struct.pack("!BBBBII", 1, 1, 8, 10, self.stamp(who) + delta & 0xFFFFFFFF, echo & 0xFFFFFFFF)

    # packets -------------------------------------------------------------------------------------------------------------

    def put(self, payload=b"", who=CLIENT, off=None, flags=ACK | PSH, taken=True, quiet=False, stamps=True, ts=0, extra=b"", ack=0,
            challenge=False, **fields):
        """One packet. taken: its receiver takes it (and acknowledges, unless quiet); it is then what the sender has said. A decoy
        is not taken; challenge: its receiver answers with what it has. ts: added to the timestamp. extra: further options. ack:
        added to the acknowledgement number; None: the field is 0."""
        off = self.at[who] if off is None else off
        options = extra + (self.timestamp(who, ts) if self.timestamps and stamps else b"")
        number = None if ack is None else self.got[who].edge + ack
        fields.setdefault("window", self.window if who == SERVER else WINDOW)
        p = Packet(self, who, flags, off, payload, number, options, **fields)
        self.packets.append(p)
        self.now += 50_000
        if taken:
            end = off + len(payload) + bool(flags & FIN)
            p.said = end > self.at[who]
            self.at[who] = max(self.at[who], end)
            self.got[not who].add(off, end)
        if (taken and not quiet and (payload or flags & FIN)) or challenge:
            self.ack(not who)
        return p

    def decoy_of(self, payload=None, **fields):
        """A packet that its receiver does not take, by default with the decoy in the mark's place."""
        return self.put(self.decoy if payload is None else payload, taken=False, **fields)

    def ack(self, who):
        return self.put(b"", who, flags=ACK, quiet=True)

    def hide(self, since):
        """The mirror lacks all packets from that one on."""
        for p in self.packets[since:]:
            p.hidden = True

    def say(self, data, who=CLIENT, size=MSS, **fields):
        for at in range(0, len(data), size):
            self.put(data[at : at + size], who, **fields)

    # the honest connection -----------------------------------------------------------------------------------------------

    def syn_options(self, who, extra=b"", echo=None):
        stamps = struct.pack("!BBII", 8, 10, self.stamp(who), echo or 0) if self.timestamps else b""
        return struct.pack("!BBHBB", 2, 4, 1460, 4, 2) + stamps + struct.pack("!BBBB", 1, 3, 3, WINDOW_SCALE) + extra

    def syn(self, who=CLIENT, isn=None, extra=b"", taken=True, payload=b"", **fields):
        p = Packet(self, who, fields.pop("flags", SYN), -1, payload, fields.pop("ack", None), fields.pop("options", None) or
                   self.syn_options(who, extra), window=fields.pop("window", 64240), isn=isn, **fields)
        self.packets.append(p)
        self.now += 50_000
        return p

    def syn_ack(self, who=SERVER, **fields):
        fields.setdefault("ack", 0)
        fields.setdefault("options", self.syn_options(who, fields.pop("extra", b""), self.stamp(not who)))
        return self.syn(who, flags=SYN | ACK, **fields)

    def shake(self, extra=b"", **fields):
        self.syn(extra=extra, **fields)
        self.syn_ack(extra=extra)
        self.ack(CLIENT)

    def turn(self):
        """The next turn, in order. False: there was none left."""
        if self.spoken == len(self.turns):
            return False
        who, data = self.turns[self.spoken]
        self.spoken += 1
        self.say(data, who)
        return True

    def content(self):
        """All up to the turn that holds the mark. Returns that turn's bytes, which the caller sends."""
        while self.mark not in self.turns[self.spoken][1]:
            self.turn()
        self.spoken += 1
        return self.turns[self.spoken - 1][1]

    def head(self):
        """All up to the mark."""
        before, self.after = self.content().split(self.mark, 1)
        self.say(before)
        return self

    def open(self):
        self.shake()
        return self.head()

    def real(self, **fields):
        """The mark itself."""
        return self.put(self.mark, **fields)

    def tail(self, close=True):
        """All behind the mark, to the last acknowledgement."""
        self.rest()
        while self.turn():
            pass
        if close:
            self.close()
        return self

    def finish(self):
        """The mark, and all behind it."""
        self.real()
        return self.tail()

    def rest(self):
        self.say(self.after)
        self.after = b""

    def close(self):
        self.put(flags=FIN | ACK)
        self.put(who=SERVER, flags=FIN | ACK)

    def again(self, turns, isn):
        """Another connection on the same ports."""
        self.before.append(self.said())
        self.turns, self.isn, self.spoken, self.after = list(turns), list(isn), 0, b""
        self.at, self.got = [0, 0], [Received(), Received()]
        self.messages += 1

    # what is written -----------------------------------------------------------------------------------------------------

    def frames(self):
        """[(time, frame)]"""
        return [(p.time, f) for p in self.packets if not p.hidden for f in p.frames()]

    def said(self, who=CLIENT):
        """What that side has to say, all of it."""
        return b"".join(data for w, data in self.turns if w == who)
