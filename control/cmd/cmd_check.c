/* SPDX-License-Identifier: Apache-2.0 */
/* mailweir check: are configuration and rules in order? */
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "control/cmd/cmd.h"

static void usage(FILE *to)
{
	fputs("usage: mailweir check [-c CONFIG] [-r RULES]... [--json]\n"
	      "\n"
	      "Loads configuration and rules as `read` would; says what was refused, and why.\n"
	      "\n"
	      "  -c, --config FILE   YAML; every key has a default (mailweir --help-config)\n"
	      "  -r, --rules FILE    rules, in the place of the configured ones; may be\n"
	      "                      repeated. `default` stands for the built-in rules\n"
	      "      --json          {\"loaded\": N, \"refused\": [...], \"warnings\": [...]}\n"
	      "\n"
	      "Exit status: 0 all in order; 2 something was refused.\n",
	      to);
}

static json_t *list_json(const struct mt_refusal *r, size_t n)
{
	json_t *list = json_array();
	for (size_t i = 0; i < n; i++) {
		json_t *o = json_object();
		json_object_set_new(o, "file", json_string(r[i].file));
		json_object_set_new(o, "line", json_integer(r[i].line));
		json_object_set_new(o, "column", json_integer(r[i].column));
		json_object_set_new(o, "sid", json_integer(r[i].sid));
		json_object_set_new(o, "reason", json_string(r[i].reason));
		json_array_append_new(list, o);
	}
	return list;
}

static void print_json(const struct mt_report *report)
{
	json_t *o = json_object();
	json_object_set_new(o, "loaded", json_integer((json_int_t)report->loaded));
	json_object_set_new(o, "refused", list_json(report->refused, report->nrefused));
	json_object_set_new(o, "warnings", list_json(report->warnings, report->nwarnings));
	json_dumpf(o, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(o);
}

static void print_list(const char *what, const struct mt_refusal *r, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		printf("%s:%u:%u: ", r[i].file, r[i].line, r[i].column);
		if (r[i].sid)
			printf("sid %u ", r[i].sid);
		printf("%s: %s\n", what, r[i].reason);
	}
}

/* 0; 1 when there is nothing left to do; -errno with the reason printed. */
static int parse(struct cmd_common *common, bool *json, int argc, char **argv)
{
	enum { OPT_JSON = 256 };
	static const struct option options[] = { CMD_COMMON_LONG, { "json", no_argument, NULL, OPT_JSON }, { NULL, 0, NULL, 0 } };
	int opt, rc = cmd_common_init(common, argc);
	*json = false;
	while (rc == 0 && (opt = getopt_long(argc, argv, CMD_COMMON_SHORT, options, NULL)) != -1)
		if (opt == OPT_JSON)
			*json = true;
		else
			rc = cmd_common_take(common, opt, optarg, usage);
	return rc;
}

int cmd_check(int argc, char **argv)
{
	struct cmd_common common;
	bool json;
	int status = CMD_ERROR, parsed = parse(&common, &json, argc, argv);
	if (parsed != 0) {
		free(common.rules);
		return parsed > 0 ? CMD_OK : CMD_ERROR;
	}
	struct ct_config config;
	struct mt_ruleset *rs = NULL;
	struct mt_report report = { 0 };
	if (optind < argc) {
		cmd_error("check: %s: takes no further arguments; rules are named with -r", argv[optind]);
	} else if (cmd_load_config(&common, &config) == 0) {
		if (cmd_load_rules(&config, &rs, &report) == 0) {
			if (json) {
				print_json(&report);
			} else {
				print_list("refused", report.refused, report.nrefused);
				print_list("warning", report.warnings, report.nwarnings);
				printf("%zu rules loaded, %zu refused\n", report.loaded, report.nrefused);
			}
			status = report.nrefused ? CMD_ERROR : CMD_OK;
			mt_ruleset_free(rs);
		} else {
			if (json)
				print_json(&report);
			mt_report_free(&report);
		}
		ct_config_free(&config);
	}
	free(common.rules);
	return cmd_flush(status);
}
