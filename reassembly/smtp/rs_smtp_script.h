/* SPDX-License-Identifier: Apache-2.0 */
/* For tests: dialogues written as strings. Include after cmocka.h. */
#ifndef RS_SMTP_SCRIPT_H
#define RS_SMTP_SCRIPT_H

#include "reassembly/smtp/rs_smtp_play.h"

/* A dialogue is written as pieces, each behind a mark: \036C and \036S what client and server say, \036c and \036s how many
 * bytes of theirs are missing, \036M at the beginning: picked up midstream. */
#define C(text) "\036C" text
#define S(text) "\036S" text
#define CGAP(n) "\036c" #n
#define SGAP(n) "\036s" #n
#define MIDSTREAM "\036M"

#define HELLO S("220 mx\r\n") C("EHLO c.example\r\n") S("250-mx\r\n250 OK\r\n")
#define HELLO_LOG "helo c.example\n"
#define MAIL C("MAIL FROM:<a@x>\r\n") S("250 sok\r\n") C("RCPT TO:<b@y>\r\n") S("250 rok\r\n")
#define MAIL_LOG "+0\n0 from a@x []\n0 MAIL/0 250 sok\n0 to/0 b@y\n0 RCPT/0 250 rok\n"
#define DATA C("DATA\r\n") S("354 go\r\n")
#define DATA_LOG "0 DATA/0 354 go\n0 {\n"
#define OPEN HELLO MAIL DATA
#define OPEN_LOG HELLO_LOG MAIL_LOG DATA_LOG
#define QUEUED S("250 queued\r\n")
#define QUEUED_LOG "0 CONTENT/0 250 queued\n-0 accepted 250 queued\n"
/* Bytes of the content are missing; LOST: and its end, and the answer to that. */
#define TORN OPEN C("be\r\n") CGAP(100)
#define TORN_LOG OPEN_LOG "0 \"be\\r\\n\"\n0 gap 100\n"
#define TORN_LOST_LOG TORN_LOG "0 } by-reply\n-0 unknown\n"
#define QUIT C("QUIT\r\n") S("221 bye\r\n")

struct dialogue {
	const char *name;
	const char *script;
	size_t len;
	const char *log;
};
#define D(name, script, log)                                                                                           \
	{                                                                                                              \
		name, script, sizeof(script) - 1, log                                                                  \
	}

#define PIECES_MAX 256

static inline size_t parse(const struct dialogue *d, struct piece *pieces, bool *midstream)
{
	const uint8_t *p = (const uint8_t *)d->script, *end = p + d->len;
	size_t n = 0;
	*midstream = false;
	while (p < end) {
		assert_int_equal(*p, 036);
		uint8_t mark = p[1];
		p += 2;
		const uint8_t *next = memchr(p, 036, (size_t)(end - p));
		if (!next)
			next = end;
		assert_true(n < PIECES_MAX);
		struct piece *c = &pieces[n];
		*c = (struct piece){ .dir = mark == 'C' || mark == 'c' ? RS_SMTP_CLIENT : RS_SMTP_SERVER };
		if (mark == 'M') {
			*midstream = true;
		} else if (mark == 'c' || mark == 's') {
			c->gap = strtoull((const char *)p, NULL, 10);
			n++;
		} else {
			c->p = p;
			c->n = (size_t)(next - p);
			n++;
		}
		p = next;
	}
	return n;
}

#endif
