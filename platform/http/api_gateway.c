/* Gateways, and the audit of a property. */
#include <stdio.h>
#include <string.h>

#include "platform/http/context.h"
#include "platform/http/page.h"
#include "platform/http/show.h"

struct gateways_list {
	struct page page;
	struct request *request;
	struct directory *dir; /* a reference of our own: the reader looks at it */
};

/* By name, as the store has them; few enough to be looked at one by one. */
static void take_gateway(void *arg, const struct gateway_row *row)
{
	struct gateways_list *list = arg;
	const struct list_ask *ask = &list->page.ask;
	const struct dir_property *property = directory_property(list->dir, row->property_id);
	struct place place;

	if (list->page.full || !property ||
	    (ask->has_after && strcmp(row->name, ask->after_text) <= 0))
		return;
	place = directory_place_of_property(property);
	if (gate_shows(list->request, PERMISSION_PROPERTY_READ, &place) &&
	    page_take(&list->page, row->name, 0, 0))
		show_gateway(list->page.out, NULL, row, property->slug);
}

static enum err read_gateways(struct reader *reader, void *arg)
{
	return gateway_list_by_name(reader->db, take_gateway, arg);
}

static void gateways_found(struct request *request, void *arg, enum err err)
{
	struct gateways_list *list = arg;

	directory_unref(list->dir);
	if (err)
		answer_err(request, err);
	else
		page_close(request, &list->page);
}

void gateways_list(struct request *request)
{
	struct gateways_list *list = request_alloc(request, sizeof *list);

	if (!list) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	if (!page_open(request, &list->page))
		return;
	list->request = request;
	list->dir = directory_ref(request->http->platform->dir);
	if (!request_read(request, read_gateways, list, gateways_found))
		directory_unref(list->dir);
}

/* ---- audit: one chain per property; without ?property= the first one that the caller may read,
 * and `installation` is what belongs to none (logins, users) ---- */

struct audit_list {
	struct page page;
	int64_t property_id; /* 0: the installation's own */
};

static void take_audit(void *arg, const struct audit_row *row)
{
	struct audit_list *list = arg;

	if (page_take(&list->page, "", 0, row->audit_id))
		show_audit(list->page.out, NULL, row);
}

static enum err read_audit(struct reader *reader, void *arg)
{
	struct audit_list *list = arg;

	return audit_list(reader->db, list->property_id, list->page.ask.after_id,
	                  page_rows(&list->page), take_audit, list);
}

static void audit_found(struct request *request, void *arg, enum err err)
{
	struct audit_list *list = arg;

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
static bool find_chain(struct request *request, struct audit_list *list)
{
	const struct query_audit_show *query = audit_show_query(request);
	const struct dir_property *property;
	struct place place = {0};
	char object[64];

	if (query->has_property && strcmp(query->property, "installation") == 0)
		return gate_allows(request, PERMISSION_AUDIT_READ, &place, "installation");
	property = query->has_property
	                   ? directory_slug(request->http->platform->dir, query->property)
	                   : first_property(request);
	if (!property) {
		answer_err(request, ERR_NOT_FOUND);
		return false;
	}
	list->property_id = property->property_id;
	place = directory_place_of_property(property);
	snprintf(object, sizeof object, "property %s", property->slug);
	return gate_allows(request, PERMISSION_AUDIT_READ, &place, object);
}

void audit_show(struct request *request)
{
	struct audit_list *list = request_alloc(request, sizeof *list);

	if (!list) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	if (find_chain(request, list) && page_open(request, &list->page))
		request_read(request, read_audit, list, audit_found);
}
