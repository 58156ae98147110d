# SPDX-License-Identifier: Apache-2.0
"""Connections that begin otherwise than in three steps, and what is injected while they begin (RFC 9293 3.5, 7413)."""
import struct

from evasions.table import FOUND, OVERLAP, either, named, strategy, unscanned
from pg_packets import ACK, FIN, PSH, RST, SYN
from pg_play import CLIENT, SERVER

SYMTCP = "SymTCP 2020"
INTANG = "Your State is Not Mine 2017"
PTACEK = "Ptacek, Newsham 1998"
THEMIS = "Themis 2021"
JUNK = b"GET / HTTP/1.0\r\nHost: www.example.net\r\n\r\n"


def go_on(p):
    p.head()
    p.finish()


@strategy("handshake", PTACEK + " 5.4; Geneva 2019", FOUND)
def data_in_syn(p):
    """Other bytes in the SYN: a server without TCP Fast Open does not take them."""
    p.shake(payload=JUNK if p.infected else p.said()[: len(JUNK)])
    go_on(p)


@strategy("handshake", "Geneva 2019; RFC 7413", FOUND, receiver="another")
def data_in_syn_taken(p):
    """The client's first line in its SYN, with a cookie, and the server takes it."""
    greeting, hello = p.turns[0][1], p.turns[1][1]
    cookie = b"\x22\x0a" + bytes(8)
    p.syn(payload=hello, extra=cookie)
    p.at[CLIENT] = len(hello)
    p.got[SERVER].add(0, len(hello))
    p.syn_ack(ack=len(hello))
    p.ack(CLIENT)
    p.turns[0:3] = [(SERVER, greeting + p.turns[2][1])]
    go_on(p)


@strategy("handshake", "Geneva 2019", FOUND)
def data_in_syn_ack(p):
    """The greeting in the SYN-ACK, which the client does not take, and then again."""
    p.syn()
    p.syn_ack(payload=p.turns[0][1])
    p.ack(CLIENT)
    go_on(p)


@strategy("handshake", SYMTCP, FOUND)
def data_before_syn_ack(p):
    """Other bytes behind the SYN, before the server has answered: it does not take them."""
    p.syn()
    p.decoy_of(JUNK if p.infected else p.said()[: len(JUNK)], flags=PSH, ack=None)
    p.syn_ack()
    p.ack(CLIENT)
    go_on(p)


@strategy("handshake", SYMTCP, FOUND)
def data_before_syn_ack_with_ack(p):
    """The same, acknowledging a number that the server has not."""
    p.syn()
    p.decoy_of(JUNK if p.infected else p.said()[: len(JUNK)], ack=4711)
    p.syn_ack()
    p.ack(CLIENT)
    go_on(p)


@strategy("handshake", "Suricata CVE-2018-6794", FOUND, receiver="another")
def greeting_before_the_handshake_ends(p):
    """The server's greeting before the client's ACK of the handshake."""
    p.syn()
    p.syn_ack()
    p.put(p.turns[0][1], SERVER, quiet=True)
    p.spoken = 1
    p.ack(CLIENT)
    go_on(p)


@strategy("handshake", "Suricata CVE-2018-6794", FOUND, receiver="another")
def greeting_before_syn_ack(p):
    """The mirror shows the greeting before the SYN-ACK."""
    p.syn()
    p.syn_ack()
    late = p.packets.pop()
    p.put(p.turns[0][1], SERVER, quiet=True)
    p.spoken = 1
    late.time = p.now
    p.packets.append(late)
    p.now += 50_000
    p.ack(CLIENT)
    go_on(p)


@strategy("handshake", SYMTCP + "; RFC 9293 3.5", FOUND)
def handshake_without_the_last_ack(p):
    """The mirror lacks the ACK of the handshake."""
    p.syn()
    p.syn_ack()
    p.ack(CLIENT)
    p.hide(-1)
    go_on(p)


@strategy("handshake", INTANG + "; " + SYMTCP, FOUND)
def syn_first_with_other_number(p):
    """A SYN with another number that does not arrive, then the real one."""
    p.syn(isn=0x7777, ttl=1)
    p.shake()
    go_on(p)


@strategy("handshake", INTANG + "; " + SYMTCP, FOUND)
def syn_again_before_syn_ack(p):
    """The SYN, then one with another number: the server keeps the first."""
    p.syn()
    p.syn(isn=0x77777777)
    p.syn_ack()
    p.ack(CLIENT)
    go_on(p)


@strategy("handshake", SYMTCP, FOUND)
def syn_again_after_syn_ack(p):
    """A SYN with another number between SYN-ACK and ACK."""
    p.syn()
    p.syn_ack()
    p.syn(isn=0x77777777)
    p.syn_ack()
    p.ack(CLIENT)
    go_on(p)


def answered(p, *numbers):
    """A handshake for each of the client's and server's numbers, but for the last ACK. A server that keeps no state until that comes
    (SYN cookies, RFC 4987 3.6) answers each SYN."""
    own = p.isn
    for p.isn in map(list, numbers):
        p.syn()
        p.syn_ack()
    p.isn = own


COOKIES = "RFC 4987 3.6 (SYN cookies)"


def two_answered(name, what, *order, expected=FOUND):
    """order: distances of each handshake's numbers from those that the session goes on with."""

    @strategy("handshake", COOKIES, expected, receiver="another", name=name, what=what)
    def _(p):
        answered(p, *([n + by & 0xFFFFFFFF for n, by in zip(p.isn, pair)] for pair in order))
        p.ack(CLIENT)
        go_on(p)


for where_, by_ in (("far", 0x30000000), ("above", 500), ("below", -500)):
    text_ = "%s numbers" % {"far": "far", "above": "slightly higher", "below": "slightly lower"}[where_]
    two_answered("two_handshakes_first_goes_on_%s" % where_,
                 "Two SYNs, both answered, the second with %s; the session goes on with the first." % text_, (0, 0), (by_, by_))
    two_answered("two_handshakes_second_goes_on_%s" % where_,
                 "Two SYNs, both answered, the first with %s; the session goes on with the second." % text_, (by_, by_), (0, 0))
    two_answered("three_handshakes_first_goes_on_%s" % where_,
                 "Three SYNs, all answered, the later ones with %s; the session goes on with the first." % text_, (0, 0), (by_, by_),
                 (2 * by_, 2 * by_))
two_answered("two_answers_first_goes_on", "A SYN twice, answered with two numbers; the session goes on with the first.", (0, 0),
             (0, 100_000))
two_answered("two_answers_second_goes_on", "A SYN twice, answered with two numbers; the session goes on with the second.",
             (0, 100_000), (0, 0))


@strategy("handshake", COOKIES, FOUND, receiver="another")
def two_handshakes_without_the_last_ack(p):
    """Two SYNs, both answered; the session goes on with the first, and the mirror lacks the ACK of its handshake."""
    answered(p, p.isn, [n + 100_000 for n in p.isn])
    p.ack(CLIENT)
    p.hide(-1)
    go_on(p)


@strategy("handshake", COOKIES, either("stream.3whs_syn_resend_diff_seq_on_syn_recv"), twin=("midstream",), receiver="another")
def three_handshakes_without_the_last_ack(p):
    """Three SYNs, all answered; the session goes on with the first, and the mirror lacks the ACK of its handshake."""
    answered(p, p.isn, [n + 100_000 for n in p.isn], [n + 200_000 for n in p.isn])
    p.ack(CLIENT)
    p.hide(-1)
    go_on(p)


@strategy("handshake", COOKIES, FOUND, receiver="another")
def two_handshakes_both_tried(p):
    """Two SYNs, both answered, and data behind each that does not arrive; the session goes on with the first."""
    second = [n + 0x30000000 for n in p.isn]
    answered(p, p.isn, second)
    junk = JUNK if p.infected else p.said()[: len(JUNK)]
    p.ack(CLIENT)
    p.decoy_of(junk, isn=second[CLIENT], ack=0x30000000, ttl=1)
    go_on(p)


@strategy("handshake", COOKIES, FOUND, receiver="another")
def handshake_open_and_another_answered(p):
    """A handshake to its end; then another SYN, which is answered, too, and the session goes on with that."""
    first = [n + 0x30000000 & 0xFFFFFFFF for n in p.isn]
    own = p.isn
    p.isn = first
    p.shake()
    p.isn = own
    p.shake()
    go_on(p)


@strategy("handshake", "Ptacek, Newsham 1998 5.4", FOUND)
def handshake_and_data_that_do_not_arrive(p):
    """Behind the handshake another one and data of both sides in its numbers, none of which arrives; then the session."""
    p.shake()
    p.syn(isn=0x70000000, ttl=1)
    p.syn_ack(isn=0x60000000, ack=0x70000000 - p.isn[0], ttl=1)
    p.put(p.turns[0][1], SERVER, isn=0x60000000, off=0, taken=False, ack=0x70000000 - p.isn[0], ttl=1)
    p.put(p.turns[1][1], isn=0x70000000, off=0, taken=False, ack=0x60000000 - p.isn[1] + len(p.turns[0][1]), ttl=1)
    go_on(p)


@strategy("handshake", "Ptacek, Newsham 1998 5.4", named("stream.est_syn_resend_diff_seq"), twin=("gap", "midstream"))
def handshake_and_data_between_all(p):
    """Behind the handshake another one that does not arrive; then, before each segment, one with data in its numbers. What is read as two
    connections in turn is several messages, none of them clean."""
    p.shake()
    p.syn(isn=0x70000000, ttl=1)
    p.syn_ack(isn=0x60000000, ack=0x70000000 - p.isn[0], ttl=1)
    at = 0
    for who, data in p.turns:
        p.put(b"X" * 10, isn=0x70000000, off=at, taken=False, ack=0x60000000 - p.isn[1] - p.got[CLIENT].edge, ttl=1)
        at += 10
        p.say(data, who)
    p.close()
    p.messages = 3  # the one, in parts


@strategy("handshake", SYMTCP, FOUND)
def syn_again_not_answered(p):
    """A SYN with another number behind the SYN-ACK, which nobody answers; the session goes on as it began."""
    p.syn()
    p.syn_ack()
    p.syn(isn=0x77777777)
    p.ack(CLIENT)
    go_on(p)


@strategy("handshake", INTANG, FOUND)
def syn_with_bad_checksum(p):
    """A SYN with another number and a wrong checksum, then the real one."""
    p.syn(isn=0x7777, bad_sum=True)
    p.shake()
    go_on(p)


@strategy("handshake", "fragroute; Geneva 2019", FOUND)
def syn_in_the_connection(p):
    """In the middle, a SYN of the same ports far from the window: a challenge ACK answers it (RFC 5961 4.2)."""
    p.open()
    p.syn(isn=0x70000000)
    p.ack(SERVER)
    p.finish()


@strategy("handshake", "INTANG 2017; RFC 5961 4.2", FOUND)
def syn_in_the_window(p):
    """In the middle, a SYN in the window, without data."""
    p.open()
    p.decoy_of(b"", flags=SYN, ack=None, challenge=True)
    p.finish()


@strategy("handshake", "fragroute tcp_seg, tcp_chaff", FOUND)
def syn_in_the_connection_with_data(p):
    """In the middle, a SYN far from the window, with other bytes, then segments that follow its number."""
    p.open()
    p.syn(isn=0x70000000, payload=JUNK)
    p.ack(SERVER)
    for i in range(3):
        p.decoy_of(JUNK, off=i * len(JUNK), isn=0x70000000 + len(JUNK), challenge=True)
    p.finish()


@strategy("handshake", "Ptacek, Newsham 1998 5.4", FOUND)
def handshake_in_the_connection(p):
    """In the middle, a whole second handshake of which no packet arrives at its end."""
    p.open()
    p.syn(isn=0x70000000, ttl=1)
    p.syn_ack(isn=0x60000000, ack=0x70000000 - p.isn[0], ttl=1)
    p.put(b"", flags=ACK, isn=0x70000000, off=0, taken=False, ack=0x60000000 - p.isn[1] - p.got[0].edge, ttl=1)
    p.finish()


@strategy("handshake", THEMIS, FOUND)
def syn_ack_other_number_first(p):
    """A SYN-ACK with another number, which the client does not take, then the real one."""
    p.syn()
    p.syn_ack(isn=0x66666666, ttl=1)
    p.syn_ack()
    p.ack(CLIENT)
    go_on(p)


@strategy("handshake", THEMIS, FOUND)
def syn_ack_other_number_later(p):
    """The SYN-ACK, then one with another number, then the client's ACK of the first."""
    p.syn()
    p.syn_ack()
    p.syn_ack(isn=0x66666666)
    p.ack(CLIENT)
    go_on(p)


@strategy("handshake", "INTANG 2017", FOUND)
def syn_ack_wrong_ack(p):
    """A SYN-ACK that acknowledges another number than the SYN's: the client answers with RST, the server goes on."""
    p.syn()
    p.syn_ack(ack=9999, ttl=1)
    p.syn_ack()
    p.ack(CLIENT)
    go_on(p)


@strategy("handshake", INTANG, FOUND)
def syn_ack_by_the_client(p):
    """The client sends a SYN-ACK before its SYN, so that it looks like the server (TCB reversal)."""
    p.syn_ack(CLIENT, ack=-1, options=p.syn_options(CLIENT), ttl=1)
    p.put(b"", SERVER, off=-1, flags=RST, ack=None, taken=False, stamps=False)
    p.wait(0.1)
    p.shake()
    go_on(p)


@strategy("handshake", SYMTCP, FOUND)
def ack_wrong_in_the_handshake(p):
    """In the place of the handshake's ACK one with a wrong number and other bytes; the server answers with RST, and waits on."""
    p.syn()
    p.syn_ack()
    junk = JUNK if p.infected else p.said()[: len(JUNK)]
    p.decoy_of(junk, ack=5000)
    p.put(b"", SERVER, off=5000, flags=RST, ack=None, taken=False, stamps=False)
    p.ack(CLIENT)
    go_on(p)


@strategy("handshake", "Suricata CVE-2021-37592; RFC 7323 5", FOUND)
def data_with_old_timestamp_behind_the_handshake(p):
    """Directly behind the handshake other bytes with a timestamp that is too old."""
    p.shake()
    p.decoy_of(JUNK if p.infected else p.said()[: len(JUNK)], ts=-5_000_000, challenge=True)
    go_on(p)


@strategy("handshake", "Suricata CVE-2019-18625", FOUND)
def rst_and_fin_with_old_timestamp(p):
    """Behind the SYN, RST and FIN of the server, with ACK and a timestamp that was never sent: the client takes neither."""
    p.syn()
    for flags in (RST | ACK, FIN | ACK):
        p.put(b"", SERVER, off=0, flags=flags, taken=False, isn=0x44444444, ack=-77, ttl=1)
    p.syn_ack()
    p.ack(CLIENT)
    go_on(p)


@strategy("handshake", SYMTCP, FOUND)
def rst_below_the_window_in_the_handshake(p):
    """A RST below the window between SYN-ACK and ACK: out of the window, so ignored (RFC 9293 3.10.7.4)."""
    p.syn()
    p.syn_ack()
    p.put(b"", off=-1000, flags=RST, ack=None, taken=False, stamps=False)
    p.ack(CLIENT)
    go_on(p)


@strategy("handshake", SYMTCP, FOUND)
def fin_without_ack_in_the_handshake(p):
    """A FIN without ACK between SYN-ACK and ACK: dropped."""
    p.syn()
    p.syn_ack()
    p.put(b"", flags=FIN, ack=None, taken=False)
    p.ack(CLIENT)
    go_on(p)


@strategy("handshake", "RFC 9293 3.5", FOUND, receiver="another")
def simultaneous_open(p):
    """Both send a SYN, both answer with a SYN-ACK of the same number."""
    p.syn(CLIENT)
    p.syn(SERVER)
    p.syn_ack(CLIENT)
    p.syn_ack(SERVER)
    p.ack(CLIENT)
    go_on(p)


@strategy("handshake", "Beardsley, Qian 2010 (split handshake)", FOUND, receiver="another")
def split_handshake(p):
    """The server answers the SYN with an ACK, then a SYN of its own; the client's SYN-ACK and an ACK follow."""
    p.syn(CLIENT)
    p.put(b"", SERVER, off=-1, flags=ACK, taken=False, stamps=False)
    p.syn(SERVER)
    p.syn_ack(CLIENT)
    p.ack(SERVER)
    go_on(p)


@strategy("handshake", "Beardsley, Qian 2010 (split handshake)", FOUND, receiver="another")
def split_handshake_without_ack(p):
    """The server answers the SYN with a SYN alone."""
    p.syn(CLIENT)
    p.syn(SERVER)
    p.syn_ack(CLIENT)
    p.ack(SERVER)
    go_on(p)


@strategy("handshake", "RFC 9293 3.8.1", FOUND)
def handshake_lost_and_repeated(p):
    """SYN and SYN-ACK are each sent three times."""
    for _ in range(3):
        p.syn()
        p.wait(1)
    for _ in range(3):
        p.syn_ack()
    p.ack(CLIENT)
    go_on(p)


@strategy("handshake", "Handley, Paxson 2001", either(OVERLAP))
def server_data_after_our_syn_ack_lost(p):
    """No SYN-ACK at all is seen."""
    p.syn()
    p.ack(CLIENT)
    go_on(p)


@strategy("handshake", "RFC 8684", unscanned("unsupported"), twin=("unsupported",))
def multipath(p):
    """Both SYNs offer MPTCP: what is said on other paths is not seen here."""
    capable = struct.pack("!BBBB", 30, 12, 0x01, 0x01) + b"KEYKEYKE"
    p.syn(extra=b"\x1e\x04\x01\x01")
    p.syn_ack(extra=capable)
    p.put(b"", flags=ACK, quiet=True, extra=b"\x1e\x14\x01\x01" + b"KEYKEYKEkeykeyke")
    go_on(p)


@strategy("handshake", "RFC 8684 3.1", FOUND)
def multipath_refused(p):
    """The client offers MPTCP, the server does not know it: the connection is TCP's."""
    p.syn(extra=b"\x1e\x04\x01\x01")
    p.syn_ack()
    p.ack(CLIENT)
    go_on(p)
