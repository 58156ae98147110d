# SPDX-License-Identifier: Apache-2.0
"""Mail servers for the scenarios: Postfix, OpenSMTPD, aiosmtpd, and a lenient one. Each has
    .delivered()  the messages that it took, as bytes
    .settle()     waits until what it has taken is in the mailbox
    .exact        whether that is what came in DATA byte for byte, or with header fields before it and lines ending in LF
    .close()
"""
import errno
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import netns
from netns import MAILERS, Missing, Program, command

HERE = os.path.dirname(os.path.abspath(__file__))
SO_PROTOCOL = 38


def work(name):
    path = tempfile.mkdtemp(prefix=name + "-", dir=netns.folder())
    os.chmod(path, 0o755)
    return path


def certificate():
    """A self-signed one, as Debian's ssl-cert makes it; one for all."""
    folder = netns.folder()
    key, cert = os.path.join(folder, "key.pem"), os.path.join(folder, "cert.pem")
    if os.path.exists(cert):
        return key, cert
    if not shutil.which("openssl"):
        raise Missing("openssl is not installed")
    command("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=mx.example.com", "-keyout",
            key, "-out", cert)
    os.chmod(key, 0o600)
    return key, cert


def answers(where, address, port=25, timeout=120):
    """Waits until a server greets, asked from its own namespace: not through the sensor."""
    end = time.monotonic() + timeout
    while True:
        try:
            with netns.inside(where):
                s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
            s.settimeout(10)
            with s:
                s.connect((address, port))
                if s.recv(3) == b"220":
                    s.sendall(b"QUIT\r\n")
                    return
        except OSError:
            pass
        if time.monotonic() > end:
            raise OSError("no server answers at %s port %d" % (address, port))
        time.sleep(0.05)


def files(*folders):
    return [name for folder in folders for _, _, names in os.walk(folder) for name in names]


def settled(queue, timeout):
    """Waits until the queue is empty; False where it does not get so. Twice empty: a file may have been moved from where
    was not yet looked to where was."""
    end, empty = time.monotonic() + timeout, 0
    while empty < 2:
        if time.monotonic() > end:
            return False
        empty = 0 if queue() else empty + 1
        time.sleep(0.05)
    return True


def maildir(path):
    out = []
    for folder in ("new", "cur"):
        full = os.path.join(path, folder)
        for name in sorted(os.listdir(full)) if os.path.isdir(full) else []:
            with open(os.path.join(full, name), "rb") as f:
                out.append(f.read())
    return out


class Postfix:
    """An instance with configuration, queue and data of its own. Debian's main.cf.debian and master.cf.dist, and what the
    package's installation adds for an Internet site; what the test's world demands comes last and is commented."""

    exact = False
    MAIN = """
smtpd_tls_cert_file = {cert}
smtpd_tls_key_file = {key}
smtpd_tls_security_level = may
smtp_tls_CApath = /etc/ssl/certs
smtp_tls_security_level = {tls}
smtpd_relay_restrictions = permit_mynetworks permit_sasl_authenticated defer_unauth_destination
alias_maps =
alias_database =
mynetworks = 127.0.0.0/8 [::ffff:127.0.0.0]/104 [::1]/128
mailbox_size_limit = 0
recipient_delimiter = +
inet_protocols = all
# where this instance lives
myhostname = {name}
mydestination = {name}, {domain}, localhost
queue_directory = {folder}/queue
data_directory = {folder}/data
mail_owner = postfix
setgid_group = postdrop
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
home_mailbox = Maildir/
# letters of 200 MB
message_size_limit = 500000000
"""

    def __init__(self, where, name, domain, tls="none", extra="", listens=True):
        if not os.path.isdir(os.path.join(MAILERS, "postfix")):
            raise Missing("Postfix is not unpacked in %s; ./check does that" % MAILERS)
        self.where, self.folder = where, work("postfix")
        self.config = os.path.join(self.folder, "etc")
        self.home = os.path.join(netns.folder(), "home", "bela" if listens else "anna")
        os.mkdir(self.config)
        key, cert = certificate()
        share = os.path.join(MAILERS, "postfix", "usr", "share", "postfix")
        with open(os.path.join(share, "main.cf.debian")) as f:
            debian = f.read()
        values = dict(folder=self.folder, key=key, cert=cert, name=name, domain=domain, tls=tls)
        self._put("main.cf", debian + self.MAIN.format(**values) + extra)
        with open(os.path.join(share, "master.cf.dist")) as f:
            # Not in a chroot: libraries and certificates would have to be copied there.
            lines = [re.sub(r"^(\S+\s+\S+\s+\S\s+\S\s+)y", r"\1n", line) for line in f]
        self._put("master.cf", "".join(line for line in lines if listens or not re.match(r"smtp\s+inet", line)))
        self._prepare()
        self.run("/usr/lib/postfix/sbin/master", "-w")
        if listens:
            for address in (netns.SERVER4, netns.SERVER6):
                answers(where, address)

    def _prepare(self):
        """Queue and data folders, as `postfix check` makes them; once, it takes seconds."""
        made = os.path.join(netns.folder(), "postfix-made")
        if not os.path.isdir(made):
            for part in ("queue", "data"):
                os.mkdir(os.path.join(self.folder, part))
            shutil.chown(os.path.join(self.folder, "data"), "postfix")
            self.run("postfix", "check")
            os.mkdir(made)
            command("cp", "-a", os.path.join(self.folder, "queue"), os.path.join(self.folder, "data"), made)
        else:
            command("cp", "-a", os.path.join(made, "queue"), os.path.join(made, "data"), self.folder)

    def _put(self, name, text):
        path = os.path.join(self.config, name)
        with open(path, "w") as f:
            f.write(text)
        os.utime(path, (0, 0))  # Postfix waits until a configuration file has not changed for seconds

    def run(self, program, *arguments, **options):
        with netns.inside(self.where):
            option = "-C" if program == "sendmail" else "-c"
            p = subprocess.run([os.path.join("/usr/sbin", program), option, self.config, *arguments],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, **options)
        if p.returncode:
            raise OSError("%s: %s\n%s" % (program, p.stdout.decode("utf-8", "replace"), self.log[-2000:]))
        return p.stdout.decode("utf-8", "replace")

    @property
    def log(self):
        try:
            with open(os.path.join(self.folder, "log"), errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def delivered(self):
        return maildir(os.path.join(self.home, "Maildir"))

    def forget(self):
        shutil.rmtree(os.path.join(self.home, "Maildir"), ignore_errors=True)

    def queue(self):
        """The files of what waits, what is half taken in included: `postqueue` does not show that."""
        parts = ("maildrop", "incoming", "active", "deferred", "hold")
        return files(*(os.path.join(self.folder, "queue", part) for part in parts))

    def settle(self, timeout=60):
        return settled(self.queue, timeout)

    def close(self):
        """Ends master by itself: `postfix stop` looks only once a second whether it has."""
        try:
            with open(os.path.join(self.folder, "queue", "pid", "master.pid")) as f:
                master = int(f.read())
            os.kill(master, signal.SIGTERM)
            os.waitpid(master, 0)  # it was left to this process, the first of its PID namespace
        except (OSError, ValueError):
            pass
        self.forget()


class OpenSmtpd:
    exact = False
    CONFIG = """
pki mx.example.com cert "{cert}"
pki mx.example.com key "{key}"
smtp max-message-size "500M"
listen on 0.0.0.0 hostname mx.example.com tls pki mx.example.com
listen on :: hostname mx.example.com tls pki mx.example.com
action "local" maildir
match from any for domain "example.com" action "local"
match for local action "local"
"""

    def __init__(self, where="server"):
        if not os.path.isdir(os.path.join(MAILERS, "opensmtpd")):
            raise Missing("OpenSMTPD is not unpacked in %s; ./check does that" % MAILERS)
        self.folder = work("opensmtpd")
        self.home = os.path.join(netns.folder(), "home", "bela")
        for part, mode, owner, group in (("", 0o711, "root", "root"), ("offline", 0o770, "root", "opensmtpq"),
                                         ("purge", 0o700, "opensmtpq", "root"), ("queue", 0o700, "opensmtpq", "root"),
                                         ("temporary", 0o700, "opensmtpq", "root"), ("incoming", 0o700, "opensmtpq", "root"),
                                         ("corrupt", 0o700, "opensmtpq", "root")):
            path = os.path.join("/var/spool/smtpd", part)
            os.makedirs(path, exist_ok=True)
            os.chmod(path, mode)
            shutil.chown(path, owner, group)
        key, cert = certificate()
        config = os.path.join(self.folder, "smtpd.conf")
        with open(config, "w") as f:
            f.write(self.CONFIG.format(key=key, cert=cert))
        os.chmod(config, 0o600)
        self.program = Program(["/usr/sbin/smtpd", "-d", "-f", config], where)
        try:
            for address in (netns.SERVER4, netns.SERVER6):
                answers(where, address)
        except OSError as error:
            self.close()
            raise OSError("%s\n%s" % (error, self.log))

    @property
    def log(self):
        return (self.program.err + self.program.out).decode("utf-8", "replace")

    def settle(self, timeout=60):
        return settled(lambda: files("/var/spool/smtpd/incoming", "/var/spool/smtpd/queue"), timeout)

    def delivered(self):
        return maildir(os.path.join(self.home, "Maildir"))

    def forget(self):
        shutil.rmtree(os.path.join(self.home, "Maildir"), ignore_errors=True)

    def close(self):
        self.program.end(10)
        self.forget()


class Aiosmtpd:
    """A strict one. A recipient reply-450-... is answered 450 to its RCPT, accept-552-... 552 to the end of its DATA."""

    exact = True

    def __init__(self, where="server"):
        python = next((p for p in (sys.executable, "/usr/bin/python3") if subprocess.run(
            [p, "-c", "import aiosmtpd"], stderr=subprocess.DEVNULL).returncode == 0), None)
        if not python:
            raise Missing("python3-aiosmtpd is not installed")
        self.folder = work("aiosmtpd")
        self.program = Program([python, os.path.join(HERE, "net_aiosmtpd.py"), self.folder, netns.SERVER4, netns.SERVER6], where,
                               name="aiosmtpd")
        self.program.said(b"ready")

    def delivered(self):
        out = []
        for name in sorted(os.listdir(self.folder)):
            if name.endswith(".mail"):
                with open(os.path.join(self.folder, name), "rb") as f:
                    out.append(f.read())
        return out

    def settle(self, timeout=60):
        time.sleep(0.1)  # what came is written before it is answered
        return True

    def close(self):
        self.program.end(10)


def bind(s, where, patience=30):
    """The test before may have closed its server a moment ago: a thread that waits in accept has the port until it wakes."""
    end = time.monotonic() + patience
    while True:
        try:
            return s.bind(where)
        except OSError as e:
            if e.errno != errno.EADDRINUSE or time.monotonic() > end:
                raise
        time.sleep(0.05)


class Lenient:
    """Takes every end of data that any server was seen to take, BDAT, and pipelining without a limit; says 250 to all else.
    A thread a connection. strict: only CRLF.CRLF. chunking, pipelining: what it offers. slow: reads some 300 KB a second of
    each. proto: the sockets' protocol. protocols: that of each connection, as the kernel names it."""

    exact = True
    ANY = re.compile(rb"(?:\A|(?<=[\r\n]))\.[\r\n]")
    STRICT = re.compile(rb"(?:\A|(?<=\r\n))\.\r\n")

    def __init__(self, where="server", strict=False, chunking=True, pipelining=True, delay=0, slow=False, keep=True, port=25, proto=0):
        self.end = self.STRICT if strict else self.ANY
        self.slow = slow
        self.delay, self.keep, self.lock, self.taken, self.sockets = delay, keep, threading.Lock(), [], []
        words = [b"mx.example.com", b"8BITMIME", b"ENHANCEDSTATUSCODES"]
        words += [b"CHUNKING", b"BINARYMIME"] if chunking else []
        words += [b"PIPELINING"] if pipelining else []
        self.ehlo = b"".join(b"250%c%s\r\n" % (b" -"[w is not words[-1]], w) for w in words)
        self.chunking, self.number, self.partial, self.protocols = chunking, 0, [], []
        for family, address in ((socket.AF_INET, netns.SERVER4), (socket.AF_INET6, netns.SERVER6)):
            with netns.inside(where):
                s = socket.socket(family, socket.SOCK_STREAM, proto)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if slow:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
            bind(s, (address, port))
            s.listen(256)
            self.sockets.append(s)
            threading.Thread(target=self._accept, args=(s,), daemon=True).start()

    def _accept(self, s):
        while True:
            try:
                connection, _ = s.accept()
            except OSError:
                return
            self.protocols.append(connection.getsockopt(socket.SOL_SOCKET, SO_PROTOCOL))
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            with connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection.settimeout(600)
                Dialogue(self, connection).run()
        except OSError:
            pass

    def take(self, data):
        """A whole message: from here on it is delivered."""
        with self.lock:
            self.taken.append(data)
            self.number += 1
            return b"LEN%06d" % self.number

    def delivered(self):
        with self.lock:
            return list(self.taken)

    def settle(self, timeout=60):
        time.sleep(0.1 + self.delay)
        return True

    def close(self):
        for s in self.sockets:
            s.shutdown(socket.SHUT_RDWR)
            s.close()


class Dialogue:
    """One connection of a Lenient server."""

    def __init__(self, server, connection):
        self.server, self.connection, self.buffer, self.content = server, connection, bytearray(), None
        self.skip_lf = False

    def more(self):
        if self.server.slow:
            time.sleep(0.02)
        data = self.connection.recv(6000 if self.server.slow else 262144)
        if not data:
            raise OSError("the client has gone")
        if self.skip_lf and data.startswith(b"\n"):
            data = data[1:]
        self.skip_lf = False
        self.buffer += data

    def say(self, text):
        self.connection.sendall(text)

    def line(self):
        """A command line, ended by CRLF, LF or CR."""
        while True:
            found = re.search(rb"[\r\n]", self.buffer)
            if found:
                line = bytes(self.buffer[: found.start()])
                self.drop(found.end())
                return line
            self.more()

    def drop(self, n):
        """Takes n bytes away, and a LF that belongs to a CR before it, now or when it comes."""
        ends_in_cr = self.buffer[n - 1 : n] == b"\r"
        del self.buffer[:n]
        if ends_in_cr:
            if not self.buffer:
                self.skip_lf = True
            elif self.buffer[0] == 10:
                del self.buffer[:1]

    def run(self):
        self.say(b"220 mx.example.com ESMTP lenient\r\n")
        while True:
            line = self.line()
            verb = line.split(b" ")[0].upper()
            if verb == b"QUIT":
                self.say(b"221 2.0.0 Bye\r\n")
                return
            if verb == b"EHLO":
                self.say(self.server.ehlo)
            elif verb == b"DATA":
                self.say(b"354 go ahead\r\n")
                self.done(self.data())
            elif verb == b"BDAT" and self.server.chunking:
                self.bdat(line)
            elif verb in (b"HELO", b"MAIL", b"RCPT", b"RSET", b"NOOP"):
                self.content = None
                self.say(b"250 2.0.0 Ok\r\n")
            else:
                self.say(b"500 5.5.2 what?\r\n")

    def done(self, data):
        time.sleep(self.server.delay)
        self.say(b"250 2.0.0 Ok: queued as %s\r\n" % self.server.take(data))

    def data(self):
        at = 0
        while True:
            found = self.server.end.search(self.buffer, at)
            if found:
                data = bytes(self.buffer[: found.start()])
                self.drop(found.end())
                return re.sub(rb"(?:\A|(?<=[\r\n]))\.", b"", data)
            at = max(0, len(self.buffer) - 3)
            self.more()

    def bdat(self, line):
        words = line.split()
        size = int(words[1])
        while len(self.buffer) < size:
            self.more()
        chunk = bytes(self.buffer[:size])
        del self.buffer[:size]
        self.content = (self.content or b"") + chunk
        if len(words) > 2:
            content, self.content = self.content, None
            self.done(content)
        else:
            self.say(b"250 2.0.0 %d octets\r\n" % size)
