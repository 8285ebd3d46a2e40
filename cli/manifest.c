#include "cli/manifest.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/bytes.h"
#include "libs/base/sha256.h"
#include "libs/base/time.h"

#define TEXT_MAX   (64 * 1024 * 1024)
#define TABLES_MAX 1024

void manifest_free(struct manifest *m)
{
	free(m->file);
	free(m->table);
	memset(m, 0, sizeof *m);
}

/* Grows by doubling: `count` is a power of two when the room is used up. */
static void *grown(void *array, size_t count, size_t size, size_t most)
{
	void *more;

	if (count >= most)
		return NULL;
	if (count & (count - 1))
		return array; /* not at a power of two: there is room */
	more = realloc(array, (count ? count * 2 : 1) * size);
	return more;
}

struct manifest_file *manifest_add_file(struct manifest *m, const char *name)
{
	struct manifest_file *array, *file;

	if (!safe_name(name))
		return NULL;
	array = grown(m->file, m->file_count, sizeof *m->file, MANIFEST_FILES_MAX);
	if (!array)
		return NULL;
	m->file = array;
	file = &array[m->file_count++];
	memset(file, 0, sizeof *file);
	snprintf(file->name, sizeof file->name, "%s", name);
	return file;
}

struct manifest_table *manifest_add_table(struct manifest *m, const char *name)
{
	struct manifest_table *array, *table;

	array = grown(m->table, m->table_count, sizeof *m->table, TABLES_MAX);
	if (!array)
		return NULL;
	m->table = array;
	table = &array[m->table_count++];
	snprintf(table->name, sizeof table->name, "%s", name);
	table->rows = 0;
	return table;
}

const struct manifest_file *manifest_find(const struct manifest *m, const char *name)
{
	for (size_t i = 0; i < m->file_count; i++)
		if (strcmp(m->file[i].name, name) == 0)
			return &m->file[i];
	return NULL;
}

bool manifest_has_table(const struct manifest *m, const char *name)
{
	for (size_t i = 0; i < m->table_count; i++)
		if (strcmp(m->table[i].name, name) == 0)
			return true;
	return false;
}

int64_t manifest_bytes(const struct manifest *m)
{
	int64_t sum = 0;

	for (size_t i = 0; i < m->file_count; i++)
		sum += m->file[i].bytes;
	return sum;
}

/* ---- from JSON ---- */

struct reading_state {
	char *why;
	size_t why_size;
	bool bad;
};

static void bad(struct reading_state *r, const char *what, const char *name)
{
	if (!r->bad)
		snprintf(r->why, r->why_size, "manifest.json: %s: %s", name, what);
	r->bad = true;
}

static int64_t take_number(struct reading_state *r, json_t *object, const char *name)
{
	json_t *value = json_object_get(object, name);

	if (!json_is_integer(value) || json_integer_value(value) < 0)
		bad(r, "not a number", name);
	return json_integer_value(value);
}

static void take_text(struct reading_state *r, json_t *object, const char *name, char *to,
                      size_t size)
{
	const char *text = json_string_value(json_object_get(object, name));

	*to = '\0';
	if (!text || strlen(text) >= size)
		bad(r, "missing or too long", name);
	else
		snprintf(to, size, "%s", text);
}

static uint64_t take_hex(struct reading_state *r, json_t *object, const char *name)
{
	uint8_t bytes[8] = {0};
	char text[17];

	take_text(r, object, name, text, sizeof text);
	if (!r->bad && (strlen(text) != 16 || hex_decode(text, bytes, sizeof bytes)))
		bad(r, "not 16 hex digits", name);
	return get_be64(bytes);
}

static void take_file(struct reading_state *r, struct manifest *m, json_t *object)
{
	char name[SEALED_NAME_SIZE];
	struct manifest_file *file;
	uint8_t digest[32];

	take_text(r, object, "name", name, sizeof name);
	if (r->bad)
		return;
	if (!safe_name(name)) {
		bad(r, "a name that leaves the folder", "files");
		return;
	}
	file = manifest_add_file(m, name);
	if (!file) {
		bad(r, "too many", "files");
		return;
	}
	file->bytes = take_number(r, object, "bytes");
	take_text(r, object, "sha256", file->sha256, sizeof file->sha256);
	if (!r->bad && (strlen(file->sha256) != 64 || hex_decode(file->sha256, digest, 32)))
		bad(r, "not a digest", name);
	if (!json_object_get(object, "rows"))
		return;
	file->rows = take_number(r, object, "rows");
	file->newest_rowid = take_number(r, object, "newest_rowid");
	file->newest_hash = take_hex(r, object, "newest_hash");
	file->damaged = take_number(r, object, "damaged");
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct manifest_file *)a)->name,
	              ((const struct manifest_file *)b)->name);
}

static void take_files(struct reading_state *r, struct manifest *m, json_t *list)
{
	json_t *value;
	size_t i;

	if (!json_is_array(list) || json_array_size(list) == 0)
		bad(r, "not a list", "files");
	json_array_foreach(list, i, value)
	{
		take_file(r, m, value);
		if (r->bad)
			return;
	}
	if (m->file_count)
		qsort(m->file, m->file_count, sizeof *m->file, by_name);
	for (i = 1; i < m->file_count; i++)
		if (strcmp(m->file[i - 1].name, m->file[i].name) == 0)
			bad(r, "named twice", m->file[i].name);
}

static void take_tables(struct reading_state *r, struct manifest *m, json_t *object)
{
	struct manifest_table *table;
	const char *name;
	json_t *value;

	if (!json_is_object(object))
		bad(r, "not an object", "tables");
	json_object_foreach(object, name, value)
	{
		table = strlen(name) < sizeof table->name ? manifest_add_table(m, name) : NULL;
		if (!table || !json_is_integer(value)) {
			bad(r, "not a number of rows", "tables");
			return;
		}
		table->rows = json_integer_value(value);
	}
}

static void take_all(struct reading_state *r, struct manifest *m, json_t *object)
{
	char format[32];

	take_text(r, object, "format", format, sizeof format);
	if (!r->bad && strcmp(format, "wattle-backup") != 0)
		bad(r, "not a backup", "format");
	if (take_number(r, object, "version") > 1)
		bad(r, "made by a newer program", "version");
	take_text(r, object, "program", m->program, sizeof m->program);
	take_text(r, object, "key", m->key, sizeof m->key);
	m->created_s = take_number(r, object, "created_s");
	m->epoch = take_hex(r, object, "epoch");
	m->generation = take_number(r, object, "generation");
	m->schema = take_number(r, object, "schema");
	m->day_schema = take_number(r, object, "day_schema");
	if (!r->bad)
		take_tables(r, m, json_object_get(object, "tables"));
	if (!r->bad)
		take_files(r, m, json_object_get(object, "files"));
	if (!r->bad && !manifest_find(m, "store/wattle.db"))
		bad(r, "without store/wattle.db", "files");
}

enum err manifest_parse(struct manifest *m, const char *text, size_t len, char *why,
                        size_t why_size)
{
	struct reading_state r = {.why = why, .why_size = why_size};
	json_error_t error;
	json_t *object = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);

	memset(m, 0, sizeof *m);
	if (!json_is_object(object)) {
		snprintf(why, why_size, "manifest.json: %s", error.text);
		json_decref(object);
		return ERR_BAD_INPUT;
	}
	take_all(&r, m, object);
	json_decref(object);
	if (r.bad)
		manifest_free(m);
	return r.bad ? ERR_BAD_INPUT : ERR_NONE;
}

/* ---- to JSON ---- */

static json_t *hex_json(uint64_t value)
{
	char text[17];

	snprintf(text, sizeof text, "%016" PRIx64, value);
	return json_string(text);
}

static json_t *file_json(const struct manifest_file *file)
{
	json_t *object = json_pack("{s:s, s:I, s:s}", "name", file->name, "bytes",
	                           (json_int_t)file->bytes, "sha256", file->sha256);

	if (object && strncmp(file->name, "store/readings-", 15) == 0) {
		json_object_set_new(object, "rows", json_integer(file->rows));
		json_object_set_new(object, "newest_rowid", json_integer(file->newest_rowid));
		json_object_set_new(object, "newest_hash", hex_json(file->newest_hash));
		json_object_set_new(object, "damaged", json_integer(file->damaged));
	}
	return object;
}

char *manifest_print(const struct manifest *m)
{
	json_t *tables = json_object(), *files = json_array(), *object;
	char *text;

	for (size_t i = 0; i < m->table_count; i++)
		json_object_set_new(tables, m->table[i].name, json_integer(m->table[i].rows));
	for (size_t i = 0; i < m->file_count; i++)
		json_array_append_new(files, file_json(&m->file[i]));
	object = json_pack("{s:s, s:i, s:s, s:I, s:o, s:I, s:I, s:I, s:s, s:o, s:o}", "format",
	                   "wattle-backup", "version", 1, "program", m->program, "created_s",
	                   (json_int_t)m->created_s, "epoch", hex_json(m->epoch), "generation",
	                   (json_int_t)m->generation, "schema", (json_int_t)m->schema, "day_schema",
	                   (json_int_t)m->day_schema, "key", m->key, "tables", tables, "files",
	                   files);
	text = object ? json_dumps(object, JSON_INDENT(1)) : NULL;
	json_decref(object);
	return text;
}

/* ---- in its folder ---- */

static void sha256_text(const char *text, size_t len, char hex[FILE_SHA256_SIZE])
{
	uint8_t digest[SHA256_SIZE];

	sha256(text, len, digest);
	hex_encode(digest, sizeof digest, hex);
}

enum err manifest_write(const struct manifest *m, const char *dir)
{
	char path[PATH_MAX], hex[FILE_SHA256_SIZE], line[128];
	char *text = manifest_print(m);
	enum err err;
	int n;

	if (!text)
		return ERR_NOMEM;
	snprintf(path, sizeof path, "%s/manifest.json", dir);
	err = file_replace(path, 0600, text, strlen(text));
	sha256_text(text, strlen(text), hex);
	free(text);
	if (err)
		return err;
	n = snprintf(line, sizeof line, "%s  manifest.json\n", hex);
	snprintf(path, sizeof path, "%s/manifest.sha256", dir);
	return file_replace(path, 0600, line, (size_t)n);
}

static enum err read_text(const char *path, char **text, size_t *len)
{
	enum err err;

	*text = malloc(TEXT_MAX);
	if (!*text)
		return ERR_NOMEM;
	err = file_read(path, *text, TEXT_MAX, len);
	if (!err)
		return ERR_NONE;
	free(*text);
	*text = NULL;
	return err;
}

enum err manifest_load(struct manifest *m, const char *dir, char *why, size_t why_size)
{
	char path[PATH_MAX], hex[FILE_SHA256_SIZE], line[128];
	size_t len, line_len;
	char *text;
	enum err err;

	memset(m, 0, sizeof *m);
	snprintf(path, sizeof path, "%s/manifest.json", dir);
	err = read_text(path, &text, &len);
	if (err) {
		snprintf(why, why_size, "%s: %s", path, err_text(err));
		return err;
	}
	snprintf(path, sizeof path, "%s/manifest.sha256", dir);
	err = file_read(path, line, sizeof line, &line_len);
	sha256_text(text, len, hex);
	if (err) {
		snprintf(why, why_size, "%s: %s", path, err_text(err));
	} else if (line_len < 64 || memcmp(line, hex, 64) != 0) {
		err = ERR_DAMAGED;
		snprintf(why, why_size, "%s/manifest.json is not the one of manifest.sha256", dir);
	} else {
		err = manifest_parse(m, text, len, why, why_size);
	}
	free(text);
	return err;
}

unsigned manifest_check_files(const struct manifest *m, const char *dir)
{
	char path[PATH_MAX], hex[FILE_SHA256_SIZE];
	unsigned wrong = 0;

	for (size_t i = 0; i < m->file_count; i++) {
		const struct manifest_file *file = &m->file[i];
		int64_t bytes = 0;
		enum err err;

		snprintf(path, sizeof path, "%s/%s", dir, file->name);
		err = file_sha256(path, hex, &bytes);
		if (!err && bytes == file->bytes && strcmp(hex, file->sha256) == 0)
			continue;
		wrong++;
		if (err)
			fprintf(stderr, "wattle: %s: %s\n", path, err_text(err));
		else
			fprintf(stderr, "wattle: %s: %s\n", path,
			        bytes == file->bytes ? "other content than in the manifest"
			                             : "other length than in the manifest");
	}
	return wrong;
}

void backup_name(int64_t created_s, char name[BACKUP_NAME_SIZE])
{
	char at[RFC3339_SIZE];
	size_t n = 0;

	if (rfc3339_format(created_s, at))
		snprintf(at, sizeof at, "0000-00-00T00:00:00Z");
	/* 2026-07-04T02:15:00Z without what file systems of others do not like */
	for (size_t i = 0; i + 1 < sizeof at; i++)
		if (at[i] != '-' && at[i] != ':')
			name[n++] = at[i];
	name[n] = '\0';
}

int64_t backup_time(const char *name)
{
	char again[BACKUP_NAME_SIZE];
	int year, month, day, hour, minute, second;
	struct civil c;
	int64_t at_s;

	if (strlen(name) != BACKUP_NAME_SIZE - 1 ||
	    sscanf(name, "%4d%2d%2dT%2d%2d%2dZ", &year, &month, &day, &hour, &minute, &second) != 6)
		return -1;
	c = (struct civil){year,          (uint8_t)month,  (uint8_t)day,
	                   (uint8_t)hour, (uint8_t)minute, (uint8_t)second};
	if (unix_from_civil(&c, &at_s))
		return -1;
	backup_name(at_s, again);
	return strcmp(again, name) == 0 ? at_s : -1;
}
