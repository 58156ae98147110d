# SPDX-License-Identifier: Apache-2.0
"""Urgent data (RFC 6093): Linux, BSD and Windows take the byte before the pointer's target out of the stream; a program may ask for
it in the stream. No mail program sends any, so that a twin need not be clean."""
from evasions.table import FOUND, either, strategy
from pg_packets import ACK, PSH
from pg_play import URG

SOURCE = "Ptacek, Newsham 1998 5.2; urgent11; Suricata CVE-2024-55629"
URGENT = ("stream.urgent_data", "stream.reassembly_urgent_oob_limit_reached")
EXTRA = b"X"  # of base64's alphabet: who leaves it in the stream reads something else
AMBIGUOUS = dict(twin=("malformed", "unsupported"))


@strategy("urgent", SOURCE, either(*URGENT), **AMBIGUOUS)
def urgent_inside(p):
    """An urgent byte in the middle of the mark."""
    p.open().put(p.mark[:4] + EXTRA + p.mark[4:], flags=ACK | PSH | URG, urgent=5)
    p.tail()


@strategy("urgent", SOURCE, either(*URGENT), **AMBIGUOUS)
def urgent_first(p):
    """The segment's first byte is urgent."""
    p.open().put(EXTRA + p.mark, flags=ACK | PSH | URG, urgent=1)
    p.tail()


@strategy("urgent", SOURCE, either(*URGENT), **AMBIGUOUS)
def urgent_last(p):
    """The segment's last byte is urgent, within the mark."""
    p.open().put(p.mark[:4] + EXTRA, flags=ACK | PSH | URG, urgent=5)
    p.put(p.mark[4:])
    p.tail()


@strategy("urgent", SOURCE, either(*URGENT), **AMBIGUOUS)
def urgent_alone(p):
    """A segment of one byte, which is urgent, within the mark."""
    p.open().put(p.mark[:4])
    p.put(EXTRA, flags=ACK | PSH | URG, urgent=1)
    p.put(p.mark[4:])
    p.tail()


@strategy("urgent", SOURCE, either(*URGENT), **AMBIGUOUS)
def urgent_beyond(p):
    """The pointer aims at the next segment's first byte."""
    p.open().put(p.mark[:4], flags=ACK | PSH | URG, urgent=5)
    p.put(EXTRA + p.mark[4:])
    p.tail()


@strategy("urgent", SOURCE, either(*URGENT), **AMBIGUOUS)
def urgent_zero(p):
    """URG with a pointer of 0: Linux takes the segment's first byte out."""
    p.open().put(EXTRA + p.mark, flags=ACK | PSH | URG, urgent=0)
    p.tail()


@strategy("urgent", SOURCE, either(*URGENT), **AMBIGUOUS)
def urgent_several(p):
    """Three urgent bytes within the mark, a segment each; what becomes of the first two depends on when the program reads."""
    p.open()
    for i in range(3):
        p.put(p.mark[i * 4 : i * 4 + 4] + EXTRA, flags=ACK | PSH | URG, urgent=5)
    p.put(p.mark[12:])
    p.tail()


@strategy("urgent", SOURCE, either(*URGENT), **AMBIGUOUS)
def urgent_repeated(p):
    """The segment with the urgent byte comes twice."""
    p.open().put(p.mark[:4] + EXTRA + p.mark[4:], flags=ACK | PSH | URG, urgent=5, quiet=True)
    p.put(p.mark[:4] + EXTRA + p.mark[4:], off=p.at[0] - 77, flags=ACK | PSH | URG, urgent=5)
    p.tail()


@strategy("urgent", SOURCE, either(*URGENT), **AMBIGUOUS)
def urgent_in_a_command(p):
    """An urgent byte in DATA: a reader that leaves it there sees no command."""
    p.shake()
    while b"DATA\r\n" not in p.turns[p.spoken][1]:
        p.turn()
    commands = p.turns[p.spoken][1].replace(b"DATA\r\n", b"DA" + EXTRA + b"TA\r\n")
    p.spoken += 1
    p.put(commands, flags=ACK | PSH | URG, urgent=commands.index(b"DA" + EXTRA + b"TA") + 2 + 1)
    p.head()
    p.finish()


@strategy("urgent", SOURCE, FOUND)
def pointer_without_flag(p):
    """A pointer without URG means nothing."""
    p.open().real(urgent=5)
    p.tail()


@strategy("urgent", SOURCE, FOUND, **AMBIGUOUS)
def urgent_far_beyond(p):
    """URG with a pointer far behind the end of all that is sent."""
    p.open().real(flags=ACK | PSH | URG, urgent=0xFFFF)
    p.tail()


@strategy("urgent", SOURCE, FOUND, **AMBIGUOUS)
def urgent_without_data(p):
    """An empty segment with URG, that aims at what was read before."""
    p.open().put(b"", flags=ACK | URG, urgent=0, off=p.at[0] - 1, quiet=True)
    p.finish()
