# SPDX-License-Identifier: Apache-2.0
"""What the scenarios with a network share: the sensor between client and server, and what is checked of a letter."""
import functools
import os
import re
import sys
import unittest

import harness
import net_mail
import net_sensor
import netns
from net_mail import letter
from net_sensor import AF_PACKET, AF_XDP, TAP, Sensor, is_about

DEEP = os.environ.get("MAILWEIR_DEEP", "") not in ("", "0")
CONTROL = bool(os.environ.get("MAILWEIR_NET_SENSOR"))  # another program stands in: it writes no records
VERSIONS = (4, 6)
REFUSED = re.compile(rb"\A554 5\.7\.1 ")


def saw(text, *values):
    print("  saw: " + (text % values if values else text), flush=True)


def deep(reason):
    return unittest.skipUnless(DEEP, "%s: ./check --deep runs this" % reason)


def one_kind(test):
    """Takes long: without --deep on ports of one kind only."""

    @functools.wraps(test)
    def wrapped(self):
        if self.kind == AF_XDP and not DEEP:
            self.skipTest("with AF_PACKET only; ./check --deep runs it with AF_XDP too")
        test(self)

    return wrapped


class Wire(unittest.TestCase):
    """A sensor on ports of one kind between client and server. Subclasses for each kind are made by kinds()."""

    kind, impair, mtu, vlan, fragment, arguments, forwards_all = None, None, 1500, None, None, (), False
    device = False  # the ports are named as DPDK's devices, not as the kernel's interfaces

    @classmethod
    def setUpClass(cls):
        if cls.kind is None:
            raise unittest.SkipTest("a base")
        why = net_sensor.missing(cls.kind)
        if why:
            raise netns.Missing(why)
        cls.net, cls.sensor, cls.server = None, None, None
        try:
            cls.make_net()
            cls.start_sensor()
        except BaseException:
            cls.shut()
            raise

    @classmethod
    def make_net(cls):
        cls.net = netns.Net(mtu=cls.mtu, impair=cls.impair, vlan=cls.vlan, fragment=cls.fragment, queues=net_sensor.queues(cls.kind))

    @classmethod
    def start_sensor(cls):
        cls.sensor = Sensor(net_sensor.inline(cls.net, cls.device and cls.kind, cls.arguments))
        cls.assert_kind()

    @classmethod
    def assert_kind(cls):
        """The ports are of the kind that the test is named after."""
        said = cls.sensor.program.err.decode("utf-8", "replace")
        name = "net_" + cls.kind if cls.device else cls.kind.upper()
        as_said = r"forwarding between \S+ \(%s\) and \S+ \(%s\)|watching \S+ \(%s\)" % (name, name, name)
        if not CONTROL and not re.search(as_said, said):
            raise AssertionError("the ports are not taken with %s: %s" % (name, said))
        if not CONTROL and ("802.1ad" in said) != (cls.kind == AF_PACKET):
            raise AssertionError("what AF_PACKET does to tags is to be said, and only then: %s" % said)

    @classmethod
    def sensors(cls):
        """All that run, in the order in which they end."""
        return [cls.sensor]

    @classmethod
    def tearDownClass(cls):
        """TERM: it ends by itself, and its books balance."""
        try:
            for sensor in cls.sensors() if cls.sensor and not CONTROL else ():
                sound(sensor)
        finally:
            cls.shut()

    @classmethod
    def shut(cls):
        if cls.sensor:
            cls.sensor.program.kill()
        if cls.net:
            cls.net.close()

    def serve(self, server):
        """The server of this test. At the test's end: no infected letter came in late either; then it is closed."""
        self.server, first = server, len(net_mail.made)
        self.addCleanup(server.close)
        if not self.forwards_all:
            self.addCleanup(lambda: self.assert_not_delivered([one for one in net_mail.made[first:] if one.infected]))
        return server

    def sender(self, client):
        self.addCleanup(client.close)
        return client

    def three(self, version=4, size=3000, **options):
        """Three letters on a connection, the second one infected."""
        letters = [letter(size=size), letter(infected=True, size=size), letter(size=size)]
        outcomes = net_mail.deliver(self.net, letters, version, **options)
        self.assert_not_delivered([letters[1]])
        self.assert_delivered([letters[0], letters[2]])
        self.assert_refused(letters[1], outcomes[letters[1]].code, outcomes[letters[1]].text)
        self.assert_recorded_clean(letters[0])
        self.assert_recorded_clean(letters[2])

    # --- what became of a letter; the server's mailbox is looked at first: records are only words

    def assert_not_delivered(self, letters):
        self.assertTrue(self.server.settle())
        for one in letters:
            self.assertEqual(one.arrived(self.server), 0, "infected letter %s was delivered%s" % (one.token, self.sensor.explain()))

    def assert_delivered(self, letters, once=True, relayed=False):
        """Each arrived, byte for byte; once: no copy of it either."""
        self.assertTrue(self.server.settle())
        for one in letters:
            self.assertGreater(one.arrived(self.server), 0, "clean letter %s was lost%s" % (one.token, self.sensor.explain()))
            self.assertTrue(one.intact(self.server, relayed), "clean letter %s was changed" % one.token)
            if once:
                self.assertEqual(one.arrived(self.server), 1, "clean letter %s has copies" % one.token)

    def record(self, one, **wanted):
        """The letter's record: of its last try, which may be written a moment after the client was answered."""
        if CONTROL:
            return None

        def last_as_wanted(record):
            return is_about(one, record) and all(record["mailweir"].get(name) == value for name, value in wanted.items())

        found = self.sensor.wait(last_as_wanted) or self.sensor.about(one, timeout=0)
        self.assertTrue(found, "no record of %s%s" % (one.token, self.sensor.explain()))
        record = found[-1]
        self.assertIn(one.recipient, str(record["smtp"]["rcpt_to"]), record)
        for name, value in wanted.items():
            self.assertEqual(record["mailweir"].get(name), value, "%s of %s" % (name, record))
        return record

    def assert_recorded_clean(self, one, queue_id=None):
        """Judged clean, delivered, with the server's own reply and queue id."""
        record = self.record(one, verdict="clean", delivered="yes")
        if record:
            self.assertEqual(record["mailweir"]["reply"]["code"], 250, record)
            if queue_id:
                self.assertEqual(record["mailweir"]["queue_id"], queue_id, record)

    def assert_refused(self, one, code, text):
        """The client was told so in our words, and so says the record."""
        self.assertEqual(code, 554, text)
        self.assertRegex(text, REFUSED)
        record = self.record(one, verdict="infected", action="reject", delivered="no")
        if record:
            own = record["mailweir"]
            self.assertEqual(own["reply"]["code"], 554, record)
            self.assertTrue(own["marks"], record)
            self.assertIn(own["incident"].encode(), text, record)
            self.assertTrue(self.sensor.about(one, "alert"), "no alert record of %s" % one.token)

    def assert_refuses(self, client, bad):
        """Sent by this client, the letter is answered with 554, and arrives nowhere."""
        code = 250
        try:
            client.mail(bad)
        except net_mail.Reply as reply:
            code = reply.code
        self.assert_not_delivered([bad])
        self.assertEqual(code, 554)


class AtTaps:
    """Client and server have the taps themselves as their interfaces, as virtual machines and containers do."""

    kind = TAP

    @classmethod
    def make_net(cls):
        netns.silence("default")
        cls.net = netns.Net(taps=True)

    @classmethod
    def start_sensor(cls):
        super().start_sensor()
        cls.net.plug()


def sound(sensor):
    """Ends a sensor with TERM and checks what holds for every run."""
    status = sensor.end()
    for word in (b"Sanitizer", b"runtime error:", b"Assertion"):
        if word in sensor.program.err:
            raise AssertionError(sensor.explain())
    if status != 0:
        raise AssertionError("TERM ended it with %s%s" % (status, sensor.explain()))
    records = sensor.records
    if not records or records[-1]["event_type"] != "stats" or records[-1]["mailweir"]["balanced"] is not True:
        raise AssertionError("the last record is no stats that balances: %s%s" % (records[-1:], sensor.explain()))
    saw("TERM: exit status 0, balanced, messages %s", records[-1]["mailweir"]["messages"])


def kinds(module, base):
    """A subclass for each kind of port: TestX becomes TestXAfPacket, TestXAfXdp."""
    for kind in (AF_PACKET, AF_XDP):
        name = base.__name__ + {AF_PACKET: "AfPacket", AF_XDP: "AfXdp"}[kind]
        module[name] = type(name, (base,), {"kind": kind, "__module__": base.__module__})


def load_tests(module, *bases):
    """A load_tests for unittest that leaves the bases out."""

    def load(loader, tests, pattern):
        suite = unittest.TestSuite()
        for item in vars(module).values():
            if isinstance(item, type) and issubclass(item, unittest.TestCase) and item not in bases and item is not Wire:
                suite.addTests(loader.loadTestsFromTestCase(item))
        return suite

    return load


def main():
    """Runs the module's tests in a world of their own."""
    try:
        netns.enter()
    except netns.Missing as why:
        print("SKIP: %s" % why, flush=True)
        sys.exit(77)
    harness.main()
