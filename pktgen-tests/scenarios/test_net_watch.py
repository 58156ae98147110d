# SPDX-License-Identifier: Apache-2.0
"""The sensor lets pass and tells: --observe between the ports, and on a mirror port, there also with resets."""
import struct
import sys
import time
import unittest

import net_case
import net_mail
import net_sensor
import netns
import pg_packets
from net_case import CONTROL, VERSIONS, Wire, kinds, one_kind, saw
from net_mail import Smtp, deliver, letter
from net_sensor import Sensor
from net_servers import Lenient, Postfix
from netns import Tap, quiet
from pg_session import stuff


ADDRESSES = [bytes.fromhex("02770000000%d" % number) for number in (1, 2)]  # of client and server


class Observe(Wire):
    arguments, forwards_all = ("--observe",), True

    def test_infected_passes(self):
        """Delivered, and the record says what would have been done."""
        self.serve(Lenient(strict=True))
        for version in VERSIONS:
            letters = [letter(infected=True), letter()]
            outcomes = deliver(self.net, letters, version)
            self.assertEqual([outcomes[one].code for one in letters], [250, 250])
            self.assert_delivered(letters)
            self.record(letters[0], verdict="infected", would="reject", delivered="yes")
            self.assert_recorded_clean(letters[1])
        saw("delivered; would: reject")

    @one_kind
    def test_to_postfix(self):
        self.serve(Postfix("server", "mx.example.com", "example.com"))
        bad = letter(infected=True)
        text = deliver(self.net, [bad])[bad].text
        self.assert_delivered([bad])
        self.record(bad, verdict="infected", would="reject", delivered="yes", queue_id=text.split()[-1].decode())


def resets(tap, address):
    """The TCP RST among the frames that arrived for this end: the plain forwarder shows both ends what comes by the reset
    port."""
    out = []
    for frame in tap.received:
        if frame[:6] != address:
            continue
        at = {b"\x08\0": 14 + (frame[14] & 15) * 4, b"\x86\xdd": 54}.get(frame[12:14])
        protocol = frame[23] if frame[12:14] == b"\x08\0" else frame[20]
        if at and protocol == 6 and len(frame) >= at + 20 and frame[at + 13] & 4:
            out.append(struct.unpack("!HH", frame[at : at + 4]))
    return out


class Mirror(Wire):
    """A plain forwarder between client and server copies every frame to the mirror port."""

    forwards_all, reset = True, False

    @classmethod
    def setUpClass(cls):
        if cls.kind and not CONTROL and not net_sensor.missing(cls.kind):
            cls.forwarder = None
            cls.net, cls.sensor, cls.server = netns.Net(mirror=True, queues=net_sensor.queues(cls.kind)), None, None
            try:
                cls.forwarder = netns.Program(net_sensor.control(cls.net, True)).said(b"forwarding")
                cls.sensor = Sensor(net_sensor.mirror(cls.net, cls.reset))
                cls.assert_kind()
            except BaseException:
                cls.shut()
                raise
        else:
            raise netns.Missing(net_sensor.missing(cls.kind) or "no sensor: only one that forwards")

    @classmethod
    def shut(cls):
        if cls.forwarder:
            cls.forwarder.kill()
        super().shut()


def to_one(frames):
    """Those of the mail; hosts look for each other before the taps are there, too."""
    return sorted(f for f in frames if not f[0] & 1)


class Copies(unittest.TestCase):
    """The wiring itself, without a sensor: what a mirror port sees, and where what is sent to the reset port arrives."""

    def test_copies_and_resets(self):
        net = netns.Net(mirror=True)
        self.addCleanup(net.close)
        forwarder = netns.Program(net_sensor.control(net, True)).said(b"forwarding")
        self.addCleanup(forwarder.kill)
        server = Lenient(strict=True)
        self.addCleanup(server.close)
        client, far, port = Tap("client"), Tap("server"), Tap(None, net.mirror)
        good = letter()
        self.assertEqual(deliver(net, [good])[good].code, 250)
        quiet(client, far, port)
        self.assertEqual(to_one(port.received), to_one(client.sent + client.received))
        self.assertEqual([resets(tap, address) for tap, address in zip((client, far), ADDRESSES)], [[], []])
        s = netns.packet_socket(net.reset)
        with s:
            for version in VERSIONS:
                hosts = pg_packets.Hosts(netns.CLIENT[version], netns.SERVER[version], 4000, 25,
                                         pg_packets.Link(client_mac=ADDRESSES[0], server_mac=ADDRESSES[1]))
                for from_server in (False, True):
                    s.send(hosts.packet(from_server, 1, 1, pg_packets.RST))
        quiet(client, far)
        for tap in (client, far, port):
            tap.close()
        self.assertEqual(resets(client, ADDRESSES[0]), [(25, 4000)] * 2)
        self.assertEqual(resets(far, ADDRESSES[1]), [(4000, 25)] * 2)
        saw("%d frames copied; resets reach both ends", len(port.received))


class Alert(Mirror):
    def test_alert(self):
        self.serve(Lenient(strict=True))
        for version in VERSIONS:
            letters = [letter(), letter(infected=True), letter()]
            outcomes = deliver(self.net, letters, version)
            self.assertEqual([outcomes[one].code for one in letters], [250] * 3)
            self.assert_delivered(letters)
            self.record(letters[1], verdict="infected", delivered="yes")
            self.assertTrue(self.sensor.about(letters[1], "alert"))
            self.assert_recorded_clean(letters[0])
            self.assert_recorded_clean(letters[2])
            saw("IPv%d: alert for the infected one of three", version)


class Reset(Mirror):
    reset = True

    def setUp(self):
        self.taps = [Tap("client"), Tap("server")]

    def seen(self):
        return [resets(tap, address) for tap, address in zip(self.taps, ADDRESSES)]

    def wait_for_both(self):
        """As soon as a RST has come to each end, or not for long."""
        end = time.monotonic() + 60
        while not all(self.seen()) and time.monotonic() < end:
            time.sleep(0.05)
        return self.closed()

    def closed(self):
        quiet(*self.taps)
        for tap in self.taps:
            tap.close()
        return self.seen()

    def test_both_ends_before_the_end(self):
        """A program at the head of a long attachment: the connection is reset while the rest is on its way."""
        self.serve(Lenient(strict=True))
        for version in VERSIONS:
            self.taps = self.taps if version == VERSIONS[0] else [Tap("client"), Tap("server")]
            bad, good = letter(infected=True, size=200000), letter()
            broken = ""
            try:
                with Smtp(self.net, version, pieces=net_mail.sizes(1, 1460, 1460), pause=0.01) as client:
                    client.mail(bad)
            except OSError as error:
                broken = str(error)
            self.assert_not_delivered([bad])
            self.assertTrue(broken, "the client noticed nothing")
            at_client, at_server = self.wait_for_both()
            self.assertTrue(at_client and at_client[0][0] == 25, "no RST reached the client: %s" % at_client)
            self.assertTrue(at_server and at_server[0][1] == 25, "no RST reached the server: %s" % at_server)
            self.record(bad, verdict="infected", action="reset", complete=False)
            self.assertEqual(deliver(self.net, [good], version)[good].code, 250)
            self.assert_delivered([good])
            saw("IPv%d: RST at both ends, client: %s", version, broken)

    @one_kind
    def test_never_after_the_end(self):
        """The whole letter in one segment: too late, a reset would make the sender come again."""
        self.serve(Lenient(strict=True, delay=0.3))
        for version in VERSIONS:
            self.taps = self.taps if version == VERSIONS[0] else [Tap("client"), Tap("server")]
            bad = letter(infected=True, size=20)
            self.assertLess(len(stuff(bad.data)), 1400)
            self.assertEqual(deliver(self.net, [bad], version)[bad].code, 250)
            self.assert_delivered([bad])
            self.assertEqual(self.closed(), [[], []])
            self.record(bad, verdict="infected", delivered="yes")
        saw("no RST when the end was there before the verdict")


for base in (Observe, Alert, Reset):
    kinds(globals(), base)
load_tests = net_case.load_tests(sys.modules[__name__], Observe, Mirror, Alert, Reset)

if __name__ == "__main__":
    net_case.main()
