/* SPDX-License-Identifier: Apache-2.0 */
/* ct_render: records made into text: EVE lines and, for a person, the incident.
 *
 * Owner:  the control thread. Memory: heap; libraries may allocate here (jansson, libmagic, iconv, OpenSSL). */
#ifndef CT_RENDER_H
#define CT_RENDER_H

#include <stdio.h>
#include "control/ct_account.h"
#include "control/ct_config.h"
#include "matchers/mt_rules.h"

struct ct_input { const char *name; bool file; }; /* a capture file's path (pcap_filename), or a port's name (in_iface) */

struct ct_store;
struct ct_render; /* caches: libmagic's cookie, iconv descriptors, the sensor's name */

/* inputs may grow while rendering goes on (read opens files one after the other): ct_render reads inputs[record->input]. */
int ct_render_create(const struct ct_config *c, const struct mt_ruleset *rs, const struct ct_input *inputs, struct ct_render **out);
/* From now on files are kept there; the store is the caller's, who closes it when rendering has ended. */
void ct_render_store(struct ct_render *r, struct ct_store *s);
void ct_render_free(struct ct_render *r);

struct ct_item { /* what is left of a record: ordered, then written */
	struct ct_item *next;
	uint64_t seq, first_seq;
	uint32_t n;
	uint8_t verdict; /* of a message, for counting what was written */
	char *eve; /* one or more lines, each ended by \n; NULL none. A message: smtp, then its alerts */
	struct ct_incident *incident; /* of an infected or suspicious message, for the summary; NULL otherwise. Borrows from the ruleset */
};

struct ct_item *ct_render_record(struct ct_render *r, const struct ct_record *rec); /* NULL: out of memory */
void ct_item_free(struct ct_item *i);

struct ct_port_stats {
	const char *name;
	struct ct_account account;
	uint64_t missed; /* packets lost before we saw them */
	bool up;
	const uint64_t *queues; /* frames received by each of nqueues; NULL: none known */
	size_t nqueues;
};

struct ct_stats { /* what the stats event tells */
	struct ct_account account; /* of all workers, all ports */
	const char *const *drop_names;
	size_t ndrops;
	const struct ct_counter *counters; /* outside the sums */
	size_t ncounters;
	const struct ct_port_stats *ports; /* none: captures */
	size_t nports;
	uint64_t uptime; /* seconds; with ports only, as what follows */
	uint64_t records_lost;
	uint64_t time; /* nanoseconds since 1970 */
};

/* The stats event: one line, ended by \n. Caller frees. Any thread: of r it only reads what never changes.
 * While traffic goes on, `seen` counts the messages whose outcome is known, and `open` those in progress. */
char *ct_render_stats(struct ct_render *r, const struct ct_stats *s);
/* Both sums, and the first for each port. */
bool ct_stats_balanced(const struct ct_stats *s);

struct ct_style { bool colour; unsigned width; }; /* of the terminal, or of a file: no colour, 80 */

/* The incident as a block of lines: who, to whom, subject, file, why, what became of it. */
void ct_print_incident(FILE *to, const struct ct_incident *i, struct ct_style style);
/* The account: both sums, every term that is not zero, and whether they hold. */
void ct_print_account(FILE *to, const struct ct_account *a, const char *const *drop_names, size_t ndrops,
                      const struct ct_counter *counters, size_t ncounters, const struct mt_ruleset *rs, size_t refused, struct ct_style style);

/* Raw header text (RFC 2047 encoded words, raw 8-bit) to UTF-8, control characters made visible. Caller frees; never NULL except
 * when out of memory. */
char *ct_text_utf8(struct ct_render *r, const uint8_t *p, size_t n);

/* A name as notes keep it (sub: enum rs_name_form; charset NUL name) to UTF-8. */
char *ct_name_utf8(struct ct_render *r, uint8_t form, const uint8_t *p, size_t n);

#endif
