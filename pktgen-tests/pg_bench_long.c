/* SPDX-License-Identifier: Apache-2.0 */
/* mailweir-bench long: the memory of `mailweir read` over one connection with many messages, and over one message that is long.
 *
 * The capture is made while it is read, through a pipe. What is measured is the reading process's resident memory, once a tenth of
 * the messages or bytes went by, and at the end. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dataplane/dp_be.h"
#include "pktgen-tests/pg_bench.h"
#include "pktgen-tests/pg_device.h"
#include "pktgen-tests/pg_wire.h"

#define HEADERS 54
#define MSS 1460
#define LINE 78 /* of base64, with its end */
#define BATCH 256 /* frames written at once */
#define ACK_EVERY 16
#define FIN 1
#define SYN 2
#define PSH 8
#define ACK 16

struct talk {
	struct pg_device device;
	struct pg_wire wire;
	uint32_t seq[2]; /* of client and server */
	uint64_t time; /* microseconds */
	uint64_t bytes; /* of content */
	bool failed; /* it reads no more */
};

static bool write_all(int fd, const void *p, size_t n)
{
	for (const uint8_t *at = p; n > 0;) {
		ssize_t k = write(fd, at, n);
		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return false;
		at += k;
		n -= (size_t)k;
	}
	return true;
}

static void flush(struct talk *t)
{
	static uint8_t out[BATCH * (16 + HEADERS + MSS)];
	size_t n = 0;
	pg_wire_sum(&t->wire);
	for (size_t i = 0; i < t->wire.nframes; i++) {
		const struct pg_frame *f = &t->wire.frames[i];
		const uint32_t head[4] = { (uint32_t)(t->time / 1000000), (uint32_t)(t->time % 1000000), f->len, f->len };
		memcpy(out + n, head, sizeof head);
		memcpy(out + n + sizeof head, t->wire.data + f->off, f->len);
		n += sizeof head + f->len;
		t->time += 10;
	}
	t->wire.len = t->wire.nframes = 0;
	t->failed |= t->wire.failed || !write_all(t->device.input, out, n);
}

static void send_segment(struct talk *t, unsigned from, unsigned flags, const void *p, size_t n)
{
	uint8_t e[HEADERS + MSS] = { 0 }, *ip = e + 14, *tcp = ip + 20;
	const uint32_t ends[2] = { 10u << 24 | 1, 192u << 24 | 2u << 8 | 25 };
	e[5] = from ? 1 : 2;
	e[11] = from ? 2 : 1;
	dp_be_put16(e + 12, 0x0800);
	ip[0] = 0x45;
	dp_be_put16(ip + 2, (uint16_t)(HEADERS - 14 + n));
	ip[8] = 64;
	ip[9] = 6;
	dp_be_put32(ip + 12, ends[from]);
	dp_be_put32(ip + 16, ends[!from]);
	dp_be_put16(tcp, from ? 25 : 40000);
	dp_be_put16(tcp + 2, from ? 40000 : 25);
	dp_be_put32(tcp + 4, t->seq[from]);
	dp_be_put32(tcp + 8, flags & ACK ? t->seq[!from] : 0);
	tcp[12] = 5 << 4;
	tcp[13] = (uint8_t)flags;
	dp_be_put16(tcp + 14, 65535);
	memcpy(tcp + 20, p, n);
	t->seq[from] += (uint32_t)n + ((flags & (SYN | FIN)) ? 1 : 0);
	if (!pg_wire_add(&t->wire, e, (uint32_t)(HEADERS + n)) || t->wire.nframes == BATCH)
		flush(t);
}

static void say(struct talk *t, unsigned from, const char *text)
{
	send_segment(t, from, ACK | PSH, text, strlen(text));
}

static void greet(struct talk *t)
{
	/* pcap, microseconds, Ethernet. */
	static const uint32_t head[6] = { 0xa1b2c3d4, 4 << 16 | 2, 0, 0, 262144, 1 };
	t->failed = !write_all(t->device.input, head, sizeof head);
	send_segment(t, 0, SYN, "", 0);
	send_segment(t, 1, SYN | ACK, "", 0);
	send_segment(t, 0, ACK, "", 0);
	say(t, 1, "220 mx.example.com ESMTP\r\n");
	say(t, 0, "EHLO client.example.org\r\n");
	say(t, 1, "250-mx.example.com\r\n250 PIPELINING\r\n");
}

static void envelope(struct talk *t)
{
	say(t, 0, "MAIL FROM:<sender@example.org>\r\nRCPT TO:<reader@example.com>\r\nDATA\r\n");
	say(t, 1, "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 go\r\n");
}

static void hang_up(struct talk *t)
{
	flush(t);
	say(t, 0, "QUIT\r\n");
	say(t, 1, "221 2.0.0 Bye\r\n");
	send_segment(t, 0, FIN | ACK, "", 0);
	send_segment(t, 1, FIN | ACK, "", 0);
	send_segment(t, 0, ACK, "", 0);
	flush(t);
}

/* A short message. */
static void send_short(struct talk *t, uint64_t number)
{
	char text[256];
	int n = snprintf(text, sizeof text, "From: sender@example.org\r\nTo: reader@example.com\r\nSubject: %" PRIu64 "\r\n\r\nHello.\r\n.\r\n", number);
	envelope(t);
	send_segment(t, 0, ACK | PSH, text, (size_t)n);
	say(t, 1, "250 2.0.0 queued\r\n");
	t->bytes += (uint64_t)n - 3;
}

/* One with so many bytes of base64, in lines; what it decodes to is no program. Calls back when a tenth is written. */
static void send_long(struct talk *t, uint64_t bytes, void (*tenth)(void *), void *arg)
{
	static const char header[] = "Subject: long\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\n"
				     "Content-Transfer-Encoding: base64\r\n\r\n";
	char lines[LINE * 64];
	for (size_t i = 0; i < sizeof lines; i++)
		lines[i] = i % LINE == LINE - 2 ? '\r' : i % LINE == LINE - 1 ? '\n' : (char)('A' + i * 7 % 26);
	envelope(t);
	say(t, 0, header);
	t->bytes = sizeof header - 1;
	bytes -= bytes % LINE;
	bool told = false;
	for (uint64_t at = 0, n, k = 0; at < bytes && !t->failed; at += n) {
		size_t from = at % sizeof lines;
		n = sizeof lines - from < MSS ? sizeof lines - from : MSS;
		n = bytes - at < n ? bytes - at : n;
		send_segment(t, 0, ACK, lines + from, (size_t)n);
		if (++k % ACK_EVERY == 0)
			send_segment(t, 1, ACK, "", 0);
		if (!told && at >= bytes / 10) {
			told = true;
			flush(t);
			tenth(arg);
		}
	}
	t->bytes += bytes;
	say(t, 0, ".\r\n");
	say(t, 1, "250 2.0.0 queued\r\n");
}

/* Of the reading process, in bytes; 0: not known. */
static uint64_t resident(pid_t pid)
{
	char path[64], line[256];
	unsigned long long kb = 0;
	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	FILE *f = fopen(path, "r");
	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "VmRSS: %llu kB", &kb) == 1)
			break;
	if (f)
		fclose(f);
	return kb * 1024;
}

/* Of the summary's line "messages  100,000 seen = 100,000 clean + ...". */
static bool all_clean(FILE *said, uint64_t messages)
{
	char line[1024], expect[128];
	bool found = false;
	int n = snprintf(expect, sizeof expect, "%" PRIu64 " seen = %" PRIu64 " clean + 0 infected", messages, messages);
	rewind(said);
	while (!found && fgets(line, sizeof line, said)) {
		char *to = line;
		for (const char *from = line; *from; from++)
			if (*from != ',')
				*to++ = *from;
		*to = '\0';
		found = strncmp(line, "messages", 8) == 0 && strncmp(line + 8 + strspn(line + 8, " "), expect, (size_t)n) == 0;
	}
	return found;
}

struct measure {
	struct talk *talk;
	uint64_t before, after;
};

static void at_tenth(void *arg)
{
	struct measure *m = arg;
	m->before = resident(m->talk->device.pid);
}

/* messages 0: a long one. False, and said, when it did not end well. */
static bool measure(const char *program, uint64_t messages, uint64_t bytes)
{
	char *const argv[] = { (char *)(uintptr_t)program, (char[]){ "read" }, (char[]){ "-" }, NULL };
	struct talk t = { .device.name = "mailweir", .seq = { 1000, 500000 }, .time = 1000000 };
	struct measure m = { .talk = &t };
	cpu_set_t cpus;
	char err[256];
	int status = -1;
	sched_getaffinity(0, sizeof cpus, &cpus);
	if (pg_device_start(&t.device, argv, &cpus, err, sizeof err) != 0) {
		fprintf(stderr, "mailweir-bench: %s\n", err);
		return false;
	}
	greet(&t);
	for (uint64_t i = 0; i < messages && !t.failed; i++) {
		send_short(&t, i);
		if (i == messages / 10) {
			flush(&t);
			at_tenth(&m);
		}
	}
	if (!messages)
		send_long(&t, bytes, at_tenth, &m);
	flush(&t);
	m.after = resident(t.device.pid);
	hang_up(&t);
	close(t.device.input);
	waitpid(t.device.pid, &status, 0);
	pg_wire_free(&t.wire);
	const uint64_t seen = messages ? messages : 1;
	const bool good = !t.failed && WIFEXITED(status) && WEXITSTATUS(status) == 0 && all_clean(t.device.said, seen);
	fclose(t.device.said);
	if (!good) {
		fprintf(stderr, "mailweir-bench: %s read: not all %" PRIu64 " messages were clean (status %d)\n", program, seen, status);
		return false;
	}
	printf("{\"bench\":\"long\",\"messages\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"rss_before\":%" PRIu64 ",\"rss_after\":%" PRIu64 "}\n", seen,
	       t.bytes, m.before, m.after);
	fflush(stdout);
	return true;
}

int pg_bench_long(int argc, char **argv, void (*usage)(FILE *))
{
	static const struct option options[] = {
		{ "messages", required_argument, NULL, 'm' },
		{ "size", required_argument, NULL, 's' },
		{ "mailweir", required_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *program = "mailweir";
	char path[4096];
	unsigned messages = 100000, size = 1u << 30;
	int opt;
	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (opt) {
		case 'm':
			if (!pg_bench_count("messages", optarg, 100, 100000000, &messages))
				return 2;
			break;
		case 's':
			if (!pg_bench_count("size", optarg, 1000000, 4000000000u, &size))
				return 2;
			break;
		case 'p':
			program = optarg;
			break;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return 2;
		}
	if (!pg_bench_read_all(argc, argv))
		return 2;
	if (!pg_device_find(program, path, sizeof path)) {
		fprintf(stderr, "mailweir-bench: %s: no such program; --mailweir names it\n", program);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	return measure(path, messages, 0) && measure(path, 0, size) ? 0 : 2;
}
