# SPDX-License-Identifier: Apache-2.0
"""Archives beside other readers of them: Python's zipfile, bsdtar (libarchive), Info-ZIP's unzip and GNU tar. Each member that any of them
takes out of an archive, honest or mutated, is found with the same SHA-256, or the message is not clean."""
import gzip
import hashlib
import io
import os
import random
import shutil
import struct
import subprocess
import sys
import tarfile
import tempfile
import unittest
import warnings
import zipfile

import harness
import pg_mail
import pg_session
from harness import Scenario

SEED = int(os.environ.get("MAILWEIR_SEED", "5"))
ROUNDS = int(os.environ.get("MAILWEIR_ROUNDS", "250"))


def need(tool, package):
    return unittest.skipUnless(shutil.which(tool), "%s is not there: apt install %s" % (tool, package))


def sha(data):
    return hashlib.sha256(data).hexdigest()


# Contents and honest archives ---------------------------------------------------------------------------------------------


def content(r):
    """Words, noise, both, or little; never the beginning of another archive."""
    n = r.choice((1, 7, 40, 300, 3000, 20000))
    words = " ".join(r.choice(("red", "green", "blue", "an", "other")) for _ in range(n // 4 + 1)).encode()
    noise = b"\x01" + r.randbytes(n)
    return r.choice((words, noise, words[: n // 2] + noise, noise + words))


def members(r, most=4):
    names = r.sample(("a.txt", "b.bin", "dir/c.dat", "dir/d", "long-" + "n" * 120 + ".txt", "\u00e9t\u00e9.txt"), r.randint(1, most))
    return [(name, content(r)) for name in names]


def zip_of(r, files):
    method = r.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    if r.random() < 0.4:
        return pg_mail.zip_archive(files, deflate=method == zipfile.ZIP_DEFLATED, descriptor=r.random() < 0.5)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as z:
        for name, data in files:
            with z.open(zipfile.ZipInfo(name), "w", force_zip64=r.random() < 0.3) as f:
                f.write(data)
        if r.random() < 0.3:
            z.comment = r.randbytes(r.randint(1, 300))
    return out.getvalue()


def tar_of(r, files):
    out = io.BytesIO()
    form = r.choice((tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT))
    with tarfile.open(fileobj=out, mode="w", format=form) as t:
        for name, data in files:
            info = tarfile.TarInfo(name if form != tarfile.USTAR_FORMAT else name[-90:])
            info.size = len(data)
            t.addfile(info, io.BytesIO(data))
    return out.getvalue()


def by_tool(files, *command):
    """What the tool makes of these files, given as names in a folder."""
    with tempfile.TemporaryDirectory() as d:
        for name, data in files:
            os.makedirs(os.path.dirname(os.path.join(d, name)), exist_ok=True)
            with open(os.path.join(d, name), "wb") as f:
                f.write(data)
        p = subprocess.run(list(command) + [name for name, _ in files], cwd=d, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if p.returncode:
            raise RuntimeError("%s: %s" % (command, p.stderr))
        return p.stdout


# Mutations of a zip -------------------------------------------------------------------------------------------------------

LOCAL = {"version": (4, "H"), "flags": (6, "H"), "method": (8, "H"), "crc": (14, "I"), "csize": (18, "I"), "size": (22, "I"),
         "name": (26, "H"), "extra": (28, "H")}
CENTRAL = {"flags": (8, "H"), "method": (10, "H"), "crc": (16, "I"), "csize": (20, "I"), "size": (24, "I"), "name": (28, "H"),
           "extra": (30, "H"), "comment": (32, "H"), "disk": (34, "H"), "offset": (42, "I")}
END = {"disk": (4, "H"), "entries": (10, "H"), "size": (12, "I"), "offset": (16, "I"), "comment": (20, "H")}
KINDS = ((b"PK\3\4", LOCAL), (b"PK\1\2", CENTRAL), (b"PK\5\6", END))


def places(data, mark):
    at = data.find(mark)
    while at >= 0:
        yield at
        at = data.find(mark, at + 1)


def mutate_field(r, data):
    mark, fields = r.choice(KINDS)
    found = [at for at in places(data, mark) if at + 46 <= len(data) + 24]
    if not found:
        return data
    at, form = fields[r.choice(sorted(fields))]
    at += r.choice(found)
    if at + struct.calcsize("<" + form) > len(data):
        return data
    out = bytearray(data)
    old = struct.unpack_from("<" + form, data, at)[0]
    top = (1 << (16 if form == "H" else 32)) - 1
    new = r.choice((0, 1, 8, 9, 99, old ^ 1, old ^ 8, old + 1, old - 1, old + r.randint(0, 300), r.randint(0, len(data)), top))
    struct.pack_into("<" + form, out, at, new & top)
    return bytes(out)


def mutate_byte(r, data):
    out = bytearray(data)
    out[r.randrange(len(out))] ^= 1 << r.randrange(8)
    return bytes(out)


def mutate_junk(r, data):
    at = r.choice([0, len(data)] + [p for mark, _ in KINDS for p in places(data, mark)])
    return data[:at] + r.choice((b"junk", b"PK\3\4", b"\0" * 30, r.randbytes(100), b"MZ" + b"x" * 700)) + data[at:]


def mutate_cut(r, data):
    at = r.randrange(len(data))
    return data[:at] + data[at + r.randint(1, 40):]


def mutate_join(r, data):
    other = zip_of(r, members(r, 2))
    return r.choice((data + other, other + data, data[:-22] + other, data + b"\0" * 20 + other, zip_of(r, [("in.zip", other)]) + data))


def mutate_comment(r, data):
    """The end record's comment is another archive."""
    other = zip_of(r, members(r, 2))
    at = data.rfind(b"PK\5\6")
    if at < 0 or len(other) > 65535 or at + 22 > len(data):
        return data
    return data[:at + 20] + struct.pack("<H", len(other)) + other


def mutate_extra(r, data):
    """A header and data in an extra field, which the directory names."""
    hidden = zip_of(r, [("hidden.bin", content(r))])
    at = hidden.rfind(b"PK\1\2")
    local = hidden[:at]
    if len(local) > 60000 or not data.startswith(b"PK\3\4"):
        return data
    n = struct.unpack_from("<H", data, 26)[0]
    extra = struct.pack("<HH", 0xcafe, len(local)) + local
    if struct.unpack_from("<H", data, 28)[0]:
        return data
    grown = len(extra)
    out = bytearray(data[:28] + struct.pack("<H", grown) + data[30:30 + n] + extra + data[30 + n:])
    centrals = list(places(bytes(out), b"PK\1\2"))
    end = bytes(out).rfind(b"PK\5\6")
    if not centrals or end < 0:
        return data
    struct.pack_into("<I", out, end + 16, struct.unpack_from("<I", out, end + 16)[0] + grown)
    entry = bytearray(hidden[at:hidden.rfind(b"PK\5\6")])
    struct.pack_into("<I", entry, 42, 30 + n + 4)
    first = centrals[0]
    size = len(entry)
    out[first:first] = entry
    struct.pack_into("<HHI", out, end + size + 8, *[struct.unpack_from("<H", out, end + size + 10)[0] + 1] * 2, struct.unpack_from("<I", out, end + size + 12)[0] + size)
    return bytes(out)


MUTATIONS = (mutate_field,) * 6 + (mutate_byte, mutate_junk, mutate_cut, mutate_join, mutate_comment, mutate_extra)


def mutated(r):
    data = zip_of(r, members(r))
    for _ in range(r.choice((1, 1, 1, 2, 3))):
        data = r.choice(MUTATIONS)(r, data)
    return data


# Other readers: what they take out of an archive, as SHA-256 -------------------------------------------------------------------


def by_zipfile(data):
    found = set()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with zipfile.ZipFile(io.BytesIO(data)) as z:
                for info in z.infolist():
                    try:
                        found.add(sha(z.read(info)))
                    except Exception:  # noqa: BLE001  it has several dozen ways to refuse one
                        pass
    except Exception:  # noqa: BLE001
        pass
    return found


def by_tarfile(data):
    found = set()
    try:
        with tarfile.open(fileobj=io.BytesIO(data)) as t:
            for info in t:
                if info.isreg():
                    found.add(sha(t.extractfile(info).read()))
    except Exception:  # noqa: BLE001
        pass
    return found


def unpacked(data, *command, stdin=False):
    """What a command leaves in its folder. {} in it: the archive."""
    found = set()
    with tempfile.TemporaryDirectory() as d:
        archive, to = os.path.join(d, "a.zip"), os.path.join(d, "to")
        os.mkdir(to)
        with open(archive, "wb") as f:
            f.write(data)
        with open(archive, "rb") as f:
            p = subprocess.run([a.replace("{}", archive) for a in command], cwd=to, stdin=f if stdin else subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)
        for folder, _, files in os.walk(to):
            for name in files:
                path = os.path.join(folder, name)
                if os.path.islink(path) or not os.path.isfile(path):
                    continue
                with open(path, "rb") as f:
                    got = f.read()
                # What a reader left and calls broken, it did not take out.
                if p.returncode == 0:
                    found.add(sha(got))
    return found


READERS = {
    "zipfile": lambda data: by_zipfile(data),
    "tarfile": lambda data: by_tarfile(data),
    "bsdtar": lambda data: unpacked(data, "bsdtar", "-xf", "{}") if shutil.which("bsdtar") else set(),
    "bsdtar from a pipe": lambda data: unpacked(data, "bsdtar", "-xf", "-", stdin=True) if shutil.which("bsdtar") else set(),
    "unzip": lambda data: unpacked(data, "unzip", "-qq", "-o", "{}") if shutil.which("unzip") else set(),
    "tar": lambda data: unpacked(data, "tar", "-xf", "{}", "--no-same-owner") if shutil.which("tar") else set(),
}

NOTHING = sha(b"")


class Archives(Scenario):
    def all(self, archives):
        """Judges {name: archive}: for each, the message's record and the SHA-256 of each file in it."""
        sessions = [pg_session.Session([pg_session.Mail(pg_mail.message([pg_mail.text("See the attachment."),
                                                                        pg_mail.attachment(data, "a.bin")], subject=name))])
                    for name, data in archives.items()]
        r = self.read(self.capture("archives.pcap", sessions), status=(0, 1))
        own = {m["email"]["subject"]: m for m in r.messages}
        files = {}
        for f in r.of("fileinfo"):
            files.setdefault(f["flow_id"], set()).add(f["fileinfo"].get("sha256"))
        self.assertEqual(set(own), set(archives))
        return {name: (m["mailweir"], files.get(m["flow_id"], set())) for name, m in own.items()}

    def differ(self, archives, readers, honest):
        judged, missed, seen, clean = self.all(archives), [], 0, 0
        for name, data in archives.items():
            own, files = judged[name]
            clean += own["verdict"] == "clean"
            for reader in readers:
                found = READERS[reader](data) - {NOTHING}
                seen += len(found)
                if (honest or own["verdict"] == "clean") and not found <= files:
                    missed.append((name, reader))
            if honest and own["verdict"] != "clean":
                missed.append((name, own["verdict"], own.get("reason"), own.get("errors")))
        if missed:
            keep = tempfile.mkdtemp(prefix="mailweir-archives-")
            for name, *_ in missed:
                with open(os.path.join(keep, name), "wb") as f:
                    f.write(archives[name])
            self.fail("%d of %d, seed %d (kept in %s): %s" % (len(missed), len(archives), SEED, keep, missed[:10]))
        print("%d archives, %d clean; %d members that %s took out" % (len(archives), clean, seen, ", ".join(readers)), file=sys.stderr)
        return seen, clean

    def test_honest_zips(self):
        r = random.Random(SEED)
        seen, _ = self.differ({"zip%d" % i: zip_of(r, members(r)) for i in range(60)}, ("zipfile", "bsdtar", "bsdtar from a pipe", "unzip"), True)
        self.assertGreater(seen, 100)

    @need("zip", "zip")
    def test_zips_of_info_zip(self):
        r = random.Random(SEED + 1)
        made = {}
        for i in range(20):
            options = r.choice((["-0"], ["-9"], ["-fd"], ["-fz"], ["-X"], ["-D"]))
            made["infozip%d" % i] = by_tool(members(r), "zip", "-q", *options, "-")
        self.assertGreater(self.differ(made, ("zipfile", "unzip", "bsdtar"), True)[0], 20)

    def test_honest_tars(self):
        r = random.Random(SEED + 2)
        made = {"tar%d" % i: tar_of(r, members(r)) for i in range(40)}
        made.update({"tgz%d" % i: gzip.compress(tar_of(r, members(r))) for i in range(10)})
        self.assertGreater(self.differ(made, ("tarfile", "bsdtar", "tar"), True)[0], 60)

    @need("bsdtar", "libarchive-tools")
    def test_tars_of_bsdtar(self):
        r = random.Random(SEED + 3)
        made = {}
        for form in ("ustar", "pax", "v7", "gnutar"):
            for i in range(6):
                files = [(name[-90:], data) for name, data in members(r)]
                made["%s%d" % (form, i)] = by_tool([f for f in files if f[0].isascii()] or [("a", b"only")], "bsdtar", "-cf", "-", "--format=" + form)
        for i in range(6):
            made["zip%d" % i] = by_tool(members(r), "bsdtar", "-cf", "-", "--format=zip")
        self.assertGreater(self.differ(made, ("tarfile", "bsdtar", "unzip"), True)[0], 40)

    @need("tar", "tar")
    def test_tars_of_gnu_tar(self):
        r = random.Random(SEED + 4)
        made = {}
        for form in ("gnu", "oldgnu", "posix", "ustar", "v7"):
            for i in range(6):
                files = [(name if form in ("gnu", "oldgnu", "posix") else name[-90:], data) for name, data in members(r)]
                made["%s%d" % (form, i)] = by_tool(files, "tar", "-cf", "-", "--format=" + form)
        self.assertGreater(self.differ(made, ("tarfile", "tar"), True)[0], 40)

    @need("tar", "tar")
    def test_files_with_holes_are_not_called_clean(self):
        """Their data stands in the archive without the holes: another SHA-256 than the file's."""
        for form in ("gnu", "oldgnu", "posix"):
            with self.subTest(form), tempfile.TemporaryDirectory() as d:
                with open(os.path.join(d, "sparse"), "wb") as f:
                    for i in range(40):
                        f.seek(i * 200000)
                        f.write(b"data %d" % i)
                data = subprocess.run(["tar", "-cSf", "-", "--format=" + form, "sparse"], cwd=d, stdout=subprocess.PIPE, check=True).stdout
                own = self.all({form: data})[form][0]
                self.assertEqual((own["verdict"], own["reason"]), ("unscanned", "unsupported"))

    @need("bsdtar", "libarchive-tools")
    @need("unzip", "unzip")
    def test_mutated_zips(self):
        r = random.Random(SEED + 5)
        seen, clean = self.differ({"mutated%d" % i: mutated(r) for i in range(ROUNDS)}, ("zipfile", "bsdtar", "bsdtar from a pipe", "unzip"), False)
        # They take out much of what is called broken here; and some mutations change nothing that any reader looks at.
        self.assertGreater(seen, ROUNDS // 2)
        self.assertGreater(clean, ROUNDS // 100)

    @need("bsdtar", "libarchive-tools")
    def test_mutated_tars(self):
        r = random.Random(SEED + 6)
        made = {}
        for i in range(ROUNDS // 2):
            data = bytearray(tar_of(r, members(r)))
            for _ in range(r.choice((1, 1, 2))):
                header = r.randrange(len(data) // 512) * 512
                what = r.randrange(4)
                if what == 0:
                    data[r.randrange(len(data))] ^= 1 << r.randrange(8)
                elif what == 1:
                    data[header + 124:header + 136] = b"%011o\0" % r.randint(0, 5000)
                elif what == 2:
                    data[header + 156] = r.choice(b"0123456789xgLKSV\0 ")
                else:
                    del data[header:header + r.choice((1, 512))]
                if r.random() < 0.7 and header + 512 <= len(data):
                    data[header + 148:header + 156] = b" " * 8
                    data[header + 148:header + 156] = b"%06o\0 " % sum(data[header:header + 512])
            made["tar%d" % i] = bytes(data)
        seen, _ = self.differ(made, ("tarfile", "bsdtar", "tar"), False)
        self.assertGreater(seen, ROUNDS // 4)


if __name__ == "__main__":
    harness.main()
