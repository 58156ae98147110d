#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads meson's testlog.json: prints what failed and what was skipped, with reasons, and last "PASSED FAILED SKIPPED".

A test that skips a part of itself says so with a line "SKIP: what: why"; one that skips all exits with status 77 too.
"""
import json
import re
import sys

PASSED = ("OK", "EXPECTEDFAIL", "UNEXPECTEDPASS")


def reasons(test):
    text = (test.get("stdout") or "") + "\n" + (test.get("stderr") or "")
    # cmocka and unittest report in their own words
    return re.findall(r"(?m)^SKIP: *(.*)$", text) + re.findall(r"(?m)^\[  SKIPPED \] (.*)$", text)


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
