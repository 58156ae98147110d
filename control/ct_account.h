/* SPDX-License-Identifier: Apache-2.0 */
/* ct_account: the two sums of the second invariant.
 *
 *   packets:  received = forwarded + dropped (by reason) + consumed + held;  sent = forwarded + injected
 *   messages: seen = clean + infected + suspicious + unscanned (by reason) + open
 *
 * held and open are what has come and not yet had its end: both fall again, and are 0 when the traffic has ended. A worker that
 * hands a packet to another one to be sent counts it as held, the other one counts it as forwarded and as held no more: so every step
 * of any worker keeps the sums, copies of several workers' accounts that were taken one after the other balance when they are added
 * up, and one worker's own `held` may be below 0 (modulo 2^64).
 * Each term is counted where it happens, none is derived from the others.
 * Owner: each worker counts in one of its own; control adds them up. Units: packets, messages. */
#ifndef CT_ACCOUNT_H
#define CT_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "control/ct_record.h"

#define CT_DROP_MAX 24
#define CT_EVENT_MAX 96

struct ct_account {
	uint64_t received, forwarded, consumed, held, sent, injected;
	uint64_t dropped[CT_DROP_MAX]; /* index: names given to ct_account_json */
	uint64_t bytes; /* of the packets received */
	uint64_t seen, open;
	uint64_t verdict[CT_VERDICT_MAX]; /* [CT_UNSCANNED] is not used: the next one is its sum */
	uint64_t unscanned[CT_REASON_MAX];
};

void ct_account_add(struct ct_account *to, const struct ct_account *a);
uint64_t ct_account_dropped(const struct ct_account *a); /* of all reasons */
uint64_t ct_account_unscanned(const struct ct_account *a); /* of all reasons */
bool ct_account_packets_balance(const struct ct_account *a);
bool ct_account_messages_balance(const struct ct_account *a);
/* One port's: of what came in by it. What left by it came in by another. */
bool ct_account_received_balance(const struct ct_account *a);
static inline bool ct_account_balanced(const struct ct_account *a)
{
	return ct_account_packets_balance(a) && ct_account_messages_balance(a);
}

/* A named counter outside the sums: flows, faults of protocols by name, bytes by stage. */
struct ct_counter { const char *group, *name; uint64_t value; };

#endif
