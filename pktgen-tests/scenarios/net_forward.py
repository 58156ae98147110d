#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Forwards frames between two interfaces, and judges nothing: the scenarios' control. Whatever a scenario says that a
sensor does must not come true with this in its place.

usage: net_forward.py [--copy IF] [--inject IF] [--tag ID] [--spoil ttl|order|loss] IF_A IF_B
--copy    sends a copy of every frame there: a mirror port
--inject  what arrives there goes out on both sides
--tag     puts a VLAN tag into what goes from A to B, and takes it out of what comes back
--spoil   takes one off every IPv4 TTL; lets every 20th frame wait for the next; loses every 20th
"""
import argparse
import select
import signal
import socket
import struct
import sys

import netns


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


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--copy")
    parser.add_argument("--inject")
    parser.add_argument("--tag", type=int)
    parser.add_argument("--spoil", choices=("ttl", "order", "loss"))
    parser.add_argument("a")
    parser.add_argument("b")
    wanted = parser.parse_args()
    a, b = netns.packet_socket(wanted.a), netns.packet_socket(wanted.b)
    copy = [netns.packet_socket(wanted.copy)] if wanted.copy else []
    ways = {a.fileno(): (a, [b] + copy), b.fileno(): (b, [a] + copy)}
    if wanted.inject:
        inject = netns.packet_socket(wanted.inject)
        ways[inject.fileno()] = (inject, [a, b])
    tag = {a.fileno(): wanted.tag, b.fileno(): -1} if wanted.tag else {}
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
                    send(one, targets)


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
