#include "platform/http/named.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/core/clock.h"
#include "platform/core/refused.h"
#include "platform/http/body.h"
#include "platform/http/context.h"
#include "platform/store/owner.h"

#define NAMES_MAX        8 /* of a request that are looked for in the store */
#define LOOKS_PER_MINUTE 600

/* ---- what the directory knows ---- */

static void note_place(struct request *request, const char *kind, const char *name,
                       const struct place *place)
{
	char object[64];

	if (gate_sees(request, place))
		return;
	snprintf(object, sizeof object, "%s %s", kind, name);
	gate_note(request, place, object);
}

static void note_meter(struct request *request, int64_t number)
{
	const struct directory *dir = request->http->platform->dir;
	const struct dir_meter *meter = directory_meter(dir, number);
	struct place place;
	char name[24];

	if (!meter)
		return;
	place = directory_place_of_meter(dir, meter);
	snprintf(name, sizeof name, "%lld", (long long)number);
	note_place(request, "meter", name, &place);
}

static void note_space(struct request *request, int64_t number)
{
	const struct directory *dir = request->http->platform->dir;
	const struct dir_space *space = NULL;
	struct place place;
	char name[24];

	for (size_t i = 0; i < dir->property_count && !space; i++)
		space = directory_space(dir, dir->properties[i].property_id, number);
	if (!space)
		return;
	place = directory_place_of_space(dir, space);
	snprintf(name, sizeof name, "%lld", (long long)number);
	note_place(request, "space", name, &place);
}

static bool is_space(const char *name)
{
	static const char *const words[] = {"space", "spaces", "parent", "below"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcmp(name, words[i]) == 0)
			return true;
	return false;
}

static void take_place(void *arg, const char *name, enum body_type type, int64_t number)
{
	struct request *request = arg;

	if (request->refusal_noted)
		return;
	if (type == BODY_METER)
		note_meter(request, number);
	else if (is_space(name))
		note_space(request, number);
}

/* Each name in parameters and body; in the path those that stand below a property. */
static void names(const struct request *request, body_name_fn each, void *arg)
{
	const struct route *route = request->match.route;

	for (size_t i = 0; i < route->param_count; i++)
		if ((route->param[i].kind == PARAM_ID || route->param[i].kind == PARAM_SPACE) &&
		    request->match.param[i].number)
			each(arg, route->param[i].name, BODY_ID, request->match.param[i].number);
	if (request->args && route->query)
		body_names(route->query, request->args, each, arg);
	if (request->json && route->object)
		body_names(route->object, request->json, each, arg);
}

void named_note_places(struct request *request)
{
	names(request, take_place, request);
}

void named_note_filters(struct request *request)
{
	const struct route *route = request->match.route;
	const char *slug = query_text(&request->query, "property");
	const struct dir_property *property =
	        slug ? directory_slug(request->http->platform->dir, slug) : NULL;

	if (!request->logged_in)
		return;
	if (property) {
		const struct place place = directory_place_of_property(property);

		note_place(request, "property", slug, &place);
	}
	if (route->query)
		body_names(route->query, request->args, take_place, request);
}

/* ---- what only the store knows ---- */

struct name {
	enum owned kind;
	int64_t number;
};

struct looking {
	struct http *http;
	struct directory *dir;
	struct access access;
	int64_t own_id, now_s; /* property of the path, whose things are asked for by the handler */
	struct name name[NAMES_MAX];
	size_t count;
	bool found;
	struct refused_request line;
};

static void take_name(void *arg, const char *name, enum body_type type, int64_t number)
{
	struct looking *l = arg;
	enum owned kind;

	if (type == BODY_ID && l->count < NAMES_MAX && owned_by_word(name, &kind))
		l->name[l->count++] = (struct name){.kind = kind, .number = number};
}

static enum err look_in(struct reader *reader, struct looking *l, const struct name *name)
{
	for (size_t i = 0; i < l->dir->property_count && !l->found; i++) {
		const struct place place = directory_place_of_property(&l->dir->properties[i]);
		enum err err;

		if (place.property_id == l->own_id || access_sees(&l->access, &place, l->now_s))
			continue;
		err = owned_find(reader->db, name->kind, place.property_id, name->number);
		if (err && err != ERR_NOT_FOUND)
			return err;
		l->found = !err;
		l->line.place = place;
		snprintf(l->line.object, sizeof l->line.object, "%s %lld", owned_word(name->kind),
		         (long long)name->number);
	}
	return ERR_NONE;
}

/* What is here is the handler's to judge: no page of an account without orders is a try at another property's. */
static enum err look(struct reader *reader, void *arg)
{
	struct looking *l = arg;
	enum err err = ERR_NONE;

	for (size_t i = 0; i < l->count && !err; i++) {
		err = owned_find(reader->db, l->name[i].kind, l->own_id, l->name[i].number);
		if (err == ERR_NOT_FOUND)
			err = look_in(reader, l, &l->name[i]);
	}
	return err;
}

static void looked(void *arg, enum err err)
{
	struct looking *l = arg;

	if (!err && l->found) {
		l->http->access_refused++;
		if (gate_may_note(l->http))
			gate_write(l->http, &l->line);
	}
	directory_unref(l->dir);
	free(l);
}

/* Whoever asks for a million numbers has so many looked for. */
static bool may_look(struct http *http)
{
	int64_t minute = clock_mono_ms() / 60000;

	if (minute != http->looked_minute) {
		http->looked_minute = minute;
		http->looked = 0;
	}
	return http->looked++ < LOOKS_PER_MINUTE;
}

static void look_for(struct request *request)
{
	struct http *http = request->http;
	struct looking *l = calloc(1, sizeof *l);

	if (!l)
		return;
	names(request, take_name, l);
	if (!l->count || http->platform->dir->property_count < 2 || !may_look(http)) {
		free(l);
		return;
	}
	l->http = http;
	l->dir = directory_ref(http->platform->dir);
	l->access = request->access;
	l->own_id = request->place.property_id;
	l->now_s = request->now_ms / 1000;
	gate_line(request, &request->place, "", false, &l->line);
	if (reader_submit(http->platform->readers, look, l, looked))
		looked(l, ERR_FULL);
}

void named_note(struct request *request)
{
	if (!request->logged_in || request->names_noted)
		return;
	request->names_noted = true;
	named_note_places(request);
	look_for(request);
}
