/* SPDX-License-Identifier: Apache-2.0 */
/* ct_config_keys: the table of all keys, and values from and to text.
 *
 * Owner:  constants. What ct_config.c prints as the reference and ct_config_parse.c reads a file by. */
#ifndef CT_CONFIG_KEYS_H
#define CT_CONFIG_KEYS_H

#include "control/ct_config.h"
#include "control/ct_buf.h"

/* Of a reply's text as it is configured. Each CT_REPLY_INCIDENT in it becomes half as long again at most, and the line still
 * fits the 512 bytes of RFC 5321 4.5.3.1.5. */
#define CT_REPLY_TEXT_MAX 320

enum ct_key_type {
	CT_KEY_NUMBER, /* uint32_t */
	CT_KEY_SIZE, /* uint32_t, bytes: 4096, 64k, 512M */
	CT_KEY_SECONDS, /* uint32_t: 90, 30s, 5m, 1h */
	CT_KEY_BOOL,
	CT_KEY_ENUM, /* an int-sized enum; choices are its names, in order */
	CT_KEY_TEXT, /* char * */
	CT_KEY_ASCII, /* char *: printable ASCII, for a reply's line */
	CT_KEY_STATUS, /* char *: an enhanced status code of a permanent failure (RFC 3463), or "" */
	CT_KEY_PORTS, /* uint16_t *, and their count */
	CT_KEY_TEXTS, /* struct ct_strings */
	CT_KEY_PREFIXES, /* struct ct_receivers: those of one policy */
};

struct ct_key {
	const char *section, *name;
	enum ct_key_type type;
	size_t at, count_at; /* in struct ct_config; count_at: of CT_KEY_PORTS */
	uint32_t min, max;
	const char *const *choices; /* of CT_KEY_ENUM, ended by NULL */
	enum rs_overlap_policy policy; /* of CT_KEY_PREFIXES */
	const char *
		value; /* default, as one would write it; items of lists separated by spaces; NULL: made at start, see default_is */
	const char *default_is; /* what NULL stands for */
	const char *meaning;
};

struct ct_section {
	const char *name, *meaning;
};

extern const struct ct_key ct_keys[];
extern const size_t ct_nkeys;
extern const struct ct_section ct_sections[]; /* in the order of the keys */
extern const size_t ct_nsections;

/* Sets a key from one scalar; of a list: adds one item. 0; -EINVAL: not what is expected; of prefixes -EDOM and -EEXIST, see
 * ct_receivers_add; -ENOMEM. */
int ct_key_set(struct ct_config *c, const struct ct_key *k, const char *text);
/* Empties a list. */
void ct_key_clear(struct ct_config *c, const struct ct_key *k);
bool ct_key_is_list(const struct ct_key *k);
/* "a size from 4k to 1G, such as 64k": what a value must be. */
void ct_key_expected(const struct ct_key *k, struct ct_buf *to);

#endif
