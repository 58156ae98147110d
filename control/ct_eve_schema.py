#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every EVE line, once `mailweir` is taken out, validates against Suricata's schema.

ct_eve_schema.py PROGRAM SOURCE-ROOT: runs PROGRAM and checks what it prints. The schema is data of others: it is
looked for in $MAILWEIR_SHARED, else in ../shared beside the source. Where it is missing, the test is skipped (77).
"""
import collections
import json
import os
import subprocess
import sys


def skip(why):
    print(f"SKIPPED, NOTHING WAS CHECKED: {why}", file=sys.stderr)
    sys.exit(77)


def main():
    program, root = sys.argv[1:]
    shared = os.environ.get("MAILWEIR_SHARED") or os.path.join(root, "..", "shared")
    path = os.path.join(shared, "data", "eve-schema.json")
    if not os.path.exists(path):
        skip(f"no {path}: set MAILWEIR_SHARED to the folder that holds data/eve-schema.json")
    try:
        import jsonschema
    except ImportError:
        skip("Python has no jsonschema: install python3-jsonschema")
    with open(path, encoding="utf-8") as f:
        schema = json.load(f)
    cls = jsonschema.validators.validator_for(schema)
    validator = cls(schema)

    # A validator that lets everything pass would let our own object pass too.
    if validator.is_valid({"event_type": "smtp", "timestamp": "2024-01-31T12:00:00.123456+0000", "mailweir": {}}):
        sys.exit("the schema takes anything: it checks nothing")

    def once(pairs):
        keys = collections.Counter(k for k, _ in pairs)
        assert max(keys.values(), default=1) == 1, f"a key twice: {keys}"
        return dict(pairs)

    out = subprocess.run([program], check=True, stdout=subprocess.PIPE).stdout.decode("utf-8")
    kinds = collections.Counter()
    failed = 0
    for line in out.splitlines():
        record = json.loads(line, object_pairs_hook=once)
        assert record.pop("mailweir", None) is not None or record["event_type"] == "anomaly", line
        kinds[record["event_type"]] += 1
        for error in validator.iter_errors(record):
            failed += 1
            print(f"{line}\n  {error.json_path}: {error.message}")
    print(dict(kinds))
    missing = {"smtp", "alert", "fileinfo", "anomaly", "stats"} - set(kinds)
    if missing:
        sys.exit(f"no record of {missing}")
    sys.exit(failed > 0)


main()
