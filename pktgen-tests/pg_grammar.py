#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A grammar of mails: what senders may write, however odd, and what they get wrong.

    pktgen-tests/pg_grammar.py SEED [FAULT...]       one message on standard output, and what it holds on standard error

The same seed gives the same message. A message is legal unless it was asked for faults; of each it says which of them it has, since
readers only have to agree on legal ones.
"""
import base64
import collections
import gzip
import io
import os
import random
import re
import sys
import tarfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import pg_mail  # noqa: E402
from pg_mail import encode_base64, encode_qp, encode_qp_text, encode_uu, zip_archive  # noqa: E402

# data: the message. faults: those that it really has. features: what else is odd in it.
Message = collections.namedtuple("Message", "data faults features")

WORDS = "the quick mail of a slow friend holds three files and a letter about . .. from begin end equal = sign Straße naïve 東京".split()

# What a sender may get wrong: {name: how often of the places where it could be}. Each is asked for alone or with others.
FAULTS = {
    "base64 junk": 0.5,
    "base64 padding in the middle": 0.5,
    "base64 without padding": 0.5,
    "base64 cut short": 0.5,
    "qp broken escape": 0.5,
    "qp blanks at line ends": 0.5,
    "qp lower case": 0.5,
    "uu without end": 0.5,
    "encoding unknown": 0.4,
    "encoding twice": 0.4,
    "encoding of a multipart": 0.6,
    "encoding of a message": 1.0,
    "type twice": 0.4,
    "boundary twice": 0.4,
    "boundary missing": 0.4,
    "end boundary missing": 0.4,
    "no field": 0.4,
    "blank before colon": 0.5,
    "bare LF": 1.0,
    "bare CR in text": 0.5,
    "NUL in text": 0.5,
    "archive cut short": 0.5,
    "archive behind other bytes": 0.5,
}


class Grammar:
    def __init__(self, seed, faults=(), depth=4):
        self.rng = random.Random(seed)
        self.wanted, self.depth = frozenset(faults), depth
        self.faults, self.features = set(), set()
        self.boundaries = []

    # Chance ---------------------------------------------------------------------------------------------------------------

    def may(self, share, feature=None):
        if self.rng.random() >= share:
            return False
        if feature:
            self.features.add(feature)
        return True

    def fault(self, name):
        """Whether to make this fault here."""
        if name not in self.wanted or self.rng.random() >= FAULTS[name]:
            return False
        self.faults.add(name)
        return True

    def pick(self, **weights):
        return self.rng.choices(list(weights), list(weights.values()))[0]

    # What files hold ------------------------------------------------------------------------------------------------------

    def binary(self, most=4000):
        return self.rng.randbytes(self.rng.choice((1, 2, 3, 56, 57, 58, self.rng.randrange(1, most))))

    def lines(self):
        out = []
        for _ in range(self.rng.randrange(1, 30)):
            out.append(" ".join(self.rng.choices(WORDS, k=self.rng.choice((0, 1, 5, 12, 12, 60)))).rstrip())
        return "\r\n".join(out) + "\r\n"

    def ascii(self):
        return re.sub(r"[^\x20-\x7e\r\n]", "x", self.lines())

    def file_name(self, end):
        return self.rng.choice(("file", "a b", "report.final", "Übung", "x" * 70, "semi;colon", "quo'te")) + end

    def tar(self, members):
        out = io.BytesIO()
        form = self.rng.choice((tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT))
        with tarfile.open(fileobj=out, mode="w", format=form) as t:
            for name, data in members:
                info = tarfile.TarInfo(name)
                info.size = len(data)
                t.addfile(info, io.BytesIO(data))
        return out.getvalue()

    def archive(self, room=4):
        """(ending, bytes) of an archive, with others in it sometimes; room: how deep they may be in each other."""
        kind = self.pick(stored=1, deflated=2, streamed=1, gzip=1, gzips=0.5, tar=1, tgz=1 if room > 1 else 0)
        self.features.add(kind)
        room -= 2 if kind == "tgz" else 1
        members = [("first.txt", b"the first\r\n")] if self.may(0.3) else []
        for i in range(self.rng.randrange(1, 5)):
            if room > 0 and kind != "gzips" and self.may(0.2, "archive in an archive"):
                end, data = self.archive(room)
            else:
                end, data = self.rng.choice((".txt", ".bin")), self.rng.choice((self.binary(), self.lines().encode()))
            members.append(("m%d%s" % (i, end), data))
        if kind == "tar":
            return ".tar", self.tar(members)
        if kind == "tgz":
            return ".tgz", gzip.compress(self.tar(members), mtime=0)
        if kind == "gzip":
            return ".gz", gzip.compress(members[-1][1], mtime=0)
        if kind == "gzips":
            return ".gz", b"".join(gzip.compress(data, mtime=0) for _, data in members)
        return ".zip", zip_archive(members, deflate=kind != "stored", descriptor=kind == "streamed")

    def content(self):
        """(type, ending, bytes, whether it is lines of text)"""
        kind = self.pick(text=4, html=1, binary=3, archive=3, uu=1, empty=0.2)
        if kind == "text":
            return "text/plain", ".txt", self.text_fault(self.lines().encode()), True
        if kind == "html":
            return "text/html", ".html", b"<p>" + self.lines().encode() + b"</p>\r\n", True
        if kind == "uu":
            self.features.add("uuencode in a text")
            uu = encode_uu(self.binary(), "file.bin")
            if self.fault("uu without end"):
                uu = uu.replace(b"`\r\nend\r\n", b"")
            return "text/plain", ".txt", self.ascii().encode() + uu + b"\r\n" + self.ascii().encode(), True
        if kind == "empty":
            return "text/plain", ".txt", b"", True
        if kind == "binary":
            return self.rng.choice(("application/octet-stream", "image/jpeg", "audio/x-wav")), ".bin", self.binary(), False
        end, data = self.archive()
        if self.fault("archive cut short"):
            data = data[: len(data) * 2 // 3 + 1]
        if self.fault("archive behind other bytes"):
            data = b"other bytes " * 20 + data
        return self.rng.choice(("application/octet-stream", "application/zip", "application/x-gzip")), end, data, False

    def text_fault(self, data):
        if self.fault("bare CR in text"):
            data = data.replace(b" ", b"\r", 1)
        if self.fault("NUL in text"):
            data = data.replace(b" ", b"\0", 1)
        return data

    # Encodings ------------------------------------------------------------------------------------------------------------

    def base64(self, data):
        line = self.rng.choice((76, 76, 76, 60, 72, 4, 1, 998, 57))
        if len(data) > 1500:
            line = max(line, 57)
        if self.fault("base64 padding in the middle") and len(data) > 10:
            half = len(data) // 2 // 3 * 3 + 1
            return encode_base64(data[:half], line) + encode_base64(data[half:], line)
        body = encode_base64(data, line)
        if self.fault("base64 junk"):
            body = body.replace(b"\r\n", b"!\r\n", 2)
        if self.fault("base64 without padding"):
            body = body.rstrip(b"\r\n").rstrip(b"=") + b"\r\n"
        if self.fault("base64 cut short"):
            body = body.rstrip(b"\r\n=")[:-1] + b"\r\n"
        return body

    def qp(self, data, is_text):
        if is_text and self.may(0.7):
            body = encode_qp_text(data) if data else b""
        else:
            # The line end is not the file's.
            body = encode_qp(data)[:-2] + b"=\r\n"
        if self.fault("qp broken escape"):
            body = b"=ZZ and = at\r\n" + body
        if self.fault("qp lower case"):
            body = re.sub(rb"=[0-9A-F]{2}", lambda m: m[0].lower(), body)
        if self.fault("qp blanks at line ends"):
            body = body.replace(b"\r\n", b" \t\r\n", 3)
        return body

    def encoded(self, data, is_text):
        """(encoding or None, body)"""
        ascii_ = all(x < 128 and x for x in data)
        how = self.pick(base64=4, qp=3, uu=0 if is_text else 0.5, clear=4 if is_text else 0)
        if how == "base64":
            return "base64", self.base64(data)
        if how == "qp":
            return "quoted-printable", self.qp(data, is_text)
        if how == "uu":
            self.features.add("uuencode as the encoding")
            return self.rng.choice(("x-uuencode", "uuencode", "x-uue")), encode_uu(data, "file.bin")
        if not ascii_:
            return self.rng.choice(("8bit", "binary")), data
        return self.rng.choice(("7bit", "8bit", None)), data

    # Header fields ----------------------------------------------------------------------------------------------------------

    def case(self, text):
        return self.rng.choice((text, text, text, text.upper(), text.lower()))

    def field(self, name, value):
        """One field, folded and spaced as RFC 5322 allows; value may be a list, folded between its pieces."""
        if isinstance(value, (list, tuple)):
            gap = self.rng.choice((" ", " ", "\r\n ", "\r\n\t"))
            # Python's email does not read these: only where it is not needed to tell who is right about a fault.
            if len(value) > 1 and not self.wanted and self.may(0.02, "comment between parameters"):
                gap = " (as it were)\r\n "
            value = (";" + gap).join(value)
        name = self.case(name)
        if self.fault("blank before colon"):
            name += " "
        if self.may(0.02, "value on the next line"):
            value = "\r\n " + value
        return name + ":" + self.rng.choice((" ", " ", " ", "", "\t")) + value

    def parameter(self, name, value):
        """A parameter in one of the ways to write it."""
        plain = re.fullmatch(r"[A-Za-z0-9!#$&+.^_`{|}~-]+", value)
        ascii_ = value.isascii()
        how = self.pick(
            token=2 if plain else 0,
            quoted=4 if ascii_ else 0,
            continued=0.7 if ascii_ and len(value) > 3 else 0,
            charset=1,
            word=0 if ascii_ else 1,
        )
        if how == "token":
            return ["%s=%s" % (self.case(name), value)]
        if how == "quoted":
            return ['%s="%s"' % (self.case(name), value.replace("\\", "\\\\").replace('"', '\\"'))]
        if how == "word":
            self.features.add("encoded word as a parameter")
            return ['%s="=?utf-8?B?%s?="' % (name, base64.b64encode(value.encode()).decode())]
        self.features.add("parameter of RFC 2231")
        if how == "continued":
            half = len(value) // 2
            return ['%s*0="%s"' % (name, value[:half]), '%s*1="%s"' % (name, value[half:])]
        return [
            "%s*=utf-8''%s" % (name, "".join(chr(x) if chr(x).isalnum() and x < 128 else "%%%02X" % x for x in value.encode()))
        ]

    def encoding_fields(self, encoding, other):
        out = []
        if encoding and self.fault("encoding unknown"):
            encoding = "x-" + encoding
        if encoding and self.fault("encoding twice"):
            out = [self.field("Content-Transfer-Encoding", other)]
        if encoding:
            value = self.case(encoding)
            if self.may(0.05, "comment behind the encoding"):
                value += " (as it were)"
            out.insert(self.rng.randrange(2), self.field("Content-Transfer-Encoding", value))
        return out

    def mix(self, fields):
        """The fields in any order, others among them."""
        fields = list(fields)
        if self.may(0.3):
            fields.append(self.field("X-Other", "b" * self.rng.choice((1, 80, 900))))
        if self.may(0.2):
            fields.append(self.field("Content-ID", "<%d@example.org>" % self.rng.randrange(1 << 30)))
        self.rng.shuffle(fields)
        if self.fault("no field"):
            fields.insert(self.rng.randrange(len(fields) + 1), "this line is no field")
        return "".join(f + "\r\n" for f in fields).encode()

    # Entities -----------------------------------------------------------------------------------------------------------------

    def leaf(self):
        ctype, end, data, is_text = self.content()
        encoding, body = self.encoded(data, is_text)
        fields, name = [], self.file_name(end) if self.may(0.1 if is_text else 0.9) else None
        pieces = [self.case(ctype)]
        if is_text:
            pieces += self.parameter("charset", "utf-8")
        if name and self.may(0.5):
            pieces += self.parameter("name", name)
        if name or not is_text or self.may(0.7):
            fields.append(self.field("Content-Type", pieces))
            if self.fault("type twice"):
                fields.append(self.field("Content-Type", [self.rng.choice(("text/plain", "application/octet-stream"))]))
        if name or self.may(0.2):
            disposition = [self.rng.choice(("attachment", "inline"))]
            fields.append(self.field("Content-Disposition", disposition + (self.parameter("filename", name) if name else [])))
        fields += self.encoding_fields(encoding, self.rng.choice(("base64", "quoted-printable", "7bit")))
        return self.mix(fields), body

    def boundary(self):
        """One that may begin like one outside of it."""
        if self.boundaries and self.may(0.15, "boundary that begins like another"):
            b = self.rng.choice(self.boundaries) + self.rng.choice("xyz1")
        else:
            letters = "abcdefghijklmnopqrstuvwxyzABCDEF0123456789'()+_,-./:=?"
            b = "".join(self.rng.choices(letters, k=self.rng.choice((2, 10, 24, 40)))) + "%d" % self.rng.randrange(1000)
        while b in self.boundaries or len(b) > 70:
            b = "again%d" % self.rng.randrange(1 << 40)
        self.boundaries.append(b)
        return b

    def multipart(self, depth):
        b = self.boundary()
        kind = self.rng.choice(("mixed", "mixed", "alternative", "related", "report", "x-unknown", "digest"))
        value = ["multipart/" + kind] + self.parameter("boundary", b)
        if self.fault("boundary twice"):
            value.append('boundary="other"')
        if self.fault("boundary missing"):
            value = value[:1]
        fields = [self.field("Content-Type", value)]
        if self.may(0.2):
            fields.append(self.field("Content-Transfer-Encoding", self.rng.choice(("7bit", "8bit", "binary"))))
        out = [b"preamble of some words\r\n" if self.may(0.3) else b""]
        if not out[0] and self.may(0.3):
            out = [b"\r\n"]
        mark = b"--" + b.encode()
        for _ in range(self.rng.choice((1, 1, 2, 2, 3, 5))):
            if kind == "digest":
                head, body = (b"", self.message_bytes(depth + 1)) if self.may(0.7, "digest") else self.explicit_text()
            else:
                head, body = self.entity(depth + 1)
            blanks = self.rng.choice((b"", b"", b"", b"", b" ", b"\t  "))
            out += [mark, blanks, b"\r\n", head, b"\r\n", body, b"\r\n"]
        if not self.fault("end boundary missing"):
            out += [mark, b"--", self.rng.choice((b"", b"", b" ")), b"\r\n"]
            if self.may(0.2, "epilogue"):
                out.append(b"epilogue of some words\r\n")
        body = b"".join(out)
        if self.fault("encoding of a multipart"):
            encoding, body = self.rng.choice((("base64", encode_base64(body)), ("quoted-printable", encode_qp_text(body))))
            fields = fields[:1] + [self.field("Content-Transfer-Encoding", encoding)]
        return self.mix(fields), body

    def explicit_text(self):
        return self.mix([self.field("Content-Type", ["text/plain"])]), self.ascii().encode()

    def attached_message(self, depth):
        fields, body = [self.field("Content-Type", ["message/rfc822"])], self.message_bytes(depth + 1)
        if self.fault("encoding of a message"):
            encoding, body = self.rng.choice((("base64", encode_base64(body)), ("quoted-printable", encode_qp_text(body))))
            fields.append(self.field("Content-Transfer-Encoding", encoding))
        return self.mix(fields), body

    def entity(self, depth):
        kind = self.pick(leaf=4, multipart=2 if depth < self.depth else 0, message=0.6 if depth < self.depth else 0)
        if kind == "leaf":
            return self.leaf()
        self.features.add(kind)
        return self.multipart(depth) if kind == "multipart" else self.attached_message(depth)

    def message_bytes(self, depth):
        head, body = self.multipart(depth) if depth == 0 and self.may(0.7) else self.entity(depth)
        fields = [
            self.field(
                "From", self.rng.choice(("anna@example.org", '"A, B" <a@example.org>', "=?utf-8?Q?=C3=9Cser?= <u@example.org>"))
            ),
            self.field("To", "bela@example.com"),
            self.field(
                "Subject", self.rng.choice(("a letter", "", "=?utf-8?B?w5xidW5n?=\r\n =?iso-8859-1?Q?=E9t=E9?=", "x" * 300))
            ),
            self.field("Date", pg_mail.DATE),
        ]
        if self.may(0.9):
            fields.append(self.field("MIME-Version", self.rng.choice(("1.0", "1.0 (produced by hand)"))))
        self.rng.shuffle(fields)
        return "".join(f + "\r\n" for f in fields).encode() + head + b"\r\n" + body

    def message(self):
        data = self.message_bytes(0)
        if not data.endswith(b"\r\n"):
            data += b"\r\n"
        if self.fault("bare LF"):
            data = data.replace(b"\r\n", b"\n")
        return Message(data, frozenset(self.faults), frozenset(self.features))


def make(seed, faults=()):
    return Grammar(seed, faults).message()


def some(count, seed=0, faulty=0.5):
    """count messages, a share of which was asked for one to three faults."""
    for i in range(count):
        rng = random.Random("%d %d" % (seed, i))
        faults = rng.sample(sorted(FAULTS), rng.choice((1, 1, 1, 2, 3))) if rng.random() < faulty else ()
        yield make(rng.randrange(1 << 60), faults)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    m = make(int(sys.argv[1]), sys.argv[2:])
    sys.stdout.buffer.write(m.data)
    print("faults: %s\nfeatures: %s" % (", ".join(sorted(m.faults)), ", ".join(sorted(m.features))), file=sys.stderr)


if __name__ == "__main__":
    main()
