/* SPDX-License-Identifier: Apache-2.0 */
#include "control/cmd/cmd.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_version.h>
#include <zlib.h>

#include "control/ct_store.h"
#include "reassembly/decode/rs_base64.h"

/* Names come from the command line and from files: what could steer a terminal, or make a second line, is shown instead. */
static void put_visible(const char *s, FILE *to)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			fprintf(to, "\\x%02x", (unsigned char)*s);
		else
			fputc(*s, to);
}

void cmd_error(const char *format, ...)
{
	char *text = NULL;
	va_list ap;
	fflush(stdout);
	va_start(ap, format);
	if (vasprintf(&text, format, ap) < 0)
		text = NULL;
	va_end(ap);
	/* In one piece: of `run`, control says lines too, and who reads along reads whole ones. */
	char *line = NULL;
	size_t size;
	FILE *whole = open_memstream(&line, &size);
	if (whole) {
		fputs("mailweir: ", whole);
		put_visible(text ? text : "out of memory", whole);
		fputc('\n', whole);
		if (fclose(whole) != 0) {
			free(line);
			line = NULL;
		}
	}
	fputs(line ? line : "mailweir: out of memory\n", stderr);
	free(line);
	free(text);
}

void cmd_print_version(const char *program)
{
	printf("%s %s\n"
	       "  %s\n"
	       "  matching    %s\n"
	       "  inflating   zlib %s\n"
	       "  decoding    base64 with %s\n",
	       program, MAILWEIR_VERSION, rte_version(), mt_regex_version(), zlibVersion(), rs_base64_isa());
}

int cmd_flush(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	/* A reader that has enough, as `head` has, is no error. */
	if (errno == EPIPE)
		return status;
	cmd_error("standard output: cannot write: %s", strerror(errno));
	return CMD_ERROR;
}

int cmd_common_init(struct cmd_common *common, int argc)
{
	*common = (struct cmd_common){ .rules = calloc((size_t)argc, sizeof *common->rules) };
	if (common->rules)
		return 0;
	cmd_error("out of memory");
	return -ENOMEM;
}

int cmd_common_take(struct cmd_common *common, int opt, char *value, void (*usage)(FILE *to))
{
	switch (opt) {
	case 'c':
		common->config_path = value;
		return 0;
	case 'r':
		common->rules[common->nrules++] = value;
		return 0;
	case 'h':
		usage(stdout);
		return 1;
	case 'V':
		cmd_print_version("mailweir");
		return 1;
	default:
		return -EINVAL;
	}
}

int cmd_load_config(const struct cmd_common *common, struct ct_config *c)
{
	char err[1024] = "";
	int rc = common->config_path ? ct_config_load(c, common->config_path, err, sizeof err) : ct_config_defaults(c);
	if (rc != 0) {
		cmd_error("%s", err[0] ? err : strerror(-rc));
		return rc;
	}
	if (common->nrules == 0)
		return 0;
	struct ct_strings files = { calloc(common->nrules, sizeof *files.v), 0 };
	for (size_t i = 0; files.v && i < common->nrules; i++)
		if (!(files.v[files.n++] = strdup(common->rules[i])))
			break;
	for (size_t i = 0; i < c->rules.files.n; i++)
		free(c->rules.files.v[i]);
	free(c->rules.files.v);
	c->rules.files = files;
	if (!files.v || files.n != common->nrules || !files.v[files.n - 1]) {
		cmd_error("out of memory");
		ct_config_free(c);
		return -ENOMEM;
	}
	return 0;
}

int cmd_open_store(const struct ct_config *c, const char *dir, struct ct_store **out)
{
	char *path;
	*out = NULL;
	if (c->files.store == CT_STORE_NONE)
		return 0;
	if (!dir || !*dir) {
		cmd_error("files.store keeps files in a folder: give -o DIR to read, or set output.directory");
		return -EINVAL;
	}
	if (asprintf(&path, "%s/filestore", dir) < 0) {
		cmd_error("out of memory");
		return -ENOMEM;
	}
	const int rc = ct_store_open(out, path, c->files.store_files);
	if (rc != 0)
		cmd_error("%s: cannot be made: %s", path, strerror(-rc));
	free(path);
	return rc;
}

int cmd_load_rules(const struct ct_config *c, struct mt_ruleset **rs, struct mt_report *report)
{
	struct mt_load load = {
		.paths = (const char *const *)c->rules.files.v,
		.npaths = c->rules.files.n,
		.cache_dir = c->rules.cache_dir && c->rules.cache_dir[0] ? c->rules.cache_dir : NULL,
	};
	int rc = mt_ruleset_load(&load, rs, report);
	if (rc != 0)
		cmd_error("%s: %s", report->nrefused ? report->refused[0].file : "rules",
		          report->nrefused ? report->refused[0].reason : strerror(-rc));
	return rc;
}

void cmd_report_rules(const struct mt_report *report)
{
	if (report->nrefused) {
		const struct mt_refusal *first = &report->refused[0];
		char more[64] = "";
		if (report->nrefused > 1)
			snprintf(more, sizeof more, " (and %zu more: see `mailweir check`)", report->nrefused - 1);
		cmd_error("%s:%u:%u: rule refused: %s%s", first->file, first->line, first->column, first->reason, more);
	}
	if (!report->loaded && !report->nrefused)
		cmd_error("no rules are loaded: nothing can be found");
}

int cmd_number(const char *option, const char *text, unsigned long max, unsigned long *out)
{
	char *end;
	errno = 0;
	unsigned long n = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || n < 1 || n > max) {
		cmd_error("%s %s: expected a number from 1 to %lu", option, text, max);
		return -EINVAL;
	}
	*out = n;
	return 0;
}
