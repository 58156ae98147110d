# SPDX-License-Identifier: Apache-2.0
"""A network of a test's own: a client, a server, and between them two ports for a sensor.

    client eth0 ==== mwn-c [impair] mwn-out  (sensor)  mwn-in [impair] mwn-s ==== eth0 server

Everything lives in network, mount and PID namespaces that the test makes for itself at its start (`enter`): when its
process ends, however it ends, the kernel ends every program in it and takes interfaces and mounts away. No name can
clash with another run's, and no service of the host is touched.
"""
import contextlib
import ctypes
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(os.path.dirname(HERE))
# Where ./check unpacks the mail servers that exclude each other as packages.
MAILERS = os.environ.get("MAILWEIR_MAILERS") or os.path.join(SOURCE, "build-check-mailers")
FOLDER = "mailweir-net-"

CLIENT4, SERVER4 = "10.77.0.1", "10.77.0.2"
CLIENT6, SERVER6 = "fd77::1", "fd77::2"
PREFIXES = {4: "/24", 6: "/64"}
CLIENT = {4: CLIENT4, 6: CLIENT6}
SERVER = {4: SERVER4, 6: SERVER6}
OUTSIDE, INSIDE = "outside", "inside"
HOSTS = {"client": 1, "server": 2}

USERS = {"postfix": 71001, "opensmtpd": 71002, "opensmtpq": 71003, "anna": 71010, "bela": 71011}
GROUPS = dict(USERS, postdrop=71004)

_libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1


class Missing(unittest.SkipTest):
    """Why the scenario cannot run here."""


def command(*words, **options):
    """Runs it; what it said is the error."""
    p = subprocess.run([str(w) for w in words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       timeout=60, **options)
    if p.returncode:
        raise OSError("%s: %s" % (" ".join(map(str, words)), p.stdout.decode("utf-8", "replace").strip() or p.returncode))
    return p.stdout.decode("utf-8", "replace")


def enter():
    """Runs this program again in namespaces of its own, and exits with its status. Returns only inside.
    Raises Missing where that is not permitted."""
    if os.environ.get("MAILWEIR_NET_FOLDER"):
        _furnish(os.environ["MAILWEIR_NET_FOLDER"])
        return
    if os.geteuid():
        raise Missing("namespaces need root")
    for program in ("ip", "ethtool", "unshare", "mount"):
        if not shutil.which(program):
            raise Missing("%s is not installed; ./check installs what is needed" % program)
    wall = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
    p = subprocess.run(wall + ["true"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    if p.returncode:
        raise Missing("namespaces are not permitted: %s" % p.stderr.decode("utf-8", "replace").strip())
    sweep(tempfile.gettempdir())
    folder = tempfile.mkdtemp(prefix="%s%d-" % (FOLDER, os.getpid()))
    child = subprocess.Popen(wall + [sys.executable] + sys.argv, env=dict(os.environ, MAILWEIR_NET_FOLDER=folder),
                             preexec_fn=lambda: _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL))

    def stop(number, frame):
        child.kill()  # takes the namespaces along

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    status = child.wait()
    shutil.rmtree(folder, ignore_errors=True)
    sys.stdout.flush()
    os._exit(status if status >= 0 else 128 - status)


def sweep(where):
    """Removes folders of runs that were killed."""
    for name in os.listdir(where):
        if name.startswith(FOLDER):
            pid = name[len(FOLDER):].partition("-")[0]
            if pid.isdigit() and not os.path.exists("/proc/" + pid):
                shutil.rmtree(os.path.join(where, name), ignore_errors=True)


def _furnish(folder):
    """Mounts, seen by this test alone: /run, users, hosts, and the mail servers where they expect themselves."""
    try:
        command("mount", "-t", "tmpfs", "tmpfs", "/run")
        command("mount", "-t", "sysfs", "sysfs", "/sys")  # the interfaces of this network namespace
        command("mount", "-t", "bpf", "bpf", "/sys/fs/bpf")
        etc, spool, lib = (os.path.join(folder, n) for n in ("etc", "spool", "lib"))
        for path in (etc, spool, lib, os.path.join(lib, "opensmtpd", "empty"), os.path.join(folder, "home")):
            os.makedirs(path)
        os.chmod(folder, 0o755)
        _accounts(etc, folder)
        usr = [os.path.join(MAILERS, name, "usr") for name in ("postfix", "opensmtpd")]
        usr = [path for path in usr if os.path.isdir(path)]
        postfix = os.path.join(MAILERS, "postfix", "etc")
        _overlay("/etc", [etc] + ([postfix] if os.path.isdir(postfix) else []))
        _overlay("/var/lib", [lib])
        if usr:
            _overlay("/usr", usr)
        command("mount", "--bind", spool, "/var/spool")
        command("ip", "link", "set", "lo", "up")
    except OSError as error:
        raise Missing("this machine does not permit what the test's own world needs: %s" % error)


def _overlay(where, upper):
    command("mount", "-t", "overlay", "-o", "lowerdir=" + ":".join(upper + [where]), "overlay", where)


def _accounts(etc, folder):
    def put(name, text):
        with open(os.path.join(etc, name), "w") as f:
            f.write(text)

    with open("/etc/passwd") as f:
        passwd = [line for line in f if line.partition(":")[0] not in USERS]
    with open("/etc/group") as f:
        group = [line for line in f if line.partition(":")[0] not in GROUPS]
    for name, number in USERS.items():
        home = os.path.join(folder, "home", name)
        os.mkdir(home)
        os.chown(home, number, number)
        passwd.append("%s:x:%d:%d::%s:/bin/sh\n" % (name, number, number, home))
    group += ["%s:x:%d:\n" % item for item in GROUPS.items()]
    put("passwd", "".join(passwd))
    put("group", "".join(group))
    put("shadow", "root:*:19000:0:99999:7:::\n" + "".join("%s:*:19000:0:99999:7:::\n" % name for name in USERS))
    put("hosts", "127.0.0.1 localhost\n::1 localhost\n%s client.example.org\n%s client.example.org\n"
        "%s mx.example.com\n%s mx.example.com\n" % (CLIENT4, CLIENT6, SERVER4, SERVER6))
    put("resolv.conf", "")
    put("nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\nhosts: files\nservices: files\nprotocols: files\n")
    put("mailname", "mx.example.com\n")
    put("aliases", "")


def folder():
    return os.environ["MAILWEIR_NET_FOLDER"]


@contextlib.contextmanager
def inside(name):
    """This thread's sockets and programs are made in the namespace; None: in the sensor's."""
    if name is None:
        yield
        return
    own = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    other = os.open("/run/netns/" + name, os.O_RDONLY)

    def go(fd):
        if _libc.setns(fd, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns %s" % name)

    try:
        go(other)
        try:
            yield
        finally:
            go(own)
    finally:
        os.close(own)
        os.close(other)


class Program:
    """A program in a namespace, its output in files: it can never wait for us."""

    def __init__(self, argv, where=None, name=None, env=None):
        self.argv = [str(a) for a in argv]
        self.name = name or os.path.basename(self.argv[0])
        self.out_name = tempfile.mktemp(prefix=self.name + ".", suffix=".out", dir=folder())
        self.err_name = self.out_name[:-3] + "err"
        with open(self.out_name, "wb") as out, open(self.err_name, "wb") as err, inside(where):
            self.process = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=env)

    @property
    def out(self):
        with open(self.out_name, "rb") as f:
            return f.read()

    @property
    def err(self):
        with open(self.err_name, "rb") as f:
            return f.read()

    def alive(self):
        return self.process.poll() is None

    def said(self, *words, timeout=60):
        """Waits until it has said one of the words on standard error or output."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            alive = self.alive()
            if any(word in self.err or word in self.out for word in words):
                return self
            if not alive:
                break
            time.sleep(0.02)
        raise OSError("%s %s\n%s" % (" ".join(self.argv), "has not said %s" % (words,) if self.alive() else
                                     "ended with status %s" % self.process.returncode, self.err[-3000:].decode("utf-8", "replace")))

    def kill(self):
        if self.alive():
            self.process.kill()
        return self.process.wait()

    def end(self, timeout=60):
        """TERM; returns the exit status, None where it had to be killed."""
        if self.alive():
            self.process.terminate()
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            return None


def _mac(host):
    return "02:77:00:00:00:%02x" % HOSTS[host]


class Net:
    """The network. impair: {"outside": [option...], "inside": [option...]} of mailweir-impair, for either or both.
    vlan: between the two ports every frame bears this tag; not together with impair. fragment:
    what the hosts send of TCP comes to the sensor in fragments of so many bytes; alone. queues: of the sensor's interfaces.
    turns: what the hosts send comes to the sensor by all of its queues in turn; alone, or with fragment.
    taps: the sensor's ports are interfaces that it makes itself; there are no others until plug()."""

    def __init__(self, mtu=1500, impair=None, mirror=False, vlan=None, queues=(1, 1), taps=False, fragment=None, turns=False):
        self.programs, self.links, self.ports, self.mtu, self.queues = [], [], {}, mtu, queues
        self.mirror, self.reset = None, None
        try:
            self._hosts(impair or {})
            if taps:
                self.ports = {OUTSIDE: "mwn-out", INSIDE: "mwn-in"}
            else:
                self._build(mtu, impair or {}, mirror, vlan, fragment, turns)
        except BaseException:
            self.close()
            raise

    def _hosts(self, impair):
        for name in HOSTS:
            command("ip", "netns", "add", name)
            with inside(name):
                command("ip", "link", "set", "lo", "up")
                if impair:
                    _impatient()

    def _address(self, name):
        with inside(name):
            command("ip", "addr", "add", "10.77.0.%d/24" % HOSTS[name], "dev", "eth0")
            command("ip", "-6", "addr", "add", "fd77::%d/64" % HOSTS[name], "dev", "eth0", "nodad")

    def overlay(self, network):
        """The hosts' addresses are in a VXLAN from here on, each packet with a checksum of its outer UDP header. Needs an MTU of 1550."""
        for name in HOSTS:
            other = sum(HOSTS.values()) - HOSTS[name]
            with inside(name):
                command("ip", "addr", "flush", "dev", "eth0")
                command("ip", "addr", "add", "10.78.0.%d/24" % HOSTS[name], "dev", "eth0")
                command("ip", "link", "set", "eth0", "name", "under0")
                command("ip", "link", "add", "eth0", "mtu", "1500", "type", "vxlan", "id", str(network), "remote", "10.78.0.%d" % other,
                        "dstport", "4789", "dev", "under0", "udpcsum")
            self._plain("eth0", name)
            self._address(name)

    def plug(self):
        """taps: each becomes the interface of its host. The sensor that made them runs."""
        for name, side in (("client", OUTSIDE), ("server", INSIDE)):
            command("ip", "link", "set", self.ports[side], "address", _mac(name), "mtu", self.mtu, "netns", name, "name", "eth0")
        for name in HOSTS:
            self._plain("eth0", name)
        # Both are up: what one says now reaches the other.
        for name in HOSTS:
            self._address(name)

    def bridge(self, name, *ports):
        """Joins interfaces as a host's bridge does."""
        command("ip", "link", "add", name, "type", "bridge", "mcast_snooping", "0")
        self.links.append(name)
        for port in (name, *ports):
            self._plain(port, None)
        for port in ports:
            command("ip", "link", "set", port, "master", name)

    def _build(self, mtu, impair, mirror, vlan, fragment, turns):
        for name, wire in (("client", "mwn-c"), ("server", "mwn-s")):
            self._pair(wire, "eth0", name, _mac(name), mtu)
            self._address(name)
        for side, wire, near, far in ((OUTSIDE, "mwn-c", "mwn-co", "mwn-out"), (INSIDE, "mwn-s", "mwn-so", "mwn-in")):
            self.ports[side] = wire
            if side in impair or vlan or fragment or turns:
                self._pair(near, far, None, None, mtu)
                self.ports[side] = far
                forwarder = [sys.executable, os.path.join(HERE, "net_forward.py")]
                forwarder += ["--tag", vlan] if vlan else ["--fragment", fragment] if fragment else []
                forwarder += ["--queues", self.queues[0]] if turns else []
                words = forwarder if vlan or fragment or turns else [impair_program()] + list(impair[side])
                self.programs.append(Program(words + [wire, near]).said(b"forwarding"))
        if mirror:
            self._pair("mwn-mp", "mwn-mirror", None, None, mtu)
            self._pair("mwn-rp", "mwn-reset", None, None, mtu)
            self.mirror, self.reset = "mwn-mirror", "mwn-reset"

    def _pair(self, name, peer, where, address, mtu):
        ours, theirs = (["numtxqueues", tx, "numrxqueues", rx, "mtu", mtu] for rx, tx in (self.queues, (1, 1) if where else self.queues))
        words = ["ip", "link", "add", name, *ours, "type", "veth", "peer", "name", peer, *theirs]
        words += ["address", address] if address else []
        command(*words, *(["netns", where] if where else []))
        self.links.append(name)
        self._plain(name, None)
        self._plain(peer, where)

    def _plain(self, name, where):
        """No offloads: every frame is as a wire would carry it. Ports without addresses keep silent."""
        with inside(where):
            command("ethtool", "-K", name, "rx", "off", "tx", "off", "tso", "off", "gso", "off", "gro", "off", "rxvlan", "off",
                    "txvlan", "off")
            if where is None:
                silence(name)
                _one_processor(name)
            else:
                with open("/proc/sys/net/ipv6/conf/%s/router_solicitations" % name, "w") as f:
                    f.write("0")
            # No link-local address: less is said that no test has asked for.
            command("ip", "link", "set", name, "addrgenmode", "none")
            command("ip", "link", "set", name, "up")

    def impaired(self):
        """What the impairing bridges counted, as the lines that they end with."""
        bridges, self.programs = self.programs, []
        for bridge in bridges:
            bridge.end()
        return [bridge.out.decode() for bridge in bridges]

    def close(self):
        for program in self.programs:
            program.kill()
        for name in self.links:
            subprocess.run(["ip", "link", "del", name], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for name in HOSTS:
            subprocess.run(["ip", "netns", "del", name], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def connect(self, version=4, port=25, timeout=60, proto=0):
        """A connection of the client to the server: of TCP, or of another protocol that is spoken as streams."""
        with inside("client"):
            s = socket.socket(socket.AF_INET if version == 4 else socket.AF_INET6, socket.SOCK_STREAM, proto)
        s.settimeout(timeout)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            s.connect((SERVER[version], port))
        except BaseException:
            s.close()
            raise
        return s

    def listen(self, version=4, port=25):
        with inside("server"):
            s = socket.socket(socket.AF_INET if version == 4 else socket.AF_INET6, socket.SOCK_STREAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((SERVER[version], port))
        s.listen(128)
        return s


def silence(name):
    """The interface says nothing of its own; default: nor does any that is made from now on, in the sensor's namespace."""
    with open("/proc/sys/net/ipv6/conf/%s/disable_ipv6" % name, "w") as f:
        f.write("1")


def _one_processor(name):
    """What arrives is taken in by one processor, as far as this kernel can: else two that send one after the other are overtaken
    before any sensor sees the frames."""
    queues = "/sys/class/net/%s/queues" % name
    for queue in os.listdir(queues):
        try:
            with open(os.path.join(queues, queue, "rps_cpus"), "w") as f:
                f.write("1")
        except OSError:
            pass


def _impatient():
    """TCP of this namespace repeats what is lost every second, as far as this kernel can: where every other packet is lost,
    doubled waiting times would make hours of seconds."""
    for name, value in (("tcp_rto_max_ms", 1000), ("tcp_thin_linear_timeouts", 1), ("tcp_syn_linear_timeouts", 60),
                        ("tcp_syn_retries", 60), ("tcp_synack_retries", 60), ("tcp_retries2", 60), ("tcp_orphan_retries", 60)):
        try:
            with open("/proc/sys/net/ipv4/" + name, "w") as f:
                f.write(str(value))
        except OSError:
            pass


def impair_program():
    beside = os.path.dirname(os.environ.get("MAILWEIR", ""))
    for path in (os.environ.get("MAILWEIR_IMPAIR"), os.path.join(beside, "mailweir-impair"),
                 os.path.join(beside, "pktgen-tests", "mailweir-impair")):
        if path and os.access(path, os.X_OK):
            return path
    raise Missing("mailweir-impair is not built")


ETH_P_ALL, SOL_PACKET, PACKET_AUXDATA, PACKET_IGNORE_OUTGOING, PACKET_OUTGOING = 3, 263, 8, 23, 4
PACKET_ADD_MEMBERSHIP, PACKET_MR_PROMISC = 1, 1


def packet_socket(interface, where=None, outgoing=False):
    with inside(where):
        s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    s.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    s.setsockopt(socket.SOL_SOCKET, getattr(socket, "SO_RCVBUFFORCE", 33), 32 << 20)
    if not outgoing:
        s.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    with inside(where):
        s.bind((interface, 0))
        index = socket.if_nametoindex(interface)
    s.setsockopt(SOL_PACKET, PACKET_ADD_MEMBERSHIP, struct.pack("iHH8s", index, PACKET_MR_PROMISC, 0, b""))
    return s


def packet_receive(s, flags=0):
    """(frame, outgoing). The kernel takes a VLAN tag out of what a packet socket sees; it is put back."""
    frame, extra, _, address = s.recvmsg(65600, 64, flags)
    for level, kind, data in extra:
        if level == SOL_PACKET and kind == PACKET_AUXDATA:
            status, _, _, _, _, tci, tpid = struct.unpack("IIIHHHH", data[:20])
            if status & 0x10:  # TP_STATUS_VLAN_VALID
                frame = frame[:12] + struct.pack("!HH", tpid if status & 0x40 else 0x8100, tci) + frame[12:]
    return frame, address[2] == PACKET_OUTGOING


class Tap:
    """Collects the frames at an interface: .sent by it, .received by it."""

    def __init__(self, where, interface="eth0"):
        self.sent, self.received, self.stopping = [], [], False
        self.socket = packet_socket(interface, where, outgoing=True)
        self.socket.settimeout(0.1)
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while True:
            try:
                frame, outgoing = packet_receive(self.socket)
            except TimeoutError:
                if self.stopping:
                    return
                continue
            except OSError:  # the interface is gone
                return
            (self.sent if outgoing else self.received).append(frame)

    @property
    def count(self):
        return len(self.sent) + len(self.received)

    def close(self):
        """Returns when nothing has come for a while."""
        self.stopping = True
        self.thread.join()
        self.socket.close()
        return self


def quiet(*taps, seconds=1, timeout=60):
    """Waits until nothing passes any of them for so long."""
    end, last, since = time.monotonic() + timeout, None, time.monotonic()
    while time.monotonic() < end and time.monotonic() - since < seconds:
        now = [tap.count for tap in taps]
        if now != last:
            last, since = now, time.monotonic()
        time.sleep(0.02)
