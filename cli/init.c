/* `wattle init`: an installation from nothing. login.txt is written last and marks it as whole; a
 * half-made one is told by the folders that are in the way, and removed by hand. */
#include "cli/broker.h"
#include "cli/cli.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "deploy/broker/pki.h"
#include "platform/core/clock.h"
#include "platform/core/keys.h"
#include "platform/core/password.h"
#include "platform/store/store.h"

#define CA_DAYS 7300 /* outlives the meters' first service life; its key can be kept offline */

struct init {
	const char *property, *name, *admin, *host;
	const char *store; /* URL of PostgreSQL; "": SQLite */
	int64_t http_port, mqtt_port;
};

static bool read_options(struct init *init, int *argc, char **argv)
{
	const char *value;

	*init = (struct init){.property = "p1",
	                      .name = "Wattle",
	                      .admin = "admin",
	                      .host = "127.0.0.1",
	                      .store = "",
	                      .http_port = 8080,
	                      .mqtt_port = 8883};
	if ((value = option(argc, argv, "--property")))
		init->property = value;
	if ((value = option(argc, argv, "--name")))
		init->name = value;
	if ((value = option(argc, argv, "--admin")))
		init->admin = value;
	if ((value = option(argc, argv, "--host")))
		init->host = value;
	if ((value = option(argc, argv, "--store")))
		init->store = value;
	return number_option(option(argc, argv, "--http-port"), 1, 65535, &init->http_port) &&
	       number_option(option(argc, argv, "--mqtt-port"), 1, 65535, &init->mqtt_port) &&
	       options_done(*argc, argv);
}

static int make_folders(const struct cli *cli)
{
	static const char *const folders[] = {"", "store", "pki", "pki/gateways", "broker"};
	char path[PATH_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		data_path(cli, path, folders[i]);
		if (mkdir(path, 0700) && !(i == 0 && errno == EEXIST))
			return fail("%s: %s", path, strerror(errno));
	}
	return EXIT_GOOD;
}

/* A file with its mode from the first byte on. */
static int write_text(const struct cli *cli, const char *name, mode_t mode, const char *text)
{
	char path[PATH_MAX];
	mode_t old = umask(0777 & ~mode);
	FILE *f = fopen(data_path(cli, path, name), "wxe");
	bool good = f && fputs(text, f) >= 0 && fflush(f) == 0 && fsync(fileno(f)) == 0;

	umask(old);
	if (f && fclose(f))
		good = false;
	return good ? EXIT_GOOD : fail("%s: %s", path, strerror(errno));
}

static int write_settings(const struct cli *cli, const struct init *init)
{
	char store[SETTING_TEXT + 32] = "", text[1024 + sizeof store];

	if (*init->store)
		snprintf(store, sizeof store, "[store]\nurl = %s\n\n", init->store);
	snprintf(text, sizeof text,
	         "; Settings of wattled; `wattled --settings` explains each. 平台设置\n"
	         "%s"
	         "[broker]\n"
	         "host = %s\n"
	         "port = %lld\n"
	         "\n"
	         "[http]\n"
	         "listen = 127.0.0.1\n"
	         "port = %lld\n",
	         store, init->host, (long long)init->mqtt_port, (long long)init->http_port);
	return write_text(cli, "wattle.ini", 0640, text);
}

static int make_pki(const struct cli *cli, const struct init *init)
{
	char dir[PATH_MAX];
	enum err err = pki_create_ca(data_path(cli, dir, "pki"), init->name, clock_wall_ms() / 1000,
	                             CA_DAYS);

	return err ? fail("%s: %s", dir, err_text(err)) : broker_issue(cli, init->host, false);
}

static int make_rows(struct db *db, const struct init *init, const char *password)
{
	struct init_request place = {0};
	struct user_request user = {0};
	int64_t now_ms = clock_wall_ms();
	enum err err;

	actor_here(&place.actor, "wattle init");
	user.actor = place.actor;
	snprintf(place.group_name, sizeof place.group_name, "%s", init->name);
	snprintf(place.property_name, sizeof place.property_name, "%s", init->name);
	snprintf(place.property_slug, sizeof place.property_slug, "%s", init->property);
	snprintf(user.name, sizeof user.name, "%s", init->admin);
	snprintf(user.lang, sizeof user.lang, "zh-CN");
	err = password_hash(password, user.password_hash);
	if (!err)
		err = step_run(db, NULL, init_step, &place, now_ms, NULL);
	if (!err)
		err = step_run(db, NULL, user_first_step, &user, now_ms, NULL);
	return err ? fail("the first rows: %s", err_text(err)) : EXIT_GOOD;
}

static int make_store(const struct cli *cli, const struct init *init,
                      const struct settings *settings)
{
	char password[PASSWORD_RANDOM_SIZE], login[256], path[STORE_PATH_SIZE];
	struct db *db = NULL;
	enum err err = keys_create_file(settings->secret_file);
	int code;

	if (err)
		return fail("%s: %s", settings->secret_file, err_text(err));
	if (*settings->store_url &&
	    store_exists(settings->store_dir, settings->store_url) == ERR_NONE)
		return fail("%s holds an installation already; nothing was changed in it",
		            settings->store_url);
	err = store_open(&db, settings->store_dir, settings->store_url);
	store_main(path, settings->store_dir, settings->store_url);
	if (err)
		return fail("%s: %s", path, err_text(err));
	password_random(password);
	code = make_rows(db, init, password);
	db_close(db);
	if (code)
		return code;
	snprintf(login, sizeof login, "name: %s\npassword: %s\n", init->admin, password);
	return write_text(cli, "login.txt", 0600, login);
}

int cmd_init(const struct cli *cli, int argc, char **argv)
{
	struct init init;
	struct settings settings;
	char path[PATH_MAX], why[512];

	if (!read_options(&init, &argc, argv) || argc != 1)
		return usage(
		        "init [--property ID] [--name TEXT] [--admin NAME] [--host NAME] [--http-port N] "
		        "[--mqtt-port N] [--store postgresql://…]");
	if (!slug_valid(init.property))
		return fail("%s: a property's id is 1 to 32 of a-z, 0-9 and -", init.property);
	if (*init.store && db_url_check(init.store, why, sizeof why))
		return fail("--store: %s", why);
	if (strlen(init.store) >= SETTING_TEXT)
		return fail("--store: longer than %d bytes", SETTING_TEXT - 1);
	if (access(data_path(cli, path, "login.txt"), F_OK) == 0)
		return fail("%s is an installation already; nothing was changed", cli->data_dir);
	if (sodium_init() < 0)
		return fail("no randomness on this machine");
	if (make_folders(cli) || write_settings(cli, &init) || make_pki(cli, &init))
		return EXIT_FAILED;
	if (settings_load(&settings, data_path(cli, path, "wattle.ini"), why, sizeof why))
		return fail("%s", why);
	/* login.txt is written last: with it the installation is whole. */
	if (broker_write_conf(cli, &settings) || make_store(cli, &init, &settings))
		return EXIT_FAILED;
	printf("%s is ready; the administrator's login is in %s/login.txt\n", cli->data_dir,
	       cli->data_dir);
	return EXIT_GOOD;
}
