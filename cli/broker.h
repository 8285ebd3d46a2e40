/* The broker's files, as the sub-commands change them. */
#ifndef CLI_BROKER_H
#define CLI_BROKER_H

#include "cli/cli.h"
#include "deploy/broker/rights.h"

/* A broker that runs as another user (the packages' wattle-broker) reads its own files of DATA and
 * nothing else: when DATA itself may be entered by its group, these files are given to that group.
 * Otherwise all stays closed. Harmless to repeat. */
int broker_share(const struct cli *cli);

int broker_write_conf(const struct cli *cli, const struct settings *settings);

/* Certificates of the broker, reached as `host` and on this machine, and of wattled. */
int broker_issue(const struct cli *cli, const char *host, bool keep_old);

struct client_change {
	enum client_role role;
	const char *id, *property;
	const char *serial; /* NULL: take the client out */
	bool keep_old;
};

/* The broker notices the new list within a second and cuts off whom it no longer knows. */
int broker_change_client(const struct cli *cli, const struct client_change *change);

#endif
