/* SPDX-License-Identifier: Apache-2.0 */
/* The program `mailweir-bench`: measurements, one JSON object a line. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_version.h>
#include <zlib.h>

#include "matchers/mt_rules.h"
#include "pktgen-tests/pg_bench.h"
#include "reassembly/decode/rs_base64.h"

static void usage(FILE *to)
{
	fputs("usage: mailweir-bench scan [--mix MIX] [--pcap FILE] [--seconds S] [--sha256]\n"
	      "                           [--inline] [--size BYTES] [--traffic MB] [--isa NAME]\n"
	      "       mailweir-bench flows [--flows N] [--messages M] [--inflating K]\n"
	      "                            [--inline] [--config FILE] [--sizes]\n"
	      "       mailweir-bench reassemble [--disorder 0|1|10] [--seconds S]\n"
	      "                           [--segment BYTES] [--verify] [--traffic MB]\n"
	      "       mailweir-bench long [--messages N] [--size BYTES] [--mailweir PROGRAM]\n"
	      "       mailweir-bench forward [--window FRAMES] [LIVE OPTION]...\n"
	      "       mailweir-bench latency [--rate FRAMES] [LIVE OPTION]...\n"
	      "       mailweir-bench --help | --version\n"
	      "\n"
	      "scan: one worker over mail in memory, through the function that ports and\n"
	      "captures use; and in the same run the limit: the same bytes through decoder and\n"
	      "Hyperscan alone. Prints one JSON object.\n"
	      "\n"
	      "Both go over the traffic in turns, round by round. Machines are noisy: `gbps`\n"
	      "and `roofline_gbps` are the median round of each, put together from the medians\n"
	      "of its bursts; `ratio` is one by the other. The figures with `_low` and `_high`\n"
	      "are put together likewise, from the slower and the faster quarter of each\n"
	      "burst's times.\n"
	      "\n"
	      "  --mix MIX      base64 (default), text, qp, zip-stored, zip-deflate, small\n"
	      "  --pcap FILE    a capture's packets instead; the limit is then matching alone\n"
	      "  --seconds S    how long, for both together (default 10)\n"
	      "  --inline       as between two ports, sending to nobody: checksums verified,\n"
	      "                 every byte remembered until acknowledged; no message carries a\n"
	      "                 program\n"
	      "  --sha256       hash every file (as `read` does); without, as figures are given\n"
	      "  --size BYTES   of each attachment before encoding (default 200000, small 1500)\n"
	      "  --traffic MB   how much (default: four times the last cache, and 16 MB more);\n"
	      "                 with less, the figures are the cache's\n"
	      "  --isa NAME     decode with avx512vbmi, avx2, ssse3 or c\n"
	      "\n"
	      "flows: the memory of one worker with so many established mail connections, made\n"
	      "packet by packet, some of them in the middle of an attachment. `bytes` is what\n"
	      "was taken at start, with the default rules and packet buffers; `ratio` is that\n"
	      "by `limit`, 2 GiB. `flows_per_second` is how fast connections came to the end of\n"
	      "their EHLO; its limit is the same packets through their headers and the table of\n"
	      "flows alone.\n"
	      "\n"
	      "  --flows N      connections (default 1000000)\n"
	      "  --messages M   of them in a message (default a twentieth)\n"
	      "  --inflating K  of these in a deflated member of an archive (default: 4000\n"
	      "                 of 50000)\n"
	      "  --inline       as between two ports\n"
	      "  --config FILE  capacities as there, not as these numbers ask for\n"
	      "  --sizes        print the table of what a worker's memory is made of, and end\n"
	      "\n"
	      "reassemble: one worker over connections in memory whose content it does not read\n"
	      "(TLS): headers, flow table and TCP alone. The limit: the same frames fetched,\n"
	      "parsed, and a byte of each of their cache lines read. A line each for segments\n"
	      "in order, and for 1 and 10 in a hundred that come late, by up to three others.\n"
	      "\n"
	      "  --disorder N     0, 1 or 10: that line alone; others, up to 30, likewise\n"
	      "  --segment BYTES  payload of a segment, 64 to 8960 (default 1460)\n"
	      "  --seconds S      how long, each line (default 10)\n"
	      "  --verify         sum every segment, as without a card that does\n"
	      "  --traffic MB     as above\n"
	      "\n"
	      "long: resident memory of `mailweir read`, bytes, when a tenth went by and at the\n"
	      "end: a line for one connection with many messages, and one for a single message.\n"
	      "\n"
	      "  --messages N        on the connection (default 100000)\n"
	      "  --size BYTES        of the single one, in base64 (default 1073741824)\n"
	      "\n"
	      "forward, latency: UDP frames through `mailweir run` and through dpdk-testpmd, on\n"
	      "the same ports, in turns. The median of frames a second, so many under way (in\n"
	      "millions; `ratio` is mailweir's by testpmd's); or the delay of frames sent one\n"
	      "at a time, p50 and p99. With kernel ports also the `wire`: the tester's ends\n"
	      "joined without a device. What a device adds is its delay without the wire's\n"
	      "(memif has none: `added` is all of it). Tester and worker need a processor each.\n"
	      "Of forward's rounds those count in which neither waited for one that others had;\n"
	      "`disturbed` is the share of the others. Without enough of them the others count,\n"
	      "`quiet` is false, and the ratio compares how the machine was shared.\n"
	      "\n"
	      "  --window FRAMES     under way at a time (default 256)\n"
	      "  --rate FRAMES       sent a second (default 5000)\n"
	      "  --port KIND         af_packet (default) or af_xdp, on veth pairs in a\n"
	      "                      network namespace of its own (root, iproute2); memif\n"
	      "  --seconds S         how long, for all turns together (default 10)\n"
	      "  --rounds N          turns of each (default 5)\n"
	      "  --size BYTES        of a frame, without its check sequence (default 60)\n"
	      "  --mailweir PROGRAM  (default: the one beside this program, then of PATH)\n"
	      "  --testpmd PROGRAM   (default dpdk-testpmd; Debian has it in dpdk-dev)\n"
	      "\n"
	      "Exit status: 0; 2 when the verdicts were not what was put in, when a program or\n"
	      "port could not be had, or on wrong usage.\n",
	      to);
}

bool pg_bench_number(const char *option, const char *text, double least, double most, double *to)
{
	char *end;
	*to = strtod(text, &end);
	if (end != text && *end == '\0' && *to >= least && *to <= most)
		return true;
	fprintf(stderr, "mailweir-bench: --%s %s: expected a number from %g to %g\n", option, text, least, most);
	return false;
}

bool pg_bench_count(const char *option, const char *text, unsigned least, unsigned most, unsigned *to)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || value < least || value > most) {
		fprintf(stderr, "mailweir-bench: --%s %s: expected a number from %u to %u\n", option, text, least, most);
		return false;
	}
	*to = (unsigned)value;
	return true;
}

bool pg_bench_read_all(int argc, char **argv)
{
	if (optind >= argc)
		return true;
	fprintf(stderr, "mailweir-bench: %s: no further arguments expected\n", argv[optind]);
	return false;
}

int main(int argc, char **argv)
{
	if (argc >= 2 && strcmp(argv[1], "scan") == 0)
		return pg_bench_scan(argc - 1, argv + 1, usage);
	if (argc >= 2 && strcmp(argv[1], "flows") == 0)
		return pg_bench_flows(argc - 1, argv + 1, usage);
	if (argc >= 2 && strcmp(argv[1], "reassemble") == 0)
		return pg_bench_reassemble(argc - 1, argv + 1, usage);
	if (argc >= 2 && strcmp(argv[1], "long") == 0)
		return pg_bench_long(argc - 1, argv + 1, usage);
	if (argc >= 2 && strcmp(argv[1], "forward") == 0)
		return pg_bench_forward(argc - 1, argv + 1, usage);
	if (argc >= 2 && strcmp(argv[1], "latency") == 0)
		return pg_bench_latency(argc - 1, argv + 1, usage);
	if (argc >= 2 && strcmp(argv[1], "--help") == 0) {
		usage(stdout);
		return 0;
	}
	if (argc >= 2 && strcmp(argv[1], "--version") == 0) {
		printf("mailweir-bench %s\n  %s\n  matching    %s\n  inflating   zlib %s\n  decoding    base64 with %s\n", MAILWEIR_VERSION,
		       rte_version(), mt_regex_version(), zlibVersion(), rs_base64_isa());
		return 0;
	}
	usage(stderr);
	return 2;
}
