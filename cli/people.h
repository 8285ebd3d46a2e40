/* What the commands about staff share. */
#ifndef CLI_PEOPLE_H
#define CLI_PEOPLE_H

#include "cli/cli.h"
#include "platform/core/role.h"

struct db;

/* The role that a word or number names; 0: told on stderr. */
int64_t role_argument(struct db *db, const char *text);
/* The group of `--group N`, or the only one; 0: told on stderr. */
int64_t group_argument(struct db *db, const char *text);
/* "a,b,c"; anything but EXIT_GOOD: told on stderr. */
int permissions_argument(const char *text, uint64_t *permissions);
/* What a step of staff ended with, for people. */
int staff_fail(const char *what, enum err err);

#endif
