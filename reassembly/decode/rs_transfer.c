/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/decode/rs_transfer.h"

void rs_transfer_init(struct rs_transfer *t, enum rs_cte cte)
{
	*t = (struct rs_transfer){ .cte = cte };
}

const uint8_t *rs_transfer_feed(struct rs_transfer *t, const uint8_t *in, size_t n, uint8_t *out, size_t *out_len)
{
	switch (t->cte) {
	case RS_CTE_BASE64:
		*out_len = rs_base64_feed(&t->u.base64, in, n, out);
		return out;
	case RS_CTE_QP:
		*out_len = rs_qp_feed(&t->u.qp, in, n, out);
		return out;
	case RS_CTE_IDENTITY:
	case RS_CTE_UU:
	case RS_CTE_UNKNOWN:
		break;
	}
	*out_len = n;
	return in;
}

size_t rs_transfer_end(struct rs_transfer *t, uint8_t *out)
{
	switch (t->cte) {
	case RS_CTE_BASE64:
		return rs_base64_end(&t->u.base64, out);
	case RS_CTE_QP:
		return rs_qp_end(&t->u.qp, out);
	case RS_CTE_IDENTITY:
	case RS_CTE_UU:
	case RS_CTE_UNKNOWN:
		break;
	}
	return 0;
}

bool rs_transfer_malformed(const struct rs_transfer *t)
{
	switch (t->cte) {
	case RS_CTE_BASE64:
		return t->u.base64.flags & ~RS_BASE64_PADDED;
	case RS_CTE_QP:
		return t->u.qp.flags;
	case RS_CTE_IDENTITY:
	case RS_CTE_UU:
		return false;
	case RS_CTE_UNKNOWN:
		break;
	}
	return true;
}

/* Blocks first, so that even many matches in one segment cost little each. */
#define BLOCK 256

size_t rs_transfer_locate(const struct rs_transfer *before, const uint8_t *in, size_t n, size_t decoded)
{
	struct rs_transfer t = *before;
	uint8_t out[RS_TRANSFER_OUT_MAX(BLOCK)];
	size_t i = 0, made = 0, len;
	while (n - i > BLOCK) {
		struct rs_transfer again = t;
		rs_transfer_feed(&t, in + i, BLOCK, out, &len);
		if (made + len > decoded) {
			t = again;
			break;
		}
		made += len;
		i += BLOCK;
	}
	for (; i < n; i++) {
		rs_transfer_feed(&t, in + i, 1, out, &len);
		made += len;
		if (made > decoded)
			return i;
	}
	return n;
}
