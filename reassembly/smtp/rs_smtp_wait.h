/* SPDX-License-Identifier: Apache-2.0 */
/* rs_smtp_wait: the replies a server owes, in the order of the commands (RFC 2920 3.1).
 *
 * The first stands in the struct, so that a dialogue in lock step takes no block; the others in a chain of blocks of the
 * pool, given back as they are answered. At most RS_SMTP_WAIT_MAX are kept. What comes on top (or finds no block) is only
 * counted, and stays behind what is kept, so that the order holds. */
#ifndef RS_SMTP_WAIT_H
#define RS_SMTP_WAIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "reassembly/rs_pool.h"

#define RS_SMTP_WAIT_MAX 1024
#define RS_SMTP_WAIT_UNHEARD 64 /* while the server was never heard, as in a capture of one direction */
#define RS_SMTP_NO_TX UINT32_MAX

#define RS_SMTP_AT_MAX ((UINT64_C(1) << 56) - 1)

struct rs_smtp_owed {
	uint64_t at : 56; /* the client's position just behind what is answered; RS_SMTP_AT_MAX: or more */
	uint64_t verb : 7; /* enum rs_smtp_verb */
	uint64_t last : 1; /* CONTENT: of a BDAT LAST; BDAT: a LAST that a server without CHUNKING may refuse unread;
			   * XEXCH50: its bytes were asked for */
	uint32_t tx; /* the transaction's number, or RS_SMTP_NO_TX */
	uint32_t i; /* RCPT: which; CONTENT: the next recipient (LMTP); UNKNOWN: further replies;
		     * BDAT that nobody can count, with LAST: the number of the transaction that it ends, plus 1, or 0: of none;
		     * XEXCH50: how many bytes it announces;
		     * a command that resets: the number of the next transaction at that time */
};

struct rs_smtp_wait {
	struct rs_smtp_owed first;
	void *head, *tail; /* blocks */
	uint32_t lost; /* not kept, behind all others */
	uint16_t kept;
	uint16_t data; /* DATA among the kept */
	bool inlined; /* the oldest of them is `first` */
	uint8_t from; /* in the head block */
	uint8_t to; /* in the tail block */
};

enum rs_smtp_push { RS_PUSH_OK, RS_PUSH_LIMIT, RS_PUSH_NO_BLOCK };

enum rs_smtp_push rs_smtp_wait_push(struct rs_smtp_wait *w, struct rs_pool *blocks, const struct rs_smtp_owed *e,
				    uint32_t max);
/* How many blocks the next push needs: 0 or 1. */
uint32_t rs_smtp_wait_needs(const struct rs_smtp_wait *w);
struct rs_smtp_owed *rs_smtp_wait_head(struct rs_smtp_wait *w); /* NULL: none is kept */
const struct rs_smtp_owed *rs_smtp_wait_peek(const struct rs_smtp_wait *w); /* the same, to look at */
struct rs_smtp_owed *rs_smtp_wait_tail(struct rs_smtp_wait *w); /* the newest, NULL: none, or it was not kept */
void rs_smtp_wait_pop(struct rs_smtp_wait *w, struct rs_pool *blocks);
void rs_smtp_wait_clear(struct rs_smtp_wait *w, struct rs_pool *blocks); /* the counted ones too */

#endif
