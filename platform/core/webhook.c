#include "platform/core/webhook.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/sha256.h"
#include "libs/proto/event.h"
#include "platform/core/json_out.h"
#include "platform/core/keys.h"
#include "platform/core/show.h"

_Static_assert(WEBHOOK_WRAPPED == WEBHOOK_SECRET_SIZE + SECRET_OVERHEAD, "a wrapped secret fits");

static const char *const words[WEBHOOK_KIND_COUNT] = {
#define X(id, word) [WEBHOOK_##id] = word,
        WEBHOOK_KINDS(X)
#undef X
};

#define KINDS_ALL ((INT64_C(1) << WEBHOOK_KIND_COUNT) - 1)

const char *webhook_kind_word(int64_t kind)
{
	return kind >= 0 && kind < WEBHOOK_KIND_COUNT ? words[kind] : "unknown";
}

bool webhook_kind_parse(const char *word, enum webhook_kind *kind)
{
	for (unsigned i = 0; i < WEBHOOK_KIND_COUNT; i++)
		if (strcmp(words[i], word) == 0) {
			*kind = (enum webhook_kind)i;
			return true;
		}
	return false;
}

/* ---- addresses and secrets ---- */

/* "name", "name:443", "[::1]:443". Whether there is such a host shows when it is looked up. */
static bool host_valid(const char *host, size_t len)
{
	size_t name = strcspn(host, ":/?"), port;

	if (host[0] == '[')
		name = 1 + strspn(host + 1, "0123456789abcdefABCDEF:.") + 1;
	if (name > len || !name || (host[0] == '[') != (host[name - 1] == ']') ||
	    memchr(host + 1, '[', len - 1))
		return false;
	if (name == len)
		return true;
	port = strspn(host + name + 1, "0123456789");
	return host[name] == ':' && port > 0 && port <= 5 && name + 1 + port == len;
}

bool webhook_url_valid(const char *url)
{
	size_t scheme = strncmp(url, "https://", 8) == 0  ? 8
	                : strncmp(url, "http://", 7) == 0 ? 7
	                                                  : 0;
	size_t host;

	if (!scheme || strlen(url) >= WEBHOOK_URL_SIZE)
		return false;
	for (const char *c = url; *c; c++)
		if (*c <= ' ' || *c > '~' || strchr("\"<>\\^`{|}#", *c))
			return false;
	host = strcspn(url + scheme, "/?");
	return host > 0 && !memchr(url + scheme, '@', host) && host_valid(url + scheme, host);
}

void webhook_sign(const uint8_t secret[WEBHOOK_SECRET_SIZE], int64_t now_s, const char *body,
                  char signature[WEBHOOK_SIGNATURE_SIZE])
{
	uint8_t mac[SHA256_SIZE];
	char hex[2 * SHA256_SIZE + 1], stamp[24];
	struct hmac h;

	snprintf(stamp, sizeof stamp, "%lld", (long long)now_s);
	hmac_init(&h, secret, WEBHOOK_SECRET_SIZE);
	hmac_update(&h, stamp, strlen(stamp));
	hmac_update(&h, ".", 1);
	hmac_update(&h, body, strlen(body));
	hmac_final(&h, mac);
	sodium_bin2hex(hex, sizeof hex, mac, sizeof mac);
	snprintf(signature, WEBHOOK_SIGNATURE_SIZE, "t=%s,v1=%s", stamp, hex);
}

static void secret_id(char id[32], const struct webhook_row *row)
{
	snprintf(id, 32, "%lld", (long long)row->webhook_id);
}

/* Draws a secret, wraps it into the row and gives its text once. */
static enum err make_secret(struct tx *tx, struct webhook_request *r)
{
	uint8_t secret[WEBHOOK_SECRET_SIZE];
	char id[32];
	enum err err;

	if (!tx->keys)
		return ERR_AUTH;
	randombytes_buf(secret, sizeof secret);
	secret_id(id, &r->row);
	err = secret_wrap(tx->keys, "webhook", id, secret, sizeof secret, r->row.secret_wrapped);
	memcpy(r->secret, "whsec_", 6);
	sodium_bin2base64(r->secret + 6, sizeof r->secret - 6, secret, sizeof secret,
	                  sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	sodium_memzero(secret, sizeof secret);
	return err;
}

/* ---- webhooks ---- */

/* What changed, for the audit; the secret is not in it. NULL: no memory. */
static const char *describe(const struct webhook_row *row, struct json_out *out)
{
	out_object(out, NULL);
	out_text(out, "name", row->name);
	out_text(out, "url", row->url);
	out_array(out, "kinds");
	for (unsigned i = 0; i < WEBHOOK_KIND_COUNT; i++)
		if (row->kinds & (INT64_C(1) << i))
			out_text(out, NULL, words[i]);
	out_array_end(out);
	out_bool(out, "enabled", row->enabled);
	out_object_end(out);
	return json_out_string(out);
}

static enum err note(struct tx *tx, const struct webhook_request *r, const char *action,
                     const struct webhook_row *before, const struct webhook_row *after,
                     int64_t now_ms)
{
	struct audit_entry entry = {.property_id = r->row.property_id, .action = action};
	struct json_out was, is;
	char object[64];
	enum err err = ERR_NOMEM;

	json_out_init(&was);
	json_out_init(&is);
	snprintf(object, sizeof object, "webhook %lld", (long long)r->row.webhook_id);
	entry.object = object;
	if (before)
		entry.before = describe(before, &was);
	if (after)
		entry.after = describe(after, &is);
	if (!before == !entry.before && !after == !entry.after)
		err = audit_write(tx, &r->actor, &entry, now_ms);
	json_out_free(&was);
	json_out_free(&is);
	return err;
}

static bool is_whole(const struct webhook_row *row)
{
	return row->name[0] && (row->kinds & ~(INT64_C(1) << WEBHOOK_PING)) > 0 &&
	       row->kinds <= KINDS_ALL && webhook_url_valid(row->url);
}

/* Who answers for what it tells from now on. */
static enum err set_maker(struct tx *tx, const struct actor *actor, struct webhook_row *row)
{
	row->made_by_key = actor->key_id;
	return access_person(tx->db, actor, &row->made_by);
}

enum err webhook_create_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct webhook_request *r = arg;
	struct webhook_row *row = &r->row;
	enum err err;

	(void)out;
	row->property_id = r->place.property_id;
	row->created_s = now_ms / 1000;
	row->enabled = true;
	if (!is_whole(row))
		return ERR_BAD_INPUT;
	err = access_require(tx, &r->actor, PERMISSION_WEBHOOK_WRITE, &r->place, now_ms);
	if (!err)
		err = set_maker(tx, &r->actor, row);
	if (!err)
		err = webhook_insert(tx->db, row); /* its number is bound into the secret */
	if (!err)
		err = make_secret(tx, r);
	if (!err)
		err = webhook_update(tx->db, row);
	return err ? err : note(tx, r, "webhook.create", NULL, row, now_ms);
}

static enum err find(struct tx *tx, const struct webhook_request *r, struct webhook_row *row,
                     int64_t now_ms)
{
	enum err err = access_require(tx, &r->actor, PERMISSION_WEBHOOK_WRITE, &r->place, now_ms);

	if (!err)
		err = webhook_get(tx->db, r->place.property_id, r->row.webhook_id, row);
	if (err)
		return err;
	return row->version == r->version ? ERR_NONE : ERR_CONFLICT;
}

enum err webhook_edit_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct webhook_request *r = arg;
	struct webhook_row before;
	enum err err;

	(void)out;
	r->secret[0] = '\0';
	err = find(tx, r, &before, now_ms);
	if (err)
		return err;
	r->row.property_id = before.property_id;
	r->row.created_s = before.created_s;
	r->row.version = before.version + 1;
	memcpy(r->row.secret_wrapped, before.secret_wrapped, sizeof before.secret_wrapped);
	if (!is_whole(&r->row))
		return ERR_BAD_INPUT;
	err = set_maker(tx, &r->actor, &r->row);
	if (!err && r->new_secret)
		err = make_secret(tx, r);
	if (!err)
		err = webhook_update(tx->db, &r->row);
	return err ? err : note(tx, r, "webhook.edit", &before, &r->row, now_ms);
}

enum err webhook_delete_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct webhook_request *r = arg;
	struct webhook_row row;
	enum err err;

	(void)out;
	err = find(tx, r, &row, now_ms);
	if (!err && !r->actor.reason[0])
		err = ERR_BAD_INPUT;
	if (!err)
		err = webhook_delete(tx->db, row.property_id, row.webhook_id);
	if (err)
		return err;
	r->row = row;
	return note(tx, r, "webhook.delete", &row, NULL, now_ms);
}

/* ---- what happened ---- */

static enum err insert(struct tx *tx, int64_t property_id, int64_t webhook_id, int64_t kind,
                       const char *body, int64_t replay_of, int64_t now_ms, int64_t *delivery_id)
{
	struct delivery_row row = {.property_id = property_id,
	                           .webhook_id = webhook_id,
	                           .kind = kind,
	                           .created_ms = now_ms,
	                           .next_ms = now_ms,
	                           .replay_of = replay_of,
	                           .body = body};
	enum err err = delivery_insert(tx->db, &row);

	*delivery_id = row.delivery_id;
	return err;
}

/* Who wants to know of a property; read once for all that a step tells of it. */
struct interested {
	int64_t property_id; /* 0: not read yet */

	struct {
		int64_t webhook_id, kinds;
	} list[64];

	size_t count;
};

static bool take_interested(void *arg, const struct webhook_row *row)
{
	struct interested *all = arg;

	if (row->enabled) {
		all->list[all->count].webhook_id = row->webhook_id;
		all->list[all->count++].kinds = row->kinds;
	}
	return all->count < sizeof all->list / sizeof *all->list;
}

static enum err read_interested(struct tx *tx, struct interested *all, int64_t property_id)
{
	if (all->property_id == property_id)
		return ERR_NONE;
	*all = (struct interested){.property_id = property_id};
	return webhook_list(tx->db, property_id, 0, take_interested, all);
}

static bool kind_of(const struct effect *effect, enum webhook_kind *kind, int64_t *property_id)
{
	switch (effect->kind) {
	case EFFECT_COMMAND:
		*kind = WEBHOOK_COMMAND_STAGE;
		*property_id = effect->u.command.property_id;
		return true;
	case EFFECT_ALARM:
		*kind = effect->u.alarm.kind == EVENT_READING_MISSED ? WEBHOOK_READING_MISSED
		                                                     : WEBHOOK_ALARM;
		*property_id = effect->u.alarm.property_id;
		return *property_id > 0;
	case EFFECT_DEVICE:
		*kind = WEBHOOK_DEVICE_FOUND;
		*property_id = effect->u.device.property_id;
		return !effect->u.device.meter &&
		       effect->u.device.first_seen_s == effect->u.device.last_seen_s;
	case EFFECT_ACCOUNT:
		*kind = WEBHOOK_ACCOUNT_CHANGED;
		*property_id = effect->u.account.property_id;
		return true;
	case EFFECT_ORDER:
		*kind = WEBHOOK_ORDER_STAGE;
		*property_id = effect->u.order.property_id;
		return true;
	case EFFECT_SEND:
	case EFFECT_ACK:
	case EFFECT_GATEWAY:
	case EFFECT_DIRECTORY:
	case EFFECT_ACCESS:
	case EFFECT_SHEET:
	case EFFECT_SUPPLY:
		break;
	}
	return false;
}

/* No name and no money: who may see those, asks the API. */
static void show_account_change(struct json_out *out, const struct effect_account *account)
{
	out_object(out, "data");
	out_id(out, "account", account->account_id);
	out_text(out, "code", account->code);
	out_text(out, "state", account->state);
	out_text(out, "change", account->change);
	out_object_end(out);
}

static void show_order_stage(struct json_out *out, const struct effect_order *order)
{
	char number[ORDER_NUMBER_SIZE];

	order_number(order->order_id, number);
	out_object(out, "data");
	out_id(out, "order", order->order_id);
	out_text(out, "number", number);
	out_id(out, "account", order->account_id);
	out_text(out, "channel", channel_word(order->channel));
	out_text(out, "state", order_state_word(order->state));
	out_object_end(out);
}

static void show_data(struct json_out *out, const struct effect *effect, const char *property,
                      const char *gateway)
{
	if (effect->kind == EFFECT_COMMAND)
		show_command(out, "data", &effect->u.command);
	else if (effect->kind == EFFECT_ALARM)
		show_event(out, "data", &effect->u.alarm, gateway);
	else if (effect->kind == EFFECT_ACCOUNT)
		show_account_change(out, &effect->u.account);
	else if (effect->kind == EFFECT_ORDER)
		show_order_stage(out, &effect->u.order);
	else
		show_device(out, "data", &effect->u.device, property, NULL);
}

/* Of an alarm; "": of none. */
static enum err gateway_of(struct tx *tx, const struct effect *effect, char name[SLUG_SIZE])
{
	struct gateway_row row;
	enum err err;

	name[0] = '\0';
	if (!effect || effect->kind != EFFECT_ALARM || !effect->u.alarm.gateway_id)
		return ERR_NONE;
	err = gateway_get(tx->db, effect->u.alarm.property_id, effect->u.alarm.gateway_id, &row);
	if (!err)
		snprintf(name, SLUG_SIZE, "%s", row.name);
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

/* {"kind":…,"property":…,"at":…,"data":{…}}, ended by 0; the caller frees it. */
static enum err make_body(struct tx *tx, const struct effect *effect, int64_t kind,
                          int64_t property_id, int64_t now_ms, char **body)
{
	char gateway[SLUG_SIZE], *json;
	struct property_row property;
	struct json_out out;
	enum err err = property_get(tx->db, property_id, &property);
	size_t len;

	*body = NULL;
	if (!err)
		err = gateway_of(tx, effect, gateway);
	if (err)
		return err;
	json_out_init(&out);
	out_object(&out, NULL);
	out_text(&out, "kind", webhook_kind_word(kind));
	out_text(&out, "property", property.slug);
	out_time_ms(&out, "at", now_ms);
	if (effect)
		show_data(&out, effect, property.slug, gateway);
	out_object_end(&out);
	json = json_out_take(&out, &len);
	if (!json || len >= WEBHOOK_BODY_SIZE) {
		free(json);
		return json ? ERR_TOO_LONG : ERR_NOMEM;
	}
	*body = strndup(json, len);
	free(json);
	return *body ? ERR_NONE : ERR_NOMEM;
}

static enum err note_one(struct tx *tx, const struct effect *effect, struct interested *all,
                         int64_t now_ms)
{
	enum webhook_kind kind;
	int64_t property_id, delivery_id;
	char *body = NULL;
	enum err err;

	if (!kind_of(effect, &kind, &property_id))
		return ERR_NONE;
	err = read_interested(tx, all, property_id);
	for (size_t i = 0; !err && i < all->count; i++) {
		if (!(all->list[i].kinds & (INT64_C(1) << kind)))
			continue;
		if (!body)
			err = make_body(tx, effect, kind, property_id, now_ms, &body);
		if (!err)
			err = insert(tx, property_id, all->list[i].webhook_id, kind, body, 0,
			             now_ms, &delivery_id);
	}
	free(body);
	return err;
}

enum err webhook_note(struct tx *tx, const struct effects *effects, size_t from, int64_t now_ms)
{
	const struct effect *effect = effects->first;
	struct interested all = {0};
	enum err err = ERR_NONE;

	for (; effect && from > 0; from--)
		effect = effect->next;
	for (; effect && !err; effect = effect->next)
		err = note_one(tx, effect, &all, now_ms);
	return err;
}

struct body_copy {
	struct delivery_row row;
	char body[WEBHOOK_BODY_SIZE];
};

static void copy_delivery(void *arg, const struct delivery_row *row)
{
	struct body_copy *copy = arg;

	copy->row = *row;
	snprintf(copy->body, sizeof copy->body, "%s", row->body);
	copy->row.body = copy->body;
}

static enum err replay_body(struct tx *tx, const struct webhook_replay *r, int64_t now_ms,
                            struct body_copy *copy)
{
	char *body;
	enum err err;

	if (r->delivery_id) {
		err = delivery_get(tx->db, r->place.property_id, r->delivery_id, copy_delivery,
		                   copy);
		if (!err && copy->row.webhook_id != r->webhook_id)
			return ERR_NOT_FOUND;
		return !err && copy->row.state == DELIVERY_PENDING ? ERR_REFUSED : err;
	}
	copy->row.kind = WEBHOOK_PING;
	err = make_body(tx, NULL, WEBHOOK_PING, r->place.property_id, now_ms, &body);
	if (!err)
		snprintf(copy->body, sizeof copy->body, "%s", body);
	free(body);
	return err;
}

enum err webhook_replay_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct webhook_replay *r = arg;
	struct body_copy copy = {0};
	struct webhook_row hook;
	char object[64];
	enum err err;

	(void)out;
	err = access_require(tx, &r->actor, PERMISSION_WEBHOOK_WRITE, &r->place, now_ms);
	if (!err)
		err = webhook_get(tx->db, r->place.property_id, r->webhook_id, &hook);
	if (!err && !hook.enabled)
		err = ERR_REFUSED;
	if (!err)
		err = replay_body(tx, r, now_ms, &copy);
	if (!err)
		err = insert(tx, r->place.property_id, r->webhook_id, copy.row.kind, copy.body,
		             r->delivery_id, now_ms, &r->new_delivery_id);
	if (err)
		return err;
	snprintf(object, sizeof object, "webhook %lld", (long long)r->webhook_id);
	return audit_note(tx, &r->actor, r->place.property_id,
	                  r->delivery_id ? "webhook.replay" : "webhook.ping", object, "", now_ms);
}

/* ---- on its way ---- */

struct due {
	struct webhook_take *take;
	struct delivery_row row[WEBHOOK_TAKE];
	size_t count;
};

static void take_due(void *arg, const struct delivery_row *row)
{
	struct due *due = arg;
	struct webhook_parcel *parcel = &due->take->parcel[due->count];

	snprintf(parcel->body, sizeof parcel->body, "%s", row->body);
	due->row[due->count] = *row;
	due->row[due->count++].body = NULL;
}

/* What must be right at this moment, whatever it was when the row was written. */
static const char *reason_not_to(struct tx *tx, const struct webhook_row *hook,
                                 struct webhook_parcel *parcel, int64_t now_ms, enum err *err)
{
	struct actor maker = {.user_id = hook->made_by_key ? 0 : hook->made_by,
	                      .key_id = hook->made_by_key,
	                      .local = !hook->made_by};
	struct place place;
	char id[32];

	*err = place_of_space(tx->db, hook->property_id, 0, &place);
	if (*err)
		return NULL;
	if (!hook->enabled)
		return "switched off";
	*err = access_require(tx, &maker, PERMISSION_WEBHOOK_WRITE, &place, now_ms);
	if (*err == ERR_FORBIDDEN || *err == ERR_NOT_FOUND) {
		*err = ERR_NONE;
		return hook->made_by_key ? "the key that made it has ended, or lost its right"
		                         : "who made it has no right to webhooks any more";
	}
	secret_id(id, hook);
	if (!*err && (!tx->keys || secret_unwrap(tx->keys, "webhook", id, hook->secret_wrapped,
	                                         sizeof hook->secret_wrapped, parcel->secret)))
		return "its secret cannot be read: make a new one";
	return NULL;
}

static enum err give_up(struct tx *tx, struct delivery_row *row, const char *why, int64_t now_ms)
{
	row->state = DELIVERY_FAILED;
	row->done_ms = now_ms;
	snprintf(row->error, sizeof row->error, "%s", why);
	return delivery_update(tx->db, row);
}

static enum err take_one(struct tx *tx, struct due *due, size_t i, int64_t now_ms)
{
	struct webhook_take *take = due->take;
	struct delivery_row *row = &due->row[i];
	struct webhook_parcel *parcel = &take->parcel[take->count];
	struct webhook_row hook;
	const char *why;
	enum err err = webhook_get(tx->db, row->property_id, row->webhook_id, &hook);

	if (err)
		return err;
	if (parcel != &take->parcel[i])
		memcpy(parcel->body, take->parcel[i].body, sizeof parcel->body);
	why = reason_not_to(tx, &hook, parcel, now_ms, &err);
	if (err)
		return err;
	if (why)
		return give_up(tx, row, why, now_ms);
	row->tries++;
	row->next_ms = now_ms + WEBHOOK_TAKE_MS;
	parcel->property_id = row->property_id;
	parcel->delivery_id = row->delivery_id;
	parcel->tries = row->tries;
	snprintf(parcel->url, sizeof parcel->url, "%s", hook.url);
	snprintf(parcel->kind, sizeof parcel->kind, "%s", webhook_kind_word(row->kind));
	take->count++;
	return delivery_update(tx->db, row);
}

enum err webhook_take_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct webhook_take *take = arg;
	struct due due = {.take = take};
	enum err err;

	(void)out;
	take->count = 0;
	err = tx_open(tx);
	if (!err)
		err = delivery_due(tx->db, now_ms,
		                   (int64_t)(take->want < WEBHOOK_TAKE ? take->want : WEBHOOK_TAKE),
		                   take_due, &due);
	for (size_t i = 0; !err && i < due.count; i++)
		err = take_one(tx, &due, i, now_ms);
	/* Most looks find nothing and shall write nothing: what is old goes with what is new. */
	return err || due.count == 0 ? err : delivery_prune(tx->db, now_ms - WEBHOOK_KEPT_MS);
}

/* 10 s, 20 s, 40 s … up to an hour between tries. */
static int64_t pause_ms(int64_t tries)
{
	int64_t ms = INT64_C(10000) << (tries < 10 ? tries - 1 : 9);

	return ms < 3600000 ? ms : 3600000;
}

enum err webhook_sent_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	const struct webhook_sent *sent = arg;
	struct body_copy copy;
	enum err err;

	(void)out;
	err = delivery_get(tx->db, sent->property_id, sent->delivery_id, copy_delivery, &copy);
	if (err)
		return err == ERR_NOT_FOUND ? ERR_NONE
		                            : err; /* its webhook was deleted meanwhile */
	if (copy.row.state != DELIVERY_PENDING)
		return ERR_NONE;
	copy.row.status = sent->status;
	snprintf(copy.row.error, sizeof copy.row.error, "%s", sent->error);
	if (sent->status >= 200 && sent->status < 300) {
		copy.row.state = DELIVERY_DONE;
		copy.row.done_ms = now_ms;
	} else if (now_ms - copy.row.created_ms >= WEBHOOK_RETRY_MS) {
		copy.row.state = DELIVERY_FAILED;
		copy.row.done_ms = now_ms;
	} else {
		copy.row.next_ms = now_ms + pause_ms(copy.row.tries);
	}
	return delivery_update(tx->db, &copy.row);
}
