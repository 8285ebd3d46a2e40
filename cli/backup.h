/* What `wattle backup` and `wattle restore` share. */
#ifndef CLI_BACKUP_H
#define CLI_BACKUP_H

#include "cli/cli.h"
#include "cli/manifest.h"
#include "platform/store/day.h"

/* `dir`/`name`, or the end of the program when that is too long for a path. */
const char *path_in(const char *dir, const char *name, char path[PATH_MAX]);

/* Folders of whole backups in `dir`, oldest first, by time; at most `max`. */
size_t backup_list(const char *dir, int64_t *times, size_t max);
#define BACKUPS_MAX 4096

/* Which of `count` times (ascending) stay: the newest of each of so many days, weeks and months.
 * The newest always stays; 0, 0, 0 keeps all. */
struct keep_rule {
	int64_t daily, weekly, monthly;
};

void backup_keep(const int64_t *times, size_t count, struct keep_rule rule, bool *keep);

/* Checks manifest, digests and the databases themselves. Returns how many things are wrong, each
 * told on stderr; `store_keys` may be NULL. */
unsigned backup_verify(const char *dir, struct manifest *manifest, const struct keys *store_keys);

/* Follows each property's ledger and folds it (store/ledger.h). Returns how many are wrong, each told on
 * stderr. */
unsigned ledgers_check(struct db *db, int64_t *groups);

int backup_list_command(const char *folder);
/* `settings` NULL: no installation at hand, whose key could be tried. */
int backup_verify_command(const struct settings *settings, const char *folder);
/* A backup by its folder, or the newest in a folder of backups. */
int backup_named(const char *folder, char path[PATH_MAX]);

/* Secret files of the installation under a passphrase, and back. */
MUST_USE int keys_seal(const struct cli *cli, const struct settings *settings, const char *to,
                       const char *passphrase);
MUST_USE int keys_unseal(const struct cli *cli, const struct settings *settings, const char *from,
                         const char *passphrase, bool replace);
/* From --passphrase-file, or asked for at the terminal (twice when it is a new one). */
MUST_USE int passphrase_get(const char *file, bool is_new, char passphrase[PASSPHRASE_SIZE]);

/* A day file's sound batches, and the damaged ones. */
struct day_count {
	int64_t rows;
	uint64_t damaged;
};

bool day_count_row(void *day_count, const struct batch_row *row); /* for day_reader_walk */

#endif
