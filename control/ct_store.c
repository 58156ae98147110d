/* SPDX-License-Identifier: Apache-2.0 */
#include "control/ct_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct ct_store {
	int dir;
	uint32_t left; /* files that may yet be written */
};

int ct_store_open(struct ct_store **out, const char *directory, uint32_t most)
{
	*out = NULL;
	if (mkdir(directory, 0700) != 0 && errno != EEXIST)
		return -errno;
	struct ct_store *s = calloc(1, sizeof *s);
	if (!s)
		return -ENOMEM;
	s->left = most;
	s->dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dir < 0) {
		const int rc = -errno;
		free(s);
		return rc;
	}
	*out = s;
	return 0;
}

static bool write_all(int fd, const uint8_t *p, size_t n)
{
	while (n > 0) {
		const ssize_t k = write(fd, p, n);
		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return false;
		p += k;
		n -= (size_t)k;
	}
	return true;
}

/* Under another name until it is whole: who looks into the directory sees no half of one. */
static const char *write_file(int dir, const char *name, const uint8_t *p, size_t n)
{
	char aside[80];
	snprintf(aside, sizeof aside, "%s.part", name);
	const int fd = openat(dir, aside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return strerrordesc_np(errno);
	const bool whole = write_all(fd, p, n);
	int why = whole ? 0 : errno;
	if (close(fd) != 0 && !why)
		why = errno;
	if (!why && renameat(dir, aside, dir, name) == 0)
		return NULL;
	why = why ? why : errno;
	unlinkat(dir, aside, 0);
	return strerrordesc_np(why);
}

const char *ct_store_put(struct ct_store *s, const uint8_t sha256[32], const uint8_t *p, size_t n)
{
	char name[3 + 64 + 1];
	struct stat there;
	snprintf(name, sizeof name, "%02x/", sha256[0]);
	for (unsigned i = 0; i < 32; i++)
		snprintf(name + 3 + 2 * i, 3, "%02x", sha256[i]);
	if (fstatat(s->dir, name, &there, AT_SYMLINK_NOFOLLOW) == 0)
		return NULL;
	if (s->left == 0)
		return "files.store_files are written";
	name[2] = 0;
	if (mkdirat(s->dir, name, 0700) != 0 && errno != EEXIST)
		return strerrordesc_np(errno);
	name[2] = '/';
	const char *why = write_file(s->dir, name, p, n);
	s->left -= !why;
	return why;
}

void ct_store_close(struct ct_store *s)
{
	if (!s)
		return;
	close(s->dir);
	free(s);
}
