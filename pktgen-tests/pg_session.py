#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Wraps mails into SMTP over TCP and writes a capture file, without a network.

As a library: Session says what is said on one connection, Path how it travels, write() makes the capture.
As a command: see --help. The same arguments give the same bytes: all chance comes from --seed.
"""
import argparse
import gzip
import heapq
import os
import random
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import pg_mail  # noqa: E402
from pg_packets import ACK, FIN, PSH, RST, SYN, Hosts, Link, Pcap  # noqa: E402

START_NS = 1_075_367_700_000_000_000  # 2004-01-29 09:15 UTC
CLIENT, SERVER = False, True


class Mail:
    """A message with its envelope. data: the content, lines ending in CRLF; sent as it is with BDAT."""

    def __init__(self, data, sender="anna@example.org", recipients=("bela@example.com",), refused=(), reply=None):
        self.data, self.sender, self.recipients = data, sender, tuple(recipients)
        self.refused = frozenset(refused)  # recipients that the server answers with 550
        self.reply = reply  # the server's last word, None: 250 with a queue id


class Session:
    """The dialogue of one connection. turns: [(from_server, bytes)], each said when the one before has arrived."""

    def __init__(self, mails, helo="mail.example.org", pipelining=True, bdat=0, bdat_empty_last=False, auth=None,
                 starttls=False, greeting=b"220 mx.example.com ESMTP\r\n", quit=True, rng=None):
        rng = rng or random.Random(0)
        self.turns = []
        self.helo, self.pipelining, self.bdat, self.bdat_empty_last = helo.encode(), pipelining, bdat, bdat_empty_last
        self.say(SERVER, greeting)
        self.ehlo(starttls)
        if starttls:
            self.tls(mails, rng)
            return
        if auth:
            self.say(CLIENT, b"AUTH PLAIN " + pg_mail.base64_layers(auth.encode(), 1) + b"\r\n")
            self.say(SERVER, b"235 2.7.0 Authentication successful\r\n")
        for mail in mails:
            self.transaction(mail, b"%010X" % rng.getrandbits(40))
        if quit:
            self.say(CLIENT, b"QUIT\r\n")
            self.say(SERVER, b"221 2.0.0 Bye\r\n")

    def say(self, who, what):
        """Whoever spoke last goes on in the same turn: so commands and replies are pipelined."""
        if self.turns and self.turns[-1][0] == who:
            self.turns[-1] = (who, self.turns[-1][1] + what)
        elif what:
            self.turns.append((who, what))

    def ehlo(self, starttls):
        self.say(CLIENT, b"EHLO " + self.helo + b"\r\n")
        words = [b"mx.example.com", b"SIZE 104857600", b"8BITMIME", b"ENHANCEDSTATUSCODES"]
        words += [b"PIPELINING"] if self.pipelining else []
        words += [b"CHUNKING", b"BINARYMIME"] if self.bdat else []
        words += [b"STARTTLS"] if starttls else []
        self.say(SERVER, b"".join(b"250%c%s\r\n" % (b" -"[w is not words[-1]], w) for w in words))

    def command(self, pending, line, reply):
        """One command; without pipelining its reply comes at once, else it is owed."""
        self.say(CLIENT, line)
        if self.pipelining:
            pending.append(reply)
        else:
            self.say(SERVER, reply)

    def transaction(self, mail, queue_id):
        owed = []
        self.command(owed, b"MAIL FROM:<%s>%s\r\n" % (mail.sender.encode(), b" BODY=BINARYMIME" if self.bdat else b""),
                     b"250 2.1.0 Ok\r\n")
        taken = 0
        for recipient in mail.recipients:
            refused = recipient in mail.refused
            taken += not refused
            reply = b"550 5.1.1 <%s>: Recipient address rejected\r\n" if refused else b"250 2.1.5 Ok <%s>\r\n"
            self.command(owed, b"RCPT TO:<%s>\r\n" % recipient.encode(), reply % recipient.encode())
        last = mail.reply.encode() + b"\r\n" if mail.reply else b"250 2.0.0 Ok: queued as %s\r\n" % queue_id
        if self.bdat:
            self.chunks(mail.data, owed, last)
            return
        if not taken:
            self.command(owed, b"DATA\r\n", b"554 5.5.1 Error: no valid recipients\r\n")
            self.say(SERVER, b"".join(owed))
            return
        self.command(owed, b"DATA\r\n", b"354 End data with <CR><LF>.<CR><LF>\r\n")
        self.say(SERVER, b"".join(owed))
        self.say(CLIENT, stuff(mail.data))
        self.say(SERVER, last)

    def chunks(self, data, owed, last):
        cuts = list(range(0, len(data), self.bdat)) or [0]
        for at in cuts:
            chunk = data[at : at + self.bdat]
            final = at == cuts[-1] and not self.bdat_empty_last
            self.command(owed, b"BDAT %d%s\r\n%s" % (len(chunk), b" LAST" if final else b"", chunk),
                         last if final else b"250 2.0.0 Ok: %d bytes\r\n" % len(chunk))
        if self.bdat_empty_last:
            self.command(owed, b"BDAT 0 LAST\r\n", last)
        self.say(SERVER, b"".join(owed))

    def tls(self, mails, rng):
        """What a TLS session looks like from outside: records of the right shape around noise."""
        self.say(CLIENT, b"STARTTLS\r\n")
        self.say(SERVER, b"220 2.0.0 Ready to start TLS\r\n")

        def record(kind, size):
            return struct.pack("!BHH", kind, 0x0303, size) + rng.randbytes(size)

        hello = b"\x01\0\0\xfc\x03\x03" + rng.randbytes(250)
        self.say(CLIENT, b"\x16\x03\x01" + struct.pack("!H", len(hello)) + hello)
        self.say(SERVER, record(22, 122) + record(20, 1) + record(23, 2400))
        for mail in mails:
            size = len(mail.data) + 200
            self.say(CLIENT, b"".join(record(23, min(16384, size - at)) for at in range(0, size, 16384)))
            self.say(SERVER, record(23, 80))


def stuff(data):
    """The content as DATA carries it: dots at the start of a line doubled, then CRLF.CRLF (RFC 5321 4.5.2)."""
    if not data.endswith(b"\r\n"):
        data += b"\r\n"
    if data.startswith(b"."):
        data = b"." + data
    return data.replace(b"\r\n.", b"\r\n..") + b".\r\n"


class Path:
    """How the bytes of a connection are cut into packets, and what happens to these on their way.

    shuffle    positions by which a packet may come early or late
    duplicate  share of the segments that are sent again later
    overlap    share of the segments that are sent again, beginning earlier and cut elsewhere
    loss       share of the segments that are lost before the capture, and sent again later
    missing    share of the segments that the receiver has and the capture lacks
    """

    def __init__(self, mss=1460, shuffle=0, duplicate=0.0, overlap=0.0, loss=0.0, missing=0.0, handshake=True,
                 close="fin", only=None, timestamps=False, isn=None, seed=0, ack_every=2):
        self.mss, self.shuffle, self.duplicate, self.overlap, self.loss = mss, shuffle, duplicate, overlap, loss
        self.missing, self.handshake, self.close, self.only = missing, handshake, close, only
        self.timestamps, self.isn, self.seed, self.ack_every = timestamps, isn, seed, ack_every

    def flight(self, data, rng):
        """[(offset, end, captured)] in the order of the wire."""
        segments = [[i, at, min(at + self.mss, len(data)), True] for i, at in enumerate(range(0, len(data), self.mss))]
        again = []
        for s in segments:
            if self.loss and rng.random() < self.loss:
                s[0] += rng.uniform(1, 6)
            if self.duplicate and rng.random() < self.duplicate:
                again.append([s[0] + rng.uniform(0, 6), s[1], s[2], True])
            if self.overlap and rng.random() < self.overlap:
                start = max(0, s[1] - rng.randint(1, self.mss))
                end = min(len(data), start + rng.randint(1, self.mss))
                again.append([s[0] + rng.uniform(-2, 4), start, end, True])
            if self.missing and rng.random() < self.missing:
                s[3] = False
        segments += again
        if self.shuffle:
            for s in segments:
                s[0] += rng.uniform(0, self.shuffle)
        segments.sort(key=lambda s: s[0])
        return [tuple(s[1:]) for s in segments]


class Received:
    """The contiguous edge of a receiver."""

    def __init__(self, edge):
        self.edge, self.ahead = edge, {}

    def add(self, start, end):
        if start > self.edge:
            self.ahead[start] = max(end, self.ahead.get(start, 0))
            return
        self.edge = max(self.edge, end)
        while self.ahead:
            first = min(self.ahead)
            if first > self.edge:
                break
            self.edge = max(self.edge, self.ahead.pop(first))


def packets(session, path, hosts, start_ns):
    """Yields (time, frame) of one connection, in order of time."""
    rng = random.Random(path.seed * 1_000_003 + hosts.ports[0])
    isn = [path.isn if path.isn is not None else rng.getrandbits(32), rng.getrandbits(32)]
    sent = [1, 1]  # offsets from the ISN
    got = [Received(1), Received(1)]  # got[x]: what x has of the other
    now = start_ns

    def emit(who, flags, offset, payload=b"", options=b"", acked=None):
        if path.timestamps:
            stamp = (now - START_NS) // 1_000_000 & 0xFFFFFFFF
            options += struct.pack("!BBBBII", 1, 1, 8, 10, 1000 + stamp, 0 if flags == SYN else 1000 + stamp)
        if path.only is not None and path.only != who:
            return []
        ack = 0 if flags == SYN else isn[not who] + (got[who].edge if acked is None else acked)
        return [(now, hosts.packet(who, isn[who] + offset, ack, flags, payload, options))]

    if path.handshake:
        options = struct.pack("!BBH", 2, 4, min(max(path.mss, 536), 65495)) + b"\x04\x02\x01\x03\x03\x07"
        yield from emit(CLIENT, SYN, 0, options=options)
        now += 400_000
        yield from emit(SERVER, SYN | ACK, 0, options=options)
        now += 400_000
        yield from emit(CLIENT, ACK, 1)
    for who, data in session.turns:
        now += 600_000
        base, count = sent[who], 0
        view = memoryview(data)
        for at, end, captured in path.flight(data, rng):
            now += 20_000
            flags = ACK | PSH if end == len(data) else ACK
            if captured:
                yield from emit(who, flags, base + at, bytes(view[at:end]))
            got[not who].add(base + at, base + end)
            count += 1
            if path.ack_every and count % path.ack_every == 0:
                now += 10_000
                yield from emit(not who, ACK, sent[not who])
        sent[who] = base + len(data)
    now += 600_000
    if path.close == "fin":
        for who in (CLIENT, SERVER):
            yield from emit(who, FIN | ACK, sent[who])
            sent[who] += 1
            got[not who].add(sent[who] - 1, sent[who])
            now += 300_000
        yield from emit(CLIENT, ACK, sent[CLIENT])
    elif path.close in ("rst", "server-rst"):
        who = CLIENT if path.close == "rst" else SERVER
        yield from emit(who, RST | ACK, sent[who])


def addresses(version, i):
    """Documentation addresses (RFC 5737, RFC 3849), a client for each connection."""
    if version == 4:
        return "198.51.100.%d" % (i % 250 + 1), "192.0.2.25"
    return "2001:db8:1::%x" % (i + 1), "2001:db8:2::25"


def write(out, sessions, path=None, version=4, link=None, form="pcap", snaplen=262144, gap_ns=1_500_000, port=25,
          big_endian=False):
    """Writes a capture of all sessions to the file object, interleaved: each begins gap_ns after the one before."""
    path, link = path or Path(), link or Link()
    pcap = Pcap(out, link.type, form, snaplen, big_endian)

    def numbered(i, session):
        client, server = addresses(version, i)
        # ports spread over the range: a flow is told from another by more than its last bits
        sport = 32768 + i * 7919 % 28000
        hosts = Hosts(client, server, sport, port, link)
        for n, (time, frame) in enumerate(packets(session, path, hosts, START_NS + i * gap_ns)):
            yield time, i, n, frame

    count = 0
    for time, _, _, frame in heapq.merge(*(numbered(i, s) for i, s in enumerate(sessions))):
        pcap.write(time, frame)
        count += 1
    return count


def capture(name, sessions, **options):
    """write() to a file of that name."""
    with open(name, "wb", buffering=1 << 20) as out:
        return write(out, sessions, **options)


WRAPS = ("base64", "double-base64", "triple-base64", "qp", "7bit", "8bit", "uu", "zip-stored", "zip-deflated", "zip-streamed", "gzip")


def wrap(data, name, how):
    """A file as a MIME part in one of WRAPS."""
    if how.startswith("zip-"):
        stem = name.rsplit(".", 1)[0]
        archive = pg_mail.zip_archive([(name, data)], deflate=how != "zip-stored", descriptor=how == "zip-streamed")
        return pg_mail.attachment(archive, stem + ".zip", ctype="application/zip")
    if how == "gzip":
        return pg_mail.attachment(gzip.compress(data, mtime=0), name + ".gz", ctype="application/gzip")
    layers = {"double-base64": 1, "triple-base64": 2}.get(how, 0)
    encoding = {"qp": "quoted-printable", "uu": "x-uuencode"}.get(how, how.rsplit("-", 1)[-1])
    return pg_mail.attachment(pg_mail.base64_layers(data, layers), name, encoding)


def read_mail(data, keep):
    """The content of an .eml file; an mbox "From " line before it is no part of the message."""
    if data.startswith(b"From "):
        data = data.partition(b"\n")[2]
    return data if keep else pg_mail.crlf(data)


def parse(argv):
    p = argparse.ArgumentParser(
        description="Wraps mails into SMTP over TCP and writes a capture file, without a network. "
        "A FILE that ends in .eml is a message; every other FILE is attached to a message made for it.",
        epilog="Example: pg_session.py -o x.pcap --wrap zip-stored --mss 536 --shuffle 4 setup.exe letter.eml",
    )
    p.add_argument("files", nargs="+", metavar="FILE")
    p.add_argument("-o", "--output", required=True, metavar="CAPTURE", help="where to write; - is standard output")
    mail = p.add_argument_group("messages")
    mail.add_argument("--wrap", choices=WRAPS, default="base64", help="how files are attached (base64)")
    mail.add_argument("--one-message", action="store_true", help="attach all files to one message, a part each")
    mail.add_argument("--text", default="See the attachment.", help="text before the attachment; empty: none")
    mail.add_argument("--subject", default=None, help="subject of the messages made (the file's name)")
    mail.add_argument("--from", dest="sender", default="anna@example.org", metavar="ADDRESS", help="envelope and header")
    mail.add_argument("--to", action="append", metavar="ADDRESS", help="a recipient; may be repeated")
    mail.add_argument("--refuse", action="append", default=[], metavar="ADDRESS", help="a recipient answered with 550")
    mail.add_argument("--keep-line-ends", action="store_true", help="send .eml files byte by byte as they are")
    say = p.add_argument_group("dialogue")
    say.add_argument("--per-connection", type=int, default=1, metavar="N", help="messages on one connection (1)")
    say.add_argument("--repeat", type=int, default=1, metavar="N", help="the whole set N times")
    say.add_argument("--no-pipelining", action="store_true", help="each command waits for its reply")
    say.add_argument("--bdat", type=int, default=0, metavar="SIZE", help="BDAT in chunks of SIZE bytes instead of DATA")
    say.add_argument("--bdat-empty-last", action="store_true", help="end with BDAT 0 LAST")
    say.add_argument("--auth", metavar="TEXT", help="AUTH PLAIN with this before the first message")
    say.add_argument("--starttls", action="store_true", help="go over to TLS (records of the right shape, noise inside)")
    say.add_argument("--reply", metavar="TEXT", help='the server\'s last word ("250 2.0.0 Ok: queued as ...")')
    way = p.add_argument_group("packets")
    way.add_argument("--mss", type=int, default=1460, metavar="N", help="bytes in a segment, 1 to 65483 (1460)")
    way.add_argument("--shuffle", type=int, default=0, metavar="N", help="positions a packet may come late")
    for name, what in (("duplicate", "sent twice"), ("overlap", "sent again with other borders"),
                       ("loss", "lost and sent again later"), ("missing", "missing in the capture")):
        way.add_argument("--" + name, type=float, default=0.0, metavar="SHARE", help="share of segments %s" % what)
    way.add_argument("--ipv6", action="store_true")
    way.add_argument("--vlan", type=int, action="append", default=[], metavar="ID", help="a VLAN tag; twice: QinQ")
    way.add_argument("--link", choices=("ethernet", "raw", "sll", "sll2"), default="ethernet", help="link type (ethernet)")
    way.add_argument("--port", type=int, default=25, help="the server's port (25)")
    way.add_argument("--timestamps", action="store_true", help="TCP timestamps")
    way.add_argument("--isn", type=lambda s: int(s, 0), metavar="N", help="the client's first sequence number")
    way.add_argument("--no-handshake", action="store_true", help="begin in the middle of the connection")
    way.add_argument("--close", choices=("fin", "rst", "server-rst", "none"), default="fin",
                     help="how connections end: by both, reset by the client or by the server, or not at all (fin)")
    way.add_argument("--only", choices=("client", "server"), help="one direction only")
    way.add_argument("--gap", type=float, default=1.5, metavar="MS", help="between the starts of two connections (1.5)")
    way.add_argument("--seed", type=int, default=0, help="of all chance (0)")
    file = p.add_argument_group("file")
    file.add_argument("--format", choices=("pcap", "pcap-ns", "pcapng"), default="pcap")
    file.add_argument("--big-endian", action="store_true", help="byte order of the file's own fields")
    file.add_argument("--snaplen", type=int, default=262144, metavar="N", help="bytes kept of each packet")
    a = p.parse_args(argv)
    if not 1 <= a.mss <= 65483:
        p.error("--mss: 1 to 65483, not %d" % a.mss)
    if a.per_connection < 1 or a.repeat < 1 or a.bdat < 0:
        p.error("--per-connection and --repeat are at least 1, --bdat at least 0")
    return a


def mails(a):
    to = a.to or ["bela@example.com"]
    made, parts = [], []

    def add(data):
        made.append(Mail(data, a.sender, to + a.refuse, a.refuse, a.reply))

    for name in a.files:
        with open(name, "rb") as f:
            data = f.read()
        base = os.path.basename(name)
        if name.endswith(".eml"):
            add(read_mail(data, a.keep_line_ends))
            continue
        parts.append(wrap(data, base, a.wrap))
        if not a.one_message:
            add(finish(a, parts, base, to))
            parts = []
    if parts:
        add(finish(a, parts, "%d files" % len(parts), to))
    return made * a.repeat


def finish(a, parts, name, to):
    first = [pg_mail.text(a.text)] if a.text else []
    return pg_mail.message(first + parts, subject=a.subject or name, sender=a.sender, to=to)


def main(argv=None):
    a = parse(argv)
    try:
        every = mails(a)
        rng = random.Random(a.seed)
        sessions = [
            Session(every[i : i + a.per_connection], pipelining=not a.no_pipelining, bdat=a.bdat,
                    bdat_empty_last=a.bdat_empty_last, auth=a.auth, starttls=a.starttls, rng=rng)
            for i in range(0, len(every), a.per_connection)
        ]
        path = Path(a.mss, a.shuffle, a.duplicate, a.overlap, a.loss, a.missing, not a.no_handshake, a.close,
                    {"client": CLIENT, "server": SERVER, None: None}[a.only], a.timestamps, a.isn, a.seed)
        options = dict(path=path, version=6 if a.ipv6 else 4, link=Link(a.link, a.vlan), form=a.format,
                       snaplen=a.snaplen, gap_ns=int(a.gap * 1_000_000), port=a.port, big_endian=a.big_endian)
        if a.output == "-":
            count = write(sys.stdout.buffer, sessions, **options)
        else:
            count = capture(a.output, sessions, **options)
    except (OSError, ValueError) as e:
        print("pg_session: %s" % e, file=sys.stderr)
        return 2
    print("%d messages on %d connections in %d packets" % (len(every), len(sessions), count), file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
