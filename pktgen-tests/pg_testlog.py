#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads meson's testlog.json: prints what failed and what was skipped, with reasons, and last "PASSED FAILED SKIPPED".

A test that skips a part of itself says so with a line "SKIP: what: why"; one that skips all exits with status 77 too.
"""
import collections
import json
import re
import sys

PASSED = ("OK", "EXPECTEDFAIL", "UNEXPECTEDPASS")


def reasons(test):
    """Why parts were skipped; parts that share a reason are one: "5 of SharedCaptures: ... is not there"."""
    text = (test.get("stdout") or "") + "\n" + (test.get("stderr") or "")
    parts = collections.defaultdict(list)
    for line in dict.fromkeys(re.findall(r"(?m)^SKIP(?:PED)?[^:\n]*: *(.*)$", text)):
        part, _, reason = line.partition(": ") if re.match(r"\w+\.\w+: ", line) else ("", "", line)
        parts[reason].append(part)
    out = [": ".join(filter(None, (p[0], reason))) if len(p) == 1 else "%d of %s: %s" % (len(p), p[0].partition(".")[0], reason)
           for reason, p in parts.items()]
    # cmocka's own words; its last lines sum up
    return out + [n for n in dict.fromkeys(re.findall(r"(?m)^\[  SKIPPED \] (.*)$", text)) if not re.match(r"\d+ test", n)]


def main(path):
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    with open(path) as f:
        tests = [json.loads(line) for line in f if line.strip()]
    for test in tests:
        name, result = test["name"], test["result"]
        kind = "passed" if result in PASSED else "skipped" if result == "SKIP" else "failed"
        counts[kind] += 1
        if kind == "failed":
            print("FAILED %s: %s, exit status %s, %.1f s" % (name, result, test.get("returncode"), test.get("duration") or 0))
            text = "%s\n%s" % (test.get("stdout") or "", test.get("stderr") or "")
            for line in text.strip().splitlines()[-40:]:
                print("  | " + line)
        elif kind == "skipped":
            print("SKIPPED %s: %s" % (name, "; ".join(dict.fromkeys(reasons(test))) or "no reason given"))
        else:
            for reason in dict.fromkeys(reasons(test)):
                print("SKIPPED in %s: %s" % (name, reason))
    print(counts["passed"], counts["failed"], counts["skipped"])


if __name__ == "__main__":
    main(sys.argv[1])
