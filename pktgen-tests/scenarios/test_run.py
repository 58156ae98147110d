# SPDX-License-Identifier: Apache-2.0
"""`mailweir run` around its traffic: what is wrong with a command line or configuration is said in one line; it starts, says so,
writes its stats, survives its log reader and its disk, and ends when it is told to. With DPDK's own empty ports: no rights
needed."""
import json
import os
import re
import signal
import subprocess
import tempfile
import time
import unittest

import harness
from harness import BUNDLED, PROGRAM, Scenario, run, total

WAIT = 60  # seconds, for what takes one or two
QUIET = ["--inside", "net_null0,no-rx=1", "--outside", "net_null1,no-rx=1"]
# Frames as fast as they can be taken: empty ones; a capture without end, by a port with one queue, so that most go to another
# worker.
EMPTY, ENDLESS = "net_null0,size=64", "net_pcap0,rx_pcap=%s,infinite_rx=1" % BUNDLED


class WrongWords(Scenario):
    def refused(self, arguments, *words):
        r = run("run", *arguments)
        self.assertEqual(r.status, 2, r.explain())
        self.assertEqual(r.out, b"", r.explain())
        lines = r.err.decode().splitlines()
        self.assertEqual(len(lines), 1, r.explain())
        self.assertTrue(lines[0].startswith("mailweir: "), r.explain())
        for word in words:
            self.assertIn(word, lines[0], r.explain())

    def config(self, text):
        return ["-c", self.write("mailweir.yaml", text)]

    def test_options(self):
        for arguments, words in (
            ([], ["no port named", "--inside PORT --outside PORT", "--mirror PORT"]),
            (["--inside", "a"], ["inside port without an outside port"]),
            (["--outside", "a"], ["outside port without an inside port"]),
            (["--inside", "a", "--outside", "a"], ["one port as inside and outside"]),
            (["--inside", "a", "--outside", "b", "--mirror", "c"], ["beside a mirror port"]),
            (["--inside", "a", "--outside", "b", "--reset-port", "c"], ["reset port without a mirror port"]),
            (["--reset-port", "a"], ["reset port without a mirror port"]),
            (["--mirror", "a", "--reset-port", "a"], ["one port as mirror and reset"]),
            (["--mirror", "a", "--observe"], ["--observe", "at a mirror nothing is stopped"]),
            (["--mirror", "a", "--mirror", "b"], ["--mirror b", "second time"]),
            (["--mirror", ""], ["--mirror", "expected a port"]),
            (["--mirror"], ["--mirror", "requires an argument"]),
            (["--mirror", "a", "b"], ["b", "no option"]),
            (["--mirror", "a", "--bogus"], ["--bogus"]),
            (["--mirror", "a", "--workers", "0"], ["--workers 0", "from 1 to 64"]),
            (["--mirror", "a", "--workers", "65"], ["--workers 65", "from 1 to 64"]),
            (["--mirror", "a", "-c", self.path("absent.yaml")], ["absent.yaml", "No such file"]),
            (["--mirror", "a", "-r", self.path("absent.rules")], ["absent.rules", "No such file"]),
        ):
            with self.subTest(arguments=arguments):
                self.refused(arguments, *words)

    def test_configuration(self):
        for text, words in (
            ("ports: {inside: a}\n", ["mailweir.yaml:1:1", "inside port without an outside port"]),
            ("ports: {mirror: a, inside: b, outside: c}\n", ["beside a mirror port"]),
            ("inline: {hold: 1}\n", ["inline.hold", "from 16 to"]),
            ("policy: {tls: pass}\n", ["policy.tls"]),
            ("policy: {gap: maybe}\n", ["policy.gap", "pass, tempfail, reject or drop"]),
            ("reject: {code: 250}\n", ["reject.code", "from 500 to 599"]),
            ('reject: {text: "a\\r\\n250 Ok"}\n', ["reject.text", "printable ASCII"]),
            ('reject: {text: "gr\\u00fc\\u00df"}\n', ["reject.text", "printable ASCII"]),
        ):
            with self.subTest(text=text):
                self.refused(self.config(text) + ["--mirror", "a"], *words)

    def test_the_command_line_takes_the_place_of_the_configuration(self):
        """Of what goes together only: what is then left over is named, or its port tried."""
        inline, mirror = "ports: {inside: a, outside: b}\n", "ports: {mirror: a, reset: b}\n"
        self.refused(self.config(inline) + ["--reset-port", "c"], "reset port without a mirror port")
        self.refused(self.config(inline) + ["--outside", "a"], "one port as inside and outside")
        self.refused(self.config(mirror) + ["--inside", "c"], "inside port without an outside port")
        self.refused(self.config(mirror) + ["--reset-port", "a"], "one port as mirror and reset")
        self.refused(self.config(mirror) + ["--observe"], "at a mirror nothing is stopped")
        self.refused(self.config(inline) + ["--mirror", "nosuchport"], "nosuchport")

    def test_no_place_for_records(self):
        self.refused(self.config('output: {directory: "/proc/nowhere"}\n') + ["--mirror", "a"], "/proc/nowhere", "cannot be made")
        os.makedirs(self.path("taken/eve.json"), exist_ok=True)
        self.refused(self.config('output: {directory: "%s"}\n' % self.path("taken")) + ["--mirror", "a"], "taken/eve.json",
                     "cannot be written")

    def test_a_port_that_is_not_there(self):
        self.refused(["--mirror", "nosuchport0"], "nosuchport0")

    def test_help_fits_a_terminal(self):
        r = run("run", "--help")
        self.assertEqual((r.status, r.err), (0, b""))
        lines = r.out.decode().splitlines()
        self.assertEqual([line for line in lines if len(line) > 80], [])
        for option in ("--inside", "--outside", "--mirror", "--reset-port", "--observe", "--workers", "--config", "--rules"):
            self.assertIn(option, r.out.decode())


class Running(Scenario):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if "not part of this build" in run("run", "--mirror", "nosuchport0").err.decode():
            raise unittest.SkipTest("live ports are not part of this build")

    def setUp(self):
        self.process = None

    def tearDown(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.process:
            self.err.close()
        self.process = None

    def start(self, arguments, config="", stdout=subprocess.DEVNULL):
        """Started, and forwarding."""
        self.tearDown()
        path = self.write("run.yaml", config + "memory: {flows: 1024, sessions: 64, messages: 64, records: 256, blocks: 1024}\n")
        self.err_path = self.path("err")
        self.err = open(self.err_path, "wb")
        self.process = subprocess.Popen([PROGRAM, "run", "-c", path] + arguments, stdin=subprocess.DEVNULL, stdout=stdout,
                                        stderr=self.err)
        self.until(lambda: re.search(r"(?m)^mailweir: (forwarding|watching) ", self.said()), "it says that it runs")
        return self.process

    def said(self):
        with open(self.err_path, encoding="utf-8") as f:
            return f.read()

    def until(self, condition, what):
        end = time.monotonic() + WAIT
        while not condition():
            if self.process.poll() is not None and not condition():
                self.fail("%s: it ended with %s: %s" % (what, self.process.returncode, self.said()))
            if time.monotonic() > end:
                self.fail("%s: not within %d s: %s" % (what, WAIT, self.said()))
            time.sleep(0.05)

    def end(self, sig=signal.SIGTERM, status=0):
        self.process.send_signal(sig)
        out, _ = self.process.communicate(timeout=WAIT)
        self.assertEqual(self.process.returncode, status, self.said())
        self.assertNotIn("Sanitizer", self.said())
        return out

    def records(self, path):
        with open(path, encoding="utf-8") as f:
            text = f.read()
        self.assertTrue(text == "" or text.endswith("\n"), text)
        return [json.loads(line) for line in text.splitlines()]

    def assert_stats(self, record, ports):
        self.assertEqual(record["event_type"], "stats")
        own = record["mailweir"]
        self.assertIs(own["balanced"], True, record)
        self.assertEqual(sorted(own["packets"]["ports"]), sorted(ports))
        p = own["packets"]
        self.assertEqual(p["received"], p["forwarded"] + total(p["dropped"]) + p["consumed"] + p["held"], record)
        self.assertEqual(p["sent"], p["forwarded"] + p["injected"], record)
        for name in ("received", "forwarded", "consumed", "held", "sent", "injected", "bytes"):
            self.assertEqual(p[name], sum(port[name] for port in p["ports"].values()), record)
        m = own["messages"]
        self.assertEqual(m["seen"], m["clean"] + m["infected"] + m["suspicious"] + total(m["unscanned"]), record)

    def test_says_that_it_forwards_and_ends_on_term_and_int(self):
        for sig in (signal.SIGTERM, signal.SIGINT):
            self.start(QUIET, stdout=subprocess.PIPE)
            forwarding = [line for line in self.said().splitlines() if "forwarding" in line]
            self.assertEqual(len(forwarding), 1, self.said())
            self.assertRegex(forwarding[0], r"^mailweir: forwarding between net_null0,no-rx=1 \(net_null\) and "
                                            r"net_null1,no-rx=1 \(net_null\), 1 worker, \d+ rules$")
            records = [json.loads(line) for line in self.end(sig).splitlines()]
            self.assertEqual(len(records), 1)
            self.assert_stats(records[0], ["net_null0,no-rx=1", "net_null1,no-rx=1"])
            self.assertEqual(records[0]["mailweir"]["packets"]["held"], 0)
            self.assertEqual(records[0]["mailweir"]["messages"]["open"], 0)

    def test_watches_a_mirror_port_by_configuration(self):
        self.start([], 'ports: {mirror: "net_null0,no-rx=1"}\n', stdout=subprocess.PIPE)
        self.assertIn("watching net_null0,no-rx=1 (net_null), 1 worker, ", self.said())
        self.end()

    def test_finds_at_a_mirror_port_what_read_finds(self):
        """The same packets from a port: the same verdicts, of the same mails."""

        def found(records):
            return sorted((r["mailweir"]["verdict"], r["mailweir"].get("queue_id", ""), r["email"].get("subject", ""),
                           [m["sid"] for m in r["mailweir"]["marks"]]) for r in records if r["event_type"] == "smtp")

        expected = found(run("read", "--json", BUNDLED).records)
        self.assertGreater(len(expected), 5)
        out, port = self.path("mirror"), "net_pcap0,rx_pcap=" + BUNDLED
        self.start(["--mirror", port], 'output: {directory: "%s"}\n' % out)
        self.until(lambda: len(found(self.whole(out))) >= len(expected), "every message has its record")
        self.end()
        records = self.records(out + "/eve.json")
        self.assertEqual(found(records), expected)
        self.assert_stats(records[-1], [port])
        self.assertEqual(records[-1]["mailweir"]["messages"]["seen"], len(expected))
        for r in records[:-1]:
            self.assertEqual(r["in_iface"], port)
            self.assertNotIn("pcap_cnt", r)
            self.assertNotIn("pcap_filename", r)

    def test_observes(self):
        self.start(QUIET + ["--observe"])
        self.assertIn("only observing", self.said())
        self.end()

    def test_the_account_balances_while_traffic_goes_on(self):
        """Also while packets are on their way from one worker to another, and while messages are in progress."""
        other = "net_null1,no-rx=1"
        for first, second, workers in ((EMPTY, other, 1), (EMPTY, other, 3), (ENDLESS, other, 1), (ENDLESS, other, 3),
                                       (ENDLESS, None, 1)):
            with self.subTest(first=first, second=second, workers=workers):
                out = tempfile.mkdtemp(dir=self.folder)
                self.start((["--inside", first, "--outside", second] if second else ["--mirror", first]) +
                           ["--workers", str(workers)],
                           'output: {directory: "%s", stats_interval: 1}\n' % out)
                self.until(lambda: len([r for r in self.whole(out) if r["event_type"] == "stats"]) >= 2, "two stats records")
                self.end()  # and a third
                records = self.records(out + "/eve.json")
                for r in records:
                    if r["event_type"] == "stats":
                        self.assert_stats(r, [first] + ([second] if second else []))
                records = [r for r in records if r["event_type"] == "stats"]
                self.assertGreaterEqual(len(records), 3)
                received = [r["mailweir"]["packets"]["received"] for r in records]
                self.assertEqual(received, sorted(received))
                self.assertGreater(received[-1], 0)
                self.assertEqual(records[-1]["mailweir"]["packets"]["held"], 0)

    def whole(self, folder):
        """The records in a file that is being written: of the last one a reader may see a part only."""
        try:
            with open(folder + "/eve.json", encoding="utf-8") as f:
                return [json.loads(line) for line in f.read().split("\n")[:-1]]
        except FileNotFoundError:
            return []

    def test_goes_on_without_its_log_reader(self):
        p = self.start(QUIET, "output: {stats_interval: 1}\n", stdout=subprocess.PIPE)
        p.stdout.close()
        p.stdout = None
        self.until(lambda: "standard output: cannot be written: Broken pipe" in self.said(), "it says that its reader is gone")
        time.sleep(2.5)
        self.assertIsNone(p.poll())
        self.assertEqual(self.said().count("Broken pipe"), 1)
        self.end()
        self.assertRegex(self.said(), r"\nmailweir: \d+ records could not be written\n$")

    def test_a_full_disk_loses_records_and_says_so_once(self):
        out = self.path("full")
        os.mkdir(out)
        os.symlink("/dev/full", out + "/eve.json")
        self.start(QUIET, 'output: {directory: "%s", stats_interval: 1}\n' % out)
        self.until(lambda: "No space left" in self.said(), "it says that the disk is full")
        os.rename(out + "/eve.json", out + "/old")
        self.process.send_signal(signal.SIGHUP)
        self.until(lambda: "can be written again" in self.said(), "it says that it writes again")
        self.end()
        self.assertEqual(self.said().count("No space left"), 1)
        lost = int(re.search(r"written again; (\d+) records were lost", self.said()).group(1))
        self.assertGreaterEqual(lost, 1)
        self.assertEqual(self.records(out + "/eve.json")[-1]["mailweir"]["records_lost"], lost)

    def test_opens_its_file_again(self):
        out = self.path("rotated")
        os.mkdir(out)
        with open(out + "/eve.json", "w", encoding="ascii") as f:
            f.write('{"event_type": "old"}\n{"torn')
        self.start(QUIET, 'output: {directory: "%s", stats_interval: 1}\n' % out, stdout=subprocess.PIPE)
        self.until(lambda: os.path.getsize(out + "/eve.json") > 100, "it adds to what is there")
        os.rename(out + "/eve.json", out + "/eve.json.1")
        self.process.send_signal(signal.SIGHUP)
        self.until(lambda: self.whole(out), "it writes to a new file")
        self.assertEqual(self.end(), b"")
        with open(out + "/eve.json.1", encoding="ascii") as f:
            lines = f.read().splitlines()
        self.assertEqual(lines[:2], ['{"event_type": "old"}', '{"torn'])
        for line in lines[2:]:
            self.assertEqual(json.loads(line)["event_type"], "stats")
        self.assertEqual(self.records(out + "/eve.json")[-1]["event_type"], "stats")


if __name__ == "__main__":
    harness.main()
