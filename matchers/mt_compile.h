/* SPDX-License-Identifier: Apache-2.0 */
/* mt_compile: patterns into a Hyperscan streaming database.
 *
 * Owner:  control, at load. The database is the caller's: hs_free_database. */
#ifndef MT_COMPILE_H
#define MT_COMPILE_H

#include <hs.h>

#include "matchers/mt_pattern.h"

#define MT_STREAM_STATE_MAX 8192 /* bytes of state that the patterns of a buffer may need in every stream */

struct mt_database {
	hs_database_t *hs; /* NULL when there are no patterns */
	size_t stream_size;
	bool at_end; /* some pattern matches only where the buffer ends */
	bool cached; /* it was read, not compiled */
};

struct mt_complaint { /* of Hyperscan about a pattern */
	size_t pattern;
	char reason[200];
};

/* 0 when Hyperscan takes the pattern; -EINVAL with its complaint; -ENOMEM. */
int mt_compile_check(const struct mt_pattern *p, bool *at_end, struct mt_complaint *bad);

/* The number of a criterion is its place in v. 0; -EINVAL when bad->pattern cannot be part of it: Hyperscan does not take
 * it, or all together need more than MT_STREAM_STATE_MAX and this one needs the most; -ENOMEM. */
int mt_compile(const struct mt_pattern *const *v, size_t n, struct mt_database *out, struct mt_complaint *bad);
/* For buffers that are whole: no stream can be opened. Errors as above, but for the state. */
int mt_compile_block(const struct mt_pattern *const *v, size_t n, hs_database_t **out, struct mt_complaint *bad);

#endif
