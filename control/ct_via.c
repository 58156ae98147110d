/* SPDX-License-Identifier: Apache-2.0 */
#include "control/ct_via.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define BINARY_HEADER 16

static bool of_line(const uint8_t *p, size_t n, char to[CT_VIA_PROXY_MAX])
{
	char line[CT_VIA_PROXY_MAX], source[46], destination[46];
	unsigned sport, dport;
	struct in6_addr any;
	size_t len = strnlen((const char *)p, n);
	if (len >= sizeof line)
		return false;
	memcpy(line, p, len);
	line[len] = '\0';
	int family = strncmp(line, "PROXY TCP6 ", 11) ? AF_INET : AF_INET6;
	if (sscanf(line, "PROXY TCP%*1[46] %45s %45s %5u %5u", source, destination, &sport, &dport) != 4 || sport > 65535 || dport > 65535)
		return false;
	if (inet_pton(family, source, &any) != 1 || inet_pton(family, destination, &any) != 1)
		return false;
	snprintf(to, CT_VIA_PROXY_MAX, "%s %u %s %u", source, sport, destination, dport);
	return true;
}

static unsigned port_at(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static bool of_binary(const uint8_t *p, size_t n, char to[CT_VIA_PROXY_MAX])
{
	char source[INET6_ADDRSTRLEN], destination[INET6_ADDRSTRLEN];
	if (n < BINARY_HEADER || p[12] != 0x21) /* version 2, and not the load balancer's own connection */
		return false;
	const int family = p[13] == 0x11 ? AF_INET : p[13] == 0x21 ? AF_INET6 : AF_UNSPEC;
	const size_t len = family == AF_INET ? 4 : 16, says = port_at(p + 14);
	const uint8_t *a = p + BINARY_HEADER;
	if (family == AF_UNSPEC || says < 2 * len + 4 || n < BINARY_HEADER + 2 * len + 4)
		return false;
	inet_ntop(family, a, source, sizeof source);
	inet_ntop(family, a + len, destination, sizeof destination);
	snprintf(to, CT_VIA_PROXY_MAX, "%s %u %s %u", source, port_at(a + 2 * len), destination, port_at(a + 2 * len + 2));
	return true;
}

bool ct_via_proxy(const uint8_t *p, size_t n, char to[CT_VIA_PROXY_MAX])
{
	return n && p[0] == '\r' ? of_binary(p, n, to) : of_line(p, n, to);
}

static bool is_known(const char *name)
{
	static const char *const names[] = { "name", "addr", "port", "proto", "helo", "login", "destaddr", "destport", "ident", "source" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static void without_xtext(const char *p, size_t n, char *to, size_t size)
{
	size_t len = 0;
	for (size_t i = 0; i < n && len + 1 < size; i++) {
		char c = p[i];
		if (c == '+' && i + 2 < n && digit(p[i + 1]) >= 0 && digit(p[i + 2]) >= 0) {
			c = (char)(digit(p[i + 1]) << 4 | digit(p[i + 2]));
			i += 2;
		}
		/* What is no text ends none either. */
		to[len++] = (unsigned char)c < ' ' ? '?' : c;
	}
	to[len] = '\0';
}

bool ct_via_next(const char **text, struct ct_via_attribute *a)
{
	for (const char *p = *text; *(p += strspn(p, " \t"));) {
		const size_t n = strcspn(p, " \t"), name = strcspn(p, "= \t");
		*text = p + n;
		if (name + 1 < n && name < sizeof a->name) {
			for (size_t i = 0; i < name; i++)
				a->name[i] = (char)(p[i] >= 'A' && p[i] <= 'Z' ? p[i] | 0x20 : p[i]);
			a->name[name] = '\0';
			without_xtext(p + name + 1, n - name - 1, a->value, sizeof a->value);
			if (is_known(a->name) && strcasecmp(a->value, "[UNAVAILABLE]") && strcasecmp(a->value, "[TEMPUNAVAIL]"))
				return true;
		}
		p += n;
	}
	return false;
}
