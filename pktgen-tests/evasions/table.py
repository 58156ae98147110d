# SPDX-License-Identifier: Apache-2.0
"""The table of all strategies: each turns an honest session into the packets that a mirror sees, and says what must come of it.

What is expected was written from RFCs and from what receivers do, before any of it was run.
"""
import importlib

from pg_play import CLIENT, Play
import pg_mail
from pg_session import Mail, Session

OVERLAP = "stream.reassembly_overlap_different_data"

FAMILIES = ("ip", "header", "handshake", "reset", "window", "overlap", "segments", "urgent", "reuse", "direction", "forged",
            "fragments", "encapsulation")


class Outcome:
    """infected: that is enough. events: an anomaly of one of these names, and no message clean. reasons: so unscanned."""

    def __init__(self, text, infected=False, events=(), reasons=()):
        self.text, self.infected, self.events, self.reasons = text, infected, tuple(events), tuple(reasons)

    def fault(self, verdicts, events):
        """verdicts: [(verdict, reason)] of the connection's messages; events: names of its anomalies. None: as expected."""
        if not verdicts:
            return "no message"
        if self.infected and any(v == "infected" for v, _ in verdicts):
            return None
        if any(v == "clean" for v, _ in verdicts):
            return "a clean message"
        if self.reasons:
            return None if all(v == "infected" or r in self.reasons for v,
                               r in verdicts) else "none of %s" % ", ".join(self.reasons)
        if self.events and not set(events) & set(self.events):
            return "none of the events %s" % ", ".join(self.events)
        return None if self.events else "not infected"


FOUND = Outcome("found", infected=True)


def ticked(events):
    return " or ".join("`%s`" % e for e in events)


def named(*events):
    """The receiver's choice cannot be known: that it is said, and the message not clean."""
    return Outcome("named: " + ticked(events), events=events)


def either(*events):
    """Receivers differ, or two answers are right: found, or named."""
    return Outcome("found, or named: " + ticked(events), infected=True, events=events)


def unscanned(*reasons):
    return Outcome("`unscanned: %s`" % "` or `".join(reasons), reasons=reasons)


class Strategy:
    def __init__(self, family, name, what, source, expected, make, versions, options, twin, twin_decoy, receiver):
        self.family, self.name, self.what, self.source, self.expected, self.make = family, name, what, source, expected, make
        self.versions, self.options, self.twin, self.twin_decoy, self.receiver = versions, options, twin, twin_decoy, receiver

    def play(self, infected, version, number):
        """The packets of an infected session, or of its clean twin."""
        mark, decoy = (BAD, GOOD) if infected else (GOOD, OTHER if self.twin_decoy else GOOD)
        options = dict(self.options)
        pad = options.pop("pad", 0)
        p = Play(turns(mark, pad), mark, decoy, version, number, **options)
        p.infected = infected
        self.make(p)
        return p


STRATEGIES = []


def strategy(family, source, expected, versions=(4, 6), name=None, what=None, twin=(), twin_decoy=False,
             receiver="linux", **options):
    """twin: reasons for which the clean twin may be unscanned instead. twin_decoy: there the decoy says other bytes, too, as no
    receiver takes it. receiver: whose reading it is: linux, which test_evasion_linux.py tries, or another.
    options: Play's, and pad: bytes of text before the mark."""

    def add(make):
        text = what or " ".join((make.__doc__ or "").split())
        STRATEGIES.append(Strategy(family, name or make.__name__, text, source, expected, make, versions, options, twin, twin_decoy,
                                   receiver))
        return make

    return add


# The message --------------------------------------------------------------------------------------------------------------

def line(data):
    return pg_mail.encode_base64(data[:57].ljust(57, b"."))[:76]


# One line of base64 makes the message what it is: of a program, or of a text.
BAD = line(bytes.fromhex("4d5a90000300000004000000ffff0000b800000000000000") + bytes(range(33)))
GOOD = line(b"a harmless text, of which the first line stands in here")
OTHER = line(b"ANOTHER HARMLESS TEXT, THAT SAYS IT IN OTHER WORDS AT ALL")


def letter(mark, pad=0, subject="a letter"):
    rest = pg_mail.encode_base64(bytes(i * 89 & 0x7F for i in range(570)))
    part = pg_mail.Part(["Content-Type: application/octet-stream; name=\"letter.dat\"", "Content-Transfer-Encoding: base64",
                         "Content-Disposition: attachment; filename=\"letter.dat\""], mark + b"\r\n" + rest)
    text = "See what is attached.\n" + "Nothing here but a line of text.\n" * (pad // 33)
    return pg_mail.message([pg_mail.text(text), part], subject=subject)


def turns(mark, pad=0, **options):
    return Session([Mail(letter(mark, pad))], **options).turns


def client_bytes(mark, pad=0):
    return b"".join(data for who, data in turns(mark, pad) if who == CLIENT)


def load():
    """All strategies, in the order of families."""
    if not STRATEGIES:
        for family in FAMILIES:
            importlib.import_module("evasions." + family)
        names = [s.name for s in STRATEGIES]
        assert len(names) == len(set(names)), "two strategies of one name: %s" % sorted(n for n in names if names.count(n) > 1)
    return STRATEGIES


def of(family):
    return [s for s in load() if s.family == family]
