/* Frames and transfers of our CAN bus. */
#include "libs/base/bytes.h"
#include "libs/proto/bulk.h"
#include "libs/proto/can.h"
#include "libs/proto/command.h"
#include "libs/proto/decode_parts.h"
#include "libs/proto/event.h"
#include "libs/proto/isotp.h"
#include "libs/proto/transfer.h"

#include <stdio.h>
#include <string.h>

/* ---- single frames: identifier (4 bytes, high byte first), then the data ---- */

static const char *type_word(enum can_type type)
{
	switch (type) {
	case CAN_TRANSFER_COMMAND:
		return "transfer-command";
	case CAN_TIME:
		return "time";
	case CAN_VALUES_A:
		return "values-a";
	case CAN_VALUES_B:
		return "values-b";
	case CAN_WHO:
		return "who";
	case CAN_CLAIM:
		return "claim";
	case CAN_ASSIGN:
		return "assign";
	case CAN_TRANSFER_BULK:
		return "transfer-bulk";
	}
	return "unknown";
}

static enum err values_a(struct decode *d, const struct can_msg *msg)
{
	struct meter_values v;
	enum err err = can_values_a_decode(msg, &v);

	if (err)
		return err;
	put_int(d, d->out, "voltage_dv", v.voltage_dv);
	put_int(d, d->out, "current_ma", v.current_ma);
	put_int(d, d->out, "power_dw", v.power_dw);
	put_int(d, d->out, "pf_permille", v.pf_permille);
	put(d, d->out, "valid", json_boolean(v.valid));
	return ERR_NONE;
}

static enum err values_b(struct decode *d, const struct can_msg *msg)
{
	struct meter_values v;
	enum err err = can_values_b_decode(msg, &v);

	if (err)
		return err;
	put_int(d, d->out, "energy_wh", (int64_t)v.energy_wh);
	put_int(d, d->out, "frequency_chz", v.frequency_chz);
	put_int(d, d->out, "state", v.state);
	put_int(d, d->out, "quality", v.quality);
	put_bits(d, d->out, "state_bits", v.state, METER_STATE_BITS, meter_state_word);
	put_bits(d, d->out, "quality_bits", v.quality, METER_QUALITY_CAN_BITS, meter_quality_word);
	return ERR_NONE;
}

static enum err bus_time(struct decode *d, const struct can_msg *msg)
{
	uint64_t unix_ms;
	enum err err = can_time_decode(msg, &unix_ms);

	if (err)
		return err;
	put_int(d, d->out, "unix_ms", (int64_t)unix_ms);
	return ERR_NONE;
}

static enum err claim(struct decode *d, const struct can_msg *msg)
{
	struct can_claim_join join = {.have = 0};
	enum err err = can_claim_take(&join, msg);

	if (err != ERR_BUSY) /* one part of three is never complete */
		return err;
	put_int(d, d->out, "part", msg->data[0] & 15);
	put_int(d, d->out, "salt", join.claim.salt);
	put_int(d, d->out, "version", join.claim.version);
	if (join.have == 1 << 0)
		put_hex(d, d->out, "chip_first", join.claim.chip, CHIP_SIZE / 2);
	if (join.have == 1 << 1)
		put_hex(d, d->out, "chip_last", join.claim.chip + CHIP_SIZE / 2, CHIP_SIZE / 2);
	if (join.have == 1 << 2) {
		put_int(d, d->out, "held_address", join.claim.address);
		put_int(d, d->out, "boot", join.claim.boot);
		put_int(d, d->out, "firmware", join.claim.firmware);
	}
	return ERR_NONE;
}

static enum err assign(struct decode *d, const struct can_msg *msg)
{
	struct can_assign a;
	enum err err = can_assign_decode(msg, &a);

	if (err)
		return err;
	put_int(d, d->out, "assigned_address", a.address);
	put_hex(d, d->out, "fingerprint", a.fingerprint, FINGERPRINT_SIZE);
	return ERR_NONE;
}

static enum err data_decode(struct decode *d, enum can_type type, const struct can_msg *msg)
{
	switch (type) {
	case CAN_VALUES_A:
		return values_a(d, msg);
	case CAN_VALUES_B:
		return values_b(d, msg);
	case CAN_TIME:
		return bus_time(d, msg);
	case CAN_CLAIM:
		return claim(d, msg);
	case CAN_ASSIGN:
		return assign(d, msg);
	case CAN_WHO:
	case CAN_TRANSFER_COMMAND:
	case CAN_TRANSFER_BULK:
		put_hex(d, d->out, "data", msg->data, msg->len);
		return ERR_NONE;
	}
	return ERR_NOT_FOUND;
}

enum err decode_can(struct decode *d)
{
	struct can_msg msg = {.id = 0};
	struct can_id id;
	enum err err;

	if (d->len < 4)
		return decode_refuse(d, ERR_SHORT, "an identifier has 4 bytes");
	if (d->len > 12)
		return decode_refuse(d, ERR_TOO_LONG,
		                     "a frame has 4 bytes of identifier and 0..8 of data");
	msg.id = get_be32(d->bytes);
	msg.len = (uint8_t)(d->len - 4);
	memcpy(msg.data, d->bytes + 4, msg.len);
	err = can_id_decode(msg.id, &id);
	if (err)
		return decode_refuse(d, err,
		                     err == ERR_NOT_FOUND ? "identifier of an unknown type"
		                                          : "identifier not formed by our rules");
	put_code(d, d->out, "id", msg.id, 8);
	put_int(d, d->out, "priority", msg.id >> 26);
	put_text(d, d->out, "type", type_word(id.type));
	put_text(d, d->out, "direction",
	         id.direction == CAN_FROM_TERMINAL ? "from-terminal" : "to-terminal");
	if (id.type == CAN_CLAIM || id.type == CAN_ASSIGN)
		put_code(d, d->out, "hash20", id.hash20, 5);
	else
		put_int(d, d->out, "address", id.address);
	err = data_decode(d, id.type, &msg);
	return err ? decode_refuse(d, err, "data of %s: %s", type_word(id.type), err_text(err))
	           : ERR_NONE;
}

/* ---- ISO-TP: the frames of one transfer, 8 bytes each, flow control among them ---- */

#define PAYLOAD_MAX 8192

static void frame_name(const uint8_t *frame, char *name, size_t size)
{
	static const char *const flow[] = {"FC (receiver)", "FC wait (receiver)",
	                                   "FC overflow (receiver)"};

	switch (frame[0] >> 4) {
	case 0:
		snprintf(name, size, "SF");
		return;
	case 1:
		snprintf(name, size, "FF");
		return;
	case 2:
		snprintf(name, size, "CF %d", frame[0] & 15);
		return;
	default:
		snprintf(name, size, "%s", (frame[0] & 15) < 3 ? flow[frame[0] & 15] : "FC ?");
	}
}

static enum err isotp_frames(struct decode *d, struct isotp *ch, json_t *names)
{
	bool complete = false;

	for (size_t at = 0; at < d->len; at += 8) {
		uint8_t len = (uint8_t)(d->len - at < 8 ? d->len - at : 8);
		const uint8_t *frame = d->bytes + at;
		char name[24];
		enum err err = ERR_NONE;

		if (frame[0] >> 4 > 3)
			return decode_refuse(d, ERR_BAD_INPUT, "frame %zu: reserved type",
			                     at / 8 + 1);
		frame_name(frame, name, sizeof name);
		if (complete && frame[0] >> 4 != 3)
			return decode_refuse(d, ERR_SEQUENCE,
			                     "frame %zu: %s behind the end of the transfer",
			                     at / 8 + 1, name);
		switch (isotp_take(ch, frame, len, 0, &err)) {
		case ISOTP_RECEIVED:
			complete = true;
			break;
		case ISOTP_DROPPED:
			return decode_refuse(d, err, "frame %zu: %s: %s", at / 8 + 1, name,
			                     err_text(err));
		case ISOTP_NOTHING:
		case ISOTP_FAILED:
			break;
		}
		if (json_array_append_new(names, json_string(name)))
			d->failed = true;
	}
	return complete ? ERR_NONE : decode_refuse(d, ERR_SHORT, "the transfer is not complete");
}

enum err decode_isotp(struct decode *d)
{
	static uint8_t payload[PAYLOAD_MAX];
	static char text[2 * PAYLOAD_MAX + 1];
	json_t *names = json_array();
	struct isotp ch;
	enum err err;

	isotp_init(&ch, payload, sizeof payload);
	err = isotp_frames(d, &ch, names);
	put(d, d->out, "frames", names);
	if (err)
		return err;
	hex_encode(payload, ch.rx.len, text);
	put_text(d, d->out, "payload_hex", text);
	put_int(d, d->out, "length", (int64_t)ch.rx.len);
	return ERR_NONE;
}

/* ---- bodies of transfers ---- */

static enum err events(struct decode *d)
{
	struct bulk_events e;
	enum err err = bulk_events_decode(d->bytes, d->len, &e);
	json_t *list;

	if (err)
		return err;
	put_text(d, d->out, "type", "events");
	put_int(d, d->out, "newest_seq", e.newest_seq);
	list = json_array();
	for (unsigned i = 0; i < e.n; i++) {
		json_t *j = json_object();

		put_int(d, j, "seq", e.event[i].seq);
		put_int(d, j, "time_s", e.event[i].time_s);
		put_int(d, j, "boot", e.event[i].boot);
		put_int(d, j, "kind", e.event[i].kind);
		put_text(d, j, "name", event_name(e.event[i].kind)->word);
		put_int(d, j, "detail", e.event[i].detail);
		put_int(d, j, "value", e.event[i].value);
		if (json_array_append_new(list, j))
			d->failed = true;
	}
	put(d, d->out, "events", list);
	return ERR_NONE;
}

static enum err events_get(struct decode *d)
{
	struct bulk_events_get get;
	enum err err = bulk_events_get_decode(d->bytes, d->len, &get);

	if (err)
		return err;
	put_text(d, d->out, "type", "events-get");
	put_int(d, d->out, "from_seq", get.from_seq);
	put_int(d, d->out, "max", get.max);
	return ERR_NONE;
}

static enum err events_ack(struct decode *d)
{
	uint32_t seq;
	enum err err = bulk_events_ack_decode(d->bytes, d->len, &seq);

	if (err)
		return err;
	put_text(d, d->out, "type", "events-ack");
	put_int(d, d->out, "seq", seq);
	return ERR_NONE;
}

static enum err time_want_get(struct decode *d)
{
	enum err err = bulk_time_want_get_decode(d->bytes, d->len);

	if (!err)
		put_text(d, d->out, "type", "time-want-get");
	return err;
}

static enum err time_want(struct decode *d)
{
	struct bulk_time_want want;
	enum err err = bulk_time_want_decode(d->bytes, d->len, &want);

	if (err)
		return err;
	put_text(d, d->out, "type", "time-want");
	put_int(d, d->out, "boot", want.boot);
	put_int(d, d->out, "uptime_s", want.uptime_s);
	return ERR_NONE;
}

static void credit_args(struct decode *d, unsigned kind, const struct command_args *args)
{
	const struct price_args *price = &args->price;
	const struct credit_args *credit = &args->credit;

	if (kind == COMMAND_CREDIT) {
		put_int(d, d->out, "version", credit->version);
		put_int(d, d->out, "flags", credit->flags);
		put_int(d, d->out, "alarm1_fen", credit->alarm1_fen);
		put_int(d, d->out, "alarm2_fen", credit->alarm2_fen);
		put_int(d, d->out, "overdraft_fen", credit->overdraft_fen);
		put_int(d, d->out, "close_fen", credit->close_fen);
		put_int(d, d->out, "hoarding_fen", credit->hoarding_fen);
		put_int(d, d->out, "start_s", credit->start_s);
		put_int(d, d->out, "start_wh", credit->start_wh);
		put_int(d, d->out, "start_spent_fen", credit->start_spent_fen);
		put_int(d, d->out, "start_step_wh", credit->start_step_wh);
		return;
	}
	put_int(d, d->out, "version", price->version);
	if (kind == COMMAND_PRICE_PART) {
		put_int(d, d->out, "at", price->at);
		put_hex(d, d->out, "part", price->part, price->len);
		return;
	}
	put_int(d, d->out, "valid_from_s", price->valid_from_s);
	put_int(d, d->out, "length", price->len);
	put_int(d, d->out, "crc32", price->crc32);
}

static void command_args(struct decode *d, const struct command *cmd)
{
	struct command_args args;
	enum err err = command_args_decode(cmd, &args);

	put_hex(d, d->out, "args", cmd->args, cmd->arg_len);
	if (err) {
		put_text(d, d->out, "warning",
		         err == ERR_NOT_FOUND ? "a terminal refuses this kind as unknown"
		                              : "a terminal refuses these arguments");
		return;
	}
	if (cmd->kind == COMMAND_TIME) {
		put_int(d, d->out, "unix_ms", (int64_t)args.unix_ms);
		put_int(d, d->out, "boot", args.boot);
		put_int(d, d->out, "uptime_s", args.uptime_s);
		return;
	}
	if (cmd->kind == COMMAND_PURSE_VOID) {
		put_int(d, d->out, "count", args.count);
		return;
	}
	if (cmd->kind == COMMAND_RECHARGE) {
		put_int(d, d->out, "count", args.count);
		put_int(d, d->out, "amount_fen", args.amount_fen);
		put_int(d, d->out, "total_fen", args.total_fen);
		return;
	}
	if (command_is_of_credit(cmd->kind)) {
		credit_args(d, cmd->kind, &args);
		return;
	}
	put_int(d, d->out, "delay_max_s", args.delay_max_s);
	if (cmd->kind == COMMAND_KEEP_POWER)
		put_int(d, d->out, "until_s", args.until_s);
}

static enum err command(struct decode *d)
{
	struct command cmd;
	enum err err = command_parse(d->bytes, d->len, &cmd);

	if (err)
		return err;
	put_text(d, d->out, "type", "command");
	put_int(d, d->out, "key_version", cmd.key_version);
	put_int(d, d->out, "counter", cmd.counter);
	put_int(d, d->out, "kind", cmd.kind);
	put_text(d, d->out, "kind_word", command_kind_word(cmd.kind));
	put_int(d, d->out, "issued_s", cmd.issued_s);
	put_int(d, d->out, "expires_s", cmd.expires_s);
	command_args(d, &cmd);
	put_hex(d, d->out, "mac", d->bytes + d->len - COMMAND_MAC_SIZE, COMMAND_MAC_SIZE);
	return ERR_NONE;
}

static enum err result(struct decode *d)
{
	struct result r;
	enum err err = result_parse(d->bytes, d->len, &r);

	if (err)
		return err;
	put_text(d, d->out, "type", "result");
	put_int(d, d->out, "key_version", r.key_version);
	put_int(d, d->out, "counter", r.counter);
	put_int(d, d->out, "kind", r.kind);
	put_text(d, d->out, "kind_word", command_kind_word(r.kind));
	put_text(d, d->out, "outcome", command_outcome_word(r.outcome));
	put_text(d, d->out, "reason", command_reason_word(r.reason));
	put_int(d, d->out, "relay", r.relay);
	put_bits(d, d->out, "relay_bits", r.relay, 6, meter_state_word);
	if (command_is_of_credit(r.kind)) {
		struct result_credit credit = result_credit_get(&r);

		put_int(d, d->out, "price", credit.price);
		put_int(d, d->out, "next_price", credit.next);
		put_int(d, d->out, "limits", credit.limits);
	} else {
		put_int(d, d->out, "count", r.count);
		put_int(d, d->out, "total_fen", r.total_fen);
	}
	put_int(d, d->out, "balance_fen", r.balance_fen);
	put_int(d, d->out, "time_s", r.time_s);
	put_hex(d, d->out, "mac", d->bytes + d->len - COMMAND_MAC_SIZE, COMMAND_MAC_SIZE);
	return ERR_NONE;
}

static enum err body_decode(struct decode *d)
{
	switch (d->bytes[0]) {
	case TRANSFER_COMMAND:
		return command(d);
	case TRANSFER_RESULT:
		return result(d);
	case TRANSFER_EVENTS_GET:
		return events_get(d);
	case TRANSFER_EVENTS:
		return events(d);
	case TRANSFER_EVENTS_ACK:
		return events_ack(d);
	case TRANSFER_TIME_WANT_GET:
		return time_want_get(d);
	case TRANSFER_TIME_WANT:
		return time_want(d);
	default:
		return ERR_NOT_FOUND;
	}
}

static enum err body_or_reason(struct decode *d)
{
	enum err err = body_decode(d);

	if (!err)
		return ERR_NONE;
	if (err == ERR_NOT_FOUND)
		return decode_refuse(d, err, "unknown message type 0x%02X", d->bytes[0]);
	return decode_refuse(d, err, "message type 0x%02X: %s", d->bytes[0], err_text(err));
}

enum err decode_transfer(struct decode *d)
{
	size_t body_len;
	enum err err = transfer_open(d->bytes, d->len, &body_len);

	if (err)
		return decode_refuse(d, err, "transfer: %s", err_text(err));
	d->len = body_len;
	return body_or_reason(d);
}

enum err decode_command(struct decode *d)
{
	if (d->len == 0)
		return decode_refuse(d, ERR_SHORT, "no bytes");
	if (d->bytes[0] != TRANSFER_COMMAND && d->bytes[0] != TRANSFER_RESULT)
		return decode_refuse(d, ERR_BAD_INPUT, "neither a command nor a result");
	return body_or_reason(d);
}
