# SPDX-License-Identifier: Apache-2.0
"""Packets that do not arrive, or that IP does not take (RFC 791, 1122, 8200)."""
from evasions.table import FOUND, OVERLAP, either, named, strategy
from pg_play import DESTINATION_OPTIONS, HOP_BY_HOP, ethernet, ip_changed

PTACEK = "Ptacek, Newsham 1998"


@strategy("ip", PTACEK, FOUND, twin_decoy=True)
def both_copies_the_same(p):
    """No decoy: the mark, sent twice."""
    p.open()
    p.real(quiet=True)
    p.put(p.mark, off=p.at[0] - len(p.mark))
    p.tail()


@strategy("ip", PTACEK + " 3.1", FOUND, versions=(4,), twin_decoy=True)
def ip_bad_checksum(p):
    """A decoy with a wrong checksum of the IPv4 header, before the mark."""
    p.open().decoy_of(ip=ip_changed(sum=False))
    p.finish()


@strategy("ip", PTACEK + " 3.1", FOUND, versions=(4,), twin_decoy=True)
def ip_bad_checksum_after(p):
    """The same, behind the mark and before its acknowledgement."""
    p.open().real(quiet=True)
    p.decoy_of(off=p.at[0] - len(p.mark), ip=ip_changed(sum=False))
    p.tail()


@strategy("ip", PTACEK + " 3.1", FOUND)
def ip_bad_version(p):
    """A decoy whose IP version is 5."""
    p.open().decoy_of(ip=ip_changed(version=5))
    p.finish()


@strategy("ip", PTACEK + " 3.1", FOUND, versions=(4,))
def ip_header_length_small(p):
    """A decoy whose IPv4 header claims 16 bytes (RFC 1122 3.2.1)."""
    p.open().decoy_of(ip=ip_changed(ihl=4))
    p.finish()


@strategy("ip", PTACEK + " 3.1", FOUND, versions=(4,))
def ip_header_length_beyond(p):
    """A decoy whose IPv4 header is longer than its packet."""
    p.open().decoy_of(payload=p.decoy[:4], ip=ip_changed(ihl=15, length=-40))
    p.finish()


@strategy("ip", PTACEK + " 3.1", FOUND)
def ip_length_beyond(p):
    """A decoy whose IP length is more than was sent: receivers drop it as cut off."""
    p.open().decoy_of(ip=ip_changed(length=16))
    p.finish()


@strategy("ip", "fragroute; Handley, Paxson 2001", FOUND)
def ip_trailer(p):
    """Bytes behind the end of the IP packet, in the frame's padding, that continue it otherwise than the next packet does."""
    p.open()
    p.put(p.mark[:4], link=lambda packet, who: ethernet(packet, who) + p.decoy[4:])
    p.put(p.mark[4:])
    p.tail()


@strategy("ip", PTACEK + " 3.1", either(OVERLAP), versions=(4,))
def ip_source_route(p):
    """A decoy with a loose source route through the server itself: hosts refuse such packets by default, some do not."""
    p.open().decoy_of(ip=ip_changed(options=b"\x83\x07\x04" + p.addresses[1].packed + b"\x01"))
    p.finish()


@strategy("ip", PTACEK + " 3.1", either(OVERLAP), versions=(4,))
def ip_option_malformed(p):
    """A decoy with an IP option that is longer than the header: Linux answers with ICMP and drops it."""
    p.open().decoy_of(ip=ip_changed(options=b"\x44\x28\x05\0"))
    p.finish()


@strategy("ip", "Geneva 2019", FOUND, versions=(4,))
def ip_options_harmless(p):
    """The mark in a packet with options that every host passes over."""
    p.open().real(ip=ip_changed(options=b"\x01\x01\x94\x04\0\0\x01\0"))
    p.tail()


@strategy("ip", "RFC 3514; fragroute", FOUND, versions=(4,))
def ip_reserved_flag(p):
    """The mark in a packet with the reserved flag of IPv4 set."""
    p.open().real(ip=ip_changed(flags=0x8000))
    p.tail()


@strategy("ip", PTACEK + " 3.2; lib.erate 2017", named(OVERLAP))
def low_ttl(p):
    """A decoy that ends on its way behind the sensor, then the mark."""
    p.open().decoy_of(ttl=1)
    p.finish()


@strategy("ip", PTACEK + " 3.2", named(OVERLAP))
def low_ttl_after(p):
    """The mark, then a decoy in its place that ends on its way, before the mark is acknowledged."""
    p.open().real(quiet=True)
    p.decoy_of(off=p.at[0] - len(p.mark), ttl=1)
    p.ack(1)
    p.tail()


@strategy("ip", PTACEK + " 3.2", named(OVERLAP))
def low_ttl_pieces(p):
    """Decoys of one byte, each before the mark's byte in its place."""
    p.open()
    for i in range(len(p.mark)):
        p.decoy_of(payload=p.decoy[i : i + 1], ttl=2)
        p.put(p.mark[i : i + 1], quiet=True)
    p.ack(1)
    p.tail()


@strategy("ip", PTACEK + " 3.3", named(OVERLAP))
def other_mac_address(p):
    """A decoy to another station's link address: the server's card does not take it."""
    macs = (b"\x02\0\x5e\0\0\x01", b"\x02\0\x5e\0\0\x99")
    p.open().decoy_of(link=lambda packet, who: ethernet(packet, who, macs=macs), lost=True)
    p.finish()


@strategy("ip", PTACEK + " 3.2", named(OVERLAP), versions=(4,))
def too_large_for_the_way(p):
    """A decoy with DF set that is too large for a link behind the sensor."""
    p.open().decoy_of(payload=p.decoy + p.after[:1300], lost=True)
    p.finish()


@strategy("ip", "RFC 8200 4; Geneva 2019", FOUND, versions=(6,))
def ip6_extension_headers(p):
    """The mark behind hop-by-hop and destination options."""
    p.open().real(ip=ip_changed(extra=[HOP_BY_HOP, DESTINATION_OPTIONS]))
    p.tail()


@strategy("ip", "RFC 8200 4.7", FOUND, versions=(6,))
def ip6_no_next_header(p):
    """A decoy behind a header that says: no next header."""
    p.open().decoy_of(ip=ip_changed(next=59))
    p.finish()


@strategy("ip", "RFC 8200 4.7", FOUND, versions=(6,))
def ip6_no_next_header_behind_options(p):
    """A decoy behind destination options and: no next header."""
    p.open().decoy_of(ip=ip_changed(next=59, extra=[DESTINATION_OPTIONS]))
    p.finish()


@strategy("ip", "RFC 8200 4.2", either(OVERLAP), versions=(6,))
def ip6_option_to_be_refused(p):
    """A decoy with an unknown option whose type says: discard."""
    p.open().decoy_of(ip=ip_changed(extra=[(60, b"\0\x7f\x04\0\0\0\0")]))
    p.finish()


@strategy("ip", "RFC 5095", either(OVERLAP), versions=(6,))
def ip6_routing_header_0(p):
    """A decoy with a routing header of type 0 and segments left, which nobody follows any more."""
    p.open().decoy_of(ip=ip_changed(extra=[(43, b"\x02\0\x01\0\0\0\0" + p.addresses[1].packed)]))
    p.finish()


@strategy("ip", "RFC 8200 4", FOUND, versions=(6,))
def ip6_many_headers(p):
    """The mark behind seven headers of destination options: hosts take it."""
    p.open().real(ip=ip_changed(extra=[DESTINATION_OPTIONS] * 7))
    p.tail()
