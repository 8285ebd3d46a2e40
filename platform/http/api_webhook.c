/* Webhooks of a property and their log. A secret is shown by the answer that made it only, so these
 * answers are not kept for repeats. */
#include <sodium.h>
#include <string.h>

#include "libs/base/utf8.h"
#include "platform/core/show.h"
#include "platform/core/webhook.h"
#include "platform/http/context.h"
#include "platform/http/page.h"

static void show_webhook(struct json_out *out, const char *key, const struct webhook_row *row)
{
	out_object(out, key);
	show_id(out, "id", row->webhook_id);
	out_text(out, "name", row->name);
	out_text(out, "url", row->url);
	out_array(out, "kinds");
	for (unsigned i = 0; i < WEBHOOK_KIND_COUNT; i++)
		if (i != WEBHOOK_PING && row->kinds & (INT64_C(1) << i))
			out_text(out, NULL, webhook_kind_word(i));
	out_array_end(out);
	out_bool(out, "enabled", row->enabled);
	out_time_s(out, "created_at", row->created_s);
	out_object_end(out);
}

/* ---- list and one ---- */

struct webhooks_list {
	struct page page;
	int64_t property_id;
};

static bool take_webhook(void *arg, const struct webhook_row *row)
{
	struct webhooks_list *list = arg;

	if (!page_take(&list->page, "", row->webhook_id, row->webhook_id))
		return false;
	show_webhook(list->page.out, NULL, row);
	return true;
}

static enum err read_webhooks(struct reader *reader, void *arg)
{
	struct webhooks_list *list = arg;

	return webhook_list(reader->db, list->property_id, list_after_id(&list->page.ask),
	                    take_webhook, list);
}

static void webhooks_found(struct request *request, void *arg, enum err err)
{
	struct webhooks_list *list = arg;

	if (err)
		answer_err(request, err);
	else
		page_close(request, &list->page);
}

void webhooks_list(struct request *request)
{
	struct webhooks_list *list = request_alloc(request, sizeof *list);

	if (!list) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	list->property_id = request->place.property_id;
	if (page_open(request, &list->page))
		request_read(request, read_webhooks, list, webhooks_found);
}

struct hook {
	struct webhook_request step;
	struct webhook_row found;
	step_fn fn;
	unsigned status;
};

static struct hook *hook_begin(struct request *request)
{
	struct hook *hook = request_alloc(request, sizeof *hook);

	if (!hook) {
		answer_err(request, ERR_NOMEM);
		return NULL;
	}
	actor_fill(&hook->step.actor, request, "");
	hook->step.place = request->place;
	hook->step.version = request->version;
	return hook;
}

static enum err read_webhook(struct reader *reader, void *arg)
{
	struct hook *hook = arg;

	return webhook_get(reader->db, hook->step.place.property_id, hook->step.row.webhook_id,
	                   &hook->found);
}

static void webhook_found(struct request *request, void *arg, enum err err)
{
	const struct hook *hook = arg;

	if (err) {
		answer_err(request, err);
		return;
	}
	show_webhook(&request->out, NULL, &hook->found);
	answer_version(request, hook->found.version);
	answer_json(request, 200);
}

void webhook_show(struct request *request)
{
	struct hook *hook = hook_begin(request);

	if (!hook)
		return;
	hook->step.row.webhook_id = request_number(request, "webhook");
	request_read(request, read_webhook, hook, webhook_found);
}

/* ---- change ---- */

static enum err run_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct hook *hook = arg;

	return hook->fn(tx, &hook->step, now_ms, out);
}

static void changed(struct request *request, void *arg, enum err err)
{
	struct hook *hook = arg;
	struct json_out *out = &request->out;

	if (err == ERR_BAD_INPUT) {
		answer_problem(request, PROBLEM_BAD_FIELD, "url",
		               "https://host/path, without user and fragment");
	} else if (err) {
		answer_err(request, err);
	} else if (hook->status == 204) {
		answer_empty(request, 204);
	} else {
		out_object(out, NULL);
		out_text(out, "secret", hook->step.secret[0] ? hook->step.secret : NULL);
		show_webhook(out, "item", &hook->step.row);
		out_object_end(out);
		answer_version(request, hook->step.row.version);
		answer_json(request, hook->status);
	}
	sodium_memzero(hook->step.secret, sizeof hook->step.secret);
}

static void change(struct request *request, struct hook *hook, step_fn fn, unsigned status)
{
	hook->fn = fn;
	hook->status = status;
	request_step(request, run_step, hook, changed);
}

static int64_t kinds_of(const char *const *words, size_t count)
{
	enum webhook_kind kind;
	int64_t kinds = 0;

	for (size_t i = 0; i < count; i++)
		if (webhook_kind_parse(words[i], &kind))
			kinds |= INT64_C(1) << kind;
	return kinds;
}

void webhook_create(struct request *request)
{
	const struct body_new_webhook *body = webhook_create_body(request);
	struct hook *hook = hook_begin(request);

	if (!hook)
		return;
	utf8_copy(hook->step.row.name, sizeof hook->step.row.name, body->name);
	utf8_copy(hook->step.row.url, sizeof hook->step.row.url, body->url);
	hook->step.row.kinds = kinds_of(body->kinds, body->kinds_count);
	change(request, hook, webhook_create_step, 201);
}

/* What the body leaves out stays as it was read; the step refuses if that is another version now. */
static void edit_found(struct request *request, void *arg, enum err err)
{
	const struct body_webhook_edit *body = webhook_edit_body(request);
	struct hook *hook = arg;
	struct webhook_row *row = &hook->step.row;

	if (err) {
		answer_err(request, err);
		return;
	}
	*row = hook->found;
	if (body->has_name)
		utf8_copy(row->name, sizeof row->name, body->name);
	if (body->has_url)
		utf8_copy(row->url, sizeof row->url, body->url);
	if (body->has_kinds)
		row->kinds = kinds_of(body->kinds, body->kinds_count);
	if (body->has_enabled)
		row->enabled = body->enabled;
	hook->step.new_secret = body->has_new_secret && body->new_secret;
	change(request, hook, webhook_edit_step, 200);
}

void webhook_edit(struct request *request)
{
	struct hook *hook = hook_begin(request);

	if (!hook)
		return;
	hook->step.row.webhook_id = request_number(request, "webhook");
	request_read(request, read_webhook, hook, edit_found);
}

void webhook_remove(struct request *request)
{
	struct hook *hook = hook_begin(request);

	if (!hook)
		return;
	actor_fill(&hook->step.actor, request, webhook_remove_query(request)->reason);
	hook->step.row.webhook_id = request_number(request, "webhook");
	change(request, hook, webhook_delete_step, 204);
}

/* ---- deliveries ---- */

struct deliveries_list {
	struct page page;
	int64_t property_id, webhook_id;
};

static const char *state_word(enum delivery_state state)
{
	switch (state) {
	case DELIVERY_PENDING:
		return "pending";
	case DELIVERY_DONE:
		return "delivered";
	case DELIVERY_FAILED:
		break;
	}
	return "failed";
}

static bool take_delivery(void *arg, const struct delivery_row *row)
{
	struct deliveries_list *list = arg;
	struct json_out *out = list->page.out;

	if (!page_take(&list->page, "", row->delivery_id, row->delivery_id))
		return false;
	out_object(out, NULL);
	show_id(out, "id", row->delivery_id);
	out_text(out, "kind", webhook_kind_word(row->kind));
	out_text(out, "state", state_word(row->state));
	out_time_ms(out, "created_at", row->created_ms);
	out_time_ms(out, "next_at", row->state == DELIVERY_PENDING ? row->next_ms : 0);
	out_time_ms(out, "done_at", row->done_ms);
	out_int(out, "tries", row->tries);
	if (row->status)
		out_int(out, "status", row->status);
	else
		out_null(out, "status");
	out_text(out, "error", row->error);
	if (row->replay_of)
		show_id(out, "replay_of", row->replay_of);
	else
		out_null(out, "replay_of");
	out_raw(out, "body", row->body, strlen(row->body));
	out_object_end(out);
	return true;
}

static enum err read_deliveries(struct reader *reader, void *arg)
{
	struct deliveries_list *list = arg;
	struct webhook_row hook;
	enum err err = webhook_get(reader->db, list->property_id, list->webhook_id, &hook);

	return err ? err
	           : delivery_list(reader->db, list->property_id, list->webhook_id,
	                           list->page.ask.has_after ? list->page.ask.after_id : 0,
	                           take_delivery, list);
}

static void deliveries_found(struct request *request, void *arg, enum err err)
{
	struct deliveries_list *list = arg;

	if (err)
		answer_err(request, err);
	else
		page_close(request, &list->page);
}

void deliveries_list(struct request *request)
{
	struct deliveries_list *list = request_alloc(request, sizeof *list);

	if (!list) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	list->property_id = request->place.property_id;
	list->webhook_id = request_number(request, "webhook");
	if (page_open(request, &list->page))
		request_read(request, read_deliveries, list, deliveries_found);
}

static void replayed(struct request *request, void *arg, enum err err)
{
	const struct webhook_replay *replay = arg;

	if (err == ERR_REFUSED) {
		answer_problem(request, PROBLEM_CONFLICT, NULL,
		               "it still waits, or the webhook is switched off");
		return;
	}
	if (err) {
		answer_err(request, err);
		return;
	}
	out_object(&request->out, NULL);
	show_id(&request->out, "id", replay->new_delivery_id);
	out_object_end(&request->out);
	answer_json(request, 202);
}

static void replay(struct request *request, int64_t delivery_id)
{
	struct webhook_replay *replay = request_alloc(request, sizeof *replay);

	if (!replay) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	actor_fill(&replay->actor, request, "");
	replay->place = request->place;
	replay->webhook_id = request_number(request, "webhook");
	replay->delivery_id = delivery_id;
	request_step(request, webhook_replay_step, replay, replayed);
}

void webhook_ping(struct request *request)
{
	replay(request, 0);
}

void delivery_replay(struct request *request)
{
	replay(request, request_number(request, "delivery"));
}
