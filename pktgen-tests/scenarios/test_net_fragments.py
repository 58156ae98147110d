# SPDX-License-Identifier: Apache-2.0
"""What both hosts send comes to the sensor in fragments: clean mail arrives, infected mail is refused, and no fragment goes on."""
import sys

import net_case
import net_mail
from net_case import VERSIONS, Wire, kinds, saw
from net_mail import deliver, letter
from net_servers import Lenient
from netns import Tap


class Fragments(Wire):
    fragment = 256
    arguments = ("--workers", "2")

    def test_three_letters(self):
        self.serve(Lenient(strict=True))
        for version in VERSIONS:
            self.three(version)
            self.three(version, size=60000)
            self.three(version, pieces=net_mail.sizes(version, 1, 400))
        saw("first and third delivered, second refused; also large ones, and in pieces of 1 to 400 bytes")

    def test_what_reaches_the_server(self):
        """Segments, each whole: what is or may be mail is put together by nobody else."""
        self.serve(Lenient(strict=True))
        tap = Tap("server", "eth0")
        self.addCleanup(tap.close)
        for version in VERSIONS:
            good, bad = letter(size=20000), letter(infected=True, size=20000)
            outcomes = deliver(self.net, [good, bad], version)
            self.assert_delivered([good])
            self.assert_not_delivered([bad])
            self.assert_refused(bad, outcomes[bad].code, outcomes[bad].text)
        tap.close()
        arrived = tap.received
        fragments = [f for f in arrived if f[12:14] == b"\x08\0" and f[20] & 0x3F | f[21] or f[12:14] == b"\x86\xdd" and f[20] == 44]
        self.assertTrue(len(arrived) > 20)
        self.assertEqual(fragments, [])
        saw("%d frames at the server, none of them a fragment", len(arrived))


kinds(globals(), Fragments)
load_tests = net_case.load_tests(sys.modules[__name__], Fragments)

if __name__ == "__main__":
    net_case.main()
