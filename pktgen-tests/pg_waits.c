/* SPDX-License-Identifier: Apache-2.0 */
#include "pktgen-tests/pg_waits.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void add(struct pg_waits *w, const char *path)
{
	if (w->n == PG_WAITS_MAX)
		return;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		w->fd[w->n++] = fd;
}

/* EAL's name for who runs on a worker lcore. */
static bool is_worker(pid_t pid, const char *tid)
{
	static const char name[] = "rte-worker";
	char path[320], comm[32] = "";
	snprintf(path, sizeof path, "/proc/%d/task/%s/comm", (int)pid, tid);
	FILE *f = fopen(path, "r");
	if (!f)
		return false;
	bool is = fgets(comm, sizeof comm, f) && strncmp(comm, name, sizeof name - 1) == 0;
	fclose(f);
	return is;
}

static void add_threads(struct pg_waits *w, pid_t pid, bool workers)
{
	char path[320];
	struct dirent *e;
	snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
	DIR *threads = opendir(path);
	if (!threads)
		return;
	while ((e = readdir(threads))) {
		if (e->d_name[0] == '.' || (workers && !is_worker(pid, e->d_name)))
			continue;
		snprintf(path, sizeof path, "/proc/%d/task/%s/schedstat", (int)pid, e->d_name);
		add(w, path);
	}
	closedir(threads);
}

void pg_waits_open(struct pg_waits *w, pid_t pid)
{
	w->n = 0;
	add(w, "/proc/thread-self/schedstat");
	if (pid)
		add_threads(w, pid, true);
	if (pid && w->n < 2)
		add_threads(w, pid, false);
}

uint64_t pg_waits_ns(const struct pg_waits *w)
{
	uint64_t sum = 0;
	for (unsigned i = 0; i < w->n; i++) {
		char text[96], *end;
		ssize_t n = pread(w->fd[i], text, sizeof text - 1, 0);
		if (n <= 0)
			continue;
		text[n] = '\0';
		strtoull(text, &end, 10);
		sum += strtoull(end, NULL, 10);
	}
	return sum;
}

void pg_waits_close(struct pg_waits *w)
{
	while (w->n > 0)
		close(w->fd[--w->n]);
}
