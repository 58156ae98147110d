/* SPDX-License-Identifier: Apache-2.0 */
/* What tests of readers expect of a log. Its includer has cmocka. */
#ifndef RS_UNWRAP_EXPECT_H
#define RS_UNWRAP_EXPECT_H

#include <string.h>

#include "reassembly/archive/rs_unwrap_log.h"

/* Has `whole`, run over the file, these members as "name=content", in their order, and comes the same of it byte by byte and cut in two
 * at every place? */
static inline void unwrap_log_expect(const struct unwrap_log *whole, struct unwrap_log *split, uint32_t flags,
				     const char *const *members, unsigned n)
{
	assert_int_equal(whole->flags, flags);
	assert_int_equal(whole->members, n);
	for (unsigned i = 0; i < n; i++) {
		const struct unwrap_member *m = &whole->member[i];
		const char *content = strchr(members[i], '=') + 1;
		assert_int_equal(strlen(m->name), content - 1 - members[i]);
		assert_memory_equal(m->name, members[i], strlen(m->name));
		assert_int_equal(m->n, strlen(content));
		assert_memory_equal(whole->data + m->from, content, m->n);
		assert_true(m->ended && m->file);
	}
	assert_true(unwrap_log_every_cut(split, whole, 1));
}

#endif
