/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_facts.h"

#include <string.h>

#include "dataplane/dp_session.h"

void dp_facts_begin(struct dp_file *f, const uint8_t *p, size_t n)
{
	struct dp_inspect *ins = f->content->ins;
	if (!f->rec || f->silent || f->gaps || !ins->config->files.executables || !rs_exe_may_be(p, n))
		return;
	f->exe = rs_pool_get(&ins->executables);
	if (f->exe)
		rs_exe_init(f->exe);
	else
		ins->stats.no_executable++;
}

void dp_facts_feed(struct dp_file *f, const uint8_t *p, size_t n)
{
	if (f->exe)
		rs_exe_feed(f->exe, p, n);
}

void dp_facts_gap(struct dp_file *f)
{
	if (f->exe)
		rs_exe_gap(f->exe);
}

static void note(struct dp_file *f, enum ct_note_kind kind, const char *text)
{
	dp_record_note(f->content->ins, f->rec, kind, 0, 0, text, strlen(text));
}

void dp_facts_end(struct dp_file *f)
{
	struct rs_exe *e = f->exe;
	const char *name;
	size_t at = 0;
	if (!e)
		return;
	if (rs_exe_end(e)) {
		dp_record_note(f->content->ins, f->rec, CT_NOTE_FILE_EXE, 0, 0, &e->facts, sizeof e->facts);
		while ((name = rs_exe_section(e, &at)))
			note(f, CT_NOTE_FILE_SECTION, name);
		at = 0;
		while ((name = rs_exe_import(e, &at)))
			note(f, CT_NOTE_FILE_IMPORT, name);
	}
	rs_pool_put(&f->content->ins->executables, e);
	f->exe = NULL;
}
