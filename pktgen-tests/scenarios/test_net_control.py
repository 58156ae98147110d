# SPDX-License-Identifier: Apache-2.0
"""The scenarios with a network, tested themselves: with a program in the sensor's place that forwards and judges nothing,
clean mail arrives, and each scenario that promises a refusal fails because an infected letter was delivered."""
import email
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import harness
import net_case
import net_mail
import netns
from net_case import DEEP
from net_mail import letter
from net_sensor import FORWARD

HERE = os.path.dirname(os.path.abspath(__file__))


def control(scenario, *names, spoil=None):
    """Runs it with the stand-in. (exit status, what it printed)"""
    words = FORWARD + (["--spoil", spoil] if spoil else []) + ["{outside}", "{inside}"]
    env = {k: v for k, v in os.environ.items() if k not in ("MAILWEIR_NET_FOLDER", "MAILWEIR_DEEP")}
    p = subprocess.run([sys.executable, os.path.join(HERE, scenario), *names], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, timeout=600, env=dict(env, MAILWEIR_NET_SENSOR=" ".join(words)))
    return p.returncode, p.stdout.decode("utf-8", "replace")


def reason(text):
    """Why it was skipped, in its own words."""
    found = re.search(r"(?m)^SKIP: (.*)", text)
    return found[1] if found else text[-300:]


class Control(unittest.TestCase):
    def fails(self, scenario, *names):
        """Every test of these fails, and for the right reason."""
        status, text = control(scenario, *names)
        if status == 77 or " skipped " in text:
            self.skipTest(reason(text))
        ran = set(re.findall(r"(?m)^(test_\w+) \(", text))
        blocks = re.split(r"(?m)^={70}$", text)
        delivered = {re.search(r"(?:FAIL|ERROR): (test_\w+)", block)[1] for block in blocks[1:] if "was delivered\n" in block}
        self.assertTrue(ran, text[-3000:])
        self.assertEqual(ran - delivered, set(), "passed though nothing was judged, or failed of something else:\n" + text[-6000:])
        self.assertEqual(status, 1)
        net_case.saw("%s: all of %d tests see that an infected letter was delivered", scenario, len(ran))

    def passes(self, scenario, *names):
        status, text = control(scenario, *names)
        if status == 77:
            self.skipTest(reason(text))
        self.assertEqual(status, 0, text[-6000:])
        net_case.saw("%s: passes with nothing in the way", scenario)

    def test_refuse(self):
        some = ["RefuseAfPacket.test_" + name for name in ("second_of_three", "chunks", "pipelined", "after_the_refusal")]
        self.fails("test_net_refuse.py", *(["RefuseAfPacket"] if DEEP else some), "TaggedAfPacket")

    def test_ends(self):
        self.fails("test_net_ends.py", "EndsAfPacket" if DEEP else "EndsAfPacket.test_smuggled")

    def test_mptcp(self):
        self.fails("test_net_mptcp.py", "InlineAfPacket")

    def test_many(self):
        self.fails("test_net_many.py", "ManyAfPacket.test_fifty_connections")

    def test_kill(self):
        self.fails("test_net_kill.py", "KillAfPacket" if DEEP else "KillAfPacket.test_no_sensor_no_mail")

    def test_deliver(self):
        if DEEP:
            self.passes("test_net_deliver.py", "DeliverAfPacket")
        else:
            self.passes("test_net_deliver.py", "DeliverAfPacket.test_lenient")

    def test_other(self):
        self.passes("test_net_other.py", "OtherAfPacket")
        for spoil in ("ttl", "order", "loss") if DEEP else ("order",):
            status, text = control("test_net_other.py", "OtherAfPacket.test_odd_frames", spoil=spoil)
            self.assertEqual(status, 1, text[-3000:])
            self.assertIn("failures=", text)
            net_case.saw("test_net_other.py: sees what spoils %s", spoil)

    def test_mirror(self):
        self.passes("test_net_watch.py", "Copies")

    def test_nothing_is_left(self):
        """A scenario that is killed in the middle leaves no program, interface, namespace or mount behind."""
        if not shutil.which("ip"):
            self.skipTest("ip is not installed")
        before = self.state()
        own = tempfile.mkdtemp()  # other scenarios sweep theirs
        self.addCleanup(shutil.rmtree, own)
        env = {k: v for k, v in os.environ.items() if k != "MAILWEIR_NET_FOLDER"}
        p = subprocess.Popen([sys.executable, os.path.join(HERE, "test_net_kill.py"), "KillAfPacket.test_kill"],
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             env=dict(env, TMPDIR=own, MAILWEIR_NET_SENSOR=" ".join(FORWARD + ["{outside}", "{inside}"])))
        said = p.stdout.readline()
        if said.startswith(b"SKIP"):
            self.skipTest(reason(said.decode()))
        self.assertIn(b"test_kill", said)  # the network stands
        p.kill()
        p.wait()
        rest = p.stdout.read()  # until the last of its programs has ended
        self.assertNotIn(b"Ran ", rest, "it went on by itself")
        self.assertEqual(self.state(), before)
        self.assertTrue([n for n in os.listdir(own) if n.startswith("%s%d-" % (netns.FOLDER, p.pid))])
        netns.sweep(own)
        self.assertFalse([n for n in os.listdir(own) if n.startswith("%s%d-" % (netns.FOLDER, p.pid))])

    def state(self):
        links = subprocess.run(["ip", "-o", "link"], stdout=subprocess.PIPE).stdout.decode()
        with open("/proc/self/mounts") as f:
            mounts = f.read()
        spaces = subprocess.run(["ip", "netns", "list"], stdout=subprocess.PIPE).stdout.decode()
        return "mwn-" in links, "mwn-" in mounts or netns.FOLDER in mounts, "client" in spaces


class Letters(harness.Scenario):
    """The default rules judge the scenarios' letters as those expect, and find a mark in what is infected."""

    def test_letters(self):
        letters = [letter(kind=kind, size=size) for kind in ("text", "8bit", "qp", "base64") for size in (100, 20000)]
        letters += [letter(infected=True, size=size) for size in (20, 3000, 200000)]
        _, found = self.judge([one.data for one in letters], status=1)
        for one, own in zip(letters, found):
            self.assertEqual(own["verdict"], "infected" if one.infected else "clean", own)
            self.assertEqual(bool(own["marks"]), one.infected, own)

    def test_big_letter(self):
        one = net_mail.big(3_000_000)
        parts = email.message_from_bytes(one.data).get_payload()
        self.assertGreater(len(parts[1].get_payload(decode=True)), 3_000_000)
        _, (own,) = self.judge([one.data], status=0)
        self.assertEqual((own["verdict"], own["errors"]), ("clean", []), own)


if __name__ == "__main__":
    harness.main()
