/* Frames as JSON: what is said of good ones is in tests/vectors; here are the refusals, their
 * codes and their sentences, and the keys that depend on what is in the frame. */
#include "libs/proto/decode.h"

#include "libs/base/bytes.h"
#include "libs/proto/command.h"
#include "libs/proto/transfer.h"
#include "libs/proto/uplink.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static enum err decode_hex(const char *protocol, const char *hex, json_t **out, char reason[120])
{
	static uint8_t bytes[16384];
	size_t len;

	*out = NULL;
	reason[0] = '\0';
	assert_int_equal(hex_decode_any(hex, bytes, sizeof bytes, &len), ERR_NONE);
	return decode_frame(protocol, bytes, len, out, reason, 120);
}

static void refused(const char *protocol, const char *hex, enum err want, const char *sentence)
{
	char reason[120];
	json_t *out;

	assert_int_equal(decode_hex(protocol, hex, &out, reason), want);
	assert_null(out);
	assert_string_equal(reason, sentence);
}

/* The object of a good frame, as text with sorted keys. */
static void shows(const char *protocol, const char *hex, const char *want)
{
	char reason[120], *text;
	json_t *out;

	assert_int_equal(decode_hex(protocol, hex, &out, reason), ERR_NONE);
	text = json_dumps(out, JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(10));
	assert_string_equal(text, want);
	free(text);
	json_decref(out);
}

static void protocols_have_names(void **state)
{
	(void)state;
	assert_string_equal(decode_protocol_name(0), "im1253b-modbus");
	assert_string_equal(decode_protocol_name(8), "wattle-down");
	assert_null(decode_protocol_name(9));
	refused("modbus", "00", ERR_NOT_FOUND, "unknown protocol modbus");
	refused("wattle-cans", "00", ERR_NOT_FOUND, "unknown protocol wattle-cans");
	refused("", "00", ERR_NOT_FOUND, "unknown protocol ");
}

static void sensor_frames(void **state)
{
	(void)state;
	refused("im1253b-modbus", "", ERR_SHORT, "input ends too early");
	refused("im1253b-modbus", "010302010579D8", ERR_CRC, "wrong check sum");
	refused("im1253b-modbus", "018302C0F10000", ERR_BAD_INPUT,
	        "neither a request nor an answer of this module");
	refused("im1253b-modbus", "0183020102030405", ERR_REFUSED,
	        "neither a request nor an answer of this module");
	shows("im1253b-modbus", "01AA010302010579D7",
	      "{\"addr\":1,\"baud\":4800,\"byte_count\":2,\"format\":\"8N1\",\"func\":3,"
	      "\"module_addr\":1,\"reg\":\"0x0105\",\"skip\":2}");
	/* no such line setting: the word is shown as it is */
	shows("im1253b-modbus", "0103020100b9d4",
	      "{\"addr\":1,\"byte_count\":2,\"func\":3,\"reg\":\"0x0100\",\"skip\":0}");
	/* one register, which the frame does not name: voltage unless told */
	shows("im1253b-modbus", "01030400000000fa33",
	      "{\"addr\":1,\"byte_count\":4,\"func\":3,\"registers\":[0],\"skip\":0,"
	      "\"voltage_V\":0.0}");
	shows("im1253b-modbus:0x4B", "01030400000000fa33",
	      "{\"addr\":1,\"byte_count\":4,\"energy_kWh\":0.0,\"func\":3,\"registers\":[0],"
	      "\"skip\":0}");
	shows("im1253b-modbus:0x60", "01030400000000fa33",
	      "{\"addr\":1,\"byte_count\":4,\"func\":3,\"registers\":[0],\"skip\":0}");
	/* energy may only be set to 0; another value has no effect that we could name */
	shows("im1253b-modbus", "0110004b0002040000000177ec",
	      "{\"addr\":1,\"byte_count\":4,\"count\":2,\"count_field\":2,\"expected_reply_bytes\":8,\"func\":16,\"skip\":0,"
	      "\"start\":\"0x004B\",\"value\":1}");
}

static void bus_frames(void **state)
{
	(void)state;
	refused("wattle-can", "10801e", ERR_SHORT, "an identifier has 4 bytes");
	refused("wattle-can", "10801e00000000000000000000", ERR_TOO_LONG,
	        "a frame has 4 bytes of identifier and 0..8 of data");
	refused("wattle-can", "13f01e00", ERR_NOT_FOUND, "identifier of an unknown type");
	refused("wattle-can", "10801e01", ERR_BAD_INPUT, "identifier not formed by our rules");
	refused("wattle-can", "10801e0000", ERR_BAD_INPUT, "data of values-a: malformed input");
	refused("wattle-can", "1090060000", ERR_BAD_INPUT, "data of values-b: malformed input");
	refused("wattle-can", "082ffc0000", ERR_BAD_INPUT, "data of time: malformed input");
	refused("wattle-can", "15111aae0002010203040506", ERR_VERSION,
	        "data of claim: made by a newer program");
	refused("wattle-can", "0d211aaee903010203040506", ERR_RANGE,
	        "data of assign: value out of range");
	shows("wattle-can", "0d0ffc00",
	      "{\"address\":1023,\"data\":\"\",\"direction\":\"to-terminal\",\"id\":\"0x0D0FFC00\","
	      "\"priority\":3,\"type\":\"who\"}");
}

static void transfers(void **state)
{
	(void)state;
	refused("iso-tp", "", ERR_SHORT, "the transfer is not complete");
	refused("iso-tp", "4000000000000000", ERR_BAD_INPUT, "frame 1: reserved type");
	refused("iso-tp", "0000000000000000", ERR_BAD_INPUT, "frame 1: SF: malformed input");
	refused("iso-tp", "01000000000000000100000000000000", ERR_SEQUENCE,
	        "frame 2: SF behind the end of the transfer");
	refused("iso-tp", "10080102030405062207080000000000", ERR_SEQUENCE,
	        "frame 2: CF 2: a part is missing, repeated or out of order");
	/* flow control behind the end is a receiver's echo */
	shows("iso-tp", "0107000000000000 3000000000000000",
	      "{\"frames\":[\"SF\",\"FC (receiver)\"],\"length\":1,\"payload_hex\":\"07\"}");
	refused("iso-tp", "1008010203040506", ERR_SHORT, "the transfer is not complete");
	shows("iso-tp",
	      "1008010203040506 3100000000000000 3200000000000000 3300000000000000 3000000000000000 210708",
	      "{\"frames\":[\"FF\",\"FC wait (receiver)\",\"FC overflow (receiver)\",\"FC ?\","
	      "\"FC (receiver)\",\"CF 1\"],\"length\":8,\"payload_hex\":\"0102030405060708\"}");
	refused("wattle-transfer", "20", ERR_SHORT, "transfer: input ends too early");
	refused("wattle-transfer", "2000000000", ERR_CRC, "transfer: wrong check sum");
}

/* Bodies with a right CRC but a wrong form. */
static void sealed_bodies(void **state)
{
	static const struct {
		uint8_t body[8];
		size_t len;
		enum err err;
		const char *sentence;
	} cases[] = {
	        {{0x25},    1, ERR_NOT_FOUND, "unknown message type 0x25"              },
	        {{0x20, 1}, 2, ERR_BAD_INPUT, "message type 0x20: malformed input"     },
	        {{0x21, 1}, 2, ERR_BAD_INPUT, "message type 0x21: malformed input"     },
	        {{0x22, 1}, 2, ERR_BAD_INPUT, "message type 0x22: malformed input"     },
	        {{0x23, 1}, 2, ERR_BAD_INPUT, "message type 0x23: malformed input"     },
	        {{0x24, 1}, 2, ERR_BAD_INPUT, "message type 0x24: malformed input"     },
	        {{0x10, 1}, 2, ERR_SHORT,     "message type 0x10: input ends too early"},
	        {{0x11, 1}, 2, ERR_BAD_INPUT, "message type 0x11: malformed input"     },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint8_t payload[16];
		char hex[40];

		memcpy(payload, cases[i].body, cases[i].len);
		hex_encode(payload, transfer_seal(payload, cases[i].len), hex);
		refused("wattle-transfer", hex, cases[i].err, cases[i].sentence);
	}
	refused("wattle-command", "", ERR_SHORT, "no bytes");
	refused("wattle-command", "20", ERR_BAD_INPUT, "neither a command nor a result");
	refused("wattle-command", "1001", ERR_SHORT, "message type 0x10: input ends too early");
}

/* A command that a terminal would refuse is shown, with a warning. */
static void commands_a_terminal_refuses(void **state)
{
	static const struct command_key key;
	struct command command = {.kind = COMMAND_TRIP, .arg_len = 1, .args = {7}};
	uint8_t body[COMMAND_SIZE_MAX];
	char hex[2 * COMMAND_SIZE_MAX + 1], reason[120];
	json_t *out;
	size_t len;

	(void)state;
	assert_int_equal(command_encode(&command, &key, body, sizeof body, &len), ERR_NONE);
	hex_encode(body, len, hex);
	assert_int_equal(decode_hex("wattle-command", hex, &out, reason), ERR_NONE);
	assert_string_equal(json_string_value(json_object_get(out, "warning")),
	                    "a terminal refuses these arguments");
	assert_null(json_object_get(out, "delay_max_s"));
	json_decref(out);
}

static void messages(void **state)
{
	struct uplink u = {.boot = 1, .seq = UINT64_MAX};
	uint8_t bytes[64];
	char hex[129];
	size_t len;

	(void)state;
	refused("wattle-uplink", "", ERR_BAD_INPUT, "malformed input");
	refused("wattle-now", "ff", ERR_BAD_INPUT, "malformed input");
	refused("wattle-ack", "", ERR_BAD_INPUT, "malformed input");
	refused("wattle-down", "", ERR_BAD_INPUT, "malformed input");
	/* beyond what JSON integers hold: as text */
	assert_int_equal(uplink_encode(&u, bytes, sizeof bytes, &len), ERR_NONE);
	hex_encode(bytes, len, hex);
	shows("wattle-uplink", hex,
	      "{\"boot\":\"0000000000000001\",\"events\":[],\"readings\":[],\"results\":[],"
	      "\"seq\":\"18446744073709551615\"}");
}

static void parts_that_were_not_sent_are_not_shown(void **state)
{
	struct down down = {
	        .epoch = 1, .has_config = true, .config = {.part = true, .parts = 2}
        };
	uint8_t bytes[64];
	char hex[129];
	size_t len;

	(void)state;
	shows("wattle-down", "090100000000000000",
	      "{\"commands\":[],\"epoch\":\"0000000000000001\",\"time_ms\":0}");
	assert_int_equal(down_encode(&down, bytes, sizeof bytes, &len), ERR_NONE);
	hex_encode(bytes, len, hex);
	shows("wattle-down", hex,
	      "{\"commands\":[],\"config\":{\"index\":0,\"meters\":[],\"part\":true,\"parts\":2,"
	      "\"period_s\":0,\"trip_limit_count\":0,\"trip_limit_window_s\":0,\"version\":0},"
	      "\"epoch\":\"0000000000000001\",\"time_ms\":0}");
	/* one row of which only the meter and the time are known */
	shows("wattle-now", "120b 0801 12010a 1a0101 220114",
	      "{\"live\":[{\"meter\":5,\"time_s\":10}],\"time_ms\":0,\"want\":[]}");
}

/* ---- no memory ---- */

static int allocations_left;

static void *scarce(size_t size)
{
	return allocations_left-- > 0 ? malloc(size) : NULL;
}

/* Whatever allocation fails: no crash, no leak (the sanitizers watch), and never half an object. */
static void without_memory_nothing_is_half_done(void **state)
{
	json_error_t error;
	json_t *vectors = json_load_file(SOURCE_DIR "/../../tests/vectors/wattle.json", 0, &error);
	size_t i;
	json_t *vector;

	(void)state;
	assert_non_null(vectors);
	json_array_foreach(vectors, i, vector)
	{
		const char *protocol = json_string_value(json_object_get(vector, "protocol"));
		const char *hex = json_string_value(json_object_get(vector, "frame_hex"));
		enum err err = ERR_NOMEM;

		if (strlen(hex) > 700 || json_object_get(vector, "expect"))
			continue;
		for (int n = 0; err == ERR_NOMEM; n++) {
			char reason[120];
			json_t *out;

			json_set_alloc_funcs(scarce, free);
			allocations_left = n;
			err = decode_hex(protocol, hex, &out, reason);
			json_set_alloc_funcs(malloc, free);
			if (err == ERR_NOMEM) {
				assert_null(out);
				assert_string_equal(reason, "out of memory");
			}
			json_decref(out);
		}
		assert_int_equal(err, ERR_NONE);
	}
	json_decref(vectors);
}

static void reasons_are_cut_to_their_room(void **state)
{
	char reason[8];
	json_t *out;

	(void)state;
	assert_int_equal(
	        decode_frame("wattle-can", (const uint8_t *)"", 0, &out, reason, sizeof reason),
	        ERR_SHORT);
	assert_string_equal(reason, "an iden");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	        cmocka_unit_test(protocols_have_names),
	        cmocka_unit_test(sensor_frames),
	        cmocka_unit_test(bus_frames),
	        cmocka_unit_test(transfers),
	        cmocka_unit_test(sealed_bodies),
	        cmocka_unit_test(commands_a_terminal_refuses),
	        cmocka_unit_test(messages),
	        cmocka_unit_test(parts_that_were_not_sent_are_not_shown),
	        cmocka_unit_test(without_memory_nothing_is_half_done),
	        cmocka_unit_test(reasons_are_cut_to_their_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
