/* `wattle takeover`: what came from an old system, and the report of it. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/sheet.h"
#include "libs/base/number.h"
#include "platform/core/clock.h"
#include "platform/core/takeover.h"
#include "platform/store/store.h"

#define REPORT_MAX 65536

static const char usage_text[] = "takeover list [--property ID]\n"
                                 "       wattle takeover report IMPORT [--property ID]\n"
                                 "       wattle takeover verify FILE\n"
                                 "       wattle takeover void IMPORT --reason TEXT [--property ID]";

struct place_here {
	struct db *db;
	struct property_row property;
};

static bool print_one(void *arg, const struct takeover_report *report)
{
	const struct place_here *here = arg;
	int64_t counts[TAKEOVER_STATE_COUNT];

	if (takeover_counts(here->db, report->property_id, report->job_id, counts))
		return false;
	printf("import %" PRId64 "  %" PRId64 " staged 待入账  %" PRId64 " posted 已入账  %" PRId64
	       " void 已作废\n",
	       report->job_id, counts[TAKEOVER_STAGED], counts[TAKEOVER_POSTED],
	       counts[TAKEOVER_VOID]);
	return true;
}

static int list(struct place_here *here)
{
	enum err err =
	        takeover_report_list(here->db, here->property.property_id, 0, print_one, here);

	return err ? fail("take-overs: %s", err_text(err)) : EXIT_GOOD;
}

static int print_report(const struct place_here *here, int64_t job_id)
{
	struct takeover_report report;
	enum err err = takeover_report_get(here->db, here->property.property_id, job_id, &report);
	char *text = NULL;

	if (!err)
		err = takeover_text(&report, &text);
	if (err)
		return fail("import %" PRId64 ": %s", job_id,
		            err == ERR_NOT_FOUND ? "is no take-over" : err_text(err));
	fputs(text, stdout);
	free(text);
	return EXIT_GOOD;
}

static int take_back(struct place_here *here, int64_t job_id, const char *reason)
{
	struct takeover_void request = {.property_id = here->property.property_id,
	                                .job_id = job_id};
	enum err err;

	actor_here(&request.actor, reason ? reason : "");
	err = step_run(here->db, NULL, takeover_void_step, &request, clock_wall_ms(), NULL);
	if (err == ERR_BAD_INPUT)
		return fail("--reason is wanted");
	if (err)
		return fail("import %" PRId64 ": %s", job_id,
		            err == ERR_REFUSED ? "nothing of it is staged" : err_text(err));
	printf("%" PRId64 " rows are void 行已作废\n", request.count);
	return EXIT_GOOD;
}

/* ---- verify ---- */

static bool read_text(const char *path, char text[REPORT_MAX])
{
	FILE *f = fopen(path, "re");
	size_t n = f ? fread(text, 1, REPORT_MAX - 1, f) : 0;

	if (!f || ferror(f) || n == REPORT_MAX - 1) {
		fail("%s: %s", path, f && !ferror(f) ? "too long" : strerror(errno));
		if (f)
			fclose(f);
		return false;
	}
	fclose(f);
	text[n] = '\0';
	return true;
}

static int tell(enum takeover_verdict verdict, const struct takeover_report *report)
{
	switch (verdict) {
	case TAKEOVER_GOOD:
		printf("good 核验通过: import %" PRId64
		       ", signature, rows and totals are as they were\n",
		       report->job_id);
		return EXIT_GOOD;
	case TAKEOVER_NO_REPORT:
		return fail("the file holds no report 文件中没有报告");
	case TAKEOVER_CHANGED:
		return fail(
		        "the report was changed, or its signature is wrong 报告被改动或签名无效");
	case TAKEOVER_FOREIGN:
		return fail("signed by another installation 由其他系统签名");
	case TAKEOVER_ROWS_DIFFER:
		return fail(
		        "the report is intact, but the rows in the store are not those it names "
		        "报告完好，但库中明细与之不符");
	}
	return EXIT_FAILED;
}

static int verify(struct db *db, const char *path)
{
	static char text[REPORT_MAX];
	enum takeover_verdict verdict;
	struct takeover_report report;
	enum err err;

	if (!read_text(path, text))
		return EXIT_FAILED;
	err = takeover_verify(db, text, &verdict, &report);
	return err ? fail("%s: %s", path, err_text(err)) : tell(verdict, &report);
}

static int run(struct place_here *here, int argc, char **argv, const char *reason)
{
	int64_t job_id;

	if (strcmp(argv[1], "list") == 0 && argc == 2)
		return list(here);
	if (argc != 3 || i64_parse(argv[2], 1, INT64_MAX, &job_id))
		return usage(usage_text);
	if (strcmp(argv[1], "report") == 0)
		return print_report(here, job_id);
	if (strcmp(argv[1], "void") == 0)
		return take_back(here, job_id, reason);
	return usage(usage_text);
}

int cmd_takeover(const struct cli *cli, int argc, char **argv)
{
	struct settings settings;
	struct place_here here;
	const char *property = option(&argc, argv, "--property");
	const char *reason = option(&argc, argv, "--reason");
	int code = EXIT_FAILED;

	if (!options_done(argc, argv) || argc < 2)
		return usage(usage_text);
	here.db = open_store(cli, &settings);
	if (here.db && strcmp(argv[1], "verify") == 0 && argc == 3)
		code = verify(here.db, argv[2]);
	else if (here.db && property_chosen(here.db, property, &here.property))
		code = run(&here, argc, argv, reason);
	db_close(here.db);
	return code;
}
