# SPDX-License-Identifier: Apache-2.0
"""Wrappings by the dialogue that carries the mail: what comes before it, chunks, replies, ends of data, ports."""
from pg_mail import attachment, message, text
from pg_session import CLIENT, SERVER, Mail, Path, Session, stuff
from pg_wrappings import NAME, NAMED, PROGRAM_BYTES, Cases

P = PROGRAM_BYTES
LETTER = message([text("See the attachment."), attachment(P, NAME)])
AROUND = b"From: a@example.org\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=ab\r\n\r\n--ab\r\n\r\nhi"
PART = b"\r\n--ab\r\n" + attachment(P, NAME).bytes() + b"\r\n--ab--\r\n"


class Said(Session):
    """A dialogue as it stands in a script: what the client says, and what is answered."""

    def __init__(self, *turns):
        self.turns = []
        for who, what in turns:
            self.say(who, what)


def script(
    *before,
    helo=b"EHLO x\r\n",
    sender=b"MAIL FROM:<a@example.org>\r\n",
    reply=b"250 ok\r\n",
    go=b"354 go\r\n",
    data=stuff(LETTER),
    first=None,
    last=b"250 2.0.0 Ok: queued as A\r\n"
):
    """before: (command, reply) after the greeting."""
    turns = [(CLIENT, first)] if first else []
    turns += [(SERVER, b"220 mx.example.com ESMTP\r\n")]
    steps = [
        (helo, b"250 hi\r\n"),
        *before,
        (sender, reply),
        (b"RCPT TO:<b@example.com>\r\n", reply),
        (b"DATA\r\n", go),
        (data, last),
        (b"QUIT\r\n", b"221 bye\r\n"),
    ]
    return Said(*turns, *(t for command, answer in steps for t in ((CLIENT, command), (SERVER, answer))))


def before(session, what):
    session.turns.insert(0, (CLIENT, what))
    return session


def dialogues():
    c = Cases("SMTP")
    ins = dict(inside=[NAME])
    mail, binary = Mail(LETTER), Mail(message([text("hi"), attachment(P, NAME, "binary")]))
    c.session("DATA, pipelined", Session([mail]), **ins)
    c.session("DATA, command by command", Session([mail], pipelining=False), **ins)
    c.session("BDAT", Session([mail], bdat=1000), **ins)
    c.session("BDAT, ended by an empty chunk", Session([mail], bdat=1000, bdat_empty_last=True), **ins)
    c.session("BDAT, one byte a chunk", Session([mail], bdat=1), **ins)
    c.session("BDAT, the file as it is (BINARYMIME)", Session([binary], bdat=1000), **ins)
    c.session("PROXY protocol 1 before it", before(Session([mail]), b"PROXY TCP4 192.0.2.1 192.0.2.2 1000 25\r\n"), **ins)
    c.session(
        "PROXY protocol 2 before it",
        before(Session([mail]), b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + b"\1\2\3\4\5\6\7\x08\3\xe8\0\x19"),
        **ins
    )
    c.session("PROXY protocol 2, LOCAL with a TLV", before(Session([mail]), b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\x05\x03\0\2ab"), **ins)
    c.session("AUTH PLAIN", Session([mail], auth="\0user\0secret"), **ins)
    c.session(
        "AUTH LOGIN",
        script(
            (b"AUTH LOGIN\r\n", b"334 VXNlcm5hbWU6\r\n"),
            (b"dXNlcg==\r\n", b"334 UGFzc3dvcmQ6\r\n"),
            (b"c2VjcmV0\r\n", b"235 ok\r\n"),
        ),
        **ins
    )
    c.session("SMTPUTF8", script(sender="MAIL FROM:<\u00e9@b\u00fccher.example> SMTPUTF8\r\n".encode()), **ins)
    c.session("XCLIENT", script((b"XCLIENT NAME=spike ADDR=192.0.2.7\r\n", b"220 mx\r\n"), (b"EHLO y\r\n", b"250 hi\r\n")), **ins)
    c.session("XFORWARD", script((b"XFORWARD NAME=spike ADDR=192.0.2.7\r\n", b"250 ok\r\n")), **ins)
    c.session(
        "XEXCH50, whose bytes look like commands",
        script((b"XEXCH50 17 2\r\n", b"354 send\r\n"), (b"\r\n.\r\nDATA\r\nQUIT\r\n", b"250 ok\r\n")),
        **ins
    )
    c.session("TURN agreed to and not done", script((b"TURN\r\n", b"250 ok\r\n")), **ins)
    c.session("HELO", script(helo=b"HELO x\r\n"), **ins)
    c.session("no HELO", script(helo=b"NOOP\r\n"), **ins)
    c.session("commands in lower case", script(helo=b"ehlo x\r\n", sender=b"mail from: a@example.org\r\n"), **ins)
    c.session("commands that end in a bare LF", script(helo=b"EHLO x\n", sender=b"MAIL FROM:<a@example.org>\n"), **ins)
    c.session("a command line of 1 MB", script(helo=b"EHLO " + b"x" * (1 << 20) + b"\r\n"), **ins)
    c.session(
        "RSET and once more", script((b"MAIL FROM:<x@example.org>\r\n", b"250 ok\r\n"), (b"RSET\r\n", b"250 ok\r\n")), **ins
    )
    for code in (b"199", b"299", b"399"):
        c.session("reply %s" % code.decode(), script((b"NOOP\r\n", code + b" odd\r\n")), **ins)
    for code in (b"650", b"000", b"999"):
        c.session("reply %s to MAIL and RCPT" % code.decode(), script(reply=code + b" odd\r\n"), **ins)
    for code in (b"250", b"355", b"999"):
        c.session("reply %s to DATA, and the text taken" % code.decode(), script(go=code + b" go\r\n"), **ins)
    c.session("replies of three lines", script(reply=b"250-a\r\n250-b\r\n250 c\r\n"), **ins)
    c.session("STARTTLS refused", script((b"STARTTLS\r\n", b"454 no\r\n")), **ins)
    c.session(
        "STARTTLS, decrypted before the sensor", script((b"STARTTLS\r\n", b"220 go\r\n"), (b"EHLO x\r\n", b"250 hi\r\n")), **ins
    )
    c.session("STARTTLS", Session([mail], starttls=True), expect=NAMED, reason="tls", why="needs the server's key")
    c.session(
        "TLS from the first byte",
        Said(
            (CLIENT, b"\x16\x03\x01\x01\0\1\0\0\xfc\3\3" + b"r" * 250),
            (SERVER, b"\x16\x03\x03\0\x10" + b"x" * 16),
            (CLIENT, b"\x17\x03\x03\0\x10" + b"x" * 16),
        ),
        expect=NAMED,
        reason="tls",
        why="needs the server's key",
    )
    c.session(
        "LMTP, two recipients of whom one is refused",
        Said(
            (SERVER, b"220 mx LMTP\r\n"),
            (CLIENT, b"LHLO x\r\n"),
            (SERVER, b"250 hi\r\n"),
            (CLIENT, b"MAIL FROM:<a@example.org>\r\n"),
            (SERVER, b"250 ok\r\n"),
            (CLIENT, b"RCPT TO:<b@example.com>\r\n"),
            (SERVER, b"250 ok\r\n"),
            (CLIENT, b"RCPT TO:<c@example.com>\r\n"),
            (SERVER, b"250 ok\r\n"),
            (CLIENT, b"DATA\r\n"),
            (SERVER, b"354 go\r\n"),
            (CLIENT, stuff(LETTER)),
            (SERVER, b"250 one\r\n550 two\r\n"),
            (CLIENT, b"QUIT\r\n"),
            (SERVER, b"221 bye\r\n"),
        ),
        **ins
    )
    c.session("the 300th mail of a connection", Session([Mail(message([text("hi")]))] * 299 + [mail]), **ins)
    c.session("a mail refused before it", script((b"MAIL FROM:<x@example.org>\r\n", b"550 no\r\n")), **ins)
    c.session(
        "PROXY protocol 1 before it, port 4711",
        before(Session([mail]), b"PROXY TCP4 192.0.2.1 192.0.2.2 1000 25\r\n"),
        port=4711,
        **ins
    )
    c.session(
        "PROXY protocol 2 before it, port 4711",
        before(Session([mail]), b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + b"\1\2\3\4\5\6\7\x08\3\xe8\0\x19"),
        port=4711,
        **ins
    )
    for port in (24, 465, 587, 2525, 4711):
        c.session("port %d" % port, Session([mail]), port=port, **ins)
    return c


def paths():
    c = Cases("TCP")
    ins = dict(inside=[NAME])
    mail = Mail(LETTER)
    c.session("only what the client sends", Session([mail]), path=Path(only=CLIENT), **ins)
    c.session(
        "only what the server sends",
        Session([mail]),
        path=Path(only=SERVER),
        expect=NAMED,
        reason="gap",
        why="the mail is not in the capture",
    )
    c.session("segments of one byte", Session([mail]), path=Path(mss=1, ack_every=50), **ins)
    c.session(
        "segments of 17, out of order, some twice",
        Session([mail]),
        path=Path(mss=17, shuffle=5, duplicate=0.05, overlap=0.05, seed=3),
        **ins
    )
    c.session("from the middle of the connection", Session([mail], pipelining=False), path=Path(handshake=False), **ins)
    c.session(
        "segments missing in the capture",
        Session([Mail(LETTER)]),
        path=Path(mss=300, missing=0.15, seed=5),
        expect=NAMED,
        reason="gap",
        why="the sensor has not got those bytes, and says so",
    )
    return c


# Ends of data that one server takes and the next does not (SMTP smuggling).
ENDS = (
    ("LF . LF", b"\n.\n"),
    ("LF . CRLF", b"\n.\r\n"),
    ("CRLF . LF", b"\r\n.\n"),
    ("CR . CR", b"\r.\r"),
    ("CR . CRLF", b"\r.\r\n"),
    ("CRLF . CR", b"\r\n.\r"),
    ("LF . CR", b"\n.\r"),
    ("CRLF . NUL CRLF", b"\r\n.\0\r\n"),
    ("CRLF NUL . CRLF", b"\r\n\0.\r\n"),
)


def smuggled():
    c = Cases("end of data")
    for what, end in ENDS:
        c.session(
            "%s, then another mail with it" % what,
            script(
                data=b"Subject: one\r\n\r\nhi"
                + end
                + b"MAIL FROM:<evil@example.org>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n"
                + stuff(LETTER)
            ),
            inside=[NAME],
        )
    for what, end in ENDS:
        c.session("%s in the text, and goes on" % what, script(data=AROUND + end + b"text" + PART + b".\r\n"), inside=[NAME])
    for what, end in ENDS:
        c.session(
            "%s in the text, a MAIL command, and goes on" % what,
            script(data=AROUND + end + b"MAIL FROM:<e@example.org>\r\n" + PART + b".\r\n"),
            inside=[NAME],
        )
    return c


def cases():
    return dialogues() + paths() + smuggled()
