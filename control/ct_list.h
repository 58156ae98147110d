/* SPDX-License-Identifier: Apache-2.0 */
/* ct_list: the members of archives that workers do not open (rar, 7z, cab, iso), by libarchive, from a file that was kept.
 *
 * Owner:  the control thread. Memory: heap, libarchive's own; freed before ct_list_members returns. Names only: no content is unpacked.
 * Bounds: so many members; a file's size is that of what was kept. */
#ifndef CT_LIST_H
#define CT_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ct_member {
	const char *name; /* UTF-8 where the archive says in what its names are, else as it stands; borrowed */
	uint64_t size;
	bool sized, encrypted;
};

typedef void (*ct_list_fn)(void *arg, const struct ct_member *m);

/* How many members there are, of which `most` are told; 0: it is no such archive, or cannot be listed. */
unsigned ct_list_members(const uint8_t *p, size_t n, unsigned most, ct_list_fn fn, void *arg);

#endif
