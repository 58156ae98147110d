/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration file, read event by event (libyaml) against the table of keys. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "control/ct_config_keys.h"
#include "control/ct_text.h"

#define FILE_MAX (1024 * 1024)
#define QUOTE_MAX 60 /* bytes of a wrong key or value that are shown */
#define LIST_MAX 1024

struct reader {
	yaml_parser_t parser;
	yaml_event_t event; /* the one to be looked at */
	bool have;
	struct ct_config *config;
	const char *file;
	const char *buf;
	size_t len;
	char *err;
	size_t err_size;
	size_t *seen; /* line in which each key was set, from 1; 0: not yet */
	size_t *section_seen;
};

static int __attribute__((format(printf, 3, 4))) refuse_at(struct reader *r, yaml_mark_t mark, const char *format, ...)
{
	struct ct_buf b = { 0 };
	char *s = NULL;
	va_list ap;
	va_start(ap, format);
	if (vasprintf(&s, format, ap) < 0)
		s = NULL;
	va_end(ap);
	ct_buf_printf(&b, "%s:%zu:%zu: %s", r->file, mark.line + 1, mark.column + 1, s ? s : "");
	free(s);
	/* It quotes from the file: nothing in it may break the line or the terminal. */
	char *line = b.failed ? NULL : ct_text_plain((const uint8_t *)b.p, b.n);
	ct_buf_free(&b);
	snprintf(r->err, r->err_size, "%s", line ? line : "out of memory");
	free(line);
	return -EINVAL;
}

static int refuse_memory(struct reader *r)
{
	snprintf(r->err, r->err_size, "%s: out of memory", r->file);
	return -ENOMEM;
}

/* Where a byte stands: its reader, which stops before lines are counted, says only how many bytes were before it. */
static yaml_mark_t mark_of(const struct reader *r, size_t offset)
{
	yaml_mark_t mark = { 0 };
	for (size_t i = 0; i < offset && i < r->len; i++) {
		if (r->buf[i] == '\n') {
			mark.line++;
			mark.column = 0;
		} else if (((uint8_t)r->buf[i] & 0xc0) != 0x80) {
			mark.column++;
		}
	}
	return mark;
}

static int refuse_yaml(struct reader *r)
{
	if (r->parser.error == YAML_MEMORY_ERROR)
		return refuse_memory(r);
	if (r->parser.error == YAML_READER_ERROR)
		return refuse_at(r, mark_of(r, r->parser.problem_offset), "not valid YAML: %s, expected UTF-8 text",
				 r->parser.problem);
	return refuse_at(r, r->parser.problem_mark,
			 "not valid YAML: %s%s%s, expected \"section:\" and, indented, \"key: value\"",
			 r->parser.context ? r->parser.context : "", r->parser.context ? ", " : "", r->parser.problem);
}

/* The next event; it stays until the following call. */
static int advance(struct reader *r)
{
	if (r->have)
		yaml_event_delete(&r->event);
	r->have = false;
	if (!yaml_parser_parse(&r->parser, &r->event))
		return refuse_yaml(r);
	r->have = true;
	if (r->event.type == YAML_ALIAS_EVENT)
		return refuse_at(r, r->event.start_mark, "an alias, which is not supported, expected the value itself");
	return 0;
}

static const char *kind_of(const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_MAPPING_START_EVENT:
		return "a mapping";
	case YAML_SEQUENCE_START_EVENT:
		return "a list";
	case YAML_SCALAR_EVENT:
		return "a single value";
	default:
		return "nothing";
	}
}

static const char *scalar(const yaml_event_t *e)
{
	return (const char *)e->data.scalar.value;
}

static bool is_empty(const yaml_event_t *e)
{
	return e->type == YAML_SCALAR_EVENT && e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	       (!e->data.scalar.length || !strcmp(scalar(e), "~") || !strcmp(scalar(e), "null"));
}

static bool holds_nul(const yaml_event_t *e)
{
	return memchr(scalar(e), '\0', e->data.scalar.length) != NULL;
}

/* How many single changes make a of b (Levenshtein); more than QUOTE_MAX: too long to be a slip. */
static size_t distance(const char *a, const char *b)
{
	size_t n = strlen(b), row[QUOTE_MAX + 1];
	if (strlen(a) > QUOTE_MAX || n > QUOTE_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 0; a[i]; i++) {
		size_t diagonal = row[0];
		row[0] = i + 1;
		for (size_t j = 1; j <= n; j++) {
			size_t best = diagonal + (a[i] != b[j - 1]);
			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[n];
}

struct nearest {
	size_t distance;
	const char *section, *name;
};

static void consider(struct nearest *best, const char *wrong, const char *right, const char *section, const char *name)
{
	size_t d = distance(wrong, right);
	if (d < best->distance)
		*best = (struct nearest){ d, section, name };
}

/* A slip changes at most half a word: two letters that changed places count as two changes. */
static bool near_enough(const struct nearest *best, const char *wrong)
{
	return best->name && best->distance * 2 <= strlen(wrong) + 1;
}

static int refuse_section(struct reader *r, const char *wrong)
{
	struct nearest best = { .distance = SIZE_MAX };
	struct ct_buf all = { 0 };
	for (size_t i = 0; i < ct_nsections; i++) {
		consider(&best, wrong, ct_sections[i].name, NULL, ct_sections[i].name);
		ct_buf_printf(&all, "%s%s", !i ? "" : i + 1 < ct_nsections ? ", " : " or ", ct_sections[i].name);
	}
	yaml_mark_t mark = r->event.start_mark;
	/* The key of a section, put where sections stand. */
	for (size_t i = 0; i < ct_nkeys; i++)
		if (!strcmp(wrong, ct_keys[i].name) && best.distance) {
			ct_buf_free(&all);
			return refuse_at(r, mark, "unknown key \"%s\", did you mean \"%s\" in \"%s\"?", wrong, wrong,
					 ct_keys[i].section);
		}
	char *sections = ct_buf_take(&all);
	int e = near_enough(&best, wrong)
			? refuse_at(r, mark, "unknown key \"%.*s\", did you mean \"%s\"?", QUOTE_MAX, wrong, best.name)
			: refuse_at(r, mark, "unknown key \"%.*s\", expected %s", QUOTE_MAX, wrong,
				    sections ? sections : "another");
	free(sections);
	return e;
}

static int refuse_key(struct reader *r, const char *section, const char *wrong)
{
	struct nearest best = { .distance = SIZE_MAX };
	struct ct_buf all = { 0 };
	for (size_t i = 0; i < ct_nkeys; i++) {
		const struct ct_key *k = &ct_keys[i];
		bool here = !strcmp(k->section, section);
		if (here)
			ct_buf_printf(&all, "%s%s", all.n ? ", " : "", k->name);
		if (here || !strcmp(wrong, k->name))
			consider(&best, wrong, k->name, k->section, k->name);
	}
	char *keys = ct_buf_take(&all);
	yaml_mark_t mark = r->event.start_mark;
	int e = near_enough(&best, wrong) ? refuse_at(r, mark, "unknown key \"%s.%.*s\", did you mean \"%s.%s\"?",
						      section, QUOTE_MAX, wrong, best.section, best.name)
					  : refuse_at(r, mark, "unknown key \"%s.%.*s\", expected one of %s", section,
						      QUOTE_MAX, wrong, keys ? keys : "others");
	free(keys);
	return e;
}

static int refuse_value(struct reader *r, const struct ct_key *k, const char *is)
{
	struct ct_buf b = { 0 };
	ct_key_expected(k, &b);
	char *expected = ct_buf_take(&b);
	int e = refuse_at(r, r->event.start_mark, "%s.%s is %s, expected %s", k->section, k->name, is,
			  expected ? expected : "another value");
	free(expected);
	return e;
}

static int refuse_twice(struct reader *r, const struct ct_key *k)
{
	enum rs_overlap_policy before = k->policy;
	ct_receivers_add(&r->config->receivers, scalar(&r->event), k->policy, &before);
	return refuse_at(r, r->event.start_mark, "%s.%s is \"%s\" a second time, expected once: it stands in \"%s\" already",
			 k->section, k->name, scalar(&r->event), rs_overlap_name(before));
}

static int set_scalar(struct reader *r, const struct ct_key *k)
{
	if (r->event.type != YAML_SCALAR_EVENT)
		return refuse_value(r, k, kind_of(&r->event));
	if (is_empty(&r->event))
		return refuse_value(r, k, "empty");
	if (holds_nul(&r->event))
		return refuse_value(r, k, "text with a NUL");
	int e = ct_key_set(r->config, k, scalar(&r->event));
	if (e == -ENOMEM)
		return refuse_memory(r);
	if (!e)
		return 0;
	if (e == -EDOM)
		return refuse_at(r, r->event.start_mark, "%s.%s is \"%s\", which has bits behind its prefix, expected an address "
				 "of which only the prefix is not 0", k->section, k->name, scalar(&r->event));
	if (e == -EEXIST)
		return refuse_twice(r, k);
	char quoted[QUOTE_MAX + 3];
	snprintf(quoted, sizeof quoted, "\"%.*s\"", QUOTE_MAX, scalar(&r->event));
	return refuse_value(r, k, quoted);
}

static int set_list(struct reader *r, const struct ct_key *k)
{
	if (r->event.type != YAML_SEQUENCE_START_EVENT)
		return refuse_value(r, k, is_empty(&r->event) ? "empty" : kind_of(&r->event));
	ct_key_clear(r->config, k);
	for (size_t n = 0;; n++) {
		int e = advance(r);
		if (e)
			return e;
		if (r->event.type == YAML_SEQUENCE_END_EVENT)
			return 0;
		if (n == LIST_MAX)
			return refuse_value(r, k, "a list of more than 1024 items");
		e = set_scalar(r, k);
		if (e)
			return e;
	}
}

static int read_key(struct reader *r, const char *section)
{
	yaml_mark_t mark = r->event.start_mark;
	if (r->event.type != YAML_SCALAR_EVENT || holds_nul(&r->event))
		return refuse_at(r, mark, "%s where a key of \"%s\" belongs, expected a name", kind_of(&r->event),
				 section);
	size_t i = 0;
	while (i < ct_nkeys &&
	       (strcmp(ct_keys[i].section, section) != 0 || strcmp(ct_keys[i].name, scalar(&r->event)) != 0))
		i++;
	if (i == ct_nkeys)
		return refuse_key(r, section, scalar(&r->event));
	const struct ct_key *k = &ct_keys[i];
	if (r->seen[i])
		return refuse_at(r, mark, "%s.%s a second time, expected once: it stands in line %zu", section, k->name,
				 r->seen[i]);
	r->seen[i] = mark.line + 1;
	int e = advance(r);
	if (e)
		return e;
	return ct_key_is_list(k) ? set_list(r, k) : set_scalar(r, k);
}

static int read_section(struct reader *r)
{
	yaml_mark_t mark = r->event.start_mark;
	if (r->event.type != YAML_SCALAR_EVENT || holds_nul(&r->event))
		return refuse_at(r, mark, "%s where a section belongs, expected a name", kind_of(&r->event));
	size_t i = 0;
	while (i < ct_nsections && strcmp(ct_sections[i].name, scalar(&r->event)) != 0)
		i++;
	if (i == ct_nsections)
		return refuse_section(r, scalar(&r->event));
	const char *section = ct_sections[i].name;
	if (r->section_seen[i])
		return refuse_at(r, mark, "%s a second time, expected once: it stands in line %zu", section,
				 r->section_seen[i]);
	r->section_seen[i] = mark.line + 1;
	int e = advance(r);
	if (e || is_empty(&r->event))
		return e;
	if (r->event.type != YAML_MAPPING_START_EVENT)
		return refuse_at(r, r->event.start_mark, "%s is %s, expected its keys, indented, each \"key: value\"",
				 section, kind_of(&r->event));
	while (!(e = advance(r)) && r->event.type != YAML_MAPPING_END_EVENT)
		if ((e = read_key(r, section)))
			break;
	return e;
}

static int read_document(struct reader *r)
{
	int e = advance(r);
	if (e || is_empty(&r->event))
		return e;
	if (r->event.type != YAML_MAPPING_START_EVENT)
		return refuse_at(r, r->event.start_mark, "%s, expected sections, each \"section:\" and its keys",
				 kind_of(&r->event));
	while (!(e = advance(r)) && r->event.type != YAML_MAPPING_END_EVENT)
		if ((e = read_section(r)))
			break;
	return e;
}

static int read_stream(struct reader *r)
{
	int e = advance(r); /* stream start */
	if (!e)
		e = advance(r);
	if (e || r->event.type == YAML_STREAM_END_EVENT)
		return e;
	e = read_document(r);
	if (!e)
		e = advance(r); /* document end */
	if (!e)
		e = advance(r);
	if (!e && r->event.type != YAML_STREAM_END_EVENT)
		return refuse_at(r, r->event.start_mark, "a second document, expected one");
	return e;
}

/* What no key is wrong by itself. */
static int check_ports(struct reader *r)
{
	const char *fault = ct_config_ports_fault(r->config);
	if (!fault)
		return 0;
	size_t line = 0;
	for (size_t i = 0; i < ct_nsections; i++)
		if (!strcmp(ct_sections[i].name, "ports"))
			line = r->section_seen[i];
	return refuse_at(r, (yaml_mark_t){ .line = line - 1 }, "%s", fault);
}

int ct_config_parse(struct ct_config *c, const char *buf, size_t len, const char *name, char *err, size_t err_size)
{
	struct reader r = { .config = c, .file = name, .buf = buf, .len = len, .err = err, .err_size = err_size };
	if (err_size)
		err[0] = '\0';
	int e = ct_config_defaults(c);
	if (e)
		return refuse_memory(&r);
	if (len > FILE_MAX) {
		snprintf(err, err_size, "%s: larger than 1 MB, expected a configuration", name);
		e = -EINVAL;
		goto free_config;
	}
	r.seen = calloc(ct_nkeys + ct_nsections, sizeof(*r.seen));
	if (!r.seen || !yaml_parser_initialize(&r.parser)) {
		e = refuse_memory(&r);
		goto free_seen;
	}
	r.section_seen = r.seen + ct_nkeys;
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)buf, len);
	e = read_stream(&r);
	if (r.have)
		yaml_event_delete(&r.event);
	yaml_parser_delete(&r.parser);
	if (!e)
		e = check_ports(&r);
free_seen:
	free(r.seen);
free_config:
	if (e)
		ct_config_free(c);
	return e;
}

static int refuse_file(const char *path, int error, char *err, size_t err_size)
{
	snprintf(err, err_size, "%s: cannot be read: %s, expected a configuration file", path, strerror(error));
	return -error;
}

int ct_config_load(struct ct_config *c, const char *path, char *err, size_t err_size)
{
	memset(c, 0, sizeof *c);
	FILE *f = fopen(path, "rb");
	if (!f)
		return refuse_file(path, errno, err, err_size);
	char *buf = malloc(FILE_MAX + 1);
	if (!buf) {
		fclose(f);
		return refuse_file(path, ENOMEM, err, err_size);
	}
	errno = 0;
	size_t n = fread(buf, 1, FILE_MAX + 1, f);
	int error = ferror(f) ? errno : 0;
	fclose(f);
	int e = error ? refuse_file(path, error, err, err_size) : ct_config_parse(c, buf, n, path, err, err_size);
	free(buf);
	return e;
}
