/* SPDX-License-Identifier: Apache-2.0 */
/* rs_tnef: what Outlook wraps a message in (winmail.dat, application/ms-tnef; [MS-OXTNEF]), streaming, by rs_unwrap.
 *
 * Members: each attachment's data (attAttachData; PR_ATTACH_DATA_BIN and PR_ATTACH_DATA_OBJ, where an embedded message is again
 * TNEF), and the message's bodies (attBody; PR_BODY, PR_HTML, PR_RTF_COMPRESSED). An attachment's member is open until the next one
 * begins, for its longer name may come behind its data: then it is a further name (member_name). All members stand there as they are;
 * a compressed RTF body is handed out as it stands, not decompressed. An attribute is told by its number (the low
 * half of its id). Its type that is wrong, its sum that is wrong, and properties that are longer than their list, are odd: some readers
 * stop there. */
#ifndef RS_TNEF_H
#define RS_TNEF_H

#include "reassembly/archive/rs_unwrap.h"

#define RS_TNEF_NAME_MAX 255 /* longer names are cut */
#define RS_TNEF_COLLECT 24

struct rs_tnef {
	struct rs_unwrap u;
	uint64_t left; /* of what goes by: bytes still to come */
	uint32_t attribute_left; /* of its data */
	uint32_t attribute;
	uint32_t properties, values; /* still to come, of the list and of the property */
	uint32_t tag; /* of the property: id and type */
	uint16_t sum; /* of the attribute's data so far */
	uint8_t step; /* enum step */
	uint8_t have, need; /* of what is collected */
	uint8_t pad; /* behind the value */
	uint8_t collected[RS_TNEF_COLLECT];
	bool in_data; /* of an attribute */
	bool member, attachment; /* a member is open; it is one */
	bool gap; /* bytes of it are missing */
	bool unsure; /* bytes of the attribute are missing: its sum says nothing */
	bool torn; /* missing bytes hold a length: nothing behind them can be told apart */
	bool wide; /* the name is UTF-16 */
	uint16_t name_len;
	uint8_t name[RS_TNEF_NAME_MAX];
	char charset[16]; /* of names that are not UTF-16; "": not said */
};

extern const struct rs_unwrap_reader rs_tnef_reader;

#endif
