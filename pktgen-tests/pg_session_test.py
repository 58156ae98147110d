# SPDX-License-Identifier: Apache-2.0
"""pg_session's own test: its captures are read back by a slow reader of their own, and hold what was put in."""
import io
import random
import struct
import subprocess
import sys
import unittest

import pg_mail
import pg_session
from pg_packets import Link, checksum
from pg_session import Mail, Path, Session, wrap


def ones_sum(data):
    """RFC 1071, word by word."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def frames(data):
    """[(time, bytes, length on the wire)], and the link type."""
    if data[:4] in (b"\x0a\x0d\x0d\x0a",):
        order = "<" if data[8:12] == b"\x4d\x3c\x2b\x1a" else ">"
        out, link, at = [], None, 0
        while at < len(data):
            kind, size = struct.unpack(order + "II", data[at : at + 8])
            assert struct.unpack(order + "I", data[at + size - 4 : at + size])[0] == size
            body = data[at + 8 : at + size - 4]
            if kind == 1:
                link = struct.unpack(order + "H", body[:2])[0]
            elif kind == 6:
                _, high, low, kept, wire = struct.unpack(order + "IIIII", body[:20])
                out.append((high << 32 | low, body[20 : 20 + kept], wire))
            at += size
        return link, out
    order, unit = {b"\xd4\xc3\xb2\xa1": ("<", 1000), b"\xa1\xb2\xc3\xd4": (">", 1000), b"\x4d\x3c\xb2\xa1": ("<", 1),
                   b"\xa1\xb2\x3c\x4d": (">", 1)}[data[:4]]
    link = struct.unpack(order + "I", data[20:24])[0]
    out, at = [], 24
    while at < len(data):
        seconds, part, kept, wire = struct.unpack(order + "IIII", data[at : at + 16])
        out.append((seconds * 10**9 + part * unit, data[at + 16 : at + 16 + kept], wire))
        at += 16 + kept
    return link, out


def segments(case, data):
    """{(src, sport, dst, dport): [(seq, flags, payload)]}; verifies every checksum and length."""
    link, every = frames(data)
    flows, last = {}, 0
    for time, frame, wire in every:
        case.assertGreaterEqual(time, last)
        case.assertEqual(len(frame), wire)
        last = time
        at = {1: 12, 101: 0, 113: 14, 276: 0}[link]
        if link == 101:
            kind, packet = (0x0800 if frame[0] >> 4 == 4 else 0x86DD), frame
        elif link == 276:
            kind, packet = struct.unpack("!H", frame[:2])[0], frame[20:]
        else:
            kind = struct.unpack("!H", frame[at : at + 2])[0]
            while kind in (0x8100, 0x88A8):
                at += 4
                kind = struct.unpack("!H", frame[at : at + 2])[0]
            packet = frame[at + 2 :]
        if kind == 0x0800:
            case.assertEqual(ones_sum(packet[:20]), 0xFFFF)
            length = struct.unpack("!H", packet[2:4])[0]
            case.assertEqual(length, len(packet))
            src, dst, tcp = packet[12:16], packet[16:20], packet[20:]
            pseudo = src + dst + struct.pack("!BBH", 0, 6, len(tcp))
        else:
            case.assertEqual(kind, 0x86DD)
            case.assertEqual(struct.unpack("!H", packet[4:6])[0], len(packet) - 40)
            src, dst, tcp = packet[8:24], packet[24:40], packet[40:]
            pseudo = src + dst + struct.pack("!II", len(tcp), 6)
        case.assertEqual(ones_sum(pseudo + tcp), 0xFFFF)
        sport, dport, seq = struct.unpack("!HHI", tcp[:8])
        flows.setdefault((src, sport, dst, dport), []).append((seq, tcp[13], tcp[(tcp[12] >> 4) * 4 :]))
    return flows


def stream(parts):
    """What the receiver gets: every byte by its sequence number."""
    isn = next(seq for seq, flags, _ in parts if flags & 2)
    have = {}
    for seq, _, payload in parts:
        for i, byte in enumerate(payload):
            place = (seq - isn - 1 + i) & 0xFFFFFFFF
            assert have.setdefault(place, byte) == byte, "an overlap changes bytes"
    assert sorted(have) == list(range(len(have))), "a hole"
    return bytes(have[i] for i in range(len(have)))


class SessionTest(unittest.TestCase):
    def sessions(self):
        letter = pg_mail.message([pg_mail.text(".dot\n.\nend"), wrap(bytes(range(256)) * 3, "a.bin", "base64")])
        mails = [Mail(letter, recipients=("a@example.com", "b@example.com"), refused=("b@example.com",)), Mail(b".", reply="451 4.3.0 no")]
        return [Session(mails), Session(mails, bdat=200), Session(mails, pipelining=False, auth="\0u\0p"),
                Session(mails, bdat=300, bdat_empty_last=True, pipelining=False)]

    def check(self, **options):
        sessions = self.sessions()
        out = io.BytesIO()
        pg_session.write(out, sessions, **options)
        flows = segments(self, out.getvalue())
        self.assertEqual(len(flows), 2 * len(sessions))
        ports = sorted({k[1] for k in flows} - {options.get("port", 25)}, key=lambda p: [32768 + i * 7919 % 28000 for i in range(4)].index(p))
        for session, port in zip(sessions, ports):
            for who in (False, True):
                said = b"".join(data for by, data in session.turns if by == who)
                mine = next(v for k, v in flows.items() if k[3 if who else 1] == port)
                self.assertEqual(stream(mine), said)
        again = io.BytesIO()
        pg_session.write(again, self.sessions(), **options)
        self.assertEqual(out.getvalue(), again.getvalue(), "the same arguments, other bytes")
        return flows

    def test_sizes(self):
        for mss in (1, 7, 536, 1460, 65483):
            self.check(path=Path(mss=mss))

    def test_disorder(self):
        for seed in range(5):
            flows = self.check(path=Path(mss=100, shuffle=6, duplicate=0.2, overlap=0.2, loss=0.2, seed=seed, isn=0xFFFFFF80))
        late = 0
        for parts in flows.values():
            places = [(seq - parts[0][0]) & 0xFFFFFFFF for seq, _, payload in parts if payload]
            late += sum(a > b for a, b in zip(places, places[1:]))
        self.assertGreater(late, 10, "nothing came out of order")

    def test_links_and_files(self):
        for link in (Link(), Link("raw"), Link("sll"), Link("sll2"), Link(vlans=(3,)), Link(vlans=(3, 4))):
            for form in ("pcap", "pcap-ns", "pcapng"):
                for big in (False, True):
                    self.check(link=link, form=form, big_endian=big, version=6 if big else 4)

    def test_checksum(self):
        rng = random.Random(1)
        for n in range(0, 200):
            data = rng.randbytes(n)
            self.assertEqual(checksum(data), 0xFFFF - ones_sum(data))
        self.assertEqual(checksum(b"\xff\xff"), 0)
        self.assertEqual(checksum(bytes(8)), 0xFFFF)

    def test_dots(self):
        self.assertEqual(pg_session.stuff(b".a\r\n.\r\n..b\r\n"), b"..a\r\n..\r\n...b\r\n.\r\n")
        self.assertEqual(pg_session.stuff(b""), b"\r\n.\r\n")

    def test_wrappings_decode(self):
        import base64
        import binascii
        import quopri
        import zipfile

        data = random.Random(2).randbytes(100) * 10 + b"\r\n.\r\n=\r\n"
        self.assertEqual(base64.b64decode(pg_mail.encode_base64(data)), data)
        self.assertEqual(base64.b64decode(base64.b64decode(base64.b64decode(pg_mail.encode_base64(pg_mail.base64_layers(data, 2))))), data)
        encoded = pg_mail.encode_qp(data)
        self.assertLessEqual(max(map(len, encoded.split(b"\r\n"))), 76)
        self.assertEqual(quopri.decodestring(encoded.removesuffix(b"\r\n")), data)
        lines = pg_mail.encode_uu(data, "x").split(b"\r\n")
        self.assertEqual(b"".join(binascii.a2b_uu(x) for x in lines[1:-3]), data)
        for deflate in (False, True):
            for descriptor in (False, True):
                archive = pg_mail.zip_archive([("a", data), ("b", b"")], deflate, descriptor)
                with zipfile.ZipFile(io.BytesIO(archive)) as z:
                    self.assertEqual([z.read(n) for n in z.namelist()], [data, b""])
                self.assertEqual(bool(archive[6] & 8), descriptor)
                self.assertEqual(data in archive, not deflate)

    def test_encoded_lines(self):
        part = pg_mail.attachment(bytes(56) + b"NEEDLE" + bytes(100), "x")
        self.assertEqual(pg_mail.encoded_lines(part, b"NEEDLE"), (1, 2))
        part = pg_mail.attachment(bytes(57) + b"NEEDLE" + bytes(100), "x")
        self.assertEqual(pg_mail.encoded_lines(part, b"NEEDLE"), (2, 2))
        self.assertIsNone(pg_mail.encoded_lines(part, b"other"))

    def test_python_reads_the_messages(self):
        import email

        data = random.Random(3).randbytes(500)
        letter = pg_mail.message([pg_mail.text("Grüße"), wrap(data, "a.zip", "zip-stored"), pg_mail.nested(pg_mail.message([wrap(data, "b.exe", "qp")]))])
        parsed = email.message_from_bytes(letter)
        self.assertEqual([p.get_content_type() for p in parsed.walk()],
                         ["multipart/mixed", "text/plain", "application/zip", "message/rfc822", "application/octet-stream"])
        self.assertEqual([p.get_filename() for p in parsed.walk() if p.get_filename()], ["a.zip", "b.exe"])
        self.assertEqual(list(parsed.walk())[-1].get_payload(decode=True), data)

    def test_command(self):
        tool = [sys.executable, pg_session.__file__]
        for bad in ([], ["-o", "-", "/nonexistent"], ["-o", "-", "--mss", "0", __file__], ["-o", "-", "--vlan", "1", "--link", "raw", __file__]):
            p = subprocess.run(tool + bad, capture_output=True)
            self.assertEqual(p.returncode, 2, bad)
            self.assertNotIn(b"Traceback", p.stderr)
        p = subprocess.run(tool + ["-o", "-", "--wrap", "zip-stored", "--repeat", "3", __file__], capture_output=True)
        self.assertEqual(p.returncode, 0, p.stderr)
        self.assertEqual(len(segments(self, p.stdout)), 6)


if __name__ == "__main__":
    unittest.main()
