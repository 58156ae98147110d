/* SPDX-License-Identifier: Apache-2.0 */
/* ct_names: the two names by which a person finds a message again: ours, and the mail server's. */
#ifndef CT_NAMES_H
#define CT_NAMES_H

#include <stdint.h>

#define CT_INCIDENT_SIZE 16

/* An incident's number as it stands everywhere: in EVE, in the summary, in the reply to the client. 13 digits of
 * Crockford's base32 (no I, L, O, U), in groups that can be read out: "7K3M-9QZ1-TB4C5". */
void ct_incident_name(uint64_t incident, char out[CT_INCIDENT_SIZE]);

/* The id under which the server's log knows the message, from the text of its final 2xx reply: what Postfix, Exim,
 * sendmail, OpenSMTPD, qmail, Gmail and Exchange say. For the caller to free; NULL where there is none. */
char *ct_queue_id(const char *reply);

#endif
