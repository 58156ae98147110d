# SPDX-License-Identifier: Apache-2.0
"""The same ports again (RFC 9293 3.6.1, 6191): a clean message first, then another connection with the mark."""
import copy

from evasions.table import FOUND, GOOD, strategy, turns
from pg_packets import ACK, RST
from pg_play import CLIENT, SERVER

PTACEK = "Ptacek, Newsham 1998 5.4"
FIRST, OTHER_SERVER = 0x11223344, 0x66778899


def first_connection(p, close):
    second, mark = p.turns, p.mark
    p.turns, p.mark = turns(GOOD), GOOD
    p.open().real()
    p.tail(close=close == "fin")
    end = len(p.packets)
    if close == "rst":
        p.put(flags=RST | ACK, taken=False, stamps=False)
    elif close == "rst_server":
        p.put(who=SERVER, flags=RST | ACK, taken=False, stamps=False).said = True
    elif close == "half":
        p.close()
        p.hide(end + 1)
    elif close == "none":
        p.close()
        p.hide(end)
    p.mark = mark
    return second


def reuse(name, what, close, isn, wait, server=OTHER_SERVER):
    @strategy("reuse", PTACEK, FOUND, name=name, what=what)
    def _(p):
        second = first_connection(p, close)
        p.wait(wait)
        p.again(second, (isn, server))
        p.open().real()
        p.tail()


for close_, text in (("fin", "both FINs"), ("rst", "the client's RST"), ("rst_server", "the server's RST"),
                     ("none", "no end that is seen"),
                     ("half", "the client's FIN, and none of the server's that is seen")):
    for where, isn_ in (("above", FIRST + 1_000_000), ("below", FIRST - 1_000_000), ("inside", FIRST + 500),
                        ("far", FIRST + (1 << 31))):
        reuse("after_%s_%s" % (close_, where), "Behind %s a SYN with a number %s." % (text, {
            "above": "above the old ones", "below": "below the old ones", "inside": "among the old ones",
            "far": "half the sequence space away"}[where]), close_, isn_ & 0xFFFFFFFF, 0.05)

reuse("same_number", "Behind both FINs a SYN with the same number, from another server's number.", "fin", FIRST, 61)
reuse("same_number_at_once", "Behind both FINs, at once, a SYN with the same number, from another server's number.", "fin", FIRST,
      0.05)
reuse("a_minute_later", "Behind both FINs, a minute later.", "fin", FIRST + 7, 61)


@strategy("reuse", PTACEK, FOUND)
def seen_again_then_same_number(p):
    """The closed connection's packets once more, as of a second mirror; then a SYN with the same number, whose answer is not seen."""
    second = first_connection(p, "fin")
    p.wait(0.05)
    p.packets += [again_at(x, p.now + i * 50_000) for i, x in enumerate(list(p.packets))]
    p.wait(0.05)
    p.again(second, (FIRST, OTHER_SERVER))
    p.syn()
    p.syn_ack().hidden = True
    p.ack(CLIENT)
    p.head()
    p.real()
    p.tail()


@strategy("reuse", PTACEK, FOUND)
def repeated_fins_behind_the_syn(p):
    """FINs of the old connection come once more behind the SYN of the new one."""
    second = first_connection(p, "fin")
    late = p.packets[-4:]
    p.again(second, (FIRST + 1_000_000, OTHER_SERVER))
    p.syn()
    p.packets += [again_at(x, p.now + i) for i, x in enumerate(late)]
    p.now += 50_000
    p.syn_ack()
    p.ack(CLIENT)
    p.head()
    p.finish()


@strategy("reuse", PTACEK, FOUND)
def old_data_in_the_new_connection(p):
    """All of the old connection's data comes once more in the new one: out of its window."""
    second = first_connection(p, "fin")
    late = [x for x in p.packets if x.payload]
    p.again(second, (FIRST - 0x10000000, OTHER_SERVER))
    p.open()
    p.packets += [again_at(x, p.now + i) for i, x in enumerate(late)]
    p.now += 50_000
    p.finish()


def again_at(packet, time):
    """The same packet once more."""
    other = copy.copy(packet)
    other.time = time
    return other
