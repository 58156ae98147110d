/* SPDX-License-Identifier: Apache-2.0 */
/* rs_smtp_tx: the open transactions of a connection, oldest first.
 *
 * One stands in the struct; the others, of which there are some only while replies are owed, in blocks of the pool.
 * Which of many recipients were refused (LMTP answers the content once for each of the others, RFC 2033 4.2) is a
 * bit map in a block, taken at the first refusal; beyond RS_SMTP_REFUSED_MAX recipients all count as accepted. */
#ifndef RS_SMTP_TX_H
#define RS_SMTP_TX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "reassembly/rs_pool.h"

#define RS_SMTP_REFUSED_MAX (1024u * 8u)

enum rs_smtp_tx_flag {
	RS_TX_MAIL_OWED = 1, /* the reply to its MAIL has not come */
	RS_TX_MAIL_REFUSED = 2, /* MAIL was refused, but more of it is owed a reply */
	RS_TX_OPEN = 4, /* its content has begun and not ended */
	RS_TX_DONE = 8, /* its content has ended */
	RS_TX_DROP = 16, /* given up, once nothing of it is owed a reply */
	RS_TX_DEAF = 32, /* the reply to its content will not be known */
	RS_TX_STRAY = 64, /* DROP, and its outcome is unknown */
	RS_TX_TORN = 128, /* bytes of the client went unseen while it was forming: its end may have been among them */
	RS_TX_NO_MAIL = 512, /* its MAIL went unseen, and so far the answer to it */
	RS_TX_UNHEARD = 256, /* replies went unseen: which of its recipients were accepted is not known */
};

struct rs_smtp_tx {
	struct rs_smtp_tx *next; /* newer */
	void *handle; /* the caller's */
	uint8_t *refused; /* bit map of recipients, or NULL: none refused */
	uint32_t n; /* its number */
	uint32_t rcpts;
	uint32_t bound; /* number of the next transaction when it last got a command */
	uint32_t owed : 11; /* replies kept for it in rs_smtp_wait */
	uint32_t
		code : 10; /* of the refusal that decides unless something better comes, or of LMTP's first acceptance */
	uint32_t flags : 10; /* enum rs_smtp_tx_flag */
	uint32_t used : 1; /* rs_smtp_txs' own */
};

struct rs_smtp_txs {
	struct rs_smtp_tx first;
	struct rs_smtp_tx *open; /* oldest */
	struct rs_smtp_tx *newest;
	void *blocks;
};

/* A new one, the newest; NULL: no block was left. */
struct rs_smtp_tx *rs_smtp_txs_add(struct rs_smtp_txs *t, struct rs_pool *blocks, uint32_t n);
uint32_t rs_smtp_txs_needs(const struct rs_smtp_txs *t); /* how many blocks the next one takes: 0 or 1 */
struct rs_smtp_tx *rs_smtp_txs_find(const struct rs_smtp_txs *t, uint32_t n); /* NULL: not open */
void rs_smtp_txs_remove(struct rs_smtp_txs *t, struct rs_pool *blocks, struct rs_smtp_tx *tx);

bool rs_smtp_tx_refuse(struct rs_smtp_tx *tx, struct rs_pool *blocks, uint32_t i); /* false: no block was left */
/* The first recipient from i on that was not refused, or tx->rcpts. */
uint32_t rs_smtp_tx_accepted(const struct rs_smtp_tx *tx, uint32_t i);

#endif
