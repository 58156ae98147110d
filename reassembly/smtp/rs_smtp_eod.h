/* SPDX-License-Identifier: Apache-2.0 */
/* rs_smtp_eod: where the content after DATA ends (RFC 5321 4.1.1.4), and its transparency dots (4.5.2).
 *
 * The end is CRLF "." CRLF. A "." line with other line ends, bare LF or bare CR, is a candidate: some servers take it, so it
 * is held, with what follows it, until that reads as a command (then it was the end) or does not. Content comes out as
 * long spans of the input: only a "." at a line start is looked at byte by byte. Held bytes are kept here; there
 * are never more than RS_SMTP_HELD.
 *
 * NUL bytes beside the dot make candidates too, since some servers drop them and others read no further in the line: with NULs
 * between the line's start and the dot, and with one right behind the dot, whatever follows it in the line.
 *
 * A candidate with other text behind it is content; but to a server that took it for the end, and refused the lines behind, a MAIL
 * further on begins a message. So such a line is held likewise, and if it is one, the end was there.
 *
 * With `hold` nothing is guessed: each candidate is told, and is content as soon as anything follows. */
#ifndef RS_SMTP_EOD_H
#define RS_SMTP_EOD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "reassembly/smtp/rs_smtp_command.h"

#define RS_SMTP_HELD (3 + RS_SMTP_READS_MAX)

enum rs_smtp_eod_state {
	RS_EOD_START, /* behind CRLF, or at the very start */
	RS_EOD_LF, /* behind a bare LF */
	RS_EOD_CR, /* behind a CR that may be bare */
	RS_EOD_GAP, /* behind a gap: anything may have been before */
	RS_EOD_NUL, /* behind NULs that stood at a line start */
	RS_EOD_TEXT, /* inside a line */
	RS_EOD_DOT, /* a dot that stood at a line start is held */
	RS_EOD_DOT_CR, /* and a CR behind it */
	RS_EOD_ASK, /* a "." line is held, or was let go, with the beginning of what follows; or the beginning of a later line */
	RS_EOD_DOT_NUL, /* in a line that began with a dot and a NUL; nothing is held */
	RS_EOD_DOT_NUL_CR, /* and behind a CR that may end it */
};

struct rs_smtp_eod {
	uint8_t state; /* enum rs_smtp_eod_state */
	uint8_t before; /* the state in which the held dot was met */
	uint8_t n_held;
	uint8_t n_dot; /* of the held bytes, those of the "." line */
	bool hold : 1;
	bool doubted : 1; /* a candidate has other text behind it */
	bool torn : 1; /* bytes are missing: the dialogue looks for such lines itself */
	bool later : 1; /* what is held is a line further on */
	uint8_t held[RS_SMTP_HELD];
};

enum rs_smtp_eod_found {
	RS_EOD_MORE,
	RS_EOD_BARE_LF, /* a candidate, LF involved: now it is held */
	RS_EOD_BARE_CR,
	RS_EOD_END, /* CRLF "." CRLF */
	RS_EOD_COMMAND, /* the candidate was the end: what follows is rs_smtp_eod_rest */
	RS_EOD_MAYBE, /* hold: a candidate like any other, but nothing odd: CRLF may have been in the gap before it */
	RS_EOD_WITH_NUL, /* a candidate with NULs */
};

struct rs_smtp_eod_step {
	/* Content, in this order: */
	const uint8_t *held; /* bytes that were held; borrowed until the next call */
	size_t held_len;
	const uint8_t *span; /* bytes of the input */
	size_t span_len;
	enum rs_smtp_eod_found found;
};

/* crlf: the DATA line ended in CRLF; else its bare LF is what stands before the content. */
void rs_smtp_eod_begin(struct rs_smtp_eod *e, bool crlf, bool hold);

/* One step over p, n > 0. Returns how many bytes it took, perhaps 0, when something held came free; call again with
 * the others. */
size_t rs_smtp_eod_step(struct rs_smtp_eod *e, const uint8_t *p, size_t n, struct rs_smtp_eod_step *out);

/* Nothing is held and `next` is not a dot at a line start: then bytes without any dot may go past, told by _skip. */
bool rs_smtp_eod_quiet(const struct rs_smtp_eod *e, uint8_t next);
void rs_smtp_eod_skip(struct rs_smtp_eod *e, const uint8_t *p, size_t n);

/* Hold: the last byte was a CR that ends a "." line, unless an LF follows. */
bool rs_smtp_eod_open(const struct rs_smtp_eod *e);

/* What is held is content after all. Returns it: borrowed until the next call. */
const uint8_t *rs_smtp_eod_flush(struct rs_smtp_eod *e, size_t *n);

/* What is held behind the candidate: empty lines and the beginning of a command. */
const uint8_t *rs_smtp_eod_rest(const struct rs_smtp_eod *e, size_t *n);
uint32_t rs_smtp_eod_rest_lines(const struct rs_smtp_eod *e); /* line ends in it */

#endif
