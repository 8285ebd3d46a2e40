/* Buildings, floors and rooms: a row is a node, named by the codes down to it. Nodes above it that
 * are not there yet are made without a name. */
#include <stdio.h>
#include <string.h>

#include "platform/core/sheet_kind.h"
#include "platform/core/space.h"

enum { BUILDING, FLOOR, ROOM, NAME, AREA, SORT, COUNT };

#define CODE_COLUMN(id, chinese, english, bits)                                                    \
	{                                                                                          \
		.key = id, .zh = chinese, .en = english, .type = SHEET_TEXT, .flags = bits,        \
		.max = CODE_CHARS, .size = SPACE_CODE_SIZE                                         \
	}

static const struct sheet_column columns[COUNT] = {
        [BUILDING] = CODE_COLUMN("building", "楼栋", "Building", SHEET_REQUIRED),
        [FLOOR] = CODE_COLUMN("floor", "楼层", "Floor", 0),
        [ROOM] = CODE_COLUMN("room", "房间", "Room", 0),
        [NAME] = {.key = "name",
                  .zh = "名称",
                  .en = "Name",
                  .type = SHEET_TEXT,
                  .max = NAME_CHARS,
                  .size = SPACE_NAME_SIZE},
        [AREA] = {.key = "area_m2",
                  .zh = "面积(平方米)",
                  .en = "Area (m2)",
                  .type = SHEET_NUMBER,
                  .max = AREA_DM2_MAX,
                  .decimals = 2          },
        [SORT] = {.key = "sort",
                  .zh = "排序",
                  .en = "Order",
                  .type = SHEET_NUMBER,
                  .min = -SORT_MAX,
                  .max = SORT_MAX        },
};

static const struct sheet_field fields[] = {
        {"code",     -1  },
        {"name",     NAME},
        {"area_dm2", AREA},
        {"sort",     SORT},
        {NULL,       0   },
};

static int depth_of(const struct sheet_value *values)
{
	return values[ROOM].given ? SPACE_ROOM : values[FLOOR].given ? SPACE_FLOOR : SPACE_BUILDING;
}

static void row_key(const struct sheet_value *values, char key[SHEET_KEY_SIZE])
{
	snprintf(key, SHEET_KEY_SIZE, "%.*s/%.*s/%.*s", (int)values[BUILDING].len,
	         values[BUILDING].text, (int)values[FLOOR].len, values[FLOOR].text,
	         (int)values[ROOM].len, values[ROOM].text);
}

static enum err edit_step(struct sheet_run *run, struct space_edit *edit, int column)
{
	enum err err = space_edit_step(run->tx, edit, run->now_ms, run->out);

	if (err && edit->fault.field && strcmp(edit->fault.field, "code") == 0)
		return sheet_step_wrong(run, err, column, edit->fault.why);
	return err ? sheet_fault_wrong(run, err, &edit->fault, fields) : ERR_NONE;
}

static enum err make(struct sheet_run *run, int64_t parent_id, enum space_kind kind,
                     const char *code, const struct sheet_value *values, struct space_row *row)
{
	char name[SPACE_NAME_SIZE];
	struct space_edit edit = {.actor = *run->actor,
	                          .property_id = run->property->property_id,
	                          .kind = kind,
	                          .has_parent = true,
	                          .parent_id = parent_id,
	                          .code = code};
	enum err err;

	if (values) {
		sheet_text_to(name, sizeof name, &values[NAME]);
		edit.name = name;
		edit.has_area = values[AREA].given;
		edit.area_dm2 = values[AREA].number;
		edit.has_sort = values[SORT].given;
		edit.sort = values[SORT].number;
	}
	err = edit_step(run, &edit, (int)kind - SPACE_BUILDING);
	*row = edit.row;
	return err;
}

/* Leaves, edits or makes the node itself. */
static enum err take_node(struct sheet_run *run, const struct sheet_value *values,
                          const struct space_row *node)
{
	char name[SPACE_NAME_SIZE];
	struct space_edit edit = {.actor = *run->actor,
	                          .property_id = node->property_id,
	                          .space_id = node->space_id,
	                          .version = node->version};

	sheet_text_to(name, sizeof name, &values[NAME]);
	edit.name = sheet_differs(&values[NAME], node->name) ? name : NULL;
	edit.has_area = sheet_number_differs(&values[AREA], node->area_dm2);
	edit.area_dm2 = values[AREA].number;
	edit.has_sort = sheet_number_differs(&values[SORT], node->sort);
	edit.sort = values[SORT].number;
	run->outcome = SHEET_ROW_SAME;
	if (!edit.name && !edit.has_area && !edit.has_sort)
		return ERR_NONE;
	run->outcome = SHEET_ROW_CHANGED;
	return edit_step(run, &edit, -1);
}

static enum err row(struct sheet_run *run, const struct sheet_value *values)
{
	int depth = depth_of(values);
	struct space_row node = {.space_id = 0};

	for (int kind = SPACE_BUILDING; kind <= depth; kind++) {
		int column = BUILDING + kind - SPACE_BUILDING;
		char code[SPACE_CODE_SIZE];
		int64_t parent_id = node.space_id;
		enum err err;

		if (!values[column].given)
			return sheet_wrong(run, column, SHEET_FAULT_REQUIRED, "%s", "");
		sheet_text_to(code, sizeof code, &values[column]);
		err = space_by_code(run->tx->db, run->property->property_id, parent_id, code,
		                    &node);
		if (err == ERR_NOT_FOUND) {
			run->outcome = SHEET_ROW_ADDED;
			err = make(run, parent_id, (enum space_kind)kind, code,
			           kind == depth ? values : NULL, &node);
		} else if (!err && kind == depth) {
			err = take_node(run, values, &node);
		}
		if (err)
			return err;
	}
	return ERR_NONE;
}

/* ---- export ---- */

static bool put(void *arg, const struct space_row *node)
{
	struct sheet_page *page = arg;
	struct sheet_value values[COUNT] = {0};
	struct space_row above[2] = {0};
	const char *code[3] = {above[0].code, above[1].code, node->code};

	if (node->kind != SPACE_BUILDING)
		page->err = space_get(page->db, node->property_id, node->building_id, &above[0]);
	if (!page->err && node->kind == SPACE_ROOM)
		page->err = space_get(page->db, node->property_id, node->floor_id, &above[1]);
	if (page->err)
		return false;
	code[node->kind - SPACE_BUILDING] = node->code;
	for (int i = 0; i <= (int)node->kind - SPACE_BUILDING; i++)
		values[BUILDING + i] = sheet_value_text(code[i]);
	values[NAME] = sheet_value_text(node->name);
	values[AREA] = sheet_value_number(node->area_dm2);
	values[AREA].given = node->area_dm2 != 0;
	values[SORT] = sheet_value_number(node->sort);
	values[SORT].given = node->sort != 0;
	return sheet_page_put(page, values, node->code, node->space_id);
}

static enum err page(struct sheet_page *page)
{
	struct space_filter filter = {.ask = page->ask, .parent_id = -1};

	filter.ask.sort = SPACE_BY_NUMBER;
	return space_list(page->db, page->property->property_id, &filter, put, page);
}

const struct sheet_kind sheet_kind_spaces = {
        .word = "spaces",
        .zh = "楼栋楼层房间",
        .en = "Buildings, floors, rooms",
        .columns = columns,
        .count = COUNT,
        .write = PERMISSION_SPACE_WRITE,
        .read = PERMISSION_PROPERTY_READ,
        .sum = {-1, -1},
        .key = row_key,
        .row = row,
        .page = page,
};
