/* SPDX-License-Identifier: Apache-2.0 */
#define ALLOW_EXPERIMENTAL_API /* interrupt handles of one's own: kept as they are since DPDK 21.11 */
#include "dataplane/dp_eal.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include <bpf/libbpf.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_interrupts.h>
#include <rte_log.h>
#include <xdp/libxdp.h>

#include "dataplane/dp_eal_private.h"

#define PREFIX "mailweir-"
#define PARK_NAP 20000 /* ns */

/* What DPDK says. */

static char said[512]; /* the first line, which names the cause; only the main thread logs before the workers run */
static FILE *log_stream;

static ssize_t log_write(void *cookie, const char *text, size_t n)
{
	(void)cookie;
	if (said[0])
		return (ssize_t)n;
	size_t len = n < sizeof said - 1 ? n : sizeof said - 1;
	memcpy(said, text, len);
	while (len > 0 && isspace((unsigned char)said[len - 1]))
		len--;
	said[len] = '\0';
	return (ssize_t)n;
}

const char *dp_eal_complaint(void)
{
	static char text[sizeof said + 4];
	text[0] = '\0';
	if (said[0])
		snprintf(text, sizeof text, " (%s)", said);
	said[0] = '\0';
	return text;
}

/* What libbpf and libxdp say is about how they load their program, and goes on working in most cases; the driver says when not. */
static int no_bpf_log(enum libbpf_print_level level, const char *format, va_list ap)
{
	(void)level;
	(void)format;
	(void)ap;
	return 0;
}

static int no_xdp_log(enum libxdp_print_level level, const char *format, va_list ap)
{
	(void)level;
	(void)format;
	(void)ap;
	return 0;
}

static void keep_log(void)
{
	libbpf_set_print(no_bpf_log);
	libxdp_set_print(no_xdp_log);
	static const cookie_io_functions_t io = { .write = log_write };
	if (!log_stream)
		log_stream = fopencookie(NULL, "w", io);
	if (log_stream) {
		setvbuf(log_stream, NULL, _IOLBF, 512);
		rte_openlog_stream(log_stream);
	}
}

/* Huge pages. */

static const char sizes[] = "/sys/kernel/mm/hugepages";

/* Of instances that start together, one at a time counts what is free and takes it. */
static int lock_huge(void)
{
	int fd = open(sizes, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		flock(fd, LOCK_EX);
	return fd;
}

static unsigned long free_huge_kb(const char *entry)
{
	char path[512];
	unsigned long kb, n = 0;
	if (sscanf(entry, "hugepages-%lukB", &kb) != 1)
		return 0;
	snprintf(path, sizeof path, "%s/%s/free_hugepages", sizes, entry);
	FILE *f = fopen(path, "re");
	if (f && fscanf(f, "%lu", &n) != 1)
		n = 0;
	if (f)
		fclose(f);
	return n * kb;
}

/* Mounted with a size, it may give less than the machine has free. */
static bool has_room(const char *folder, unsigned megabytes)
{
	struct statfs s;
	return statfs(folder, &s) == 0 &&
	       (s.f_blocks == 0 || (uint64_t)s.f_bavail * (uint64_t)s.f_bsize / 1048576 >= megabytes);
}

static bool hugetlbfs_writable(unsigned megabytes)
{
	bool found = false;
	struct mntent *m;
	FILE *f = setmntent("/proc/self/mounts", "re");
	while (f && !found && (m = getmntent(f)))
		found = strcmp(m->mnt_type, "hugetlbfs") == 0 && access(m->mnt_dir, R_OK | W_OK | X_OK) == 0 &&
			has_room(m->mnt_dir, megabytes);
	if (f)
		endmntent(f);
	return found;
}

bool dp_eal_huge_free(unsigned megabytes)
{
	unsigned long kb = 0;
	DIR *d = opendir(sizes);
	for (struct dirent *e; d && (e = readdir(d));)
		kb += free_huge_kb(e->d_name);
	if (d)
		closedir(d);
	return kb / 1024 >= megabytes && hugetlbfs_writable(megabytes);
}

/* Files. */

/* As EAL chooses it. */
static void runtime_folder(char *to, size_t size)
{
	const char *base = getuid() == 0 ? "/var/run" : getenv("XDG_RUNTIME_DIR");
	snprintf(to, size, "%s/dpdk", base ? base : "/tmp");
}

static void remove_folder(const char *path)
{
	char file[1024];
	DIR *d = opendir(path);
	for (struct dirent *e; d && (e = readdir(d));)
		if (e->d_name[0] != '.' && (size_t)snprintf(file, sizeof file, "%s/%s", path, e->d_name) < sizeof file)
			unlink(file);
	if (d)
		closedir(d);
	rmdir(path);
}

/* Removes the files of this process, or of those that have died: only what has our prefix and the number of a process. */
static void remove_files(bool own)
{
	char folder[256], path[600], *end;
	runtime_folder(folder, sizeof folder);
	DIR *d = opendir(folder);
	for (struct dirent *e; d && (e = readdir(d));) {
		if (strncmp(e->d_name, PREFIX, sizeof PREFIX - 1) != 0)
			continue;
		long pid = strtol(e->d_name + sizeof PREFIX - 1, &end, 10);
		if (*end || pid <= 0 || (own ? pid != getpid() : pid == getpid() || kill((pid_t)pid, 0) == 0 || errno != ESRCH))
			continue;
		snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
		remove_folder(path);
	}
	if (d)
		closedir(d);
}

/* Processors. */

/* "0@3,1@5,2@6": the main lcore takes the first, each worker one of its own. */
static int pinned(const cpu_set_t *set, unsigned lcores, char *to, size_t size)
{
	size_t len = 0;
	unsigned lcore = 0;
	for (int cpu = 0; cpu < CPU_SETSIZE && lcore < lcores; cpu++) {
		if (!CPU_ISSET(cpu, set))
			continue;
		int n = snprintf(to + len, size - len, "%s%u@%d", lcore ? "," : "", lcore, cpu);
		if (n < 0 || (size_t)n >= size - len)
			return -ENAMETOOLONG;
		len += (size_t)n;
		lcore++;
	}
	return 0;
}

static int place_lcores(struct dp_eal_live *e, char *to, size_t size)
{
	char cpus[1024];
	cpu_set_t set;
	if (sched_getaffinity(0, sizeof set, &set) != 0)
		return -errno;
	e->processors = (unsigned)CPU_COUNT(&set);
	e->shared = e->processors < e->workers + 1;
	if (!e->shared)
		return pinned(&set, e->workers + 1, to, size);
	int rc = dp_eal_cpus(cpus, sizeof cpus);
	if (rc == 0)
		snprintf(to, size, "(0-%u)@(%s)", e->workers, cpus);
	return rc;
}

/* AF_XDP locks its memory. Where this may not be raised, the driver says so. */
static void raise_memlock(void)
{
	struct rlimit r = { RLIM_INFINITY, RLIM_INFINITY };
	if (setrlimit(RLIMIT_MEMLOCK, &r) == 0 || getrlimit(RLIMIT_MEMLOCK, &r) != 0)
		return;
	r.rlim_cur = r.rlim_max;
	setrlimit(RLIMIT_MEMLOCK, &r);
}

#define ARGS_MAX 24

struct args {
	char text[ARGS_MAX][64];
	char lcores[2048];
	char *argv[ARGS_MAX + 1];
	int argc;
};

__attribute__((format(printf, 2, 3))) static void arg(struct args *a, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	vsnprintf(a->text[a->argc], sizeof a->text[0], format, ap);
	va_end(ap);
	a->argv[a->argc] = a->text[a->argc];
	a->argc++;
}

static void make_args(const struct dp_eal_live *e, struct args *a)
{
	a->argc = 0;
	arg(a, "%s", e->program);
	arg(a, "--file-prefix=" PREFIX "%ld", (long)getpid());
	arg(a, "--no-telemetry");
	arg(a, "-m");
	arg(a, "%u", e->megabytes);
	arg(a, "--lcores");
	a->argv[a->argc++] = a->lcores;
	arg(a, "--main-lcore=0");
	arg(a, "--log-level=*:error");
	if (e->huge)
		arg(a, "--huge-unlink");
	else
		arg(a, "--no-huge");
	if (e->npci == 0) {
		arg(a, "--no-pci");
		/* One address space, whatever EAL would choose: AF_XDP needs all frames in one piece. */
		arg(a, "--iova-mode=va");
	}
	for (unsigned i = 0; i < e->npci; i++) {
		arg(a, "-a");
		arg(a, "%s", e->pci[i]);
	}
	a->argv[a->argc] = NULL;
}

int dp_eal_start_live(struct dp_eal_live *e, char *err, size_t err_size)
{
	static struct args a;
	int rc = dp_eal_possible(e->megabytes, err, err_size);
	if (rc != 0)
		return rc;
	rc = place_lcores(e, a.lcores, sizeof a.lcores);
	if (rc != 0) {
		snprintf(err, err_size, "cannot tell the processors allowed: %s", strerror(-rc));
		return rc;
	}
	int lock = lock_huge();
	e->huge = dp_eal_huge_free(e->megabytes);
	if (e->npci && !e->huge) {
		snprintf(err, err_size, "port %s: a PCI device needs huge pages, %u MB of them, and hugetlbfs mounted: "
		         "`dpdk-hugepages.py --setup %uM` mends it", e->pci[0], e->megabytes, e->megabytes);
		rc = -ENOMEM;
		goto unlock;
	}
	raise_memlock();
	remove_files(false);
	keep_log();
	make_args(e, &a);
	if (rte_eal_init(a.argc, a.argv) < 0) {
		rc = rte_errno ? -rte_errno : -EIO;
		snprintf(err, err_size, "DPDK's environment did not start: %s%s (asked for %u MB of memory and %u lcores)",
		         rte_strerror(-rc), dp_eal_complaint(), e->megabytes, e->workers + 1);
		remove_files(true);
	}
	dp_eal_complaint();
unlock:
	if (lock >= 0)
		close(lock);
	return rc;
}

static _Atomic bool parked;

static void stay(void *arg)
{
	(void)arg;
	atomic_store(&parked, true);
	for (;;)
		pause();
}

/* Not by an alarm: rte_eal_cleanup waits for its end. */
void dp_eal_park(void)
{
	static struct rte_intr_handle *event; /* as long as the thread is */
	if (event)
		return;
	int fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
	event = rte_intr_instance_alloc(RTE_INTR_INSTANCE_F_PRIVATE);
	if (fd < 0 || !event || rte_intr_fd_set(event, fd) != 0 || rte_intr_type_set(event, RTE_INTR_HANDLE_EXT) != 0 ||
	    rte_intr_callback_register(event, stay, NULL) != 0)
		return;
	while (!atomic_load(&parked))
		nanosleep(&(struct timespec){ .tv_nsec = PARK_NAP }, NULL);
}

void dp_eal_stop_live(void)
{
	dp_eal_park();
	rte_eal_cleanup();
	remove_files(true);
}
