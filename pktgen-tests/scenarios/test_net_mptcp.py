# SPDX-License-Identifier: Apache-2.0
"""Mail between two kernels that would speak Multipath TCP (RFC 8684): inline they speak TCP, and what is infected is refused; at a
mirror port, where what they said on other paths is not seen, nothing is called clean."""
import errno
import os
import socket
import sys

import net_case
from net_case import VERSIONS, Wire, kinds, saw
from net_mail import deliver, letter
from net_servers import Lenient
from netns import Missing, Tap, inside, quiet
from test_net_watch import Mirror

IPPROTO_MPTCP, OPTION_MPTCP = 262, 30
SYN, ACK = 2, 16


def have_mptcp():
    """Raises Missing where this kernel has none."""
    for name in ("client", "server"):
        try:
            with inside(name):
                socket.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_MPTCP).close()
        except OSError as error:
            # ENOPROTOOPT: net.mptcp.enabled is 0
            if error.errno not in (errno.EPROTONOSUPPORT, errno.ENOPROTOOPT, errno.EINVAL):
                raise
            raise Missing("this kernel has no MPTCP sockets: %s (CONFIG_MPTCP, net.mptcp.enabled)" % os.strerror(error.errno)) from None


def offers(frame):
    """(flags, whether it bears an MPTCP option) of a TCP segment; None of another frame."""
    at = {b"\x08\0": 14 + (frame[14] & 15) * 4, b"\x86\xdd": 54}.get(frame[12:14])
    protocol = frame[23] if frame[12:14] == b"\x08\0" else frame[20]
    if not at or protocol != 6:
        return None
    options = frame[at + 20 : at + (frame[at + 12] >> 4) * 4]
    while options and options[0] != 0:
        if options[0] == OPTION_MPTCP:
            return frame[at + 13], True
        options = options[1:] if options[0] == 1 else options[options[1] :]
    return frame[at + 13], False


class Mptcp:
    """Both ends ask their kernels for MPTCP; taps at both."""

    def setUp(self):
        have_mptcp()
        self.serve(Lenient(strict=True, proto=IPPROTO_MPTCP))
        self.taps = [Tap("client"), Tap("server")]

    def sent(self, letters, version):
        """They are sent on one connection; what became of them, and the segments that (the client, the server) has (sent, received),
        as offers() tells them."""
        outcomes = deliver(self.net, letters, version, proto=IPPROTO_MPTCP)
        quiet(*self.taps)
        segments = []
        for tap in self.taps:
            segments.append([[one for one in map(offers, list(frames)) if one] for frames in (tap.sent, tap.received)])
            tap.sent.clear()
            tap.received.clear()
        self.assertTrue(all(frames for end in segments for frames in end), segments)
        self.assertIn((SYN, True), segments[0][0], "the client has not offered it")
        return outcomes, segments

    def tearDown(self):
        for tap in self.taps:
            tap.close()


class Inline(Mptcp, Wire):
    def test_capability_removed(self):
        for version in VERSIONS:
            self.server.protocols.clear()
            good, bad = letter(size=30000), letter(infected=True, size=30000)
            outcomes, ((_, at_client), (from_server, at_server)) = self.sent([good, bad], version)
            self.assert_not_delivered([bad])
            self.assert_delivered([good])
            self.assert_refused(bad, outcomes[bad].code, outcomes[bad].text)
            self.assert_recorded_clean(good)
            self.assertIn((SYN, False), at_server, "no SYN arrived")
            self.assertIn((SYN | ACK, False), at_client, "no SYN was answered")
            for frames in (at_server, at_client, from_server):
                self.assertEqual([one for one in frames if one[1]], [], "MPTCP is spoken")
            self.assertEqual(set(self.server.protocols), {socket.IPPROTO_TCP}, "the kernel says that it speaks another protocol")
            saw("IPv%d: the SYN's offer does not arrive, both speak TCP; clean mail arrives, infected mail is refused", version)


class Watched(Mptcp, Mirror):
    def test_not_called_clean(self):
        for version in VERSIONS:
            self.server.protocols.clear()
            letters = [letter(), letter(infected=True), letter()]
            outcomes, (_, (_, at_server)) = self.sent(letters, version)
            self.assertEqual([outcomes[one].code for one in letters], [250] * 3)
            self.assert_delivered(letters)
            # Without a sensor in the way it is really spoken.
            self.assertIn((SYN, True), at_server)
            self.assertEqual(set(self.server.protocols), {IPPROTO_MPTCP})
            self.record(letters[0], verdict="unscanned", reason="unsupported", delivered="yes")
            self.record(letters[1], verdict="infected", delivered="yes")
            self.record(letters[2], verdict="unscanned", reason="unsupported", delivered="yes")
            saw("IPv%d: MPTCP is spoken: unscanned: unsupported, and the infected one is found", version)


for base in (Inline, Watched):
    kinds(globals(), base)
load_tests = net_case.load_tests(sys.modules[__name__], Mirror, Inline, Watched)

if __name__ == "__main__":
    net_case.main()
