#include "sim/models/load_data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MINUTE_MS = 60000, DAY_MINUTES = 1440, DAYS_APART = 5, LINE_MAX_BYTES = 80 };

/* "241.97" as thousandths; digits after the third are not in the data. */
static bool parse_milli(const char **at, uint32_t *out)
{
	uint32_t value = 0;
	unsigned decimals = 0;
	bool point = false, digits = false;

	for (; (**at >= '0' && **at <= '9') || (**at == '.' && !point); (*at)++) {
		if (**at == '.') {
			point = true;
			continue;
		}
		if (value > 100000000 || decimals == 3)
			return false;
		value = value * 10 + (uint32_t)(**at - '0');
		decimals += point;
		digits = true;
	}
	for (; decimals < 3; decimals++)
		value *= 10;
	*out = value;
	return digits;
}

static bool parse_whole(const char **at, uint32_t *out)
{
	char *end;
	unsigned long value;

	if (**at < '0' || **at > '9')
		return false;
	value = strtoul(*at, &end, 10);
	*at = end;
	*out = (uint32_t)value;
	return value <= UINT32_MAX;
}

static bool skip(const char **at, char c)
{
	if (**at != c)
		return false;
	(*at)++;
	return true;
}

/* "7,241.97,2580,136" or, where the measurement has a gap, "7,,,". */
static bool parse_row(const char *line, size_t minute, struct load_row *row)
{
	const char *at = line;
	uint32_t number;

	memset(row, 0, sizeof *row);
	if (!parse_whole(&at, &number) || number != minute || !skip(&at, ','))
		return false;
	if (strcmp(at, ",,\n") == 0)
		return true;
	row->present = parse_milli(&at, &row->voltage_mv) && skip(&at, ',') &&
	               parse_whole(&at, &row->power_w) && skip(&at, ',') &&
	               parse_whole(&at, &row->reactive_var) && *at == '\n';
	return row->present && row->voltage_mv > 0;
}

static enum err read_rows(struct load_data *d, FILE *file)
{
	char line[LINE_MAX_BYTES];
	size_t room = 0;

	if (!fgets(line, sizeof line, file)) /* the heading */
		return ERR_SHORT;
	while (fgets(line, sizeof line, file)) {
		if (d->count == room) {
			struct load_row *bigger;

			room = room ? room * 2 : 8192;
			bigger = realloc(d->row, room * sizeof *d->row);
			if (!bigger)
				return ERR_NOMEM;
			d->row = bigger;
		}
		if (!parse_row(line, d->count, &d->row[d->count]))
			return ERR_BAD_INPUT;
		d->count++;
	}
	return d->count > 0 ? ERR_NONE : ERR_SHORT;
}

enum err load_data_read(struct load_data *d, const char *path)
{
	FILE *file = fopen(path, "r");
	enum err err;

	memset(d, 0, sizeof *d);
	if (!file)
		return ERR_NOT_FOUND;
	err = read_rows(d, file);
	fclose(file);
	if (err != ERR_NONE)
		load_data_free(d);
	return err;
}

void load_data_free(struct load_data *d)
{
	free(d->row);
	memset(d, 0, sizeof *d);
}

const struct load_row *load_data_at(const struct load_data *d, uint64_t position_ms)
{
	return &d->row[position_ms / MINUTE_MS % d->count];
}

uint64_t load_data_start_ms(const struct load_data *d, unsigned number)
{
	uint64_t days = d->count / DAY_MINUTES;
	uint64_t k = number - 1;

	if (days == 0)
		return 0;
	/* Days 0, 5, 10 …; after each round one day later, so that neighbours never share a day. */
	return (k * DAYS_APART + k * DAYS_APART / days) % days * DAY_MINUTES * MINUTE_MS;
}
