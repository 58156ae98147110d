#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The ways in which a mail can wrap a file, each with the same harmless loader in it; and what a scanner says of each.

    pktgen-tests/pg_wrappings.py list                every wrapping, with what is expected of it
    pktgen-tests/pg_wrappings.py try WORD...         mailweir's answer to those whose name holds a WORD
    pktgen-tests/pg_wrappings.py write FOLDER        a capture of each, and the message as a file where it is one
    pktgen-tests/pg_wrappings.py others              lets Suricata and ClamAV look at each, and writes pg_wrappings_others.tsv
    pktgen-tests/pg_wrappings.py pending             writes pg_wrappings_pending.txt anew: what is expected and not yet so

docs/WRAPPINGS.md is made of it: `pg_docs.py wrappings`. The wrappings are in pg_wrappings_mail.py (encodings, text, MIME),
pg_wrappings_files.py (archives and what else holds files) and pg_wrappings_smtp.py (the dialogue). MAILWEIR names the program.
"""
import collections
import hashlib
import json
import os
import re
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(HERE)
sys.path.insert(0, HERE)
import pg_session  # noqa: E402
from pg_session import Mail, Session  # noqa: E402

NAME = "letter.dat"  # by which nobody could tell what is in it
PENDING = os.path.join(HERE, "pg_wrappings_pending.txt")
OTHERS = os.path.join(HERE, "pg_wrappings_others.tsv")
MARKS = ("KERNEL32.DLL", "ADVAPI32.DLL", "WS2_32.DLL")

FOUND = "found"  # the loader's names are reported, with the way in
NAMED = "unscanned"  # not opened, and said so, with this reason: never clean
NOBODY = "nobody"  # no receiver gets the loader out of it
LEFT = "left"  # some scanner opens it, mailweir does not, by its own choice

# name: unique. letter: the message's content, or session: what is said instead. expect, reason (of NAMED; of NOBODY where it is not to be
# clean all the same), why (of all but FOUND).
# inside: names that the way to the marks must hold, in this order. path, port: how it travels, where that is the point.
Case = collections.namedtuple("Case", "name letter session expect reason why inside path port")


def program():
    """A file shaped like a Windows program: its header, and an import table's names as the default rules ask for them. No
    instruction is in it. It shrinks when it is compressed, so that no name stands in clear in an archive; it holds no line end
    and every other byte; and its base64 begins as that of no rule."""
    text = b"".join(hashlib.sha256(b"mailweir %d" % i).hexdigest().encode() + bytes((0, 0, 1 + i % 5)) for i in range(96))
    bits = bytes(x for x in range(256) if x not in b"\r\n.")
    head = (
        b"MZ\1\0\1\0\2\0" + bytes(52) + struct.pack("<I", 64) + b"PE\0\0" + struct.pack("<HHIIIHH", 0x14C, 1, 0, 0, 0, 0, 0x102)
    )
    third = len(text) // 3
    return (
        head
        + bits
        + text[:third]
        + b"\0KERNEL32.DLL\0\0"
        + text[third : 2 * third]
        + b"\0ADVAPI32.DLL\0\0"
        + text[2 * third :]
        + b"\0WS2_32.DLL\0\0"
    )


PROGRAM_BYTES = program()


class Cases(list):
    """A list of cases, of which each is named `group: what it is`."""

    def __init__(self, group):
        super().__init__()
        self.group = group

    def letter(self, what, data, **k):
        self.append(case(self.group + ": " + what, letter=data, **k))

    def session(self, what, session, **k):
        self.append(case(self.group + ": " + what, session=session, **k))


def case(name, letter=None, session=None, expect=FOUND, reason=None, why=None, inside=(), path=None, port=25):
    return Case(name, letter, session or Session([Mail(letter)]), expect, reason, why, tuple(inside), path, port)


def every():
    import pg_wrappings_files
    import pg_wrappings_mail
    import pg_wrappings_smtp

    cases = [c for module in (pg_wrappings_mail, pg_wrappings_files, pg_wrappings_smtp) for c in module.cases()]
    names = collections.Counter(c.name for c in cases)
    twice = [n for n, count in names.items() if count > 1]
    if twice:
        raise ValueError("two wrappings are named %s" % twice)
    return cases


# mailweir's answer -------------------------------------------------------------------------------------------------------

Answer = collections.namedtuple("Answer", "what detail clean")


def client(i):
    """The client's end of the i-th session of a capture."""
    return pg_session.addresses(4, i)[0], 32768 + i * 7919 % 28000


def records_of(capture, program_, arguments=()):
    p = subprocess.run(
        [program_, "read", "--json", *arguments, capture],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        timeout=600,
        stdin=subprocess.DEVNULL,
    )
    if p.returncode not in (0, 1):
        raise RuntimeError("mailweir read: exit status %d: %s" % (p.returncode, p.stderr.decode("utf-8", "replace")[-500:]))
    return [json.loads(line) for line in p.stdout.splitlines()]


def judge(cases, program_, arguments=()):
    """{name: Answer}. All that travel alike are in one capture: starting the program costs more than reading."""
    answers, alike = {}, collections.defaultdict(list)
    for c in cases:
        alike[(id(c.path) if c.path else 0, c.port)].append(c)
    with tempfile.TemporaryDirectory(prefix="mailweir-wrappings-") as folder:
        name = os.path.join(folder, "w.pcap")
        for some in alike.values():
            pg_session.capture(name, [c.session for c in some], path=some[0].path, port=some[0].port)
            said = collections.defaultdict(list)
            for r in records_of(name, program_, arguments):
                said[r.get("src_ip"), r.get("src_port")].append(r)
                said[r.get("dest_ip"), r.get("dest_port")].append(r)
            for i, c in enumerate(some):
                answers[c.name] = answer(c, said[client(i)])
    return answers


def loader_marks(message):
    for mark in message["mailweir"].get("marks", []):
        texts = {x.get("text", "").upper() for x in mark["criteria"]}
        if mark["class"] == "loadertype" and MARKS[0] in texts and texts & set(MARKS[1:]):
            yield mark


def holds(path, inside):
    """All of inside, in this order, among the names of path."""
    rest = iter(path)
    return all(any(name == step for step in rest) for name in inside)


def way(mark):
    return " > ".join(mark.get("path") or ["part " + mark["part"]])


def answer(c, records):
    messages = [r for r in records if r["event_type"] == "smtp"]
    marks = [m for message in messages for m in loader_marks(message)]
    for mark in marks:
        if holds(mark.get("path") or [], c.inside):
            return Answer("found", way(mark), False)
    verdicts = [m["mailweir"]["verdict"] for m in messages]
    if marks:
        return Answer("not opened", "names in clear in " + way(marks[0]), False)
    others = sorted({m["class"] for message in messages for m in message["mailweir"].get("marks", [])})
    if others:
        return Answer("not opened", "only a mark of class " + ", ".join(others), False)
    reasons = sorted({m["mailweir"].get("reason") or "" for m in messages if m["mailweir"]["verdict"] == "unscanned"})
    if reasons:
        return Answer("unscanned", ", ".join(reasons), False)
    if not messages:
        return Answer("no record", "", True)
    return Answer("missed", "/".join(sorted(set(verdicts))), True)


def as_expected(c, a):
    if c.expect == FOUND:
        return a.what == "found"
    if c.expect == NAMED or c.reason:
        return a.what == "found" or (a.what == "unscanned" and c.reason in a.detail.split(", "))
    return True


def pending():
    """Names of the cases whose answer is not yet what is expected."""
    if not os.path.exists(PENDING):
        return set()
    with open(PENDING, encoding="utf-8") as f:
        return {line.rstrip("\n") for line in f if line.strip() and not line.startswith("#")}


def others():
    """({name: (Suricata's answer, ClamAV's)}, their versions): what was found when pg_wrappings_others.py was last run."""
    answers, versions = {}, ("Suricata", "ClamAV")
    if os.path.exists(OTHERS):
        with open(OTHERS, encoding="utf-8") as f:
            for i, line in enumerate(f):
                name, *rest = line.rstrip("\n").split("\t")
                if i == 0:
                    versions = tuple(rest)
                else:
                    answers[name] = tuple(rest)
    return answers, versions


# The commands -------------------------------------------------------------------------------------------------------------


def write(folder):
    os.makedirs(folder, exist_ok=True)
    for i, c in enumerate(every()):
        stem = os.path.join(folder, "%03d-%s" % (i, re.sub(r"[^a-z0-9]+", "-", c.name.lower()).strip("-")[:60]))
        pg_session.capture(stem + ".pcap", [c.session], path=c.path, port=c.port)
        if c.letter is not None:
            with open(stem + ".eml", "wb") as f:
                f.write(c.letter)


def main():
    arguments = sys.argv[1:]
    program_ = os.environ.get("MAILWEIR") or os.path.join(SOURCE, "build", "mailweir")
    if arguments == ["list"]:
        for c in every():
            print("%-64s %s" % (c.name, c.expect + (": %s" % (c.reason or c.why) if c.expect != FOUND else "")))
    elif arguments[:1] == ["try"]:
        chosen = [c for c in every() if not arguments[1:] or any(w in c.name for w in arguments[1:])]
        answers = judge(chosen, program_)
        for c in chosen:
            a = answers[c.name]
            print("%-8s %-64s %s: %s" % ("" if as_expected(c, a) else "DIFFERS", c.name, a.what, a.detail))
    elif arguments[:1] == ["write"] and len(arguments) == 2:
        write(arguments[1])
    elif arguments == ["others"]:
        import pg_wrappings_others

        pg_wrappings_others.fill(every())
    elif arguments == ["pending"]:
        answers = judge(every(), program_)
        with open(PENDING, "w", encoding="utf-8") as f:
            f.write("# Expected and not yet so: made by pg_wrappings.py pending, shown in docs/WRAPPINGS.md.\n")
            f.writelines(c.name + "\n" for c in every() if not as_expected(c, answers[c.name]))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    sys.modules["pg_wrappings"] = sys.modules["__main__"]
    main()
