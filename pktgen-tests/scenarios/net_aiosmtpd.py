#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A strict mail server on port 25, over aiosmtpd. Writes what it takes to files: usage: net_aiosmtpd.py FOLDER ADDRESS...

A recipient reply-CODE-… is answered CODE to its RCPT, accept-CODE-… CODE to the end of data; such letters are not kept.
"""
import asyncio
import os
import re
import sys

from aiosmtpd.smtp import SMTP

LIMIT = 500_000_000


class Handler:
    def __init__(self, folder):
        self.folder, self.number = folder, 0

    def scripted(self, word, recipient):
        found = re.match(word + r"-([245]\d\d)-", recipient)
        return found and "%s %s.0.0 as the recipient's name says" % (found[1], found[1][0])

    async def handle_RCPT(self, server, session, envelope, address, options):
        reply = self.scripted("reply", address)
        if reply:
            return reply
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server, session, envelope):
        for recipient in envelope.rcpt_tos:
            reply = self.scripted("accept", recipient)
            if reply:
                return reply
        self.number += 1
        path = os.path.join(self.folder, "%06d" % self.number)
        with open(path, "wb") as f:
            f.write(envelope.original_content)
        os.rename(path, path + ".mail")
        return "250 2.0.0 Ok: queued as AIO%06d" % self.number


async def serve(folder, addresses):
    handler = Handler(folder)
    loop = asyncio.get_running_loop()
    for address in addresses:
        await loop.create_server(lambda: SMTP(handler, data_size_limit=LIMIT, hostname="mx.example.com", timeout=600, loop=loop),
                                 host=address, port=25, backlog=256)
    print("ready", flush=True)
    await asyncio.Event().wait()


asyncio.run(serve(sys.argv[1], sys.argv[2:]))
