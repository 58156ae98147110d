/* SPDX-License-Identifier: Apache-2.0 */
/* mt_rules: rules in Suricata's language (the part that concerns mail), compiled into one Hyperscan
 * database for each kind of buffer.
 *
 * Owner:  mt_ruleset is made by control and immutable after; all workers read it. Memory: heap, at load.
 * A rule that needs what is not supported is refused by file, line, column and reason; the others load.
 * Supported now: see matchers/README.md. Grammar: Suricata 7 user guide, "Rules". */
#ifndef MT_RULES_H
#define MT_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mt_action { MT_PASS, MT_DROP, MT_REJECT, MT_ALERT, MT_NONE }; /* in the order in which they win; MT_NONE: no rule */

/* A set of actions: bit a stands for enum mt_action a. */
#define MT_ACTION_BIT(a) (1u << (a))
#define MT_ACTIONS (MT_ACTION_BIT(MT_NONE) - 1)

/* The one of the set that wins. */
static inline enum mt_action mt_actions_first(unsigned set)
{
	return set & MT_ACTIONS ? (enum mt_action)__builtin_ctz(set & MT_ACTIONS) : MT_NONE;
}

enum mt_buffer { /* kinds of buffer; each has a database of its own */
	MT_FILE_DATA, /* decoded content of a part or archive member */
	MT_MAIL_ENCODED, /* an attachment's text as it travelled, without white space */
	MT_BUFFER_MAX
};

/* Criteria are numbered from 0 in each buffer kind; equal criteria of several rules are one. */
struct mt_criterion {
	const char *text; /* for a person: "KERNEL32.DLL" (bytes that do not print are left out), or the regex */
	uint32_t literal_len; /* bytes of the literal; 0 for a regex, whose start is not known */
};

struct mt_rule {
	enum mt_action action;
	const char *action_name; /* as written: "reject", "rejectboth", ... */
	uint32_t sid, gid, rev;
	uint32_t priority; /* 1 highest; by classtype, or given; default 3 */
	const char *msg;
	const char *classtype; /* "" where none */
	const char *category; /* the classtype's description, "" where none */
	const char *class_name; /* mailweir.class: by "metadata: mailweir_class X", else "rule" */
	const char *const *metadata; /* key, value, key, value, ... NULL */
	bool noalert;
	enum mt_buffer buffer;
	const char *file; /* where it stands */
	unsigned line;
};

struct mt_refusal { const char *file; unsigned line, column; uint32_t sid; const char *reason; };

struct mt_report { /* of a load; owned by the ruleset, or by mt_report_free when loading failed */
	struct mt_refusal *refused; size_t nrefused;
	struct mt_refusal *warnings; size_t nwarnings;
	size_t loaded;
	void *owned; /* what mt_report_free gives back; NULL after a load that succeeded */
};

struct mt_ruleset;

struct mt_load {
	const char *const *paths; size_t npaths; /* rule files, `default` for the built-in ones; none: those alone */
	const char *cache_dir; /* where compiled databases are kept between runs; NULL: nowhere */
};

/* 0; -errno when a file cannot be read or memory is out (report->refused[0] says which and why). A file with refused rules
 * loads the others: look at report->nrefused. */
int mt_ruleset_load(const struct mt_load *load, struct mt_ruleset **out, struct mt_report *report);
void mt_ruleset_free(struct mt_ruleset *rs);
void mt_report_free(struct mt_report *report);

size_t mt_ruleset_count(const struct mt_ruleset *rs);
const struct mt_rule *mt_ruleset_rule(const struct mt_ruleset *rs, size_t i);
size_t mt_ruleset_criteria(const struct mt_ruleset *rs, enum mt_buffer b);
const struct mt_criterion *mt_ruleset_criterion(const struct mt_ruleset *rs, enum mt_buffer b, size_t i);
/* A short hexadecimal digest of the loaded rules: mailweir.ruleset. */
const char *mt_ruleset_id(const struct mt_ruleset *rs);
/* How many bytes of this buffer any rule can need: 0 when no rule looks at it, UINT64_MAX for all. */
uint64_t mt_ruleset_depth(const struct mt_ruleset *rs, enum mt_buffer b);
/* How many bytes the longest literal of this buffer has, what its parts may have between them counted as it must be. */
uint32_t mt_ruleset_reach(const struct mt_ruleset *rs, enum mt_buffer b);
/* How many bytes of text (rs_row) stand side by side in any such buffer that a rule matches; 0: there need be none. */
uint32_t mt_ruleset_row(const struct mt_ruleset *rs, enum mt_buffer b);
/* Bytes of Hyperscan state a stream of this buffer needs. */
size_t mt_ruleset_stream_size(const struct mt_ruleset *rs, enum mt_buffer b);
/* Whether this buffer's database came from cache_dir. */
bool mt_ruleset_cached(const struct mt_ruleset *rs, enum mt_buffer b);

/* The text of the built-in default rules. */
const char *mt_default_rules(void);

const char *mt_regex_version(void); /* "Hyperscan 5.4.0 ..." or "Vectorscan ..." */
const char *mt_action_name(enum mt_action a);
const char *mt_buffer_name(enum mt_buffer b); /* "file.data", "mail.encoded" */

#endif
