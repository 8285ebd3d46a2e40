#include "platform/ingest/scrub.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "platform/store/log.h"

#define TABLES_MAX     128
#define TABLE_NAME_MAX 64
#define FILES_MAX      4096

enum turn { TURN_LIST, TURN_TABLES, TURN_FILES, TURN_OVER };

struct scrub {
	struct scrub_config config;
	enum turn turn;
	char tables[TABLES_MAX][TABLE_NAME_MAX];
	size_t table_count, table_at;
	int64_t files[FILES_MAX]; /* ascending; the last one is next */
	size_t file_count;
	uint64_t damaged; /* parts of the file at hand */
	bool busy, stop;
	struct ingest_damage damage;
};

enum err scrub_new(struct scrub **out, const struct scrub_config *config)
{
	struct scrub *scrub = calloc(1, sizeof *scrub);

	*out = scrub;
	if (!scrub)
		return ERR_NOMEM;
	scrub->config = *config;
	return ERR_NONE;
}

void scrub_stop(struct scrub *scrub)
{
	if (scrub)
		__atomic_store_n(&scrub->stop, true, __ATOMIC_RELAXED);
}

void scrub_free(struct scrub *scrub)
{
	free(scrub);
}

/* ---- on a reader thread ---- */

static void take_table(void *arg, const char *table)
{
	struct scrub *scrub = arg;

	if (scrub->table_count < TABLES_MAX)
		snprintf(scrub->tables[scrub->table_count++], TABLE_NAME_MAX, "%s", table);
}

static bool go_on(void *arg, const struct batch_row *row)
{
	const struct scrub *scrub = arg;

	(void)row;
	return !__atomic_load_n(&scrub->stop, __ATOMIC_RELAXED);
}

static enum err look(struct reader *reader, void *arg)
{
	struct scrub *scrub = arg;

	switch (scrub->turn) {
	case TURN_LIST:
		scrub->file_count = day_reader_list(reader->days, scrub->files, FILES_MAX);
		if (scrub->file_count > FILES_MAX)
			scrub->file_count = FILES_MAX;
		return db_table_names(reader->db, take_table, scrub);
	case TURN_TABLES:
		return db_check_table(reader->db, scrub->tables[scrub->table_at], &scrub->stop);
	case TURN_FILES:
		return day_reader_keys(reader->days, scrub->files[scrub->file_count - 1], go_on,
		                       scrub, &scrub->damaged);
	case TURN_OVER:
		break;
	}
	return ERR_NONE;
}

/* ---- on the I/O thread ---- */

static void noted(void *arg, enum err err)
{
	struct scrub *scrub = arg;

	scrub->busy = false;
	if (err)
		log_warn("store: day file %" PRId64 ": %s", scrub->damage.file, err_text(err));
}

static void file_done(struct scrub *scrub)
{
	int64_t file = scrub->files[--scrub->file_count];

	if (!scrub->file_count)
		scrub->turn = TURN_OVER;
	if (!scrub->damaged)
		return;
	scrub->damaged = 0;
	scrub->damage = (struct ingest_damage){.ingest = scrub->config.ingest, .file = file};
	scrub->busy = !writer_submit(scrub->config.platform->writer, ingest_damage_step,
	                             &scrub->damage, noted, scrub);
}

static void looked(void *arg, enum err err)
{
	struct scrub *scrub = arg;

	scrub->busy = false;
	if (__atomic_load_n(&scrub->stop, __ATOMIC_RELAXED))
		return;
	switch (scrub->turn) {
	case TURN_LIST:
		scrub->turn = TURN_TABLES;
		break;
	case TURN_TABLES:
		if (++scrub->table_at >= scrub->table_count)
			scrub->turn = scrub->file_count ? TURN_FILES : TURN_OVER;
		break;
	case TURN_FILES:
		file_done(scrub);
		return;
	case TURN_OVER:
		return;
	}
	if (err == ERR_DAMAGED || err == ERR_IO)
		scrub->config.broken(scrub->config.arg);
}

void scrub_tick(struct scrub *scrub)
{
	if (!scrub->busy && scrub->turn != TURN_OVER && !scrub->stop)
		scrub->busy = !reader_submit(scrub->config.platform->readers, look, scrub, looked);
}
