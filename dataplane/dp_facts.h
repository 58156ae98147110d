/* SPDX-License-Identifier: Apache-2.0 */
/* dp_facts: what a reported file's bytes say of it, for its record: executables' headers. Nothing of a verdict depends on it.
 *
 * Owner:  one worker. Memory: an object of the pool `executables`, of a file that begins like one. Where there is none it is counted,
 *         and the record does without. */
#ifndef DP_FACTS_H
#define DP_FACTS_H

#include <stddef.h>
#include <stdint.h>

struct dp_file;

/* The file begins with these n bytes, which are yet to be fed. */
void dp_facts_begin(struct dp_file *f, const uint8_t *p, size_t n);
void dp_facts_feed(struct dp_file *f, const uint8_t *p, size_t n);
void dp_facts_gap(struct dp_file *f);
/* Adds what was found to the file's record, as notes, and gives the object back. */
void dp_facts_end(struct dp_file *f);

#endif
