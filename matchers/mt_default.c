/* SPDX-License-Identifier: Apache-2.0 */
#include "matchers/mt_rules.h"

/* rules/default.rules, made into an array by mt_embed at build time. */
extern const char mt_default_text[];

const char *mt_default_rules(void)
{
	return mt_default_text;
}
