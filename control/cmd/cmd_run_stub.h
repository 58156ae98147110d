/* SPDX-License-Identifier: Apache-2.0 */
/* Stands in for dp_worker_snapshot until dataplane/dp_worker.h has it: this file and cmd_run_stub.c go then. */
#ifndef CMD_RUN_STUB_H
#define CMD_RUN_STUB_H

#include "dataplane/dp_worker.h"

bool dp_worker_snapshot(struct dp_worker *w, struct ct_account to[DP_PORTS_MAX]);

#endif
