# SPDX-License-Identifier: Apache-2.0
"""What a mirror shows of the two directions: one only, from the middle on, one behind the other."""
from evasions.table import FOUND, strategy, unscanned
from pg_packets import ACK, FIN
from pg_play import CLIENT, MACS, SERVER, ethernet

PTACEK = "Ptacek, Newsham 1998 5.4"


def honest(p):
    p.open().real()
    return p.tail()


def spread(p, packets):
    """These packets, in this order, at their new times."""
    for i, x in enumerate(packets):
        x.time = p.start + i * 50_000
    p.packets = packets


@strategy("direction", "RFC 9293 3.6", FOUND)
def half_close(p):
    """The client's FIN comes with the end of its message; the server answers behind it."""
    p.turns[-2:] = []
    p.open().real()
    p.put(p.after, flags=FIN | ACK)
    p.after = b""
    p.tail(close=False)
    p.put(who=SERVER, flags=FIN | ACK)


@strategy("direction", PTACEK, FOUND)
def midstream_before_mail(p):
    """The capture begins behind the handshake and the greeting."""
    p.shake()
    for _ in range(3):
        p.turn()
    p.packets = []
    p.head()
    p.finish()


@strategy("direction", PTACEK, unscanned("midstream"), twin=("midstream",))
def midstream_in_the_content(p):
    """The capture begins in the content, before the mark: what came before is not known."""
    p.open()
    p.packets = []
    p.finish()


@strategy("direction", PTACEK, FOUND)
def client_only(p):
    """The server's packets are not in the capture."""
    spread(honest(p), [x for x in p.packets if x.who == CLIENT])


@strategy("direction", PTACEK, unscanned("gap", "midstream"), twin=("gap", "midstream"))
def server_only(p):
    """The client's packets are not in the capture: a message was taken that nobody has read."""
    spread(honest(p), [x for x in p.packets if x.who == SERVER])


@strategy("direction", "Handley, Paxson 2001", FOUND)
def client_first(p):
    """All of the client's packets, then all of the server's."""
    honest(p)
    spread(p, [x for x in p.packets if x.who == CLIENT] + [x for x in p.packets if x.who == SERVER])


@strategy("direction", "Handley, Paxson 2001", FOUND)
def server_first(p):
    """All of the server's packets, then all of the client's."""
    honest(p)
    spread(p, [x for x in p.packets if x.who == SERVER] + [x for x in p.packets if x.who == CLIENT])


@strategy("direction", "Handley, Paxson 2001", FOUND)
def acknowledged_before_it_is_seen(p):
    """Each acknowledgement comes before what it acknowledges."""
    honest(p)
    packets = list(p.packets)
    for i in range(4, len(packets) - 1, 2):
        if packets[i].payload and not packets[i + 1].payload and packets[i].who != packets[i + 1].who:
            packets[i], packets[i + 1] = packets[i + 1], packets[i]
    spread(p, packets)


@strategy("direction", "Handley, Paxson 2001", FOUND)
def server_five_packets_early(p):
    """The server's direction is shown some packets ahead of the client's."""
    honest(p)
    order = [(i - 5 * (x.who == SERVER), i, x) for i, x in enumerate(p.packets)]
    spread(p, [x for _, _, x in sorted(order, key=lambda o: o[:2])])


@strategy("direction", "Handley, Paxson 2001", FOUND)
def client_five_packets_early(p):
    """The client's direction is shown some packets ahead of the server's."""
    honest(p)
    order = [(i - 5 * (x.who == CLIENT), i, x) for i, x in enumerate(p.packets)]
    spread(p, [x for _, _, x in sorted(order, key=lambda o: o[:2])])


@strategy("direction", "a mirror of both directions of two ports", FOUND)
def every_packet_twice(p):
    """Each packet comes twice, as from a mirror of two ports that it passes, with the router's addresses and one hop less."""
    honest(p)
    out = []
    for x in p.packets:
        out.append(x)
        again = type(x).__new__(type(x))
        again.__dict__.update(x.__dict__, ttl=63, link=lambda packet, who: ethernet(packet, who, macs=(MACS[1], MACS[0])))
        out.append(again)
    spread(p, out)


@strategy("direction", PTACEK + " (hash collisions)", FOUND)
def crossed_connection(p):
    """At the same time, a connection whose addresses are these crossed: in a symmetrical table its hash may be the same."""
    other = type(p)(p.turns, p.mark, p.decoy, p.version, ends=[str(p.addresses[1]), str(p.addresses[0])], start=p.start)
    other.ports = list(p.ports)
    other.shake()
    for _ in range(3):
        other.turn()
    honest(p)
    p.packets += other.packets
