# SPDX-License-Identifier: Apache-2.0
"""The bundled capture, message by message: verdicts, envelopes, marks, records. captures/README.md lists what is in it."""
import json

import harness
from harness import BUNDLED, Scenario, need_shared, run

ANNA, BELA, CLEO = "anna@example.org", "bela@example.org", "cleo@example.org"

# from, recipients accepted, subject, attachments, verdict, class, what the mark says, lines
MESSAGES = [
    ("dora@example.com", [ANNA], "The new logo", ["logo.png"], "clean", None),
    ("billing@example.com", [ANNA], "Your invoice", ["invoice.exe"], "infected", ("mimetype", ["TVqQAAMAA"], [1])),
    ("erik@example.com", [BELA], "ranking", ["ranking.zip"], "infected",
     ("loadertype", ["KERNEL32.dll", "ADVAPI32.dll"], [114, 112])),
    ("support@example.com", [CLEO], "Crash of editor.exe", ["crash.txt"], "clean", None),
    ("dora@example.com", [ANNA, BELA], "Lunch on Friday", [], "clean", None),
    ("erik@example.com", [ANNA], "the tool, as text", ["tool.b64"], "infected", ("mimetype", ["VFZxUUFBT"], [1])),
    ("garten@example.net", [ANNA], "Frühling: 10 % auf Blumenzwiebeln, größte Auswahl für Ihren Garten", [], "clean", None),
    ("fred@example.net", [BELA], "Minutes", [], "clean", None),
    ("fred@example.net", [BELA], "Update", ["update.exe"], "infected", ("mimetype", ["TVqQAAMAA"], [1])),
    ("fred@example.net", [BELA, CLEO], "Agenda", [], "clean", None),
]
REFUSED = "nobody@example.org"


class Bundled(Scenario):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.json = run("read", "--json", BUNDLED)

    def with_content(self):
        """The transactions that came to DATA; one session's only recipient was refused."""
        return [m for m in self.json.messages if m["smtp"].get("rcpt_to") != [REFUSED]]

    def test_exit_status_says_infected(self):
        self.assertEqual(self.json.status, 1, self.json.explain())
        self.assertEqual(self.json.err, b"")
        self.assert_sound(self.json)

    def test_account(self):
        messages = self.json.stats["messages"]
        self.assertEqual(messages["infected"], 4)
        self.assertEqual(messages["suspicious"], 0)
        self.assertEqual(harness.total(messages["unscanned"]), 0)
        self.assertEqual(len(self.with_content()), len(MESSAGES))

    def test_each_message(self):
        self.assertEqual(len(self.with_content()), len(MESSAGES))
        for got, (sender, to, subject, files, verdict, mark) in zip(self.with_content(), MESSAGES):
            with self.subTest(subject=subject):
                own = got["mailweir"]
                self.assertEqual(got["smtp"]["mail_from"], sender)
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
                if mark is None:
                    self.assertEqual(own.get("marks", []), [])
                    continue
                self.assertEqual(own["class"], mark[0])
                self.assert_mark(own["marks"], files[0], *mark)

    def assert_mark(self, marks, file, kind, criteria, lines):
        found = [m for m in marks if m["class"] == kind]
        self.assertTrue(found, marks)
        mark = found[0]
        self.assertEqual(mark["file"], file)
        self.assertEqual(sorted(c["text"] for c in mark["criteria"]), sorted(criteria))
        by_text = {c["text"]: c["line"] for c in mark["criteria"]}
        self.assertEqual([by_text[c] for c in criteria], lines)
        if kind == "loadertype":
            self.assertEqual(mark["path"], ["ranking.zip", "ranking.scr"])

    def test_refused_recipient_is_named(self):
        lunch = [m for m in self.with_content() if m["email"]["subject"] == "Lunch on Friday"][0]
        self.assertEqual(lunch["smtp"]["rcpt_to"], [ANNA, REFUSED, BELA])
        codes = [r["code"] for r in lunch["mailweir"]["rcpt_reply"]]
        self.assertEqual(codes, [250, 550, 250])

    def test_newsletter_headers_are_utf8(self):
        news = [m for m in self.with_content() if m["smtp"]["mail_from"] == "garten@example.net"][0]
        self.assertEqual(news["email"]["from"], "Zürcher Gärten <garten@example.net>")
        self.assertEqual(news["src_ip"], "2001:0db8:0000:0000:0000:0000:0000:0010")

    def test_one_connection_three_messages(self):
        fred = [m for m in self.with_content() if m["smtp"]["mail_from"] == "fred@example.net"]
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
        for word in ("billing@example.com", ANNA, "Your invoice", "invoice.exe", "TVqQAAMAA", "ranking.zip",
                     "KERNEL32.dll + ADVAPI32.dll (ranking.zip @lines 114 + 112)", "tool.b64", "VFZxUUFBT", "update.exe"):
            self.assertIn(word, text)
        for word in ("The new logo", "Crash of editor.exe", "Agenda"):
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


def without_stats(out):
    return [line for line in out.splitlines() if json.loads(line)["event_type"] != "stats"]


if __name__ == "__main__":
    harness.main()
