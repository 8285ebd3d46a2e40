/* What a restored store does not have, and where it still is. Printed, one line each. */
#ifndef CLI_NEWER_H
#define CLI_NEWER_H

#include "cli/manifest.h"

/* In another store of the same installation: acts and readings from after the copy. */
void newer_in_store(const char *store_dir, const struct manifest *copy);
/* Only the acts: of a store that was fenced. */
void newer_acts_in(const char *store_dir, int64_t copy_ms);
/* Backups beside this one that are newer. */
void newer_backups(const char *backup, int64_t copy_s);
/* Gateways that will offer their batches again. */
void newer_at_gateways(const char *store_dir, const char *store_url);

#endif
