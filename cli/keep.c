/* Which backups are kept, and which exist. */
#include "cli/backup.h"

#include <dirent.h>
#include <stdlib.h>

#include "libs/base/time.h"

static int by_time(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

size_t backup_list(const char *dir, int64_t *times, size_t max)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	size_t n = 0;

	while (d && n < max && (entry = readdir(d)) != NULL) {
		int64_t at_s = backup_time(entry->d_name);

		if (at_s >= 0)
			times[n++] = at_s;
	}
	if (d)
		closedir(d);
	qsort(times, n, sizeof *times, by_time);
	return n;
}

static int64_t day_of(int64_t at_s)
{
	return days_from_unix(at_s);
}

static int64_t week_of(int64_t at_s)
{
	return (days_from_unix(at_s) + 3) /
	       7; /* 1970-01-01 was a Thursday; weeks begin on Monday */
}

static int64_t month_of(int64_t at_s)
{
	struct civil c;

	return civil_from_unix(at_s, &c) ? 0 : c.year * 12 + c.month;
}

/* From the newest down: the first of each span, until there are `most` spans. */
static void mark(const int64_t *times, size_t count, int64_t (*span_of)(int64_t at_s), int64_t most,
                 bool *keep)
{
	int64_t last = -1;

	for (size_t i = count; i-- > 0 && most > 0;) {
		int64_t span = span_of(times[i]);

		if (span == last)
			continue;
		last = span;
		keep[i] = true;
		most--;
	}
}

void backup_keep(const int64_t *times, size_t count, struct keep_rule rule, bool *keep)
{
	bool all = rule.daily <= 0 && rule.weekly <= 0 && rule.monthly <= 0;

	for (size_t i = 0; i < count; i++)
		keep[i] = all || i + 1 == count;
	mark(times, count, day_of, rule.daily, keep);
	mark(times, count, week_of, rule.weekly, keep);
	mark(times, count, month_of, rule.monthly, keep);
}
