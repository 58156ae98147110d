/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_capture_source.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static ssize_t read_fd(struct dp_capture_source *s, void *buf, size_t n)
{
	/* A signal is a wish to stop: a pipe may never say anything again. */
	ssize_t got = read(s->fd, buf, n);
	if (got < 0)
		snprintf(s->problem, sizeof s->problem, "cannot be read: %s", strerror(errno));
	else if (!got)
		s->end = true;
	return got;
}

/* More input behind what is there; what was used is given up. */
static ssize_t fill(struct dp_capture_source *s)
{
	memmove(s->in, s->in + s->in_pos, s->in_len - s->in_pos);
	s->in_len -= s->in_pos;
	s->in_pos = 0;
	const ssize_t got = read_fd(s, s->in + s->in_len, sizeof s->in - s->in_len);
	if (got > 0)
		s->in_len += (size_t)got;
	return got;
}

/* Does a gzip member begin here? */
static bool member_here(const struct dp_capture_source *s)
{
	return s->in_len - s->in_pos >= 2 && s->in[s->in_pos] == 0x1f && s->in[s->in_pos + 1] == 0x8b;
}

int dp_capture_source_open(struct dp_capture_source *s, int fd, uint64_t size)
{
	s->fd = fd;
	s->gzip = s->end = s->between = false;
	s->offset = 0;
	s->size = size;
	s->problem[0] = 0;
	s->in_pos = s->in_len = 0;
	memset(&s->z, 0, sizeof s->z);
	while (s->in_len < 2 && !s->end) {
		if (fill(s) < 0)
			return -errno;
	}
	if (!member_here(s))
		return 0;
	if (inflateInit2(&s->z, 16 + MAX_WBITS) != Z_OK) {
		snprintf(s->problem, sizeof s->problem, "cannot be decompressed: out of memory");
		return -ENOMEM;
	}
	s->gzip = true;
	return 0;
}

static ssize_t read_plain(struct dp_capture_source *s, void *buf, size_t n)
{
	const size_t here = s->in_len - s->in_pos;
	if (here) {
		n = n < here ? n : here;
		memcpy(buf, s->in + s->in_pos, n);
		s->in_pos += n;
		s->offset += n;
		return (ssize_t)n;
	}
	if (s->end)
		return 0;
	const ssize_t got = read_fd(s, buf, n);
	if (got > 0)
		s->offset += (uint64_t)got;
	return got;
}

/* At the end of a member: does another follow (RFC 1952 2.2)? Anything else there is padding, as gzip takes it. */
static bool next_member(struct dp_capture_source *s)
{
	while (s->in_len - s->in_pos < 2 && !s->end) {
		if (fill(s) < 0)
			return false;
	}
	if (!member_here(s) || inflateReset(&s->z) != Z_OK)
		return false;
	s->between = false;
	return true;
}

static ssize_t read_gzip(struct dp_capture_source *s, void *buf, size_t n)
{
	s->z.next_out = buf;
	s->z.avail_out = n < UINT32_MAX ? (uInt)n : UINT32_MAX;
	const uInt room = s->z.avail_out;
	while (s->z.avail_out == room && !s->problem[0]) {
		if (s->between && !next_member(s))
			break;
		if (s->in_pos == s->in_len && fill(s) <= 0) {
			if (!s->problem[0])
				snprintf(s->problem, sizeof s->problem, "is cut off: its gzip data has no end");
			break;
		}
		s->z.next_in = s->in + s->in_pos;
		s->z.avail_in = (uInt)(s->in_len - s->in_pos);
		const int rc = inflate(&s->z, Z_NO_FLUSH);
		const size_t used = s->in_len - s->in_pos - s->z.avail_in;
		s->in_pos += used;
		s->offset += used;
		if (rc == Z_STREAM_END)
			s->between = true;
		else if (rc != Z_OK && rc != Z_BUF_ERROR)
			snprintf(s->problem, sizeof s->problem, "has damaged gzip data (%s)",
				 s->z.msg ? s->z.msg : zError(rc));
	}
	const uInt got = room - s->z.avail_out;
	return got || !s->problem[0] ? (ssize_t)got : -1;
}

ssize_t dp_capture_source_read(struct dp_capture_source *s, void *buf, size_t n)
{
	if (s->problem[0])
		return -1;
	return s->gzip ? read_gzip(s, buf, n) : read_plain(s, buf, n);
}

void dp_capture_source_close(struct dp_capture_source *s)
{
	if (s->gzip)
		inflateEnd(&s->z);
	close(s->fd);
}
