/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "dataplane/dp_capture.h"

#define SECONDS 1075161600u /* 2004-01-27 */

/* ---- files ---- */

struct file {
	uint8_t *p;
	size_t len, cap;
	bool big; /* byte order of put() */
};

static void put_bytes(struct file *f, const void *p, size_t n)
{
	if (f->cap - f->len < n) {
		f->cap = f->cap * 2 + n + 256;
		f->p = realloc(f->p, f->cap);
		assert_non_null(f->p);
	}
	if (n)
		memcpy(f->p + f->len, p, n);
	f->len += n;
}

static void put(struct file *f, uint64_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		put_bytes(f, &(uint8_t){ (uint8_t)(v >> 8 * (f->big ? bytes - 1 - i : i)) }, 1);
}

/* What frame i holds: i * 7 bytes. */
static size_t frame_bytes(unsigned i, uint8_t *p)
{
	for (unsigned k = 0; k < i * 7; k++)
		p[k] = (uint8_t)(i * 16 + k);
	return i * 7;
}

static void pcap_header(struct file *f, uint32_t magic, uint32_t snaplen, uint32_t link)
{
	put(f, magic, 4);
	put(f, 2, 2);
	put(f, 4, 2);
	put(f, 0, 8);
	put(f, snaplen, 4);
	put(f, link, 4);
}

static void pcap_packet(struct file *f, uint32_t fraction, const void *p, uint32_t caplen, uint32_t len)
{
	put(f, SECONDS, 4);
	put(f, fraction, 4);
	put(f, caplen, 4);
	put(f, len, 4);
	put_bytes(f, p, caplen);
}

static void ng_block(struct file *f, uint32_t type, const struct file *body)
{
	const uint32_t padded = (uint32_t)(body->len + 3) & ~3u;
	put(f, type, 4);
	put(f, padded + 12, 4);
	put_bytes(f, body->p, body->len);
	put(f, 0, padded - (unsigned)body->len);
	put(f, padded + 12, 4);
	free(body->p);
}

static void ng_section(struct file *f)
{
	struct file b = { .big = f->big };
	put(&b, 0x1a2b3c4d, 4);
	put(&b, 1, 2);
	put(&b, 0, 2);
	put(&b, UINT64_MAX, 8);
	ng_block(f, 0x0a0d0d0a, &b);
}

static void ng_interface(struct file *f, uint16_t link, uint32_t snaplen, int tsresol)
{
	struct file b = { .big = f->big };
	put(&b, link, 2);
	put(&b, 0, 2);
	put(&b, snaplen, 4);
	if (tsresol >= 0) {
		put(&b, 9, 2);
		put(&b, 1, 2);
		put(&b, (uint64_t)tsresol << (f->big ? 24 : 0), 4);
		put(&b, 0, 4);
	}
	ng_block(f, 1, &b);
}

static void ng_packet(struct file *f, uint32_t interface, uint64_t stamp, const void *p, uint32_t caplen, uint32_t len)
{
	struct file b = { .big = f->big };
	put(&b, interface, 4);
	put(&b, stamp >> 32, 4);
	put(&b, stamp & UINT32_MAX, 4);
	put(&b, caplen, 4);
	put(&b, len, 4);
	put_bytes(&b, p, caplen);
	ng_block(f, 6, &b);
}

static struct file gzipped(const struct file *f, int level)
{
	struct file out = { 0 };
	z_stream z = { 0 };
	assert_int_equal(deflateInit2(&z, level, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
	out.cap = deflateBound(&z, f->len);
	out.p = malloc(out.cap);
	assert_non_null(out.p);
	z.next_in = f->p;
	z.avail_in = (uInt)f->len;
	z.next_out = out.p;
	z.avail_out = (uInt)out.cap;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	out.len = z.total_out;
	deflateEnd(&z);
	return out;
}

static int memory = -1; /* the file under test, in memory: thousands are written */
static char path[64];

static void write_file(const uint8_t *p, size_t n)
{
	assert_int_equal(ftruncate(memory, 0), 0);
	if (n)
		assert_int_equal(pwrite(memory, p, n, 0), n);
}

static int group_setup(void **state)
{
	(void)state;
	memory = memfd_create("capture", MFD_CLOEXEC);
	snprintf(path, sizeof path, "/proc/self/fd/%d", memory);
	return memory < 0 ? -1 : 0;
}

static int group_teardown(void **state)
{
	(void)state;
	return close(memory);
}

/* ---- reading ---- */

struct result {
	int opened;
	unsigned frames;
	enum dp_capture_status status;
	uint64_t bytes, snapped;
	char err[DP_CAPTURE_ERROR_MAX];
};

/* Reads frames made by frame_bytes, the k-th stamped with k (k * scale nanoseconds after SECONDS). */
static struct result read_capture(const char *name, uint64_t scale, enum dp_link link)
{
	struct result r = { 0 };
	struct dp_capture *c = NULL;
	r.opened = dp_capture_open(name, &c, r.err, sizeof r.err);
	if (r.opened) {
		assert_true(r.opened < 0);
		assert_null(c);
		assert_true(r.err[0]);
		assert_null(strchr(r.err, '\n'));
		return r;
	}
	struct dp_frame f;
	while ((r.status = dp_capture_next(c, &f, r.err, sizeof r.err)) == DP_CAPTURE_FRAME) {
		uint8_t expected[256];
		r.frames++;
		const size_t n = frame_bytes(r.frames, expected);
		assert_int_equal(f.caplen, n);
		assert_memory_equal(f.data, expected, n);
		assert_int_equal(f.len, n);
		assert_int_equal(f.link, link);
		assert_int_equal(f.time_ns, SECONDS * 1000000000ull + r.frames * scale);
	}
	if (r.status == DP_CAPTURE_CUT) {
		assert_true(r.err[0]);
		assert_null(strchr(r.err, '\n'));
	}
	/* Once over, always over. */
	char again[DP_CAPTURE_ERROR_MAX] = "";
	assert_int_equal(dp_capture_next(c, &f, again, sizeof again), r.status);
	if (r.status == DP_CAPTURE_CUT)
		assert_string_equal(again, r.err);
	assert_int_equal(dp_capture_frames(c), r.frames);
	r.bytes = dp_capture_bytes(c);
	r.snapped = dp_capture_snapped(c);
	dp_capture_close(c);
	return r;
}

static struct result read_bytes(const struct file *f, uint64_t scale, enum dp_link link)
{
	write_file(f->p, f->len);
	return read_capture(path, scale, link);
}

static void good(const struct file *f, uint64_t scale, enum dp_link link, unsigned frames)
{
	const struct result r = read_bytes(f, scale, link);
	assert_string_equal(r.err, "");
	assert_int_equal(r.opened, 0);
	assert_int_equal(r.status, DP_CAPTURE_END);
	assert_int_equal(r.frames, frames);
	assert_int_equal(r.bytes, f->len);
}

static struct file small_pcap(uint32_t magic, bool big, unsigned frames)
{
	struct file f = { .big = big };
	uint8_t p[256];
	pcap_header(&f, magic, 65535, 1);
	for (unsigned i = 1; i <= frames; i++) {
		const size_t n = frame_bytes(i, p);
		pcap_packet(&f, i, p, (uint32_t)n, (uint32_t)n);
	}
	return f;
}

static struct file small_pcapng(bool big, int tsresol, unsigned frames)
{
	struct file f = { .big = big };
	uint8_t p[256];
	ng_section(&f);
	ng_interface(&f, 1, 0, tsresol);
	const uint64_t second = tsresol < 0 ? 1000000 : tsresol == 9 ? 1000000000 : 1ull << (tsresol & 127);
	for (unsigned i = 1; i <= frames; i++) {
		const size_t n = frame_bytes(i, p);
		ng_packet(&f, 0, SECONDS * second + i, p, (uint32_t)n, (uint32_t)n);
	}
	return f;
}

/* ---- tests ---- */

static void reads_pcap(void **state)
{
	(void)state;
	for (int big = 0; big < 2; big++) {
		struct file f = small_pcap(0xa1b2c3d4, big, 5);
		good(&f, 1000, DP_LINK_ETHERNET, 5);
		free(f.p);
		f = small_pcap(0xa1b23c4d, big, 5);
		good(&f, 1, DP_LINK_ETHERNET, 5);
		free(f.p);
		f = small_pcap(0xa1b23c4d, big, 0);
		good(&f, 1, DP_LINK_ETHERNET, 0);
		free(f.p);
	}
}

static void reads_pcapng(void **state)
{
	(void)state;
	for (int big = 0; big < 2; big++) {
		struct file f = small_pcapng(big, -1, 5);
		good(&f, 1000, DP_LINK_ETHERNET, 5);
		free(f.p);
		f = small_pcapng(big, 9, 5);
		/* A block of a type that nobody knows, and a second section. */
		struct file b = { .big = big };
		put(&b, 0, 8);
		ng_block(&f, 0x0bad, &b);
		ng_section(&f);
		ng_interface(&f, 1, 0, 9);
		uint8_t p[256];
		const size_t n = frame_bytes(6, p);
		ng_packet(&f, 0, SECONDS * 1000000000ull + 6, p, (uint32_t)n, (uint32_t)n);
		good(&f, 1, DP_LINK_ETHERNET, 6);
		free(f.p);
		f = small_pcapng(big, 0x80 | 9, 5); /* units of 2^-9 s */
		good(&f, 1953125, DP_LINK_ETHERNET, 5);
		free(f.p);
	}
}

static void reads_gzip(void **state)
{
	(void)state;
	for (int level = 0; level < 10; level += 3) {
		struct file f = small_pcap(0xa1b2c3d4, false, 30), g = gzipped(&f, level);
		good(&g, 1000, DP_LINK_ETHERNET, 30);
		/* Two members, one after the other (RFC 1952 2.2). */
		struct file a = { .p = f.p, .len = 100 }, b = { .p = f.p + 100, .len = f.len - 100 };
		struct file ga = gzipped(&a, level), gb = gzipped(&b, level);
		put_bytes(&ga, gb.p, gb.len);
		good(&ga, 1000, DP_LINK_ETHERNET, 30);
		/* What gzip calls trailing garbage. */
		put_bytes(&ga, "\0\0\0", 3);
		const struct result r = read_bytes(&ga, 1000, DP_LINK_ETHERNET);
		assert_int_equal(r.status, DP_CAPTURE_END);
		assert_int_equal(r.frames, 30);
		free(ga.p);
		free(gb.p);
		free(g.p);
		free(f.p);
	}
}

static void reads_standard_input(void **state)
{
	(void)state;
	struct file f = small_pcap(0xa1b2c3d4, false, 5), g = gzipped(&f, 6);
	for (int i = 0; i < 2; i++) {
		const struct file *in = i ? &g : &f;
		const int saved = dup(STDIN_FILENO);
		int ends[2];
		assert_int_equal(pipe(ends), 0);
		assert_int_equal(write(ends[1], in->p, in->len), in->len);
		close(ends[1]);
		assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
		close(ends[0]);
		const struct result r = read_capture("-", 1000, DP_LINK_ETHERNET);
		const bool open_still = fcntl(STDIN_FILENO, F_GETFD) >= 0;
		if (saved >= 0) {
			dup2(saved, STDIN_FILENO);
			close(saved);
		}
		assert_true(open_still);
		assert_int_equal(r.status, DP_CAPTURE_END);
		assert_int_equal(r.frames, 5);
		assert_int_equal(r.bytes, in->len);
	}
	free(f.p);
	free(g.p);
}

static void maps_link_types(void **state)
{
	(void)state;
	static const struct {
		uint32_t number;
		enum dp_link link;
	} known[] = {
		{ 0, DP_LINK_NULL },  { 1, DP_LINK_ETHERNET }, { 101, DP_LINK_RAW }, { 108, DP_LINK_NULL },
		{ 113, DP_LINK_SLL }, { 228, DP_LINK_RAW },    { 229, DP_LINK_RAW }, { 276, DP_LINK_SLL2 },
	};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		struct file f = { 0 };
		pcap_header(&f, 0xa1b2c3d4, 65535, known[i].number);
		pcap_packet(&f, 1, "\x10\x11\x12\x13\x14\x15\x16", 7, 7);
		good(&f, 1000, known[i].link, 1);
		free(f.p);
	}
	struct file f = { 0 };
	pcap_header(&f, 0xa1b2c3d4, 65535, 105);
	struct result r = read_bytes(&f, 1, DP_LINK_RAW);
	assert_int_equal(r.opened, -ENOTSUP);
	assert_string_equal(r.err,
			    "has link type IEEE802_11 (105), which is not supported; supported are EN10MB, RAW, IPV4, "
			    "IPV6, NULL, LOOP, LINUX_SLL, LINUX_SLL2");
	f.len = 0;
	pcap_header(&f, 0xa1b2c3d4, 65535, 9999);
	r = read_bytes(&f, 1, DP_LINK_RAW);
	assert_int_equal(r.opened, -ENOTSUP);
	assert_non_null(strstr(r.err, "link type without a name (9999)"));
	free(f.p);
}

/* A frame as long as the header's snap length forbids, and one that was cut. */
static void frames_come_whole(void **state)
{
	(void)state;
	static uint8_t big[DP_CAPTURE_FRAME_MAX];
	for (size_t i = 0; i < sizeof big; i++)
		big[i] = (uint8_t)(i * 31 >> 3);
	for (int order = 0; order < 2; order++) {
		struct file f = { .big = order };
		pcap_header(&f, 0xa1b2c3d4, 68, 1);
		pcap_packet(&f, 1, big, sizeof big, sizeof big);
		pcap_packet(&f, 2, big, 68, 1514);
		pcap_packet(&f, 3, big, 0, 60);
		write_file(f.p, f.len);
		char err[DP_CAPTURE_ERROR_MAX];
		struct dp_capture *c;
		struct dp_frame fr;
		assert_int_equal(dp_capture_open(path, &c, err, sizeof err), 0);
		assert_int_equal(dp_capture_size(c), f.len);
		assert_int_equal(dp_capture_next(c, &fr, err, sizeof err), DP_CAPTURE_FRAME);
		assert_int_equal(fr.caplen, sizeof big);
		assert_memory_equal(fr.data, big, sizeof big);
		assert_int_equal(dp_capture_snapped(c), 0);
		assert_int_equal(dp_capture_next(c, &fr, err, sizeof err), DP_CAPTURE_FRAME);
		assert_int_equal(fr.caplen, 68);
		assert_int_equal(fr.len, 1514);
		assert_int_equal(dp_capture_next(c, &fr, err, sizeof err), DP_CAPTURE_FRAME);
		assert_int_equal(fr.caplen, 0);
		assert_int_equal(dp_capture_snapped(c), 2);
		assert_int_equal(dp_capture_next(c, &fr, err, sizeof err), DP_CAPTURE_END);
		assert_int_equal(dp_capture_bytes(c), f.len);
		dp_capture_close(c);
		free(f.p);
	}
}

static void says_what_cannot_be_opened(void **state)
{
	(void)state;
	struct result r = read_capture("/tmp/no/such/file", 1, DP_LINK_RAW);
	assert_int_equal(r.opened, -ENOENT);
	assert_string_equal(r.err, "no such file");
	r = read_capture("/tmp", 1, DP_LINK_RAW);
	assert_int_equal(r.opened, -EISDIR);
	assert_string_equal(r.err, "is a directory, not a capture file");
	r = read_capture("/dev/null", 1, DP_LINK_RAW);
	assert_int_equal(r.opened, -ENODATA);

	char secret[] = "/tmp/dp_capture_test.XXXXXX";
	const int fd = mkstemp(secret);
	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, 0), 0);
	close(fd);
	const uid_t me = geteuid();
	if (me || seteuid(65534) == 0) { /* root may read everything */
		r = read_capture(secret, 1, DP_LINK_RAW);
		assert_int_equal(me ? 0 : seteuid(me), 0);
		assert_int_equal(r.opened, -EACCES);
		assert_string_equal(r.err, "cannot be opened: Permission denied");
	}
	unlink(secret);
	dp_capture_close(NULL);
}

static void says_what_is_no_capture(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t n;
		int rc;
		const char *err;
	} cases[] = {
		{ "", 0, -ENODATA, "is empty: a capture begins with a 24-byte header" },
		{ "Received: from somewhere\r\n", 26, -EBADMSG,
		  "is not a capture: begins with \"Received: fr\", not as pcap or pcapng do" },
		{ "a\nb", 3, -EBADMSG, "is not a capture: begins with \"a\", not as pcap or pcapng do" },
		{ "\x7f"
		  "ELF\2\1\1\0\0\0",
		  10, -EBADMSG,
		  "is not a capture: begins with the bytes 7f 45 4c 46 02 01 01 00, not as pcap or pcapng do" },
		{ "\xd4\xc3\xb2\xa1\2\0\4\0", 8, -EBADMSG, "is cut off in its header: it has 8 bytes in all" },
		{ "\xd4\xc3", 2, -EBADMSG, "is not a capture: begins with the bytes d4 c3, not as pcap or pcapng do" },
		{ "\x28\xb5\x2f\xfd and so on", 13, -ENOTSUP,
		  "is compressed with zstd: only gzip is read, unpack it first" },
		{ "\x1f\x8b\x08\0\0\0\0\0\0\3", 10, -EBADMSG,
		  "is cut off: its gzip data has no end, before the first packet" },
		{ "\x1f\x8b\x09\0\0\0\0\0\0\3", 10, -EBADMSG,
		  "has damaged gzip data (unknown compression method), before the first packet" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		write_file((const uint8_t *)cases[i].bytes, cases[i].n);
		const struct result r = read_capture(path, 1, DP_LINK_RAW);
		assert_string_equal(r.err, cases[i].err);
		assert_int_equal(r.opened, cases[i].rc);
	}
	struct file empty = { 0 }, g = gzipped(&empty, 6);
	const struct result r = read_bytes(&g, 1, DP_LINK_RAW);
	assert_int_equal(r.opened, -ENODATA);
	assert_string_equal(r.err, "is empty inside its gzip data: a capture begins with a 24-byte header");
	free(g.p);
}

static void says_where_it_is_damaged(void **state)
{
	(void)state;
	struct file f = small_pcap(0xa1b2c3d4, false, 3);
	uint8_t p[256] = { 0 };
	pcap_packet(&f, 4, p, 20, 20);
	f.p[f.len - 20 - 8 + 3] = 0x7f; /* caplen */
	put_bytes(&f, p, sizeof p);
	struct result r = read_bytes(&f, 1000, DP_LINK_ETHERNET);
	assert_int_equal(r.status, DP_CAPTURE_CUT);
	assert_int_equal(r.frames, 3);
	assert_non_null(strstr(r.err, "is damaged in packet 4: "));
	free(f.p);

	f = small_pcap(0xa1b2c3d4, false, 3);
	f.len -= 3;
	r = read_bytes(&f, 1000, DP_LINK_ETHERNET);
	assert_int_equal(r.frames, 2);
	char expected[100];
	snprintf(expected, sizeof expected, "is cut off in packet 3, after %zu bytes", f.len);
	assert_string_equal(r.err, expected);
	free(f.p);

	f = small_pcapng(false, -1, 2);
	ng_interface(&f, 113, 0, -1);
	r = read_bytes(&f, 1000, DP_LINK_ETHERNET);
	assert_int_equal(r.status, DP_CAPTURE_CUT);
	assert_int_equal(r.frames, 2);
	assert_non_null(strstr(r.err, "holds interfaces of different link types, which libpcap does not read: "
				      "packets from 3 on were not read"));
	free(f.p);

	f = small_pcapng(false, -1, 2);
	ng_interface(&f, 1, 68, -1);
	r = read_bytes(&f, 1000, DP_LINK_ETHERNET);
	assert_non_null(strstr(r.err, "holds interfaces of different snap lengths"));
	free(f.p);
}

/* Every frame that is whole before the cut comes out, and a cut between packets is no damage. */
/* The file at `path` is what a longer one begins with: it has so many whole frames, and ends behind the last of them or in one. */
static void expect_cut(uint64_t scale, bool in_header, unsigned whole, bool between)
{
	const struct result r = read_capture(path, scale, DP_LINK_ETHERNET);
	if (in_header) {
		assert_true(r.opened < 0);
		return;
	}
	assert_int_equal(r.opened, 0);
	assert_int_equal(r.frames, whole);
	assert_int_equal(r.status, between ? DP_CAPTURE_END : DP_CAPTURE_CUT);
}

static void cut_at_every_byte(void **state)
{
	(void)state;
	struct file f = small_pcap(0xa1b2c3d4, false, 6);
	for (size_t n = 0; n <= f.len; n++) {
		unsigned whole = 0;
		size_t at = 24;
		while (whole < 6 && at + 16 + (whole + 1) * 7 <= n)
			at += 16 + ++whole * 7;
		write_file(f.p, n);
		expect_cut(1000, n < 24, whole, at == n);
	}
	free(f.p);

	f = small_pcapng(true, 9, 6);
	for (size_t n = 0; n <= f.len; n++) {
		unsigned whole = 0;
		size_t at = 28 + 32;
		while (whole < 6 && at + 32 + (((whole + 1) * 7 + 3) & ~3u) <= n)
			at += 32 + ((++whole * 7 + 3) & ~3u);
		write_file(f.p, n);
		expect_cut(1, n < 28 + 32, whole, at == n);
	}
	free(f.p);
}

static void gzip_cut_at_every_byte(void **state)
{
	(void)state;
	struct file f = small_pcap(0xa1b2c3d4, false, 20);
	/* Level 0 is stored: 10 bytes of header and 5 of the block, then the file's own bytes. */
	struct file g = gzipped(&f, 0);
	for (size_t n = 0; n < g.len; n++) {
		unsigned whole = 0;
		size_t at = 15 + 24;
		while (whole < 20 && at + 16 + (whole + 1) * 7 <= n)
			at += 16 + ++whole * 7;
		write_file(g.p, n);
		const struct result r = read_capture(path, 1000, DP_LINK_ETHERNET);
		if (n < 15 + 24) {
			assert_true(r.opened < 0);
			continue;
		}
		assert_int_equal(r.status, DP_CAPTURE_CUT);
		assert_int_equal(r.frames, whole);
		char expected[100];
		snprintf(expected, sizeof expected, "is cut off: its gzip data has no end, in packet %u", whole + 1);
		assert_string_equal(r.err, expected);
	}
	/* One bit wrong in the checksum at the end: everything is there, and is said to be damaged. */
	g.p[g.len - 8] ^= 1;
	const struct result r = read_bytes(&g, 1000, DP_LINK_ETHERNET);
	assert_int_equal(r.frames, 20);
	assert_string_equal(r.err, "has damaged gzip data (incorrect data check), in packet 21");
	free(g.p);
	free(f.p);
}

/* Any byte wrong: whatever comes of it, it comes to an end. */
static void damage_at_every_byte(void **state)
{
	(void)state;
	struct file files[3] = { small_pcap(0xa1b2c3d4, false, 4), small_pcapng(false, 9, 4) };
	files[2] = gzipped(&files[0], 6);
	for (int i = 0; i < 3; i++) {
		for (size_t at = 0; at < files[i].len; at++) {
			for (unsigned bits = 1; bits < 256; bits = bits * 3 + 1) {
				files[i].p[at] ^= (uint8_t)bits;
				write_file(files[i].p, files[i].len);
				files[i].p[at] ^= (uint8_t)bits;
				char err[DP_CAPTURE_ERROR_MAX];
				struct dp_capture *c;
				if (dp_capture_open(path, &c, err, sizeof err))
					continue;
				struct dp_frame f;
				unsigned frames = 0, sum = 0;
				while (dp_capture_next(c, &f, err, sizeof err) == DP_CAPTURE_FRAME) {
					frames++;
					assert_true(f.caplen <= DP_CAPTURE_FRAME_MAX);
					for (uint32_t k = 0; k < f.caplen; k++)
						sum += f.data[k];
				}
				assert_true(frames < 100 && sum < UINT32_MAX);
				dp_capture_close(c);
			}
		}
		free(files[i].p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_pcap),
		cmocka_unit_test(reads_pcapng),
		cmocka_unit_test(reads_gzip),
		cmocka_unit_test(reads_standard_input),
		cmocka_unit_test(maps_link_types),
		cmocka_unit_test(frames_come_whole),
		cmocka_unit_test(says_what_cannot_be_opened),
		cmocka_unit_test(says_what_is_no_capture),
		cmocka_unit_test(says_where_it_is_damaged),
		cmocka_unit_test(cut_at_every_byte),
		cmocka_unit_test(gzip_cut_at_every_byte),
		cmocka_unit_test(damage_at_every_byte),
	};
	return cmocka_run_group_tests_name("dp_capture", tests, group_setup, group_teardown);
}
