/* SPDX-License-Identifier: Apache-2.0 */
/* pg_mail: messages made up for measurements: a header, a line of text, and an attachment wrapped as the mix says.
 *
 * Owner: the caller. Memory: heap. Everything follows from the seed. */
#ifndef PG_MAIL_H
#define PG_MAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pktgen-tests/pg_random.h"

enum pg_mix { PG_BASE64, PG_TEXT, PG_QP, PG_ZIP_STORED, PG_ZIP_DEFLATE, PG_SMALL, PG_MIX_MAX };

struct pg_mail {
	uint8_t *data; /* RFC 5322 message, CRLF, ready for DATA (no line begins with a dot), without the final dot */
	size_t len;
	size_t body, body_len; /* of the attachment's encoded text in data */
	bool program; /* it carries a Windows program's marks */
};

/* Also -1: not a mix. */
int pg_mix_of(const char *name);
const char *pg_mix_name(enum pg_mix mix);

/* program: the attachment begins as a Windows program does and names its libraries. size: of the attachment before encoding. 0 or -ENOMEM. */
int pg_mail_make(struct pg_mail *m, enum pg_mix mix, size_t size, bool program, uint64_t seed);
void pg_mail_free(struct pg_mail *m);

#endif
