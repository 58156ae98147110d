# SPDX-License-Identifier: Apache-2.0
"""Bytes outside of the window, holes, probes (RFC 9293 3.10.7.4, 3.8.4, 3.8.6.1)."""
from evasions.table import FOUND, OVERLAP, either, strategy
from pg_packets import ACK, PSH
from pg_play import CLIENT, SERVER

PTACEK = "Ptacek, Newsham 1998"
SYMTCP = "SymTCP 2020"
EDGE = 64_256


def shut(p):
    """The server's window is closed, and it says so."""
    p.window = 0
    p.ack(SERVER)


def open_and_finish(p):
    p.window = 502
    p.ack(SERVER)
    p.finish()


@strategy("window", PTACEK + " 5.2; " + SYMTCP, either(OVERLAP, "stream.est_packet_out_of_window"), pad=90_000)
def ahead_of_the_window(p):
    """A decoy in the mark's place while that is beyond the receiver's window: not taken; the mark comes later."""
    p.shake()
    before, p.after = p.content().split(p.mark, 1)
    p.decoy_of(off=p.at[0] + len(before), challenge=True)
    p.say(before)
    p.finish()


@strategy("window", PTACEK, FOUND)
def far_ahead(p):
    """Other bytes half the sequence space ahead, then the mark."""
    p.open().decoy_of(off=p.at[0] + (1 << 30), challenge=True)
    p.decoy_of(off=p.at[0] + (1 << 31) - 10, challenge=True)
    p.finish()


@strategy("window", PTACEK, FOUND)
def just_beyond(p):
    """Other bytes directly behind the window's end."""
    p.open().decoy_of(off=p.at[0] + EDGE, challenge=True)
    p.finish()


@strategy("window", PTACEK, FOUND, twin=("malformed",))
def below(p):
    """Other bytes in the place of what was acknowledged just now: not taken, if it was the receiver that acknowledged."""
    p.open().decoy_of(b"X" * 50, off=p.at[0] - 200, challenge=True)
    p.finish()


@strategy("window", PTACEK, FOUND)
def below_the_first(p):
    """Bytes before the connection's first."""
    p.open().decoy_of(off=-100, challenge=True)
    p.finish()


@strategy("window", PTACEK + " 5.3", FOUND)
def after_the_acknowledgement(p):
    """The mark, acknowledged; then a decoy in its place: below the window, not taken."""
    p.open().real()
    p.decoy_of(off=p.at[0] - len(p.mark), challenge=True)
    p.tail()


@strategy("window", "fragroute tcp_seg", FOUND, twin=("malformed",))
def straddling_the_edge(p):
    """A segment that begins in what was acknowledged, with other bytes there, and ends with the mark."""
    p.open()
    p.put(b"X" * 30 + p.mark, off=p.at[0] - 30)
    p.tail()


@strategy("window", PTACEK + " 5.3", FOUND)
def hole_filled_late(p):
    """All behind the mark first, the mark 20 seconds later."""
    p.open()
    at = p.at[0]
    p.put(p.after, off=at + len(p.mark), quiet=True)
    p.ack(SERVER)
    p.wait(20)
    p.put(p.mark, off=at)
    p.after = b""
    p.tail()


@strategy("window", "Handley, Paxson 2001", FOUND)
def many_holes(p):
    """Every second piece of ten bytes first, then the others."""
    p.shake()
    data = p.content()
    at = p.at[0]
    pieces = [(i, data[i : i + 10]) for i in range(0, len(data), 10)]
    for i, piece in pieces[1::2] + pieces[0::2]:
        p.put(piece, off=at + i, quiet=True)
    p.ack(SERVER)
    p.tail()


@strategy("window", "RFC 9293 3.8.4", FOUND)
def keep_alive_garbage(p):
    """Keep-alive probes with a byte of garbage below the edge: what honest systems send."""
    p.open()
    for _ in range(3):
        p.wait(60)
        p.decoy_of(b"\0", off=p.at[0] - 1, flags=ACK, challenge=True)
    p.finish()


@strategy("window", "RFC 9293 3.8.4", FOUND)
def keep_alive_long(p):
    """A keep-alive with more than a byte of garbage, ending at the edge."""
    p.open().wait(60)
    p.decoy_of(b"GARBAGE!", off=p.at[0] - 8, flags=ACK, challenge=True)
    p.finish()


@strategy("window", "RFC 9293 3.8.6.1; SymTCP 2020", either(OVERLAP, "stream.est_packet_out_of_window"), receiver="another")
def zero_window_probe(p):
    """The receiver closes its window; a probe brings a decoy's byte, which it does not take; then the mark."""
    p.open()
    shut(p)
    p.wait(1)
    p.decoy_of(p.decoy[:1], flags=ACK, challenge=True)
    open_and_finish(p)


@strategy("window", "RFC 9293 3.8.6.1", FOUND)
def zero_window_probe_honest(p):
    """The probe brings the byte that comes next, and it is not taken; the same comes again."""
    p.open()
    shut(p)
    for _ in range(3):
        p.wait(1)
        p.decoy_of(p.mark[:1], flags=ACK, challenge=True)
    open_and_finish(p)


@strategy("window", "RFC 9293 3.8.6", FOUND)
def window_small(p):
    """The receiver's window is ten bytes at a time."""
    p.open()
    p.window = 0
    for i in range(0, len(p.mark), 10):
        p.put(p.mark[i : i + 10])
    p.window = 502
    p.tail()


@strategy("window", "Handley, Paxson 2001", either(OVERLAP, "stream.est_packet_out_of_window"), receiver="another")
def shrunk_window(p):
    """A decoy beyond a window that the receiver has taken back, in the mark's place."""
    p.open()
    shut(p)
    p.decoy_of(flags=ACK | PSH, challenge=True)
    open_and_finish(p)


@strategy("window", "RFC 7323 2.2", FOUND)
def window_scale_huge(p):
    """A shift of 15 in the client's window scale, to be taken as 14."""
    p.syn(options=p.syn_options(CLIENT)[:-1] + b"\x0f")
    p.syn_ack()
    p.ack(CLIENT)
    p.head()
    p.finish()


@strategy("window", "RFC 9293 3.8.1", FOUND)
def all_sent_twice(p):
    """Every segment of the content comes twice, each time acknowledged."""
    p.shake()
    data = p.content()
    for at in range(0, len(data), 100):
        p.put(data[at : at + 100])
        p.put(data[at : at + 100], off=p.at[0] - len(data[at : at + 100]))
    p.tail()


@strategy("window", "RFC 9293 3.8.1", FOUND)
def repeated_with_other_borders(p):
    """What was not acknowledged is sent again, cut elsewhere."""
    p.shake()
    data = p.content()
    at = p.at[0]
    for start in range(0, len(data), 100):
        p.put(data[start : start + 100], off=at + start, quiet=True)
        p.put(data[max(0, start - 37) : start + 60], off=at + max(0, start - 37), quiet=True)
    p.ack(SERVER)
    p.tail()
