/* SPDX-License-Identifier: Apache-2.0 */
/* pg_overlaps: what is read of every two or three segments that overlap, by each policy. Made for docs/OVERLAPS.md (table) and for
 * what compares `linux` with a real one (cases). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reassembly/tcp/rs_overlap_cases.h"

#define STARTS 2

static struct rs_case cases[RS_CASE_MAX];
static unsigned ncases;

static int usage(const char *program)
{
	fprintf(stderr,
		"usage: %s table 2|3         a table of all cases of two or three segments\n"
		"       %s policies          the policies, each with the first one that always reads as it does\n"
		"       %s differ            for each two policies, of how many cases of three they read different bytes\n"
		"       %s cases 2|3 POLICY  a line each: start, pictures of the segments, what is read\n"
		"       %s read POLICY       the same of what standard input says, a line each: start and segments (behind 0-3 2-5)\n",
		program, program, program, program, program);
	return 2;
}

static bool read_differently(const struct rs_case *c, enum rs_overlap_policy a, enum rs_overlap_policy b)
{
	for (int start = 0; start < STARTS; start++) {
		char one[RS_CASE_POINTS], other[RS_CASE_POINTS];
		rs_case_read(c, start, a, one);
		rs_case_read(c, start, b, other);
		if (strcmp(one, other) != 0)
			return true;
	}
	return false;
}

static unsigned differ(enum rs_overlap_policy a, enum rs_overlap_policy b)
{
	unsigned n = 0;
	for (unsigned i = 0; i < ncases; i++)
		n += read_differently(&cases[i], a, b);
	return n;
}

/* The first policy that reads every case of three as this one does; those of two are among them. */
static enum rs_overlap_policy same_as(enum rs_overlap_policy p)
{
	for (int q = 0; q < (int)p; q++)
		if (differ(p, q) == 0)
			return q;
	return p;
}

static unsigned columns(enum rs_overlap_policy *to)
{
	unsigned n = 0;
	for (int p = 0; p < RS_OVERLAP_MAX; p++)
		if (same_as(p) == (enum rs_overlap_policy)p)
			to[n++] = p;
	return n;
}

/* What lies at the end of a line has no spaces behind it. */
static void put_line(char *line)
{
	size_t n = strlen(line);
	while (n && line[n - 1] == ' ')
		n--;
	printf("%.*s\n", (int)n, line);
}

static void table(unsigned n)
{
	enum rs_overlap_policy column[RS_OVERLAP_MAX];
	char line[256], word[RS_CASE_POINTS];
	ncases = rs_cases(3, cases);
	unsigned ncolumns = columns(column), width = 2 * n - 1;
	ncases = rs_cases(n, cases);
	int at = 0, left = (int)(n * (width + 1)) + (n == 2 ? 15 : 0);
	at += snprintf(line, sizeof line, "%*s| %-*s", left, "", (int)ncolumns * 8 + 1, "behind a missing byte");
	snprintf(line + at, sizeof line - (size_t)at, "| at once");
	put_line(line);
	at = snprintf(line, sizeof line, "%-*s", left, n == 2 ? "       the second" : "");
	for (int start = 0; start < STARTS; start++) {
		at += snprintf(line + at, sizeof line - (size_t)at, "| ");
		for (unsigned k = 0; k < ncolumns; k++) {
			char name[8];
			snprintf(name, sizeof name, "%.7s", column[k] == RS_OVERLAP_OLD_LINUX ? "old-lin" : rs_overlap_name(column[k]));
			at += snprintf(line + at, sizeof line - (size_t)at, "%-8s", name);
		}
		at += snprintf(line + at, sizeof line - (size_t)at, " ");
	}
	put_line(line);
	for (unsigned i = 0; i < ncases; i++) {
		at = 0;
		for (unsigned k = 0; k < n; k++) {
			rs_case_draw(&cases[i], k, word);
			at += snprintf(line + at, sizeof line - (size_t)at, "%-*s", (int)width + 1, word);
		}
		if (n == 2)
			at += snprintf(line + at, sizeof line - (size_t)at, "%-15s", rs_case_relation(&cases[i], 1, 0));
		for (int start = 0; start < STARTS; start++) {
			at += snprintf(line + at, sizeof line - (size_t)at, "| ");
			for (unsigned k = 0; k < ncolumns; k++) {
				rs_case_read(&cases[i], start, column[k], word);
				at += snprintf(line + at, sizeof line - (size_t)at, "%-8s", word);
			}
			at += snprintf(line + at, sizeof line - (size_t)at, " ");
		}
		put_line(line);
	}
}

static void policies(void)
{
	ncases = rs_cases(3, cases);
	for (int p = 0; p < RS_OVERLAP_MAX; p++)
		printf("%s %s\n", rs_overlap_name(p), rs_overlap_name(same_as(p)));
}

static void print_differences(void)
{
	enum rs_overlap_policy column[RS_OVERLAP_MAX];
	ncases = rs_cases(3, cases);
	unsigned n = columns(column);
	printf("%-10s", "");
	for (unsigned k = 0; k < n; k++)
		printf(" %9s", rs_overlap_name(column[k]));
	printf("\n");
	for (unsigned i = 0; i < n; i++) {
		printf("%-10s", rs_overlap_name(column[i]));
		for (unsigned k = 0; k < n; k++)
			printf(" %9u", differ(column[i], column[k]));
		printf("\n");
	}
}

static void print_cases(unsigned n, enum rs_overlap_policy policy)
{
	ncases = rs_cases(n, cases);
	for (unsigned i = 0; i < ncases; i++)
		for (int start = 0; start < STARTS; start++) {
			char word[RS_CASE_POINTS];
			printf("%s", start == RS_CASE_BEHIND ? "behind" : "at-once");
			for (unsigned k = 0; k < n; k++) {
				rs_case_draw(&cases[i], k, word);
				printf(" %s", word);
			}
			rs_case_read(&cases[i], start, policy, word);
			printf(" %s\n", word);
		}
}

#define LETTERS "123456789abcdefghijklmnopqrstuvwxyz"

/* False: the line is not what it should be. */
static bool read_line(char *line, enum rs_overlap_policy policy)
{
	struct rs_extent segment[sizeof LETTERS - 1];
	unsigned n = 0;
	uint64_t span = 0;
	char *word = strtok(line, " \n"), to[RS_CASE_SPAN + 1];
	if (!word || (strcmp(word, "behind") != 0 && strcmp(word, "at-once") != 0))
		return false;
	enum rs_case_start start = word[0] == 'b' ? RS_CASE_BEHIND : RS_CASE_AT_ONCE;
	for (; (word = strtok(NULL, " \n")); n++) {
		unsigned begin, end;
		if (n == sizeof LETTERS - 1 || sscanf(word, "%u-%u", &begin, &end) != 2 || begin >= end || end > RS_CASE_SPAN)
			return false;
		segment[n] = (struct rs_extent){ begin, end };
		span = end > span ? end : span;
	}
	rs_case_read_any(segment, LETTERS, n, (unsigned)span, start, policy, to);
	puts(to);
	return true;
}

static int read_lines(enum rs_overlap_policy policy)
{
	char line[1024];
	for (unsigned n = 1; fgets(line, sizeof line, stdin); n++)
		if (!read_line(line, policy)) {
			fprintf(stderr, "standard input, line %u: expected \"behind\" or \"at-once\" and at most %zu segments, each as 2-5, "
				"no byte beyond %u\n", n, sizeof LETTERS - 1, RS_CASE_SPAN);
			return 2;
		}
	return 0;
}

static bool find_policy(const char *name, enum rs_overlap_policy *to)
{
	for (int p = 0; p < RS_OVERLAP_MAX; p++)
		if (!strcmp(name, rs_overlap_name(p))) {
			*to = p;
			return true;
		}
	return false;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	enum rs_overlap_policy policy;
	unsigned n = argc > 2 && (!strcmp(argv[2], "2") || !strcmp(argv[2], "3")) ? (unsigned)atoi(argv[2]) : 0;
	if (!strcmp(what, "table") && n)
		table(n);
	else if (!strcmp(what, "cases") && n && argc == 4 && find_policy(argv[3], &policy))
		print_cases(n, policy);
	else if (!strcmp(what, "read") && argc == 3 && find_policy(argv[2], &policy))
		return read_lines(policy);
	else if (!strcmp(what, "policies") && argc == 2)
		policies();
	else if (!strcmp(what, "differ") && argc == 2)
		print_differences();
	else
		return usage(argv[0]);
	return 0;
}
