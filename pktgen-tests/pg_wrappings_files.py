# SPDX-License-Identifier: Apache-2.0
"""Wrappings that are files themselves: archives, honest and not, documents, TNEF, S/MIME."""
import bz2
import functools
import gzip
import hashlib
import io
import lzma
import struct
import tarfile
import zipfile
import zlib

from pg_cms import PKCS7, der, oid, signed
from pg_mail import Part, attachment, encode_base64, message, text, zip_archive
from pg_wrappings import LEFT, NAME, NAMED, NOBODY, PROGRAM_BYTES, Cases
from pg_wrappings_mail import B64, OCTETS, letter

P = PROGRAM_BYTES
NOISE = b"".join(hashlib.sha256(b"noise %d" % i).digest() for i in range(32))


def attached(data, name, **k):
    return letter(attachment(data, name, **k))


def deflated(data):
    c = zlib.compressobj(9, zlib.DEFLATED, -15)
    return c.compress(data) + c.flush()


# zip ----------------------------------------------------------------------------------------------------------------------


class Member:
    """A member of a zip in all that its two headers say, so that each can lie for itself."""

    def __init__(self, name, data, method=8, **says):
        body = deflated(data) if method == 8 else data
        self.name, self.body = name.encode(), says.pop("body", body)
        self.local = dict(
            signature=b"PK\3\4",
            version=20,
            flags=0,
            method=method,
            crc=zlib.crc32(data),
            packed=len(self.body),
            size=len(data),
            name=self.name,
            extra=b"",
        )
        self.central = dict(self.local, signature=b"PK\1\2", at=None)
        for where in ("local", "central"):
            getattr(self, where).update(says.pop(where, {}))
        self.local.update(says)
        self.central.update(says)

    def header(self, x):
        return struct.pack(
            "<HHHIIIIHH",
            x["version"],
            x["flags"],
            x["method"],
            0x303D49EF,
            x["crc"],
            x["packed"],
            x["size"],
            len(x["name"]),
            len(x["extra"]),
        )

    def local_bytes(self):
        x = self.local
        return x["signature"] + self.header(x) + x["name"] + x["extra"] + self.body

    def central_bytes(self, at):
        x = self.central
        return (
            x["signature"]
            + b"\x14\0"
            + self.header(x)
            + struct.pack("<HHHII", 0, 0, 0, 0, at if x["at"] is None else x["at"])
            + x["name"]
            + x["extra"]
        )


def archive(*members, comment=b"", before=b"", listed=None):
    """A zip of these; listed: those in its directory (all)."""
    out, places = before, {}
    for m in members:
        places[id(m)] = len(out)
        out += m.local_bytes()
    listed = members if listed is None else listed
    directory = b"".join(m.central_bytes(places[id(m)]) for m in listed)
    return (
        out
        + directory
        + b"PK\5\6"
        + struct.pack("<HHHHIIH", 0, 0, len(listed), len(listed), len(directory), len(out), len(comment))
        + comment
    )


class Crypt:
    """The encryption that every zip program knows (APPNOTE 6.1)."""

    def __init__(self, password):
        self.keys = [0x12345678, 0x23456789, 0x34567890]
        for x in password:
            self.update(x)

    def update(self, x):
        def crc(c, b):
            return zlib.crc32(bytes((b,)), c ^ 0xFFFFFFFF) ^ 0xFFFFFFFF

        k = self.keys
        k[0] = crc(k[0], x)
        k[1] = ((k[1] + (k[0] & 255)) * 134775813 + 1) & 0xFFFFFFFF
        k[2] = crc(k[2], k[1] >> 24)

    def encrypt(self, data):
        out = bytearray()
        for x in data:
            t = self.keys[2] | 2
            out.append(x ^ ((t * (t ^ 1) >> 8) & 255))
            self.update(x)
        return bytes(out)


def encrypted(data, password):
    return Crypt(password).encrypt(NOISE[:11] + bytes((zlib.crc32(data) >> 24,)) + deflated(data))


def zip64():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        with z.open(zipfile.ZipInfo(NAME, (2004, 1, 29, 9, 15, 0)), "w", force_zip64=True) as f:
            f.write(P)
    return out.getvalue()


def streamed(data, descriptor, size=None):
    """A member whose sizes follow it, in one of the four forms of a descriptor."""
    body = deflated(data)
    tail = struct.pack(
        "<III" if "64" not in descriptor else "<IQQ", zlib.crc32(data), len(body), len(data) if size is None else size
    )
    tail = tail if "unsigned" in descriptor else b"PK\7\10" + tail
    return Member(NAME, data, body=body + tail, flags=8, local=dict(crc=0, packed=0, size=0), central=dict(packed=len(body)))


def within(count, data=P, name=NAME):
    """A zip in a zip in a zip; and the names on the way in, outermost first."""
    names = ["%d.zip" % i for i in range(count)]
    for i in range(count):
        data = zip_archive([(name, data)], deflate=True)
        name = names[i]
    return data, [names[count - 1]] + names[: count - 1][::-1] + [NAME]


def honest_zips():
    c = Cases("zip")
    ins = dict(inside=["a.zip", NAME])
    c.letter("stored", attached(zip_archive([(NAME, P)]), "a.zip"), **ins)
    c.letter("deflated", attached(zip_archive([(NAME, P)], deflate=True), "a.zip"), **ins)
    c.letter("sizes behind the data, stored", attached(zip_archive([(NAME, P)], descriptor=True), "a.zip"), **ins)
    for how in ("signed", "unsigned", "signed, 64 bits", "unsigned, 64 bits"):
        c.letter("sizes behind the data, deflated: %s" % how, attached(archive(streamed(P, how)), "a.zip"), **ins)
    c.letter("zip64", attached(zip64(), "a.zip"), **ins)
    c.letter(
        "named .bin, application/octet-stream", attached(zip_archive([(NAME, P)], deflate=True), "a.bin"), inside=["a.bin", NAME]
    )
    c.letter(
        "the 500th member",
        attached(zip_archive([("%d.txt" % i, b"x") for i in range(499)] + [(NAME, P)], deflate=True), "a.zip"),
        **ins,
    )
    c.letter(
        "two of one name, the second is it",
        attached(archive(Member("a.txt", b"x"), Member("a.txt", P)), "a.zip"),
        inside=["a.zip", "a.txt"],
    )
    for count in (2, 3):
        data, names = within(count)
        c.letter("%d within each other" % count, attached(data, names[0]), inside=names)
    data, names = within(8)
    c.letter(
        "8 within each other", attached(data, names[0]), expect=NAMED, reason="limit", why="deeper than limits.archive_depth"
    )
    c.letter(
        "document (docx) that embeds it",
        attached(
            zip_archive(
                [("[Content_Types].xml", b"<Types/>"), ("word/document.xml", b"<w/>"), ("word/embeddings/oleObject1.bin", P)],
                deflate=True,
            ),
            "a.docx",
        ),
        inside=["a.docx", "word/embeddings/oleObject1.bin"],
    )
    c.letter(
        "said to be an image",
        attached(zip_archive([(NAME, P)], deflate=True), "a.png", ctype="image/png"),
        inside=["a.png", NAME],
    )
    c.letter(
        "in two mails' worth of uuencode",
        attached(zip_archive([(NAME, P)], deflate=True), "a.zip", encoding="x-uuencode"),
        inside=[NAME],
    )
    return c


def odd_zips():
    c = Cases("odd zip")
    ins = dict(inside=["a.zip", NAME])

    nobody = dict(
        expect=NOBODY,
        reason="malformed",
        why="unzip, zip -FF, 7-Zip, bsdtar, unar, Python and Java refuse a member without its signature",
    )

    def zipped(what, *members, name="a.zip", inside=None, **k):
        keep = {x: k.pop(x) for x in ("expect", "reason", "why") if x in k}
        c.letter(what, attached(archive(*members, **k), name), inside=[] if keep else (inside or ["a.zip", NAME]), **keep)

    zipped("behind 500 other bytes", Member(NAME, P), before=b"A" * 500)
    zipped("behind 500 other bytes, offsets not adjusted", Member(NAME, P, central=dict(at=0)), before=b"A" * 500)
    zipped("behind 500 other bytes, named .bin", Member(NAME, P), before=b"A" * 500, name="a.bin", inside=["a.bin", NAME])
    zipped(
        "behind a program's stub, with a comment of 100",
        Member(NAME, P),
        before=b"MZ\1\0" + NOISE,
        comment=b"c" * 100,
        name="a.bin",
        inside=["a.bin", NAME],
    )
    zipped("comment of 60,000", Member(NAME, P), comment=b"c" * 60000)
    c.letter(
        "two behind each other, in the first",
        attached(archive(Member(NAME, P)) + archive(Member("a.txt", b"hello")), "a.zip"),
        **ins,
    )
    c.letter(
        "two behind each other, in the second",
        attached(archive(Member("a.txt", b"hello")) + archive(Member(NAME, P)), "a.zip"),
        **ins,
    )
    zipped("stored, and its header says deflated", Member(NAME, P, 0, local=dict(method=8)))
    zipped("deflated, and its header says stored", Member(NAME, P, 8, local=dict(method=0)))
    zipped("deflated, and the directory says stored", Member(NAME, P, 8, central=dict(method=0)))
    zipped("stored, and the directory says deflated", Member(NAME, P, 0, central=dict(method=8)))
    zipped(
        "a method that no one has (97)",
        Member(NAME, NOISE, 97),
        expect=NAMED,
        reason="unsupported",
        why="no program has this method",
    )
    zipped("only its header says encrypted", Member(NAME, P, local=dict(flags=1)))
    zipped("only the directory says encrypted", Member(NAME, P, central=dict(flags=1)))
    zipped("its header says size 0", Member(NAME, P, local=dict(packed=0, size=0)))
    zipped("its header's sizes are too small", Member(NAME, P, local=dict(packed=100)))
    zipped("its header's sizes are too large", Member(NAME, P, local=dict(packed=1 << 20)))
    zipped("wrong CRC", Member(NAME, P, crc=1))
    zipped("wrong CRC in its header", Member(NAME, P, local=dict(crc=1)))
    zipped("descriptor with a wrong size", streamed(P, "signed", 7))
    zipped(
        "its signature is spoilt, the directory names it",
        Member("a.txt", b"hello"),
        Member(NAME, P, local=dict(signature=b"XXXX")),
        **nobody,
    )
    zipped("the first signature is spoilt", Member(NAME, P, local=dict(signature=b"XX\3\4")), **nobody)
    whole = archive(Member(NAME, P))
    c.letter("no directory", attached(whole[: whole.find(b"PK\1\2")], "a.zip"), **ins)
    zipped("not in the directory", Member("a.txt", b"hello"), Member(NAME, P), listed=[])
    zipped("other name in the directory", Member(NAME, P, central=dict(name=b"lettre.dat")), inside=["a.zip"])
    inner = Member(NAME, P).local_bytes()
    zipped(
        "the directory points into a stored member",
        Member(
            "a.txt",
            inner,
            0,
            central=dict(at=35, method=8, crc=zlib.crc32(P), packed=len(deflated(P)), size=len(P), name=NAME.encode()),
        ),
    )
    zipped(
        "the directory points into an extra field",
        Member(
            "a.txt",
            b"hi",
            0,
            local=dict(extra=struct.pack("<HH", 0xCAFE, len(inner)) + inner),
            central=dict(at=39, method=8, crc=zlib.crc32(P), packed=len(deflated(P)), size=len(P), name=NAME.encode()),
        ),
    )
    hidden = archive(Member("a.txt", b"hi"))
    at = len(hidden)
    c.letter("in the comment of another", attached(archive(Member("a.txt", b"hi"), comment=inner), "a.zip"))
    c.letter("behind the end of another", attached(hidden + inner, "a.zip"), **ins)
    c.letter(
        "two directories, the last one names it",
        attached(
            hidden
            + inner
            + Member(NAME, P).central_bytes(at)
            + b"PK\5\6"
            + struct.pack("<HHHHIIH", 0, 0, 1, 1, 56, at + len(inner), 0),
            "a.zip",
        ),
        **ins,
    )
    two = b"PK\7\10" + whole
    c.letter("mark of a split archive before it", attached(two, "a.zip"), **ins)
    c.letter("cut in its middle", attached(whole[: len(whole) * 9 // 10], "a.zip"), **ins)
    zipped("name of 2,000 characters", Member("x" * 2000 + ".dat", P), inside=["a.zip"])
    zipped("NUL in the name", Member("letter\0.dat", P), inside=["a.zip"])
    zipped("name that climbs out (../)", Member("../../" + NAME, P), inside=["a.zip"])
    zipped(
        "encrypted",
        Member(NAME, P, flags=1, body=encrypted(P, b"infected")),
        expect=NAMED,
        reason="encrypted-file",
        why="needs a password; named and sized",
    )
    zipped(
        "encrypted, with AES (method 99)",
        Member(NAME, NOISE, 99, flags=1),
        expect=NAMED,
        reason="encrypted-file",
        why="needs a password",
    )
    body = bytes(3_000_000)
    zipped("after a member of 3 MB of zeros", Member("zeros", body), Member(NAME, P))
    c.letter(
        "after 500 MB of zeros",
        attached(archive(Member("zeros", b"", body=zeros(500 << 20)), Member(NAME, P)), "a.zip"),
        expect=NAMED,
        reason="limit",
        why="a bomb: more than limits.inflate_bytes",
    )
    return c


@functools.lru_cache(None)
def zeros(count):
    """count zeros, deflated."""
    c, block, out = zlib.compressobj(9, zlib.DEFLATED, -15), bytes(1 << 20), []
    for _ in range(count >> 20):
        out.append(c.compress(block))
    return b"".join(out) + c.flush()


# gzip, tar, and what is no zip --------------------------------------------------------------------------------------------


def tar(*members, mode="w", form=tarfile.USTAR_FORMAT):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode, format=form) as t:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            t.addfile(info, io.BytesIO(data))
    return out.getvalue()


def squeezed(data):
    return gzip.compress(data, mtime=0)


def gzips():
    c = Cases("gzip")
    c.letter("plain", attached(squeezed(P), "letter.gz"), inside=["letter.gz"])
    c.letter("in two members", attached(squeezed(P[:3000]) + squeezed(P[3000:]), "letter.gz"), inside=["letter.gz"])
    c.letter("behind another member", attached(squeezed(b"hello\n") + squeezed(P), "letter.gz"), inside=["letter.gz"])
    c.letter(
        "junk between members",
        attached(squeezed(b"hello\n") + b"JUNK" + squeezed(P), "letter.gz"),
        expect=NOBODY,
        reason="malformed",
        why="gzip and bsdcat stop at the junk, and so do, with an error, Python, 7-Zip and unar",
    )
    fields = b"\x1f\x8b\x08\x1e\0\0\0\0\0\3" + b"\4\0abcd" + NAME.encode() + b"\0" + b"c\0"
    c.letter(
        "every header field",
        attached(fields + struct.pack("<H", zlib.crc32(fields) & 0xFFFF) + squeezed(P)[10:], "letter.gz"),
        inside=["letter.gz"],
    )
    c.letter("behind 500 other bytes", attached(b"A" * 500 + squeezed(P), "a.bin"), inside=["a.bin"])
    c.letter(
        "behind 500 other bytes and what begins like one",
        attached(b"A" * 500 + squeezed(P)[:10] + b"A" * 50 + squeezed(P), "a.bin"),
        inside=["a.bin"],
    )
    c.letter("wrong CRC", attached(squeezed(P)[:-8] + bytes(8), "letter.gz"), inside=["letter.gz"])
    c.letter("cut before its end", attached(squeezed(P)[:-12], "letter.gz"), inside=["letter.gz"])
    c.letter("of gzip of gzip", attached(squeezed(squeezed(squeezed(P))), "letter.gz"), inside=["letter.gz"])
    c.letter("of zip", attached(squeezed(zip_archive([(NAME, P)], deflate=True)), "letter.gz"), inside=["letter.gz", NAME])
    c.letter("under another name", attached(squeezed(P), "photo.jpg", ctype="image/jpeg"), inside=["photo.jpg"])
    c.letter(
        "behind 500 MB of zeros",
        attached(b"\x1f\x8b\x08\0\0\0\0\0\0\3" + zeros(500 << 20) + bytes(8) + squeezed(P), "z.gz"),
        expect=NAMED,
        reason="limit",
        why="a bomb: more than limits.inflate_file",
    )
    return c


def tars():
    c = Cases("tar")
    zipped, names = zip_archive([(NAME, P)], deflate=True), ["a.tar", NAME]
    c.letter("plain", attached(tar((NAME, P)), "a.tar"), inside=names)
    c.letter("second member", attached(tar(("a.txt", b"hello\n"), (NAME, P)), "a.tar"), inside=names)
    for form, what in ((tarfile.GNU_FORMAT, "GNU"), (tarfile.PAX_FORMAT, "pax")):
        c.letter(
            "%s, name of 150 characters" % what, attached(tar(("d" * 140 + "/" + NAME, P), form=form), "a.tar"), inside=["a.tar"]
        )
    c.letter("of a deflated zip", attached(tar(("b.zip", zipped)), "a.tar"), inside=["a.tar", "b.zip", NAME])
    c.letter("of gzip", attached(tar(("b.gz", squeezed(P))), "a.tar"), inside=["a.tar", "b.gz"])
    c.letter("gzipped", attached(squeezed(tar((NAME, P))), "a.tgz"), inside=["a.tgz", NAME])
    c.letter("gzipped, of gzip", attached(squeezed(tar(("b.gz", squeezed(P)))), "a.tgz"), inside=["a.tgz", "b.gz"])
    c.letter(
        "in a zip", attached(zip_archive([("b.tar", tar((NAME, P)))], deflate=True), "a.zip"), inside=["a.zip", "b.tar", NAME]
    )
    spoilt = bytearray(tar((NAME, P)))
    spoilt[148:156] = b"0000000\0"
    c.letter("wrong checksum", attached(bytes(spoilt), "a.tar"), inside=["a.tar"])
    c.letter("no end blocks", attached(tar((NAME, P))[: 512 + (len(P) + 511) // 512 * 512], "a.tar"), inside=names)
    return c


def cabinet(data, name):
    """Not compressed. Checksums left out, as allowed."""
    blocks = [data[i : i + 32768] for i in range(0, len(data), 32768)]
    file = struct.pack("<IIHHHH", len(data), 0, 0, 0x303D, 0x49EF, 0x20) + name.encode() + b"\0"
    at = 36 + 8 + len(file)
    body = b"".join(struct.pack("<IHH", 0, len(b), len(b)) + b for b in blocks)
    return (
        b"MSCF"
        + struct.pack("<IIIIIBBHHHHH", 0, at + len(body), 0, 36 + 8, 0, 3, 1, 1, 1, 0, 1, 0)
        + struct.pack("<IHH", at, len(blocks), 0)
        + file
        + body
    )


def iso(data, name=b"LETTER.DAT;1"):
    """ISO 9660 with one file in its root: volume descriptor, path tables left empty, root directory."""

    def both(x, form):
        return struct.pack("<" + form, x) + struct.pack(">" + form, x)

    def record(where, size, flags, label):
        r = (
            bytes((0,))
            + both(where, "I")
            + both(size, "I")
            + bytes((104, 1, 29, 9, 15, 0, 0))
            + bytes((flags, 0, 0))
            + both(1, "H")
        )
        r += bytes((len(label),)) + label + b"\0" * (1 - len(label) % 2)
        return bytes((len(r) + 1,)) + r

    root = record(18, 2048, 2, b"\0")
    blocks = 19 + (len(data) + 2047) // 2048
    volume = (
        b"\1CD001\1\0"
        + b" " * 32
        + b"LETTER".ljust(32)
        + bytes(8)
        + both(blocks, "I")
        + bytes(32)
        + both(1, "H")
        + both(1, "H")
        + both(2048, "H")
        + bytes(8)
        + bytes(16)
        + root
    ).ljust(881, b" ") + b"\1"
    return (
        bytes(0x8000)
        + volume.ljust(2048, b"\0")
        + b"\xffCD001\1".ljust(2048, b"\0")
        + (root + record(18, 2048, 2, b"\1") + record(19, len(data), 0, name)).ljust(2048, b"\0")
        + data.ljust((len(data) + 2047) // 2048 * 2048, b"\0")
    )


def ar(*members):
    """Of (name as its header has it, content), each made even."""
    out = b"!<arch>\n"
    for name, data in members:
        out += ("%-16s%-12d%-6d%-6d%-8s%-10d`\n" % (name, 0, 0, 0, "100644", len(data))).encode() + data + b"\n" * (len(data) % 2)
    return out


def deb(name, data):
    """A package of Debian's (deb(5)) with this for its data."""
    control = tar(("control", b"Package: letter\nVersion: 1\nArchitecture: all\n"))
    return ar(("debian-binary", b"2.0\n"), ("control.tar.gz", gzip.compress(control, mtime=0)), (name, data))


# What else holds files: recognised, and said not to be opened. zlib is all that inflates here.
FORMATS = (
    ("bzip2", "letter.bz2", bz2.compress(P)),
    ("xz", "letter.xz", lzma.compress(P)),
    ("lzma alone", "letter.lzma", lzma.compress(P, format=lzma.FORMAT_ALONE)),
    ("tar, bzip2", "a.tbz", tar((NAME, P), mode="w:bz2")),
    ("zip with bzip2 (method 12)", "a.zip", archive(Member(NAME, P, 12, body=bz2.compress(P)))),
    ("rar", "a.rar", b"Rar!\x1a\x07\0" + NOISE),
    ("rar 5", "a.rar", b"Rar!\x1a\x07\1\0" + NOISE),
    ("rar behind a program's stub", "a.bin", b"MZ\1\0" + b"A" * 3000 + b"Rar!\x1a\x07\0" + NOISE),
    ("7z", "a.7z", b"7z\xbc\xaf\x27\x1c\0\4" + NOISE),
    ("bzip2 behind a program's stub", "a.bin", b"MZ\1\0" + b"A" * 3000 + bz2.compress(P)),
    ("xz behind a program's stub", "a.bin", b"MZ\1\0" + b"A" * 3000 + lzma.compress(P)),
    ("zstd behind a program's stub", "a.bin", b"MZ\1\0" + b"A" * 3000 + b"\x28\xb5\x2f\xfd\x24" + NOISE),
    (
        "cab, compressed",
        "a.cab",
        b"MSCF"
        + struct.pack("<IIIIIBBHHHHH", 0, 60 + len(NOISE), 0, 44, 0, 3, 1, 1, 1, 0, 1, 0)
        + struct.pack("<IHH", 60, 1, 3)
        + NOISE,
    ),
    ("arj", "a.arj", b"\x60\xea\x2a\0\x1e\x0b\1\0\x10\0\2" + NOISE),
    ("lzh, compressed", "a.lzh", b"\x24\x40-lh5-" + NOISE),
    ("compress (.Z)", "letter.Z", b"\x1f\x9d\x90" + NOISE),
    ("zstd", "letter.zst", b"\x28\xb5\x2f\xfd\x24" + NOISE),
    ("lz4", "letter.lz4", b"\x04\x22\x4d\x18\x64\x40" + NOISE),
)


def formats():
    c = Cases("other archive")
    for what, name, data in FORMATS:
        c.letter(what, attached(data, name), expect=NAMED, reason="unsupported", why="recognised, not decompressed")
    c.letter("cab, not compressed", attached(cabinet(P, NAME), "a.cab"))
    c.letter("iso", attached(iso(P), "a.iso"))
    zipped = zip_archive([(NAME, P)], deflate=True)
    c.letter(
        "iso of a deflated zip",
        attached(iso(zipped, b"A.ZIP;1"), "a.iso"),
        expect=NAMED,
        reason="unsupported",
        why="recognised, its files are not taken apart",
    )
    c.letter("lzh, not compressed", attached(b"\x20\0-lh0-" + struct.pack("<II", len(P), len(P)) + bytes(9) + P, "a.lzh"))
    c.letter("ar", attached(ar((NAME + "/", P)), "a.a"))
    long = "a-longer-name-than-its-field-has-room-for-" + NAME
    table = (long + "/\n").encode()
    c.letter("ar, a long name of GNU's", attached(ar(("//", table), ("/0", P)), "a.a"))
    c.letter("ar, a long name of BSD's", attached(ar(("#1/%d" % len(long), long.encode() + P)), "a.a"))
    c.letter("ar, as its index of symbols", attached(ar(("/", P)), "a.a"))
    c.letter("ar, deflated zip in it", attached(ar(("a.zip/", zipped)), "a.a"))
    c.letter("ar, behind a member without its last byte", attached(ar(("a/", b"odd"))[:-1] + ar((NAME + "/", P))[8:], "a.a"))
    c.letter("ar in base64 in a text", letter(text(encode_base64(ar((NAME + "/", P))).decode())))
    c.letter("deb, gzip", attached(deb("data.tar.gz", gzip.compress(tar(("./" + NAME, P)), mtime=0)), "letter_1_all.deb"))
    c.letter("deb, not compressed", attached(deb("data.tar", tar(("./" + NAME, P))), "letter_1_all.deb"))
    c.letter(
        "deb, xz",
        attached(deb("data.tar.xz", tar(("./" + NAME, P), mode="w:xz")), "letter_1_all.deb"),
        expect=NAMED,
        reason="unsupported",
        why="recognised, not decompressed",
    )
    c.letter(
        "cpio",
        attached(
            b"070701"
            + b"".join(b"%08x" % x for x in (1, 0o100644, 0, 0, 1, 0, len(P), 0, 0, 0, 0, len(NAME) + 1, 0))
            + NAME.encode()
            + b"\0"
            + bytes(-(110 + len(NAME) + 1) % 4)
            + P,
            "a.cpio",
        ),
    )
    c.letter("zlib's stream", attached(zlib.compress(P), "letter.zz"), expect=NOBODY, why="no mail program or archiver opens it")
    c.letter("deflate without any header", attached(deflated(P), "letter.bin"), expect=NOBODY, why="nothing says what it is")
    c.letter(
        "XORed", attached(bytes(x ^ 0x55 for x in P), NAME), expect=NOBODY, why="whatever undoes it must be sent too, and run"
    )
    c.letter(
        "PDF, in a deflated stream",
        attached(
            b"%PDF-1.4\n1 0 obj<</Type/EmbeddedFile/Filter/FlateDecode/Length 9>>stream\n"
            + zlib.compress(P)
            + b"\nendstream\nendobj\n",
            "a.pdf",
        ),
        expect=LEFT,
        why="documents are not taken apart",
    )
    c.letter(
        "PDF, not compressed",
        attached(b"%PDF-1.4\n1 0 obj<</Type/EmbeddedFile/Length 9>>stream\n" + P + b"\nendstream\nendobj\n", "a.pdf"),
    )
    return c


# TNEF, S/MIME, PGP --------------------------------------------------------------------------------------------------------


def tnef(data, name, kind=6):
    def attribute(level, what, value):
        return struct.pack("<BII", level, what, len(value)) + value + struct.pack("<H", sum(value) & 0xFFFF)

    return (
        struct.pack("<IH", 0x223E9F78, 1)
        + attribute(1, 0x00089006, struct.pack("<I", 0x10000))
        + attribute(2, 0x00069002, b"\1\0" + b"\xff" * 4 + bytes(8))
        + attribute(2, 0x00018010, name.encode() + b"\0")
        + attribute(2, kind << 16 | 0x800F, data)
    )


def squeezed_cms(content):
    """CMS CompressedData (RFC 3274)."""
    return der(
        0x30,
        oid(1, 2, 840, 113549, 1, 9, 16, 1, 9),
        der(
            0xA0,
            der(
                0x30,
                der(2, b"\0"),
                der(0x30, oid(1, 2, 840, 113549, 1, 9, 16, 3, 8)),
                der(0x30, oid(*PKCS7, 1), der(0xA0, der(4, zlib.compress(content)))),
            ),
        ),
    )


def enveloped():
    return der(
        0x30,
        oid(*PKCS7, 3),
        der(
            0xA0,
            der(
                0x30,
                der(2, b"\0"),
                der(0x31),
                der(0x30, oid(*PKCS7, 1), der(0x30, oid(2, 16, 840, 1, 101, 3, 4, 1, 2), der(4, NOISE[:16])), der(0x80, NOISE)),
            ),
        ),
    )


def pkcs7(kind, data, name="smime.p7m"):
    return message(
        [
            Part(
                [
                    'Content-Type: application/pkcs7-mime; smime-type=%s; name="%s"' % (kind, name),
                    "Content-Transfer-Encoding: base64",
                ],
                encode_base64(data),
            )
        ]
    )


def armoured(data):
    return b"-----BEGIN PKCS7-----\n" + encode_base64(data, 64).replace(b"\r\n", b"\n") + b"-----END PKCS7-----\n"


def sealed():
    c = Cases("container")
    c.letter(
        "TNEF (winmail.dat)", attached(tnef(P, NAME), "winmail.dat", ctype="application/ms-tnef"), inside=["winmail.dat", NAME]
    )
    zipped = zip_archive([(NAME, P)], deflate=True)
    c.letter(
        "TNEF, a deflated zip in it",
        attached(tnef(zipped, "a.zip"), "winmail.dat", ctype="application/ms-tnef"),
        inside=["winmail.dat", "a.zip", NAME],
    )
    c.letter(
        "TNEF, its attachment's data of no type",
        attached(tnef(zipped, "a.zip", 0), "winmail.dat", ctype="application/ms-tnef"),
        inside=["winmail.dat", "a.zip", NAME],
    )
    c.letter("TNEF under another name and type", attached(tnef(zipped, "a.zip"), "file.bin"), inside=["file.bin", "a.zip", NAME])
    inner = (OCTETS + "\r\nContent-Transfer-Encoding: base64\r\n\r\n").encode() + B64
    c.letter("S/MIME, signed (opaque)", pkcs7("signed-data", signed(inner)), inside=[NAME])
    c.letter("S/MIME, signed (opaque), in pieces", pkcs7("signed-data", signed(inner, 1000)), inside=[NAME])
    other = signed(inner, 1000).replace(b"\x24\x80\x04", b"\x24\x80\x05")
    c.letter("S/MIME, signed (opaque), a piece of another tag", pkcs7("signed-data", other), inside=[NAME])
    c.letter(
        "S/MIME, signed twice",
        pkcs7(
            "signed-data",
            signed(
                b"Content-Type: application/pkcs7-mime; smime-type=signed-data\r\nContent-Transfer-Encoding: base64\r\n\r\n"
                + encode_base64(signed(inner))
            ),
        ),
        inside=[NAME],
    )
    c.letter("S/MIME, signed, by its name alone", attached(signed(inner), "smime.p7m"), inside=[NAME])
    c.letter("S/MIME, signed, in armour", pkcs7("signed-data", armoured(signed(inner))), inside=[NAME])
    c.letter(
        "S/MIME, encrypted, in armour",
        pkcs7("enveloped-data", armoured(enveloped())),
        expect=NAMED,
        reason="encrypted-file",
        why="needs the receiver's key",
    )
    c.letter(
        "S/MIME, compressed",
        pkcs7("compressed-data", squeezed_cms(inner)),
        expect=NAMED,
        reason="unsupported",
        why="recognised, not decompressed; hardly any reader does",
    )
    c.letter(
        "S/MIME, encrypted",
        pkcs7("enveloped-data", enveloped()),
        expect=NAMED,
        reason="encrypted-file",
        why="needs the receiver's key",
    )
    c.letter(
        "S/MIME, signed in clear",
        message(
            [
                Part([OCTETS, "Content-Transfer-Encoding: base64"], B64),
                Part(
                    ['Content-Type: application/pkcs7-signature; name="smime.p7s"', "Content-Transfer-Encoding: base64"],
                    encode_base64(NOISE),
                ),
            ],
            multipart='signed; protocol="application/pkcs7-signature"; micalg=sha-256',
        ),
        inside=[NAME],
    )
    c.letter(
        "PGP, encrypted",
        message(
            [
                Part(["Content-Type: application/pgp-encrypted"], b"Version: 1\r\n"),
                Part(
                    ["Content-Type: application/octet-stream; name=encrypted.asc"],
                    b"-----BEGIN PGP MESSAGE-----\r\n\r\n" + encode_base64(NOISE, 64) + b"-----END PGP MESSAGE-----\r\n",
                ),
            ],
            multipart='encrypted; protocol="application/pgp-encrypted"',
        ),
        expect=NAMED,
        reason="encrypted-file",
        why="needs the receiver's key",
    )
    c.letter(
        "PGP, signed in clear",
        message(
            [
                text("hi"),
                attachment(P, NAME),
                Part(
                    ["Content-Type: application/pgp-signature"],
                    b"-----BEGIN PGP SIGNATURE-----\r\n\r\niQ==\r\n-----END PGP SIGNATURE-----\r\n",
                ),
            ],
            multipart='signed; protocol="application/pgp-signature"',
        ),
        inside=[NAME],
    )
    c.letter(
        "OLE compound document, not compressed",
        attached(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + P, "a.doc"),
        inside=["a.doc"],
    )
    c.letter(
        "RTF, as hex digits",
        attached(b"{\\rtf1{\\object\\objemb{\\*\\objdata " + P.hex().encode() + b"}}}", "a.rtf"),
        expect=LEFT,
        why="documents are not taken apart",
    )
    return c


def cases():
    return honest_zips() + odd_zips() + gzips() + tars() + formats() + sealed()
