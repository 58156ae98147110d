#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""mailweir-bench reassemble, forward and latency: that they run, that frames arrive, and that they count what is done to frames.
Their figures are no figures here. And flows, whose bytes are figures anywhere.

Environment: MAILWEIR_BENCH, MAILWEIR, MAILWEIR_IMPAIR, full paths; TESTPMD, where dpdk-testpmd is not in PATH.
"""
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "scenarios"))
from harness import PROGRAM, main  # noqa: E402
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import pg_docs  # noqa: E402

BENCH = os.environ.get("MAILWEIR_BENCH", "")
IMPAIR = os.environ.get("MAILWEIR_IMPAIR", "")
TESTPMD = os.environ.get("TESTPMD") or shutil.which("dpdk-testpmd")
EITHER = ("", "testpmd_")


def bench(*arguments):
    return subprocess.run([BENCH, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                          timeout=200)


def namespace_refused():
    """Why there is no making of ports here, or nothing."""
    if not shutil.which("ip"):
        return "ip is not installed: apt-get install iproute2"
    p = subprocess.run(["unshare", "-n", "ip", "link", "add", "type", "veth"], stderr=subprocess.PIPE)
    return "network namespaces cannot be made here (as root they can): %s" % p.stderr.decode().strip() if p.returncode else ""


class Bench(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder_ = tempfile.TemporaryDirectory(prefix="mailweir-bench-")
        cls.folder = cls.folder_.name

    @classmethod
    def tearDownClass(cls):
        cls.folder_.cleanup()

    def need_ports(self):
        why = namespace_refused()
        if why:
            self.skipTest(why)

    def script(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as f:
            f.write("#!/bin/sh\n" + text)
        os.chmod(path, 0o755)
        return path

    def bridge(self, *options):
        """A device that does to frames what is said: arguments of `mailweir run` and of testpmd alike name its ports."""
        return self.script("bridge" + "".join(options), 'for a; do case $a in *iface=*) p="$p ${a##*=}" ;; esac; done\n'
                           "exec %s %s $p\n" % (IMPAIR, " ".join(options)))

    def result(self, *arguments):
        return self.parsed(bench(*arguments))

    def parsed(self, p):
        self.assertEqual((p.returncode, p.stderr), (0, b""), p)
        self.assertEqual(p.stdout.count(b"\n"), 1, p)
        print(p.stdout.decode().strip())
        return json.loads(p.stdout)

    def refused(self, *arguments):
        p = bench(*arguments)
        self.assertEqual((p.returncode, p.stdout), (2, b""), p)
        self.assertEqual(p.stderr.count(b"\n"), 1, p.stderr)
        return p.stderr.decode()


class Counts(Bench):
    """Over devices of which it is known what they do."""

    def setUp(self):
        self.need_ports()

    def test_all_through(self):
        device = self.bridge()
        r = self.result("forward", "--mailweir", device, "--testpmd", device, "--seconds", 1, "--rounds", 2, "--size", 1514)
        for who in EITHER + ("wire_",):
            self.assertGreaterEqual(r[who + "frames"], 1024)
            self.assertEqual((r[who + "lost"], r[who + "disordered"]), (0, 0))
            self.assertTrue(0 < r[who + "mpps_low"] <= r[who + "mpps"] <= r[who + "mpps_high"])
            self.assertTrue(0 <= r[who + "disturbed"] <= 1)
        self.assertIsInstance(r["quiet"], bool)
        self.assertAlmostEqual(r["ratio"], r["mpps"] / r["testpmd_mpps"], places=2)
        self.assertEqual((r["bench"], r["port"], r["frame_bytes"], r["rounds"]), ("forward", "af_packet", 1514, 2))

    def test_lost(self):
        r = self.result("forward", "--mailweir", self.bridge("--loss 20"), "--testpmd", self.bridge("--duplicate 20"),
                        "--seconds", 1, "--rounds", 1)
        went = r["frames"] + r["lost"]
        self.assertLessEqual(abs(r["lost"] - went * 0.2), 5 * math.sqrt(went * 0.2 * 0.8))
        self.assertEqual(r["disordered"], 0)
        self.assertEqual(r["testpmd_lost"], 0)
        # The last ones' duplicates may come when nobody looks any more.
        self.assertLessEqual(abs(r["testpmd_disordered"] - r["testpmd_frames"] * 0.2),
                             256 + 5 * math.sqrt(r["testpmd_frames"] * 0.2 * 0.8))

    def test_delay(self):
        r = self.result("latency", "--mailweir", self.bridge("--delay 25"), "--testpmd", self.bridge("--loss 50"), "--seconds", 2,
                        "--rounds", 1, "--rate", 500)
        for who in EITHER + ("wire_",):
            self.assertGreater(r[who + "frames"], 0)
            self.assertLessEqual(r[who + "p50_us"], r[who + "p99_us"])
        # What the device waits, whatever the machine adds.
        self.assertGreaterEqual(r["p50_us"], 25000)
        self.assertGreater(r["testpmd_lost"], 0)
        self.assertEqual((r["lost"], r["wire_lost"]), (0, 0))
        for who in EITHER:
            self.assertAlmostEqual(r[who + "added_p50_us"] / (r[who + "p50_us"] - r["wire_p50_us"]), 1, places=2)

    def test_device_ends(self):
        good = self.bridge()
        bad = self.script("bad", "echo starting; echo 'no room on this ship' >&2; exit 3")
        self.assertIn("mailweir ended with status 3; its last line: no room on this ship",
                      self.refused("forward", "--mailweir", bad, "--testpmd", good, "--seconds", 0.5))
        self.assertIn("dpdk-testpmd ended with status 3",
                      self.refused("latency", "--mailweir", good, "--testpmd", bad, "--seconds", 0.5))
        # It forwards, and ends badly.
        late = self.script("late", 'trap "kill $!; exit 5" TERM\n%s "$@" & trap "kill $!; exit 5" TERM; wait' % good)
        self.assertIn("mailweir ended with status 5",
                      self.refused("forward", "--mailweir", late, "--testpmd", good, "--seconds", 0.5))

    def test_nothing_stays(self):
        """No port is left in the namespace that it was started from, and no process."""
        marks = self.script("marks", "echo $$ >>%s/pids; exec %s" % (self.folder, self.bridge() + ' "$@"'))
        before = os.listdir("/sys/class/net")
        self.result("forward", "--mailweir", marks, "--testpmd", marks, "--seconds", 0.3, "--rounds", 1)
        self.assertEqual(os.listdir("/sys/class/net"), before)
        with open(os.path.join(self.folder, "pids")) as f:
            pids = f.read().split()
        self.assertEqual(len(pids), 2)
        self.assertEqual([p for p in pids if os.path.exists("/proc/" + p)], [])


class Against(Bench):
    """Over testpmd, each kind of port."""

    def setUp(self):
        if not TESTPMD:
            self.skipTest("dpdk-testpmd is not installed: apt-get install dpdk-dev")

    def both(self, port, mailweir, measurements=("forward", "latency")):
        if port != "memif":
            self.need_ports()
        for measurement in measurements:
            p = bench(measurement, "--port", port, "--testpmd", TESTPMD, "--mailweir", mailweir, "--seconds", 0.5, "--rounds", 1)
            if port == "af_xdp" and b"dpdk-testpmd ended with status" in p.stderr:
                self.skipTest("testpmd cannot take an interface with AF_XDP here: %s" % p.stderr.decode().strip())
            r = self.parsed(p)
            for who in EITHER:
                self.assertGreater(r[who + "frames"], 0)
            self.assertEqual("wire_frames" in r, port != "memif")

    def run_itself(self, port):
        """testpmd in mailweir's place, too."""
        self.both(port, self.script("as-mailweir", "cpus=$(sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' /proc/self/status)\n"
                                    'exec %s --lcores "(0,1)@($cpus)" --no-huge --no-shconf --no-telemetry --no-pci -m 128 '
                                    '--vdev "$5" --vdev "$3" -- --forward-mode=io --nb-cores=1 --auto-start '
                                    "--total-num-mbufs=16384\n" % TESTPMD), ("forward",))

    def test_itself_af_packet(self):
        self.run_itself("af_packet")

    def test_itself_af_xdp(self):
        self.run_itself("af_xdp")

    def test_itself_memif(self):
        self.run_itself("memif")

    def test_mailweir_af_packet(self):
        self.both("af_packet", PROGRAM)

    def test_mailweir_af_xdp(self):
        self.both("af_xdp", PROGRAM)

    def test_mailweir_memif(self):
        self.both("memif", PROGRAM)


class Flows(unittest.TestCase):
    """Bytes are the same in every run: what a million connections take follows from what a few take."""

    def flows(self, *arguments):
        p = bench("flows", *arguments)
        self.assertEqual((p.returncode, p.stderr), (0, b""), p)
        return json.loads(p.stdout)

    def million(self, *arguments):
        """Bytes that a million connections take, 50,000 of them in a message, 4,000 of those inflating."""
        few, flows, messages, inflating = (self.flows("--flows", n, "--messages", m, "--inflating", k, *arguments) for n, m, k in
                                           ((16384, 1024, 64), (32768, 1024, 64), (16384, 2048, 64), (16384, 1024, 512)))
        for r in (few, flows, messages, inflating):
            self.assertTrue(r["as_meant"], r)
        a_flow, a_message, a_member = ((more["bytes"] - few["bytes"]) / n
                                       for more, n in ((flows, 16384), (messages, 1024), (inflating, 448)))
        shared = few["bytes"] - 16384 * a_flow - 1024 * a_message - 64 * a_member
        return shared + 1e6 * a_flow + 5e4 * a_message + 4000 * a_member

    def test_a_million_fit(self):
        """A tenth of 2 GiB stays free."""
        self.assertLessEqual(self.million(), 0.9 * (2 << 30))

    def test_a_million_fit_between_two_ports(self):
        self.assertLessEqual(self.million("--inline"), 0.97 * (2 << 30))

    def test_all_that_is_made_is_counted(self):
        for inflating, *arguments in ((0,), (0, "--inline"), (17,), (50,)):
            r = self.flows("--flows", 2000, "--messages", 100, "--inflating", inflating, *arguments)
            self.assertTrue(r["as_meant"], r)
            used = {name: pool["used"] for name, pool in r["pools"].items()}
            self.assertEqual((used["flows"], used["sessions"], used["contents"], used["inflates"]), (2000, 2000, 100, inflating))
            # Nothing waits: no line is incomplete, no reply owed, nothing out of order or unacknowledged. What was acknowledged last is
            # remembered for a while, in an eighth of the room.
            self.assertEqual(used["headers"], 0, r)
            self.assertLessEqual(used["segments"], 0 if arguments else r["pools"]["segments"]["size"] // 8, r)
            self.assertLessEqual(sum(pool["bytes"] for pool in r["pools"].values()), r["bytes"])

    def test_inflating_in_proportion(self):
        r = self.flows("--flows", 2000)
        self.assertEqual((r["messages"], r["inflating"], r["pools"]["inflates"]["used"]), (100, 8, 8))
        # Windows of zlib's are touched as far as they are filled: what is taken is said, not measured.
        self.assertEqual(r["inflating_bytes"], r["pools"]["inflates"]["object"])

    def test_document(self):
        p = bench("flows", "--inline", "--sizes")
        self.assertEqual(p.returncode, 0, p)
        with open(pg_docs.MEMORY) as f:
            document = f.read()
        self.assertEqual(document, pg_docs.memory(document, p.stdout.decode()), "make it again: pktgen-tests/pg_docs.py memory")

    def test_refused(self):
        for arguments, what in ((("--flows", "0"), "at least one flow"), (("--flows", "x"), "--flows x: expected a number"),
                                (("--flows", "10", "--messages", "11"), "no more messages than flows"),
                                (("--flows", "10", "--messages", "4", "--inflating", "3"), "at most half of them inflating"),
                                (("--config", "./nowhere"), "./nowhere"), (("more",), "no further arguments")):
            p = bench("flows", *arguments)
            self.assertEqual(p.returncode, 2, p)
            self.assertIn(what, p.stderr.decode())


class Long(unittest.TestCase):
    def lines(self, *arguments):
        p = bench("long", "--mailweir", PROGRAM, *arguments)
        self.assertEqual((p.returncode, p.stderr), (0, b""), p)
        return [json.loads(line) for line in p.stdout.splitlines()]

    def test_memory_is_flat(self):
        many, one = self.lines("--messages", 20000, "--size", 100000000)
        self.assertEqual((many["bench"], many["messages"], one["bench"], one["messages"]), ("long", 20000, "long", 1))
        self.assertTrue(20000 * 50 < many["bytes"] < 20000 * 200 and 1e8 - 100 < one["bytes"] < 1e8 + 1000, (many, one))
        with open(PROGRAM, "rb") as f:
            if b"__asan_init" in f.read():
                self.skipTest("a build with sanitizers keeps what is freed")
        # 18,000 messages, or 90 MB, after the first measurement; a record's text is a kilobyte and more.
        for r in (many, one):
            self.assertGreater(r["rss_before"], 10e6)
            self.assertLess(r["rss_after"] - r["rss_before"], 4e6, r)

    def test_refused(self):
        for arguments, what in ((("--messages", "x"), "--messages x: expected a number"), (("--size", "1"), "--size 1: expected a number"),
                                (("--mailweir", "./nowhere"), "./nowhere: no such program"), (("more",), "no further arguments")):
            p = bench("long", *arguments)
            self.assertEqual(p.returncode, 2, p)
            self.assertIn(what, p.stderr.decode())

    def test_not_as_meant(self):
        p = bench("long", "--mailweir", shutil.which("true"), "--messages", 100, "--size", 1000000)
        self.assertEqual((p.returncode, p.stdout), (2, b""), p)
        self.assertIn("not all 100 messages were clean", p.stderr.decode())


class Reassemble(Bench):
    """Little traffic: what counts is that all arrives, and how much of it late."""

    def lines(self, *arguments):
        p = bench("reassemble", "--seconds", 0.05, "--traffic", 2, *arguments)
        self.assertEqual((p.returncode, p.stderr), (0, b""), p)
        return [json.loads(line) for line in p.stdout.splitlines()]

    def check(self, r, disorder, segment):
        self.assertEqual((r["bench"], r["disorder"], r["segment"]), ("reassemble", disorder, segment))
        self.assertTrue(r["all_in_order"] and r["balanced"])
        self.assertGreaterEqual(r["rounds"], 1)
        for name in ("mpps", "roofline_mpps"):
            self.assertTrue(0 < r[name + "_low"] <= r[name] <= r[name + "_high"])
        self.assertAlmostEqual(r["ratio"] / (r["mpps"] / r["roofline_mpps"]), 1, places=2)
        self.assertAlmostEqual(r["bytes_per_second"] / (r["gbps"] * 1e9 / 8), 1, places=2)
        self.assertAlmostEqual(r["ns_per_packet"] * r["mpps"] / 1000, 1, places=2)
        # 200 segments a connection; a late one is overtaken by one to three, which wait for it.
        expected, late = (n / r["rounds"] for n in (r["connections"] * 200 * disorder / 100, r["late"]))
        self.assertLessEqual(abs(late - expected), 0.1 * expected + 5 * math.sqrt(expected), r)
        self.assertTrue(r["late"] <= r["held"] <= 3 * r["late"], r)

    def test_all_lines(self):
        every = self.lines()
        for r, disorder in zip(every, (0, 1, 10)):
            self.check(r, disorder, 1460)
        self.assertEqual(len(every), 3)

    def test_one_line(self):
        for disorder, segment in ((0, 64), (10, 512), (30, 8960)):
            r, = self.lines("--disorder", disorder, "--segment", segment, "--verify")
            self.check(r, disorder, segment)
            self.assertEqual(r["checksums"], "verify")

    def test_refused(self):
        for option, value in (("disorder", "31"), ("disorder", "x"), ("segment", "63"), ("segment", "9000"), ("seconds", "0"),
                              ("seconds", "1s"), ("traffic", "0"), ("traffic", "")):
            self.assertIn("--%s %s: expected a number from " % (option, value), self.refused("reassemble", "--" + option, value))
        self.assertIn("no further arguments", self.refused("reassemble", "more"))


class Refused(Bench):
    def test_arguments(self):
        for measurement, options in (("forward", (("window", "31"), ("window", "x"))),
                                     ("latency", (("rate", "0"), ("rate", "1e3")))):
            for option, value in options + (("port", "pci"), ("seconds", "0"), ("seconds", "1s"), ("rounds", "0"), ("rounds", "-1"),
                                            ("size", "59"), ("size", "1515"), ("size", "")):
                self.assertIn("--%s %s: expected " % (option, value), self.refused(measurement, "--" + option, value))
            self.assertIn("no further arguments", self.refused(measurement, "more"))
        self.assertIn("--rate", self.refused("forward", "--rate", "5"))

    def test_missing(self):
        true = self.script("true", "exit 0")
        self.assertIn("apt-get install dpdk-dev", self.refused("forward", "--mailweir", true, "--testpmd", "./nowhere"))
        self.assertIn("./nowhere: no such program", self.refused("forward", "--mailweir", "./nowhere", "--testpmd", true))

    def test_no_rights(self):
        if os.getuid() != 0:
            self.skipTest("needs root, to give it up")

        true = shutil.which("true")
        p = subprocess.run(["setpriv", "--bounding-set=-all", "--inh-caps=-all", BENCH, "forward", "--mailweir", true, "--testpmd", true],
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
        self.assertEqual(p.returncode, 2, p)
        self.assertIn(b"run it as root, or with --port memif", p.stderr)


if __name__ == "__main__":
    main()
