#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Ports, for real: two hosts in network namespaces of their own, the live loop between them in a third, on veth pairs.

Environment, set by meson: MAILWEIR_LIVE, the program dp_live_try. Needs root and the right to make network namespaces."""
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

TRY = os.environ.get("MAILWEIR_LIVE", "")
A, B, S = "mwlA%d" % os.getpid(), "mwlB%d" % os.getpid(), "mwlS%d" % os.getpid()
MB = 8

TALK = r"""
import hashlib, socket, sys, threading
role, address, mb = sys.argv[1], sys.argv[2], int(sys.argv[3])
family = socket.AF_INET6 if ":" in address else socket.AF_INET
if role == "server":
    listener = socket.create_server((address, 4000), family=family)
    listener.settimeout(90)
    print("ready", flush=True)
    s = listener.accept()[0]
else:
    s = socket.create_connection((address, 4000), timeout=60)
s.settimeout(60)
block = bytes(range(256)) * 4096
def send():
    for _ in range(mb):
        s.sendall(block)
    s.shutdown(socket.SHUT_WR)
t = threading.Thread(target=send)
t.start()
h, n = hashlib.sha256(), 0
while True:
    piece = s.recv(65536)
    if not piece:
        break
    h.update(piece)
    n += len(piece)
t.join()
want = hashlib.sha256(block * mb).hexdigest()
sys.exit(0 if n == mb << 20 and h.hexdigest() == want else 1)
"""

# Sends or watches for frames of EtherType 88b5 behind tags given in hexadecimal; what is watched is printed: tags and number.
TAGGED = r"""
import socket, struct, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
s.bind(("host", 0))
if sys.argv[1] == "send":
    number, tags = int(sys.argv[2]), bytes.fromhex(sys.argv[3])
    s.send(b"\2\0\0\0\0\1\2\0\0\0\0\2" + tags + b"\x88\xb5" + struct.pack("!H", number) + bytes(64))
    sys.exit(0)
s.setsockopt(263, 8, 1)
s.settimeout(60)
print("ready", flush=True)
want = int(sys.argv[2])
while want:
    data, extra, _, _ = s.recvmsg(2048, 256)
    outer = b""
    for level, kind, value in extra:
        status, length, snap, mac, net, tci, tpid = struct.unpack("IIIHHHH", value)
        if status & 0x10:
            outer = struct.pack("!HH", tpid, tci)
    at = data.find(b"\x88\xb5", 12)
    if data[:6] != b"\2\0\0\0\0\1" or at not in (12, 16):
        continue
    print((outer + data[12:at] + data[at + 2:at + 4]).hex(), flush=True)
    want -= 1
"""

# A TCP segment of so many bytes, as a host hands it to a card that segments.
GIANT = r"""
import socket, struct, sys
n = int(sys.argv[1])
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("host", 0))
s.setsockopt(263, 15, 1)
ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40 + n, 1, 0x4000, 64, 6, 0, bytes([10, 99, 0, 1]), bytes([10, 99, 0, 2]))
tcp = struct.pack("!HHIIBBHHH", 4001, 80, 1, 1, 0x50, 0x10, 1000, 0, 0)
giant = n > 1448
header = struct.pack("=BBHHHH", 1, 1 if giant else 0, 54, 1448 if giant else 0, 34, 16)
s.send(header + b"\2\0\0\0\0\1\2\0\0\0\0\2\x08\x00" + ip + tcp + bytes(n))
"""


def sh(line, check=True):
    done = subprocess.run(line.split(), capture_output=True, text=True, timeout=60)
    if check and done.returncode:
        raise AssertionError("%s: %s%s" % (line, done.stdout, done.stderr))
    return done


def permitted():
    if os.geteuid() != 0:
        return "not root"
    done = sh("ip netns add " + S, check=False)
    if done.returncode:
        return "no network namespace can be made: " + done.stderr.strip()
    # Not where / is no mount point, as in a bare chroot.
    done = sh("ip netns exec %s true" % S, check=False)
    sh("ip netns del " + S)
    return "nothing can be run in a network namespace: " + done.stderr.strip() if done.returncode else ""


class Sensor:
    """One dp_live_try in the sensor's namespace."""

    def __init__(self, *ports, workers=1):
        self.err = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(["ip", "netns", "exec", S, TRY, str(workers), "300", *ports], stdout=subprocess.PIPE,
                                        stderr=self.err, text=True)

    def said(self):
        self.err.seek(0)
        return self.err.read()

    def wait_for(self, text, seconds=90):
        end = time.monotonic() + seconds
        while text not in self.said():
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError("no %r in: %s" % (text, self.said()))
            time.sleep(0.05)
        return self

    def stop(self):
        """Ends it, and returns the account."""
        self.process.send_signal(signal.SIGTERM)
        out = self.process.communicate(timeout=90)[0]
        assert self.process.returncode == 0, (self.process.returncode, self.said())
        self.err.close()
        return json.loads(out)

    def kill(self):
        self.process.kill()
        self.process.communicate(timeout=90)
        self.err.close()


class PortsTest(unittest.TestCase):
    def setUp(self):
        self.addCleanup(self.tear_down)
        for n in (A, B, S):
            sh("ip netns add " + n)
        self.pair("s0", "host", A, 1)
        self.pair("s1", "host", B, 2)

    def pair(self, ours, theirs, namespace, number):
        sh("ip link add %s netns %s type veth peer name %s netns %s" % (ours, S, theirs, namespace))
        for n in (S, namespace):
            sh("ip netns exec %s sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0" % n)
        sh("ip netns exec %s ethtool -K %s tx off tso off gso off gro off txvlan off" % (namespace, theirs))
        sh("ip -n %s addr add 10.99.0.%d/24 dev %s" % (namespace, number, theirs))
        sh("ip -n %s addr add fd99::%d/64 dev %s nodad" % (namespace, number, theirs))
        sh("ip -n %s link set %s up" % (namespace, theirs))
        sh("ip -n %s link set %s up" % (S, ours))

    def tear_down(self):
        for n in (A, B, S):
            sh("ip netns del " + n, check=False)

    def no_xdp(self):
        """Queues not in pairs, which the driver cannot open: AF_PACKET takes them."""
        for port in ("s0", "s1"):
            sh("ip netns exec %s ethtool -L %s rx 2 tx 1" % (S, port))

    def sensor(self, *ports, workers=1):
        sensor = Sensor(*(ports or ("s0", "s1")), workers=workers)
        self.addCleanup(lambda: sensor.process.poll() is None and sensor.kill())
        return sensor.wait_for("forwarding")

    def talk(self, address="10.99.0.2", mb=MB):
        """Bytes both ways over one connection; all of them must arrive."""
        run = ["ip", "netns", "exec"]
        server = subprocess.Popen(run + [B, sys.executable, "-c", TALK, "server", address, str(mb)], stdout=subprocess.PIPE,
                                  text=True)
        try:
            self.assertEqual(server.stdout.readline(), "ready\n")
            client = subprocess.run(run + [A, sys.executable, "-c", TALK, "client", address, str(mb)], timeout=180)
            self.assertEqual((client.returncode, server.wait(timeout=90)), (0, 0))
        finally:
            server.kill()
            server.communicate()

    def check(self, account, driver, least=2 * MB << 10):
        """Both sums, and that the traffic did go this way."""
        self.assertTrue(account["balanced"], account)
        self.assertEqual(account["stalled"], 0)
        self.assertEqual([p["driver"] for p in account["ports"]], [driver] * 2)
        for here, there in ((0, 1), (1, 0)):
            p, other = account["ports"][here], account["ports"][there]
            self.assertGreater(p["received"] * 1500, least // 2, account)
            self.assertEqual(p["forwarded"], other["sent"])

    def traffic(self, driver, workers):
        sensor = self.sensor(workers=workers)
        self.talk()
        self.talk("fd99::2")
        account = sensor.stop()
        self.check(account, driver)
        for p in account["ports"]:
            self.assertEqual(p["held"], 0)

    def test_af_xdp(self):
        self.traffic("AF_XDP", 1)

    def test_af_xdp_two_workers(self):
        self.traffic("AF_XDP", 2)

    def test_af_xdp_takes_every_buffer_again(self):
        """With two workers all of the pool goes round. A port that loses some stands still before this is over."""
        sensor = self.sensor(workers=2)
        for _ in range(3):
            self.talk(mb=48)
        self.check(sensor.stop(), "AF_XDP")

    def test_af_packet(self):
        self.no_xdp()
        self.traffic("AF_PACKET", 1)

    def test_af_packet_two_workers(self):
        self.no_xdp()
        self.traffic("AF_PACKET", 2)

    def vlan(self, driver, tags):
        """Tagged frames arrive with their tags: by AF_PACKET, which hands out the outer one beside the frame."""
        sensor = self.sensor()
        watch = subprocess.Popen(["ip", "netns", "exec", B, sys.executable, "-c", TAGGED, "watch", "25"],
                                 stdout=subprocess.PIPE, text=True)
        try:
            self.assertEqual(watch.stdout.readline(), "ready\n")
            for n in range(25):
                subprocess.run(["ip", "netns", "exec", A, sys.executable, "-c", TAGGED, "send", str(n), tags], check=True,
                               timeout=30)
            got = watch.communicate(timeout=90)[0].split()
        finally:
            watch.kill()
        outer, inner = tags[:8], tags[8:]
        self.assertEqual(got, ["%s%s%04x" % (outer, inner, n) for n in range(25)])
        account = sensor.stop()
        self.assertTrue(account["balanced"])
        self.assertEqual([p["driver"] for p in account["ports"]], [driver] * 2)

    def test_vlan_af_xdp(self):
        self.vlan("AF_XDP", "81002007")

    def test_two_tags_af_xdp(self):
        self.vlan("AF_XDP", "88a8000581002007")

    def test_vlan_af_packet(self):
        self.no_xdp()
        self.vlan("AF_PACKET", "81002007")

    def test_jumbo_is_taken_with_af_packet(self):
        for n, name in ((S, "s0"), (S, "s1"), (A, "host"), (B, "host")):
            sh("ip -n %s link set %s mtu 9000" % (n, name))
        sensor = self.sensor()
        self.assertIn("taken with AF_PACKET, for AF_XDP does not work: frames of an MTU of 9000 do not fit a page", sensor.said())
        self.talk()
        account = sensor.stop()
        self.check(account, "AF_PACKET", 0)
        # So few frames carry that much only when they are long ones.
        self.assertLess(account["ports"][0]["received"], (MB << 20) // 2000)

    def comes_back(self, driver):
        sensor = self.sensor()
        self.talk(mb=1)
        for port in ("s0", "s1"):
            sh("ip -n %s link set %s down" % (S, port))
            sensor.wait_for("port %s: down" % port)
            time.sleep(0.5)
            sh("ip -n %s link set %s up" % (S, port))
            sensor.wait_for("port %s: up" % port)
            self.talk(mb=1)
        self.check(sensor.stop(), driver, 1 << 20)

    def test_af_xdp_comes_back(self):
        self.comes_back("AF_XDP")

    def test_af_packet_comes_back(self):
        self.no_xdp()
        self.comes_back("AF_PACKET")

    def gone(self):
        sensor = self.sensor()
        self.talk(mb=1)
        sh("ip -n %s link del s1" % S)
        sensor.wait_for("port s1: gone")
        time.sleep(0.5)
        self.pair("s1", "host", B, 2)
        time.sleep(0.5)
        # Another interface of the same name is not the one that was opened.
        self.assertNotIn("port s1: up", sensor.said())
        self.assertTrue(sensor.stop()["balanced"])

    def test_af_xdp_gone(self):
        self.gone()

    def test_af_packet_gone(self):
        self.no_xdp()
        self.gone()

    def test_killed_and_started_again(self):
        self.sensor().kill()
        sensor = self.sensor()
        self.talk(mb=2)
        self.check(sensor.stop(), "AF_XDP", 2 << 20)

    def test_frames_of_many_are_truncated(self):
        """A peer that leaves segmentation to its card sends giants, which a slot of the ring cannot hold: dropped, and counted."""
        self.no_xdp()
        sh("ip netns exec %s ethtool -K host tx on sg on tso on gso on" % A)
        sensor = self.sensor()
        for n in (1400, 5000, 20000):
            subprocess.run(["ip", "netns", "exec", A, sys.executable, "-c", GIANT, str(n)], check=True, timeout=30)
        time.sleep(1)
        account = sensor.stop()
        self.assertTrue(account["balanced"], account)
        self.assertEqual(account["ports"][0]["dropped"]["truncated"], 2, account)

    def talk_by_memif(self):
        """Two sensors, joined by memif. Their accounts."""
        with tempfile.TemporaryDirectory() as folder:
            path = "%s/memif.sock" % folder
            one = self.sensor("s0", "net_memif0,role=server,socket-abstract=no,socket=" + path)
            two = self.sensor("net_memif0,role=client,socket-abstract=no,socket=" + path, "s1")
            one.wait_for("port net_memif0")
            time.sleep(1)
            self.talk(mb=2)
            first, second = one.stop(), two.stop()
        for account in (first, second):
            self.assertTrue(account["balanced"], account)
        return first, second

    def test_memif_and_two_sensors(self):
        """Two beside each other, joined by memif: what one sends is received by the other."""
        first, second = self.talk_by_memif()
        self.assertEqual(first["ports"][1]["driver"], "net_memif")
        self.assertGreater(second["ports"][0]["received"], 1000)

    def test_jumbo_goes_by_memif(self):
        for n, name in ((A, "host"), (B, "host"), (S, "s0"), (S, "s1")):
            sh("ip -n %s link set %s mtu 9000" % (n, name))
        first, second = self.talk_by_memif()
        memif = second["ports"][0]
        self.assertEqual(memif["driver"], "net_memif")
        # Whole frames: 2 MB in frames of 1,500 bytes would be 1,400 of them.
        self.assertIn(memif["received"], range(200, 1100), memif)

    def test_taps_given_to_other_namespaces(self):
        """They are the hosts' own interfaces: frames pass, and no link is said to be down before one is taken away."""
        for n in (A, B):
            sh("ip -n %s link del host" % n)
        sensor = self.sensor("net_tap0,iface=t0", "net_tap1,iface=t1")
        for name in ("t0", "t1"):
            sh("ip -n %s link set %s down" % (S, name))
            sensor.wait_for("port net_tap%s,iface=%s: down" % (name[1], name))
            sh("ip -n %s link set %s up" % (S, name))
            sensor.wait_for("port net_tap%s,iface=%s: up" % (name[1], name))
        before = sensor.said()
        for n, name in ((A, "t0"), (B, "t1")):
            sh("ip -n %s link set %s netns %s name host" % (S, name, n))
            sh("ip -n %s link set host up" % n)
        for n, number in ((A, 1), (B, 2)):
            sh("ip -n %s addr add 10.99.0.%d/24 dev host" % (n, number))
        self.talk(mb=2)
        time.sleep(1)
        self.assertEqual(sensor.said(), before)
        sh("ip -n %s link del host" % B)
        sensor.wait_for("port net_tap1,iface=t1: gone")
        account = sensor.stop()
        self.assertTrue(account["balanced"], account)
        self.assertGreater(account["ports"][0]["received"], 1000)

    def refused(self, *ports):
        done = subprocess.run(["ip", "netns", "exec", S, TRY, "1", "5", *ports], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        return done.stderr

    def test_what_is_missing_is_said_with_what_mends_it(self):
        sh("ip -n %s link set s0 down" % S)
        self.assertIn("`ip link set s0 up` mends it", self.refused("s0", "s1"))
        sh("ip -n %s link set s0 up" % S)
        self.assertIn("`ip -br link`", self.refused("s9", "s1"))
        self.assertIn("net_memif", self.refused("net_nothing0", "s1"))
        bare = subprocess.run(["ip", "netns", "exec", S, "setpriv", "--bounding-set=-all", "--inh-caps=-all", TRY, "1", "5",
                               "s0", "s1"], capture_output=True, text=True, timeout=60)
        self.assertEqual(bare.returncode, 2)
        self.assertIn("cap_net_raw", bare.stderr)

    def test_mirror_takes_nothing_from_the_reset_port(self):
        sensor = self.sensor("s0", "reset=s1")
        send = "import socket; s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); s.bind(('host', 0)); " \
               "[s.send(b'\\2\\0\\0\\0\\0\\1\\2\\0\\0\\0\\0\\2\\x88\\xb5' + bytes(64)) for _ in range(100)]"
        for n in (A, B):
            subprocess.run(["ip", "netns", "exec", n, sys.executable, "-c", send], check=True, timeout=30)
        time.sleep(1)
        account = sensor.stop()
        self.assertTrue(account["balanced"], account)
        mirror, reset = account["ports"]
        self.assertGreaterEqual(mirror["consumed"], 100)
        self.assertEqual(mirror["consumed"], mirror["received"])
        self.assertEqual((reset["received"], mirror["sent"], reset["sent"], reset["missed"]), (0, 0, 0, 0))
        self.assertEqual((mirror["driver"], reset["driver"]), ("AF_XDP", "AF_PACKET"))

    def test_gro_is_turned_off(self):
        self.no_xdp()
        sh("ip netns exec %s ethtool -K s0 gro on" % S)
        sensor = self.sensor()
        self.assertIn("port s0: gro turned off", sensor.said())
        self.assertIn("generic-receive-offload: off", sh("ip netns exec %s ethtool -k s0" % S).stdout)
        sensor.stop()

    def test_files_are_removed(self):
        sensor = self.sensor()
        pid = int(sh("pgrep -P %d" % sensor.process.pid, check=False).stdout.split()[0]) if sh(
            "pgrep -P %d" % sensor.process.pid, check=False).stdout else sensor.process.pid
        folder = "/var/run/dpdk/mailweir-%d" % pid
        self.assertTrue(os.path.isdir(folder), folder)
        sensor.kill()
        self.assertTrue(os.path.isdir(folder))
        # The next one clears up after it, and after itself.
        self.sensor().stop()
        self.assertFalse(os.path.isdir(folder))


if __name__ == "__main__":
    why = permitted()
    if why:
        print("SKIPPED: ports were not tested: %s" % why)
        sys.exit(77)
    unittest.main(verbosity=2)
