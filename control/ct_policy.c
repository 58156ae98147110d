/* SPDX-License-Identifier: Apache-2.0 */
#include "control/ct_policy.h"

#include "matchers/mt_rules.h"

static bool matched(unsigned actions, enum mt_action a)
{
	return actions & (1u << a);
}

/* From the mildest to the strictest, as their names are listed. */
_Static_assert(CT_POLICY_PASS < CT_POLICY_TEMPFAIL && CT_POLICY_TEMPFAIL < CT_POLICY_REJECT && CT_POLICY_REJECT < CT_POLICY_DROP,
	       "compared");

static enum ct_policy strictest(const struct ct_config *c, uint32_t reasons, bool smuggled)
{
	enum ct_policy p = smuggled ? c->policy[CT_POLICY_SMUGGLING] : CT_POLICY_PASS;
	for (unsigned r = CT_REASON_NONE + 1; r < CT_REASON_MAX; r++)
		if ((reasons & (1u << r)) && c->policy[r] > p)
			p = c->policy[r];
	return p;
}

enum ct_action ct_policy_action(const struct ct_config *c, unsigned actions, uint32_t reasons, bool smuggled)
{
	if (matched(actions, MT_PASS))
		return CT_ACT_PASS;
	if (matched(actions, MT_DROP))
		return CT_ACT_DROP;
	if (matched(actions, MT_REJECT))
		return CT_ACT_REJECT;
	switch (strictest(c, reasons, smuggled)) {
	case CT_POLICY_DROP:
		return CT_ACT_DROP;
	case CT_POLICY_REJECT:
		return CT_ACT_REJECT;
	case CT_POLICY_TEMPFAIL:
		return CT_ACT_TEMPFAIL;
	case CT_POLICY_PASS:
		break;
	}
	return matched(actions, MT_ALERT) ? CT_ACT_ALERT : CT_ACT_NONE;
}
