/* SPDX-License-Identifier: Apache-2.0 */
/* ct_order: puts the workers' records into one order that does not depend on how many workers there are.
 *
 * Owner:  the control thread. Memory: items are the heap's.
 * Order:  (seq, first_seq, n). An item may be written when every worker has said that it is done with all
 *         packets up to the item's seq: each worker's progress is a watermark. */
#ifndef CT_ORDER_H
#define CT_ORDER_H

#include "control/ct_render.h"

struct ct_order { struct ct_item **heap; size_t n, size; };

void ct_order_init(struct ct_order *o);
int ct_order_push(struct ct_order *o, struct ct_item *item); /* 0 or -ENOMEM: the caller keeps the item */
/* The next item whose seq is at most watermark, in order; NULL when there is none. The caller owns it. */
struct ct_item *ct_order_pop(struct ct_order *o, uint64_t watermark);
void ct_order_free(struct ct_order *o); /* frees what was not popped */

#endif
