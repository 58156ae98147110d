# SPDX-License-Identifier: Apache-2.0
"""Segments that overlap and contradict each other: which of them the receiver kept is its own matter (PYROLYSE 2025)."""
from evasions.table import OVERLAP, named, strategy
from pg_play import SERVER

# Where the first and the second segment lie, of the mark's 76 bytes.
RELATIONS = {
    "equal": ((0, 76), (0, 76)),
    "left": ((4, 76), (-20, 40)),
    "right": ((0, 40), (4, 76)),
    "inside": ((0, 76), (4, 40)),
    "covering": ((4, 40), (-20, 76)),
    "starts_with_longer": ((0, 40), (0, 76)),
    "starts_with_shorter": ((0, 76), (0, 40)),
    "ends_with_longer": ((4, 76), (0, 76)),
    "ends_with_shorter": ((0, 76), (4, 76)),
}
IN_WORDS = {
    "equal": "Two segments in the same place",
    "left": "The second begins before the first and ends in it",
    "right": "The second begins in the first and ends behind it",
    "inside": "The second lies within the first",
    "covering": "The second begins before the first and ends behind it",
    "starts_with_longer": "Both begin together, the second is longer",
    "starts_with_shorter": "Both begin together, the second is shorter",
    "ends_with_longer": "Both end together, the second is longer",
    "ends_with_shorter": "Both end together, the second is shorter",
}
HOLE = 30  # bytes before these, so that they wait
# Where Linux keeps the second (test_evasion_linux.py).
LINUX_LAST = {("left", True), ("left", False), ("covering", True), ("covering", False), ("ends_with_longer", True),
              ("ends_with_longer", False), ("starts_with_longer", True)}


def piece(p, where, both, lie):
    """The bytes of a segment; lie: those that the other one has, too, are the decoy's."""
    text = p.before_mark[-20:] + p.mark
    other = p.before_mark[-20:] + p.decoy
    return b"".join((other if lie and both[0] <= i < both[1] else text)[i + 20 : i + 21] for i in range(*where))


def make(relation, ahead, first):
    a, b = RELATIONS[relation]
    both = (max(a[0], b[0], 0), min(a[1], b[1]))
    source = "Ptacek, Newsham 1998 5.3; PYROLYSE 2025"
    kept = "first" if first else "last"
    what = "%s%s; the receiver keeps the %s." % (IN_WORDS[relation], ", behind a hole" if ahead else "", kept)
    name = "overlap_%s_%s_%s" % (relation, "hole" if ahead else "edge", kept)
    receiver = "linux" if first != ((relation, ahead) in LINUX_LAST) else "another"

    @strategy("overlap", source, named(OVERLAP), name=name, what=what, receiver=receiver)
    def _(p):
        p.shake()
        text = p.content()
        before, p.after = text.split(p.mark, 1)
        p.before_mark = before
        if ahead:
            p.say(before[:-HOLE])
        else:
            p.say(before, quiet=True)
        mark = p.at[0] + (HOLE if ahead else 0)
        for where, lies in ((a, not first), (b, first)):
            p.put(piece(p, where, both, lies), off=mark + where[0], quiet=True)
        if ahead:
            p.put(before[-HOLE:], off=mark - HOLE, quiet=True)
        p.at[0] = mark + 76
        missing = p.got[SERVER].edge
        if missing < mark + 76:
            p.put(p.mark[missing - mark :], off=missing, quiet=True)
        p.ack(SERVER)
        p.tail()


for relation_ in RELATIONS:
    for ahead_ in (True, False):
        for first_ in (True, False):
            make(relation_, ahead_, first_)


@strategy("overlap", "fragroute tcp_chaff", named(OVERLAP))
def chaff(p):
    """Before each small segment of the content a decoy in its place that does not arrive."""
    p.shake()
    data = p.content()
    at = p.at[0]
    for i in range(0, len(data), 40):
        p.decoy_of(data[i : i + 40] if not p.infected else b"X" * len(data[i : i + 40]), off=at + i, ttl=1)
        p.put(data[i : i + 40], off=at + i, quiet=True)
    p.ack(SERVER)
    p.tail()


@strategy("overlap", "Handley, Paxson 2001 (inconsistent retransmission)", named(OVERLAP))
def retransmission_contradicts(p):
    """A segment that is lost behind the sensor; its sender repeats it with other bytes."""
    p.open().put(p.decoy, taken=False, lost=True)
    p.wait(0.3)
    p.finish()


@strategy("overlap", "Handley, Paxson 2001 (inconsistent retransmission)", named(OVERLAP))
def retransmission_contradicts_joined(p):
    """The same; the repetition is joined with what follows."""
    p.open().put(p.decoy[:40], taken=False, lost=True)
    p.put(p.decoy[40:], off=p.at[0] + 40, taken=False, lost=True)
    p.wait(0.3)
    p.put(p.mark + p.after[:200])
    p.after = p.after[200:]
    p.tail()


@strategy("overlap", "PYROLYSE 2025", named(OVERLAP))
def three_segments(p):
    """Three segments behind a hole: the third covers the end of the first and the beginning of the second."""
    p.shake()
    before, p.after = p.content().split(p.mark, 1)
    p.say(before[:-HOLE])
    mark = p.at[0] + HOLE
    p.put(p.mark[:30], off=mark, quiet=True)
    p.put(p.mark[30:], off=mark + 30, quiet=True)
    p.put(p.mark[:4] + p.decoy[4:60], off=mark, quiet=True)
    p.put(before[-HOLE:], off=mark - HOLE, quiet=True)
    p.ack(SERVER)
    p.tail()


@strategy("overlap", "Ptacek, Newsham 1998 5.3", named(OVERLAP))
def one_bit(p):
    """The decoy differs from the mark in its last byte alone."""
    p.open().decoy_of(p.mark[:-1] + (b"B" if p.infected else p.mark[-1:]), ttl=1)
    p.finish()


@strategy("overlap", "Ptacek, Newsham 1998 5.3", named(OVERLAP))
def end_of_message_hidden(p):
    """The message's end stands only in the decoy of a text; behind it the infected message of the same transaction."""
    p.open()
    p.decoy_of(b"\r\n.\r\n" + p.decoy[5:] if p.infected else p.decoy, ttl=1)
    p.finish()


@strategy("overlap", "Ptacek, Newsham 1998 5.3", named(OVERLAP))
def command_hidden(p):
    """The decoy of DATA is NOOP: a reader that takes it never sees the message."""
    p.shake()
    while b"DATA\r\n" not in p.turns[p.spoken][1]:
        p.turn()
    commands = p.turns[p.spoken][1]
    p.spoken += 1
    p.decoy_of(commands.replace(b"DATA", b"NOOP") if p.infected else commands, ttl=1)
    p.put(commands)
    p.head()
    p.finish()


@strategy("overlap", "Ptacek, Newsham 1998 5.3", named(OVERLAP))
def tls_hidden(p):
    """The decoy of EHLO is STARTTLS."""
    p.shake()
    p.turn()
    hello = p.turns[p.spoken][1]
    p.spoken += 1
    p.decoy_of(b"STARTTLS\r\n".ljust(len(hello), b" ") if p.infected else hello, ttl=1)
    p.put(hello)
    p.head()
    p.finish()
