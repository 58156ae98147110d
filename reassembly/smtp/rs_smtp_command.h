/* SPDX-License-Identifier: Apache-2.0 */
/* rs_smtp_command: what a line of the client says. */
#ifndef RS_SMTP_COMMAND_H
#define RS_SMTP_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rs_smtp_command {
	uint8_t verb; /* enum rs_smtp_verb */
	const uint8_t *arg; /* what follows the verb, without outer blanks */
	size_t arg_len;
};

/* The verb, in any letter case, behind any blanks: servers skip them. RS_VERB_UNKNOWN: none that is known. */
struct rs_smtp_command rs_smtp_command_parse(const uint8_t *p, size_t n);

struct rs_smtp_path {
	const uint8_t *path; /* without angle brackets and source route */
	size_t path_len;
	const uint8_t *params; /* without outer blanks */
	size_t params_len;
};

/* The argument of MAIL ("FROM") or RCPT ("TO"). False: there is no such keyword with a colon. */
bool rs_smtp_command_path(const struct rs_smtp_command *c, struct rs_smtp_path *path);

/* The argument of BDAT (RFC 3030 2): chunk-size [SP "LAST"]. wraps: the number does not fit into 63 bits; *size is what is left of it in
 * 64, as a server has it that does not look. */
bool rs_smtp_command_chunk(const struct rs_smtp_command *c, uint64_t *size, bool *last, bool *wraps);

/* Whether the argument of BDAT ends in LAST, whatever stands before it: 0 bytes to a server that reads a number where there is none. */
bool rs_smtp_command_chunk_last(const struct rs_smtp_command *c);

/* The first argument of XEXCH50: how many bytes follow once the server has answered 354. 0: none, or none that Exchange takes. */
uint32_t rs_smtp_command_properties(const struct rs_smtp_command *c);

/* Whether a line without its line end is BDAT exactly as RFC 3030 has it, letter case aside: no other blanks than one space before
 * each argument, so that every server which knows the command reads it so. */
bool rs_smtp_command_chunk_plain(const uint8_t *p, size_t n);

/* Whether text in a place where both commands and other lines may stand begins as a command: 1 yes, 0 no, -1 too few bytes
 * to tell. Stricter than parse: MAIL and RCPT need FROM: and TO:, a verb that takes no argument the end of the line.
 * Never -1 with RS_SMTP_READS_MAX bytes, nor with `whole` (p is a line without its line end). */
#define RS_SMTP_READS_MAX 13
int rs_smtp_command_reads(const uint8_t *p, size_t n, bool whole);

#endif
