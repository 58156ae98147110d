/* SPDX-License-Identifier: Apache-2.0 */
/* mt_parse: a pull parser of rule text: the rules of a file one after the other, of each its header, then its
 * options one by one. It knows the grammar; what the words mean is mt_draft's business.
 *
 * Owner:  one load. Memory: the text is the caller's and stays until mt_parse_free; what is handed out points
 * into the current rule and is good until the next mt_parse_rule. Units: lines from 1, columns in bytes from 1.
 *
 * Grammar (Suricata 7 user guide, "Rules Format"): `action protocol addresses ports direction addresses ports
 * (name; name:value; ...)`. A rule is one line; a backslash before the line's end joins the next one to it. Lines
 * that begin with # or ; are comments. An option ends at the first ; without a backslash before it, also inside
 * quotes, as in Suricata. */
#ifndef MT_PARSE_H
#define MT_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#define MT_PARSE_RULE_MAX 65536 /* bytes of a rule; a longer one is refused */
#define MT_PARSE_LINES_MAX 4096 /* lines joined to one rule; a rule of more is refused */

enum mt_parsed { MT_PARSE_OK, MT_PARSE_END, MT_PARSE_BAD };

struct mt_word { /* part of a rule, not terminated */
	const char *p;
	size_t n;
};

enum mt_header_field { /* in the order in which they are written */
		       MT_HEADER_ACTION,
		       MT_HEADER_PROTOCOL,
		       MT_HEADER_SOURCE,
		       MT_HEADER_SOURCE_PORT,
		       MT_HEADER_DIRECTION,
		       MT_HEADER_TARGET,
		       MT_HEADER_TARGET_PORT,
		       MT_HEADER_FIELDS
};

struct mt_option {
	struct mt_word name;
	struct mt_word value; /* without quotes; escapes stand as written */
	bool has_value, quoted;
	bool negated; /* name:!"value" */
};

struct mt_parse {
	const char *text;
	size_t size, at; /* of the file */
	unsigned line; /* of text[at] */

	char *rule; /* the current rule, its lines joined */
	size_t rule_len, pos;
	struct mt_parse_seam *seams; /* where each line begins in it */
	size_t nseams;

	unsigned bad_line, bad_column; /* of the last MT_PARSE_BAD */
	char reason[256];
	bool no_memory; /* the refusal is not the rule's fault */
};

int mt_parse_init(struct mt_parse *p, const char *text, size_t size); /* 0 or -ENOMEM */
void mt_parse_free(struct mt_parse *p);

/* The next rule. MT_PARSE_BAD: this one cannot even be delimited; the one after it can be asked for. */
enum mt_parsed mt_parse_rule(struct mt_parse *p);
enum mt_parsed mt_parse_header(struct mt_parse *p, struct mt_word header[MT_HEADER_FIELDS]);
/* The next option; MT_PARSE_END after the last. */
enum mt_parsed mt_parse_option(struct mt_parse *p, struct mt_option *o);
/* The sid that a rule gives itself, for the report of one that is refused; 0 if none can be made out. */
unsigned mt_parse_sid(struct mt_parse *p);

/* Notes why the rule is refused, at a byte of it, and answers MT_PARSE_BAD. */
enum mt_parsed mt_parse_fail(struct mt_parse *p, const char *at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
enum mt_parsed mt_parse_fail_memory(struct mt_parse *p);
void mt_parse_place(const struct mt_parse *p, const char *at, unsigned *line, unsigned *column);

int mt_word_shown(struct mt_word w); /* how many bytes of it a message shows */
bool mt_word_is(struct mt_word w, const char *s);
struct mt_word mt_word_trim(struct mt_word w); /* without blanks around it */
/* Cuts the word at the first separator and answers what stood before it, trimmed. False when nothing is left. */
bool mt_word_cut(struct mt_word *rest, char separator, struct mt_word *first);

#endif
