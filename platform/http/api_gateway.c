/* Gateways, and the audit of a property. */
#include <string.h>

#include "platform/http/context.h"
#include "platform/http/show.h"

#define AUDIT_LIMIT     100
#define AUDIT_LIMIT_MAX 500

struct gateways_list {
	struct json_out *out;

	struct {
		int64_t property_id;
		char slug[SLUG_SIZE];
	} property[64];

	size_t property_count;
};

static void take_property(void *arg, const struct property_row *row)
{
	struct gateways_list *list = arg;

	if (list->property_count == ARRAY_SIZE(list->property))
		return;
	list->property[list->property_count].property_id = row->property_id;
	memcpy(list->property[list->property_count++].slug, row->slug, SLUG_SIZE);
}

static void take_gateway(void *arg, const struct gateway_row *row)
{
	struct gateways_list *list = arg;
	const char *slug = NULL;

	for (size_t i = 0; i < list->property_count; i++)
		if (list->property[i].property_id == row->property_id)
			slug = list->property[i].slug;
	show_gateway(list->out, NULL, row, slug);
}

static enum err read_gateways(struct reader *reader, void *arg)
{
	enum err err = property_list(reader->db, take_property, arg);

	return err ? err : gateway_list(reader->db, take_gateway, arg);
}

static void gateways_found(struct request *request, void *arg, enum err err)
{
	(void)arg;
	if (err) {
		answer_err(request, err);
		return;
	}
	out_array_end(&request->out);
	answer_json(request, 200);
}

void gateways_list(struct request *request)
{
	struct gateways_list *list = request_alloc(request, sizeof *list);

	if (!list) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	list->out = &request->out;
	out_array(&request->out, NULL);
	request_read(request, read_gateways, list, gateways_found);
}

/* ---- audit: one chain per property; without ?property= the first property, and
 * `installation` is what belongs to none (logins, gateways, users) ---- */

struct audit_list {
	const char *property; /* NULL: the first one */
	int64_t property_id, before, limit;
	bool found;
	int64_t count, last;
	struct json_out *out;
};

static void take_first(void *arg, const struct property_row *row)
{
	struct audit_list *list = arg;

	if (!list->found)
		list->property_id = row->property_id;
	list->found = true;
}

static enum err find_chain(struct reader *reader, struct audit_list *list)
{
	struct property_row row;
	enum err err;

	if (!list->property)
		return property_list(reader->db, take_first, list);
	if (strcmp(list->property, "installation") == 0)
		return ERR_NONE;
	err = property_by_slug(reader->db, list->property, &row);
	if (!err)
		list->property_id = row.property_id;
	return err;
}

static void take_audit(void *arg, const struct audit_row *row)
{
	struct audit_list *list = arg;

	show_audit(list->out, NULL, row);
	list->count++;
	list->last = row->audit_id;
}

static enum err read_audit(struct reader *reader, void *arg)
{
	struct audit_list *list = arg;
	enum err err = find_chain(reader, list);

	if (err)
		return err;
	return audit_list(reader->db, list->property_id, list->before, list->limit, take_audit,
	                  list);
}

static void audit_found(struct request *request, void *arg, enum err err)
{
	const struct audit_list *list = arg;
	struct json_out *out = &request->out;

	if (err) {
		answer_err(request, err);
		return;
	}
	out_array_end(out);
	if (list->count == list->limit)
		out_int(out, "next", list->last);
	else
		out_null(out, "next");
	out_object_end(out);
	answer_json(request, 200);
}

void audit_show(struct request *request)
{
	struct audit_list *list = request_alloc(request, sizeof *list);

	if (!list) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	list->property = query_text(&request->query, "property");
	list->limit = AUDIT_LIMIT;
	list->out = &request->out;
	if (!query_int(&request->query, "limit", 1, AUDIT_LIMIT_MAX, &list->limit,
	               &request->refusal) ||
	    !query_int(&request->query, "cursor", 0, INT64_MAX, &list->before, &request->refusal)) {
		answer_refusal(request);
		return;
	}
	out_object(&request->out, NULL);
	out_array(&request->out, "items");
	request_read(request, read_audit, list, audit_found);
}
