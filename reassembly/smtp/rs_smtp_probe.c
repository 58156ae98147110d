/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/smtp/rs_smtp.h"

#include <string.h>

/* A greeting: 220, or a refusal (RFC 5321 4.3.2). */
static int probe_server(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n && i < 4; i++) {
		bool ok;
		if (i == 0)
			ok = p[0] == '2' || p[0] == '4' || p[0] == '5';
		else if (i == 3)
			ok = p[3] == ' ' || p[3] == '-' || p[3] == '\r' || p[3] == '\n';
		else if (p[0] == '2')
			ok = p[i] == "220"[i];
		else
			ok = p[i] >= '0' && p[i] <= '9';
		if (!ok)
			return 0;
	}
	return n < 4 ? -1 : 1;
}

/* What clients of POP3 or FTP say too. */
static bool common(uint8_t verb)
{
	return verb == RS_VERB_RSET || verb == RS_VERB_NOOP || verb == RS_VERB_QUIT || verb == RS_VERB_HELP ||
	       verb == RS_VERB_AUTH;
}

static int probe_client(const uint8_t *p, size_t n)
{
	while (n) {
		const uint8_t *lf = memchr(p, '\n', n);
		size_t len = lf ? (size_t)(lf - p) : n;
		size_t body = lf && len && p[len - 1] == '\r' ? len - 1 : len;
		int reads = rs_smtp_command_reads(p, body, lf);
		if (reads <= 0)
			return reads;
		if (!common(rs_smtp_command_parse(p, body).verb))
			return 1;
		if (!lf)
			return -1;
		p += len + 1;
		n -= len + 1;
	}
	return -1;
}

int rs_smtp_probe(enum rs_smtp_dir dir, const uint8_t *p, size_t n)
{
	return dir == RS_SMTP_SERVER ? probe_server(p, n) : probe_client(p, n);
}
