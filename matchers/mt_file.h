/* SPDX-License-Identifier: Apache-2.0 */
/* mt_file: a whole text file in memory. */
#ifndef MT_FILE_H
#define MT_FILE_H

#include <stddef.h>

#define MT_FILE_MAX (64u << 20) /* bytes; a larger file is refused with EFBIG */

/* 0 or -errno. The text is the caller's to free, and is not terminated. */
int mt_file_read(const char *path, char **text, size_t *size);

#endif
