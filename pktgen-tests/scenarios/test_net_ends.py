# SPDX-License-Identifier: Apache-2.0
"""Every end of data that some server takes, to a server that takes them all: no infected letter is delivered by any."""
import sys
import time

import net_case
import net_mail
from net_case import VERSIONS, Wire, kinds, one_kind, saw
from net_mail import Smtp, letter
from net_servers import Lenient
from pg_session import stuff

BEFORE = {"CRLF": b"\r\n", "LF": b"\n", "CR": b"\r"}
ENDS = {"%s.%s" % (a, b): x + b"." + y for a, x in BEFORE.items() for b, y in BEFORE.items()}
ENDS.update({"LF CR.CRLF": b"\n\r.\r\n", "CR CRLF.CRLF": b"\r\r\n.\r\n", "CRLF.CR CRLF": b"\r\n.\r\r\n"})


class Ends(Wire):
    def send(self, bad, version, end, pieces=None, pause=0.0):
        """The letter ended so; what comes back, or nothing in a moment."""
        body = stuff(bad.data)[: -len(b"\r\n.\r\n")]
        with Smtp(self.net, version, timeout=3) as client:
            client.ask(b"MAIL FROM:<%s>\r\n" % bad.sender.encode(), 250)
            client.ask(b"RCPT TO:<%s>\r\n" % bad.recipient.encode(), 250)
            client.ask(b"DATA\r\n", 354)
            client.send(body)
            client.pieces, client.pause = pieces, pause
            client.send(end)
            if b"\r\n.\r\n" not in end:
                # Where only the sensor waits for a right end, it gets one: the letter is then ended in both ways.
                time.sleep(0.1)
                client.send(b"more\r\n.\r\n")
            return client.reply()

    def all_replies(self, client):
        """Codes until the connection ends: after QUIT it does, whoever answers."""
        codes = []
        try:
            while True:
                codes.append(client.reply()[0])
        except OSError:
            return codes

    def each(self, **options):
        self.serve(Lenient())
        for version in VERSIONS:
            for name, end in ENDS.items():
                with self.subTest(version=version, end=name):
                    bad = letter(infected=True)
                    code = 0
                    try:
                        code, _ = self.send(bad, version, end, **options)
                    except OSError:
                        pass  # closed, or nothing was said: the letter is not taken either
                    self.assert_not_delivered([bad])
                    self.assertNotEqual(code // 100, 2, "the client was told that it was taken")
                    saw("IPv%d %s: %s", version, name, code or "closed")

    def test_each_end(self):
        self.each()

    @one_kind
    def test_each_end_byte_by_byte(self):
        self.each(pieces=net_mail.sizes(0, 1, 1), pause=0.002)

    @one_kind
    def test_smuggled(self):
        """An infected letter behind an end that only a lenient server takes: two messages there, one to a strict reader."""
        self.serve(Lenient())
        for version in VERSIONS:
            for name, end in ENDS.items():
                if end == b"\r\n.\r\n":
                    continue
                with self.subTest(version=version, end=name):
                    bad = letter(infected=True)
                    inner = b"MAIL FROM:<%s>\r\nRCPT TO:<%s>\r\nDATA\r\n" % (bad.sender.encode(), bad.recipient.encode())
                    outer = letter(kind="text")
                    with Smtp(self.net, version, timeout=3) as client:
                        client.ask(b"MAIL FROM:<%s>\r\n" % outer.sender.encode(), 250)
                        client.ask(b"RCPT TO:<%s>\r\n" % outer.recipient.encode(), 250)
                        client.ask(b"DATA\r\n", 354)
                        client.send(stuff(outer.data)[: -len(b"\r\n.\r\n")] + end + inner + stuff(bad.data) + b"QUIT\r\n")
                        codes = self.all_replies(client)
                    self.assert_not_delivered([bad])
                    saw("IPv%d smuggled behind %s: answered %s", version, name, codes)

    def test_end_right_after_data(self):
        """Content and its end, sent with the DATA line before it was answered."""
        self.serve(Lenient())
        for version in VERSIONS:
            bad = letter(infected=True)
            with Smtp(self.net, version, timeout=3) as client:
                data, _ = client.pipelined(bad)
                client.send(data + stuff(bad.data))
                codes = []
                try:
                    codes += [client.reply()[0] for _ in range(4)]
                except OSError:
                    pass
            self.assert_not_delivered([bad])
            self.assertNotEqual(codes[3:], [250])
            saw("IPv%d: content before 354: answered %s", version, codes)

    def test_empty_content(self):
        """A dot right behind DATA: an empty message, and nothing of it hides what comes next."""
        self.serve(Lenient())
        for version in VERSIONS:
            bad = letter(infected=True)
            with Smtp(self.net, version, timeout=3) as client:
                client.ask(b"MAIL FROM:<a@example.org>\r\n", 250)
                client.ask(b"RCPT TO:<bela@example.com>\r\n", 250)
                client.ask(b"DATA\r\n", 354)
                client.ask(b".\r\n", 250)
                self.assert_refuses(client, bad)


kinds(globals(), Ends)
load_tests = net_case.load_tests(sys.modules[__name__], Ends)

if __name__ == "__main__":
    net_case.main()
