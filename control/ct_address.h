/* SPDX-License-Identifier: Apache-2.0 */
/* ct_address: the list in a To or Cc field (RFC 5322 3.4), one string a recipient.
 *
 * Owner:  the control thread. Memory: heap. */
#ifndef CT_ADDRESS_H
#define CT_ADDRESS_H

#include "control/ct_buf.h"
#include "control/ct_charset.h"

/* Adds each address of the field's raw value to the list, as it stands there, decoded (ct_text_decode). It is split
 * before it is decoded, for a decoded name may hold commas. Of a group its members are added, of an empty one its name
 * ("undisclosed-recipients:;"). False: out of memory. */
bool ct_address_split(struct ct_charsets *c, const uint8_t *p, size_t n, struct ct_list *to);

#endif
