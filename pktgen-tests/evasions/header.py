# SPDX-License-Identifier: Apache-2.0
"""Segments that TCP does not take for what their header says (RFC 9293 3.10.7, 5961, 7323 5)."""
from evasions.table import FOUND, OVERLAP, either, named, strategy
from pg_packets import ACK, FIN, PSH, RST, SYN
from pg_play import URG

SYMTCP = "SymTCP 2020"
INTANG = "Your State is Not Mine 2017"
PTACEK = "Ptacek, Newsham 1998"
PAWS = "stream.pkt_invalid_timestamp"


def decoy_first(source, expected=FOUND, challenge=False, name="", what="", twin_decoy=False, receiver="linux", options=(),
                **fields):
    """The usual: a decoy in the mark's place, then the mark."""

    @strategy("header", source, expected, (4, 6), name, what, twin_decoy=twin_decoy, receiver=receiver, **dict(options))
    def _(p):
        p.open().decoy_of(challenge=challenge, **fields)
        p.real()
        p.tail()


decoy_first(PTACEK + " 3.1; " + INTANG, name="tcp_bad_checksum", what="A decoy with a wrong TCP checksum, before the mark.",
            twin_decoy=True, bad_sum=True)
decoy_first(INTANG + "; lib.erate 2017", name="tcp_offset_small", what="A decoy whose TCP header claims 16 bytes.", doff=4)
decoy_first(INTANG + "; lib.erate 2017", name="tcp_offset_beyond", what="A decoy whose TCP header is longer than its segment.",
            doff=15,
            payload=b"x")
decoy_first(INTANG + "; lib.erate 2017", name="flags_none", what="A decoy without any flag.", flags=0, ack=None)
decoy_first(PTACEK + " 5.2; RFC 9293 3.10.7.4", name="flags_no_ack",
            what="A decoy without ACK: no receiver takes it once connected.",
            flags=PSH, ack=None)
decoy_first("Suricata CVE-2021-35063", name="flags_no_ack_but_number",
            what="A decoy without ACK, but with a number in its field.", flags=PSH)
decoy_first("Geneva 2019", name="flags_xmas", what="A decoy with FIN, PSH and URG, without ACK.", flags=FIN | PSH | URG, ack=None)
decoy_first(SYMTCP, name="flags_syn", what="A decoy in a SYN in the window: a challenge ACK answers it (RFC 5961 4.2).",
            challenge=True,
            flags=SYN, ack=None)
decoy_first(SYMTCP, name="flags_syn_ack", what="A decoy in a SYN-ACK in the window.", challenge=True, flags=SYN | ACK)
decoy_first(SYMTCP, name="flags_syn_fin", what="A decoy in a segment with SYN and FIN.", challenge=True, flags=SYN | FIN | ACK)
decoy_first(SYMTCP, name="ack_future", what="A decoy that acknowledges what was never sent (RFC 5961 5.2).", challenge=True,
            ack=100_000)
decoy_first(SYMTCP, name="ack_past", what="A decoy that acknowledges what was acknowledged more than a window ago (RFC 5961 5.2).",
            challenge=True,
            ack=-2_000_000)
decoy_first(INTANG, name="timestamp_old", what="A decoy with a timestamp of 10 minutes ago (PAWS, RFC 7323 5.3).", challenge=True,
            ts=-600_000)
decoy_first(SYMTCP, name="timestamp_just_old", what="A decoy with a timestamp of a second ago.", challenge=True, ts=-1000)
decoy_first("RFC 7323 3.2", either(OVERLAP, PAWS), name="timestamp_missing", stamps=False, receiver="another",
            what="A decoy without timestamps where they were agreed upon: RFC 7323 has it dropped, Linux takes it.")
decoy_first(INTANG + "; Suricata CVE-2021-45098", either(OVERLAP), name="md5_option",
            what="A decoy signed with MD5: without a key Linux drops it, others pass the option over.",
            extra=b"\x01\x01\x13\x12" + bytes(16))
decoy_first("RFC 5925", named(OVERLAP), name="ao_option", what="A decoy with TCP-AO: receivers that know it drop it.",
            extra=b"\x1d\x10" + bytes(14), stamps=False, receiver="another", options={"timestamps": False})
decoy_first("Geneva 2019", named(OVERLAP), name="option_malformed_decoy", stamps=False, receiver="another",
            options={"timestamps": False},
            what="A decoy with an option of length 0: some receivers take it.", extra=b"\xfd\0\0\0")
decoy_first("Handley, Paxson 2001", either(OVERLAP), name="reserved_bits_decoy",
            what="A decoy with reserved bits set: a device on the way may drop it.", reserved=15, lost=True)


def stamp_ahead(name, what, shift=0, size=0, **fields):
    """A segment with a timestamp far ahead between head and mark; all that is honest bears honest ones."""

    @strategy("header", SYMTCP + "; RFC 7323 5.3", FOUND, name="stamp_ahead_" + name, what=what)
    def _(p):
        p.open().put(p.mark[:size], off=p.at[0] + shift, taken=False, ts=0x70000000, **fields)
        p.wait(0.2)
        p.real()
        p.tail()


stamp_ahead("lost", "A pure ACK with a timestamp far ahead, which does not arrive.", flags=ACK, ttl=1)
stamp_ahead("byte_lost", "The mark's first byte with a timestamp far ahead, which does not arrive.", flags=ACK, ttl=1, size=1)
stamp_ahead("keep_alive", "A keep-alive with a timestamp far ahead: below the window, it is not taken.", flags=ACK, shift=-1,
            challenge=True)
stamp_ahead("beyond", "An empty segment beyond the window with a timestamp far ahead.", flags=ACK, shift=70_000, challenge=True)
stamp_ahead("ack_future", "A pure ACK of what was never sent with a timestamp far ahead.", flags=ACK, ack=100_000, challenge=True)
stamp_ahead("no_flag", "An empty segment without ACK with a timestamp far ahead.", flags=PSH, ack=None)
stamp_ahead("reset", "A RST with a timestamp far ahead, which does not arrive.", flags=RST | ACK, ttl=1)


@strategy("header", PTACEK + " 3.1", FOUND, twin_decoy=True)
def tcp_bad_checksum_after(p):
    """The mark, then a decoy with a wrong TCP checksum in its place."""
    p.open().real(quiet=True)
    p.decoy_of(off=p.at[0] - len(p.mark), bad_sum=True)
    p.tail()


@strategy("header", PTACEK + " 3.1", FOUND, twin_decoy=True)
def tcp_bad_checksum_everywhere(p):
    """A decoy with a wrong checksum before each honest segment of the content."""
    p.shake()
    data = p.content()
    for at in range(0, len(data), 50):
        piece = data[at : at + 50]
        p.decoy_of(b"X" * len(piece), bad_sum=True)
        p.put(piece)
    p.tail()


@strategy("header", "Geneva 2019", FOUND)
def flags_all(p):
    """A decoy with all flags, one byte into the mark: a RST in the window that is not at its edge (RFC 5961 3.2)."""
    p.open().decoy_of(p.decoy[1:], off=p.at[0] + 1, flags=63, challenge=True)
    p.finish()


@strategy("header", "Geneva 2019", FOUND)
def flags_syn_rst(p):
    """A decoy with SYN and RST, one byte into the mark."""
    p.open().decoy_of(p.decoy[1:], off=p.at[0] + 1, flags=SYN | RST, challenge=True)
    p.finish()


@strategy("header", "Geneva 2019", FOUND)
def reserved_bits(p):
    """The mark in a segment with reserved bits set: receivers do not look at them (RFC 9293 3.1)."""
    p.open().real(reserved=14)
    p.tail()


@strategy("header", "RFC 3168", FOUND)
def congestion_bits(p):
    """The mark in a segment with ECE and CWR."""
    p.open().real(flags=ACK | PSH | 0xC0)
    p.tail()


@strategy("header", "Geneva 2019", FOUND, timestamps=False)
def option_malformed(p):
    """The mark in a segment with an option of length 0: Linux stops reading options and takes the segment."""
    p.open().real(extra=b"\xfd\0\0\0")
    p.tail()


@strategy("header", "Geneva 2019", FOUND, timestamps=False)
def option_beyond(p):
    """The mark in a segment with an option that is longer than the header."""
    p.open().real(extra=b"\xfd\x28\0\0")
    p.tail()


@strategy("header", "Geneva 2019", FOUND)
def options_full(p):
    """The mark in a segment with 40 bytes of options."""
    p.open().real(extra=b"\xfd\x1c" + bytes(26))
    p.tail()


@strategy("header", "RFC 7323 3.2; SymTCP 2020", FOUND)
def timestamp_missing_real(p):
    """The mark without timestamps where they were agreed upon: Linux takes it."""
    p.open().real(stamps=False)
    p.tail()


@strategy("header", SYMTCP, FOUND)
def timestamp_far_ahead(p):
    """The sender's clock goes on a day ahead, from the mark on: not older, so taken."""
    p.open()
    p.clock[0] += 86_400_000
    p.finish()


@strategy("header", "RFC 7323 5.4", FOUND)
def timestamp_wraps(p):
    """The sender's timestamps wrap in the middle of the message."""
    p.clock[0] = (1 << 32) - 2
    p.open()
    p.wait(0.01)
    p.finish()


@strategy("header", "RFC 5961 5.2", FOUND)
def ack_repeated(p):
    """The mark in a segment that acknowledges a little less than the one before: receivers take it."""
    p.open().real(ack=-20)
    p.tail()
