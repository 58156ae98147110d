/* SPDX-License-Identifier: Apache-2.0 */
#include "matchers/mt_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static int read_to_end(int fd, char **text, size_t *size)
{
	size_t room = 0;

	for (;;) {
		if (*size == room) {
			room = room ? room * 2 : 1 << 16;
			char *more = realloc(*text, room);
			if (!more)
				return -ENOMEM;
			*text = more;
		}
		ssize_t got = read(fd, *text + *size, room - *size);
		if (got == 0)
			return 0;
		if (got < 0 && errno != EINTR)
			return -errno;
		if (got > 0)
			*size += (size_t)got;
		if (*size > MT_FILE_MAX)
			return -EFBIG;
	}
}

int mt_file_read(const char *path, char **text, size_t *size)
{
	*text = NULL;
	*size = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int r = read_to_end(fd, text, size);
	close(fd);
	if (r) {
		free(*text);
		*text = NULL;
	}
	return r;
}
