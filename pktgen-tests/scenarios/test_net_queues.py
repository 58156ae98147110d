# SPDX-License-Identifier: Apache-2.0
"""Ports of several queues, and several workers: whatever queue a packet of a connection, or a piece of it, comes by, one worker reads
the connection. Between two ports clean mail arrives and infected mail is refused; on a mirror port, also in tunnels and in fragments,
what is found is what `mailweir read` finds in the same frames. Every queue received frames, and frames were handed from worker to worker."""
import itertools
import os
import random
import struct
import sys
import time

import harness
import net_case
import net_sensor
import netns
import pg_mail
from net_case import CONTROL, VERSIONS, AtTaps, Wire, saw
from net_freeze import Frozen
from net_mail import Smtp, letter
from net_queues import Queues, processors
from net_sensor import AF_PACKET, AF_XDP, Sensor
from net_servers import Lenient
from netns import Tap
from pg_fragments import Datagram, split_link
from pg_packets import Hosts, Link, Pcap, checksum
from pg_session import START_NS, Mail, Path, Session, packets, wrap
from pg_wrapped import WRAPPINGS


def own(sensor):
    return sensor.stats["mailweir"]


def handed(sensor):
    return own(sensor)["counters"].get("workers", {})


class Several(Wire):
    """Between two ports."""

    workers, turns, options = 2, False, ""

    @classmethod
    def make_net(cls):
        if cls.turns:
            processors(2)
        queues = (2, 2) if cls.kind == AF_XDP else net_sensor.queues(cls.kind)
        cls.net = netns.Net(queues=queues, turns=cls.turns, fragment=cls.fragment)

    @classmethod
    def start_sensor(cls):
        cls.sensor = Sensor(net_sensor.inline(cls.net, cls.device and cls.kind, ("--workers", str(cls.workers)), cls.options))
        cls.assert_kind()

    @classmethod
    def tearDownClass(cls):
        """Every queue of both ports received; every worker was given something; nothing was lost on the way between them. No message
        needed a second try: none was in two workers' hands."""
        sensor = cls.sensor
        super().tearDownClass()
        if CONTROL:
            return
        counts = [port["rx_queues"] for port in own(sensor)["packets"]["ports"].values()]
        saw("frames by queue: %s; handed over: %s", counts, handed(sensor))
        if [len(each) for each in counts] != [2, 2] or not all(n > 0 for each in counts for n in each):
            raise AssertionError("not every queue received: %s" % counts)
        messages, resets = own(sensor)["messages"], own(sensor)["counters"].get("inline", {}).get("midstream_reset", 0)
        if messages["seen"] != messages["clean"] + messages["infected"] or resets:
            raise AssertionError("not judged at the first try: %s, %d resets" % (messages, resets))
        if not handed(sensor).get("handed_frames") or handed(sensor).get("handed_lost"):
            raise AssertionError("not handed over, or not all: %s" % handed(sensor))
        if cls.fragment and not handed(sensor).get("handed_datagrams"):
            raise AssertionError("no datagram was handed over: %s" % handed(sensor))


class Turns(Several):
    """AF_XDP: the frames of a connection, and the fragments of a datagram, come by both queues in turn."""

    kind, turns = AF_XDP, True

    def test_letters(self):
        self.serve(Lenient(strict=True))
        for version in VERSIONS:
            for _ in range(4):
                self.three(version)
            self.three(version, size=60000)
            self.three(version, bdat=700, empty_last=True)
        saw("%d workers: 12 connections, three letters each", self.workers)


class ThreeTurns(Turns):
    """One of them has no queue."""

    workers = 3


class FragmentTurns(Turns):
    fragment = 256


class ThreeFragmentTurns(Turns):
    fragment, workers = 256, 3


class Hashed(Several):
    """Where the kernel chooses the queue by a hash of its own, a connection has one, and many have all."""

    device = True

    def test_letters(self):
        self.serve(Lenient(strict=True))
        for version in VERSIONS:
            for _ in range(10):
                self.three(version)
        saw("20 connections, three letters each")


class FanOut(Hashed):
    kind, options = AF_PACKET, ",qpairs=2"

    def test_each_frame_is_received_once(self):
        """Also fragments, as they come: the kernel puts none together."""
        tap = Tap("server")
        s = netns.packet_socket("eth0", "client")
        frames = []
        for number in range(200):
            packet = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 1028, number, 0, 64, 17, 0, b"\x0a\x4d\0\x01", bytes((10, 77, 1, number)))
            packet = packet[:10] + struct.pack("!H", checksum(packet)) + packet[12:]
            d = Datagram(packet + os.urandom(1008), number)
            frames += [b"\x02\x77\0\0\0\x02\x02\x77\0\0\0\x01\x08\0" + part for part in d.whole(d.cut(512))]
        for frame in frames:
            s.send(frame)
            time.sleep(0.0005)
        netns.quiet(tap)
        s.close()
        tap.close()
        arrived = [f for f in tap.received if f[14:15] == b"\x45" and f[23] == 17]
        self.assertEqual(sorted(arrived), sorted(frames))


class Taps(AtTaps, Hashed):
    @classmethod
    def tearDownClass(cls):
        sensor = cls.sensor
        super().tearDownClass()
        counted = own(sensor)["counters"]["packets"]
        if not counted.get("checksum_by_port"):
            raise AssertionError("the port has summed nothing: %s" % counted)
        saw("%d segments of %d were found right by the port", counted["checksum_by_port"], counted["tcp"])

    def test_wrong_checksums(self):
        """A forged end of the connection with a wrong checksum: of TCP, of the IPv4 header, and where the driver does not look, behind
        an extension header of IPv6. Each is dropped, whatever the driver says or does not say of it, and the letter arrives."""
        self.serve(Lenient(strict=True))
        for version in VERSIONS:
            one = letter()
            tap = Tap("client")
            with Smtp(self.net, version) as client:
                netns.quiet(tap, seconds=0.3)
                last = [f for f in tap.sent if f[12:14] == (b"\x08\0", b"\x86\xdd")[version == 6] and is_tcp(f)][-1]
                with netns.packet_socket("eth0", "client") as s:
                    for frame in forged(last):
                        s.send(frame)
                client.mail(one)
                client.quit()
            tap.close()
            self.assert_delivered([one])
            self.assert_recorded_clean(one)
        # What came in at the client's side is in the account of that port.
        self.sensor.end()
        dropped = {name: port["dropped"]["bad_checksum"] for name, port in own(self.sensor)["packets"]["ports"].items()}
        self.assertEqual(sorted(dropped.values()), [0, 4], dropped)
        saw("dropped for their checksum: %s", dropped)


def is_tcp(frame):
    return frame[23 if frame[12] == 8 else 20] == 6


def forged(last):
    """What the sender of `last` would say next: QUIT, with wrong sums."""
    link, packet = last[:14], last[14:]
    version, at = packet[0] >> 4, 20 if packet[0] >> 4 == 4 else 40
    length = struct.unpack_from("!H", packet, 2)[0] if version == 4 else 40 + struct.unpack_from("!H", packet, 4)[0]
    head, tcp = bytearray(packet[:at]), bytearray(packet[at:length])
    offset = (tcp[12] >> 4) * 4
    seq = struct.unpack_from("!I", tcp, 4)[0] + len(tcp) - offset
    tcp = tcp[:offset] + b"QUIT\r\n"
    struct.pack_into("!I", tcp, 4, seq & 0xFFFFFFFF)
    tcp[13] = 0x18
    tcp[16:18] = b"\0\0"
    addresses = bytes(head[12:20] if version == 4 else head[8:40])
    total = checksum(addresses, struct.pack("!BBH", 0, 6, len(tcp)) if version == 4 else struct.pack("!II", len(tcp), 6), bytes(tcp))
    wrong = tcp[:16] + struct.pack("!H", total ^ 0x0101) + tcp[18:]
    right = tcp[:16] + struct.pack("!H", total) + tcp[18:]
    if version == 4:
        struct.pack_into("!H", head, 2, at + len(tcp))
        head[10:12] = b"\0\0"
        summed = checksum(bytes(head))
        good = bytes(head[:10]) + struct.pack("!H", summed) + bytes(head[12:])
        bad = bytes(head[:10]) + struct.pack("!H", summed ^ 0x0101) + bytes(head[12:])
        return [link + good + wrong, link + bad + right]
    options = b"\x06\0\x01\x04\0\0\0\0"
    struct.pack_into("!H", head, 4, len(tcp))
    plain = bytes(head)
    struct.pack_into("!HB", head, 4, len(options) + len(tcp), 60)
    return [link + plain + wrong, link + bytes(head) + options + wrong]


PROGRAM = bytes.fromhex("4d5a90000300000004000000ffff0000") + b"\0KERNEL32.dll\0ADVAPI32.dll\0\0" * 200


def session(infected):
    parts = [pg_mail.text("A file.")]
    parts.append(wrap(PROGRAM, "file.exe", "base64") if infected else wrap(b"Nothing here. " * 400, "file.txt", "base64"))
    return Session([Mail(pg_mail.message(parts, subject="infected" if infected else "clean"))], rng=random.Random(infected))


class Pieces:
    """In the place of pg_packets.Link: the frames that a packet goes in, a list. inner: the packet goes in fragments, each in the
    wrapping; outer: the wrapped packet does."""

    type = Link().type

    numbers = itertools.count(0, 1000)

    def __init__(self, link, inner=0, outer=0):
        # All of them are between the same hosts, which number their datagrams once (RFC 6864).
        self.link, self.inner, self.outer, self.ident = link, inner, outer, next(self.numbers)

    def cut(self, packet, size):
        self.ident += 1
        d = Datagram(packet, self.ident)
        return d.whole(d.cut(size)) if size and len(d.payload) > size else [packet]

    def frame(self, packet, version, from_server):
        out = []
        for part in self.cut(packet, self.inner):
            link, whole = split_link(self.link.frame(part, version, from_server))
            out += [link + piece for piece in self.cut(whole, self.outer)]
        return out


TUNNELS = ("vxlan", "vxlan-qinq", "gre", "gre-all", "geneve", "geneve-ip", "erspan2", "ipip", "vxlan-gre", "four")


def links():
    """By name: how a connection's packets come."""
    found = {"plain": Pieces(Link()), "plain in fragments": Pieces(Link(), inner=512)}
    for name in TUNNELS:
        link = WRAPPINGS[name][0]
        found[name] = Pieces(link)
        found[name + ", fragments in it"] = Pieces(link, inner=512)
        found[name + " in fragments"] = Pieces(link, outer=512)
    return found


def traffic():
    """[(time, [frame])] of an infected and a clean connection by each of them, all at the same time, IPv4 and IPv6; and how many of each.
    The infected ones come from even ports."""
    lines, port = [], 5000
    for version in VERSIONS:
        ends = ("198.51.100.1", "192.0.2.25") if version == 4 else ("2001:db8:1::1", "2001:db8:2::25")
        for link in links().values():
            for infected in (True, False):
                lines += packets(session(infected), Path(mss=1200), Hosts(*ends, port, 25, link), START_NS + port * 1000)
                port += 1
    return sorted(lines, key=lambda line: line[0]), (port - 5000) // 2


def verdicts(records):
    """By the client's port: what is told of its message and its file, and what is wrong with it."""
    told = {}
    for record in records:
        kind, mine = record["event_type"], record.get("mailweir", {})
        if kind == "smtp":
            said = ("message", mine["verdict"], mine.get("reason"), mine.get("complete"), mine["delivered"], str(mine.get("marks")))
        elif kind == "fileinfo":
            said = ("file", str({k: v for k, v in record["fileinfo"].items() if k not in ("file_id", "tx_id")}))
        elif kind == "anomaly":
            said = ("anomaly", record["anomaly"].get("event"))
        else:
            continue
        told.setdefault(record["src_port"] if record.get("dest_port") == 25 else record["dest_port"], []).append(said)
    return {port: sorted(map(str, said)) for port, said in told.items()}


class Mirror(Wire):
    """A mirror port of two queues."""

    queues = (2, 2)

    @classmethod
    def setUpClass(cls):
        why = "no sensor: only one that forwards" if CONTROL else net_sensor.missing(cls.kind)
        if cls.kind is None or why:
            raise netns.Missing(why or "a base")
        processors(2)
        cls.server = None
        cls.lines, cls.count = traffic()
        cls.read = cls.wanted()
        # Last: what fails here is not torn down.
        cls.net = netns.Net(mirror=True, queues=cls.queues)

    @classmethod
    def wanted(cls):
        path = os.path.join(netns.folder(), "mirror.pcap")
        with open(path, "wb") as f:
            pcap = Pcap(f, Link().type)
            for when, frames in cls.lines:
                for frame in frames:
                    pcap.write(when, frame)
        return harness.run("read", "--json", "--workers", "1", path)

    @classmethod
    def tearDownClass(cls):
        cls.net.close()

    def watch(self, workers):
        self.sensor = Sensor([net_sensor.PROGRAM, "run", "--mirror", self.port(), "--workers", str(workers)])
        self.addCleanup(self.sensor.program.kill)

    def seen(self, workers, queue):
        """Sends all frames at the mirror port, each by the queue that queue(number) names, and ends the sensor. What was sent and
        received, by queue."""
        self.watch(workers)
        sent = self.send(queue)
        net_case.sound(self.sensor)
        received = [port["rx_queues"] for port in own(self.sensor)["packets"]["ports"].values()][0]
        saw("%d workers: %d frames by queue %s; handed over: %s", workers, sum(sent), received, handed(self.sensor))
        return sent, received

    def send(self, queue):
        sender = Queues("mwn-mp", 2)
        number = 0
        for _, frames in self.lines:
            for frame in frames:
                sender.send(frame, queue(number))
                number += 1
                # Not so fast that a queue overflows while its worker does not run.
                time.sleep(0.001 if number % 16 == 0 else 0)
        sender.close()
        self.sensor.wait(lambda record: False, timeout=1)
        return sender.sent

    def port(self):
        return self.net.mirror

    def assert_as_read(self):
        messages = own(self.sensor)["messages"]
        self.assertEqual((messages["seen"], messages["infected"], messages["clean"]), (2 * self.count, self.count, self.count), messages)
        live, read = verdicts(self.sensor.records), verdicts(self.read.records)
        self.assertEqual(len(read), 2 * self.count)
        for port in sorted(read):
            self.assertEqual(live.get(port), read[port], "the connection from port %d" % port)
        self.assertTrue(handed(self.sensor).get("handed_frames", 0) > 100)
        self.assertTrue(handed(self.sensor).get("handed_datagrams", 0) > 100)
        self.assertEqual(handed(self.sensor).get("handed_lost", 0), 0)


class MirrorTurns(Mirror):
    """AF_XDP: each frame by the queue that the test names, and no other."""

    kind = AF_XDP

    def by(self, workers, queue):
        sent, received = self.seen(workers, queue)
        self.assertEqual(received, sent)
        self.assertTrue(min(sent) > 100, sent)
        self.assert_as_read()

    def test_in_turn(self):
        for workers in (2, 3):
            self.by(workers, lambda number: number % 2)

    def test_at_random(self):
        """Neighbours by the same queue, too."""
        which = random.Random(3)
        self.by(2, lambda number: which.randrange(2))

    def test_a_worker_that_stands_still(self):
        """The other one has all the queues' frames: the ring between them is full before long. What finds no room is counted, no message
        that lacks it is called clean that is not, and what is the other one's own is read as ever."""
        self.watch(2)
        with Frozen(self.sensor.program.process.pid, "worker-2"):
            self.send(lambda number: 0)
        net_case.sound(self.sensor)
        lost, dropped = handed(self.sensor).get("handed_lost", 0), own(self.sensor)["packets"]["dropped"]["full"]
        live, read = verdicts(self.sensor.records), verdicts(self.read.records)
        as_read = [port for port in read if live.get(port) == read[port]]
        saw("%d frames found no room; %d of %d connections as read", lost, len(as_read), len(read))
        self.assertTrue(lost > 100, lost)
        self.assertEqual(dropped, lost)
        self.assertTrue(len(as_read) >= len(read) // 16)
        self.assertTrue(len(as_read) < len(read))
        for record in self.sensor.of("smtp"):
            client = record["src_port"] if record["dest_port"] == 25 else record["dest_port"]
            self.assertNotEqual(record["mailweir"]["verdict"], "infected" if client % 2 else "clean", record)


class MirrorDevice(MirrorTurns):
    """The same, as DPDK names it."""

    test_at_random = test_a_worker_that_stands_still = None

    def port(self):
        return "net_af_xdp0,iface=%s,start_queue=0,queue_count=2" % self.net.mirror

    def test_in_turn(self):
        self.by(2, lambda number: number % 2)


class MirrorFanOut(Mirror):
    """AF_PACKET's driver: by the kernel's hash of each frame."""

    kind = AF_PACKET

    def port(self):
        return "net_af_packet0,iface=%s,qpairs=2" % self.net.mirror

    def test_by_hash(self):
        for workers in (2, 3):
            sent, received = self.seen(workers, lambda number: 0)
            self.assertEqual(sum(received), sum(sent))
            self.assertTrue(min(received) > 100, received)
            self.assert_as_read()


load_tests = net_case.load_tests(sys.modules[__name__], Several, Hashed, Mirror)

if __name__ == "__main__":
    net_case.main()
