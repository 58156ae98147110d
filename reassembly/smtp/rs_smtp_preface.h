/* SPDX-License-Identifier: Apache-2.0 */
/* rs_smtp_preface: what a load balancer says before the client does: the header of the PROXY protocol, version 1 or 2
 * (haproxy.org, proxy-protocol.txt, 2.1 and 2.2). No server answers it.
 *
 * Owner: the dialogue. Memory: none. Units: bytes. */
#ifndef RS_SMTP_PREFACE_H
#define RS_SMTP_PREFACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum rs_smtp_preface_state {
	RS_PREFACE_ASK, /* too few bytes to tell */
	RS_PREFACE_LINE, /* version 1: up to LF */
	RS_PREFACE_BINARY, /* version 2: `left` more bytes */
	RS_PREFACE_SEEN, /* it ended just now */
	RS_PREFACE_NONE, /* there is none; the bytes taken are the client's */
};

struct rs_smtp_preface {
	uint16_t left;
	uint8_t n; /* bytes taken, until they tell */
	uint8_t state : 7; /* enum rs_smtp_preface_state */
	bool binary : 1; /* they may begin version 2; else version 1. Nothing begins both */
};

/* Takes bytes of the connection's beginning while they belong to a header, or may. Returns how many; the state says the rest. */
size_t rs_smtp_preface_take(struct rs_smtp_preface *f, const uint8_t *p, size_t n);

/* Whether a connection's first bytes are such a header: 1 yes, 0 no, -1 too few to tell. Never -1 with 12 bytes. */
int rs_smtp_preface_probe(const uint8_t *p, size_t n);

/* Of RS_PREFACE_NONE: the bytes taken, of which there are n. A constant. */
const uint8_t *rs_smtp_preface_taken(const struct rs_smtp_preface *f);

#endif
