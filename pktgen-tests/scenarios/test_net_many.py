# SPDX-License-Identifier: Apache-2.0
"""Fifty connections at once, clean and infected mixed; a network that loses, doubles and disorders on both sides."""
import sys

import net_case
import net_mail
from net_case import DEEP, Wire, deep, kinds, one_kind, saw
from net_mail import letter
from net_servers import Lenient, Postfix


def mixed(n, size):
    return [letter(infected=i % 3 == 1, kind=("base64", "8bit", "text", "qp")[i % 4], size=size * (1 + i % 5)) for i in range(n)]


class Mixed(Wire):
    def exchange(self, letters, connections, once=True, **options):
        """All letters at once; then every clean one is there and no infected one."""
        outcomes = net_mail.together(self.net, letters, connections, **options)
        infected = [one for one in letters if one.infected]
        clean = [one for one in letters if not one.infected]
        self.assert_not_delivered(infected)
        for one in clean:
            self.assertEqual(outcomes[one].code, 250, "%s: %s %s" % (one.token, outcomes[one].text, outcomes[one].errors))
        self.assert_delivered(clean, once=once)
        for one in infected:
            self.assert_refused(one, outcomes[one].code, outcomes[one].text)
        for one in clean:
            self.assert_recorded_clean(one)
        tries = sum(outcome.tries for outcome in outcomes.values())
        saw("%d connections: %d clean letters delivered, %d infected refused, %d tries", connections, len(clean), len(infected),
            tries)


class Many(Mixed):
    def test_fifty_connections(self):
        self.serve(Lenient(strict=True, delay=0.05))
        self.exchange(mixed(150, 3000), 50)

    @deep("fifty connections for longer")
    def test_fifty_connections_for_longer(self):
        self.serve(Lenient(strict=True, delay=0.05))
        self.exchange(mixed(1500, 20000), 50, version=6, deadline=300)

    @one_kind
    def test_fifty_to_postfix(self):
        self.serve(Postfix("server", "mx.example.com", "example.com", extra="smtpd_client_connection_count_limit = 100\n"))
        self.exchange(mixed(100, 3000), 50)


class Impaired(Mixed):
    """percent of the frames lost, as many doubled and as many disordered, on each of both sides."""

    percent, connections, deadline = 0, 10, 120

    @classmethod
    def setUpClass(cls):
        options = ["--loss", cls.percent, "--duplicate", cls.percent, "--reorder", cls.percent]
        cls.impair = {"outside": options + ["--seed", 1], "inside": options + ["--seed", 2]}
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        lines = cls.net.impaired() if cls.net else []
        for line in lines:
            saw("impair: %s", line.strip())
        super().tearDownClass()

    def through(self, letters, version):
        self.serve(Lenient(strict=True))
        # A reply may be lost for good with the connection: the sender comes again and the letter is there twice.
        self.exchange(letters, self.connections, once=False, version=version, deadline=self.deadline, timeout=self.deadline / 3)


class Impaired1(Impaired):
    percent = 1

    @one_kind
    def test_ipv4(self):
        self.through(mixed(40, 10000), 4)

    @deep("a network that loses 1 %")
    def test_ipv6(self):
        self.through(mixed(200, 10000), 6)


class Impaired5(Impaired):
    percent, connections = 5, 20

    def test_ipv4(self):
        self.through(mixed(200 if DEEP else 30, 2000), 4)

    @deep("a network that loses 5 %")
    def test_ipv6(self):
        self.through(mixed(200, 2000), 6)


class Impaired25(Impaired):
    """Small letters: one of a hundred bytes takes minutes at times."""

    percent, connections, deadline = 25, 30, 900

    @one_kind
    def test_ipv4(self):
        self.through(mixed(30 if DEEP else 6, 100), 4)

    @deep("a network that loses 25 % on each side")
    def test_ipv6(self):
        self.through(mixed(30, 100), 6)


BASES = (Mixed, Many, Impaired, Impaired1, Impaired5, Impaired25)
for base in (Many, Impaired1, Impaired5, Impaired25):
    kinds(globals(), base)
load_tests = net_case.load_tests(sys.modules[__name__], *BASES)

if __name__ == "__main__":
    net_case.main()
