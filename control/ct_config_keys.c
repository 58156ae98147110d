/* SPDX-License-Identifier: Apache-2.0 */
#include "control/ct_config_keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "reassembly/mime/rs_mime.h"

/* clang-format off */
#define AT(field) offsetof(struct ct_config, field)
#define NUMBER(s, n, low, high, def, text)                                                                             \
	{ .section = #s, .name = #n, .type = CT_KEY_NUMBER, .at = AT(s.n), .min = low, .max = high, .value = def, .meaning = text }
#define SIZE(s, n, low, high, def, text)                                                                               \
	{ .section = #s, .name = #n, .type = CT_KEY_SIZE, .at = AT(s.n), .min = low, .max = high, .value = def, .meaning = text }
#define SECONDS(s, n, low, high, def, text)                                                                            \
	{ .section = #s, .name = #n, .type = CT_KEY_SECONDS, .at = AT(s.n), .min = low, .max = high, .value = def, .meaning = text }
#define BOOL(s, n, def, text) { .section = #s, .name = #n, .type = CT_KEY_BOOL, .at = AT(s.n), .value = def, .meaning = text }
#define ENUM(s, n, names, def, text)                                                                                   \
	{ .section = #s, .name = #n, .type = CT_KEY_ENUM, .at = AT(s.n), .choices = names, .value = def, .meaning = text }
#define POLICY(n, why, def, text)                                                                                      \
	{ .section = "policy", .name = #n, .type = CT_KEY_ENUM, .at = AT(policy[why]), .choices = policy_names,         \
	  .value = def, .meaning = text }
#define RECEIVERS(n, p, text)                                                                                             \
	{ .section = "receivers", .name = n, .type = CT_KEY_PREFIXES, .at = AT(receivers), .policy = p, .value = "", .meaning = text }
/* clang-format on */

static const char *const checksum_names[] = { "auto", "verify", "trust", NULL };
static const char *const store_names[] = { "none", "matched", "all", NULL };
static const char *const report_names[] = { "attachments", "all", NULL };
static const char *const sha256_names[] = { "all", "attachments", "none", NULL };
static const char *const urgent_names[] = { "oob", "inline", NULL };
static const char *const policy_names[] = { "pass", "tempfail", "reject", "drop", NULL };
static const char *const turn_names[] = { "refuse", "pass", NULL };
static const char *const stall_names[] = { "closed", "open", NULL };

_Static_assert(sizeof(enum ct_checksums) == sizeof(int) && sizeof(enum ct_sha256_mode) == sizeof(int), "set as int");
_Static_assert(sizeof(enum ct_urgent) == sizeof(int) && sizeof(enum ct_turn) == sizeof(int), "set as int");
_Static_assert(sizeof(enum ct_report) == sizeof(int), "set as int");
_Static_assert(sizeof(enum ct_store_mode) == sizeof(int), "set as int");
_Static_assert(sizeof(enum ct_policy) == sizeof(int) && sizeof(enum ct_stall) == sizeof(int), "set as int");
_Static_assert(sizeof(enum rs_overlap_policy) == sizeof(int), "set as int");

/* clang-format off */
const struct ct_section ct_sections[] = {
	{ "sensor", "This sensor." },
	{ "workers", "Threads that read packets, each on a core of its own." },
	{ "ports",
	  "Where `mailweir run` stands: inside and outside, or mirror. A port is a kernel interface (eth1), a PCI address "
	  "(0000:3b:00.0) or a DPDK device (net_memif0,role=client). The command line's take their place." },
	{ "inline", "Between two ports." },
	{ "policy",
	  "What becomes of a message, between two ports, that no rule stops but that could not be wholly looked into. pass: it is "
	  "delivered, and recorded. tempfail: 451, the sender tries again. reject: refused for good, see \"reject\". drop: its "
	  "end is not forwarded and both ends are reset; the sender tries again. Of several reasons the strictest decides." },
	{ "reject", "What a sender is told whose message is refused." },
	{ "memory", "Capacities, for each worker. All memory is taken at start; what finds no room is counted and named." },
	{ "capture", "Packets." },
	{ "tcp", "Connections." },
	{ "ip", "Datagrams that come in fragments." },
	{ "receivers",
	  "How receivers read segments that overlap, where these say different things: which bytes each keeps is in docs/OVERLAPS.md. "
	  "Of several prefixes that hold an address the longest counts. Whatever is configured here, bytes that contradict "
	  "others are recorded as an anomaly." },
	{ "smtp", "Dialogues." },
	{ "limits", "Limits of one message. Beyond one, the message is \"unscanned: limit\", and goes on being counted." },
	{ "files", "Attachments, and the members of archives." },
	{ "rules", "Rules." },
	{ "output", "Records." },
};
const size_t ct_nsections = sizeof ct_sections / sizeof *ct_sections;

const struct ct_key ct_keys[] = {
	{ .section = "sensor", .name = "name", .type = CT_KEY_TEXT, .at = AT(sensor_name), .min = 1, .max = 255,
	  .default_is = "the host's name", .meaning = "Its name, in every record." },

	NUMBER(workers, count, 1, 64, "1",
	       "How many. Results do not depend on it as long as the capacities below suffice, of which each has its own."),

	{ .section = "ports", .name = "inside", .type = CT_KEY_TEXT, .at = AT(ports.inside), .max = 255, .value = "",
	  .meaning = "The mail servers' side (--inside)." },
	{ .section = "ports", .name = "outside", .type = CT_KEY_TEXT, .at = AT(ports.outside), .max = 255, .value = "",
	  .meaning = "The side of the rest of the world (--outside)." },
	{ .section = "ports", .name = "mirror", .type = CT_KEY_TEXT, .at = AT(ports.mirror), .max = 255, .value = "",
	  .meaning = "A port that only copies of packets come in by (--mirror)." },
	{ .section = "ports", .name = "reset", .type = CT_KEY_TEXT, .at = AT(ports.reset), .max = 255, .value = "",
	  .meaning = "The port that resets leave by, beside a mirror port; \"\": none are sent (--reset-port)." },

	/* The section is a keyword of C: its field has another name. */
	{ .section = "inline", .name = "observe", .type = CT_KEY_BOOL, .at = AT(inline_.observe), .value = "false",
	  .meaning = "Forward everything, and record what would have been done (--observe)." },
	{ .section = "inline", .name = "pickup", .type = CT_KEY_SECONDS, .at = AT(inline_.pickup), .max = 86400, .value = "0",
	  .meaning = "For so long after the start, a mail connection found in its middle is picked up and judged from its next "
		     "message. After that, and with 0 from the first, such a connection is reset, for whoever outwaits a "
		     "restart must not pass unread; a mail server connects again." },
	{ .section = "inline", .name = "reply_wait", .type = CT_KEY_SECONDS, .at = AT(inline_.reply_wait), .min = 1, .max = 3600,
	  .value = "5m", .meaning = "How long the replies that the server still owes are awaited before a message is refused." },
	/* 1 MB in segments of 536 bytes, the least that every host takes (RFC 9293 3.7.1), is 1957. */
	{ .section = "inline", .name = "hold", .type = CT_KEY_NUMBER, .at = AT(inline_.hold), .min = 16, .max = 1048576,
	  .value = "2048",
	  .meaning = "Packets of one connection, of both directions together, that may be kept: until the server has "
		     "acknowledged them, or until their message is judged. Beyond that the sender has to repeat them. 2048 do for "
		     "windows of 1 MB." },
	{ .section = "inline", .name = "stall", .type = CT_KEY_ENUM, .at = AT(inline_.stall), .choices = stall_names,
	  .value = "closed",
	  .meaning = "What passes a worker that makes no progress: nothing (closed), or everything, unjudged (open)." },
	{ .section = "inline", .name = "stall_after", .type = CT_KEY_SECONDS, .at = AT(inline_.stall_after), .min = 1, .max = 3600,
	  .value = "5s", .meaning = "How long a worker makes no progress before it is taken for stalled." },

	POLICY(overload, CT_REASON_OVERLOAD, "tempfail", "There was no room for it."),
	POLICY(timeout, CT_REASON_TIMEOUT, "tempfail", "It was not judged in time."),
	POLICY(gap, CT_REASON_GAP, "tempfail", "Some of its bytes were never seen."),
	POLICY(limit, CT_REASON_LIMIT, "pass",
	       "A limit was reached (see \"limits\"). A retry would meet the same fate: a strict site says reject, never "
	       "tempfail."),
	POLICY(malformed, CT_REASON_MALFORMED, "pass",
	       "Its MIME structure, an encoding or an archive is broken, as in honest mail every day."),
	POLICY(unsupported, CT_REASON_UNSUPPORTED, "pass", "It uses a way of wrapping that is not opened."),
	POLICY(encrypted_file, CT_REASON_ENCRYPTED_FILE, "pass", "A file in it is encrypted."),
	POLICY(midstream, CT_REASON_MIDSTREAM, "pass", "Its connection was picked up in the middle."),
	POLICY(smuggling, CT_POLICY_SMUGGLING, "reject",
	       "It holds what some servers take for a message's end and others do not: SMTP smuggling."),

	NUMBER(reject, code, 500, 599, "554", "The reply code."),
	{ .section = "reject", .name = "enhanced", .type = CT_KEY_STATUS, .at = AT(reject.enhanced), .value = "5.7.1",
	  .meaning = "The enhanced status code (RFC 3463); \"\": none." },
	{ .section = "reject", .name = "text", .type = CT_KEY_ASCII, .at = AT(reject.text), .min = 1, .max = CT_REPLY_TEXT_MAX,
	  .value = "Message refused: its content is a program or looks like one. Incident {incident}",
	  .meaning = "The reply's text; {incident} stands for the id under which the records have the message." },
	{ .section = "reject", .name = "tempfail_text", .type = CT_KEY_ASCII, .at = AT(reject.tempfail_text), .min = 1,
	  .max = CT_REPLY_TEXT_MAX, .value = "Message could not be checked, try again later. Incident {incident}",
	  .meaning = "The same for a message that is to be sent again: 451 4.7.1." },

	NUMBER(memory, megabytes, 0, 1048576, "0", "Memory for packets and tables, in MB; 0: computed from what follows."),
	NUMBER(memory, mbufs, 1024, 16777216, "8192", "Packet buffers, for all workers together; of captures for each worker, so that what it may hold does not depend on how many there are."),
	NUMBER(memory, flows, 64, 16777216, "65536", "Connections of any kind."),
	NUMBER(memory, half_open, 0, 16777216, "0",
	       "Of these, those that anyone can make by one packet: whose handshake is not complete, or, not being mail, of which "
	       "one side was not heard; 0: an eighth. Beyond that the oldest of them gives way."),
	NUMBER(memory, wrapped, 16, 16777216, "8192",
	       "Between two ports: those of them that are mail's and inside tunnels, PPPoE or many tags, whose headers are kept."),
	NUMBER(memory, sessions, 16, 4194304, "65536", "Connections that speak SMTP."),
	NUMBER(memory, tunnelled, 16, 4194304, "65536",
	       "Of these, those whose records tell the tunnel that they came by. Without room they are read all the same, and their "
	       "records do not tell it."),
	NUMBER(memory, messages, 16, 1048576, "8192", "Messages in progress; files in progress; matching streams of each kind."),
	NUMBER(memory, inflating, 1, 1048576, "1024",
	       "Members of archives, and gzip files, that are being inflated: each takes 40 KB, an archive in another as many as "
	       "it is deep. Without room the message is \"unscanned: overload\"."),
	NUMBER(memory, records, 16, 1048576, "32768", "Records in progress, and on their way to being written."),
	NUMBER(memory, blocks, 64, 16777216, "131072", "Blocks of 512 bytes, for the text of records."),
	NUMBER(memory, segments, 64, 16777216, "8192",
	       "TCP segments held because one before them is missing, or remembered until they are acknowledged. Where hardly any "
	       "is free, the connection that holds most gives way to those that hold few."),
	NUMBER(memory, datagrams, 16, 1048576, "1024", "Datagrams of which fragments are missing. Without room, the oldest gives way of those senders that have most."),
	NUMBER(memory, fragments, 64, 16777216, "4096", "Packet buffers that their fragments may keep, for all workers together, beside memory.mbufs."),

	ENUM(capture, checksums, checksum_names, "auto",
	     "verify: a packet whose IPv4 or TCP checksum is wrong is dropped and counted. trust: not looked at. auto: a packet "
	     "with a wrong one waits until its receiver has acknowledged it; a direction without a single right one is taken."),
	BOOL(capture, vlan_in_flow, "true",
	     "VLAN ids are part of a connection's identity. false: where each direction has another, as some mirrors see it."),
	BOOL(capture, tunnel_in_flow, "true",
	     "So are tunnels: VXLAN's and GENEVE's network, GRE's key, the ends of GRE and of IP in IP. false: where each direction "
	     "has others; then networks with equal addresses are mixed, and anybody's tunnels with what is in none."),
	BOOL(capture, tunnels, "true", "Read what is in tunnels: IP in IP, GRE, ERSPAN, VXLAN, GENEVE, MPLS in them."),
	NUMBER(capture, tunnel_depth, 1, 4, "4", "Tunnels in one another that are opened; what is in more is counted as too_deep."),
	{ .section = "capture", .name = "vxlan_ports", .type = CT_KEY_PORTS, .at = AT(capture.vxlan_ports),
	  .count_at = AT(capture.nvxlan_ports), .min = 1, .max = 65535, .value = "4789 8472",
	  .meaning = "UDP ports where VXLAN is received." },
	{ .section = "capture", .name = "geneve_ports", .type = CT_KEY_PORTS, .at = AT(capture.geneve_ports),
	  .count_at = AT(capture.ngeneve_ports), .min = 1, .max = 65535, .value = "6081",
	  .meaning = "UDP ports where GENEVE is received." },

	SIZE(tcp, window, 4096, 1073741824, "1M", "Bytes ahead of the next one expected that are accepted out of order."),
	NUMBER(tcp, held, 1, 65535, "1024", "Packets held out of order, in one direction of a connection."),
	NUMBER(tcp, out_of_step, 0, 10000, "100",
	       "Milliseconds. A mirror may show an acknowledgement before the bytes, and a reply before the command: bytes that are "
	       "acknowledged and were not seen are waited for so long, or twice that, before the message is \"unscanned: gap\"; so is "
	       "what a side says after it has them. What was read is compared with what comes in its place for four times as long after "
	       "it was acknowledged. 0: neither is done."),
	ENUM(tcp, urgent, urgent_names, "oob",
	     "What a receiver makes of an urgent byte (RFC 6093). oob: it takes it out of the stream, as programs have it that do not "
	     "ask for it. inline: it reads it in its place. A message with such bytes is not clean, for receivers differ; between "
	     "two ports they are not forwarded."),
	NUMBER(tcp, remember, 0, 65535, "1024",
	       "Packets already read whose receiver has not acknowledged them yet that are remembered, in one direction of a mail "
	       "connection, so that repetitions can be compared with them. Without room, the oldest are forgotten, of whoever has more "
	       "than his share if there is one. A repetition of what is not remembered any more makes the "
	       "message \"unscanned: overload\"; 0: nothing is remembered, and none is compared."),
	SECONDS(tcp, timeout_new, 1, 86400, "1m", "Without a packet, until a connection that was never established is forgotten."),
	/* RFC 5321 4.5.3.2.6: a client waits ten minutes for the reply to the end of its message. */
	SECONDS(tcp, timeout_established, 1, 604800, "15m", "The same for an established one."),
	SECONDS(tcp, timeout_closed, 1, 86400, "1m",
		"The same for one that was closed or reset; a message that a reset cut off is told then."),

	NUMBER(ip, fragments_max, 2, 8192, "256", "Fragments of one datagram; one of more is given up. 185 carry a segment of 1460 bytes by eight."),
	SECONDS(ip, timeout, 1, 3600, "30s", "From a datagram's first fragment, until one that is not whole is given up."),

	{ .section = "receivers", .name = "default", .type = CT_KEY_ENUM, .at = AT(receivers.fallback), .choices = rs_overlap_names,
	  .value = "linux", .meaning = "Receivers that no prefix below holds." },
	RECEIVERS("first", RS_OVERLAP_FIRST, "Receivers that keep the copy that came first."),
	RECEIVERS("last", RS_OVERLAP_LAST, "Receivers that keep the copy that came last."),
	RECEIVERS("bsd", RS_OVERLAP_BSD, "Receivers that keep what begins first, as BSD does."),
	RECEIVERS("bsd-right", RS_OVERLAP_BSD_RIGHT, "Receivers that read as BSD does, but fragments the other way round (printers)."),
	RECEIVERS("old-linux", RS_OVERLAP_OLD_LINUX, "Receivers that read as Linux before 2.4 does."),
	RECEIVERS("linux", RS_OVERLAP_LINUX, "Receivers that read as Linux does today."),
	RECEIVERS("old-solaris", RS_OVERLAP_OLD_SOLARIS, "Receivers that read as old Solaris does."),
	RECEIVERS("solaris", RS_OVERLAP_SOLARIS, "Receivers that keep what ends last, as Solaris does."),
	RECEIVERS("hpux10", RS_OVERLAP_HPUX10, "Receivers that read as HP-UX 10 does."),
	RECEIVERS("hpux11", RS_OVERLAP_HPUX11, "Receivers that read as HP-UX 11 does."),
	RECEIVERS("irix", RS_OVERLAP_IRIX, "Receivers that read as IRIX does."),
	RECEIVERS("macos", RS_OVERLAP_MACOS, "Receivers that read as macOS does."),
	RECEIVERS("windows", RS_OVERLAP_WINDOWS, "Receivers that read as Windows up to XP does."),
	RECEIVERS("vista", RS_OVERLAP_VISTA, "Receivers that keep the copy that came first, as Windows since Vista does."),
	RECEIVERS("windows2k3", RS_OVERLAP_WINDOWS2K3, "Receivers that read as Windows Server 2003 does."),

	{ .section = "smtp", .name = "ports", .type = CT_KEY_PORTS, .at = AT(smtp.ports), .count_at = AT(smtp.nports), .min = 1,
	  .max = 65535, .value = "24 25 587 2525", .meaning = "Server ports where a connection is SMTP from its first byte." },
	BOOL(smtp, detect, "true", "Other ports too, where the first bytes are SMTP's."),
	ENUM(smtp, turn, turn_names, "refuse",
	     "Between two ports: what becomes of TURN and ATRN, after which the server sends mail to the client. refuse: the server never gets "
	     "it, and the client is told 502. pass: what follows passes unread, and counts as one message, \"unscanned: unsupported\". "
	     "(At a mirror port and in captures mail is read in both directions.)"),

	NUMBER(limits, mime_depth, 1, RS_MIME_DEPTH, "16", "Multiparts and messages inside one another."),
	NUMBER(limits, mime_parts, 1, 1000000, "1000", "Parts."),
	NUMBER(limits, views, 1, 16, "4",
	       "Readings of its bytes at a time, where readers of mail may differ about them: each is decoded and matched, and takes as much "
	       "time as a message."),
	NUMBER(limits, archive_depth, 0, 16, "4",
	       "Archives inside one another, and layers of base64, uuencode and the like; 0: none is opened. (clamd's MaxRecursion, 17, counts each part and layer too. Honest mail "
	       "needs two or three; each level costs a file and 40 KB while it is inflated.)"),
	NUMBER(limits, archive_members, 0, 1000000, "1000",
	       "Members of archives. (clamd's MaxFiles is 10000. Each is a record; mail with more than 1000 is a backup or an attack.)"),
	SIZE(limits, inflate_bytes, 65536, 2147483648, "400M",
	     "What members of archives come to when they are inflated, all levels together: as clamd's MaxScanSize."),
	SIZE(limits, inflate_file, 65536, 2147483648, "100M", "The same of one member: as clamd's MaxFileSize."),
	SIZE(limits, archive_work, 65536, 2147483648, "1G",
	     "Bytes that go through its archives, in and out, all levels together: what they cost in time. (clamd's MaxScanTime is 120 s. "
	     "By a clock the same message would be judged in one way today and in another tomorrow.)"),
	NUMBER(limits, inflate_ratio, 1, 1000000, "250",
	       "How many times as much as the attachments that they come in, all levels together and beyond the first megabyte. Deflate "
	       "reaches 1032 on each level."),
	NUMBER(limits, note_blocks, 4, 65536, "4096", "Blocks of 512 bytes that its record's text may take: a recipient takes about 30 bytes."),

	ENUM(files, report, report_names, "attachments",
	     "Which files have a record. attachments: parts with a name or that are no text, and members of archives. all: also "
	     "the texts of a message, and what stands before and behind its parts."),
	ENUM(files, sha256, sha256_names, "all", "Of which files the SHA-256 is computed; attachments: not of members of archives. It costs about as much as all the rest."),
	BOOL(files, magic, "true", "Say what libmagic takes a file for."),
	ENUM(files, store, store_names, "none",
	     "Which files with a record are kept, in `filestore` below output.directory, each under its SHA-256. matched: those in which a "
	     "rule matched, or in a member of them. The members of kept rar, 7z, cab and iso archives are told."),
	SIZE(files, store_size, 1024, 1048576, "1M",
	     "Files up to this size are kept. Until one has ended, its bytes are in memory.blocks, of which all files together take half at most; "
	     "limits.note_blocks holds, too."),
	NUMBER(files, store_files, 1, 100000000, "10000", "Files that one run keeps."),
	BOOL(files, executables, "true",
	     "Say of executables (PE, ELF, Mach-O) machine, sections, imported libraries and the packer's mark. At most an eighth "
	     "of memory.messages files are looked into at a time."),
	SIZE(files, head, 16, 65536, "2k", "How much of a file's beginning libmagic is shown."),

	{ .section = "rules", .name = "files", .type = CT_KEY_TEXTS, .at = AT(rules.files), .value = "",
	  .meaning = "Files of rules; none: the built-in default rules." },
	{ .section = "rules", .name = "cache_dir", .type = CT_KEY_TEXT, .at = AT(rules.cache_dir), .max = 4000,
	  .default_is = "$XDG_CACHE_HOME/mailweir or ~/.cache/mailweir; for root /var/cache/mailweir",
	  .meaning = "Where compiled rules are kept between runs; \"\": nowhere." },

	{ .section = "output", .name = "directory", .type = CT_KEY_TEXT, .at = AT(output.directory), .max = 4000, .value = "",
	  .meaning = "Where eve.json is written (-o); \"\": nowhere by `read`, and to standard output by `run`. `run` adds to "
		     "what is there." },
	SECONDS(output, stats_interval, 0, 86400, "1m", "Between two stats records of `run`; 0: one only, at the end."),
	NUMBER(output, community_id_seed, 0, 65535, "0", "Of community_id: the same as the site's other tools have."),
};
/* clang-format on */
const size_t ct_nkeys = sizeof ct_keys / sizeof *ct_keys;

struct unit {
	char letter; /* lower case */
	uint32_t factor;
};

/* Largest first, so that a number is written with the largest unit that it is a multiple of. */
static const struct unit sizes[] = { { 'g', 1u << 30 }, { 'm', 1u << 20 }, { 'k', 1u << 10 }, { 0, 1 } };
static const struct unit times[] = { { 'd', 86400 }, { 'h', 3600 }, { 'm', 60 }, { 's', 1 }, { 0, 1 } };
static const struct unit none[] = { { 0, 1 } };

static const struct unit *units(const struct ct_key *k)
{
	return k->type == CT_KEY_SIZE ? sizes : k->type == CT_KEY_SECONDS ? times : none;
}

/* Digits, then at most one letter. */
static int parse_number(const struct ct_key *k, const char *s, uint32_t *out)
{
	uint64_t v = 0;
	size_t digits = strspn(s, "0123456789");
	if (!digits || digits > 10 || (digits && s[digits] && s[digits + 1]))
		return -EINVAL;
	for (size_t i = 0; i < digits; i++)
		v = v * 10 + (uint64_t)(s[i] - '0');
	char letter = s[digits];
	if (letter >= 'A' && letter <= 'Z')
		letter = (char)(letter + 32);
	const struct unit *u = units(k);
	while (u->letter && u->letter != letter)
		u++;
	if (u->letter != letter)
		return -EINVAL;
	v *= u->factor;
	if (v < k->min || v > k->max)
		return -EINVAL;
	*out = (uint32_t)v;
	return 0;
}

static int parse_bool(const char *s, bool *out)
{
	static const char *const words[] = { "false", "true", "no", "yes", "off", "on" };
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (!strcasecmp(s, words[i])) {
			*out = i % 2;
			return 0;
		}
	return -EINVAL;
}

static int parse_enum(const struct ct_key *k, const char *s, int *out)
{
	for (int i = 0; k->choices[i]; i++)
		if (!strcmp(s, k->choices[i])) {
			*out = i;
			return 0;
		}
	return -EINVAL;
}

static int set_text(const struct ct_key *k, const char *s, char **out)
{
	size_t n = strlen(s);
	if (n < k->min || n > k->max)
		return -EINVAL;
	char *copy = strdup(s);
	if (!copy)
		return -ENOMEM;
	free(*out);
	*out = copy;
	return 0;
}

/* RFC 5321 4.2: textstring, without the tab. */
static bool is_printable(const char *s)
{
	for (; *s; s++)
		if (*s < ' ' || *s > '~')
			return false;
	return true;
}

/* RFC 3463 2: class "." subject "." detail, each of at most three digits. */
static bool is_status(const char *s)
{
	if (*s++ != '5')
		return false;
	for (int i = 0; i < 2; i++) {
		size_t digits = *s == '.' ? strspn(s + 1, "0123456789") : 0;
		if (!digits || digits > 3)
			return false;
		s += 1 + digits;
	}
	return !*s;
}

static int add_port(const struct ct_key *k, const char *s, uint16_t **ports, size_t *n)
{
	uint32_t port;
	int r = parse_number(k, s, &port);
	if (r)
		return r;
	uint16_t *more = realloc(*ports, (*n + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	more[(*n)++] = (uint16_t)port;
	*ports = more;
	return 0;
}

static int add_text(const char *s, struct ct_strings *l)
{
	if (!*s)
		return -EINVAL;
	char **v = realloc(l->v, (l->n + 1) * sizeof(*v));
	if (!v)
		return -ENOMEM;
	l->v = v;
	l->v[l->n] = strdup(s);
	if (!l->v[l->n])
		return -ENOMEM;
	l->n++;
	return 0;
}

int ct_key_set(struct ct_config *c, const struct ct_key *k, const char *text)
{
	void *at = (char *)c + k->at;
	switch (k->type) {
	case CT_KEY_NUMBER:
	case CT_KEY_SIZE:
	case CT_KEY_SECONDS:
		return parse_number(k, text, at);
	case CT_KEY_BOOL:
		return parse_bool(text, at);
	case CT_KEY_ENUM:
		return parse_enum(k, text, at);
	case CT_KEY_TEXT:
		return set_text(k, text, at);
	case CT_KEY_ASCII:
		return is_printable(text) ? set_text(k, text, at) : -EINVAL;
	case CT_KEY_STATUS: {
		struct ct_key bounded = *k;
		bounded.max = sizeof "5.123.123" - 1;
		return !*text || is_status(text) ? set_text(&bounded, text, at) : -EINVAL;
	}
	case CT_KEY_PORTS:
		return add_port(k, text, at, (size_t *)(void *)((char *)c + k->count_at));
	case CT_KEY_TEXTS:
		return add_text(text, at);
	case CT_KEY_PREFIXES:
		return ct_receivers_add(at, text, k->policy, &(enum rs_overlap_policy){ 0 });
	}
	return -EINVAL;
}

void ct_key_clear(struct ct_config *c, const struct ct_key *k)
{
	if (k->type == CT_KEY_PORTS) {
		uint16_t **ports = (uint16_t **)(void *)((char *)c + k->at);
		free(*ports);
		*ports = NULL;
		*(size_t *)(void *)((char *)c + k->count_at) = 0;
	} else if (k->type == CT_KEY_TEXTS) {
		struct ct_strings *l = (struct ct_strings *)(void *)((char *)c + k->at);
		for (size_t i = 0; i < l->n; i++)
			free(l->v[i]);
		free(l->v);
		*l = (struct ct_strings){ 0 };
	} else if (k->type == CT_KEY_PREFIXES) {
		ct_receivers_clear(&c->receivers, k->policy);
	} else if (k->type == CT_KEY_TEXT || k->type == CT_KEY_ASCII || k->type == CT_KEY_STATUS) {
		char **text = (char **)(void *)((char *)c + k->at);
		free(*text);
		*text = NULL;
	}
}

bool ct_key_is_list(const struct ct_key *k)
{
	return k->type == CT_KEY_PORTS || k->type == CT_KEY_TEXTS || k->type == CT_KEY_PREFIXES;
}

static void put_number(const struct ct_key *k, uint32_t v, struct ct_buf *to)
{
	const struct unit *u = units(k);
	while (u->letter && (!v || v % u->factor))
		u++;
	ct_buf_printf(to, "%u", v / u->factor);
	if (u->letter) {
		char letter = k->type == CT_KEY_SIZE && u->letter != 'k' ? (char)(u->letter - 32) : u->letter;
		ct_buf_put(to, &letter, 1);
	}
}

static void put_range(const struct ct_key *k, const char *what, struct ct_buf *to)
{
	ct_buf_printf(to, "%s from ", what);
	put_number(k, k->min, to);
	ct_buf_puts(to, " to ");
	put_number(k, k->max, to);
}

void ct_key_expected(const struct ct_key *k, struct ct_buf *to)
{
	switch (k->type) {
	case CT_KEY_NUMBER:
		put_range(k, "a number", to);
		return;
	case CT_KEY_SIZE:
		put_range(k, "a size", to);
		ct_buf_puts(to, ", such as 64k");
		return;
	case CT_KEY_SECONDS:
		put_range(k, "a time", to);
		ct_buf_puts(to, ", such as 30s, 5m or 1h");
		return;
	case CT_KEY_BOOL:
		ct_buf_puts(to, "true or false");
		return;
	case CT_KEY_ENUM:
		for (int i = 0; k->choices[i]; i++)
			ct_buf_printf(to, "%s%s", !i ? "" : k->choices[i + 1] ? ", " : " or ", k->choices[i]);
		return;
	case CT_KEY_TEXT:
		ct_buf_printf(to, "text of %s%u characters", k->min ? "1 to " : "at most ", k->max);
		return;
	case CT_KEY_ASCII:
		ct_buf_printf(to, "printable ASCII of %u to %u characters", k->min, k->max);
		return;
	case CT_KEY_STATUS:
		ct_buf_puts(to, "a code such as 5.7.1, or \"\"");
		return;
	case CT_KEY_PORTS:
		ct_buf_puts(to, "a list of ports from 1 to 65535, such as [25, 587]");
		return;
	case CT_KEY_TEXTS:
		ct_buf_puts(to, "a list of files, such as [a.rules, b.rules]");
		return;
	case CT_KEY_PREFIXES:
		ct_buf_puts(to, "a list of address prefixes, such as [192.0.2.0/24, \"2001:db8::/32\"]");
		return;
	}
}
