/* SPDX-License-Identifier: Apache-2.0 */
/* rs_smtp: the dialogue of one SMTP or LMTP connection, both directions (RFC 5321, 2033, 2920,
 * 3030, 3207, 4954).
 *
 * Owner:  one thread. Memory: this struct, and blocks of RS_SMTP_BLOCK bytes from the pool given
 * at init, held only while a line is incomplete or replies are owed (or LMTP recipients were refused, or lines behind
 * missing bytes are in doubt, or content is read in two ways): at most 4 + 17 + 42 + one for each LMTP transaction with refused recipients. Units: bytes.
 * Input:  each direction's in-order bytes, in any split; what one direction says is judged by what
 * the other has said so far. Either direction may be missing altogether (one-way captures).
 * Data handed to the callbacks is borrowed until they return.
 *
 * A transaction begins at MAIL, or at a DATA or BDAT that the server accepts without one, and
 * ends when its outcome is known. Each gets exactly one tx_begin and one tx_end. Several may
 * be open: with pipelining the next begins while the last one's reply is owed.
 *
 *  - MAIL inside a transaction: its own transaction; if the server refuses it, it ends as refused
 *    and the outer one goes on; if the server accepts it, the outer one ends as abandoned. Commands sent
 *    while it is unanswered go to the outer one, since servers refuse it; once they did, the outer one
 *    goes on whatever the answer, so that no recipient goes missing.
 *  - A DATA refused before any content came leaves the transaction open, as servers do: more recipients and another DATA
 *    may follow. It ends as REJECTED when something else ends it; r then has that DATA's code, and no text.
 *  - A transaction that is decided while more of it is owed replies ends with the last of them.
 *  - After DATA the client's bytes are content from the next byte on, whether or not the server
 *    has answered; if the answer turns out to be other than 3xx, the content ends as REFUSED and
 *    the client's bytes are commands again.
 *  - Content ends at CRLF "." CRLF. The bare-LF and bare-CR forms, and those with NULs beside the dot (SMTP smuggling), are
 *    candidates: flagged as anomaly, and taken as the end when the server answers there or when what
 *    follows reads as a command, or MAIL further on; otherwise the content goes on. Where it was a command that told, both readings
 *    are handed out: the content goes on as `strict`, and what follows is read as commands, too. Which one the server had its replies
 *    tell: if it was the strict one, what those commands began ends as UNKNOWN.
 *  - A DATA answered with 2xx, or with a code that SMTP does not know, may be taken or not: content goes on as such; before any came,
 *    what the client says next tells. Lines that are commands, and answered, are; anything else is content. Where the server then
 *    answers before its end, or it begins with commands, it counts as unread, too. (Hold waits for another answer.)
 *  - Text sent behind a DATA that was refused: where the server says yes to a line of it, it counts as unread.
 *  - A final reply while content is open and its DATA was answered 3xx ends the content (BY_REPLY).
 *  - A reply is one whatever its three digits say: clients take it for the answer that they wait for. To DATA 0xx and 1xx are none yet.
 *  - 354 without a DATA opens content too: the server took something for one.
 *  - Each anomaly is told once a transaction, and once between two.
 *  - A BDAT that nobody can count, taken by the server, leaves its message unread. With LAST it is that one's end.
 *  - XEXCH50 (support.microsoft.com/kb/812455), answered 354, is followed by as many bytes as its first argument says. (Hold takes
 *    it for an unknown command.)
 *  - The arguments of AUTH and the lines of its exchange are never handed out or kept.
 *  - After a 2xx to TURN or ATRN roles change, and the new server is awaited to greet. There are servers that say yes to whatever they do
 *    not know: where the first line of the new server is no reply, or that of the new client is one, roles change back. What was said
 *    until then is unread.
 *  - After a 220 to STARTTLS bytes that look like TLS end the readable part (tls callback, once);
 *    bytes that read as SMTP go on being read (a decrypted capture), with an anomaly.
 *
 * Loss (rs_smtp_gap, without hold). What is missing is said, and what is left is found again by what both sides say:
 *
 *  - Replies come before the caller knows of a hole in what they answer: 354 opens content whatever was seen before, 334 is
 *    answered with credentials, 250 2.1.0 stands for a MAIL (RFC 3463 3.2): a transaction begins with each of these.
 *    Content of which the end is missing ends with the server's answer.
 *  - A MAIL of which the rest is missing begins a transaction, and so does a RCPT, DATA or BDAT behind missing bytes, of which the
 *    MAIL went unseen; a MAIL ends the one that was open, for its end may have gone unseen.
 *  - Where the server takes chunks, whatever follows missing bytes may be of a chunk. Commands are read again at a line
 *    that comes behind a reply, or behind a "." line.
 *  - Where the end of content is missing together with its answer, MAIL and what follows it stand in content. They are commands
 *    if the server's next answer, or the rest of one, comes right behind them, or DATA or BDAT does.
 *  - Without any of those signs: three replies that say yes to nothing stand for a message that went by whole.
 *  - After replies went unseen, those that come may belong to commands seen before as well: as many of them as were owed
 *    are given to nobody.
 *
 * Hold (rs_smtp_hold), for a sensor that stands between the two and forwards the client's bytes only as far as they are read:
 *
 *  - Waits: bytes whose meaning depends on the server's answer are not taken before it. Reading stops right behind the line
 *    of DATA, TURN, ATRN, EHLO, HELO, LHLO, STARTTLS, AUTH (and each line of its exchange), XCLIENT, of a doubtful BDAT, of BDAT whose argument
 *    is invalid or exceeds RS_SMTP_CHUNK_MAX (servers count such sizes differently), of every unknown command, and of one that was
 *    too long to keep, until the server has answered all that it owes. An honest client waits at most of these too (RFC 2920 3.1).
 *    So content never comes before the answer to its DATA.
 *    Behind MAIL, RCPT, RSET, NOOP, VRFY, EXPN, HELP, QUIT, ETRN, XFORWARD, BDAT and the end of content reading goes on.
 *    Nothing waits while no reply is known to be owed. Where a server never answers, the wait is the caller's to bound.
 *  - TLS begins after a 220 to STARTTLS, or with a TLS record of the server's. Bytes of the client alone that look like one are a line.
 *  - A load balancer's header before the client's first byte is passed over; behind it nothing is read until the server has spoken.
 *  - It also waits while there is no room to note another reply as owed, and one is: none is ever lost from the queue.
 *  - A command line may end in bare CRs: for a server that takes one as the line's end, what follows may be content. When the
 *    first other byte comes, the line is acted on, and whatever its command, reading stops behind the CRs until it is
 *    answered. A server to which only LF ends a line never answers: the connection stands still, and no honest client's does.
 *    An answer that nothing else is owed ends such a line, too; then an LF that follows is part of its end.
 *  - A BDAT is doubtful to a server that has not advertised CHUNKING, when it is spelled otherwise than RFC 3030 has it, without a
 *    recipient, and behind another command between two chunks: there are servers that refuse such a line and do not take its
 *    chunk. Refused (4xx or 5xx), the bytes behind are commands, and its transaction goes on. Otherwise they are a chunk; after 3xx its reply is still owed, after others none is (then the message ends as UNKNOWN at its end).
 *  - The end of content is never guessed. Candidates are told by the end callback and stay content, so that what a strict
 *    server stores is what is handed out. A final reply ends the content as above: BARE right behind a candidate.
 *  - A line behind a candidate (or in content that a 354 to an unknown command opened, whose real end nobody knows) that begins or
 *    sends a message, as rs_smtp_smuggle.h says, is told as RS_SMTP_SMUGGLED. If it is BDAT, its line is an end of its own:
 *    a server that reads it as a command needs no other to deliver what follows.
 *  - rs_smtp_gap on the client's side is for bytes that went past unseen; the caller does not call it while halted. */
#ifndef RS_SMTP_H
#define RS_SMTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "reassembly/rs_pool.h"

#define RS_SMTP_BLOCK 1024
#define RS_SMTP_CHUNK_MAX INT32_MAX /* hold: of BDAT */
#define RS_SMTP_PROPERTIES_MAX (UINT32_C(1) << 30) /* of XEXCH50: Exchange takes no more */
#define RS_SMTP_LINE_MAX 1000 /* of a command or reply line, kept; the rest of a longer one is skipped */

enum rs_smtp_dir { RS_SMTP_CLIENT, RS_SMTP_SERVER };

enum rs_smtp_verb {
	RS_VERB_UNKNOWN,
	RS_VERB_HELO, RS_VERB_EHLO, RS_VERB_LHLO, RS_VERB_MAIL, RS_VERB_RCPT, RS_VERB_DATA, RS_VERB_BDAT,
	RS_VERB_RSET, RS_VERB_NOOP, RS_VERB_QUIT, RS_VERB_VRFY, RS_VERB_EXPN, RS_VERB_HELP,
	RS_VERB_AUTH, RS_VERB_STARTTLS, RS_VERB_ETRN, RS_VERB_XCLIENT, RS_VERB_XFORWARD, RS_VERB_XEXCH50,
	RS_VERB_TURN, /* ATRN too */
	RS_VERB_BANNER, /* what the server's greeting answers */
	RS_VERB_CONTENT, /* the end of the content: the reply that accepts or rejects the message */
	RS_VERB_MAX
};

enum rs_smtp_via { /* who handed the connection on says whom it came from */
	RS_VIA_PROXY, /* a load balancer's header, from its first byte; cut off behind RS_SMTP_BLOCK */
	RS_VIA_XCLIENT, /* the argument */
	RS_VIA_XFORWARD,
	RS_VIA_MAX
};

enum rs_smtp_end { /* how the content of a transaction ended */
	RS_END_DOT, /* CRLF . CRLF */
	RS_END_BARE, /* a bare-LF or bare-CR form that was taken as the end */
	RS_END_LAST, /* the last octet of BDAT LAST */
	RS_END_BY_REPLY, /* the server answered before any end was seen */
	RS_END_REFUSED, /* DATA was not answered with 3xx, BDAT not with 2xx */
	RS_END_ABORTED, /* RSET or a new greeting between BDAT chunks, or the connection ended */
};

enum rs_smtp_outcome { /* of the transaction */
	RS_OUT_ACCEPTED, /* 2xx to the content */
	RS_OUT_REJECTED, /* 4xx or 5xx to the content, to DATA/BDAT, or to MAIL */
	RS_OUT_ABANDONED, /* RSET, EHLO, QUIT, another MAIL: given up without content, or before its end */
	RS_OUT_UNKNOWN, /* the connection or the capture ended, or replies were not seen */
};

enum rs_smtp_anomaly {
	RS_SMTP_END_BARE_LF, /* a "." line whose line ends are not both CRLF, LF involved */
	RS_SMTP_END_BARE_CR,
	RS_SMTP_COMMAND_TOO_LONG,
	RS_SMTP_REPLY_TOO_LONG,
	RS_SMTP_REPLY_INVALID, /* a line from the server that is no reply, or one with a code that SMTP does not know */
	RS_SMTP_REPLY_UNEXPECTED, /* a reply that no command is owed */
	RS_SMTP_PIPELINE_LIMIT, /* more replies owed than are kept track of */
	RS_SMTP_BDAT_INVALID, /* chunk size missing, no number, or greater than servers count */
	RS_SMTP_CLEAR_AFTER_STARTTLS,
	RS_SMTP_NO_MAIL, /* content without MAIL */
	RS_SMTP_BLOCK_LIMIT, /* no block left: a line could not be kept */
	RS_SMTP_END_NUL, /* a "." line with NULs beside the dot */
	RS_SMTP_SMUGGLED, /* a command that begins or sends a message, behind a candidate */
	RS_SMTP_TURN, /* client and server change places: TURN, ATRN */
	RS_SMTP_ANOMALY_MAX
};

struct rs_smtp_reply {
	uint16_t code; /* 0 to 999 */
	const uint8_t *text; /* what follows the code in the last line of the reply, enhanced code included; empty in
			      * tx_end when that reply is long past */
	size_t text_len;
};

/* Positions of the client: as rs_smtp_position counts. */
struct rs_smtp_end_at {
	uint64_t safe; /* a server that holds only the bytes below it has seen no such end */
	uint64_t at; /* just behind the end's last byte */
	bool certain; /* every server takes it */
};

struct rs_smtp_ops {
	/* A new transaction, the n-th of the connection from 0. The handle is the caller's and may be
	 * NULL (no room: the dialogue goes on, every callback of that transaction gets NULL). */
	void *(*tx_begin)(void *arg, uint32_t n);
	/* A greeting's argument: the client's name. */
	void (*helo)(void *arg, const uint8_t *name, size_t len);
	/* n 0: the server refused it. It holds from the next transaction on; XFORWARD's, of several commands, for that one only. */
	void (*via)(void *arg, enum rs_smtp_via what, const uint8_t *p, size_t n);
	/* The reverse path of MAIL without angle brackets ("" for <>), and the ESMTP parameters behind it. */
	void (*mail_from)(void *arg, void *tx, const uint8_t *path, size_t len, const uint8_t *params, size_t params_len);
	/* The i-th RCPT of the transaction, from 0. */
	void (*rcpt_to)(void *arg, void *tx, uint32_t i, const uint8_t *path, size_t len);
	/* The server's answer to a command of the transaction: MAIL, RCPT (then i says which), DATA,
	 * BDAT, CONTENT. LMTP answers CONTENT once for each accepted RCPT (then i says which). */
	void (*reply)(void *arg, void *tx, enum rs_smtp_verb verb, uint32_t i, const struct rs_smtp_reply *r);
	/* At most once a transaction; when DATA is accepted, or its first byte comes, or with the first BDAT. */
	void (*content_begin)(void *arg, void *tx);
	/* Offered first, for content after DATA in the middle of a line or at the start of one that does not start with a
	 * dot, and for BDAT chunks: the callee eats a prefix of p that is sure to hold no '.' and returns its length
	 * (0: it eats nothing now). Not offered while an end candidate is undecided. */
	size_t (*bulk)(void *arg, void *tx, const uint8_t *p, size_t n);
	/* Everything else of the content, with its line ends, transparency dots removed (RFC 5321 4.5.2).
	 * The CRLF before the final dot is part of the content. */
	void (*content)(void *arg, void *tx, const uint8_t *p, size_t n);
	/* n content bytes are missing here (rs_smtp_gap). */
	void (*content_gap)(void *arg, void *tx, uint64_t n);
	void (*content_end)(void *arg, void *tx, enum rs_smtp_end how);
	/* Without hold (may be NULL). Content of which a candidate is taken as the end goes on to servers that take no such end: then what
	 * was read so far goes on here, too, up to CRLF "." CRLF. Begins right before content_end; false: this is not wanted. */
	bool (*strict_begin)(void *arg, void *tx);
	void (*strict)(void *arg, void *tx, const uint8_t *p, size_t n); /* as content */
	/* Once, if it was begun, before tx_end. RS_END_DOT; RS_END_BY_REPLY: the server answered before, it took the candidate;
	 * RS_END_ABORTED: the rest is missing, or did not come. */
	void (*strict_end)(void *arg, void *tx, enum rs_smtp_end how);
	/* Hold only (may be NULL without). The bytes below e->at complete what some server takes as the end of this message;
	 * all of its content up to there was handed out, and nothing behind is read before this returns: rs_smtp_halt stops
	 * exactly at e->at.
	 *  - CRLF "." CRLF, and the last octet of BDAT LAST (with size 0: its command line): certain, right after
	 *    content_end. To a server without CHUNKING the line of BDAT 0 LAST is a candidate first.
	 *  - Candidates, while the content stays open: a "." line with a bare LF or a bare CR at either side, or with NULs
	 *    beside the dot; its anomaly follows. The "." line itself is not handed out yet (but one that begins with a dot
	 *    and a NUL is, with its line end). Also the line of an invalid BDAT while a message is open, and that of a
	 *    smuggled BDAT.
	 *  - "." CR where no more bytes came with it: a candidate; when LF follows, the certain end (or another candidate)
	 *    is told then. When LF came with it, only that one.
	 * Behind a dot e->safe is just behind the dot; for chunks the last octet, for command lines the line's first byte. */
	void (*end)(void *arg, void *tx, const struct rs_smtp_end_at *e);
	/* Hold only (may be NULL without). From here on the server may read other commands than are read here, or match its replies to
	 * others: what follows cannot be judged. Told each time, from within feed of either side; reading goes on unless it is halted.
	 *  - A message ended, and before its end there was a candidate with more lines behind it: whether the reply is to the candidate, and
	 *    those lines were commands, nobody knows.
	 *  - A reply that no command is owed; or 354 to a command that is not DATA.
	 *  - A command line of more than RS_SMTP_LINE_MAX bytes, AUTH and what belongs to it excepted: some servers make two of it.
	 *  - A reply with a code that SMTP does not know, to a command on whose answer hangs what the client's next bytes are. */
	void (*astray)(void *arg);
	/* TURN (RFC 821 3.8) or ATRN (RFC 2645). Without hold: client and server change places here. Hold: the client asks for it in
	 * the line that began at `began`; if the server agrees, nothing behind it can be read. */
	void (*turn)(void *arg, uint64_t began);
	/* The handle is not used after this. r is the reply that decided, NULL where none did. */
	void (*tx_end)(void *arg, void *tx, enum rs_smtp_outcome out, const struct rs_smtp_reply *r);
	/* The session turned to TLS, after STARTTLS or from its first byte. Once. */
	void (*tls)(void *arg);
	/* tx: the current transaction's handle, or NULL when none is open. */
	void (*anomaly)(void *arg, void *tx, enum rs_smtp_anomaly a);
	/* Content may have gone by unread: client bytes were missing among the commands, or bytes whose beginning was not seen
	 * (midstream, or after a gap) were skipped because they are no commands. tx: the transaction that was open, or NULL: a message
	 * that nobody was told of. Once until commands are read again, and for each transaction that was open. */
	void (*unread)(void *arg, void *tx);
};

struct rs_smtp; /* defined below; fields are the module's own */
struct rs_smtp_preface;

/* midstream: the connection's beginning was not seen: no banner is awaited, replies may be owed for
 * commands that were not seen, and content that was under way is skipped until a command line. */
void rs_smtp_init(struct rs_smtp *s, const struct rs_smtp_ops *ops, void *arg, struct rs_pool *blocks, bool midstream);

/* Right after init, before any byte: switches hold on or off (it is off after init). */
void rs_smtp_hold(struct rs_smtp *s, bool on);

/* Before any byte of the client: its first ones, up to here, were a load balancer's header and the caller's; f says how far. Of that
 * header nothing is told. */
void rs_smtp_prefaced(struct rs_smtp *s, const struct rs_smtp_preface *f);

/* Returns how many bytes it took: of the server's fewer than n only where roles change (rs_smtp_turned), of the client's there, too, and
 * when reading was halted behind them; 0 while it is. The bytes that were not taken are fed again when rs_smtp_halted says no: after
 * rs_smtp_resume, or after bytes of the server. */
size_t rs_smtp_feed(struct rs_smtp *s, enum rs_smtp_dir dir, const uint8_t *p, size_t n);

/* Whether the server agreed to change places with the client, or its next words say that it did not. Then, without hold, no byte is taken before rs_smtp_turn, which begins a
 * dialogue of its own: from there on the caller names directions the other way round. Transactions are counted on. */
bool rs_smtp_turned(const struct rs_smtp *s);
void rs_smtp_turn(struct rs_smtp *s);

/* Stops reading the client where it is, also from within a callback: no more of its bytes are taken until resume. */
void rs_smtp_halt(struct rs_smtp *s);
void rs_smtp_resume(struct rs_smtp *s);
bool rs_smtp_halted(const struct rs_smtp *s); /* rs_smtp_halt's, or a wait */

/* The client's bytes taken since init, missing ones counted. Inside callbacks: up to the end of what is told; in bulk the place of
 * its first byte. */
uint64_t rs_smtp_position(const struct rs_smtp *s);

/* The oldest reply that the server owes. A caller that answers in its place feeds a reply as the server's and asks again. */
struct rs_smtp_owed_view {
	/* CONTENT: the end of content after DATA, or BDAT LAST where `last` is set; BDAT: a chunk that is not the last, or
	 * where `last` is set LAST to a server without CHUNKING. */
	enum rs_smtp_verb verb;
	void *tx; /* the transaction's handle, NULL: none, or it ended */
	uint32_t i; /* RCPT: which; CONTENT: of LMTP, the recipient whose answer is next; it stays the oldest until all accepted
		     * recipients are answered. UNKNOWN: how many more replies follow to what looks like one command */
	bool last;
	/* Just behind the command's line, the content, or the chunk's last octet (LAST or not): a server that holds all bytes
	 * below it can answer. AUTH: behind its line, through all of its exchange. */
	uint64_t at;
};
bool rs_smtp_owed_first(const struct rs_smtp *s, struct rs_smtp_owed_view *v); /* false: nothing is owed */

/* In reply: this answers a chunk of which bytes are still to come. Where the server reads on is not known then: RFC 3030 2 has it
 * take them, but there are servers that do not when they refuse it. */
bool rs_smtp_chunk_answered(struct rs_smtp *s);

/* What the server's last EHLO or LHLO reply advertised; forgotten at the next EHLO, HELO or LHLO, and with STARTTLS. */
bool rs_smtp_chunking(const struct rs_smtp *s);
bool rs_smtp_pipelining(const struct rs_smtp *s);

/* n bytes of this direction are missing before the next ones fed. */
void rs_smtp_gap(struct rs_smtp *s, enum rs_smtp_dir dir, uint64_t n);

/* Without hold. What is fed of the server next was said when it had so many of the client's bytes that were not fed yet. They may
 * yet come, or be missing: then they are its commands, and what was asked for with 354 begins behind them. */
void rs_smtp_ahead(struct rs_smtp *s, uint64_t n);

/* The connection ended: ends what is open, gives all blocks back. The struct may be reused after
 * another init. Safe to call twice. */
void rs_smtp_close(struct rs_smtp *s);

/* True while the client's next byte would be message content. */
bool rs_smtp_in_content(const struct rs_smtp *s);

/* Whether the first bytes of a connection are SMTP's: 1 yes, 0 no, -1 too few to tell. */
int rs_smtp_probe(enum rs_smtp_dir dir, const uint8_t *p, size_t n);

const char *rs_smtp_verb_name(enum rs_smtp_verb v); /* "MAIL", "RCPT", ... */
const char *rs_smtp_anomaly_name(enum rs_smtp_anomaly a); /* "smtp.end_bare_lf", ...: EVE anomaly.event */

#include "reassembly/smtp/rs_smtp_command.h"
#include "reassembly/smtp/rs_smtp_eod.h"
#include "reassembly/smtp/rs_smtp_line.h"
#include "reassembly/smtp/rs_smtp_preface.h"
#include "reassembly/smtp/rs_smtp_reply.h"
#include "reassembly/smtp/rs_smtp_smuggle.h"
#include "reassembly/smtp/rs_smtp_tx.h"
#include "reassembly/smtp/rs_smtp_wait.h"

struct rs_smtp { /* the order leaves no holes: a million of them are kept */
	const struct rs_smtp_ops *ops;
	void *arg;
	struct rs_pool *blocks;
	struct rs_smtp_line line[2]; /* by enum rs_smtp_dir */
	struct rs_smtp_wait wait;
	struct rs_smtp_txs txs;
	struct rs_smtp_tx *body; /* whose content is under way, or between two chunks; NULL: none, or nobody's */
	union {
		uint64_t chunk; /* RS_MODE_CHUNK: bytes of it to come */
		struct rs_smtp_eod eod; /* RS_MODE_DATA */
	};
	uint64_t position; /* of the client */
	union {
		uint64_t began; /* hold: where its command line under way began; of watched content, the line */
		struct {
			uint32_t ahead; /* without: rs_smtp_ahead */
			uint32_t asked_ahead; /* of the client's next bytes, those that stand before the content under way */
		};
	};
	union {
		struct { /* hold */
			uint64_t dotted; /* just behind the dot of the newest "." line */
			struct rs_smtp_smuggle smuggle;
		};
		struct { /* without */
			void *kept; /* a block of lines of which it is not known yet whether they are commands, or NULL */
			void *strict; /* a block, while content of which a candidate was taken as the end is read on; or NULL */
			uint32_t behind; /* lines of the content behind its newest candidate */
		};
	};
	uint32_t next_tx;
	uint32_t barrier; /* transactions below are given up by a RSET or the like that is not answered */
	uint32_t torn_below; /* transactions that may have ended unseen: a command goes to a newer one, where there is one */
	uint32_t early_lines; /* of content, while its DATA was unanswered */
	uint16_t told; /* anomalies, once a transaction each */
	uint16_t span; /* of content that is fed before bulk is offered more */
	uint16_t multi; /* code of the reply whose lines are coming, or 0 */
	uint16_t unmatched; /* replies that may yet come to commands that were seen, and are owed no more: others went unseen */
	struct rs_smtp_preface preface;
	uint8_t stop; /* enum rs_smtp_stop */
	uint8_t mode : 4; /* enum rs_smtp_mode */
	uint8_t answer : 4; /* enum rs_smtp_answer: to the DATA of the content under way */
	uint8_t unowed; /* replies that say yes to what went unseen */
	uint8_t credentials; /* lines that were taken as such before they were asked for */
	uint8_t tls[2]; /* at a line's start: what may be the beginning of a TLS record */
	bool chunk_last : 1;
	bool fed : 1; /* content bytes came since DATA */
	bool seen_client : 1;
	bool seen_server : 1;
	bool lost_client : 1; /* lines are skipped until one reads as a command */
	bool lost_server : 1; /* lines that are no reply are no surprise */
	bool doubtful : 1; /* since a DATA was refused, perhaps by an answer to something else: no command yet */
	bool unsure : 1; /* commands may have gone unseen: replies without one are no surprise */
	bool untold : 1; /* what is skipped while lost_client may be a message that nobody was told of */
	bool unseen_rcpt : 1; /* the server has taken a RCPT that went unseen */
	bool fresh : 1; /* a reply came after the client's last bytes: what it says next begins a line */
	bool fresh_line : 1; /* its line under way began so */
	bool missed : 1; /* commands may have gone unseen since the last transaction: a MAIL among them */
	bool torn : 1; /* the line under way may have begun in what was not seen */
	bool reread : 1; /* bytes of the content under way are missing: its end may be */
	bool guessed : 1; /* the content's end under way is a guess */
	bool skip_line : 1; /* the line under way began as content: no command */
	bool lmtp : 1;
	bool asked_lmtp : 1; /* by the last greeting, answered or not */
	bool greeting : 1; /* a greeting is unanswered */
	bool auth : 1; /* AUTH was the last command: lines that are none are credentials */
	bool ask_credentials : 1; /* 334: the next line is */
	bool starttls : 1; /* 220 to STARTTLS: what comes next should be TLS */
	bool chunk_refused : 1; /* a chunk was; those that follow are skipped with it */
	bool hold : 1;
	bool late_lf : 1; /* the last line was ended by its answer: an LF that follows belongs to it */
	bool chunking : 1; /* advertised */
	bool pipelining : 1;
	bool ftp : 1;
	bool between : 1; /* hold: a command that does not belong there came between two chunks */
	bool chunk_wraps : 1; /* its number did not fit */
	bool chunk_asked : 1; /* the chunk behind the BDAT line waits for its answer */
	bool armed : 1; /* lines of the content under way are looked at by smuggle */
	bool doubted : 1; /* hold: a candidate of the content under way has lines behind it */
	bool chunk_empty : 1;
	bool cr_lines : 1; /* without hold: a candidate was taken after which lines end at CR, too */
	bool turned : 1; /* the server has agreed to change places, or has not done so */
	bool back : 1; /* it has not */
	uint8_t unproved : 2; /* roles have changed: bits of the directions of which the first byte is still to tell whether they have */
	bool either : 1; /* DATA was answered neither yes nor no, and nothing that tells came since */
	bool vague : 1; /* that is how the DATA of the content under way was answered */
	bool text_refused : 1; /* DATA was, and no command came since */
	bool prefaced : 1; /* a load balancer's header was read by the caller, or its beginning */
	bool told_early : 1; /* of "." CR: before it was known that no LF follows */
};

/* In content_end with RS_END_BARE: the server had not answered there; what follows reads as commands, to this reader and to a server that
 * takes bare line ends. To one that does not, it is content, and is not read as such. */
static inline bool rs_smtp_end_is_guess(const struct rs_smtp *s)
{
	return s->guessed;
}

/* Before any message the server said what FTP's say and mail's never do: its greeting, 220, is that of both. */
static inline bool rs_smtp_is_ftp(const struct rs_smtp *s)
{
	return s->ftp;
}

/* How many transactions have begun so far. */
static inline uint32_t rs_smtp_transactions(const struct rs_smtp *s)
{
	return s->next_tx;
}

#endif
