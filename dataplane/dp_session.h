/* SPDX-License-Identifier: Apache-2.0 */
/* dp_session: one SMTP connection: what its dialogue says becomes messages.
 *
 * Owner:  one worker. Memory: of the worker's pools. */
#ifndef DP_SESSION_H
#define DP_SESSION_H

#include "dataplane/dp_message.h"

struct dp_session {
	struct dp_inspect *ins;
	struct rs_smtp smtp;
	struct ct_flow flow;
	uint32_t *records; /* of the connection: borrowed from its flow */
	struct ct_notes helo; /* one note: the client's name */
	bool midstream; /* its beginning was not seen */
	bool closed; /* it is being ended */
	enum ct_reason ending; /* why it is ended from outside while a message was under way; CT_REASON_NONE: the connection ended itself */
	uint64_t anomalies; /* bit a: enum rs_smtp_anomaly a was recorded */
	uint64_t client_gaps; /* times that bytes of the client were missing */
};

/* flow: src is the client. NULL when there is no room, counted. */
struct dp_session *dp_session_begin(struct dp_inspect *ins, const struct ct_flow *flow, uint32_t *records, bool midstream);
void dp_session_data(struct dp_session *s, enum rs_smtp_dir dir, const uint8_t *p, size_t n);
void dp_session_gap(struct dp_session *s, enum rs_smtp_dir dir, uint64_t n);
/* Ends what is open; gives the session back. why: the reason for messages that this cuts off in their content;
 * CT_REASON_NONE when the connection itself ended. */
void dp_session_end(struct dp_session *s, enum ct_reason why);

/* An anomaly record of this connection. event, layer, type: constants. */
void dp_session_anomaly(struct dp_session *s, uint32_t tx_id, const char *event, const char *layer, const char *type);

#endif
