# SPDX-License-Identifier: Apache-2.0
"""Mail whose packets come in fragments: found, however they are cut; and where receivers differ about them, not clean."""
import hashlib
import itertools
import random
import struct

import harness
import pg_mail
from harness import Scenario, normalised
from pg_fragments import Datagram, split_link
from pg_packets import Hosts, Link, Pcap, checksum
from pg_session import START_NS, Mail, Path, Session, packets, wrap

PROGRAM = bytes.fromhex("4d5a90000300000004000000ffff0000") + random.Random(1).randbytes(4000)
POLICIES = ("first", "last", "bsd", "bsd-right", "old-linux", "linux", "old-solaris", "solaris", "hpux10", "hpux11", "irix", "macos",
            "windows", "vista", "windows2k3")
LIKE = {"old-solaris": "first", "hpux11": "first", "macos": "first", "hpux10": "bsd", "irix": "bsd", "vista": "windows",
        "windows2k3": "windows"}


def mail(program, subject):
    part = wrap(PROGRAM, "x.exe", "base64") if program else wrap(b"quite harmless, " * 300, "x.txt", "base64")
    return Mail(pg_mail.message([pg_mail.text("x"), part], subject=subject))


def letter(program, subject):
    return Session([mail(program, subject)])


def frames(session, version=4, port=40000, start=START_NS, client="198.51.100.1", **path):
    ends = (client, "192.0.2.25") if version == 4 else ("2001:db8:1::1", "2001:db8:2::25")
    return list(packets(session, Path(**path), Hosts(*ends, port, 25, Link()), start))


# In how many ways a packet is taken apart: each gets a Datagram, and returns packets.

def eighths(d):
    return d.whole(d.cut(8))


def reverse(d):
    return d.whole(d.cut(64))[::-1]


def shuffled(d):
    pieces = d.whole(d.cut(24))
    random.Random(len(pieces)).shuffle(pieces)
    return pieces


def doubled(d):
    return [p for piece in d.whole(d.cut(256)) for p in (piece, piece)]


def doubled_later(d):
    pieces = d.whole(d.cut(256))
    return pieces[:-1] + pieces[:-1] + pieces[-1:]


def last_first(d):
    pieces = d.whole(d.cut(512))
    return pieces[-1:] + pieces[:-1]


def overlapped(d):
    """The same bytes, with other borders."""
    if len(d.payload) < 64:
        return d.whole(d.cut(8))
    pieces = [(at, d.payload[at : at + 48], True) for at in range(0, len(d.payload) - 48, 24)]
    return d.whole(pieces + [(pieces[-1][0] + 24, d.payload[pieces[-1][0] + 24 :], False)])


def protocol_later(d):
    """What the fragments behind the first say of the protocol means nothing in IPv6."""
    pieces = d.cut(64)
    return d.whole(pieces[:1]) + [d.fragment(*p, 17) for p in pieces[1:]]


WAYS = {4: (eighths, reverse, shuffled, doubled, doubled_later, last_first, overlapped),
        6: (reverse, doubled, doubled_later, last_first, protocol_later)}


class Fragments(Scenario):
    def fragmented(self, name, connections, ways, least=0):
        """A capture of [(session's frames)], each packet of which is taken apart: in one way, or in one for each connection."""
        ways = ways if isinstance(ways, list) else [ways] * len(connections)
        every = sorted(((time, frame, way) for one, way in zip(connections, ways) for time, frame in one), key=lambda f: f[0])
        with open(self.path(name), "wb") as f:
            pcap, ident = Pcap(f, Link().type), 0
            for time, frame, way in every:
                ident += 1
                link, packet = split_link(frame)
                d = Datagram(packet, ident)
                parts = way(d) if len(d.payload) > max(least, 8) else [packet]
                for i, part in enumerate(parts):
                    pcap.write(time + i, link + part)
        return self.path(name)

    def verdicts(self, r):
        return sorted((m["email"].get("subject"), m["mailweir"]["verdict"]) for m in r.messages)

    def by_workers(self, *arguments):
        """With one worker; with more, all is the same."""
        one, *more = [self.read("--workers", n, *arguments, status=1) for n in (1, 2, 3)]
        for r in more:
            self.assertEqual(normalised(r), normalised(one))
            self.assertEqual([(m["pcap_cnt"], m["timestamp"]) for m in r.messages], [(m["pcap_cnt"], m["timestamp"]) for m in one.messages])
        return one

    def test_each_way(self):
        """Six connections in each. What leaves something over, or needs a policy, has a capture for itself."""
        for version, ways in WAYS.items():
            alone = [way for way in ways if way in (doubled, overlapped)]
            for together in [[way for way in ways if way not in alone]] + [[way] for way in alone]:
                with self.subTest(ways=[way.__name__ for way in together], version=version):
                    connections = []
                    for k, way in enumerate(together):
                        for i in range(6):
                            verdict = "clean" if i == 1 else "infected"
                            connections.append(frames(letter(verdict == "infected", "%s %s" % (verdict, way.__name__)), version,
                                                      40000 + 10 * k + i, START_NS + i * 10**6))
                    name = self.fragmented("way.pcap", connections, [way for way in together for _ in range(6)])
                    policy = ["-c", self.write("first.yaml", "receivers: {default: first}\n")] if overlapped in together else []
                    r = self.by_workers(*policy, name)
                    self.assertEqual(self.verdicts(r), sorted(("%s %s" % (verdict, way.__name__), verdict) for way in together
                                                              for verdict in ("clean",) + 5 * ("infected",)), r.explain())
                    dropped = {k for k, v in r.stats["packets"]["dropped"].items() if k.startswith("fragment") and v}
                    # What repeats the last fragment begins a datagram of its own.
                    self.assertEqual(dropped, {"fragment_timeout"} if doubled in together else set())

    def test_overlapping_ipv6_is_nobodys(self):
        """RFC 5722: the datagram is gone, and the message has a hole, or was sent again."""
        def with_overlap(d):
            pieces = d.cut(64)
            return d.whole(pieces[:1] + [(pieces[1][0] - 8, d.payload[pieces[1][0] - 8 : pieces[1][0] + 16], True)] + pieces[1:])
        name = self.fragmented("six.pcap", [frames(letter(True, "x"), 6)], with_overlap, 600)
        for n in (1, 2, 3):
            r = self.read("--workers", n, name)
            self.assertTrue(r.stats["packets"]["dropped"]["fragment_overlap"] > 0, r.explain())
            self.assertEqual([m["mailweir"]["verdict"] for m in r.messages if m["mailweir"]["verdict"] == "clean"], [], r.explain())

    def test_in_tunnels(self):
        """Fragments of what is in a tunnel, and of the tunnel's own packets, and both at once; some of the packets come whole."""
        def gre(packet):
            ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 24 + len(packet), 0, 0, 64, 47, 0, b"\x0a\1\1\1", b"\x0a\1\1\2")
            ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
            return ip + struct.pack("!HH", 0, 0x0800 if packet[0] >> 4 == 4 else 0x86DD) + packet

        def vxlan(packet):
            inner = bytes(12) + struct.pack("!H", 0x0800 if packet[0] >> 4 == 4 else 0x86DD) + packet
            udp = struct.pack("!HHHHII", 40000, 4789, 16 + len(inner), 0, 0x08000000, 7 << 8) + inner
            ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, b"\x0a\1\1\1", b"\x0a\1\1\2")
            return ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:] + udp

        def inner(wrap_, packet, ident):
            return [wrap_(p) for p in Datagram(packet, ident).whole(Datagram(packet, ident).cut(256))]

        def outer(wrap_, packet, ident):
            d = Datagram(wrap_(packet), ident)
            return d.whole(d.cut(512))[::-1]

        def both(wrap_, packet, ident):
            return [p for one in Datagram(packet, ident).whole(Datagram(packet, ident).cut(256)) for p in
                    (lambda d: d.whole(d.cut(64)))(Datagram(wrap_(one), ident * 64 + len(one) + one[7]))]

        cases = list(itertools.product((gre, vxlan), (4, 6), (inner, outer, both)))
        with open(self.path("tunnels.pcap"), "wb") as f:
            pcap, ident = Pcap(f, Link().type), 0
            for i, (wrap_, version, way) in enumerate(cases):
                start = START_NS + i * 10**9
                for time, frame in frames(letter(True, "infected"), version, 40000 + 2 * i, start) + \
                        frames(letter(False, "clean"), version, 40001 + 2 * i, start + 10**8):
                    ident += 1
                    packet = split_link(frame)[1]
                    parts = way(wrap_, packet, ident) if len(packet) > 600 and ident % 3 else [wrap_(packet)]
                    for part in parts:
                        pcap.write(time, frame[:12] + b"\x08\0" + part)
        r = self.by_workers(self.path("tunnels.pcap"))
        self.assertEqual(len(r.messages), 2 * len(cases), r.explain())
        found = {m["src_port"]: (m["email"].get("subject"), m["mailweir"]["verdict"]) for m in r.messages}
        for i, (wrap_, version, way) in enumerate(cases):
            with self.subTest(tunnel=wrap_.__name__, way=way.__name__, version=version):
                self.assertEqual((found[40000 + 2 * i], found[40001 + 2 * i]), (("infected", "infected"), ("clean", "clean")))

    # contradictions ---------------------------------------------------------------------------------------------------

    @staticmethod
    def takes(policy, held, now):
        """Whether of two that overlap the later one is kept; None: the receiver keeps neither, or the first unread."""
        policy = LIKE.get(policy, policy)
        return {"first": False, "last": True, "bsd": now[0] < held[0], "old-linux": now[0] <= held[0],
                "bsd-right": now[1] > held[1] or (now[1] == held[1] and now[0] <= held[0]),
                "solaris": now[0] < held[0] and now[1] >= held[1], "windows": now[0] < held[0] and now[1] > held[1],
                "linux": None}[policy]

    def test_contradictions_by_policy(self):
        """Every pair of overlaps, with each policy: what was read is what such a receiver has, and the message is not clean."""
        content = b"".join(b"line %04d of what a text file says here\r\n" % i for i in range(12))
        session = Session([Mail(pg_mail.message([pg_mail.text("x"), pg_mail.attachment(content, "x.txt", "7bit")], subject="pair"))])
        held = (16, 40)
        pairs = [(a, b) for a in (8, 16, 24) for b in (24, 32, 40, 48) if a < b and a < held[1] and b > held[0]]
        for policy in POLICIES:
            connections, expected = [], []
            config = self.write("receivers.yaml", "receivers: {default: %s}\ncapture: {checksums: trust}\n" % policy)
            for i, now in enumerate(pairs):
                sent = frames(session, port=41000 + i, start=START_NS + i * 10**9)
                at = max(range(len(sent)), key=lambda k: len(sent[k][1]))
                time, frame = sent[at]
                link, packet = split_link(frame)
                d = Datagram(packet, 7 + i)
                base = 20 + packet[d.header_len + 20 :].index(b"line 0002") + 7 & ~7
                first, last = base + held[0], base + held[1]
                def other(a, b):
                    return bytes(x ^ 1 if 32 < x ^ 1 < 127 else x for x in d.payload[a:b])
                second = (base + now[0], other(base + now[0], base + now[1]), True)
                low, high = min(first, base + now[0]), max(last, base + now[1])
                pieces = [(first, d.payload[first:last], True), second, (0, d.payload[:low], True), (high, d.payload[high:], False)]
                connections.append(sent[:at] + [(time + k, link + p) for k, p in enumerate(d.whole(pieces))] + sent[at + 1 :])
                taken = self.takes(policy, held, now)
                within = now[0] >= held[0] and now[1] <= held[1]
                if taken is None and not within:
                    expected.append(None)
                    continue
                view = bytearray(d.payload)
                for a in range(now[0], now[1]):
                    if taken or not held[0] <= a < held[1]:
                        view[base + a] = second[1][a - now[0]]
                text = bytes(view)
                begin = text.index(b"line 0000")
                expected.append(hashlib.sha256(text[begin : begin + len(content)]).hexdigest())
            with open(self.path("pairs.pcap"), "wb") as f:
                pcap = Pcap(f, Link().type)
                for time, frame in sorted((x for c in connections for x in c), key=lambda x: x[0]):
                    pcap.write(time, frame)
            r = self.read("-c", config, self.path("pairs.pcap"))
            files = {x["src_port"]: x["fileinfo"].get("sha256") for x in r.of("fileinfo") if x["fileinfo"]["filename"] == "x.txt"}
            for i, want in enumerate(expected):
                with self.subTest(policy=policy, pair=pairs[i]):
                    port = 41000 + i
                    message = [m for m in r.messages if m["src_port"] == port][0]["mailweir"]
                    self.assertEqual(message["verdict"], "unscanned")
                    if want is None:
                        self.assertEqual(message["reason"], "gap")
                        continue
                    self.assertEqual(message["reason"], "malformed")
                    self.assertEqual(files[port], want)
                    told = [a for a in r.of("anomaly") if a["src_port"] == port]
                    self.assertEqual([a["anomaly"]["event"] for a in told], ["decoder.ipv4.frag_overlap"])

    # floods -----------------------------------------------------------------------------------------------------------

    def test_floods_of_what_is_never_whole(self):
        """Other mail is judged, and its fragments too: who sends without end pushes out his own, and those few with whom he shares one of
        64 groups; the capture's first packet says who they are. Memory is what was taken at the start."""
        hosts = ["198.51.100.%d" % i for i in range(1, 9)]
        mail = [f for i, host in enumerate(hosts) for f in frames(letter(True, "infected"), client=host, start=START_NS + i * 10**8) +
                frames(letter(False, "clean"), port=40001, client=host, start=START_NS + i * 10**8)]
        config = self.write("small.yaml", "memory: {datagrams: 64, fragments: 512}\n")
        rng = random.Random(3)
        packet = split_link(mail[3][1])[1]

        def flood(d):
            parts = d.whole(d.cut(512))
            out = []
            for part in parts:
                for _ in range(40):
                    junk = Datagram(packet[:12] + b"\xcb\x00\x71\x05" + packet[16:], rng.randrange(65536))
                    out.append(junk.fragment(8 * rng.randrange(1, 100), rng.randbytes(64), True))
                out.append(part)
            return out

        name = self.fragmented("flood.pcap", [mail], flood)
        for n in (1, 3):
            r = self.read("--workers", n, "-c", config, name, status=1)
            found = [{m["src_port"]: m["mailweir"]["verdict"] for m in r.messages if m["src_ip"] == host} for host in hosts]
            self.assertGreaterEqual(found.count({40000: "infected", 40001: "clean"}), len(hosts) - 3, r.explain())
            self.assertNotIn("clean", [verdicts.get(40000) for verdicts in found], r.explain())
            self.assertTrue(r.stats["packets"]["dropped"]["fragment_no_room"] > 100, r.explain())

    def test_what_comes_too_late(self):
        def late(d):
            return d.whole(d.cut(512))
        mail = frames(letter(True, "late"))
        name = self.path("late.pcap")
        with open(name, "wb") as f:
            pcap, shift = Pcap(f, Link().type), 0
            for i, (time, frame) in enumerate(mail):
                link, packet = split_link(frame)
                parts = late(Datagram(packet, i)) if len(packet) > 1000 and not shift else [packet]
                for k, part in enumerate(parts):
                    if len(parts) > 1 and k == 1:
                        shift = 31 * 10**9
                    pcap.write(time + shift, link + part)
        r = self.read(name)
        self.assertEqual([m["mailweir"]["verdict"] for m in r.messages if m["mailweir"]["verdict"] == "clean"], [])
        self.assertTrue(r.stats["packets"]["dropped"]["fragment_timeout"] > 0, r.explain())


if __name__ == "__main__":
    harness.main()
