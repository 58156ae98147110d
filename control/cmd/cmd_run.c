/* SPDX-License-Identifier: Apache-2.0 */
/* mailweir run: live traffic between two ports, or at a mirror port. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "control/cmd/cmd_run.h"
#include "control/ct_store.h"

#define SECOND UINT64_C(1000000000)
#define NAP UINT64_C(20000) /* ns: where no packets are */

static void say(void *arg, const char *line)
{
	(void)arg;
	cmd_error("%s", line);
}

/* On the control thread. */
static void on_item(void *arg, struct ct_item *item)
{
	struct cmd_run *r = arg;
	if (item->eve)
		ct_writer_put(r->out, item->eve, cmd_run_now());
	ct_item_free(item);
}

/* Setting up. */

static int load(struct cmd_run *r)
{
	if (cmd_load_config(&r->opt.common, &r->config) != 0)
		return -EINVAL;
	r->have_config = true;
	int rc = cmd_run_apply(&r->opt, &r->config, &r->use);
	if (rc != 0)
		return rc;
	if (cmd_load_rules(&r->config, &r->rules, &r->report) != 0) {
		mt_report_free(&r->report);
		return -EINVAL;
	}
	cmd_report_rules(&r->report);
	return 0;
}

static int open_output(struct cmd_run *r)
{
	const char *dir = r->config.output.directory;
	char *path = NULL;
	int rc;
	if (!*dir) {
		rc = cmd_open_store(&r->config, dir, &r->store);
		if (rc != 0)
			return rc;
		rc = ct_writer_open_fd(&r->out, STDOUT_FILENO, "standard output", say, NULL);
		if (rc != 0)
			cmd_error("out of memory");
		return rc;
	}
	if (mkdir(dir, 0777) != 0 && errno != EEXIST) {
		rc = -errno;
		cmd_error("%s: cannot be made: %s", dir, strerror(-rc));
		return rc;
	}
	if (asprintf(&path, "%s/eve.json", dir) < 0) {
		cmd_error("out of memory");
		return -ENOMEM;
	}
	rc = ct_writer_open(&r->out, path, say, NULL);
	if (rc != 0)
		cmd_error("%s: cannot be written: %s", path, strerror(-rc));
	free(path);
	return rc ? rc : cmd_open_store(&r->config, dir, &r->store);
}

static int open_live(struct cmd_run *r)
{
	char err[1024];
	bool inside = r->use == DP_USE_INLINE;
	const char *reset = *r->config.ports.reset ? r->config.ports.reset : NULL;
	struct dp_live_config lc = {
		.program = "mailweir",
		.config = &r->config,
		.rules = r->rules,
		.use = r->use,
		.ports = { inside ? r->config.ports.inside : r->config.ports.mirror, inside ? r->config.ports.outside : reset },
		.workers = r->config.workers.count,
		.say = say,
	};
	int rc = dp_live_open(&lc, &r->live, err, sizeof err);
	if (rc != 0) {
		cmd_error("%s", err);
		return rc;
	}
	r->nworkers = dp_live_workers(r->live);
	for (unsigned i = 0; i < r->nworkers; i++) {
		r->workers[i] = dp_live_worker(r->live, i);
		r->stand_ins[i] = dp_live_stand_in(r->live, i);
	}
	for (unsigned i = 0; i < dp_live_ports(r->live); i++)
		r->inputs[i] = (struct ct_input){ dp_live_port(r->live, i)->name, false };
	return 0;
}

/* Control runs before the first worker does, and ends after the last. */
static int start(struct cmd_run *r)
{
	char err[1024];
	struct ct_source sources[DP_LIVE_WORKERS_MAX];
	for (unsigned i = 0; i < r->nworkers; i++)
		sources[i] = (struct ct_source){ r->workers[i]->records, r->workers[i]->done, NULL };
	int rc = ct_render_create(&r->config, r->rules, r->inputs, &r->render);
	if (rc == 0) {
		ct_render_store(r->render, r->store);
		rc = ct_thread_start(&r->control, sources, r->nworkers, r->render, on_item, r);
	}
	if (rc != 0) {
		cmd_error("control could not be started: %s", strerror(-rc));
		return rc;
	}
	rc = dp_live_start(r->live, err, sizeof err);
	if (rc != 0)
		cmd_error("%s", err);
	return rc;
}

static void say_running(const struct cmd_run *r)
{
	const struct dp_port *first = dp_live_port(r->live, 0);
	const struct dp_port *second = dp_live_ports(r->live) > 1 ? dp_live_port(r->live, 1) : NULL;
	char what[2 * DP_PORT_NAME_MAX + 512], refused[48] = "";
	if (r->use == DP_USE_INLINE && second)
		snprintf(what, sizeof what, "forwarding between %s (%s) and %s (%s)%s", first->name, first->driver, second->name,
			 second->driver, r->config.inline_.observe ? ", only observing" : "");
	else if (second)
		snprintf(what, sizeof what, "watching %s (%s), resets by %s (%s)", first->name, first->driver, second->name,
			 second->driver);
	else
		snprintf(what, sizeof what, "watching %s (%s)", first->name, first->driver);
	if (r->report.nrefused)
		snprintf(refused, sizeof refused, " (%zu refused)", r->report.nrefused);
	size_t rules = mt_ruleset_count(r->rules);
	cmd_error("%s, %u worker%s, %zu rule%s%s", what, r->nworkers, r->nworkers == 1 ? "" : "s", rules, rules == 1 ? "" : "s",
		  refused);
}

/* The run itself. */

static void block(int how, const int *signals, size_t n)
{
	sigset_t set;
	sigemptyset(&set);
	for (size_t i = 0; i < n; i++)
		sigaddset(&set, signals[i]);
	pthread_sigmask(how, &set, NULL);
}

/* Waits for so many nanoseconds: the next of our signals, or 0. */
static int next_signal(uint64_t time)
{
	sigset_t set;
	struct timespec t = { .tv_sec = (time_t)(time / SECOND), .tv_nsec = (long)(time % SECOND) };
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	int sig = sigtimedwait(&set, NULL, &t);
	return sig > 0 ? sig : 0;
}

/* The next of our signals, or 0 when the time has come; in the place of stalled workers meanwhile. */
static int wait_until(struct cmd_run *r, uint64_t time)
{
	for (;;) {
		bool busy;
		bool stands_in = dp_live_pass(r->live, &busy) > 0;
		uint64_t now = cmd_run_now(), left = time > now ? time - now : 0;
		int sig = next_signal(!stands_in ? left : busy ? 0 : NAP);
		if (sig || !stands_in || left == 0)
			return sig;
	}
}

static void run(struct cmd_run *r)
{
	uint64_t next = cmd_run_now() + SECOND;
	r->started = cmd_run_now() / SECOND;
	r->stats_at = r->started + r->config.output.stats_interval;
	for (;;) {
		int sig = wait_until(r, next);
		if (sig == SIGINT || sig == SIGTERM)
			return;
		if (sig == SIGHUP)
			ct_writer_reopen(r->out);
		if (cmd_run_now() < next)
			continue;
		cmd_run_watch(r);
		next = cmd_run_now() + SECOND;
	}
}

static uint64_t told_to_end; /* when */

/* At once, as if nothing had been caught. One that comes on the heels of the first is the same one: a terminal and a program in
 * between both hand it on. */
static void on_second(int sig)
{
	if (cmd_run_now() - told_to_end < SECOND / 2)
		return;
	signal(sig, SIG_DFL);
	raise(sig);
}

/* What is held is finished, which takes a while: who does not want to wait says so again. */
static int stop(struct cmd_run *r)
{
	struct sigaction sa = { .sa_handler = on_second, .sa_flags = SA_RESTART };
	told_to_end = cmd_run_now();
	sigaction(SIGINT, &sa, NULL);
	block(SIG_UNBLOCK, (const int[]){ SIGINT }, 1);
	unsigned stuck = r->stuck = dp_live_stop(r->live);
	r->unrendered = ct_thread_stop(r->control);
	r->control = NULL;
	if (stuck)
		cmd_error("%u of %u workers did not end: what they held was not forwarded, and is missing from the account", stuck,
			  r->nworkers);
	return cmd_run_conclude(r) && !stuck ? CMD_OK : CMD_ERROR;
}

static void tear_down(struct cmd_run *r)
{
	if (r->control)
		ct_thread_stop(r->control);
	ct_render_free(r->render);
	ct_store_close(r->store);
	dp_live_close(r->live);
	int rc = ct_writer_close(r->out);
	if (rc != 0)
		cmd_error("the last record could not be written: %s", strerror(-rc));
	/* A worker that did not end may still look at them. */
	if (r->stuck)
		return;
	if (r->rules)
		mt_ruleset_free(r->rules);
	if (r->have_config)
		ct_config_free(&r->config);
	free(r->opt.common.rules);
}

int cmd_run(int argc, char **argv)
{
	static struct cmd_run r;
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	int status = CMD_ERROR;
	int parsed = cmd_run_parse(&r.opt, argc, argv);
	if (parsed != 0) {
		free(r.opt.common.rules);
		return parsed > 0 ? cmd_flush(CMD_OK) : CMD_ERROR;
	}
	if (load(&r) != 0 || open_output(&r) != 0)
		goto end;
	/* They come to main only, which waits for them: every other thread is made while they are blocked. */
	block(SIG_BLOCK, signals, sizeof signals / sizeof *signals);
	if (open_live(&r) != 0 || start(&r) != 0)
		goto end;
	say_running(&r);
	run(&r);
	status = stop(&r);
end:
	tear_down(&r);
	return status;
}
