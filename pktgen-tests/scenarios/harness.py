# SPDX-License-Identifier: Apache-2.0
"""What all scenarios share: running the program, its records, and saying aloud what was not tested.

Environment, set by meson:
  MAILWEIR         the program, full path
  MAILWEIR_SHARED  a folder whose data/ holds captures, mails and programs by others (default: beside the sources);
                   what needs it is skipped where it is absent
"""
import json
import os
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
PKTGEN = os.path.dirname(HERE)
SOURCE = os.path.dirname(PKTGEN)
sys.path.insert(0, PKTGEN)

from pg_packets import Link, Pcap  # noqa: E402

PROGRAM = os.environ.get("MAILWEIR", "")
SHARED = os.path.join(os.environ.get("MAILWEIR_SHARED") or os.path.join(SOURCE, "..", "shared"), "data")
BUNDLED = os.path.join(PKTGEN, "captures", "first-day.pcap")

# What a record says of when and where in the capture, not of what was said on the connection.
PLACES = ("timestamp", "pcap_cnt", "pcap_filename", "flow_id")


def have_shared(*path):
    return os.path.exists(os.path.join(SHARED, *path))


def shared(*path):
    return os.path.join(SHARED, *path)


def need_shared(*path):
    return unittest.skipUnless(have_shared(*path), "%s is not there: set MAILWEIR_SHARED" % shared(*path))


class Run:
    """One run of the program."""

    def __init__(self, arguments, status, out, err):
        self.arguments, self.status, self.out, self.err = arguments, status, out, err

    @property
    def records(self):
        return [json.loads(line) for line in self.out.splitlines()]

    def of(self, kind):
        return [r for r in self.records if r.get("event_type") == kind]

    @property
    def messages(self):
        return self.of("smtp")

    @property
    def stats(self):
        return self.of("stats")[-1]["mailweir"]

    def explain(self):
        command = " ".join([PROGRAM] + self.arguments)
        return "\n$ %s\nexit status %s\n%s\n%s" % (command, self.status, self.err[-2000:].decode("utf-8", "replace"),
                                                   self.out[-2000:].decode("utf-8", "replace"))


def run(*arguments, timeout=300, stdin=None, environment=None):
    """Runs the program, with an empty home so that no file of the user's is read, and databases kept between runs."""
    env = {k: v for k, v in os.environ.items() if k in ("PATH", "TZ", "LD_LIBRARY_PATH") or k.endswith("SAN_OPTIONS")}
    env.update(LC_ALL="C.UTF-8", HOME=os.environ.get("HOME", "/"), **(environment or {}))
    if "XDG_CACHE_HOME" in os.environ:
        env["XDG_CACHE_HOME"] = os.environ["XDG_CACHE_HOME"]
    arguments = [str(a) for a in arguments]
    p = subprocess.run([PROGRAM] + arguments, stdin=stdin or subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, timeout=timeout, env=env)
    return Run(arguments, p.returncode, p.stdout, p.stderr)


def without_places(record):
    return {k: v for k, v in record.items() if k not in PLACES}


def number_of_packets(record):
    """Drops what a stats record says of packets: another cut of the same bytes has others."""
    record = without_places(record)
    record.pop("stats", None)
    own = dict(record.get("mailweir", {}))
    own.pop("packets", None)
    return dict(record, mailweir={k: own[k] for k in ("messages", "balanced") if k in own})


def normalised(run_):
    """The records as a sorted list of lines that packets' numbers and times do not enter."""
    out = []
    for r in run_.records:
        r = number_of_packets(r) if r["event_type"] == "stats" else without_places(r)
        own = r.get("mailweir", {})
        if isinstance(own, dict):
            own = dict(own)
            own.pop("incident", None)  # made from time and flow
            r["mailweir"] = own
        out.append(json.dumps(r, sort_keys=True))
    return sorted(out)


class Scenario(unittest.TestCase):
    maxDiff = 4000

    @classmethod
    def setUpClass(cls):
        cls.folder_ = tempfile.TemporaryDirectory(prefix="mailweir-scenario-")
        cls.folder = cls.folder_.name

    @classmethod
    def tearDownClass(cls):
        cls.folder_.cleanup()

    def path(self, name):
        return os.path.join(self.folder, name)

    def write_frames(self, name, stamped, link=None):
        """A capture of (time, frame, ...), put into the order of time. Its path."""
        with open(self.path(name), "wb") as f:
            pcap = Pcap(f, (link or Link()).type)
            for time, frame, *_ in sorted(stamped, key=lambda x: x[0]):
                pcap.write(time, frame)
        return self.path(name)

    def write(self, name, data):
        with open(self.path(name), "wb") as f:
            f.write(data if isinstance(data, bytes) else data.encode())
        return self.path(name)

    def capture(self, name, sessions, **options):
        import pg_session

        pg_session.capture(self.path(name), sessions, **options)
        return self.path(name)

    def read(self, *arguments, status=None, **options):
        """`mailweir read --json`; checks what holds for every run: the exit status, that the account balances, that the
        verdicts add up, that no sanitizer spoke, that the last record is the stats."""
        r = run("read", "--json", *arguments, **options)
        if status is not None:
            allowed = status if isinstance(status, tuple) else (status,)
            self.assertIn(r.status, allowed, r.explain())
        self.assert_sound(r)
        return r

    def assert_sound(self, r):
        self.assertIn(r.status, (0, 1, 2, 3), r.explain())
        for word in (b"Sanitizer", b"runtime error:", b"Assertion"):
            self.assertNotIn(word, r.err, r.explain())
        records = r.records
        self.assertTrue(records, r.explain())
        self.assertEqual(records[-1]["event_type"], "stats", r.explain())
        stats = r.stats
        self.assertIs(stats["balanced"], True, r.explain())
        m = stats["messages"]
        self.assertEqual(m["seen"], m["clean"] + m["infected"] + m["suspicious"] + total(m["unscanned"]), r.explain())
        verdicts = [x["mailweir"]["verdict"] for x in r.messages]
        for v in ("clean", "infected", "suspicious", "unscanned"):
            counted = total(m[v]) if v == "unscanned" else m[v]
            self.assertEqual(verdicts.count(v), counted, "records and account differ: %s%s" % (v, r.explain()))

    def assert_clean(self, r):
        self.assertEqual([x for x in r.messages if x["mailweir"]["verdict"] in ("infected", "suspicious")], [], r.explain())

    def one(self, r):
        """The only message of a run."""
        self.assertEqual(len(r.messages), 1, r.explain())
        return r.messages[0]

    def judge(self, letters, session=None, name="letters.pcap", arguments=(), status=None, **options):
        """Many letters, each on a connection of its own, in one run of the program: starting it costs more than reading.
        Returns the run, and for each letter what the record says of it."""
        from pg_session import Mail, Session

        sessions = [Session([Mail(letter, sender="n%d@example.org" % i)], **(session or {})) for i, letter in enumerate(letters)]
        r = self.read(*arguments, self.capture(name, sessions, **options), status=status)
        found = {m["smtp"]["mail_from"]: m["mailweir"] for m in r.messages}
        senders = ["<n%d@example.org>" % i for i in range(len(letters))]
        self.assertEqual(sorted(m["smtp"]["mail_from"] for m in r.messages), sorted(senders), "each letter has one record")
        return r, [found[s] for s in senders]


_validator = None


def validate(case, records):
    """Every record, without our own object, against Suricata's schema."""
    global _validator
    case.assertTrue(records, "no records")
    try:
        import jsonschema
    except ImportError:
        case.skipTest("python3-jsonschema is not installed")
    if _validator is None:
        with open(shared("eve-schema.json")) as f:
            schema = json.load(f)
        _validator = jsonschema.validators.validator_for(schema)(schema)
    for record in records:
        record = {k: v for k, v in record.items() if k != "mailweir"}
        errors = ["%s: %s" % ("/".join(map(str, e.path)), e.message[:300]) for e in _validator.iter_errors(record)]
        case.assertEqual(errors, [], json.dumps(record)[:600])


def literals(mark):
    """What a mark's contents matched: a rule's regular expressions are criteria too, and left out here."""
    return {c["text"]: c for c in mark["criteria"] if not c["criterion"].startswith(("/", "!/"))}


def total(unscanned):
    """The account's unscanned term: by reason, or a sum."""
    return sum(unscanned.values()) if isinstance(unscanned, dict) else unscanned


class Loud(unittest.TextTestResult):
    """Skips are lines of their own, that ./check repeats at its end."""

    passed = 0

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        print("SKIP: %s: %s" % (test.id().rpartition("__main__.")[2], reason), flush=True)


def main():
    if not PROGRAM:
        print("SKIP: MAILWEIR does not name the program to test", flush=True)
        sys.exit(77)
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])
    wanted = sys.argv[1:]
    if wanted:
        suite = unittest.defaultTestLoader.loadTestsFromNames(wanted, sys.modules["__main__"])
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2, resultclass=Loud, descriptions=False).run(suite)
    if not result.wasSuccessful():
        sys.exit(1)
    if not result.passed and not result.skipped:
        sys.exit("no test ran")
    sys.exit(0 if result.passed else 77)
