/* SPDX-License-Identifier: Apache-2.0 */
/* More than one reading of the same bytes: copies of a content that go their own way. */
#include "dataplane/dp_content_private.h"

#include <string.h>

_Static_assert(MT_NONE <= DP_PEEK_SHIFT && CT_REASON_MAX <= 32 - DP_PEEK_SHIFT, "actions and reasons share a word");

enum ct_reason dp_content_no_room(const struct dp_content *c)
{
	return c->trial ? CT_REASON_LIMIT : CT_REASON_OVERLOAD;
}

static struct mt_stream *copy_encoded(struct dp_content *to, struct mt_stream *from)
{
	struct dp_inspect *ins = to->ins;
	struct mt_stream *s = to->trial ? mt_stream_copy(ins->matcher, MT_MAIL_ENCODED, from) : mt_stream_fork(ins->matcher, from);
	if (s)
		return s;
	ins->stats.no_stream += !to->trial;
	dp_message_reason(to->msg, dp_content_no_room(to));
	to->encoded_left = 0;
	return NULL;
}

/* trial: where the copy puts its actions, or NULL: it is a content like any other. */
static void copy(struct dp_content *to, const struct dp_content *from, struct dp_message *msg, unsigned *trial)
{
	struct dp_inspect *ins = from->ins;
	*to = *from;
	to->msg = msg;
	to->trial = trial;
	rs_mime_copy(&to->mime, &from->mime, trial ? &dp_content_trial_ops : &dp_content_ops, to,
		     trial ? &ins->trial_headers : &ins->headers);
	to->encoded_scan = from->encoded_scan ? copy_encoded(to, from->encoded_scan) : NULL;
	to->file = from->file ? dp_file_copy(from->file, to, NULL) : NULL;
}

struct dp_content *dp_content_fork(struct dp_content *c)
{
	struct dp_inspect *ins = c->ins;
	if (c->msg->contents >= ins->config->limits.views) {
		ins->stats.view_limit++;
		dp_message_reason(c->msg, CT_REASON_LIMIT);
		return NULL;
	}
	struct dp_content *to = rs_pool_get(&ins->contents);
	if (!to) {
		ins->stats.no_content++;
		dp_message_reason(c->msg, CT_REASON_OVERLOAD);
		return NULL;
	}
	c->msg->contents++;
	copy(to, c, c->msg, NULL);
	return to;
}

static unsigned peek_at_end(struct dp_content *c)
{
	struct dp_inspect *ins = c->ins;
	struct dp_inspect_stats stats = ins->stats; /* what did not happen is not counted */
	struct dp_message msg = *c->msg;
	struct dp_content trial;
	unsigned actions = 0;

	copy(&trial, c, &msg, &actions);
	rs_mime_end(&trial.mime);
	ins->stats = stats;
	return actions | msg.reasons << DP_PEEK_SHIFT;
}

unsigned dp_content_peek(struct dp_content *c, bool as_if_ended)
{
	if (as_if_ended)
		return peek_at_end(c);
	unsigned actions = c->encoded_scan ? mt_stream_peek(c->ins->matcher, c->encoded_scan, false) : 0;
	return actions | dp_file_peek(c->file);
}
