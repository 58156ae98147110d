/* SPDX-License-Identifier: Apache-2.0 */
/* rs_text: what is encoded inside of a file that is none of the wrappings known by their first bytes: read by rs_unwrap.
 *
 * Each is a member:
 *   base64 (either alphabet of RFC 4648), at least RS_TEXT_RUN_LEAST characters of it, in lines of any length, or in pieces that a script
 *     or a reader puts together, some of them escaped (rs_text_gap); with or without padding. It is a `file` when what it begins with is
 *     known;
 *   data: URLs (RFC 2397), with base64 and without;
 *   uuencode and its begin-base64 (POSIX uuencode), yEnc (yenc-draft 1.3), BinHex 4.0 (RFC 1741: its two forks, each a member).
 *   text in UTF-16 (RFC 2781), of a file that begins like one, without its zeros: a layer, in which all of these are looked for.
 * What only looks like one of these, prose that speaks of it, is none: a line of data must follow, a header must be right. Any text is data
 * of yEnc: others that begin in it end it, which is odd unless it is prose.
 *
 * A run that is no file and no longer than RS_TEXT_HOLD is held until it ends, and then is a member only if it is wanted
 * (rs_unwrap's member_wanted): a newsletter has hundreds of them.
 *
 * Where a run of base64 begins, of lines that may be prose in part: see rs_text_run.c.
 *
 * All bytes are handed out as `outer`, also those that members are decoded from. Most of a file has nothing encoded in it: while
 * rs_text_is_idle, nothing but `spot` and the last bytes that passed is needed to go on, and rs_text_start begins from these.
 *
 * Copied by assignment. */
#ifndef RS_TEXT_H
#define RS_TEXT_H

#include "reassembly/archive/rs_unwrap.h"
#include "reassembly/decode/rs_base64.h"
#include "reassembly/decode/rs_spot.h"

#define RS_TEXT_RUN_LEAST 64 /* shorter ones hold nothing that could be told from chance: 48 bytes */
#define RS_TEXT_NAME_MAX 200 /* longer names are cut */
#define RS_TEXT_HOLD 288

struct rs_text_run {
	struct rs_base64 base64;
	uint8_t state; /* enum of rs_text_run.c */
	uint8_t back_to; /* where to go on behind a gap */
	uint8_t pads; /* "=" so far */
	uint8_t last; /* the byte before the gap */
	uint8_t njoint; /* bytes of the last joint; 0: there was none, or a longer one */
	uint8_t joint[48];
	bool any; /* any joint may stand in the gap */
	bool certain; /* FRESH: behind a joint that is certain, between two quanta */
	bool file; /* of the member: what it begins with is known */
	uint16_t chars, of_line; /* of what was collected: characters, and those of its last line */
	uint16_t from; /* where in what is held it begins */
	uint64_t at; /* where that stands */
	uint64_t begin; /* where what is held begins */
	uint32_t lag, lag_before; /* so many bytes more stand there than are held; and before the last gap */
	uint16_t lag_at; /* from there on in what is held */
	bool url; /* a data: URL: it is known where it begins, and characters may be written as numbers */
	bool blanks; /* of one: white space means nothing in it */
};

struct rs_text_lines { /* uuencode, yEnc */
	struct rs_base64 base64; /* of begin-base64 */
	uint64_t said; /* yEnc: the size of the file */
	uint32_t crc, blanks; /* yEnc: of the bytes so far; of their characters, those that are blanks */
	uint8_t state; /* enum of rs_text_lines.c */
	uint8_t wrong; /* lines in a row that are none of it */
	uint8_t score; /* uuencode: what tells so far that it is */
	uint16_t from; /* uuencode: where in what is held its lines begin */
	bool loose, caps; /* uuencode: its header is not that of POSIX; its words may be in capitals */
	bool odd; /* there was such a line */
	bool cut; /* the line was longer than is held */
	bool part; /* yEnc: it is a part of a file */
	bool loose_lines; /* yEnc: some were not as long as its header says */
	uint32_t long_said, of_line, escapes; /* yEnc: how long, and characters of the present one */
	uint8_t runs; /* yEnc: so many times RS_SPOT_RUN_MIN bytes of base64 in a row */
	uint64_t run_end; /* where they ended */
	bool line; /* yEnc: a line begins */
	bool escape, first; /* yEnc: the next character is an escaped one; the first of its line */
};

struct rs_text_hqx {
	uint64_t here; /* behind the character at hand */
	uint32_t bits, left; /* left: bytes of the fork still to come */
	uint32_t fork[2]; /* lengths: data, resource */
	uint16_t crc; /* of the fork */
	uint8_t nhead, name_len, nbits, last;
	uint8_t state; /* enum of rs_text_hqx.c */
	bool which; /* the second fork */
	bool repeat; /* the next byte says how often `last` is there */
	uint8_t name[63];
	uint8_t head[63 + 22]; /* the header; a checksum */
};

struct rs_text {
	struct rs_unwrap u;
	struct rs_spot spot;
	uint8_t mode; /* enum rs_spotted: what is being read */
	uint8_t act; /* enum of rs_text_internal.h: what the mode made of the bytes */
	uint64_t ended; /* where the last mode did */
	bool proving; /* it may yet be none: its bytes are held */
	bool lost; /* some of them were not */
	bool member; /* between member_begin and member_end */
	uint8_t nback, norigin;
	uint16_t nhold, nagain, nline, name_len, type_len;
	uint8_t give_from, give; /* of `line`: to be read again */
	uint8_t back[RS_SPOT_BACK]; /* the last bytes that passed */
	uint8_t origin[RS_SPOT_BACK]; /* of when the mode began, or a run's gap */
	union {
		struct rs_text_run run;
		struct rs_text_lines lines;
		struct rs_text_hqx hqx;
	} m;
	char type[64]; /* a data: URL's media type */
	uint8_t name[RS_TEXT_NAME_MAX];
	uint8_t line[128]; /* under way; in a run: what its beginning is told by */
	uint8_t hold[RS_TEXT_HOLD];
	uint8_t again[RS_TEXT_HOLD]; /* to be read once more, before anything else */
};

/* As rs_spot_look, but says nothing of a run that p shows to be none, or to be one that is not wanted. */
size_t rs_text_look(struct rs_spot *s, const struct rs_unwrap_ops *ops, void *arg, const uint8_t *back, size_t nback, const uint8_t *p,
                    size_t n, size_t quiet, enum rs_spotted *what);

/* As after `spot` said `what`, at the end of the last bytes `back`; pos: how many have passed. What comes next is fed. */
void rs_text_start(struct rs_text *t, const struct rs_unwrap_ops *ops, void *arg, const uint8_t *back, size_t nback, uint64_t pos,
                   enum rs_spotted what);
bool rs_text_is_idle(const struct rs_text *t);

/* Whether a file that begins with these n >= RS_KIND_BYTES bytes is text in UTF-16: then rs_text_start is told RS_SPOT_WIDE, before the
 * first of them. */
bool rs_text_is_wide(const uint8_t *p, size_t n);

/* Whether what a file begins with is that of a file which is looked into, or of a program. */
bool rs_text_is_file(const uint8_t *p, size_t n);

extern const struct rs_unwrap_reader rs_text_reader;

#endif
