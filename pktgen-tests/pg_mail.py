# SPDX-License-Identifier: Apache-2.0
"""Mails made from files, in the wrappings that senders use.

Everything is bytes and deterministic: the same arguments give the same message, on any day and machine.
Lines end in CRLF. Dots are not stuffed here: that belongs to the DATA command (pg_session).
"""
import base64
import binascii
import hashlib
import io
import quopri
import re
import zipfile

DATE = "Thu, 29 Jan 2004 09:15:00 +0000"
ENCODINGS = ("base64", "quoted-printable", "7bit", "8bit", "binary", "x-uuencode")
ZIP_TIME = (2004, 1, 29, 9, 15, 0)


def encode_base64(data, line=76):
    """base64 in lines of `line` characters (0: one line)."""
    text = binascii.b2a_base64(data, newline=False)
    if not line:
        return text + b"\r\n"
    return b"".join(text[i : i + line] + b"\r\n" for i in range(0, len(text), line))


def encode_qp(data):
    """quoted-printable for binary content: line ends are encoded too, soft line breaks at 76 (RFC 2045 6.7)."""
    out, column = [], 0
    for byte in data:
        c = bytes((byte,)) if 33 <= byte <= 126 and byte != 61 else b"=%02X" % byte
        if column + len(c) > 75:
            out.append(b"=\r\n")
            column = 0
        out.append(c)
        column += len(c)
    out.append(b"\r\n")
    return b"".join(out)


def encode_qp_text(text):
    """quoted-printable for text: its line ends stay line ends."""
    return crlf(quopri.encodestring(text.replace(b"\r\n", b"\n")))


def encode_uu(data, name):
    lines = [b"begin 644 " + name.encode() + b"\r\n"]
    lines += [binascii.b2a_uu(data[i : i + 45], backtick=True).rstrip(b"\n") + b"\r\n" for i in range(0, len(data), 45)]
    return b"".join(lines) + b"`\r\nend\r\n"


def crlf(data):
    """Every line end (CRLF, LF, CR) as CRLF, and one at the end."""
    data = re.sub(rb"\r\n|\r|\n", b"\r\n", data)
    return data if data.endswith(b"\r\n") else data + b"\r\n"


def base64_layers(data, layers):
    """The content after `layers` times base64, without line breaks: what a part that is encoded once more holds."""
    for _ in range(layers):
        data = base64.b64encode(data)
    return data


def zip_archive(members, deflate=False, descriptor=False, before=b""):
    """A zip of [(name, data)]; descriptor: sizes follow the data, as programs that write to a pipe do."""

    class Pipe(io.RawIOBase):
        """Not seekable, so that zipfile writes data descriptors."""

        def __init__(self):
            self.parts = []

        def writable(self):
            return True

        def write(self, data):
            self.parts.append(bytes(data))
            return len(data)

    out = Pipe() if descriptor else io.BytesIO()
    method = zipfile.ZIP_DEFLATED if deflate else zipfile.ZIP_STORED
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members:
            info = zipfile.ZipInfo(name, ZIP_TIME)
            info.compress_type = method
            info.create_system = 3
            info.external_attr = 0o644 << 16
            archive.writestr(info, data)
    return before + (b"".join(out.parts) if descriptor else out.getvalue())


class Part:
    """One MIME part: `head` lines and the encoded `body`, as they travel."""

    def __init__(self, head, body):
        self.head, self.body = head, body

    def bytes(self):
        return b"".join(h.encode("utf-8") + b"\r\n" for h in self.head) + b"\r\n" + self.body


def text(content, charset="utf-8", encoding="8bit", subtype="plain"):
    if isinstance(content, str):
        content = content.encode(charset)
    body = crlf(content)
    if encoding == "quoted-printable":
        body = encode_qp_text(content)
    elif encoding == "base64":
        body = encode_base64(content)
    return Part(["Content-Type: text/%s; charset=%s" % (subtype, charset), "Content-Transfer-Encoding: " + encoding], body)


def attachment(data, name, encoding="base64", ctype="application/octet-stream", line=76, disposition="attachment"):
    """A file as an attachment. 7bit, 8bit and binary carry the bytes as they are: what no honest program does to a
    binary file, and what a scanner has to read all the same."""
    if encoding == "base64":
        body = encode_base64(data, line)
    elif encoding == "quoted-printable":
        body = encode_qp(data)
    elif encoding == "x-uuencode":
        body = encode_uu(data, name or "file")
    elif encoding in ("7bit", "8bit", "binary"):
        body = data + b"\r\n"
    else:
        raise ValueError("no such encoding: %s" % encoding)
    head = ["Content-Type: " + ctype + ('; name="%s"' % name if name else ""), "Content-Transfer-Encoding: " + encoding]
    if disposition:
        head.append("Content-Disposition: " + disposition + ('; filename="%s"' % name if name else ""))
    return Part(head, body)


def nested(message_bytes):
    """A message in a message."""
    return Part(["Content-Type: message/rfc822", "Content-Disposition: inline"], message_bytes)


def message(parts, subject="a message", sender="anna@example.org", to="bela@example.com", headers=(), multipart="mixed"):
    """A whole message. One part becomes the message's own body, more (or multipart given as "always") a multipart."""
    parts = list(parts)
    to = to if isinstance(to, str) else ", ".join(to)
    seed = hashlib.sha256(repr((subject, sender, to, len(parts))).encode()).hexdigest()[:24]
    head = ["Date: " + DATE, "From: " + sender, "To: " + to, "Subject: " + subject, "Message-ID: <%s@example.org>" % seed]
    head += list(headers) + ["MIME-Version: 1.0"]
    if len(parts) == 1 and multipart != "always":
        return b"".join(h.encode() + b"\r\n" for h in head) + parts[0].bytes()
    boundary = "=_%s" % seed
    kind = "mixed" if multipart == "always" else multipart
    head.append('Content-Type: multipart/%s; boundary="%s"' % (kind, boundary))
    mark = b"--" + boundary.encode()
    out = [b"".join(h.encode() + b"\r\n" for h in head), b"\r\nThis is a message in several parts.\r\n"]
    for part in parts:
        out += [mark, b"\r\n", part.bytes()]
    return b"".join(out + [mark, b"--\r\n"])


def encoded_lines(part, needle):
    """The lines (from 1) of a base64 part's body on which the encoding of the first `needle` begins and ends, found by
    decoding the body line by line: independent of how it was encoded."""
    lines = part.body.split(b"\r\n")
    decoded = base64.b64decode(b"".join(lines))
    at = decoded.find(needle)
    if at < 0:
        return None
    found = []
    for offset in (at, at + len(needle) - 1):
        characters = offset * 8 // 6
        for number, one in enumerate(lines, 1):
            if characters < len(one):
                found.append(number)
                break
            characters -= len(one)
    return tuple(found)
