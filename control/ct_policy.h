/* SPDX-License-Identifier: Apache-2.0 */
/* ct_policy: what is to become of a message, of what matched in it and what could not be looked into.
 *
 * Owner: none: a pure function, called by workers at the end of each message. */
#ifndef CT_POLICY_H
#define CT_POLICY_H

#include "control/ct_config.h"

/* actions: bit a is set when a rule with enum mt_action a matched. reasons: bit r, when enum ct_reason r applies.
 * smuggled: it holds what some servers take for its end and others do not.
 *
 * Rules come first, in the order pass, drop, reject; a pass rule takes the message out, whatever else is the matter. Where none of
 * those decides, the strictest policy of its reasons and of smuggling does: drop, reject, tempfail. What is let through after that has
 * CT_ACT_ALERT where an alert rule matched, else CT_ACT_NONE. Returns one of those, CT_ACT_PASS, CT_ACT_DROP, CT_ACT_REJECT or
 * CT_ACT_TEMPFAIL. */
enum ct_action ct_policy_action(const struct ct_config *c, unsigned actions, uint32_t reasons, bool smuggled);

/* Whether it keeps the message from being delivered. */
static inline bool ct_action_stops(enum ct_action a)
{
	return a == CT_ACT_REJECT || a == CT_ACT_DROP || a == CT_ACT_RESET || a == CT_ACT_TEMPFAIL;
}

#endif
