/* SPDX-License-Identifier: Apache-2.0 */
/* ct_record: what a worker tells control: one message, one file, one anomaly.
 *
 * Owner:  the worker that took it from its pool, until it is put on the worker's record ring; then control,
 *         until control puts it on the return ring. Never both.
 * Memory: records and blocks come from the worker's pools, taken at start. Only the worker's
 *         thread gets and puts.
 * Units:  times in nanoseconds since 1970 (the packet's); sizes in bytes.
 *
 * Text of any length (names, paths, header values) is kept as notes: typed strings, appended in
 * chained blocks. Values are raw, as they stood in the mail: control makes UTF-8 of them. */
#ifndef CT_RECORD_H
#define CT_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "reassembly/rs_pool.h"

#define CT_BLOCK_SIZE 512

struct ct_block {
	struct ct_block *next;
	uint32_t used;
	uint8_t data[CT_BLOCK_SIZE - 16];
};

struct ct_notes {
	struct ct_block *first, *last;
	uint32_t blocks;
	uint32_t lost; /* notes that found no room, whole or in part */
	struct ct_block *open; /* where the last note's head is, for ct_note_more; NULL: nothing to make longer */
	uint32_t open_at;
};

enum ct_note_kind {
	CT_NOTE_HELO = 1,
	CT_NOTE_MAIL_FROM, /* the reverse path, without <> */
	CT_NOTE_RCPT_TO, /* index: which */
	CT_NOTE_RCPT_REPLY, /* index: which RCPT; text "code text" */
	CT_NOTE_REPLY, /* the final reply's text, without its code */
	CT_NOTE_HEADER, /* sub: enum rs_header; unfolded value */
	CT_NOTE_ATTACHMENT, /* sub: enum rs_name_form; text: charset NUL name (charset empty unless extended). Only named parts and attachments */
	CT_NOTE_ERROR, /* name of an anomaly, once each */
	/* A mark: struct ct_mark, then the notes that belong to it, up to the next CT_NOTE_MARK. */
	CT_NOTE_MARK,
	CT_NOTE_MARK_PART, /* the part's number, "1.2" */
	CT_NOTE_MARK_FILE, /* sub: name form; text as CT_NOTE_ATTACHMENT: the attachment's name */
	CT_NOTE_MARK_PATH, /* one step of the way in, outermost first; sub and text as CT_NOTE_ATTACHMENT */
	CT_NOTE_MARK_HIT, /* struct ct_hit, then the text as it stood there */
	/* Of a file record. */
	CT_NOTE_FILE_NAME, /* sub and text as CT_NOTE_ATTACHMENT; index 1: it has none, and this is what it is called */
	CT_NOTE_FILE_PATH, /* as CT_NOTE_MARK_PATH; the last one is the file itself. Present only inside archives */
	CT_NOTE_FILE_TYPE, /* the declared media type */
	CT_NOTE_FILE_HEAD, /* the file's first bytes, for libmagic */
	CT_NOTE_FILE_CONTENT, /* what follows its first bytes (CT_NOTE_FILE_HEAD), in pieces: it is to be kept */
	CT_NOTE_FILE_PART, /* the MIME part's number that it is, or is in */
	CT_NOTE_FILE_OTHER_NAME, /* as CT_NOTE_FILE_NAME: another name that its sender gave it */
	CT_NOTE_FILE_EXE, /* it is an executable: struct rs_exe_facts */
	CT_NOTE_FILE_SECTION, /* of an executable: a section's name */
	CT_NOTE_FILE_IMPORT, /* a library that it needs */
	/* Of a message: who handed its connection on says whom it came from (ct_via.h). */
	CT_NOTE_PROXY, /* a load balancer's header, from its first byte */
	CT_NOTE_XCLIENT, /* the argument */
	CT_NOTE_XFORWARD,
};

/* A charset: of a name in a zip that does not say so. UTF-8 where it is valid (or only cut), else code page 437 (APPNOTE.TXT D.1). */
#define CT_CHARSET_ZIP "utf-8 or cp437"

struct ct_mark { uint32_t rule; uint32_t line; uint64_t offset; }; /* rule: index in the ruleset; line 1..: 0 unknown */
struct ct_hit { uint64_t offset; uint32_t line; uint16_t criterion; uint8_t buffer; };

/* Zeroed, notes are empty.
 * Appends a note; false when no block was left or max_blocks is reached (counted in lost; what was there stays whole). */
bool ct_note_put(struct ct_notes *n, struct rs_pool *blocks, uint32_t max_blocks, enum ct_note_kind kind, uint8_t sub,
                 uint16_t index, const void *p, size_t len);
/* Makes the last note longer. On false it keeps the length it had, and cannot be made longer any more: a value may be cut
 * at its end (counted in lost, once), never in its middle. After a ct_note_put that answered false there is nothing to make
 * longer: the answer is false, and what follows is not added to an older note. */
bool ct_note_more(struct ct_notes *n, struct rs_pool *blocks, uint32_t max_blocks, const void *p, size_t len);
void ct_notes_free(struct ct_notes *n, struct rs_pool *blocks);

struct ct_note { enum ct_note_kind kind; uint8_t sub; uint16_t index; uint32_t len; };
struct ct_note_iter { const struct ct_block *block; uint32_t pos; uint32_t body; };
void ct_note_first(struct ct_note_iter *it, const struct ct_notes *n);
/* The next note's head; false at the end. Its bytes may then be copied once with ct_note_copy (up to note.len). */
bool ct_note_next(struct ct_note_iter *it, struct ct_note *note);
size_t ct_note_copy(struct ct_note_iter *it, void *to, size_t size);

enum ct_verdict { CT_CLEAN, CT_INFECTED, CT_SUSPICIOUS, CT_UNSCANNED, CT_VERDICT_MAX };

enum ct_reason { /* why something could not be looked into; the first one that applies is reported */
	CT_REASON_NONE, CT_REASON_TLS, CT_REASON_OVERLOAD, CT_REASON_TIMEOUT, CT_REASON_GAP, CT_REASON_MIDSTREAM, CT_REASON_LIMIT,
	CT_REASON_MALFORMED, CT_REASON_UNSUPPORTED, CT_REASON_ENCRYPTED_FILE, CT_REASON_MAX
};

enum ct_action { CT_ACT_NONE, CT_ACT_ALERT, CT_ACT_REJECT, CT_ACT_DROP, CT_ACT_RESET, CT_ACT_TEMPFAIL, CT_ACT_PASS, CT_ACT_MAX };
enum ct_delivered { CT_DELIVERED_UNKNOWN, CT_DELIVERED_YES, CT_DELIVERED_NO };
enum ct_direction { CT_DIR_UNKNOWN, CT_DIR_INBOUND, CT_DIR_OUTBOUND };

const char *ct_verdict_name(enum ct_verdict v);
const char *ct_reason_name(enum ct_reason r); /* "" for none */
const char *ct_action_name(enum ct_action a);

enum ct_kind { CT_MESSAGE, CT_FILE, CT_ANOMALY };

struct ct_tunnel { /* the outermost that the connection is in */
	uint8_t src[16], dst[16]; /* IPv4 as ::ffff:a.b.c.d; src is on the SMTP client's side */
	uint16_t sport, dport; /* of UDP; else 0 */
	uint8_t proto; /* IP's */
	uint8_t depth; /* tunnels in one another; 0: none */
};

struct ct_flow { /* of the connection; src is the SMTP client */
	uint8_t src[16], dst[16]; /* IPv4 as ::ffff:a.b.c.d */
	uint16_t sport, dport;
	uint8_t ip_version;
	uint8_t nvlan;
	uint16_t vlan[2];
	struct ct_tunnel tunnel;
	uint64_t id; /* the same for all records of the connection, and in every run over the same packets */
	uint64_t first_seq; /* number of its first packet */
};

struct ct_message {
	uint8_t verdict; /* enum ct_verdict */
	uint8_t reason; /* enum ct_reason */
	uint8_t action, would; /* enum ct_action: what was done; where rules or policy ask for more, that */
	uint8_t delivered; /* enum ct_delivered */
	uint8_t direction; /* enum ct_direction */
	bool complete; /* its end was seen */
	bool tls; /* stands for a TLS session */
	uint16_t reply_code; /* the final one, or the one that we gave in the server's place; 0: none */
	uint32_t rcpts; /* RCPT commands */
	uint32_t attachments_seen, attachments_opened, attachments_matched;
	uint64_t bytes; /* content as it travelled */
	uint64_t incident; /* infected, suspicious, or whatever else was not let through; else 0 */
};

enum ct_store_wish { /* whether a file is to be kept */
	CT_STORE_NOT,
	CT_STORE_WHOLE, /* its record holds all of it */
	CT_STORE_TOO_LONG, /* than files.store_size */
	CT_STORE_NO_ROOM, /* for its bytes in the worker's records */
	CT_STORE_BROKEN, /* bytes of it are missing */
};
enum ct_file_state { CT_FILE_CLOSED, CT_FILE_TRUNCATED };

/* Where something stood in a message, as it travelled. */
struct ct_extent {
	uint64_t offset, length; /* from the content's first byte, missing bytes counted */
	uint64_t lost; /* of them, those that are missing */
};

struct ct_file {
	uint64_t size; /* decoded bytes; with gaps: about */
	struct ct_extent encoded; /* with gaps, of a part; else all 0 */
	uint8_t sha256[32];
	bool has_sha256, gaps, encrypted;
	uint8_t state; /* enum ct_file_state */
	uint8_t store; /* enum ct_store_wish */
	uint32_t number; /* of the file in its message, from 0 */
};

struct ct_anomaly {
	const char *event; /* "smtp.end_bare_lf"; a constant */
	const char *layer; /* "proto_parser", Suricata's word for application protocols' faults; a constant; else NULL */
	const char *type; /* "applayer", "stream", "decode" */
	/* Of bytes that contradict bytes seen in their place; offsets in the stream of that direction, from its first byte. */
	bool contradicts, to_server;
	uint64_t at; /* the first byte that differs */
	uint64_t offset, seen_offset; /* of the segment that contradicts, of what was seen before */
	uint32_t length, seen_length;
};

struct ct_record {
	enum ct_kind kind;
	uint32_t n; /* of the records of its connection, from 0 */
	uint64_t seq; /* number of the packet at which it left the worker: records are written in the order (seq, flow.first_seq, n) */
	uint64_t time; /* of that packet */
	uint64_t pcap_cnt; /* its number in its capture file, from 1 */
	uint16_t input; /* which capture or port it came from */
	uint32_t tx_id; /* of the message in its connection, from 0 */
	struct ct_flow flow;
	struct ct_notes notes;
	union {
		struct ct_message message;
		struct ct_file file;
		struct ct_anomaly anomaly;
	} u;
};

#endif
