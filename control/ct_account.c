/* SPDX-License-Identifier: Apache-2.0 */
#include "control/ct_account.h"

static uint64_t sum(const uint64_t *v, size_t n)
{
	uint64_t s = 0;
	for (size_t i = 0; i < n; i++)
		s += v[i];
	return s;
}

static void add(uint64_t *to, const uint64_t *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] += v[i];
}

void ct_account_add(struct ct_account *to, const struct ct_account *a)
{
	to->received += a->received;
	to->forwarded += a->forwarded;
	to->consumed += a->consumed;
	to->held += a->held;
	to->sent += a->sent;
	to->injected += a->injected;
	add(to->dropped, a->dropped, CT_DROP_MAX);
	to->bytes += a->bytes;
	to->seen += a->seen;
	to->open += a->open;
	add(to->verdict, a->verdict, CT_VERDICT_MAX);
	add(to->unscanned, a->unscanned, CT_REASON_MAX);
}

uint64_t ct_account_dropped(const struct ct_account *a)
{
	return sum(a->dropped, CT_DROP_MAX);
}

uint64_t ct_account_unscanned(const struct ct_account *a)
{
	return sum(a->unscanned, CT_REASON_MAX);
}

bool ct_account_received_balance(const struct ct_account *a)
{
	return a->received == a->forwarded + ct_account_dropped(a) + a->consumed + a->held;
}

bool ct_account_packets_balance(const struct ct_account *a)
{
	return ct_account_received_balance(a) && a->sent == a->forwarded + a->injected;
}

bool ct_account_messages_balance(const struct ct_account *a)
{
	return a->seen ==
	       a->verdict[CT_CLEAN] + a->verdict[CT_INFECTED] + a->verdict[CT_SUSPICIOUS] + ct_account_unscanned(a) +
		       a->open;
}
