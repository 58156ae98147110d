/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_capture.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dataplane/dp_capture_source.h"

#define PCAP_HEADER 24
#define SNAPLEN_OFFSET 16

struct dp_capture {
	pcap_t *pcap; /* owns the stream, which reads from source */
	enum dp_link link;
	uint64_t frames, snapped;
	enum dp_capture_status status; /* FRAME: reading goes on */
	char error[DP_CAPTURE_ERROR_MAX];
	uint8_t head[PCAP_HEADER]; /* read ahead, to tell what the file is */
	size_t head_pos, head_len;
	bool exhausted; /* libpcap asked for bytes and there were none */
	struct dp_capture_source source;
};

static const struct {
	int dlt;
	enum dp_link link;
} links[] = {
	{ DLT_EN10MB, DP_LINK_ETHERNET }, { DLT_RAW, DP_LINK_RAW },         { DLT_IPV4, DP_LINK_RAW },
	{ DLT_IPV6, DP_LINK_RAW },        { DLT_NULL, DP_LINK_NULL },       { DLT_LOOP, DP_LINK_NULL },
	{ DLT_LINUX_SLL, DP_LINK_SLL },   { DLT_LINUX_SLL2, DP_LINK_SLL2 },
};

/* ---- what kind of file ---- */

static const struct {
	uint8_t magic[4];
	bool pcap; /* its header has a snap length; false: pcapng */
	bool big_endian;
} kinds[] = {
	{ { 0xa1, 0xb2, 0xc3, 0xd4 }, true, true }, /* microseconds */
	{ { 0xd4, 0xc3, 0xb2, 0xa1 }, true, false },
	{ { 0xa1, 0xb2, 0x3c, 0x4d }, true, true }, /* nanoseconds */
	{ { 0x4d, 0x3c, 0xb2, 0xa1 }, true, false },
	{ { 0xa1, 0xb2, 0xcd, 0x34 }, true, true }, /* Kuznetzov's longer packet headers */
	{ { 0x34, 0xcd, 0xb2, 0xa1 }, true, false },
	{ { 0x0a, 0x0d, 0x0d, 0x0a }, false, false },
};

static const struct {
	uint8_t magic[4];
	unsigned len;
	const char *name;
} compressions[] = {
	{ { 0xfd, '7', 'z', 'X' }, 4, "xz" }, { { 0x28, 0xb5, 0x2f, 0xfd }, 4, "zstd" },
	{ { 'B', 'Z', 'h' }, 3, "bzip2" },    { { 0x04, 0x22, 0x4d, 0x18 }, 4, "lz4" },
	{ { 'P', 'K', 3, 4 }, 4, "zip" },
};

/* The file's first bytes, for a message: as text where they are text. */
static void describe(const uint8_t *p, size_t n, char *out, size_t out_size)
{
	const size_t most = n < 12 ? n : 12;
	bool text = true;
	for (size_t i = 0; i < most; i++)
		text &= (p[i] >= ' ' && p[i] < 127) || p[i] == '\n' || p[i] == '\r' || p[i] == '\t';
	size_t at = 0;
	if (text) {
		out[at++] = '"';
		for (size_t i = 0; i < most && p[i] >= ' '; i++)
			out[at++] = (char)p[i];
		out[at++] = '"';
		out[at] = 0;
		return;
	}
	at += (size_t)snprintf(out, out_size, "the bytes");
	for (size_t i = 0; i < most && i < 8; i++)
		at += (size_t)snprintf(out + at, out_size - at, " %02x", p[i]);
}

/* libpcap cuts each packet to the snap length of the file's header, though some writers put a smaller one there than
 * what they wrote. All that is in the file is to be looked at, so the header that libpcap sees allows the most. */
static void widen_snaplen(struct dp_capture *c, bool big_endian)
{
	for (unsigned i = 0; i < 4; i++)
		c->head[SNAPLEN_OFFSET + i] =
			(uint8_t)((uint32_t)DP_CAPTURE_FRAME_MAX >> (big_endian ? 24 - 8 * i : 8 * i));
}

/* Reads the head. Returns 0, or -errno with c->error set. */
static int recognise(struct dp_capture *c)
{
	while (c->head_len < sizeof c->head) {
		const ssize_t got =
			dp_capture_source_read(&c->source, c->head + c->head_len, sizeof c->head - c->head_len);
		if (got < 0) {
			snprintf(c->error, sizeof c->error, "%s, before the first packet", c->source.problem);
			return -EBADMSG;
		}
		if (!got)
			break;
		c->head_len += (size_t)got;
	}
	if (!c->head_len) {
		snprintf(c->error, sizeof c->error, "is empty%s: a capture begins with a %d-byte header",
			 c->source.gzip ? " inside its gzip data" : "", PCAP_HEADER);
		return -ENODATA;
	}
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (c->head_len < 4 || memcmp(c->head, kinds[i].magic, 4))
			continue;
		if (c->head_len < PCAP_HEADER) {
			snprintf(c->error, sizeof c->error, "is cut off in its header: it has %zu bytes in all",
				 c->head_len);
			return -EBADMSG;
		}
		if (kinds[i].pcap)
			widen_snaplen(c, kinds[i].big_endian);
		return 0;
	}
	for (size_t i = 0; i < sizeof compressions / sizeof *compressions; i++) {
		if (c->head_len >= 4 && !memcmp(c->head, compressions[i].magic, compressions[i].len)) {
			snprintf(c->error, sizeof c->error, "is compressed with %s: only gzip is read, unpack it first",
				 compressions[i].name);
			return -ENOTSUP;
		}
	}
	char begins[64];
	describe(c->head, c->head_len, begins, sizeof begins);
	snprintf(c->error, sizeof c->error, "is not a capture: begins with %s, not as pcap or pcapng do", begins);
	return -EBADMSG;
}

/* ---- the stream that libpcap reads ---- */

static ssize_t stream_read(void *cookie, char *buf, size_t n)
{
	struct dp_capture *c = cookie;
	if (c->head_pos < c->head_len) {
		const size_t here = c->head_len - c->head_pos;
		n = n < here ? n : here;
		memcpy(buf, c->head + c->head_pos, n);
		c->head_pos += n;
		return (ssize_t)n;
	}
	const ssize_t got = dp_capture_source_read(&c->source, buf, n);
	if (got < 0)
		errno = EIO;
	c->exhausted = !got;
	return got;
}

static FILE *stream_open(struct dp_capture *c)
{
	const cookie_io_functions_t functions = { .read = stream_read };
	FILE *f = fopencookie(c, "rb", functions);
	if (f)
		setvbuf(f, NULL, _IOFBF, 1 << 16);
	return f;
}

/* ---- opening ---- */

static int open_fd(const char *path, uint64_t *size, char *err, size_t err_size)
{
	const bool standard = !strcmp(path, "-");
	const int fd = standard ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		const int e = errno;
		if (e == ENOENT)
			snprintf(err, err_size, "no such file");
		else
			snprintf(err, err_size, "cannot be opened: %s", strerror(e));
		return -e;
	}
	struct stat st;
	if (fstat(fd, &st) < 0) {
		const int e = errno;
		snprintf(err, err_size, "cannot be opened: %s", strerror(e));
		close(fd);
		return -e;
	}
	if (S_ISDIR(st.st_mode)) {
		snprintf(err, err_size, "is a directory, not a capture file");
		close(fd);
		return -EISDIR;
	}
	*size = S_ISREG(st.st_mode) && st.st_size > 0 ? (uint64_t)st.st_size : 0;
	return fd;
}

static int find_link(struct dp_capture *c)
{
	const int dlt = pcap_datalink(c->pcap);
	for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
		if (links[i].dlt == dlt) {
			c->link = links[i].link;
			return 0;
		}
	}
	const char *name = pcap_datalink_val_to_name(dlt);
	int at = snprintf(c->error, sizeof c->error, "has link type %s (%d), which is not supported; supported are",
			  name ? name : "without a name", dlt);
	for (size_t i = 0; i < sizeof links / sizeof *links; i++)
		at += snprintf(c->error + at, sizeof c->error - (size_t)at, "%s %s", i ? "," : "",
			       pcap_datalink_val_to_name(links[i].dlt));
	return -ENOTSUP;
}

int dp_capture_open(const char *path, struct dp_capture **out, char *err, size_t err_size)
{
	uint64_t size = 0;
	const int fd = open_fd(path, &size, err, err_size);
	if (fd < 0)
		return fd;
	struct dp_capture *c = calloc(1, sizeof *c);
	if (!c) {
		snprintf(err, err_size, "cannot be opened: out of memory");
		close(fd);
		return -ENOMEM;
	}
	int rc = dp_capture_source_open(&c->source, fd, size);
	if (rc < 0) {
		snprintf(c->error, sizeof c->error, "%s", c->source.problem);
		goto fail;
	}
	rc = recognise(c);
	if (rc < 0)
		goto fail;
	FILE *f = stream_open(c);
	if (!f) {
		snprintf(c->error, sizeof c->error, "cannot be opened: out of memory");
		rc = -ENOMEM;
		goto fail;
	}
	char why[PCAP_ERRBUF_SIZE] = "";
	c->pcap = pcap_fopen_offline_with_tstamp_precision(f, PCAP_TSTAMP_PRECISION_NANO, why);
	if (!c->pcap) {
		fclose(f);
		if (c->source.problem[0])
			snprintf(c->error, sizeof c->error, "%s, before the first packet", c->source.problem);
		else if (c->exhausted)
			snprintf(c->error, sizeof c->error, "is cut off before the first packet");
		else
			snprintf(c->error, sizeof c->error, "is not a capture that can be read: %s", why);
		rc = -EBADMSG;
		goto fail;
	}
	rc = find_link(c);
	if (rc < 0)
		goto fail;
	*out = c;
	return 0;

fail:
	snprintf(err, err_size, "%s", c->error);
	dp_capture_close(c);
	return rc;
}

/* ---- reading ---- */

static void cut(struct dp_capture *c)
{
	const char *why = pcap_geterr(c->pcap);
	const uint64_t packet = c->frames + 1;
	c->status = DP_CAPTURE_CUT;
	if (c->source.problem[0])
		snprintf(c->error, sizeof c->error, "%s, in packet %" PRIu64, c->source.problem, packet);
	else if (c->exhausted)
		snprintf(c->error, sizeof c->error, "is cut off in packet %" PRIu64 ", after %" PRIu64 " bytes", packet,
			 c->source.offset);
	else if (strstr(why, "different from the type of the first interface"))
		snprintf(c->error, sizeof c->error,
			 "holds interfaces of different link types, which libpcap does not read: "
			 "packets from %" PRIu64 " on were not read; give each interface its own file",
			 packet);
	else if (strstr(why, "different from the snapshot length of the first interface"))
		snprintf(c->error, sizeof c->error,
			 "holds interfaces of different snap lengths, which libpcap does not read: "
			 "packets from %" PRIu64 " on were not read; give each interface its own file",
			 packet);
	else
		snprintf(c->error, sizeof c->error, "is damaged in packet %" PRIu64 ": %s", packet, why);
}

/* libpcap takes a pcap file's seconds for signed 32 bits; they are unsigned, and last until 2106. */
static uint64_t time_of(const struct pcap_pkthdr *h)
{
	uint64_t s = h->ts.tv_sec < 0 ? (uint32_t)h->ts.tv_sec : (uint64_t)h->ts.tv_sec;
	uint64_t ns = h->ts.tv_usec < 0 ? 0 : (uint64_t)h->ts.tv_usec;
	const uint64_t latest = 9000000000; /* the year 2255: sums with timeouts stay far from the end of 64 bits */
	return (s < latest ? s : latest) * 1000000000u + (ns < 999999999u ? ns : 999999999u);
}

enum dp_capture_status dp_capture_next(struct dp_capture *c, struct dp_frame *f, char *err, size_t err_size)
{
	struct pcap_pkthdr *h;
	const u_char *data;
	if (c->status == DP_CAPTURE_FRAME) {
		switch (pcap_next_ex(c->pcap, &h, &data)) {
		case 1:
			f->data = data;
			f->caplen = h->caplen;
			f->len = h->len;
			/* Opened with nanosecond precision: tv_usec counts them. */
			f->time_ns = time_of(h);
			f->link = c->link;
			c->frames++;
			c->snapped += h->caplen < h->len;
			return DP_CAPTURE_FRAME;
		case PCAP_ERROR_BREAK:
			c->status = DP_CAPTURE_END;
			break;
		default:
			cut(c);
			break;
		}
	}
	if (c->status == DP_CAPTURE_CUT)
		snprintf(err, err_size, "%s", c->error);
	return c->status;
}

void dp_capture_close(struct dp_capture *c)
{
	if (!c)
		return;
	if (c->pcap)
		pcap_close(c->pcap); /* closes the stream, too */
	dp_capture_source_close(&c->source);
	free(c);
}

uint64_t dp_capture_bytes(const struct dp_capture *c)
{
	return c->source.offset;
}

uint64_t dp_capture_size(const struct dp_capture *c)
{
	return c->source.size;
}

uint64_t dp_capture_frames(const struct dp_capture *c)
{
	return c->frames;
}

uint64_t dp_capture_snapped(const struct dp_capture *c)
{
	return c->snapped;
}
