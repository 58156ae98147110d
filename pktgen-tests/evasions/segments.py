# SPDX-License-Identifier: Apache-2.0
"""Honest bytes in dishonest pieces: no decoys."""
import random

from evasions.table import FOUND, strategy
from pg_play import SERVER

PTACEK = "Ptacek, Newsham 1998 5.3"


def split_at(n):
    @strategy("segments", PTACEK + "; lib.erate 2017", FOUND, name="split_at_%d" % n,
              what="The mark in two segments, cut behind byte %d." % n)
    def _(p):
        p.open()
        p.put(p.mark[:n])
        p.put(p.mark[n:])
        p.tail()


for n_ in range(1, 25):
    split_at(n_)


def content_in(name, what, order, size, source=PTACEK, isn=None):
    @strategy("segments", source, FOUND, name=name, what=what, **({"isn": isn} if isn else {}))
    def _(p):
        p.shake()
        data = p.content()
        at = p.at[0]
        pieces = [(i, data[i : i + size]) for i in range(0, len(data), size)]
        for i, piece in order(pieces):
            p.put(piece, off=at + i, quiet=True)
        p.ack(SERVER)
        p.tail()


def shuffled(pieces):
    random.Random(7).shuffle(pieces)
    return pieces


def twice(pieces):
    return [x for piece in pieces for x in (piece, piece)]


def last_first(pieces):
    return pieces[-1:] + pieces[:-1]


content_in("one_byte_segments", "Segments of one byte.", list, 1)
content_in("one_byte_segments_reversed", "Segments of one byte, the last first.", lambda x: x[::-1], 4)
content_in("small_reversed", "Segments of 24 bytes, the last first.", lambda x: x[::-1], 24, "fragroute")
content_in("small_shuffled", "Segments of 24 bytes in no order.", shuffled, 24, "fragroute")
content_in("small_shuffled_twice", "The same, each twice.", lambda x: shuffled(twice(x)), 24, "fragroute")
content_in("end_first", "The message's end first.", last_first, 100)
content_in("every_other_late", "Every other segment late.", lambda x: x[::2] + x[1::2], 16, "fragroute")
content_in("sequence_wraps", "Sequence numbers wrap in the content.", list, 100, "PYROLYSE 2025",
           isn=(0xFFFFFFFF - 400, 0xFFFFFFF0))
content_in("sequence_wraps_shuffled", "The same, in no order.", shuffled, 50, "PYROLYSE 2025", isn=(0xFFFFFFFF - 400, 0xFFFFFFF0))
content_in("sequence_signed_wrap", "Sequence numbers pass 2^31 in the content, in no order.", shuffled, 50, "PYROLYSE 2025",
           isn=(0x7FFFFFFF - 400, 0x7FFFFFF0))
content_in("first_number_at_the_end", "The first number is 2^32 - 1.", list, 100, "PYROLYSE 2025", isn=(0xFFFFFFFF, 0xFFFFFFFF))


@strategy("segments", PTACEK, FOUND)
def whole_dialogue_in_bytes(p):
    """All that both say, a byte a segment."""
    p.shake()
    for who, data in p.turns:
        p.say(data, who, size=1)
    p.spoken = len(p.turns)
    p.close()


@strategy("segments", "lib.erate 2017", FOUND)
def pauses(p):
    """A minute between pieces of the mark."""
    p.open()
    for i in range(0, len(p.mark), 10):
        p.put(p.mark[i : i + 10])
        p.wait(60)
    p.tail()


@strategy("segments", "lib.erate 2017", FOUND)
def long_silence(p):
    """Ten minutes of silence before the mark, with a keep-alive on the way."""
    p.open()
    p.wait(290)
    p.decoy_of(b"\0", off=p.at[0] - 1, challenge=True)
    p.wait(290)
    p.finish()


@strategy("segments", PTACEK, FOUND, pad=200_000)
def far_into_the_message(p):
    """200 kB of text before the mark: a reader that stops somewhere does not see it."""
    p.open().real()
    p.tail()


@strategy("segments", "RFC 9293 3.7.1", FOUND, pad=120_000)
def large_segments(p):
    """Segments of 60,000 bytes, as a host's own capture has them."""
    p.shake()
    p.say(p.content(), size=60_000 if p.version == 4 else 59_000)
    p.tail()


@strategy("segments", "RFC 9293 3.10.7.4", FOUND)
def empty_segments(p):
    """Empty segments with PSH between the pieces of the mark."""
    p.open()
    for i in range(0, len(p.mark), 4):
        p.put(b"", quiet=True)
        p.put(p.mark[i : i + 4])
    p.tail()
