/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <hs.h>

#include "matchers/mt_rules.h"

static char version[128];

static void make_version(void)
{
	snprintf(version, sizeof version, "%s %s", strcmp(MW_REGEX_NAME, "hyperscan") ? "Vectorscan" : "Hyperscan",
		 hs_version());
}

const char *mt_regex_version(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, make_version);
	return version;
}

const char *mt_action_name(enum mt_action a)
{
	static const char *const names[] = { "pass", "drop", "reject", "alert", "none" };
	return (size_t)a < sizeof names / sizeof *names ? names[a] : "?";
}

const char *mt_buffer_name(enum mt_buffer b)
{
	static const char *const names[MT_BUFFER_MAX] = { "file.data", "mail.encoded" };
	return b < MT_BUFFER_MAX ? names[b] : "?";
}
