# SPDX-License-Identifier: Apache-2.0
"""The documents show what the program says. (docs/CAPTURES.md: test_shared_captures.py, which reads the captures anyway.)"""
import os
import re
import subprocess

import harness
import pg_docs
from harness import PROGRAM, SOURCE, Scenario, run


def document(*name):
    with open(os.path.join(SOURCE, *name), encoding="utf-8") as f:
        return f.read()


class Docs(Scenario):
    def test_configuration(self):
        r = run("--help-config")
        self.assertEqual((r.status, r.err), (0, b""), r.explain())
        self.assertEqual(document("docs", "CONFIGURATION.md"), pg_docs.configuration(r.out.decode()),
                         "make it again: pktgen-tests/pg_docs.py configuration >docs/CONFIGURATION.md")

    def test_overlaps(self):
        self.assertEqual(document("docs", "OVERLAPS.md"), pg_docs.overlaps(),
                         "make it again: pktgen-tests/pg_docs.py overlaps >docs/OVERLAPS.md")
        self.assertEqual(document("docs", "OVERLAPS-OF-THREE.txt"), pg_docs.overlaps_of_three(),
                         "make it again: pktgen-tests/pg_docs.py overlaps-of-three >docs/OVERLAPS-OF-THREE.txt")

    def test_evasions(self):
        self.assertEqual(document("docs", "EVASIONS.md"), pg_docs.evasions(),
                         "make it again: pktgen-tests/pg_docs.py evasions >docs/EVASIONS.md")

    def test_help_fits_a_terminal(self):
        """No line that the programs say of themselves is wider than 80 columns."""
        bench = os.path.join(os.path.dirname(PROGRAM), "mailweir-bench")
        for command in ([PROGRAM, "--help"], [PROGRAM, "read", "--help"], [PROGRAM, "check", "--help"], [PROGRAM, "--help-config"],
                        [bench, "--help"], [bench, "scan", "--help"]):
            out = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.decode()
            self.assertTrue(out, command)
            for line in out.splitlines():
                self.assertLessEqual(len(line), 80, "%s: %s" % (command, line))

    def test_configuration_that_is_printed_can_be_used(self):
        path = self.write("default.yaml", run("--help-config").out)
        r = run("check", "-c", path)
        self.assertEqual((r.status, r.err), (0, b""), r.explain())

    def test_configuration_example_of_a_fault(self):
        """The fault that docs/CONFIGURATION.md shows is reported in these words."""
        shown = re.search(r"(?m)^\$ mailweir check -c (\S+)\n(.*)$", document("docs", "CONFIGURATION.md"))
        self.write(shown.group(1), "workers:\n  count: many\n")
        p = subprocess.run([PROGRAM, "check", "-c", shown.group(1)], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual((p.returncode, p.stderr.decode().strip()), (2, shown.group(2)))

    def test_excerpt_in_the_readme(self):
        """What README.md shows of ./quickstart's output: line for line, but for the lines of dots where something is left out."""
        shown = re.search(r"(?ms)^```\n(INFECTED .*?)^```", document("README.md")).group(1)
        p = subprocess.run([PROGRAM, "read", "pktgen-tests/captures/first-day.pcap"], cwd=SOURCE, stdout=subprocess.PIPE)
        self.assertEqual(p.returncode, 1)
        output, at = p.stdout.decode(), 0
        for block in shown.split("...\n"):
            found = output.find(block.strip("\n"), at)
            self.assertGreaterEqual(found, 0, "not in the output:\n%s\n%s" % (block, output))
            at = found + len(block.strip("\n"))
        for line in shown.splitlines():
            self.assertLessEqual(len(line), 80, line)

    def test_links(self):
        """What the documents refer to is there."""
        for folder, folders, files in os.walk(SOURCE):
            folders[:] = [f for f in folders if not f.startswith((".", "build"))]
            for name in files:
                if name.endswith(".md"):
                    text = document(folder, name)
                    for target in re.findall(r"\]\(([^)#\s]+)\)", text):
                        if "://" not in target:
                            self.assertTrue(os.path.exists(os.path.join(folder, target)),
                                            "%s refers to %s" % (os.path.join(folder, name), target))


if __name__ == "__main__":
    harness.main()
