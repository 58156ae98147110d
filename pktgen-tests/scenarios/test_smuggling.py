# SPDX-License-Identifier: Apache-2.0
"""SMTP smuggling: content that some servers take for one message, and others for two. Both readings are looked into, whichever of them
the server's replies then tell to be its own."""
import unittest

from harness import Scenario
import pg_mail
from pg_session import CLIENT, SERVER, Path, Session, wrap
from test_splits import program

# Behind the content's last bytes: what some server takes for the end.
ENDS = {
    "smtp.end_bare_lf": (b"\n.\n", b"\r\n.\n", b"\n.\r\n"),
    "smtp.end_bare_cr": (b"\r.\r", b"\r\n.\r", b"\r.\r\n", b"\n.\r"),
    "smtp.end_nul": (b"\r\n\0.\r\n", b"\r\n.\0\r\n", b"\n.\0\n", b"\r\n\0\0.\n"),
}
SECOND = b"MAIL FROM:<c@example.org>\r\nRCPT TO:<d@example.com>\r\nDATA\r\n"
BETWEEN = {b"": b"", b"RSET\r\n": b"250 2.0.0 Ok\r\n", b"what is\r\nthis\r\n": b"500 5.5.1 ?\r\n500 5.5.1 ?\r\n"}
TAKEN = b"250 2.0.0 Ok: queued\r\n"
ENVELOPE = b"250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 go\r\n"

FIRST = (b"From: a@example.org\r\nSubject: parts\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"=_x\"\r\n\r\n"
         b"--=_x\r\n\r\ntext")


def session(content, replies):
    s = Session([], quit=False)
    s.say(CLIENT, b"MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n")
    s.say(SERVER, ENVELOPE)
    s.say(CLIENT, content)
    s.say(SERVER, replies)
    s.say(CLIENT, b"QUIT\r\n")
    s.say(SERVER, b"221 2.0.0 Bye\r\n")
    return s


def cases():
    """Each end, with each thing between it and the second message."""
    for event, ends in ENDS.items():
        for end in ends:
            for between, answers in BETWEEN.items():
                yield event, end, between, answers


class Smuggling(Scenario):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.file = program(3000, 1)
        cls.part = (b"\r\n--=_x\r\nContent-Disposition: attachment; filename=x.dat\r\nContent-Transfer-Encoding: base64\r\n\r\n"
                    + pg_mail.base64_layers(cls.file, 1) + b"--=_x--\r\n.\r\n")

    def connections(self, contents, replies, **path):
        """What the records say of each connection: its messages, and its anomalies. Each of `contents` goes by one of its own."""
        sessions = [session(c, r) for c, r in zip(contents, replies)]
        r = self.read(self.capture("smuggled.pcap", sessions, path=Path(**path)), status=(0, 1))
        found = {}
        for record in r.messages + r.of("anomaly"):
            messages, events = found.setdefault(record["flow_id"], ([], []))
            if record["event_type"] == "smtp":
                messages.append(record)
            else:
                events.append(record["anomaly"]["event"])
        self.assertEqual(len(found), len(sessions))
        return sorted(found.values(), key=lambda x: x[0][0]["timestamp"])

    def check(self, contents, replies, expect, **path):
        every = list(cases())
        found = self.connections([contents(end, between) for _, end, between, _ in every],
                                 [replies(answers) for _, _, _, answers in every], **path)
        for (event, end, between, _), (messages, events) in zip(every, found):
            with self.subTest(end=end, between=between):
                self.assertIn(event, events)
                self.assertIn("smtp.smuggled" if between != b"RSET\r\n" else event, events)
                expect(messages)

    def classes(self, message):
        return [m["class"] for m in message["mailweir"]["marks"]]

    def test_one_message(self):
        """To the server it is one; a part that begins behind the candidate holds the program."""

        def expect(messages):
            first, second = messages
            self.assertEqual((first["mailweir"]["verdict"], first["mailweir"]["delivered"]), ("infected", "yes"))
            self.assertIn("loadertype", self.classes(first))
            # The other was none to this server: nothing that it said was about that.
            self.assertEqual((second["smtp"]["mail_from"], second["mailweir"]["delivered"]), ("<c@example.org>", "unknown"))

        self.check(lambda end, between: FIRST + end + between + SECOND + self.part, lambda answers: TAKEN, expect)

    def test_two_messages(self):
        """To the server they are two; the second one holds the program, and so does the first one for a reader that takes both for one."""
        letter = pg_mail.message([pg_mail.text("A file."), wrap(self.file, "file.exe", "base64")], subject="second")

        def expect(messages):
            first, second = messages
            self.assertEqual((first["mailweir"]["verdict"], first["mailweir"]["delivered"]), ("infected", "yes"))
            self.assertEqual((second["mailweir"]["verdict"], second["mailweir"]["delivered"]), ("infected", "yes"))
            self.assertEqual(second["email"]["subject"], "second")

        self.check(lambda end, between: b"Subject: first\r\n\r\nHello" + end + between + SECOND + letter + b".\r\n",
                   lambda answers: TAKEN + answers + ENVELOPE + TAKEN, expect)

    def test_nobody_answers(self):
        """One direction alone: both are looked into, and nothing is known of what became of them."""

        def expect(messages):
            self.assertEqual([m["mailweir"]["delivered"] for m in messages], ["unknown"] * 2)
            self.assertEqual(messages[0]["mailweir"]["verdict"], "infected")

        self.check(lambda end, between: FIRST + end + between + SECOND + self.part, lambda answers: TAKEN, expect, only=CLIENT)

    def test_lines_end_at_cr(self):
        content = (b"Subject: first\r\n\r\nHello\r.\rMAIL FROM:<c@example.org>\rRCPT TO:<d@example.com>\rDATA\r"
                   + b"Subject: second\r\n" + self.part)
        (messages, _), = self.connections([content], [TAKEN + ENVELOPE + TAKEN])
        self.assertEqual((messages[1]["smtp"]["mail_from"], messages[1]["smtp"]["rcpt_to"]), ("<c@example.org>", ["<d@example.com>"]))
        self.assertEqual(messages[1]["mailweir"]["delivered"], "yes")

    def test_smuggled_twice(self):
        """Of the second message, what a server makes of it that takes the one end and not the other is not looked into: it is not clean.
        Of the first one it is, in what a server has that takes neither."""
        content = FIRST + b"\n.\n" + SECOND + b"x\r.\r" + SECOND + b"y\r\n.\r\n"
        (messages, _), = self.connections([content], [TAKEN])
        self.assertEqual([m["mailweir"].get("reason") for m in messages], [None, "malformed", None])


if __name__ == "__main__":
    unittest.main()
