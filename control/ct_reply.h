/* SPDX-License-Identifier: Apache-2.0 */
/* ct_reply: the line by which a client is told that its message was not taken (RFC 5321 4.2, RFC 3463).
 *
 * Owner: none: a pure function, called by workers: it allocates nothing. */
#ifndef CT_REPLY_H
#define CT_REPLY_H

#include "control/ct_config.h"

#define CT_REPLY_MAX 512 /* with CR LF: RFC 5321 4.5.3.1.5 */

/* Writes "554 5.7.1 TEXT\r\n" for CT_ACT_REJECT and "451 4.7.1 TEXT\r\n" for CT_ACT_TEMPFAIL, code and texts as they are
 * configured, and returns its length. No NUL is added. 0, and nothing written, for other actions, and when size has no room for the whole line:
 * CT_REPLY_MAX always has. incident: its name (ct_incident_name) takes the place of each CT_REPLY_INCIDENT. */
size_t ct_reply_text(char *to, size_t size, const struct ct_config *c, enum ct_action a, uint64_t incident);

#endif
