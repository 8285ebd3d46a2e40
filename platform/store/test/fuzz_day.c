/* Bytes of a day file changed at will (the database as a whole, header to last page): a reader hands
 * out only rows whose hash proves them, and never fails otherwise than by counting. Input: {offset,
 * value} triples over a sound file of 24 batches, or a whole file when it begins like one. */
#include <assert.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/store/day.h"
#include "platform/store/log.h"
#include "platform/store/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW_MS  INT64_C(1795490000000)
#define BATCHES 24

static const uint8_t hash_key[16] = {7};
static char dir[64], path[STORE_PATH_SIZE];
static uint8_t *sound;
static size_t sound_len;

static void make_sound_file(void)
{
	uint8_t body[700];
	struct days *days;
	struct stat st;
	int fd;

	snprintf(dir, sizeof dir, "%s/wattle-fuzz-XXXXXX",
	         access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert(mkdtemp(dir));
	store_path(path, dir, "readings-20261124.db");
	assert(days_open(&days, dir) == ERR_NONE);
	for (uint64_t seq = 1; seq <= BATCHES; seq++) {
		struct batch_row row = {.property_id = 1,
		                        .gateway_id = 2,
		                        .boot = 3,
		                        .seq = seq,
		                        .t_min = NOW_MS / 1000,
		                        .t_max = NOW_MS / 1000 + (int64_t)seq,
		                        .body = body,
		                        .body_len = sizeof body};

		memset(body, (int)seq, sizeof body);
		row.hash = batch_hash(hash_key, body, sizeof body);
		assert(days_append(days, &row, NOW_MS) == ERR_NONE);
	}
	assert(days_commit(days) == ERR_NONE);
	days_close(days);
	assert(stat(path, &st) == 0);
	sound_len = (size_t)st.st_size;
	sound = malloc(sound_len);
	fd = open(path, O_RDONLY);
	assert(sound && read(fd, sound, sound_len) == (ssize_t)sound_len);
	close(fd);
}

static void write_file(const uint8_t *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert(fd >= 0 && write(fd, bytes, len) == (ssize_t)len);
	close(fd);
}

static void write_changed(const uint8_t *data, size_t size)
{
	uint8_t *bytes = malloc(sound_len);

	assert(bytes);
	memcpy(bytes, sound, sound_len);
	for (size_t i = 0; i + 4 <= size; i += 4)
		bytes[(data[i] | (size_t)data[i + 1] << 8 | (size_t)data[i + 2] << 16) %
		      sound_len] = data[i + 3];
	write_file(bytes, sound_len);
	free(bytes);
}

static bool proven(void *arg, const struct batch_row *row)
{
	++*(unsigned *)arg;
	assert(batch_hash(hash_key, row->body, row->body_len) == row->hash);
	return *(unsigned *)arg < 1000; /* pages may be made to lead in circles */
}

static bool any_key(void *arg, const struct batch_row *row)
{
	(void)row;
	return ++*(unsigned *)arg < 1000;
}

static void read_all(void)
{
	struct day_reader *reader;
	uint64_t damaged = 0, hash;
	unsigned rows = 0, keys = 0;
	int64_t file = file_of_ms(NOW_MS);
	enum err err;

	assert(day_reader_open(&reader, dir, hash_key) == ERR_NONE);
	err = day_reader_walk(reader, file, 0, proven, &rows, &damaged);
	assert(err == ERR_NONE || damaged || err == ERR_INTERNAL);
	(void)!day_reader_keys(reader, file, any_key, &keys, &damaged);
	(void)!day_reader_range(reader, 1, 2, NOW_MS / 1000, NOW_MS / 1000 + 60, proven, &rows,
	                        &damaged);
	(void)!day_reader_find(reader, file, 1, 2, 3, 5, &hash);
	day_reader_close(reader);
}

static void fuzz_end(void)
{
	char name[STORE_PATH_SIZE + 8];

	free(sound);
	unlink(path);
	snprintf(name, sizeof name, "%s-wal", path);
	unlink(name);
	snprintf(name, sizeof name, "%s-shm", path);
	unlink(name);
	rmdir(dir);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!sound) {
		log_set_level(LOG_LEVEL_ERROR + 1);
		make_sound_file();
		atexit(fuzz_end);
	}
	if (size >= 16 && memcmp(data, "SQLite format 3", 16) == 0)
		write_file(data, size);
	else
		write_changed(data, size);
	read_all();
	return 0;
}
