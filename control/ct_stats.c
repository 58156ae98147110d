/* SPDX-License-Identifier: Apache-2.0 */
/* The stats event: the account, for a program. */
#include <string.h>

#include "control/ct_render_private.h"

static json_t *count(uint64_t v)
{
	return json_integer(v > INT64_MAX ? INT64_MAX : (json_int_t)v);
}

/* What falls again may be below 0 for a moment, in copies of several workers' accounts: see ct_account.h. */
static json_t *level(uint64_t v)
{
	return json_integer((json_int_t)v);
}

static json_t *packets(const struct ct_stats *s, const struct ct_account *a)
{
	json_t *o = json_object(), *dropped = json_object();
	ct_json_set(o, "received", count(a->received));
	ct_json_set(o, "forwarded", count(a->forwarded));
	for (size_t i = 0; i < s->ndrops && i < CT_DROP_MAX; i++)
		if (s->drop_names[i])
			ct_json_set(dropped, s->drop_names[i], count(a->dropped[i]));
	ct_json_set(o, "dropped", dropped);
	ct_json_set(o, "consumed", count(a->consumed));
	ct_json_set(o, "held", level(a->held));
	ct_json_set(o, "sent", count(a->sent));
	ct_json_set(o, "injected", count(a->injected));
	ct_json_set(o, "bytes", count(a->bytes));
	return o;
}

static json_t *ports(const struct ct_stats *s)
{
	json_t *o = json_object();
	for (size_t i = 0; i < s->nports; i++) {
		json_t *port = packets(s, &s->ports[i].account);
		ct_json_set(port, "missed", count(s->ports[i].missed));
		if (s->ports[i].nqueues) {
			json_t *each = json_array();
			for (size_t q = 0; q < s->ports[i].nqueues; q++)
				ct_json_append(each, count(s->ports[i].queues[q]));
			ct_json_set(port, "rx_queues", each);
		}
		ct_json_set(port, "link", json_string(s->ports[i].up ? "up" : "down"));
		ct_json_set(o, s->ports[i].name, port);
	}
	return o;
}

static json_t *messages(const struct ct_account *a, bool live)
{
	json_t *o = json_object(), *unscanned = json_object();
	ct_json_set(o, "seen", count(a->seen - (live ? a->open : 0)));
	ct_json_set(o, "clean", count(a->verdict[CT_CLEAN]));
	ct_json_set(o, "infected", count(a->verdict[CT_INFECTED]));
	ct_json_set(o, "suspicious", count(a->verdict[CT_SUSPICIOUS]));
	for (int i = CT_REASON_NONE + 1; i < CT_REASON_MAX; i++)
		ct_json_set(unscanned, ct_reason_name((enum ct_reason)i), count(a->unscanned[i]));
	if (a->unscanned[CT_REASON_NONE]) /* a fault of ours, which the sum must not hide */
		ct_json_set(unscanned, "unknown", count(a->unscanned[CT_REASON_NONE]));
	ct_json_set(o, "unscanned", unscanned);
	if (live)
		ct_json_set(o, "open", level(a->open));
	return o;
}

static json_t *groups(const struct ct_counter *counters, size_t n)
{
	json_t *o = json_object();
	for (size_t i = 0; i < n; i++) {
		json_t *group = json_object_get(o, counters[i].group);
		if (!group) {
			group = json_object();
			ct_json_set(o, counters[i].group, group);
		}
		ct_json_set(group, counters[i].name, count(counters[i].value));
	}
	return o;
}

bool ct_stats_balanced(const struct ct_stats *s)
{
	for (size_t i = 0; i < s->nports; i++)
		if (!ct_account_received_balance(&s->ports[i].account))
			return false;
	return ct_account_balanced(&s->account);
}

/* Suricata's own. */
static json_t *suricata(const struct ct_stats *s)
{
	json_t *o = json_object(), *decoder = json_object();
	if (s->nports) {
		json_t *capture = json_object();
		uint64_t missed = 0;
		for (size_t i = 0; i < s->nports; i++)
			missed += s->ports[i].missed;
		ct_json_set(capture, "kernel_packets", count(s->account.received + missed));
		ct_json_set(capture, "kernel_drops", count(missed));
		ct_json_set(o, "uptime", count(s->uptime));
		ct_json_set(o, "capture", capture);
	}
	ct_json_set(decoder, "pkts", count(s->account.received));
	ct_json_set(decoder, "bytes", count(s->account.bytes));
	ct_json_set(o, "decoder", decoder);
	return o;
}

char *ct_render_stats(struct ct_render *r, const struct ct_stats *s)
{
	char time[CT_TIME_SIZE];
	json_t *o = json_object(), *ours = json_object();
	ct_time_eve(s->time, time);
	ct_json_set_text(o, "timestamp", time);
	ct_json_set_text(o, "event_type", "stats");
	if (r->sensor[0])
		ct_json_set_text(o, "host", r->sensor);
	ct_json_set(o, "stats", suricata(s));
	json_t *all = packets(s, &s->account);
	if (s->nports)
		ct_json_set(all, "ports", ports(s));
	ct_json_set(ours, "packets", all);
	ct_json_set(ours, "messages", messages(&s->account, s->nports > 0));
	ct_json_set(ours, "balanced", json_boolean(ct_stats_balanced(s)));
	ct_json_set(ours, "counters", groups(s->counters, s->ncounters));
	if (s->nports)
		ct_json_set(ours, "records_lost", count(s->records_lost));
	ct_json_set_text(ours, "sensor", r->sensor);
	if (r->rules)
		ct_json_set_text(ours, "ruleset", mt_ruleset_id(r->rules));
	ct_json_set(o, "mailweir", ours);
	struct ct_buf out = { 0 };
	ct_json_line(o, &out);
	return ct_buf_take(&out);
}
