# SPDX-License-Identifier: Apache-2.0
"""Wrappings of a mail itself: transfer encodings, files that stand in a text, MIME's structure."""
import base64
import binascii
import struct
import zlib

from pg_mail import Part, attachment, base64_layers, encode_base64, encode_qp, encode_qp_text, encode_uu, message, nested, text
from pg_wrappings import NAME, NAMED, NOBODY, PROGRAM_BYTES, Cases

P = PROGRAM_BYTES
B64 = encode_base64(P)
RUN = base64.b64encode(P)
OCTETS = 'Content-Type: application/octet-stream; name="%s"' % NAME


def letter(*parts, **k):
    return message([text("See the attachment.")] + list(parts), **k)


def raw(head, body):
    """A message whose header is written as it stands here."""
    return b"".join((h if isinstance(h, bytes) else h.encode()) + b"\r\n" for h in head) + b"\r\n" + body


def lines(data, size, end=b"\r\n"):
    return b"".join(data[i : i + size] + end for i in range(0, len(data), size))


def declared(encoding, body, *head):
    """An attachment with this Content-Transfer-Encoding, right or not."""
    return letter(Part([OCTETS, "Content-Transfer-Encoding: " + encoding, *head], body))


def plain(body, ctype="text/plain", encoding="7bit"):
    return message([Part(["Content-Type: " + ctype, "Content-Transfer-Encoding: " + encoding], body)])


# Transfer encodings -------------------------------------------------------------------------------------------------------


def transfer():
    c = Cases("transfer encoding")
    for encoding in ("base64", "quoted-printable", "7bit", "8bit", "binary"):
        c.letter(encoding, letter(attachment(P, NAME, encoding)), inside=[NAME])
    for encoding in ("x-uuencode", "uuencode", "x-uue"):
        c.letter(encoding, declared(encoding, encode_uu(P, NAME)), inside=[NAME])
    spelt = ("BASE64", '"base64"', "base64 (as it were)", "(as it were) base64", "base64; x=y", "base-64", "\r\n\tbase64")
    for how in spelt:
        c.letter("base64 spelt %s" % how.replace("\r\n\t", "on the next line: "), declared(how, B64), inside=[NAME])
    c.letter("base64 under an unknown name", declared("x-foo", B64), inside=[NAME])
    c.letter("base64 declared 7bit", declared("7bit", B64), inside=[NAME])
    c.letter(
        "base64 declared 8bit, in text/plain with a name",
        letter(Part(['Content-Type: text/plain; name="%s"' % NAME, "Content-Transfer-Encoding: 8bit"], B64)),
        inside=[NAME],
    )
    c.letter("base64 declared quoted-printable", declared("quoted-printable", B64), inside=[NAME])
    c.letter("base64 not declared, application", letter(Part([OCTETS], B64)), inside=[NAME])
    c.letter(
        "base64 not declared, text/plain with a name",
        letter(Part(['Content-Type: text/plain; name="%s"' % NAME], B64)),
        inside=[NAME],
    )
    c.letter("no encoding, no name, no type", message([Part(["X-Empty: 1"], P + b"\r\n")]))
    return c


def base64_forms():
    c = Cases("base64")
    c.letter("one line", letter(attachment(P, NAME, line=0)), inside=[NAME])
    c.letter("one character a line", letter(attachment(P, NAME, line=1)), inside=[NAME])
    c.letter("lines of 998", letter(attachment(P, NAME, line=998)), inside=[NAME])
    c.letter("other characters at line ends", declared("base64", lines(RUN, 76, b"!\r\n")), inside=[NAME])
    c.letter(
        "other characters everywhere",
        declared("base64", b"*".join(RUN[i : i + 1] for i in range(len(RUN))) + b"\r\n"),
        inside=[NAME],
    )
    c.letter("NUL in every line", declared("base64", lines(RUN, 38, b"\0\r\n")), inside=[NAME])
    c.letter("blanks between letters", declared("base64", lines(RUN, 4, b" \t") + b"\r\n"), inside=[NAME])
    c.letter("8-bit characters between", declared("base64", lines(RUN, 60, b"\xe9\r\n")), inside=[NAME])
    c.letter("padding in the middle", declared("base64", encode_base64(P[:1000]) + encode_base64(P[1000:])), inside=[NAME])
    c.letter("padding after one letter, then the file", declared("base64", b"QUJD=\r\n" + B64), inside=[NAME])
    odd = RUN[:41] + b"=" + RUN[41:]
    c.letter("padding that completes nothing, in the middle", declared("base64", lines(odd, 76)), inside=[NAME])
    c.letter("padding in lines of three letters", declared("base64", lines(RUN[:141], 3) + b"====\r\n" + lines(RUN[141:], 3)))
    c.letter("padding before everything", declared("base64", b"====\r\n" + B64), inside=[NAME])
    c.letter("no padding", declared("base64", lines(RUN.rstrip(b"="), 76)), inside=[NAME])
    c.letter(
        "each line encoded for itself",
        declared("base64", b"".join(encode_base64(P[i : i + 50]) for i in range(0, len(P), 50))),
        inside=[NAME],
    )
    c.letter(
        "alphabet of URLs",
        declared("base64", lines(base64.urlsafe_b64encode(P), 76)),
        expect=NOBODY,
        reason="malformed",
        why="Python's email, GMime and the parsers of nodemailer leave out - and _: what they make of it is no program",
    )
    c.letter(
        "alphabet of IMAP's folder names (, for /)",
        declared("base64", lines(RUN.replace(b"/", b","), 76)),
        expect=NOBODY,
        why="no mail program decodes this alphabet in a body: what it makes of it is no program",
    )
    c.letter(
        "ten letters of prose before it",
        declared("base64", b"hello world\r\n" + B64),
        expect=NOBODY,
        why="every decoder takes the ten letters for base64: what it makes of the rest is no program",
    )
    for layers, what in ((1, "twice"), (2, "three times"), (3, "four times")):
        c.letter(what, declared("base64", encode_base64(base64_layers(P, layers))), inside=[NAME])
    c.letter("twice, both in lines", declared("base64", encode_base64(B64)), inside=[NAME])
    c.letter(
        "twice, the loader not at its start",
        letter(attachment(base64.b64encode(b"\x90" * 777 + P) + b"\r\n", NAME)),
        inside=[NAME],
    )
    c.letter(
        "base64 of quoted-printable of base64",
        declared("base64", encode_base64(encode_qp(B64))),
        expect=NOBODY,
        why="a file that names no encoding: nobody undoes quoted-printable there",
    )
    return c


def quoted_printable():
    c = Cases("quoted-printable")
    c.letter(
        "lower case",
        declared("quoted-printable", lines(b"".join(b"=%02x" % x for x in P), 72, b"=\r\n") + b"\r\n"),
        inside=[NAME],
    )
    c.letter(
        "a soft line break after each character",
        declared("quoted-printable", b"".join(b"=%02X=\r\n" % x for x in P)),
        inside=[NAME],
    )
    c.letter(
        "blanks behind soft line breaks", declared("quoted-printable", b"".join(b"=%02X= \t\r\n" % x for x in P)), inside=[NAME]
    )
    c.letter(
        "soft line breaks that end in a bare LF",
        declared("quoted-printable", b"".join(b"=%02X=\n" % x for x in P) + b"\r\n"),
        inside=[NAME],
    )
    c.letter(
        "soft line breaks of CR alone",
        declared("quoted-printable", b"".join(b"=%02X=\r" % x for x in P) + b"\r\n"),
        inside=[NAME],
    )
    c.letter(
        "line ends of CR CR LF",
        declared("quoted-printable", encode_qp(P).replace(b"=\r\n", b"=\r\r\n")),
        inside=[NAME],
    )
    c.letter("broken escapes between", declared("quoted-printable", b"=ZZ\r\n" + encode_qp(P)), inside=[NAME])
    c.letter("of base64 text", declared("quoted-printable", encode_qp(B64)), inside=[NAME])
    c.letter("one line of 20,000", declared("quoted-printable", b"".join(b"=%02X" % x for x in P) + b"\r\n"), inside=[NAME])
    return c


# Files in a text ----------------------------------------------------------------------------------------------------------


def yenc(data, name):
    out, line = [], bytearray()
    for x in data:
        x = (x + 42) & 255
        line += bytes((61, (x + 64) & 255)) if x in (0, 10, 13, 61) or (x == 46 and not line) else bytes((x,))
        if len(line) >= 128:
            out.append(bytes(line))
            line.clear()
    head = b"=ybegin line=128 size=%d name=%s\r\n" % (len(data), name.encode())
    return head + b"\r\n".join(out + [bytes(line)]) + b"\r\n=yend size=%d crc32=%08x\r\n" % (len(data), zlib.crc32(data))


HQX = b"!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr"


def binhex(data, name):
    """BinHex 4.0 (RFC 1741): header, data fork, empty resource fork, each with its CRC; runs of one byte shortened."""
    head = bytes((len(name),)) + name.encode() + b"\0" + b"APPLDPLY" + struct.pack(">HII", 0, len(data), 0)
    whole = b"".join(x + struct.pack(">H", binascii.crc_hqx(x, 0)) for x in (head, data, b""))
    short, at = bytearray(), 0
    while at < len(whole):
        run = 1
        while run < 255 and whole[at + run : at + run + 1] == whole[at : at + 1]:
            run += 1
        one = b"\x90\0" if whole[at] == 0x90 else whole[at : at + 1]
        short += one + (bytes((0x90, run)) if run > 3 else one * (run - 1))
        at += run
    bits = "".join(format(x, "08b") for x in short)
    bits += "0" * (-len(bits) % 6)
    body = b":" + bytes(HQX[int(bits[i : i + 6], 2)] for i in range(0, len(bits), 6)) + b":"
    return b"(This file must be converted with BinHex 4.0)\r\n\r\n" + lines(body, 64)


def page(body):
    return b"<html><head><title>Invoice</title></head><body>" + body + b"</body></html>\r\n"


def texts():
    c = Cases("in a text")
    uu = encode_uu(P, NAME)
    c.letter("uuencode", plain(b"Hello,\r\n\r\n" + uu + b"\r\nRegards\r\n"), inside=[NAME])
    c.letter("uuencode, spaces for backticks", plain(b"Hello,\r\n\r\n" + uu.replace(b"`", b" ")), inside=[NAME])
    c.letter("uuencode, no end line", plain(b"Hello,\r\n\r\n" + uu.replace(b"`\r\nend\r\n", b"")), inside=[NAME])
    rest = uu[uu.index(b"\n") + 1 :]
    for what, begin in (
        ("a mode of one digit", b"begin 0 " + NAME.encode()),
        ("a mode of six digits", b"begin 100644 " + NAME.encode()),
        ("a mode that is none", b"begin 999 " + NAME.encode()),
        ("the name next to the mode", b"begin 644" + NAME.encode()),
        ("no name", b"begin 644"),
        ("a bracket before the mode", b"begin (644 " + NAME.encode()),
        ("tabs", b"begin\t644\t" + NAME.encode()),
        ("in capitals", b"BEGIN 644 " + NAME.encode()),
        ("an empty line of it first", b"begin 644 " + NAME.encode() + b"\r\n`"),
    ):
        inside = ["uuencode" if what == "no name" else NAME]
        c.letter("uuencode, " + what, plain(b"Hello,\r\n\r\n" + begin + b"\r\n" + rest), inside=inside)
    stripped = b"\r\n".join(line.rstrip(b" ") for line in uu.replace(b"`", b" ").split(b"\r\n"))
    c.letter("uuencode, blanks at line ends lost", plain(b"Hello,\r\n\r\n" + stripped), inside=[NAME])
    c.letter("uuencode in a base64 part", plain(encode_base64(b"Hello,\r\n\r\n" + uu), encoding="base64"), inside=[NAME])
    c.letter(
        "uuencode in a quoted-printable part",
        plain(encode_qp_text(b"Hello,\r\n\r\n" + uu), encoding="quoted-printable"),
        inside=[NAME],
    )
    c.letter("uuencode in text/html", plain(uu, "text/html"), inside=[NAME])
    c.letter("uuencode after 100 lines of text", plain(b"Some line of a letter.\r\n" * 100 + uu), inside=[NAME])
    c.letter("two uuencoded files, the second is it", plain(encode_uu(b"hello\n", "a.txt") + b"\r\n" + uu), inside=[NAME])
    c.letter("uuencode, begin-base64", plain(b"begin-base64 644 %s\r\n" % NAME.encode() + B64 + b"====\r\n"))
    c.letter("uuencode of an old mail, no MIME", raw(["From: a@example.org", "Subject: the file"], uu), inside=[NAME])
    c.letter("yEnc", plain(yenc(P, NAME), encoding="8bit"))
    c.letter("yEnc, no line length", plain(yenc(P, NAME).replace(b" line=128", b"", 1), encoding="8bit"), inside=[NAME])
    c.letter("yEnc attached", letter(attachment(yenc(P, NAME), "file.yenc", "8bit")))
    c.letter("BinHex", plain(binhex(P, NAME)))
    c.letter(
        "BinHex attached",
        letter(
            Part(['Content-Type: application/mac-binhex40; name="file.hqx"', "Content-Transfer-Encoding: 7bit"], binhex(P, NAME))
        ),
    )
    link = b'<a download="a.dat" href="data:application/octet-stream;base64,%s">Invoice</a>'
    c.letter("data: URL in HTML", plain(page(link % RUN), "text/html"))
    c.letter("data: URL in HTML in base64", plain(encode_base64(page(link % RUN)), "text/html", "base64"))
    c.letter("data: URL in HTML in quoted-printable", plain(encode_qp_text(page(link % RUN)), "text/html", "quoted-printable"))
    wide = b"\xff\xfe" + page(b'<script>var a="%s";</script>' % RUN).decode().encode("utf-16-le")
    c.letter("script string in HTML in UTF-16", plain(encode_base64(wide), "text/html; charset=utf-16", "base64"))
    c.letter("data: URL, lines folded", plain(page(link % lines(RUN, 76)), "text/html"))
    c.letter(
        "data: URL, percent-encoded signs",
        plain(page(link % RUN.replace(b"+", b"%2B").replace(b"/", b"%2F").replace(b"=", b"%3D")), "text/html"),
    )
    script = b'<script>var f="%s";save(atob(f));</script>'
    c.letter("string in a script", plain(page(script % RUN), "text/html"))
    c.letter(
        "string in a script, put together of pieces",
        plain(page(script % b'"+\r\n"'.join(RUN[i : i + 100] for i in range(0, len(RUN), 100))), "text/html"),
    )
    pieces = [RUN[i : i + 60] for i in range(0, len(RUN), 60)]
    for what, between in (
        ("added in a loop's lines", b'";\r\nf += "'),
        ("pushed one by one", b'");\r\nf.push("'),
        ("put together by calls", b'".concat("'),
        ("with comments between", b'"+/* more */"'),
        ("in parentheses", b'")+("'),
    ):
        c.letter("string in a script, " + what, plain(page(script % between.join(pieces)), "text/html"))
    c.letter("pieces in one div each", plain(page(b"".join(b"<div class=b>%s</div>\r\n" % x for x in pieces)), "text/html"))
    for what, how in (("\\x", "\\x%02x"), ("\\u", "\\u%04x")):
        escaped = "".join(how % x for x in RUN).encode()
        c.letter("string in a script, each character as " + what, plain(page(script % escaped), "text/html"))
    c.letter("string in a script, slashes escaped", plain(page(script % RUN.replace(b"/", b"\\/")), "text/html"))
    named = RUN.replace(b"+", b"&plus;").replace(b"/", b"&sol;").replace(b"=", b"&equals;")
    c.letter("data: URL, signs as HTML's names", plain(page(link % named), "text/html"))
    numbered = RUN.replace(b"+", b"&#43;").replace(b"/", b"&#x2F;")
    c.letter("data: URL, signs as HTML's numbers", plain(page(link % numbered), "text/html"))
    c.letter("string in a script of an attached page", letter(attachment(page(script % RUN), "page.html", ctype="text/html")))
    c.letter(
        "string in a script of an attached SVG",
        letter(
            attachment(b'<svg xmlns="http://www.w3.org/2000/svg">' + script % RUN + b"</svg>", "image.svg", ctype="image/svg+xml")
        ),
    )
    c.letter(
        "hex digits in a script",
        plain(page(b'<script>var f="%s";</script>' % P.hex().encode()), "text/html"),
        expect=NOBODY,
        why="a script's own coding; any other one would do as well, and only running it shows",
    )
    c.letter("base64 in text/plain, after a greeting", plain(b"Hello\r\n\r\n" + B64))
    c.letter(
        "base64 in text/plain, quoted with >",
        plain(b"Hello\r\n\r\n" + b"".join(b"> " + x + b"\r\n" for x in B64.split(b"\r\n"))),
        expect=NOBODY,
        why="no reader undoes it; whoever has to take the signs out by hand can take out any others",
    )
    c.letter("base64 in an attached text", letter(attachment(b"Hello\r\n\r\n" + B64, "note.txt", ctype="text/plain")))
    for what, encoding, body in (
        ("quoted-printable", "quoted-printable", encode_qp(P)),
        ("base64 with other characters", "base64", b"".join(RUN[i : i + 6] + b"*" for i in range(0, len(RUN), 6)) + b"\r\n"),
    ):
        quoted = b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: %s\r\n\r\n%s" % (encoding.encode(), body)
        mixed = b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=q\r\n\r\n--q\r\n" + quoted + b"\r\n--q--\r\n"
        c.letter("a message in a text, its part in " + what, plain(b"Forwarded:\r\n\r\n" + mixed))
        c.letter("behind an empty first line, in " + what, b"\r\nFrom: a@example.org\r\n" + mixed)
        c.letter("in an epilogue, in " + what, multipart("ab", b"--ab\r\n\r\nhi\r\n--ab--\r\n" + quoted))
        c.letter("in a bounce's text/rfc822-headers, in " + what, letter(Part(["Content-Type: text/rfc822-headers"], mixed)))
    c.letter("PEM armour", plain(b"-----BEGIN CERTIFICATE-----\r\n" + lines(RUN, 64) + b"-----END CERTIFICATE-----\r\n"))
    c.letter(
        "in the Subject, as encoded words",
        message(
            [text("See above.")], subject=" ".join("=?utf-8?B?%s?=" % RUN[i : i + 60].decode() for i in range(0, len(RUN), 60))
        ),
        expect=NOBODY,
        why="a header field is shown, never saved",
    )
    return c


# MIME ---------------------------------------------------------------------------------------------------------------------


def it():
    return attachment(P, NAME)


def multipart(boundary, body, *head):
    return raw(
        ["From: a@example.org", "MIME-Version: 1.0", *head, 'Content-Type: multipart/mixed; boundary="%s"' % boundary], body
    )


def parts(boundary=b"ab", part=None):
    """The body of a multipart with a text and the attachment."""
    return b"--" + boundary + b"\r\n\r\nhi\r\n--" + boundary + b"\r\n" + (part or it().bytes()) + b"\r\n--" + boundary + b"--\r\n"


def deep(depth):
    part = it()
    for i in range(depth):
        boundary = b"b%d" % i
        part = Part(
            ["Content-Type: multipart/mixed; boundary=b%d" % i],
            b"--" + boundary + b"\r\n" + part.bytes() + b"\r\n--" + boundary + b"--\r\n",
        )
    return message([part])


def rfc822(*head):
    return Part(["Content-Type: message/rfc822", *head], letter(it()))


def structure():
    c = Cases("MIME")
    c.letter("attached message", letter(nested(letter(it()))), inside=[NAME])
    c.letter(
        "attached message in base64",
        letter(Part(["Content-Type: message/rfc822", "Content-Transfer-Encoding: base64"], encode_base64(letter(it())))),
        inside=[NAME],
    )
    for encoding in ("base64", "quoted-printable"):
        c.letter(
            "attached message said to be %s, and is not" % encoding,
            message(
                [
                    text("hi"),
                    Part(
                        ["Content-Type: message/rfc822", "Content-Transfer-Encoding: " + encoding],
                        letter(attachment(P, NAME, encoding="quoted-printable")),
                    ),
                ]
            ),
            inside=[NAME],
        )
    c.letter(
        "attached message in quoted-printable",
        letter(
            Part(["Content-Type: message/rfc822", "Content-Transfer-Encoding: quoted-printable"], encode_qp_text(letter(it())))
        ),
        inside=[NAME],
    )
    c.letter("message/global", letter(Part(["Content-Type: message/global"], letter(it()))), inside=[NAME])
    c.letter(
        "returned with a bounce",
        message(
            [text("It failed."), Part(["Content-Type: message/delivery-status"], b"Action: failed\r\n"), rfc822()],
            multipart="report; report-type=delivery-status",
        ),
        inside=[NAME],
    )
    c.letter("attached message as application/octet-stream", letter(attachment(letter(it()), "mail.eml")), inside=[NAME])
    c.letter(
        "mbox attached",
        letter(attachment(b"From a@example.org Thu Jan 29 09:15:00 2004\n" + letter(it()).replace(b"\r\n", b"\n"), "box.mbox")),
        inside=[NAME],
    )
    c.letter("whole message in text/rfc822-headers", letter(Part(["Content-Type: text/rfc822-headers"], letter(it()))))
    c.letter(
        "message/partial, the only part",
        message([Part(['Content-Type: message/partial; id="a@b"; number=1; total=1'], letter(it()))]),
        inside=[NAME],
    )
    c.letter(
        "message/partial, first half",
        message([Part(['Content-Type: message/partial; id="a@b"; number=1; total=2'], letter(it())[:2000])]),
        expect=NAMED,
        reason="unsupported",
        why="the other half is in another mail: message/partial as such is reported",
    )
    c.letter(
        "message/external-body",
        message(
            [
                Part(
                    ['Content-Type: message/external-body; access-type=URL; URL="http://example.org/x"'],
                    b"Content-Type: application/octet-stream\r\n\r\n",
                )
            ]
        ),
        expect=NAMED,
        reason="unsupported",
        why="the file is not in the mail",
    )
    for encoding, body in (("base64", encode_base64(parts())), ("quoted-printable", encode_qp_text(parts()))):
        c.letter("multipart in %s" % encoding, multipart("ab", body, "Content-Transfer-Encoding: " + encoding), inside=[NAME])
    c.letter(
        "multipart said to be quoted-printable, and is not",
        multipart("ab", parts(), "Content-Transfer-Encoding: quoted-printable"),
        inside=[NAME],
    )
    for depth in (5, 15):
        c.letter("%d multiparts deep" % depth, deep(depth), inside=[NAME])
    for depth in (20, 40):
        c.letter("%d multiparts deep" % depth, deep(depth), expect=NAMED, reason="limit", why="deeper than limits.mime_depth")
    c.letter("the last of 900 parts", message([text("x") for _ in range(899)] + [it()]), inside=[NAME])
    c.letter(
        "the last of 2,000 parts",
        message([text("x") for _ in range(1999)] + [it()]),
        expect=NAMED,
        reason="limit",
        why="more than limits.mime_parts",
    )
    c.letter(
        "boundary that begins like the outer one",
        multipart("ab", b"--ab\r\nContent-Type: multipart/mixed; boundary=abc\r\n\r\n" + parts(b"abc") + b"--ab--\r\n"),
        inside=[NAME],
    )
    c.letter(
        "boundary that the outer one begins like",
        multipart("abc", b"--abc\r\nContent-Type: multipart/mixed; boundary=ab\r\n\r\n" + parts(b"ab") + b"--abc--\r\n"),
        inside=[NAME],
    )
    c.letter(
        "the same boundary inside as outside",
        multipart("ab", b"--ab\r\nContent-Type: multipart/mixed; boundary=ab\r\n\r\n" + parts() + b"--ab--\r\n"),
        inside=[NAME],
    )
    c.letter("more behind the boundary on its line", multipart("ab", parts().replace(b"--ab\r\nContent", b"--abJUNK\r\nContent")))
    c.letter("blanks behind the boundary", multipart("ab", parts().replace(b"--ab\r\n", b"--ab \t\r\n")), inside=[NAME])
    c.letter("CR before the boundary's line end", multipart("ab", parts().replace(b"--ab\r\n", b"--ab\r\r\n")), inside=[NAME])
    c.letter("boundary of 200 characters", multipart("b" * 200, parts(b"b" * 200)), inside=[NAME])
    c.letter("empty boundary", multipart("", parts(b"")), inside=[NAME])
    c.letter("no end boundary", multipart("ab", parts().replace(b"\r\n--ab--\r\n", b"\r\n")), inside=[NAME])
    quoted = attachment(P, NAME, encoding="quoted-printable")
    c.letter(
        "final delimiter right behind the first one",
        multipart("ab", b"--ab\r\n--ab--\r\n" + quoted.bytes() + b"\r\n"),
        inside=[NAME],
    )
    c.letter(
        "a part behind the final delimiter",
        multipart("ab", b"--ab\r\n\r\nHello\r\n--ab--\r\n--ab\r\n" + quoted.bytes() + b"\r\n--ab--\r\n"),
        inside=[NAME],
    )
    c.letter(
        "final delimiter of the multipart within that is one of the outer",
        multipart(
            "ab--",
            b"--ab--\r\nContent-Type: multipart/mixed; boundary=ab\r\n\r\n--ab\r\n\r\nHello\r\n--ab--\r\n"
            + quoted.bytes()
            + b"\r\n--ab----\r\n",
        ),
        inside=[NAME],
    )
    for what, said in (
        ("boundary with a comma and more behind it", 'multipart/mixed; boundary="ab", x=y'),
        ("boundary of two words, of which the first is used", "multipart/mixed; boundary=ab cd"),
        ("boundary behind a comment", "multipart/mixed; boundary= (c) ab"),
        ("boundary around a comment", "multipart/mixed; boundary=a(c)b"),
        ("boundary in sections, of which one is missing", "multipart/mixed; boundary*0=ab; boundary*2=cd"),
        ("boundary in an encoded word", 'multipart/mixed; boundary="=?us-ascii?q?ab?="'),
        ("type in an encoded word", "=?us-ascii?q?multipart/mixed?=; boundary=ab"),
    ):
        c.letter(what, raw(["MIME-Version: 1.0", "Content-Type: " + said], parts(part=quoted.bytes())), inside=[NAME])
    c.letter("no boundary parameter", raw(["MIME-Version: 1.0", "Content-Type: multipart/mixed"], parts()))
    for first, second in (("zz", "ab"), ("ab", "zz")):
        c.letter(
            "two boundary parameters, %s is used" % ("the second" if first == "zz" else "the first"),
            raw(["MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=%s; boundary=%s" % (first, second)], parts()),
            inside=[NAME],
        )
    mixed = "Content-Type: multipart/mixed; boundary=ab"
    c.letter(
        "two Content-Type, text first", raw(["MIME-Version: 1.0", "Content-Type: text/plain", mixed], parts()), inside=[NAME]
    )
    c.letter(
        "two Content-Type, text second", raw(["MIME-Version: 1.0", mixed, "Content-Type: text/plain"], parts()), inside=[NAME]
    )
    bodies = {"base64": B64, "quoted-printable": encode_qp(P), "7bit": P + b"\r\n"}
    for first, second in (("base64", "7bit"), ("7bit", "base64"), ("quoted-printable", "base64"), ("base64", "quoted-printable")):
        for right in (first, second):
            if right != "7bit":
                c.letter(
                    "encoded twice differently, %s then %s, it is %s" % (first, second, right),
                    letter(
                        Part(
                            [OCTETS, "Content-Transfer-Encoding: " + first, "Content-Transfer-Encoding: " + second], bodies[right]
                        )
                    ),
                    inside=[NAME],
                )
    c.letter(
        "text/plain with a boundary, the body a multipart",
        raw(["MIME-Version: 1.0", "Content-Type: text/plain; boundary=ab"], parts()),
    )
    c.letter("no MIME-Version", raw([mixed], parts()), inside=[NAME])
    c.letter("upper case", raw(["CONTENT-TYPE: MULTIPART/MIXED; BOUNDARY=ab"], parts()), inside=[NAME])
    c.letter("before the first part", multipart("ab", it().bytes() + b"\r\n--ab\r\n\r\nhi\r\n--ab--\r\n"))
    c.letter("behind the last part", multipart("ab", b"--ab\r\n\r\nhi\r\n--ab--\r\n\r\n" + it().bytes()))
    c.letter("parts that go on after the end boundary", multipart("ab", b"--ab\r\n\r\nhi\r\n--ab--\r\n" + parts()))
    c.letter(
        "multipart/alternative of which the other is shown", message([text("hi"), it()], multipart="alternative"), inside=[NAME]
    )
    c.letter(
        "multipart/related, unnamed",
        message(
            [text("hi"), Part(["Content-Type: image/png", "Content-ID: <x@y>", "Content-Transfer-Encoding: base64"], B64)],
            multipart="related",
        ),
    )
    c.letter("said to be text/plain", letter(attachment(P, NAME, ctype="text/plain")), inside=[NAME])
    c.letter("said to be image/jpeg", letter(attachment(P, "photo.jpg", ctype="image/jpeg")), inside=["photo.jpg"])
    c.letter("no name", letter(attachment(P, "")))
    return c


def headers():
    c = Cases("header")
    whole = letter(it())
    encoding = b"Content-Transfer-Encoding: base64"
    mixed = "Content-Type: multipart/mixed; boundary=ab"
    c.letter(
        "boundary continued (RFC 2231)",
        raw(["Content-Type: multipart/mixed; boundary*0=a; boundary*1=b"], parts()),
        inside=[NAME],
    )
    c.letter(
        "boundary percent-encoded (RFC 2231)",
        raw(["Content-Type: multipart/mixed; boundary*=us-ascii''%61b"], parts()),
        inside=[NAME],
    )
    c.letter(
        "comments, blanks and quoted pairs",
        raw(['Content-Type : multipart/mixed (c) ;\r\n\tBOUNDARY = "a\\b"'], parts()),
        inside=[NAME],
    )
    c.letter(
        "boundary after a parameter of 3,000 characters",
        raw(['Content-Type: multipart/mixed; x="%s"; boundary=ab' % ("y" * 3000)], parts()),
        inside=[NAME],
    )
    c.letter(
        "boundary after a parameter of 5,000 characters",
        raw(['Content-Type: multipart/mixed; x="%s"; boundary=ab' % ("y" * 5000)], parts()),
        inside=[NAME],
    )
    c.letter(
        "boundary in the 20th folded line",
        raw(["Content-Type: multipart/mixed;\r\n" + " x=y;\r\n" * 19 + " boundary=ab"], parts()),
        inside=[NAME],
    )
    c.letter("bare LF line ends", whole.replace(b"\r\n", b"\n"), inside=[NAME])
    c.letter("bare CR line ends", whole.replace(b"\r\n", b"\r"), inside=[NAME])
    c.letter("a field behind a bare CR", raw([b"MIME-Version: 1.0\r" + mixed.encode()], parts()), inside=[NAME])
    c.letter("NUL in a field's name", whole.replace(encoding, b"Content-\0Transfer-Encoding: base64"))
    c.letter("blank before the colon", whole.replace(encoding, b"Content-Transfer-Encoding : base64"), inside=[NAME])
    c.letter("no blank behind the colon", whole.replace(b": ", b":"), inside=[NAME])
    c.letter("a line that is no field before it", whole.replace(encoding, b"no field at all\r\n" + encoding), inside=[NAME])
    c.letter(
        "10,000 characters of another field before it",
        whole.replace(encoding, b"X-Long: " + b"x" * 10000 + b"\r\n" + encoding),
        inside=[NAME],
    )
    c.letter("a folded line of blanks in the header", whole.replace(encoding, b"X-A: b\r\n \t\r\n" + encoding), inside=[NAME])
    c.letter("UTF-8 byte order mark before the header", b"\xef\xbb\xbf" + whole)
    c.letter("mbox line before the header", b"From a@example.org Thu Jan 29 09:15:00 2004\r\n" + whole, inside=[NAME])
    c.letter(
        "file after a line of 1 MB",
        letter(Part([OCTETS, "Content-Transfer-Encoding: 8bit"], b"x" * (1 << 20) + P + b"\r\n")),
        inside=[NAME],
    )
    return c


def cases():
    return transfer() + base64_forms() + quoted_printable() + texts() + structure() + headers()
