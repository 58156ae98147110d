/* SPDX-License-Identifier: Apache-2.0 */
#include "control/ct_config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/ct_config_keys.h"

/* A default that is a list stands in the table with spaces between its items. */
static int set_list(struct ct_config *c, const struct ct_key *k)
{
	char item[64];
	for (const char *p = k->value; *p; p += strspn(p, " ")) {
		size_t n = strcspn(p, " ");
		snprintf(item, sizeof item, "%.*s", (int)n, p);
		int r = ct_key_set(c, k, item);
		if (r)
			return r;
		p += n;
	}
	return 0;
}

static int default_sensor_name(struct ct_config *c)
{
	char name[256];
	if (gethostname(name, sizeof name) || !name[0])
		snprintf(name, sizeof name, "mailweir");
	name[sizeof name - 1] = '\0';
	c->sensor_name = strdup(name);
	return c->sensor_name ? 0 : -ENOMEM;
}

/* XDG Base Directory Specification: $XDG_CACHE_HOME where it is an absolute path, else ~/.cache. */
static int default_cache_dir(struct ct_config *c)
{
	const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	struct ct_buf path = { 0 };
	if (xdg && xdg[0] == '/')
		ct_buf_printf(&path, "%s/mailweir", xdg);
	else if (geteuid() == 0)
		ct_buf_puts(&path, "/var/cache/mailweir");
	else if (home && home[0] == '/')
		ct_buf_printf(&path, "%s/.cache/mailweir", home);
	c->rules.cache_dir = ct_buf_take(&path);
	return c->rules.cache_dir ? 0 : -ENOMEM;
}

int ct_config_defaults(struct ct_config *c)
{
	memset(c, 0, sizeof *c);
	int r = default_sensor_name(c);
	if (!r)
		r = default_cache_dir(c);
	for (size_t i = 0; !r && i < ct_nkeys; i++)
		if (ct_keys[i].value)
			r = ct_key_is_list(&ct_keys[i]) ? set_list(c, &ct_keys[i])
							: ct_key_set(c, &ct_keys[i], ct_keys[i].value);
	if (r)
		ct_config_free(c);
	return r;
}

void ct_config_free(struct ct_config *c)
{
	for (size_t i = 0; i < ct_nkeys; i++)
		ct_key_clear(c, &ct_keys[i]);
}

enum rs_overlap_policy ct_config_receiver(const struct ct_config *c, const uint8_t addr[16])
{
	return ct_receivers_find(&c->receivers, addr);
}

#define VALUE_WIDTH 80

/* Within quotes where YAML would take something else out of it, or where it is longer than a line: within quotes, a line's end is a
 * space. */
static void print_value(FILE *to, const char *name, const char *value)
{
	size_t column = strlen(name) + sizeof "  : " - 1;
	if (*value && !strpbrk(value, ":{}#\"") && column + strlen(value) <= VALUE_WIDTH) {
		fprintf(to, "  %s: %s\n", name, value);
		return;
	}
	fprintf(to, "  %s: \"", name);
	column++;
	for (const char *p = value; *p;) {
		size_t word = strcspn(p, " "), more = p[word] ? 1 : 0;
		/* Behind the last word there is the quote. */
		if (p != value) {
			bool breaks = column + 1 + word + !more > VALUE_WIDTH;
			fputs(breaks ? "\n    " : " ", to);
			column = breaks ? 4 : column + 1;
		}
		fprintf(to, "%.*s", (int)word, p);
		column += word;
		p += word + more;
	}
	fputs("\"\n", to);
}

const char *ct_config_ports_fault(const struct ct_config *c)
{
	bool inside = *c->ports.inside, outside = *c->ports.outside, mirror = *c->ports.mirror, reset = *c->ports.reset;
	if (inside != outside)
		return inside ? "an inside port without an outside port, expected both" :
				"an outside port without an inside port, expected both";
	if (inside && mirror)
		return "inside and outside ports beside a mirror port, expected the two or the one";
	if (reset && !mirror)
		return "a reset port without a mirror port, expected both";
	if (inside && !strcmp(c->ports.inside, c->ports.outside))
		return "one port as inside and outside, expected two";
	if (mirror && !strcmp(c->ports.mirror, c->ports.reset))
		return "one port as mirror and reset, expected two";
	return NULL;
}

/* Comment lines of at most 80 columns, but for a word that is longer. */
static void print_comment(FILE *to, const char *indent, const char *text)
{
	size_t width = 80 - strlen(indent) - strlen("# ");
	while (*text) {
		size_t n = strlen(text);
		if (n > width) {
			for (n = width; n && text[n] != ' '; n--)
				;
			if (!n)
				n = strcspn(text, " ");
		}
		fprintf(to, "%s# %.*s\n", indent, (int)n, text);
		text += n;
		text += strspn(text, " ");
	}
}

/* "What: value." */
static void print_said(FILE *to, const char *what, const char *value)
{
	struct ct_buf b = { 0 };
	ct_buf_printf(&b, "%s: %s.", what, value);
	char *said = ct_buf_take(&b);
	print_comment(to, "  ", said ? said : value);
	free(said);
}

static void print_key(FILE *to, const struct ct_key *k)
{
	struct ct_buf b = { 0 };
	ct_key_expected(k, &b);
	char *expected = ct_buf_take(&b);
	fputc('\n', to);
	print_comment(to, "  ", k->meaning);
	print_said(to, "Expected", expected ? expected : "?");
	free(expected);
	if (!k->value) {
		print_said(to, "Default", k->default_is);
		fprintf(to, "  # %s:\n", k->name);
		return;
	}
	if (!ct_key_is_list(k)) {
		print_value(to, k->name, k->value);
		return;
	}
	fprintf(to, "  %s: [", k->name);
	for (const char *p = k->value; *p; p++)
		fputs(*p == ' ' ? ", " : (char[]){ *p, '\0' }, to);
	fputs("]\n", to);
}

/* The reference is itself a configuration: the one that has every key at its default. */
void ct_config_print_reference(FILE *to)
{
	fputs("# The configuration of mailweir: every key, at its default.\n", to);
	for (size_t s = 0; s < ct_nsections; s++) {
		fputc('\n', to);
		print_comment(to, "", ct_sections[s].meaning);
		fprintf(to, "%s:\n", ct_sections[s].name);
		for (size_t i = 0; i < ct_nkeys; i++)
			if (!strcmp(ct_keys[i].section, ct_sections[s].name))
				print_key(to, &ct_keys[i]);
	}
}
