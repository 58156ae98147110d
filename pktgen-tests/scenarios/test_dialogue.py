# SPDX-License-Identifier: Apache-2.0
"""What stands around mail in a dialogue: who handed it on, who changes places with whom, replies that nobody knows."""
import socket
import struct
import unittest

from harness import Scenario
import pg_mail
from pg_session import CLIENT, SERVER, Mail, Path, Session, wrap
from test_splits import program

ENVELOPE = (b"MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n", b"250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 go\r\n")


def talk(*turns, greeting=b"220 mx.example.com ESMTP\r\n"):
    """(who, what)... behind the greeting and EHLO."""
    s = Session([], quit=False, greeting=greeting)
    for who, what in turns:
        s.say(who, what)
    return s


def through(header, letter):
    s = Session([Mail(letter)])
    s.turns.insert(0, (CLIENT, header))
    return s


class Dialogue(Scenario):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.letter = pg_mail.message([pg_mail.text("A file."), wrap(program(500, 1), "file.exe", "base64")], subject="a file")

    def only(self, session, **options):
        return self.one(self.read(self.capture("dialogue.pcap", [session], **options), status=(0, 1)))

    def test_proxy(self):
        signature = b"\r\n\r\n\0\r\nQUIT\n"
        four = {"src_ip": "203.0.113.9", "src_port": 40000, "dest_ip": "192.0.2.99", "dest_port": 25}
        six = {"src_ip": "2001:db8::9", "src_port": 40000, "dest_ip": "2001:db8::25", "dest_port": 25}

        def binary(says, command=0x21, more=b""):
            kind = socket.AF_INET6 if ":" in says["src_ip"] else socket.AF_INET
            a = b"".join(socket.inet_pton(kind, says[k]) for k in ("src_ip", "dest_ip"))
            a += struct.pack("!HH", says["src_port"], says["dest_port"]) + more
            return signature + struct.pack("!BBH", command, 0x21 if kind == socket.AF_INET6 else 0x11, len(a)) + a

        for header, says in ((b"PROXY TCP4 203.0.113.9 192.0.2.99 40000 25\r\n", four),
                             (b"PROXY TCP6 2001:db8::9 2001:db8::25 40000 25\r\n", six),
                             (b"PROXY UNKNOWN\r\n", None), (binary(four), four), (binary(six), six),
                             (binary(four, more=b"\x04\x01\x00" + bytes(256)), four), (binary(four, command=0x20), None)):
            for mss in (1460, 1):
                with self.subTest(header=header, mss=mss):
                    m = self.only(through(header, self.letter), path=Path(mss=mss))
                    self.assertEqual(m["mailweir"].get("proxy"), says)
                    self.assertEqual(m["mailweir"]["verdict"], "infected")
                    # The source is TCP's: nobody vouches for what is said.
                    self.assertEqual(m["src_ip"], "198.51.100.1")

    def test_xclient_and_xforward(self):
        def message(subject):
            return [(CLIENT, ENVELOPE[0]), (SERVER, ENVELOPE[1]), (CLIENT, b"Subject: %s\r\n\r\n.\r\n" % subject), (SERVER, b"250 ok\r\n")]

        s = talk((CLIENT, b"XCLIENT NAME=evil.example ADDR=IPV6:2001:db8::9 LOGIN=a+20b SECRET=x\r\n"), (SERVER, b"220 mx\r\n"),
                 (CLIENT, b"EHLO evil.example\r\n"), (SERVER, b"250 mx\r\n"),
                 (CLIENT, b"XFORWARD NAME=[UNAVAILABLE] ADDR=203.0.113.9\r\nXFORWARD HELO=there\r\n"), (SERVER, b"250 1\r\n250 2\r\n"),
                 *message(b"one"), *message(b"two"),
                 (CLIENT, b"XCLIENT NAME=other\r\n"), (SERVER, b"550 no\r\n"), *message(b"three"))
        r = self.read(self.capture("xclient.pcap", [s]), status=0)
        said = {"name": "evil.example", "addr": "IPV6:2001:db8::9", "login": "a b"}
        self.assertEqual([m["mailweir"].get("xclient") for m in r.messages], [said, said, None])
        self.assertEqual([m["mailweir"].get("xforward") for m in r.messages], [{"addr": "203.0.113.9", "helo": "there"}, None, None])
        self.assertNotIn(b"SECRET", r.out)

    def test_turn(self):
        """Who was the server sends mail; it is read, and the record says from whom it came."""
        for command in (b"TURN\r\n", b"ATRN example.com\r\n"):
            s = talk((CLIENT, command), (SERVER, b"250 now\r\n"), (CLIENT, b"220 there\r\n"), (SERVER, b"EHLO here\r\n"), (CLIENT, b"250 ok\r\n"),
                     (SERVER, ENVELOPE[0]), (CLIENT, ENVELOPE[1]), (SERVER, self.letter + b".\r\n"), (CLIENT, b"250 queued\r\n"),
                     (SERVER, b"QUIT\r\n"), (CLIENT, b"221 bye\r\n"))
            r = self.read(self.capture("turn.pcap", [s]), status=1)
            m = self.one(r)
            self.assertEqual((m["mailweir"]["verdict"], m["mailweir"]["delivered"]), ("infected", "yes"))
            self.assertEqual((m["smtp"]["helo"], m["src_port"], m["dest_ip"]), ("here", 25, "198.51.100.1"))
            self.assertEqual([a["anomaly"]["event"] for a in r.of("anomaly")], ["smtp.turn"])

    def test_etrn(self):
        s = Session([Mail(self.letter)])
        s.turns[2:2] = [(CLIENT, b"ETRN example.com\r\n"), (SERVER, b"250 ok\r\n")]
        self.assertEqual(self.only(s)["mailweir"]["verdict"], "infected")

    def test_any_reply_code(self):
        for code, delivered in ((b"999", "no"), (b"650", "no"), (b"000", "unknown"), (b"199", "unknown")):
            s = Session([Mail(self.letter, reply=code.decode() + " what")])
            m = self.only(s)
            self.assertEqual((m["mailweir"]["verdict"], m["mailweir"]["delivered"], m["mailweir"].get("reply", {}).get("code", 0)),
                             ("infected", delivered, int(code)))

    def test_ports(self):
        for port in (24, 25, 587, 2525, 4711):
            self.assertEqual(self.only(Session([Mail(self.letter)]), port=port)["mailweir"]["verdict"], "infected")

    def test_tls_from_the_first_byte(self):
        """On port 465, where configuration says that mail goes there."""
        hello = b"\x16\x03\x01\0\x80" + bytes(128)
        s = Session([], quit=False, greeting=b"")
        s.turns = [(CLIENT, hello), (SERVER, b"\x16\x03\x03\0\x10" + bytes(16)), (CLIENT, b"\x17\x03\x03\0\x40" + bytes(64))]
        config = self.write("smtps.yaml", "smtp:\n  ports: [25, 465]\n")
        m = self.one(self.read("-c", config, self.capture("smtps.pcap", [s], port=465), status=0))
        self.assertEqual((m["mailweir"]["verdict"], m["mailweir"]["reason"]), ("unscanned", "tls"))

    def test_starttls(self):
        clear = [(CLIENT, ENVELOPE[0]), (SERVER, ENVELOPE[1]), (CLIENT, self.letter + b".\r\n"), (SERVER, b"250 queued\r\n")]
        refused = self.only(talk((CLIENT, b"STARTTLS\r\n"), (SERVER, b"454 no\r\n"), *clear))
        self.assertEqual((refused["mailweir"]["verdict"], refused["mailweir"]["errors"]), ("infected", []))
        # Decrypted by what stands before the sensor.
        decrypted = self.only(talk((CLIENT, b"STARTTLS\r\n"), (SERVER, b"220 go\r\n"), (CLIENT, b"EHLO x\r\n"), (SERVER, b"250 mx\r\n"), *clear))
        self.assertEqual(decrypted["mailweir"]["verdict"], "infected")
        accepted = self.only(Session([Mail(self.letter)], starttls=True))
        self.assertEqual(accepted["mailweir"]["reason"], "tls")
        # Commands that came with it, in clear.
        r = self.read(self.capture("injected.pcap", [talk((CLIENT, b"STARTTLS\r\nMAIL FROM:<x@example.org>\r\n"), (SERVER, b"220 go\r\n"))]))
        self.assertIn("smtp.clear_after_starttls", [a["anomaly"]["event"] for a in r.of("anomaly")])

    def test_odd_lines(self):
        """A line of a megabyte, NULs and bare CRs among the commands: what is mail behind them is read."""
        for odd, answer in ((b"NOOP " + b"x" * 1000000 + b"\r\n", b"250 ok\r\n"), (b"NO\0OP\r\n", b"500 what\r\n"), (b"\0\r\n", b"500 what\r\n"),
                            (b"NOOP\r\r\n", b"250 ok\r\n"), (b"\n", b"500 what\r\n"), (b"NOOP\n", b"250 ok\r\n")):
            s = Session([Mail(self.letter)])
            s.turns[2:2] = [(CLIENT, odd), (SERVER, answer)]
            m = self.only(s)
            self.assertEqual((m["mailweir"]["verdict"], m["mailweir"]["delivered"]), ("infected", "yes"), odd[:20])


if __name__ == "__main__":
    unittest.main()
