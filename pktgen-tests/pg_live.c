/* SPDX-License-Identifier: Apache-2.0 */
#include "pktgen-tests/pg_live.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "dataplane/dp_eal.h"
#include "pktgen-tests/pg_bench.h"
#include "pktgen-tests/pg_clock.h"

#define START 30 /* seconds that a device may take until it forwards */

static const char *const port_names[] = { "af_packet", "af_xdp", "memif" };
static const char *const who_names[] = { "mailweir", "dpdk-testpmd", "wire" };

/* Options. */

static bool port_of(struct pg_live *l, const char *text)
{
	for (unsigned i = 0; i < sizeof port_names / sizeof port_names[0]; i++)
		if (strcmp(text, port_names[i]) == 0) {
			l->port = (enum pg_port)i;
			return true;
		}
	fprintf(stderr, "mailweir-bench: --port %s: expected af_packet, af_xdp or memif\n", text);
	return false;
}

enum { OPT_PORT = 256, OPT_SECONDS, OPT_ROUNDS, OPT_SIZE, OPT_MAILWEIR, OPT_TESTPMD, OPT_OWN };

int pg_live_parse(struct pg_live *l, int argc, char **argv, const struct pg_live_option *own, void (*usage)(FILE *))
{
	const struct option options[] = {
		{ "port", required_argument, NULL, OPT_PORT },
		{ "seconds", required_argument, NULL, OPT_SECONDS },
		{ "rounds", required_argument, NULL, OPT_ROUNDS },
		{ "size", required_argument, NULL, OPT_SIZE },
		{ "mailweir", required_argument, NULL, OPT_MAILWEIR },
		{ "testpmd", required_argument, NULL, OPT_TESTPMD },
		{ own->name, required_argument, NULL, OPT_OWN },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int opt;
	bool ok = true;
	*l = (struct pg_live){
		.bench = argv[0],
		.seconds = 10,
		.rounds = 5,
		.size = PG_LINK_SIZE_MIN,
		.next = 1,
		.program = { "mailweir", "dpdk-testpmd" },
	};
	while (ok && (opt = getopt_long(argc, argv, "h", options, NULL)) != -1)
		switch (opt) {
		case OPT_PORT:
			ok = port_of(l, optarg);
			break;
		case OPT_SECONDS:
			ok = pg_bench_number("seconds", optarg, 0.1, 3600, &l->seconds);
			break;
		case OPT_ROUNDS:
			ok = pg_bench_count("rounds", optarg, 1, 1000, &l->rounds);
			break;
		case OPT_SIZE:
			ok = pg_bench_count("size", optarg, PG_LINK_SIZE_MIN, PG_LINK_SIZE_MAX, &l->size);
			break;
		case OPT_MAILWEIR:
			l->program[PG_MAILWEIR] = optarg;
			break;
		case OPT_TESTPMD:
			l->program[PG_TESTPMD] = optarg;
			break;
		case OPT_OWN:
			ok = pg_bench_count(own->name, optarg, own->min, own->max, own->value);
			break;
		case 'h':
			usage(stdout);
			return 1;
		default:
			ok = false;
		}
	return ok && pg_bench_read_all(argc, argv) ? 0 : 2;
}

/* Ports. */

static int complain(const char *what)
{
	fprintf(stderr, "mailweir-bench: %s\n", what);
	return -1;
}

static int find_programs(struct pg_live *l)
{
	static const char *const mends[] = { "it is built beside mailweir-bench; or --mailweir names it",
					     "`apt-get install dpdk-dev` has it; or --testpmd names it" };
	for (unsigned who = 0; who < 2; who++)
		if (!pg_device_find(l->program[who], l->path[who], sizeof l->path[who])) {
			fprintf(stderr, "mailweir-bench: %s: no such program: %s\n", l->program[who], mends[who]);
			return -1;
		}
	return 0;
}

static int see_cpus(struct pg_live *l)
{
	unsigned n = 0;
	if (sched_getaffinity(0, sizeof l->others, &l->others) != 0)
		return complain("cannot tell the processors allowed");
	for (unsigned cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &l->others))
			continue;
		for (unsigned i = n < 3 ? n : 2; i < 3; i++)
			l->cpu[i] = cpu;
		n++;
	}
	/* A device's threads beside the tester, that never sleeps, would have every other time slice. */
	if (n > 1)
		CPU_CLR(l->cpu[0], &l->others);
	return 0;
}

/* One queue each: AF_XDP takes every one or refuses. No IPv6, or the kernel sends frames of its own. */
static int make_interfaces(void)
{
	static const char script[] =
		"exec 2>&1; for f in /proc/sys/net/ipv6/conf/default/disable_ipv6; do ! test -e $f || echo 1 >$f || exit 1; done; "
		"for pair in 't0 d0' 't1 d1' 'w0 w1'; do set -- $pair; "
		"ip link add $1 numrxqueues 1 numtxqueues 1 type veth peer name $2 numrxqueues 1 numtxqueues 1 && "
		"ip link set dev $1 up && ip link set dev $2 up || exit 1; done";
	char line[256] = "";
	if (unshare(CLONE_NEWNET) != 0) {
		fprintf(stderr,
			"mailweir-bench: a network namespace for the ports cannot be made: %s; run it as root, or with --port "
			"memif\n",
			strerror(errno));
		return -1;
	}
	FILE *shell = popen(script, "r");
	if (!shell)
		return complain("cannot start a shell to make the ports");
	if (!fgets(line, sizeof line, shell))
		line[0] = '\0';
	if (pclose(shell) == 0)
		return 0;
	fprintf(stderr, "mailweir-bench: cannot make the ports with `ip` (package iproute2): %s",
		line[0] ? line : "it said nothing\n");
	return -1;
}

static int open_links(struct pg_live *l)
{
	char err[512], socket[64];
	int rc;
	if (l->port == PG_MEMIF) {
		struct dp_eal eal = { .program = "mailweir-bench", .workers = 1, .megabytes = 128 };
		snprintf(socket, sizeof socket, "mailweir-bench-%d", (int)getpid());
		for (unsigned i = 0; i < 2; i++)
			snprintf(l->argument[i], sizeof l->argument[i],
				 "net_memif%u,role=client,id=%u,socket=%s,socket-abstract=yes", i, i, socket);
		rc = dp_eal_start(&eal, err, sizeof err);
		if (rc == 0)
			rc = pg_link_open_memif(&l->through, socket, l->size, err, sizeof err);
	} else {
		if (make_interfaces() != 0)
			return -1;
		for (unsigned i = 0; i < 2; i++)
			snprintf(l->argument[i], sizeof l->argument[i], "net_%s%u,iface=d%u", port_names[l->port], i, i);
		rc = pg_link_open_raw(&l->through, "t0", "t1", l->size, err, sizeof err);
		if (rc == 0)
			rc = pg_link_open_raw(&l->wire, "w0", "w1", l->size, err, sizeof err);
	}
	return rc == 0 ? 0 : complain(err);
}

/* Turns. */

static int start(struct pg_live *l, enum pg_who who, char *err, size_t err_size)
{
	char lcores[64], *in = l->argument[0], *out = l->argument[1];
	char *mailweir[] = {
		l->path[PG_MAILWEIR], (char[]){ "run" }, (char[]){ "--inside" }, out, (char[]){ "--outside" }, in, NULL
	};
	char *testpmd[] = { l->path[PG_TESTPMD],
			    (char[]){ "--lcores" },
			    lcores,
			    (char[]){ "--no-huge" },
			    (char[]){ "--no-shconf" },
			    (char[]){ "--no-telemetry" },
			    (char[]){ "--no-pci" },
			    (char[]){ "-m" },
			    (char[]){ "128" },
			    (char[]){ "--vdev" },
			    in,
			    (char[]){ "--vdev" },
			    out,
			    (char[]){ "--" },
			    (char[]){ "--forward-mode=io" },
			    (char[]){ "--nb-cores=1" },
			    (char[]){ "--auto-start" },
			    (char[]){ "--total-num-mbufs=16384" },
			    NULL };
	snprintf(lcores, sizeof lcores, "0@%u,1@%u", l->cpu[1], l->cpu[2]);
	l->device.name = who_names[who];
	return pg_device_start(&l->device, who == PG_MAILWEIR ? mailweir : testpmd, &l->others, err, err_size);
}

static void pause_ms(unsigned ms)
{
	const struct timespec t = { .tv_nsec = (long)ms * 1000000 };
	nanosleep(&t, NULL);
}

/* Until a frame has come through, then until no more come. */
static bool await(struct pg_live *l, char *err, size_t err_size)
{
	struct pg_arrival a[PG_LINK_BURST];
	uint64_t end = pg_now() + START * PG_SECOND;
	bool through = false;
	while (!through) {
		if (!pg_device_alive(&l->device, err, err_size))
			return false;
		if (pg_now() > end) {
			snprintf(err, err_size, "%s has forwarded nothing for %d seconds", l->device.name, START);
			return false;
		}
		pause_ms(10);
		if (pg_link_ready(l->through)) {
			pg_link_send(l->through, l->next++, 1, 0);
			pause_ms(1);
			through = pg_link_receive(l->through, a) > 0;
		}
	}
	do
		pause_ms(20);
	while (pg_link_receive(l->through, a) > 0);
	return true;
}

static bool stop(struct pg_live *l, char *err, size_t err_size)
{
	bool ok = pg_device_stop(&l->device, err, err_size);
	/* A memif port learns from its own thread that the other side has gone. */
	for (unsigned i = 0; i < 1000 && l->port == PG_MEMIF && pg_link_ready(l->through); i++)
		pause_ms(1);
	return ok;
}

static bool watch_turn(struct pg_live *l, enum pg_who who, pg_live_turn *turn, void *arg, char *err, size_t err_size)
{
	double seconds = l->seconds / l->rounds / (l->wire ? 3 : 2);
	pg_waits_open(&l->waits, l->device.pid);
	bool ok = turn(arg, who, who == PG_WIRE ? l->wire : l->through, pg_now() + (uint64_t)(seconds * (double)PG_SECOND), err, err_size);
	pg_waits_close(&l->waits);
	return ok;
}

static bool take_turn(struct pg_live *l, enum pg_who who, pg_live_turn *turn, void *arg, char *err, size_t err_size)
{
	char ignored[16];
	if (who == PG_WIRE)
		return watch_turn(l, who, turn, arg, err, err_size);
	if (start(l, who, err, err_size) != 0)
		return false;
	if (await(l, err, err_size) && watch_turn(l, who, turn, arg, err, err_size) && pg_device_alive(&l->device, err, err_size))
		return stop(l, err, err_size);
	stop(l, ignored, sizeof ignored);
	return false;
}

int pg_live_run(struct pg_live *l, pg_live_turn *turn, void *arg)
{
	char err[1024];
	cpu_set_t own;
	int rc = 2;
	if (find_programs(l) != 0 || see_cpus(l) != 0 || open_links(l) != 0)
		goto out;
	CPU_ZERO(&own);
	CPU_SET(l->cpu[0], &own);
	sched_setaffinity(0, sizeof own, &own);
	for (unsigned round = 0; round < l->rounds; round++)
		for (unsigned i = 0; i < PG_WHO_MAX; i++) {
			/* Every other round the other way round: none is always the first. */
			enum pg_who who = round % 2 ? PG_WHO_MAX - 1 - i : i;
			if (who == PG_WIRE && !l->wire)
				continue;
			if (!take_turn(l, who, turn, arg, err, sizeof err)) {
				complain(err);
				goto out;
			}
		}
	rc = 0;
out:
	pg_link_free(l->through);
	pg_link_free(l->wire);
	if (l->port == PG_MEMIF)
		dp_eal_stop();
	return rc;
}

json_t *pg_live_json(const struct pg_live *l)
{
	return json_pack("{ss ss si si}", "bench", l->bench, "port", port_names[l->port], "frame_bytes", (int)l->size, "rounds",
			 (int)l->rounds);
}

void pg_live_put(json_t *o, const char *name, enum pg_who who, json_t *value)
{
	static const char *const prefix[PG_WHO_MAX] = { "", "testpmd_", "wire_" };
	char full[64];
	snprintf(full, sizeof full, "%s%s", prefix[who], name);
	json_object_set_new(o, full, value);
}

void pg_live_print(json_t *o)
{
	json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(4));
	putchar('\n');
	json_decref(o);
}
