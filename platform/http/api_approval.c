/* Approvals: what waits for a second person, and his word. */
#include <string.h>

#include "libs/base/utf8.h"
#include "platform/core/approval.h"
#include "platform/http/approval_names.h"
#include "platform/http/context.h"
#include "platform/http/page.h"
#include "platform/http/show_people.h"

static int64_t now_s(const struct request *request)
{
	return request->now_ms / 1000;
}

/* May the caller say yes or no to it? The step asks again, and knows more. */
static bool is_decidable(const struct request *request, const struct approval_row *row,
                         const struct place *place)
{
	const struct approval_kind *kind = approval_kind_find(row->kind);
	const struct access *access = &request->access;

	return kind && access->user_id && access->user_id != row->by_user_id &&
	       row->state == APPROVAL_WAITING && row->expires_s > now_s(request) &&
	       access_allows(access, PERMISSION_APPROVAL_DECIDE, place, now_s(request)) &&
	       access_allows(access, kind->permission, place, now_s(request));
}

static bool may_see_customers(const struct request *request, const struct place *place)
{
	return access_allows(&request->access, PERMISSION_CUSTOMER_READ, place, now_s(request));
}

/* ---- the list ---- */

struct approvals_page {
	struct page page;
	struct request *request;
	struct db *db;
	bool has_state, mine;
	enum approval_state state;
	int64_t property_id; /* 0: any */
	enum err err;
};

static bool take_approval(void *arg, const struct approval_row *row)
{
	struct approvals_page *list = arg;
	const struct request *request = list->request;
	struct place place;
	bool decidable;

	if ((list->has_state && row->state != list->state) ||
	    (list->property_id && row->property_id != list->property_id))
		return true;
	list->err = approval_place(list->db, row, &place);
	if (list->err)
		return false;
	decidable = is_decidable(request, row, &place);
	if ((list->mine && !decidable) ||
	    !approval_visible(&request->access, row, &place, now_s(request)))
		return true;
	if (!page_take(&list->page, "", 0, row->approval_id))
		return false;
	list->err = show_approval(list->page.out, NULL, list->db, row, decidable,
	                          may_see_customers(request, &place));
	return !list->err;
}

static enum err read_approvals(struct reader *reader, void *arg)
{
	struct approvals_page *list = arg;
	enum err err;

	list->db = reader->db;
	err = approval_list(reader->db, list->page.ask.after_id, take_approval, list);
	return err ? err : list->err;
}

static void approvals_read(struct request *request, void *arg, enum err err)
{
	struct approvals_page *list = arg;

	if (err)
		answer_err(request, err);
	else
		page_close(request, &list->page);
}

void approvals_list(struct request *request)
{
	const struct query_approvals_list *query = approvals_list_query(request);
	struct approvals_page *list = request_alloc(request, sizeof *list);
	const struct dir_property *property;

	if (!list) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	list->request = request;
	list->mine = query->has_mine && query->mine;
	list->has_state = query->has_state && approval_state_parse(query->state, &list->state);
	if (query->has_property) {
		property = directory_slug(request->http->platform->dir, query->property);
		list->property_id = property ? property->property_id : -1;
	}
	if (page_open(request, &list->page))
		request_read(request, read_approvals, list, approvals_read);
}

/* ---- one ---- */

struct one_approval {
	struct request *request;
	int64_t approval_id;
	struct db *db;
	bool decidable, customers;
	enum err err;
};

static void write_act(struct one_approval *one, const struct approval_row *row)
{
	struct json_out *out = &one->request->out;

	out_object(out, NULL);
	one->err = show_approval(out, "approval", one->db, row, one->decidable, one->customers);
	out_raw(out, "act", row->body, row->body_len);
	if (!one->err)
		one->err = show_act_names(out, one->db, row, one->customers);
	out_object_end(out);
}

static void take_one(void *arg, const struct approval_row *row)
{
	write_act(arg, row);
}

static enum err read_approval(struct reader *reader, void *arg)
{
	struct one_approval *one = arg;
	struct approval_row row;
	struct place place;
	enum err err;

	one->db = reader->db;
	err = approval_get(reader->db, one->approval_id, &row);
	if (!err)
		err = approval_place(reader->db, &row, &place);
	if (err)
		return err;
	if (!approval_visible(&one->request->access, &row, &place, now_s(one->request)))
		return ERR_HIDDEN;
	one->decidable = is_decidable(one->request, &row, &place);
	one->customers = may_see_customers(one->request, &place);
	err = approval_read(reader->db, one->approval_id, take_one, one);
	return err ? err : one->err;
}

static void approval_found(struct request *request, void *arg, enum err err)
{
	(void)arg;
	if (err) {
		json_out_free(&request->out);
		answer_err(request, err);
	} else {
		answer_json(request, 200);
	}
}

void approval_show(struct request *request)
{
	struct one_approval *one = request_alloc(request, sizeof *one);

	if (!one) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	one->request = request;
	one->approval_id = request_number(request, "approval");
	request_read(request, read_approval, one, approval_found);
}

/* ---- deciding ---- */

static enum err show_decided(struct json_out *out, struct db *db, const void *arg)
{
	const struct approval_decision *decision = arg;

	return show_approval(out, NULL, db, &decision->row, false, false);
}

static void decision_failed(struct request *request, void *arg, enum err err)
{
	const struct approval_decision *decision = arg;

	if (err == ERR_CONFLICT)
		answer_problem(request, PROBLEM_CONFLICT, "hash",
		               "it is another act than the one you looked at");
	else if (err == ERR_REFUSED)
		answer_problem(request, PROBLEM_CONFLICT, "approval",
		               decision->row.state == APPROVAL_WAITING
		                       ? "its time is over"
		                       : approval_state_text(decision->row.state));
	else if (err == ERR_BAD_INPUT)
		answer_problem(request, PROBLEM_BAD_FIELD, "reason", "say why you reject it");
	else
		answer_err(request, err);
}

void approval_decide(struct request *request)
{
	const struct body_decision *body = approval_decide_body(request);
	struct approval_decision *decision = request_alloc(request, sizeof *decision);
	struct once once = {.step = approval_decide_step,
	                    .arg = decision,
	                    .show = show_decided,
	                    .failed = decision_failed,
	                    .status = 200};

	if (!decision) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	actor_fill(&decision->actor, request, body->has_reason ? body->reason : "");
	decision->approval_id = request_number(request, "approval");
	decision->verdict = strcmp(body->verdict, "agree") == 0 ? APPROVAL_AGREE : APPROVAL_REJECT;
	utf8_copy(decision->hash, sizeof decision->hash, body->hash);
	request_once(request, &once);
}

static void cancelled(struct request *request, void *arg, enum err err)
{
	const struct approval_cancel *cancel = arg;

	if (err == ERR_REFUSED)
		answer_problem(request, PROBLEM_CONFLICT, "approval",
		               approval_state_text(cancel->row.state));
	else if (err)
		answer_err(request, err);
	else
		answer_empty(request, 204);
}

void approval_cancel(struct request *request)
{
	struct approval_cancel *cancel = request_alloc(request, sizeof *cancel);

	if (!cancel) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	actor_fill(&cancel->actor, request, "");
	cancel->approval_id = request_number(request, "approval");
	request_step(request, approval_cancel_step, cancel, cancelled);
}
