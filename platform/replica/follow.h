/* One database of a folder that follows: pages come, commits make them count. */
#ifndef PLATFORM_REPLICA_FOLLOW_H
#define PLATFORM_REPLICA_FOLLOW_H

#include "platform/replica/folder.h"

struct follow;

/* What is there is made one file first (a log beside it is folded in). A file that SQLite cannot
 * read is begun anew. */
MUST_USE enum err follow_open(struct follow **follow, const char *store, const char *name,
                              uint32_t page_size, const uint8_t hash_key[16]);
void follow_close(struct follow *follow); /* an unfinished commit never was */

const char *follow_name(const struct follow *follow);
bool follow_began_anew(const struct follow *follow);

/* HASHES …, HASHES END. */
MUST_USE enum err follow_say_hashes(const struct follow *follow, uint8_t slot, folder_say say,
                                    void *arg);
/* Pages of a commit come in ascending order. ERR_BAD_INPUT: what no honest primary sends. */
MUST_USE enum err follow_page(struct follow *follow, uint32_t page, const uint8_t *bytes,
                              size_t len);
/* Synced when it returns ERR_NONE. */
MUST_USE enum err follow_commit(struct follow *follow, uint32_t pages, uint64_t digest);
/* The log is folded in: one file, as of the last commit. */
MUST_USE enum err follow_finish(struct follow *follow);

#endif
