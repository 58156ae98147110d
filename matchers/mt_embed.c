/* SPDX-License-Identifier: Apache-2.0 */
/* Runs at build time: writes a file as a C array, so that the default rules are part of the program. */
#include <stdio.h>

int main(int argc, char **argv)
{
	if (argc != 4) {
		fprintf(stderr, "usage: %s FILE OUT SYMBOL\n", argv[0]);
		return 2;
	}
	FILE *in = fopen(argv[1], "rb"), *out = fopen(argv[2], "w");
	if (!in || !out) {
		perror(in ? argv[2] : argv[1]);
		return 1;
	}
	fprintf(out, "extern const char %s[];\nconst char %s[] = {", argv[3], argv[3]);
	for (int c, n = 0; (c = getc(in)) != EOF; n++)
		fprintf(out, "%s%d,", n % 24 ? "" : "\n\t", c < 128 ? c : c - 256);
	fprintf(out, "\n\t0\n};\n");
	if (ferror(in) || fclose(in) || fclose(out)) {
		perror(argv[2]);
		return 1;
	}
	return 0;
}
