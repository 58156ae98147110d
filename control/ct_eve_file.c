/* SPDX-License-Identifier: Apache-2.0 */
/* A file's record as an EVE line: Suricata's fileinfo, and what else is known of the file. */
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "control/ct_filename.h"
#include "control/ct_list.h"
#include "control/ct_render_private.h"
#include "control/ct_text.h"

static json_t *hex(const uint8_t *p, size_t n)
{
	char s[65];
	for (size_t i = 0; i < n; i++)
		snprintf(s + 2 * i, 3, "%02x", p[i]);
	return json_string(s);
}

/* What is known of a file of which bytes are missing. */
static void set_gaps(json_t *o, const struct ct_file *f)
{
	ct_json_set(o, "size_estimated", json_true());
	if (!f->encoded.length)
		return;
	json_t *encoded = json_object();
	ct_json_set(encoded, "offset", ct_json_number(f->encoded.offset));
	ct_json_set(encoded, "length", ct_json_number(f->encoded.length));
	ct_json_set(encoded, "lost", ct_json_number(f->encoded.lost));
	ct_json_set(o, "encoded", encoded);
}

static void set_true(json_t *o, const char *key, bool is)
{
	if (is)
		ct_json_set(o, key, json_true());
}

/* What one of its names says that its reader may not see. */
static void set_name_facts(json_t *o, const struct ct_view *v)
{
	struct ct_filename f = ct_filename_look(v->name ? v->name : "");
	for (size_t i = 0; i < v->other_names.n; i++) {
		const struct ct_filename other = ct_filename_look(v->other_names.v[i]);
		f.double_extension |= other.double_extension;
		f.padded |= other.padded;
	}
	ct_json_set_text(o, "extension", f.extension[0] ? f.extension : NULL);
	set_true(o, "double_extension", f.double_extension);
	set_true(o, "padded_extension", f.padded);
	set_true(o, "direction_override", v->overrides);
}

/* All names that it was given, where they differ. */
static void set_names(json_t *o, const struct ct_view *v)
{
	if (!v->other_names.n)
		return;
	json_t *names = json_array();
	ct_json_append(names, json_string(v->name ? v->name : ""));
	for (size_t i = 0; i < v->other_names.n; i++)
		ct_json_append(names, json_string(v->other_names.v[i]));
	ct_json_set(o, "names", names);
}

/* A name, or the number where there is none. */
static json_t *named(const char *name, uint32_t number)
{
	return name ? json_string(name) : json_sprintf("0x%x", number);
}

static void set_machines(json_t *o, const struct rs_exe_facts *f)
{
	const enum rs_exe_format format = (enum rs_exe_format)f->format;
	if (f->machines)
		ct_json_set(o, "machine", named(rs_exe_machine_name(format, f->machine[0]), f->machine[0]));
	if (f->machines < 2)
		return;
	json_t *all = json_array();
	for (unsigned i = 0; i < f->machines && i < RS_EXE_MACHINES; i++)
		ct_json_append(all, named(rs_exe_machine_name(format, f->machine[i]), f->machine[i]));
	ct_json_set(o, "machines", all);
}

static json_t *executable(const struct ct_view *v)
{
	const struct rs_exe_facts *f = &v->exe;
	json_t *o = json_object();
	ct_json_set_text(o, "format", rs_exe_format_name((enum rs_exe_format)f->format));
	ct_json_set_text(o, "type", rs_exe_type_name((enum rs_exe_type)f->type));
	set_machines(o, f);
	if (f->subsystem)
		ct_json_set(o, "subsystem", named(rs_exe_subsystem_name(f->subsystem), f->subsystem));
	set_true(o, "dotnet", f->dotnet);
	ct_json_set_text(o, "packer", f->packer);
	ct_json_set(o, "sections", ct_json_array(&v->sections));
	if (f->sections > v->sections.n)
		ct_json_set(o, "sections_more", ct_json_number(f->sections - v->sections.n));
	ct_json_set(o, "imports", ct_json_array(&v->imports));
	if (f->unread)
		ct_json_set(o, "imports_unread", ct_json_number(f->unread));
	set_true(o, "truncated", f->cut);
	return o;
}

static json_t *fileinfo(struct ct_render *r, const struct ct_record *rec, const struct ct_view *v, bool stored)
{
	const struct ct_file *f = &rec->u.file;
	json_t *info = json_object();
	ct_json_set_text(info, "filename", v->name ? v->name : "");
	if (r->magic_wanted && v->head_len) {
		char *magic = ct_magic_describe(&r->magic, v->head, v->head_len);
		ct_json_set_text(info, "magic", magic);
		free(magic);
	}
	ct_json_set(info, "gaps", json_boolean(f->gaps));
	ct_json_set_text(info, "state", f->state == CT_FILE_CLOSED ? "CLOSED" : "TRUNCATED");
	if (f->has_sha256)
		ct_json_set(info, "sha256", hex(f->sha256, sizeof f->sha256));
	ct_json_set(info, "stored", json_boolean(stored));
	ct_json_set(info, "size", ct_json_number(f->size));
	ct_json_set(info, "tx_id", json_integer(rec->tx_id));
	return info;
}

/* Keeps the file, where it is to be kept. NULL: it is there; else why not; "": nobody asked. */
static const char *store(struct ct_render *r, const struct ct_file *f, const struct ct_view *v)
{
	uint8_t sha256[32];
	switch ((enum ct_store_wish)f->store) {
	case CT_STORE_TOO_LONG:
		return "longer than files.store_size";
	case CT_STORE_NO_ROOM:
		return "no room in memory.blocks or limits.note_blocks";
	case CT_STORE_BROKEN:
		return "bytes are missing";
	case CT_STORE_WHOLE:
		break;
	case CT_STORE_NOT:
		return "";
	}
	if (!r->store || v->content_len != f->size)
		return r->store ? "no room in memory.blocks or limits.note_blocks" : "";
	if (f->has_sha256)
		memcpy(sha256, f->sha256, sizeof sha256);
	else if (!EVP_Digest(v->head, v->content_len, sha256, NULL, EVP_sha256(), NULL))
		return "no SHA-256";
	return ct_store_put(r->store, sha256, v->head, v->content_len);
}

struct listing {
	struct ct_render *r;
	const struct ct_record *rec;
	const struct ct_view *v;
	struct ct_buf *out;
};

/* A member that is told by its archive's list alone. */
static void put_listed(void *arg, const struct ct_member *m)
{
	const struct listing *l = arg;
	char *name = ct_text_plain((const uint8_t *)m->name, strlen(m->name));
	json_t *o = ct_eve_begin(l->r, l->rec, "fileinfo"), *info = json_object(), *ours = json_object();
	ct_json_set_text(info, "filename", name ? name : "");
	ct_json_set(info, "gaps", json_false());
	ct_json_set_text(info, "state", "UNKNOWN");
	ct_json_set(info, "stored", json_false());
	if (m->sized)
		ct_json_set(info, "size", ct_json_number(m->size));
	ct_json_set(info, "tx_id", json_integer(l->rec->tx_id));
	ct_json_set(o, "fileinfo", info);
	json_t *path = ct_json_array(&l->v->path);
	if (!l->v->path.n)
		ct_json_append(path, json_string(l->v->name ? l->v->name : ""));
	ct_json_append(path, json_string(name ? name : ""));
	ct_json_set(ours, "path", path);
	ct_json_set_text(ours, "part", l->v->file_part);
	const struct ct_filename f = ct_filename_look(name ? name : "");
	ct_json_set_text(ours, "extension", f.extension[0] ? f.extension : NULL);
	set_true(ours, "double_extension", f.double_extension);
	set_true(ours, "padded_extension", f.padded);
	ct_json_set(ours, "listed", json_true());
	ct_json_set(ours, "encrypted", json_boolean(m->encrypted));
	ct_json_set_text(ours, "sensor", l->r->sensor);
	ct_json_set(o, "mailweir", ours);
	ct_json_line(o, l->out);
	free(name);
}

void ct_eve_file(struct ct_render *r, const struct ct_record *rec, const struct ct_view *v, struct ct_buf *out)
{
	const struct ct_file *f = &rec->u.file;
	const char *why = store(r, f, v);
	json_t *o = ct_eve_begin(r, rec, "fileinfo");
	ct_json_set(o, "fileinfo", fileinfo(r, rec, v, !why));
	json_t *ours = json_object();
	ct_json_set(ours, "path", ct_json_array(&v->path));
	ct_json_set_text(ours, "part", v->file_part);
	ct_json_set_text(ours, "type", v->type && v->type[0] ? v->type : NULL);
	set_names(ours, v);
	set_name_facts(ours, v);
	if (v->executable)
		ct_json_set(ours, "executable", executable(v));
	ct_json_set(ours, "encrypted", json_boolean(f->encrypted));
	ct_json_set_text(ours, "not_stored", why && why[0] ? why : NULL);
	if (f->gaps)
		set_gaps(ours, f);
	ct_json_set_text(ours, "sensor", r->sensor);
	ct_json_set(o, "mailweir", ours);
	ct_json_line(o, out);
	if (!why)
		ct_list_members(v->head, v->content_len, r->members_most, put_listed, &(struct listing){ r, rec, v, out });
}
