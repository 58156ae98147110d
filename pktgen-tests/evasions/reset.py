# SPDX-License-Identifier: Apache-2.0
"""Ends that are none: RST and FIN that the receiver does not take, and the connection goes on (RFC 9293 3.10.7.4, 5961 3)."""
from evasions.table import FOUND, OVERLAP, either, strategy
from pg_packets import ACK, FIN, RST
from pg_play import CLIENT, SERVER, URG

INTANG = "Your State is Not Mine 2017"
SYMTCP = "SymTCP 2020"
PTACEK = "Ptacek, Newsham 1998"
MD5 = b"\x01\x01\x13\x12" + bytes(16)


def between(name, source, what, who=CLIENT, shift=0, times=1, **fields):
    """Some packets between head and mark, that end nothing."""

    @strategy("reset", source, FOUND, name=name, what=what)
    def _(p):
        p.open()
        for _ in range(times):
            p.put(fields.get("payload", b""), who, taken=False, off=p.at[who] + shift,
                  **{k: v for k, v in fields.items() if k != "payload"})
        p.wait(0.2)
        p.real()
        p.tail()


def both_sides(name, source, what, **fields):
    between(name, source, what + ", from the client.", **fields)
    between(name + "_of_the_server", source, what + ", from the server.", who=SERVER, **fields)


both_sides("rst_low_ttl", INTANG + "; lib.erate 2017", "An exact RST that does not arrive", flags=RST, ack=None, stamps=False,
           ttl=1)
both_sides("rst_ack_low_ttl", INTANG, "An exact RST with ACK that does not arrive", flags=RST | ACK, stamps=False, ttl=1)
both_sides("rst_bad_checksum", INTANG + "; " + PTACEK, "An exact RST with a wrong checksum", flags=RST, ack=None, stamps=False,
           bad_sum=True)
both_sides("rst_in_the_window", "RFC 5961 3.2", "A RST in the window but not at its edge: a challenge ACK answers it", flags=RST,
           ack=None,
           stamps=False, shift=500, challenge=True)
both_sides("rst_one_above", "RFC 5961 3.2", "A RST one above the edge", flags=RST, ack=None, stamps=False, shift=1, challenge=True)
both_sides("rst_below", PTACEK, "A RST one below the edge: outside of the window, ignored", flags=RST, ack=None, stamps=False,
           shift=-1)
both_sides("rst_far_below", PTACEK, "A RST far below the window", flags=RST, ack=None, stamps=False, shift=-1_000_000)
both_sides("rst_far_above", PTACEK, "A RST far above the window", flags=RST, ack=None, stamps=False, shift=1_000_000)
both_sides("rst_ack_wrong", SYMTCP, "An exact RST that acknowledges what was never sent, and does not arrive", flags=RST | ACK,
           stamps=False, ack=70_000, ttl=1)
both_sides("rst_old_timestamp", INTANG, "An exact RST with a timestamp that is too old, and does not arrive", flags=RST | ACK,
           ts=-900_000, ttl=1)
both_sides("rst_md5", "Suricata CVE-2021-45098", "An exact RST signed with MD5: dropped by who has no key", flags=RST | ACK,
           extra=MD5)
both_sides("rst_with_data", "RFC 9293 3.5.3; SymTCP 2020", "A RST with words in it, above the edge", flags=RST | ACK,
           payload=b"go away",
           shift=1, challenge=True)
both_sides("rst_three_times", INTANG, "Three RSTs of rising numbers, none of which arrives", flags=RST, ack=None, stamps=False,
           ttl=1, times=3)
both_sides("fin_low_ttl", INTANG, "A FIN that does not arrive", flags=FIN | ACK, ttl=1)
both_sides("fin_bad_checksum", INTANG, "A FIN with a wrong checksum", flags=FIN | ACK, bad_sum=True)
both_sides("fin_without_ack", "Suricata CVE-2019-18792", "A FIN without ACK at the next segment's number", flags=FIN, ack=None)
both_sides("fin_old_timestamp", INTANG, "A FIN with a timestamp that is too old", flags=FIN | ACK, ts=-900_000, challenge=True)
both_sides("fin_below", PTACEK, "A FIN below the window", flags=FIN | ACK, shift=-5, challenge=True)
both_sides("fin_far_above", PTACEK, "A FIN far above the window", flags=FIN | ACK, shift=1_000_000, challenge=True)
both_sides("fin_ack_wrong", SYMTCP, "A FIN that acknowledges what was never sent", flags=FIN | ACK, ack=100_000, challenge=True)
both_sides("fin_md5", "Suricata CVE-2021-45098", "A FIN signed with MD5: dropped by who has no key", flags=FIN | ACK, extra=MD5)
both_sides("fin_rst", "Geneva 2019", "FIN and RST, one above the edge", flags=FIN | RST | ACK, shift=1, challenge=True)
both_sides("fin_urgent", "Geneva 2019", "FIN and URG without ACK", flags=FIN | URG, ack=None)


@strategy("reset", PTACEK + " 5.4", FOUND)
def fin_ahead_in_the_window(p):
    """A FIN some bytes ahead of a hole, which does not arrive; what follows goes on behind its place."""
    p.open().put(flags=FIN | ACK, off=p.at[0] + 40, taken=False, ttl=1)
    p.finish()


@strategy("reset", "Suricata CVE-2019-18792", FOUND)
def fin_with_data_low_ttl(p):
    """A FIN that does not arrive, with the first bytes of the mark in it."""
    p.open().put(p.mark[:8], flags=FIN | ACK, taken=False, ttl=1)
    p.finish()


@strategy("reset", "SymTCP 2020", FOUND)
def fin_beyond_with_data(p):
    """A FIN with bytes from the window's end on: outside, not taken."""
    p.open().put(b"the end\r\n.\r\n", flags=FIN | ACK, off=p.at[0] + 64_256, taken=False, challenge=True)
    p.finish()


@strategy("reset", INTANG, FOUND)
def rst_and_long_silence(p):
    """A RST that does not arrive, then silence of half a minute, then the rest."""
    p.open().put(flags=RST, ack=None, taken=False, stamps=False, ttl=1)
    p.wait(30)
    p.finish()


@strategy("reset", INTANG, FOUND)
def rst_of_both(p):
    """A RST of each side, neither of which arrives."""
    p.open()
    for who in (CLIENT, SERVER):
        p.put(who=who, flags=RST | ACK, taken=False, stamps=False, ttl=1)
    p.finish()


@strategy("reset", PTACEK + " 5.4", FOUND)
def fin_and_rst_by_turns(p):
    """FINs and RSTs between all segments of the content, none of which arrives."""
    p.shake()
    data = p.content()
    for at in range(0, len(data), 100):
        p.put(flags=FIN | ACK if at % 200 else RST, ack=0 if at % 200 else None, taken=False, ttl=1, stamps=bool(at % 200))
        p.put(data[at : at + 100])
    p.tail()


@strategy("reset", SYMTCP + "; RFC 9293 3.10.7.4", FOUND)
def decoy_behind_the_fin(p):
    """Other bytes that do not arrive, behind the place of the last FIN, which is acknowledged: they were nobody's."""
    p.open()
    p.decoy_of(b"Content-Type: text/plain\r\n\r\n" + p.decoy + b"\r\n.\r\n", off=p.at[0] + 40_000, ttl=1)
    p.real()
    p.tail(close=False)
    p.put(who=SERVER, flags=FIN | ACK)
    p.put(flags=FIN | ACK)


@strategy("reset", SYMTCP, either(OVERLAP, "stream.pkt_invalid_timestamp"))
def rst_then_an_old_decoy(p):
    """A RST one above the edge, which is challenged; then a decoy with an old timestamp, before the mark in its place."""
    p.open()
    p.put(flags=RST | ACK, off=p.at[0] + 1, taken=False, challenge=True, ts=0x70000000)
    p.decoy_of(ts=-100_000, challenge=True)
    p.real()
    p.tail()
