# SPDX-License-Identifier: Apache-2.0
"""Acknowledgements in the server's name behind decoys, and decoys in the place of what the mirror lost.

Not here: a decoy with nothing wrong in it (a low TTL, another link address) in the place of what the mirror lost. Of the true bytes nothing
is seen then, and nothing tells (docs/decisions/0012).
"""
from evasions.table import OVERLAP, named, strategy
from pg_packets import ACK, PSH
from pg_play import SERVER, ethernet

TAKEN = "stream.unacceptable_acknowledged"
SOURCE = "Ptacek, Newsham 1998 5.3"
ELSEWHERE = (b"\x02\0\x5e\0\0\x01", b"\x02\0\x5e\0\0\x99")

# What no receiver takes, whoever sees it knows: the twin's decoy says the same as its mark, and is told all the same.
REFUSED = {
    "bad_checksum": ("with a wrong checksum", dict(bad_sum=True)),
    "old_timestamp": ("with an old timestamp", dict(ts=-100_000, challenge=True)),
    "no_ack": ("without ACK", dict(flags=PSH, ack=None)),
    "old_ack": ("that acknowledges less than nothing", dict(ack=-100_000, challenge=True)),
}
PLAUSIBLE = {
    "low_ttl": ("that ends on its way", dict(ttl=1)),
    "other_mac": ("to another link address", dict(link=lambda packet, who: ethernet(packet, who, macs=ELSEWHERE), lost=True)),
}


def acknowledged(name, what, fields, twin, seconds):
    @strategy("forged", SOURCE, named(OVERLAP), name="forged_ack_%s%s" % (name, "_later" if seconds > 0.1 else ""), twin=twin,
              what="A decoy %s, an acknowledgement of it in the server's name, and %d ms later the mark." % (what, seconds * 1000))
    def _(p):
        p.open().decoy_of(**fields)
        p.put(b"", SERVER, flags=ACK, ack=len(p.mark), taken=False, lost=True)
        p.wait(seconds)
        p.finish()


def in_its_place(name, what, fields):
    @strategy("forged", SOURCE, named(TAKEN), name="lost_%s" % name, twin=("malformed",),
              what="The mirror loses the mark; a decoy %s in its place." % what)
    def _(p):
        p.open()
        at = len(p.packets)
        p.real()
        p.packets[at].hidden = True
        p.decoy_of(off=p.at[0] - len(p.mark), **fields)
        p.tail()


for seconds_ in (0.05, 0.25):
    for name_, (what_, fields_) in REFUSED.items():
        acknowledged(name_, what_, fields_, ("malformed",), seconds_)
    for name_, (what_, fields_) in PLAUSIBLE.items():
        acknowledged(name_, what_, fields_, (), seconds_)
for name_, (what_, fields_) in REFUSED.items():
    in_its_place(name_, what_, fields_)
