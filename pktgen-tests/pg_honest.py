# SPDX-License-Identifier: Apache-2.0
"""Honest mail that speaks about programs, or looks a little like one: what must not be taken for one.

cases() gives (name, verdict, message): `clean`, or `suspicious` where a text names the loader's libraries, which the default rules
log and do not refuse.
"""
import base64
import gzip
import hashlib
import io
import struct
import tarfile
import zlib

from pg_mail import Part, attachment, encode_base64, encode_uu, message, nested, text, zip_archive
from pg_wrappings_files import PKCS7, SHA256, der, oid

CLEAN, SUSPICIOUS = "clean", "suspicious"
CRLF = b"\r\n"


def noise(size, name):
    return b"".join(hashlib.sha256(b"%s %d" % (name.encode(), i)).digest() for i in range(size // 32 + 1))[:size]


def png(name="image"):
    """An image of noise."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + noise(96, "%s %d" % (name, i)) for i in range(32))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 32, 32, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def letter(*parts, **k):
    return message([text("Dear colleague,\n\nsee below.\n")] + list(parts), **k)


CRASH = (
    "Problem signature: APPCRASH\nApplication: winword.exe 16.0\nFault module: KERNEL32.DLL, version 10.0.19041\n"
    "Loaded modules:\n"
    + "".join(
        "  %08x  C:\\Windows\\System32\\%s\n" % (0x70000000 + i * 65536, name)
        for i, name in enumerate(("ntdll.dll", "KERNEL32.DLL", "ADVAPI32.dll", "WS2_32.dll", "USER32.dll", "msvcrt.dll"))
    )
)

STRINGS = "!This program cannot be run in DOS mode.\nLoadLibraryA\nGetProcAddress\nUPX0\nUPX1\nsetup.exe\n"

DMARC = (
    b'<?xml version="1.0"?>\n<feedback><report_metadata><org_name>example.net</org_name><report_id>1</report_id></report_metadata>'
    b"<policy_published><domain>example.org</domain><p>reject</p></policy_published>"
    + b"".join(b"<record><row><source_ip>192.0.2.%d</source_ip><count>%d</count></row></record>" % (i, i * 7) for i in range(40))
    + b"</feedback>\n"
)


def bounces():
    status = (
        b"Reporting-MTA: dns; mx.example.com\r\n\r\nFinal-Recipient: rfc822; b@example.com\r\nAction: failed\r\nStatus: 5.7.1\r\n"
    )
    why = text("Your message was refused: the attachment invoice.exe is a program (MZ, PE32 executable, KERNEL32.DLL).")
    headers = b'From: a@example.org\r\nSubject: invoice\r\nContent-Type: application/x-msdownload; name="invoice.exe"\r\n'
    for what, part in (
        ("headers returned", Part(["Content-Type: text/rfc822-headers"], headers)),
        ("message returned without its attachment", nested(letter(text("(invoice.exe was taken out)")))),
    ):
        yield "bounce, " + what, CLEAN, message(
            [why, Part(["Content-Type: message/delivery-status"], status), part], multipart="report; report-type=delivery-status"
        )
    old = (
        b"   ----- Original message follows -----\r\n\r\n"
        + headers
        + b"\r\nTVqQAAMAAAAEAAAA//8AALgAAAAAAAAA\r\n[cut off here]\r\n"
    )
    yield "bounce of an old server, with the first line of what was refused", CLEAN, message(
        [Part(["Content-Type: text/plain"], old)]
    )
    yield "a newsletter on worms", CLEAN, letter(
        text("The base64 of a program begins with TVqQAAMAA; look for .exe, .scr and .pif.\n")
    )
    yield "an answer that quotes a program's name", CLEAN, letter(text("> please run setup.exe from the share\nI did.\n"))


def reports():
    name = "example.net!example.org!1075248000!1075334399.xml"
    yield "DMARC report, zip", CLEAN, letter(
        attachment(zip_archive([(name, DMARC)], deflate=True), name[:-3] + "zip", ctype="application/zip")
    )
    yield "DMARC report, zip written to a pipe", CLEAN, letter(
        attachment(zip_archive([(name, DMARC)], deflate=True, descriptor=True), name[:-3] + "zip", ctype="application/zip")
    )
    yield "DMARC report, gzip", CLEAN, letter(attachment(gzip.compress(DMARC, mtime=0), name + ".gz", ctype="application/gzip"))
    yield "TLS report, gzip of JSON", CLEAN, letter(
        attachment(
            gzip.compress(b'{"organization-name":"example.net","policies":[]}', mtime=0),
            "r.json.gz",
            ctype="application/tlsrpt+gzip",
        )
    )


def crashes():
    """Those that name the libraries are logged."""
    yield "crash log in the text", SUSPICIOUS, letter(text(CRASH))
    yield "crash log attached", SUSPICIOUS, letter(attachment(CRASH.encode(), "crash.txt", ctype="text/plain"))
    yield "crash log, quoted-printable", SUSPICIOUS, letter(text(CRASH, encoding="quoted-printable"))
    yield "crash log in UTF-16", CLEAN, letter(
        attachment(b"\xff\xfe" + CRASH.encode("utf-16-le"), "crash.txt", ctype="text/plain")
    )
    yield "crash log in a zip", SUSPICIOUS, letter(
        attachment(zip_archive([("crash.txt", CRASH.encode())], deflate=True), "logs.zip")
    )
    yield "crash log, gzip", SUSPICIOUS, letter(attachment(gzip.compress(CRASH.encode(), mtime=0), "crash.log.gz"))
    yield "crash log, tar.gz", SUSPICIOUS, letter(attachment(tgz([("a/crash.log", CRASH.encode())]), "logs.tgz"))
    yield "crash log, uuencoded", SUSPICIOUS, message(
        [Part(["Content-Type: text/plain"], encode_uu(CRASH.encode(), "crash.log"))]
    )
    yield "strings of a program", CLEAN, letter(attachment(STRINGS.encode(), "strings.txt", ctype="text/plain"))
    yield "hex dump of a program's head", CLEAN, letter(
        text("00000000  4d 5a 90 00 03 00 00 00  04 00 00 00 ff ff 00 00  |MZ..............|\n" * 20)
    )
    rule = 'rule packed { strings: $a = "KERNEL32.DLL" nocase $b = "ADVAPI32.DLL" nocase condition: all of them }\n'
    yield "a scanner's rule", SUSPICIOUS, letter(attachment(rule.encode(), "packed.yar", ctype="text/plain"))
    source = (
        'Private Declare Sub Sleep Lib "kernel32.dll" (ByVal ms As Long)\nPrivate Declare Function Reg Lib "advapi32.dll" ()\n'
    )
    yield "source code", SUSPICIOUS, letter(attachment(source.encode(), "module.bas", ctype="text/plain"))


def tgz(members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as t:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            t.addfile(info, io.BytesIO(data))
    return gzip.compress(out.getvalue(), mtime=0)


def documents():
    types = b'<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
    body = b"<w:document><w:body>" + b"<w:p>Run setup.exe; it needs KERNEL32.DLL.</w:p>" * 50 + b"</w:body></w:document>"
    word = [("[Content_Types].xml", types), ("word/document.xml", body), ("word/media/image1.png", png())]
    for descriptor in (False, True):
        how = ", written to a pipe" if descriptor else ""
        yield "docx" + how, CLEAN, letter(attachment(zip_archive(word, deflate=True, descriptor=descriptor), "report.docx"))
    sheet = [
        ("[Content_Types].xml", types),
        ("xl/workbook.xml", b"<workbook/>"),
        ("xl/worksheets/sheet1.xml", b"<c>1</c>" * 5000),
    ]
    yield "xlsx", CLEAN, letter(attachment(zip_archive(sheet, deflate=True), "figures.xlsx"))
    odt = zip_archive([("mimetype", b"application/vnd.oasis.opendocument.text")])
    yield "odt, its type alone", CLEAN, letter(attachment(odt, "letter.odt"))
    yield "docx in a zip", CLEAN, letter(
        attachment(zip_archive([("report.docx", zip_archive(word, deflate=True))], deflate=True), "all.zip")
    )
    yield "zip of sources, with a readme about setup.exe", CLEAN, letter(
        attachment(
            zip_archive([("README", STRINGS.encode()), ("src/main.c", b"int main(void)\n{\n}\n")], deflate=True), "setup.zip"
        )
    )
    pdf = (
        b"%PDF-1.4\n1 0 obj\n<</Length 99/Filter/FlateDecode>>\nstream\n"
        + zlib.compress(CRASH.encode())
        + b"\nendstream\nendobj\n%%EOF\n"
    )
    yield "PDF", CLEAN, letter(attachment(pdf, "paper.pdf", ctype="application/pdf"))
    yield "PNG", CLEAN, letter(attachment(png(), "photo.png", ctype="image/png"))
    yield "noise", CLEAN, letter(attachment(noise(60000, "noise"), "data.bin"))
    yield "noise in a tar.gz", CLEAN, letter(attachment(tgz([("data.bin", noise(60000, "noise"))]), "data.tgz"))


def signature_of(certificate, value):
    """CMS SignedData (RFC 5652 5.1) of what stands beside it."""
    signer = der(0x30, der(2, b"\1"), der(0x30, der(0x30), der(2, b"\7")), SHA256, SHA256, der(4, value))
    content = der(0x30, oid(*PKCS7, 1))
    whole = der(0x30, der(2, b"\1"), der(0x31, SHA256), content, der(0xA0, der(0x30, der(4, certificate))), der(0x31, signer))
    return der(0x30, oid(*PKCS7, 2), der(0xA0, whole))


def signed():
    signature = Part(
        ['Content-Type: application/pkcs7-signature; name="smime.p7s"', "Content-Transfer-Encoding: base64"],
        encode_base64(signature_of(noise(700, "certificate"), noise(256, "signature"))),
    )
    kind = 'signed; protocol="application/pkcs7-signature"; micalg=sha-256'
    yield "S/MIME, signed in clear", CLEAN, message([text("It is signed.\n"), signature], multipart=kind)
    armour = (
        b"-----BEGIN PGP SIGNATURE-----\r\n\r\n"
        + encode_base64(noise(300, "pgp"), 64)
        + b"=abcd\r\n-----END PGP SIGNATURE-----\r\n"
    )
    pgp = Part(['Content-Type: application/pgp-signature; name="signature.asc"'], armour)
    kind = 'signed; protocol="application/pgp-signature"; micalg=pgp-sha256'
    yield "PGP, signed", CLEAN, message([text("It is signed.\n"), pgp], multipart=kind)
    inline = b"-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA256\r\n\r\nIt is signed.\r\n" + armour
    yield "PGP, signed in the text", CLEAN, message([Part(["Content-Type: text/plain"], inline)])
    key = b"-----BEGIN CERTIFICATE-----\r\n" + encode_base64(noise(1400, "key"), 64) + b"-----END CERTIFICATE-----\r\n"
    yield "certificate in the text", CLEAN, message([Part(["Content-Type: text/plain"], b"Here it is:\r\n\r\n" + key)])
    yield "certificate attached", CLEAN, letter(attachment(key, "mx.pem", "7bit", ctype="application/x-pem-file"))


def embedded():
    url = b'<img src="data:image/png;base64,%s">' % base64.b64encode(png())
    page = b"<html><body>" + url + b"<p>Hello</p></body></html>\r\n"
    yield "HTML with an image in it", CLEAN, message([Part(["Content-Type: text/html"], page)])
    yield "HTML with an image in it, quoted-printable", CLEAN, message(
        [text(page.decode(), encoding="quoted-printable", subtype="html")]
    )
    yield "HTML with twenty images in it", CLEAN, message([Part(["Content-Type: text/html"], page * 20)])
    yield "a script with long names", CLEAN, message(
        [Part(["Content-Type: text/html"], b"<script>var x=" + b"veryLongNameOfSomeFunctionOrOther" * 40 + b";</script>\r\n")]
    )
    photo = (
        b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:A\r\nPHOTO;ENCODING=b;TYPE=PNG:" + base64.b64encode(png()) + CRLF + b"END:VCARD\r\n"
    )
    yield "visiting card with a photo", CLEAN, letter(attachment(photo, "a.vcf", "8bit", ctype="text/vcard"))
    yield "JSON with a file in it", CLEAN, letter(
        attachment(b'{"f":"' + base64.b64encode(noise(3000, "json")) + b'"}', "a.json", ctype="application/json")
    )
    yield "base64 of a text, in a text", CLEAN, message(
        [Part(["Content-Type: text/plain"], encode_base64(b"An honest text.\n" * 60))]
    )
    yield "a text in base64 twice", CLEAN, letter(
        attachment(base64.b64encode(b"An honest text.\n" * 60), "a.txt", ctype="text/plain")
    )
    yield "a line of one character", CLEAN, message([text("A" * 5000 + "\n" + "=" * 900 + "\n")])
    yield "prose that begins something", CLEAN, message(
        [text("begin 644 things and then\nstop.\n\nbegin 7 anew\n\n=ybegin is a word of Usenet\n")]
    )
    yield "a text that begins with MZ", CLEAN, letter(
        attachment(b"MZ is the region of Montes Claros.\n", "mz.txt", ctype="text/plain")
    )
    yield "a picture, uuencoded", CLEAN, message(
        [Part(["Content-Type: text/plain"], b"Hello\r\n" + encode_uu(png(), "photo.png"))]
    )
    yield "a patch", CLEAN, message([text("--- a/main.c\n+++ b/main.c\n@@ -1,2 +1,2 @@\n-int x;\n+int y;\n-- \n2.39\n")])


def cases():
    for group in (bounces, reports, crashes, documents, signed, embedded):
        yield from group()
