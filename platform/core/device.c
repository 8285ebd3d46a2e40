#include "platform/core/device.h"

#include <ctype.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "libs/base/bytes.h"
#include "platform/core/access.h"
#include "platform/core/meter_edit.h"

#define LABEL_PREFIX "WATTLE1:"

/* Chip ids are kept in lower case, whatever the label has. */
static enum err chip_normal(const char *text, size_t len, char chip[CHIP_TEXT_SIZE])
{
	uint8_t bytes[12];

	if (len != CHIP_TEXT_SIZE - 1)
		return ERR_BAD_INPUT;
	memcpy(chip, text, len);
	chip[len] = '\0';
	if (chip_parse(chip, bytes))
		return ERR_BAD_INPUT;
	chip_format(bytes, chip);
	return ERR_NONE;
}

static enum err key_field(const char *text, size_t len, uint8_t key[TERMINAL_KEY_SIZE])
{
	char hex[2 * TERMINAL_KEY_SIZE + 1];
	enum err err;

	if (len != sizeof hex - 1)
		return ERR_BAD_INPUT;
	memcpy(hex, text, len);
	hex[len] = '\0';
	err = key_parse(hex, key);
	sodium_memzero(hex, sizeof hex);
	return err;
}

enum err label_parse(const char *label, char chip[CHIP_TEXT_SIZE], uint8_t key[TERMINAL_KEY_SIZE])
{
	const char *at = label, *colon;

	if (strncmp(label, LABEL_PREFIX, strlen(LABEL_PREFIX)) != 0)
		return ERR_BAD_INPUT;
	at += strlen(LABEL_PREFIX);
	colon = strchr(at, ':');
	if (!colon || chip_normal(at, (size_t)(colon - at), chip))
		return ERR_BAD_INPUT;
	return key_field(colon + 1, strlen(colon + 1), key);
}

/* ---- adoption ---- */

static enum err bad_field(struct adopt_request *request, const char *field, enum err err)
{
	request->field = field;
	return err;
}

static enum err take_key(struct tx *tx, struct adopt_request *request, struct terminal_row *t)
{
	enum err err;

	if (!request->has_key)
		return t->key_known ? ERR_NONE : ERR_AUTH;
	if (!tx->keys)
		return ERR_AUTH;
	err = keys_wrap(tx->keys, t->chip, request->key, t->key_wrapped);
	if (err)
		return err;
	t->key_known = true;
	t->key_version = KEY_VERSION_FIRST;
	return terminal_put(tx->db, t);
}

static enum err tell_device(const struct terminal_row *t, struct effects *out)
{
	struct effect *effect = effects_add(out, EFFECT_DEVICE);

	if (!effect)
		return ERR_NOMEM;
	effect->u.device = *t;
	memset(effect->u.device.key_wrapped, 0, sizeof effect->u.device.key_wrapped);
	return ERR_NONE;
}

static enum err may_adopt(struct tx *tx, const struct actor *actor, int64_t property_id,
                          struct place *place, int64_t now_ms)
{
	enum err err = place_of_object(tx->db, property_id, 0, place);

	return err ? err : access_require(tx, actor, PERMISSION_DEVICE_ADOPT, place, now_ms);
}

/* What it is and where it hangs: an edit of the new meter, in the same transaction. */
static enum err place_meter(struct tx *tx, struct adopt_request *request, int64_t now_ms,
                            struct effects *out)
{
	struct meter_edit edit = {.actor = request->actor,
	                          .meter = request->meter,
	                          .version = request->row.version,
	                          .model = request->model[0] ? request->model : NULL,
	                          .has_space = request->space_id != 0,
	                          .space_id = request->space_id};
	enum err err;

	if (!edit.model && !edit.has_space)
		return ERR_NONE;
	err = meter_edit_step(tx, &edit, now_ms, out);
	request->fault = edit.fault;
	if (!err)
		request->row = edit.row;
	return err;
}

enum err device_adopt_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct adopt_request *request = arg;
	struct meter_row *row = &request->row;
	struct terminal_row terminal;
	char object[64], detail[96];
	enum err err;

	if (request->meter < METER_NUMBER_MIN || request->meter > METER_NUMBER_MAX)
		return bad_field(request, "meter", ERR_BAD_INPUT);
	if (!request->meter_use[0])
		snprintf(request->meter_use, sizeof request->meter_use, "prepaid");
	if (!meter_use_valid(request->meter_use))
		return bad_field(request, "use", ERR_BAD_INPUT);
	err = terminal_by_chip(tx->db, request->chip, &terminal);
	if (err || terminal.gateway_id == 0)
		return bad_field(request, "chip", err ? err : ERR_NOT_FOUND);
	err = may_adopt(tx, &request->actor, terminal.property_id, &request->place, now_ms);
	if (err)
		return err;
	if (terminal.meter)
		return bad_field(request, "chip", ERR_DUP);
	err = take_key(tx, request, &terminal);
	if (err)
		return bad_field(request, "label", err);

	memset(row, 0, sizeof *row);
	row->property_id = terminal.property_id;
	row->gateway_id = terminal.gateway_id;
	row->meter = request->meter;
	row->created_s = now_ms / 1000;
	snprintf(row->chip, sizeof row->chip, "%s", terminal.chip);
	snprintf(row->name, sizeof row->name, "%s", request->name);
	snprintf(row->meter_use, sizeof row->meter_use, "%s", request->meter_use);
	err = meter_insert(tx->db, row);
	if (err)
		return bad_field(request, "meter", err);
	err = gateway_config_bump(tx->db, row->property_id, row->gateway_id);
	if (err)
		return err;
	snprintf(object, sizeof object, "meter %lld", (long long)row->meter);
	snprintf(detail, sizeof detail, "chip %s", row->chip);
	err = audit_note(tx, &request->actor, row->property_id, "device.adopt", object, detail,
	                 now_ms);
	if (!err)
		err = meter_get(tx->db, row->property_id, row->meter, row);
	if (!err)
		err = place_meter(tx, request, now_ms, out);
	terminal.meter = row->meter;
	if (!err)
		err = tell_device(&terminal, out);
	return err ? err : effects_directory(out);
}

/* ---- import of a list of keys ---- */

/* One field up to a comma or the end of the line; blanks and quotes around it do not count. */
static const char *field(const char **at, const char *end, size_t *len)
{
	const char *start = *at, *stop = start;

	while (stop < end && *stop != ',')
		stop++;
	*at = stop < end ? stop + 1 : end;
	while (start < stop && (isspace((unsigned char)*start) || *start == '"'))
		start++;
	while (stop > start && (isspace((unsigned char)stop[-1]) || stop[-1] == '"'))
		stop--;
	*len = (size_t)(stop - start);
	return start;
}

static enum err import_line(struct tx *tx, struct import_request *request, int64_t property_id,
                            const char *at, const char *end)
{
	uint8_t key[TERMINAL_KEY_SIZE];
	struct terminal_row t = {.property_id = property_id};
	char chip[CHIP_TEXT_SIZE];
	const char *text;
	size_t len;
	enum err err;

	text = field(&at, end, &len);
	if (chip_normal(text, len, chip)) {
		request->why = "chip is not 24 hex digits";
		return ERR_BAD_INPUT;
	}
	text = field(&at, end, &len);
	if (key_field(text, len, key)) {
		request->why = "key is not 64 hex digits";
		return ERR_BAD_INPUT;
	}
	err = terminal_by_chip(tx->db, chip, &t);
	if (err && err != ERR_NOT_FOUND)
		return err;
	if (err == ERR_NOT_FOUND)
		memcpy(t.chip, chip, sizeof t.chip);
	if (t.meter || t.key_known || t.property_id != property_id) {
		/* A key in use is changed by a key change, never by a list; and nothing is done to,
		 * or said of, another property's terminal. */
		request->known++;
		return ERR_NONE;
	}
	err = keys_wrap(tx->keys, t.chip, key, t.key_wrapped);
	sodium_memzero(key, sizeof key);
	if (err)
		return err;
	t.key_known = true;
	t.key_version = KEY_VERSION_FIRST;
	request->added++;
	return terminal_put(tx->db, &t);
}

static bool is_header(const char *at, const char *end)
{
	size_t len;
	const char *text = field(&at, end, &len);

	return len == 4 && strncmp(text, "chip", 4) == 0;
}

enum err device_import_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct import_request *request = arg;
	const char *at = request->csv, *end = at + request->len;
	struct property_row property;
	char detail[64];
	enum err err;

	request->added = request->known = request->line = 0;
	request->why = "";
	if (!tx->keys)
		return ERR_AUTH;
	err = property_named_or_only(tx, request->property, &property);
	if (err)
		request->why = "which property?";
	if (!err)
		err = access_require_property(tx, &request->actor, PERMISSION_DEVICE_ADOPT,
		                              property.property_id, now_ms);
	if (err)
		return err;
	if (request->len >= 3 && memcmp(at, "\xEF\xBB\xBF", 3) == 0)
		at += 3; /* byte order mark of a spreadsheet */
	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		const char *line_end = stop ? stop : end;

		request->line++;
		while (line_end > at && line_end[-1] == '\r')
			line_end--;
		if (line_end > at && !(request->line == 1 && is_header(at, line_end))) {
			err = import_line(tx, request, property.property_id, at, line_end);
			if (err)
				return err;
		}
		at = stop ? stop + 1 : end;
	}
	snprintf(detail, sizeof detail, "added %u, known %u", request->added, request->known);
	(void)out;
	return audit_note(tx, &request->actor, property.property_id, "terminal.import", "list",
	                  detail, now_ms);
}
