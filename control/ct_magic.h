/* SPDX-License-Identifier: Apache-2.0 */
/* ct_magic: what libmagic says of a file's first bytes.
 *
 * Owner:  the control thread. Memory: heap, libmagic's own; its database is loaded when it is first asked. */
#ifndef CT_MAGIC_H
#define CT_MAGIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ct_magic {
	struct magic_set *cookie;
	bool tried;
};

/* "PE32 executable (GUI) Intel 80386, for MS Windows", for the caller to free; NULL when there is no answer. */
char *ct_magic_describe(struct ct_magic *m, const uint8_t *p, size_t n);
void ct_magic_free(struct ct_magic *m);

#endif
