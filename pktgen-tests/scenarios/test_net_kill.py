# SPDX-License-Identifier: Apache-2.0
"""The sensor is killed amid transfers, by -9 and by TERM, and started again under traffic: nothing infected is delivered,
and what is clean arrives in the end."""
import sys
import threading
import time

import net_case
import net_mail
from net_case import DEEP, VERSIONS, Wire, kinds, one_kind, saw, sound
from net_mail import Smtp, letter
from net_servers import Lenient


class Kill(Wire):
    def traffic(self, letters, version, connections=20):
        """Letters that take about a second each, in the background; the thread, and where outcomes will be."""
        outcomes = {}

        def work():
            outcomes.update(net_mail.together(self.net, letters, connections, version=version, deadline=120, timeout=5,
                                              pieces=net_mail.sizes(version, 400, 1460), pause=0.02))

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        return thread, outcomes

    def again_and_again(self, version, stop):
        self.serve(Lenient(strict=True))
        letters = [letter(infected=i % 2 == 1, size=20000) for i in range(120 if DEEP else 60)]
        thread, outcomes = self.traffic(letters, version)
        for _ in range(6 if DEEP else 2):
            time.sleep(1)
            stop()
            time.sleep(0.3)  # what travels now finds no sensor
            type(self).start_sensor()
        thread.join()
        self.assert_not_delivered([one for one in letters if one.infected])
        clean = [one for one in letters if not one.infected]
        for one in clean:
            self.assertEqual(outcomes[one].code, 250, outcomes[one].errors)
        self.assert_delivered(clean, once=False)
        saw("IPv%d: %d clean letters arrived in %d tries, no infected one", version, len(clean),
            sum(outcomes[one].tries for one in clean))

    def test_kill(self):
        for version in VERSIONS if DEEP else VERSIONS[:1]:
            self.again_and_again(version, lambda: self.sensor.kill())

    @one_kind
    def test_term(self):
        """TERM under traffic: it finishes what it holds, status 0, and its books balance."""

        def stop():
            if net_case.CONTROL:
                self.sensor.kill()
            else:
                sound(self.sensor)

        self.again_and_again(6, stop)

    def test_no_sensor_no_mail(self):
        """Where nothing forwards, nothing passes; and a letter begun before is not delivered after, unjudged."""
        self.serve(Lenient(strict=True))
        bad = letter(infected=True, size=20000)
        data = net_mail.stuff(bad.data)
        with Smtp(self.net, timeout=10) as client:
            client.ask(b"MAIL FROM:<%s>\r\n" % bad.sender.encode(), 250)
            client.ask(b"RCPT TO:<%s>\r\n" % bad.recipient.encode(), 250)
            client.ask(b"DATA\r\n", 354)
            client.send(data[:10000])
            time.sleep(0.2)
            self.sensor.kill()
            type(self).start_sensor()
            code = 0
            try:
                client.send(data[10000:])
                code, _ = client.reply()
            except OSError:
                pass
        self.assert_not_delivered([bad])
        self.assertNotEqual(code, 250)
        saw("a letter that the old sensor saw begin and the new one end: %s", code or "not answered")


kinds(globals(), Kill)
load_tests = net_case.load_tests(sys.modules[__name__], Kill)

if __name__ == "__main__":
    net_case.main()
