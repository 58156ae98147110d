/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the dialogue share; nobody else's business.
 *
 * rs_smtp.c splits each direction into lines and content; rs_smtp_client.c acts on commands, rs_smtp_server.c on
 * replies, rs_smtp_content.c on content, rs_smtp_transaction.c begins and ends transactions. */
#ifndef RS_SMTP_DIALOGUE_H
#define RS_SMTP_DIALOGUE_H

#include "reassembly/smtp/rs_smtp.h"

enum rs_smtp_mode { /* what the client's next byte is */
		    RS_MODE_COMMAND,
		    RS_MODE_DATA,
		    RS_MODE_CHUNK,
		    RS_MODE_TLS, /* nothing is read any more */
		    RS_MODE_CLOSED,
};

enum rs_smtp_answer {
	RS_ANSWER_OWED,
	RS_ANSWER_GO, /* 3xx */
	RS_ANSWER_MISSED, /* it may have come, unseen */
};

enum rs_smtp_stop { /* why the client is not read */
	RS_STOP_HALT = 1, /* the caller's */
	RS_STOP_WAIT = 2, /* for all replies that are owed */
	RS_STOP_FULL = 4, /* for any of them */
	RS_STOP_PREFACE = 8, /* for the server's first word */
};

/* The answers below hold no text when the reply that decided was not the one at hand. */

/* Content may have gone by unread: told once, while it is untold. */
void rs_smtp_unread(struct rs_smtp *s);
void rs_smtp_tell(struct rs_smtp *s, enum rs_smtp_anomaly a);
void rs_smtp_astray(struct rs_smtp *s); /* with hold */
/* Notes that the server owes an answer; counts it for tx, which may be NULL. False: it could not be noted. */
bool rs_smtp_owe(struct rs_smtp *s, struct rs_smtp_tx *tx, enum rs_smtp_verb verb, uint32_t i, bool last);
/* The same; what is answered ends `size` bytes behind the current position. */
bool rs_smtp_owe_chunk(struct rs_smtp *s, struct rs_smtp_tx *tx, enum rs_smtp_verb verb, bool last, uint64_t size);

/* Hold. */
void rs_smtp_wait_on(struct rs_smtp *s); /* the client is not read until nothing is owed */
bool rs_smtp_has_room(const struct rs_smtp *s); /* for what one more command line may make owed */
void rs_smtp_lift(struct rs_smtp *s); /* replies have come, or will not: which waits are over? */
/* Tells an end of tx's content, at the current position; in hold mode only. */
void rs_smtp_tell_end(struct rs_smtp *s, const struct rs_smtp_tx *tx, uint64_t safe, bool certain);

/* Transactions. None of them is valid after it was ended or settled. */
struct rs_smtp_tx *rs_smtp_tx_begin(struct rs_smtp *s);
struct rs_smtp_tx *rs_smtp_tx_begin_bare(struct rs_smtp *s); /* for content without MAIL */
struct rs_smtp_tx *rs_smtp_tx_begin_unseen(struct rs_smtp *s); /* whose MAIL went unseen; told as unread */
bool rs_smtp_tx_forming(const struct rs_smtp_tx *tx); /* commands may still be meant for it */
/* Which transaction a RCPT, DATA or BDAT is meant for; NULL: none is open. */
struct rs_smtp_tx *rs_smtp_tx_current(struct rs_smtp *s);
void rs_smtp_tx_revive(struct rs_smtp_tx *tx); /* the server takes commands for it after all */
void rs_smtp_tx_end(struct rs_smtp *s, struct rs_smtp_tx *tx, enum rs_smtp_outcome out, const struct rs_smtp_reply *r);
/* Ends as abandoned (as rejected when something of it was), at once or when nothing of it is owed a reply. */
void rs_smtp_tx_give_up(struct rs_smtp *s, struct rs_smtp_tx *tx, const struct rs_smtp_reply *r);
/* All that are forming have ended in what went unseen. */
void rs_smtp_tx_lose(struct rs_smtp *s);
/* Gives up all that are forming and older than n. */
void rs_smtp_tx_reset(struct rs_smtp *s, uint32_t n, const struct rs_smtp_reply *r);
/* Ends tx if it only waited for the reply that has just come. */
void rs_smtp_tx_settle(struct rs_smtp *s, struct rs_smtp_tx *tx, const struct rs_smtp_reply *r);

/* Content. */
void rs_smtp_content_open(struct rs_smtp *s); /* unless it is */
void rs_smtp_content_close(struct rs_smtp *s, struct rs_smtp_tx *tx, enum rs_smtp_end how);
/* DATA was sent, or taken to have been. */
void rs_smtp_content_expect(struct rs_smtp *s, struct rs_smtp_tx *tx, enum rs_smtp_answer answer, bool crlf);
/* The content that was being read ends here; its reply is owed. */
void rs_smtp_content_finish(struct rs_smtp *s, enum rs_smtp_end how);
/* It ends because the server answers here. */
void rs_smtp_content_answered(struct rs_smtp *s);
/* DATA was refused: the content ends as such, the client's bytes are commands again. Returns the lines that the server
 * has had, and takes for commands. */
uint32_t rs_smtp_content_refused(struct rs_smtp *s);
/* DATA was answered neither yes nor no (s->either). What the client says next is content; or no content comes: they are commands. */
void rs_smtp_content_comes(struct rs_smtp *s);
void rs_smtp_content_none(struct rs_smtp *s);
/* Hold: from here on lines of the content are looked at for commands. */
void rs_smtp_content_watch(struct rs_smtp *s);
/* s->chunk bytes come as a chunk. */
void rs_smtp_content_expect_chunk(struct rs_smtp *s);
/* The content's bytes at p; returns how many were, or were read before a halt. */
size_t rs_smtp_content_data(struct rs_smtp *s, const uint8_t *p, size_t n);
size_t rs_smtp_content_read(struct rs_smtp *s, const uint8_t *p, size_t n); /* the same, of bytes that are content */
size_t rs_smtp_content_chunk(struct rs_smtp *s, const uint8_t *p, size_t n);
/* Of n missing bytes, as many as were the content's: how many. */
uint64_t rs_smtp_content_missing(struct rs_smtp *s, uint64_t n);

/* Without hold: lines that are commands if the content ended in bytes that went unseen, and so did its answer, and content if it did
 * not. They are kept, from MAIL or RCPT on, until something tells: the server's next answer is to them; no command follows, and
 * they are content; DATA or BDAT follows, and no text goes so. (What is missing is known only when its sender has gone on: a lost
 * answer at the next one.)
 * Likewise what comes behind a DATA that was answered neither yes nor no, from its first line on while they are commands: then no
 * command but the server's answer tells. */
bool rs_smtp_kept_any(const struct rs_smtp *s);
/* In torn content: how many of the bytes at p are kept, or have been dealt with. 0: they are content. */
size_t rs_smtp_kept_content(struct rs_smtp *s, const uint8_t *p, size_t n);
size_t rs_smtp_kept_before(const uint8_t *p, size_t n); /* how far the content at p goes before a line that may be kept */
/* A line behind what went unseen, perhaps of a chunk. False: it is not kept. */
bool rs_smtp_kept_command(struct rs_smtp *s, const struct rs_smtp_text *line);
void rs_smtp_kept_act(struct rs_smtp *s, bool answered); /* they are commands; the next answer is to the last of them */
void rs_smtp_kept_release(struct rs_smtp *s); /* they are content */
void rs_smtp_kept_settle(struct rs_smtp *s); /* nothing more comes behind them that would tell */

/* Without hold: content that was taken to end at a candidate, read on as a server does that knows no end but CRLF "." CRLF, beside the
 * commands that the candidate made of it. Of one content at a time. The server's replies tell which of them it read: before the strict
 * end, or more than one after it, to commands; one alone before the client goes on, to content. */
bool rs_smtp_strict_begin(struct rs_smtp *s); /* of s->body, in the eod's state; false: it is not read on */
void rs_smtp_strict_feed(struct rs_smtp *s, const uint8_t *p, size_t n); /* at most one line's bytes, that were read as commands too */
bool rs_smtp_strict_is_of(const struct rs_smtp *s, const struct rs_smtp_tx *tx); /* its content is being read on */
void rs_smtp_strict_tx_ends(struct rs_smtp *s, const struct rs_smtp_tx *tx, bool answered);
void rs_smtp_strict_missing(struct rs_smtp *s); /* bytes of the client, or nothing more comes */
void rs_smtp_strict_reply(struct rs_smtp *s); /* a reply comes */
void rs_smtp_strict_client(struct rs_smtp *s); /* the client goes on */

/* What comes belongs to another message; if bytes are missing of the one whose chunks came, its last chunk is among them. */
void rs_smtp_end_torn(struct rs_smtp *s);
bool rs_smtp_may_go_on(enum rs_smtp_verb verb); /* whatever the answer is, the client's next bytes are commands */
void rs_smtp_client_line(struct rs_smtp *s, const struct rs_smtp_text *line);
/* Bytes that come as commands though they were held as content. */
void rs_smtp_client_replay(struct rs_smtp *s, const uint8_t *p, size_t n);

/* The client goes on. Where it is not known how many recipients' answers there are to its content, those that came were all. */
void rs_smtp_content_settle(struct rs_smtp *s);
void rs_smtp_server_line(struct rs_smtp *s, const struct rs_smtp_text *line);
/* Replies went unseen: what is owed is unknown from here on. */
void rs_smtp_server_missing(struct rs_smtp *s);

#endif
