#include "gateway/config.h"

#include "libs/base/number.h"

#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_SIZE_MAX (64 * 1024)

enum type {
	TEXT,
	ID, /* [a-z0-9-]{1,32}: part of MQTT topics */
	NUMBER,
};

static const struct setting {
	const char *section, *name;
	enum type type;
	size_t offset;
	int64_t least, most, standard; /* NUMBER only */
	const char *unit;
	const char *standard_text; /* NULL: required */
} settings[] = {
        {"gateway", "id",          ID,     offsetof(struct config, id),          0, 0,      0,    "",       NULL},
        {"gateway", "property",    ID,     offsetof(struct config, property),    0, 0,      0,    "",       NULL},
        {"gateway", "data",        TEXT,   offsetof(struct config, data),        0, 0,      0,    "folder", NULL},
        {"bus",     "uri",         TEXT,   offsetof(struct config, bus),         0, 0,      0,    "",       NULL},
        {"broker",  "host",        TEXT,   offsetof(struct config, broker_host), 0, 0,      0,    "",       NULL},
        {"broker",  "port",        NUMBER, offsetof(struct config, broker_port), 1, 65535,  8883, "",       ""  },
        {"broker",  "ca",          TEXT,   offsetof(struct config, ca),          0, 0,      0,    "file",   NULL},
        {"broker",  "certificate", TEXT,   offsetof(struct config, certificate), 0, 0,      0,    "file",
         NULL                                                                                                   },
        {"broker",  "key",         TEXT,   offsetof(struct config, key),         0, 0,      0,    "file",   NULL},
        {"broker",  "keepalive_s", NUMBER, offsetof(struct config, keepalive_s), 5, 3600,   20,   "s",
         ""                                                                                                     },
        {"spool",   "most_mb",     NUMBER, offsetof(struct config, spool_mb),    8, 100000, 200,  "MB",     ""  },
        {"spool",   "keep_days",   NUMBER, offsetof(struct config, spool_days),  1, 3650,   30,   "d",      ""  },
};

struct reader {
	struct config *config;
	const char *file;
	bool seen[ARRAY_SIZE(settings)];
	enum err err;
	char *why;
	size_t size;
};

static bool id_ok(const char *text)
{
	size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");

	/* `live` is the topic level beside the gateways of a property. */
	return len > 0 && len <= 32 && text[len] == 0 && strcmp(text, "live") != 0;
}

static const struct setting *setting_find(const char *section, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
		if (strcmp(settings[i].section, section) == 0 &&
		    strcmp(settings[i].name, name) == 0)
			return &settings[i];
	return NULL;
}

static enum err value_set(struct config *config, const struct setting *setting, const char *value)
{
	char *field = (char *)config + setting->offset;
	int64_t number;
	enum err err;

	switch (setting->type) {
	case NUMBER:
		err = i64_parse(value, setting->least, setting->most, &number);
		if (!err)
			memcpy(field, &number, sizeof number);
		return err;
	case ID:
		if (!id_ok(value))
			return ERR_BAD_INPUT;
		break;
	case TEXT:
		if (!*value)
			return ERR_BAD_INPUT;
		break;
	}
	if (strlen(value) >= CONFIG_TEXT_SIZE)
		return ERR_TOO_LONG;
	memcpy(field, value, strlen(value) + 1);
	return ERR_NONE;
}

/* The library stops at the first call that answers 0 and returns its line number. */
static int refuse(struct reader *reader, enum err err, const char *what, const char *section,
                  const char *name)
{
	reader->err = err;
	snprintf(reader->why, reader->size, "%s [%s] %s", what, section, name);
	return 0;
}

static int on_setting(void *arg, const char *section, const char *name, const char *value)
{
	struct reader *reader = arg;
	const struct setting *setting = setting_find(section, name);
	enum err err;

	if (reader->err)
		return 0;
	if (!setting)
		return refuse(reader, ERR_NOT_FOUND, "unknown setting", section, name);
	if (reader->seen[setting - settings])
		return refuse(reader, ERR_DUP, "set twice:", section, name);
	reader->seen[setting - settings] = true;
	err = value_set(reader->config, setting, value);
	if (err)
		return refuse(reader, err, "value not allowed:", section, name);
	return 1;
}

static void standards_set(struct config *config)
{
	memset(config, 0, sizeof *config);
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
		if (settings[i].type == NUMBER)
			memcpy((char *)config + settings[i].offset, &settings[i].standard,
			       sizeof settings[i].standard);
}

static enum err missing_find(struct reader *reader)
{
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		if (reader->seen[i] || settings[i].standard_text)
			continue;
		snprintf(reader->why, reader->size, "%s: missing setting [%s] %s", reader->file,
		         settings[i].section, settings[i].name);
		return ERR_BAD_INPUT;
	}
	return ERR_NONE;
}

enum err config_parse(struct config *config, const char *name, const char *text, char *why,
                      size_t size)
{
	char problem[CONFIG_TEXT_SIZE] = "not of the form `name = value`";
	struct reader reader = {.config = config, .file = name, .why = problem};
	int line;

	reader.size = sizeof problem;
	standards_set(config);
	line = ini_parse_string(text, on_setting, &reader);
	if (line != 0) {
		snprintf(why, size, "%s:%d: %s", name, line, problem);
		return reader.err ? reader.err : ERR_BAD_INPUT;
	}
	reader.why = why;
	reader.size = size;
	return missing_find(&reader);
}

enum err config_load(struct config *config, const char *path, char *why, size_t size)
{
	FILE *file = fopen(path, "r");
	char *text;
	enum err err;
	size_t len;

	if (!file) {
		snprintf(why, size, "%s: cannot be opened", path);
		return ERR_NOT_FOUND;
	}
	text = calloc(1, FILE_SIZE_MAX + 1);
	len = text ? fread(text, 1, FILE_SIZE_MAX, file) : 0;
	fclose(file);
	snprintf(why, size, "%s: too long, or no memory", path);
	err = text && len < FILE_SIZE_MAX ? config_parse(config, path, text, why, size)
	                                  : ERR_TOO_LONG;
	free(text);
	return err;
}

enum err config_check_files(const struct config *config, char *why, size_t size)
{
	struct stat st;

	if (stat(config->key, &st)) {
		snprintf(why, size, "%s: [broker] key cannot be read", config->key);
		return ERR_NOT_FOUND;
	}
	if (st.st_mode & (S_IRWXG | S_IRWXO)) {
		snprintf(why, size, "%s: [broker] key may be read by others; chmod 600",
		         config->key);
		return ERR_FORBIDDEN;
	}
	return ERR_NONE;
}
