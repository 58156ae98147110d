/* SPDX-License-Identifier: Apache-2.0 */
/* dp_session: one SMTP connection: what its dialogue says becomes messages.
 *
 * Owner:  one worker. Memory: of the worker's pools. */
#ifndef DP_SESSION_H
#define DP_SESSION_H

#include "dataplane/dp_message.h"

/* A session may be open for hours between two messages: a block is taken only for a name that is longer than most. */
struct dp_helo {
	struct ct_block *more; /* what follows behind text; NULL: nothing */
	uint16_t len; /* of all of it */
	char text[38];
};
_Static_assert(sizeof(struct dp_helo) == 48, "no hole, and no more than a host's name needs");

/* Whom its messages came from, as was said: in a block, which few sessions have. What is longer is cut behind a word. */
struct dp_via {
	uint8_t len[RS_VIA_MAX]; /* 0: nothing was */
	uint8_t text[RS_VIA_MAX][160];
};
_Static_assert(sizeof(struct dp_via) <= sizeof((struct ct_block *)0)->data, "it is a block");

struct dp_session { /* the order leaves no holes: a million of them are kept */
	struct dp_inspect *ins;
	struct rs_smtp smtp;
	void *connection; /* for ins->identify and ins->number: borrowed */
	struct ct_tunnel *tunnel; /* that it came by; NULL: none */
	struct ct_block *via; /* holds struct dp_via; or NULL */
	struct dp_helo helo; /* the client's name, for its messages */
	bool midstream : 1; /* its beginning was not seen */
	bool closed : 1; /* it is being ended */
	bool cut : 1; /* by us: its connection is being reset */
	bool hold : 1;
	bool mptcp : 1; /* parts of any of its messages may have gone by other connections */
	bool open : 1; /* the content of one of its messages has begun, and not ended */
	uint8_t direction : 2; /* enum ct_direction */
	uint8_t ending; /* enum ct_reason: why it is ended from outside in a message; CT_REASON_NONE: the connection ended itself */
	uint8_t refused; /* enum ct_action: how a message is kept from being delivered; CT_ACT_NONE: none is */
	uint8_t doubt; /* 1 + dp_doubted.number: of the next message; the last there was. 0: none */
	uint32_t anomalies; /* bit a: enum rs_smtp_anomaly a was recorded */
	struct dp_message *refused_message; /* NULL: there was no room for it, or it was answered */
	uint64_t safe; /* position of the client up to which the server may have its bytes */
	uint32_t refused_len; /* from there to behind the end that was refused; 0: it was none */
	uint32_t client_gaps; /* times that bytes of the client were missing */
	LIST_HEAD(dp_messages, dp_message) messages; /* under way */
};
_Static_assert(CT_DIR_OUTBOUND < 1 << 2, "direction");
_Static_assert(sizeof(struct dp_session) == 400, "a million connections have one");

/* connection: what ins->identify names, until the session's end. NULL when there is no room, counted. */
struct dp_session *dp_session_begin(struct dp_inspect *ins, void *connection, bool midstream);
/* It came by this tunnel, which is copied. Without room for that its records do not tell it, counted. */
void dp_session_came_by(struct dp_session *s, const struct ct_tunnel *t);
/* Behind dp_session_data: the server agreed to change places with the client. From here on what it says is the client's, and what was
 * not taken of it is to be given so. With hold: what follows cannot be read, a message was counted for it, and the caller ends this. */
bool dp_session_turned(struct dp_session *s);
/* Returns how many bytes were taken: with hold, fewer of the client's when reading was halted behind them. */
size_t dp_session_data(struct dp_session *s, enum rs_smtp_dir dir, const uint8_t *p, size_t n);

/* Right after its beginning: nothing is read that could be read in two ways, and each end of a message is judged before anything behind
 * it is read (rs_smtp.h, "Hold"). Where one is refused, reading halts, and `refused` and `safe` say so. */
void dp_session_hold(struct dp_session *s);
static inline bool dp_session_halted(const struct dp_session *s)
{
	return rs_smtp_halted(&s->smtp);
}
static inline bool dp_session_refused(const struct dp_session *s)
{
	return s->refused != CT_ACT_NONE;
}
/* The command that ends there was taken for the end of the message that was refused. */
static inline bool dp_session_refused_at(const struct dp_session *s, uint64_t at)
{
	return s->refused_len && at == s->safe + s->refused_len;
}
/* The message whose content has begun and not ended; NULL: none. */
struct dp_message *dp_session_open(const struct dp_session *s);
void dp_session_gap(struct dp_session *s, enum rs_smtp_dir dir, uint64_t n);
/* Ends what is open; gives the session back. why: the reason for messages that this cuts off in their content;
 * CT_REASON_NONE when the connection itself ended. */
void dp_session_end(struct dp_session *s, enum ct_reason why);

/* What was said of whom a message comes from becomes its record's; XFORWARD's is forgotten with that. */
void dp_session_note_via(struct dp_session *s, struct ct_record *r);

/* The client's name into `to`, which has room for RS_SMTP_LINE_MAX bytes; returns how many there are. */
size_t dp_session_helo(const struct dp_session *s, uint8_t *to);

/* An anomaly record of this connection. */
void dp_session_anomaly(struct dp_session *s, uint32_t tx_id, const struct ct_anomaly *a);

/* The receiver may have read other bytes than were read here: the messages under way are not clean; where there is
 * none, the next one, or one that stands for what was not seen. d: one that dp_doubted_of answers. */
void dp_session_doubt(struct dp_session *s, const struct dp_doubted *d);

#endif
