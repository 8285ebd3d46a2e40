/* `wattle doctor`: looks at an installation from outside, running or not, and says in one line what
 * is wrong and in the next what to do. It changes nothing. Exit code 1 if anything was found. */
#include "cli/doctor.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "deploy/broker/pki.h"
#include "platform/core/clock.h"
#include "platform/core/keys.h"
#include "platform/store/guard.h"
#include "platform/store/migrations.h"
#include "platform/store/store.h"

#define CERTIFICATE_WARN_DAYS 30
#define DISK_FREE_MIN_PERCENT 5
#define DISK_FREE_MIN_BYTES   (256ull * 1024 * 1024)

void found(struct doctor *d, const char *word, const char *remedy, const char *format, ...)
{
	va_list args;

	d->bad++;
	printf("bad   %s: ", word);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n      do: %s\n", remedy);
}

static void check_settings(struct doctor *d)
{
	char path[PATH_MAX], why[512];

	if (access(data_path(d->cli, path, "wattle.ini"), F_OK)) {
		found(d, "no-installation", "`wattle init`, or name the right folder with --data",
		      "%s: %s", path, strerror(errno));
		return;
	}
	if (settings_load(&d->settings, path, why, sizeof why))
		found(d, "settings",
		      "correct or remove that line (修改或删除该行); `wattled --settings` lists all settings",
		      "%s", why);
	else
		d->have_settings = true;
}

static void check_secret(struct doctor *d)
{
	struct keys *keys;
	char why[512];

	if (keys_load(&keys, d->settings.secret_file, why, sizeof why))
		found(d, "secret",
		      "restore it from the backup of the keys, mode 0600 (从密钥备份恢复)", "%s",
		      why);
	else
		keys_free(keys);
}

static void check_disk(struct doctor *d)
{
	struct statvfs fs;
	unsigned long long free_bytes, all_bytes;

	if (statvfs(d->settings.store_dir, &fs))
		return; /* check_store names the missing folder */
	free_bytes = (unsigned long long)fs.f_bavail * fs.f_frsize;
	all_bytes = (unsigned long long)fs.f_blocks * fs.f_frsize;
	if (free_bytes < DISK_FREE_MIN_BYTES ||
	    free_bytes * 100 < all_bytes * DISK_FREE_MIN_PERCENT)
		found(d, "disk",
		      "free space or move the installation to a larger disk (清理或扩容磁盘)",
		      "%s: %llu MB of %llu MB are free", d->settings.store_dir, free_bytes >> 20,
		      all_bytes >> 20);
}

static bool store_writable(struct doctor *d)
{
	char path[STORE_PATH_SIZE];
	int fd;

	if (*d->settings.store_url)
		snprintf(path, sizeof path, "%s", d->settings.store_dir);
	else
		store_path(path, d->settings.store_dir, "wattle.db");
	fd = open(path,
	          *d->settings.store_url ? O_RDONLY | O_DIRECTORY | O_CLOEXEC : O_RDWR | O_CLOEXEC);
	if (fd >= 0)
		close(fd);
	if (fd >= 0 && access(d->settings.store_dir, W_OK) == 0)
		return true;
	if (errno == ENOENT)
		found(d, "store-missing",
		      "restore it from a backup, or check [platform] store_dir (恢复备份)",
		      "%s is not there", path);
	else
		found(d, "store-read-only",
		      "give the user of wattled write access, or remount the disk writable (恢复写权限)",
		      "%s: %s", path, strerror(errno));
	return false;
}

/* What PostgreSQL says of itself that would lose what it calls committed. */
static void check_server(struct doctor *d)
{
	static const char *const wanted[] = {
	        "SELECT current_setting('fsync')",
	        "SELECT current_setting('full_page_writes')",
	};
	static const char *const names[] = {"fsync", "full_page_writes"};

	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		struct stmt *st = db_query(d->db, wanted[i]);
		bool off = stmt_row(st) && strcmp(col_text(st), "off") == 0;

		if (!stmt_end(st) && off)
			found(d, "store-unsafe",
			      "set it to on in postgresql.conf and reload (在 postgresql.conf 中改为 on)",
			      "%s: %s is off: a power cut may cost what was committed",
			      d->settings.store_url, names[i]);
	}
}

static void check_store(struct doctor *d)
{
	char why[512], store[STORE_PATH_SIZE];
	enum err err;
	int id = 0;

	if (guard_check(d->settings.store_dir, why, sizeof why)) {
		found(d, "store-guarded", "docs/ops/standby.md (备用库与接管手册)", "%s", why);
		return;
	}

	if (!store_writable(d) && errno == ENOENT)
		return;
	store_main(store, d->settings.store_dir, d->settings.store_url);
	err = store_open_read(&d->db, d->settings.store_dir, d->settings.store_url);
	if (!err)
		err = migration_found(d->db, &id);
	if (!err && id > migration_newest(store_migrations))
		err = ERR_VERSION;
	if (*d->settings.store_url && (err == ERR_CLOSED || (!err && id == 0)))
		found(d, "store-missing",
		      "start PostgreSQL, or check [store] url and the rights of its user (检查数据库连接)",
		      "%s: %s", store, err ? err_text(err) : "no installation is in it");
	else if (err == ERR_VERSION)
		found(d, "store-newer",
		      "install the newer program again; an older one must not write (请安装新版本程序)",
		      "the store in %s was written by a newer wattled than this %s",
		      d->settings.store_dir, WATTLE_VERSION);
	else if (err && err != ERR_FORBIDDEN)
		found(d, "store", "stop wattled and restore the last backup (恢复最近备份)",
		      "%s: %s", store, err_text(err));
	else if (!err && !db_is_file(d->db))
		check_server(d);
}

static void check_certificate(struct doctor *d, const char *path, const char *remedy)
{
	struct pki_certificate cert;
	enum err err = pki_read(path, &cert);
	int64_t left_s = cert.not_after_s - clock_wall_ms() / 1000;

	if (err)
		found(d, "certificate", remedy, "%s: %s", path, err_text(err));
	else if (left_s < 0)
		found(d, "certificate-expired", remedy, "%s ended %lld days ago", path,
		      (long long)(-left_s / 86400));
	else if (left_s < CERTIFICATE_WARN_DAYS * 86400)
		found(d, "certificate-expires", remedy, "%s ends in %lld days", path,
		      (long long)(left_s / 86400));
}

static void check_certificates(struct doctor *d)
{
	static const char *const own[] = {"pki/ca.crt", "pki/broker.crt", "pki/wattled.crt"};
	char path[PATH_MAX], dir_path[PATH_MAX], remedy[600];
	struct dirent *e;
	DIR *dir;

	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		check_certificate(
		        d, data_path(d->cli, path, own[i]),
		        "`wattle broker renew`, then restart the broker and wattled (续期证书)");
	dir = opendir(data_path(d->cli, dir_path, "pki/gateways"));
	while (dir && (e = readdir(dir)) != NULL) {
		size_t n = strlen(e->d_name);

		if (n < 5 || strcmp(e->d_name + n - 4, ".crt") != 0)
			continue;
		snprintf(
		        remedy, sizeof remedy,
		        "`wattle gateway renew %.*s` and copy both files to the gateway (换发网关证书)",
		        (int)n - 4, e->d_name);
		n = (size_t)snprintf(path, sizeof path, "%s/%s", dir_path, e->d_name);
		if (n < sizeof path)
			check_certificate(d, path, remedy);
	}
	if (dir)
		closedir(dir);
}

int cmd_doctor(const struct cli *cli, int argc, char **argv)
{
	static void (*const checks[])(struct doctor * d) = {
	        check_secret, check_disk,  check_store,    check_certificates, check_http,
	        check_broker, check_clock, check_gateways, check_backup,       check_replica};
	struct doctor d = {.cli = cli};

	(void)argv;
	if (argc != 1)
		return usage("doctor");
	check_settings(&d);
	for (size_t i = 0; d.have_settings && i < ARRAY_SIZE(checks); i++)
		checks[i](&d);
	if (d.db)
		db_close(d.db);
	if (d.bad)
		printf("%u findings 共 %u 个问题\n", d.bad, d.bad);
	else
		puts("good  nothing found 未发现问题");
	return d.bad ? EXIT_FAILED : EXIT_GOOD;
}
