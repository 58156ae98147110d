# SPDX-License-Identifier: Apache-2.0
"""What docs/RUN.md says that happens when something fails: a worker or control stands still, nobody reads the records, the disk
is full, a port goes down, comes back, is deleted. Nothing unjudged is delivered, but where `inline.stall: open` asks for it."""
import fcntl
import json
import os
import re
import select
import sys
import tempfile
import time

import net_case
import net_mail
import net_sensor
import netns
from net_case import Wire, kinds, one_kind, saw, sound
from net_freeze import Frozen
from net_mail import Reply, Smtp, deliver, letter
from net_sensor import AF_PACKET, AF_XDP, Sensor
from net_servers import Lenient
from netns import inside

WAIT = 120  # seconds, for what takes few


class Trouble(Wire):
    config = ""

    @classmethod
    def configured(cls):
        path = os.path.join(netns.folder(), "trouble.yaml")
        with open(path, "w") as f:
            f.write(cls.config)
        return ["-c", path]

    @classmethod
    def start_sensor(cls):
        cls.sensor = Sensor(net_sensor.inline(cls.net, cls.kind, cls.configured()))

    def setUp(self):
        self.serve(Lenient(strict=True))

    def until(self, wanted, what):
        end = time.monotonic() + WAIT
        while not wanted():
            self.assertLess(time.monotonic(), end, "%s: not within %d s%s" % (what, WAIT, self.sensor.explain()))
            time.sleep(0.02)

    def said(self, words, times=1):
        """Waits until the sensor has said so; not more often than that."""
        self.until(lambda: self.sensor.program.err.count(words.encode()) >= times, words)
        self.assertEqual(self.sensor.program.err.count(words.encode()), times, self.sensor.explain())

    def judges(self):
        """Clean mail arrives, an infected one is refused."""
        good, bad = letter(), letter(infected=True)
        outcomes = deliver(self.net, [good, bad])
        self.assertEqual((outcomes[good].code, outcomes[bad].code), (250, 554), outcomes[good].errors + outcomes[bad].errors)
        self.assert_not_delivered([bad])
        self.assert_delivered([good])

    def passes(self):
        """What is no mail gets through, both ways."""
        with self.net.listen(port=4000) as listener:
            with self.net.connect(port=4000, timeout=WAIT) as near:
                far, _ = listener.accept()
                with far:
                    far.settimeout(WAIT)
                    near.sendall(b"to the server")
                    self.assertEqual(far.recv(100), b"to the server")
                    far.sendall(b"to the client")
                    self.assertEqual(near.recv(100), b"to the client")

    def stats(self, records):
        found = [r for r in records if r["event_type"] == "stats"]
        self.assertTrue(found and found[-1]["mailweir"]["balanced"], found[-1:])
        return found[-1]["mailweir"]


class StallOpen(Trouble):
    config, forwards_all = "inline: {stall: open, stall_after: 1s}\noutput: {stats_interval: 1s}\n", True

    @classmethod
    def start_sensor(cls):
        """On one processor, where an idle worker rests most of the time, and not in a driver."""
        cls.sensor = Sensor(["taskset", "-c", str(min(os.sched_getaffinity(0)))] +
                            net_sensor.inline(cls.net, cls.kind, cls.configured()))

    def freeze(self):
        """The worker, outside of a driver: it is stopped anywhere, and where that is inside of one, another time."""
        for _ in range(30):
            before = self.sensor.program.err.count(b"no progress")
            frozen = Frozen(self.sensor.program.process.pid, "worker-1")
            try:
                self.until(lambda: self.sensor.program.err.count(b"no progress") > before, "it says that a worker stands still")
                self.until(lambda: self.sensor.program.err.endswith(b"\n"), "a whole line")
                line = self.sensor.program.err.splitlines()[-1]
                if b"pass unjudged" in line:
                    return frozen
                self.assertIn(b"in the driver of a port", line)
                with self.assertRaises(OSError):
                    self.net.connect(timeout=1.5).close()
            except BaseException:
                frozen.thaw()
                raise
            frozen.thaw()
            self.until(lambda: self.sensor.program.err.count(b" goes on, after") > before, "it goes on")
        self.fail("30 times in a driver%s" % self.sensor.explain())

    def test_stall(self):
        """Everything passes, an infected letter too, and is counted as what it is; then it is as before."""
        self.judges()
        before, broken, late = Smtp(self.net), letter(infected=True, size=20000), letter(infected=True)
        self.addCleanup(before.close)
        before.ask(b"MAIL FROM:<%s>\r\n" % broken.sender.encode(), 250)
        with self.freeze():
            self.passes()
            self.assertEqual(deliver(self.net, [late])[late].code, 250)
            self.assert_delivered([late])
            before.ask(b"RCPT TO:<%s>\r\n" % broken.recipient.encode(), 250)
            before.ask(b"DATA\r\n", 354)
            before.send(net_mail.stuff(broken.data)[:15000])
            time.sleep(1.2)  # a stats record
            goes_on = self.sensor.program.err.count(b" goes on, after")
        self.until(lambda: self.sensor.program.err.count(b" goes on, after") > goes_on, "it goes on")
        self.until(lambda: self.sensor.program.err.endswith(b"\n"), "a whole line")
        self.assertIn(b"mail connections that went on without it are reset", self.sensor.program.err.splitlines()[-1])
        # What began unjudged does not end unjudged.
        with self.assertRaises(ConnectionError):
            before.send(net_mail.stuff(broken.data)[15000:])
            before.reply()
        self.assert_not_delivered([broken])
        self.judges()
        self.assertEqual(self.sensor.about(late, timeout=0), [])
        self.until(lambda: len(self.sensor.of("stats")) >= 2, "stats")
        passed = self.stats(self.sensor.records)["counters"]["inline"]["forwarded_unjudged"]
        self.judges()
        seen = len(self.sensor.of("stats"))
        self.until(lambda: len(self.sensor.of("stats")) > seen + 1, "stats")
        self.assertEqual(self.stats(self.sensor.records)["counters"]["inline"]["forwarded_unjudged"], passed)
        saw("open: an infected letter passed, in %d frames unjudged; after that none", passed)


class StallClosed(Trouble):
    config = "inline: {stall_after: 1s}\n"

    def test_stall(self):
        """Nothing passes."""
        self.judges()
        with Frozen(self.sensor.program.process.pid, "worker-1"):
            self.said("worker 0 has made no progress for 1 s: its packets do not pass")
            with self.assertRaises(OSError):
                self.net.connect(timeout=3).close()
        self.said("worker 0 goes on, after")
        self.judges()
        saw("closed: no connection comes about; after that, as before")


class Control(Trouble):
    config = "memory: {records: 16}\noutput: {stats_interval: 1s}\n"

    def assert_451(self, one):
        with self.assertRaises(Reply) as said:
            with Smtp(self.net) as client:
                client.mail(one)
        self.assertEqual(said.exception.code, 451, said.exception.text)

    @one_kind
    def test_control_is_held_up(self):
        """When no record is left, mail gets 451; nothing passes unjudged; all else goes on. And so does mail, when control does."""
        self.judges()
        sent, code = [], 250
        with Frozen(self.sensor.program.process.pid, "control"):
            while code == 250:
                self.assertLess(len(sent), 16, "more letters than there are records")
                sent.append(letter())
                try:
                    with Smtp(self.net) as client:
                        client.mail(sent[-1])
                except Reply as reply:
                    code = reply.code
            self.assertEqual(code, 451)
            bad, good = letter(infected=True), letter()
            self.assert_451(bad)
            self.assert_451(good)
            self.passes()
            self.assert_not_delivered([sent[-1], bad, good])
        self.judges()
        self.assert_delivered(sent[:-1])
        for one in sent[:-1]:
            self.assert_recorded_clean(one)
        self.until(lambda: self.sensor.stats and self.sensor.stats["mailweir"]["messages"]["unscanned"]["overload"] == 3,
                   "three of overload")
        self.assertGreaterEqual(self.stats(self.sensor.records)["counters"]["pool_empty"]["records"], 3)
        saw("%d letters with a record, then 451; after that as before", len(sent) - 1)


class Unread(Trouble):
    """Standard output is a pipe, and the test its reader."""

    config = "output: {stats_interval: 1s}\n"

    @classmethod
    def start_sensor(cls):
        fifo = os.path.join(tempfile.mkdtemp(dir=netns.folder()), "fifo")
        os.mkfifo(fifo)
        cls.pipe, cls.got = os.open(fifo, os.O_RDWR | os.O_NONBLOCK), b""
        fcntl.fcntl(cls.pipe, 1031, 4096)  # F_SETPIPE_SZ
        cls.sensor = Sensor(["sh", "-c", 'exec "$@" >%s' % fifo, "sh"] + net_sensor.inline(cls.net, cls.kind, cls.configured()))

    @classmethod
    def tearDownClass(cls):
        cls.shut()
        os.close(cls.pipe)

    def read(self):
        while select.select([self.pipe], [], [], 0)[0]:
            type(self).got += os.read(self.pipe, 65536)

    @one_kind
    def test_nobody_reads(self):
        """Mail is judged all the same, records are lost and counted; when somebody reads, whole lines come again."""
        full = "standard output: cannot be written: its reader takes nothing; records are lost"
        while full.encode() not in self.sensor.program.err:
            self.assertEqual(deliver(self.net, [one := letter()])[one].code, 250)
        self.judges_unrecorded()

        def calm():
            self.read()
            return b"can be written again" in self.sensor.program.err

        self.until(calm, "it writes again")
        self.judges_unrecorded()
        self.sensor.program.process.terminate()
        self.until(lambda: self.read() or not self.sensor.program.alive(), "it ends")
        self.read()
        self.assertEqual(self.sensor.program.process.returncode, 0, self.sensor.explain())
        self.assertTrue(self.got.endswith(b"\n"))
        lost = self.stats([json.loads(line) for line in self.got.splitlines()])["records_lost"]
        self.assertGreater(lost, 0)
        self.said(full)
        self.said("standard output: can be written again; %d records were lost" % lost)
        self.said("%d records could not be written" % lost)
        saw("%d records lost, no line cut", lost)

    def judges_unrecorded(self):
        good, bad = letter(), letter(infected=True)
        outcomes = deliver(self.net, [good, bad])
        self.assertEqual((outcomes[good].code, outcomes[bad].code), (250, 554))
        self.assert_not_delivered([bad])
        self.assert_delivered([good])


class Disk(Trouble):
    @classmethod
    def start_sensor(cls):
        cls.disk = os.path.join(netns.folder(), "disk-" + cls.__name__)
        os.mkdir(cls.disk)
        netns.command("mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", cls.disk)
        cls.config = 'output: {directory: "%s", stats_interval: 1s}\n' % cls.disk
        super().start_sensor()

    @classmethod
    def tearDownClass(cls):
        cls.shut()
        netns.command("umount", cls.disk)

    def records(self):
        """All of the file is whole lines; but for a moment, while one is written or cut off again."""
        for _ in range(20):
            with open(self.disk + "/eve.json", "rb") as f:
                lines = f.read()
            if not lines or lines.endswith(b"\n"):
                return [json.loads(line) for line in lines.splitlines()]
            time.sleep(0.01)
        self.fail("a part of a line stays behind: %s" % lines[-300:])

    def fill(self):
        """All but some bytes of it."""
        with open(self.disk + "/filler", "wb", buffering=0) as f:
            try:
                while True:
                    f.write(bytes(4096))
            except OSError:
                pass

    @one_kind
    def test_full_disk(self):
        """Mail is judged all the same; what is lost is counted; no line is cut; it goes on by itself when there is room."""
        full = "%s/eve.json: cannot be written: No space left on device; records are lost" % self.disk
        again = "%s/eve.json: can be written again; " % self.disk
        first = letter()
        self.assertEqual(deliver(self.net, [first])[first].code, 250)
        self.until(lambda: any(net_sensor.is_about(first, r) for r in self.records()), "the first letter's record")
        self.fill()
        self.until(lambda: full.encode() in self.sensor.program.err, "it says that the disk is full")
        good, bad = letter(), letter(infected=True)
        outcomes = deliver(self.net, [good, bad])
        self.assertEqual((outcomes[good].code, outcomes[bad].code), (250, 554))
        self.assert_not_delivered([bad])
        self.assert_delivered([first, good])
        time.sleep(1.5)  # stats records are lost too
        self.records()
        os.unlink(self.disk + "/filler")
        self.until(lambda: again.encode() in self.sensor.program.err, "it says that it can be written")
        last = letter()
        self.assertEqual(deliver(self.net, [last])[last].code, 250)
        self.assertEqual(self.sensor.end(), 0, self.sensor.explain())
        self.said(full)
        self.said(again)
        lost = int(re.search(rb"written again; (\d+) records", self.sensor.program.err).group(1))
        records = self.records()
        self.assertEqual(self.stats(records)["records_lost"], lost)
        self.assertGreater(lost, 2)
        about = [[r for r in records if net_sensor.is_about(one, r)] for one in (first, bad, last)]
        self.assertEqual([len(found) for found in about], [1, 0, 1])
        saw("%d records lost, no line cut, went on by itself", lost)


class Port(Trouble):
    """The interfaces by their names: AF_XDP, but for frames too long for it."""

    @classmethod
    def setUpClass(cls):
        cls.mtu = 9000 if cls.kind == AF_PACKET else 1500
        super().setUpClass()

    @classmethod
    def start_sensor(cls):
        cls.sensor = Sensor(net_sensor.inline(cls.net, None, cls.configured()))

    def drivers(self):
        name = {AF_PACKET: "AF_PACKET", AF_XDP: "AF_XDP"}[self.kind]
        self.said("forwarding between mwn-s (%s) and mwn-c (%s)" % (name, name))

    def nothing_passes(self):
        with self.assertRaises(OSError):
            self.net.connect(timeout=2).close()

    def test_down_and_up(self):
        """Goes on by itself; a letter that was under way arrives, or its sender knows that it did not."""
        self.drivers()
        self.judges()
        for times, name in enumerate(("mwn-c", "mwn-s", "mwn-c")):
            again = 2 if times == 2 else 1
            one = letter(size=20000)
            with Smtp(self.net) as client:
                client.ask(b"MAIL FROM:<%s>\r\n" % one.sender.encode(), 250)
                client.ask(b"RCPT TO:<%s>\r\n" % one.recipient.encode(), 250)
                client.ask(b"DATA\r\n", 354)
                data = net_mail.stuff(one.data)
                client.send(data[:10000])
                netns.command("ip", "link", "set", name, "down")
                self.said("%s: link is down; mailweir goes on when it is up again" % name, again)
                client.send(data[10000:])
                self.nothing_passes()
                netns.command("ip", "link", "set", name, "up")
                self.said("%s: link is up again" % name, again)
                client.expect(250, "end of data")
            self.assert_delivered([one])
            self.judges()
        saw("down and up, of either port: the connection goes on")

    def test_gone_and_made_again(self):
        """Deleted: said. Made again: with a new start."""
        self.judges()
        lines = self.sensor.program.err.count(b"mailweir: mwn-c: ")
        netns.command("ip", "link", "del", "mwn-c")
        self.said("mwn-c: is gone; when it is back, start mailweir again")
        self.net._pair("mwn-c", "eth0", "client", "02:77:00:00:00:01", self.mtu)
        with inside("client"):
            netns.command("ip", "addr", "add", "10.77.0.1/24", "dev", "eth0")
            netns.command("ip", "-6", "addr", "add", "fd77::1/64", "dev", "eth0", "nodad")
        self.nothing_passes()
        self.assertEqual(self.sensor.program.err.count(b"mailweir: mwn-c: "), lines + 1, self.sensor.explain())
        sound(self.sensor)
        type(self).start_sensor()
        self.drivers()
        self.judges()
        saw("deleted, made again, started again: mail goes on")


for base in (StallOpen, StallClosed, Control, Unread, Disk, Port):
    kinds(globals(), base)
load_tests = net_case.load_tests(sys.modules[__name__], Trouble, StallOpen, StallClosed, Control, Unread, Disk, Port)

if __name__ == "__main__":
    net_case.main()
