# SPDX-License-Identifier: Apache-2.0
"""docs/WRAPPINGS.md: what is expected of each wrapping, and what mailweir, Suricata and ClamAV say of it."""
import itertools

from pg_wrappings import FOUND, NAMED, PROGRAM_BYTES, as_expected, others

GROUPS = {
    "transfer encoding": "Transfer encodings",
    "base64": "base64 as no one writes it",
    "quoted-printable": "Quoted-printable as no one writes it",
    "in a text": "In a text",
    "MIME": "MIME's structure",
    "header": "Headers",
    "zip": "zip",
    "odd zip": "zip as no one writes it",
    "gzip": "gzip",
    "tar": "tar",
    "other archive": "Other archives and files",
    "container": "Containers of mail programs",
    "SMTP": "The dialogue",
    "TCP": "What the capture shows of it",
    "end of data": "Ends of data (SMTP smuggling)",
}

HEAD = """\
# Wrappings

%(count)d ways to wrap a file into a mail. Each carries the same file, which does nothing, %(size)d bytes long: shaped like a
Windows program, with `KERNEL32.DLL`, `ADVAPI32.DLL` and `WS2_32.DLL` as the default rules ask for them (sids 9000041 and
9000042), called `letter.dat`. What is expected was written before it was tried:

- **found**: a mark of the loader's names is reported, with the way in: an archive's member, an attached message's part. What a
  name or the first bytes alone tell does not count;
- **unscanned**: not opened, and said so with that reason; never clean;
- **nobody**: no receiver gets the file out of it, for the reason that stands there. mailweir may say what it wants, but where a reason
  of its own stands behind: then it is unscanned for that, and never clean;
- **left**: not opened by mailweir's own choice, and not said.

mailweir, with its defaults, does as expected in **%(right)d of %(count)d**%(rest)s. Where it is
*found*, the way in stands behind. *not opened*: the names were seen in clear, or another mark, but not by opening it.

%(first)s and %(second)s are there for comparison, with their defaults, and the same names as their only
signatures: for the one in file contents and in the raw stream, for the other in every file. ClamAV reads mails, not dialogues.

| found of what is expected to be found | in an ordinary dialogue (%(wanted_mails)d) | in another (%(wanted_others)d) |
|---|---|---|
| mailweir | %(ours_mails)d | %(ours_others)d |
| %(first)s | %(first_mails)d | %(first_others)d |
| %(second)s | %(second_mails)d | reads none |

Made by `pktgen-tests/pg_docs.py wrappings` from `pktgen-tests/pg_wrappings_*.py`, which make every mail; `pg_wrappings.py write
FOLDER` gives the captures. A test (`pktgen-tests/scenarios/test_wrappings.py`) compares mailweir's column with what it says, and
wraps a file without these names alike: nothing is found in it. The other columns are of when `pg_wrappings.py others` was last run.
"""


def cell(text):
    text = "".join(x if x.isprintable() else "\N{REPLACEMENT CHARACTER}" for x in text)
    return (text if len(text) <= 80 else text[:77] + "...").replace("|", "\\|")


def expected(c):
    if c.expect == FOUND:
        return "found"
    if c.expect == NAMED:
        return "unscanned: %s (%s)" % (c.reason, c.why)
    return "%s: %s" % (c.expect, c.why) + (" (unscanned: %s)" % c.reason if c.reason else "")


def ours(c, a):
    detail = ": " + a.detail if a.detail else ""
    text = a.detail if a.what == "missed" and as_expected(c, a) else cell(a.what + detail)
    return text if as_expected(c, a) else "**%s**" % text


def document(cases, answers):
    """answers: {name: Answer}"""
    theirs, (first, second) = others()

    def their(c, i):
        return theirs.get(c.name, ("not tried", "not tried"))[i]

    def count(chosen, i=None):
        return sum(answers[c.name].what == "found" if i is None else their(c, i) == "found" for c in chosen)

    wanted = [c for c in cases if c.expect == FOUND]
    mails = [c for c in wanted if c.letter is not None]
    right = sum(as_expected(c, answers[c.name]) for c in cases)
    other = [c for c in wanted if c.letter is None]
    out = [
        HEAD
        % dict(
            count=len(cases),
            size=len(PROGRAM_BYTES),
            right=right,
            rest="" if right == len(cases) else "; what is not yet so stands in **bold**",
            first=first,
            second=second,
            wanted_mails=len(mails),
            wanted_others=len(other),
            ours_mails=count(mails),
            ours_others=count(other),
            first_mails=count(mails, 0),
            first_others=count(other, 0),
            second_mails=count(mails, 1),
        )
    ]
    for group, some in itertools.groupby(cases, lambda c: c.name.partition(": ")[0]):
        out.append("\n## %s\n" % GROUPS[group])
        out.append("| wrapping | expected | mailweir | Suricata | ClamAV |")
        out.append("|---|---|---|---|---|")
        for c in some:
            row = (cell(c.name.partition(": ")[2]), expected(c), ours(c, answers[c.name]), their(c, 0), their(c, 1))
            out.append("| %s | %s | %s | %s | %s |" % row)
    return "\n".join(out) + "\n"
