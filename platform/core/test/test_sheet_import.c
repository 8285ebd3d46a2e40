/* Imports: exact mistakes, all or nothing, twice is once, rights of now, files of nobody else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/core/role.h"
#include "platform/core/sheet_check.h"
#include "platform/core/sheet_import.h"
#include "platform/core/staff.h"
#include "platform/store/scratch.h"
#include "platform/store/store.h"
#include "platform/test/lab.h"

#define KEY "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static struct lab lab;
static const struct actor cli = {.who = "cli:root", .local = true};

static int setup(void **state)
{
	(void)state;
	lab_setup(&lab);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	lab_teardown(&lab);
	return 0;
}

static struct actor person(const char *name, int64_t role_id)
{
	struct user_create create = {.actor = cli, .row = {.group_id = 1}};
	struct actor actor = {.reason = "because"};
	struct grant_request grant = {
	        .actor = cli, .row = {.role_id = role_id, .group_id = 1}
        };

	snprintf(create.row.name, sizeof create.row.name, "%s", name);
	snprintf(actor.who, sizeof actor.who, "%s", name);
	assert_int_equal(lab_step(&lab, user_create_step, &create, false), 0);
	actor.user_id = grant.row.user_id = create.row.user_id;
	assert_int_equal(lab_step(&lab, grant_add_step, &grant, false), 0);
	return actor;
}

/* ---- the way of a sheet ---- */

static enum err try_upload(const struct actor *actor, const char *kind, const char *csv,
                           struct sheet_create *create)
{
	int fd;

	*create = (struct sheet_create){.actor = *actor, .row = {.property_id = 1}};
	snprintf(create->row.kind, sizeof create->row.kind, "%s", kind);
	snprintf(create->row.client_name, sizeof create->row.client_name, "../../etc/passwd");
	assert_int_equal(sheet_file_name(lab.dir, create->row.file), 0);
	assert_int_equal(sheet_file_create(lab.dir, create->row.file, SHEET_FILE_UPLOAD, &fd), 0);
	assert_int_equal(sheet_file_append(fd, csv, strlen(csv)), 0);
	sheet_file_close(fd);
	create->row.bytes = (int64_t)strlen(csv);
	return lab_step(&lab, sheet_create_step, create, false);
}

static bool go_on(void *arg, int64_t rows)
{
	(void)arg;
	(void)rows;
	return true;
}

static struct sheet_job_row check(void)
{
	struct sheet_check run = {.store_dir = lab.dir,
	                          .store_url = lab.url,
	                          .keys = lab.keys,
	                          .now_ms = lab.now_ms,
	                          .rows_max = 1000000,
	                          .going = go_on};
	struct sheet_work work = {.store_dir = lab.dir};

	assert_int_equal(lab_step(&lab, sheet_take_step, &work, true), 0);
	assert_true(work.found);
	run.job = work.row;
	assert_int_equal(sheet_check_run(&run), 0);
	work.row = run.job;
	assert_int_equal(lab_step(&lab, sheet_checked_step, &work, false), 0);
	return work.row;
}

static struct sheet_job_row checked(const char *kind, const char *csv)
{
	struct sheet_create create;

	assert_int_equal(try_upload(&cli, kind, csv, &create), 0);
	return check();
}

static enum err order(const struct actor *actor, struct sheet_job_row *job)
{
	struct sheet_act act = {
	        .actor = *actor, .property_id = 1, .job_id = job->job_id, .alone_max = 2};
	enum err err;

	memcpy(act.hash, job->hash, sizeof act.hash);
	err = lab_step(&lab, sheet_apply_ask_step, &act, false);
	*job = act.row;
	return err;
}

static enum err apply(struct sheet_job_row *job)
{
	struct sheet_work work = {.store_dir = lab.dir};
	enum err err = lab_step(&lab, sheet_apply_step, &work, true);

	assert_true(work.found);
	if (sheet_error_is_final(err))
		assert_int_equal(lab_step(&lab, sheet_failed_step, &work, false), 0);
	*job = work.row;
	return err;
}

/* "row:column:word:detail" of the list, joined by blanks. */
static const char *mistakes(const struct sheet_job_row *job)
{
	static char text[4000];
	struct sheet_mistake_row row;
	size_t used = 0;
	int fd;

	text[0] = '\0';
	assert_int_equal(sheet_file_open(lab.dir, job->file, SHEET_FILE_MISTAKES, &fd), 0);
	for (int64_t i = 0; sheet_mistake_read(fd, i, &row) == ERR_NONE; i++)
		used += (size_t)snprintf(text + used, sizeof text - used, "%s%lld:%d:%s%s%s",
		                         used ? " " : "", (long long)row.row, row.column,
		                         sheet_fault_word((enum sheet_fault)row.fault),
		                         row.detail[0] ? ":" : "", row.detail);
	sheet_file_close(fd);
	return text;
}

static int files(void)
{
	char folder[SHEET_PATH_SIZE];
	struct dirent *entry;
	int n = 0;
	DIR *dir;

	sheet_file_folder(folder, lab.dir);
	dir = opendir(folder);
	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL)
		n += entry->d_name[0] != '.';
	closedir(dir);
	return n;
}

static int64_t terminals(void)
{
	return lab_number(&lab, "SELECT count(*) FROM terminal WHERE chip LIKE 'bb%'");
}

/* ---- tests ---- */

static void twice_is_once(void **state)
{
	static const char csv[] = "芯片号,密钥\r\n"
	                          "BB0000000000000000000001," KEY "\r\n"
	                          "bb0000000000000000000002," KEY "\r\n"
	                          "bb0000000000000000000003,\r\n";
	struct sheet_job_row job = checked("terminals", csv), other;

	(void)state;
	assert_int_equal(job.state, SHEET_CHECKED);
	assert_int_equal(job.mistakes, 0);
	assert_int_equal(job.rows, 3);
	assert_int_equal(job.added, 2);
	assert_int_equal(job.same, 1);
	assert_int_equal(strlen(job.hash), 64);
	assert_int_equal(terminals(), 0);
	other = job;
	other.hash[0] ^= 1;
	assert_int_equal(order(&cli, &other), ERR_CONFLICT);
	assert_int_equal(order(&cli, &job), 0);
	assert_int_equal(job.state, SHEET_APPLYING);
	assert_int_equal(apply(&job), 0);
	assert_int_equal(job.state, SHEET_APPLIED);
	assert_int_equal(job.added, 2);
	assert_int_equal(terminals(), 2);
	job = checked("terminals", csv);
	assert_int_equal(job.added, 0);
	assert_int_equal(job.same, 3);
	assert_int_equal(order(&cli, &job), 0);
	assert_int_equal(apply(&job), 0);
	assert_int_equal(terminals(), 2);
	assert_int_equal(lab_number(&lab,
	                            "SELECT count(*) FROM audit WHERE property_id=1 AND action"
	                            " IN ('sheet.upload','sheet.check','sheet.apply',"
	                            "'sheet.applied')"),
	                 8);
}

static void mistakes_are_exact(void **state)
{
	struct sheet_job_row job;

	(void)state;
	job = checked("terminals", "chip,key,colour\nx,y,z\n");
	assert_string_equal(mistakes(&job), "1:3:header-unknown:colour");
	job = checked("terminals", "chip,key\n"
	                           "zz0000000000000000000001," KEY "\n"
	                           "bb0000000000000000000001,12\n"
	                           "bb0000000000000000000002," KEY "\n"
	                           "\n"
	                           "BB0000000000000000000002," KEY "\n"
	                           "bb0000000000000000000004,zz0102030405060708090a0b0c0d0e0f"
	                           "101112131415161718191a1b1c1d1e1f\n");
	assert_string_equal(mistakes(&job), "2:1:rule:24 hex 3:2:too-short:64 6:0:twice:4 "
	                                    "7:2:rule:64 hex");
	assert_int_equal(job.mistakes, 4);
	assert_int_equal(job.rows, 5);
	assert_int_equal(order(&cli, &job), ERR_REFUSED);
	job = checked("terminals", "chip\n");
	assert_string_equal(mistakes(&job), "0:0:empty");
	job = checked("terminals", "\xFF\xFE");
	assert_string_equal(mistakes(&job), "0:0:utf16");
	job = checked("terminals", "chip\nbb0000000000000000000001\n\"bb\n");
	assert_string_equal(mistakes(&job), "3:1:quote-open");
	assert_int_equal(terminals(), 0);
}

/* No secret lies in a file, and no name of a client is part of a path. */
static void files_are_ours(void **state)
{
	char path[SHEET_PATH_SIZE], text[4096] = "";
	struct sheet_job_row job =
	        checked("terminals", "chip,key\nbb0000000000000000000001," KEY "\n");
	struct stat st;
	FILE *f;

	(void)state;
	assert_string_equal(job.client_name, "../../etc/passwd");
	assert_int_equal(files(), 2); /* rows and mistakes: upload and rehearsal are gone */
	sheet_file_path(path, lab.dir, job.file, SHEET_FILE_ROWS);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_true(fread(text, 1, sizeof text - 1, f) > 0);
	fclose(f);
	assert_null(strstr(text, KEY));
	assert_memory_equal(text, "row,chip,key\r\n2,bb0000000000000000000001,", 41);
}

static bool known(void *arg, const char *name)
{
	return strcmp(arg, name) == 0;
}

static void files_of_nobody_are_swept(void **state)
{
	struct sheet_job_row job = checked("terminals", "chip\nbb0000000000000000000001\n");
	char lost[SHEET_NAME_SIZE];
	int fd;

	(void)state;
	assert_int_equal(sheet_file_name(lab.dir, lost), 0);
	assert_int_equal(sheet_file_create(lab.dir, lost, SHEET_FILE_UPLOAD, &fd), 0);
	sheet_file_close(fd);
	assert_int_equal(files(), 3);
	sheet_files_sweep(lab.dir, known, job.file);
	assert_int_equal(files(), 2);
	sheet_files_remove(lab.dir, job.file);
	assert_int_equal(files(), 0);
	assert_int_equal(sheet_file_open(lab.dir, "../../../../../../../etc/passwd.", 0, &fd),
	                 ERR_BAD_INPUT);
}

/* Between check and apply, the world moved. */
static void a_row_that_is_not_good_any_more_stops_all(void **state)
{
	struct terminal_row foreign = {.property_id = 9, .chip = "bb0000000000000000000002"};
	struct sheet_job_row job = checked("terminals", "chip,key\n"
	                                                "bb0000000000000000000001," KEY "\n"
	                                                "bb0000000000000000000002," KEY "\n");

	(void)state;
	assert_int_equal(terminal_put(lab.db, &foreign), 0);
	assert_int_equal(order(&cli, &job), 0);
	assert_int_equal(apply(&job), ERR_CONFLICT);
	assert_int_equal(job.state, SHEET_FAILED);
	assert_string_equal(job.fault, "taken");
	assert_int_equal(job.fault_row, 3);
	assert_string_equal(job.fault_detail, "chip");
	assert_int_equal(terminals(), 1); /* the foreign one */
}

static void a_changed_file_is_not_applied(void **state)
{
	struct sheet_job_row job =
	        checked("terminals", "chip,key\nbb0000000000000000000001," KEY "\n");
	char path[SHEET_PATH_SIZE];
	FILE *f;

	(void)state;
	sheet_file_path(path, lab.dir, job.file, SHEET_FILE_ROWS);
	f = fopen(path, "r+");
	assert_non_null(f);
	fseek(f, 20, SEEK_SET);
	fputc('c', f);
	fclose(f);
	assert_int_equal(order(&cli, &job), 0);
	assert_int_equal(apply(&job), ERR_DAMAGED);
	assert_int_equal(job.state, SHEET_FAILED);
	assert_int_equal(terminals(), 0);
	/* The same for one that is gone. */
	job = checked("terminals", "chip,key\nbb0000000000000000000001," KEY "\n");
	sheet_files_remove(lab.dir, job.file);
	assert_int_equal(order(&cli, &job), 0);
	assert_int_equal(apply(&job), ERR_DAMAGED);
}

static void a_kill_between_the_steps_loses_nothing(void **state)
{
	struct sheet_create create;
	struct sheet_work work = {.store_dir = lab.dir};
	struct sheet_job_row job;

	(void)state;
	assert_int_equal(
	        try_upload(&cli, "terminals", "chip,key\nbb0000000000000000000001," KEY, &create),
	        0);
	assert_int_equal(lab_step(&lab, sheet_take_step, &work, true), 0);
	assert_int_equal(work.row.state, SHEET_CHECKING);
	lab_close(&lab);
	lab_open(&lab);
	job = check(); /* it comes again */
	assert_int_equal(order(&cli, &job), 0);
	lab_close(&lab);
	lab_open(&lab);
	assert_int_equal(apply(&job), 0);
	assert_int_equal(terminals(), 1);
	work.found = true;
	assert_int_equal(lab_step(&lab, sheet_apply_step, &work, true), 0);
	assert_false(work.found);
}

static void cancelled_is_cancelled(void **state)
{
	struct sheet_create create;
	struct sheet_work work = {.store_dir = lab.dir};
	struct sheet_act act = {.actor = cli, .property_id = 1};
	struct sheet_job_row job;

	(void)state;
	assert_int_equal(try_upload(&cli, "terminals", "chip\nbb0000000000000000000001", &create),
	                 0);
	assert_int_equal(lab_step(&lab, sheet_take_step, &work, true), 0);
	act.job_id = work.row.job_id;
	assert_int_equal(lab_step(&lab, sheet_cancel_step, &act, false), 0);
	assert_int_equal(lab_count(&lab, EFFECT_SHEET), 1);
	assert_int_equal(lab_step(&lab, sheet_checked_step, &work, false), ERR_REFUSED);
	assert_int_equal(lab_step(&lab, sheet_take_step, &work, true), 0);
	assert_false(work.found);
	job = checked("terminals", "chip\nbb0000000000000000000001");
	lab.now_ms += SHEET_KEEP_MS + 1;
	assert_int_equal(lab_step(&lab, sheet_expire_step, &work, true), 0);
	assert_true(work.found);
	assert_int_equal(sheet_job_get(lab.db, 1, job.job_id, &job), 0);
	assert_int_equal(job.state, SHEET_CANCELLED);
}

/* A file in pieces: in order, again, and never with a hole. */
static void pieces_make_a_file(void **state)
{
	struct sheet_create create = {
	        .actor = cli, .row = {.property_id = 1, .kind = "terminals"}
        };
	struct sheet_sent sent = {.actor = cli, .property_id = 1};
	struct sheet_work work = {.store_dir = lab.dir};
	struct sheet_job_row job;
	int64_t size;

	(void)state;
	assert_int_equal(sheet_file_name(lab.dir, create.row.file), 0);
	assert_int_equal(lab_step(&lab, sheet_create_step, &create, false), 0);
	assert_int_equal(create.row.state, SHEET_RECEIVING);
	assert_int_equal(lab_step(&lab, sheet_take_step, &work, true), 0);
	assert_false(work.found);
	assert_int_equal(sheet_file_put(lab.dir, create.row.file, 5, "x", 1, &size), ERR_SEQUENCE);
	assert_int_equal(size, 0);
	assert_int_equal(sheet_file_put(lab.dir, create.row.file, 0, "chip\nbb00", 9, &size), 0);
	assert_int_equal(size, 9);
	assert_int_equal(sheet_file_put(lab.dir, create.row.file, 0, "chip\nbb00", 9, &size), 0);
	assert_int_equal(size, 9);
	assert_int_equal(
	        sheet_file_put(lab.dir, create.row.file, 9, "00000000000000000001", 20, &size), 0);
	assert_int_equal(size, 29);
	sent.job_id = create.row.job_id;
	sent.bytes = size;
	assert_int_equal(lab_step(&lab, sheet_sent_step, &sent, false), 0);
	assert_int_equal(lab_step(&lab, sheet_sent_step, &sent, false), ERR_REFUSED);
	job = check();
	assert_int_equal(job.mistakes, 0);
	assert_int_equal(job.bytes, 29);
}

static void one_that_stopped_coming_ends(void **state)
{
	struct sheet_create create = {
	        .actor = cli, .row = {.property_id = 1, .kind = "terminals"}
        };
	struct sheet_work work = {.store_dir = lab.dir};

	(void)state;
	assert_int_equal(sheet_file_name(lab.dir, create.row.file), 0);
	assert_int_equal(lab_step(&lab, sheet_create_step, &create, false), 0);
	lab.now_ms += SHEET_RECEIVE_MS + 1;
	assert_int_equal(lab_step(&lab, sheet_expire_step, &work, true), 0);
	assert_true(work.found);
	assert_int_equal(work.row.state, SHEET_CANCELLED);
}

/* ---- people ---- */

static enum err decide(const struct actor *actor, int64_t approval_id,
                       enum approval_verdict verdict)
{
	struct approval_decision d = {
	        .actor = *actor, .approval_id = approval_id, .verdict = verdict};
	struct approval_row row;

	assert_int_equal(approval_get(lab.db, approval_id, &row), 0);
	memcpy(d.hash, row.hash, sizeof d.hash);
	return lab_step(&lab, approval_decide_step, &d, false);
}

static const char three_rows[] =
        "chip,key\nbb0000000000000000000001," KEY "\nbb0000000000000000000002," KEY
        "\nbb0000000000000000000003," KEY "\n";

static void many_rows_need_a_second_person(void **state)
{
	struct actor anna = person("anna", ROLE_GROUP_ADMIN), ben = person("ben", ROLE_GROUP_ADMIN);
	struct actor silent = anna;
	struct sheet_job_row job;
	struct sheet_work work = {.store_dir = lab.dir};
	struct sheet_create create;

	(void)state;
	silent.reason[0] = '\0';
	assert_int_equal(try_upload(&anna, "terminals", three_rows, &create), 0);
	job = check();
	assert_int_equal(order(&silent, &job), ERR_BAD_INPUT);
	assert_int_equal(sheet_job_get(lab.db, 1, job.job_id, &job), 0);
	assert_int_equal(order(&anna, &job), 0);
	assert_int_equal(job.state, SHEET_CHECKED);
	assert_int_not_equal(job.approval_id, 0);
	assert_int_equal(lab_step(&lab, sheet_apply_step, &work, true), 0);
	assert_false(work.found);
	assert_int_equal(order(&anna, &job), ERR_REFUSED); /* it waits */
	assert_int_equal(decide(&anna, job.approval_id, APPROVAL_AGREE), ERR_FORBIDDEN);
	assert_int_equal(decide(&ben, job.approval_id, APPROVAL_AGREE), 0);
	assert_int_equal(apply(&job), 0);
	assert_string_equal(job.by_name, "anna");
	assert_string_equal(job.agreed_name, "ben");
	assert_int_equal(terminals(), 3);
}

static void a_rejected_one_may_be_asked_again(void **state)
{
	struct actor anna = person("anna", ROLE_GROUP_ADMIN), ben = person("ben", ROLE_GROUP_ADMIN);
	struct sheet_create create;
	struct sheet_job_row job;
	int64_t first;

	(void)state;
	assert_int_equal(try_upload(&anna, "terminals", three_rows, &create), 0);
	job = check();
	assert_int_equal(order(&anna, &job), 0);
	first = job.approval_id;
	assert_int_equal(decide(&ben, first, APPROVAL_REJECT), 0);
	assert_int_equal(order(&anna, &job), 0);
	assert_int_not_equal(job.approval_id, first);
}

static void rights_are_asked_again_at_the_apply(void **state)
{
	struct actor anna = person("anna", ROLE_GROUP_ADMIN),
	             cashier = person("cash", ROLE_CASHIER);
	struct sheet_create create;
	struct sheet_job_row job;

	(void)state;
	assert_int_equal(try_upload(&cashier, "terminals", three_rows, &create), ERR_FORBIDDEN);
	assert_int_equal(try_upload(&anna, "no such kind", three_rows, &create), ERR_BAD_INPUT);
	assert_int_equal(
	        try_upload(&anna, "terminals", "chip,key\nbb0000000000000000000001," KEY, &create),
	        0);
	job = check();
	assert_int_equal(order(&anna, &job), 0);
	assert_int_equal(db_exec(lab.db, "DELETE FROM user_grant WHERE user_id IN"
	                                 " (SELECT user_id FROM users WHERE name='anna')"),
	                 0);
	assert_int_equal(apply(&job), ERR_NOT_FOUND);
	assert_int_equal(job.state, SHEET_FAILED);
	assert_int_equal(terminals(), 0);
}

static void open_imports_are_counted(void **state)
{
	struct sheet_create create;

	(void)state;
	for (int i = 0; i < SHEET_OPEN_MAX; i++)
		assert_int_equal(try_upload(&cli, "terminals", "chip\n", &create), 0);
	assert_int_equal(try_upload(&cli, "terminals", "chip\n", &create), ERR_FULL);
}

static void control_totals_must_match(void **state)
{
	struct sheet_create create = {
	        .actor = cli,
	        .row = {.property_id = 1,
	                .kind = "terminals",
	                .total = {.wanted = true, .want = 2}}
        };
	struct sheet_job_row job;
	int fd;

	(void)state;
	assert_int_equal(sheet_file_name(lab.dir, create.row.file), 0);
	assert_int_equal(sheet_file_create(lab.dir, create.row.file, SHEET_FILE_UPLOAD, &fd), 0);
	assert_int_equal(sheet_file_append(fd, three_rows, strlen(three_rows)), 0);
	sheet_file_close(fd);
	create.row.bytes = (int64_t)strlen(three_rows);
	assert_int_equal(lab_step(&lab, sheet_create_step, &create, false), 0);
	job = check();
	assert_string_equal(mistakes(&job), "0:0:control-total:rows: 3 ≠ 2");
	assert_int_equal(order(&cli, &job), ERR_REFUSED);
}

/* The rehearsal has the objects and none of the history. */
static void a_scratch_copy_holds_the_objects(void **state)
{
	char path[128], main_path[STORE_PATH_SIZE];
	struct db *db;
	struct stmt *st;
	int64_t first = 0;

	(void)state;
	snprintf(path, sizeof path, "%s/scratch", lab.dir);
	store_main(main_path, lab.dir, lab.url);
	assert_int_equal(scratch_make(&db, path, main_path), 0);
	st = db_query(db, "SELECT (SELECT count(*) FROM meter), (SELECT count(*) FROM role),"
	                  " (SELECT count(*) FROM audit)");
	assert_true(stmt_row(st));
	assert_int_equal(col_i64(st), LAB_METERS + 1);
	(void)col_i64(st);
	assert_int_equal(col_i64(st), 0);
	assert_int_equal(stmt_end(st), 0);
	assert_int_equal(scratch_touch(db, "a", 2, &first), 0);
	assert_int_equal(scratch_touch(db, "a", 3, &first), ERR_DUP);
	assert_int_equal(first, 2);
	db_close(db);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	static const struct CMUnitTest tests[] = {
	        TEST(twice_is_once),
	        TEST(mistakes_are_exact),
	        TEST(files_are_ours),
	        TEST(files_of_nobody_are_swept),
	        TEST(a_row_that_is_not_good_any_more_stops_all),
	        TEST(a_changed_file_is_not_applied),
	        TEST(a_kill_between_the_steps_loses_nothing),
	        TEST(cancelled_is_cancelled),
	        TEST(pieces_make_a_file),
	        TEST(one_that_stopped_coming_ends),
	        TEST(many_rows_need_a_second_person),
	        TEST(a_rejected_one_may_be_asked_again),
	        TEST(rights_are_asked_again_at_the_apply),
	        TEST(open_imports_are_counted),
	        TEST(control_totals_must_match),
	        TEST(a_scratch_copy_holds_the_objects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
