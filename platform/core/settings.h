/* Settings of wattled: INI text, one declarative table (settings.c) with name, type, limits,
 * default and unit. An unknown key, a bad value or a secret that others can read stops the start
 * with file, line and reason. */
#ifndef PLATFORM_CORE_SETTINGS_H
#define PLATFORM_CORE_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "libs/base/err.h"
#include "libs/base/macros.h"

#define SETTING_TEXT 256

struct settings {
	/* [platform] */
	char data_dir[SETTING_TEXT];    /* paths below are taken from here when not absolute */
	char store_dir[SETTING_TEXT];   /* default DATA/store */
	char store_url[SETTING_TEXT];   /* of PostgreSQL; "": SQLite in store_dir */
	char secret_file[SETTING_TEXT]; /* wraps terminal keys; default DATA/secret.key */
	char log_level[SETTING_TEXT];
	int64_t readers;
	int64_t group_ms, group_batches;
	int64_t command_expiry_s, command_resend_ms, verify_wait_s, clock_wait_s;
	int64_t reading_period_s, report_s;
	int64_t trip_limit_count, trip_limit_window_s;
	int64_t approval_batch_count, approval_batch_percent;
	/* [sheets] */
	int64_t sheet_upload_mb, sheet_rows_max, sheet_alone_rows;
	/* [broker] */
	char broker_host[SETTING_TEXT];
	int64_t broker_port;
	char broker_ca[SETTING_TEXT], broker_cert[SETTING_TEXT], broker_key[SETTING_TEXT];
	int64_t broker_keepalive_s;
	/* [webhook] */
	int64_t webhook_private;
	/* [http] */
	char http_listen[SETTING_TEXT]; /* address */
	int64_t http_port;
	char console_dir[SETTING_TEXT];
	int64_t session_hours;
	int64_t http_connections, http_per_address;
	int64_t sse_clients;
	int64_t exports, export_s;
	/* [backup] */
	char backup_dir[SETTING_TEXT];
	int64_t keep_daily, keep_weekly, keep_monthly;
	int64_t backup_age_h;
	/* [replica] */
	char replica_to[SETTING_TEXT];
	int64_t replica_interval_ms, replica_lag_alarm_s;
};

/* Fill with defaults, then from `path`. On an error `why` says `FILE:LINE: reason`. */
MUST_USE enum err settings_load(struct settings *settings, const char *path, char *why,
                                size_t why_size);
/* The same from memory; `name` stands for the file in messages. */
MUST_USE enum err settings_parse(struct settings *settings, const char *text, size_t len,
                                 const char *name, char *why, size_t why_size);

/* Every setting with type, limits, default and meaning, as an example file. */
void settings_describe(FILE *to);
/* The same as tables in Markdown, English and Chinese: part of docs/ops/settings.md. */
void settings_reference(FILE *to);

/* A secret file must exist, be a regular file and be closed to group and others. */
MUST_USE enum err secret_file_check(const char *path, char *why, size_t why_size);

#endif
