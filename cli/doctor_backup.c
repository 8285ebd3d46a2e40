/* Is there a copy of all this somewhere, and is it new enough? */
#include "cli/doctor.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "cli/backup.h"
#include "cli/http_get.h"
#include "libs/base/time.h"
#include "platform/core/clock.h"
#include "platform/store/info.h"
#include "platform/store/place.h"

#define FRESH_S         SECONDS_PER_DAY /* a new installation has so long for its first backup */
#define FREE_MIN_FACTOR 2               /* room for so many copies of the main file */

static void note_oldest(void *arg, const struct property_row *row)
{
	int64_t *oldest_s = arg;

	if (*oldest_s == 0 || row->created_s < *oldest_s)
		*oldest_s = row->created_s;
}

static void check_age(struct doctor *d, int64_t newest_s)
{
	static const char remedy[] =
	        "`wattle backup FOLDER` each night from a timer, onto another disk (设置每日备份)";
	int64_t now_s = clock_wall_ms() / 1000, since_s = 0;

	if (newest_s == 0) {
		if (!property_list(d->db, note_oldest, &since_s) && since_s &&
		    now_s - since_s > FRESH_S)
			found(d, "backup-none", remedy, "this installation was never backed up");
	} else if (now_s - newest_s > d->settings.backup_age_h * 3600) {
		found(d, "backup-old", remedy, "the newest backup is %lld hours old",
		      (long long)((now_s - newest_s) / 3600));
	}
}

/* The newest that is whole: one whose manifest is damaged is no backup. */
static int64_t newest_whole(struct doctor *d)
{
	static int64_t times[BACKUPS_MAX];
	const char *folder = d->settings.backup_dir;
	size_t n = backup_list(folder, times, BACKUPS_MAX);
	char name[BACKUP_NAME_SIZE], path[PATH_MAX], why[512];
	struct manifest m;

	while (n-- > 0) {
		backup_name(times[n], name);
		if (!manifest_load(&m, path_in(folder, name, path), why, sizeof why)) {
			manifest_free(&m);
			return times[n];
		}
		found(d, "backup-bad",
		      "`wattle backup verify` names what is wrong; replace that disk (检查备份磁盘)",
		      "%s", why);
	}
	return 0;
}

static void check_folder(struct doctor *d)
{
	const char *folder = d->settings.backup_dir;
	struct stat there, here;
	struct statvfs fs;
	char path[PATH_MAX];

	if (stat(folder, &there)) {
		found(d, "backup-folder", "mount the disk, or correct [backup] dir (检查备份目录)",
		      "%s is not there", folder);
		return;
	}
	if (stat(*d->settings.store_url ? d->settings.store_dir
	                                : path_in(d->settings.store_dir, "wattle.db", path),
	         &here))
		return; /* told elsewhere */
	if (here.st_dev == there.st_dev)
		found(d, "backup-same-disk",
		      "let [backup] dir be on another disk or host (备份应在另一块磁盘)",
		      "%s is on the disk of the store", folder);
	if (!statvfs(folder, &fs) && (unsigned long long)fs.f_bavail * fs.f_frsize <
	                                     FREE_MIN_FACTOR * (unsigned long long)here.st_size)
		found(d, "backup-disk",
		      "free space there, or keep fewer: [backup] keep_daily … (清理备份磁盘)",
		      "%s has no room for another backup", folder);
}

void check_backup(struct doctor *d)
{
	int64_t noted_ms = 0, newest_s;

	if (!d->db || info_number(d->db, INFO_BACKUP_MS, &noted_ms))
		return;
	newest_s = noted_ms / 1000;
	if (*d->settings.backup_dir) {
		check_folder(d);
		newest_s = newest_whole(d);
	}
	check_age(d, newest_s);
}

/* A wattled that does not run is told elsewhere. */
void check_replica(struct doctor *d)
{
	static char metrics[256 * 1024];
	static const char remedy[] =
	        "`wattle replica status`; look at the standby and its log (检查备用机)";
	const char *to = d->settings.replica_to;

	if (!*to)
		return;
	http_get(&d->settings, "/metrics", metrics, sizeof metrics);
	if (!strstr(metrics, "\nwattle_"))
		return;
	if (!strstr(metrics, "\nwattle_replica_configured 1"))
		found(d, "replica-off",
		      "restart wattled: it reads its settings at the start (重启平台)",
		      "[replica] to is set, but wattled was started before");
	else if (strstr(metrics, "\nwattle_replica_alarm 1"))
		found(d, "replica-late", remedy, "the standby %s is too far behind", to);
	else if (strstr(metrics, "\nwattle_replica_connected 0"))
		found(d, "replica-lost", remedy, "the standby %s cannot be reached", to);
}
