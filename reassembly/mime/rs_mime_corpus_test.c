/* SPDX-License-Identifier: Apache-2.0 */
/* Every message of the shared collection, which is not part of the project: whole, byte by byte and in random
 * pieces, with the same told. Skipped where the collection is not there. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "reassembly/mime/rs_mime_log.h"

#define SKIPPED 77 /* as meson has it */

static struct rs_mime_run whole, other;
static uint32_t seed = 1;
static struct {
	unsigned files, different;
	unsigned long long bytes, parts;
} count;

static uint32_t next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed;
}

static uint8_t *read_whole(const char *path, size_t *n)
{
	FILE *f = fopen(path, "rb");
	log_require(f && !fseek(f, 0, SEEK_END), path);
	long size = ftell(f);
	rewind(f);
	uint8_t *p = malloc((size_t)size + 1);
	log_require(p && fread(p, 1, (size_t)size, f) == (size_t)size, path);
	fclose(f);
	*n = (size_t)size;
	return p;
}

static void compare(const char *path, const char *how)
{
	run_end(&other);
	if (whole.log.len == other.log.len && !memcmp(whole.log.text, other.log.text, whole.log.len))
		return;
	fprintf(stderr, "%s: another result %s\n", path, how);
	count.different++;
}

static void try_message(const char *path)
{
	static const struct rs_mime_limits limits = { .depth = RS_MIME_DEPTH, .parts = 100000 };
	size_t n;
	uint8_t *p = read_whole(path, &n);
	whole.log.raw = other.log.raw = true;
	run_begin(&whole, 1, limits);
	run_feed(&whole, p, n);
	run_end(&whole);

	run_begin(&other, 1, limits);
	uint8_t *one = malloc(1);
	log_require(one, "memory");
	for (size_t i = 0; i < n; i++) {
		*one = p[i];
		rs_mime_feed(&other.mime, one, 1);
	}
	free(one);
	compare(path, "byte by byte");

	for (int round = 0; round < 3; round++) {
		run_begin(&other, 1, limits);
		size_t most = round == 0 ? 5 : round == 1 ? 100 : 3000;
		for (size_t i = 0, take; i < n; i += take) {
			take = next_random() % most + 1;
			if (take > n - i)
				take = n - i;
			run_feed(&other, p + i, take);
		}
		compare(path, "in random pieces");
	}
	count.files++;
	count.bytes += n;
	count.parts += whole.log.parts;
	free(p);
}

static void try_folder(const char *path)
{
	DIR *d = opendir(path);
	log_require(d, path);
	for (struct dirent *e; (e = readdir(d));) {
		char inner[4096];
		struct stat st;
		if (e->d_name[0] == '.')
			continue;
		snprintf(inner, sizeof inner, "%s/%s", path, e->d_name);
		log_require(!stat(inner, &st), inner);
		if (S_ISDIR(st.st_mode))
			try_folder(inner);
		else
			try_message(inner);
	}
	closedir(d);
}

/* MAILWEIR_SHARED, or ../shared beside the source tree, which this file's name leads to. */
static void locate(char *out, size_t cap)
{
	const char *shared = getenv("MAILWEIR_SHARED"), *slash = strrchr(__FILE__, '/');
	if (shared)
		snprintf(out, cap, "%s/data/mail", shared);
	else
		snprintf(out, cap, "%.*s/../../../shared/data/mail", slash ? (int)(slash - __FILE__) : 1,
			 slash ? __FILE__ : ".");
}

int main(void)
{
	char path[4096];
	struct stat st;
	locate(path, sizeof path);
	if (stat(path, &st)) {
		printf("SKIPPED: no mail in %s (set MAILWEIR_SHARED to the folder that holds data/mail)\n", path);
		return SKIPPED;
	}
	try_folder(path);
	printf("%s: %u messages, %llu bytes, %llu parts, %u with different results\n", path, count.files, count.bytes,
	       count.parts, count.different);
	free(whole.log.text);
	free(other.log.text);
	return count.different || !count.files;
}
