/* SPDX-License-Identifier: Apache-2.0 */
/* ct_view: a record's notes, read into strings that can be shown.
 *
 * Owner:  the control thread. Memory: heap; rules are borrowed from the ruleset, which must outlive the view. All strings
 * are valid UTF-8 without control characters; NULL: not seen. */
#ifndef CT_VIEW_H
#define CT_VIEW_H

#include "control/ct_buf.h"
#include "control/ct_charset.h"
#include "control/ct_record.h"
#include "matchers/mt_rules.h"
#include "reassembly/facts/rs_exe.h"

struct ct_view_hit {
	struct ct_hit hit;
	const char *criterion; /* the ruleset's text for it; "" where it is not known */
	bool literal;
	char *text; /* as it stood there; "" where that was not kept */
};

struct ct_view_mark {
	struct ct_mark mark;
	const struct mt_rule *rule; /* never NULL: marks whose rule is not known are left out */
	char *part, *file;
	struct ct_list path;
	struct ct_view_hit *hits;
	size_t nhits, hits_size; /* literals first, each kind in the rule's order */
	size_t nliterals;
};

struct ct_view {
	char *helo, *mail_from, *reply;
	char *proxy, *xclient, *xforward; /* the first as of ct_via_proxy */
	struct ct_list rcpt_to;
	char **rcpt_reply; /* of the recipient at that place; NULL, or beyond nrcpt_reply: not seen */
	size_t nrcpt_reply;
	char *from, *subject, *date, *message_id; /* of repeated fields the first */
	struct ct_list to, cc, attachments, errors;
	struct ct_view_mark *marks;
	size_t nmarks, marks_size;
	/* Of a file. */
	char *name, *type, *file_part;
	bool unnamed; /* name is none that it was given */
	bool overrides; /* one of its names holds characters that change the direction of text */
	struct ct_list other_names;
	bool executable;
	struct rs_exe_facts exe;
	struct ct_list sections, imports;
	struct ct_list path;
	uint8_t *head;
	size_t head_len; /* of what libmagic is shown; behind that stands what else is kept */
	size_t content_len, content_size; /* all of it; its room */
	uint32_t lost; /* notes that found no room */
};

/* rs may be NULL. False: out of memory; v is empty then. */
bool ct_view_read(struct ct_view *v, struct ct_charsets *c, const struct mt_ruleset *rs, const struct ct_notes *notes);
void ct_view_free(struct ct_view *v);

/* The mark whose rule decided: that of the first action in the order pass, drop, reject, alert. NULL without marks. */
const struct ct_view_mark *ct_view_deciding(const struct ct_view *v);

#endif
