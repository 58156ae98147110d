# SPDX-License-Identifier: Apache-2.0
"""IP fragments (RFC 791, 815, 1858, 3128; RFC 8200 4.5, 5722, 6946, 7112). Linux has, since 4.19, dropped a datagram of IPv4 in
which fragments overlap, as IPv6 asks for: the sender's TCP repeats it then."""
from evasions.table import FOUND, OVERLAP, either, named, strategy
from pg_play import (DESTINATION_OPTIONS, HOP_BY_HOP, MACS, SERVER, Packet, behind, ethernet, every, fragments,
                     ip_changed)

PTACEK = "Ptacek, Newsham 1998 4"
OVERLAPS = ("decoder.ipv4.frag_overlap", "decoder.ipv6.frag_overlap", OVERLAP)
LOST = OVERLAPS + ("stream.reassembly_seq_gap",)


def cut_by(size, order=list, **options):
    more = sum(len(rest) + 1 for _, rest in options.get("after", ()))
    return lambda packet: order(fragments(packet, every(size, behind(packet) + more), 7, **options))


def in_pieces(name, source, what, cut, expected=FOUND, versions=(4, 6), receiver="linux"):
    """The mark's packet in fragments."""

    @strategy("fragments", source, expected, versions, name=name, what=what, receiver=receiver)
    def _(p):
        p.open().real(cut=cut)
        p.tail()


in_pieces("fragments_in_order", PTACEK, "Fragments of 48 bytes.", cut_by(48))
in_pieces("fragments_tiny", PTACEK + "; RFC 1858", "Fragments of 8 bytes: the TCP header is in several.", cut_by(8), versions=(4,))
in_pieces("fragments_tiny_reversed", PTACEK + "; fragroute", "The same, the last first.", cut_by(8, lambda x: x[::-1]),
          versions=(4,))
in_pieces("fragments_reversed", PTACEK, "Fragments of 40 bytes, the last first.", cut_by(40, lambda x: x[::-1]))
in_pieces("fragments_last_first", PTACEK + "; fragroute", "The last one first.", cut_by(40, lambda x: x[-1:] + x[:-1]))
in_pieces("fragments_twice", PTACEK, "Each fragment twice.", cut_by(40, lambda x: [y for z in x for y in (z, z)]))
in_pieces("fragments_first_twice_late", PTACEK, "The first fragment once more, as the last.",
          cut_by(40, lambda x: x[:-1] + x[:1] + x[-1:]))
in_pieces("atomic_fragment", "RFC 6946", "A fragment header, and all of the packet behind it.", cut_by(4096), versions=(6,))
in_pieces("atomic_fragment_twice", "RFC 6946; Suricata ipv6-evasion", "The same, twice: neither waits for the other.",
          cut_by(4096, lambda x: x * 2), versions=(6,))
in_pieces("options_before_the_fragment_header", "RFC 8200 4.5", "Hop-by-hop options before the fragment header.",
          cut_by(48, before=(HOP_BY_HOP,)), versions=(6,))
in_pieces("options_behind_the_fragment_header", "RFC 8200 4.5", "Destination options behind the fragment header.",
          cut_by(48, after=(DESTINATION_OPTIONS,)), versions=(6,))
in_pieces("options_on_both_sides", "RFC 8200 4.5", "Both.", cut_by(48, before=(HOP_BY_HOP, DESTINATION_OPTIONS),
                                                                   after=(DESTINATION_OPTIONS,)),
          versions=(6,))
in_pieces("header_chain_in_two_fragments", "RFC 7112",
          "The TCP header is only in the second fragment: hosts should drop it, and some do not.",
          cut_by(8, after=(DESTINATION_OPTIONS,)), either(*LOST), versions=(6,), receiver="another")


@strategy("fragments", PTACEK, FOUND)
def all_in_fragments(p):
    """Every packet of the client's content in fragments of 64 bytes, in changing order."""
    p.shake()
    data = p.content()
    for i, at in enumerate(range(0, len(data), 300)):
        p.put(data[at : at + 300], cut=lambda packet, i=i: fragments(packet, every(64, behind(packet)),
                                                                     100 + i)[:: -1 if i % 2 else 1])
    p.tail()


@strategy("fragments", PTACEK, FOUND)
def whole_connection_in_fragments(p):
    """Every packet of both sides that is larger than 40 bytes."""
    numbers = iter(range(1000, 65000))
    p.cut = lambda packet: fragments(packet, every(40, behind(packet)), next(numbers)) if behind(packet) > 40 else [packet]
    p.open().real()
    p.tail()


def two_packets(p, mix):
    """The fragments of the real packet and of the decoy's, of the same number and mixed; both are right when taken whole."""
    def cut(packet):
        other = Packet(p, x.who, x.flags, x.off, p.decoy, x.ack, x.options).packet()
        return mix(fragments(packet, every(40, behind(packet)), 9), fragments(other, every(40, behind(other)), 9))

    x = p.put(p.mark, quiet=True, cut=cut)
    return x


def contradiction(name, what, mix, keeps, expected=None, receiver="linux"):
    """keeps: the receiver has completed the mark's packet; else it drops both, and the mark is repeated whole."""

    @strategy("fragments", PTACEK + "; Novak 2005; PYROLYSE 2025", expected or named(*(LOST if keeps else OVERLAPS)), name=name,
              what=what,
              receiver=receiver)
    def _(p):
        p.open()
        two_packets(p, mix)
        if not keeps:
            p.wait(0.3)
            p.put(p.mark, off=p.at[0] - len(p.mark))
        p.ack(SERVER)
        p.tail()


def pairs(first, second):
    return [f for pair in zip(first, second) for f in pair]


contradiction("fragments_contradict_first_kept", "Two copies of each fragment contradict each other; the receiver keeps the first.",
              lambda real, decoy: pairs(real, decoy), True)
contradiction("fragments_contradict_last_kept", "Two copies of each fragment contradict each other; the receiver keeps the last.",
              lambda real, decoy: pairs(decoy, real)[:-2] + [real[-1], decoy[-1]], True, receiver="another")
contradiction("fragments_contradict_dropped",
              "Two copies of each fragment contradict each other; the receiver drops both; the mark is repeated.",
              lambda real, decoy: pairs(decoy, real), False, either(*OVERLAPS))
contradiction("fragments_decoy_then_real_dropped", "All but the last fragment of a decoy, then all of the mark's packet.",
              lambda real, decoy: decoy[:-1] + real, False, either(*OVERLAPS))


@strategy("fragments", PTACEK, FOUND)
def fragments_overlap_with_the_same(p):
    """Fragments that overlap and agree: IPv6 and Linux drop the datagram, and it is repeated whole."""
    p.open().real(quiet=True, cut=lambda packet: fragments(packet, [(0, 48), (40, 88), (80, behind(packet))], 9))
    p.wait(0.3)
    p.put(p.mark, off=p.at[0] - len(p.mark))
    p.tail()


@strategy("fragments", PTACEK + " (IPv4: old receivers)", either(*LOST), versions=(4,), twin=("gap",),
          receiver="another")
def fragments_overlap_with_the_same_kept(p):
    """Fragments that overlap and agree, and the receiver keeps them."""
    p.open().real(cut=lambda packet: fragments(packet, [(0, 48), (40, 88), (80, behind(packet))], 9))
    p.tail()


@strategy("fragments", PTACEK, named(*LOST))
def fragments_decoy_low_ttl(p):
    """The first fragment of a decoy does not arrive; then those of the mark's packet, of the same number."""
    p.open().decoy_of(cut=lambda packet: fragments(packet, every(40, behind(packet)), 9)[:2], ttl=1)
    p.real(cut=lambda packet: fragments(packet, every(40, behind(packet)), 9))
    p.tail()


@strategy("fragments", PTACEK, FOUND)
def fragments_never_completed(p):
    """Twenty decoys of which the last fragment never comes, each with a number of its own, then the mark."""
    p.open()
    for i in range(20):
        p.decoy_of(cut=lambda packet, i=i: fragments(packet, every(40, behind(packet)), 500 + i)[:-1])
    p.real(cut=cut_by(40))
    p.tail()


@strategy("fragments", PTACEK + " (timeouts)", either(*LOST), twin=("gap",), receiver="another")
def fragments_after_the_timeout(p):
    """The first fragment of a decoy; when its receiver has given it up, the mark's packet with the same number."""
    p.open().decoy_of(cut=lambda packet: fragments(packet, every(40, behind(packet)), 9)[:1])
    p.wait(70)
    p.real(cut=lambda packet: fragments(packet, every(40, behind(packet)), 9))
    p.tail()


@strategy("fragments", "Suricata CVE-2024-37151", FOUND)
def number_used_again(p):
    """All packets of the content in fragments with the same number, one after the other."""
    p.shake()
    data = p.content()
    for at in range(0, len(data), 200):
        p.put(data[at : at + 200], cut=lambda packet: fragments(packet, every(64, behind(packet)), 77))
    p.tail()


@strategy("fragments", PTACEK, FOUND)
def number_of_another_sender(p):
    """Between the fragments those of another sender to the same server, with the same number."""
    p.open()
    stranger = type(p)(p.turns, p.mark, p.decoy, p.version, ends=["10.255.0.9" if p.version == 4 else "2001:db8:9::9",
                                                                  str(p.addresses[1])])

    def cut(packet):
        other = stranger.put(b"x" * len(p.mark), taken=False).packet()
        return pairs(fragments(packet, every(40, behind(packet)), 9), fragments(other, every(40, behind(other)), 9))

    p.real(cut=cut)
    p.tail()


@strategy("fragments", "RFC 1858; RFC 3128", either(*LOST), versions=(4,), twin=("malformed",))
def fragment_at_offset_1(p):
    """A fragment at offset 8 that rewrites the TCP header's flags; Linux passes over it; the mark is repeated whole all the same."""
    p.open()
    two_packets(p, lambda real, decoy: [real[0]] + [fragment_of(real[0], 8)] + real[1:])
    p.wait(0.3)
    p.put(p.mark, off=p.at[0] - len(p.mark))
    p.tail()


def fragment_of(first, at):
    """Eight bytes of garbage at that offset, of the same datagram."""
    return fragments(first[:20] + bytes(at) + b"\xff" * 8 + bytes(200), [(at, at + 8)], 9)[0]


@strategy("fragments", "RFC 8200 4.5; Suricata decoder events", FOUND)
def fragment_too_large(p):
    """Decoys whose fragments would make more than 65,535 bytes (ping of death): dropped."""
    p.open().decoy_of(cut=lambda packet: [fragments(packet, [(0, 40)], 9)[0], beyond(packet)])
    p.finish()


def beyond(packet):
    body = packet[20 if packet[0] >> 4 == 4 else 40 :]
    return fragments(packet, [(65528, 65528 + len(body))], 9, body=bytes(65528) + body)[0]


@strategy("fragments", "RFC 8200 4.5", FOUND)
def fragment_length_not_a_multiple_of_8(p):
    """A decoy's first fragment of 45 bytes with more to follow: IPv6 drops it; of IPv4 it never fits."""
    p.open().decoy_of(cut=lambda packet: fragments(packet, [(0, 45)], 9))
    p.finish()


@strategy("fragments", "Geneva 2019", FOUND)
def empty_fragments(p):
    """Fragments without any bytes between those of the mark."""
    p.open()

    def cut(packet):
        pieces = fragments(packet, every(40, behind(packet)), 9)
        return pieces[:1] + fragments(packet, [(40, 40)], 10) + pieces[1:]

    p.real(cut=cut)
    p.tail()


# A fragment that dies on the way, and completes a datagram here; the one that came instead is left over. Of the first fragment the
# TCP header and 40 bytes, that sums may be alike.
HEAD = 72


def halves(packet, at=HEAD, ident=9):
    return fragments(packet, [(0, at), (at, behind(packet))], ident)


def same_end(p):
    """The decoy's beginning, and the rest of the mark."""
    return p.decoy[: HEAD - 32] + p.mark[HEAD - 32 :]


def words_turned(fragment):
    """Other bytes of the same sum."""
    at = 20 if fragment[0] >> 4 == 4 else 48
    body = fragment[at:]
    return fragment[:at] + b"".join([body[i : i + 2] for i in range(0, len(body), 2)][::-1])


def from_another_port(fragment):
    at = 20 if fragment[0] >> 4 == 4 else 48
    return fragment[:at] + b"\x0b\xad\0\x09" + fragment[at + 4 :]


def dies(name, what, head=lambda fragment: fragment, versions=(4, 6), receiver="linux", **how):
    """The first fragment of a decoy does not arrive; then the mark's packet, the end first."""

    @strategy("fragments", PTACEK, named(*OVERLAPS), versions, name=name, what=what, receiver=receiver)
    def _(p):
        p.open().decoy_of(same_end(p), cut=lambda packet: [head(halves(packet)[0])], **how)
        p.real(cut=lambda packet: halves(packet)[::-1])
        p.tail()


dies("fragments_head_dies", "A decoy's first fragment dies on the way; then the mark's second one, which makes it whole; then its first.",
     ttl=1)
dies("fragments_head_for_another_card", "The same, and the decoy's first fragment is for another MAC address.", receiver="another",
     link=lambda packet, who: ethernet(packet, who, macs=(MACS[0], b"\x02\0\x5e\0\0\x77")))
dies("fragments_head_source_routed", "The same, and its receiver refuses the decoy's first fragment for a source route.",
     head=ip_changed(options=b"\x83\x07\x04\x0a\x01\x01\x01\0"), versions=(4,), receiver="another")


@strategy("fragments", PTACEK, named(*OVERLAPS), twin=("malformed",))
def fragments_tail_dies(p):
    """The mark's first fragment, a second one of the same sum that dies on the way, and the mark's second one."""
    p.open().real(cut=lambda packet: halves(packet, 32)[:1], quiet=True)
    off = p.at[0] - len(p.mark)
    p.put(p.mark, taken=False, off=off, cut=lambda packet: [words_turned(halves(packet, 32)[1])], ttl=1, quiet=True)
    p.put(p.mark, off=off, cut=lambda packet: halves(packet, 32)[1:])
    p.tail()


@strategy("fragments", PTACEK, named(*OVERLAPS), twin=("malformed",))
def fragments_tail_dies_first(p):
    """The one that dies comes first."""
    p.open().decoy_of(p.mark, cut=lambda packet: [words_turned(halves(packet, 32)[1])], ttl=1)
    p.real(cut=lambda packet: halves(packet, 32))
    p.tail()


@strategy("fragments", PTACEK, named(*OVERLAPS), twin=("malformed",))
def fragments_head_of_another_connection_dies(p):
    """The first fragment that dies is another connection's; a decoy that dies, too, comes whole in the mark's place."""
    p.open().decoy_of(same_end(p), cut=lambda packet: [from_another_port(halves(packet)[0])], ttl=1)
    p.decoy_of(ttl=1)
    p.real(cut=lambda packet: halves(packet)[::-1])
    p.tail()


@strategy("fragments", "Linux: net.ipv4.ipfrag_max_dist", named(*OVERLAPS), versions=(4,), twin=("malformed",))
def fragments_forgotten_behind_64(p):
    """A decoy's first fragment, which Linux forgets when 64 others of its sender have come; then the mark's, the end first."""
    p.open().decoy_of(same_end(p), cut=lambda packet: halves(packet)[:1])
    for i in range(70):
        p.decoy_of(cut=lambda packet, i=i: halves(packet, ident=1000 + i)[1:])
    p.real(cut=lambda packet: halves(packet)[::-1])
    p.tail()
