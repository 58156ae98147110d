/* SPDX-License-Identifier: Apache-2.0 */
/* rs_cms: what S/MIME wraps an entity in, but for its encryption (RFC 5652, RFC 3274; BER by X.690: definite and indefinite lengths, octet
 * strings in pieces), streaming, by rs_unwrap.
 *
 * One member: the content of signedData, digestedData, authenticatedData and data. Where its type is id-data it is a MIME entity
 * (RFC 8551 3.1): `type` says message/rfc822. That of compressedData is handed out as it stands, and is RS_UNWRAP_UNSUPPORTED, as is content
 * that is of one of these types again, without an entity around it. envelopedData, encryptedData, authEnvelopedData:
 * RS_UNWRAP_ENCRYPTED, whatever the declared smime-type says. Signatures without content have no member. A piece of an octet string
 * that has another tag is content and odd: OpenSSL takes it, stricter readers nothing at all.
 * Bounds: RS_CMS_DEPTH elements in one another; more is RS_UNWRAP_LIMIT. */
#ifndef RS_CMS_H
#define RS_CMS_H

#include "reassembly/archive/rs_unwrap.h"

#define RS_CMS_DEPTH 16
#define RS_CMS_PIECES 128 /* a power of 2: of so many, the last ones, it is known where they stand */

struct rs_cms_element { /* one that holds others, and is open */
	uint64_t end; /* where; UINT64_MAX: it says so itself */
	uint8_t role; /* enum role */
	uint8_t children; /* begun so far, up to UINT8_MAX */
};

struct rs_cms_piece { /* of content in pieces: its first byte; the low bits */
	uint32_t offset; /* in the content */
	uint32_t at; /* in the wrapping */
};

struct rs_cms {
	struct rs_unwrap u;
	uint64_t end; /* of the value that goes by */
	uint64_t length;
	uint8_t step; /* enum step */
	uint8_t depth; /* elements open */
	uint8_t tag; /* of the element under way: class, form and number; numbers from 31 on are 31 */
	uint8_t more; /* bytes of its length to come */
	uint8_t role; /* of the value that goes by */
	uint8_t type, content; /* enum type: of all, and of what it holds */
	uint8_t oid_len;
	uint8_t oid[12];
	bool done; /* its end was seen */
	bool member, pieces; /* a member is open; its content comes in pieces */
	bool gap; /* bytes of it are missing */
	bool torn; /* missing bytes hold a length */
	struct rs_cms_element open[RS_CMS_DEPTH];
	uint32_t npieces; /* of the member so far, but for empty ones */
	struct rs_cms_piece piece[RS_CMS_PIECES]; /* the last ones, the nth in its place modulo their number */
};

/* Whether a file that begins with these n bytes is one, by its outer type. */
bool rs_cms_is(const uint8_t *p, size_t n);

extern const struct rs_unwrap_reader rs_cms_reader;

#endif
