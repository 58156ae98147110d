/* SPDX-License-Identifier: Apache-2.0 */
/* The dialogues of rs_smtp_test.c: name, script, and what must be called back. */
static const struct dialogue dialogues[] = {
#include "reassembly/smtp/rs_smtp_dialogues_mail.h"
#include "reassembly/smtp/rs_smtp_dialogues_extensions.h"
#include "reassembly/smtp/rs_smtp_dialogues_unseen.h"
#include "reassembly/smtp/rs_smtp_dialogues_odd.h"
#include "reassembly/smtp/rs_smtp_dialogues_vague.h"
#include "reassembly/smtp/rs_smtp_dialogues_smuggled.h"
};
