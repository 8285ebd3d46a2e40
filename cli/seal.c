/* The installation's secret files, sealed under a passphrase and put back. */
#include "cli/backup.h"

#include <dirent.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECRET_FILE_MAX (64 * 1024)

/* `name` is that in the sealed file: secret_file may have another place. */
static const char *place_of(const struct cli *cli, const struct settings *settings,
                            const char *name, char path[PATH_MAX])
{
	if (strcmp(name, "secret.key") == 0)
		snprintf(path, PATH_MAX, "%s", settings->secret_file);
	else
		data_path(cli, path, name);
	return path;
}

static int add(const struct cli *cli, const struct settings *settings, const char *name,
               struct bundle *bundle)
{
	static uint8_t content[SECRET_FILE_MAX];
	char path[PATH_MAX];
	size_t len;
	enum err err =
	        file_read(place_of(cli, settings, name, path), content, sizeof content, &len);

	if (err == ERR_NOT_FOUND && strcmp(name, "secret.key") != 0)
		return EXIT_GOOD; /* ca.key may be kept elsewhere */
	if (!err)
		err = bundle_add(bundle, name, content, len);
	sodium_memzero(content, sizeof content);
	return err ? fail("%s: %s", path, err_text(err)) : EXIT_GOOD;
}

static int add_gateways(const struct cli *cli, const struct settings *settings,
                        struct bundle *bundle)
{
	char path[PATH_MAX], name[SEALED_NAME_SIZE];
	DIR *dir = opendir(data_path(cli, path, "pki/gateways"));
	struct dirent *entry;
	int code = EXIT_GOOD;

	while (dir && !code && (entry = readdir(dir)) != NULL) {
		size_t n = strlen(entry->d_name);

		if (n < 5 || n > 40 || strcmp(entry->d_name + n - 4, ".key") != 0)
			continue;
		snprintf(name, sizeof name, "pki/gateways/%.40s", entry->d_name);
		code = add(cli, settings, name, bundle);
	}
	if (dir)
		closedir(dir);
	return code;
}

static int collect(const struct cli *cli, const struct settings *settings, struct bundle *bundle)
{
	/* Certificates too: a key without its own is of no use. */
	static const char *const names[] = {"secret.key",      "pki/ca.key",      "pki/ca.crt",
	                                    "pki/broker.key",  "pki/broker.crt",  "pki/wattled.key",
	                                    "pki/wattled.crt", "pki/replica.key", "pki/replica.crt",
	                                    "broker/clients"};
	int code = EXIT_GOOD;

	for (size_t i = 0; !code && i < ARRAY_SIZE(names); i++)
		code = add(cli, settings, names[i], bundle);
	return code ? code : add_gateways(cli, settings, bundle);
}

int keys_seal(const struct cli *cli, const struct settings *settings, const char *to,
              const char *passphrase)
{
	struct bundle bundle = {0};
	int code = collect(cli, settings, &bundle);
	size_t len = SEALED_HEADER + 16 + bundle.len;
	uint8_t *sealed = code ? NULL : malloc(len);
	enum err err = sealed ? sealed_close(&bundle, passphrase, sealed_cost, sealed) : ERR_NOMEM;

	if (!code && !err)
		err = file_replace(to, 0600, sealed, len);
	if (!code && err)
		code = fail("%s: %s", to, err_text(err));
	bundle_free(&bundle);
	free(sealed);
	return code;
}

struct put_back {
	const struct cli *cli;
	const struct settings *settings;
	bool replace;
	unsigned written, same;
};

static bool holds_already(const char *path, const uint8_t *content, size_t len)
{
	static uint8_t found[SECRET_FILE_MAX];
	size_t have;
	bool same = !file_read(path, found, sizeof found, &have) && have == len &&
	            memcmp(found, content, len) == 0;

	sodium_memzero(found, sizeof found);
	return same;
}

static enum err put(void *arg, const char *name, const uint8_t *content, size_t len)
{
	struct put_back *p = arg;
	char path[PATH_MAX], dir[PATH_MAX], *slash;
	enum err err;

	place_of(p->cli, p->settings, name, path);
	if (holds_already(path, content, len)) {
		p->same++;
		return ERR_NONE;
	}
	if (access(path, F_OK) == 0 && !p->replace) {
		fail("%s exists with other content; --replace puts the sealed one there", path);
		return ERR_CONFLICT;
	}
	snprintf(dir, sizeof dir, "%s", path);
	slash = strrchr(dir, '/');
	if (slash)
		*slash = '\0';
	err = dir_make(dir);
	if (!err)
		err = file_replace(path, 0600, content, len);
	if (err)
		fail("%s: %s", path, err_text(err));
	p->written += err == ERR_NONE;
	return err;
}

int keys_unseal(const struct cli *cli, const struct settings *settings, const char *from,
                const char *passphrase, bool replace)
{
	const size_t most = SEALED_HEADER + 16 + SEALED_PLAIN_MAX + 1;
	struct put_back p = {cli, settings, replace, 0, 0};
	struct bundle bundle = {0};
	uint8_t *sealed = malloc(most);
	size_t len = 0;
	enum err err = sealed ? file_read(from, sealed, most, &len) : ERR_NOMEM;

	if (!err)
		err = sealed_open(sealed, len, passphrase, &bundle);
	free(sealed);
	if (err == ERR_AUTH)
		return fail("%s: wrong passphrase, or the file was changed", from);
	if (err)
		return fail("%s: %s", from, err_text(err));
	err = bundle_each(bundle.bytes, bundle.len, put, &p);
	bundle_free(&bundle);
	if (err == ERR_BAD_INPUT)
		return fail("%s: not a file of ours", from);
	if (err)
		return EXIT_FAILED;
	printf("keys: %u files put in place, %u were there already\n", p.written, p.same);
	return EXIT_GOOD;
}
