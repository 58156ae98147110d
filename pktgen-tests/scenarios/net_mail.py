# SPDX-License-Identifier: Apache-2.0
"""Letters for the scenarios, and the clients that send them: Postfix, swaks, msmtp, and a scripted one.

Each letter has a token: in its sender, its recipient and its content, so that it is known in records, logs and mailboxes."""
import itertools
import os
import random
import re
import shutil
import struct
import subprocess
import tempfile
import threading
import time

import net_servers
import netns
import pg_mail
from netns import Missing
from pg_session import stuff

_count = itertools.count(1)
made = []  # every letter of this process


def program(size=3000, seed=1):
    """What begins as a Windows program: MZ, leading to PE."""
    head = bytearray(b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0\xb8".ljust(0x3C, b"\0") + struct.pack("<I", 0x80))
    head = head.ljust(0x80, b"\0") + b"PE\0\0\x4c\x01\x03\0"
    return bytes(head) + random.Random(seed).randbytes(size)


class Letter:
    def __init__(self, data, infected, token):
        self.data, self.infected, self.token = data, infected, token
        self.sender, self.recipient = "anna+%s@example.org" % token, "bela+%s@example.com" % token

    @property
    def mark(self):
        return b"X-Token: %s;\r\n" % self.token.encode()

    def arrived(self, server):
        """How often the server delivered it, whole or in part."""
        mark = self.mark.rstrip(b"\r\n")
        return sum(mark in one for one in server.delivered())

    def intact(self, server, relayed=False):
        """Whether each copy that the server delivered is the letter, byte for byte. relayed: by a server that puts header
        fields of its own before it."""
        copies = [one for one in server.delivered() if self.mark.rstrip(b"\r\n") in one]
        if server.exact:
            return bool(copies) and all(one.endswith(self.data) if relayed else one == self.data for one in copies)
        # Header fields of the server's stand before it; a file's lines end in LF.
        body = self.data.replace(b"\r\n", b"\n")
        return bool(copies) and all(one.replace(b"\r\n", b"\n").rstrip(b"\n").endswith(body.rstrip(b"\n")) for one in copies)


def letter(infected=False, kind="base64", size=3000, name=None):
    """kind: text, 8bit, base64, qp. An infected one bears a program in an attachment."""
    token = "t%d" % next(_count)
    rng = random.Random(token)
    parts = [pg_mail.text("Dear Béla,\n\n. a line with a dot, and one more\n..\n.\nGrüße\n" + "word " * 12 + "\n")]
    if infected:
        parts.append(pg_mail.attachment(program(size, token), name or "report.bin"))
    elif kind == "text":
        parts = [pg_mail.text("All is well.\n" * (size // 13 + 1), charset="us-ascii", encoding="7bit")]
    elif kind == "8bit":
        parts = [pg_mail.text("Grüße aus Győr: árvíztűrő tükörfúrógép\n" * (size // 50 + 1))]
    elif kind == "qp":
        parts.append(pg_mail.text("Grüße aus Győr = schön\n" * (size // 40 + 1), encoding="quoted-printable"))
    else:
        parts.append(pg_mail.attachment(b"\x89PNG\r\n\x1a\n" + rng.randbytes(size), name or "photo.png", ctype="image/png"))
    data = pg_mail.message(parts, subject="Letter %s" % token, headers=["X-Token: %s;" % token])
    one = Letter(data, infected, token)
    made.append(one)
    return one


def big(size):
    """A letter with an attachment of this size, written to a file in the folder: (Letter without data, path)."""
    one = letter(kind="base64", size=64)
    head, line, tail = one.data.partition(b"filename=\"photo.png\"\r\n\r\n")
    body, end = tail.split(b"\r\n--", 1)
    filler = pg_mail.encode_base64(random.Random(1).randbytes(57 * 4096))
    copies = size * 4 // 3 // len(filler) + 1
    one.data = head + line + filler * copies + b"--" + end
    return one


class Reply(Exception):
    """The server said something else."""

    def __init__(self, code, text, about):
        super().__init__("%s: %s" % (about, text))
        self.code, self.text, self.about = code, text, about


class Smtp:
    """A scripted client over one socket. what it sends goes out as it is, in the pieces that `pieces` names: a generator of
    sizes, or None; with a pause after each."""

    def __init__(self, net, version=4, timeout=60, pieces=None, pause=0.0, ehlo=True, port=25, proto=0):
        self.socket = net.connect(version, port, timeout, proto)
        self.rest, self.pieces, self.pause = b"", pieces, pause
        self.words = []
        if ehlo:
            self.expect(220, "greeting")
            self.words = self.ask(b"EHLO client.example.org\r\n", 250).upper().split(b"\r\n")

    def send(self, data):
        if not self.pieces:
            self.socket.sendall(data)
            return
        at = 0
        while at < len(data):
            n = next(self.pieces)
            self.socket.sendall(data[at : at + n])
            at += n
            time.sleep(self.pause)

    def reply(self):
        """(code, text) of one whole reply."""
        lines = []
        while True:
            while b"\n" not in self.rest:
                more = self.socket.recv(65536)
                if not more:
                    raise ConnectionError("closed by the server")
                self.rest += more
            line, _, self.rest = self.rest.partition(b"\n")
            lines.append(line.rstrip(b"\r"))
            if line[3:4] != b"-":
                return int(line[:3]), b"\r\n".join(lines)

    def expect(self, code, about):
        got, text = self.reply()
        if got != code:
            raise Reply(got, text, about)
        return text

    def ask(self, line, code):
        self.send(line)
        return self.expect(code, line.strip().decode("ascii", "replace"))

    def mail(self, letter_, bdat=0, empty_last=False):
        """One transaction, command by command. Returns the final reply's text; Reply where it is not the wished one."""
        self.ask(b"MAIL FROM:<%s>\r\n" % letter_.sender.encode(), 250)
        self.ask(b"RCPT TO:<%s>\r\n" % letter_.recipient.encode(), 250)
        if not bdat:
            self.ask(b"DATA\r\n", 354)
            self.send(stuff(letter_.data))
            return self.expect(250, "end of data")
        chunks = list(bdat_chunks(letter_.data, bdat, empty_last))
        for chunk in chunks:
            self.send(chunk)
            text = self.expect(250, "BDAT")
        return text

    def pipelined(self, letter_, bdat=0, empty_last=False):
        """The bytes of a transaction up to where a client has to wait (RFC 2920), and how many replies those bring."""
        envelope = b"MAIL FROM:<%s>\r\nRCPT TO:<%s>\r\n" % (letter_.sender.encode(), letter_.recipient.encode())
        if not bdat:
            return envelope + b"DATA\r\n", 3
        chunks = list(bdat_chunks(letter_.data, bdat, empty_last))
        return envelope + b"".join(chunks), 2 + len(chunks)

    def quit(self):
        """Does not wait long for the answer: all that matters has been said."""
        self.socket.settimeout(2)
        try:
            self.ask(b"QUIT\r\n", 221)
        except (OSError, Reply):
            pass
        self.close()

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def bdat_chunks(data, size, empty_last=False):
    cuts = range(0, len(data), size)
    for at in cuts:
        last = at + size >= len(data) and not empty_last
        chunk = data[at : at + size]
        yield b"BDAT %d%s\r\n%s" % (len(chunk), b" LAST" if last else b"", chunk)
    if empty_last:
        yield b"BDAT 0 LAST\r\n"


def sizes(seed, smallest=1, largest=1460):
    rng = random.Random(seed)
    while True:
        yield rng.randint(smallest, largest)


class Outcome:
    """What became of a letter: code of the last reply (0: none came), its text, how many tries."""

    def __init__(self):
        self.code, self.text, self.tries, self.errors = 0, b"", 0, []


def deliver(net, letters, version=4, deadline=180, timeout=30, wait=0.2, **options):
    """Sends the letters as a mail server does: several on a connection, again after 4xx or a broken connection, never again
    after 5xx. Ends at the deadline (seconds). {letter: Outcome}"""
    outcomes = {one: Outcome() for one in letters}
    end = time.monotonic() + deadline
    waiting = list(letters)
    how = {k: options.pop(k) for k in ("bdat", "empty_last") if k in options}
    while waiting and time.monotonic() < end:
        try:
            with Smtp(net, version, timeout, **options) as client:
                while waiting:
                    _one(client, waiting, outcomes[waiting[0]], how)
                client.quit()
        except (OSError, Reply, ValueError) as error:
            if waiting:
                outcomes[waiting[0]].errors.append(str(error))
                waiting.append(waiting.pop(0))
            time.sleep(wait)
    return outcomes


def _one(client, waiting, outcome, how):
    outcome.tries += 1
    try:
        outcome.text = client.mail(waiting[0], **how)
        outcome.code = 250
    except Reply as reply:
        outcome.code, outcome.text = reply.code, reply.text
        if reply.code < 500:
            raise
    waiting.pop(0)


def together(net, letters, connections, **options):
    """deliver() on so many connections at once, the letters spread over them."""
    outcomes, threads, errors = {}, [], []

    def work(mine):
        try:
            outcomes.update(deliver(net, mine, **options))
        except Exception as error:  # a fault of the test's own must not pass as silence
            errors.append(error)

    for i in range(connections):
        thread = threading.Thread(target=work, args=(letters[i::connections],), daemon=True)
        thread.start()
        threads.append(thread)
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return outcomes


class PostfixClient(net_servers.Postfix):
    """Postfix as sender, with a queue of its own. Bounces go to a mailbox of its own."""

    EXTRA = """
relayhost = %s
inet_interfaces = loopback-only
# tries again soon: hours in a real one
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 3s
smtp_connect_timeout = 10s
smtp_helo_timeout = 10s
smtp_mail_timeout = 15s
smtp_rcpt_timeout = 15s
smtp_data_init_timeout = 15s
smtp_data_xfer_timeout = 20s
smtp_data_done_timeout = 60s
"""

    def __init__(self, version=4, tls="none", extra=""):
        address = "[%s]:25" % netns.SERVER4 if version == 4 else "[ipv6:%s]:25" % netns.SERVER6
        super().__init__("client", "client.example.org", "example.org", tls=tls, extra=self.EXTRA % address + extra,
                         listens=False)

    def submit(self, one):
        self.run("sendmail", "-i", "-f", one.sender, one.recipient, input=one.data.replace(b"\r\n", b"\n"))

    def lines(self, one):
        """The log's lines of its smtp client on this letter."""
        return [line for line in self.log.splitlines() if "/smtp[" in line and "to=<%s>" % one.recipient in line]


class Outside:
    """A program that sends one letter and ends: .code is the last reply's in what it printed, 250 where it says all is well."""

    def __init__(self, status, text):
        self.status, self.text = status, text
        found = re.findall(rb"\b([45]\d\d) (\d\.\d\.\d .*)", text)
        self.code = 250 if status == 0 else int(found[-1][0]) if found else 0


def _run(words, data):
    with tempfile.NamedTemporaryFile(dir=netns.folder()) as f, netns.inside("client"):
        f.write(data)
        f.flush()
        f.seek(0)
        p = subprocess.run([w.replace("FILE", f.name) for w in words], stdin=f, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, timeout=120, env=dict(os.environ, HOME=netns.folder(), LC_ALL="C"))
    return Outside(p.returncode, p.stdout)


def swaks(one, version=4):
    if not shutil.which("swaks"):
        raise Missing("swaks is not installed")
    # --no-data-fixup: else it adds an empty line. A line end it adds all the same.
    return _run(["swaks", "--server", netns.SERVER[version], "--helo", "client.example.org", "--from", one.sender, "--to",
                 one.recipient, "--no-data-fixup", "--data", "@FILE", "--suppress-data"], stuff(one.data)[:-2])


def msmtp(one, version=4):
    if not shutil.which("msmtp"):
        raise Missing("msmtp is not installed")
    return _run(["msmtp", "--file=/dev/null", "--host=" + netns.SERVER[version], "--port=25", "--tls=off", "--auth=off",
                 "--domain=client.example.org", "--from=" + one.sender, one.recipient], one.data.replace(b"\r\n", b"\n"))
