#include "platform/core/sheet_check.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/utf8.h"
#include "platform/sheet/number.h"
#include "platform/store/scratch.h"
#include "platform/store/store.h"

#define ROWS_MAX      (SHEET_ROWS_MAX)
#define ROWS_A_LOOK   256   /* between two looks at whether to go on */
#define ROWS_A_COMMIT 20000 /* of the rehearsal: bounds its journal in memory */
#define SEALED_SIZE   1024
#define SECONDS_A_MIN 60

/* Our columns behind the row number, as they stand in the canonical sheet. */
struct canon {
	struct sheet_column columns[1 + SHEET_KIND_COLUMNS];
	size_t count;
};

static void canon_of(struct canon *canon, const struct sheet_kind *kind)
{
	canon->columns[0] = (struct sheet_column){.key = "row",
	                                          .zh = "row",
	                                          .en = "row",
	                                          .type = SHEET_NUMBER,
	                                          .flags = SHEET_REQUIRED,
	                                          .min = 1,
	                                          .max = SHEET_ROWS_MAX};
	for (size_t i = 0; i < kind->count; i++) {
		struct sheet_column *column = &canon->columns[1 + i];

		*column = kind->columns[i];
		if (!(column->flags & SHEET_SECRET))
			continue;
		/* Sealed by now, and longer than what somebody typed. */
		column->min = 0;
		column->max = SEALED_SIZE;
		column->size = 0;
	}
	canon->count = 1 + kind->count;
}

void sheet_job_actor(const struct sheet_job_row *job, struct actor *actor)
{
	char reason[512];

	snprintf(reason, sizeof reason, "import %lld%s%s", (long long)job->job_id,
	         job->reason[0] ? ": " : "", job->reason);
	actor_again(actor, job->by_name, job->by_origin, reason, job->user_id, job->key_id);
}

/* ---- effects of many rows ---- */

/* A million effects would only say the same again. */
static void effects_note(struct effects *row, bool seen[2])
{
	for (const struct effect *e = row->first; e; e = e->next) {
		seen[0] = seen[0] || e->kind == EFFECT_DIRECTORY;
		seen[1] = seen[1] || e->kind == EFFECT_ACCESS;
	}
	effects_clear(row);
	effects_init(row);
}

static enum err effects_of_rows(const bool seen[2], struct effects *out)
{
	enum err err = seen[0] ? effects_directory(out) : ERR_NONE;

	return !err && seen[1] ? effects_access(out, 0, 0) : err;
}

static void count_outcome(struct sheet_job_row *job, enum sheet_outcome outcome)
{
	switch (outcome) {
	case SHEET_ROW_SAME:
		job->same++;
		return;
	case SHEET_ROW_ADDED:
		job->added++;
		return;
	case SHEET_ROW_CHANGED:
		job->changed++;
		return;
	}
}

static enum err add_sums(const struct sheet_kind *kind, struct sheet_job_row *job,
                         const struct sheet_value *values)
{
	for (size_t i = 0; i < SHEET_SUMS; i++) {
		int64_t *found = &job->sum[i].found;

		if (kind->sum[i] >= 0 && values[kind->sum[i]].given &&
		    __builtin_add_overflow(*found, values[kind->sum[i]].number, found))
			return ERR_OVERFLOW;
	}
	return ERR_NONE;
}

static void clear_counts(struct sheet_job_row *job)
{
	job->rows = job->added = job->changed = job->same = job->mistakes = 0;
	job->hash[0] = '\0';
	for (size_t i = 0; i < SHEET_SUMS; i++)
		job->sum[i].found = 0;
}

/* ---- the check ---- */

struct checking {
	struct sheet_check *check;
	const struct sheet_kind *kind;
	struct property_row property;
	struct actor actor;
	int upload_fd, rows_fd, mistakes_fd;
	struct db *scratch;
	struct tx tx;
	struct effects effects;
	struct sheet *sheet;
	struct sheet_writer *writer; /* of the canonical sheet */
	struct sheet_header header;
	struct canon canon;
	struct sheet_value values[SHEET_KIND_COLUMNS];
	char sealed[SEALED_SIZE];
	enum err err; /* of the list of mistakes */
};

static void on_mistake(void *arg, const struct sheet_mistake *mistake)
{
	struct checking *c = arg;
	struct sheet_mistake_row row = {
	        .row = mistake->row, .column = mistake->column, .fault = (uint32_t)mistake->fault};

	memcpy(row.detail, mistake->detail, sizeof row.detail);
	if (c->check->job.mistakes++ < SHEET_MISTAKES_KEPT && !c->err)
		c->err = sheet_mistake_append(c->mistakes_fd, &row);
}

static void mistake_at(struct checking *c, enum sheet_fault fault, int64_t row, int column,
                       const char *detail)
{
	struct sheet_mistake mistake = {.fault = fault, .row = row, .column = column};

	utf8_copy(mistake.detail, sizeof mistake.detail, detail);
	on_mistake(c, &mistake);
}

static enum err append_row(void *arg, const void *bytes, size_t len)
{
	const struct checking *c = arg;

	return sheet_file_append(c->rows_fd, bytes, len);
}

static bool is_staged(const struct checking *c, size_t i)
{
	return c->header.place[i] && !(c->kind->columns[i].flags & SHEET_READ_ONLY);
}

static enum err begin_rows(struct checking *c)
{
	struct sheet_output output = {.format = SHEET_CSV,
	                              .write = append_row,
	                              .arg = c,
	                              .raw = true,
	                              .offset_s = c->header.offset_s};
	enum err err = sheet_writer_new(&c->writer, &output);

	if (err)
		return err;
	sheet_put_text(c->writer, "row", 3);
	for (size_t i = 0; i < c->kind->count; i++)
		if (is_staged(c, i))
			sheet_put_text(c->writer, c->kind->columns[i].key,
			               strlen(c->kind->columns[i].key));
	sheet_row_end(c->writer);
	return ERR_NONE;
}

static void put_row(struct checking *c, int64_t number)
{
	sheet_put_number(c->writer, number, 0);
	for (size_t i = 0; i < c->kind->count; i++)
		if (is_staged(c, i))
			sheet_put_value(c->writer, &c->kind->columns[i], &c->values[i], SHEET_KEYS);
	sheet_row_end(c->writer);
}

static enum err rehearse_begin(struct checking *c)
{
	char path[SHEET_PATH_SIZE], main_path[STORE_PATH_SIZE];
	enum err err;

	sheet_file_remove(c->check->store_dir, c->check->job.file, SHEET_FILE_SCRATCH);
	sheet_file_path(path, c->check->store_dir, c->check->job.file, SHEET_FILE_SCRATCH);
	store_main(main_path, c->check->store_dir, c->check->store_url);
	err = scratch_make(&c->scratch, path, main_path);
	if (!err)
		err = property_get(c->scratch, c->check->job.property_id, &c->property);
	if (!err)
		err = db_exec(c->scratch, "BEGIN");
	c->tx = (struct tx){.db = c->scratch, .keys = c->check->keys, .open = true};
	c->header.offset_s = (int32_t)(c->property.utc_offset_min * SECONDS_A_MIN);
	return err;
}

static enum err rehearse_commit(struct checking *c)
{
	enum err err = db_exec(c->scratch, "COMMIT");

	return err ? err : db_exec(c->scratch, "BEGIN");
}

/* The same object twice in a sheet: which of them is meant? */
static enum err first_of_its_key(struct checking *c, struct sheet_run *run)
{
	char key[SHEET_KEY_SIZE] = "";
	int64_t first = 0;
	enum err err;

	c->kind->key(c->values, key);
	if (!key[0])
		return ERR_NONE;
	err = scratch_touch(c->scratch, key, run->row, &first);
	if (err == ERR_DUP)
		return sheet_wrong(run, -1, SHEET_FAULT_TWICE, "%lld", (long long)first);
	return err;
}

/* One row that is well formed, in a savepoint. ERR_BAD_INPUT: run says what is wrong. */
static enum err rehearse_row(struct checking *c, struct sheet_run *run)
{
	bool ignored[2] = {false, false};
	enum err err = tx_open(&c->tx);

	if (err)
		return err;
	if (c->kind->seal)
		err = c->kind->seal(run, c->values, c->sealed, sizeof c->sealed);
	if (!err)
		err = first_of_its_key(c, run);
	if (!err)
		err = c->kind->row(run, c->values);
	effects_note(&c->effects, ignored);
	if (err_is_ground(err))
		return err;
	if (err) {
		enum err end = tx_undo(&c->tx);

		return end ? end : err;
	}
	return tx_keep(&c->tx);
}

static enum err take_row(struct checking *c, const struct sheet_row *row)
{
	struct sheet_job_row *job = &c->check->job;
	struct sheet_run run = {.tx = &c->tx,
	                        .actor = &c->actor,
	                        .property = &c->property,
	                        .job_id = job->job_id,
	                        .row = row->number,
	                        .now_ms = c->check->now_ms,
	                        .out = &c->effects};
	enum err err;

	job->rows++;
	if (!sheet_row_parse(&c->header, row, c->values, on_mistake, c))
		return ERR_NONE;
	err = add_sums(c->kind, job, c->values);
	if (!err)
		err = rehearse_row(c, &run);
	if (err == ERR_BAD_INPUT) {
		mistake_at(c, run.fault, run.row, run.column >= 0 ? c->header.place[run.column] : 0,
		           run.detail);
		return ERR_NONE;
	}
	if (err)
		return err;
	count_outcome(job, run.outcome);
	if (!job->mistakes)
		put_row(c, row->number);
	return sheet_writer_error(c->writer);
}

static enum err take_rows(struct checking *c)
{
	const struct sheet_check *check = c->check;
	const struct sheet_row *row;
	enum err err = ERR_NONE;

	while (!err && sheet_next(c->sheet, &row)) {
		if (check->job.rows == check->rows_max) {
			mistake_at(c, SHEET_FAULT_TOO_MANY_ROWS, row->number, 0, "");
			return ERR_NONE;
		}
		err = take_row(c, row);
		if (!err && check->job.rows % ROWS_A_LOOK == 0 &&
		    !check->going(check->arg, check->job.rows))
			err = ERR_CLOSED;
		if (!err && check->job.rows % ROWS_A_COMMIT == 0)
			err = rehearse_commit(c);
		if (!err)
			err = c->err;
	}
	return err;
}

/* ---- control totals ---- */

static void check_total(struct checking *c, const char *name, const struct sheet_total *total,
                        unsigned decimals)
{
	char want[SHEET_NUMBER_SIZE] = "?", found[SHEET_NUMBER_SIZE], detail[2 * SHEET_DETAIL_SIZE];

	if (total->wanted ? total->want == total->found : !c->kind->totals_needed)
		return;
	if (total->wanted)
		sheet_number_format(total->want, decimals, want);
	sheet_number_format(total->found, decimals, found);
	snprintf(detail, sizeof detail, "%s: %s ≠ %s", name, found, want);
	mistake_at(c, SHEET_FAULT_TOTAL, 0, 0, detail);
}

static void check_totals(struct checking *c)
{
	struct sheet_job_row *job = &c->check->job;

	job->total.found = job->rows;
	check_total(c, "rows", &job->total, 0);
	for (size_t i = 0; i < SHEET_SUMS; i++)
		if (c->kind->sum[i] >= 0)
			check_total(c, c->kind->columns[c->kind->sum[i]].key, &job->sum[i],
			            c->kind->columns[c->kind->sum[i]].decimals);
}

/* ---- start and end ---- */

static enum err open_upload(struct checking *c, bool *readable)
{
	struct sheet_check *check = c->check;
	char folder[SHEET_PATH_SIZE];
	struct sheet_input input = {.encoding = (enum sheet_encoding)check->job.encoding,
	                            .tmp_dir = folder};
	struct sheet_mistake mistake;
	enum err err;

	*readable = false;
	err = sheet_file_open(check->store_dir, check->job.file, SHEET_FILE_UPLOAD, &c->upload_fd);
	if (err == ERR_NOT_FOUND) {
		mistake_at(c, SHEET_FAULT_FILE_LOST, 0, 0, "");
		return ERR_NONE;
	}
	if (err)
		return err;
	sheet_file_folder(folder, check->store_dir);
	input.fd = c->upload_fd;
	err = sheet_open(&c->sheet, &input, &mistake);
	if (err == ERR_BAD_INPUT) {
		on_mistake(c, &mistake);
		return ERR_NONE;
	}
	*readable = !err;
	return err;
}

static enum err take_sheet(struct checking *c)
{
	const struct sheet_row *row;
	enum err err;

	if (!sheet_next(c->sheet, &row))
		return ERR_NONE;
	if (!sheet_header_match(&c->header, c->kind->columns, c->kind->count, row, on_mistake, c))
		return ERR_NONE;
	err = rehearse_begin(c);
	if (!err)
		err = begin_rows(c);
	return err ? err : take_rows(c);
}

/* Closes the upload; what its reader found in the end is a mistake too. */
static enum err end_sheet(struct checking *c)
{
	struct sheet_mistake mistake;
	enum err err = sheet_end(c->sheet, &mistake);

	c->sheet = NULL;
	if (err == ERR_BAD_INPUT) {
		on_mistake(c, &mistake);
		return ERR_NONE;
	}
	if (!err && !c->check->job.rows && !c->check->job.mistakes)
		mistake_at(c, SHEET_FAULT_EMPTY, 0, 0, "");
	return err;
}

static enum err end_rows(struct checking *c)
{
	enum err err = ERR_NONE;

	if (c->writer)
		err = sheet_writer_end(c->writer);
	c->writer = NULL;
	return err ? err : sheet_file_hash(c->rows_fd, c->check->job.hash);
}

static enum err run(struct checking *c)
{
	struct sheet_check *check = c->check;
	bool readable;
	enum err err;

	err = sheet_file_create(check->store_dir, check->job.file, SHEET_FILE_MISTAKES,
	                        &c->mistakes_fd);
	if (!err)
		err = sheet_file_create(check->store_dir, check->job.file, SHEET_FILE_ROWS,
		                        &c->rows_fd);
	if (!err)
		err = open_upload(c, &readable);
	if (err || !readable)
		return err ? err : c->err;
	err = take_sheet(c);
	if (!err)
		err = end_sheet(c);
	if (!err)
		check_totals(c);
	if (!err)
		err = end_rows(c);
	return err ? err : c->err;
}

static void clean_up(struct checking *c, enum err err)
{
	const struct sheet_check *check = c->check;
	struct sheet_mistake ignored;

	if (c->sheet)
		(void)!sheet_end(c->sheet, &ignored);
	if (c->writer)
		(void)!sheet_writer_end(c->writer);
	effects_clear(&c->effects);
	db_close(c->scratch);
	sheet_file_close(c->upload_fd);
	sheet_file_close(c->rows_fd);
	sheet_file_close(c->mistakes_fd);
	sheet_file_remove(check->store_dir, check->job.file, SHEET_FILE_SCRATCH);
	/* A check that was stopped begins again from the upload. */
	if (err)
		return;
	sheet_file_remove(check->store_dir, check->job.file, SHEET_FILE_UPLOAD);
	if (check->job.mistakes)
		sheet_file_remove(check->store_dir, check->job.file, SHEET_FILE_ROWS);
}

enum err sheet_check_run(struct sheet_check *check)
{
	struct checking *c = calloc(1, sizeof *c);
	enum err err;

	if (!c)
		return ERR_NOMEM;
	c->check = check;
	c->kind = sheet_kind_find(check->job.kind);
	c->upload_fd = c->rows_fd = c->mistakes_fd = -1;
	effects_init(&c->effects);
	clear_counts(&check->job);
	sheet_job_actor(&check->job, &c->actor);
	err = c->kind ? run(c) : ERR_NOT_FOUND;
	clean_up(c, err);
	sodium_memzero(c, sizeof *c);
	free(c);
	return err;
}

/* ---- the apply ---- */

struct applying {
	const struct sheet_kind *kind;
	struct property_row property;
	struct sheet_job_row *job;
	struct sheet_run run;
	struct effects effects;
	bool seen[2];
	struct canon canon;
	struct sheet_header header;
	struct sheet_value values[1 + SHEET_KIND_COLUMNS];
	bool malformed;
};

static void on_damage(void *arg, const struct sheet_mistake *mistake)
{
	struct applying *a = arg;

	(void)mistake;
	a->malformed = true;
}

static enum err row_failed(struct applying *a)
{
	const struct sheet_run *run = &a->run;
	char detail[2 * SHEET_DETAIL_SIZE];

	snprintf(detail, sizeof detail, "%s%s%s",
	         run->column >= 0 ? a->kind->columns[run->column].key : "",
	         run->column >= 0 && run->detail[0] ? ": " : "", run->detail);
	snprintf(a->job->fault, sizeof a->job->fault, "%s", sheet_fault_word(run->fault));
	a->job->fault_row = run->row;
	utf8_copy(a->job->fault_detail, sizeof a->job->fault_detail, detail);
	return ERR_CONFLICT;
}

static enum err apply_row(struct applying *a, const struct sheet_row *row)
{
	enum err err;

	if (!sheet_row_parse(&a->header, row, a->values, on_damage, a))
		return ERR_DAMAGED;
	a->run.row = a->values[0].number;
	a->job->rows++;
	err = add_sums(a->kind, a->job, a->values + 1);
	if (!err)
		err = a->kind->row(&a->run, a->values + 1);
	effects_note(&a->effects, a->seen);
	if (err)
		return err == ERR_BAD_INPUT ? row_failed(a) : err;
	count_outcome(a->job, a->run.outcome);
	return ERR_NONE;
}

static enum err apply_sheet(struct applying *a, int fd, const char *tmp_dir)
{
	const struct sheet_input input = {.fd = fd, .encoding = SHEET_UTF8, .tmp_dir = tmp_dir};
	struct sheet_mistake mistake;
	const struct sheet_row *row;
	struct sheet *sheet;
	enum err err = sheet_open(&sheet, &input, &mistake), end;

	if (err)
		return err == ERR_BAD_INPUT ? ERR_DAMAGED : err;
	canon_of(&a->canon, a->kind);
	if (!sheet_next(sheet, &row) ||
	    !sheet_header_match(&a->header, a->canon.columns, a->canon.count, row, on_damage, a))
		err = ERR_DAMAGED;
	while (!err && sheet_next(sheet, &row))
		err = apply_row(a, row);
	end = sheet_end(sheet, &mistake);
	return err ? err : end == ERR_BAD_INPUT ? ERR_DAMAGED : end;
}

/* Is it the sheet that was checked, and perhaps agreed to? */
static enum err open_checked(const char *store_dir, const struct sheet_job_row *job, int *fd)
{
	char hash[SHEET_HASH_TEXT];
	enum err err = sheet_file_open(store_dir, job->file, SHEET_FILE_ROWS, fd);

	if (err)
		return err == ERR_NOT_FOUND ? ERR_DAMAGED : err;
	err = sheet_file_hash(*fd, hash);
	return err ? err : strcmp(hash, job->hash) == 0 ? ERR_NONE : ERR_DAMAGED;
}

enum err sheet_apply_rows(struct tx *tx, const char *store_dir, const struct actor *actor,
                          struct sheet_job_row *job, int64_t now_ms, struct effects *out)
{
	struct applying *a = calloc(1, sizeof *a);
	const struct sheet_job_row checked = *job;
	char folder[SHEET_PATH_SIZE];
	enum err err;
	int fd = -1;

	if (!a)
		return ERR_NOMEM;
	effects_init(&a->effects);
	a->kind = sheet_kind_find(job->kind);
	a->job = job;
	a->run = (struct sheet_run){.tx = tx,
	                            .actor = actor,
	                            .property = &a->property,
	                            .job_id = job->job_id,
	                            .now_ms = now_ms,
	                            .out = &a->effects};
	sheet_file_folder(folder, store_dir);
	err = a->kind ? property_get(tx->db, job->property_id, &a->property) : ERR_NOT_FOUND;
	a->header.offset_s = (int32_t)(a->property.utc_offset_min * SECONDS_A_MIN);
	if (!err)
		err = open_checked(store_dir, job, &fd);
	clear_counts(job);
	snprintf(job->hash, sizeof job->hash, "%s", checked.hash);
	if (!err)
		err = apply_sheet(a, fd, folder);
	if (!err && job->rows != checked.rows)
		err = ERR_DAMAGED;
	if (!err && a->kind->finish)
		err = a->kind->finish(&a->run, job);
	if (!err)
		err = effects_of_rows(a->seen, out);
	sheet_file_close(fd);
	effects_clear(&a->effects);
	free(a);
	return err;
}
