/* `wattle terminal …`: the list of chips and keys that comes with a delivery of terminals. */
#include "cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/core/clock.h"
#include "platform/core/device.h"
#include "platform/store/store.h"
#include "platform/store/terminal.h"

#define CSV_BYTES_MAX (16 * 1024 * 1024)

static char *read_file(const char *path, size_t *size)
{
	FILE *f = fopen(path, "re");
	char *text = f ? malloc(CSV_BYTES_MAX) : NULL;

	if (!f) {
		fail("%s: %s", path, strerror(errno));
		return NULL;
	}
	*size = text ? fread(text, 1, CSV_BYTES_MAX, f) : 0;
	if (!text || ferror(f) || *size == CSV_BYTES_MAX) {
		fail("%s: cannot be read, or is over 16 MiB", path);
		free(text);
		text = NULL;
	}
	fclose(f);
	return text;
}

static int import(struct db *db, struct keys *keys, int argc, char **argv)
{
	struct import_request request = {0};
	const char *property = option(&argc, argv, "--property");
	enum err err;
	char *text;

	if (!options_done(argc, argv) || argc != 2)
		return usage("terminal import FILE.csv [--property ID]");
	text = read_file(argv[1], &request.len);
	if (!text)
		return EXIT_FAILED;
	actor_here(&request.actor, "terminal import");
	snprintf(request.property, sizeof request.property, "%s", property ? property : "");
	request.csv = text;
	err = step_run(db, keys, device_import_step, &request, clock_wall_ms(), NULL);
	/* The text held keys. */
	memset(text, 0, request.len);
	free(text);
	if (err)
		return fail("%s:%u: %s; nothing was imported", argv[1], request.line,
		            request.why ? request.why : err_text(err));
	printf("%u terminals added, %u known already\n", request.added, request.known);
	return EXIT_GOOD;
}

static void print_terminal(void *arg, const struct terminal_row *row)
{
	(void)arg;
	printf("%s  %-6s  ", row->chip, row->key_known ? "key" : "no key");
	if (row->meter)
		printf("meter %012lld\n", (long long)row->meter);
	else
		puts(row->gateway_id ? "found, waits for adoption" : "not found on a bus yet");
}

static void print_property(void *arg, const struct property_row *row)
{
	if (terminal_list(arg, row->property_id, TERMINAL_ALL, print_terminal, NULL))
		fail("terminals of %s cannot be read", row->slug);
}

int cmd_terminal(const struct cli *cli, int argc, char **argv)
{
	struct settings settings;
	const char *what = argc > 1 ? argv[1] : "";
	struct db *db = open_store(cli, &settings);
	struct keys *keys = db ? open_keys(&settings) : NULL;
	int code = EXIT_FAILED;

	if (keys && strcmp(what, "import") == 0)
		code = import(db, keys, argc - 1, argv + 1);
	else if (keys && strcmp(what, "list") == 0)
		code = property_list(db, print_property, db) ? EXIT_FAILED : EXIT_GOOD;
	else if (keys)
		code = usage("terminal import|list …");
	keys_free(keys);
	if (db)
		db_close(db);
	return code;
}
