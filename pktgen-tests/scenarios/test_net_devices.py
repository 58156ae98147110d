# SPDX-License-Identifier: Apache-2.0
"""Mail through ports that are DPDK's own devices: taps that hosts use as their interfaces, taps in a bridge, memif. Each time a
clean letter arrives byte for byte, an infected one is refused and not delivered, and what is not mail passes as it is."""
import os
import sys

import net_case
import net_sensor
import netns
from net_case import VERSIONS, AtTaps, Wire, saw, sound
from net_sensor import MEMIF, TAP, Sensor
from net_servers import Lenient
from netns import INSIDE, OUTSIDE
from test_net_other import Other, ethernet


class Letters(Wire):
    device = True

    def tearDown(self):
        """A port is never said to be down."""
        self.assertNotIn(b"link is down", self.sensor.program.err)

    def test_letters(self):
        """Several on a connection, by DATA and by BDAT."""
        self.serve(Lenient())
        for version in VERSIONS:
            self.three(version)
            self.three(version, bdat=700, empty_last=True)
        saw("%s: IPv4 and IPv6, DATA and BDAT", " ".join(self.sensor.program.argv[2:]))

    def test_long_letters(self):
        """More than ports and sensor hold at once, in frames as long as they may be."""
        self.serve(Lenient(strict=True))
        self.three(6, size=1_000_000)
        saw("1 MB each, the second one refused")


class TapLetters(AtTaps, Letters):
    pass


class TapOther(AtTaps, Other):
    device = True
    test_ping = test_udp = test_half_a_tcp_header = None


class BridgedTapLetters(Letters):
    """Each tap is in a bridge with the wire to a host."""

    kind = TAP

    @classmethod
    def make_net(cls):
        netns.silence("default")
        cls.net = netns.Net()
        cls.net.ports = {OUTSIDE: "mwn-out", INSIDE: "mwn-in"}

    @classmethod
    def start_sensor(cls):
        super().start_sensor()
        cls.net.bridge("mwn-cb", "mwn-c", "mwn-out")
        cls.net.bridge("mwn-sb", "mwn-s", "mwn-in")


class AtMemif:
    """Both ports are memif. Beyond each of them a program joins it to the wire of a host: a mailweir that lets everything pass."""

    kind = MEMIF
    joins = ()

    @classmethod
    def start_sensor(cls):
        # One that was killed leaves its socket: each class has its own.
        outer, inner = ("socket-abstract=no,socket=%s" % os.path.join(netns.folder(), "%s-%s" % (cls.__name__, name))
                        for name in ("outer", "inner"))
        run = [net_sensor.PROGRAM, "run", "--observe"]
        cls.joins = [Sensor([*run, "--outside", cls.net.ports[OUTSIDE], "--inside", "net_memif0,role=server," + outer]),
                     Sensor([*run, "--outside", "net_memif0,role=server," + inner, "--inside", cls.net.ports[INSIDE]])]
        cls.sensor = Sensor([net_sensor.PROGRAM, "run", "--outside", "net_memif0,role=client," + outer, "--inside",
                             "net_memif1,role=client," + inner])
        cls.assert_kind()

    @classmethod
    def sensors(cls):
        """The sensor first: what comes when a program beside it has gone already, it can only drop."""
        return [cls.sensor, *cls.joins]

    @classmethod
    def shut(cls):
        for join in cls.joins:
            join.program.kill()
        super().shut()


class MemifLetters(AtMemif, Letters):
    pass


class MemifGoes(AtMemif, Wire):
    """The programs beside the sensor end while frames go through it."""

    device = True

    def test_goes(self):
        """It says which port has gone, goes on, and ends by itself; what it had no way for is dropped, and counted."""
        frame = ethernet(0x88B5, b"not mail")
        with netns.packet_socket("eth0", "client") as s:
            for join, name in zip(self.joins, (b"outer", b"inner")):
                for _ in range(200):
                    s.send(frame)
                sound(join)
                for _ in range(200):
                    s.send(frame)
                self.sensor.program.said(name + b": is gone")
                self.assertTrue(self.sensor.program.alive(), self.sensor.explain())
        saw("%s", self.sensor.program.err.decode().splitlines()[-2:])

    @classmethod
    def sensors(cls):
        return [cls.sensor]


class MemifOther(AtMemif, Other):
    """TCP that is not mail: test_ports.py."""

    device = True
    test_ping = test_udp = test_half_a_tcp_header = test_tcp_on_another_port = None


load_tests = net_case.load_tests(sys.modules[__name__], Letters, Other)

if __name__ == "__main__":
    net_case.main()
