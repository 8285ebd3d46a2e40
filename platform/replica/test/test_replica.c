/* The continuous copy, both ends in one program: what is in the folder is always a whole database
 * of some commit, and never behind what was said to be applied. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "platform/replica/folder.h"
#include "platform/replica/serve.h"
#include "platform/replica/source.h"
#include "platform/replica/standby.h"
#include "platform/store/db.h"
#include "platform/store/files.h"
#include "platform/store/guard.h"
#include "platform/store/log.h"

static char dir[64], primary[96], standby[96];
static struct db *writer;
static int64_t written; /* number of the last commit */
static const uint8_t hash_key[16] = {1, 2, 3};

static int setup(void **state)
{
	(void)state;
	log_set_level(LOG_LEVEL_ERROR + 1);
	snprintf(dir, sizeof dir, "%s/wattle-replica-XXXXXX",
	         access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(dir));
	snprintf(primary, sizeof primary, "%s/primary", dir);
	snprintf(standby, sizeof standby, "%s/standby", dir);
	assert_int_equal(dir_make(primary), ERR_NONE);
	assert_int_equal(folder_init(standby), ERR_NONE);
	writer = NULL;
	written = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	db_close(writer);
	return dir_remove(dir) ? -1 : 0;
}

/* ---- a database whose every commit can be told ---- */

static void open_writer(void)
{
	char path[128];

	snprintf(path, sizeof path, "%s/wattle.db", primary);
	assert_int_equal(db_open(&writer, path, DB_WRITE), ERR_NONE);
	assert_int_equal(db_keep_log(writer), ERR_NONE);
	assert_int_equal(db_exec(writer,
	                         "PRAGMA synchronous=OFF; CREATE TABLE t(k INTEGER PRIMARY KEY, n"
	                         " INTEGER, b BLOB); CREATE TABLE c(n INTEGER); INSERT INTO c"
	                         " VALUES(0)"),
	                 ERR_NONE);
}

static void commit_some(int commits)
{
	char sql[256];

	for (int i = 0; i < commits; i++) {
		written++;
		snprintf(sql, sizeof sql,
		         "BEGIN; INSERT OR REPLACE INTO t VALUES(%d, %lld, randomblob(%d));"
		         " UPDATE c SET n=%lld; COMMIT",
		         (int)(written * 7 % 101), (long long)written, (int)(written * 37 % 9000),
		         (long long)written);
		assert_int_equal(db_exec(writer, sql), ERR_NONE);
	}
}

static int64_t number(struct db *db, const char *sql)
{
	struct stmt *st = db_query(db, sql);
	int64_t n = stmt_row(st) ? col_i64(st) : -1;

	assert_int_equal(stmt_end(st), ERR_NONE);
	return n;
}

/* Opens a copy of the folder's store, as after a cut of power; the log may be cut short. Returns
 * which commit it is. */
static int64_t commit_in(const char *store, int64_t cut)
{
	char from[160], to[160], hex[FILE_SHA256_SIZE];
	int64_t n, bytes;
	struct db *db;

	snprintf(to, sizeof to, "%s/look", dir);
	assert_int_equal(dir_remove(to), ERR_NONE);
	assert_int_equal(dir_make(to), ERR_NONE);
	snprintf(from, sizeof from, "%s/wattle.db-wal", store);
	snprintf(to, sizeof to, "%s/look/wattle.db-wal", dir);
	if (file_sha256(from, hex, &bytes) == ERR_NONE) {
		assert_int_equal(file_copy(from, to, 0600), ERR_NONE);
		if (cut >= 0)
			assert_int_equal(truncate(to, bytes > cut ? bytes - cut : 0), 0);
	}
	snprintf(from, sizeof from, "%s/wattle.db", store);
	snprintf(to, sizeof to, "%s/look/wattle.db", dir);
	assert_int_equal(file_copy(from, to, 0600), ERR_NONE);
	assert_int_equal(db_open(&db, to, DB_WRITE), ERR_NONE);
	assert_int_equal(db_check(db), ERR_NONE);
	n = number(db, "SELECT n FROM c");
	assert_int_equal(number(db, "SELECT coalesce(max(n), 0) FROM t"), n);
	db_close(db);
	return n;
}

/* ---- a session ---- */

struct session {
	pthread_t thread;
	struct folder *folder;
	struct stream *here, *there;
	enum err end;
};

static void *run_there(void *arg)
{
	struct session *s = arg;

	s->end = serve_session(s->folder, s->there);
	stream_interrupt(s->there);
	return NULL;
}

static void connect_to(struct session *s)
{
	char why[256];
	int pair[2];

	assert_int_equal(folder_open(&s->folder, standby, why, sizeof why), ERR_NONE);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(stream_plain(&s->here, pair[0]), ERR_NONE);
	assert_int_equal(stream_plain(&s->there, pair[1]), ERR_NONE);
	assert_int_equal(pthread_create(&s->thread, NULL, run_there, s), 0);
}

static struct wire hello(uint64_t generation)
{
	struct wire m = {
	        .type = WIRE_HELLO, .version = WIRE_VERSION, .store = 77, .generation = generation};

	memcpy(m.hash_key, hash_key, sizeof m.hash_key);
	snprintf(m.name, sizeof m.name, "0123456789abcdef");
	return m;
}

static enum wire_type greet(struct session *s, struct wire m, struct wire *answer)
{
	assert_int_equal(stream_send(s->here, &m), ERR_NONE);
	if (stream_receive(s->here, answer))
		return 0;
	if (answer->type == WIRE_WELCOME)
		do {
			assert_int_equal(stream_receive(s->here, &m), ERR_NONE);
			assert_int_equal(m.type, WIRE_HAVE);
		} while (m.name[0]);
	return answer->type;
}

static void open_session(struct session *s)
{
	struct wire answer;

	connect_to(s);
	assert_int_equal(greet(s, hello(1), &answer), WIRE_WELCOME);
}

static void end_session(struct session *s)
{
	stream_interrupt(s->here);
	pthread_join(s->thread, NULL);
	stream_close(s->here);
	stream_close(s->there);
	folder_close(s->folder);
}

static struct source *open_source(void)
{
	struct source *source;

	assert_int_equal(source_open(&source, primary, "wattle.db", hash_key), ERR_NONE);
	return source;
}

static void sync_now(struct source *source, struct session *s)
{
	bool whole;

	assert_int_equal(source_sync(source, s->here, 0, 0, &whole), ERR_NONE);
	assert_true(whole);
}

static void store_of_standby(char path[128])
{
	snprintf(path, 128, "%s/store", standby);
}

/* ---- messages ---- */

static const struct wire examples[] = {
        {.type = WIRE_HELLO,
         .version = 1,
         .store = 7,
         .generation = 3,
         .as_of_ms = -1,
         .hash_key = {9},
         .name = "key",
         .text = "0.1"},
        {.type = WIRE_WELCOME,                      .version = 1,                                          .key = 2},
        {.type = WIRE_REFUSED,                        .reason = 1,                                           .generation = 4, .as_of_ms = 5, .text = "no"},
        {.type = WIRE_HAVE,                 .done = true, .name = "readings-20260704.db"},
        {.type = WIRE_HAVE                                   },
        {.type = WIRE_OPEN,                     .slot = 15,                                  .page_size = 4096, .name = "wattle.db"},
        {.type = WIRE_HASHES_ARE,
         .slot = 1,
         .page = 1,
         .bytes = (const uint8_t *)"12345678",
         .len = 8},
        {.type = WIRE_HASHES_END,      .slot = 1,                                     .pages = 1},
        {.type = WIRE_COMMIT, .slot = 2,                       .pages = 9, .digest = UINT64_MAX},
        {.type = WIRE_APPLIED,                   .slot = 255,  .digest = 0},
        {.type = WIRE_DONE,              .slot = 3},
        {.type = WIRE_FILE, .name = "broker/clients",                                               .bytes = (const uint8_t *)"x", .len = 1},
        {.type = WIRE_FILE,              .name = "wattle.ini"                                               },
        {.type = WIRE_AS_OF,                                    .as_of_ms = INT64_MAX                },
        {.type = WIRE_FAILED,                          .text = "disk full"                                  },
};

static void every_message_is_the_same_after_the_wire(void **state)
{
	static uint8_t bytes[WIRE_HEAD + WIRE_MAX], again[WIRE_HEAD + WIRE_MAX];
	struct wire back;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
		size_t len = wire_encode(&examples[i], bytes);

		assert_int_equal(wire_decode(bytes + 4, len - 4, &back), ERR_NONE);
		assert_int_equal(wire_encode(&back, again), len);
		assert_memory_equal(bytes, again, len);
		assert_int_equal(back.as_of_ms, examples[i].as_of_ms);
		assert_true(back.digest == examples[i].digest);
		assert_string_equal(back.name, examples[i].name);
	}
}

static void a_message_cut_short_or_too_long_is_refused(void **state)
{
	static uint8_t bytes[WIRE_HEAD + WIRE_MAX];
	struct wire back;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
		size_t len = wire_encode(&examples[i], bytes) - 4;
		bool open_end = examples[i].type == WIRE_FILE;

		for (size_t cut = 0; cut < len; cut++)
			if (!open_end || cut < 15)
				assert_int_equal(wire_decode(bytes + 4, cut, &back), ERR_BAD_INPUT);
		bytes[4 + len] = 0;
		if (!open_end)
			assert_int_equal(wire_decode(bytes + 4, len + 1, &back), ERR_BAD_INPUT);
	}
	bytes[4] = 15;
	assert_int_equal(wire_decode(bytes + 4, 1, &back), ERR_BAD_INPUT);
	bytes[4] = 0;
	assert_int_equal(wire_decode(bytes + 4, 1, &back), ERR_BAD_INPUT);
}

static void only_our_names_are_taken(void **state)
{
	static const char *const bad[] = {"",
	                                  "wattle.db-wal",
	                                  "../wattle.db",
	                                  "store/wattle.db",
	                                  "wattle.db ",
	                                  "readings-20260704.db-wal",
	                                  "readings-20260704-0.db",
	                                  "readings-20260704-10.db",
	                                  "readings-20261301.db",
	                                  "readings-20260230.db",
	                                  "readings-2026074.db",
	                                  "secret.key",
	                                  "lock",
	                                  "standby"};
	static const char *const bad_files[] = {"",
	                                        "secret.key",
	                                        "pki/ca.key",
	                                        "pki/../secret.crt",
	                                        "pki/gateways/.crt",
	                                        "pki/gateways/a/b.crt",
	                                        "pki/A.crt",
	                                        "/etc/x.crt",
	                                        "broker/clients2",
	                                        "login.txt"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(wire_database_name(bad[i]));
	for (size_t i = 0; i < ARRAY_SIZE(bad_files); i++)
		assert_false(wire_file_name(bad_files[i]));
	assert_true(wire_database_name("wattle.db"));
	assert_true(wire_database_name("readings-20260704.db"));
	assert_true(wire_database_name("readings-20260704-9.db"));
	assert_true(wire_file_name("pki/ca.crt"));
	assert_true(wire_file_name("pki/gateways/gw-1.crt"));
}

/* ---- copies ---- */

static void each_sync_brings_the_newest_commit(void **state)
{
	struct source *source;
	struct session s;
	char store[128];

	(void)state;
	open_writer();
	commit_some(20);
	source = open_source();
	open_session(&s);
	store_of_standby(store);
	for (int i = 0; i < 40; i++) {
		sync_now(source, &s);
		assert_int_equal(commit_in(store, -1), written);
		commit_some(i % 5);
	}
	/* Enough for the standby to fold its log in, several times. */
	for (int i = 0; i < 12; i++) {
		commit_some(600);
		sync_now(source, &s);
		assert_int_equal(commit_in(store, -1), written);
	}
	assert_int_equal(source_counts(source).resyncs, 1);
	assert_int_equal(source_counts(source).damaged, 0);
	end_session(&s);
	source_close(source);
}

static void a_cut_of_power_leaves_a_whole_older_commit(void **state)
{
	struct source *source;
	struct session s;
	char store[128];
	int64_t before = 0;

	(void)state;
	open_writer();
	commit_some(5);
	source = open_source();
	open_session(&s);
	store_of_standby(store);
	for (int i = 0; i < 10; i++) {
		sync_now(source, &s);
		commit_some(3);
	}
	for (int64_t cut = 0; cut < 60000; cut += 97) {
		int64_t n = commit_in(store, cut);

		assert_true(n <= written - 3);
		before += n != written - 3;
	}
	assert_true(before > 0);
	end_session(&s);
	source_close(source);
}

/* The connection breaks between any two messages of a commit; nothing half is ever there. */
static void a_broken_connection_leaves_the_last_commit(void **state)
{
	struct source *source;
	struct session s;
	char store[128];
	int64_t applied;

	(void)state;
	open_writer();
	commit_some(200);
	source = open_source();
	open_session(&s);
	store_of_standby(store);
	sync_now(source, &s);
	for (int i = 1; i < 30; i++) {
		bool whole = true;

		applied = written;
		commit_some(10);
		/* Some pages of it, then the end. */
		assert_int_equal(source_sync(source, s.here, 0, (uint64_t)i * 4096, &whole),
		                 ERR_NONE);
		if (i < 8)
			assert_false(whole);
		end_session(&s);
		source_disconnected(source);
		assert_int_equal(commit_in(store, -1), whole ? written : applied);
		commit_some(1);
		open_session(&s);
		sync_now(source, &s);
		assert_int_equal(commit_in(store, -1), written);
	}
	end_session(&s);
	source_close(source);
}

static void a_first_copy_goes_on_where_it_broke(void **state)
{
	struct source *source;
	struct session s;
	char store[128], path[160];
	uint64_t pages;
	bool whole;

	(void)state;
	open_writer();
	commit_some(300);
	source = open_source();
	open_session(&s);
	store_of_standby(store);
	assert_int_equal(source_sync(source, s.here, 0, 100 * 4096, &whole), ERR_NONE);
	assert_false(whole);
	assert_int_equal(stream_flush(s.here), ERR_NONE);
	usleep(50000); /* they arrive */
	end_session(&s);
	source_disconnected(source);
	snprintf(path, sizeof path, "%s/wattle.db", store);
	assert_int_not_equal(access(path, F_OK), 0); /* it has no name before it is whole */
	pages = source_counts(source).pages;
	open_session(&s);
	sync_now(source, &s);
	assert_true(source_counts(source).pages - pages < 300);
	assert_int_equal(commit_in(store, -1), written);
	end_session(&s);
	source_close(source);
}

static void a_changed_byte_there_is_found_and_mended(void **state)
{
	struct source *source;
	struct session s;
	char store[128], path[160];
	FILE *file;

	(void)state;
	open_writer();
	commit_some(300);
	source = open_source();
	open_session(&s);
	store_of_standby(store);
	sync_now(source, &s);
	snprintf(path, sizeof path, "%s/wattle.db", store);
	file = fopen(path, "r+b");
	assert_non_null(file);
	assert_int_equal(fseek(file, 20 * 4096 + 77, SEEK_SET), 0);
	assert_int_not_equal(fputc(0xA5, file), EOF);
	fclose(file);
	commit_some(2);
	source_verify(source);
	sync_now(source, &s);
	assert_int_equal(source_counts(source).damaged, 1);
	assert_int_equal(commit_in(store, -1), written);

	/* The same while nobody was connected: what it had is known. */
	end_session(&s);
	source_disconnected(source);
	commit_some(40);
	file = fopen(path, "r+b");
	assert_non_null(file);
	assert_int_equal(fseek(file, 5000, SEEK_SET), 0);
	assert_int_not_equal(fputc(0x5A, file), EOF);
	fclose(file);
	open_session(&s);
	sync_now(source, &s);
	assert_true(source_counts(source).damaged <= 2);
	assert_int_equal(commit_in(store, -1), written);
	end_session(&s);
	source_close(source);
}

static void rubbish_there_is_begun_anew(void **state)
{
	struct source *source;
	struct session s;
	char store[128], path[160];

	(void)state;
	open_writer();
	commit_some(30);
	store_of_standby(store);
	snprintf(path, sizeof path, "%s/wattle.db", store);
	assert_int_equal(file_replace(path, 0600, "rubbish", 7), ERR_NONE);
	source = open_source();
	open_session(&s);
	sync_now(source, &s);
	assert_int_equal(commit_in(store, -1), written);
	assert_int_equal(folder_state(s.folder).damaged, 1);
	end_session(&s);
	source_close(source);
}

static void a_store_that_shrank_or_went_back_is_followed(void **state)
{
	struct source *source;
	struct session s;
	char store[128];

	(void)state;
	open_writer();
	commit_some(500);
	source = open_source();
	open_session(&s);
	store_of_standby(store);
	sync_now(source, &s);
	assert_int_equal(db_exec(writer, "DELETE FROM t WHERE n < (SELECT n FROM c); VACUUM"), 0);
	sync_now(source, &s);
	assert_int_equal(commit_in(store, -1), written);
	source_close(source);
	end_session(&s);
	/* Another, smaller file of the same name: a restored one. */
	db_close(writer);
	assert_int_equal(dir_remove(primary), ERR_NONE);
	assert_int_equal(dir_make(primary), ERR_NONE);
	written = 0;
	open_writer();
	commit_some(3);
	source = open_source();
	open_session(&s);
	sync_now(source, &s);
	assert_int_equal(commit_in(store, -1), written);
	end_session(&s);
	source_close(source);
}

/* ---- who may speak ---- */

static enum wire_reason refusal(struct wire m)
{
	struct session s;
	struct wire answer;

	connect_to(&s);
	assert_int_equal(greet(&s, m, &answer), WIRE_REFUSED);
	end_session(&s);
	assert_int_equal(s.end, ERR_REFUSED);
	return answer.reason;
}

static void an_older_generation_and_another_store_are_refused(void **state)
{
	struct wire m;
	struct session s;
	struct wire answer;
	char path[128];

	(void)state;
	connect_to(&s);
	assert_int_equal(greet(&s, hello(5), &answer), WIRE_WELCOME);
	assert_int_equal(answer.key, WIRE_KEY_NONE);
	end_session(&s);
	assert_int_equal(refusal(hello(4)), WIRE_TAKEN_OVER);
	m = hello(5);
	m.store++;
	assert_int_equal(refusal(m), WIRE_OTHER_STORE);
	m = hello(5);
	m.version = 2;
	assert_int_equal(refusal(m), WIRE_OTHER_VERSION);

	assert_int_equal(folder_take_over(standby, 6, 1234), ERR_NONE);
	assert_int_equal(refusal(hello(5)), WIRE_TAKEN_OVER);
	assert_int_equal(refusal(hello(6)), WIRE_NO_STANDBY);
	snprintf(path, sizeof path, "%s/store/" GUARD_STANDBY, standby);
	assert_int_not_equal(access(path, F_OK), 0);
}

static void a_standby_is_used_by_one_and_guarded(void **state)
{
	struct folder *folder, *other;
	char why[512], store[128];
	uint64_t generation;
	int64_t as_of_ms;

	(void)state;
	store_of_standby(store);
	assert_int_equal(guard_check(store, why, sizeof why), ERR_REFUSED);
	assert_int_equal(guard_check(primary, why, sizeof why), ERR_NONE);
	assert_int_equal(guard_fence(primary, 7, 99), ERR_NONE);
	assert_int_equal(guard_check(primary, why, sizeof why), ERR_REFUSED);
	assert_int_equal(guard_fenced(primary, &generation, &as_of_ms), ERR_NONE);
	assert_int_equal(generation, 7);
	assert_int_equal(as_of_ms, 99);
	assert_int_equal(folder_open(&folder, standby, why, sizeof why), ERR_NONE);
	assert_int_equal(folder_open(&other, standby, why, sizeof why), ERR_BUSY);
	folder_close(folder);
	assert_int_equal(folder_open(&other, dir, why, sizeof why), ERR_REFUSED);
	assert_int_equal(folder_init(standby), ERR_DUP);
	assert_int_equal(folder_take_over(standby, 2, 5), ERR_NONE);
	assert_int_equal(guard_check(store, why, sizeof why), ERR_NONE);
}

/* What no honest primary sends ends the connection, and the copy stays as it was. */
static void dishonest_pages_change_nothing(void **state)
{
	static uint8_t page[4096];
	const struct wire good_page = {.type = WIRE_PAGE, .page = 1, .bytes = page, .len = 4096};
	struct wire m[2];
	struct source *source;
	struct session s;
	char store[128];

	(void)state;
	open_writer();
	commit_some(50);
	source = open_source();
	store_of_standby(store);
	open_session(&s);
	sync_now(source, &s);
	for (int k = 0; k < 8; k++) {
		struct wire answer;

		if (k) {
			source_disconnected(source);
			open_session(&s);
			sync_now(source, &s);
		}
		m[0] = m[1] = good_page;
		if (k == 0)
			m[1] = (struct wire){.type = WIRE_COMMIT, .pages = 1, .digest = 1};
		else if (k == 1)
			m[1].page = 1; /* twice */
		else if (k == 2)
			m[0].page = UINT32_MAX;
		else if (k == 3)
			m[0].page = 0x40000000 / 4096 + 1; /* the lock page */
		else if (k == 4)
			m[0].len = 512;
		else if (k == 5)
			m[0].slot = 3; /* not open */
		else if (k == 6)
			m[0] = (struct wire){.type = WIRE_DONE}; /* the main file is never done */
		else
			m[0] = (struct wire){.type = WIRE_WELCOME, .version = 1};
		assert_int_equal(stream_send(s.here, &m[0]), ERR_NONE);
		assert_int_equal(stream_send(s.here, &m[1]), ERR_NONE);
		assert_int_not_equal(stream_receive(s.here, &answer), ERR_NONE);
		end_session(&s);
		assert_int_equal(s.end, ERR_BAD_INPUT);
		assert_int_equal(commit_in(store, -1), written);
	}
	source_close(source);
}

static void state_files_that_are_not_ours_are_refused(void **state)
{
	static const char *const bad[] = {
	        "",
	        "{}",
	        "[]",
	        "{\"store\":\"0123456789abcdef\",\"generation\":-1,\"as_of_ms\":0,\"key\":\"\",\"done\":[]}",
	        "{\"store\":\"0123\",\"generation\":1,\"as_of_ms\":0,\"key\":\"\",\"done\":[]}",
	        "{\"store\":\"0123456789abcdef\",\"generation\":1,\"as_of_ms\":0,\"key\":\"\",\"done\":[\"../x\"]}",
	        "{\"store\":\"0123456789abcdef\",\"generation\":1,\"as_of_ms\":0,\"key\":\"\",\"done\":[7]}",
	};
	struct standby s;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(standby_parse(&s, bad[i], strlen(bad[i])), ERR_BAD_INPUT);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        T(every_message_is_the_same_after_the_wire),
	        T(a_message_cut_short_or_too_long_is_refused),
	        T(only_our_names_are_taken),
	        T(each_sync_brings_the_newest_commit),
	        T(a_cut_of_power_leaves_a_whole_older_commit),
	        T(a_broken_connection_leaves_the_last_commit),
	        T(a_first_copy_goes_on_where_it_broke),
	        T(a_changed_byte_there_is_found_and_mended),
	        T(rubbish_there_is_begun_anew),
	        T(a_store_that_shrank_or_went_back_is_followed),
	        T(an_older_generation_and_another_store_are_refused),
	        T(a_standby_is_used_by_one_and_guarded),
	        T(dishonest_pages_change_nothing),
	        T(state_files_that_are_not_ours_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
