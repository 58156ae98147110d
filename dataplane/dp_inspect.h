/* SPDX-License-Identifier: Apache-2.0 */
/* dp_inspect: what one worker needs to look into mail: pools, matcher, buffers, and the way to control.
 *
 * The layers, each fed by the one above, all run to completion on one packet's bytes:
 *   dp_session  one SMTP connection: its dialogue and its messages
 *   dp_message  one message: its record, its verdict
 *   dp_content  the message's bytes while they come: MIME structure, transfer decoding
 *   dp_file     decoded content of one part, or of one member of an archive: hash, type, matching
 *   dp_archive  a file that is an archive: its members
 *
 * Owner:  one worker. Memory: all of it taken in dp_inspect_init; none after. */
#ifndef DP_INSPECT_H
#define DP_INSPECT_H

#include <openssl/evp.h>

#include "control/ct_account.h"
#include "control/ct_config.h"
#include "control/ct_record.h"
#include "matchers/mt_scan.h"
#include "reassembly/archive/rs_zip.h"
#include "reassembly/facts/rs_exe.h"
#include "reassembly/mime/rs_mime.h"
#include "reassembly/smtp/rs_smtp.h"

struct dp_now { /* the packet being worked on */
	uint64_t seq, time, pcap_cnt;
	uint16_t input;
};

struct dp_inspect_stats { /* counters outside the sums */
	uint64_t smtp_anomaly[RS_SMTP_ANOMALY_MAX];
	uint64_t mime_anomaly[RS_MIME_ANOMALY_MAX];
	uint64_t zip_anomaly[RS_ZIP_FAULTS];
	uint64_t sessions, sessions_refused; /* refused: no room */
	uint64_t files, file_bytes, content_bytes, matched_bytes;
	uint64_t matched_pieces; /* that files were given to the matcher in: each costs, however short it is */
	uint64_t no_file, no_zip, no_inflate, no_stream, no_content, no_record, no_executable; /* pools found empty */
	uint64_t scan_failed; /* buffers that Hyperscan gave up */
	uint64_t archive_limit, member_limit, inflate_limit, inflate_file_limit, inflate_ratio_limit, work_limit;
	uint64_t view_limit, mail_limit;
	uint64_t store_too_long, store_no_room; /* files that were to be kept and are not */
	uint64_t note_limit; /* notes that found no room in their record */
};

/* How a finished record leaves: false when the way to control is full (live ports); the record stays the caller's. */
typedef bool (*dp_record_send)(void *arg, struct ct_record *r);
/* Takes back records that control is done with; true when at least one came. wait: until one comes (captures). */
typedef bool (*dp_record_reclaim)(void *arg, bool wait);

/* Whether the connection at hand may begin a session or a message: where room is short, not every one may. */
typedef bool (*dp_room)(void *arg);

/* Says whose a session is: src is the client. */
typedef void (*dp_identify)(const void *connection, struct ct_flow *to);
/* The number of the next record of that connection, which is about to leave. */
typedef uint32_t (*dp_number)(void *connection);

struct dp_inspect {
	const struct ct_config *config;
	const struct mt_ruleset *rules;
	struct mt_worker *matcher;
	uint64_t encoded_depth; /* bytes of MT_MAIL_ENCODED any rule needs */
	uint16_t line_keep; /* of dp_line, for base64 and text outside archives */
	struct rs_pool sessions, tunnels, lines, headers, messages, contents, files, zips, inflates, executables, records, blocks;
	/* Of dp_content_peek: room for one content, as deep as any. */
	struct rs_pool trial_contents, trial_headers, trial_files, trial_zips, trial_inflates;
	EVP_MD_CTX **sha256; /* one for each object of `files`, taken at start */
	void *files_mem;
	uint8_t *buffer; /* decoded bytes of one piece: DP_PIECE_MAX of input at a time */
	uint8_t *nested; /* the same of parts of messages in one another: DP_MAIL_BUFFER for each depth */
	uint8_t *inflated; /* pieces of what is inflated: DP_ARCHIVE_PIECE for each depth of archives */
	bool inline_; /* messages can be kept from being delivered, or could be (observe) */
	struct ct_account *account;
	struct dp_inspect_stats stats;
	struct dp_now now;
	dp_record_send send;
	dp_record_reclaim reclaim;
	dp_identify identify; /* set by the owner */
	dp_number number; /* likewise */
	dp_room room; /* NULL: it may as long as there is some. Set by the owner */
	void *arg;
};

#define DP_PIECE_MAX 32768

/* Bytes of memory needed for the pools, one block, aligned to 64. */
size_t dp_inspect_bytes(const struct ct_config *c);

/* mem: dp_inspect_bytes(c). rs_inflate_check must have said that zlib makes do with an object of `inflates`. 0 or -errno. */
int dp_inspect_init(struct dp_inspect *ins, const struct ct_config *c, const struct mt_ruleset *rules, void *mem,
                    struct ct_account *account, dp_record_send send, dp_record_reclaim reclaim, void *arg);
void dp_inspect_free(struct dp_inspect *ins);

/* Of some objects that a session or a message takes, fewer than an eighth are free. (Records do not count: control gives them back at
 * its own pace.) */
bool dp_inspect_is_short(const struct dp_inspect *ins);
bool dp_inspect_has_room(struct dp_inspect *ins);

/* A record, its notes empty and everything else zero; NULL when there is no room, counted. */
struct ct_record *dp_record_get(struct dp_inspect *ins, enum ct_kind kind);
/* Fills in the packet and the connection, and sends it. */
void dp_record_put(struct dp_inspect *ins, struct ct_record *r);
void dp_record_free(struct dp_inspect *ins, struct ct_record *r);
/* Adds a note within limits.note_blocks; a note that finds no room is counted. */
bool dp_record_note(struct dp_inspect *ins, struct ct_record *r, enum ct_note_kind kind, uint8_t sub, uint16_t index,
                    const void *p, size_t n);
bool dp_record_more(struct dp_inspect *ins, struct ct_record *r, const void *p, size_t n);

#endif
