/* Gateways. */
#include <stdio.h>
#include <string.h>

#include "platform/core/gateway_revoke.h"
#include "platform/core/show.h"
#include "platform/http/context.h"
#include "platform/http/page.h"
#include "platform/http/show_people.h"

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

/* ---- revoking ---- */

static void cut_write(struct json_out *out, const void *arg)
{
	const struct gateway_cut *cut = arg;

	out_object(out, NULL);
	out_text(out, "gateway", cut->name);
	show_number(out, "approval", cut->approval_id);
	out_object_end(out);
}

static void cut_failed(struct request *request, void *arg, enum err err)
{
	(void)arg;
	if (err == ERR_REFUSED)
		answer_problem(request, PROBLEM_CONFLICT, "gateway", "it is revoked");
	else if (err == ERR_DUP)
		answer_problem(request, PROBLEM_EXISTS, "gateway",
		               "it waits for a second person already");
	else
		answer_err(request, err);
}

void gateway_revoke(struct request *request)
{
	const struct dir_gateway *gateway = request->scope.gateway;
	struct gateway_cut *cut = request_alloc(request, sizeof *cut);
	struct once once = {.step = gateway_cut_step,
	                    .arg = cut,
	                    .write = cut_write,
	                    .failed = cut_failed,
	                    .status = 202,
	                    .property_id = request->place.property_id};

	if (!cut) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	actor_fill(&cut->actor, request, gateway_revoke_body(request)->reason);
	memcpy(cut->name, gateway->name, sizeof cut->name);
	request_once(request, &once);
}
