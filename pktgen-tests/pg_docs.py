#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the documents that the program itself knows best:

    pktgen-tests/pg_docs.py configuration >docs/CONFIGURATION.md
    pktgen-tests/pg_docs.py captures >docs/CAPTURES.md
    pktgen-tests/pg_docs.py overlaps >docs/OVERLAPS.md
    pktgen-tests/pg_docs.py overlaps-of-three >docs/OVERLAPS-OF-THREE.txt
    pktgen-tests/pg_docs.py evasions >docs/EVASIONS.md
    pktgen-tests/pg_docs.py wrappings >docs/WRAPPINGS.md

    pktgen-tests/pg_docs.py memory          (the tables in docs/MEMORY.md, in their place)

MAILWEIR names the program (default: build/mailweir), MAILWEIR_OVERLAPS the one that makes overlaps (beside it,
pktgen-tests/pg_overlaps), MAILWEIR_BENCH the benchmark (the one beside it). `captures` reads captures by others: MAILWEIR_SHARED names the folder
whose data/pcap holds them (default: ../shared). Tests compare what this prints with what is in docs/.
"""
import collections
import csv
import gzip
import json
import os
import re
import subprocess
import sys
import tempfile
import textwrap

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(HERE)
PROGRAM = os.environ.get("MAILWEIR") or os.path.join(SOURCE, "build", "mailweir")
CAPTURES = os.path.join(os.environ.get("MAILWEIR_SHARED") or os.path.join(SOURCE, "..", "shared"), "data", "pcap")


# docs/CONFIGURATION.md --------------------------------------------------------------------------------------------------


def configuration(help_config):
    """help_config: what `mailweir --help-config` prints."""
    return """\
# Configuration

One YAML file, named with `-c FILE`. Every key has a default, so the file holds what a site wants otherwise, and may be
empty or absent. An unknown key or a wrong value is refused, with file, line and what was expected:

```
$ mailweir check -c mailweir.yaml
mailweir: mailweir.yaml:2:10: workers.count is "many", expected a number from 1 to 64
```

All keys, at their defaults; `mailweir --help-config` prints the same, as a file to start from.

```yaml
%s
```
""" % help_config.rstrip("\n")


# docs/MEMORY.md ---------------------------------------------------------------------------------------------------------

MEMORY = os.path.join(SOURCE, "docs", "MEMORY.md")


def memory(document, sizes):
    """The document with its tables made anew. sizes: what `mailweir-bench flows --inline --sizes` prints."""
    # Those whose size is the regex library's, or the rules'.
    rows = [row for row in sizes.splitlines() if not row.startswith("| `streams`")]
    each = {m[1]: int(m[2]) for m in re.finditer(r"^\| `(\w+)` \| (\d+) \|", sizes, re.M)}
    flow = each["flows"] + each["flow_hash"] + each["sessions"]
    costs = "\n".join((
        "| what | bytes | of which |",
        "|---|---|---|",
        "| an established mail connection | {:,} | flow {flows}, its place in the hash {flow_hash}, session {sessions} |".format(flow, **each),
        "| the same between two ports | {:,} | and {inlines} to know how its packets look, and what is held of it |".format(flow + each["inlines"], **each),
        "| a member of an archive, or a gzip file, while it is inflated | {inflates:,} | zlib's state and its window |".format(**each),
        "| a packet out of order, beside its buffer | {segments} | a node |".format(**each),
        "| a packet between two ports, until it is acknowledged or judged, beside its buffer | {runs} | a run |".format(**each)))
    for name, text in (("sizes", "\n".join(rows)), ("costs", costs)):
        document = re.sub(r"(?s)(<!-- %s -->\n).*?(<!-- /%s -->)" % (name, name), lambda m: m[1] + text + "\n" + m[2], document)
    return document


# docs/CAPTURES.md -------------------------------------------------------------------------------------------------------

# Messages as a count of MAIL commands has them and as they are, where the two differ: {file: (messages, why)}.
TLS = "a TLS session is a message, unscanned: nobody can say how many it held"
DIFFERENCES = {
    "OISF_suricata-verify/bug-1449-01__suricata_stackoverflow.pcap":
        (1, "the client sends DATA without MAIL, the server takes it (354) and what follows (250): delivered, so a message"),
    "zeek_zeek/tls__smtp-starttls.pcap": (1, TLS),
    "OISF_suricata-verify/smtp-startssl__input.pcap": (1, TLS),
    "arkime_arkime/smtp-starttls.pcap": (1, TLS),
}

# What one might expect to see counted, and why it is not.
NONE = {
    "OISF_suricata-verify/protocol-change-failed-event__input.pcap": "STARTTLS is accepted, but no TLS follows: HTTP/2 does, from the server",
    "OISF_suricata-verify/smtp-rset-starttls__input.pcap": "STARTTLS is accepted, and the capture ends: no session was begun",
    "OISF_suricata-verify/smtp-tls-protodetect__input.pcap": "TLS from the first byte on port 465, given up in the handshake; no port of `smtp.ports`",
    "OISF_suricata-verify/smtp-long-command__input.pcap": "a HELO of 4 KB, AUTH, QUIT; no MAIL",
    "arkime_arkime/socks5-smtp-503.pcap": "inside SOCKS: the connection does not begin as SMTP does",
}

# Captures whose packets contradict each other: they were edited by hand, and the sequence numbers of what follows were left.
EDITED = {
    "OISF_suricata-verify/smtp-bug-5981__input.pcap":
        "frame 21 was lengthened to 6,458 bytes of `A`; frames 22 to 26 say other bytes in the place of 4,998 of them",
    "OISF_suricata-verify/smtp-bug-5989__input.pcap":
        "likewise; and the server's greeting was lengthened to 5,002 bytes with a wrong checksum, of which 38 are acknowledged",
    "OISF_suricata-verify/smtp-long-DATA-line__input.pcap":
        "frame 22 was lengthened to 6,458 bytes; frames 23 to 26 say other bytes in the place of most of what was added",
}

Capture = collections.namedtuple("Capture", "file repository commit path mails")


def manifest(folder=CAPTURES):
    """The captures that are there, with the number of MAIL commands that a simple reader counted in each."""
    path = os.path.join(folder, "MANIFEST.tsv")
    if not os.path.exists(path):
        return []
    with open(path, newline="") as f:
        return [Capture(r["file"].removeprefix("pcap/"), r["repository"], r["commit"], r["path"],
                        int(re.search(r"\bmails=(\d+)", r["contents"]).group(1)))
                for r in csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE)]


def unpacked(capture, folder, captures=CAPTURES):
    """The capture's path; those that are stored compressed are unpacked into folder."""
    path = os.path.join(captures, capture.file)
    if not path.endswith(".gz"):
        return path
    plain = os.path.join(folder, os.path.basename(path)[:-3])
    if not os.path.exists(plain):
        with open(path, "rb") as f:
            data = f.read()
        with open(plain, "wb") as f:
            f.write(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data)
    return plain


def verdict(own):
    return own["verdict"] + (" (%s)" % own["reason"] if own.get("reason") else "")


def verdicts(messages):
    """"2 clean, 1 unscanned (gap)"."""
    counted = collections.Counter(verdict(m["mailweir"]) for m in messages)
    return ", ".join("%d %s" % (n, what) if len(messages) > 1 else what for what, n in counted.items()) or "–"


def seen(records):
    """What else the program says of a capture."""
    messages = [r["mailweir"] for r in records if r["event_type"] == "smtp"]
    own = records[-1]["mailweir"]
    counters, said = own["counters"], []
    for outcome, word in (("no", "not taken by the server"), ("unknown", "outcome not seen")):
        n = sum(m["delivered"] == outcome and m.get("reason") != "tls" for m in messages)
        if n:
            said.append(word if n == len(messages) else "%d %s" % (n, word))
    names = collections.Counter(e for m in messages for e in m["errors"])
    names.update({k: n - names[k] for k, n in counters.get("anomalies", {}).items() if n > names[k]})
    said += ["`%s`" % n for n in sorted(names)]
    if counters.get("tcp", {}).get("gap_bytes"):
        said.append("%d bytes missing" % counters["tcp"]["gap_bytes"])
    trusted, refused = counters.get("packets", {}).get("checksum_trusted", 0), own["packets"]["dropped"]["bad_checksum"]
    if trusted or refused:
        said.append(plural(trusted + refused, "wrong checksum") + (", %d of them refused" % refused if refused else ""))
    return "; ".join(said)


def captures(results):
    """results: [(Capture, records that `mailweir read --json` gave for it)]."""
    by_project = collections.defaultdict(list)
    for capture, records in results:
        by_project[capture.repository, capture.commit].append((capture, records))
    mails = sum(c.mails for c, _ in results)
    messages = [r for _, records in results for r in records if r["event_type"] == "smtp"]
    by_verdict = collections.Counter(verdict(m["mailweir"]) for m in messages)
    out = ["""\
# Public captures

What `mailweir read`, with its defaults, says of %d captures with SMTP from the tests of other programs. They are not in this
repository; the names are those of their own. No capture holds a program, so nothing is infected, and nothing is found
infected; exit status 0, and the account balances, for each.

In all: **%d messages** where a count of MAIL commands gives %d: %s.

Made by `pktgen-tests/pg_docs.py captures`, which reads the captures; a test compares the two.
""" % (len(results), len(messages), mails,
       ", ".join("%d %s" % (n, what) for what, n in by_verdict.most_common()))]
    out.append("## Where the counts differ\n")
    for capture, _ in results:
        if capture.file in DIFFERENCES:
            ours, why = DIFFERENCES[capture.file]
            out.append("- `%s`: %d MAIL, %s: %s." % (capture.path, capture.mails, plural(ours, "message"), why))
    out.append("\nIn each of these the message count is right by [0004](decisions/0004-what-a-message-is.md). And where none is counted:\n")
    for capture, _ in results:
        if capture.file in NONE:
            out.append("- `%s`: %s." % (capture.path, NONE[capture.file]))
    out.append("\nPackets of these contradict each other, as they were edited: which bytes a receiver would have read nobody knows.\n")
    for capture, _ in results:
        if capture.file in EDITED:
            out.append("- `%s`: %s." % (capture.path, EDITED[capture.file]))
    for (repository, commit), rows in by_project.items():
        out.append("\n## %s (%s)\n" % (repository, commit))
        root = os.path.commonpath([c.path for c, _ in rows])
        out.append("In `%s/`. MAIL: commands; messages: ours.\n" % root)
        out.append("| capture | MAIL | messages | verdicts | what else is seen |")
        out.append("|---|---|---|---|---|")
        for capture, records in rows:
            smtp = [r for r in records if r["event_type"] == "smtp"]
            out.append("| %s | %d | %d | %s | %s |" % (os.path.relpath(capture.path, root), capture.mails, len(smtp), verdicts(smtp),
                                                     seen(records)))
    out.append("""
## Reading the table

Wrong checksums: the sender's network card was to compute them after the capture was made, or someone has made the contents
anonymous. They are taken where the receiver acknowledged what they carry ([0003](decisions/0003-checksums.md)); `refused`
are those that nobody acknowledged. `malformed`, `limit` and `unsupported`: a reader of mail might see something else in such a
message than mailweir did. Names such as `mime.header_invalid` are those of `mailweir.errors` in the records.""")
    return "\n".join(out) + "\n"


# docs/EVASIONS.md -------------------------------------------------------------------------------------------------------

FAMILIES = {
    "ip": "Packets that IP does not take, or that do not arrive",
    "header": "Segments that TCP does not take for what their header says",
    "handshake": "Beginnings",
    "reset": "Ends that are none",
    "window": "Outside of the window, holes, probes",
    "overlap": "Overlaps that contradict",
    "segments": "Honest bytes in dishonest pieces",
    "urgent": "Urgent data",
    "reuse": "The same ports again",
    "direction": "What a mirror shows of the two directions",
    "forged": "Acknowledgements in the server's name, and decoys for what the mirror lost",
    "fragments": "Fragments",
    "encapsulation": "Tunnels and link headers",
}


def evasions():
    """The table of all strategies, as pktgen-tests/evasions has it."""
    sys.path.insert(0, HERE)
    from evasions import table

    strategies = table.load()
    out = ["""\
# Evasions

%d ways to make a sensor on a mirror read something else than the receiver did. Each is tried on `mailweir read` with an infected
message (`pktgen-tests/scenarios/test_evasion.py`), over IPv4 and IPv6 where both have it, with one worker and with two.
The outcomes were written before they were tried, from RFCs and from what receivers do. Where the receiver is Linux, and the strategy
is not one of what a mirror shows, `test_evasion_linux.py` sends the same packets to a real socket and looks at what it reads:

- *found*: the message is infected;
- *named*: the receiver's choice cannot be known from outside: there is an anomaly of that name, and no message is clean;
- *found, or named*: receivers differ, or both answers are right;
- `unscanned`: by that reason, or infected.

Each has a clean twin, that must be clean: the same trick with a harmless text. A decoy of the twin says the same bytes in the same
place; where no receiver takes it whatever it says (wrong checksums), other ones. Where the twin may be unscanned instead, it is said.

Made by `pktgen-tests/pg_docs.py evasions` from `pktgen-tests/evasions/`; a test compares the two.
""" % len(strategies)]
    for family, title in FAMILIES.items():
        out.append("## %s\n" % title)
        out.append("| name | what | IP | receiver | expected | source |")
        out.append("|---|---|---|---|---|---|")
        for s in (s for s in strategies if s.family == family):
            twin = "; twin may be `unscanned: %s`" % "` or `".join(s.twin) if s.twin else ""
            versions, receiver = ", ".join(map(str, s.versions)), {"linux": "Linux"}.get(s.receiver, s.receiver)
            out.append("| `%s` | %s | %s | %s | %s%s | %s |" % (s.name, s.what, versions, receiver, s.expected.text, twin, s.source))
        out.append("")
    return "\n".join(out)


# docs/WRAPPINGS.md ------------------------------------------------------------------------------------------------------


def wrappings():
    """The table of all wrappings, as the program answers to them now."""
    sys.path.insert(0, HERE)
    import pg_wrappings
    import pg_wrappings_doc

    cases = pg_wrappings.every()
    return pg_wrappings_doc.document(cases, pg_wrappings.judge(cases, PROGRAM))


def plural(n, what):
    return "%d %s%s" % (n, what, "" if n == 1 else "s")


def read_each(program, captures_):
    with tempfile.TemporaryDirectory() as folder:
        for capture in captures_:
            p = subprocess.run([program, "read", "--json", unpacked(capture, folder)], stdout=subprocess.PIPE)
            if p.returncode != 0:
                sys.exit("pg_docs: %s: exit status %d" % (capture.file, p.returncode))
            yield capture, [json.loads(line) for line in p.stdout.splitlines()]


# docs/OVERLAPS.md -------------------------------------------------------------------------------------------------------


def made(*arguments):
    program = os.environ.get("MAILWEIR_OVERLAPS") or os.path.join(os.path.dirname(PROGRAM), "pktgen-tests", "pg_overlaps")
    return subprocess.run([program, *arguments], stdout=subprocess.PIPE, check=True).stdout.decode().rstrip("\n")


def families():
    """{the policy that stands in the tables: those that always read as it does}"""
    found = collections.OrderedDict()
    for line in made("policies").splitlines():
        name, first = line.split()
        found.setdefault(first, []).append(name)
    return found


# In which words each column's rule is said: a name of each family.
RULES = {
    "first": "the copy that came first is kept",
    "last": "the copy that came last",
    "bsd": "that of the segment which begins first; of two that begin together, the one that came first",
    "old-linux": "that of the segment which begins first; of two that begin together the new one's, unless it ends "
                 "before the other",
    "linux": "that of the segment which begins first; of two that begin together, the longer one's. What begins where a held one "
             "ends becomes part of it, and so begins where that one does",
    "old-solaris": "that of the segment which ends last; of two that end together the new one's, unless it begins after the other",
}


def overlaps():
    with open(os.path.join(HERE, "pg_docs_overlaps.txt"), encoding="utf-8") as f:
        text = f.read()
    rows = "\n".join("| %s | %s |" % (", ".join("`%s`" % n for n in names), RULES[first]) for first, names in families().items())
    return text.replace("@RULES@", rows).replace("@PAIRS@", made("table", "2")).replace("@DIFFER@", made("differ"))


def overlaps_of_three():
    return """\
Every way that three segments can lie to each other, 409 in all, and which segment's bytes are read, by policy: see OVERLAPS.md.
The segments come in the order of the columns 1, 2, 3: every order of arrival is a line of its own.

%s
""" % made("table", "3")


def main():
    if sys.argv[1:] == ["configuration"]:
        text = configuration(subprocess.run([PROGRAM, "--help-config"], stdout=subprocess.PIPE, check=True).stdout.decode())
    elif sys.argv[1:] == ["memory"]:
        bench = os.environ.get("MAILWEIR_BENCH") or os.path.join(os.path.dirname(PROGRAM), "mailweir-bench")
        sizes = subprocess.run([bench, "flows", "--inline", "--sizes"], stdout=subprocess.PIPE, check=True).stdout.decode()
        with open(MEMORY) as f:
            text = memory(f.read(), sizes)
        with open(MEMORY, "w") as f:
            f.write(text)
        return
    elif sys.argv[1:] == ["captures"]:
        if not manifest():
            sys.exit("pg_docs: %s: no captures there; set MAILWEIR_SHARED" % CAPTURES)
        text = captures(list(read_each(PROGRAM, manifest())))
    elif sys.argv[1:] == ["overlaps"]:
        text = overlaps()
    elif sys.argv[1:] == ["overlaps-of-three"]:
        text = overlaps_of_three()
    elif sys.argv[1:] == ["evasions"]:
        text = evasions()
    elif sys.argv[1:] == ["wrappings"]:
        text = wrappings()
    else:
        print(textwrap.dedent(__doc__), file=sys.stderr)
        sys.exit(2)
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
