/* The files that a broker of ours starts from: mosquitto.conf, and the list of known clients
 * (rights.h). Both are written beside and renamed, so the broker never reads half a file. */
#ifndef DEPLOY_BROKER_BROKER_FILES_H
#define DEPLOY_BROKER_BROKER_FILES_H

#include "deploy/broker/rights.h"
#include "libs/base/err.h"
#include "libs/base/macros.h"

#include <stdint.h>

struct broker_conf {
	const char *data_dir;    /* absolute */
	const char *plugin_path; /* wattle_broker.so */
	const char *listen;      /* address, "" for all */
	const char *user;        /* whom a broker started as root becomes */
	int64_t port;
};

MUST_USE enum err broker_conf_write(const char *path, const struct broker_conf *conf);

/* A missing file is an empty list. *line: where the file is wrong, on ERR_BAD_INPUT. */
MUST_USE enum err clients_read(const char *path, struct client_list *list, size_t *line);
MUST_USE enum err clients_write(const char *path, const struct client_list *list);

/* While the list is read and written: `wattle` and wattled both change it. Below 0: cannot be had. */
int clients_lock(const char *path);
void clients_unlock(int lock);

/* Adds or replaces. The serial before the newest is kept when `keep_old`. */
MUST_USE enum err clients_set(struct client_list *list, enum client_role role, const char *id,
                              const char *property, const char *serial, bool keep_old);
MUST_USE enum err clients_remove(struct client_list *list, const char *id);

#endif
