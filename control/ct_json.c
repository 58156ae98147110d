/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "control/ct_render_private.h"
#include "control/ct_text.h"

/* Of the line under way. jansson's constructors answer NULL when memory is out, and its setters then answer -1. */
static _Thread_local bool broken;

void ct_json_set(json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, value))
		broken = true;
}

void ct_json_append(json_t *array, json_t *value)
{
	if (json_array_append_new(array, value))
		broken = true;
}

json_t *ct_json_text(const char *text)
{
	json_t *value = json_string(text);
	if (value)
		return value;
	char *utf8 = ct_text_plain((const uint8_t *)text, strlen(text));
	value = utf8 ? json_string(utf8) : NULL;
	free(utf8);
	return value;
}

void ct_json_set_text(json_t *object, const char *key, const char *text)
{
	if (text)
		ct_json_set(object, key, ct_json_text(text));
}

bool ct_json_line(json_t *object, struct ct_buf *to)
{
	char *text = object && !broken ? json_dumps(object, JSON_COMPACT) : NULL;
	broken = false;
	json_decref(object);
	if (!text) {
		to->failed = true;
		return false;
	}
	ct_buf_puts(to, text);
	ct_buf_puts(to, "\n");
	free(text);
	return true;
}
