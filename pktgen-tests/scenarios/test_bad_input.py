# SPDX-License-Identifier: Apache-2.0
"""What is wrong is said in one line (what, where, why), with exit status 2; what could be read is still reported."""
import os
import re
import struct
import subprocess

import harness
import pg_mail
from harness import BUNDLED, PROGRAM, Scenario, run
from pg_session import Mail, Session, wrap

# Small, middling, large; the large ones together would need more than a machine of ours has.
CAPACITIES = {"mbufs": (1024, 32768, 262144), "flows": (1000, 60000, 1000000), "messages": (64, 8192, 32768), "segments": (64, 8192, 400000),
              "fragments": (64, 4096, 200000), "sessions": (64, 65536, 500000), "records": (16, 1024, 300000), "datagrams": (16, 1024, 65536)}


class BadInput(Scenario):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with open(BUNDLED, "rb") as f:
            cls.bundled = f.read()

    def clean_capture(self, name="clean.pcap", n=3):
        letter = pg_mail.message([pg_mail.text("nothing here")])
        return self.capture(name, [Session([Mail(letter)]) for _ in range(n)])

    def infected_capture(self):
        body = b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0" + bytes(100)
        letter = pg_mail.message([pg_mail.text("x"), wrap(body, "x.exe", "base64")])
        return self.capture("infected.pcap", [Session([Mail(letter)])])

    def assert_one_line(self, r, *words, status=2):
        self.assertEqual(r.status, status, r.explain())
        lines = r.err.decode().splitlines()
        self.assertEqual(len(lines), 1, r.explain())
        for word in words:
            self.assertRegex(lines[0], word)
        self.assertNotIn("Sanitizer", lines[0])
        return lines[0]

    # captures -------------------------------------------------------------------------------------------------------

    def test_no_such_file(self):
        path = self.path("absent.pcap")
        self.assert_one_line(run("read", "--json", path), re.escape(path), "(?i)no such file")

    def test_folder(self):
        self.assert_one_line(run("read", "--json", self.folder), re.escape(self.folder), "(?i)director|folder")

    def test_not_readable(self):
        if os.geteuid() == 0:
            self.skipTest("root may read every file")
        path = self.clean_capture("secret.pcap")
        os.chmod(path, 0)
        self.assert_one_line(run("read", "--json", path), re.escape(path), "(?i)permission")

    def test_empty_file(self):
        path = self.write("empty.pcap", b"")
        self.assert_one_line(run("read", "--json", path), re.escape(path), "(?i)empty|cut|truncated")

    def test_text_file(self):
        path = self.write("notes.txt", "Dear all,\n" * 100)
        self.assert_one_line(run("read", "--json", path), re.escape(path), "(?i)capture|pcap|format")

    def test_short_file(self):
        path = self.write("short.pcap", self.bundled[:17])
        self.assert_one_line(run("read", "--json", path), re.escape(path))

    def test_cut_in_a_packet(self):
        clean = self.clean_capture()
        with open(clean, "rb") as f:
            data = f.read()
        path = self.write("cut.pcap", data[:-5])
        r = run("read", "--json", path)
        self.assert_one_line(r, re.escape(path), "(?i)cut|truncated")
        self.assert_sound(r)
        self.assertEqual(r.stats["messages"]["seen"], 3)

    def test_cut_at_every_place_of_the_last_packets(self):
        clean = self.clean_capture("small.pcap", 1)
        with open(clean, "rb") as f:
            data = f.read()
        # within the last packet, within the header before it, between two packets, within the packet before that; no packet
        for drop in (1, 2, 53, 54, 55, 69, 70, 71, 100, len(data) - 24, len(data) - 30):
            path = self.write("cut.pcap", data[:-drop])
            r = run("read", "--json", path)
            self.assertIn(r.status, (0, 2), r.explain())  # 0: cut between two packets
            self.assert_sound(r)

    def test_infected_wins_over_cut(self):
        path = self.write("cut.pcap", self.bundled[:-7])
        r = run("read", "--json", path)
        self.assert_one_line(r, re.escape(path), "(?i)cut|truncated", status=1)
        self.assert_sound(r)
        self.assertEqual(r.stats["messages"]["infected"], 4)

    def test_unknown_link_type(self):
        with open(self.clean_capture(), "rb") as f:
            data = f.read()
        path = self.write("link.pcap", data[:20] + struct.pack("<I", 147) + data[24:])  # 147: LINKTYPE_USER0
        self.assert_one_line(run("read", "--json", path), re.escape(path), "(?i)link")

    def test_snap_length_shorter_than_packets(self):
        letter = pg_mail.message([pg_mail.text("nothing here. " * 100)])
        path = self.capture("snap.pcap", [Session([Mail(letter)]) for _ in range(3)], snaplen=300)
        r = run("read", "--json", path)
        self.assert_one_line(r, re.escape(path), "(?i)snap|cut|truncated|short")
        self.assert_sound(r)
        self.assertEqual(r.stats["messages"]["clean"], 0)

    def test_the_rest_is_still_read(self):
        bad, good = self.path("absent.pcap"), self.clean_capture()
        for order in ((bad, good), (good, bad)):
            r = run("read", "--json", *order)
            self.assert_one_line(r, re.escape(bad))
            self.assert_sound(r)
            self.assertEqual(r.stats["messages"]["seen"], 3)

    def test_two_faults_two_lines(self):
        r = run("read", "--json", self.path("absent.pcap"), self.write("empty.pcap", b""), self.infected_capture())
        self.assertEqual(r.status, 1, r.explain())
        self.assertEqual(len(r.err.splitlines()), 2, r.explain())

    def test_noise_in_packets_ends_nothing(self):
        """Bytes changed at random after the file's header: counted or refused, never a crash."""
        import random

        for seed in range(12):
            rng = random.Random(seed)
            data = bytearray(self.bundled[:60000])
            for _ in range(rng.choice((1, 10, 300))):
                data[rng.randrange(24, len(data))] = rng.randrange(256)
            r = run("read", "--json", self.write("noise.pcap", bytes(data)))
            self.assert_sound(r)

    # rules ----------------------------------------------------------------------------------------------------------

    def test_rules_file_absent(self):
        path = self.path("absent.rules")
        self.assert_one_line(run("read", "--json", "-r", path, self.clean_capture()), re.escape(path), "(?i)no such file")

    def test_rules_with_errors(self):
        path = self.write("bad.rules", "\n".join([
            "# a comment",
            'reject smtp any any -> any any (msg:"one"; file.data; content:"abc"; sid:1; rev:1;)',
            'reject smtp any any -> any any (msg:"two"; file.data; content:"abc; sid:2; rev:1;)',
            "",
        ]))
        r = run("read", "--json", "-r", path, self.clean_capture())
        self.assert_one_line(r, re.escape(path) + ":3")
        self.assert_sound(r)
        self.assertEqual(r.stats["messages"]["seen"], 3)

    # configuration --------------------------------------------------------------------------------------------------

    def refused(self, text, line, *words):
        path = self.write("mailweir.yaml", text)
        r = run("read", "--json", "-c", path, self.clean_capture())
        self.assert_one_line(r, "%s:%d" % (re.escape(path), line), *words)

    def test_configuration_absent(self):
        path = self.path("absent.yaml")
        self.assert_one_line(run("read", "--json", "-c", path, self.clean_capture()), re.escape(path), "(?i)no such file")

    def test_unknown_key(self):
        self.refused("workers:\n  count: 1\nsmtp:\n  colour: green\n", 4, "colour")

    def test_unknown_section(self):
        self.refused("workers:\n  count: 1\nspeed: high\n", 3, "speed")

    def test_wrong_value(self):
        self.refused("workers:\n  count: many\n", 2, "count", "many")

    def test_value_out_of_range(self):
        self.refused("workers:\n  count: 65\n", 2, "count", "64")

    def test_broken_yaml(self):
        self.refused("workers:\n  count: 1\nsmtp: }\n", 3)

    def test_list_for_a_number(self):
        self.refused("workers:\n  count: [1, 2]\n", 2, "count", "list", "number")

    def test_good_configuration(self):
        path = self.write("good.yaml", "workers:\n  count: 2\nsensor:\n  name: weir-1\n")
        r = self.read("-c", path, self.clean_capture(), status=0)
        self.assertEqual({m["host"] for m in r.messages}, {"weir-1"})

    # usage ----------------------------------------------------------------------------------------------------------

    def test_any_capacity_starts(self):
        """What the program asks for is enough for what it then takes, whatever the capacities: what its pools lose at the ends of pages, too."""
        path = self.clean_capture()
        for key, values in CAPACITIES.items():
            for value in values:
                self.assert_starts(path, {key: value})
        for least in 0, 1:
            self.assert_starts(path, {key: values[least] for key, values in CAPACITIES.items()})

    def assert_starts(self, path, capacities):
        for workers in 1, 2:
            config = self.write("capacities.yaml", "memory:\n" + "".join("  %s: %d\n" % c for c in capacities.items()))
            with self.subTest(workers=workers, **capacities):
                r = run("read", "--json", "--workers", str(workers), "--config", config, path)
                self.assertEqual(r.status, 0, r.explain())

    def test_unknown_option(self):
        self.assert_one_line(run("read", "--colour", self.clean_capture()), "--colour")

    def test_unknown_command(self):
        self.assert_one_line(run("raed", self.clean_capture()), "raed")

    def test_no_command(self):
        self.assertEqual(run().status, 2)

    def test_no_capture(self):
        self.assert_one_line(run("read"), "(?i)capture")

    def test_wrong_number_of_workers(self):
        for n in ("0", "-1", "x", "1.5", "100000", ""):
            with self.subTest(n):
                self.assert_one_line(run("read", "--workers", n, self.clean_capture()), "(?i)workers")

    def test_wrong_verdict_to_fail_on(self):
        self.assert_one_line(run("read", "--fail-on", "strange", self.clean_capture()), "strange")

    def test_output_folder_impossible(self):
        path = os.path.join(self.write("file", b""), "out")
        self.assert_one_line(run("read", "-o", path, self.clean_capture()), re.escape(path))

    def read_to(self, stdout, *arguments):
        p = subprocess.run([PROGRAM, *arguments], stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE, timeout=300)
        return p.returncode, p.stderr.decode()

    def test_reader_that_went_away(self):
        """As `head -1` does: the output ends, quietly, and the exit status says what was found."""
        out = os.path.join(self.folder, "out")
        for arguments, status in ((["read", "--json", self.infected_capture()], 1), (["read", self.infected_capture()], 1),
                                  (["read", "--json", self.clean_capture()], 0), (["read", self.clean_capture()], 0),
                                  (["read", "--json", "-o", out, BUNDLED], 1), (["check", "--json"], 0),
                                  (["--help-config"], 0)):
            with self.subTest(arguments=arguments):
                reader, writer = os.pipe()
                os.close(reader)
                try:
                    self.assertEqual(self.read_to(writer, *arguments), (status, ""))
                finally:
                    os.close(writer)
        # What goes elsewhere is whole.
        self.assertEqual(self.lines_of(os.path.join(out, "eve.json")), len(run("read", "--json", BUNDLED).records))

    def lines_of(self, path):
        with open(path, "rb") as f:
            return sum(1 for _ in f)

    def test_output_that_cannot_be_written(self):
        for arguments in (["read", "--json", self.clean_capture()], ["read", self.clean_capture()], ["--help-config"]):
            with self.subTest(arguments=arguments), open("/dev/full", "wb") as full:
                status, err = self.read_to(full, *arguments)
                self.assertEqual(status, 2, err)
                self.assertRegex(err, "^mailweir: standard output: cannot write: No space left on device.*\n$")

    def test_help(self):
        for arguments in (["--help"], ["read", "--help"]):
            r = run(*arguments)
            self.assertEqual((r.status, r.err), (0, b""), r.explain())
            self.assertIn(b"read", r.out)
            self.assertIn(b"CAPTURE", r.out)

    def test_version(self):
        r = run("--version")
        self.assertEqual((r.status, r.err), (0, b""), r.explain())
        for word in ("mailweir [0-9]+\\.[0-9]+", "DPDK", "Hyperscan|Vectorscan", "zlib"):
            self.assertRegex(r.out.decode(), word)


if __name__ == "__main__":
    harness.main()
