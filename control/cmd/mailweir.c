/* SPDX-License-Identifier: Apache-2.0 */
/* The program `mailweir`: its commands, and what it says of itself. */
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "control/cmd/cmd.h"

static void usage(FILE *to)
{
	fputs("usage: mailweir read  [-c CONFIG] [-r RULES]... [-o DIR] [--json] [--workers N]\n"
	      "                      [--fail-on VERDICT,...] CAPTURE...\n"
	      "       mailweir run   [-c CONFIG] [-r RULES]... [--workers N] [--observe]\n"
	      "                      [--inside PORT --outside PORT |\n"
	      "                       --mirror PORT [--reset-port PORT]]\n"
	      "       mailweir check [-c CONFIG] [-r RULES]... [--json]\n"
	      "       mailweir --help | --version | --help-config\n"
	      "\n"
	      "mailweir finds executables in mail on the wire, and refuses them there.\n"
	      "\n"
	      "  read    finds them in capture files: prints each incident with who, to whom,\n"
	      "          subject, file and why, then the account of packets and messages\n"
	      "  run     stands between two ports, and refuses infected mail with a 5xx reply,\n"
	      "          or at a mirror port, and records it\n"
	      "  check   says whether configuration and rules are in order\n"
	      "\n"
	      "`mailweir COMMAND --help` says more of a command.\n",
	      to);
}

int main(int argc, char **argv)
{
	/* Widths of characters, and nothing else, follow UTF-8 whatever the caller's locale is. */
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		setlocale(LC_CTYPE, "");
	/* A reader that leaves early ends the output, not the run. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	/* A standard stream that is closed must not become a file of ours. */
	int fd;
	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= 2);
	if (fd > 2)
		close(fd);

	if (argc < 2) {
		usage(stderr);
		return CMD_ERROR;
	}
	const char *what = argv[1];
	/* How getopt begins what it has to say. */
	static char read_name[] = "mailweir: read", run_name[] = "mailweir: run", check_name[] = "mailweir: check";
	if (strcmp(what, "read") == 0) {
		argv[1] = read_name;
		return cmd_read(argc - 1, argv + 1);
	}
	if (strcmp(what, "run") == 0) {
		argv[1] = run_name;
		return cmd_run(argc - 1, argv + 1);
	}
	if (strcmp(what, "check") == 0) {
		argv[1] = check_name;
		return cmd_check(argc - 1, argv + 1);
	}
	if (strcmp(what, "--help") == 0 || strcmp(what, "-h") == 0 || strcmp(what, "help") == 0) {
		usage(stdout);
		return cmd_flush(CMD_OK);
	}
	if (strcmp(what, "--version") == 0 || strcmp(what, "-V") == 0) {
		cmd_print_version("mailweir");
		return cmd_flush(CMD_OK);
	}
	if (strcmp(what, "--help-config") == 0) {
		ct_config_print_reference(stdout);
		return cmd_flush(CMD_OK);
	}
	cmd_error("%s: no such command; `mailweir --help` lists them", what);
	return CMD_ERROR;
}
