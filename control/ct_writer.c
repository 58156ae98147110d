/* SPDX-License-Identifier: Apache-2.0 */
#include "control/ct_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct ct_writer {
	pthread_mutex_t lock;
	int fd;
	bool regular; /* a file, of which an end can be cut off */
	bool owned; /* opened here, by its path */
	char *name;
	char *rest; /* of a line that a pipe has the beginning of; NULL: none */
	uint64_t lost; /* lines, ever */
	uint64_t lost_now; /* since writing began to fail */
	bool failing; /* said so */
	uint64_t failed; /* when it did, last */
	ct_writer_say say;
	void *arg;
};

static void __attribute__((format(printf, 2, 3))) tell(const struct ct_writer *w, const char *format, ...)
{
	char *line;
	va_list ap;
	va_start(ap, format);
	if (vasprintf(&line, format, ap) < 0)
		line = NULL;
	va_end(ap);
	w->say(w->arg, line ? line : "out of memory");
	free(line);
}

static size_t count_lines(const char *s)
{
	size_t n = 0;
	for (; (s = strchr(s, '\n')); s++)
		n++;
	return n;
}

/* Where a reader may be slow. 0, or -EAGAIN. */
static int wait_for_room(const struct ct_writer *w)
{
	struct pollfd p = { .fd = w->fd, .events = POLLOUT };
	int n;
	do
		n = poll(&p, 1, w->failing ? 0 : CT_WRITER_WAIT);
	while (n < 0 && errno == EINTR);
	return n > 0 ? 0 : -EAGAIN;
}

/* Sets *done to the bytes that were written. 0, or -errno when those are not all. */
static int write_all(const struct ct_writer *w, const char *p, size_t n, size_t *done)
{
	for (*done = 0; *done < n;) {
		size_t piece = n - *done;
		/* poll promises a pipe's writer room for so much. */
		if (!w->regular) {
			int rc = wait_for_room(w);
			if (rc != 0)
				return rc;
			if (piece > PIPE_BUF)
				piece = PIPE_BUF;
		}
		ssize_t k = write(w->fd, p + *done, piece);
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return -errno;
		if (k == 0)
			return -EIO;
		*done += (size_t)k;
	}
	return 0;
}

/* The last n bytes of the file, if they are ours: nobody has written behind them. */
static bool cut_off(const struct ct_writer *w, size_t n)
{
	struct stat st;
	if (!w->regular || fstat(w->fd, &st) != 0)
		return false;
	off_t at = lseek(w->fd, 0, SEEK_CUR);
	return at == st.st_size && at >= (off_t)n && ftruncate(w->fd, at - (off_t)n) == 0 &&
	       lseek(w->fd, at - (off_t)n, SEEK_SET) >= 0;
}

static int write_rest(struct ct_writer *w)
{
	size_t done;
	if (!w->rest)
		return 0;
	int rc = write_all(w, w->rest, strlen(w->rest), &done);
	memmove(w->rest, w->rest + done, strlen(w->rest + done) + 1);
	if (rc == 0) {
		free(w->rest);
		w->rest = NULL;
	}
	return rc;
}

/* Lines of which some bytes went out: those that are whole stay, one that is begun is cut off or will be ended. Returns how many
 * are lost. */
static size_t keep_whole(struct ct_writer *w, const char *lines, size_t done)
{
	size_t whole = done;
	while (whole > 0 && lines[whole - 1] != '\n')
		whole--;
	const char *from = lines + whole;
	if (done == whole || cut_off(w, done - whole))
		return count_lines(from);
	const char *end = strchr(from, '\n') + 1;
	w->rest = strndup(lines + done, (size_t)(end - (lines + done)));
	if (!w->rest)
		w->rest = strdup("\n");
	return count_lines(end);
}

static void fail(struct ct_writer *w, int error, size_t lines, uint64_t now)
{
	w->failed = now;
	w->lost += lines;
	w->lost_now += lines;
	if (w->failing)
		return;
	w->failing = true;
	tell(w, "%s: cannot be written: %s; records are lost until it can, and counted; mail is judged all the same", w->name,
	     error == -EAGAIN ? "its reader takes nothing" : strerror(-error));
}

/* A disk that is full takes a short line now and then: that is not the end of it. */
static void recover(struct ct_writer *w, uint64_t now)
{
	if (!w->failing || now - w->failed < CT_WRITER_CALM)
		return;
	tell(w, "%s: can be written again; %llu records were lost", w->name, (unsigned long long)w->lost_now);
	w->failing = false;
	w->lost_now = 0;
}

bool ct_writer_put(struct ct_writer *w, const char *lines, uint64_t now)
{
	size_t done = 0, n = strlen(lines);
	pthread_mutex_lock(&w->lock);
	int rc = write_rest(w);
	if (rc == 0)
		rc = write_all(w, lines, n, &done);
	if (rc != 0)
		fail(w, rc, keep_whole(w, lines, done), now);
	else
		recover(w, now);
	pthread_mutex_unlock(&w->lock);
	return rc == 0;
}

static int make(struct ct_writer **out, const char *name, ct_writer_say say, void *arg)
{
	struct ct_writer *w = calloc(1, sizeof *w);
	*out = NULL;
	if (!w || !(w->name = strdup(name))) {
		free(w);
		return -ENOMEM;
	}
	w->fd = -1;
	w->say = say;
	w->arg = arg;
	pthread_mutex_init(&w->lock, NULL);
	*out = w;
	return 0;
}

static bool is_regular(int fd)
{
	struct stat st;
	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

/* A program that died in the middle of a line: what follows must not become part of it. */
static bool ends_in_a_line(int fd)
{
	struct stat st;
	char last;
	return fstat(fd, &st) != 0 || st.st_size == 0 || pread(fd, &last, 1, st.st_size - 1) != 1 || last == '\n';
}

static int open_path(const char *path)
{
	/* Read, too: for the last byte. O_NONBLOCK: a FIFO without a reader is an error, not a wait. */
	int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0666);
	return fd < 0 ? -errno : fd;
}

static void take(struct ct_writer *w, int fd)
{
	w->fd = fd;
	w->regular = is_regular(fd);
	if (w->regular && !ends_in_a_line(fd) && !w->rest)
		w->rest = strdup("\n");
}

int ct_writer_open(struct ct_writer **out, const char *path, ct_writer_say say, void *arg)
{
	int rc = make(out, path, say, arg);
	if (rc != 0)
		return rc;
	int fd = open_path(path);
	if (fd < 0) {
		ct_writer_close(*out);
		*out = NULL;
		return fd;
	}
	(*out)->owned = true;
	take(*out, fd);
	return 0;
}

int ct_writer_open_fd(struct ct_writer **out, int fd, const char *name, ct_writer_say say, void *arg)
{
	int rc = make(out, name, say, arg);
	if (rc != 0)
		return rc;
	(*out)->fd = fd;
	(*out)->regular = is_regular(fd);
	return 0;
}

int ct_writer_reopen(struct ct_writer *w)
{
	if (!w->owned)
		return 0;
	pthread_mutex_lock(&w->lock);
	int fd = open_path(w->name);
	if (fd < 0) {
		tell(w, "%s: cannot be opened again: %s; records go where they went", w->name, strerror(-fd));
	} else {
		write_rest(w);
		free(w->rest);
		w->rest = NULL;
		close(w->fd);
		take(w, fd);
	}
	pthread_mutex_unlock(&w->lock);
	return fd < 0 ? fd : 0;
}

uint64_t ct_writer_lost(struct ct_writer *w)
{
	pthread_mutex_lock(&w->lock);
	uint64_t lost = w->lost;
	pthread_mutex_unlock(&w->lock);
	return lost;
}

int ct_writer_close(struct ct_writer *w)
{
	if (!w)
		return 0;
	int rc = write_rest(w);
	if (w->owned && close(w->fd) != 0 && rc == 0)
		rc = -errno;
	pthread_mutex_destroy(&w->lock);
	free(w->rest);
	free(w->name);
	free(w);
	return rc;
}
