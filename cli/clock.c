/* `wattle clock`: what the platform makes of this machine's clock, and a person's word that it is right. */
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

#include "libs/base/time.h"
#include "platform/core/clock.h"
#include "platform/core/clock_trust.h"
#include "platform/store/store.h"

static const char *when(int64_t ms, char text[RFC3339_MS_SIZE])
{
	if (ms == 0)
		return "never";
	return rfc3339_format_ms(ms, text) ? "out of range" : text;
}

static int clock_show(struct db *db)
{
	struct clock_trust trust = {0};
	char text[RFC3339_MS_SIZE];
	enum err err = step_run(db, NULL, clock_trust_step, &trust, clock_wall_ms(), NULL);

	if (err)
		return fail("clock: %s", err_text(err));
	printf("now        %s\n", when(clock_wall_ms(), text));
	printf("doubted    %s\n", when(trust.doubted_ms, text));
	printf("confirmed  %s\n", when(trust.confirmed_ms, text));
	return EXIT_GOOD;
}

static int clock_confirm(struct db *db)
{
	char text[RFC3339_MS_SIZE];
	struct actor actor;
	enum err err;

	actor_here(&actor, "clock confirm");
	err = step_run(db, NULL, clock_confirm_step, &actor, clock_wall_ms(), NULL);
	if (err)
		return fail("clock: %s", err_text(err));
	printf("confirmed: it is %s\n", when(clock_wall_ms(), text));
	return EXIT_GOOD;
}

int cmd_clock(const struct cli *cli, int argc, char **argv)
{
	struct settings settings;
	struct db *db;
	int code;

	if (argc > 2 || (argc == 2 && strcmp(argv[1], "confirm") != 0))
		return usage("clock [confirm]");
	db = open_store(cli, &settings);
	if (!db)
		return EXIT_FAILED;
	code = argc == 2 ? clock_confirm(db) : clock_show(db);
	db_close(db);
	return code;
}
