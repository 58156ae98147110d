/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz target over every file of a folder: what libFuzzer found once stays mended, with any
 * compiler. Fails when the folder is missing or holds nothing. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *path)
{
	FILE *f = fopen(path, "rb");
	if (!f) {
		perror(path);
		return 1;
	}
	size_t size = 0, cap = 1 << 16;
	uint8_t *data = malloc(cap);
	for (;;) {
		size_t n = data ? fread(data + size, 1, cap - size, f) : 0;
		if (!n)
			break;
		size += n;
		if (size == cap) {
			uint8_t *more = realloc(data, cap *= 2);
			if (!more)
				abort();
			data = more;
		}
	}
	fclose(f);
	/* An exact copy, so that a read past the end is one past the allocation. */
	uint8_t *exact = malloc(size ? size : 1);
	if (!exact || !data)
		abort();
	for (size_t i = 0; i < size; i++)
		exact[i] = data[i];
	free(data);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: %s SEED-FOLDER\n", argv[0]);
		return 2;
	}
	DIR *d = opendir(argv[1]);
	if (!d) {
		perror(argv[1]);
		return 1;
	}
	int n = 0, failed = 0;
	for (struct dirent *e; (e = readdir(d));) {
		if (e->d_name[0] == '.')
			continue;
		char path[4096];
		snprintf(path, sizeof path, "%s/%s", argv[1], e->d_name);
		failed |= replay(path);
		n++;
	}
	closedir(d);
	printf("%s: %d seeds\n", argv[1], n);
	return failed || !n;
}
