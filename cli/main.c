/* `wattle`: the administrator's command. Each sub-command is a file of its own; this one finds it.
 * docs/man/wattle.1 is the manual. */
#include "cli/cli.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/core/keys.h"
#include "platform/store/guard.h"
#include "platform/store/migrations.h"
#include "platform/store/store.h"

static const char help_text[] =
        "wattle [--data DIR] COMMAND …      (DIR: or $WATTLE_DATA, default /var/lib/wattle)\n"
        "\n"
        "  init [--property ID] [--name TEXT] [--admin NAME] [--host NAME] [--http-port N] [--mqtt-port N]\n"
        "                                 make a new installation in DIR  建立新系统\n"
        "  broker                         write DIR/broker/mosquitto.conf from DIR/wattle.ini  生成消息代理配置\n"
        "  broker renew                   new certificates for the broker and for wattled  换发平台证书\n"
        "  group list|add|archive|unarchive\n"
        "  property list|add|archive|unarchive\n"
        "                                 groups and their properties  集团与物业\n"
        "  account list|show|ledger|open|close\n"
        "                                 accounts, their statements, opening and closing  户与账单\n"
        "  gateway add ID [--property ID] [--label TEXT]\n"
        "                                 certificate and rights for a gateway  添加网关\n"
        "  gateway renew ID [--now]       new certificate; the old one is accepted until the next renewal\n"
        "                                 unless --now  换发证书\n"
        "  gateway revoke ID              cut it off  吊销网关\n"
        "  gateway list                   with queue, bus, clock, certificate  列出网关状况\n"
        "  terminal import FILE.csv [--property ID]\n"
        "                                 keys of terminals: lines of chip,key[,label]  导入终端密钥\n"
        "  terminal list                  列出终端\n"
        "  user list|add|password|invite|enable|disable|totp-remove|grant|revoke\n"
        "                                 staff and what they may do; each tells its options  操作员与授权\n"
        "  role list|add|delete|totp      roles of a group  角色\n"
        "  session list|end               logins  登录会话\n"
        "  api-key list|add|revoke        keys of programs  API 密钥\n"
        "  approval list|show|withdraw    what waits for a second person  待审批事项\n"
        "  audit verify|list              is the audit as it was written; what it says  审计\n"
        "  backup [FOLDER] [--with-key]   a whole copy while it runs; `backup list`, `backup verify`  备份\n"
        "  restore BACKUP [--to DIR]      a backup becomes an installation again  恢复\n"
        "  import KIND FILE [--dry-run]   a sheet, all or nothing; it tells its options  导入表格\n"
        "  export KIND [FILE]             all objects of a kind as CSV or XLSX  导出表格\n"
        "  export readings FILE           readings of a period as CSV or SQLite  导出读数\n"
        "  export --columns [KIND]        kinds of sheets and their columns  表格种类与各列\n"
        "  vend ACCOUNT YUAN              sell credit; --quote only asks  售电\n"
        "  order list|show, shift list|open|close\n"
        "                                 purchases; a cashier's till  订单与交班\n"
        "  ledger verify|show ACCOUNT     are the books as they were written; one account  账本\n"
        "  reminder list|done             leases that end soon  租约到期提醒\n"
        "  supply list|incident|restore   cuts, and undoing  停供\n"
        "  webhook list|log|replay|ping   programs that are told what happens  事件推送\n"
        "  takeover list|report|verify|void\n"
        "                                 what came from an old system, and its signed report  旧系统切换\n";

/* The rest of it: a string has a limit. */
static const char help_more[] =
        "  tariff                         prices, and a trial  电价水价\n"
        "  replica status|kit|init|take-over|follow\n"
        "                                 a standby on another disk or host  备用库\n"
        "  replica-receive [--port N]     run on the standby: follow the primary  接收复制\n"
        "  clock [confirm]                is this machine's clock believed; it is right  时钟确认\n"
        "  gaps [--from TIME] [--to TIME] readings that are missing  缺数清单\n"
        "  key list|rotate|forget         keys outside the store that wrap its secrets  密钥轮换\n"
        "  key export|import FILE         all secret files under a passphrase  密钥导出与导入\n"
        "  decode PROTOCOL HEX            a frame or message as JSON; `decode` alone lists them  解析报文\n"
        "  status                         one look at the whole installation  概况\n"
        "  top [--property ID] [--key FILE] [--once]\n"
        "                                 live meters in the terminal  实时表计\n"
        "  doctor                         look for what is wrong and say what to do  诊断\n"
        "  version [--store]              of this program, and of the store  版本\n";

static const struct command {
	const char *name;
	int (*run)(const struct cli *cli, int argc, char **argv);
} commands[] = {
        {"init",            cmd_init           },
        {"broker",          cmd_broker         },
        {"gateway",         cmd_gateway        },
        {"terminal",        cmd_terminal       },
        {"user",            cmd_user           },
        {"role",            cmd_role           },
        {"session",         cmd_session        },
        {"api-key",         cmd_api_key        },
        {"webhook",         cmd_webhook        },
        {"approval",        cmd_approval       },
        {"vend",            cmd_vend           },
        {"order",           cmd_order          },
        {"shift",           cmd_shift          },
        {"ledger",          cmd_ledger         },
        {"reminder",        cmd_reminder       },
        {"supply",          cmd_supply         },
        {"group",           cmd_group          },
        {"property",        cmd_property       },
        {"account",         cmd_account        },
        {"audit",           cmd_audit          },
        {"backup",          cmd_backup         },
        {"restore",         cmd_restore        },
        {"import",          cmd_import         },
        {"export",          cmd_export         },
        {"takeover",        cmd_takeover       },
        {"allowance",       cmd_allowance      },
        {"tariff",          cmd_tariff         },
        {"replica",         cmd_replica        },
        {"replica-receive", cmd_replica_receive},
        {"top",             cmd_top            },
        {"status",          cmd_status         },
        {"clock",           cmd_clock          },
        {"gaps",            cmd_gaps           },
        {"key",             cmd_key            },
        {"decode",          cmd_decode         },
        {"doctor",          cmd_doctor         },
};

int fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("wattle: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	return EXIT_FAILED;
}

int usage(const char *text)
{
	fprintf(stderr, "usage: wattle %s\n", text);
	return EXIT_USAGE;
}

const char *data_path(const struct cli *cli, char path[PATH_MAX], const char *name)
{
	int n = snprintf(path, PATH_MAX, "%s/%s", cli->data_dir, name);

	if (n < 0 || n >= PATH_MAX) {
		fail("%s: the path is too long", cli->data_dir);
		exit(EXIT_FAILED);
	}
	return path;
}

static void take(int *argc, char **argv, int at, int count)
{
	for (int i = at; i + count <= *argc; i++)
		argv[i] = argv[i + count];
	*argc -= count;
}

const char *option(int *argc, char **argv, const char *name)
{
	size_t n = strlen(name);

	for (int i = 1; i < *argc; i++) {
		char *value = argv[i];

		if (strncmp(value, name, n) != 0)
			continue;
		if (value[n] == '=') {
			take(argc, argv, i, 1);
			return value + n + 1;
		}
		if (value[n] == '\0' && i + 1 < *argc) {
			value = argv[i + 1];
			take(argc, argv, i, 2);
			return value;
		}
	}
	return NULL;
}

bool flag(int *argc, char **argv, const char *name)
{
	for (int i = 1; i < *argc; i++) {
		if (strcmp(argv[i], name) != 0)
			continue;
		take(argc, argv, i, 1);
		return true;
	}
	return false;
}

bool options_done(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strncmp(argv[i], "--", 2) == 0) {
			fail("unknown or unfinished option %s", argv[i]);
			return false;
		}
	}
	return true;
}

bool number_option(const char *text, int64_t min, int64_t max, int64_t *number)
{
	char *end;
	long long value;

	if (!text)
		return true; /* keeps its default */
	errno = 0;
	value = strtoll(text, &end, 10);
	if (errno || end == text || *end || value < min || value > max) {
		fail("%s: a number from %lld to %lld is wanted", text, (long long)min,
		     (long long)max);
		return false;
	}
	*number = value;
	return true;
}

void actor_here(struct actor *actor, const char *reason)
{
	const char *user = getenv("SUDO_USER") ? getenv("SUDO_USER") : getenv("USER");

	memset(actor, 0, sizeof *actor);
	snprintf(actor->who, sizeof actor->who, "cli:%s", user ? user : "root");
	snprintf(actor->origin, sizeof actor->origin, "local");
	snprintf(actor->reason, sizeof actor->reason, "%s", reason);
	actor->local = true;
}

/* Opening it would bring an older store to our schema, of which a wattled that still runs from before an upgrade knows
 * nothing. False: so it is. */
static bool is_ours_to_migrate(const struct settings *settings)
{
	struct db *db = NULL;
	int id = 0, lock_fd = -1;
	bool older, runs;

	older = store_open_read(&db, settings->store_dir, settings->store_url) == ERR_NONE &&
	        migration_found(db, &id) == ERR_NONE && id < migration_newest(store_migrations);
	db_close(db);
	if (!older)
		return true; /* or it cannot be read, and opening it says why */
	runs = store_lock(settings->store_dir, &lock_fd) == ERR_BUSY;
	store_unlock(lock_fd);
	return !runs;
}

struct db *open_store(const struct cli *cli, struct settings *settings)
{
	char path[PATH_MAX], why[512];
	struct db *db = NULL;
	enum err err;

	if (settings_load(settings, data_path(cli, path, "wattle.ini"), why, sizeof why)) {
		fail("%s", why);
		return NULL;
	}
	if (guard_check(settings->store_dir, why, sizeof why)) {
		fail("%s", why);
		return NULL;
	}
	err = store_exists(settings->store_dir, settings->store_url);
	if (!err && !is_ours_to_migrate(settings)) {
		fail("the wattled that runs is older than this program: restart it first (systemctl restart wattled)\n"
		     "正在运行的 wattled 比本程序旧，请先重启：systemctl restart wattled");
		return NULL;
	}
	if (!err)
		err = store_open(&db, settings->store_dir, settings->store_url);
	if (!err)
		err = db_keep_log(db); /* a running wattled may be the one that empties it */
	if (err) {
		store_main(path, settings->store_dir, settings->store_url);
		fail("store %s: %s", path, err_text(err));
		db_close(db);
		return NULL;
	}
	return db;
}

struct keys *open_keys(const struct settings *settings)
{
	struct keys *keys = NULL;
	char why[512];

	if (keys_load(&keys, settings->secret_file, why, sizeof why)) {
		fail("%s", why);
		return NULL;
	}
	return keys;
}

bool data_dir_set(struct cli *cli, const char *dir)
{
	char cwd[PATH_MAX];
	int n;

	if (*dir == '/')
		n = snprintf(cli->data_dir, sizeof cli->data_dir, "%s", dir);
	else
		n = getcwd(cwd, sizeof cwd)
		            ? snprintf(cli->data_dir, sizeof cli->data_dir, "%s/%s", cwd, dir)
		            : -1;
	return n > 0 && (size_t)n < sizeof cli->data_dir;
}

static bool find_data(struct cli *cli, const char *given)
{
	if (!given)
		given = getenv("WATTLE_DATA");
	return data_dir_set(cli, given ? given : "/var/lib/wattle");
}

/* Root works on an installation as the user who owns it: a file of root's among those of wattled
 * would stop it at its next start. Who it really was is in the audit all the same (actor_here). */
static bool become_owner(const struct cli *cli)
{
	const struct passwd *owner;
	struct stat st;

	if (geteuid() != 0 || stat(cli->data_dir, &st) || st.st_uid == 0)
		return true;
	owner = getpwuid(st.st_uid);
	if ((owner ? initgroups(owner->pw_name, st.st_gid) : setgroups(0, NULL)) ||
	    setgid(owner ? owner->pw_gid : st.st_gid) || setuid(st.st_uid))
		return !fail("cannot become the owner of %s: %s", cli->data_dir, strerror(errno));
	return true;
}

/* What the store has, 0 if there is none, and what this program would make of it. A package asks
 * before it replaces programs by older ones (deploy/packages/wattle-platform/preinst). */
static int store_version(const struct cli *cli)
{
	char path[PATH_MAX], why[512];
	struct settings settings;
	struct db *db = NULL;
	enum err err = ERR_NONE;
	int id = 0;

	if (!become_owner(cli))
		return EXIT_FAILED;
	if (access(data_path(cli, path, "wattle.ini"), F_OK) == 0) {
		if (settings_load(&settings, path, why, sizeof why))
			return fail("%s", why);
		err = store_open_read(&db, settings.store_dir, settings.store_url);
		if (!err)
			err = migration_found(db, &id);
		db_close(db);
		if (err)
			return fail("store %s: %s", settings.store_dir, err_text(err));
	}
	printf("store %d\nprogram %d\n", id, migration_newest(store_migrations));
	return EXIT_GOOD;
}

static int show_version(const struct cli *cli, bool of_store)
{
	printf("wattle %s\n", WATTLE_VERSION);
	return of_store ? store_version(cli) : EXIT_GOOD;
}

int main(int argc, char **argv)
{
	struct cli cli = {.program = argv[0]};
	const char *name;

	/* Files made here are the installation's own: group and others have no business in them. */
	umask(027);
	if (!find_data(&cli, option(&argc, argv, "--data")))
		return fail("the path of the installation is too long");
	name = argc > 1 ? argv[1] : "help";
	if (strcmp(name, "version") == 0 || strcmp(name, "--version") == 0)
		return show_version(&cli, argc == 3 && strcmp(argv[2], "--store") == 0);
	if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0)
		return fputs(help_text, stdout) < 0 || fputs(help_more, stdout) < 0;
	if (!become_owner(&cli))
		return EXIT_FAILED;
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (strcmp(name, commands[i].name) == 0)
			return commands[i].run(&cli, argc - 1, argv + 1);
	fail("no command %s; `wattle help` lists them", name);
	return EXIT_USAGE;
}
