/* SPDX-License-Identifier: Apache-2.0 */
/* ct_community: Community ID v1 of a flow (https://github.com/corelight/community-id-spec): the name that other tools,
 * given the same seed, have for the same connection. */
#ifndef CT_COMMUNITY_H
#define CT_COMMUNITY_H

#include "control/ct_record.h"

#define CT_COMMUNITY_SIZE 32 /* "1:", 28 characters of base64, NUL */

/* Writes the id of a TCP connection; "" when SHA-1 is not to be had. */
void ct_community_id(const struct ct_flow *f, uint16_t seed, char out[CT_COMMUNITY_SIZE]);

#endif
