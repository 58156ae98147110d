/* SPDX-License-Identifier: Apache-2.0 */
/* ct_via: whom a message really came from, as who handed the connection on says: the PROXY protocol's header, XCLIENT, XFORWARD.
 *
 * Owner: the control thread. Memory: jansson's. What is said is what was said: nobody vouches for it. */
#ifndef CT_VIA_H
#define CT_VIA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The addresses of a header of version 1 or 2 (proxy-protocol.txt 2.1, 2.2), from its first byte, into "SOURCE PORT DESTINATION PORT".
 * False: it has none, or is cut off. */
#define CT_VIA_PROXY_MAX 128
bool ct_via_proxy(const uint8_t *p, size_t n, char to[CT_VIA_PROXY_MAX]);

/* The next attribute of XCLIENT's or XFORWARD's argument (postfix.org, XCLIENT_README): its name in small letters, and its value
 * without xtext (RFC 3461 4). Only those that the documents know, and whose value is told. False: there are no more. */
struct ct_via_attribute { char name[16]; char value[256]; };
bool ct_via_next(const char **text, struct ct_via_attribute *a);

#endif
