#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Independent readers of mail, beside mailweir: what files each of them sees in a message.

    /usr/bin/python3 pg_readers.py FILE...           a JSON line for each: what each reader sees
    /usr/bin/python3 pg_readers.py --check           which readers are there, by version

Readers of messages: Python's email, and GMime (packages python3-gi and gir1.2-gmime-3.0). Of archives: Python's zipfile, gzip and
tarfile, and libarchive (python3-libarchive-c). Of uuencode: Python's uu, or binascii where that module is gone. A file is told by its
SHA-256 and its length; of a message there are its leaves, and of a leaf that is an archive its members.

The packages are Debian's: another interpreter does not see them, which is why this is a program of its own.
"""
import base64
import binascii
import email
import email.errors
import gzip
import hashlib
import io
import json
import quopri
import re
import sys
import tarfile
import warnings
import zipfile

warnings.simplefilter("ignore")

DEPTH = 6


def told(data):
    return [hashlib.sha256(data).hexdigest(), len(data)]


# Messages -----------------------------------------------------------------------------------------------------------------


def by_email(data):
    """The decoded leaves, in order, by Python's email; what stands before and behind the parts; and [(a leaf, what it may be instead)]."""
    out, around, instead = [], [], []

    def walk(message):
        if message.is_multipart():
            around.extend(x.encode("ascii", "surrogateescape") for x in (message.preamble, message.epilogue) if x)
            for part in message.get_payload():
                walk(part)
            return
        # An encoded multipart, which it does not decode to look for a delimiter: it shows it as a text, up to what ends it.
        if any(isinstance(x, email.errors.StartBoundaryNotFoundDefect) for x in message.defects):
            return
        # It takes the encoding's name with its comments and folds, and then knows it not.
        encoding = message.get("Content-Transfer-Encoding")
        if encoding is not None:
            message.replace_header("Content-Transfer-Encoding", re.sub(r"\([^()]*\)", "", str(encoding)).strip())
        content = message.get_payload(decode=True)
        out.append(content if content is not None else b"")
        payload = message._payload  # as it travelled: get_payload() would read it by its charset
        if isinstance(payload, str):
            other = differently(str(message.get("Content-Transfer-Encoding")).lower(), payload.encode("ascii", "surrogateescape"))
            if other is not None:
                instead.append((out[-1], other))

    walk(email.message_from_bytes(data))
    return out, around, instead


def differently(encoding, body):
    """What is in it by the letter of RFC 2045, where many readers do otherwise: blanks at the ends of quoted-printable lines are deleted
    (6.7 (3)), and "==" is no escape; base64 goes on behind a padding, which may be the end of what someone put before it (6.8 leaves it open)."""
    if encoding == "quoted-printable":
        return quopri.decodestring(re.sub(rb"[ \t]+(?=\r?\n)|[ \t]+\Z", b"", body).replace(b"==", b"=3D="))
    if encoding == "base64":
        letters = re.sub(rb"[^A-Za-z0-9+/=]", b"", body)
        return b"".join(map(base64.b64decode, quanta(letters)))
    return None


def quanta(letters):
    """Pieces of base64, each with its own padding. A padding that completes no quantum is passed over, as what is no letter is."""
    out, now = [], b""
    for piece in re.findall(rb"[^=]+|=+", letters):
        if piece[:1] != b"=":
            now += piece
        elif len(now) % 4 == 3 or (len(now) % 4 == 2 and len(piece) > 1):
            out.append(now + b"=" * (-len(now) % 4))
            now = b""
    rest = len(now) % 4
    return out + [now[:-1] if rest == 1 else now + b"=" * (-rest % 4)]


def gmime():
    try:
        import gi

        gi.require_version("GMime", "3.0")
        from gi.repository import GMime
    except (ImportError, ValueError):
        return None
    GMime.init()
    return GMime


def by_gmime(library, data):
    """The decoded leaves, in order; and [(a leaf, what it may be instead)]."""
    out, instead = [], []
    names = {library.ContentEncoding.BASE64: "base64", library.ContentEncoding.QUOTEDPRINTABLE: "quoted-printable"}

    def bytes_of(thing):
        stream = library.StreamMem.new()
        thing.write_to_stream(stream)
        return bytes(stream.get_byte_array())

    def content_of(part):
        content = part.get_content()
        if content is None:
            return b""
        found, raw = bytes_of(content), content.get_stream()
        raw.reset()
        other = differently(names.get(content.get_encoding()), bytes_of(raw))
        if other is not None:
            instead.append((found, other))
        return found

    def walk(part):
        if isinstance(part, library.Multipart):
            for i in range(part.get_count()):
                walk(part.get_part(i))
        elif isinstance(part, library.MessagePart):
            inner = part.get_message()
            if inner is not None and inner.get_mime_part() is not None:
                walk(inner.get_mime_part())
        elif isinstance(part, library.Part):
            out.append(content_of(part))

    parser = library.Parser.new_with_stream(library.StreamMem.new_with_buffer(data))
    message = parser.construct_message(None)
    if message is not None and message.get_mime_part() is not None:
        walk(message.get_mime_part())
    return out, instead


# Archives -----------------------------------------------------------------------------------------------------------------


def is_archive(data):
    if data[:2] == b"\x1f\x8b":
        return "gzip"
    if data[257:262] == b"ustar":
        return "tar"
    if data[:4] == b"PK\3\4" or zipfile.is_zipfile(io.BytesIO(data)):
        return "zip"
    return None


def by_python(data, kind):
    """The members by zipfile, gzip or tarfile; what cannot be read ends the list."""
    out = []
    try:
        if kind == "gzip":
            out.append(gzip.decompress(data))
        elif kind == "zip":
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                out += [archive.read(i) for i in archive.infolist() if not i.is_dir()]
        else:
            with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
                out += [archive.extractfile(m).read() for m in archive if m.isfile()]
    except Exception:  # whatever a reader says of a spoilt archive
        pass
    return out


def by_libarchive(data, kind):
    try:
        import libarchive
    except ImportError:
        return None
    out = []
    form = {"gzip": "raw", "zip": "zip", "tar": "tar"}[kind]
    try:
        with libarchive.memory_reader(data, form, "gzip" if kind == "gzip" else "all") as archive:
            for entry in archive:
                if kind == "gzip" or entry.isfile:
                    out.append(b"".join(entry.get_blocks()))
    except libarchive.ArchiveError:
        pass
    return out


def uuencoded(text):
    """Files that stand uuencoded in a text, from a begin line to its end line. binascii decodes the lines. None: one of which lines are longer
    than they say, of quoted-printable that is read as it travelled."""
    out, now, over = [], None, False
    for line in text.split(b"\n"):
        line = line.rstrip(b"\r")
        words = line.split(b" ", 2)
        if now is None:
            if len(words) == 3 and words[0] == b"begin" and words[1].isdigit() and words[2]:
                now, over = b"", False
            continue
        over |= bool(line) and len(line) > 3 + ((line[0] - 32 & 63) + 2) // 3 * 4
        if line == b"end":
            out.append(None if over else now)
            now = None
            continue
        try:
            now += binascii.a2b_uu(line)
        except binascii.Error:
            # As uu.decode does: some encoders leave blanks out, or put more behind.
            try:
                now += binascii.a2b_uu(line[: (((line[0] - 32) & 63) * 4 + 5) // 3] if line else b" ")
            except binascii.Error:
                now = None
    return out


def by_uu(data):
    """The first one by Python's own module, where it still is."""
    try:
        import uu
    except ImportError:
        return None
    out = io.BytesIO()
    try:
        uu.decode(io.BytesIO(data), out, quiet=True)
    except Exception:
        return []
    return [out.getvalue()]


# All --------------------------------------------------------------------------------------------------------------------


def opened(data, depth=0):
    """What is in a file: ([files that both readers see], [files that one of them sees])."""
    both, one = [], []

    def take(lists):
        lists = [x for x in lists if x is not None]
        for i in range(max(map(len, lists))):
            items = [x[i] for x in lists if i < len(x)]
            same = len(items) == len(lists) and all(x == items[0] for x in items)
            for x in items[:1] if same else items:
                (both if same else one).append(told(x))
                if depth < DEPTH:
                    more = opened(x, depth + 1)
                    (both if same else one).extend(more[0])
                    one.extend(more[1])

    kind = is_archive(data)
    if kind:
        take([by_python(data, kind), by_libarchive(data, kind)])
    elif b"begin " in data and depth == 0:
        ours = uuencoded(data)
        if ours:
            first = by_uu(data)
            theirs = ours if first is None or ours[0] is None else first + ours[1:]
            take([[x for x in some if x is not None] for some in (ours, theirs)])
    return both, one


def contained(leaves, data):
    """{SHA-256 of a leaf that only one reader has: those of leaves that begin with all of it}. "raw" among them: it stands so in the
    message, undecoded but for its line ends: that reader does not take for encoded what another does."""
    out, joined = {}, b"".join(data.split(b"\r\n"))
    for name, some in leaves.items():
        others = [x for other, xs in leaves.items() if other != name for x in xs]
        for leaf in some:
            if leaf not in others:
                longer = [told(x)[0] for x in others if x.startswith(leaf)]
                raw = leaf in data or b"".join(leaf.split(b"\r\n")) in joined
                out[told(leaf)[0]] = longer + (["raw"] if raw else [])
    return out


def read(data, library):
    leaves = {}
    leaves["email"], around, instead = by_email(data)
    if library:
        leaves["gmime"], more = by_gmime(library, data)
        instead += more
    longer = contained(leaves, data)
    inside = {"both": [], "one": []}
    for leaf in {x for some in leaves.values() for x in some}:
        # What it may be instead is looked into in its place.
        both, one = opened(dict(instead).get(leaf, leaf))
        if all(leaf in some for some in leaves.values()):
            inside["both"] += both
            inside["one"] += one
        elif "raw" not in longer[told(leaf)[0]]:
            inside["one"] += both + one
    said = {name: [told(x) for x in some] for name, some in leaves.items()}
    # With the line end before or behind, or without.
    around = [told(form)[0] for x in around for form in (x, x + b"\r\n", x.removesuffix(b"\r\n"), x.removeprefix(b"\r\n"))]
    return {
        "leaves": said,
        "inside": inside,
        "contained": longer,
        "instead": {told(leaf)[0]: told(other)[0] for leaf, other in instead if other != leaf},
        "around": around,
    }


def check():
    library = gmime()
    found = {"email": sys.version.split()[0]}
    if library:
        found["gmime"] = "3.0"
    try:
        import libarchive

        found["libarchive"] = str(libarchive.ffi.version_number())
    except ImportError:
        pass
    return found


def main():
    if sys.argv[1:] == ["--check"]:
        print(json.dumps(check()))
        return
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    library = gmime()
    for name in sys.argv[1:]:
        with open(name, "rb") as f:
            data = f.read()
        print(json.dumps(read(data, library)), flush=True)


if __name__ == "__main__":
    main()
