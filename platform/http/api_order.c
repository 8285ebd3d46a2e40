/* The vending desk: what a purchase would do, selling, orders and their receipts. */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "libs/base/time.h"
#include "platform/core/topup.h"
#include "platform/http/show_order.h"

/* ---- quote ---- */

struct quote_look {
	struct look look;
	struct order_quote quote;
};

static enum err read_quote(struct reader *reader, struct look *look)
{
	struct quote_look *found = (struct quote_look *)look;
	struct order_quote *quote = &found->quote;
	enum err err = look_at_account(reader, look->request, PERMISSION_VEND, quote->account_id);

	look->version = -1;
	if (!err)
		err = order_quote(reader->db, quote, look->request->now_ms);
	/* What is no amount or meter is told as a refusal: the rest cannot be said then. */
	if (err == ERR_BAD_INPUT || err == ERR_REFUSED) {
		quote->verdict = err;
		err = ERR_NONE;
	}
	return err;
}

static void write_quote(struct json_out *out, const void *arg)
{
	const struct order_quote *quote = &((const struct quote_look *)arg)->quote;
	char refused[256];

	snprintf(refused, sizeof refused, "%s %s", quote->fault.field ? quote->fault.field : "",
	         quote->fault.why);
	out_object(out, NULL);
	out_int(out, "amount_fen", quote->amount_fen);
	out_int(out, "arrears_fen", quote->arrears_fen);
	out_int(out, "debt_fen", quote->debt_fen);
	out_int(out, "fee_fen", quote->fee_fen);
	out_int(out, "credit_fen", quote->credit_fen);
	out_int(out, "balance_fen", quote->balance_fen);
	out_int(out, "after_fen", quote->after_fen);
	out_int(out, "min_fen", quote->min_fen);
	out_int(out, "max_fen", quote->max_fen);
	out_bool(out, "restores", quote->restores);
	show_meter_or_null(out, "meter", quote->in_meter ? quote->meter : 0);
	out_text(out, "refused", quote->verdict ? refused : NULL);
	out_object_end(out);
}

void quote_show(struct request *request)
{
	const struct query_quote_show *query = quote_show_query(request);
	struct quote_look *found = request_alloc(request, sizeof *found);

	if (!found) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	found->look.read = read_quote;
	found->look.write = write_quote;
	found->quote = (struct order_quote){.property_id = request->place.property_id,
	                                    .account_id = request_number(request, "account"),
	                                    .amount_fen = query->amount_fen,
	                                    .meter = query->meter};
	look_run(request, &found->look);
}

/* ---- list ---- */

struct order_rows {
	struct rows rows;
	struct order_filter filter;
	struct order_view view;
};

static bool take_order(void *arg, const struct order_row *row)
{
	struct order_rows *list = arg;
	struct rows *rows = &list->rows;
	bool shows;

	rows->err = rows_at_account(rows, PERMISSION_ACCOUNT_READ, row->account_id, &shows);
	if (rows->err)
		return false;
	if (!shows)
		return true;
	if (!page_take(&rows->page, "", 0, row->order_id))
		return false;
	list->view.row = *row;
	rows->err = order_view_read(rows->db, &list->view, false);
	if (!rows->err)
		show_order(rows->page.out, &list->view);
	return !rows->err;
}

static enum err read_orders(struct reader *reader, struct rows *rows)
{
	struct order_rows *list = (struct order_rows *)rows;

	list->filter.ask = rows->page.ask;
	return order_list(reader->db, rows->request->place.property_id, &list->filter, take_order,
	                  list);
}

void orders_list(struct request *request)
{
	const struct query_orders_list *query = orders_list_query(request);
	struct order_rows *list = request_alloc(request, sizeof *list);

	if (!list) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	list->rows.read = read_orders;
	list->filter.account_id = query->account;
	list->filter.shift_id = query->shift;
	if (query->has_state)
		(void)order_state_parse(query->state, &list->filter.state);
	if (query->has_channel)
		(void)channel_parse(query->channel, &list->filter.channel);
	rows_run(request, &list->rows);
}

/* ---- one ---- */

struct order_look {
	struct look look;
	int64_t order_id;
	struct order_view view;
};

static enum err find_order(struct reader *reader, struct look *look)
{
	struct order_look *found = (struct order_look *)look;
	enum err err = order_get(reader->db, look->request->place.property_id, found->order_id,
	                         &found->view.row);

	if (!err)
		err = look_at_account(reader, look->request, PERMISSION_ACCOUNT_READ,
		                      found->view.row.account_id);
	look->version = found->view.row.version;
	return err ? err : order_view_read(reader->db, &found->view, true);
}

static void write_order(struct json_out *out, const void *arg)
{
	show_order(out, &((const struct order_look *)arg)->view);
}

void order_show(struct request *request)
{
	struct order_look *found = request_alloc(request, sizeof *found);

	if (!found) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	found->look.read = find_order;
	found->look.write = write_order;
	found->order_id = request_number(request, "order");
	look_run(request, &found->look);
}

/* ---- receipt ---- */

struct receipt_look {
	struct order_look order;
	struct property_row property;
	struct account_rooms rooms;
	int64_t balance_fen;
};

static enum err read_receipt(struct reader *reader, struct look *look)
{
	struct receipt_look *found = (struct receipt_look *)look;
	const struct order_row *row = &found->order.view.row;
	struct books_money money;
	enum err err = find_order(reader, look);

	look->version = -1;
	if (!err && !row->receipt_no)
		err = ERR_NOT_FOUND;
	if (!err)
		err = property_get(reader->db, row->property_id, &found->property);
	if (!err)
		err = books_money(reader->db, row->property_id, row->account_id, false,
		                  look->request->now_ms, &money);
	if (!err)
		found->balance_fen = books_fen(money.balance);
	return err ? err
	           : account_rooms_read(reader->db, row->property_id, row->account_id,
	                                found->order.view.names.customer_id,
	                                look->request->now_ms / 1000, &found->rooms);
}

static const struct {
	const char *word, *zh, *en;
	size_t offset;
} parts[] = {
        {"arrears", "补缴欠费", "arrears",     offsetof(struct order_row, arrears_fen)},
        {"debt",    "代扣欠款", "debts",       offsetof(struct order_row, debt_fen)   },
        {"fee",     "服务费",    "service fee", offsetof(struct order_row, fee_fen)    },
        {"credit",  "充入金额", "credit",      offsetof(struct order_row, credit_fen) },
};

static int64_t part_of(const struct order_row *row, size_t i)
{
	int64_t fen;

	memcpy(&fen, (const char *)row + parts[i].offset, sizeof fen);
	return fen;
}

static void write_receipt(struct json_out *out, const void *arg)
{
	const struct receipt_look *found = arg;
	const struct order_view *view = &found->order.view;
	const struct order_row *row = &view->row;
	char number[ORDER_NUMBER_SIZE];

	order_number(row->order_id, number);
	out_object(out, NULL);
	out_int(out, "receipt_no", row->receipt_no);
	out_text(out, "property", found->property.name);
	out_text(out, "order", number);
	out_text(out, "account", view->names.code);
	out_text(out, "customer", view->names.customer);
	show_rooms(out, &found->rooms);
	out_text(out, "channel", channel_word(row->channel));
	out_text(out, "voucher", row->voucher);
	out_int(out, "amount_fen", row->amount_fen);
	out_array(out, "parts");
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (!part_of(row, i))
			continue;
		out_object(out, NULL);
		out_text(out, "part", parts[i].word);
		out_int(out, "amount_fen", part_of(row, i));
		out_object_end(out);
	}
	out_array_end(out);
	out_int(out, "balance_fen", found->balance_fen);
	out_time_ms(out, "paid_at", row->paid_ms);
	out_text(out, "by", row->by_name);
	out_bool(out, "reversed", row->reversal_id != 0);
	out_object_end(out);
}

static struct receipt_look *receipt_new(struct request *request)
{
	struct receipt_look *found = request_alloc(request, sizeof *found);

	if (!found) {
		answer_err(request, ERR_NOMEM);
		return NULL;
	}
	found->order.look.read = read_receipt;
	found->order.look.write = write_receipt;
	found->order.look.request = request;
	found->order.order_id = request_number(request, "order");
	return found;
}

void receipt_show(struct request *request)
{
	struct receipt_look *found = receipt_new(request);

	if (found)
		look_run(request, &found->order.look);
}

#define RECEIPT_SIZE 4096

PRINTF_LIKE(3, 4)

static void add(char *text, size_t *len, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text + *len, RECEIPT_SIZE - *len, format, args);
	va_end(args);
	*len += n > 0 ? (size_t)n : 0;
	if (*len >= RECEIPT_SIZE)
		*len = RECEIPT_SIZE - 1;
}

static void add_money(char *text, size_t *len, const char *zh, const char *en, int64_t fen)
{
	char amount[MONEY_TEXT_SIZE];

	money_format(money_fen(fen), amount, sizeof amount);
	add(text, len, "%s %s: %s\n", zh, en, amount);
}

static size_t receipt_print(const struct receipt_look *found, char text[RECEIPT_SIZE])
{
	const struct order_view *view = &found->order.view;
	const struct order_row *row = &view->row;
	int64_t civil_s = row->paid_ms / 1000 + found->property.utc_offset_min * 60;
	char number[ORDER_NUMBER_SIZE], time[RFC3339_SIZE];
	size_t len = 0;

	order_number(row->order_id, number);
	if (rfc3339_format(civil_s, time))
		time[0] = '\0';
	add(text, &len, "%s\n收据 Receipt No. %lld%s\n\n", found->property.name,
	    (long long)row->receipt_no, row->reversal_id ? " (已冲正 reversed)" : "");
	add(text, &len, "户号 Account: %s\n用户 Customer: %s\n单号 Order: %s\n", view->names.code,
	    view->names.customer, number);
	add(text, &len, "时间 Time: %.10s %.8s\n\n", time, time[0] ? time + 11 : "");
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (part_of(row, i))
			add_money(text, &len, parts[i].zh, parts[i].en, part_of(row, i));
	add_money(text, &len, "合计 (元)", "Total (yuan)", row->amount_fen);
	add(text, &len, "\n收费员 Cashier: %s\n", row->by_name);
	return len;
}

static enum err run_receipt(struct reader *reader, void *arg)
{
	return read_receipt(reader, arg);
}

static void receipt_read(struct request *request, void *arg, enum err err)
{
	char text[RECEIPT_SIZE];

	if (err)
		answer_err(request, err);
	else
		answer_text(request, 200, "text/plain; charset=utf-8", text,
		            receipt_print(arg, text));
}

void receipt_text(struct request *request)
{
	struct receipt_look *found = receipt_new(request);

	if (found)
		request_read(request, run_receipt, found, receipt_read);
}

/* ---- acts ---- */

struct sale_act {
	struct act act;
	struct order_sale sale;
	struct order_view view;
};

static enum err sale_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct sale_act *act = arg;
	enum err err = order_sell_step(tx, &act->sale, now_ms, out);

	act->view.row = act->sale.row;
	return err ? err : order_view_read(tx->db, &act->view, true);
}

static void write_sale(struct json_out *out, const void *arg)
{
	show_order(out, &((const struct sale_act *)arg)->view);
}

void order_create(struct request *request)
{
	const struct body_new_order *body = order_create_body(request);
	struct sale_act *act = request_alloc(request, sizeof *act);

	if (!act) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	act->act = (struct act){.step = sale_step,
	                        .fault = &act->sale.fault,
	                        .version = &act->view.row.version,
	                        .write = write_sale,
	                        .status = 201};
	act->sale = (struct order_sale){.property_id = request->place.property_id,
	                                .account_id = body->account,
	                                .meter = body->meter,
	                                .amount_fen = body->amount_fen,
	                                .voucher = body->voucher};
	(void)channel_parse(body->channel, &act->sale.channel);
	actor_fill(&act->sale.actor, request, body->has_note ? body->note : "");
	act_run(request, &act->act);
}

struct turn_act {
	struct act act;
	struct order_turn turn;
	struct order_view view;
};

static enum err turn_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct turn_act *act = arg;
	enum err err = order_turn_step(tx, &act->turn, now_ms, out);

	act->view.row = act->turn.row;
	return err ? err : order_view_read(tx->db, &act->view, true);
}

static void write_turn(struct json_out *out, const void *arg)
{
	show_order(out, &((const struct turn_act *)arg)->view);
}

void order_close(struct request *request)
{
	struct turn_act *act = request_alloc(request, sizeof *act);

	if (!act) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	act->act = (struct act){.step = turn_step,
	                        .fault = &act->turn.fault,
	                        .version = &act->view.row.version,
	                        .write = write_turn};
	act->turn.property_id = request->place.property_id;
	act->turn.order_id = request_number(request, "order");
	act->turn.event = ORDER_CLOSE;
	actor_fill(&act->turn.actor, request, order_close_body(request)->reason);
	act_run(request, &act->act);
}

struct again_act {
	struct act act;
	struct topup_retry retry;
	struct order_view view;
};

static enum err again_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct again_act *act = arg;
	enum err err = topup_retry_step(tx, &act->retry, now_ms, out);

	act->view.row = act->retry.order;
	return err ? err : order_view_read(tx->db, &act->view, true);
}

static void write_again(struct json_out *out, const void *arg)
{
	show_order(out, &((const struct again_act *)arg)->view);
}

void order_deliver(struct request *request)
{
	const struct body_delivery_again *body = order_deliver_body(request);
	struct again_act *act = request_alloc(request, sizeof *act);

	if (!act) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	act->act = (struct act){.step = again_step,
	                        .fault = &act->retry.fault,
	                        .version = &act->view.row.version,
	                        .write = write_again};
	act->retry.property_id = request->place.property_id;
	act->retry.order_id = request_number(request, "order");
	act->retry.as_meter = body->as_meter;
	actor_fill(&act->retry.actor, request, body->reason);
	act_run(request, &act->act);
}
