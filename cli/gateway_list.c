/* `wattle gateway list`: each gateway with what it last said of itself. */
#include "cli/cli.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "deploy/broker/pki.h"
#include "platform/core/clock.h"
#include "platform/store/place.h"

#define AGE_SIZE 24

/* "7s", "12m", "3h", "9d": short, for columns. */
static void age_text(int64_t seconds, char text[AGE_SIZE])
{
	if (seconds < 0)
		snprintf(text, AGE_SIZE, "0s");
	else if (seconds < 120)
		snprintf(text, AGE_SIZE, "%llds", (long long)seconds);
	else if (seconds < 7200)
		snprintf(text, AGE_SIZE, "%lldm", (long long)(seconds / 60));
	else if (seconds < 2 * 86400)
		snprintf(text, AGE_SIZE, "%lldh", (long long)(seconds / 3600));
	else
		snprintf(text, AGE_SIZE, "%lldd", (long long)(seconds / 86400));
}

static void certificate_days(const struct cli *cli, const char *name, char text[AGE_SIZE])
{
	char path[PATH_MAX], file[SLUG_SIZE + 32];
	struct pki_certificate cert;

	snprintf(file, sizeof file, "pki/gateways/%s.crt", name);
	if (pki_read(data_path(cli, path, file), &cert))
		snprintf(text, AGE_SIZE, "-");
	else
		snprintf(text, AGE_SIZE, "%lldd",
		         (long long)((cert.not_after_s - clock_wall_ms() / 1000) / 86400));
}

static long long number(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

/* What waits in its spool, and for how long. */
static void queue_text(const json_t *spool, char *text, size_t size)
{
	long long queued = number(spool, "queued"), oldest_s = number(spool, "oldest_s");
	char age[AGE_SIZE];

	if (queued == 0 || oldest_s == 0) {
		snprintf(text, size, "%lld", queued);
		return;
	}
	age_text(clock_wall_ms() / 1000 - oldest_s, age);
	snprintf(text, size, "%lld/%s%s", queued, age,
	         json_is_true(json_object_get(spool, "full")) ? " FULL" : "");
}

static void bus_text(const json_t *bus, char *text, size_t size)
{
	if (!bus)
		snprintf(text, size, "-");
	else if (!json_is_true(json_object_get(bus, "up")))
		snprintf(text, size, "DOWN");
	else
		snprintf(text, size, "%lld%% %lldt", number(bus, "load_permille") / 10,
		         number(bus, "terminals"));
}

static void print_gateway(void *arg, const struct gateway_row *row)
{
	const char *state = row->revoked_s ? "revoked" : row->online ? "online" : "offline";
	char heard[AGE_SIZE] = "never", certificate[AGE_SIZE], queue[40], bus[40], clock[24];
	json_t *said = json_loads(row->state, 0, NULL);
	const json_t *version = json_object_get(said, "version");

	if (row->state_at_ms)
		age_text((clock_wall_ms() - row->state_at_ms) / 1000, heard);
	certificate_days(arg, row->name, certificate);
	queue_text(json_object_get(said, "spool"), queue, sizeof queue);
	bus_text(json_object_get(said, "bus"), bus, sizeof bus);
	snprintf(clock, sizeof clock, "%+lldms",
	         number(json_object_get(said, "clock"), "offset_ms"));
	printf("%-20s %-8s %6s %12s %10s %9s %6s %8s  %s\n", row->name, state, heard,
	       said ? queue : "-", bus, said ? clock : "-", certificate,
	       json_is_string(version) ? json_string_value(version) : "-", row->label);
	json_decref(said);
}

int gateway_health(const struct cli *cli, struct db *db)
{
	printf("%-20s %-8s %6s %12s %10s %9s %6s %8s  %s\n", "gateway 网关", "state", "heard",
	       "queue", "bus", "clock", "cert", "version", "label");
	return gateway_list(db, print_gateway, (void *)cli) ? EXIT_FAILED : EXIT_GOOD;
}
