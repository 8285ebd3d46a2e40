#include "sim/world/site.h"

#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/time.h"
#include "platform/core/clock.h"
#include "platform/core/metrics.h"

enum { EXIT_USAGE = 2 };

#define METERS_MAX     500000
#define DAYS_MAX       400
#define PROPERTIES_MAX 200
#define BEFORE_S       (30 * 86400) /* the site was set up so long before its first reading */

struct wish {
	const char *data, *load, *password;
	int64_t meters, days, properties, seed, period_s, until_s;
};

static int usage(void)
{
	fprintf(stderr,
	        "usage: wattle-sim site --data DIR --meters N [--days D] [--properties P] [--seed S]\n"
	        "         [--period SECONDS] [--until TIME] [--load FILE] [--password TEXT]\n"
	        "  fills the store of a fresh `wattle init`; wattled must not run\n"
	        "  为新建的数据目录生成模拟物业\n");
	return EXIT_USAGE;
}

static bool number_of(const char *name, const char *text, int64_t min, int64_t max, int64_t *number)
{
	char *end;
	long long value = strtoll(text, &end, 10);

	if (end == text || *end || value < min || value > max) {
		fprintf(stderr, "wattle-sim site: --%s: %" PRId64 " to %" PRId64 "\n", name, min,
		        max);
		return false;
	}
	*number = value;
	return true;
}

static bool time_of(const char *text, int64_t *at_s)
{
	int64_t at_ms;

	if (rfc3339_parse(text, &at_ms)) {
		fprintf(stderr, "wattle-sim site: --until: a time like 2026-11-24T00:00:00Z\n");
		return false;
	}
	*at_s = at_ms / 1000;
	return true;
}

static bool take_option(struct wish *wish, int letter, const char *text)
{
	switch (letter) {
	case 'd':
		wish->data = text;
		return true;
	case 'l':
		wish->load = text;
		return true;
	case 'w':
		wish->password = text;
		return true;
	case 'm':
		return number_of("meters", text, 1, METERS_MAX, &wish->meters);
	case 'D':
		return number_of("days", text, 1, DAYS_MAX, &wish->days);
	case 'p':
		return number_of("properties", text, 1, PROPERTIES_MAX, &wish->properties);
	case 's':
		return number_of("seed", text, 0, INT64_MAX, &wish->seed);
	case 'P':
		return number_of("period", text, 60, 86400, &wish->period_s) &&
		       (wish->period_s % 60 == 0 ||
		        fprintf(stderr, "wattle-sim site: --period: whole minutes\n") < 0);
	case 'u':
		return time_of(text, &wish->until_s);
	default:
		return false;
	}
}

static bool read_options(struct wish *wish, int argc, char **argv)
{
	static const struct option options[] = {
	        {"data",             required_argument, NULL, 'd'},
	        {"meters",              required_argument, NULL, 'm'},
	        {"days",                  required_argument, NULL, 'D'},
	        {"properties",required_argument, NULL, 'p'},
	        {"seed",               required_argument, NULL, 's'},
	        {"period",             required_argument, NULL, 'P'},
	        {"until",              required_argument, NULL, 'u'},
	        {"load",                  required_argument, NULL, 'l'},
	        {"password",              required_argument, NULL, 'w'},
	        {0              },
	};
	int letter;

	*wish = (struct wish){
	        .load = "data/household-45d.csv", .days = 1, .properties = 1, .seed = 1};
	while ((letter = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (!take_option(wish, letter, optarg))
			return false;
	return optind == argc && wish->data && wish->meters >= wish->properties;
}

/* ---- */

static enum err make_site(struct site *site)
{
	enum err err = site_make_places(site);

	if (!err)
		err = site_make_people(site);
	return err ? err : site_play(site);
}

static void report(const struct site *site, const struct wish *wish, const char *password)
{
	char from[RFC3339_SIZE] = "", until[RFC3339_SIZE] = "";

	(void)!rfc3339_format(site->from_s, from);
	(void)!rfc3339_format(site->until_s, until);
	printf("properties %zu\ngateways %zu\nmeters %zu\nrooms %" PRIu64 "\ncustomers %" PRIu64
	       "\nleases %" PRIu64 "\nusers %" PRIu64 "\nreadings %" PRIu64 "\nevents %" PRIu64
	       "\ncommands %" PRIu64 "\nfrom %s\nuntil %s\nperiod_s %" PRId64 "\nseed %" PRId64
	       "\n",
	       site->property_count, site->gateway_count, site->meter_count, site->rooms,
	       site->customers, site->leases, site->users, site->readings, site->events,
	       site->commands, from, until, site->period_s, wish->seed);
	printf("password %s\n", password);
}

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "wattle-sim site: %s%s%s\n", what, *why ? ": " : "", why);
	return EXIT_FAILURE;
}

static enum err begin(struct site *site, const struct wish *wish, char *password, char *why,
                      size_t why_size)
{
	int64_t period_s, until_s = wish->until_s ? wish->until_s : clock_wall_ms() / 1000;
	enum err err = load_data_read(&site->load, wish->load);

	if (err) {
		snprintf(why, why_size, "%s: %s", wish->load, err_text(err));
		return err;
	}
	err = site_store_open(&site->store, wish->data,
	                      (until_s - wish->days * 86400 - BEFORE_S) * 1000, why, why_size);
	if (err)
		return err;
	period_s = wish->period_s ? wish->period_s : site->store.settings.reading_period_s;
	if (period_s % 60) {
		snprintf(why, why_size,
		         "reading_period_s is %" PRId64 ": name a --period of whole minutes",
		         period_s);
		return ERR_RANGE;
	}
	site->period_s = period_s;
	site->until_s = until_s / period_s * period_s;
	site->from_s = site->until_s - wish->days * 86400 / period_s * period_s;
	site->meter_count = (size_t)wish->meters;
	site->property_count = (size_t)wish->properties;
	site->meters = calloc(site->meter_count, sizeof *site->meters);
	site->properties = calloc(site->property_count, sizeof *site->properties);
	rnd_seed(&site->rnd, (uint64_t)wish->seed);
	if (wish->password)
		snprintf(password, PASSWORD_SIZE, "%s", wish->password);
	else
		password_random(password);
	err = site->meters && site->properties ? password_hash(password, site->password_hash)
	                                       : ERR_NOMEM;
	snprintf(why, why_size, "%s", err ? err_text(err) : "");
	return err;
}

int site_main(int argc, char **argv)
{
	static struct site site;
	char why[512] = "", password[PASSWORD_SIZE];
	struct wish wish;
	enum err err, end;

	if (!read_options(&wish, argc, argv))
		return usage();
	err = begin(&site, &wish, password, why, sizeof why);
	if (!err) {
		err = make_site(&site);
		snprintf(why, sizeof why, "%s", err ? err_text(err) : "");
	}
	end = site_store_close(&site.store, !err);
	load_data_free(&site.load);
	free(site.meters);
	free(site.gateways);
	free(site.properties);
	if (err || end)
		return fail(wish.data, err ? why : err_text(end));
	if ((uint64_t)metric_get(METRIC_READINGS) != site.readings)
		return fail(wish.data, "not all readings were taken");
	report(&site, &wish, password);
	return EXIT_SUCCESS;
}
