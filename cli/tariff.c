/* `wattle tariff …`: prices and since when they hold. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/sheet.h"
#include "cli/tariff_try.h"
#include "libs/base/time.h"
#include "platform/core/clock.h"
#include "platform/core/tariff_edit.h"
#include "platform/store/meter.h"
#include "platform/store/store.h"

static const char usage_text[] =
        "tariff list [--property ID]\n"
        "       wattle tariff show CODE [--property ID]\n"
        "       wattle tariff add CODE --name TEXT --service electricity|water [--base CODE --delta UY]\n"
        "              [--property ID]\n"
        "       wattle tariff publish CODE PLAN.json --from TIME --reason TEXT [--property ID]\n"
        "       wattle tariff assign CODE --from TIME --reason TEXT [--meter NUMBER] [--property ID]\n"
        "       wattle tariff try PLAN.json READINGS.csv [--utc-offset MINUTES]";

struct here {
	struct db *db;
	struct property_row property;
	const char *name, *service, *base, *delta, *from, *reason, *meter;
};

struct by_code {
	const char *code;
	struct tariff_row row;
	bool found;
};

static bool match_code(void *arg, const struct tariff_row *row)
{
	struct by_code *by = arg;

	/* A property's own comes before its group's of the same code. */
	if (strcmp(row->code, by->code) == 0 && (!by->found || row->property_id)) {
		by->row = *row;
		by->found = true;
	}
	return true;
}

static bool tariff_of_code(const struct here *here, const char *code, struct tariff_row *row)
{
	struct by_code by = {.code = code};
	enum err err = tariff_list(here->db, here->property.group_id, here->property.property_id,
	                           match_code, &by);

	if (err || !by.found)
		return !fail("tariff %s: %s", code, err ? err_text(err) : "there is none");
	*row = by.row;
	return true;
}

static bool time_option(const char *text, int64_t *at_s)
{
	int64_t at_ms;

	if (!text || rfc3339_parse(text, &at_ms))
		return !fail("--from: a time as 2027-01-01T00:00:00+08:00");
	*at_s = at_ms / 1000;
	return true;
}

static int told(const char *code, enum err err, const struct fault *fault)
{
	if (!err)
		return EXIT_GOOD;
	return fail("tariff %s: %s%s%s", code, fault->field ? fault->field : "",
	            fault->field ? " " : "", fault->why[0] ? fault->why : err_text(err));
}

/* ---- look ---- */

static bool print_tariff(void *arg, const struct tariff_row *row)
{
	(void)arg;
	printf("%-32s  %-11s  %-8s  %s%s%s\n", row->code, service_word(row->service),
	       row->property_id ? "property" : "group", row->name,
	       row->base_tariff_id ? "  (derived)" : "", row->archived_s ? "  (archived)" : "");
	return true;
}

static bool print_version(void *arg, const struct tariff_version_row *row)
{
	char from[RFC3339_SIZE] = "";

	(void)arg;
	(void)!rfc3339_format(row->valid_from_s, from);
	printf("%" PRId64 "  %s  from %s  by %s\n%s\n", row->version_id,
	       tariff_state_word(row->state), from, row->by_name, row->body);
	return true;
}

static int list(const struct here *here)
{
	enum err err = tariff_list(here->db, here->property.group_id, here->property.property_id,
	                           print_tariff, NULL);

	return err ? fail("tariffs: %s", err_text(err)) : EXIT_GOOD;
}

static int show(const struct here *here, const char *code)
{
	struct tariff_row row;
	enum err err;

	if (!tariff_of_code(here, code, &row))
		return EXIT_FAILED;
	print_tariff(NULL, &row);
	err = tariff_versions(here->db, row.tariff_id, 0, print_version, NULL);
	return err ? fail("tariff %s: %s", code, err_text(err)) : EXIT_GOOD;
}

/* ---- act ---- */

static int add(const struct here *here, const char *code)
{
	struct tariff_edit edit = {.group_id = here->property.group_id,
	                           .property_id = here->property.property_id,
	                           .code = code,
	                           .name = here->name,
	                           .service = here->service,
	                           .has_delta = here->delta != NULL};
	struct tariff_row base;
	enum err err;

	if (here->delta &&
	    !number_option(here->delta, -PLAN_PRICE_MAX, PLAN_PRICE_MAX, &edit.delta_uy))
		return fail("--delta: micro-yuan, at most %d", PLAN_PRICE_MAX);
	if (here->base && !tariff_of_code(here, here->base, &base))
		return EXIT_FAILED;
	edit.base_tariff_id = here->base ? base.tariff_id : 0;
	actor_here(&edit.actor, "");
	err = step_run(here->db, NULL, tariff_create_step, &edit, clock_wall_ms(), NULL);
	return told(code, err, &edit.fault);
}

/* A draft and its publication in one. */
static enum err publish_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct version_edit publication = *(struct version_edit *)arg;
	struct version_edit *draft = arg;
	enum err err = tariff_draft_step(tx, draft, now_ms, out);

	publication.version_id = draft->row_id;
	publication.version = draft->row_version;
	if (!err)
		err = tariff_publish_step(tx, &publication, now_ms, out);
	if (publication.fault.why[0])
		draft->fault = publication.fault;
	return err;
}

static int publish(const struct here *here, const char *code, const char *path)
{
	struct version_edit edit = {.group_id = here->property.group_id,
	                            .property_id = here->property.property_id,
	                            .has_valid_from = true};
	char *text = malloc(TARIFF_BODY_MAX + 1);
	FILE *file = fopen(path, "rb");
	struct tariff_row row;
	int result = EXIT_FAILED;

	if (!text || !file) {
		fail("%s: cannot be read", path);
	} else if (time_option(here->from, &edit.valid_from_s) &&
	           tariff_of_code(here, code, &row)) {
		edit.plan = text;
		edit.plan_len = fread(text, 1, TARIFF_BODY_MAX + 1, file);
		edit.tariff_id = row.tariff_id;
		actor_here(&edit.actor, here->reason ? here->reason : "");
		result = told(code,
		              step_run(here->db, NULL, publish_step, &edit, clock_wall_ms(), NULL),
		              &edit.fault);
	}
	if (file)
		fclose(file);
	free(text);
	return result;
}

static int assign(const struct here *here, const char *code)
{
	struct tariff_assign r = {.group_id = here->property.group_id,
	                          .property_id = here->property.property_id};
	struct tariff_row row;
	int64_t meter;

	if (!time_option(here->from, &r.from_s) || !tariff_of_code(here, code, &row))
		return EXIT_FAILED;
	if (here->meter) {
		if (!number_option(here->meter, METER_NUMBER_MIN, METER_NUMBER_MAX, &meter))
			return fail("--meter: 12 digits");
		r.meters = &meter;
		r.meter_count = 1;
	}
	r.tariff_id = row.tariff_id;
	actor_here(&r.actor, here->reason ? here->reason : "");
	return told(code, step_run(here->db, NULL, tariff_assign_step, &r, clock_wall_ms(), NULL),
	            &r.fault);
}

static int act(const struct here *here, int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";

	if (strcmp(verb, "list") == 0 && argc == 2)
		return list(here);
	if (strcmp(verb, "show") == 0 && argc == 3)
		return show(here, argv[2]);
	if (strcmp(verb, "add") == 0 && argc == 3)
		return add(here, argv[2]);
	if (strcmp(verb, "publish") == 0 && argc == 4)
		return publish(here, argv[2], argv[3]);
	if (strcmp(verb, "assign") == 0 && argc == 3)
		return assign(here, argv[2]);
	return usage(usage_text);
}

int cmd_tariff(const struct cli *cli, int argc, char **argv)
{
	const char *slug = option(&argc, argv, "--property");
	const char *offset = option(&argc, argv, "--utc-offset");
	struct here here = {.name = option(&argc, argv, "--name"),
	                    .service = option(&argc, argv, "--service"),
	                    .base = option(&argc, argv, "--base"),
	                    .delta = option(&argc, argv, "--delta"),
	                    .from = option(&argc, argv, "--from"),
	                    .reason = option(&argc, argv, "--reason"),
	                    .meter = option(&argc, argv, "--meter")};
	struct settings settings;
	int64_t offset_min = 480;
	int code = EXIT_FAILED;

	if (!options_done(argc, argv))
		return usage(usage_text);
	if (argc > 1 && strcmp(argv[1], "try") == 0) {
		if (argc != 4)
			return usage(usage_text);
		if (offset && (!number_option(offset, -720, 840, &offset_min) || offset_min % 15))
			return usage(usage_text);
		return tariff_try(argv[2], argv[3], offset_min);
	}
	here.db = open_store(cli, &settings);
	if (here.db && property_chosen(here.db, slug, &here.property))
		code = act(&here, argc, argv);
	db_close(here.db);
	return code;
}
