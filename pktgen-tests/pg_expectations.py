# SPDX-License-Identifier: Apache-2.0
"""The decoded parts that james-mime4j's and stalwart mail-parser's tests expect of their messages, read from where those are.

mime4j: X.msg with X_decoded.xml, which names a file for each decoded body. stalwart: X.eml with X.json and, of the same message with
CRLF line ends, X.crlf.json; the bodies stand in the JSON, texts as characters. What is expected is told as a list of (which, bytes
that would all be right): a text's line ends and its charset are not the decoder's business.
"""
import collections
import json
import os
import re

from pg_mail import crlf

# name: what to call it. data: the message. parts: [(which, [bytes, ...])]. absent: bodies that are expected and not there to compare.
Expectation = collections.namedtuple("Expectation", "name data parts absent")


def text_forms(data):
    """A text as it may have come: with either line end, with or without the last one."""
    lf = re.sub(rb"\r\n|\r", b"\n", data)
    forms = [data]
    for one in (lf, lf[:-1] if lf.endswith(b"\n") else lf + b"\n"):
        forms += [one, one.replace(b"\n", b"\r\n")]
    return forms


def files_below(folder, end):
    for where, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            if name.endswith(end):
                yield os.path.join(where, name)


def contents(path):
    with open(path, "rb") as f:
        return f.read()


def mime4j(folder):
    for path in files_below(folder, ".msg"):
        stem = path[:-4]
        if not os.path.exists(stem + "_decoded.xml"):
            continue
        parts, absent = [], 0
        for kind, name in re.findall(
            r'<(text|binary)-body name="([^"]+)"', contents(stem + "_decoded.xml").decode("utf-8", "replace")
        ):
            body = os.path.join(os.path.dirname(path), name)
            if not os.path.exists(body):
                absent += 1
                continue
            data = contents(body)
            which = re.search(r"_decoded_(.*)\.", name)[1].replace("_", ".")
            parts.append((which, text_forms(data) if kind == "text" else [data]))
        yield Expectation("mime4j " + os.path.basename(path), contents(path), parts, absent)


def charset_of(part):
    for header in part["headers"]:
        value = header["value"]
        if header["name"] == "content_type" and isinstance(value, dict) and "ContentType" in value:
            for attribute in value["ContentType"]["attributes"] or ():
                if attribute["name"].lower() == "charset":
                    return attribute["value"]
    return None


def encodings(text, charset):
    """What the characters may have been as bytes; and characters that stand for what was none."""
    for name in (charset, "utf-8", "latin-1", "cp1252", "utf-16", "utf-7"):
        if name:
            try:
                yield text.encode(name)
            except (LookupError, UnicodeError):
                pass


def stalwart_parts(message, where=""):
    for i, part in enumerate(message["parts"]):
        which = "%s%d" % (where, i)
        ((kind, body),) = part["body"].items()
        if kind in ("Text", "Html"):
            forms = [form for one in encodings(body, charset_of(part)) for form in text_forms(one)]
            yield which, forms
        elif kind in ("Binary", "InlineBinary"):
            yield which, [bytes(body)]
        elif kind == "Message":
            yield from stalwart_parts(body, which + ".")


def stalwart(folder):
    for path in files_below(folder, ".eml"):
        stem, data = path[:-4], contents(path)
        for end, message in ((".json", data), (".crlf.json", crlf(data))):
            if os.path.exists(stem + end):
                parts = list(stalwart_parts(json.loads(contents(stem + end))))
                name = "stalwart %s/%s%s" % (os.path.basename(os.path.dirname(path)), os.path.basename(stem), end[:-5] or "")
                yield Expectation(name, message, parts, 0)
