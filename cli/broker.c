/* `wattle broker`: mosquitto.conf from wattle.ini, and the helpers that keep the client list. */
#include "cli/broker.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "deploy/broker/broker_files.h"
#include "deploy/broker/pki.h"
#include "platform/core/clock.h"

#define SERVER_DAYS 1825

/* The plugin stands in ../lib of the program, in the build tree as in an installation. */
static bool find_plugin(char path[PATH_MAX])
{
	char program[PATH_MAX], *slash;
	ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);

	if (n <= 0)
		return false;
	program[n] = '\0';
	for (int i = 0; i < 2; i++) {
		slash = strrchr(program, '/');
		if (!slash)
			return false;
		*slash = '\0';
	}
	n = snprintf(path, PATH_MAX, "%s/lib/wattle_broker.so", program);
	if (n > 0 && n < PATH_MAX && access(path, R_OK) == 0)
		return true;
	n = snprintf(path, PATH_MAX, "%s/lib/wattle/wattle_broker.so", program);
	return n > 0 && n < PATH_MAX && access(path, R_OK) == 0;
}

int broker_share(const struct cli *cli)
{
	static const struct {
		const char *name;
		mode_t mode;
	} shared[] = {
	        {"pki",                   0710 },
	        {"pki/ca.crt",            0640 },
	        {"pki/broker.crt",        0640 },
	        {"pki/broker.key",        0640 },
	        {"broker",                02750}, /* what is renamed into it takes its group */
	        {"broker/clients",        0640 },
	        {"broker/mosquitto.conf", 0640 },
	};

	char path[PATH_MAX];
	struct stat data;

	if (stat(cli->data_dir, &data))
		return fail("%s: %s", cli->data_dir, strerror(errno));
	if (!(data.st_mode & S_IXGRP))
		return EXIT_GOOD;
	for (size_t i = 0; i < ARRAY_SIZE(shared); i++) {
		data_path(cli, path, shared[i].name);
		if (chown(path, (uid_t)-1, data.st_gid) || chmod(path, shared[i].mode)) {
			if (errno != ENOENT) /* not made yet: its maker comes here again */
				return fail("%s: %s", path, strerror(errno));
		}
	}
	return EXIT_GOOD;
}

int broker_write_conf(const struct cli *cli, const struct settings *settings)
{
	char path[PATH_MAX], plugin[PATH_MAX];
	struct passwd *me = getpwuid(geteuid());
	struct broker_conf conf = {.data_dir = cli->data_dir, .plugin_path = plugin};
	enum err err;

	if (!find_plugin(plugin))
		return fail("wattle_broker.so is not in ../lib beside this program");
	conf.user = me ? me->pw_name : "mosquitto";
	conf.port = settings->broker_port;
	/* A broker that only this machine uses listens on the loopback only. */
	conf.listen = strcmp(settings->broker_host, "127.0.0.1") == 0 ? "127.0.0.1" : "";
	err = broker_conf_write(data_path(cli, path, "broker/mosquitto.conf"), &conf);
	if (err)
		return fail("%s: %s", path, err_text(err));
	return broker_share(cli);
}

static int change_client(const char *path, const struct client_change *change)
{
	static struct client_list list;
	size_t line;
	enum err err;

	err = clients_read(path, &list, &line);
	if (err == ERR_BAD_INPUT)
		return fail("%s:%zu: not a client line; repair or restore the file", path, line);
	if (!err && change->serial)
		err = clients_set(&list, change->role, change->id, change->property, change->serial,
		                  change->keep_old);
	else if (!err && clients_remove(&list, change->id) == ERR_NOT_FOUND)
		return EXIT_GOOD; /* gone already: a repeated revocation is no mistake */
	if (!err)
		err = clients_write(path, &list);
	if (err)
		return fail("%s: %s", path, err_text(err));
	return EXIT_GOOD;
}

int broker_change_client(const struct cli *cli, const struct client_change *change)
{
	char path[PATH_MAX];
	int lock = clients_lock(data_path(cli, path, "broker/clients")), code;

	if (lock < 0)
		return fail("%s.lock: cannot be locked", path);
	code = change_client(path, change);
	clients_unlock(lock);
	return code;
}

int broker_issue(const struct cli *cli, const char *host, bool keep_old)
{
	const char *const hosts[] = {"localhost", "127.0.0.1",
	                             strcmp(host, "127.0.0.1") == 0 ? NULL : host, NULL};
	const int64_t now_s = clock_wall_ms() / 1000;
	const struct pki_request server = {PKI_SERVER, "broker", hosts, now_s, SERVER_DAYS};
	const struct pki_request client = {PKI_CLIENT, "wattled", NULL, now_s, SERVER_DAYS};
	struct pki_certificate broker, platform;
	const struct client_change change = {ROLE_PLATFORM, "wattled", "-", platform.serial,
	                                     keep_old};
	char dir[PATH_MAX];
	enum err err = pki_issue(data_path(cli, dir, "pki"), "broker", &server, &broker);

	if (!err)
		err = pki_issue(dir, "wattled", &client, &platform);
	if (err)
		return fail("%s: %s", dir, err_text(err));
	return broker_change_client(cli, &change) ? EXIT_FAILED : broker_share(cli);
}

int cmd_broker(const struct cli *cli, int argc, char **argv)
{
	struct settings settings;
	char path[PATH_MAX], why[512];
	bool renew = argc == 2 && strcmp(argv[1], "renew") == 0;

	if (argc != 1 && !renew)
		return usage("broker [renew]");
	if (settings_load(&settings, data_path(cli, path, "wattle.ini"), why, sizeof why))
		return fail("%s", why);
	if (broker_write_conf(cli, &settings) ||
	    (renew && broker_issue(cli, settings.broker_host, true)))
		return EXIT_FAILED;
	puts(renew ? "new certificates; restart the broker and wattled"
	           : data_path(cli, path, "broker/mosquitto.conf"));
	return EXIT_GOOD;
}
