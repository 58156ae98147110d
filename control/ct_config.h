/* SPDX-License-Identifier: Apache-2.0 */
/* ct_config: one YAML file, every key with a default, read by `read`, `run` and `check`.
 *
 * Owner:  made at start by control, read-only afterwards. Memory: heap.
 * Errors: an unknown key, a wrong value or bad YAML is refused: one message "FILE:LINE:COLUMN: what, what
 *         was expected".
 * The table in ct_config.c is the reference: key, type, range, default, meaning; `mailweir --help-config` and
 * docs/CONFIGURATION.md are printed from it. */
#ifndef CT_CONFIG_H
#define CT_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/ct_receivers.h"
#include "control/ct_record.h"

enum ct_sha256_mode {
	CT_SHA256_ALL, /* attachments and members of archives */
	CT_SHA256_ATTACHMENTS,
	CT_SHA256_NONE
};
enum ct_store_mode { /* which files are kept */
	CT_STORE_NONE,
	CT_STORE_MATCHED, /* those in which a rule matched, or in a member of them */
	CT_STORE_ALL,
};
enum ct_report { /* which files have a record */
	CT_REPORT_ATTACHMENTS, /* and members of archives */
	CT_REPORT_ALL, /* texts of the message too */
};
enum ct_checksums { /* what is done about TCP and IPv4 header checksums */
	CT_CHECKSUMS_AUTO, /* a wrong one waits for the receiver's acknowledgement (dp_doubt) */
	CT_CHECKSUMS_VERIFY, /* a wrong one drops the packet, counted as bad_checksum */
	CT_CHECKSUMS_TRUST, /* not looked at */
};

enum ct_policy { /* what becomes of a message that could not be looked into, inline */
	CT_POLICY_PASS,
	CT_POLICY_TEMPFAIL,
	CT_POLICY_REJECT,
	CT_POLICY_DROP,
};
enum ct_stall { CT_STALL_CLOSED, CT_STALL_OPEN }; /* what passes a worker that makes no progress: nothing, everything */

/* What a policy is for: an enum ct_reason, or this. */
#define CT_POLICY_SMUGGLING CT_REASON_MAX
#define CT_POLICY_FOR_MAX (CT_REASON_MAX + 1)

enum ct_urgent { /* what becomes of an urgent byte (RFC 6093) */
	CT_URGENT_OOB, /* the receiver's program does not read it */
	CT_URGENT_INLINE, /* it reads it in its place */
};

enum ct_turn { /* between two ports, what becomes of TURN and ATRN */
	CT_TURN_REFUSE,
	CT_TURN_PASS, /* and nothing behind it is read */
};

struct ct_strings { char **v; size_t n; };

struct ct_config {
	char *sensor_name; /* sensor.name; default: the host's name */
	struct { /* workers: */
		uint32_t count; /* 1 to 64; read: default 1 */
	} workers;
	struct { /* memory: capacities for each worker; all memory is taken at start */
		uint32_t megabytes; /* EAL memory; 0: computed from the capacities */
		uint32_t mbufs; /* for all workers together; of captures for each */
		uint32_t flows;
		uint32_t half_open; /* 0: an eighth of flows */
		uint32_t wrapped; /* inline: connections whose link headers are long, or have lengths */
		uint32_t sessions; /* connections that speak SMTP */
		uint32_t tunnelled; /* of these, those in a tunnel that is told */
		uint32_t messages; /* messages in progress, files in progress, matching streams of each kind */
		uint32_t inflating; /* members of archives that are being inflated */
		uint32_t records; /* records in progress and on their way to control */
		uint32_t blocks; /* text blocks of records */
		uint32_t segments; /* out-of-order segments */
		uint32_t datagrams; /* that came in part */
		uint32_t fragments; /* mbufs that these keep, for all workers together */
	} memory;
	struct { /* ports: of `run`; "" none */
		char *inside, *outside; /* both or neither */
		char *mirror; /* instead of those */
		char *reset; /* with mirror */
	} ports;
	struct { /* inline: */
		bool observe; /* forward everything, record what would have been done */
		uint32_t pickup; /* seconds after the start within which connections found in the middle are picked up */
		uint32_t reply_wait; /* seconds that replies still owed are awaited before a message is refused */
		uint32_t hold; /* mbufs that one connection may keep, both directions together */
		enum ct_stall stall;
		uint32_t stall_after; /* seconds without progress of a worker */
	} inline_;
	enum ct_policy policy[CT_POLICY_FOR_MAX]; /* policy: by enum ct_reason, and CT_POLICY_SMUGGLING; a TLS session passes */
	struct { /* reject: */
		uint32_t code; /* 500 to 599 */
		char *enhanced; /* "5.7.1"; "" none */
		char *text, *tempfail_text; /* printable ASCII; CT_REPLY_INCIDENT stands for the incident's id */
	} reject;
	struct { /* capture: */
		enum ct_checksums checksums;
		bool vlan_in_flow; /* VLAN ids are part of a connection's identity, ... */
		bool tunnel_in_flow; /* ... and so are tunnels */
		bool tunnels; /* what is in them is read */
		uint32_t tunnel_depth; /* in one another */
		uint16_t *vxlan_ports; size_t nvxlan_ports;
		uint16_t *geneve_ports; size_t ngeneve_ports;
	} capture;
	struct { /* ip: */
		uint32_t fragments_max; /* of one datagram */
		uint32_t timeout; /* seconds from its first fragment */
	} ip;
	struct { /* tcp: */
		uint32_t window; /* bytes ahead that are accepted out of order */
		uint32_t held; /* mbufs held out of order, a direction */
		uint32_t out_of_step; /* milliseconds */
		enum ct_urgent urgent;
		uint32_t remember; /* mbufs of bytes that were read and not acknowledged yet, a direction */
		uint32_t timeout_new, timeout_established, timeout_closed; /* seconds without a packet */
	} tcp;
	struct ct_receivers receivers; /* receivers: how each reads overlaps */
	struct { /* smtp: */
		uint16_t *ports; size_t nports; /* where a connection is SMTP from its first byte: 24, 25, 587, 2525 */
		bool detect; /* other ports too, where the first bytes say so */
		enum ct_turn turn; /* inline */
	} smtp;
	struct { /* limits: a message; at each, the message is "unscanned: limit" and goes on being counted */
		uint32_t mime_depth, mime_parts, views, archive_depth, archive_members, note_blocks;
		uint32_t inflate_ratio, inflate_bytes, inflate_file, archive_work;
	} limits;
	struct { /* files: */
		enum ct_report report;
		enum ct_sha256_mode sha256;
		bool magic;
		uint32_t head; /* bytes kept for libmagic */
		enum ct_store_mode store;
		uint32_t store_size, store_files;
		bool executables; /* their headers are read */
	} files;
	struct { /* rules: */
		struct ct_strings files; /* empty: the built-in default rules */
		char *cache_dir; /* compiled databases; "" none; default: $XDG_CACHE_HOME/mailweir or ~/.cache/mailweir or /var/cache/mailweir for root */
	} rules;
	struct { /* output: */
		char *directory; /* where eve.json goes; "" none (-o) */
		uint32_t stats_interval; /* seconds between the stats records of `run`; 0: one, at the end */
		uint32_t community_id_seed;
	} output;
};

/* How the receiver at this address reads overlaps; IPv4 as ::ffff:a.b.c.d. The longest prefix that holds it decides. */
enum rs_overlap_policy ct_config_receiver(const struct ct_config *c, const uint8_t addr[16]);

#define CT_REPLY_INCIDENT "{incident}"

/* Defaults only. 0 or -ENOMEM. */
int ct_config_defaults(struct ct_config *c);
/* Defaults, then the file. On -EINVAL or another -errno, err holds one line (no newline) that says where, what and what was expected. */
int ct_config_load(struct ct_config *c, const char *path, char *err, size_t err_size);
/* The same from memory; name stands in err for the file. */
int ct_config_parse(struct ct_config *c, const char *buf, size_t len, const char *name, char *err, size_t err_size);
/* Whether the ports go together: inside and outside, or mirror, and reset only with it, each two different ones; or none.
 * NULL, or in words what is wrong. */
const char *ct_config_ports_fault(const struct ct_config *c);
/* After a load that failed there is nothing to free, and this does no harm. */
void ct_config_free(struct ct_config *c);
/* Prints every key with type, range, default and meaning: the reference. */
#include <stdio.h>
void ct_config_print_reference(FILE *to);

#endif
