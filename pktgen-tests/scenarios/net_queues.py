# SPDX-License-Identifier: Apache-2.0
"""Frames by a chosen queue of an interface: what a packet socket sends past the queueing disciplines leaves by the queue of the processor
that sends it (Linux: packet_pick_tx_queue), and a veth's other end receives it by the queue of the same number."""
import os
import socket

import netns

PACKET_QDISC_BYPASS = 20


def processors(count):
    """One for each queue, in their order."""
    found = {cpu % count: cpu for cpu in sorted(os.sched_getaffinity(0), reverse=True)}
    if len(found) < count:
        raise netns.Missing("%d queues need as many processors" % count)
    return [found[queue] for queue in range(count)]


class Queues:
    """What one thread sends at an interface, which has `count` queues. Until it is closed the thread, and what it starts, stays on the
    processor of the last one."""

    def __init__(self, interface, count):
        self.before, self.processors = os.sched_getaffinity(0), processors(count)
        self.sent, self.at = [0] * count, None
        self.socket = netns.packet_socket(interface)
        self.socket.setsockopt(netns.SOL_PACKET, PACKET_QDISC_BYPASS, 1)

    def send(self, frame, queue):
        if self.at != queue:
            os.sched_setaffinity(0, {self.processors[queue]})
            self.at = queue
        self.socket.send(frame)
        self.sent[queue] += 1

    def close(self):
        os.sched_setaffinity(0, self.before)
        self.socket.close()
