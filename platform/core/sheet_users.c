/* Staff of a property: a row is one right of one person. Who is not there yet is made, without a
 * password: an invitation is sent to each by the usual way. */
#include <stdio.h>
#include <string.h>

#include "platform/core/organisation.h"
#include "platform/core/role.h"
#include "platform/core/sheet_kind.h"
#include "platform/core/staff.h"

enum { NAME, FULL_NAME, PHONE, LANG, ROLE, SPACE, UNTIL, STATE, COUNT };

#define USER_NAME_CHARS  32
#define FULL_NAME_CHARS  31 /* of USER_TEXT_SIZE bytes, whatever the characters */
#define USER_PHONE_CHARS 24
#define ROLE_CHARS       40

static const struct sheet_word langs[] = {
        {"zh-CN", "中文", "Chinese"},
        {"en",    "英文", "English"},
        {NULL,    NULL,     NULL     },
};

enum { INVITED, ACTIVE, DISABLED };

static const struct sheet_word states[] = {
        [INVITED] = {"invited",  "待激活", "invited" },
        [ACTIVE] = {"active",   "正常",    "active"  },
        [DISABLED] = {"disabled", "已停用", "disabled"},
        {NULL,       NULL,        NULL      },
};

static const struct sheet_column columns[COUNT] = {
        [NAME] = {.key = "name",
                  .zh = "登录名",
                  .en = "Login",
                  .type = SHEET_TEXT,
                  .flags = SHEET_REQUIRED,
                  .min = 1,
                  .max = USER_NAME_CHARS,
                  .size = USER_NAME_SIZE},
        [FULL_NAME] = {.key = "full_name",
                  .zh = "姓名",
                  .en = "Full name",
                  .type = SHEET_TEXT,
                  .max = FULL_NAME_CHARS,
                  .size = USER_TEXT_SIZE                                                                                                                                                                                                                                                                                                                           },
        [PHONE] = {.key = "phone",
                  .zh = "电话",
                  .en = "Phone",
                  .type = SHEET_TEXT,
                  .max = USER_PHONE_CHARS                                                                                                                                                        },
        [LANG] =
                {.key = "lang",                                                     .zh = "语言",                                             .en = "Language", .type = SHEET_WORD, .words = langs},
        [ROLE] = {.key = "role",
                  .zh = "角色",
                  .en = "Role",
                  .type = SHEET_TEXT,
                  .flags = SHEET_REQUIRED,
                  .min = 1,
                  .max = ROLE_CHARS,
                  .size = ROLE_NAME_SIZE},
        [SPACE] = {.key = "space",
                  .zh = "范围",
                  .en = "Space",
                  .type = SHEET_TEXT,
                  .max = SPACE_PATH_CHARS,
                  .help_zh = "楼栋/楼层/房间; 空为整个物业",
                  .help_en = "building/floor/room; empty: the whole property"},
        [UNTIL] = {.key = "until",
                  .zh = "有效期至",
                  .en = "Until",
                  .type = SHEET_DATE,
                  .min = 0,
                  .max = 109572,
                  .help_zh = "含当日",
                  .help_en = "included"},
        [STATE] = {.key = "state",
                  .zh = "状态",
                  .en = "State",
                  .type = SHEET_WORD,
                  .flags = SHEET_READ_ONLY,
                  .words = states                                                                                                                                                                                                                                                                                                                           },
};

static void row_key(const struct sheet_value *values, char key[SHEET_KEY_SIZE])
{
	snprintf(key, SHEET_KEY_SIZE, "%.*s\n%.*s\n%.*s", (int)values[NAME].len, values[NAME].text,
	         (int)values[ROLE].len, values[ROLE].text, (int)values[SPACE].len,
	         values[SPACE].text);
}

/* ---- the person ---- */

static enum err make_user(struct sheet_run *run, const struct sheet_value *values,
                          struct user_row *user)
{
	struct user_create create = {.actor = *run->actor,
	                             .row = {.group_id = run->property->group_id}};
	enum err err;

	sheet_text_to(create.row.name, sizeof create.row.name, &values[NAME]);
	sheet_text_to(create.row.full_name, sizeof create.row.full_name, &values[FULL_NAME]);
	sheet_text_to(create.row.phone, sizeof create.row.phone, &values[PHONE]);
	if (values[LANG].given)
		snprintf(create.row.lang, sizeof create.row.lang, "%s",
		         langs[values[LANG].number].word);
	err = user_create_step(run->tx, &create, run->now_ms, run->out);
	*user = create.row;
	run->outcome = SHEET_ROW_ADDED;
	return err ? sheet_step_wrong(run, err, NAME, "") : ERR_NONE;
}

static enum err edit_user(struct sheet_run *run, const struct sheet_value *values,
                          struct user_row *user)
{
	struct user_edit edit = {
	        .actor = *run->actor, .user_id = user->user_id, .version = user->version};
	enum err err;

	if (sheet_differs(&values[FULL_NAME], user->full_name))
		edit.members |= USER_FULL_NAME;
	if (sheet_differs(&values[PHONE], user->phone))
		edit.members |= USER_PHONE;
	if (values[LANG].given && strcmp(langs[values[LANG].number].word, user->lang) != 0)
		edit.members |= USER_LANG;
	if (!edit.members)
		return ERR_NONE;
	sheet_text_to(edit.row.full_name, sizeof edit.row.full_name, &values[FULL_NAME]);
	sheet_text_to(edit.row.phone, sizeof edit.row.phone, &values[PHONE]);
	if (values[LANG].given)
		snprintf(edit.row.lang, sizeof edit.row.lang, "%s",
		         langs[values[LANG].number].word);
	err = user_edit_step(run->tx, &edit, run->now_ms, run->out);
	*user = edit.row;
	run->outcome = SHEET_ROW_CHANGED;
	return err ? sheet_step_wrong(run, err, NAME, "") : ERR_NONE;
}

static enum err take_user(struct sheet_run *run, const struct sheet_value *values,
                          struct user_row *user)
{
	char name[USER_NAME_SIZE];
	enum err err;

	sheet_text_to(name, sizeof name, &values[NAME]);
	err = user_by_name(run->tx->db, name, user);
	if (err == ERR_NOT_FOUND)
		return make_user(run, values, user);
	/* Another group's person is not told about. */
	if (!err && user->group_id != run->property->group_id)
		return sheet_wrong(run, NAME, SHEET_FAULT_TAKEN, "%s", "");
	return err ? err : edit_user(run, values, user);
}

/* ---- the right ---- */

struct role_search {
	char name[ROLE_NAME_SIZE];
	int64_t role_id;
};

static void note_role(void *arg, const struct role_row *row)
{
	struct role_search *search = arg;

	if (strcmp(row->name, search->name) == 0)
		search->role_id = row->role_id;
}

static enum err find_role(struct sheet_run *run, const struct sheet_value *value, int64_t *role_id)
{
	struct role_search search = {.role_id = 0};
	enum err err;

	sheet_text_to(search.name, sizeof search.name, value);
	for (size_t i = 0; i < builtin_role_count; i++) {
		const struct builtin_role *role = &builtin_roles[i];

		if (strcmp(search.name, role->word) == 0 || strcmp(search.name, role->zh) == 0 ||
		    strcmp(search.name, role->en) == 0) {
			*role_id = role->role_id;
			return ERR_NONE;
		}
	}
	err = role_list(run->tx->db, run->property->group_id, note_role, &search);
	*role_id = search.role_id;
	if (!err && !search.role_id)
		return sheet_wrong(run, ROLE, SHEET_FAULT_UNKNOWN, "%s", search.name);
	return err;
}

struct grant_search {
	struct grant_row wanted, found;
};

static void note_grant(void *arg, const struct grant_row *row)
{
	struct grant_search *search = arg;

	if (row->role_id == search->wanted.role_id &&
	    row->property_id == search->wanted.property_id &&
	    row->space_id == search->wanted.space_id)
		search->found = *row;
}

static enum err find_scope(struct sheet_run *run, const struct sheet_value *values,
                           struct grant_row *grant)
{
	char path[SPACE_PATH_SIZE];
	struct space_row space;
	enum err err = find_role(run, &values[ROLE], &grant->role_id);

	grant->group_id = run->property->group_id;
	grant->property_id = run->property->property_id;
	if (!err && values[SPACE].given) {
		sheet_text_to(path, sizeof path, &values[SPACE]);
		err = sheet_space_find(run, SPACE, path, &space);
		grant->space_id = err ? 0 : space.space_id;
	}
	if (values[UNTIL].given)
		grant->expires_s = property_day_start_s(run->property, values[UNTIL].number + 1);
	return err;
}

/* A grant is given, or given anew with another end; it is never taken by a sheet. */
static enum err take_grant(struct sheet_run *run, const struct sheet_value *values, int64_t user_id)
{
	struct grant_search search = {.wanted = {.user_id = user_id}};
	struct grant_request request = {.actor = *run->actor};
	enum err err = find_scope(run, values, &search.wanted);

	if (!err)
		err = grant_list_of_user(run->tx->db, user_id, note_grant, &search);
	if (err)
		return err;
	request.row = search.wanted;
	if (search.found.grant_id) {
		if (!values[UNTIL].column_there ||
		    search.found.expires_s == search.wanted.expires_s)
			return ERR_NONE;
		request.row.grant_id = search.found.grant_id;
		err = grant_remove_step(run->tx, &request, run->now_ms, run->out);
		request.row = search.wanted;
	}
	if (!err)
		err = grant_add_step(run->tx, &request, run->now_ms, run->out);
	if (run->outcome == SHEET_ROW_SAME)
		run->outcome = SHEET_ROW_CHANGED;
	if (!err && request.approval_id)
		err = ERR_REFUSED;
	return err ? sheet_step_wrong(run, err, ROLE, "") : ERR_NONE;
}

static enum err row(struct sheet_run *run, const struct sheet_value *values)
{
	struct user_row user;
	enum err err;

	run->outcome = SHEET_ROW_SAME;
	err = take_user(run, values, &user);
	return err ? err : take_grant(run, values, user.user_id);
}

/* ---- export: all at once, it is not much ---- */

struct exporting {
	struct sheet_page *page;
	const struct user_row *user;
};

static enum err put_grant(struct exporting *exporting, const struct grant_row *grant)
{
	struct sheet_page *page = exporting->page;
	const struct user_row *user = exporting->user;
	struct sheet_value values[COUNT] = {0};
	char role[ROLE_NAME_SIZE], path[SPACE_PATH_SIZE] = "";
	struct space_row space;
	enum err err = role_name(page->db, grant->role_id, role);

	if (!err && grant->space_id)
		err = space_get(page->db, grant->property_id, grant->space_id, &space);
	if (!err && grant->space_id)
		err = space_path(page->db, &space, path);
	if (err)
		return err == ERR_NOT_FOUND ? ERR_NONE : err; /* the space is gone */
	values[NAME] = sheet_value_text(user->name);
	values[FULL_NAME] = sheet_value_text(user->full_name);
	values[PHONE] = sheet_value_text(user->phone);
	values[LANG] = sheet_value_number(strcmp(user->lang, "en") == 0);
	values[ROLE] = sheet_value_text(role);
	values[SPACE] = sheet_value_text(path);
	values[UNTIL] = sheet_value_number(property_day(page->property, grant->expires_s - 1));
	values[UNTIL].given = grant->expires_s != 0;
	values[STATE] = sheet_value_number(user->disabled_s         ? DISABLED
	                                   : user->password_hash[0] ? ACTIVE
	                                                            : INVITED);
	sheet_page_put(page, values, user->name, user->user_id);
	return ERR_NONE;
}

struct grants {
	struct grant_row row[ACCESS_GRANTS_MAX];
	size_t count;
	int64_t property_id;
};

static void note_here(void *arg, const struct grant_row *row)
{
	struct grants *grants = arg;

	if (row->property_id == grants->property_id && grants->count < ACCESS_GRANTS_MAX)
		grants->row[grants->count++] = *row;
}

static bool put_user(void *arg, const struct user_row *user)
{
	struct sheet_page *page = arg;
	struct exporting exporting = {.page = page, .user = user};
	struct grants grants = {.property_id = page->property->property_id};

	if (user->group_id != page->property->group_id)
		return true;
	page->err = grant_list_of_user(page->db, user->user_id, note_here, &grants);
	for (size_t i = 0; !page->err && i < grants.count; i++)
		page->err = put_grant(&exporting, &grants.row[i]);
	return !page->err;
}

static enum err page(struct sheet_page *page)
{
	return page->ask.has_after ? ERR_NONE : user_list(page->db, put_user, page);
}

const struct sheet_kind sheet_kind_users = {
        .word = "users",
        .zh = "操作员",
        .en = "Staff",
        .columns = columns,
        .count = COUNT,
        .write = PERMISSION_USER_WRITE,
        .read = PERMISSION_USER_READ,
        .sum = {-1, -1},
        .key = row_key,
        .row = row,
        .page = page,
};
