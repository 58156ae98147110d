/* SPDX-License-Identifier: Apache-2.0 */
/* Between rs_text.c and its modes: one for each thing that may be encoded in a text. */
#ifndef RS_TEXT_INTERNAL_H
#define RS_TEXT_INTERNAL_H

#include <string.h>

#include "reassembly/decode/rs_text.h"

static inline bool rs_text_is_end(uint8_t b)
{
	return b == '\n' || b == '\r';
}

static inline bool rs_text_is_blank(uint8_t b)
{
	return b == ' ' || b == '\t' || rs_text_is_end(b);
}

static inline bool rs_text_is_quote(uint8_t b)
{
	return b == '"' || b == '\'' || b == '`';
}

enum rs_text_act {
	RS_TEXT_GO,
	RS_TEXT_NONE, /* it is none: what was held is looked at again */
	RS_TEXT_DONE, /* it ended; what follows is text */
};

struct rs_text_mode {
	void (*begin)(struct rs_text *t);
	/* Takes some of n bytes, n > 0; returns how many; 0 only where act is no longer RS_TEXT_GO. */
	size_t (*feed)(struct rs_text *t, const uint8_t *p, size_t n);
	/* The text ends, or bytes are missing. */
	void (*end)(struct rs_text *t);
};

extern const struct rs_text_mode rs_text_run_mode, rs_text_data_mode, rs_text_uu_mode, rs_text_yenc_mode, rs_text_hqx_mode,
	rs_text_wide_mode;

/* Reads on, and looks at the same bytes as at a text, for what else may be encoded in it: then it ends here. */
size_t rs_text_yenc_beside(struct rs_text *t, const uint8_t *p, size_t n, enum rs_spotted *what);

/* Whether what follows a run's last byte, n > 0 bytes of it, may join the run to another. */
bool rs_text_may_join(uint8_t last, const uint8_t *p, size_t n);

/* A mode takes bytes into `line`, of which it may find that some are none of its own: they are told from here on, */
void rs_text_mark(struct rs_text *t);
/* and those from line[from] on, n of them, are read once more: before all else, when what is being fed has been taken. */
void rs_text_give_back(struct rs_text *t, size_t from, size_t n);

/* A run of n characters that is held, or as long as might be: whether it is none, or not wanted. False where that is not to be told without
 * reading it. */
bool rs_text_run_is_idle(const struct rs_unwrap_ops *ops, void *arg, const uint8_t *p, size_t n);

/* Bytes are missing behind what is held of a run. */
void rs_text_run_settle(struct rs_text *t);

/* A member begins whose encoding begins at `at`. seen_at: see rs_member. */
void rs_text_member_begin(struct rs_text *t, const char *layer, uint64_t at, uint64_t seen_at, uint32_t in, uint32_t out, bool file);
/* What comes next of it is decoded from what begins at `at`. Not to be said of where a piece of the input happens to begin. */
void rs_text_known(struct rs_text *t, uint64_t at);
void rs_text_member_data(struct rs_text *t, const uint8_t *p, size_t n);
void rs_text_member_end(struct rs_text *t, uint32_t flags);

#endif
