/* SPDX-License-Identifier: Apache-2.0 */
#include "control/ct_names.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void ct_incident_name(uint64_t incident, char out[CT_INCIDENT_SIZE])
{
	static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	char *to = out;
	for (int i = 12; i >= 0; i--) {
		*to++ = digits[incident >> (5 * i) & 31];
		if (i == 9 || i == 5)
			*to++ = '-';
	}
	*to = '\0';
}

static size_t word(const char *s)
{
	return strcspn(s, " \t");
}

/* The word at s, without the punctuation of the sentence that it stands in. */
static char *id(const char *s, size_t n)
{
	while (n && strchr("<(\"':;", s[0])) {
		s++;
		n--;
	}
	while (n && strchr(">)\"'.,;:", s[n - 1]))
		n--;
	return n ? strndup(s, n) : NULL;
}

/* "2.0.0", "2.6.0:": an enhanced status code (RFC 3463). */
static bool is_status(const char *s, size_t n)
{
	int dots = 0;
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '.')
			dots++;
		else if (!isdigit((unsigned char)s[i]) && s[i] != ':')
			return false;
	}
	return n && dots == 2;
}

/* The word before p, when it can be an id. */
static char *word_before(const char *text, const char *p)
{
	const char *end = p;
	while (end > text && isblank((unsigned char)end[-1]))
		end--;
	const char *start = end;
	while (start > text && !isblank((unsigned char)start[-1]))
		start--;
	size_t n = (size_t)(end - start);
	if (!n || is_status(start, n) || (n <= 3 && !strncasecmp(start, "ok", 2)) || (n == 1 && *start == '-'))
		return NULL;
	return id(start, n);
}

static char *word_after(const char *text, const char *phrase)
{
	const char *p = strcasestr(text, phrase);
	if (!p)
		return NULL;
	p += strlen(phrase);
	p += strspn(p, " \t");
	return id(p, word(p));
}

/* qmail: "ok 1206125712 qp 21317": the time and the number of qmail-queue's process, both in its log. */
static char *qmail(const char *text)
{
	const char *p = strcasestr(text, "ok ");
	if (!p)
		return NULL;
	p += 3;
	size_t time = strspn(p, "0123456789");
	if (!time || strncmp(p + time, " qp ", 4))
		return NULL;
	size_t pid = strspn(p + time + 4, "0123456789");
	return pid ? strndup(p, time + 4 + pid) : NULL;
}

/* Exchange: "2.6.0 <message-id> [InternalId=4711, Hostname=mail.example] Queued mail for delivery" */
static char *exchange(const char *text)
{
	static const char key[] = "[InternalId=";
	const char *p = strcasestr(text, key);
	if (!p)
		return NULL;
	p += strlen(key);
	return id(p, strcspn(p, ", ]"));
}

char *ct_queue_id(const char *reply)
{
	char *found;
	const char *p;
	if ((found = word_after(reply, "queued as ")) || (found = exchange(reply)) || (found = qmail(reply)))
		return found;
	if ((found = word_after(reply, "OK id=")))
		return found;
	if ((p = strcasestr(reply, "Message accepted")))
		return word_before(reply, p);
	if ((p = strcasestr(reply, "- gsmtp")))
		return word_before(reply, p);
	return NULL;
}
