# SPDX-License-Identifier: Apache-2.0
"""The sensor between the two ports: any program that forwards, mailweir by default; and its records."""
import json
import os
import shlex
import signal
import socket
import sys
import time

import netns

PROGRAM = os.environ.get("MAILWEIR", "")
HERE = os.path.dirname(os.path.abspath(__file__))
AF_PACKET, AF_XDP = "af_packet", "af_xdp"
TAP, MEMIF = "tap", "memif"  # as DPDK's devices only
AF_XDP_FAMILY = 44

FORWARD = [sys.executable, os.path.join(HERE, "net_forward.py")]


def missing(kind):
    """Why a sensor on ports of this kind cannot be tested here; '' when it can."""
    if os.environ.get("MAILWEIR_NET_SENSOR"):
        return ""
    if not PROGRAM:
        return "MAILWEIR does not name the program to test"
    if kind == AF_XDP:
        try:
            socket.socket(AF_XDP_FAMILY, socket.SOCK_RAW).close()
        except OSError as error:
            return "no AF_XDP sockets here: %s" % error
    if kind == TAP and not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        return "/dev/net/tun is not there, or not permitted: `modprobe tun` makes it"
    return ""


def queues(kind):
    """Of a port, (to receive by, to send by): mailweir takes an interface with AF_XDP where that works, and queues that are not in
    pairs are what its driver does not open."""
    return (2, 1) if kind == AF_PACKET else (1, 1)


def inline(net, device=None, arguments=(), options=""):
    """The command line of a sensor between the two ports; device: named as a DPDK device with this driver, and these options of its.
    $MAILWEIR_NET_SENSOR puts another program in its place, in which {outside} and {inside} stand for the interfaces."""
    other = os.environ.get("MAILWEIR_NET_SENSOR")
    if other:
        return [word.format(**net.ports) for word in shlex.split(other)]
    inside, outside = ("net_%s%d,iface=%s%s" % (device, number, net.ports[side], options) if device else net.ports[side]
                       for number, side in enumerate(("inside", "outside")))
    return [PROGRAM, "run", "--inside", inside, "--outside", outside, *arguments]


def mirror(net, reset=False, arguments=()):
    return [PROGRAM, "run", "--mirror", net.mirror, *(["--reset-port", net.reset] if reset else []), *arguments]


def control(net, mirrored=False):
    """Forwards everything and judges nothing."""
    more = ["--copy", "mwn-mp", "--inject", "mwn-rp"] if mirrored else []
    return FORWARD + more + [net.ports["outside"], net.ports["inside"]]


def is_about(letter, record, kind="smtp"):
    return record.get("event_type") == kind and record.get("smtp", {}).get("mail_from", "").strip("<>") == letter.sender


class Sensor:
    """A running sensor: argv, what it wrote, how it ended."""

    def __init__(self, argv, timeout=120):
        env = {k: v for k, v in os.environ.items() if k in ("PATH", "TZ", "LD_LIBRARY_PATH", "XDG_CACHE_HOME", "TMPDIR",
                                                             "MAILWEIR_NET_FOLDER", "PYTHONDONTWRITEBYTECODE")
               or k.endswith("SAN_OPTIONS")}
        env.update(LC_ALL="C.UTF-8", HOME=os.environ.get("HOME", "/"))
        self.program, self.read, self.parsed = netns.Program(argv, name="sensor", env=env), 0, []
        try:
            self.program.said(b"forwarding", b"watching", timeout=timeout)
            end = time.monotonic() + 10
            while not self.program.err.endswith(b"\n") and time.monotonic() < end:  # the rest of that line
                time.sleep(0.01)
        except BaseException:
            self.program.kill()
            raise

    @property
    def records(self):
        """All whole lines so far."""
        with open(self.program.out_name, "rb") as f:
            f.seek(self.read)
            new = f.read()
        new = new[: new.rfind(b"\n") + 1]
        self.read += len(new)
        self.parsed += [json.loads(line) for line in new.splitlines() if line.startswith(b"{")]
        return self.parsed

    def of(self, kind):
        return [r for r in self.records if r.get("event_type") == kind]

    def wait(self, wanted, timeout=90):
        """The records for which wanted(record), as soon as there is one."""
        end = time.monotonic() + timeout
        while True:
            found = [r for r in self.records if wanted(r)]
            if found or time.monotonic() > end or not self.program.alive():
                return found
            time.sleep(0.05)

    def about(self, letter, kind="smtp", timeout=90):
        """The records of a letter (net_mail): its sender is no other's."""
        return self.wait(lambda record: is_about(letter, record, kind), timeout)

    @property
    def stats(self):
        found = self.of("stats")
        return found[-1] if found else None

    def end(self):
        """TERM; the exit status."""
        return self.program.end(180)  # sanitizers are slow

    def kill(self):
        """kill -9."""
        if self.program.alive():
            self.program.process.send_signal(signal.SIGKILL)
        self.program.process.wait()

    def explain(self):
        return "\n$ %s\nexit status %s\n%s" % (" ".join(self.program.argv), self.program.process.poll(),
                                               self.program.err[-3000:].decode("utf-8", "replace"))
