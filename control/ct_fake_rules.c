/* SPDX-License-Identifier: Apache-2.0 */
#include "control/ct_fake_rules.h"

struct mt_ruleset {
	const char *id;
};

static const struct mt_ruleset fake = { "0123abcd" };
const struct mt_ruleset *const fake_rules = &fake;

static const char *const loader_metadata[] = { "mailweir_class", "loadertype", "tag", "slides", "tag", "2004", NULL };

/* clang-format off */
static const struct mt_rule rules[FAKE_RULES] = {
	[FAKE_LOADER] = { .action = MT_REJECT, .action_name = "reject", .sid = 9000020, .gid = 1, .rev = 3, .priority = 1,
	                  .msg = "Windows loader names in an attachment", .classtype = "trojan-activity",
	                  .category = "A Network Trojan was detected", .class_name = "loadertype",
	                  .metadata = loader_metadata, .buffer = MT_FILE_DATA, .file = "default.rules", .line = 20 },
	[FAKE_PREFIX] = { .action = MT_DROP, .action_name = "drop", .sid = 9000001, .gid = 1, .rev = 1, .priority = 1,
	                  .msg = "Windows executable in base64", .classtype = "", .category = "", .class_name = "mimetype",
	                  .buffer = MT_MAIL_ENCODED, .file = "default.rules", .line = 1 },
	[FAKE_ALERT] = { .action = MT_ALERT, .action_name = "alert", .sid = 9000030, .gid = 1, .rev = 1, .priority = 3,
	                 .msg = "Loader names in text", .classtype = "", .category = "", .class_name = "rule",
	                 .buffer = MT_FILE_DATA, .file = "default.rules", .line = 30 },
	[FAKE_NOALERT] = { .action = MT_ALERT, .action_name = "alert", .sid = 9000031, .gid = 1, .rev = 1, .priority = 3,
	                   .msg = "Silent", .classtype = "", .category = "", .class_name = "rule", .noalert = true,
	                   .buffer = MT_FILE_DATA, .file = "default.rules", .line = 31 },
	[FAKE_PASS] = { .action = MT_PASS, .action_name = "pass", .sid = 9000040, .gid = 1, .rev = 1, .priority = 3,
	                .msg = "Known good", .classtype = "", .category = "", .class_name = "rule",
	                .buffer = MT_FILE_DATA, .file = "default.rules", .line = 40 },
	[FAKE_BAD_TEXT] = { .action = MT_ALERT, .action_name = "alert", .sid = 9000050, .gid = 1, .rev = 1, .priority = 3,
	                    .msg = "Fr\xf6sche", .classtype = "", .category = "", .class_name = "rule",
	                    .buffer = MT_FILE_DATA, .file = "latin1.rules", .line = 1 },
};
/* clang-format on */

static const struct mt_criterion criteria[FAKE_CRITERIA] = {
	[FAKE_KERNEL32] = { "KERNEL32.DLL", 12 },
	[FAKE_ADVAPI32] = { "ADVAPI32.DLL", 12 },
};

size_t mt_ruleset_count(const struct mt_ruleset *rs)
{
	(void)rs;
	return FAKE_RULES;
}

const struct mt_rule *mt_ruleset_rule(const struct mt_ruleset *rs, size_t i)
{
	(void)rs;
	return &rules[i];
}

size_t mt_ruleset_criteria(const struct mt_ruleset *rs, enum mt_buffer b)
{
	(void)rs;
	return b == MT_FILE_DATA ? FAKE_CRITERIA : 0;
}

const struct mt_criterion *mt_ruleset_criterion(const struct mt_ruleset *rs, enum mt_buffer b, size_t i)
{
	(void)rs;
	(void)b;
	return &criteria[i];
}

const char *mt_ruleset_id(const struct mt_ruleset *rs)
{
	return rs->id;
}
