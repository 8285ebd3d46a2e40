#include "libs/proto/event.h"

#include "libs/base/macros.h"

#include <stddef.h>

/* clang-format off */
static const struct {
	enum event_kind kind;
	struct event_name name;
} table[] = {
	{EVENT_BOOT,               {"boot",               "terminal started",                "终端启动"}},
	{EVENT_RELAY_MOVED,        {"relay-moved",        "relay moved",                     "继电器动作"}},
	{EVENT_RELAY_FAULT,        {"relay-fault",        "relay fault",                     "继电器故障"}},
	{EVENT_SENSOR_FAULT,       {"sensor-fault",       "sensor does not answer",          "计量模块无应答"}},
	{EVENT_SENSOR_BACK,        {"sensor-back",        "sensor answers again",            "计量模块恢复"}},
	{EVENT_SEGMENT,            {"segment",            "register segment changed",        "表底分段"}},
	{EVENT_COMMAND_REFUSED,    {"command-refused",    "command refused",                 "命令被拒绝"}},
	{EVENT_CLOCK_SET,          {"clock-set",          "clock set",                       "校时"}},
	{EVENT_ADDRESS_CLASH,      {"address-clash",      "address clash",                   "地址冲突"}},
	{EVENT_BUS_OFF,            {"bus-off",            "bus off",                         "总线关闭"}},
	{EVENT_STORE_REPAIRED,     {"store-repaired",     "flash log repaired",              "闪存日志已修复"}},
	{EVENT_ASSERT,             {"assert",             "program fault, restarted",        "程序故障并重启"}},
	{EVENT_BUTTON,             {"button",             "button pressed",                  "按键"}},
	{EVENT_ENERGY_ADDED,       {"energy-added",       "energy counted after a gap",      "中断后补计电量"}},
	{EVENT_REGISTER_FROZEN,    {"register-frozen",    "energy register stands still",    "有功率但表底不走"}},
	{EVENT_EVENTS_LOST,        {"events-lost",        "events not written",              "事件未记录"}},
	{EVENT_CREDIT,             {"credit",             "meter's own credit state",        "表内余额状态"}},
	{EVENT_DEVICE_FOUND,       {"device-found",       "new terminal found",              "发现新终端"}},
	{EVENT_DEVICE_LOST,        {"device-lost",        "terminal lost",                   "终端失联"}},
	{EVENT_DEVICE_BACK,        {"device-back",        "terminal back",                   "终端恢复"}},
	{EVENT_BUS_OVERLOAD,       {"bus-overload",       "bus overload",                    "总线过载"}},
	{EVENT_BUS_OVERLOAD_END,   {"bus-overload-end",   "bus overload ended",              "总线过载结束"}},
	{EVENT_SPOOL_DAMAGED,      {"spool-damaged",      "spool damaged",                   "待发队列损坏"}},
	{EVENT_CLOCK_STEPPED,      {"clock-stepped",      "gateway clock stepped",           "网关时钟跳变"}},
	{EVENT_CONFIG_REFUSED,     {"config-refused",     "configuration refused",           "配置被拒绝"}},
	{EVENT_TERMINAL_RESTARTED, {"terminal-restarted", "terminal restarted",              "终端重启"}},
	{EVENT_READING_CONFLICT,   {"reading-conflict",   "two readings contradict",         "抄表记录冲突"}},
	{EVENT_UNKNOWN_METER,      {"unknown-meter",      "unknown meter",                   "未知表计"}},
	{EVENT_BAD_BATCH,          {"bad-batch",          "malformed batch",                 "批次格式错误"}},
	{EVENT_FOREIGN_TOPIC,      {"foreign-topic",      "message on a foreign topic",      "主题越权"}},
	{EVENT_BATCH_CONFLICT,     {"batch-conflict",     "batch name used twice",           "批次号冲突"}},
	{EVENT_BAD_RESULT_MAC,     {"bad-result-mac",     "result with a wrong signature",   "结果签名错误"}},
	{EVENT_STORE_RESTORED,     {"store-restored",     "store restored from a backup",    "数据库已恢复"}},
	{EVENT_CLIENT_REFUSED,     {"client-refused",     "connection refused by the broker", "消息代理拒绝连接"}},
	{EVENT_READING_MISSED,     {"reading-missed",     "readings are missing",            "抄表缺失"}},
	{EVENT_READING_BACK,       {"reading-back",       "readings come again",             "抄表恢复"}},
	{EVENT_SPOOL_REPLACED,     {"spool-replaced",     "gateway's data folder is new or an older copy", "网关数据目录为新建或旧副本"}},
	{EVENT_STANDBY_LATE,       {"standby-late",       "the standby does not follow",     "备用库落后"}},
	{EVENT_STANDBY_BACK,       {"standby-back",       "the standby is up to date again", "备用库恢复同步"}},
	{EVENT_CUT_WAITS,          {"cut-waits",          "no cut: the last reading is too old", "暂不停电：读数过旧"}},
	{EVENT_CUT_SPARED,         {"cut-spared",         "no cut: keep-power or a never-cut mark", "不停电：保电或免停标记"}},
	{EVENT_OPENINGS_HELD,      {"openings-held",      "too many openings: they wait for two persons", "拉闸过多：等待双人确认"}},
	{EVENT_OPENINGS_STOPPED,   {"openings-stopped",   "automatic openings are stopped", "自动拉闸已停止"}},
	{EVENT_OPENINGS_AGAIN,     {"openings-again",     "automatic openings go on", "自动拉闸已恢复"}},
	{EVENT_MONEY_WRONG, {"money-wrong", "the books do not add up", "账目不平"}},
	{EVENT_RATING_FAULT, {"rating-fault", "a reading that cannot be charged", "读数无法计费"}},
	{EVENT_PURSE_DIFFERS, {"purse-differs", "meter and platform count credit differently", "表计与平台的购电次数或金额不一致"}},
	{EVENT_PRICE_UNFIT, {"price-unfit", "the meter cannot have this price: the platform goes on switching", "费率不能下发到表计：继续由平台控制"}},
	{EVENT_LATE_ALLOWANCE, {"late-allowance", "late readings change nothing: the account had an allowance", "迟到读数未更正费用：该户当时有免费额度"}},
	{EVENT_LATE_STEPS, {"late-steps", "late readings change nothing: steps of later use would change, too", "迟到读数未更正费用：其后用量的阶梯也会改变"}},
	{EVENT_LATE_ENDED, {"late-ended", "late readings change nothing: that use is settled", "迟到读数未更正费用：该用户的用量已结算"}},
	{EVENT_LATE_OLD, {"late-old", "late readings change nothing: they are older than 62 days", "迟到读数未更正费用：已超过 62 天"}},
	{EVENT_LATE_UNPRICED, {"late-unpriced", "late readings change nothing: the prices of then cannot be told", "迟到读数未更正费用：当时的费率已无法确定"}},
	{EVENT_LATE_DECIDED, {"late-decided", "late readings change nothing: a person has decided about that use", "迟到读数未更正费用：该段用量已由人工确定"}},
	{EVENT_SPENT_DIFFERS, {"spent-differs", "meter and platform charged different sums", "表计与平台的扣费金额不一致"}},
};

/* clang-format on */

const struct event_name *event_name(unsigned kind)
{
	static const struct event_name unknown = {"unknown", "unknown event", "未知事件"};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if ((unsigned)table[i].kind == kind)
			return &table[i].name;
	return &unknown;
}
