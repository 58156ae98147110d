# SPDX-License-Identifier: Apache-2.0
"""S/MIME's containers (CMS, RFC 5652), in DER and BER: what tests of mail need of them."""


def der(tag, *values):
    body = b"".join(values)
    size = len(body)
    if size < 128:
        return bytes((tag, size)) + body
    count = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(count))) + count + body


def oid(*numbers):
    out = bytearray((numbers[0] * 40 + numbers[1],))
    for n in numbers[2:]:
        some = [n & 127]
        while n > 127:
            n >>= 7
            some.append(n & 127 | 128)
        out += bytes(some[::-1])
    return der(6, bytes(out))


def indefinite(tag, *values):
    return bytes((tag, 0x80)) + b"".join(values) + b"\0\0"


PKCS7 = (1, 2, 840, 113549, 1, 7)
SHA256 = der(0x30, oid(2, 16, 840, 1, 101, 3, 4, 2, 1))


def pieces(content, size):
    return b"".join(der(4, content[i : i + size]) for i in range(0, len(content), size))


def signed(content, streamed=0):
    """CMS SignedData (RFC 5652 5.1) around content, without a signer: DER, or BER in pieces of that size as programs that stream write it."""
    if not streamed:
        inside = der(0x30, oid(*PKCS7, 1), der(0xA0, der(4, content)))
        return der(0x30, oid(*PKCS7, 2), der(0xA0, der(0x30, der(2, b"\1"), der(0x31, SHA256), inside, der(0x31))))
    inside = indefinite(0x30, oid(*PKCS7, 1), indefinite(0xA0, indefinite(0x24, pieces(content, streamed))))
    return indefinite(
        0x30, oid(*PKCS7, 2), indefinite(0xA0, indefinite(0x30, der(2, b"\1"), der(0x31, SHA256), inside, der(0x31)))
    )


def detached(signature):
    """CMS SignedData of what stands elsewhere: one signer, whose signature is any bytes."""
    rsa = der(0x30, oid(1, 2, 840, 113549, 1, 1, 1))
    signer = der(0x30, der(2, b"\1"), der(0x30, der(0x30), der(2, b"\1")), SHA256, rsa, der(4, signature))
    inside = der(0x30, oid(*PKCS7, 1))
    return der(0x30, oid(*PKCS7, 2), der(0xA0, der(0x30, der(2, b"\1"), der(0x31, SHA256), inside, der(0x31, signer))))
