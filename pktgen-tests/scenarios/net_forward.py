#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Forwards frames between two interfaces, and judges nothing: the scenarios' control. Whatever a scenario says that a
sensor does must not come true with this in its place.

usage: net_forward.py [--copy IF] [--inject IF] [--tag ID] [--fragment BYTES] [--queues N] [--spoil ttl|order|loss] IF_A IF_B
--copy    sends a copy of every frame there: a mirror port
--inject  what arrives there goes out on both sides
--tag     puts a VLAN tag into what goes from A to B, and takes it out of what comes back
--fragment  IP packets from A to B go in fragments of so many bytes, every second one's last fragment first
--queues  what goes from A to B leaves by so many queues in turn, one frame each
--spoil   takes one off every IPv4 TTL; lets every 20th frame wait for the next; loses every 20th
"""
import argparse
import select
import signal
import socket
import struct
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import net_queues
import netns
from pg_fragments import Datagram, split_link


class Spoil:
    """What a bad forwarder does."""

    def __init__(self, how):
        self.how, self.count, self.held = how, 0, []

    def frames(self, frame):
        self.count += 1
        if self.how == "ttl" and frame[12:14] == b"\x08\0":
            return [frame[:22] + bytes((frame[22] - 1 & 255,)) + frame[23:]]
        if self.how == "loss" and self.count % 20 == 0:
            return []
        if self.how == "order" and self.count % 20 == 0 and not self.held:
            self.held = [frame]
            return []
        out, self.held = [frame] + self.held, []
        return out


class Turns:
    """As a socket: the next frame by the next queue."""

    def __init__(self, interface, count):
        self.queues, self.next = net_queues.Queues(interface, count), 0

    def send(self, frame):
        self.queues.send(frame, self.next)
        self.next = (self.next + 1) % len(self.queues.sent)


class Fragmenter:
    """Takes TCP apart."""

    def __init__(self, size):
        self.size, self.count = size, 0

    def frames(self, frame):
        link, packet = split_link(frame)
        version = packet[0] >> 4 if link[-2:] in (b"\x08\0", b"\x86\xdd") else 0
        if (version, packet[9] if version == 4 else packet[6]) not in ((4, 6), (6, 6)):
            return [frame]
        end = int.from_bytes(packet[2:4] if version == 4 else packet[4:6], "big") + (0 if version == 4 else 40)
        self.count += 1
        d = Datagram(packet[:end], self.count)
        if len(d.payload) <= self.size:
            return [frame]
        parts = d.whole(d.cut(self.size))
        return [link + part for part in (parts[::-1] if self.count % 2 else parts)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--copy")
    parser.add_argument("--inject")
    parser.add_argument("--tag", type=int)
    parser.add_argument("--fragment", type=int)
    parser.add_argument("--queues", type=int, default=1)
    parser.add_argument("--spoil", choices=("ttl", "order", "loss"))
    parser.add_argument("a")
    parser.add_argument("b")
    wanted = parser.parse_args()
    a, b = netns.packet_socket(wanted.a), netns.packet_socket(wanted.b)
    copy = [netns.packet_socket(wanted.copy)] if wanted.copy else []
    onward = Turns(wanted.b, wanted.queues) if wanted.queues > 1 else b
    ways = {a.fileno(): (a, [onward] + copy), b.fileno(): (b, [a] + copy)}
    if wanted.inject:
        inject = netns.packet_socket(wanted.inject)
        ways[inject.fileno()] = (inject, [a, b])
    tag = {a.fileno(): wanted.tag, b.fileno(): -1} if wanted.tag else {}
    fragment = {a.fileno(): Fragmenter(wanted.fragment)} if wanted.fragment else {}
    spoil = {fd: Spoil(wanted.spoil) for fd in ways}
    poll = select.poll()
    for fd in ways:
        poll.register(fd, select.POLLIN)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    print("forwarding %s <-> %s" % (wanted.a, wanted.b), file=sys.stderr, flush=True)
    while True:
        for fd, _ in poll.poll():
            source, targets = ways[fd]
            for _ in range(64):
                try:
                    frame, _ = netns.packet_receive(source, socket.MSG_DONTWAIT)
                except BlockingIOError:
                    break
                for one in spoil[fd].frames(tagged(frame, tag.get(fd))):
                    for part in fragment[fd].frames(one) if fd in fragment else [one]:
                        send(part, targets)


def tagged(frame, tag):
    """tag: its ID; -1: without the one that is there."""
    if tag is None:
        return frame
    if tag < 0:
        return frame[:12] + frame[16:]
    return frame[:12] + struct.pack("!HH", 0x8100, tag) + frame[12:]


def send(frame, targets):
    for target in targets:
        try:
            target.send(frame)
        except OSError as error:  # too long for that side, or it is down: a loss
            print("net_forward: %s" % error, file=sys.stderr)


if __name__ == "__main__":
    main()
