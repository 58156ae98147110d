/* SPDX-License-Identifier: Apache-2.0 */
/* mailweir read: captures of mail in, incidents out, through the worker that live ports use. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rte_launch.h>
#include <rte_lcore.h>

#include "control/cmd/cmd.h"
#include "control/ct_store.h"
#include "control/ct_thread.h"
#include "dataplane/dp_eal.h"
#include "dataplane/dp_reader.h"

#define COUNTERS_MAX 256

static void usage(FILE *to)
{
	fputs("usage: mailweir read [-c CONFIG] [-r RULES]... [-o DIR] [--json] [--workers N]\n"
	      "                     [--fail-on VERDICT,...] CAPTURE...\n"
	      "\n"
	      "Reads captures (pcap, pcapng, also compressed with gzip; `-` for standard input)\n"
	      "and prints each incident, then the account of packets and messages.\n"
	      "\n"
	      "  -c, --config FILE   YAML; every key has a default (mailweir --help-config)\n"
	      "  -r, --rules FILE    rules, in the place of the configured ones; may be\n"
	      "                      repeated. `default` stands for the built-in rules\n"
	      "  -o, --output DIR    also writes DIR/eve.json, one JSON object a line\n"
	      "      --json          EVE lines, and nothing else, on standard output\n"
	      "      --workers N     worker threads; the records do not depend on it\n"
	      "      --fail-on LIST  exit status 3 when there are such messages: suspicious,\n"
	      "                      unscanned\n"
	      "\n"
	      "Exit status: 0 everything read, nothing infected; 1 infected mail was found;\n"
	      "2 wrong usage, configuration or rules, or an input that could not be read whole;\n"
	      "3 by --fail-on.\n",
	      to);
}

struct options {
	struct cmd_common common;
	const char *output;
	bool json;
	unsigned long workers;
	bool fail_on[CT_VERDICT_MAX];
	char **captures;
	unsigned ncaptures;
};

/* Everything that ends with the command. */
struct run {
	struct options opt;
	struct ct_config config;
	bool have_config, eal;
	struct mt_ruleset *rules;
	struct mt_report report;
	struct ct_input *inputs;
	struct ct_render *render;
	struct ct_store *store;
	struct ct_thread *control;
	struct dp_reader reader;
	struct dp_worker *workers[DP_WORKERS_MAX];
	unsigned nworkers;
	FILE *eve; /* DIR/eve.json */
	char *eve_path;
	struct ct_style style;
	uint64_t lost; /* records that could not be rendered */
	bool failed; /* an error was printed */
	bool write_failed; /* and it was about writing: said once */
	bool reader_gone; /* nobody reads standard output any more, as `head` does when it has enough */
	pthread_mutex_t terminal; /* main shows progress, control prints incidents */
	bool progress_shown;
};

static volatile sig_atomic_t stop_reading;

static void on_signal(int sig)
{
	stop_reading = sig;
}

/* Signals come to the main thread only, which may be waiting for input: the other threads are made while they are blocked. */
static void catch_signals(int how)
{
	struct sigaction sa = { .sa_handler = on_signal };
	sigset_t set;
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(how, &set, NULL);
}

/* Output. */

static void write_error(struct run *r, const char *where)
{
	if (!r->write_failed)
		cmd_error("%s: cannot write: %s; the records are incomplete", where, strerror(errno));
	r->write_failed = r->failed = true;
}

static void stdout_error(struct run *r)
{
	if (errno == EPIPE)
		r->reader_gone = true;
	else
		write_error(r, "standard output");
}

static void write_line(struct run *r, const char *line)
{
	if (r->eve && fputs(line, r->eve) == EOF)
		write_error(r, r->eve_path);
	if (r->opt.json && !r->reader_gone && fputs(line, stdout) == EOF)
		stdout_error(r);
}

static void clear_progress(struct run *r)
{
	pthread_mutex_lock(&r->terminal);
	if (r->progress_shown)
		fputs("\r\033[K", stderr);
	r->progress_shown = false;
	pthread_mutex_unlock(&r->terminal);
}

static void on_item(void *arg, struct ct_item *item)
{
	struct run *r = arg;
	if (item->eve)
		write_line(r, item->eve);
	if (item->incident && !r->opt.json && !r->reader_gone) {
		clear_progress(r);
		ct_print_incident(stdout, item->incident, r->style);
		if (fflush(stdout) != 0)
			stdout_error(r);
	}
	ct_item_free(item);
}

static void on_progress(void *arg, uint64_t packets, uint64_t done, uint64_t size)
{
	struct run *r = arg;
	pthread_mutex_lock(&r->terminal);
	if (size)
		fprintf(stderr, "\r\033[K%" PRIu64 " packets, %u%%", packets, (unsigned)(done * 100 / size));
	else
		fprintf(stderr, "\r\033[K%" PRIu64 " packets, %" PRIu64 " MB", packets, done / 1000000);
	r->progress_shown = true;
	pthread_mutex_unlock(&r->terminal);
}

static struct ct_style style_of(FILE *f)
{
	struct ct_style style = { false, 80 };
	struct winsize ws;
	const char *term = getenv("TERM"), *columns = getenv("COLUMNS");
	if (isatty(fileno(f))) {
		style.colour = !getenv("NO_COLOR") && term && strcmp(term, "dumb") != 0;
		if (ioctl(fileno(f), TIOCGWINSZ, &ws) == 0 && ws.ws_col >= 40)
			style.width = ws.ws_col;
	} else if (columns && atoi(columns) >= 40) {
		style.width = (unsigned)atoi(columns);
	}
	return style;
}

/* Options. */

static int parse_fail_on(struct options *o, char *list)
{
	bool any = false;
	for (char *save, *v = strtok_r(list, ",", &save); v; v = strtok_r(NULL, ",", &save)) {
		unsigned i = 0;
		while (i < CT_VERDICT_MAX && strcmp(v, ct_verdict_name(i)) != 0)
			i++;
		if (i == CT_VERDICT_MAX || i == CT_CLEAN) {
			cmd_error("--fail-on %s: expected suspicious, unscanned or infected, with commas between", v);
			return -EINVAL;
		}
		o->fail_on[i] = true;
		any = true;
	}
	if (!any) {
		cmd_error("--fail-on: expected suspicious, unscanned or infected, with commas between");
		return -EINVAL;
	}
	return 0;
}

/* 0; 1 when there is nothing left to do; -errno with the reason printed. */
static int parse_options(struct options *o, int argc, char **argv)
{
	enum { OPT_JSON = 256, OPT_WORKERS, OPT_FAIL_ON };
	static const struct option options[] = {
		CMD_COMMON_LONG,
		{ "output", required_argument, NULL, 'o' },
		{ "json", no_argument, NULL, OPT_JSON },
		{ "workers", required_argument, NULL, OPT_WORKERS },
		{ "fail-on", required_argument, NULL, OPT_FAIL_ON },
		{ NULL, 0, NULL, 0 },
	};
	int opt, rc = cmd_common_init(&o->common, argc);
	while (rc == 0 && (opt = getopt_long(argc, argv, CMD_COMMON_SHORT "o:", options, NULL)) != -1)
		switch (opt) {
		case 'o':
			o->output = optarg;
			break;
		case OPT_JSON:
			o->json = true;
			break;
		case OPT_WORKERS:
			rc = cmd_number("--workers", optarg, DP_WORKERS_MAX, &o->workers);
			break;
		case OPT_FAIL_ON:
			rc = parse_fail_on(o, optarg);
			break;
		default:
			rc = cmd_common_take(&o->common, opt, optarg, usage);
		}
	if (rc != 0)
		return rc;
	o->captures = argv + optind;
	o->ncaptures = (unsigned)(argc - optind);
	if (o->ncaptures == 0) {
		cmd_error("read: no capture named; `mailweir read --help` says how");
		return -EINVAL;
	}
	if (o->ncaptures > UINT16_MAX) {
		cmd_error("read: %u captures named; at most %u are read at once", o->ncaptures, UINT16_MAX);
		return -EINVAL;
	}
	return 0;
}

/* Setting up. */

static bool is_input(const struct run *r, const char *path)
{
	struct stat out, in;
	if (stat(path, &out) != 0)
		return false;
	for (unsigned i = 0; i < r->opt.ncaptures; i++)
		if (stat(r->opt.captures[i], &in) == 0 && in.st_dev == out.st_dev && in.st_ino == out.st_ino)
			return true;
	return false;
}

static int open_output(struct run *r)
{
	const char *dir = r->opt.output ? r->opt.output : r->config.output.directory;
	if (!dir || !dir[0])
		return cmd_open_store(&r->config, NULL, &r->store);
	if (mkdir(dir, 0777) != 0 && errno != EEXIST) {
		cmd_error("%s: cannot be made: %s", dir, strerror(errno));
		return -errno;
	}
	if (asprintf(&r->eve_path, "%s/eve.json", dir) < 0)
		return -ENOMEM;
	if (is_input(r, r->eve_path)) {
		cmd_error("%s: is a capture to be read, and would be written over", r->eve_path);
		return -EINVAL;
	}
	r->eve = fopen(r->eve_path, "we");
	if (!r->eve) {
		cmd_error("%s: cannot be written: %s", r->eve_path, strerror(errno));
		return -errno;
	}
	return cmd_open_store(&r->config, dir, &r->store);
}

static int load(struct run *r)
{
	if (cmd_load_config(&r->opt.common, &r->config) != 0)
		return -EINVAL;
	r->have_config = true;
	if (cmd_load_rules(&r->config, &r->rules, &r->report) != 0) {
		mt_report_free(&r->report);
		return -EINVAL;
	}
	cmd_report_rules(&r->report);
	if (r->report.nrefused)
		r->failed = true;
	r->nworkers = r->opt.workers ? (unsigned)r->opt.workers : r->config.workers.count;
	return open_output(r);
}

static int set_up_workers(struct run *r)
{
	char err[512];
	unsigned megabytes = r->config.memory.megabytes;
	if (!megabytes)
		megabytes = dp_worker_megabytes(&r->config, r->nworkers, DP_USE_READ);
	struct dp_eal eal = { .program = "mailweir", .workers = r->nworkers, .megabytes = megabytes };
	int rc = dp_eal_start(&eal, err, sizeof err);
	if (rc != 0)
		goto fail;
	r->eal = true;
	rc = dp_reader_init(&r->reader, &r->config, r->nworkers, err, sizeof err);
	if (rc != 0)
		goto fail;
	r->reader.stop = &stop_reading;
	for (unsigned i = 0; i < r->nworkers; i++) {
		struct dp_worker_config wc = {
			.id = i,
			.config = &r->config,
			.rules = r->rules,
			.rx = dp_reader_rx,
			.source = r->reader.rings[i],
			.dispatched = &r->reader.dispatched,
			.patient = true,
			/* Half of its mbufs: the other half is always on its way. */
			.held_max = r->config.memory.mbufs / 2,
		};
		rc = dp_worker_create(&wc, &r->workers[i], err, sizeof err);
		if (rc != 0)
			goto fail;
	}
	return 0;
fail:
	cmd_error("%s", err);
	return rc;
}

static int set_up_control(struct run *r)
{
	struct ct_source sources[DP_WORKERS_MAX];
	r->inputs = calloc(r->opt.ncaptures, sizeof *r->inputs);
	if (!r->inputs)
		return -ENOMEM;
	for (unsigned i = 0; i < r->opt.ncaptures; i++)
		r->inputs[i] = (struct ct_input){ r->opt.captures[i], true };
	for (unsigned i = 0; i < r->nworkers; i++)
		sources[i] = (struct ct_source){ r->workers[i]->records, r->workers[i]->done, &r->workers[i]->progress };
	int rc = ct_render_create(&r->config, r->rules, r->inputs, &r->render);
	if (rc == 0) {
		ct_render_store(r->render, r->store);
		rc = ct_thread_start(&r->control, sources, r->nworkers, r->render, on_item, r);
	}
	if (rc != 0)
		cmd_error("control could not be started: %s", strerror(-rc));
	return rc;
}

/* The run itself. */

static void read_captures(struct run *r)
{
	char err[1024];
	if (isatty(STDERR_FILENO)) {
		r->reader.progress = on_progress;
		r->reader.progress_arg = r;
	}
	for (unsigned i = 0; i < r->nworkers; i++)
		rte_eal_remote_launch(dp_worker_run, r->workers[i], i + 1);
	for (unsigned i = 0; i < r->opt.ncaptures && !stop_reading; i++)
		if (dp_reader_file(&r->reader, r->opt.captures[i], (uint16_t)i, err, sizeof err) != DP_READ_OK) {
			clear_progress(r);
			cmd_error("%s", err);
			r->failed = true;
		}
	dp_reader_end(&r->reader);
	rte_eal_mp_wait_lcore();
	clear_progress(r);
	if (stop_reading) {
		cmd_error("interrupted after %" PRIu64 " packets: the rest was not read", r->reader.packets);
		r->failed = true;
	}
	r->lost = ct_thread_stop(r->control);
	r->control = NULL;
}

static void print_account(struct run *r, const struct ct_account *a)
{
	struct ct_counter counters[COUNTERS_MAX];
	size_t n = dp_worker_counters(r->workers, r->nworkers, counters, COUNTERS_MAX);
	n = dp_frags_counters(&r->reader.frags, counters, n, COUNTERS_MAX);
	struct ct_stats s = { .account = *a, .drop_names = dp_drop_names, .ndrops = DP_DROP_MAX, .counters = counters,
			      .ncounters = n, .time = r->reader.second * UINT64_C(1000000000) };
	char *stats = ct_render_stats(r->render, &s);
	if (stats)
		write_line(r, stats);
	free(stats);
	if (!r->opt.json)
		ct_print_account(stdout, a, dp_drop_names, DP_DROP_MAX, counters, n, r->rules, r->report.nrefused, r->style);
	if (!r->reader_gone && fflush(stdout) != 0)
		stdout_error(r);
	if (r->eve && fclose(r->eve) != 0)
		write_error(r, r->eve_path);
	r->eve = NULL;
}

static int conclude(struct run *r)
{
	struct ct_account a = { 0 };
	ct_account_add(&a, r->reader.account);
	for (unsigned i = 0; i < r->nworkers; i++)
		ct_account_add(&a, r->workers[i]->account);
	print_account(r, &a);
	if (!ct_account_balanced(&a) || a.held || a.open || a.received != r->reader.packets) {
		cmd_error("the account does not balance (%" PRIu64 " packets read, %" PRIu64 " received by workers): this is a fault "
		          "of mailweir; please report it with the capture", r->reader.packets, a.received);
		r->failed = true;
	}
	if (r->lost) {
		cmd_error("out of memory: %" PRIu64 " records could not be written", r->lost);
		r->failed = true;
	}
	uint64_t unscanned = 0;
	for (unsigned i = 0; i < CT_REASON_MAX; i++)
		unscanned += a.unscanned[i];
	if (a.verdict[CT_INFECTED])
		return CMD_INFECTED;
	if (r->failed)
		return CMD_ERROR;
	if ((r->opt.fail_on[CT_SUSPICIOUS] && a.verdict[CT_SUSPICIOUS]) || (r->opt.fail_on[CT_UNSCANNED] && unscanned))
		return CMD_FAIL_ON;
	return CMD_OK;
}

static void tear_down(struct run *r)
{
	if (r->control)
		ct_thread_stop(r->control);
	if (r->render)
		ct_render_free(r->render);
	ct_store_close(r->store);
	for (unsigned i = 0; i < r->nworkers; i++)
		dp_worker_leave(r->workers[i]);
	if (r->eal)
		dp_eal_stop();
	if (r->eve)
		fclose(r->eve);
	if (r->rules)
		mt_ruleset_free(r->rules);
	if (r->have_config)
		ct_config_free(&r->config);
	free(r->eve_path);
	free(r->inputs);
	free(r->opt.common.rules);
}

int cmd_read(int argc, char **argv)
{
	static struct run r = { .terminal = PTHREAD_MUTEX_INITIALIZER };
	int status = CMD_ERROR;
	int parsed = parse_options(&r.opt, argc, argv);
	if (parsed != 0) {
		free(r.opt.common.rules);
		return parsed > 0 ? CMD_OK : CMD_ERROR;
	}
	r.style = style_of(stdout);
	catch_signals(SIG_BLOCK);
	if (load(&r) == 0 && set_up_workers(&r) == 0 && set_up_control(&r) == 0) {
		catch_signals(SIG_UNBLOCK);
		read_captures(&r);
		status = conclude(&r);
	}
	tear_down(&r);
	return status;
}
