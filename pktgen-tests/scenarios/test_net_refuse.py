# SPDX-License-Identifier: Apache-2.0
"""An infected letter is not delivered, the sender is told 554 and does not come again; what stands beside it arrives."""
import re
import sys

import net_case
import net_mail
from net_case import VERSIONS, Wire, kinds, one_kind, saw
from net_mail import PostfixClient, Smtp, deliver, letter
from net_servers import Aiosmtpd, Lenient, OpenSmtpd, Postfix
from netns import Tap
from pg_session import stuff


class Refuse(Wire):
    def by_script(self, **options):
        """An infected and a clean letter, over IPv4 and IPv6."""
        for version in VERSIONS:
            bad, good = letter(infected=True), letter()
            outcomes = deliver(self.net, [bad], version, **options)
            outcomes.update(deliver(self.net, [good], version, **options))
            self.assert_not_delivered([bad])
            self.assert_refused(bad, outcomes[bad].code, outcomes[bad].text)
            self.assertEqual(outcomes[bad].tries, 1)
            self.assert_delivered([good])
            saw("IPv%d: %s", version, outcomes[bad].text.decode())

    def by_program(self, send):
        for version in VERSIONS:
            bad, good = letter(infected=True), letter()
            said = send(bad, version)
            self.assert_not_delivered([bad])
            send(good, version)
            self.assert_delivered([good])
            found = re.search(rb"554 5\.7\.1 [^\r\n]*", said.text)
            self.assertTrue(found, said.text)
            self.assert_refused(bad, said.code, found[0])
            saw("IPv%d: exit status %d, %s", version, said.status, found[0].decode())

    @one_kind
    def test_swaks(self):
        self.serve(Aiosmtpd())
        self.by_program(net_mail.swaks)

    @one_kind
    def test_msmtp(self):
        self.serve(Aiosmtpd())
        self.by_program(net_mail.msmtp)

    @one_kind
    def test_to_aiosmtpd(self):
        self.serve(Aiosmtpd())
        self.by_script()

    @one_kind
    def test_to_postfix(self):
        self.serve(Postfix("server", "mx.example.com", "example.com"))
        self.by_script()
        self.by_script(bdat=1000)

    @one_kind
    def test_to_opensmtpd(self):
        self.serve(OpenSmtpd())
        self.by_script()

    @one_kind
    def test_from_postfix(self):
        """Its queue is empty afterwards, its log names our words, it tried once, and the sender has it in writing."""
        self.serve(Postfix("server", "mx.example.com", "example.com"))
        for version in VERSIONS:
            client = self.sender(PostfixClient(version))
            letters = [letter(), letter(infected=True), letter()]
            for one in letters:
                client.submit(one)
            self.assertTrue(client.settle(), client.log[-3000:])
            bad = letters[1]
            self.assert_delivered([letters[0], letters[2]])
            self.assert_not_delivered([bad])
            lines = client.lines(bad)
            self.assertEqual(len(lines), 1, lines)
            self.assertIn("status=bounced", lines[0])
            said = re.search(r"554 5\.7\.1 [^)]*", lines[0])
            self.assertTrue(said, lines[0])
            self.assert_refused(bad, 554, said[0].encode())
            bounces = [b for b in client.delivered() if bad.mark.strip() in b]
            self.assertEqual(len(bounces), 1)
            self.assertIn(b"554 5.7.1", bounces[0])
            saw("IPv%d: Postfix logs: %s; bounced to its sender", version, said[0])
            client.close()

    # --- several letters on a connection; any order of segments and commands that RFC 2920 and 3030 allow

    def test_second_of_three(self):
        self.serve(Lenient(strict=True))
        for version in VERSIONS:
            self.three(version)
            self.three(version, pieces=net_mail.sizes(version, 1, 400))
        saw("first and third delivered, second refused; also in pieces of 1 to 400 bytes")

    def test_chunks(self):
        self.serve(Lenient())
        for version in VERSIONS:
            for size, empty in ((100000, False), (700, False), (700, True), (1, True)):
                if size == 1:
                    self.one_byte_last(version)
                else:
                    self.three(version, bdat=size, empty_last=empty)
        saw("BDAT in one chunk, in several, with BDAT 0 LAST, with a last chunk of one byte")

    def one_byte_last(self, version):
        bad = letter(infected=True)
        with Smtp(self.net, version) as client:
            client.ask(b"MAIL FROM:<%s>\r\n" % bad.sender.encode(), 250)
            client.ask(b"RCPT TO:<%s>\r\n" % bad.recipient.encode(), 250)
            client.ask(b"BDAT %d\r\n%s" % (len(bad.data) - 1, bad.data[:-1]), 250)
            client.send(b"BDAT 1 LAST\r\n" + bad.data[-1:])
            code, text = client.reply()
        self.assert_not_delivered([bad])
        self.assert_refused(bad, code, text)

    def pipelined(self, letters, version, **options):
        """All that need not wait in one go; the replies to each letter's end."""
        ends = []
        with Smtp(self.net, version) as client:
            if options:
                turns = [client.pipelined(one, **options) for one in letters]
                client.send(b"".join(data for data, _ in turns))
                for _, replies in turns:
                    ends.append([self.reply(client) for _ in range(replies)][-1])
            else:
                behind = b""
                for one in letters:
                    data, replies = client.pipelined(one)
                    client.send(behind + data)
                    said = [self.reply(client) for _ in range(replies + bool(behind))]
                    ends += said[:1] if behind else []
                    if said[-1][0] != 354:
                        return ends + [said[-1]] * (len(letters) - len(ends))
                    behind = stuff(one.data)
                client.send(behind)
                ends.append(self.reply(client))
        return ends

    def reply(self, client):
        try:
            return client.reply()
        except OSError:
            return 0, b"closed"

    def check_pipelined(self, **options):
        for version in VERSIONS:
            letters = [letter(), letter(infected=True), letter()]
            ends = self.pipelined(letters, version, **options)
            self.assert_not_delivered([letters[1]])
            self.assertEqual([code for code, _ in ends], [250, 554, 451], ends)
            self.assert_refused(letters[1], *ends[1])
            # The third had to be withheld with the second.
            self.assertEqual(letters[2].arrived(self.server), 0, "answered %s and delivered all the same" % (ends[2],))
            again = deliver(self.net, [letters[2]], version)
            self.assertEqual(again[letters[2]].code, 250)
            self.assert_delivered([letters[0], letters[2]])
            saw("IPv%d: answered %s", version, " ".join(str(code) for code, _ in ends))

    def test_pipelined(self):
        self.serve(Lenient(strict=True))
        self.check_pipelined()

    def test_pipelined_chunks(self):
        """Three messages in BDAT, sent as one piece of bytes."""
        self.serve(Lenient())
        self.check_pipelined(bdat=100000)
        self.check_pipelined(bdat=1200)
        self.check_pipelined(bdat=1200, empty_last=True)

    @one_kind
    def test_two_infected_pipelined(self):
        self.serve(Lenient())
        letters = [letter(infected=True), letter(infected=True)]
        ends = self.pipelined(letters, 4, bdat=100000)
        self.assert_not_delivered(letters)
        for one, end in zip(letters, ends):
            self.assert_refused(one, *end)
        saw("answered 554 and 554, an incident each")

    def test_after_the_refusal(self):
        """RSET, NOOP, a next MAIL and QUIT are answered in the server's place."""
        self.serve(Lenient(strict=True))
        for version in VERSIONS:
            bad = letter(infected=True)
            with Smtp(self.net, version) as client:
                self.assert_refuses(client, bad)
                client.ask(b"RSET\r\n", 250)
                client.ask(b"NOOP\r\n", 250)
                client.ask(b"QUIT\r\n", 221)
                self.assertEqual(client.socket.recv(1), b"", "the connection ends after QUIT")
            bad = letter(infected=True)
            with Smtp(self.net, version) as client:
                self.assert_refuses(client, bad)
                client.ask(b"MAIL FROM:<%s>\r\n" % bad.sender.encode(), 421)
        saw("RSET 250, NOOP 250, QUIT 221 and the end; a next MAIL 421")


class Tagged(Wire):
    vlan = 7

    def test_vlan(self):
        """Every frame at the ports bears a tag, those that the sensor makes too: else they would not arrive."""
        self.serve(Lenient(strict=True))
        tap = Tap(None, "mwn-co")  # the far end: AF_XDP takes frames before a tap at its port could
        self.addCleanup(tap.close)
        for version in VERSIONS:
            letters = [letter(), letter(infected=True), letter()]
            outcomes = deliver(self.net, letters, version)
            self.assert_not_delivered([letters[1]])
            self.assert_delivered([letters[0], letters[2]])
            self.assert_refused(letters[1], outcomes[letters[1]].code, outcomes[letters[1]].text)
            record = self.record(letters[1])
            self.assertTrue(record is None or record["vlan"] == [7], record)
        tap.close()
        frames = tap.sent + tap.received
        self.assertTrue(frames)
        self.assertEqual([f for f in frames if f[12:16] != b"\x81\0\0\x07"], [])
        saw("%d frames, each with its tag; 554 in a VLAN", len(frames))


class Overlay(Wire):
    """The hosts' kernels put each frame into VXLAN."""

    mtu = 1600

    @classmethod
    def make_net(cls):
        super().make_net()
        cls.net.overlay(5000)

    def test_vxlan(self):
        self.serve(Lenient(strict=True))
        for version in VERSIONS:
            letters = [letter(size=50000), letter(infected=True, size=50000), letter()]
            outcomes = deliver(self.net, letters, version)
            self.assert_not_delivered([letters[1]])
            self.assert_delivered([letters[0], letters[2]])
            self.assert_refused(letters[1], outcomes[letters[1]].code, outcomes[letters[1]].text)
            self.assert_recorded_clean(letters[0])
        saw("554 in a VXLAN of two kernels")


class Devices(Wire):
    device = True

    def test_three_letters(self):
        """Ports named as DPDK's devices: net_af_packet0,iface=... and the like."""
        self.serve(Lenient(strict=True))
        self.three()
        saw("%s", " ".join(self.sensor.program.argv[2:]))


for base in (Refuse, Tagged, Overlay, Devices):
    kinds(globals(), base)
load_tests = net_case.load_tests(sys.modules[__name__], Refuse, Tagged, Overlay, Devices)

if __name__ == "__main__":
    net_case.main()
