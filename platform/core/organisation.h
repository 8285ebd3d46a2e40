/* Groups and properties: create, edit, archive. What is archived can be read and taken back, and
 * nothing else. */
#ifndef PLATFORM_CORE_ORGANISATION_H
#define PLATFORM_CORE_ORGANISATION_H

#include "platform/core/access.h"
#include "platform/core/admin.h"
#include "platform/core/fault.h"

#define NAME_CHARS      60
#define LABEL_CHARS     31 /* of LABEL_SIZE bytes, whatever the characters */
#define CODE_CHARS      32
#define ADDRESS_CHARS   120
#define REMIND_DAYS_MAX 366

/* Texts are NULL where they stay as they are. */
struct group_edit {
	struct actor actor;
	int64_t group_id; /* 0: a new one */
	int64_t version;  /* that it was read with; not for a new one */
	const char *name;
	bool has_calendar, has_archived;
	int64_t calendar_id; /* 0: none */
	bool archived;
	struct group_row row; /* answer */
	struct fault fault;
};
/* A new group needs `system.manage` of the installation, an edit `property.write` of the group. */
MUST_USE enum err group_edit_step(struct tx *tx, void *group_edit, int64_t now_ms,
                                  struct effects *out);

struct property_edit {
	struct actor actor;
	int64_t property_id; /* 0: a new one of group_id */
	int64_t group_id;
	int64_t version;
	const char *slug; /* of a new one */
	const char *name, *address, *phone, *plan_code;
	bool has_offset, has_calendar, has_remind, has_archived;
	int64_t utc_offset_min; /* of a new one */
	int64_t calendar_id;    /* 0: its group's */
	int64_t remind_days;
	bool archived;
	struct property_row row; /* answer */
	struct fault fault;
};
MUST_USE enum err property_edit_step(struct tx *tx, void *property_edit, int64_t now_ms,
                                     struct effects *out);

/* The property of an act that changes something in it. ERR_REFUSED: it is archived. */
MUST_USE enum err property_open(struct tx *tx, int64_t property_id, struct property_row *row,
                                struct fault *fault);

/* The same for what belongs to a property or (property_id 0) to a group. ERR_NOT_FOUND: there is no
 * such group, or the property is not in it. */
MUST_USE enum err owner_open(struct tx *tx, int64_t group_id, int64_t property_id,
                             struct fault *fault);

/* Digits with a plus sign before them or not; blanks and hyphens between them are dropped. */
MUST_USE enum err phone_normal(const char *text, char phone[PHONE_SIZE]);

/* The civil day of an instant, and its first second. */
int64_t property_day(const struct property_row *row, int64_t unix_s);
int64_t property_day_start_s(const struct property_row *row, int64_t day);

#endif
