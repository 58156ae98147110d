/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_run: what the files of `mailweir run` share. */
#ifndef CMD_RUN_H
#define CMD_RUN_H

#include "control/cmd/cmd.h"
#include "control/ct_thread.h"
#include "control/ct_watch.h"
#include "control/ct_writer.h"
#include "dataplane/dp_live.h"

struct cmd_run_options {
	struct cmd_common common;
	const char *inside, *outside, *mirror, *reset; /* NULL: not named; the configuration's */
	bool observe;
	unsigned long workers; /* 0: the configuration's */
};

/* Everything that ends with the command. */
struct cmd_run {
	struct cmd_run_options opt;
	struct ct_config config;
	bool have_config;
	struct mt_ruleset *rules;
	struct mt_report report;
	enum dp_use use;
	struct dp_live *live;
	struct dp_worker *workers[DP_LIVE_WORKERS_MAX];
	struct dp_worker *stand_ins[DP_LIVE_WORKERS_MAX]; /* what main counts in a worker's place; NULL: none */
	unsigned nworkers, stuck; /* stuck: that did not end */
	struct ct_input inputs[DP_PORTS_MAX]; /* by record->input */
	struct ct_render *render;
	struct ct_store *store;
	struct ct_thread *control;
	struct ct_writer *out;
	/* Of each second. */
	bool said_checksums[DP_PORTS_MAX];
	struct ct_watch_link links[DP_PORTS_MAX];
	struct ct_watch_worker progress[DP_LIVE_WORKERS_MAX];
	enum ct_stalled then[DP_LIVE_WORKERS_MAX]; /* of one that has stalled */
	struct ct_account last[DP_LIVE_WORKERS_MAX][DP_PORTS_MAX]; /* each worker's latest copy */
	uint64_t started, stats_at; /* of the monotonic clock, in seconds */
	uint64_t unrendered; /* records lost for want of memory, once control has ended */
};

/* 0; 1 when there is nothing left to do; -EINVAL with the reason printed. */
int cmd_run_parse(struct cmd_run_options *o, int argc, char **argv);
/* Puts the command line over the configuration, and says what use that makes. 0, or -errno with the reason printed. */
int cmd_run_apply(const struct cmd_run_options *o, struct ct_config *c, enum dp_use *use);

/* Once a second: links, workers, and the stats record when it is due. */
void cmd_run_watch(struct cmd_run *r);
/* The last stats record, of workers that have ended. False, and said: the sums do not hold. */
bool cmd_run_conclude(struct cmd_run *r);

uint64_t cmd_run_now(void); /* monotonic, nanoseconds */

#endif
