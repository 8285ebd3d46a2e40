#include "deploy/broker/broker_files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define CLIENTS_BYTES_MAX (1024 * 1024)

/* Limits: a batch is at most 256 KiB (docs/protocol/uplink.md); the platform's queue holds what a
 * pause of some seconds brings; more is dropped by the broker, counted, and repeated by gateways. */
static const char conf_text[] =
        "# Written by `wattle broker`; changes here are lost. docs/design/broker.md\n"
        "user %s\n"
        "listener %lld%s%s\n"
        "cafile %s/pki/ca.crt\n"
        "certfile %s/pki/broker.crt\n"
        "keyfile %s/pki/broker.key\n"
        "require_certificate true\n"
        "tls_version tlsv1.2\n"
        "allow_anonymous false\n"
        "plugin %s\n"
        "plugin_opt_clients %s/broker/clients\n"
        "\n"
        "# A pipe that may forget: gateways and platform repeat what is not acknowledged.\n"
        "persistence false\n"
        "persistent_client_expiration 1h\n"
        "queue_qos0_messages false\n"
        "max_packet_size 270336\n"
        "max_inflight_messages 200\n"
        "max_queued_messages 20000\n"
        "max_queued_bytes 67108864\n"
        "memory_limit 1073741824\n"
        "max_keepalive 120\n"
        "max_topic_alias 0\n"
        "set_tcp_nodelay true\n"
        "sys_interval 5\n"
        "\n"
        "log_dest stderr\n"
        "log_timestamp_format %%Y-%%m-%%dT%%H:%%M:%%S\n"
        "log_type error\n"
        "log_type warning\n"
        "log_type notice\n"
        "log_type information\n"
        "connection_messages true\n";

static enum err errno_err(void)
{
	switch (errno) {
	case ENOSPC:
	case EDQUOT:
		return ERR_DISK_FULL;
	case ENOENT:
		return ERR_NOT_FOUND;
	case EACCES:
	case EPERM:
	case EROFS:
		return ERR_FORBIDDEN;
	default:
		return ERR_IO;
	}
}

static enum err create(FILE **f, char *new_path, const char *path)
{
	int n = snprintf(new_path, PATH_MAX, "%s.new", path);

	if (n <= 0 || n >= PATH_MAX)
		return ERR_RANGE;
	*f = fopen(new_path, "we");
	return *f ? ERR_NONE : errno_err();
}

static enum err finish(FILE *f, const char *new_path, const char *path)
{
	bool good = fflush(f) == 0 && !ferror(f) && fsync(fileno(f)) == 0;

	if (fclose(f) != 0 || !good || rename(new_path, path) != 0) {
		enum err err = errno_err();

		unlink(new_path);
		return err;
	}
	return ERR_NONE;
}

enum err broker_conf_write(const char *path, const struct broker_conf *conf)
{
	char new_path[PATH_MAX];
	FILE *f;
	enum err err = create(&f, new_path, path);

	if (err)
		return err;
	fprintf(f, conf_text, conf->user, (long long)conf->port, *conf->listen ? " " : "",
	        conf->listen, conf->data_dir, conf->data_dir, conf->data_dir, conf->plugin_path,
	        conf->data_dir);
	return finish(f, new_path, path);
}

int clients_lock(const char *path)
{
	char lock_path[PATH_MAX];
	int fd, n = snprintf(lock_path, sizeof lock_path, "%s.lock", path);

	if (n <= 0 || n >= PATH_MAX)
		return -1;
	/* Readable is enough for a lock, whoever made the file. */
	fd = open(lock_path, O_RDONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd >= 0 && flock(fd, LOCK_EX)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

void clients_unlock(int lock)
{
	if (lock >= 0)
		close(lock);
}

enum err clients_read(const char *path, struct client_list *list, size_t *line)
{
	FILE *f = fopen(path, "re");
	char *text;
	size_t n;

	list->count = 0;
	*line = 0;
	if (!f)
		return errno == ENOENT ? ERR_NONE : errno_err();
	text = malloc(CLIENTS_BYTES_MAX);
	n = text ? fread(text, 1, CLIENTS_BYTES_MAX, f) : 0;
	if (text && n < CLIENTS_BYTES_MAX && !ferror(f))
		*line = rights_parse(list, text, n);
	else
		*line = 1;
	fclose(f);
	free(text);
	return *line ? ERR_BAD_INPUT : ERR_NONE;
}

enum err clients_write(const char *path, const struct client_list *list)
{
	static const char *const roles[] = {"gateway", "platform", "viewer"};
	char new_path[PATH_MAX];
	FILE *f;
	enum err err = create(&f, new_path, path);

	if (err)
		return err;
	for (size_t i = 0; i < list->count; i++) {
		const struct client *c = &list->clients[i];

		fprintf(f, "%s %s %s %s%s%s\n", roles[c->role], c->id, c->property, c->serials[0],
		        c->serials[1][0] ? " " : "", c->serials[1]);
	}
	return finish(f, new_path, path);
}

enum err clients_set(struct client_list *list, enum client_role role, const char *id,
                     const char *property, const char *serial, bool keep_old)
{
	struct client *c = (struct client *)rights_find(list, id);

	if (!c) {
		if (list->count == RIGHTS_CLIENTS_MAX)
			return ERR_FULL;
		c = &list->clients[list->count++];
		memset(c, 0, sizeof *c);
	}
	if (strlen(id) >= sizeof c->id || strlen(property) >= sizeof c->property ||
	    strlen(serial) >= sizeof c->serials[0])
		return ERR_RANGE;
	c->role = role;
	strncpy(c->id, id, sizeof c->id - 1);
	strncpy(c->property, property, sizeof c->property - 1);
	if (keep_old)
		memcpy(c->serials[1], c->serials[0], sizeof c->serials[1]);
	else
		memset(c->serials[1], 0, sizeof c->serials[1]);
	memset(c->serials[0], 0, sizeof c->serials[0]);
	strncpy(c->serials[0], serial, sizeof c->serials[0] - 1);
	return ERR_NONE;
}

enum err clients_remove(struct client_list *list, const char *id)
{
	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(list->clients[i].id, id) == 0) {
			list->clients[i] = list->clients[--list->count];
			return ERR_NONE;
		}
	}
	return ERR_NOT_FOUND;
}
