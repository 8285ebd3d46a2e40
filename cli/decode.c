/* `wattle decode PROTOCOL HEX`: what the production decoders make of a frame, as JSON. */
#include "cli/cli.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "libs/base/bytes.h"
#include "libs/proto/decode.h"

#define DECODE_BYTES_MAX (256 * 1024)

static int list_protocols(void)
{
	fputs("usage: wattle decode PROTOCOL HEX\nprotocols:", stderr);
	for (size_t i = 0; decode_protocol_name(i); i++)
		fprintf(stderr, " %s", decode_protocol_name(i));
	fputc('\n', stderr);
	return EXIT_USAGE;
}

int cmd_decode(const struct cli *cli, int argc, char **argv)
{
	static uint8_t bytes[DECODE_BYTES_MAX];
	char reason[256] = "";
	json_t *json = NULL;
	size_t len;
	enum err err;

	(void)cli;
	if (argc != 3)
		return list_protocols();
	err = hex_decode_any(argv[2], bytes, sizeof bytes, &len);
	if (err)
		return fail("%s", err == ERR_TOO_LONG
		                          ? "more bytes than any message has"
		                          : "not hexadecimal: pairs of digits are wanted");
	err = decode_frame(argv[1], bytes, len, &json, reason, sizeof reason);
	if (err) {
		fail("%s, %zu bytes: %s%s%s", argv[1], len, err_text(err), *reason ? ": " : "",
		     reason);
		return err == ERR_NOT_FOUND ? list_protocols() : EXIT_FAILED;
	}
	json_dumpf(json, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(json);
	return EXIT_GOOD;
}
