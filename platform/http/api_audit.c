/* The audit: one chain per property, one per group, one of the installation. Searching reads newest
 * lines first and gives up after so many lines; `next` then goes on from there. */
#include <stdio.h>
#include <string.h>

#include "libs/base/utf8.h"
#include "platform/http/context.h"
#include "platform/http/page.h"
#include "platform/http/show.h"

struct audit_page {
	struct page page;
	struct audit_filter filter;
};

static bool take_line(void *arg, const struct audit_row *row)
{
	struct audit_page *list = arg;

	if (!page_take(&list->page, "", 0, row->audit_id))
		return false;
	show_audit(list->page.out, NULL, row);
	return true;
}

static enum err read_audit(struct reader *reader, void *arg)
{
	struct audit_page *list = arg;
	int64_t stopped_at;
	enum err err;

	list->filter.before = list->page.ask.after_id;
	err = audit_search(reader->db, &list->filter, take_line, list, &stopped_at);
	if (!err && stopped_at) {
		list->page.full = true;
		list->page.last_id = stopped_at;
	}
	return err;
}

static void audit_read_done(struct request *request, void *arg, enum err err)
{
	struct audit_page *list = arg;

	if (err)
		answer_err(request, err);
	else
		page_close(request, &list->page);
}

static const struct dir_property *first_property(const struct request *request)
{
	const struct directory *dir = request->http->platform->dir;

	for (size_t i = 0; i < dir->property_count; i++) {
		struct place place = directory_place_of_property(&dir->properties[i]);

		if (gate_shows(request, PERMISSION_AUDIT_READ, &place))
			return &dir->properties[i];
	}
	return NULL;
}

/* False: answered. */
static bool find_property(struct request *request, const struct query_audit_show *query,
                          struct place *place, char object[64])
{
	const struct dir_property *property =
	        query->has_property ? directory_slug(request->http->platform->dir, query->property)
	                            : first_property(request);

	if (!property) {
		answer_err(request, ERR_NOT_FOUND);
		return false;
	}
	*place = directory_place_of_property(property);
	snprintf(object, 64, "property %s", property->slug);
	return true;
}

/* False: answered. */
static bool find_chain(struct request *request, struct audit_filter *filter)
{
	const struct query_audit_show *query = audit_show_query(request);
	struct place place = {0};
	char object[64] = "installation";

	if (query->has_group) {
		place.group_id = query->group;
		snprintf(object, sizeof object, "group %lld", (long long)query->group);
	} else if (!query->has_property || strcmp(query->property, "installation") != 0) {
		if (!find_property(request, query, &place, object))
			return false;
	}
	filter->property_id = place.property_id;
	filter->group_id = place.property_id ? 0 : place.group_id;
	return gate_allows(request, PERMISSION_AUDIT_READ, &place, object);
}

static void take_text(char *to, size_t size, bool has, const char *text)
{
	if (has)
		utf8_copy(to, size, text);
}

static void read_filter(const struct query_audit_show *query, struct audit_filter *filter)
{
	take_text(filter->who, sizeof filter->who, query->has_who, query->who);
	take_text(filter->action, sizeof filter->action, query->has_action, query->action);
	take_text(filter->object, sizeof filter->object, query->has_object, query->object);
	take_text(filter->result, sizeof filter->result, query->has_result, query->result);
	filter->from_ms = query->has_from ? query->from_s * 1000 : 0;
	filter->to_ms = query->has_to ? query->to_s * 1000 : 0;
}

void audit_show(struct request *request)
{
	struct audit_page *list = request_alloc(request, sizeof *list);

	if (!list) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	read_filter(audit_show_query(request), &list->filter);
	if (!find_chain(request, &list->filter) || !page_open(request, &list->page))
		return;
	utf8_copy(list->filter.text, sizeof list->filter.text, list->page.ask.search);
	request_read(request, read_audit, list, audit_read_done);
}
