/* SPDX-License-Identifier: Apache-2.0 */
/* mt_cache: compiled databases kept in a folder between runs.
 *
 * A file is found by the digest of all that the database depends on: the patterns, Hyperscan's version and build,
 * the processor. It is believed only when it belongs to us, nobody else may write to it, and its contents have the
 * digest that stands in its header; else it is as if it were not there, and the next store replaces it. Nothing
 * here is an error: without a cache the program starts later, that is all. */
#ifndef MT_CACHE_H
#define MT_CACHE_H

#include "matchers/mt_compile.h"

#define MT_CACHE_KEY 32 /* SHA-256 */
#define MT_CACHE_FILE_MAX (256u << 20) /* bytes; a larger file is not read */

/* 0 or -ENOMEM. */
int mt_cache_key(const struct mt_pattern *const *v, size_t n, unsigned char key[MT_CACHE_KEY]);
/* True when a database was found and taken. */
bool mt_cache_load(const char *folder, const unsigned char key[MT_CACHE_KEY], struct mt_database *out);
void mt_cache_store(const char *folder, const unsigned char key[MT_CACHE_KEY], const struct mt_database *db);

#endif
