/* SPDX-License-Identifier: Apache-2.0 */
#include "matchers/mt_compile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static hs_expr_ext_t ext_of(const struct mt_pattern *p)
{
	hs_expr_ext_t e = { .min_offset = p->min_offset, .max_offset = p->max_offset };
	if (p->min_offset)
		e.flags |= HS_EXT_FLAG_MIN_OFFSET;
	if (p->max_offset)
		e.flags |= HS_EXT_FLAG_MAX_OFFSET;
	return e;
}

static int complain(hs_compile_error_t *err, struct mt_complaint *bad)
{
	/* Without memory, Hyperscan cannot even say so. */
	if (!err)
		return -ENOMEM;
	snprintf(bad->reason, sizeof bad->reason, "%s does not take this: %s",
		 strcmp(MW_REGEX_NAME, "hyperscan") ? "Vectorscan" : "Hyperscan", err->message);
	bad->pattern = err->expression < 0 ? 0 : (size_t)err->expression;
	hs_free_compile_error(err);
	return -EINVAL;
}

int mt_compile_check(const struct mt_pattern *p, bool *at_end, struct mt_complaint *bad)
{
	hs_expr_ext_t ext = ext_of(p);
	hs_expr_info_t *info = NULL;
	hs_compile_error_t *err = NULL;

	if (hs_expression_ext_info(p->expression, p->flags, &ext, &info, &err) != HS_SUCCESS)
		return complain(err, bad);
	*at_end = info->matches_at_eod;
	free(info);
	return 0;
}

static int compile(const struct mt_pattern *const *v, size_t n, unsigned mode, hs_database_t **out, struct mt_complaint *bad)
{
	const char **expressions = calloc(n, sizeof *expressions);
	unsigned *flags = calloc(n, sizeof *flags), *ids = calloc(n, sizeof *ids);
	hs_expr_ext_t *exts = calloc(n, sizeof *exts);
	const hs_expr_ext_t **pexts = calloc(n, sizeof *pexts);
	hs_compile_error_t *err = NULL;
	int r = -ENOMEM;

	if (!expressions || !flags || !ids || !exts || !pexts)
		goto out;
	for (size_t i = 0; i < n; i++) {
		expressions[i] = v[i]->expression;
		flags[i] = v[i]->flags;
		ids[i] = (unsigned)i;
		exts[i] = ext_of(v[i]);
		pexts[i] = &exts[i];
	}
	r = 0;
	if (hs_compile_ext_multi(expressions, flags, ids, pexts, (unsigned)n, mode, NULL, out, &err) != HS_SUCCESS)
		r = complain(err, bad);
out:
	free(expressions);
	free(flags);
	free(ids);
	free(exts);
	free(pexts);
	return r;
}

static int compile_stream(const struct mt_pattern *const *v, size_t n, struct mt_database *out, struct mt_complaint *bad)
{
	int r = compile(v, n, HS_MODE_STREAM, &out->hs, bad);
	return r ? r : hs_stream_size(out->hs, &out->stream_size) == HS_SUCCESS ? 0 : -EINVAL;
}

static int find_largest(const struct mt_pattern *const *v, size_t n, struct mt_complaint *bad)
{
	size_t largest = 0;

	for (size_t i = 0; i < n; i++) {
		struct mt_database one = { 0 };
		struct mt_complaint ignored;
		int r = compile_stream(v + i, 1, &one, &ignored);
		if (r)
			return r;
		if (one.stream_size > largest) {
			largest = one.stream_size;
			bad->pattern = i;
		}
		hs_free_database(one.hs);
	}
	snprintf(bad->reason, sizeof bad->reason,
		 "the patterns of this buffer need more than %d bytes of state in every stream, and this one needs the "
		 "most: %zu",
		 MT_STREAM_STATE_MAX, largest);
	return -EINVAL;
}

int mt_compile(const struct mt_pattern *const *v, size_t n, struct mt_database *out, struct mt_complaint *bad)
{
	int r = compile_stream(v, n, out, bad);
	if (r || out->stream_size <= MT_STREAM_STATE_MAX)
		return r;
	hs_free_database(out->hs);
	*out = (struct mt_database){ .hs = NULL };
	return find_largest(v, n, bad);
}

int mt_compile_block(const struct mt_pattern *const *v, size_t n, hs_database_t **out, struct mt_complaint *bad)
{
	return compile(v, n, HS_MODE_BLOCK, out, bad);
}
