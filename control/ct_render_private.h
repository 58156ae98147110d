/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that render share. */
#ifndef CT_RENDER_PRIVATE_H
#define CT_RENDER_PRIVATE_H

#include <jansson.h>

#include "control/ct_charset.h"
#include "control/ct_magic.h"
#include "control/ct_render.h"
#include "control/ct_store.h"
#include "control/ct_view.h"

#define CT_TIME_SIZE 40

struct ct_render {
	const struct mt_ruleset *rules; /* may be NULL */
	const struct ct_input *inputs;
	char *sensor; /* UTF-8 */
	bool magic_wanted;
	struct ct_store *store; /* NULL: no file is kept. The caller's */
	unsigned members_most; /* that are told of an archive */
	uint16_t community_id_seed;
	struct ct_charsets charsets;
	struct ct_magic magic;
};

struct ct_incident { /* what the summary says of one message; owns its strings */
	struct ct_view view;
	struct ct_message message;
	struct ct_flow flow;
	uint64_t time, pcap_cnt;
	char *input;
};

/* "2024-01-31T12:00:00.123456+0000", as Suricata writes it, in UTC; "2024-01-31 12:00:00 UTC" */
void ct_time_eve(uint64_t ns, char out[CT_TIME_SIZE]);
void ct_time_person(uint64_t ns, char out[CT_TIME_SIZE]);

/* The lines of one record; NULL: out of memory. */
char *ct_eve_record(struct ct_render *r, const struct ct_record *rec, const struct ct_view *v);
/* What every record begins with. */
json_t *ct_eve_begin(const struct ct_render *r, const struct ct_record *rec, const char *event_type);
/* A file's line. */
void ct_eve_file(struct ct_render *r, const struct ct_record *rec, const struct ct_view *v, struct ct_buf *out);

/* JSON. Each takes value; a NULL value, or none to be had, is remembered for the thread and makes the line fail, for a record
 * that misses a key would say something else. */
void ct_json_set(json_t *object, const char *key, json_t *value);
void ct_json_append(json_t *array, json_t *value);
json_t *ct_json_number(uint64_t v);
json_t *ct_json_array(const struct ct_list *l);
json_t *ct_json_text(const char *text); /* what is no UTF-8 is guessed */
void ct_json_set_text(json_t *object, const char *key, const char *text); /* NULL: the key is left out */
bool ct_json_line(json_t *object, struct ct_buf *to); /* takes object; adds one line; false: to->failed */

#endif
