/* The gateway's settings: an INI file read through one declarative table (config.c), where each
 * setting has a type, limits, a default and a unit. An unknown key, a value outside its limits or a
 * missing required setting stops the start and names file and line. */
#ifndef GATEWAY_CONFIG_H
#define GATEWAY_CONFIG_H

#include "libs/base/err.h"
#include "libs/base/macros.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define CONFIG_TEXT_SIZE 256

struct config {
	char id[CONFIG_TEXT_SIZE];
	char property[CONFIG_TEXT_SIZE];
	char data[CONFIG_TEXT_SIZE];
	char bus[CONFIG_TEXT_SIZE];
	char broker_host[CONFIG_TEXT_SIZE];
	int64_t broker_port;
	char ca[CONFIG_TEXT_SIZE];
	char certificate[CONFIG_TEXT_SIZE];
	char key[CONFIG_TEXT_SIZE];
	int64_t keepalive_s;
	int64_t spool_mb;
	int64_t spool_days;
};

/* `why` says what is wrong and where: "gateway.ini:7: unknown setting [bus] speed". */
MUST_USE enum err config_load(struct config *config, const char *path, char *why, size_t size);

/* The same from text in memory; `name` stands for the file in messages. */
MUST_USE enum err config_parse(struct config *config, const char *name, const char *text, char *why,
                               size_t size);

/* Checks that go beyond the file: the private key must not be readable by others. */
MUST_USE enum err config_check_files(const struct config *config, char *why, size_t size);

/* Every setting as tables in Markdown, English and Chinese: part of docs/ops/settings.md. */
void config_reference(FILE *to);
#endif
