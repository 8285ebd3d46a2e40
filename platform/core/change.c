#include "platform/core/change.h"

#include <stdlib.h>
#include <string.h>

#include "libs/base/utf8.h"

void change_begin(struct change *change)
{
	json_out_init(&change->before);
	json_out_init(&change->after);
	out_object(&change->before, NULL);
	out_object(&change->after, NULL);
}

void change_text(struct change *change, const char *name, const char *before, const char *after)
{
	if (before && after && strcmp(before, after) == 0)
		return;
	if (before)
		out_text(&change->before, name, before);
	if (after)
		out_text(&change->after, name, after);
}

void change_int(struct change *change, const char *name, int64_t before, int64_t after)
{
	if (before == after)
		return;
	if (before != CHANGE_NONE)
		out_int(&change->before, name, before);
	if (after != CHANGE_NONE)
		out_int(&change->after, name, after);
}

static int64_t length_of(const char *text)
{
	return text ? (int64_t)utf8_count(text, strlen(text)) : CHANGE_NONE;
}

void change_length(struct change *change, const char *name, const char *before, const char *after)
{
	if (before && after && strcmp(before, after) == 0)
		return;
	if (before)
		out_int(&change->before, name, length_of(before));
	if (after)
		out_int(&change->after, name, length_of(after));
}

void change_masked(struct change *change, const char *name, bool differs, const char *before,
                   const char *after)
{
	if (!differs)
		return;
	if (before && *before)
		out_text(&change->before, name, before);
	if (after && *after)
		out_text(&change->after, name, after);
}

/* The object as a string; NULL when it is empty. */
static char *finish(struct json_out *out, bool *failed)
{
	bool empty = out->len <= 1;
	char *text = NULL, *data;
	size_t len;

	out_object_end(out);
	data = json_out_take(out, &len);
	if (!data) {
		*failed = true;
		return NULL;
	}
	if (!empty) {
		text = malloc(len + 1);
		if (text) {
			memcpy(text, data, len);
			text[len] = '\0';
		} else {
			*failed = true;
		}
	}
	free(data);
	return text;
}

enum err change_note(struct change *change, struct tx *tx, const struct actor *actor,
                     struct audit_entry *entry, int64_t now_ms)
{
	bool failed = false;
	char *before = finish(&change->before, &failed), *after = finish(&change->after, &failed);
	enum err err = failed ? ERR_NOMEM : ERR_NONE;

	entry->before = before;
	entry->after = after;
	if (!err)
		err = audit_write(tx, actor, entry, now_ms);
	free(before);
	free(after);
	entry->before = entry->after = NULL;
	return err;
}
