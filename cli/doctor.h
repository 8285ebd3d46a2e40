/* What a check of `wattle doctor` gets and how it tells what it found. */
#ifndef CLI_DOCTOR_H
#define CLI_DOCTOR_H

#include "cli/cli.h"

struct doctor {
	const struct cli *cli;
	struct settings settings;
	bool have_settings;
	struct db *db; /* read only; NULL when the store cannot be opened */
	unsigned bad;  /* findings so far */
};

/* One finding: a word for tests and scripts, what is wrong, and what to do about it. */
void found(struct doctor *d, const char *word, const char *remedy, const char *format, ...)
        PRINTF_LIKE(4, 5);

/* doctor_net.c */
void check_http(struct doctor *d);
void check_broker(struct doctor *d);

/* doctor_backup.c */
void check_backup(struct doctor *d);
void check_replica(struct doctor *d);

/* doctor_site.c */
void check_clock(struct doctor *d);
void check_gateways(struct doctor *d);

#endif
