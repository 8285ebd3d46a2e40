/* `wattle replica …` and `wattle replica-receive`: the standby of this installation, on another
 * disk or host. docs/ops/standby.md is the runbook. */
#include "cli/backup.h"
#include "cli/broker.h"
#include "cli/newer.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/http_get.h"
#include "deploy/broker/pki.h"
#include "libs/base/time.h"
#include "platform/core/clock.h"
#include "platform/core/revive.h"
#include "platform/replica/folder.h"
#include "platform/replica/serve.h"
#include "platform/store/guard.h"
#include "platform/store/info.h"
#include "platform/store/store.h"

#define DEFAULT_PORT "8884"
#define CERT_DAYS    1825

static const char usage_text[] =
        "replica status | kit FILE --host NAME | init [--kit FILE] | take-over | "
        "follow [--host NAME]";

static const char *store_of(const struct cli *cli, char path[PATH_MAX])
{
	return data_path(cli, path, "store");
}

static void age_text(int64_t as_of_ms, char text[64])
{
	char at[RFC3339_SIZE];
	int64_t age_ms = clock_wall_ms() - as_of_ms;

	if (as_of_ms == 0 || rfc3339_format(as_of_ms / 1000, at))
		snprintf(text, 64, "never");
	else
		snprintf(text, 64, "%s (%" PRId64 " s ago)", at, age_ms / 1000);
}

/* ---- status ---- */

static int64_t figure(const char *metrics, const char *name)
{
	const char *at = strstr(metrics, name);

	for (; at; at = strstr(at + 1, name))
		if (at == metrics || at[-1] == '\n')
			return strtoll(at + strlen(name), NULL, 10);
	return -1;
}

static int primary_status(const struct cli *cli)
{
	static char metrics[256 * 1024];
	char path[PATH_MAX], why[512];
	struct settings settings;

	if (settings_load(&settings, data_path(cli, path, "wattle.ini"), why, sizeof why))
		return fail("%s", why);
	if (guard_check(settings.store_dir, why, sizeof why)) {
		printf("%s\n", why);
		return EXIT_FAILED;
	}
	if (!*settings.replica_to) {
		puts("no standby is named: [replica] to 未设置备用库");
		return EXIT_GOOD;
	}
	http_get(&settings, "/metrics", metrics, sizeof metrics);
	if (!strstr(metrics, "\nwattle_replica_configured 1"))
		return fail(
		        "wattled does not run, or was not started anew since [replica] to was set");
	printf("standby 备用库   %s\n", settings.replica_to);
	printf("connected 已连接 %s\n",
	       figure(metrics, "wattle_replica_connected ") == 1 ? "yes" : "NO");
	printf("lag 落后         %" PRId64 " s%s\n", figure(metrics, "wattle_replica_lag_seconds "),
	       figure(metrics, "wattle_replica_alarm ") == 1 ? "  ALARM" : "");
	printf("damage 损坏      %" PRId64 " pages found and sent again\n",
	       figure(metrics, "wattle_replica_damaged_total "));
	return figure(metrics, "wattle_replica_alarm ") == 1 ? EXIT_FAILED : EXIT_GOOD;
}

static int status(const struct cli *cli)
{
	struct folder_state s;
	char as_of[64];

	if (folder_peek(cli->data_dir, &s) || (!s.standby && !s.fenced_off))
		return primary_status(cli);
	age_text(s.as_of_ms, as_of);
	if (s.fenced_off) {
		printf("in charge 主用 since a take-over: generation %" PRIu64
		       ", from a copy as of %s\n",
		       s.generation, as_of);
		return primary_status(cli);
	}
	printf("standby 备用库 of store %016" PRIx64 ", generation %" PRIu64
	       "\nas of 数据截至 %s\n",
	       s.store, s.generation, as_of);
	return EXIT_GOOD;
}

/* ---- what a standby needs to begin ---- */

static int issue_certificate(const struct cli *cli, const char *host)
{
	const char *const hosts[] = {host, NULL};
	const struct pki_request request = {PKI_SERVER, "replica", hosts, clock_wall_ms() / 1000,
	                                    CERT_DAYS};
	struct pki_certificate issued;
	char dir[PATH_MAX];
	enum err err = pki_issue(data_path(cli, dir, "pki"), "replica", &request, &issued);

	return err ? fail("%s/replica: %s", dir, err_text(err)) : EXIT_GOOD;
}

static int kit(const struct cli *cli, int argc, char **argv)
{
	const char *host = option(&argc, argv, "--host");
	const char *file = option(&argc, argv, "--passphrase-file");
	char path[PATH_MAX], why[512], passphrase[PASSPHRASE_SIZE];
	struct settings settings;
	int code;

	if (!host || !options_done(argc, argv) || argc != 2)
		return usage("replica kit FILE --host NAME [--passphrase-file FILE]");
	if (settings_load(&settings, data_path(cli, path, "wattle.ini"), why, sizeof why))
		return fail("%s", why);
	if (passphrase_get(file, true, passphrase))
		return EXIT_FAILED;
	code = issue_certificate(cli, host);
	if (!code)
		code = keys_seal(cli, &settings, argv[1], passphrase);
	sodium_memzero(passphrase, sizeof passphrase);
	if (!code)
		printf("%s holds every key that a standby at %s needs, sealed. There:\n"
		       "  wattle replica init --kit FILE\n"
		       "  wattle replica-receive\n"
		       "and here, in wattle.ini: [replica] to = %s:" DEFAULT_PORT "\n",
		       argv[1], host, host);
	return code;
}

/* The settings that belong to a folder whose own have not been written: paths as they are by
 * default. */
static int unseal_kit(const struct cli *cli, const char *kit_file, const char *passphrase_file)
{
	char passphrase[PASSPHRASE_SIZE], why[256], name[PATH_MAX];
	struct settings settings;
	int code;

	data_path(cli, name, "wattle.ini");
	if (settings_parse(&settings, "", 0, name, why, sizeof why))
		return fail("%s", why);
	snprintf(settings.secret_file, sizeof settings.secret_file, "%.*s/secret.key",
	         (int)sizeof settings.secret_file - 16, cli->data_dir);
	if (passphrase_get(passphrase_file, false, passphrase))
		return EXIT_FAILED;
	code = keys_unseal(cli, &settings, kit_file, passphrase, false);
	sodium_memzero(passphrase, sizeof passphrase);
	return code;
}

static int init(const struct cli *cli, int argc, char **argv)
{
	const char *kit_file = option(&argc, argv, "--kit");
	const char *passphrase_file = option(&argc, argv, "--passphrase-file");
	enum err err;

	if (!options_done(argc, argv) || argc != 1)
		return usage("replica init [--kit FILE] [--passphrase-file FILE]");
	err = dir_make(cli->data_dir);
	if (!err && kit_file && unseal_kit(cli, kit_file, passphrase_file))
		return EXIT_FAILED;
	if (!err)
		err = folder_init(cli->data_dir);
	if (err == ERR_DUP)
		return fail("%s holds a store already; nothing was changed", cli->data_dir);
	if (err)
		return fail("%s: %s", cli->data_dir, err_text(err));
	printf("%s waits for its primary\n", cli->data_dir);
	return EXIT_GOOD;
}

/* ---- receiving ---- */

static int stop_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

int cmd_replica_receive(const struct cli *cli, int argc, char **argv)
{
	char ca[PATH_MAX], cert[PATH_MAX], key[PATH_MAX], why[512];
	const char *address = option(&argc, argv, "--listen"),
	           *port = option(&argc, argv, "--port");
	struct serve_config config = {.data_dir = cli->data_dir,
	                              .address = address ? address : "0.0.0.0",
	                              .port = port ? port : DEFAULT_PORT,
	                              .stop_fd = stop_signals()};
	struct folder_state s;

	if (!options_done(argc, argv) || argc != 1)
		return usage("replica-receive [--listen ADDRESS] [--port N]");
	if (sodium_init() < 0)
		return fail("no randomness on this machine");
	if (folder_peek(cli->data_dir, &s) || (!s.standby && !s.fenced_off))
		return fail("%s is no standby: `wattle replica init` makes one", cli->data_dir);
	config.tls = (struct tls_files){data_path(cli, ca, "pki/ca.crt"),
	                                data_path(cli, cert, "pki/replica.crt"),
	                                data_path(cli, key, "pki/replica.key")};
	if (secret_file_check(config.tls.key, why, sizeof why) || serve(&config, why, sizeof why))
		return fail("%s", why);
	return EXIT_GOOD;
}

/* ---- taking over ---- */

/* The primary's settings without what is that machine's own: where things are, where it copied to. */
static bool is_of_there(const char *line)
{
	static const char *const names[] = {"data_dir", "store_dir", "secret_file"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strncmp(line, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

static int adopt_settings(const struct cli *cli)
{
	char from[PATH_MAX], to[PATH_MAX], line[1024];
	bool skip = false;
	FILE *in, *out;

	if (access(data_path(cli, to, "wattle.ini"), F_OK) == 0)
		return EXIT_GOOD;
	in = fopen(data_path(cli, from, "primary.ini"), "re");
	out = in ? fopen(to, "wxe") : NULL;
	while (out && fgets(line, sizeof line, in)) {
		if (line[0] == '[')
			skip = strncmp(line, "[replica]", 9) == 0;
		if (!skip && !is_of_there(line))
			fputs(line, out);
	}
	if (in)
		fclose(in);
	if (!out || fclose(out))
		return fail("%s: %s", to, strerror(errno));
	return EXIT_GOOD;
}

static int check_copy(const char *store)
{
	struct db *db;
	enum err err = store_open_read(&db, store, NULL);

	if (err)
		return fail("%s/wattle.db: %s: nothing has been copied here yet", store,
		            err_text(err));
	err = db_check(db);
	db_close(db);
	return err ? fail("%s/wattle.db is damaged: restore a backup instead", store) : EXIT_GOOD;
}

static int revive(const char *store, int64_t as_of_ms, struct revive_request *v)
{
	struct db *db;
	enum err err;

	if (sodium_init() < 0)
		return fail("no randomness on this machine");
	memset(v, 0, sizeof *v);
	actor_here(&v->actor, "replica take-over");
	v->action = "store.take-over";
	v->copy_ms = as_of_ms;
	snprintf(v->source, sizeof v->source, "standby");
	randombytes_buf(&v->new_epoch, sizeof v->new_epoch);
	v->new_epoch |= 1;
	err = store_open(&db, store, NULL);
	if (!err)
		err = step_run(db, NULL, revive_step, v, clock_wall_ms(), NULL);
	db_close(db);
	return err ? fail("%s: %s", store, err_text(err)) : EXIT_GOOD;
}

static void tell_taken(const struct cli *cli, const struct revive_request *v)
{
	char path[PATH_MAX], why[256], as_of[64];
	struct settings settings;

	age_text(v->copy_ms, as_of);
	printf("taken over 已接管: %s is in charge, generation %" PRId64 "\n"
	       "  the copy is as of %s; what was done after that on the old primary is not in it\n"
	       "  epoch %016" PRIx64 " became %016" PRIx64
	       ": gateways offer again what they had acknowledged\n"
	       "  %" PRId64 " sessions ended\n",
	       cli->data_dir, v->generation, as_of, v->old_epoch, v->new_epoch, v->sessions);
	if (settings_load(&settings, data_path(cli, path, "wattle.ini"), why, sizeof why) ||
	    secret_file_check(settings.secret_file, why, sizeof why))
		printf("MISSING 缺少: %s: `wattle key import FILE`\n", why);
	else if (broker_write_conf(cli, &settings))
		return;
	puts("Now start the broker and wattled, and lead the gateways' broker name here.\n"
	     "现在启动消息代理与 wattled，并将网关所用的代理域名指向本机。");
}

static int take_over(const struct cli *cli)
{
	char store[PATH_MAX];
	struct revive_request v;
	struct folder_state s;
	int lock_fd, code;
	enum err err;

	store_of(cli, store);
	if (folder_peek(cli->data_dir, &s) || !s.standby)
		return fail("%s is no standby; nothing was changed", cli->data_dir);
	err = store_lock(store, &lock_fd);
	if (err == ERR_BUSY)
		return fail("a primary is connected to this standby right now: stop it first; "
		            "nothing was changed (主机仍在线)");
	if (err)
		return fail("%s: %s", store, err_text(err));
	code = check_copy(store);
	if (!code)
		code = adopt_settings(cli);
	if (!code)
		code = revive(store, s.as_of_ms, &v);
	if (!code) {
		err = folder_take_over(cli->data_dir, (uint64_t)v.generation, s.as_of_ms);
		code = err ? fail("%s: %s: run it again", cli->data_dir, err_text(err)) : EXIT_GOOD;
	}
	store_unlock(lock_fd);
	if (!code)
		tell_taken(cli, &v);
	return code;
}

/* ---- the old primary becomes the standby ---- */

static int move_aside(const char *store, int64_t as_of_ms)
{
	char aside[PATH_MAX], stamp[BACKUP_NAME_SIZE];
	int lock_fd, code = EXIT_GOOD;

	if (store_lock(store, &lock_fd))
		return fail("a wattled runs on %s", store);
	backup_name(clock_wall_ms() / 1000, stamp);
	if (snprintf(aside, sizeof aside, "%s.fenced-%s", store, stamp) >= (int)sizeof aside ||
	    rename(store, aside))
		code = fail("%s: %s", store, strerror(errno));
	store_unlock(lock_fd);
	if (code)
		return code;
	printf("the old store is in %s\n", aside);
	newer_acts_in(aside, as_of_ms);
	return EXIT_GOOD;
}

static int follow(const struct cli *cli, int argc, char **argv)
{
	const char *host = option(&argc, argv, "--host");
	char store[PATH_MAX], path[PATH_MAX];
	uint64_t generation;
	int64_t as_of_ms;
	enum err err;

	if (!options_done(argc, argv) || argc != 1)
		return usage("replica follow [--host NAME]");
	store_of(cli, store);
	if (guard_fenced(store, &generation, &as_of_ms))
		return fail("%s is not fenced: nobody has taken over from it; nothing was changed",
		            store);
	if (host && issue_certificate(cli, host))
		return EXIT_FAILED;
	if (access(data_path(cli, path, "pki/replica.crt"), F_OK))
		return fail("%s is missing: name this machine with --host NAME", path);
	if (move_aside(store, as_of_ms))
		return EXIT_FAILED;
	err = folder_init(cli->data_dir);
	if (err)
		return fail("%s: %s", cli->data_dir, err_text(err));
	printf("%s waits for its primary: `wattle replica-receive` here, and there [replica] to\n",
	       cli->data_dir);
	return EXIT_GOOD;
}

int cmd_replica(const struct cli *cli, int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	umask(077);
	if (strcmp(what, "status") == 0 && argc == 2)
		return status(cli);
	if (strcmp(what, "kit") == 0)
		return kit(cli, argc - 1, argv + 1);
	if (strcmp(what, "init") == 0)
		return init(cli, argc - 1, argv + 1);
	if (strcmp(what, "take-over") == 0 && argc == 2)
		return take_over(cli);
	if (strcmp(what, "follow") == 0)
		return follow(cli, argc - 1, argv + 1);
	return usage(usage_text);
}
