/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_replies.h"

#include <string.h>

#include "control/ct_policy.h"
#include "control/ct_reply.h"

#define REPLY_MAX 512 /* RFC 5321 4.5.3.1.5 */

void dp_replies_close(struct dp_replies *r)
{
	r->closing = true;
	r->fin = true;
}

/* The message's own reply: the refused one's, or that of a good one that had to be withheld with it. */
static size_t content_reply(struct dp_session *s, const struct rs_smtp_owed_view *v, struct dp_replies *r, char *to, size_t size)
{
	struct dp_message *m = v->tx;
	bool refused = m == s->refused_message;
	if (!refused && m && m->taken == CT_ACT_NONE)
		dp_message_take(m, CT_ACT_TEMPFAIL);
	r->answered |= refused;
	r->mail = false;
	return ct_reply_text(to, size, s->ins->config, refused ? s->refused : CT_ACT_TEMPFAIL, m ? m->rec->u.message.incident : 0);
}

/* Commands that were sent before the refusal are answered as if the server had them, to the end of their message; those behind it are
 * asked to come again. */
static const char *command_reply(const struct rs_smtp_owed_view *v, struct dp_replies *r)
{
	switch (v->verb) {
	case RS_VERB_QUIT:
		dp_replies_close(r);
		return "221 2.0.0 Bye\r\n";
	case RS_VERB_RSET:
		r->mail = false;
		return "250 2.0.0 OK\r\n";
	case RS_VERB_NOOP:
		return "250 2.0.0 OK\r\n";
	case RS_VERB_MAIL:
		if (!r->answered || v->at <= r->withheld) {
			r->mail = true;
			return "250 2.1.0 OK\r\n";
		}
		dp_replies_close(r);
		return "421 4.3.2 Come again, please\r\n";
	case RS_VERB_RCPT:
		return r->answered && !r->mail ? "503 5.5.1 MAIL first\r\n" : "250 2.1.5 OK\r\n";
	case RS_VERB_BDAT:
		return r->answered && !r->mail ? "503 5.5.1 MAIL first\r\n" : "250 2.0.0 OK\r\n";
	case RS_VERB_DATA:
		return r->mail ? "451 4.7.1 Come again, please\r\n" : "503 5.5.1 MAIL first\r\n";
	case RS_VERB_VRFY:
	case RS_VERB_EXPN:
	case RS_VERB_HELP:
		return "252 2.0.0 Not here\r\n";
	case RS_VERB_TURN:
		r->answered = true;
		return "502 5.5.1 Not here\r\n";
	default:
		dp_replies_close(r);
		return "421 4.3.2 Come again, please\r\n";
	}
}

void dp_replies_answer(struct dp_replies *r, struct dp_session *s, const struct rs_smtp_owed_view *v)
{
	char *to = r->text + r->len;
	size_t n;
	/* A command line may have been the end that was refused. */
	if (v->verb == RS_VERB_CONTENT || (!r->answered && dp_session_refused_at(s, v->at))) {
		n = content_reply(s, v, r, to, REPLY_MAX);
	} else {
		const char *text = command_reply(v, r);
		n = strlen(text);
		memcpy(to, text, n);
	}
	r->len += (uint32_t)n;
	dp_session_data(s, RS_SMTP_SERVER, (const uint8_t *)to, n);
}

bool dp_replies_has_room(const struct dp_replies *r)
{
	return !r->closing && r->len + REPLY_MAX <= DP_REPLIES_MAX;
}
