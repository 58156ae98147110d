# SPDX-License-Identifier: Apache-2.0
"""The sensor is killed amid transfers, by -9 and by TERM, and started again under traffic: nothing infected is delivered,
and what is clean arrives in the end."""
import os
import random
import sys
import threading
import time

import net_case
import net_mail
from net_case import DEEP, Wire, deep, kinds, one_kind, saw, sound
from net_mail import PostfixClient, Smtp, letter
from net_servers import Lenient


SEED = int(os.environ.get("MAILWEIR_NET_SEED") or random.SystemRandom().randrange(10**6))
KILLS = 20 if DEEP else 3


class Kill(Wire):
    def end_at_random(self, stop, times):
        """Ends the sensor so often, at moments that nothing foresees, and starts it again; for a while there is none."""
        saw("seed %d: MAILWEIR_NET_SEED=%d waits as long again", SEED, SEED)
        rng = random.Random(SEED)
        for _ in range(times):
            time.sleep(rng.uniform(0.1, 1.2))
            stop()
            time.sleep(rng.uniform(0, 0.4))  # what travels now finds no sensor
            type(self).start_sensor()

    def check(self, letters, how, relayed=False):
        infected = [one for one in letters if one.infected]
        clean = [one for one in letters if not one.infected]
        self.assertTrue(infected and clean)
        self.assert_not_delivered(infected)
        self.assert_delivered(clean, once=False, relayed=relayed)  # the answer may be lost with the sensor
        saw("%d clean letters arrived %s, none of %d infected ones", len(clean), how, len(infected))

    def from_a_script(self, version, stop, times):
        """Twenty senders that each send letters of half a second, clean and infected in turn, until the last start; and come again
        until each is answered for good."""
        self.serve(Lenient(strict=True))
        over, outcomes, errors = threading.Event(), {}, []

        def send(number):
            try:
                while not over.is_set():
                    one = letter(infected=number % 2 == 1, size=10000)
                    number += 1
                    outcomes.update(net_mail.deliver(self.net, [one], version, deadline=120, timeout=5, pause=0.02,
                                                     pieces=net_mail.sizes(one.token, 400, 1460)))
            except Exception as error:  # a fault of the test's own must not pass as silence
                errors.append(error)

        threads = [threading.Thread(target=send, args=(i,), daemon=True) for i in range(20)]
        for thread in threads:
            thread.start()
        try:
            self.end_at_random(stop, times)
        finally:
            over.set()
        for thread in threads:
            thread.join()
        self.assertEqual(errors, [])
        for one, outcome in outcomes.items():
            self.assertEqual(outcome.code, 554 if one.infected else 250, "%s %s" % (outcome.text, outcome.errors))
        self.check(list(outcomes), "in %d tries" % sum(outcome.tries for one, outcome in outcomes.items() if not one.infected))

    def kill_sensor(self):
        self.sensor.kill()

    def term_sensor(self):
        """It finishes what it holds, status 0, and its books balance."""
        if net_case.CONTROL:
            self.sensor.kill()
        else:
            sound(self.sensor)

    def test_kill(self):
        self.from_a_script(4, self.kill_sensor, KILLS)

    @deep("twenty kills over IPv6 too")
    def test_kill_ipv6(self):
        self.from_a_script(6, self.kill_sensor, KILLS)

    @one_kind
    def test_term(self):
        self.from_a_script(6, self.term_sensor, 10 if DEEP else 2)

    @one_kind
    def test_kill_under_postfix(self):
        """A mail server with its own queue sends; the server it sends to takes its time."""
        self.serve(Lenient(strict=True, slow=True))
        client = self.sender(PostfixClient())
        over, letters = threading.Event(), []

        def submit():
            while not over.is_set():
                letters.append(letter(infected=len(letters) % 2 == 1, size=60000))
                client.submit(letters[-1])
                time.sleep(0.1)

        thread = threading.Thread(target=submit, daemon=True)
        thread.start()
        try:
            self.end_at_random(self.kill_sensor, KILLS)
        finally:
            over.set()
        thread.join()
        self.assertTrue(client.settle(300), client.log[-3000:])
        tries = 0
        for one in letters:
            lines = client.lines(one)
            tries += 0 if one.infected else len(lines)
            self.assertIn("status=bounced" if one.infected else "status=sent", lines[-1])
            if one.infected:
                self.assertIn("said: 554 5.7.1 ", lines[-1])
        self.check(letters, "from Postfix in %d tries" % tries, relayed=True)

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
