/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a configuration: taken, with every value in its range, or refused in one line that says where. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "control/ct_config.h"
#include "control/ct_config_keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_refusal(const char *err)
{
	if (strncmp(err, "f:", 2) != 0 || !strchr(err + 2, ' '))
		abort();
	for (const char *p = err; *p; p++)
		if ((uint8_t)*p < ' ' || *p == 0x7f)
			abort();
}

static void check_ranges(const struct ct_config *c)
{
	for (size_t i = 0; i < ct_nkeys; i++) {
		const struct ct_key *k = &ct_keys[i];
		uint32_t v;
		if (k->type != CT_KEY_NUMBER && k->type != CT_KEY_SIZE && k->type != CT_KEY_SECONDS)
			continue;
		memcpy(&v, (const char *)c + k->at, sizeof v);
		if (v < k->min || v > k->max)
			abort();
	}
	if (!c->sensor_name || !c->sensor_name[0] || !c->rules.cache_dir || !c->output.directory)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ct_config c;
	char err[512];
	if (size > 65536)
		return 0;
	if (ct_config_parse(&c, (const char *)data, size, "f", err, sizeof err))
		check_refusal(err);
	else
		check_ranges(&c);
	ct_config_free(&c);
	return 0;
}
