/* SPDX-License-Identifier: Apache-2.0 */
#include "control/ct_render.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control/ct_render_private.h"
#include "control/ct_text.h"

int ct_render_create(const struct ct_config *c, const struct mt_ruleset *rs, const struct ct_input *inputs,
		     struct ct_render **out)
{
	struct ct_render *r = calloc(1, sizeof *r);
	if (!r)
		return -ENOMEM;
	r->rules = rs;
	r->inputs = inputs;
	r->magic_wanted = c->files.magic;
	r->members_most = c->limits.archive_members;
	r->community_id_seed = (uint16_t)c->output.community_id_seed;
	ct_charsets_init(&r->charsets);
	const char *name = c->sensor_name ? c->sensor_name : "";
	r->sensor = ct_text_plain((const uint8_t *)name, strlen(name));
	if (!r->sensor) {
		ct_render_free(r);
		return -ENOMEM;
	}
	*out = r;
	return 0;
}

void ct_render_store(struct ct_render *r, struct ct_store *s)
{
	r->store = s;
}

void ct_render_free(struct ct_render *r)
{
	if (!r)
		return;
	ct_charsets_free(&r->charsets);
	ct_magic_free(&r->magic);
	free(r->sensor);
	free(r);
}

char *ct_text_utf8(struct ct_render *r, const uint8_t *p, size_t n)
{
	return ct_text_decode(&r->charsets, p, n);
}

char *ct_name_utf8(struct ct_render *r, uint8_t form, const uint8_t *p, size_t n)
{
	return ct_text_name(&r->charsets, form, p, n);
}

static void format_time(uint64_t ns, const char *format, char out[CT_TIME_SIZE])
{
	time_t seconds = (time_t)(ns / 1000000000u);
	struct tm tm;
	if (!gmtime_r(&seconds, &tm) || !strftime(out, CT_TIME_SIZE, format, &tm))
		out[0] = '\0';
}

void ct_time_eve(uint64_t ns, char out[CT_TIME_SIZE])
{
	char seconds[CT_TIME_SIZE];
	format_time(ns, "%Y-%m-%dT%H:%M:%S", seconds);
	snprintf(out, CT_TIME_SIZE, "%.24s.%06u+0000", seconds, (unsigned)(ns / 1000u % 1000000u));
}

void ct_time_person(uint64_t ns, char out[CT_TIME_SIZE])
{
	format_time(ns, "%Y-%m-%d %H:%M:%S UTC", out);
}

static void free_incident(struct ct_incident *i)
{
	if (!i)
		return;
	ct_view_free(&i->view);
	free(i->input);
	free(i);
}

/* Takes the view's strings, also when it fails. */
static struct ct_incident *make_incident(const struct ct_render *r, const struct ct_record *rec, struct ct_view *v)
{
	struct ct_incident *i = calloc(1, sizeof *i);
	if (!i) {
		ct_view_free(v);
		return NULL;
	}
	i->view = *v;
	i->message = rec->u.message;
	i->flow = rec->flow;
	i->time = rec->time;
	i->pcap_cnt = r->inputs[rec->input].file ? rec->pcap_cnt : 0;
	const char *name = r->inputs[rec->input].name;
	i->input = ct_text_plain((const uint8_t *)name, strlen(name));
	if (!i->input) {
		free_incident(i);
		return NULL;
	}
	return i;
}

struct ct_item *ct_render_record(struct ct_render *r, const struct ct_record *rec)
{
	struct ct_view v;
	struct ct_item *item = calloc(1, sizeof *item);
	if (!item)
		return NULL;
	if (!ct_view_read(&v, &r->charsets, r->rules, &rec->notes)) {
		free(item);
		return NULL;
	}
	item->seq = rec->seq;
	item->first_seq = rec->flow.first_seq;
	item->n = rec->n;
	item->eve = ct_eve_record(r, rec, &v);
	if (!item->eve) {
		ct_view_free(&v);
		free(item);
		return NULL;
	}
	if (rec->kind != CT_MESSAGE) {
		ct_view_free(&v);
		return item;
	}
	item->verdict = rec->u.message.verdict;
	if (item->verdict != CT_INFECTED && item->verdict != CT_SUSPICIOUS) {
		ct_view_free(&v);
		return item;
	}
	item->incident = make_incident(r, rec, &v);
	if (!item->incident) {
		ct_item_free(item);
		return NULL;
	}
	return item;
}

void ct_item_free(struct ct_item *i)
{
	if (!i)
		return;
	free(i->eve);
	free_incident(i->incident);
	free(i);
}
