/* SPDX-License-Identifier: Apache-2.0 */
/* dp_content's own: what a message's bytes are told as, and copies of what is open.
 *
 * Owner:  one worker. */
#ifndef DP_CONTENT_PRIVATE_H
#define DP_CONTENT_PRIVATE_H

#include "dataplane/dp_session.h"

/* Of a content, and of one that is only tried. */
extern const struct rs_mime_ops dp_content_ops, dp_content_trial_ops;

#endif
