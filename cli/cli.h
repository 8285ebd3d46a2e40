/* What the sub-commands of `wattle` share: where the installation is, and how a failure is told. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "libs/base/err.h"
#include "libs/base/macros.h"
#include "platform/core/admin.h"
#include "platform/core/settings.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

struct db;
struct keys;

enum exit_code { EXIT_GOOD = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct cli {
	char data_dir[PATH_MAX]; /* absolute */
	const char *program;     /* argv[0], to find the broker's plugin beside it */
};

/* One message line on stderr; returns EXIT_FAILED. */
int fail(const char *format, ...) PRINTF_LIKE(1, 2);
int usage(const char *text);

/* False: too long. A relative folder is meant from where the program was started. */
bool data_dir_set(struct cli *cli, const char *dir);
/* DATA/<name>; the buffer is the caller's, PATH_MAX bytes. */
const char *data_path(const struct cli *cli, char path[PATH_MAX], const char *name);

/* The value of `--name VALUE` or `--name=VALUE`, taken out of argv; NULL if it is not there. */
const char *option(int *argc, char **argv, const char *name);
/* Whether `--name` is there; taken out too. */
bool flag(int *argc, char **argv, const char *name);
/* False, with a message, if an option is left that nobody took. */
bool options_done(int argc, char **argv);
bool number_option(const char *text, int64_t min, int64_t max, int64_t *number);

void actor_here(struct actor *actor, const char *reason);

/* Opens DATA/wattle.ini and its store; on failure the reason is told and NULL returned. */
struct db *open_store(const struct cli *cli, struct settings *settings);
struct keys *open_keys(const struct settings *settings);

int cmd_init(const struct cli *cli, int argc, char **argv);
int cmd_broker(const struct cli *cli, int argc, char **argv);
int cmd_gateway(const struct cli *cli, int argc, char **argv);
int cmd_terminal(const struct cli *cli, int argc, char **argv);
int cmd_user(const struct cli *cli, int argc, char **argv);
int cmd_role(const struct cli *cli, int argc, char **argv);
int cmd_session(const struct cli *cli, int argc, char **argv);
int cmd_api_key(const struct cli *cli, int argc, char **argv);
int cmd_webhook(const struct cli *cli, int argc, char **argv);
int cmd_approval(const struct cli *cli, int argc, char **argv);
int cmd_vend(const struct cli *cli, int argc, char **argv);
int cmd_order(const struct cli *cli, int argc, char **argv);
int cmd_shift(const struct cli *cli, int argc, char **argv);
int cmd_ledger(const struct cli *cli, int argc, char **argv);
int cmd_reminder(const struct cli *cli, int argc, char **argv);
int cmd_supply(const struct cli *cli, int argc, char **argv);
int cmd_group(const struct cli *cli, int argc, char **argv);
int cmd_property(const struct cli *cli, int argc, char **argv);
int cmd_account(const struct cli *cli, int argc, char **argv);
int cmd_audit(const struct cli *cli, int argc, char **argv);
int cmd_backup(const struct cli *cli, int argc, char **argv);
int cmd_restore(const struct cli *cli, int argc, char **argv);
int cmd_import(const struct cli *cli, int argc, char **argv);
int cmd_export(const struct cli *cli, int argc, char **argv);
int cmd_allowance(const struct cli *cli, int argc, char **argv);
int cmd_tariff(const struct cli *cli, int argc, char **argv);
int cmd_takeover(const struct cli *cli, int argc, char **argv);
int cmd_replica(const struct cli *cli, int argc, char **argv);
int cmd_replica_receive(const struct cli *cli, int argc, char **argv);
/* gateway_list.c */
int gateway_health(const struct cli *cli, struct db *db);

int cmd_top(const struct cli *cli, int argc, char **argv);
int cmd_status(const struct cli *cli, int argc, char **argv);
int cmd_clock(const struct cli *cli, int argc, char **argv);
int cmd_gaps(const struct cli *cli, int argc, char **argv);
int cmd_key(const struct cli *cli, int argc, char **argv);
int cmd_decode(const struct cli *cli, int argc, char **argv);
int cmd_doctor(const struct cli *cli, int argc, char **argv);

#endif
