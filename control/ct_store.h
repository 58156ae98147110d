/* SPDX-License-Identifier: Apache-2.0 */
/* ct_store: files kept, in Suricata's layout: DIRECTORY/aa/aabb..., each under its SHA-256, written once.
 *
 * Owner:  the control thread. Memory: heap. Never on a worker: what it keeps came in a record.
 * Errors: a file that cannot be written is left out, and its record says why; nothing stops. */
#ifndef CT_STORE_H
#define CT_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ct_store;

/* The directory is made where it is not, mode 0700: there are programs in it that nobody should start. most: files that are written, at
 * most. 0, or -errno with *out NULL. */
int ct_store_open(struct ct_store **out, const char *directory, uint32_t most);
/* NULL: it is there. Else in words why not; borrowed, a constant. */
const char *ct_store_put(struct ct_store *s, const uint8_t sha256[32], const uint8_t *p, size_t n);
void ct_store_close(struct ct_store *s); /* takes NULL */

#endif
