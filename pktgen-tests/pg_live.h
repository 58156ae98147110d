/* SPDX-License-Identifier: Apache-2.0 */
/* pg_live: mailweir and testpmd as processes on the same ports, in turns, frames going through whichever it is: what the
 * measurements `forward` and `latency` share.
 *
 * With kernel ports everything is in a network namespace of this process's own, which goes when it goes. There is a third then, the
 * wire: the tester's two ends joined without a device, half of the way that a frame goes with one. It shows what the tester itself
 * takes.
 *
 * Owner: the caller, one thread. Units: times as pg_clock.h tells them. */
#ifndef PG_LIVE_H
#define PG_LIVE_H

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

#include "pktgen-tests/pg_device.h"
#include "pktgen-tests/pg_link.h"
#include "pktgen-tests/pg_waits.h"

enum pg_who { PG_MAILWEIR, PG_TESTPMD, PG_WIRE, PG_WHO_MAX };
enum pg_port { PG_AF_PACKET, PG_AF_XDP, PG_MEMIF };

struct pg_live {
	const char *bench; /* its name */
	enum pg_port port;
	double seconds; /* for all turns */
	unsigned rounds; /* turns of each */
	unsigned size; /* of a frame */
	const char *program[2]; /* by enum pg_who, as on the command line */

	char path[2][4096];
	char argument[2][128]; /* the device's ports: where frames go in, and where they come out */
	unsigned cpu
		[3]; /* of the tester: the first; of testpmd's main thread: the next; of its worker: the last; there may be fewer */
	cpu_set_t others; /* all but the tester's: the devices' */
	struct pg_link *through, *wire; /* wire: NULL with memif */
	struct pg_device device;
	struct pg_waits waits; /* in a turn: the tester's and the device's */
	uint64_t next; /* number of the next frame */
};

/* An option that only one measurement has. */
struct pg_live_option {
	const char *name;
	unsigned min, max, *value;
};

/* One turn of who's, over link, until then. False, with a reason in err, when it cannot go on. */
typedef bool pg_live_turn(void *arg, enum pg_who who, struct pg_link *link, uint64_t until, char *err, size_t err_size);

/* 0; 1: help was asked for and given; 2: wrong, and said so. */
int pg_live_parse(struct pg_live *l, int argc, char **argv, const struct pg_live_option *own, void (*usage)(FILE *));
/* All turns. The exit status: 0, or 2 when the reason has been printed. */
int pg_live_run(struct pg_live *l, pg_live_turn *turn, void *arg);
/* An object with what both measurements say first. */
json_t *pg_live_json(const struct pg_live *l);
/* What who's figure is: mailweir's under that name, the others' with theirs before it. Takes the value. */
void pg_live_put(json_t *o, const char *name, enum pg_who who, json_t *value);
/* As a line; gives o back. */
void pg_live_print(json_t *o);

#endif
