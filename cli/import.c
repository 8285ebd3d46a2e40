/* `wattle import`: a sheet as the console would import it. Beside a running wattled that one does the
 * work; without it this program does. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/sheet.h"
#include "libs/base/utf8.h"
#include "platform/core/clock.h"
#include "platform/core/keys.h"
#include "platform/core/sheet_check.h"
#include "platform/core/sheet_import.h"
#include "platform/sheet/number.h"
#include "platform/store/store.h"

#define PIECE        65536
#define POLL_MS      200
#define MISTAKES_MAX 100 /* that are printed */

static const char usage_text[] =
        "import KIND FILE [--property ID] [--dry-run] [--encoding auto|utf-8|gb18030]\n"
        "         [--rows N] [--balance YUAN] [--register N] [--reason TEXT]";

struct import {
	struct settings settings;
	struct db *db;
	struct keys *keys;
	int lock_fd; /* -1: a wattled runs, and does the work */
	const struct sheet_kind *kind;
	struct property_row property;
	struct actor actor;
	bool dry_run;
	struct sheet_job_row job;
};

static enum err step(struct import *i, step_fn fn, void *arg)
{
	return step_run(i->db, i->keys, fn, arg, clock_wall_ms(), NULL);
}

/* ---- the file ---- */

static enum err copy_file(struct import *i, int fd, int64_t *size)
{
	char piece[PIECE];
	ssize_t n;
	enum err err = ERR_NONE;

	*size = 0;
	while (!err && (n = read(fd, piece, sizeof piece)) != 0) {
		if (n < 0)
			return ERR_IO;
		if (*size + n > i->settings.sheet_upload_mb * 1024 * 1024)
			return ERR_TOO_LONG;
		err = sheet_file_put(i->settings.store_dir, i->job.file, *size, piece, (size_t)n,
		                     size);
	}
	return err;
}

static int send_file(struct import *i, const char *path)
{
	struct sheet_create create = {.actor = i->actor, .row = i->job};
	struct sheet_sent sent = {.actor = i->actor, .property_id = i->property.property_id};
	const char *slash = strrchr(path, '/');
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	enum err err;

	if (fd < 0)
		return fail("%s: %s", path, strerror(errno));
	utf8_copy(create.row.client_name, sizeof create.row.client_name, slash ? slash + 1 : path);
	err = sheet_file_name(i->settings.store_dir, create.row.file);
	if (!err)
		err = step(i, sheet_create_step, &create);
	i->job = create.row;
	if (!err)
		err = copy_file(i, fd, &sent.bytes);
	close(fd);
	sent.job_id = i->job.job_id;
	if (!err)
		err = step(i, sheet_sent_step, &sent);
	return err ? fail("%s: %s", path, err_text(err)) : EXIT_GOOD;
}

/* ---- waiting for a running wattled, or doing it ---- */

static void pause_ms(long ms)
{
	const struct timespec wait = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	nanosleep(&wait, NULL);
}

static enum err look(struct import *i)
{
	return sheet_job_get(i->db, i->property.property_id, i->job.job_id, &i->job);
}

static bool go_on(void *arg, int64_t rows)
{
	(void)arg;
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r%" PRId64 " rows", rows);
	return true;
}

static enum err check_here(struct import *i)
{
	struct sheet_work work = {.store_dir = i->settings.store_dir};
	struct sheet_check check = {.store_dir = i->settings.store_dir,
	                            .store_url = i->settings.store_url,
	                            .keys = i->keys,
	                            .now_ms = clock_wall_ms(),
	                            .rows_max = i->settings.sheet_rows_max,
	                            .going = go_on};
	enum err err;

	/* Others that a stopped wattled left come first, and are its own business. */
	do {
		err = step(i, sheet_take_step, &work);
		if (err || !work.found)
			return err ? err : ERR_NOT_FOUND;
		check.job = work.row;
		err = sheet_check_run(&check);
		work.row = check.job;
		if (!err)
			err = step(i, sheet_checked_step, &work);
	} while (!err && work.row.job_id != i->job.job_id);
	if (isatty(STDERR_FILENO))
		fputc('\r', stderr);
	return err ? err : look(i);
}

static enum err apply_here(struct import *i)
{
	struct sheet_work work = {.store_dir = i->settings.store_dir};
	enum err err;

	do {
		err = step(i, sheet_apply_step, &work);
		if (sheet_error_is_final(err)) {
			if (!work.row.fault[0])
				snprintf(work.row.fault, sizeof work.row.fault, "%s",
				         err_word(err));
			err = step(i, sheet_failed_step, &work);
		}
	} while (!err && work.found && work.row.job_id != i->job.job_id);
	return err ? err : look(i);
}

static enum err wait_for(struct import *i, enum sheet_state from)
{
	enum err err = look(i);

	while (!err && i->job.state <= from) {
		pause_ms(POLL_MS);
		err = look(i);
	}
	return err;
}

static void files_done(const struct import *i)
{
	sheet_files_remove(i->settings.store_dir, i->job.file);
}

/* ---- telling ---- */

static void print_mistake(const struct sheet_mistake_row *row)
{
	char letters[16] = "";
	enum sheet_fault fault = (enum sheet_fault)row->fault;

	if (row->column > 0)
		sheet_column_letters(row->column, letters, sizeof letters);
	if (row->row)
		fprintf(stderr, "%s%" PRId64 ": ", letters, row->row);
	fprintf(stderr, "%s / %s%s%s\n", sheet_fault_text(fault, SHEET_ZH),
	        sheet_fault_text(fault, SHEET_EN), row->detail[0] ? ": " : "", row->detail);
}

static int tell_mistakes(const struct import *i)
{
	struct sheet_mistake_row row;
	int fd;

	if (sheet_file_open(i->settings.store_dir, i->job.file, SHEET_FILE_MISTAKES, &fd))
		return fail("the list of mistakes is gone");
	for (int64_t n = 0; n < MISTAKES_MAX && !sheet_mistake_read(fd, n, &row); n++)
		if (row.fault < SHEET_FAULT_COUNT)
			print_mistake(&row);
	sheet_file_close(fd);
	return fail("%" PRId64 " mistakes; nothing was imported 有 %" PRId64 " 处差错，未导入",
	            i->job.mistakes, i->job.mistakes);
}

static void tell_counts(const struct import *i, const char *zh, const char *en)
{
	printf("%s %s: %" PRId64 " rows, %" PRId64 " added 新增, %" PRId64 " changed 修改, %" PRId64
	       " same 不变\n",
	       zh, en, i->job.rows, i->job.added, i->job.changed, i->job.same);
}

static int cancel(struct import *i)
{
	struct sheet_act act = {
	        .actor = i->actor, .property_id = i->property.property_id, .job_id = i->job.job_id};
	enum err err = step(i, sheet_cancel_step, &act);

	files_done(i);
	return err ? fail("import %" PRId64 ": %s", i->job.job_id, err_text(err)) : EXIT_GOOD;
}

/* ---- the way of an import ---- */

static int apply(struct import *i)
{
	struct sheet_act act = {
	        .actor = i->actor, .property_id = i->property.property_id, .job_id = i->job.job_id};
	enum err err;

	memcpy(act.hash, i->job.hash, sizeof act.hash);
	err = step(i, sheet_apply_ask_step, &act);
	if (err) {
		(void)cancel(i);
		return fail("import %" PRId64 ": %s%s", i->job.job_id, err_text(err),
		            err == ERR_BAD_INPUT ? ": --reason is wanted, a second person is asked"
		                                 : "");
	}
	if (act.row.approval_id) {
		tell_counts(i, "已检查", "checked");
		printf("import %" PRId64 " waits for approval %" PRId64 " 等待第二人审批\n",
		       i->job.job_id, act.row.approval_id);
		return EXIT_GOOD;
	}
	err = i->lock_fd >= 0 ? apply_here(i) : wait_for(i, SHEET_APPLYING);
	if (err)
		return fail("import %" PRId64 ": %s", i->job.job_id, err_text(err));
	files_done(i);
	if (i->job.state != SHEET_APPLIED)
		return fail("import %" PRId64 ": %s %s, row %" PRId64 "; nothing was imported",
		            i->job.job_id, i->job.fault, i->job.fault_detail, i->job.fault_row);
	tell_counts(i, "已导入", "imported");
	return EXIT_GOOD;
}

static int run(struct import *i, const char *path)
{
	int code = send_file(i, path);
	enum err err;

	if (code != EXIT_GOOD)
		return code;
	err = i->lock_fd >= 0 ? check_here(i) : wait_for(i, SHEET_CHECKING);
	if (err)
		return fail("import %" PRId64 ": %s", i->job.job_id, err_text(err));
	if (i->job.state != SHEET_CHECKED)
		return fail("import %" PRId64 ": %s", i->job.job_id, i->job.fault);
	if (i->job.mistakes) {
		code = tell_mistakes(i);
		(void)cancel(i);
		return code;
	}
	if (i->dry_run) {
		tell_counts(i, "可以导入", "may be imported");
		return cancel(i);
	}
	return apply(i);
}

static bool total_option(const char *text, unsigned decimals, struct sheet_total *total)
{
	if (!text)
		return true;
	total->wanted = true;
	if (!sheet_number_parse(text, strlen(text), decimals, &total->want))
		return true;
	fail("%s: a number is wanted", text);
	return false;
}

static int with_store(const struct cli *cli, struct import *i, const char *property,
                      const char *path)
{
	int code = EXIT_FAILED;

	i->db = open_store(cli, &i->settings);
	i->keys = i->db ? open_keys(&i->settings) : NULL;
	i->lock_fd = -1;
	if (i->keys && property_chosen(i->db, property, &i->property)) {
		i->job.property_id = i->property.property_id;
		if (store_lock(i->settings.store_dir, &i->lock_fd))
			i->lock_fd = -1;
		code = run(i, path);
		store_unlock(i->lock_fd);
	}
	keys_free(i->keys);
	db_close(i->db);
	return code;
}

int cmd_import(const struct cli *cli, int argc, char **argv)
{
	struct import i = {.lock_fd = -1};
	const char *property = option(&argc, argv, "--property");
	const char *encoding_word = option(&argc, argv, "--encoding");
	const char *rows = option(&argc, argv, "--rows"),
	           *balance = option(&argc, argv, "--balance"),
	           *registers = option(&argc, argv, "--register"),
	           *reason = option(&argc, argv, "--reason");
	enum sheet_encoding encoding;

	i.dry_run = flag(&argc, argv, "--dry-run");
	if (!options_done(argc, argv) || argc != 3)
		return usage(usage_text);
	i.kind = kind_named(argv[1]);
	if (!i.kind || !encoding_chosen(encoding_word, &encoding) ||
	    !total_option(rows, 0, &i.job.total) || !total_option(balance, 2, &i.job.sum[0]) ||
	    !total_option(registers, 3, &i.job.sum[1]))
		return EXIT_USAGE;
	actor_here(&i.actor, reason ? reason : "");
	snprintf(i.job.kind, sizeof i.job.kind, "%s", i.kind->word);
	i.job.encoding = encoding;
	return with_store(cli, &i, property, argv[2]);
}
