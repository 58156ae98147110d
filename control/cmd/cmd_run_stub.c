/* SPDX-License-Identifier: Apache-2.0 */
/* Stands in for live ports until they are there (dataplane/dp_live.c): every port is refused. */
#include "control/cmd/cmd_run_stub.h"

#include <errno.h>
#include <stdio.h>

#include "dataplane/dp_live.h"

int dp_live_open(const struct dp_live_config *lc, struct dp_live **out, char *err, size_t err_size)
{
	*out = NULL;
	snprintf(err, err_size, "%s: cannot be opened: live ports are not part of this build", lc->ports[0]);
	return -ENOTSUP;
}

int dp_live_start(struct dp_live *l, char *err, size_t err_size)
{
	(void)l;
	snprintf(err, err_size, "live ports are not part of this build");
	return -ENOTSUP;
}

unsigned dp_live_stop(struct dp_live *l)
{
	(void)l;
	return 0;
}

void dp_live_close(struct dp_live *l)
{
	(void)l;
}

unsigned dp_live_workers(const struct dp_live *l)
{
	(void)l;
	return 0;
}

struct dp_worker *dp_live_worker(const struct dp_live *l, unsigned i)
{
	(void)l;
	(void)i;
	return NULL;
}

unsigned dp_live_ports(const struct dp_live *l)
{
	(void)l;
	return 0;
}

const struct dp_port *dp_live_port(const struct dp_live *l, unsigned port)
{
	(void)l;
	(void)port;
	return NULL;
}

enum dp_port_state dp_live_link(struct dp_live *l, unsigned port)
{
	(void)l;
	(void)port;
	return DP_PORT_GONE;
}

uint64_t dp_live_missed(struct dp_live *l, unsigned port)
{
	(void)l;
	(void)port;
	return 0;
}

uint64_t dp_live_rounds(const struct dp_live *l, unsigned worker)
{
	(void)l;
	(void)worker;
	return 0;
}

bool dp_worker_snapshot(struct dp_worker *w, struct ct_account to[DP_PORTS_MAX])
{
	(void)w;
	(void)to;
	return false;
}
