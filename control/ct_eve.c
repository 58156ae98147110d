/* SPDX-License-Identifier: Apache-2.0 */
/* Records as EVE lines: Suricata's schema, and one object of our own, "mailweir". */
#include <stdlib.h>
#include <string.h>

#include "control/ct_community.h"
#include "control/ct_flow.h"
#include "control/ct_names.h"
#include "control/ct_render_private.h"
#include "control/ct_via.h"

/* Numbers above are not exact in JavaScript, and so in many tools. */
#define FLOW_ID_MASK ((UINT64_C(1) << 53) - 1)

json_t *ct_json_number(uint64_t v)
{
	return json_integer(v > INT64_MAX ? INT64_MAX : (json_int_t)v);
}

json_t *ct_json_array(const struct ct_list *l)
{
	json_t *a = json_array();
	for (size_t i = 0; i < l->n; i++)
		ct_json_append(a, json_string(l->v[i]));
	return a;
}

/* The schema has no empty arrays. */
static void set_array(json_t *object, const char *key, const struct ct_list *l)
{
	if (l->n)
		ct_json_set(object, key, ct_json_array(l));
}

/* An attachment without a name is counted elsewhere (attachments.seen): "" names nothing. */
static void set_names(json_t *object, const char *key, const struct ct_list *l)
{
	json_t *names = NULL;
	for (size_t i = 0; i < l->n; i++) {
		if (!l->v[i][0])
			continue;
		if (!names)
			names = json_array();
		ct_json_append(names, json_string(l->v[i]));
	}
	if (names)
		ct_json_set(object, key, names);
}

static void set_vlan(json_t *o, const struct ct_flow *f)
{
	if (!f->nvlan)
		return;
	json_t *vlan = json_array();
	for (unsigned i = 0; i < f->nvlan && i < 2; i++)
		ct_json_append(vlan, json_integer(f->vlan[i]));
	ct_json_set(o, "vlan", vlan);
}

static const char *proto_name(uint8_t proto)
{
	switch (proto) {
	case 4:
		return "IPv4";
	case 17:
		return "UDP";
	case 41:
		return "IPv6";
	case 47:
		return "GRE";
	case 137:
		return "MPLS-in-IP";
	default:
		return "UNKNOWN";
	}
}

static void set_tunnel(json_t *o, const struct ct_flow *f)
{
	const struct ct_tunnel *t = &f->tunnel;
	char address[CT_ADDRESS_SIZE];
	if (!t->depth)
		return;
	json_t *tunnel = json_object();
	ct_flow_address_full(t->src, address);
	ct_json_set_text(tunnel, "src_ip", address);
	ct_json_set(tunnel, "src_port", json_integer(t->sport));
	ct_flow_address_full(t->dst, address);
	ct_json_set_text(tunnel, "dest_ip", address);
	ct_json_set(tunnel, "dest_port", json_integer(t->dport));
	ct_json_set_text(tunnel, "proto", proto_name(t->proto));
	ct_json_set(tunnel, "depth", json_integer(t->depth));
	ct_json_set(o, "tunnel", tunnel);
}

/* What every record begins with, in Suricata's order. */
json_t *ct_eve_begin(const struct ct_render *r, const struct ct_record *rec, const char *event_type)
{
	const struct ct_flow *f = &rec->flow;
	const struct ct_input *input = &r->inputs[rec->input];
	char time[CT_TIME_SIZE], address[CT_ADDRESS_SIZE], community[CT_COMMUNITY_SIZE];
	json_t *o = json_object();
	ct_time_eve(rec->time, time);
	ct_json_set_text(o, "timestamp", time);
	uint64_t id = f->id & FLOW_ID_MASK;
	ct_json_set(o, "flow_id", ct_json_number(id ? id : 1));
	if (input->file)
		ct_json_set(o, "pcap_cnt", ct_json_number(rec->pcap_cnt));
	ct_json_set_text(o, input->file ? "pcap_filename" : "in_iface", input->name);
	ct_json_set_text(o, "event_type", event_type);
	set_vlan(o, f);
	ct_flow_address_full(f->src, address);
	ct_json_set_text(o, "src_ip", address);
	ct_json_set(o, "src_port", json_integer(f->sport));
	ct_flow_address_full(f->dst, address);
	ct_json_set_text(o, "dest_ip", address);
	ct_json_set(o, "dest_port", json_integer(f->dport));
	ct_json_set_text(o, "proto", "TCP");
	set_tunnel(o, f);
	ct_json_set_text(o, "app_proto", "smtp");
	ct_json_set(o, "tx_id", json_integer(rec->tx_id));
	ct_community_id(f, r->community_id_seed, community);
	if (community[0])
		ct_json_set_text(o, "community_id", community);
	if (r->sensor[0])
		ct_json_set_text(o, "host", r->sensor);
	return o;
}

/* Suricata writes paths with the angle brackets of the command. */
static json_t *bracketed(const char *path)
{
	return json_sprintf("<%s>", path);
}

static json_t *smtp_object(const struct ct_view *v)
{
	json_t *o = json_object();
	ct_json_set_text(o, "helo", v->helo);
	if (v->mail_from)
		ct_json_set(o, "mail_from", bracketed(v->mail_from));
	if (v->rcpt_to.n) {
		json_t *rcpt = json_array();
		for (size_t i = 0; i < v->rcpt_to.n; i++)
			ct_json_append(rcpt, bracketed(v->rcpt_to.v[i]));
		ct_json_set(o, "rcpt_to", rcpt);
	}
	return o;
}

/* The states that Suricata's MIME parser names: all read, in the body, in the header, nothing yet. */
static const char *mime_status(const struct ct_message *m, const struct ct_view *v)
{
	if (m->complete)
		return "PARSE_DONE";
	if (v->from || v->subject || v->date || v->message_id || v->to.n || v->attachments.n)
		return "BODY_STARTED";
	return m->bytes ? "HEADER_STARTED" : "HEADER_READY";
}

static json_t *email_object(const struct ct_message *m, const struct ct_view *v)
{
	json_t *o = json_object();
	ct_json_set_text(o, "status", mime_status(m, v));
	ct_json_set_text(o, "from", v->from);
	set_array(o, "to", &v->to);
	set_array(o, "cc", &v->cc);
	ct_json_set_text(o, "subject", v->subject);
	ct_json_set_text(o, "message_id", v->message_id);
	ct_json_set_text(o, "date", v->date);
	set_names(o, "attachment", &v->attachments);
	return o;
}

static json_t *hit_object(const struct ct_view_hit *h)
{
	json_t *o = json_object();
	ct_json_set_text(o, "criterion", h->criterion[0] ? h->criterion : NULL);
	/* What a regular expression matched is not kept. */
	if (h->literal)
		ct_json_set_text(o, "text", h->text[0] ? h->text : h->criterion);
	ct_json_set(o, "offset", ct_json_number(h->hit.offset));
	if (h->hit.line)
		ct_json_set(o, "line", json_integer(h->hit.line));
	return o;
}

static json_t *mark_object(const struct ct_view_mark *m)
{
	json_t *o = json_object();
	ct_json_set(o, "sid", json_integer(m->rule->sid));
	ct_json_set_text(o, "msg", m->rule->msg);
	ct_json_set_text(o, "class", m->rule->class_name);
	ct_json_set_text(o, "part", m->part);
	ct_json_set_text(o, "file", m->file && m->file[0] ? m->file : NULL);
	ct_json_set(o, "path", ct_json_array(&m->path));
	ct_json_set(o, "offset", ct_json_number(m->mark.offset));
	if (m->mark.line)
		ct_json_set(o, "line", json_integer(m->mark.line));
	json_t *criteria = json_array();
	for (size_t i = 0; i < m->nhits; i++)
		ct_json_append(criteria, hit_object(&m->hits[i]));
	ct_json_set(o, "criteria", criteria);
	return o;
}

/* Those of one rule, or of all where rule is NULL. */
static json_t *marks_array(const struct ct_view *v, const struct mt_rule *rule)
{
	json_t *a = json_array();
	for (size_t i = 0; i < v->nmarks; i++)
		if (!rule || v->marks[i].rule == rule)
			ct_json_append(a, mark_object(&v->marks[i]));
	return a;
}

static json_t *rcpt_reply_array(const struct ct_view *v)
{
	json_t *a = json_array();
	for (size_t i = 0; i < v->rcpt_to.n; i++) {
		const char *reply = i < v->nrcpt_reply ? v->rcpt_reply[i] : NULL;
		ct_json_append(a, reply ? json_string(reply) : json_null());
	}
	return a;
}

static json_t *errors_array(const struct ct_view *v)
{
	json_t *a = ct_json_array(&v->errors);
	if (v->lost)
		ct_json_append(a, json_string("record.text_lost"));
	return a;
}

static void set_reply(json_t *o, const struct ct_message *m, const struct ct_view *v)
{
	if (!m->reply_code)
		return;
	json_t *reply = json_object();
	ct_json_set(reply, "code", json_integer(m->reply_code));
	ct_json_set_text(reply, "text", v->reply ? v->reply : "");
	ct_json_set(o, "reply", reply);
}

static void set_queue_id(json_t *o, const struct ct_message *m, const struct ct_view *v)
{
	if (m->reply_code / 100 != 2 || !v->reply)
		return;
	char *id = ct_queue_id(v->reply);
	ct_json_set_text(o, "queue_id", id);
	free(id);
}

static void set_attributes(json_t *o, const char *key, const char *text)
{
	struct ct_via_attribute a;
	if (!text)
		return;
	json_t *attributes = json_object();
	while (ct_via_next(&text, &a))
		ct_json_set_text(attributes, a.name, a.value);
	ct_json_set(o, key, attributes);
}

/* Whom it came from, as was said by who handed it on: the source above stays TCP's. */
static void set_via(json_t *o, const struct ct_view *v)
{
	char source[64], destination[64];
	unsigned sport, dport;
	if (v->proxy && sscanf(v->proxy, "%63s %u %63s %u", source, &sport, destination, &dport) == 4) {
		json_t *proxy = json_object();
		ct_json_set_text(proxy, "src_ip", source);
		ct_json_set(proxy, "src_port", json_integer(sport));
		ct_json_set_text(proxy, "dest_ip", destination);
		ct_json_set(proxy, "dest_port", json_integer(dport));
		ct_json_set(o, "proxy", proxy);
	}
	set_attributes(o, "xclient", v->xclient);
	set_attributes(o, "xforward", v->xforward);
}

static const char *direction_name(uint8_t d)
{
	return d == CT_DIR_INBOUND ? "inbound" : d == CT_DIR_OUTBOUND ? "outbound" : "unknown";
}

static const char *delivered_name(uint8_t d)
{
	return d == CT_DELIVERED_YES ? "yes" : d == CT_DELIVERED_NO ? "no" : "unknown";
}

/* What our object begins with, beside a message as beside its alerts. */
static json_t *judgement(const struct ct_message *m, const char *class_name)
{
	json_t *o = json_object();
	if (m->incident) {
		char name[CT_INCIDENT_SIZE];
		ct_incident_name(m->incident, name);
		ct_json_set_text(o, "incident", name);
	}
	ct_json_set_text(o, "verdict", ct_verdict_name((enum ct_verdict)m->verdict));
	ct_json_set_text(o, "class", class_name);
	if (m->reason != CT_REASON_NONE)
		ct_json_set_text(o, "reason", ct_reason_name((enum ct_reason)m->reason));
	ct_json_set_text(o, "action", ct_action_name((enum ct_action)m->action));
	if (m->would != CT_ACT_NONE)
		ct_json_set_text(o, "would", ct_action_name((enum ct_action)m->would));
	return o;
}

static void set_source(json_t *o, const struct ct_render *r)
{
	ct_json_set_text(o, "sensor", r->sensor);
	if (r->rules)
		ct_json_set_text(o, "ruleset", mt_ruleset_id(r->rules));
}

static json_t *message_object(const struct ct_render *r, const struct ct_message *m, const struct ct_view *v)
{
	const struct ct_view_mark *deciding = ct_view_deciding(v);
	json_t *o = judgement(m, deciding ? deciding->rule->class_name : NULL);
	ct_json_set(o, "complete", json_boolean(m->complete));
	ct_json_set(o, "bytes", ct_json_number(m->bytes));
	ct_json_set_text(o, "direction", direction_name(m->direction));
	ct_json_set_text(o, "delivered", delivered_name(m->delivered));
	set_reply(o, m, v);
	ct_json_set(o, "rcpt_reply", rcpt_reply_array(v));
	set_queue_id(o, m, v);
	set_via(o, v);
	json_t *attachments = json_object();
	ct_json_set(attachments, "seen", json_integer(m->attachments_seen));
	ct_json_set(attachments, "opened", json_integer(m->attachments_opened));
	ct_json_set(attachments, "matched", json_integer(m->attachments_matched));
	ct_json_set(o, "attachments", attachments);
	ct_json_set(o, "errors", errors_array(v));
	ct_json_set(o, "marks", marks_array(v, NULL));
	set_source(o, r);
	return o;
}

static void put_message(struct ct_render *r, const struct ct_record *rec, const struct ct_view *v, struct ct_buf *out)
{
	const struct ct_message *m = &rec->u.message;
	json_t *o = ct_eve_begin(r, rec, "smtp");
	ct_json_set(o, "smtp", smtp_object(v));
	if (!m->tls)
		ct_json_set(o, "email", email_object(m, v));
	ct_json_set(o, "mailweir", message_object(r, m, v));
	ct_json_line(o, out);
}

/* Suricata's "blocked": a message that was stopped. */
static bool stopped(const struct ct_message *m)
{
	switch ((enum ct_action)m->action) {
	case CT_ACT_REJECT:
	case CT_ACT_DROP:
	case CT_ACT_RESET:
	case CT_ACT_TEMPFAIL:
		return m->delivered != CT_DELIVERED_YES;
	case CT_ACT_NONE:
	case CT_ACT_ALERT:
	case CT_ACT_PASS:
	case CT_ACT_MAX:
		break;
	}
	return false;
}

/* Suricata's metadata: each key once, with all its values. */
static void set_metadata(json_t *alert, const char *const *metadata)
{
	if (!metadata || !metadata[0])
		return;
	json_t *o = json_object();
	for (; metadata[0] && metadata[1]; metadata += 2) {
		json_t *values = json_object_get(o, metadata[0]); /* keys are tokens of the rule language: ASCII */
		if (!values) {
			values = json_array();
			ct_json_set(o, metadata[0], values);
		}
		ct_json_append(values, ct_json_text(metadata[1]));
	}
	ct_json_set(alert, "metadata", o);
}

static json_t *alert_object(const struct mt_rule *rule, const struct ct_message *m)
{
	json_t *o = json_object();
	ct_json_set_text(o, "action", stopped(m) ? "blocked" : "allowed");
	ct_json_set(o, "gid", json_integer(rule->gid));
	ct_json_set(o, "signature_id", json_integer(rule->sid));
	ct_json_set(o, "rev", json_integer(rule->rev));
	ct_json_set_text(o, "signature", rule->msg);
	ct_json_set_text(o, "category", rule->category);
	ct_json_set(o, "severity", json_integer(rule->priority));
	set_metadata(o, rule->metadata);
	return o;
}

static void put_alert(struct ct_render *r, const struct ct_record *rec, const struct ct_view *v,
		      const struct mt_rule *rule, struct ct_buf *out)
{
	const struct ct_message *m = &rec->u.message;
	json_t *o = ct_eve_begin(r, rec, "alert");
	ct_json_set(o, "alert", alert_object(rule, m));
	ct_json_set(o, "smtp", smtp_object(v));
	if (!m->tls)
		ct_json_set(o, "email", email_object(m, v));
	json_t *ours = judgement(m, rule->class_name);
	ct_json_set_text(ours, "direction", direction_name(m->direction));
	ct_json_set_text(ours, "delivered", delivered_name(m->delivered));
	set_queue_id(ours, m, v);
	ct_json_set(ours, "marks", marks_array(v, rule));
	set_source(ours, r);
	ct_json_set(o, "mailweir", ours);
	ct_json_line(o, out);
}

/* One a rule, however many of its marks there are; none where a pass rule took the message out. */
static void put_alerts(struct ct_render *r, const struct ct_record *rec, const struct ct_view *v, struct ct_buf *out)
{
	const struct ct_view_mark *deciding = ct_view_deciding(v);
	if (!deciding || deciding->rule->action == MT_PASS)
		return;
	for (size_t i = 0; i < v->nmarks; i++) {
		const struct mt_rule *rule = v->marks[i].rule;
		size_t first = 0;
		while (v->marks[first].rule != rule)
			first++;
		if (first == i && !rule->noalert)
			put_alert(r, rec, v, rule, out);
	}
}

static json_t *extent(uint64_t offset, uint32_t length)
{
	json_t *o = json_object();
	ct_json_set(o, "offset", ct_json_number(offset));
	ct_json_set(o, "length", ct_json_number(length));
	return o;
}

static json_t *contradiction(const struct ct_render *r, const struct ct_anomaly *a)
{
	json_t *ours = json_object();
	ct_json_set_text(ours, "side", a->to_server ? "client" : "server");
	ct_json_set(ours, "offset", ct_json_number(a->at));
	ct_json_set(ours, "segment", extent(a->offset, a->length));
	ct_json_set(ours, "seen", extent(a->seen_offset, a->seen_length));
	ct_json_set_text(ours, "sensor", r->sensor);
	return ours;
}

static void put_anomaly(struct ct_render *r, const struct ct_record *rec, struct ct_buf *out)
{
	const struct ct_anomaly *a = &rec->u.anomaly;
	json_t *o = ct_eve_begin(r, rec, "anomaly");
	json_t *anomaly = json_object();
	if (!strcmp(a->type, "applayer"))
		ct_json_set_text(anomaly, "app_proto", "smtp");
	ct_json_set_text(anomaly, "type", a->type);
	ct_json_set_text(anomaly, "event", a->event);
	if (a->layer)
		ct_json_set_text(anomaly, "layer", a->layer);
	ct_json_set(o, "anomaly", anomaly);
	if (a->contradicts)
		ct_json_set(o, "mailweir", contradiction(r, a));
	ct_json_line(o, out);
}

char *ct_eve_record(struct ct_render *r, const struct ct_record *rec, const struct ct_view *v)
{
	struct ct_buf out = { 0 };
	switch (rec->kind) {
	case CT_MESSAGE:
		put_message(r, rec, v, &out);
		put_alerts(r, rec, v, &out);
		break;
	case CT_FILE:
		ct_eve_file(r, rec, v, &out);
		break;
	case CT_ANOMALY:
		put_anomaly(r, rec, &out);
		break;
	}
	return ct_buf_take(&out);
}
