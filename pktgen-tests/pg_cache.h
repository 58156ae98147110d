/* SPDX-License-Identifier: Apache-2.0 */
/* pg_cache: how large the machine's last cache is. */
#ifndef PG_CACHE_H
#define PG_CACHE_H

#include <stddef.h>

/* Bytes. Where the machine does not say, 64 MB are assumed. */
size_t pg_cache_bytes(void);

#endif
