/* `wattle gaps`: readings that the reading plan promises and the store does not have. */
#include "cli/cli.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "libs/base/time.h"
#include "platform/core/clock.h"
#include "platform/core/gaps.h"
#include "platform/store/info.h"
#include "platform/store/place.h"
#include "platform/store/store.h"

#define SETTLE_S (5 * 60) /* the newest readings may be on their way */
#define PAGE     1000

struct look {
	struct db *db;
	struct day_reader *days;
	const struct settings *settings;
	const char *slug; /* NULL: all properties */
	int64_t from_s, to_s;
	struct gaps *gaps; /* of the property at hand */
	int64_t after;     /* meter, for paging */
	enum err err;
	uint64_t spans, readings, damaged;
};

static void add_meter(void *arg, const struct meter_row *row)
{
	struct look *look = arg;
	int64_t period_s = row->period_s ? row->period_s : look->settings->reading_period_s;

	look->after = row->meter;
	if (!look->err)
		look->err = gaps_add_meter(look->gaps, row->meter, period_s, row->created_s);
}

static enum err add_meters(struct look *look, int64_t property_id)
{
	int64_t before;
	enum err err;

	look->after = 0;
	do {
		before = look->after;
		err = meter_list(look->db, property_id, before, PAGE, add_meter, look);
		if (!err)
			err = look->err;
	} while (!err && look->after != before);
	return err;
}

static void read_gateway(void *arg, const struct gateway_row *row)
{
	struct look *look = arg;

	if (!look->err && row->property_id == look->gaps->property_id)
		look->err = gaps_read(look->gaps, look->days, row->gateway_id);
}

static void print_gap(void *arg, int64_t meter, int64_t from_s, int64_t to_s, int64_t missing)
{
	char from[RFC3339_SIZE], to[RFC3339_SIZE];
	struct look *look = arg;

	if (rfc3339_format(from_s, from) || rfc3339_format(to_s, to))
		return;
	printf("%012" PRId64 "  %s  %s  %" PRId64 " readings\n", meter, from, to, missing);
	look->spans++;
	look->readings += (uint64_t)missing;
}

static void look_at_property(void *arg, const struct property_row *row)
{
	struct look *look = arg;
	struct gaps gaps;
	enum err err;

	if (look->err || (look->slug && strcmp(look->slug, row->slug) != 0))
		return;
	look->gaps = &gaps;
	err = gaps_open(&gaps, row->property_id, look->from_s, look->to_s);
	if (!err)
		err = add_meters(look, row->property_id);
	if (!err)
		err = gateway_list(look->db, read_gateway, look);
	look->err = err ? err : look->err;
	if (!look->err)
		gaps_each(&gaps, print_gap, look);
	look->damaged += gaps.damaged;
	gaps_close(&gaps);
}

/* From the restore on, when there was one in the last month; else the last day. */
static int64_t default_from(struct db *db, int64_t now_s)
{
	int64_t copy_ms, revived_ms;

	if (!info_number(db, INFO_COPY_MS, &copy_ms) &&
	    !info_number(db, INFO_REVIVED_MS, &revived_ms) && copy_ms &&
	    revived_ms / 1000 > now_s - 30 * SECONDS_PER_DAY)
		return copy_ms / 1000;
	return now_s - SECONDS_PER_DAY;
}

static bool time_option(const char *text, int64_t *at_s)
{
	int64_t at_ms;

	if (!text)
		return true;
	if (rfc3339_parse(text, &at_ms)) {
		fail("%s: a time like 2026-07-04T02:15:00Z is wanted", text);
		return false;
	}
	*at_s = at_ms / 1000;
	return true;
}

static int run(struct look *look, const char *from, const char *to)
{
	int64_t now_s = clock_wall_ms() / 1000;
	uint8_t hash_key[16];

	look->from_s = default_from(look->db, now_s);
	look->to_s = now_s - SETTLE_S;
	if (!time_option(from, &look->from_s) || !time_option(to, &look->to_s))
		return EXIT_USAGE;
	if (look->from_s >= look->to_s)
		return fail(
		        "the span is empty: readings of the last %d minutes may be on their way",
		        SETTLE_S / 60);
	look->err = info_hash_key(look->db, hash_key);
	if (!look->err)
		look->err = day_reader_open(&look->days, look->settings->store_dir, hash_key);
	if (!look->err)
		look->err = property_list(look->db, look_at_property, look);
	day_reader_close(look->days);
	if (look->err)
		return fail("the readings: %s", err_text(look->err));
	if (look->damaged)
		printf("note  %" PRIu64 " damaged batches were left out\n", look->damaged);
	if (look->spans)
		printf("%" PRIu64 " gaps, %" PRIu64 " readings missing 缺数\n", look->spans,
		       look->readings);
	else
		puts("no gap 无缺数");
	return EXIT_GOOD;
}

int cmd_gaps(const struct cli *cli, int argc, char **argv)
{
	struct settings settings;
	struct look look = {.settings = &settings};
	const char *from = option(&argc, argv, "--from"), *to = option(&argc, argv, "--to");
	int code;

	look.slug = option(&argc, argv, "--property");
	if (!options_done(argc, argv) || argc != 1)
		return usage("gaps [--property ID] [--from TIME] [--to TIME]");
	look.db = open_store(cli, &settings);
	if (!look.db)
		return EXIT_FAILED;
	code = run(&look, from, to);
	db_close(look.db);
	return code;
}
