/* SPDX-License-Identifier: Apache-2.0 */
#include "matchers/mt_keyword.h"

#include <string.h>

#include "matchers/mt_class.h"

static void warn(struct mt_reading *r, const char *at, const char *text)
{
	if (*r->d->warning)
		return;
	r->d->warning = text;
	mt_parse_place(r->p, at, &r->d->warning_line, &r->d->warning_column);
}

static enum mt_parsed number(struct mt_reading *r, struct mt_word w, int64_t least, int64_t most, int64_t *out)
{
	bool minus = w.n && *w.p == '-';
	size_t i = minus;
	int64_t v = 0;

	while (i < w.n && w.p[i] >= '0' && w.p[i] <= '9' && v <= UINT32_MAX)
		v = v * 10 + (w.p[i++] - '0');
	if (i == minus)
		return mt_parse_fail(r->p, w.p, "\"%.*s\" expects a number, not \"%.*s\"", mt_word_shown(r->o->name),
				     r->o->name.p, mt_word_shown(w), w.p);
	if (i < w.n && v <= UINT32_MAX)
		return mt_parse_fail(r->p, w.p + i, "\";\" expected after the number");
	if (minus)
		v = -v;
	if (v < least || v > most)
		return mt_parse_fail(r->p, w.p, "\"%.*s\" is a number from %lld to %lld", mt_word_shown(r->o->name),
				     r->o->name.p, (long long)least, (long long)most);
	*out = v;
	return MT_PARSE_OK;
}

static enum mt_parsed number32(struct mt_reading *r, uint32_t *out)
{
	int64_t v;
	if (number(r, r->o->value, 1, UINT32_MAX, &v) != MT_PARSE_OK)
		return MT_PARSE_BAD;
	*out = (uint32_t)v;
	return MT_PARSE_OK;
}

static enum mt_parsed on_msg(struct mt_reading *r)
{
	struct mt_word v = r->o->value;
	char *msg = mt_arena_get(r->a, v.n + 1);
	if (!msg)
		return mt_parse_fail_memory(r->p);
	r->d->rule.msg = msg;
	for (size_t i = 0; i < v.n; i++) {
		if (v.p[i] == '\\' && i + 1 < v.n && strchr("\\\";:", v.p[i + 1]))
			i++;
		else if (v.p[i] == '"')
			return mt_parse_fail(r->p, v.p + i,
					     "a quote inside is written \\\"; is a \";\" missing before it?");
		*msg++ = v.p[i];
	}
	return MT_PARSE_OK;
}

static enum mt_parsed on_sid(struct mt_reading *r)
{
	mt_parse_place(r->p, r->o->value.p, &r->d->sid_line, &r->d->sid_column);
	return number32(r, &r->d->rule.sid);
}

static enum mt_parsed on_rev(struct mt_reading *r)
{
	return number32(r, &r->d->rule.rev);
}

static enum mt_parsed on_gid(struct mt_reading *r)
{
	return number32(r, &r->d->rule.gid);
}

static enum mt_parsed on_priority(struct mt_reading *r)
{
	int64_t v;
	if (number(r, r->o->value, 1, 255, &v) != MT_PARSE_OK)
		return MT_PARSE_BAD;
	r->d->rule.priority = (uint32_t)v;
	return MT_PARSE_OK;
}

static enum mt_parsed on_criteria(struct mt_reading *r)
{
	int64_t v;
	r->criteria_at = r->o->value.p;
	if (number(r, r->o->value, 1, MT_DRAFT_ITEMS_MAX, &v) != MT_PARSE_OK)
		return MT_PARSE_BAD;
	r->d->criteria = (uint32_t)v;
	return MT_PARSE_OK;
}

static enum mt_parsed on_classtype(struct mt_reading *r)
{
	const struct mt_class *c = mt_class_find(r->o->value.p, r->o->value.n);
	r->d->rule.classtype = mt_arena_text(r->a, r->o->value.p, r->o->value.n);
	if (!r->d->rule.classtype)
		return mt_parse_fail_memory(r->p);
	if (!c) {
		warn(r, r->o->value.p, "this classtype is not known: the priority is 3");
		return MT_PARSE_OK;
	}
	r->d->rule.category = c->description;
	/* A priority that was given stands, wherever it was given. */
	if (!r->d->rule.priority)
		r->d->rule.priority = c->priority;
	return MT_PARSE_OK;
}

static enum mt_parsed class_name(struct mt_reading *r, struct mt_word value)
{
	static const char *const known[] = { "mimetype", "loadertype", "executable", "name", "hash", "virus", "rule" };
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (mt_word_is(value, known[i])) {
			r->d->rule.class_name = known[i];
			return MT_PARSE_OK;
		}
	}
	return mt_parse_fail(r->p, value.p,
			     "mailweir_class is one of mimetype, loadertype, executable, name, hash, virus, rule");
}

/* "key value, key value"; several metadata options of a rule add up. */
static enum mt_parsed on_metadata(struct mt_reading *r)
{
	const char *const *old = r->d->rule.metadata;
	struct mt_word rest = r->o->value, pair;
	size_t n = 0, commas = 0;

	while (old && old[n])
		n++;
	for (size_t i = 0; i < rest.n; i++)
		commas += rest.p[i] == ',';
	const char **list = mt_arena_get(r->a, (n + 2 * (commas + 1) + 1) * sizeof *list);
	if (!list)
		return mt_parse_fail_memory(r->p);
	if (n)
		memcpy(list, old, n * sizeof *list);
	while (mt_word_cut(&rest, ',', &pair)) {
		if (!pair.n)
			return mt_parse_fail(r->p, pair.p, "a key expected");
		struct mt_word value = pair;
		while (value.n && *value.p != ' ' && *value.p != '\t') {
			value.p++;
			value.n--;
		}
		struct mt_word key = { pair.p, pair.n - value.n };
		value = mt_word_trim(value);
		if (mt_word_is(key, "mailweir_class") && class_name(r, value) != MT_PARSE_OK)
			return MT_PARSE_BAD;
		list[n++] = mt_arena_text(r->a, key.p, key.n);
		list[n++] = mt_arena_text(r->a, value.p, value.n);
		if (!list[n - 1] || !list[n - 2])
			return mt_parse_fail_memory(r->p);
	}
	r->d->rule.metadata = list;
	return MT_PARSE_OK;
}

/* What is inspected is what a client sends over an established connection, whatever a rule says of it. */
static enum mt_parsed on_flow(struct mt_reading *r)
{
	static const char *const always[] = { "to_server", "from_client", "established",
					      "stateless", "only_stream", "no_frag" };
	static const char *const never[] = { "not_established", "no_stream", "only_frag" };
	struct mt_word rest = r->o->value, w;

	while (mt_word_cut(&rest, ',', &w)) {
		bool known = false;
		for (size_t i = 0; i < sizeof always / sizeof *always; i++)
			known |= mt_word_is(w, always[i]);
		for (size_t i = 0; i < sizeof never / sizeof *never; i++)
			if (mt_word_is(w, never[i]))
				return mt_parse_fail(
					r->p, w.p,
					"flow:%s is not supported: mail is a stream of an established connection",
					never[i]);
		if (mt_word_is(w, "to_client") || mt_word_is(w, "from_server")) {
			known = r->d->never = true;
			warn(r, w.p, "the rule never matches: what it inspects travels to the server");
		}
		if (!known)
			return mt_parse_fail(r->p, w.p, "unknown word \"%.*s\" in flow", mt_word_shown(w), w.p);
	}
	return MT_PARSE_OK;
}

static enum mt_parsed on_reference(struct mt_reading *r)
{
	if (!memchr(r->o->value.p, ',', r->o->value.n))
		return mt_parse_fail(r->p, r->o->value.p, "a reference is written \"type,where\"");
	return MT_PARSE_OK;
}

static enum mt_parsed on_target(struct mt_reading *r)
{
	if (mt_word_is(r->o->value, "src_ip") || mt_word_is(r->o->value, "dest_ip"))
		return MT_PARSE_OK;
	return mt_parse_fail(r->p, r->o->value.p, "target is src_ip or dest_ip");
}

static enum mt_parsed on_noalert(struct mt_reading *r)
{
	r->d->rule.noalert = true;
	return MT_PARSE_OK;
}

static enum mt_parsed on_file_data(struct mt_reading *r)
{
	r->in_buffer = true;
	r->buffer = MT_FILE_DATA;
	return MT_PARSE_OK;
}

static enum mt_parsed on_mail_encoded(struct mt_reading *r)
{
	r->in_buffer = true;
	r->buffer = MT_MAIL_ENCODED;
	return MT_PARSE_OK;
}

static enum mt_parsed on_pkt_data(struct mt_reading *r)
{
	r->in_buffer = false;
	return MT_PARSE_OK;
}

/* A content or pcre: where it looks. */
static enum mt_parsed add_item(struct mt_reading *r, struct mt_item **out)
{
	const char *at = r->o->name.p;

	if (!r->in_buffer)
		return mt_parse_fail(
			r->p, at,
			"\"%.*s\" without a buffer (file.data, mail.encoded) before it looks at the raw stream, "
			"which is not supported",
			mt_word_shown(r->o->name), r->o->name.p);
	if (r->nitems && r->items[0].buffer != r->buffer)
		return mt_parse_fail(r->p, at, "contents in two buffers (%s and %s) in one rule are not supported",
				     mt_buffer_name(r->items[0].buffer), mt_buffer_name(r->buffer));
	if (r->nitems == MT_DRAFT_ITEMS_MAX)
		return mt_parse_fail(r->p, at, "more than %d contents in one rule", MT_DRAFT_ITEMS_MAX);
	*out = &r->items[r->nitems++];
	**out = (struct mt_item){ .buffer = r->buffer, .negated = r->o->negated, .at = r->o->value.p };
	return MT_PARSE_OK;
}

static enum mt_parsed on_content(struct mt_reading *r)
{
	if (add_item(r, &r->content) != MT_PARSE_OK)
		return MT_PARSE_BAD;
	return mt_pattern_content(r->p, r->o->value, r->a, r->content);
}

static enum mt_parsed on_pcre(struct mt_reading *r)
{
	struct mt_item *item = NULL;
	if (add_item(r, &item) != MT_PARSE_OK)
		return MT_PARSE_BAD;
	return mt_pattern_pcre(r->p, r->o->value, r->a, item);
}

static enum mt_parsed modify(struct mt_reading *r, enum mt_modifier m)
{
	const struct mt_option *o = r->o;

	if (!r->content)
		return mt_parse_fail(r->p, o->name.p, "\"%.*s\" needs a content before it", mt_word_shown(o->name),
				     o->name.p);
	if (r->content->given[m])
		return mt_parse_fail(r->p, o->name.p, "\"%.*s\" is given twice for one content", mt_word_shown(o->name),
				     o->name.p);
	r->content->given[m] = o->has_value ? o->value.p : o->name.p;

	const char *const *g = r->content->given;
	bool absolute = g[MT_DEPTH] || g[MT_OFFSET], relative = g[MT_DISTANCE] || g[MT_WITHIN];
	if ((absolute && relative) || (g[MT_STARTSWITH] && (absolute || relative)))
		return mt_parse_fail(
			r->p, o->name.p,
			"one content cannot have two of: startswith; offset and depth; distance and within");
	return MT_PARSE_OK;
}

static enum mt_parsed modify_by(struct mt_reading *r, enum mt_modifier m, int64_t least)
{
	if (modify(r, m) != MT_PARSE_OK)
		return MT_PARSE_BAD;
	return number(r, r->o->value, least, INT32_MAX, &r->content->value[m]);
}

static enum mt_parsed on_nocase(struct mt_reading *r)
{
	return modify(r, MT_NOCASE);
}

static enum mt_parsed on_startswith(struct mt_reading *r)
{
	return modify(r, MT_STARTSWITH);
}

/* Which content is looked for first is Hyperscan's business. */
static enum mt_parsed on_fast_pattern(struct mt_reading *r)
{
	return modify(r, MT_FAST);
}

static enum mt_parsed on_depth(struct mt_reading *r)
{
	return modify_by(r, MT_DEPTH, 1);
}

static enum mt_parsed on_offset(struct mt_reading *r)
{
	return modify_by(r, MT_OFFSET, 0);
}

static enum mt_parsed on_distance(struct mt_reading *r)
{
	return modify_by(r, MT_DISTANCE, -INT32_MAX);
}

static enum mt_parsed on_within(struct mt_reading *r)
{
	return modify_by(r, MT_WITHIN, 1);
}

enum value { NONE, PLAIN, QUOTED, ANY };

static const struct keyword {
	const char *name;
	enum mt_parsed (*read)(struct mt_reading *r); /* NULL: Suricata has it, we do not */
	enum value value;
	bool often; /* may stand more than once */
} keywords[] = {
	/* Those that may stand once come first: each has a bit in mt_reading.seen. */
	{ "msg", on_msg, QUOTED, false },
	{ "sid", on_sid, PLAIN, false },
	{ "rev", on_rev, PLAIN, false },
	{ "gid", on_gid, PLAIN, false },
	{ "classtype", on_classtype, PLAIN, false },
	{ "priority", on_priority, PLAIN, false },
	{ "reference", on_reference, PLAIN, true },
	{ "metadata", on_metadata, PLAIN, true },
	{ "flow", on_flow, PLAIN, false },
	{ "target", on_target, PLAIN, false },
	{ "noalert", on_noalert, NONE, false },
	{ "criteria", on_criteria, PLAIN, false },
	{ "file.data", on_file_data, NONE, true },
	{ "file_data", on_file_data, NONE, true },
	{ "mail.encoded", on_mail_encoded, NONE, true },
	{ "pkt_data", on_pkt_data, NONE, true },
	{ "content", on_content, QUOTED, true },
	{ "pcre", on_pcre, QUOTED, true },
	{ "nocase", on_nocase, NONE, true },
	{ "startswith", on_startswith, NONE, true },
	{ "fast_pattern", on_fast_pattern, ANY, true },
	{ "depth", on_depth, PLAIN, true },
	{ "offset", on_offset, PLAIN, true },
	{ "distance", on_distance, PLAIN, true },
	{ "within", on_within, PLAIN, true },
	{ "endswith", NULL, ANY, true },
	{ "bsize", NULL, ANY, true },
	{ "dsize", NULL, ANY, true },
	{ "isdataat", NULL, ANY, true },
	{ "byte_test", NULL, ANY, true },
	{ "byte_jump", NULL, ANY, true },
	{ "byte_extract", NULL, ANY, true },
	{ "byte_math", NULL, ANY, true },
	{ "flowbits", NULL, ANY, true },
	{ "flowint", NULL, ANY, true },
	{ "threshold", NULL, ANY, true },
	{ "detection_filter", NULL, ANY, true },
	{ "tag", NULL, ANY, true },
	{ "flags", NULL, ANY, true },
	{ "id", NULL, ANY, true },
	{ "window", NULL, ANY, true },
	{ "ttl", NULL, ANY, true },
	{ "rawbytes", NULL, ANY, true },
	{ "replace", NULL, ANY, true },
	{ "base64_decode", NULL, ANY, true },
	{ "base64_data", NULL, ANY, true },
	{ "filesize", NULL, ANY, true },
	{ "fileext", NULL, ANY, true },
	{ "filename", NULL, ANY, true },
	{ "filemagic", NULL, ANY, true },
	{ "filemd5", NULL, ANY, true },
	{ "filesha1", NULL, ANY, true },
	{ "filesha256", NULL, ANY, true },
	{ "filestore", NULL, ANY, true },
	{ "file.name", NULL, ANY, true },
	{ "file.magic", NULL, ANY, true },
	{ "smtp.helo", NULL, ANY, true },
	{ "smtp.mail_from", NULL, ANY, true },
	{ "smtp.rcpt_to", NULL, ANY, true },
	{ "email.from", NULL, ANY, true },
	{ "email.to", NULL, ANY, true },
	{ "email.cc", NULL, ANY, true },
	{ "email.subject", NULL, ANY, true },
	{ "email.date", NULL, ANY, true },
	{ "email.message_id", NULL, ANY, true },
	{ "email.x_mailer", NULL, ANY, true },
	{ "email.url", NULL, ANY, true },
	{ "email.received", NULL, ANY, true },
	{ "lua", NULL, ANY, true },
	{ "xbits", NULL, ANY, true },
	{ "iprep", NULL, ANY, true },
	{ "geoip", NULL, ANY, true },
	{ "app-layer-event", NULL, ANY, true },
	{ "app-layer-protocol", NULL, ANY, true },
	{ "decode-event", NULL, ANY, true },
	{ "stream-event", NULL, ANY, true },
};

static enum mt_parsed check_value(struct mt_reading *r, const struct keyword *k)
{
	const struct mt_option *o = r->o;
	int n = mt_word_shown(o->name);

	if (k->value == NONE && o->has_value)
		return mt_parse_fail(r->p, o->value.p - o->quoted, "\"%.*s\" takes no value", n, o->name.p);
	if ((k->value == PLAIN || k->value == QUOTED) && !o->has_value)
		return mt_parse_fail(r->p, o->name.p + o->name.n, "\":\" and a value expected after \"%.*s\"", n,
				     o->name.p);
	if (k->value == QUOTED && !o->quoted)
		return mt_parse_fail(r->p, o->value.p, "the value of \"%.*s\" stands in quotes", n, o->name.p);
	if (k->value == PLAIN && o->negated)
		return mt_parse_fail(r->p, o->value.p - 1, "\"%.*s\" cannot be negated", n, o->name.p);
	if (o->negated && k->read != on_content && k->read != on_pcre)
		return mt_parse_fail(r->p, o->value.p - 1, "\"%.*s\" cannot be negated", n, o->name.p);
	return MT_PARSE_OK;
}

enum mt_parsed mt_keyword_read(struct mt_reading *r)
{
	const struct mt_option *o = r->o;

	for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++) {
		const struct keyword *k = &keywords[i];
		if (!mt_word_is(o->name, k->name))
			continue;
		if (!k->read)
			return mt_parse_fail(r->p, o->name.p, "keyword \"%s\" is not supported", k->name);
		if (!k->often && r->seen & 1u << i)
			return mt_parse_fail(r->p, o->name.p, "\"%s\" is given twice", k->name);
		if (!k->often)
			r->seen |= 1u << i;
		return check_value(r, k) == MT_PARSE_OK ? k->read(r) : MT_PARSE_BAD;
	}
	return mt_parse_fail(r->p, o->name.p, "unknown keyword \"%.*s\"", mt_word_shown(o->name), o->name.p);
}
