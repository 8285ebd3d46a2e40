/* What an edit changed, for the audit: two JSON objects with the members that differ.
 *
 *	change_begin(&change);
 *	change_text(&change, "name", before.name, row.name);
 *	change_int(&change, "area_dm2", before.area_dm2, row.area_dm2);
 *	return change_note(&change, tx, &actor, &entry, now_ms);
 *
 * An object that is new or goes has one side only: the other is NULL or CHANGE_NONE. */
#ifndef PLATFORM_CORE_CHANGE_H
#define PLATFORM_CORE_CHANGE_H

#include "platform/core/admin.h"
#include "platform/core/json_out.h"

#define CHANGE_NONE INT64_MIN

struct change {
	struct json_out before, after;
};

void change_begin(struct change *change);
void change_text(struct change *change, const char *name, const char *before, const char *after);
void change_int(struct change *change, const char *name, int64_t before, int64_t after);
/* Of a text that may hold personal data: its length only. */
void change_length(struct change *change, const char *name, const char *before, const char *after);
/* What is shown masked may differ where it looks the same. */
void change_masked(struct change *change, const char *name, bool differs, const char *before,
                   const char *after);

/* Writes the audit line (entry->before and ->after are filled here) and frees. An edit that changed
 * nothing leaves a line too. */
MUST_USE enum err change_note(struct change *change, struct tx *tx, const struct actor *actor,
                              struct audit_entry *entry, int64_t now_ms);

#endif
