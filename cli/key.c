/* `wattle key …`: the keys outside the store that wrap the secrets in it (platform/core/keys.h). */
#include "cli/backup.h"
#include "cli/broker.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "libs/base/time.h"
#include "platform/core/clock.h"
#include "platform/core/keys.h"
#include "platform/core/rewrap.h"
#include "platform/store/store.h"

/* All rows, in steps; counts are in *r. */
static int walk(struct db *db, struct keys *keys, bool count_only, struct rewrap *r)
{
	enum err err = ERR_NONE;

	memset(r, 0, sizeof *r);
	actor_here(&r->actor, "key rotate");
	r->count_only = count_only;
	while (!err && !r->done)
		err = step_run(db, keys, rewrap_step, r, clock_wall_ms(), NULL);
	return err ? fail("the secrets of the store: %s; those done are done, run it again",
	                  err_text(err))
	           : EXIT_GOOD;
}

static int tell_lost(const struct rewrap *r)
{
	if (!r->lost)
		return EXIT_GOOD;
	return fail(
	        "%llu secrets open under none of the keys: put the lines of an older secret.key "
	        "below those of the present one",
	        (unsigned long long)r->lost);
}

static int list(struct db *db, struct keys *keys)
{
	static struct rewrap r;
	char name[KEY_NAME_SIZE], since[RFC3339_SIZE];
	int64_t since_s;

	if (walk(db, keys, true, &r))
		return EXIT_FAILED;
	for (size_t i = 0; i < keys_count(keys); i++) {
		keys_name(keys, i, name, &since_s);
		if (!since_s || rfc3339_format(since_s, since))
			snprintf(since, sizeof since, "the beginning");
		printf("%s  since %-20s  %llu secrets%s\n", name, since,
		       (unsigned long long)r.by_key[i], i ? "" : "  (in use)");
	}
	return tell_lost(&r);
}

static uint64_t under_older(const struct rewrap *r)
{
	uint64_t n = 0;

	for (size_t i = 1; i < KEYS_MAX; i++)
		n += r->by_key[i];
	return n;
}

static int rotate(struct db *db, struct keys *keys)
{
	static struct rewrap r;
	char name[KEY_NAME_SIZE];
	enum err err;

	if (walk(db, keys, true, &r) || tell_lost(&r))
		return EXIT_FAILED;
	if (under_older(&r)) {
		puts("an earlier rotation was interrupted: it is finished, no new key is made");
	} else {
		err = keys_add(keys, clock_wall_ms() / 1000);
		if (err == ERR_FULL)
			return fail("there are %d keys already: `wattle key forget` first",
			            KEYS_MAX);
		if (err)
			return fail("secret.key: %s", err_text(err));
	}
	if (walk(db, keys, false, &r))
		return EXIT_FAILED;
	keys_name(keys, 0, name, NULL);
	printf("key %s is in use; %llu secrets were wrapped anew\n"
	       "Keep a copy: `wattle key export FILE`. Older backups need the older keys, which stay\n"
	       "in secret.key until `wattle key forget`.\n",
	       name, (unsigned long long)r.rewrapped);
	return tell_lost(&r);
}

static int forget(struct db *db, struct keys *keys)
{
	static struct rewrap r;

	if (walk(db, keys, true, &r) || tell_lost(&r))
		return EXIT_FAILED;
	if (under_older(&r))
		return fail("%llu secrets are still wrapped under older keys: `wattle key rotate`",
		            (unsigned long long)under_older(&r));
	if (keys_forget(keys))
		return fail("secret.key cannot be written");
	puts("only the key in use is left; backups from before it need a kept copy of the older ones");
	return EXIT_GOOD;
}

static int carry(const struct cli *cli, const struct settings *settings, const char *what, int argc,
                 char **argv)
{
	const char *file = option(&argc, argv, "--passphrase-file");
	bool out = strcmp(what, "export") == 0, replace = flag(&argc, argv, "--replace");
	char passphrase[PASSPHRASE_SIZE];
	int code;

	if (!options_done(argc, argv) || argc != 2 || (out && replace))
		return usage("key export|import FILE [--passphrase-file FILE] [--replace]");
	code = passphrase_get(file, out, passphrase);
	if (!code)
		code = out ? keys_seal(cli, settings, argv[1], passphrase)
		           : keys_unseal(cli, settings, argv[1], passphrase, replace);
	sodium_memzero(passphrase, sizeof passphrase);
	if (!code && !out)
		code = broker_share(cli); /* the broker's own key is among them */
	if (!code && out)
		printf("%s holds secret.key and all private keys, sealed. Keep it apart from the "
		       "backups.\n"
		       "密钥已封存；请与备份分开保存，忘记口令则无法恢复。\n",
		       argv[1]);
	return code;
}

static int with_store(const struct cli *cli, const char *what)
{
	struct settings settings;
	struct db *db = open_store(cli, &settings);
	struct keys *keys = db ? open_keys(&settings) : NULL;
	int code = EXIT_FAILED;

	if (keys && strcmp(what, "list") == 0)
		code = list(db, keys);
	else if (keys && strcmp(what, "rotate") == 0)
		code = rotate(db, keys);
	else if (keys)
		code = forget(db, keys);
	keys_free(keys);
	db_close(db);
	return code;
}

int cmd_key(const struct cli *cli, int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	char path[PATH_MAX], why[512];
	struct settings settings;

	if (argc == 2 && (strcmp(what, "list") == 0 || strcmp(what, "rotate") == 0 ||
	                  strcmp(what, "forget") == 0))
		return with_store(cli, what);
	if (strcmp(what, "export") != 0 && strcmp(what, "import") != 0)
		return usage("key list|rotate|forget|export|import");
	if (settings_load(&settings, data_path(cli, path, "wattle.ini"), why, sizeof why))
		return fail("%s", why);
	return carry(cli, &settings, what, argc - 1, argv + 1);
}
