# SPDX-License-Identifier: Apache-2.0
"""Mail behind link headers and in tunnels: the same is found as in plain frames, whatever the workers."""
import random
import shutil
import subprocess
import unittest

import harness
import pg_mail
from harness import Scenario, normalised
from pg_packets import Hosts, Link
from pg_session import START_NS, Mail, Path, Session, packets, wrap
from pg_wrapped import MIRROR, WRAPPINGS, Wrapped

PROGRAM = bytes.fromhex("4d5a90000300000004000000ffff0000") + b"\0KERNEL32.dll\0ADVAPI32.dll\0\0" * 20


def session(infected):
    parts = [pg_mail.text("A file.")]
    parts.append(wrap(PROGRAM, "file.exe", "base64") if infected else wrap(b"Nothing here. " * 50, "file.txt", "base64"))
    return Session([Mail(pg_mail.message(parts, subject="infected" if infected else "clean"))], rng=random.Random(infected))


class Tunnels(Scenario):
    def connection(self, infected, link, port=5000, version=4, **path):
        ends = ("198.51.100.1", "192.0.2.25") if version == 4 else ("2001:db8:1::1", "2001:db8:2::25")
        return list(packets(session(infected), Path(**{"mss": 1400, **path}), Hosts(*ends, port, 25, link), START_NS + port * 1000))

    def both(self, link, version=4):
        return self.connection(True, link, 5000, version) + self.connection(False, link, 5001, version)

    def found(self, r, ports):
        """What is found in the connections of these ports, but for what differs by the link and the port: VLANs, ids made of them, and
        bytes of frames."""
        out = []
        for m in r.records:
            if m["event_type"] == "stats" or m["src_port"] not in ports:
                continue
            m = dict(m, mailweir={k: v for k, v in m.get("mailweir", {}).items() if k != "incident"}, src_port=ports.index(m["src_port"]))
            for name in ("vlan", "flow_id", "community_id", "tunnel", "pcap_filename", "pcap_cnt", "timestamp"):
                m.pop(name, None)
            out.append(repr(sorted(m.items())))
        return sorted(out)

    def test_every_wrapping(self):
        """An infected and a clean connection in each, all at the same time, beside two in plain frames."""
        for version in (4, 6):
            links = [Link()] + [link for link, _ in WRAPPINGS.values()]
            ports = [(5000 + 2 * i, 5001 + 2 * i) for i in range(len(links))]
            lines = [line for link, (bad, good) in zip(links, ports)
                     for line in self.connection(True, link, bad, version) + self.connection(False, link, good, version)]
            capture = self.write_frames("all.pcap", lines)
            one = self.read(capture, status=1)
            self.assertEqual((one.stats["messages"]["infected"], one.stats["messages"]["clean"]), (len(links), len(links)))
            want = self.found(one, ports[0])
            for name, here in zip(WRAPPINGS, ports[1:]):
                with self.subTest(name, version=version):
                    self.assertEqual(self.found(one, here), want)
            for workers in (2, 3):
                self.assertEqual(normalised(self.read("--workers", workers, capture, status=1)), normalised(one))

    def test_vlans_are_those_of_the_inner_frame(self):
        for name, want in (("vxlan-qinq", [7]), ("nvgre", [7]), ("erspan3", [7]), ("pppoe-qinq", [100, 7]), ("vxlan", None)):
            with self.subTest(name):
                r = self.read(self.write_frames("vlan.pcap", self.both(WRAPPINGS[name][0])), status=1)
                self.assertEqual([m.get("vlan") for m in r.messages], [want, want])

    def test_the_outermost_tunnel_is_named(self):
        """As Suricata names it, seen from the client's side, in every record of the connection; with others in other tunnels at the same
        time, also of the same network: whichever worker has which of them."""
        cases = (
            ("vxlan-qinq", 4, ("fd00:0000:0000:0000:0000:0000:0000:0001", "fd00:0000:0000:0000:0000:0000:0000:0002", 4789, "UDP", 1)),
            ("vxlan", 4, ("10.9.0.1", "10.9.0.2", 4789, "UDP", 1)),
            ("gre-all", 4, ("fd00:0000:0000:0000:0000:0000:0000:0001", "fd00:0000:0000:0000:0000:0000:0000:0002", 0, "GRE", 1)),
            ("ipip", 4, ("10.9.0.1", "10.9.0.2", 0, "IPv4", 1)),
            ("ipip", 6, ("10.9.0.1", "10.9.0.2", 0, "IPv6", 1)),
            ("four", 4, ("fd00:0000:0000:0000:0000:0000:0000:0001", "fd00:0000:0000:0000:0000:0000:0000:0002", 0, "IPv4", 4)),
            ("vxlan-gre", 4, ("fd00:0000:0000:0000:0000:0000:0000:0001", "fd00:0000:0000:0000:0000:0000:0000:0002", 0, "GRE", 2)),
            ("pppoe", 4, None),
        )
        capture = self.write_frames("named.pcap", [line for i, (name, version, _) in enumerate(cases)
                                             for line in self.connection(True, WRAPPINGS[name][0], 5000 + i, version)])
        for workers in (1, 2, 3):
            r = self.read("--workers", workers, capture, status=1)
            self.assertEqual(len(r.messages), len(cases))
            for record in r.records[:-1]:
                name, version, want = cases[record["src_port"] - 5000]
                with self.subTest(name, version=version, workers=workers):
                    t = record.get("tunnel")
                    self.assertEqual(t and tuple(t[x] for x in ("src_ip", "dest_ip", "dest_port", "proto", "depth")), want)
                    self.assertTrue(not t or set(t) == {"src_ip", "src_port", "dest_ip", "dest_port", "proto", "depth"})

    def test_networks_with_the_same_addresses(self):
        """A clean and an infected connection between the same ends and ports at the same time, in two networks."""
        for one, other in (
            (Wrapped("eth", ("vxlan", {"network": 1}), "ip", "eth"), Wrapped("eth", ("vxlan", {"network": 2}), "ip", "eth")),
            (Wrapped(("gre", {"key": 1}), "ip", "eth"), Wrapped(("gre", {"key": 2}), "ip", "eth")),
            (Wrapped("gre", "ip", "eth"), Wrapped("gre", ("ip", {"one": "10.9.0.3"}), "eth")),
            (Wrapped("eth", "geneve", "ip", "eth"), Wrapped("eth", "vxlan", "ip", "eth")),
            (Wrapped("eth", "geneve", "ip", "eth"), Link()),
            (Wrapped("ip", "eth"), Link()),
        ):
            with self.subTest((one.how, getattr(other, "how", "plain"))):
                capture = self.write_frames("tenants.pcap", self.connection(True, one) + self.connection(False, other))
                for workers in (1, 3):
                    m = self.read("--workers", workers, capture, status=1).stats["messages"]
                    self.assertEqual((m["seen"], m["infected"], m["clean"]), (2, 1, 1))

    def directions(self, name, client, server):
        """The client's packets in one wrapping, the server's in another."""
        class Two:
            def frame(self, packet, version, from_server):
                return (server if from_server else client).frame(packet, version, from_server)
        return self.write_frames(name, self.both(Two()))

    def test_a_network_for_each_direction(self):
        """As some mirrors number them: one connection where the configuration says so, and otherwise two of which one direction was seen."""
        client, server = (Wrapped("eth", ("vxlan", {"network": n}), MIRROR, "eth") for n in (1, 2))
        capture = self.directions("two.pcap", client, server)
        with open(self.path("merge.yaml"), "w") as f:
            f.write("capture:\n  tunnel_in_flow: false\n")
        m = self.read("-c", self.path("merge.yaml"), capture, status=1).stats["messages"]
        self.assertEqual((m["seen"], m["infected"], m["clean"]), (2, 1, 1))
        self.assertEqual(m["clean"], 1)
        apart = self.read(capture, status=1)
        # The client's direction tells what the mails are, the server's that it took two.
        said = sorted((m["mailweir"]["verdict"], m["mailweir"].get("reason"), m["mailweir"]["delivered"]) for m in apart.messages)
        self.assertEqual(said, [("clean", None, "unknown"), ("infected", None, "unknown")] + 2 * [("unscanned", "gap", "yes")])
        self.assertEqual({m["mailweir"]["delivered"] for m in self.read("-c", self.path("merge.yaml"), capture, status=1).messages}, {"yes"})

    def test_a_mirror_session_for_each_direction(self):
        """ERSPAN from two switches: sessions and senders are no part of a connection."""
        for kind in (2, 3):
            one, other = (Wrapped("eth", ("erspan", {"kind": kind, "session": s}), ("ip", {"one": a, "directed": False}), "eth")
                          for s, a in ((1, "10.9.0.1"), (9, "10.9.0.7")))
            m = self.read(self.directions("erspan.pcap", one, other), status=1).stats["messages"]
            self.assertEqual((m["seen"], m["infected"], m["clean"]), (2, 1, 1))

    def test_somebody_elses_tunnel_says_nothing_in_a_connection(self):
        """The same numbers with other bytes, in a tunnel whose end nobody is: an infected message stays infected, and the clean one is not
        touched."""
        lies = Wrapped("ip", "eth")
        for infected in (True, False):
            real = self.connection(infected, Link())
            false = [(t - 500, f) for t, f in self.connection(not infected, lies)]
            r = self.read(self.write_frames("lies.pcap", real + false), status=1)
            self.assertEqual(sorted(m["mailweir"]["verdict"] for m in r.messages), ["clean", "infected"])

    def test_switched_off(self):
        with open(self.path("off.yaml"), "w") as f:
            f.write("capture:\n  tunnels: false\n")
        r = self.read("-c", self.path("off.yaml"), self.write_frames("off.pcap", self.both(WRAPPINGS["vxlan"][0])), status=0)
        self.assertEqual(r.stats["messages"]["seen"], 0)
        with open(self.path("ports.yaml"), "w") as f:
            f.write("capture:\n  vxlan_ports: [5555]\n  tunnel_depth: 1\n")
        link = Wrapped("eth", ("vxlan", {"port": 5555}), "ip", "eth")
        r = self.read("-c", self.path("ports.yaml"), self.write_frames("ports.pcap", self.both(link)), status=1)
        self.assertEqual(r.stats["messages"]["infected"], 1)
        deep = self.write_frames("deep.pcap", self.both(WRAPPINGS["four"][0]))
        r = self.read("-c", self.path("ports.yaml"), deep, status=0)
        self.assertEqual(r.stats["messages"]["seen"], 0)
        self.assertGreater(r.stats["packets"]["dropped"]["too_deep"], 0)

    def test_wrong_outer_sums(self):
        """A packet whose tunnel's end drops it adds nothing: lies with wrong sums of UDP, of GRE and of the outer IPv4 header."""
        for name, at in (("vxlan-qinq", -1), ("gre-all", 58), ("gre", 24)):
            with self.subTest(name):
                link = WRAPPINGS[name][0]
                real = self.connection(True, link)
                lies = []
                for t, f in self.connection(False, link):
                    f = bytearray(f)
                    f[at if at > 0 else 22 + 40 + 6] ^= 0x55
                    lies.append((t - 500, bytes(f)))
                with open(self.path("verify.yaml"), "w") as f:
                    f.write("capture:\n  checksums: verify\n")
                r = self.read("-c", self.path("verify.yaml"), self.write_frames("sums.pcap", real + lies), status=1)
                self.assertEqual([m["mailweir"]["verdict"] for m in r.messages], ["infected"])

    @unittest.skipUnless(shutil.which("tshark"), "no tshark")
    def test_tshark_reads_them_so(self):
        every = [self.both(link) for link, _ in WRAPPINGS.values()]
        capture = self.write_frames("tshark.pcap", [(i * 10**9 + at, frame) for i, one in enumerate(every) for at, frame in sorted(one)])
        out = subprocess.run(
            ["tshark", "-r", capture, "-d", "udp.port==8472,vxlan", "-T", "fields", "-e", "frame.protocols", "-e", "_ws.malformed",
             "-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE",
             "-e", "ip.checksum.status", "-e", "udp.checksum.status", "-e", "tcp.checksum.status"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, text=True).stdout.splitlines()
        self.assertEqual(len(out), sum(map(len, every)))
        for (name, (_, want)), one in zip(WRAPPINGS.items(), every):
            lines, out = out[: len(one)], out[len(one) :]
            with self.subTest(name):
                self.assertGreater(len(lines), 20)
                for line in lines:
                    protocols, malformed, *sums = line.split("\t")
                    self.assertEqual(malformed, "", line)
                    self.assertIn(":tcp", protocols, line)
                    self.assertNotIn("0", ",".join(sums).split(","), line)
                    for word in want.split(":"):
                        if not word.startswith("pw"):
                            self.assertIn(word, protocols, line)

    def test_scapy_writes_them_so(self):
        """Another program's idea of the same headers, byte for byte."""
        try:
            from scapy.contrib.geneve import GENEVE
            from scapy.contrib.mpls import MPLS
            from scapy.layers.inet import IP, UDP
            from scapy.layers.inet6 import IPv6
            from scapy.layers.l2 import GRE, LLC, SNAP, Dot1AD, Dot1Q, Ether
            from scapy.layers.ppp import PPPoE
            from scapy.layers.vxlan import VXLAN
            from scapy.packet import Raw
        except ImportError:
            self.skipTest("no scapy")
        inner = Raw(Hosts("198.51.100.1", "192.0.2.25", 5000, 25, Link("raw")).packet(False, 1, 2, 16, b"NOOP\r\n"))
        ether = {"dst": "02:00:5e:00:00:12", "src": "02:00:5e:00:00:11"}
        four = IP(src="10.9.0.1", dst="10.9.0.2", ttl=60, id=0, flags="DF")
        six = IPv6(src="fd00::1", dst="fd00::2", hlim=60)
        frame = Ether(**ether, type=0x0800) / inner
        udp = {"sport": 50000}
        cases = {
            "pppoe": Ether(**ether) / PPPoE(sessionid=9) / Raw(b"\0\x21") / inner,
            "pppoe-qinq": Ether(**ether) / Dot1AD(vlan=100) / Dot1Q(vlan=7) / PPPoE(sessionid=9) / Raw(b"\0\x21") / inner,
            "mpls": Ether(**ether, type=0x8847) / MPLS(label=1000, ttl=60, s=1) / inner,
            "snap": Ether(**{**ether, "type": len(inner) + 8}) / LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(code=0x0800) / inner,
            "ipip": Ether(**ether) / four.copy() / inner,
            "gre": Ether(**ether) / four.copy() / GRE(proto=0x0800) / inner,
            "gre-all": Ether(**ether) / six.copy() / GRE(proto=0x0800, chksum_present=1, key_present=1, key=9, seqnum_present=1,
                                                         seqence_number=5) / inner,
            "nvgre": Ether(**ether) / four.copy() / GRE(proto=0x6558, key_present=1, key=5000 << 8) / Ether(**ether) / Dot1Q(vlan=7, type=0x0800)
            / inner,
            "vxlan": Ether(**ether) / four.copy() / UDP(**udp, dport=4789, chksum=0) / VXLAN(vni=5000, flags="Instance") / frame,
            "vxlan-qinq": Ether(**ether) / Dot1AD(vlan=100) / Dot1Q(vlan=7) / six.copy() / UDP(**udp, dport=4789)
            / VXLAN(vni=5000, flags="Instance") / Ether(**ether) / Dot1Q(vlan=7, type=0x0800) / inner,
            "geneve-ip": Ether(**ether) / six.copy() / UDP(**udp, dport=6081) / GENEVE(vni=5000, proto=0x0800) / inner,
        }
        cases["ipip"][IP].proto = 4
        for name, packet in cases.items():
            with self.subTest(name):
                self.assertEqual(bytes(packet).hex(), WRAPPINGS[name][0].frame(bytes(inner), 4, False).hex())


if __name__ == "__main__":
    harness.main()
