/* Each kind of sheet: what comes in goes out and comes in again as the same, and what is wrong is
 * named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "platform/core/sheet_check.h"
#include "platform/core/sheet_export.h"
#include "platform/core/sheet_import.h"
#include "platform/core/takeover.h"
#include "platform/store/tariff.h"
#include "platform/test/estate.h"

static struct lab lab;
static struct estate estate;

static int setup(void **state)
{
	(void)state;
	lab_setup(&lab);
	estate_setup(&estate, &lab);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	lab_teardown(&lab);
	return 0;
}

/* ---- in ---- */

static bool go_on(void *arg, int64_t rows)
{
	(void)arg;
	(void)rows;
	return true;
}

static struct sheet_job_row check_as(const struct actor *actor, const char *kind, const char *csv)
{
	struct sheet_create create = {.actor = *actor, .row = {.property_id = 1}};
	struct sheet_work work = {.store_dir = lab.dir};
	struct sheet_check run = {.store_dir = lab.dir,
	                          .store_url = lab.url,
	                          .keys = lab.keys,
	                          .now_ms = lab.now_ms,
	                          .rows_max = 1000000,
	                          .going = go_on};
	int fd;

	snprintf(create.row.kind, sizeof create.row.kind, "%s", kind);
	assert_int_equal(sheet_file_name(lab.dir, create.row.file), 0);
	assert_int_equal(sheet_file_create(lab.dir, create.row.file, SHEET_FILE_UPLOAD, &fd), 0);
	assert_int_equal(sheet_file_append(fd, csv, strlen(csv)), 0);
	sheet_file_close(fd);
	create.row.bytes = (int64_t)strlen(csv);
	assert_int_equal(lab_step(&lab, sheet_create_step, &create, false), 0);
	assert_int_equal(lab_step(&lab, sheet_take_step, &work, true), 0);
	run.job = work.row;
	assert_int_equal(sheet_check_run(&run), 0);
	work.row = run.job;
	assert_int_equal(lab_step(&lab, sheet_checked_step, &work, false), 0);
	return work.row;
}

static const char *mistakes(const struct sheet_job_row *job)
{
	static char text[4000];
	struct sheet_mistake_row row;
	size_t used = 0;
	int fd;

	text[0] = '\0';
	assert_int_equal(sheet_file_open(lab.dir, job->file, SHEET_FILE_MISTAKES, &fd), 0);
	for (int64_t i = 0; sheet_mistake_read(fd, i, &row) == ERR_NONE; i++)
		used += (size_t)snprintf(text + used, sizeof text - used, "%s%lld:%d:%s%s%s",
		                         used ? " " : "", (long long)row.row, row.column,
		                         sheet_fault_word((enum sheet_fault)row.fault),
		                         row.detail[0] ? ":" : "", row.detail);
	sheet_file_close(fd);
	return text;
}

static void finds(const char *kind, const char *csv, const char *expected)
{
	struct sheet_job_row job = check_as(&estate.chief, kind, csv);

	assert_string_equal(mistakes(&job), expected);
	lab.now_ms += SHEET_KEEP_MS + 1;
	assert_int_equal(
	        lab_step(&lab, sheet_expire_step, &(struct sheet_work){.store_dir = lab.dir}, true),
	        0);
	lab.now_ms -= SHEET_KEEP_MS + 1;
}

/* The counts "added changed same". */
static void takes(const char *kind, const char *csv, int added, int changed, int same)
{
	struct sheet_job_row job = check_as(&estate.chief, kind, csv);
	struct sheet_act act = {
	        .actor = estate.chief, .property_id = 1, .job_id = job.job_id, .alone_max = 1000};
	struct sheet_work work = {.store_dir = lab.dir};

	memcpy(act.hash, job.hash, sizeof act.hash);
	assert_string_equal(mistakes(&job), "");
	assert_int_equal(job.added, added);
	assert_int_equal(job.changed, changed);
	assert_int_equal(job.same, same);
	assert_int_equal(lab_step(&lab, sheet_apply_ask_step, &act, false), 0);
	assert_int_equal(lab_step(&lab, sheet_apply_step, &work, true), 0);
	assert_int_equal(work.row.state, SHEET_APPLIED);
	assert_int_equal(work.row.added, added);
	assert_int_equal(work.row.changed, changed);
	assert_int_equal(work.row.same, same);
}

/* ---- out ---- */

struct text {
	char *bytes;
	size_t len;
};

static enum err keep(void *arg, const void *bytes, size_t len)
{
	struct text *text = arg;

	text->bytes = realloc(text->bytes, text->len + len + 1);
	memcpy(text->bytes + text->len, bytes, len);
	text->len += len;
	text->bytes[text->len] = '\0';
	return ERR_NONE;
}

/* The caller frees. */
static char *export(const char *kind, bool reveal, enum sheet_lang lang)
{
	struct text text = {NULL, 0};
	struct sheet_export export = {.kind = sheet_kind_find(kind),
	                              .lang = lang,
	                              .reveal = reveal,
	                              .now_s = lab.now_ms / 1000};
	struct sheet_output output = {
	        .format = SHEET_CSV, .write = keep, .arg = &text, .raw = true};

	assert_int_equal(property_get(lab.db, 1, &export.property), 0);
	sheet_export_output(&export, &output);
	assert_int_equal(sheet_writer_new(&export.writer, &output), 0);
	while (!export.end)
		assert_int_equal(sheet_export_slice(&export, lab.db), 0);
	assert_int_equal(sheet_writer_end(export.writer), 0);
	return text.bytes;
}

/* All languages, masked or not: nothing is changed by what went out. */
static void comes_back(const char *kind, int rows)
{
	static const enum sheet_lang langs[] = {SHEET_ZH, SHEET_EN, SHEET_KEYS};

	for (size_t i = 0; i < 6; i++) {
		char *csv = export(kind, i % 2, langs[i / 2]);

		takes(kind, csv, 0, 0, rows);
		free(csv);
	}
}

/* ---- kinds ---- */

static void spaces(void **state)
{
	char *csv;

	(void)state;
	comes_back("spaces", 9);
	takes("spaces",
	      "building,floor,room,name,area_m2\nC,1,101,=1+1,12.5\nC,,,新楼,\nA,3,301,主卧,\n", 1,
	      2, 0);
	csv = export("spaces", false, SHEET_KEYS);
	assert_non_null(strstr(csv, "C,1,101,'=1+1,12.50,\r\n"));
	assert_non_null(strstr(csv, "C,,,新楼,,\r\n"));
	assert_non_null(strstr(csv, "C,1,,,,\r\n"));
	free(csv);
	comes_back("spaces", 12);
	finds("spaces",
	      "building,floor,room,sort\nD,,101,\nD,1,a/b,\nA,3,301,x\nA,3,302,\nA,3,302,1\n",
	      "2:2:required 3:3:rule:must not hold / or begin or end with a blank 4:4:not-number "
	      "6:0:twice:5");
}

static void meters(void **state)
{
	(void)state;
	comes_back("meters", LAB_METERS + 1);
	takes("meters",
	      "表号,名称,用途,位置\n330100000001,=cmd,管控表,A/3/302\n330100000002,,prepaid,\n", 0,
	      2, 0);
	comes_back("meters", LAB_METERS + 1);
	assert_int_equal(lab_number(&lab, "SELECT space_id FROM meter WHERE meter=330100000002"),
	                 0);
	finds("meters",
	      "meter,space,period_s,use\n330100000001,A/9,,\n999999999999,,,\n330100000002,,7,\n"
	      "330100000003,,60,free\n12,,,\n",
	      "2:2:unknown:A/9 3:1:unknown:999999999999 4:3:rule:must be 0 or a divisor of 86400 "
	      "5:4:not-word:prepaid / postpaid / control-only / main / common 6:1:too-short:12");
}

static void customers(void **state)
{
	struct customer_row row;
	char *csv;

	(void)state;
	takes("customers",
	      "用户编号,姓名或单位,类型,证件号,电话1,电话2,备注\n"
	      "C1,张三,个人,110101199001011234,138-0013-8000 / 本人,13900139000 老板,\"两行\n备注\"\n"
	      "C2,=HYPERLINK(),company,,,,\n",
	      2, 0, 0);
	comes_back("customers", 2);
	assert_int_equal(customer_by_code(lab.db, 1, "C1", &row), 0);
	assert_int_equal(row.phone_count, 2);
	assert_string_equal(row.phone[0].phone, "13800138000");
	assert_string_equal(row.phone[1].label, "老板");
	assert_true(row.has_identity);
	csv = export("customers", false, SHEET_KEYS);
	assert_null(strstr(csv, "13800138000"));
	assert_null(strstr(csv, "110101199001011234"));
	assert_non_null(strstr(csv, "138****8000 / 本人"));
	free(csv);
	csv = export("customers", true, SHEET_KEYS);
	assert_non_null(strstr(csv, "13800138000 / 本人"));
	assert_null(strstr(csv, "110101199001011234"));
	free(csv);
	/* The second phone becomes the main one, a third comes, the note goes. */
	takes("customers",
	      "code,name,phone1,phone2,phone3,note\n"
	      "C1,张三,139****9000 / 老板,138****8000 / 本人,010-88886666,\n",
	      0, 1, 0);
	assert_int_equal(customer_by_code(lab.db, 1, "C1", &row), 0);
	assert_int_equal(row.phone_count, 3);
	assert_string_equal(row.note, "");
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(row.phone[i].main, strcmp(row.phone[i].phone, "13900139000") == 0);
	finds("customers", "code,name,phone1,identity\nC1,张三,137****0000,\nC3,,12,\nC4,x,12,?\n",
	      "2:3:unknown:137****0000 3:2:required 4:3:rule:3 … 20");
}

/* Hidden digits are not guessed by rehearsals: to those who may not see them each whole number is a
 * change, the right one like the wrong one. */
static void a_rehearsal_answers_no_guesses(void **state)
{
	static const struct {
		const char *phone, *identity;
		int64_t changed, changed_to_clerk;
	} guesses[] = {
	        {"13800138000", "",                   0, 1}, /* it is this one */
	        {"13800148000", "",                   1, 1},
	        {"138****8000", "",                   0, 0}, /* as it was shown */
	        {"138****8000", "110101199001011234", 0, 1},
	        {"138****8000", "110101199001011235", 1, 1},
	};
	struct actor clerk = staff_with(&lab, "clerk",
	                                PERMISSION_BIT(PERMISSION_SHEET_IMPORT) |
	                                        PERMISSION_BIT(PERMISSION_CUSTOMER_READ) |
	                                        PERMISSION_BIT(PERMISSION_CUSTOMER_WRITE),
	                                1, 1, 0);
	struct sheet_job_row job;
	char csv[200];

	(void)state;
	takes("customers", "code,name,phone1,identity\nC1,a,13800138000,110101199001011234\n", 1, 0,
	      0);
	for (size_t i = 0; i < ARRAY_SIZE(guesses); i++) {
		snprintf(csv, sizeof csv, "code,name,phone1%s\nC1,a,%s%s%s\n",
		         guesses[i].identity[0] ? ",identity" : "", guesses[i].phone,
		         guesses[i].identity[0] ? "," : "", guesses[i].identity);
		assert_int_equal(check_as(&estate.chief, "customers", csv).changed,
		                 guesses[i].changed);
		job = check_as(&clerk, "customers", csv);
		assert_string_equal(mistakes(&job), "");
		assert_int_equal(job.changed, guesses[i].changed_to_clerk);
	}
}

static void leases(void **state)
{
	char csv[400];
	char *out;

	(void)state;
	takes("customers", "code,name\nC1,张三\nC2,李四\n", 2, 0, 0);
	takes("leases",
	      "租约编号,用户编号,房间,开始日期,结束日期,备注\n"
	      "L-1,C1,\"A/3/301\nA/3/302\",2026-01-01,2027/12/31,=1\n"
	      "L-2,C2,A/4；B/1/101,2026年2月1日,,\n",
	      2, 0, 0);
	comes_back("leases", 2);
	out = export("leases", false, SHEET_KEYS);
	assert_non_null(
	        strstr(out, "L-1,C1,\"A/3/301\nA/3/302\",2026-01-01,2027-12-31,,'=1,running"));
	free(out);
	snprintf(csv, sizeof csv, "code,customer,spaces,start,end\n%s\n%s\n%s\n%s\n",
	         "L-1,C2,A/3/301,2026-01-01,2027-12-31", "L-3,C1,A/3,2026-06-01,",
	         "L-4,C9,A/3/301,2026-06-01,", "L-5,C1,A/7,2026-06-01,2026-05-31");
	finds("leases", csv,
	      "2:2:rule:L-1 3:3:rule:another lease holds one of them in this time "
	      "4:2:unknown:C9 5:3:unknown:A/7");
}

static enum err put_prices(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	const struct tariff_version_row version = {.version_id = 1,
	                                           .tariff_id = 1,
	                                           .valid_from_s = 1,
	                                           .state = TARIFF_PUBLISHED,
	                                           .body = "{\"rates\":[{\"price_uy\":600000}]}",
	                                           .by_name = "test",
	                                           .version = 1};
	const struct tariff_use use = {.property_id = 1,
	                               .service = SERVICE_ELECTRICITY,
	                               .from_s = 1,
	                               .tariff_id = 1,
	                               .by_name = "test"};
	enum err err = tariff_version_insert(tx->db, &version);

	(void)arg;
	(void)now_ms;
	(void)out;
	return err ? err : tariff_use_put(tx->db, &use);
}

static void accounts(void **state)
{
	char csv[600];
	char *out;

	(void)state;
	assert_int_equal(lab_step(&lab, put_prices, NULL, false), ERR_NONE);
	takes("customers", "code,name\nC1,张三\nC2,李四\n", 2, 0, 0);
	snprintf(csv, sizeof csv,
	         "户号,用户编号,表号,起始表底(度或吨),期初余额(元),计费方式,包月费(元)\n"
	         "H-1,C1,%012lld,1000.5,12.34,,\nH-1,C1,%012lld,7,,,\nH-2,C2,,,,包月,300\n",
	         (long long)LAB_METER, (long long)LAB_METER + 1);
	takes("accounts", csv, 2, 1, 0);
	assert_int_equal(lab_number(&lab, "SELECT open_units FROM account_meter"
	                                  " ORDER BY meter LIMIT 1"),
	                 1000500);
	assert_int_equal(lab_number(&lab, "SELECT sum(amount_fen) FROM ledger_entry"
	                                  " WHERE amount_fen>0"),
	                 1234);
	comes_back("accounts", 3);
	out = export("accounts", false, SHEET_KEYS);
	assert_non_null(strstr(out, "H-2,C2,,,,,monthly-fee,300.00"));
	free(out);
	snprintf(csv, sizeof csv,
	         "code,customer,meter,register,kind,fee\nH-3,C2,%012lld,1,,\nH-4,C9,,,,\n"
	         "H-5,C1,999999999999,1,,\nH-6,C1,%012lld,,,\nH-7,C1,,,monthly-fee,\nH-1,C2,,,,\n",
	         (long long)LAB_METER, (long long)LAB_METER + 2);
	finds("accounts", csv,
	      "2:3:rule:meter 330100000001 is bound to account 1 3:2:unknown:C9 "
	      "4:3:rule:no meter 999999999999 here 5:4:rule:no recent reading of meter "
	      "330100000003: type its register 6:6:rule:belongs to a monthly fee, and to nothing "
	      "else 7:2:rule:H-1");
}

static void calendars(void **state)
{
	(void)state;
	takes("calendars",
	      "日历,类型,日期,名称,全天不断电,星期,开始,结束\n"
	      "2026,节假日,2026-10-01,国庆,是,,,\n"
	      "2026,调休上班,2026-10-10,,,,,\n"
	      "2026,友好时段,,,,67H,00:00,24:00\n"
	      "2026,friendly,,,,12345,18:00,9:00\n",
	      1, 3, 0);
	comes_back("calendars", 4);
	takes("calendars", "calendar,what,date,name\n2026,holiday,2026-10-01,国庆节\n", 0, 1, 0);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM calendar_day WHERE cut_free=1"), 1);
	finds("calendars",
	      "calendar,what,date,weekdays,from,to\n2026,holiday,,,,\n2026,friendly,,8,,\n"
	      "2026,friendly,,1,25:00,\n2026,friendly,,1,8:00,8:00\n",
	      "2:3:required 3:4:rule:1 … 7, H 4:5:not-time:00:00 … 23:59 "
	      "5:4:rule:from 00:00 to 23:59, until 00:01 to 24:00, and not equal");
}

/* More than one slice, and more than one look of a slice. */
static void calendars_of_many_years(void **state)
{
	char csv[300 * 40] = "calendar,what,date\n";
	size_t used = strlen(csv);

	(void)state;
	lab.shakes = false; /* it is about their number; a few rows are shaken above */
	for (int i = 0; i < 300; i++)
		used += (size_t)snprintf(csv + used, sizeof csv - used, "%d,holiday,%d-10-01\n",
		                         1970 + i, 1970 + i);
	takes("calendars", csv, 300, 0, 0);
	comes_back("calendars", 300);
}

static int64_t own_plans(const char *where)
{
	char sql[200];

	snprintf(sql, sizeof sql, "SELECT count(*) FROM alarm_plan WHERE property_id=1 AND %s",
	         where);
	return lab_number(&lab, sql);
}

static void alarm_plans(void **state)
{
	char *csv;

	(void)state;
	assert_int_equal(db_exec(lab.db, "INSERT INTO alarm_plan(property_id, group_id, code,"
	                                 " version, alarm1_fen) VALUES(0, 1, 'shops', 1, 99900)"),
	                 0);
	takes("alarm-plans",
	      "方案编码,名称,报警金额1(元),报警金额2(元),允许合闸金额(元),报警2跳闸提醒,停电预告(秒)\n"
	      "shops,=店铺,,20.5,-0.01,是,\n"
	      "flats,,80,,,否,0\n"
	      "same-as-group,,,,,,\n",
	      3, 0, 0);
	csv = export("alarm-plans", false, SHEET_KEYS);
	assert_non_null(strstr(csv, "\nflats,,80.00,,,,,false,,0\r\n"));
	assert_non_null(strstr(csv, "\nsame-as-group,,,,,,,,,\r\n"));
	assert_non_null(strstr(csv, "\nshops,'=店铺,,20.50,,,-0.01,true,,\r\n"));
	free(csv);
	comes_back("alarm-plans", 3);
	/* What is the group's is no row of the property, and a nought is not nothing. */
	assert_int_equal(own_plans("alarm1_fen IS NOT NULL"), 1);
	assert_int_equal(own_plans("code='flats' AND alarm2_trips=0 AND cut_notice_s=0"), 1);
	takes("alarm-plans", "plan,alarm2,cut_notice_s\nshops,,\nflats,,0\n", 0, 1, 1);
	assert_int_equal(own_plans("code='shops' AND alarm2_fen IS NULL AND name='=店铺'"), 1);
	comes_back("alarm-plans", 3);
	finds("alarm-plans",
	      "plan,alarm1,alarm2,hoarding,cut_notice_s\nShops,,,,\nflats,5,6,,\nflats,,,,\n"
	      "other,,,-1,2592001\nmore,,,0.001,\n",
	      "2:1:rule:a … z, 0 … 9, - 3:3:rule:must not be above alarm1_fen "
	      "5:4:range:0.00 … 10000000.00 5:5:range:0 … 2592000 6:4:not-whole");
}

static void templates(void **state)
{
	char *csv;

	(void)state;
	takes("templates",
	      "消息,语言,渠道,内容,服务商模板号\n"
	      "余额提醒,中文,短信,\"=余额 {balance}\n{{请充值}}\",SMS_1\n"
	      "cut,en,app,' cut at {time} ,\n"
	      "recharged,en,app,,\n",
	      2, 0, 1);
	csv = export("templates", false, SHEET_KEYS);
	assert_non_null(
	        strstr(csv, "\nalarm-1,zh-CN,sms,\"'=余额 {balance}\n{{请充值}}\",SMS_1\r\n"));
	free(csv);
	comes_back("templates", 2);
	/* Without the column of texts a new row takes the one that holds. */
	takes("templates",
	      "message,lang,channel,provider_id\nalarm-1,zh-CN,sms,SMS_2\n"
	      "alarm-2,zh-CN,sms,SMS_3\nrefunded,en,sms,\n",
	      1, 1, 1);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM message_template WHERE"
	                                  " kind='alarm-2' AND body LIKE '%{days_left}%'"),
	                 1);
	/* An empty text: the property says nothing of its own any more. */
	takes("templates", "message,lang,channel,body\nalarm-1,zh-CN,sms,\ncut,en,app,\n", 0, 2, 0);
	comes_back("templates", 1);
	finds("templates",
	      "message,lang,channel,body,provider_id\nalarm-1,en,sms,{price_old},\n"
	      "alarm-1,en,app,{,\nalarm-2,en,sms,,SMS_4\nalarm-3,en,sms,x,\n"
	      "cut,en,sms,x,\ncut,en,SMS,y,\n",
	      "2:4:rule:{price_old} is no value of this kind of message "
	      "3:4:rule:a brace is not closed; write {{ or }} for one 4:4:required "
	      "5:1:not-word:alarm-1 / alarm-2 / will-be-cut / cut / restored / recharged / "
	      "recharge-failed / refunded / pri 7:0:twice:6");
}

static void users(void **state)
{
	(void)state;
	takes("users",
	      "登录名,姓名,角色,范围,有效期至\nanna,安娜,cashier,,\nben,本,electrician,A/3,2027-01-31\n",
	      2, 0, 0);
	comes_back("users", 2);
	takes("users", "name,full_name,role,space,until\nben,本杰明,electrician,A/3,2027-02-28\n",
	      0, 1, 0);
	comes_back("users", 2);
	finds("users", "name,role,space\nanna,king,\ncarl,cashier,Z\n",
	      "2:2:unknown:king 3:3:unknown:Z");
}

static void terminals(void **state)
{
	(void)state;
	comes_back("terminals", LAB_METERS + 1);
}

/* ---- take-over ---- */

static struct sheet_job_row take_over(const char *csv, int64_t balance_fen, int64_t register_milli)
{
	struct sheet_create create = {
	        .actor = estate.chief, .row = {.property_id = 1, .kind = "takeover"}
        };
	struct sheet_total *sum = create.row.sum;
	struct sheet_work work = {.store_dir = lab.dir};
	struct sheet_check run = {.store_dir = lab.dir,
	                          .store_url = lab.url,
	                          .keys = lab.keys,
	                          .now_ms = lab.now_ms,
	                          .rows_max = 1000000,
	                          .going = go_on};
	int64_t size;

	create.row.total = (struct sheet_total){.wanted = true, .want = 2};
	sum[0] = (struct sheet_total){.wanted = true, .want = balance_fen};
	sum[1] = (struct sheet_total){.wanted = true, .want = register_milli};
	create.row.bytes = (int64_t)strlen(csv);
	assert_int_equal(sheet_file_name(lab.dir, create.row.file), 0);
	assert_int_equal(sheet_file_put(lab.dir, create.row.file, 0, csv, strlen(csv), &size), 0);
	assert_int_equal(lab_step(&lab, sheet_create_step, &create, false), 0);
	assert_int_equal(lab_step(&lab, sheet_take_step, &work, true), 0);
	run.job = work.row;
	assert_int_equal(sheet_check_run(&run), 0);
	work.row = run.job;
	assert_int_equal(lab_step(&lab, sheet_checked_step, &work, false), 0);
	return work.row;
}

/* Asked for by the chief, agreed to by another, applied. */
static void agree_and_apply(struct sheet_job_row *job)
{
	struct actor second = staff_with(&lab, "second", PERMISSION_ALL, 1, 0, 0);
	struct sheet_act act = {
	        .actor = estate.chief, .property_id = 1, .job_id = job->job_id, .alone_max = 1000};
	struct approval_decision d = {.actor = second, .verdict = APPROVAL_AGREE};
	struct sheet_work work = {.store_dir = lab.dir};
	struct approval_row approval;

	snprintf(act.actor.reason, sizeof act.actor.reason, "切换");
	memcpy(act.hash, job->hash, sizeof act.hash);
	assert_int_equal(lab_step(&lab, sheet_apply_ask_step, &act, false), 0);
	assert_int_equal(act.row.state, SHEET_CHECKED); /* two rows, and still not alone */
	d.approval_id = act.row.approval_id;
	assert_int_equal(approval_get(lab.db, d.approval_id, &approval), 0);
	memcpy(d.hash, approval.hash, sizeof d.hash);
	assert_int_equal(lab_step(&lab, approval_decide_step, &d, false), 0);
	assert_int_equal(lab_step(&lab, sheet_apply_step, &work, true), 0);
	assert_int_equal(work.row.state, SHEET_APPLIED);
	assert_int_equal(sheet_job_get(lab.db, 1, job->job_id, job), 0);
}

static const char old_accounts[] =
        "表号,房间,用户编号,旧系统户号,余额(元),购电次数,表底(度或吨),抄表时间,备注\n"
        "330100000001,,,=H-1,120.50,7,1234.567,2026-11-23 08:00,\n"
        ",A/3/302,,H-2,-20.00,,,,\"欠费, 已通知\"\n";

static enum takeover_verdict verdict_of(const char *text)
{
	enum takeover_verdict verdict;
	struct takeover_report report;

	assert_int_equal(takeover_verify(lab.db, text, &verdict, &report), 0);
	return verdict;
}

/* Every byte counts: of the figures for people, of what is signed, of the signature. */
static void changes_show(const char *text)
{
	size_t len = strlen(text);
	char *copy = malloc(len + 1);

	for (size_t i = 0; i < len; i++) {
		memcpy(copy, text, len + 1);
		copy[i] = copy[i] == '7' ? '8' : '7';
		if (copy[i] != text[i] && verdict_of(copy) == TAKEOVER_GOOD)
			fail_msg("byte %zu of the report may be changed", i);
	}
	free(copy);
}

static void a_takeover_is_counted_agreed_signed(void **state)
{
	struct sheet_job_row job = take_over(old_accounts, 10050, 1234567);
	struct takeover_report report;
	struct takeover_void back = {.actor = estate.chief, .property_id = 1};
	int64_t counts[TAKEOVER_STATE_COUNT];
	char *text;

	(void)state;
	assert_string_equal(mistakes(&job), "");
	agree_and_apply(&job);
	assert_int_equal(takeover_report_get(lab.db, 1, job.job_id, &report), 0);
	assert_int_equal(takeover_text(&report, &text), 0);
	assert_non_null(strstr(text, "余额合计 Sum of balances: 100.50 元 yuan\n"));
	assert_non_null(strstr(text, "复核人 Agreed to by: second\n"));
	assert_int_equal(verdict_of(text), TAKEOVER_GOOD);
	changes_show(text);
	assert_int_equal(verdict_of("nothing"), TAKEOVER_NO_REPORT);
	/* The rows are what was agreed to, or it is seen. */
	assert_int_equal(db_exec(lab.db, "UPDATE takeover_row SET balance_fen=balance_fen+1"), 0);
	assert_int_equal(verdict_of(text), TAKEOVER_ROWS_DIFFER);
	assert_int_equal(db_exec(lab.db, "UPDATE takeover_row SET balance_fen=balance_fen-1"), 0);
	assert_int_equal(db_exec(lab.db, "UPDATE sign_key SET public_key='x'"), 0);
	assert_int_equal(verdict_of(text), TAKEOVER_FOREIGN);
	free(text);
	/* Not twice; but again when it was taken back. */
	job = take_over(old_accounts, 10050, 1234567);
	assert_string_equal(mistakes(&job), "2:0:taken:import 1, row 2 3:0:taken:import 1, row 3");
	back.job_id = report.job_id;
	back.actor.reason[0] = '\0';
	assert_int_equal(lab_step(&lab, takeover_void_step, &back, false), ERR_BAD_INPUT);
	snprintf(back.actor.reason, sizeof back.actor.reason, "wrong list");
	assert_int_equal(lab_step(&lab, takeover_void_step, &back, false), 0);
	assert_int_equal(back.count, 2);
	assert_int_equal(lab_step(&lab, takeover_void_step, &back, false), ERR_REFUSED);
	assert_int_equal(takeover_counts(lab.db, 1, report.job_id, counts), 0);
	assert_int_equal(counts[TAKEOVER_VOID], 2);
	job = take_over(old_accounts, 10050, 1234567);
	assert_string_equal(mistakes(&job), "");
}

static void a_takeover_that_does_not_add_up_is_named(void **state)
{
	struct sheet_job_row job = take_over(old_accounts, 10051, 1234566);

	(void)state;
	assert_string_equal(mistakes(&job), "0:0:control-total:balance: 100.50 ≠ 100.51 "
	                                    "0:0:control-total:register: 1234.567 ≠ 1234.566");
	job = check_as(&estate.chief, "takeover", "meter,balance\n330100000001,1\n");
	assert_string_equal(mistakes(&job), "0:0:control-total:rows: 1 ≠ ? "
	                                    "0:0:control-total:balance: 1.00 ≠ ? "
	                                    "0:0:control-total:register: 0.000 ≠ ?");
	job = take_over(
	        "meter,space,customer,balance\n,,,1\n330200000009,,,1.005\n,A/9,,1\n,,C9,1\n"
	        "330100000001,,,1\n330100000001,,,2\n",
	        0, 0);
	assert_string_equal(mistakes(&job),
	                    "2:1:required:meter / space / customer 3:4:not-whole 4:2:unknown:A/9 "
	                    "5:3:unknown:C9 7:0:twice:6 0:0:control-total:rows: 6 ≠ 2 "
	                    "0:0:control-total:balance: 6.00 ≠ 0.00");
}

/* A header must mean one column, whatever its language. */
static void headers_are_unique(const struct sheet_kind *kind)
{
	for (size_t i = 0; i < 9 * kind->count * kind->count; i++) {
		size_t a = i / 9 / kind->count, b = i / 9 % kind->count;
		const char *x = sheet_column_title(&kind->columns[a], (enum sheet_lang)(i % 3));
		const char *y = sheet_column_title(&kind->columns[b], (enum sheet_lang)(i / 3 % 3));

		if (a != b && strcasecmp(x, y) == 0)
			fail_msg("%s: %s stands for two columns", kind->word, x);
	}
}

static void kinds_are_whole(void **state)
{
	size_t count = 0;

	(void)state;
	for (const struct sheet_kind *kind; (kind = sheet_kind_at(count)) != NULL; count++) {
		char *csv;

		assert_ptr_equal(sheet_kind_find(kind->word), kind);
		assert_true(kind->count <= SHEET_KIND_COLUMNS);
		headers_are_unique(kind);
		for (size_t i = 0; i < kind->count; i++) {
			const struct sheet_column *column = &kind->columns[i];

			assert_true(column->key && column->zh && column->en);
			assert_int_equal(!column->help_zh, !column->help_en);
			if (column->type == SHEET_TEXT || column->type == SHEET_DIGITS)
				assert_true(column->max > 0);
		}
		if (!kind->page)
			continue;
		csv = export(kind->word, false, SHEET_KEYS);
		assert_true(strlen(csv) > 10);
		free(csv);
	}
	assert_int_equal(count, 11);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	static const struct CMUnitTest tests[] = {
	        TEST(spaces),
	        TEST(meters),
	        TEST(customers),
	        TEST(a_rehearsal_answers_no_guesses),
	        TEST(leases),
	        TEST(accounts),
	        TEST(calendars),
	        TEST(calendars_of_many_years),
	        TEST(alarm_plans),
	        TEST(templates),
	        TEST(users),
	        TEST(terminals),
	        TEST(a_takeover_is_counted_agreed_signed),
	        TEST(a_takeover_that_does_not_add_up_is_named),
	        TEST(kinds_are_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
