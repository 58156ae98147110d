/* SPDX-License-Identifier: Apache-2.0 */
#include "pktgen-tests/pg_device.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE 500 /* hundredths of a second from TERM to KILL */

static bool runnable(const char *folder, int len, const char *program, char *path, size_t size)
{
	int n = snprintf(path, size, "%.*s/%s", len, folder, program);
	return n > 0 && (size_t)n < size && access(path, X_OK) == 0;
}

bool pg_device_find(const char *program, char *path, size_t size)
{
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	if (strchr(program, '/'))
		return (size_t)snprintf(path, size, "%s", program) < size && access(path, X_OK) == 0;
	if (n > 0) {
		self[n] = '\0';
		if (runnable(self, (int)(strrchr(self, '/') - self), program, path, size))
			return true;
	}
	for (const char *p = getenv("PATH"); p && *p; p += *p == ':') {
		int len = (int)strcspn(p, ":");
		if (len > 0 && runnable(p, len, program, path, size))
			return true;
		p += len;
	}
	return false;
}

__attribute__((noreturn)) static void become(char *const argv[], int input, int output, pid_t parent, const cpu_set_t *cpus)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* It may have died before that. */
	if (getppid() != parent)
		_exit(127);
	sched_setaffinity(0, sizeof *cpus, cpus);
	if (dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0)
		_exit(127);
	execv(argv[0], argv);
	dprintf(2, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

int pg_device_start(struct pg_device *d, char *const argv[], const cpu_set_t *cpus, char *err, size_t err_size)
{
	int ends[2], rc;
	pid_t self = getpid();
	d->said = tmpfile();
	if (!d->said || pipe2(ends, O_CLOEXEC) != 0) {
		rc = -errno;
		goto no_pipe;
	}
	d->pid = fork();
	if (d->pid == 0)
		become(argv, ends[0], fileno(d->said), self, cpus);
	if (d->pid < 0) {
		rc = -errno;
		goto no_child;
	}
	close(ends[0]);
	d->input = ends[1];
	return 0;
no_child:
	close(ends[0]);
	close(ends[1]);
no_pipe:
	snprintf(err, err_size, "cannot start %s: %s", argv[0], strerror(-rc));
	if (d->said)
		fclose(d->said);
	*d = (struct pg_device){ .name = d->name };
	return rc;
}

/* The last line that is not empty. */
static void last_line(struct pg_device *d, char *to, size_t size)
{
	char line[512];
	snprintf(to, size, "it said nothing");
	rewind(d->said);
	while (fgets(line, sizeof line, d->said)) {
		size_t n = strlen(line);
		while (n > 0 && isspace((unsigned char)line[n - 1]))
			line[--n] = '\0';
		if (n > 0)
			snprintf(to, size, "%s", line);
	}
}

static void explain(struct pg_device *d, int status, char *err, size_t err_size)
{
	char line[512];
	last_line(d, line, sizeof line);
	if (WIFSIGNALED(status))
		snprintf(err, err_size, "%s was ended by signal %d; its last line: %s", d->name, WTERMSIG(status), line);
	else
		snprintf(err, err_size, "%s ended with status %d; its last line: %s", d->name, WEXITSTATUS(status), line);
}

static void forget(struct pg_device *d)
{
	close(d->input);
	fclose(d->said);
	*d = (struct pg_device){ .name = d->name };
}

bool pg_device_alive(struct pg_device *d, char *err, size_t err_size)
{
	int status;
	if (waitpid(d->pid, &status, WNOHANG) == 0)
		return true;
	explain(d, status, err, err_size);
	forget(d);
	return false;
}

bool pg_device_stop(struct pg_device *d, char *err, size_t err_size)
{
	const struct timespec hundredth = { .tv_nsec = 10000000 };
	int status = 0;
	if (d->pid == 0)
		return true;
	kill(d->pid, SIGTERM);
	for (unsigned i = 0; waitpid(d->pid, &status, WNOHANG) == 0; i++) {
		if (i == PATIENCE)
			kill(d->pid, SIGKILL);
		nanosleep(&hundredth, NULL);
	}
	bool ok = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	if (!ok)
		explain(d, status, err, err_size);
	forget(d);
	return ok;
}
