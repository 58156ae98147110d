# SPDX-License-Identifier: Apache-2.0
"""The bundled capture, message by message: verdicts, envelopes, marks, records. captures/README.md lists what is in it."""
import json

import harness
from harness import BUNDLED, Scenario, need_shared, run

ANNA, BELA, CLEO = "<anna@example.org>", "<bela@example.org>", "<cleo@example.org>"

LOADER = ("KERNEL32.dll", "ADVAPI32.dll")
NAMES = ("KERNEL32.DLL", "ADVAPI32.DLL")

# from, recipients accepted, subject, attachments, verdict, marks: (class, file, what matched, on which lines)
MESSAGES = [
    ("dora@example.com", [ANNA], "The new logo", ["logo.png"], "clean", []),
    ("billing@example.com", [ANNA], "Your invoice", ["invoice.exe"], "infected", [("mimetype", "invoice.exe", ("TVqQAAMAA",), (1,))]),
    ("erik@example.com", [BELA], "ranking", ["ranking.zip"], "infected", [("loadertype", "ranking.zip", LOADER, (114, 112))]),
    ("support@example.com", [CLEO], "Crash of editor.exe", ["crash.txt"], "suspicious",
     [("rule", None, NAMES, (3, 6)), ("rule", "crash.txt", NAMES, (2, 4))]),
    ("dora@example.com", [ANNA, BELA], "Lunch on Friday", [], "clean", []),
    ("erik@example.com", [ANNA], "the tool, as text", ["tool.b64"], "infected",
     [("mimetype", "tool.b64", ("VFZxUUFBT",), (1,)), ("loadertype", "tool.b64", LOADER, (1, 1))]),
    ("garten@example.net", [ANNA], "Frühling: 10 % auf Blumenzwiebeln, größte Auswahl für Ihren Garten", [], "clean", []),
    ("fred@example.net", [BELA], "Minutes", [], "clean", []),
    ("fred@example.net", [BELA], "Update", ["update.exe"], "infected",
     [("mimetype", "update.exe", ("TVqQAAMAA",), (1,)), ("loadertype", "update.exe", LOADER, (245, 242))]),
    ("fred@example.net", [BELA, CLEO], "Agenda", [], "clean", []),
]
REFUSED = "<nobody@example.org>"


class Bundled(Scenario):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.json = run("read", "--json", BUNDLED)

    def with_content(self):
        """The messages that came to DATA."""
        return [m for m in self.json.messages if m["smtp"]["rcpt_to"] != [REFUSED]]

    def test_exit_status_says_infected(self):
        self.assertEqual(self.json.status, 1, self.json.explain())
        self.assertEqual(self.json.err, b"")
        self.assert_sound(self.json)

    def test_account(self):
        messages = self.json.stats["messages"]
        self.assertEqual(messages["seen"], len(MESSAGES) + 1)
        self.assertEqual(messages["infected"], 4)
        self.assertEqual(messages["suspicious"], 1)
        self.assertEqual(messages["clean"], 6)
        self.assertEqual(harness.total(messages["unscanned"]), 0)
        self.assertEqual(len(self.with_content()), len(MESSAGES))

    def test_each_message(self):
        self.assertEqual(len(self.with_content()), len(MESSAGES))
        for got, (sender, to, subject, files, verdict, marks) in zip(self.with_content(), MESSAGES):
            with self.subTest(subject=subject):
                own = got["mailweir"]
                self.assertEqual(got["smtp"]["mail_from"], "<%s>" % sender)
                accepted = [r for r in got["smtp"]["rcpt_to"] if r != REFUSED]
                self.assertEqual(accepted, to)
                self.assertEqual(got["email"]["subject"], subject)
                self.assertEqual(got["email"].get("attachment", []), files)
                self.assertEqual(own["verdict"], verdict)
                self.assertEqual(own["delivered"], "yes")
                self.assertEqual(own["reply"]["code"], 250)
                self.assertRegex(own["reply"]["text"], r"queued as [0-9A-F]+$")
                self.assertEqual(own["queue_id"], own["reply"]["text"].split()[-1])
                self.assertIs(own["complete"], True)
                self.assertEqual(sorted(map(summed_up, own["marks"]), key=str), sorted(marks, key=str))
                if marks:
                    self.assertIn(own["class"], {m[0] for m in marks})

    def test_the_way_into_the_archive(self):
        marks = [m for r in self.json.messages for m in r["mailweir"]["marks"] if m.get("file") == "ranking.zip"]
        self.assertEqual([m["path"] for m in marks], [["ranking.zip", "ranking.scr"]])

    def test_refused_recipient_is_named(self):
        lunch = [m for m in self.with_content() if m["email"]["subject"] == "Lunch on Friday"][0]
        self.assertEqual(lunch["smtp"]["rcpt_to"], [ANNA, REFUSED, BELA])
        codes = [r.partition(" ")[0] for r in lunch["mailweir"]["rcpt_reply"]]
        self.assertEqual(codes, ["250", "550", "250"])

    def test_only_recipient_refused(self):
        """A transaction that never came to content is a message too (docs/decisions/0004)."""
        refused = [m for m in self.json.messages if m["smtp"]["rcpt_to"] == [REFUSED]]
        self.assertEqual(len(refused), 1)
        own = refused[0]["mailweir"]
        self.assertEqual((own["verdict"], own["complete"], own["delivered"], own["bytes"]), ("clean", False, "no", 0))
        self.assertRegex(own["rcpt_reply"][0], "^550 ")

    def test_newsletter_headers_are_utf8(self):
        news = [m for m in self.with_content() if m["smtp"]["mail_from"] == "<garten@example.net>"][0]
        self.assertEqual(news["email"]["from"], "Zürcher Gärten <garten@example.net>")
        self.assertEqual(news["src_ip"], "2001:0db8:0000:0000:0000:0000:0000:0010")

    def test_one_connection_three_messages(self):
        fred = [m for m in self.with_content() if m["smtp"]["mail_from"] == "<fred@example.net>"]
        self.assertEqual(len({m["flow_id"] for m in fred}), 1)
        self.assertEqual([m["tx_id"] for m in fred], [0, 1, 2])

    def test_files(self):
        files = {f["fileinfo"]["filename"]: f["fileinfo"] for f in self.json.of("fileinfo") if "filename" in f["fileinfo"]}
        for name in ("logo.png", "invoice.exe", "ranking.zip", "crash.txt", "tool.b64", "update.exe"):
            self.assertIn(name, files)
            self.assertEqual(files[name]["state"], "CLOSED")
            self.assertRegex(files[name]["sha256"], "^[0-9a-f]{64}$")
        self.assertEqual(files["invoice.exe"]["sha256"], "6b4195e640a85ac32eb6f9628822a622057df1e459df7c17a12f97aeabc9415b")
        self.assertEqual(files["invoice.exe"]["size"], 97792)
        self.assertIn("PE32 executable", files["invoice.exe"]["magic"])
        member = [f for f in self.json.of("fileinfo") if f["mailweir"].get("path", [])[-1:] == ["ranking.scr"]]
        self.assertEqual(len(member), 1)
        self.assertEqual(member[0]["fileinfo"]["size"], 6656)
        # RegTool-amd64 of the same package, as the manifest of the shared programs has it
        self.assertEqual(member[0]["fileinfo"]["sha256"], "3ebd481dd789696ee945127ec92d6608a4550c21e4a25f533afccd375141e969")

    def test_summary_for_a_person(self):
        r = run("read", BUNDLED)
        self.assertEqual(r.status, 1, r.explain())
        text = r.out.decode()
        self.assertNotIn("\x1b", text, "colour in a file")
        for line in text.splitlines():
            self.assertLessEqual(len(line), 80, line)
        for word in ("billing@example.com", "anna@example.org", "Your invoice", "TVqQAAMAA (invoice.exe @line 1)", "ranking.zip",
                     "KERNEL32.dll + ADVAPI32.dll (ranking.zip @lines 114 + 112)", "VFZxUUFBT (tool.b64 @line 1)", "update.exe",
                     "Crash of editor.exe", "KERNEL32.DLL + ADVAPI32.DLL (crash.txt @lines 2 + 4)"):
            self.assertIn(word, text)
        for word in ("The new logo", "Lunch on Friday", "Agenda", "which has no name) "):
            self.assertNotIn(word, text)

    def test_workers_give_the_same_records(self):
        self.assertGreater(len(without_stats(self.json.out)), len(MESSAGES))
        for workers in (2, 3, 4):
            other = run("read", "--json", "--workers", workers, BUNDLED)
            self.assertEqual(without_stats(other.out), without_stats(self.json.out))

    def test_standard_input(self):
        with open(BUNDLED, "rb") as f:
            other = run("read", "--json", "-", stdin=f)
        self.assertEqual(other.status, 1, other.explain())
        drop = [{k: v for k, v in r.items() if k != "pcap_filename"} for r in other.records if r["event_type"] != "stats"]
        mine = [{k: v for k, v in r.items() if k != "pcap_filename"} for r in self.json.records if r["event_type"] != "stats"]
        self.assertEqual(drop, mine)

    def test_output_folder(self):
        r = run("read", "-o", self.path("out"), BUNDLED)
        self.assertEqual(r.status, 1, r.explain())
        with open(self.path("out/eve.json"), "rb") as f:
            self.assertEqual(without_stats(f.read()), without_stats(self.json.out))

    @need_shared("eve-schema.json")
    def test_records_follow_suricatas_schema(self):
        harness.validate(self, self.json.records)


def summed_up(mark):
    where = harness.literals(mark)
    names = sorted(where, reverse=True)  # KERNEL32 before ADVAPI32
    return mark["class"], mark.get("file"), tuple(names), tuple(where[n]["line"] for n in names)


def without_stats(out):
    return [line for line in out.splitlines() if json.loads(line)["event_type"] != "stats"]


if __name__ == "__main__":
    harness.main()
