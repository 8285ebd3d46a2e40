/* Runs files of test vectors through the decoders that the products use (`make vectors`).
 *
 *     wattle-vectors FILE ...
 *
 * A file is a JSON list of {protocol, name, frame_hex, meaning, expect?, skip?, params?}. A frame
 * with expect "accept" (the default) must decode, and each key of its meaning that the decoder
 * produces must agree: numbers within half of the unit of the last digit written (230.0: 0.05), texts
 * alike, lists element by element. A frame with expect "reject" must be refused and needs no meaning.
 * params {key, chip} (hex) additionally check the MAC of a wattle-command. Keys that no decoder
 * produces are listed as uncovered, protocols that we do not have are listed; neither fails.
 *
 * Exit code 0: all is well; 1: a vector failed; 2: a file could not be used. */
#include "libs/base/bytes.h"
#include "libs/proto/command.h"
#include "libs/proto/decode.h"
#include "libs/proto/transfer.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRAME_MAX 65536
#define NAMES_MAX 256
#define FILE_STEP 65536

/* Names with how often they occurred. */
struct tally {
	size_t n;

	struct {
		char name[80];
		unsigned count;
	} entry[NAMES_MAX];
};

struct run {
	unsigned vectors, checked, failed, unsupported;
	struct tally protocols, unknown_protocols, uncovered;
	const char *name; /* of the vector at hand */
	bool bad;         /* it failed */
};

static void tally_add(struct tally *t, const char *name)
{
	for (size_t i = 0; i < t->n; i++)
		if (strcmp(t->entry[i].name, name) == 0) {
			t->entry[i].count++;
			return;
		}
	if (t->n == NAMES_MAX)
		return;
	snprintf(t->entry[t->n].name, sizeof t->entry[t->n].name, "%s", name);
	t->entry[t->n++].count = 1;
}

static void tally_print(const char *title, const struct tally *t)
{
	if (t->n == 0)
		return;
	printf("%s:", title);
	for (size_t i = 0; i < t->n; i++)
		printf("%s %s (%u)", i ? "," : "", t->entry[i].name, t->entry[i].count);
	printf("\n");
}

PRINTF_LIKE(2, 3) static void complain(struct run *run, const char *format, ...)
{
	va_list args;

	run->bad = true;
	printf("FAIL %s: ", run->name);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
}

/* ---- comparing ---- */

/* A number as the file writes it: a real is a text behind this mark, see reals_marked. */
#define MARK '\001'

static bool is_marked(const json_t *value)
{
	const char *text = json_string_value(value);

	return text && text[0] == MARK;
}

static bool is_expected_number(const json_t *value)
{
	return json_is_integer(value) || is_marked(value);
}

static double expected_value(const json_t *value)
{
	return is_marked(value) ? strtod(json_string_value(value) + 1, NULL)
	                        : json_number_value(value);
}

/* Half of the unit of the last digit that is written: 219.9 gives 0.05, 50.00 gives 0.005, 15e-1
 * gives 0.05. Never more than 0.5, the half of a whole number's unit. */
static double tolerance(const json_t *value)
{
	const char *text = is_marked(value) ? json_string_value(value) + 1 : "";
	const char *dot = strchr(text, '.'), *exponent = strpbrk(text, "eE");
	long decimals = dot ? (long)strspn(dot + 1, "0123456789") : 0;

	if (exponent)
		decimals -= strtol(exponent + 1, NULL, 10);
	return 0.5 * pow(10, decimals > 0 ? -(double)decimals : 0);
}

static bool numbers_agree(const json_t *expected, const json_t *got)
{
	if (json_is_integer(expected) && json_is_integer(got))
		return json_integer_value(expected) == json_integer_value(got);
	/* A hair more, because decimal fractions are not exact in binary. */
	return fabs(expected_value(expected) - json_number_value(got)) <=
	       tolerance(expected) * (1 + 1e-6);
}

/* A number, or a text like "0x0048", as a number. */
static bool as_code(const json_t *value, json_int_t *code)
{
	const char *text = json_string_value(value);
	char *end;

	if (json_is_integer(value)) {
		*code = json_integer_value(value);
		return true;
	}
	if (!text || strncasecmp(text, "0x", 2) != 0)
		return false;
	*code = (json_int_t)strtoll(text, &end, 16);
	return end > text + 2 && *end == '\0';
}

/* "0x48", "0x0048" and 72 are the same register. */
static bool codes_agree(const json_t *expected, const json_t *got)
{
	json_int_t a, b;

	return as_code(expected, &a) && as_code(got, &b) && a == b;
}

/* Texts of hexadecimal digits agree in either case. */
static bool texts_agree(const char *a, const char *b)
{
	bool hex = strspn(a, "0123456789abcdefABCDEF") == strlen(a);

	return hex ? strcasecmp(a, b) == 0 : strcmp(a, b) == 0;
}

static bool agree(struct run *run, const char *path, const json_t *expected, const json_t *got);

/* Keys that we do not produce are noted, not compared. */
static bool objects_agree(struct run *run, const char *path, const json_t *expected,
                          const json_t *got)
{
	const char *key;
	json_t *value;
	bool same = true;

	json_object_foreach((json_t *)(uintptr_t)expected, key, value)
	{
		const json_t *ours = json_object_get(got, key);
		char name[80];

		snprintf(name, sizeof name, "%s%s%s", path, *path ? "." : "", key);
		if (!ours)
			tally_add(&run->uncovered, name);
		else if (!agree(run, name, value, ours))
			same = false;
	}
	return same;
}

static bool lists_agree(struct run *run, const char *path, const json_t *expected,
                        const json_t *got)
{
	bool same = json_array_size(expected) == json_array_size(got);

	for (size_t i = 0; same && i < json_array_size(expected); i++) {
		char name[80];

		snprintf(name, sizeof name, "%s[%zu]", path, i);
		same = agree(run, name, json_array_get(expected, i), json_array_get(got, i));
	}
	return same;
}

static bool agree(struct run *run, const char *path, const json_t *expected, const json_t *got)
{
	if (json_is_object(expected) && json_is_object(got))
		return objects_agree(run, path, expected, got);
	if (json_is_array(expected) && json_is_array(got))
		return lists_agree(run, path, expected, got);
	if (is_expected_number(expected) && json_is_number(got))
		return numbers_agree(expected, got);
	if (codes_agree(expected, got))
		return true;
	if (json_is_string(expected) && json_is_string(got))
		return texts_agree(json_string_value(expected), json_string_value(got));
	return json_equal(expected, got);
}

static void compare(struct run *run, const json_t *meaning, const json_t *decoded)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)meaning, key, value)
	{
		const json_t *ours = json_object_get(decoded, key);
		char *want_text, *got_text;

		if (!ours) {
			tally_add(&run->uncovered, key);
			continue;
		}
		if (agree(run, key, value, ours))
			continue;
		want_text = is_marked(value) ? strdup(json_string_value(value) + 1)
		                             : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
		got_text =
		        json_dumps(ours, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(15));
		complain(run, "%s is %s, expected %s", key, got_text, want_text);
		free(want_text);
		free(got_text);
	}
}

/* ---- one vector ---- */

/* With a key in the vector, the MAC is part of what must be right. */
static enum err check_mac(const json_t *params, const uint8_t *frame, size_t len)
{
	const char *key_text = json_string_value(json_object_get(params, "key"));
	const char *chip_text = json_string_value(json_object_get(params, "chip"));
	struct command_key key;
	struct command command;
	struct result result;

	if (!key_text || !chip_text)
		return ERR_NONE;
	if (hex_decode(key_text, key.key, sizeof key.key) ||
	    hex_decode(chip_text, key.chip, sizeof key.chip))
		return ERR_BAD_INPUT;
	return frame[0] == TRANSFER_COMMAND ? command_open(frame, len, &key, &command)
	                                    : result_open(frame, len, &key, &result);
}

static enum err decode(const json_t *vector, const char *protocol, const uint8_t *frame, size_t len,
                       json_t **decoded, char *reason, size_t reason_size)
{
	const char *start =
	        json_string_value(json_object_get(json_object_get(vector, "meaning"), "start"));
	char name[96];
	enum err err;

	/* An answer does not tell which register it begins with; its vector may. */
	if (start && strcmp(protocol, "im1253b-modbus") == 0) {
		snprintf(name, sizeof name, "%s:%s", protocol, start);
		protocol = name;
	}
	err = decode_frame(protocol, frame, len, decoded, reason, reason_size);
	if (err || strcmp(protocol, "wattle-command") != 0)
		return err;
	err = check_mac(json_object_get(vector, "params"), frame, len);
	if (err) {
		json_decref(*decoded);
		snprintf(reason, reason_size, "MAC: %s", err_text(err));
	}
	return err;
}

static bool is_reject(const json_t *vector)
{
	const char *expect = json_string_value(json_object_get(vector, "expect"));

	return expect && strcmp(expect, "reject") == 0;
}

static void check(struct run *run, const json_t *vector, const char *protocol, const uint8_t *frame,
                  size_t len)
{
	const json_t *skip = json_object_get(vector, "skip");
	bool reject = is_reject(vector);
	char reason[200] = "";
	json_t *decoded = NULL;
	enum err err = decode(vector, protocol, frame, len, &decoded, reason, sizeof reason);

	run->checked++;
	tally_add(&run->protocols, protocol);
	if (err && !reject)
		complain(run, "refused: %s", reason);
	if (err)
		return;
	if (reject)
		complain(run, "accepted, though it must be refused");
	else
		compare(run, json_object_get(vector, "meaning"), decoded);
	if (skip &&
	    json_integer_value(skip) != json_integer_value(json_object_get(decoded, "skip")))
		complain(run, "the frame begins elsewhere than after %d bytes",
		         (int)json_integer_value(skip));
	json_decref(decoded);
}

static bool supported(const char *protocol)
{
	const char *name;

	for (size_t i = 0; (name = decode_protocol_name(i)) != NULL; i++)
		if (strcmp(name, protocol) == 0)
			return true;
	return false;
}

static void run_vector(struct run *run, const json_t *vector)
{
	static uint8_t frame[FRAME_MAX];
	const char *protocol = json_string_value(json_object_get(vector, "protocol"));
	const char *hex = json_string_value(json_object_get(vector, "frame_hex"));
	const char *name = json_string_value(json_object_get(vector, "name"));
	size_t len;

	run->vectors++;
	run->name = name ? name : "(no name)";
	run->bad = false;
	if (!protocol)
		complain(run, "no protocol");
	else if (!supported(protocol)) {
		run->unsupported++;
		tally_add(&run->unknown_protocols, protocol);
	} else if (!hex)
		complain(run, "no frame_hex");
	else if (!is_reject(vector) && !json_is_object(json_object_get(vector, "meaning")))
		complain(run, "no meaning");
	else if (hex_decode_any(hex, frame, sizeof frame, &len))
		complain(run, "frame_hex is not hexadecimal");
	else
		check(run, vector, protocol, frame, len);
	run->failed += run->bad;
}

/* ---- files ---- */

static char *file_text(const char *path, size_t *len)
{
	FILE *file = fopen(path, "rb");
	char *text = NULL;
	size_t room = 0, got;

	*len = 0;
	while (file) {
		if (room - *len < FILE_STEP) {
			room += room + FILE_STEP;
			text = realloc(text, room);
			if (!text)
				abort();
		}
		got = fread(text + *len, 1, room - *len, file);
		if (got == 0)
			break;
		*len += got;
	}
	if (file)
		fclose(file);
	return text;
}

/* The end of the text that begins at `at` with a quotation mark. */
static size_t text_end(const char *json, size_t len, size_t at)
{
	for (at++; at < len && json[at] != '"'; at++)
		if (json[at] == '\\')
			at++;
	return at < len ? at + 1 : len;
}

static size_t number_end(const char *json, size_t len, size_t at)
{
	while (at < len && json[at] && strchr("+-.0123456789eE", json[at]))
		at++;
	return at;
}

static bool is_real(const char *json, size_t len)
{
	json_t *value = json_loadb(json, len, JSON_DECODE_ANY, NULL);
	bool real = json_is_real(value);

	json_decref(value);
	return real;
}

/* jansson keeps a number's value but not its digits, and 50.0 and 50.00 promise different things:
 * each real becomes the text of its digits behind MARK. */
static char *reals_marked(const char *json, size_t len, size_t *out_len)
{
	size_t room = len * 4 + 1; /* 8 bytes more for each real, which has at least 3 */
	char *out = malloc(room);
	size_t n = 0;

	if (!out)
		abort();
	for (size_t at = 0, end; at < len; at = end) {
		bool number = strchr("-0123456789", json[at]) && json[at];

		end = json[at] == '"' ? text_end(json, len, at)
		      : number        ? number_end(json, len, at)
		                      : at + 1;
		if (number && is_real(json + at, end - at)) {
			n += (size_t)snprintf(out + n, room - n, "\"\\u%04x%.*s\"", MARK,
			                      (int)(end - at), json + at);
		} else {
			memcpy(out + n, json + at, end - at);
			n += end - at;
		}
	}
	*out_len = n;
	return out;
}

static json_t *file_load(const char *path, json_error_t *error)
{
	size_t len, marked_len;
	char *text = file_text(path, &len), *marked;
	json_t *list;

	if (!text) {
		snprintf(error->text, sizeof error->text, "%s", strerror(errno));
		error->line = 0;
		return NULL;
	}
	marked = reals_marked(text, len, &marked_len);
	list = json_loadb(marked, marked_len, JSON_REJECT_DUPLICATES, error);
	free(marked);
	free(text);
	return list;
}

static bool run_file(struct run *run, const char *path)
{
	json_error_t error;
	json_t *list = file_load(path, &error);

	if (!json_is_array(list)) {
		printf("%s: %s (line %d)\n", path, list ? "not a list" : error.text, error.line);
		json_decref(list);
		return false;
	}
	for (size_t i = 0; i < json_array_size(list); i++)
		run_vector(run, json_array_get(list, i));
	json_decref(list);
	return true;
}

int main(int argc, char **argv)
{
	static struct run run;
	bool readable = argc > 1;

	if (argc < 2)
		printf("usage: wattle-vectors FILE ...\n");
	for (int i = 1; i < argc; i++)
		readable = run_file(&run, argv[i]) && readable;
	tally_print("checked", &run.protocols);
	tally_print("protocols not supported", &run.unknown_protocols);
	tally_print("keys not covered", &run.uncovered);
	printf("%u vectors: %u checked, %u not supported, %u failed\n", run.vectors, run.checked,
	       run.unsupported, run.failed);
	if (!readable)
		return 2;
	return run.failed ? 1 : 0;
}
