# SPDX-License-Identifier: Apache-2.0
"""Clean mail arrives byte for byte, from each client to each server, over IPv4 and IPv6, and is recorded as such."""
import re
import sys

import net_case
import net_mail
from net_case import DEEP, VERSIONS, Wire, deep, kinds, one_kind, saw
from net_mail import PostfixClient, deliver, letter
from net_servers import Aiosmtpd, Lenient, OpenSmtpd, Postfix


def letters():
    return [letter(kind="text"), letter(kind="text", size=50000), letter(kind="8bit", size=20000), letter(kind="qp", size=20000),
            letter(kind="base64", size=200000)]


class Deliver(Wire):
    def from_all(self):
        for version in VERSIONS:
            mine = letters()
            outcomes = deliver(self.net, mine, version)
            self.assert_delivered(mine)
            for one in mine:
                found = re.search(rb"queued as (\w+)", outcomes[one].text)
                self.assert_recorded_clean(one, found and found[1].decode())
            for send in (net_mail.swaks, net_mail.msmtp):
                theirs = letters()[:: 1 if DEEP else 2]
                for one in theirs:
                    said = send(one, version)
                    self.assertEqual(said.code, 250, said.text)
                self.assert_delivered(theirs)
                for one in theirs:
                    self.assert_recorded_clean(one)
            client = self.sender(PostfixClient(version))
            theirs = letters()
            for one in theirs:
                client.submit(one)
            self.assertTrue(client.settle(), client.log[-3000:])
            self.assert_delivered(theirs, relayed=True)
            for one in theirs:
                self.assert_recorded_clean(one)
                self.assertEqual(len([line for line in client.lines(one) if "status=sent" in line]), 1, client.lines(one))
            client.close()
            saw("IPv%d: %d letters from a script, swaks, msmtp and Postfix, each byte for byte", version, len(mine) * 3)

    def test_postfix(self):
        self.serve(Postfix("server", "mx.example.com", "example.com"))
        self.from_all()
        # With CHUNKING, which Postfix offers.
        mine = letters()
        deliver(self.net, mine, bdat=30000)
        self.assert_delivered(mine)

    @one_kind
    def test_opensmtpd(self):
        self.serve(OpenSmtpd())
        self.from_all()

    @one_kind
    def test_aiosmtpd(self):
        self.serve(Aiosmtpd())
        self.from_all()

    def test_lenient(self):
        """Every cut: pieces of a byte, of odd sizes; BDAT with chunks of any size."""
        self.serve(Lenient(strict=True))
        for version in VERSIONS:
            mine = [letter(kind="8bit", size=1000) for _ in range(6)]
            deliver(self.net, mine[:1], version, pieces=net_mail.sizes(1, 1, 1))
            deliver(self.net, mine[1:2], version, pieces=net_mail.sizes(2, 1, 9))
            deliver(self.net, mine[2:3], version, bdat=1)
            deliver(self.net, mine[3:4], version, bdat=333)
            deliver(self.net, mine[4:5], version, bdat=333, empty_last=True)
            deliver(self.net, mine[5:], version, bdat=333, pieces=net_mail.sizes(3, 1, 9))
            self.assert_delivered(mine)
            for one in mine:
                self.assert_recorded_clean(one)
        saw("DATA and BDAT in pieces down to a byte")

    @one_kind
    def test_starttls(self):
        """Postfix to Postfix, each offering and using TLS: the session passes, and is counted as unscanned."""
        self.serve(Postfix("server", "mx.example.com", "example.com"))
        client = self.sender(PostfixClient(4, tls="may"))
        one = letter(kind="text")
        client.submit(one)
        self.assertTrue(client.settle(), client.log[-3000:])
        self.assert_delivered([one], relayed=True)
        self.assertIn(b"with ESMTPS id", self.server.delivered()[-1].partition(b"Subject:")[0], "it went in clear")
        if not net_case.CONTROL:
            found = self.sensor.wait(lambda r: "tls" in str(r.get("mailweir", {}).get("reason", "")))
            self.assertTrue(found, self.sensor.explain())
            self.assertEqual(found[0]["mailweir"]["verdict"], "unscanned", found)
        saw("STARTTLS: delivered, and recorded as unscanned: tls")

    def replies(self, word, code):
        self.serve(Aiosmtpd())
        one = letter()
        one.recipient = "%s-%d-%s@example.com" % (word, code, one.token)
        outcome = deliver(self.net, [one], deadline=1)[one]
        self.assertEqual(outcome.code, code)
        self.assertIn(b"as the recipient's name says", outcome.text)
        if word == "accept":
            record = self.record(one, verdict="clean", delivered="no")
            self.assertTrue(record is None or record["mailweir"]["reply"]["code"] == code, record)

    @one_kind
    def test_the_servers_own_refusals(self):
        """What the server says reaches the client, and the record."""
        self.replies("reply", 550)
        self.replies("accept", 552)
        self.replies("accept", 451)
        saw("550 to RCPT, 552 and 451 to the end of data reach the client as the server said them")


class Big(Wire):
    def big(self, server, megabytes, **options):
        self.serve(server)
        one = net_mail.big(megabytes * 1000000)
        outcome = deliver(self.net, [one], deadline=400, timeout=120, **options)[one]
        self.assertEqual((outcome.code, outcome.tries), (250, 1), (outcome.text, outcome.errors))
        self.assert_delivered([one])
        self.assert_recorded_clean(one)
        saw("an attachment of %d MB, byte for byte", megabytes)

    def test_twenty_megabytes(self):
        self.big(Aiosmtpd(), 20)

    @one_kind
    def test_two_hundred_megabytes(self):
        self.big(Postfix("server", "mx.example.com", "example.com"), 200)

    @deep("an attachment of 200 MB over IPv6")
    def test_two_hundred_megabytes_ipv6(self):
        self.big(Lenient(strict=True), 200, version=6, bdat=1000000)


@deep("a network with a small MTU")
class Narrow(Wire):
    mtu = 1280

    def test_mtu_1280(self):
        self.serve(Aiosmtpd())
        for version in VERSIONS:
            mine = letters()
            deliver(self.net, mine, version)
            self.assert_delivered(mine)


kinds(globals(), Deliver)
kinds(globals(), Big)
kinds(globals(), Narrow)
load_tests = net_case.load_tests(sys.modules[__name__], Deliver, Big, Narrow)

if __name__ == "__main__":
    net_case.main()
