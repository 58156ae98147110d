/* SPDX-License-Identifier: Apache-2.0 */
/* A small ruleset for tests: what mt_rules.h promises to readers, without compiling anything. */
#ifndef CT_FAKE_RULES_H
#define CT_FAKE_RULES_H

#include "matchers/mt_rules.h"

enum { FAKE_LOADER, FAKE_PREFIX, FAKE_ALERT, FAKE_NOALERT, FAKE_PASS, FAKE_BAD_TEXT, FAKE_RULES };
enum { FAKE_KERNEL32, FAKE_ADVAPI32, FAKE_CRITERIA };

extern const struct mt_ruleset *const fake_rules;

#endif
