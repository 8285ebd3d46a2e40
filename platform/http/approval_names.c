#include "platform/http/approval_names.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/macros.h"
#include "platform/core/role.h"
#include "platform/store/customer.h"
#include "platform/store/place.h"
#include "platform/store/sheet_job.h"
#include "platform/store/space.h"
#include "platform/store/user.h"

#define NAME_SIZE 640 /* of a space: its path and its name */

/* Where a number is looked up. */
struct at {
	struct db *db;
	int64_t property_id;
	bool customers;
};

static enum err user_name(const struct at *at, int64_t number, char name[NAME_SIZE])
{
	struct user_row row;
	enum err err = user_get(at->db, number, &row);

	if (!err)
		snprintf(name, NAME_SIZE, "%s%s%s", row.full_name, row.full_name[0] ? " · " : "",
		         row.name);
	return err;
}

static enum err group_name(const struct at *at, int64_t number, char name[NAME_SIZE])
{
	struct group_row row;
	enum err err = group_get(at->db, number, &row);

	if (!err)
		snprintf(name, NAME_SIZE, "%s", row.name);
	return err;
}

static enum err property_name(const struct at *at, int64_t number, char name[NAME_SIZE])
{
	struct property_row row;
	enum err err = property_get(at->db, number, &row);

	if (!err)
		snprintf(name, NAME_SIZE, "%s", row.name[0] ? row.name : row.slug);
	return err;
}

static enum err space_name(const struct at *at, int64_t number, char name[NAME_SIZE])
{
	char path[SPACE_PATH_SIZE];
	struct space_row row;
	enum err err = space_get(at->db, at->property_id, number, &row);

	if (!err)
		err = space_path(at->db, &row, path);
	if (!err)
		snprintf(name, NAME_SIZE, "%s%s%s", path, row.name[0] ? " " : "", row.name);
	return err;
}

/* The word of a built-in one. */
static enum err name_of_role(const struct at *at, int64_t number, char name[NAME_SIZE])
{
	char text[ROLE_NAME_SIZE];
	enum err err = role_name(at->db, number, text);

	if (!err)
		snprintf(name, NAME_SIZE, "%s", text);
	return err;
}

static enum err customer_name(const struct at *at, int64_t number, char name[NAME_SIZE])
{
	struct customer_row row;
	enum err err;

	if (!at->customers)
		return ERR_NOT_FOUND;
	err = customer_get(at->db, at->property_id, number, &row);
	if (!err)
		snprintf(name, NAME_SIZE, "%s", row.name);
	return err;
}

static enum err import_name(const struct at *at, int64_t number, char name[NAME_SIZE])
{
	struct sheet_job_row row;
	enum err err = sheet_job_get(at->db, at->property_id, number, &row);

	if (!err)
		snprintf(name, NAME_SIZE, "%s", row.client_name);
	return err;
}

static const struct kind {
	const char *word; /* of the object, and the member of the act */
	enum err (*name)(const struct at *at, int64_t number, char name[NAME_SIZE]);
} kinds[] = {
        {"user",     user_name    },
        {"role",     name_of_role },
        {"group",    group_name   },
        {"property", property_name},
        {"space",    space_name   },
        {"customer", customer_name},
        {"import",   import_name  },
};

/* What has no name is null. */
static enum err show_name(struct json_out *out, const char *key, const struct at *at,
                          const struct kind *kind, int64_t number)
{
	char name[NAME_SIZE] = "";
	enum err err = kind && number > 0 ? kind->name(at, number, name) : ERR_NONE;

	if (err && err != ERR_NOT_FOUND)
		return err;
	if (name[0])
		out_text(out, key, name);
	else
		out_null(out, key);
	return ERR_NONE;
}

static struct at at_of(struct db *db, const struct approval_row *row, bool customers)
{
	return (struct at){.db = db, .property_id = row->property_id, .customers = customers};
}

enum err show_object_name(struct json_out *out, struct db *db, const struct approval_row *row,
                          bool customers)
{
	const struct at at = at_of(db, row, customers);
	const char *number = strchr(row->object, ' ');
	const struct kind *kind = NULL;
	size_t len = number ? (size_t)(number - row->object) : 0;

	for (size_t i = 0; number && i < ARRAY_SIZE(kinds); i++)
		if (strlen(kinds[i].word) == len && memcmp(kinds[i].word, row->object, len) == 0)
			kind = &kinds[i];
	return show_name(out, "object_name", &at, kind, number ? strtoll(number, NULL, 10) : 0);
}

enum err show_act_names(struct json_out *out, struct db *db, const struct approval_row *row,
                        bool customers)
{
	const struct at at = at_of(db, row, customers);
	json_t *act = json_loadb(row->body, row->body_len, 0, NULL);
	enum err err = ERR_NONE;

	out_object(out, "names");
	for (size_t i = 0; !err && i < ARRAY_SIZE(kinds); i++)
		err = show_name(out, kinds[i].word, &at, &kinds[i],
		                json_integer_value(json_object_get(act, kinds[i].word)));
	out_object_end(out);
	json_decref(act);
	return err;
}
