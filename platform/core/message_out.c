#include "platform/core/message_out.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/money.h"
#include "libs/base/time.h"
#include "platform/core/access.h"
#include "platform/core/json_out.h"
#include "platform/core/mask.h"
#include "platform/core/message.h"
#include "platform/core/organisation.h"
#include "platform/store/account.h"
#include "platform/store/customer.h"
#include "platform/store/log.h"
#include "platform/store/meter.h"
#include "platform/store/space.h"
#include "platform/store/supply.h"

#define SEND_AT_ONCE 50
#define PLACE_SIZE   (SPACE_PATH_SIZE + LABEL_SIZE)

/* ---- values ---- */

void message_put_text(struct message_out *message, const char *name, const char *text)
{
	struct message_value *value;

	assert(message->count < MESSAGE_VALUES_MAX);
	value = &message->value[message->count++];
	value->name = name;
	snprintf(value->text, sizeof value->text, "%s", text);
}

_Static_assert(MESSAGE_VALUE_SIZE >= MONEY_TEXT_SIZE, "an amount fits");

void message_put_money(struct message_out *message, const char *name, struct money amount)
{
	char text[MONEY_TEXT_SIZE];

	money_format(amount, text, sizeof text);
	message_put_text(message, name, text);
}

enum err message_put_time(struct tx *tx, struct message_out *message, const char *name,
                          int64_t at_s)
{
	struct property_row property;
	char text[MESSAGE_VALUE_SIZE];
	struct civil c;
	enum err err = property_get(tx->db, message->property_id, &property);

	if (!err)
		err = civil_from_unix(at_s + property.utc_offset_min * 60, &c);
	if (err)
		return err;
	snprintf(text, sizeof text, "%04d-%02u-%02u %02u:%02u", c.year, c.month, c.day, c.hour,
	         c.minute);
	message_put_text(message, name, text);
	return ERR_NONE;
}

/* ---- writing ---- */

struct scene {
	struct property_row property;
	struct account_row account;
	struct customer_row customer;
	struct supply_rules rules;
	char place[PLACE_SIZE];
	const char *lang;
	const struct message_out *message;
};

struct first_meter {
	int64_t meter;
};

static bool take_meter(void *arg, const struct account_meter *use)
{
	struct first_meter *first = arg;

	first->meter = use->meter;
	return false;
}

/* The room of its first meter, or the meter's number where it hangs nowhere. */
static enum err find_place(struct tx *tx, struct scene *scene)
{
	struct first_meter first = {.meter = 0};
	struct meter_row meter = {.space_id = 0};
	struct space_row space;
	char path[SPACE_PATH_SIZE];
	enum err err = account_meters(tx->db, scene->account.property_id, scene->account.account_id,
	                              true, take_meter, &first);

	if (!err && first.meter)
		err = meter_get(tx->db, scene->account.property_id, first.meter, &meter);
	if (err || !first.meter)
		return err;
	snprintf(scene->place, sizeof scene->place, "%012lld", (long long)first.meter);
	if (!meter.space_id)
		return ERR_NONE;
	err = space_get(tx->db, scene->account.property_id, meter.space_id, &space);
	if (!err)
		err = space_path(tx->db, &space, path);
	if (!err)
		snprintf(scene->place, sizeof scene->place, "%s", path);
	return err;
}

static enum err load_scene(struct tx *tx, const struct message_out *message, struct scene *scene)
{
	enum err err;

	scene->message = message;
	err = property_get(tx->db, message->property_id, &scene->property);
	if (!err)
		err = account_get(tx->db, message->property_id, message->account_id,
		                  &scene->account);
	if (!err)
		err = customer_get(tx->db, message->property_id, scene->account.customer_id,
		                   &scene->customer);
	if (!err)
		err = supply_rules_get(tx->db, message->property_id, &scene->rules);
	scene->lang =
	        message_lang_valid(scene->customer.lang) ? scene->customer.lang : message_langs[0];
	return err ? err : find_place(tx, scene);
}

static const char *main_phone(const struct customer_row *customer)
{
	for (size_t i = 0; i < customer->phone_count; i++)
		if (customer->phone[i].main)
			return customer->phone[i].phone;
	return "";
}

static const char *value_of(void *arg, const char *name)
{
	const struct scene *scene = arg;

	for (size_t i = 0; i < scene->message->count; i++)
		if (strcmp(scene->message->value[i].name, name) == 0)
			return scene->message->value[i].text;
	if (strcmp(name, "property") == 0)
		return scene->property.name;
	if (strcmp(name, "place") == 0)
		return scene->place;
	if (strcmp(name, "account") == 0)
		return scene->account.code;
	if (strcmp(name, "customer") == 0)
		return scene->customer.name;
	if (strcmp(name, "phone") == 0)
		return scene->property.phone;
	if (strcmp(name, "supply") == 0 && scene->message->stays_cut)
		return strcmp(scene->lang, message_langs[0]) == 0 ? MESSAGE_STAYS_ZH
		                                                  : MESSAGE_STAYS_EN;
	return "";
}

/* All fields of the kind, for providers that fill a template of their own. */
static void write_values(struct json_out *out, const struct message_kind *kind, struct scene *scene)
{
	const char *at = kind->fields;

	out_object(out, NULL);
	while (*at) {
		char name[MESSAGE_FIELD_SIZE];
		size_t len = strcspn(at, " ");

		assert(len < sizeof name);
		memcpy(name, at, len);
		name[len] = '\0';
		out_text(out, name, value_of(scene, name));
		at += len + (at[len] == ' ');
	}
	out_object_end(out);
}

/* Minute of the civil day; the first instant from `now_ms` on outside the quiet hours. */
static int64_t after_quiet_ms(const struct scene *scene, int64_t now_ms)
{
	int64_t from = scene->rules.value[SUPPLY_QUIET_FROM] * 60,
	        to = scene->rules.value[SUPPLY_QUIET_TO] * 60;
	int64_t local_s = now_ms / 1000 + scene->property.utc_offset_min * 60;
	int64_t second = local_s - days_from_unix(local_s) * SECONDS_PER_DAY;
	bool quiet = from < to ? second >= from && second < to
	                       : from > to && (second >= from || second < to);

	if (!quiet)
		return now_ms;
	return now_ms + (to > second ? to - second : to + SECONDS_PER_DAY - second) * 1000;
}

static enum err render(struct tx *tx, const struct message_kind *kind, struct scene *scene,
                       struct message_row *row, char *text, size_t size)
{
	struct template_effective *found = calloc(1, sizeof *found);
	enum err err = found ? ERR_NONE : ERR_NOMEM;

	if (!err)
		err = template_effective(tx->db, scene->property.property_id,
		                         scene->property.group_id, kind, row->lang, row->channel,
		                         found);
	if (!err)
		(void)template_render(found->body, value_of, scene, text, size);
	free(found);
	return err;
}

static enum err write_row(struct tx *tx, const struct message_kind *kind, struct scene *scene,
                          char *text, int64_t now_ms)
{
	const struct message_out *message = scene->message;
	struct message_row row = {.property_id = message->property_id,
	                          .account_id = message->account_id,
	                          .customer_id = scene->customer.customer_id,
	                          .text = text,
	                          .state = MESSAGE_QUEUED,
	                          .created_ms = now_ms,
	                          .next_ms = now_ms};
	struct json_out values;
	enum err err;

	snprintf(row.episode, sizeof row.episode, "%s", message->episode);
	snprintf(row.kind, sizeof row.kind, "%s", kind->word);
	snprintf(row.lang, sizeof row.lang, "%s", scene->lang);
	snprintf(row.channel, sizeof row.channel, "%s", message_channels[0]);
	snprintf(row.phone, sizeof row.phone, "%s", main_phone(&scene->customer));
	snprintf(row.cause, sizeof row.cause, "%s", message->cause);
	/* Who will be without supply must know in time, whatever the hour. */
	if (strcmp(kind->word, "will-be-cut") != 0)
		row.next_ms = after_quiet_ms(scene, now_ms);
	err = render(tx, kind, scene, &row, text, MESSAGE_BODY_SIZE);
	if (err)
		return err;
	json_out_init(&values);
	write_values(&values, kind, scene);
	row.values = json_out_string(&values);
	err = row.values ? message_insert(tx->db, &row) : ERR_NOMEM;
	json_out_free(&values);
	return err == ERR_DUP ? ERR_NONE : err;
}

enum err message_write(struct tx *tx, const struct message_out *message, int64_t now_ms)
{
	const struct message_kind *kind = message_kind_find(message->kind);
	struct scene *scene = calloc(1, sizeof *scene);
	char *text = calloc(1, MESSAGE_BODY_SIZE);
	enum err err = scene && text ? ERR_NONE : ERR_NOMEM;

	if (!err && !kind)
		err = ERR_NOT_FOUND;
	if (!err)
		err = load_scene(tx, message, scene);
	if (!err)
		err = write_row(tx, kind, scene, text, now_ms);
	free(scene);
	free(text);
	return err;
}

/* ---- sending ---- */

struct batch {
	struct message_row row[SEND_AT_ONCE];
	size_t count;
};

static void take_due(void *arg, const struct message_row *row)
{
	struct batch *batch = arg;
	char phone[PHONE_SIZE];

	mask_phone(phone, sizeof phone, row->phone);
	log_info("message %lld: %s to %s", (long long)row->message_id, row->kind,
	         *phone ? phone : "nobody");
	batch->row[batch->count++] = *row;
}

enum err message_send_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct message_send *r = arg;
	struct batch *batch = calloc(1, sizeof *batch);
	enum err err = batch ? ERR_NONE : ERR_NOMEM;

	(void)out;
	r->sent = 0;
	if (!err)
		err = message_due(tx->db, now_ms, SEND_AT_ONCE, take_due, batch);
	if (!err && batch->count)
		err = tx_open(tx);
	for (size_t i = 0; !err && i < batch->count; i++) {
		struct message_row *row = &batch->row[i];

		row->state = MESSAGE_SENT;
		row->sent_ms = now_ms;
		row->tries++;
		snprintf(row->provider, sizeof row->provider, "log");
		snprintf(row->provider_id, sizeof row->provider_id, "log");
		err = message_update(tx->db, row);
		r->sent += !err;
	}
	free(batch);
	return err;
}

/* ---- again ---- */

struct again {
	struct message_row row;
	char *text, *values;
};

static void take_again(void *arg, const struct message_row *row)
{
	struct again *again = arg;

	again->row = *row;
	again->text = strdup(row->text);
	again->values = strdup(row->values);
}

static enum err insert_again(struct tx *tx, struct message_resend *r, struct again *again,
                             int64_t now_ms)
{
	struct message_row row = again->row;
	struct customer_row customer;
	char object[64], detail[64];
	enum err err = customer_get(tx->db, r->property_id, row.customer_id, &customer);

	if (err)
		return err;
	if (!again->text || !again->values)
		return ERR_NOMEM;
	if (!*again->text)
		return fault_set(&r->fault, ERR_REFUSED, NULL, "its text was removed");
	row.text = again->text;
	row.values = again->values;
	row.resend_of = r->message_id;
	row.state = MESSAGE_QUEUED;
	row.created_ms = row.next_ms = now_ms;
	row.sent_ms = row.tries = 0;
	row.provider[0] = row.provider_id[0] = row.error[0] = '\0';
	snprintf(row.episode, sizeof row.episode, "again:%lld:%lld", (long long)r->message_id,
	         (long long)now_ms);
	snprintf(row.phone, sizeof row.phone, "%s", main_phone(&customer));
	snprintf(row.by_name, sizeof row.by_name, "%s", r->actor.who);
	err = message_insert(tx->db, &row);
	if (err)
		return err;
	r->new_id = row.message_id;
	snprintf(object, sizeof object, "message %lld", (long long)r->message_id);
	snprintf(detail, sizeof detail, "again as message %lld", (long long)r->new_id);
	return audit_note(tx, &r->actor, r->property_id, "message.resend", object, detail, now_ms);
}

enum err message_resend_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct message_resend *r = arg;
	struct again again = {.text = NULL};
	enum err err;

	(void)out;
	r->fault = (struct fault){0};
	r->new_id = 0;
	err = access_require_property(tx, &r->actor, PERMISSION_ACCOUNT_WRITE, r->property_id,
	                              now_ms);
	if (!err)
		err = message_get(tx->db, r->property_id, r->message_id, take_again, &again);
	if (!err)
		err = insert_again(tx, r, &again, now_ms);
	free(again.text);
	free(again.values);
	return err;
}
