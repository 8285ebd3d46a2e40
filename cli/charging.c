#include "cli/charging.h"

#include <inttypes.h>
#include <stdio.h>

#include "libs/base/macros.h"
#include "libs/base/money.h"
#include "libs/base/time.h"
#include "platform/core/meter_price.h"

struct text {
	const char *en, *zh;
};

/* The same words as on the page of the account. */
/* clang-format off */
static const struct text whys[PRICE_WHYS] = {
	[PRICE_NO_USE] = {"the account is not open", "账户未开通"},
	[PRICE_MODEL] = {"this model takes no prices", "该型号不接收费率"},
	[PRICE_SEVERAL_METERS] = {"the account has several meters: they are cut as one", "账户有多块表，须一并控制"},
	[PRICE_KIND] = {"the account is not paid by use beforehand", "账户不是按用量预付"},
	[PRICE_GRACE] = {"cuts are announced before they are made: a meter cannot do that", "停电前须预告，表计做不到"},
	[PRICE_REMINDER] = {"alarm 2 reminds by a trip: a meter cannot do that", "二级报警以拉闸提醒，表计做不到"},
	[PRICE_FRIENDLY] = {"friendly hours: a meter does not know them", "设有友好时段，表计不掌握"},
	[PRICE_MARK] = {"it is never cut", "设有免停标记"},
	[PRICE_STOPPED] = {"automatic openings are stopped", "自动拉闸已停止"},
	[PRICE_TARIFF] = {"no price is in force", "没有生效的费率"},
	[PRICE_FEE] = {"the price has a monthly fee: a meter charges use only", "费率含月固定费，表计只按用量扣费"},
	[PRICE_MINIMUM] = {"the price has a monthly minimum: a meter charges use only", "费率含月最低消费，表计只按用量扣费"},
	[PRICE_CALENDAR] = {"the price has a second calendar: publish it as a version", "费率含第二套日历，请另发版本"},
	[PRICE_RANGE] = {"a threshold or limit is too large for a meter", "阶梯或限值超出表计范围"},
	[PRICE_SIZE] = {"the price is too large for a meter", "费率过大，表计放不下"},
	[PRICE_REFUSED] = {"the meter did not take it", "表计未接受"},
	[PRICE_PURSE] = {"what is in the meter is not known for sure yet", "表内金额尚未确认"},
	[PRICE_RATING] = {"a reading waits, or has not come yet", "等待读数"},
};
/* clang-format on */

#define INDENT "         "

static void print_why(const char *before, int64_t why)
{
	printf("%s%s: %s %s", before, price_why_word((enum price_why)why), whys[why].en,
	       whys[why].zh);
}

static void print_who(const struct meter_price *row)
{
	bool own = row->why == PRICE_HANDED && price_confirmed(row);

	printf("charging %s", own ? "by the meter 表计自行扣费" : "by the platform 平台控制");
	if (row->why)
		print_why("; ", row->why);
	else if (!own)
		printf("; prices and limits are on their way 费率与限值下发中");
	if (row->refused)
		printf(" (%s)", command_reason_word((unsigned)row->refused));
	if (row->cut)
		printf("; open, nothing is left 余额用尽已拉闸");
	putchar('\n');
	if (row->next_why) {
		print_why(INDENT "the next price cannot be sent 下一版费率不能下发; ",
		          row->next_why);
		putchar('\n');
	}
}

static void print_version(const struct meter_price *row, const char *en, const char *zh,
                          int64_t wanted, int64_t read)
{
	if (!wanted && !read)
		return;
	printf(INDENT "%s %s %08" PRIx32 ", ", en, zh, (uint32_t)wanted);
	if (!row->read_ms)
		printf("the meter has said nothing 表计未回读\n");
	else
		printf("the meter has 表计 %08" PRIx32 "%s\n", (uint32_t)read,
		       read == wanted ? "" : " (DIFFERS 不一致)");
}

static void print_sums(const struct meter_price *row)
{
	char ours[MONEY_TEXT_SIZE], meter[MONEY_TEXT_SIZE], by[MONEY_TEXT_SIZE],
	        bound[MONEY_TEXT_SIZE], when[RFC3339_SIZE];

	if (!row->compared_ms)
		return;
	money_format(money_fen(row->ours_fen), ours, sizeof ours);
	money_format(money_fen(row->spent_fen), meter, sizeof meter);
	money_format(money_fen(row->differs_fen), by, sizeof by);
	money_format(money_fen(price_bound_fen(row)), bound, sizeof bound);
	if (rfc3339_format(row->ours_s, when))
		snprintf(when, sizeof when, "?");
	printf(INDENT "spent 已扣费 %s by our books 平台账目 at %s, %s by the meter 表计; %s apart"
	              " 相差, up to %s explained 属正常%s\n",
	       ours, when, meter, by, bound,
	       price_is_beyond(row) ? " (BEYOND: somebody has to look 需人工核对)" : "");
}

void charging_print(struct db *db, const struct account_meter *use)
{
	struct meter_price row;
	enum err err;

	if (use->credit != CREDIT_METER || use->until_s != ACCOUNT_OPEN_S)
		return;
	err = meter_price_get(db, use->property_id, use->meter, &row);
	if (err == ERR_NOT_FOUND || (!err && row.account_id != use->account_id))
		return; /* not looked at yet */
	if (err) {
		printf("charging cannot be read\n");
		return;
	}
	print_who(&row);
	print_version(&row, "price", "费率", row.now_version, row.read_price);
	print_version(&row, "next", "待生效费率", row.next_version, row.read_next);
	print_version(&row, "limits", "限值", row.limits_version, row.read_limits);
	print_sums(&row);
}
