/* SPDX-License-Identifier: Apache-2.0 */
/* The stats event: the account, for a program. */
#include <string.h>

#include "control/ct_render_private.h"

static json_t *count(uint64_t v)
{
	return json_integer(v > INT64_MAX ? INT64_MAX : (json_int_t)v);
}

static json_t *packets(const struct ct_account *a, const char *const *drop_names, size_t ndrops)
{
	json_t *o = json_object(), *dropped = json_object();
	ct_json_set(o, "received", count(a->received));
	ct_json_set(o, "forwarded", count(a->forwarded));
	for (size_t i = 0; i < ndrops && i < CT_DROP_MAX; i++)
		if (drop_names[i])
			ct_json_set(dropped, drop_names[i], count(a->dropped[i]));
	ct_json_set(o, "dropped", dropped);
	ct_json_set(o, "consumed", count(a->consumed));
	ct_json_set(o, "held", count(a->held));
	ct_json_set(o, "sent", count(a->sent));
	ct_json_set(o, "injected", count(a->injected));
	ct_json_set(o, "bytes", count(a->bytes));
	return o;
}

static json_t *messages(const struct ct_account *a)
{
	json_t *o = json_object(), *unscanned = json_object();
	ct_json_set(o, "seen", count(a->seen));
	ct_json_set(o, "clean", count(a->verdict[CT_CLEAN]));
	ct_json_set(o, "infected", count(a->verdict[CT_INFECTED]));
	ct_json_set(o, "suspicious", count(a->verdict[CT_SUSPICIOUS]));
	for (int i = CT_REASON_NONE + 1; i < CT_REASON_MAX; i++)
		ct_json_set(unscanned, ct_reason_name((enum ct_reason)i), count(a->unscanned[i]));
	if (a->unscanned[CT_REASON_NONE]) /* a fault of ours, which the sum must not hide */
		ct_json_set(unscanned, "unknown", count(a->unscanned[CT_REASON_NONE]));
	ct_json_set(o, "unscanned", unscanned);
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

char *ct_render_stats(struct ct_render *r, const struct ct_account *a, const char *const *drop_names, size_t ndrops,
		      const struct ct_counter *counters, size_t ncounters, uint64_t time_ns)
{
	char time[CT_TIME_SIZE];
	json_t *o = json_object(), *stats = json_object(), *decoder = json_object(), *ours = json_object();
	ct_time_eve(time_ns, time);
	ct_json_set_text(o, "timestamp", time);
	ct_json_set_text(o, "event_type", "stats");
	if (r->sensor[0])
		ct_json_set_text(o, "host", r->sensor);
	ct_json_set(decoder, "pkts", count(a->received));
	ct_json_set(decoder, "bytes", count(a->bytes));
	ct_json_set(stats, "decoder", decoder);
	ct_json_set(o, "stats", stats);
	ct_json_set(ours, "packets", packets(a, drop_names, ndrops));
	ct_json_set(ours, "messages", messages(a));
	ct_json_set(ours, "balanced", json_boolean(ct_account_balanced(a)));
	ct_json_set(ours, "counters", groups(counters, ncounters));
	ct_json_set_text(ours, "sensor", r->sensor);
	if (r->rules)
		ct_json_set_text(ours, "ruleset", mt_ruleset_id(r->rules));
	ct_json_set(o, "mailweir", ours);
	struct ct_buf out = { 0 };
	ct_json_line(o, &out);
	return ct_buf_take(&out);
}
