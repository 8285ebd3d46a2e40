/* Messages to tenants: the outbox, which is their log. */
#include <stdio.h>
#include <string.h>

#include "platform/core/mask.h"
#include "platform/core/message_out.h"
#include "platform/http/act.h"
#include "platform/http/show_people.h"

static void show_message(struct json_out *out, const struct message_row *row)
{
	char phone[PHONE_SIZE];

	mask_phone(phone, sizeof phone, row->phone);
	out_object(out, NULL);
	out_id(out, "id", row->message_id);
	out_text(out, "kind", row->kind);
	out_id(out, "account", row->account_id);
	out_id(out, "customer", row->customer_id);
	out_text(out, "lang", row->lang);
	out_text(out, "channel", row->channel);
	out_text(out, "phone", phone);
	out_text(out, "text", row->text);
	out_text(out, "cause", row->cause);
	out_text(out, "state", message_state_word(row->state));
	out_time_ms(out, "at", row->created_ms);
	out_time_ms(out, "not_before", row->next_ms);
	out_time_ms(out, "sent_at", row->sent_ms);
	out_int(out, "tries", row->tries);
	out_text(out, "provider", row->provider);
	out_text(out, "provider_id", row->provider_id);
	out_text(out, "error", row->error);
	out_id(out, "resend_of", row->resend_of);
	out_text(out, "by", row->by_name);
	out_object_end(out);
}

struct message_rows {
	struct rows rows;
	struct message_filter filter;
};

static bool take_message(void *arg, const struct message_row *row)
{
	struct message_rows *list = arg;

	if (!page_take(&list->rows.page, "", 0, row->message_id))
		return false;
	show_message(list->rows.page.out, row);
	return true;
}

static enum err read_messages(struct reader *reader, struct rows *rows)
{
	struct message_rows *list = (struct message_rows *)rows;

	list->filter.before = rows->page.ask.has_after ? rows->page.ask.after_id : 0;
	return message_list(reader->db, rows->request->place.property_id, &list->filter,
	                    take_message, list);
}

void messages_list(struct request *request)
{
	const struct query_messages_list *query = messages_list_query(request);
	struct message_rows *list = request_alloc(request, sizeof *list);
	enum message_state state;

	if (!list) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	list->rows.read = read_messages;
	if (query->has_state && message_state_parse(query->state, &state))
		list->filter.state = (int)state;
	if (query->has_kind)
		snprintf(list->filter.kind, sizeof list->filter.kind, "%s", query->kind);
	list->filter.account_id = query->account;
	rows_run(request, &list->rows);
}

struct message_look {
	struct look look;
	int64_t message_id;
	struct json_out shown;
};

static void take_shown(void *arg, const struct message_row *row)
{
	show_message(&((struct message_look *)arg)->shown, row);
}

/* The row's text lives while it is read only. */
static enum err read_message(struct reader *reader, struct look *look)
{
	struct message_look *found = (struct message_look *)look;

	look->version = -1;
	json_out_init(&found->shown);
	return message_get(reader->db, look->request->place.property_id, found->message_id,
	                   take_shown, found);
}

static void write_message(struct json_out *out, const void *look)
{
	const struct message_look *found = look;

	out_raw(out, NULL, found->shown.data, found->shown.len);
	json_out_free((struct json_out *)&found->shown);
}

void message_show(struct request *request)
{
	struct message_look *found = request_alloc(request, sizeof *found);

	if (!found) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	found->message_id = request_number(request, "message");
	found->look.read = read_message;
	found->look.write = write_message;
	look_run(request, &found->look);
}

struct resend_act {
	struct act act;
	struct message_resend resend;
};

static enum err resend_step(struct tx *tx, void *act, int64_t now_ms, struct effects *out)
{
	return message_resend_step(tx, &((struct resend_act *)act)->resend, now_ms, out);
}

static void write_resend(struct json_out *out, const void *act)
{
	out_object(out, NULL);
	out_id(out, "id", ((const struct resend_act *)act)->resend.new_id);
	out_object_end(out);
}

void message_resend(struct request *request)
{
	const struct body_message_resend *body = message_resend_body(request);
	struct resend_act *act = request_alloc(request, sizeof *act);

	if (!act) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	act->act = (struct act){.step = resend_step,
	                        .fault = &act->resend.fault,
	                        .write = write_resend,
	                        .status = 202};
	act->resend.property_id = request->place.property_id;
	act->resend.message_id = request_number(request, "message");
	actor_fill(&act->resend.actor, request, body->reason);
	act_run(request, &act->act);
}
