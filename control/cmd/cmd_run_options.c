/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of `mailweir run`, and what it changes of the configuration. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/cmd/cmd_run.h"

static void usage(FILE *to)
{
	fputs("usage: mailweir run [-c CONFIG] [-r RULES]... [--workers N]\n"
	      "                    [--inside PORT --outside PORT [--observe] |\n"
	      "                     --mirror PORT [--reset-port PORT]]\n"
	      "\n"
	      "Between two ports: forwards all traffic, judges mail in both directions, and\n"
	      "refuses infected mail on the wire: its end is never forwarded. At a mirror\n"
	      "port: judges mail and records it. Ends on INT and TERM, once what it holds is\n"
	      "finished; on a second INT at once. On HUP it opens eve.json again.\n"
	      "\n"
	      "  -c, --config FILE      YAML; every key has a default (mailweir --help-config)\n"
	      "  -r, --rules FILE       rules, in the place of the configured ones; may be\n"
	      "                         repeated. `default` stands for the built-in rules\n"
	      "      --inside PORT      the mail servers' side\n"
	      "      --outside PORT     the rest of the world\n"
	      "      --observe          forwards everything, and records what would have been\n"
	      "                         done\n"
	      "      --mirror PORT      a port that only copies of packets come in by\n"
	      "      --reset-port PORT  sends resets for infected mail by this one\n"
	      "      --workers N        worker threads, each on a core of its own\n"
	      "\n"
	      "A PORT is a kernel interface (eth1), a PCI address (0000:3b:00.0) or a DPDK\n"
	      "device (net_memif0,role=client). EVE records, one JSON object a line, go to\n"
	      "standard output, or to DIR/eve.json where `output: {directory: DIR}` says so.\n"
	      "\n"
	      "Exit status: 0 ended by a signal; 2 wrong usage, configuration or rules, or a\n"
	      "port that cannot be used.\n",
	      to);
}

enum { OPT_INSIDE = 256, OPT_OUTSIDE, OPT_MIRROR, OPT_RESET, OPT_OBSERVE, OPT_WORKERS };

static const struct option options[] = {
	CMD_COMMON_LONG,
	{ "inside", required_argument, NULL, OPT_INSIDE },
	{ "outside", required_argument, NULL, OPT_OUTSIDE },
	{ "mirror", required_argument, NULL, OPT_MIRROR },
	{ "reset-port", required_argument, NULL, OPT_RESET },
	{ "observe", no_argument, NULL, OPT_OBSERVE },
	{ "workers", required_argument, NULL, OPT_WORKERS },
	{ NULL, 0, NULL, 0 },
};

/* Each port is named once, and by a name. */
static int take_port(const char **to, const char *option, const char *value)
{
	if (*to || !*value) {
		cmd_error(*to ? "run: %s %s: named a second time" : "run: %s %s: expected a port", option, value);
		return -EINVAL;
	}
	*to = value;
	return 0;
}

static int take(struct cmd_run_options *o, int opt)
{
	switch (opt) {
	case OPT_INSIDE:
		return take_port(&o->inside, "--inside", optarg);
	case OPT_OUTSIDE:
		return take_port(&o->outside, "--outside", optarg);
	case OPT_MIRROR:
		return take_port(&o->mirror, "--mirror", optarg);
	case OPT_RESET:
		return take_port(&o->reset, "--reset-port", optarg);
	case OPT_OBSERVE:
		o->observe = true;
		return 0;
	case OPT_WORKERS:
		return cmd_number("--workers", optarg, DP_LIVE_WORKERS_MAX, &o->workers);
	default:
		return cmd_common_take(&o->common, opt, optarg, usage);
	}
}

int cmd_run_parse(struct cmd_run_options *o, int argc, char **argv)
{
	int opt, rc = cmd_common_init(&o->common, argc);
	while (rc == 0 && (opt = getopt_long(argc, argv, CMD_COMMON_SHORT, options, NULL)) != -1)
		rc = take(o, opt);
	if (rc != 0)
		return rc;
	if (optind < argc) {
		cmd_error("run: %s: no option; `mailweir run --help` lists them", argv[optind]);
		return -EINVAL;
	}
	return 0;
}

static int set(char **to, const char *value)
{
	char *copy = strdup(value);
	if (!copy)
		return -ENOMEM;
	free(*to);
	*to = copy;
	return 0;
}

/* The command line's ports take the place of those that they do not go together with. */
static int set_ports(const struct cmd_run_options *o, struct ct_config *c)
{
	const struct { char **to; const char *named; bool other; } ports[] = {
		{ &c->ports.inside, o->inside, o->mirror != NULL },
		{ &c->ports.outside, o->outside, o->mirror != NULL },
		{ &c->ports.mirror, o->mirror, o->inside || o->outside },
		{ &c->ports.reset, o->reset, o->mirror || o->inside || o->outside },
	};
	for (size_t i = 0; i < sizeof ports / sizeof *ports; i++)
		if ((ports[i].named || ports[i].other) && set(ports[i].to, ports[i].named ? ports[i].named : "") != 0) {
			cmd_error("out of memory");
			return -ENOMEM;
		}
	return 0;
}

int cmd_run_apply(const struct cmd_run_options *o, struct ct_config *c, enum dp_use *use)
{
	int rc = set_ports(o, c);
	if (rc != 0)
		return rc;
	const char *fault = ct_config_ports_fault(c);
	if (fault) {
		cmd_error("run: %s; `mailweir run --help` says how", fault);
		return -EINVAL;
	}
	if (!*c->ports.inside && !*c->ports.mirror) {
		cmd_error("run: no port named, expected --inside PORT --outside PORT, or --mirror PORT");
		return -EINVAL;
	}
	*use = *c->ports.mirror ? DP_USE_MIRROR : DP_USE_INLINE;
	if (o->observe && *use == DP_USE_MIRROR) {
		cmd_error("run: --observe beside a mirror port, expected it between two ports: at a mirror nothing is stopped");
		return -EINVAL;
	}
	if (o->observe)
		c->inline_.observe = true;
	if (o->workers)
		c->workers.count = (uint32_t)o->workers;
	return 0;
}
