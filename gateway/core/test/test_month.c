/* How much a gateway holds: thirty days of one-minute readings of a hundred meters, in bytes of real
 * files. */
#include "gateway/core/test/month.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define MB_200 (200 * 1000 * 1000)

static char folder[] = "/tmp/wattle-month-XXXXXX";

/* What the files take, in whole blocks of the file system; `remove` leaves none. */
static int64_t files(bool remove)
{
	char path[sizeof folder + 260];
	struct dirent *entry;
	struct stat info;
	int64_t sum = 0;
	DIR *dir = opendir(folder);

	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
		assert_int_equal(stat(path, &info), 0);
		sum += info.st_blocks * 512 > info.st_size ? info.st_blocks * 512 : info.st_size;
		if (remove)
			assert_int_equal(unlink(path), 0);
	}
	closedir(dir);
	return sum;
}

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	files(true);
	return rmdir(folder);
}

static void test_thirty_days_of_a_hundred_meters(void **state)
{
	const struct month month = {.boot = 7,
	                            .first_meter = 330100000001,
	                            .meters = MONTH_METERS,
	                            .minutes = MONTH_MINUTES,
	                            .start_s = 1795500000};
	struct spool_stats stats;
	struct spool *spool;
	struct disk disk;
	int64_t bytes;

	(void)state;
	assert_int_equal(disk_posix_open(&disk, folder), ERR_NONE);
	assert_int_equal(month_spool(&spool, &disk), ERR_NONE);
	assert_int_equal(month_write(spool, &month), ERR_NONE);
	spool_close(spool);
	bytes = files(false);
	assert_in_range(bytes, MONTH_MINUTES * MONTH_METERS, MB_200);
	/* All of it is there for the next start. */
	assert_int_equal(month_spool(&spool, &disk), ERR_NONE);
	spool_stats(spool, &stats);
	assert_int_equal(stats.queued, MONTH_MINUTES);
	assert_int_equal(stats.damaged, 0);
	assert_int_equal(stats.oldest_s, month.start_s);
	spool_close(spool);
	disk_posix_close(&disk);
	print_message("%.1f MB, %.1f bytes a reading\n", (double)bytes / 1e6,
	              (double)bytes / (MONTH_MINUTES * MONTH_METERS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_thirty_days_of_a_hundred_meters, make_folder,
	                                        remove_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
