/* SPDX-License-Identifier: Apache-2.0 */
/* The program `mailweir-impair`: a bridge of two kernel interfaces that loses, doubles, reorders and delays. */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <jansson.h>

#include "pktgen-tests/pg_clock.h"
#include "pktgen-tests/pg_impair_line.h"
#include "pktgen-tests/pg_raw.h"

#define QUEUE 16384 /* frames inside, a direction */
#define BURST 64
#define FRAME_MAX (640 << 10) /* larger than any that the kernel makes */

struct bridge {
	struct pg_impair_settings settings;
	double seconds;
	struct pg_raw port[2]; /* A, B */
	struct pg_impair_line line[2]; /* from A to B, from B to A */
	int epoll, timer, end, signals;
	uint64_t armed; /* when the timer goes off */
	uint8_t buf[FRAME_MAX];
};

static void usage(FILE *to)
{
	fputs("usage: mailweir-impair [OPTION]... IF_A IF_B\n"
	      "\n"
	      "Forwards all frames between two Ethernet interfaces, in both directions, and\n"
	      "harms them on the way. The seed decides what becomes of each direction's first,\n"
	      "second, ... frame: the same in every run.\n"
	      "\n"
	      "  --loss PCT       so many of a hundred frames are lost; may have a fraction\n"
	      "  --duplicate PCT  so many go twice\n"
	      "  --reorder PCT    so many are held until 1 to 3 later ones have gone, or 20 ms\n"
	      "  --delay MS       each goes so much later\n"
	      "  --jitter MS      and up to so much more; the order stays\n"
	      "  --seed N         (default 1)\n"
	      "  --seconds S      end after so long; without, on INT or TERM\n"
	      "\n"
	      "Says on standard error when it forwards. At its end it lets go of what it still\n"
	      "holds, and prints one JSON object. In each direction received + duplicated =\n"
	      "forwarded + lost + overflow (no room, here or in the socket) + refused (by the\n"
	      "kernel, as too long for the other interface).\n"
	      "\n"
	      "Exit status: 0; 2 on wrong usage, or an interface that cannot be had.\n",
	      to);
}

/* The way of a frame. */

static void receive(struct bridge *b, unsigned direction)
{
	struct pg_impair_line *l = &b->line[direction];
	for (unsigned i = 0; i < BURST; i++) {
		uint8_t *at;
		ssize_t n = pg_raw_receive(&b->port[direction], b->buf, sizeof b->buf, &at);
		if (n == 0)
			return;
		struct pg_impair_frame *f = n < 0 ? NULL : malloc(sizeof *f + (size_t)n);
		if (!f) {
			l->counts.received++;
			l->counts.refused += n < 0;
			l->counts.overflow += n > 0;
			continue;
		}
		f->refs = 1;
		f->len = (size_t)n;
		memcpy(f->data, at, f->len);
		pg_impair_line_add(l, f, pg_now());
	}
}

static void send_due(struct bridge *b, unsigned direction, uint64_t now)
{
	struct pg_impair_line *l = &b->line[direction];
	struct pg_impair_frame *f;
	while ((f = pg_impair_line_take(l, now)) != NULL)
		pg_impair_line_done(l, f, pg_raw_send(&b->port[!direction], f->data, f->len) == 0);
}

static void arm(struct bridge *b)
{
	uint64_t a = pg_impair_line_due(&b->line[0]), c = pg_impair_line_due(&b->line[1]), due = a < c ? a : c;
	struct itimerspec t = { 0 };
	if (due == b->armed)
		return;
	b->armed = due;
	if (due != PG_IMPAIR_NEVER) {
		t.it_value.tv_sec = (time_t)(due / PG_SECOND);
		t.it_value.tv_nsec = (long)(due % PG_SECOND);
	}
	timerfd_settime(b->timer, TFD_TIMER_ABSTIME, &t, NULL);
}

static void forward(struct bridge *b)
{
	for (;;) {
		struct epoll_event events[5];
		uint64_t expirations;
		int n = epoll_wait(b->epoll, events, 5, -1);
		for (int i = 0; i < n; i++) {
			int fd = events[i].data.fd;
			if (fd == b->end || fd == b->signals)
				return;
			if (fd == b->timer && read(fd, &expirations, sizeof expirations) > 0)
				b->armed = 0;
			for (unsigned d = 0; d < 2; d++)
				if (fd == b->port[d].fd)
					receive(b, d);
		}
		uint64_t now = pg_now();
		send_due(b, 0, now);
		send_due(b, 1, now);
		arm(b);
	}
}

/* The rest. */

static json_t *direction_json(const struct bridge *b, unsigned d)
{
	const struct pg_impair_counts *c = &b->line[d].counts;
	return json_pack("{ss ss sI sI sI sI sI sI sI sI}", "from", b->port[d].name, "to", b->port[!d].name,
			 "received", (json_int_t)c->received, "forwarded", (json_int_t)c->forwarded,
			 "lost", (json_int_t)c->lost, "duplicated", (json_int_t)c->duplicated,
			 "reordered", (json_int_t)c->reordered, "delayed", (json_int_t)c->delayed,
			 "overflow", (json_int_t)c->overflow, "refused", (json_int_t)c->refused);
}

static void report(struct bridge *b)
{
	for (unsigned d = 0; d < 2; d++) {
		uint64_t missed = pg_raw_missed(&b->port[d]);
		b->line[d].counts.received += missed;
		b->line[d].counts.overflow += missed;
	}
	json_t *o = json_pack("{sI so so}", "seed", (json_int_t)b->settings.seed, "a_to_b", direction_json(b, 0), "b_to_a",
			      direction_json(b, 1));
	if (o)
		json_dumpf(o, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(o);
}

static int watch(struct bridge *b, int fd)
{
	struct epoll_event e = { .events = EPOLLIN, .data.fd = fd };
	return fd < 0 ? -1 : epoll_ctl(b->epoll, EPOLL_CTL_ADD, fd, &e);
}

static int set_up(struct bridge *b)
{
	sigset_t signals;
	struct itimerspec end = { .it_value = { (time_t)b->seconds, (long)(fmod(b->seconds, 1) * 1e9) } };
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	b->epoll = epoll_create1(EPOLL_CLOEXEC);
	b->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	b->end = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	b->signals = signalfd(-1, &signals, SFD_CLOEXEC);
	b->armed = PG_IMPAIR_NEVER;
	if (watch(b, b->port[0].fd) != 0 || watch(b, b->port[1].fd) != 0 || watch(b, b->timer) != 0 || watch(b, b->end) != 0 ||
	    watch(b, b->signals) != 0 || sigprocmask(SIG_BLOCK, &signals, NULL) != 0 ||
	    timerfd_settime(b->end, 0, &end, NULL) != 0) {
		fprintf(stderr, "mailweir-impair: cannot set up waiting for frames: %s\n", strerror(errno));
		return 2;
	}
	for (unsigned d = 0; d < 2; d++)
		if (pg_impair_line_init(&b->line[d], &b->settings, d, QUEUE) != 0) {
			fprintf(stderr, "mailweir-impair: out of memory\n");
			return 2;
		}
	return 0;
}

static int run(struct bridge *b, char *names[2])
{
	char err[256];
	for (unsigned d = 0; d < 2; d++)
		if (pg_raw_open(&b->port[d], names[d], err, sizeof err) != 0) {
			fprintf(stderr, "mailweir-impair: %s\n", err);
			return 2;
		}
	int rc = set_up(b);
	if (rc == 0) {
		fprintf(stderr, "impair: forwarding %s <-> %s\n", names[0], names[1]);
		forward(b);
		send_due(b, 0, PG_IMPAIR_NEVER);
		send_due(b, 1, PG_IMPAIR_NEVER);
		report(b);
	}
	for (unsigned d = 0; d < 2; d++) {
		pg_impair_line_free(&b->line[d]);
		pg_raw_close(&b->port[d]);
	}
	return rc;
}

/* Arguments. */

static bool number(const char *option, const char *text, double max, const char *unit, double *to)
{
	char *end;
	double value = strtod(text, &end);
	if (end == text || *end || !(value >= 0 && value <= max)) {
		fprintf(stderr, "mailweir-impair: --%s %s: expected a number from 0 to %g%s\n", option, text, max, unit);
		return false;
	}
	*to = value;
	return true;
}

static bool share(const char *option, const char *text, double *to)
{
	double percent;
	if (!number(option, text, 100, " (percent)", &percent))
		return false;
	*to = percent / 100;
	return true;
}

static bool milliseconds(const char *option, const char *text, uint64_t *to)
{
	double ms;
	if (!number(option, text, 60000, " (milliseconds)", &ms))
		return false;
	*to = (uint64_t)(ms * 1e6);
	return true;
}

static bool seed(const char *text, uint64_t *to)
{
	char *end;
	errno = 0;
	long long value = strtoll(text, &end, 10);
	if (end == text || *end || errno || value < 0) {
		fprintf(stderr, "mailweir-impair: --seed %s: expected a number from 0 to %lld\n", text, (long long)INT64_MAX);
		return false;
	}
	*to = (uint64_t)value;
	return true;
}

enum { OPT_LOSS = 256, OPT_DUPLICATE, OPT_REORDER, OPT_DELAY, OPT_JITTER, OPT_SEED, OPT_SECONDS, OPT_VERSION };

/* 0; 1: done already; 2: wrong. */
static int parse(struct bridge *b, int argc, char **argv)
{
	static const struct option options[] = {
		{ "loss", required_argument, NULL, OPT_LOSS },       { "duplicate", required_argument, NULL, OPT_DUPLICATE },
		{ "reorder", required_argument, NULL, OPT_REORDER }, { "delay", required_argument, NULL, OPT_DELAY },
		{ "jitter", required_argument, NULL, OPT_JITTER },   { "seed", required_argument, NULL, OPT_SEED },
		{ "seconds", required_argument, NULL, OPT_SECONDS }, { "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, OPT_VERSION },       { NULL, 0, NULL, 0 },
	};
	struct pg_impair_settings *s = &b->settings;
	int opt;
	bool ok = true;
	while (ok && (opt = getopt_long(argc, argv, "h", options, NULL)) != -1)
		switch (opt) {
		case OPT_LOSS:
			ok = share("loss", optarg, &s->loss);
			break;
		case OPT_DUPLICATE:
			ok = share("duplicate", optarg, &s->duplicate);
			break;
		case OPT_REORDER:
			ok = share("reorder", optarg, &s->reorder);
			break;
		case OPT_DELAY:
			ok = milliseconds("delay", optarg, &s->delay);
			break;
		case OPT_JITTER:
			ok = milliseconds("jitter", optarg, &s->jitter);
			break;
		case OPT_SEED:
			ok = seed(optarg, &s->seed);
			break;
		case OPT_SECONDS:
			ok = number("seconds", optarg, 86400, "", &b->seconds);
			if (ok && b->seconds < 0.001) {
				fprintf(stderr,
					"mailweir-impair: --seconds %s: at least 0.001; without the option it runs until TERM\n",
					optarg);
				ok = false;
			}
			break;
		case 'h':
			usage(stdout);
			return 1;
		case OPT_VERSION:
			printf("mailweir-impair %s\n", MAILWEIR_VERSION);
			return 1;
		default:
			ok = false;
		}
	return ok ? 0 : 2;
}

int main(int argc, char **argv)
{
	static struct bridge b = { .settings.seed = 1, .port = { { .fd = -1 }, { .fd = -1 } } };
	int rc = parse(&b, argc, argv);
	if (rc != 0)
		return rc == 1 ? 0 : rc;
	if (argc - optind != 2) {
		fprintf(stderr, "mailweir-impair: expected two interfaces, got %d; --help tells more\n", argc - optind);
		return 2;
	}
	if (strcmp(argv[optind], argv[optind + 1]) == 0) {
		fprintf(stderr, "mailweir-impair: %s: an interface cannot be bridged with itself\n", argv[optind]);
		return 2;
	}
	return run(&b, argv + optind);
}
