/* SPDX-License-Identifier: Apache-2.0 */
/* cmd: the commands of the program `mailweir`. */
#ifndef CMD_H
#define CMD_H

#include <stddef.h>
#include <stdio.h>

#include "control/ct_config.h"
#include "matchers/mt_rules.h"

enum cmd_exit { CMD_OK, CMD_INFECTED, CMD_ERROR, CMD_FAIL_ON };

int cmd_read(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_run(int argc, char **argv);

/* What read, check and run take alike. */
struct cmd_common {
	const char *config_path; /* -c */
	char **rules; /* -r, in order; they take the place of the configuration's */
	size_t nrules;
};

/* Their options, for getopt_long. */
#define CMD_COMMON_SHORT "c:r:hV"
#define CMD_COMMON_LONG                                                                                                \
	{ "config", required_argument, NULL, 'c' }, { "rules", required_argument, NULL, 'r' },                         \
	{ "help", no_argument, NULL, 'h' }, { "version", no_argument, NULL, 'V' }

/* Room for the rules of such a command line; the caller frees `rules`. 0, or -ENOMEM with the reason printed. */
int cmd_common_init(struct cmd_common *common, int argc);

/* Takes one of them. 0; 1 when there is nothing left to do; -EINVAL where it is none. */
int cmd_common_take(struct cmd_common *common, int opt, char *value, void (*usage)(FILE *to));

/* One line on standard error: "mailweir: ...". */
void cmd_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Loads the configuration and puts the command line's rules over it. 0, or -errno with the reason printed. */
int cmd_load_config(const struct cmd_common *common, struct ct_config *c);
/* Where files are kept, in `filestore` below dir, when the configuration asks for it; else *out is NULL. 0, or -errno, said. */
struct ct_store;
int cmd_open_store(const struct ct_config *c, const char *dir, struct ct_store **out);

/* Loads the rules. 0, or -errno with the reason printed. Refused rules are in the report, and not printed. */
int cmd_load_rules(const struct ct_config *c, struct mt_ruleset **rs, struct mt_report *report);

/* Says what is wrong with them: one line for all that were refused, one when there are none. */
void cmd_report_rules(const struct mt_report *report);

/* "mailweir: ..." and the versions of what it is built with. */
void cmd_print_version(const char *program);

/* The exit status, or CMD_ERROR with the reason printed when standard output could not be written; a reader that went away
 * (EPIPE) is no error. */
int cmd_flush(int status);

/* "--workers N": a number in 1 .. max. 0, or -EINVAL with the reason printed. */
int cmd_number(const char *option, const char *text, unsigned long max, unsigned long *out);

#endif
