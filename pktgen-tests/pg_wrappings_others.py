# SPDX-License-Identifier: Apache-2.0
"""Suricata and ClamAV beside mailweir: both get the loader's names as a signature, each in its own language, and their own defaults
otherwise. Neither is needed to build or test: the answers are kept in pg_wrappings_others.tsv.

  SURICATA, SURICATA_CONFIG   the program and its configuration, where they are not in their places (it is in bookworm-backports)
  CLAMSCAN                    likewise (package clamav)
"""
import json
import os
import shutil
import subprocess
import tempfile

import pg_session
from pg_wrappings import OTHERS, every

# The names with the zero byte behind each, as a program's import table has them, in what was decoded or in the raw stream.
PAIRS = (("KERNEL32.DLL", "ADVAPI32.DLL"), ("KERNEL32.DLL", "WS2_32.DLL"))
NONE = "not installed"


def suricata_rules():
    rules = []
    for pair in PAIRS:
        contents = "".join(' content:"%s|00|"; nocase;' % name for name in pair)
        for buffer in ("", " file.data;"):
            rules.append(
                'alert smtp any any -> any any (msg:"loader"; flow:established,to_server;%s%s sid:%d; rev:1;)'
                % (buffer, contents, len(rules) + 1)
            )
    return "\n".join(rules) + "\n"


def clamav_signatures():
    hexes = {name: (name.encode() + b"\0").hex() + "::i" for pair in PAIRS for name in pair}
    return "".join(
        "Wrappings.Loader.%d;Engine:81-255,Target:0;0&1;%s;%s\n" % (i, hexes[a], hexes[b]) for i, (a, b) in enumerate(PAIRS)
    )


def said(command, at):
    try:
        out = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60).stdout.decode(
            "utf-8", "replace"
        )
    except OSError:
        return ""
    words = out.split()
    return words[at] if len(words) > at else ""


def suricata(cases, folder):
    """({name: answer}, version)"""
    program = os.environ.get("SURICATA") or shutil.which("suricata")
    if not program:
        return {}, "Suricata"
    config = os.environ.get("SURICATA_CONFIG") or "/etc/suricata/suricata.yaml"
    beside = os.path.dirname(config)
    rules, capture, log = (os.path.join(folder, n) for n in ("s.rules", "s.pcap", "log"))
    with open(rules, "w") as f:
        f.write(suricata_rules())
    answers = {}
    for c in cases:
        pg_session.capture(capture, [c.session], path=c.path, port=c.port)
        shutil.rmtree(log, ignore_errors=True)
        os.mkdir(log)
        p = subprocess.run(
            [
                program,
                "-c",
                config,
                "-S",
                rules,
                "-r",
                capture,
                "-l",
                log,
                "-k",
                "none",
                "--runmode",
                "single",
                "--set",
                "classification-file=" + os.path.join(beside, "classification.config"),
                "--set",
                "reference-config-file=" + os.path.join(beside, "reference.config"),
                "--set",
                "threshold-file=" + os.path.join(beside, "threshold.config"),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=300,
        )
        if p.returncode:
            raise RuntimeError("suricata: %s" % p.stdout.decode("utf-8", "replace")[-500:])
        with open(os.path.join(log, "eve.json"), encoding="utf-8") as f:
            records = [json.loads(line) for line in f]
        if not any(r["event_type"] == "stats" for r in records):
            raise RuntimeError("suricata said nothing of %s" % c.name)
        answers[c.name] = (
            "found" if any(r["event_type"] == "alert" and r["alert"]["signature"] == "loader" for r in records) else "-"
        )
    return answers, "Suricata " + said([program, "-V"], 4)


def clamav(cases, folder):
    """({name: answer}, version). It reads mails, not dialogues; a Received field is what tells it that a file is a mail."""
    program = os.environ.get("CLAMSCAN") or shutil.which("clamscan")
    if not program:
        return {}, "ClamAV"
    database, mails = os.path.join(folder, "loader.ldb"), os.path.join(folder, "mails")
    os.mkdir(mails)
    with open(database, "w") as f:
        f.write(clamav_signatures())
    for i, c in enumerate(cases):
        if c.letter is not None:
            with open(os.path.join(mails, "%d.eml" % i), "wb") as f:
                f.write(b"Received: from mail.example.org by mx.example.com; Thu, 29 Jan 2004 09:15:00 +0000\r\n" + c.letter)
    p = subprocess.run(
        [program, "--database", database, "--no-summary", "--allmatch", "-r", mails],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        timeout=3000,
    )
    if p.returncode not in (0, 1):
        raise RuntimeError("clamscan: %s" % p.stderr.decode("utf-8", "replace")[-500:])
    found, scanned = set(), set()
    for line in p.stdout.decode("utf-8", "replace").splitlines():
        path, _, rest = line.rpartition(": ")
        name = os.path.basename(path)
        if name.endswith(".eml"):
            scanned.add(name)
            if rest.endswith(" FOUND") and "Wrappings.Loader" in rest:
                found.add(name)
    answers = {}
    for i, c in enumerate(cases):
        name = "%d.eml" % i
        if c.letter is None:
            answers[c.name] = "reads no dialogue"
        elif name not in scanned:
            raise RuntimeError("clamscan said nothing of %s" % c.name)
        else:
            answers[c.name] = "found" if name in found else "-"
    return answers, "ClamAV " + said([program, "--version"], 1)


def fill(cases):
    """Writes OTHERS. A column whose program is not installed says so."""
    with tempfile.TemporaryDirectory(prefix="mailweir-wrappings-") as folder:
        first, first_version = suricata(cases, folder)
        second, second_version = clamav(cases, folder)
    with open(OTHERS, "w", encoding="utf-8") as f:
        f.write("\t".join(("wrapping", first_version, second_version)) + "\n")
        for c in cases:
            f.write("\t".join((c.name, first.get(c.name, NONE), second.get(c.name, NONE))) + "\n")


if __name__ == "__main__":
    fill(every())
