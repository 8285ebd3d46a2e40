#include "platform/core/space.h"

#include <stdio.h>
#include <string.h>

#include "platform/core/change.h"
#include "platform/store/info.h"
#include "platform/store/lease.h"

enum err space_named(struct tx *tx, const struct actor *actor, enum permission permission,
                     int64_t property_id, int64_t space_id, const char *field, struct fault *fault,
                     struct space_row *row, int64_t now_ms)
{
	struct place place;
	enum err err = space_get(tx->db, property_id, space_id, row);

	if (!err)
		err = place_of_space(tx->db, property_id, space_id, &place);
	if (!err)
		err = access_require(tx, actor, permission, &place, now_ms);
	if (err == ERR_NOT_FOUND)
		return fault_set(fault, ERR_BAD_INPUT, field, "no such space here");
	if (err == ERR_FORBIDDEN)
		return fault_set(fault, ERR_FORBIDDEN, field, "no right there");
	return err;
}

/* The property or the node that the new or moved one stands in. */
static enum err take_parent(struct tx *tx, struct space_edit *r, int64_t now_ms)
{
	struct space_row *row = &r->row, parent = {0};
	struct place place;
	enum err err;

	row->parent_id = r->parent_id;
	if (!r->parent_id) {
		err = place_of_space(tx->db, r->property_id, 0, &place);
		if (!err)
			err = access_require(tx, &r->actor, PERMISSION_SPACE_WRITE, &place, now_ms);
	} else {
		err = space_named(tx, &r->actor, PERMISSION_SPACE_WRITE, r->property_id,
		                  r->parent_id, "parent", &r->fault, &parent, now_ms);
	}
	if (err)
		return err;
	if ((row->kind == SPACE_BUILDING) != (r->parent_id == 0) ||
	    (r->parent_id && (int)parent.kind != (int)row->kind - 1))
		return fault_set(&r->fault, ERR_BAD_INPUT, "parent",
		                 "a building has none, a floor stands in a building, a room on a "
		                 "floor");
	row->building_id = row->kind == SPACE_BUILDING ? row->space_id : parent.building_id;
	row->floor_id = row->kind == SPACE_FLOOR ? row->space_id : parent.floor_id;
	return ERR_NONE;
}

static enum err take_code(struct space_edit *r)
{
	enum err err = fault_text(&r->fault, "code", r->code, TEXT_LINE, 1, CODE_CHARS);
	size_t len = strlen(r->code);

	if (err)
		return err;
	/* Codes make paths, in sheets too, where blanks at the ends are lost. */
	if (strchr(r->code, '/') || r->code[0] == ' ' || r->code[len - 1] == ' ')
		return fault_set(&r->fault, ERR_BAD_INPUT, "code",
		                 "must not hold / or begin or end with a blank");
	snprintf(r->row.code, sizeof r->row.code, "%s", r->code);
	return ERR_NONE;
}

static enum err take_values(struct space_edit *r)
{
	enum err err = r->code ? take_code(r) : ERR_NONE;

	if (!err && r->name) {
		err = fault_text(&r->fault, "name", r->name, TEXT_LINE, 0, NAME_CHARS);
		if (!err)
			snprintf(r->row.name, sizeof r->row.name, "%s", r->name);
	}
	if (!err && r->has_area && (r->area_dm2 < 0 || r->area_dm2 > AREA_DM2_MAX))
		return fault_set(&r->fault, ERR_BAD_INPUT, "area_dm2", "must be 0 to %lld",
		                 (long long)AREA_DM2_MAX);
	if (!err && r->has_sort && (r->sort < -SORT_MAX || r->sort > SORT_MAX))
		return fault_set(&r->fault, ERR_BAD_INPUT, "sort", "must be -%lld to %lld",
		                 (long long)SORT_MAX, (long long)SORT_MAX);
	if (r->has_area)
		r->row.area_dm2 = r->area_dm2;
	if (r->has_sort)
		r->row.sort = r->sort;
	return err;
}

static enum err note(struct tx *tx, const struct space_edit *r, const char *action,
                     const struct space_row *before, const struct space_row *after, int64_t now_ms)
{
	struct audit_entry entry = {.property_id = r->property_id, .action = action, .detail = ""};
	const struct space_row *any = after ? after : before;
	struct change change;
	char object[64];

	change_begin(&change);
	if (!before || !after)
		change_text(&change, "kind", before ? space_kind_word(before->kind) : NULL,
		            after ? space_kind_word(after->kind) : NULL);
	change_int(&change, "parent", before ? before->parent_id : CHANGE_NONE,
	           after ? after->parent_id : CHANGE_NONE);
	change_text(&change, "code", before ? before->code : NULL, after ? after->code : NULL);
	change_text(&change, "name", before ? before->name : NULL, after ? after->name : NULL);
	change_int(&change, "area_dm2", before ? before->area_dm2 : CHANGE_NONE,
	           after ? after->area_dm2 : CHANGE_NONE);
	change_int(&change, "sort", before ? before->sort : CHANGE_NONE,
	           after ? after->sort : CHANGE_NONE);
	snprintf(object, sizeof object, "space %lld", (long long)any->space_id);
	entry.object = object;
	return change_note(&change, tx, &r->actor, &entry, now_ms);
}

/* Who leases a floor holds its rooms as the tree has them today. A room that came or went would
 * show him what was never his, or hide what was: so it may not, once somebody leased above it. */
static enum err check_move(struct tx *tx, struct space_edit *r, const struct space_row *before)
{
	const int64_t above[4] = {
	        before->building_id, before->kind == SPACE_ROOM ? before->floor_id : 0,
	        r->row.building_id, r->row.kind == SPACE_ROOM ? r->row.floor_id : 0};
	int64_t leases;
	enum err err = lease_count_of_spaces(tx->db, r->property_id, above, &leases);

	if (!err && leases)
		return fault_set(&r->fault, ERR_REFUSED, "parent",
		                 "a node above it, here or there, is or was leased as a whole");
	return err;
}

static enum err code_taken(struct space_edit *r, enum err err)
{
	if (err != ERR_DUP)
		return err;
	return fault_set(&r->fault, ERR_DUP, "code", "is taken below this parent");
}

static enum err space_create(struct tx *tx, struct space_edit *r, int64_t now_ms)
{
	struct property_row property;
	enum err err;

	memset(&r->row, 0, sizeof r->row);
	r->row.property_id = r->property_id;
	r->row.kind = r->kind;
	r->row.created_s = now_ms / 1000;
	if (!space_kind_word(r->kind))
		return fault_set(&r->fault, ERR_BAD_INPUT, "kind", "building, floor or room");
	if (!r->code)
		return fault_set(&r->fault, ERR_BAD_INPUT, "code", "is missing");
	err = sequence_next(tx->db, "space", &r->row.space_id);
	if (!err)
		err = take_parent(tx, r, now_ms);
	if (!err)
		err = property_open(tx, r->property_id, &property, &r->fault);
	if (!err)
		err = take_values(r);
	if (!err)
		err = code_taken(r, space_insert(tx->db, &r->row));
	if (!err)
		err = space_get(tx->db, r->property_id, r->row.space_id, &r->row);
	return err ? err : note(tx, r, "space.create", NULL, &r->row, now_ms);
}

/* The node of an edit or delete as it is, with the right there and the version asked for. */
static enum err space_begin(struct tx *tx, struct space_edit *r, struct space_row *before,
                            int64_t now_ms)
{
	struct property_row property;
	struct place place;
	enum err err = space_get(tx->db, r->property_id, r->space_id, before);

	if (!err)
		err = place_of_space(tx->db, r->property_id, r->space_id, &place);
	if (!err)
		err = access_require(tx, &r->actor, PERMISSION_SPACE_WRITE, &place, now_ms);
	if (!err)
		err = property_open(tx, r->property_id, &property, &r->fault);
	if (!err && before->version != r->version)
		err = ERR_CONFLICT;
	return err;
}

enum err space_edit_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct space_edit *r = arg;
	struct space_row before;
	enum err err;

	r->fault = (struct fault){0};
	if (!r->space_id) {
		err = space_create(tx, r, now_ms);
		return err ? err : effects_directory(out);
	}
	err = space_begin(tx, r, &before, now_ms);
	if (err)
		return err;
	r->row = before;
	if (r->has_parent && r->parent_id != before.parent_id)
		err = take_parent(tx, r, now_ms);
	if (!err && r->row.parent_id != before.parent_id)
		err = check_move(tx, r, &before);
	if (!err)
		err = take_values(r);
	if (!err)
		err = code_taken(r, space_update(tx->db, &r->row));
	if (!err && r->row.kind == SPACE_FLOOR && r->row.building_id != before.building_id)
		err = space_lift(tx->db, r->property_id, r->space_id, r->row.building_id);
	if (!err)
		err = note(tx, r, "space.edit", &before, &r->row, now_ms);
	/* Grants reach below a node: a move changes who sees what. */
	if (!err && r->row.parent_id != before.parent_id)
		err = effects_access(out, 0, 0);
	return err ? err : effects_directory(out);
}

enum err space_delete_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct space_edit *r = arg;
	struct space_row before;
	int64_t uses = 0;
	enum err err;

	r->fault = (struct fault){0};
	err = space_begin(tx, r, &before, now_ms);
	if (!err)
		err = space_uses(tx->db, r->property_id, r->space_id, &uses);
	if (!err && uses)
		return fault_set(&r->fault, ERR_REFUSED, NULL,
		                 "nodes, meters (also former ones) or leases hang on it");
	if (!err)
		err = space_delete(tx->db, r->property_id, r->space_id);
	if (!err)
		err = note(tx, r, "space.delete", &before, NULL, now_ms);
	return err ? err : effects_directory(out);
}
