#include "platform/http/scope.h"

#include <stdio.h>
#include <string.h>

static bool in_group(const struct directory *dir, int64_t group_id)
{
	for (size_t i = 0; i < dir->group_count; i++)
		if (dir->groups[i] == group_id)
			return true;
	return false;
}

/* A property inside the group that was named before it, if one was. */
static bool enter_property(struct scope *scope, const struct dir_property *property)
{
	if (!property || (scope->place.group_id && scope->place.group_id != property->group_id) ||
	    (scope->property && scope->property != property))
		return false;
	scope->property = property;
	scope->place = directory_place_of_property(property);
	return true;
}

static bool enter_space(const struct directory *dir, struct scope *scope, int64_t space_id)
{
	if (!scope->property)
		return false;
	scope->space = directory_space(dir, scope->property->property_id, space_id);
	if (scope->space)
		scope->place = directory_place_of_space(dir, scope->space);
	return scope->space != NULL;
}

static bool enter_gateway(const struct directory *dir, struct scope *scope, const char *name)
{
	scope->gateway = directory_gateway(dir, name);
	if (!scope->gateway ||
	    !enter_property(scope, directory_property(dir, scope->gateway->property_id)))
		return false;
	/* It belongs to the property as a whole: who has some rooms of it does not see it. */
	scope->place.space[0] = SPACE_NOWHERE;
	return true;
}

static bool enter_meter(const struct directory *dir, struct scope *scope, int64_t number)
{
	scope->meter = directory_meter(dir, number);
	if (!scope->meter ||
	    !enter_property(scope, directory_property(dir, scope->meter->property_id)))
		return false;
	scope->place = directory_place_of_meter(dir, scope->meter);
	return true;
}

bool scope_find(const struct directory *dir, const struct route_match *match, struct scope *scope)
{
	bool found = true;

	memset(scope, 0, sizeof *scope);
	for (size_t i = 0; found && i < match->route->param_count; i++) {
		const char *text = match->param[i].text;
		int64_t number = match->param[i].number;

		switch (match->route->param[i].kind) {
		case PARAM_ID:
		case PARAM_TEXT:
			continue;
		case PARAM_GROUP:
			scope->place.group_id = number;
			found = in_group(dir, number);
			break;
		case PARAM_PROPERTY:
			found = enter_property(scope, directory_slug(dir, text));
			break;
		case PARAM_SPACE:
			found = enter_space(dir, scope, number);
			break;
		case PARAM_GATEWAY:
			found = enter_gateway(dir, scope, text);
			break;
		case PARAM_METER:
			found = enter_meter(dir, scope, number);
			break;
		}
		scope->named = true;
	}
	return found;
}

void scope_text(const struct route_match *match, char *to, size_t size)
{
	to[0] = '\0';
	for (size_t i = 0; i < match->route->param_count; i++)
		if (match->route->param[i].kind != PARAM_ID &&
		    match->route->param[i].kind != PARAM_TEXT)
			snprintf(to, size, "%s %s", match->route->param[i].name,
			         match->param[i].text);
}
