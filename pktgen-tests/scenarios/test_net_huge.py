# SPDX-License-Identifier: Apache-2.0
"""Mail through sensors whose memory is in huge pages: two beside each other, killed and started again; and without them where there
are too few. What a sensor had taken is free when it has ended, and no file of it is left when the next one has started."""
import os
import re
import sys
import time

import net_case
import net_huge
import net_sensor
import netns
from net_case import CONTROL, VERSIONS, Wire, kinds, one_kind, saw, sound
from net_sensor import Sensor
from net_servers import Lenient
from netns import INSIDE, OUTSIDE, Missing, command

PAGES = 240  # what two sensors of this size need
MEMORY = """memory:
  flows: 4096
  sessions: 4096
  messages: 1024
  inflating: 64
  wrapped: 256
  fragments: 512
  records: 8192
  blocks: 16384
"""
MOUNT, RUNTIME = "/run/huge", "/run/dpdk"


def mount(pages):
    """hugetlbfs, of this test alone: it counts its own pages, whoever else has some. The host's are out of sight."""
    with open("/proc/self/mounts") as f:
        there = [line.split()[1] for line in f if line.split()[2] == "hugetlbfs"]
    try:
        for path in there:
            command("umount", path)
        os.makedirs(MOUNT, exist_ok=True)
        command("mount", "-t", "hugetlbfs", "-o", "pagesize=2M,size=%dM" % (2 * pages), "hugetlbfs", MOUNT)
    except OSError as error:
        raise Missing("hugetlbfs cannot be mounted here: %s" % error)


def taken():
    """Pages, of those that the mount may give."""
    s = os.statvfs(MOUNT)
    return s.f_blocks - s.f_bfree


def held(sensor):
    """Megabytes of huge pages in a process."""
    with open("/proc/%d/smaps" % sensor.program.process.pid) as f:
        return sum(int(n) for n in re.findall(r"(?m)^(?:Private|Shared)_Hugetlb: *(\d+) kB", f.read())) >> 10


def wait_until_taken(pages):
    """The kernel frees what AF_XDP had pinned a moment after the process has gone."""
    end = time.monotonic() + 20
    while taken() != pages and time.monotonic() < end:
        time.sleep(0.05)
    return taken()


def files():
    """What sensors have left, or have: of the runtime folder by process, and of the mount."""
    runtime = os.listdir(RUNTIME) if os.path.isdir(RUNTIME) else []
    return sorted(runtime), os.listdir(MOUNT)


class Sized(Wire):
    """Sensors of a size of their own, in a mount of so many pages."""

    pages = PAGES

    @classmethod
    def make_net(cls):
        if CONTROL:
            raise Missing("no sensor: only one that forwards")
        mount(cls.pages)
        path = os.path.join(netns.folder(), "memory.yaml")
        with open(path, "w") as f:
            f.write(MEMORY)
        cls.arguments = ("-c", path)
        super().make_net()

    def letters(self):
        for version in VERSIONS:
            self.three(version)

    @classmethod
    def tearDownClass(cls):
        """Nothing is left, of memory or of files."""
        super().tearDownClass()
        left = wait_until_taken(0), files()
        if left != (0, ([], [])):
            raise AssertionError("pages and files that are left: %s" % (left,))
        command("umount", MOUNT)


class Two(Sized):
    """Two sensors in a row: what one of them lets pass comes to the other."""

    second = None

    @classmethod
    def make_net(cls):
        super().make_net()
        cls.net._pair("mwn-l1", "mwn-l2", None, None, cls.net.mtu)

    @classmethod
    def start_sensor(cls):
        cls.start_second()
        cls.start_first()

    @classmethod
    def start_first(cls):
        cls.sensor = Sensor([net_sensor.PROGRAM, "run", *cls.arguments, "--outside", cls.net.ports[OUTSIDE], "--inside", "mwn-l1"])
        cls.assert_kind()

    @classmethod
    def start_second(cls):
        cls.second = Sensor([net_sensor.PROGRAM, "run", *cls.arguments, "--outside", "mwn-l2", "--inside", cls.net.ports[INSIDE]])

    @classmethod
    def sensors(cls):
        return [cls.sensor, cls.second]

    @classmethod
    def shut(cls):
        if cls.second:
            cls.second.program.kill()
        super().shut()

    def assert_both_have_theirs(self):
        mine, others = held(self.sensor), held(self.second)
        self.assertGreater(mine, 100)
        self.assertGreater(others, 100)
        self.assertEqual(taken() * 2, mine + others)
        names = sorted("mailweir-%d" % s.program.process.pid for s in (self.sensor, self.second))
        self.assertEqual(files(), (names, []))
        return mine, others

    def test_beside_each_other(self):
        self.serve(Lenient(strict=True))
        mine, others = self.assert_both_have_theirs()
        self.letters()
        saw("%d and %d MB of huge pages, and no file of them", mine, others)

    def test_killed(self):
        """Each in turn: its pages are free, the other one keeps what it has, and the next start removes its files."""
        self.serve(Lenient(strict=True))
        for first in (True, False):
            killed, stays = (self.sensor, self.second) if first else (self.second, self.sensor)
            pages = held(stays) // 2
            killed.kill()
            self.assertEqual(wait_until_taken(pages), pages)
            self.assertEqual(held(stays) // 2, pages)
            self.assertIn("mailweir-%d" % killed.program.process.pid, files()[0])
            (self.start_first if first else self.start_second)()
            self.assert_both_have_theirs()
            self.letters()
        saw("its pages are free, the next start takes as many and removes its files")

    @one_kind
    def test_ended(self):
        """By TERM: it leaves neither pages nor files."""
        pages = held(self.sensor) // 2
        sound(self.second)
        self.assertEqual(wait_until_taken(pages), pages)
        self.assertEqual(files(), (["mailweir-%d" % self.sensor.program.process.pid], []))
        self.start_second()
        self.assert_both_have_theirs()


class Few(Sized):
    """The mount gives fewer than it needs: it does without."""

    pages = 20

    def test_letters(self):
        self.serve(Lenient(strict=True))
        self.assertEqual((taken(), held(self.sensor)), (0, 0))
        self.letters()
        saw("no huge page is taken, and mail is judged")


for base in (Two, Few):
    kinds(globals(), base)
load_tests = net_case.load_tests(sys.modules[__name__], Sized, Two, Few)

if __name__ == "__main__":
    if not os.environ.get("MAILWEIR_NET_FOLDER"):
        why = "huge pages need root" if os.geteuid() else net_huge.reserve(PAGES)
        if why:
            print("SKIP: %s" % why, flush=True)
            sys.exit(77)
    net_case.main()
