/* The kinds of messages with their built-in texts. A text names account, place, amount and balance,
 * and how to pay; it never holds a link that logs in. */
#include "platform/core/message.h"

#define PLACE  "property place account "
#define HOW_ZH "。缴费请到物业前台或线上充值，咨询 {phone}"
#define HOW_EN ". Pay online or at the desk; questions: {phone}"

/* word, Chinese, English, whose values it brings, built-in text in Chinese and in English */
/* clang-format off */
#define KINDS(X) \
	X("alarm-1", "余额提醒", "balance low", PLACE "balance days_left phone", \
	  "{property}：{place}（户号 {account}）余额 {balance} 元，约可用 {days_left} 天" HOW_ZH, \
	  "{property}: {place} (account {account}) has {balance} yuan left, about {days_left} days" HOW_EN) \
	X("alarm-2", "余额不足", "balance very low", PLACE "balance days_left phone", \
	  "{property}：{place}（户号 {account}）余额仅剩 {balance} 元，约可用 {days_left} 天，请尽快充值" HOW_ZH, \
	  "{property}: {place} (account {account}) has only {balance} yuan left, about {days_left} days" HOW_EN) \
	X("will-be-cut", "即将停电", "supply will be cut", PLACE "balance time phone", \
	  "{property}：{place}（户号 {account}）已欠费，余额 {balance} 元，将于 {time} 停电" HOW_ZH, \
	  "{property}: {place} (account {account}) owes; balance {balance} yuan; supply is cut at {time}" HOW_EN) \
	X("cut", "已停电", "supply was cut", PLACE "balance time phone", \
	  "{property}：{place}（户号 {account}）因欠费已于 {time} 停电，余额 {balance} 元，充值后自动恢复" HOW_ZH, \
	  "{property}: {place} (account {account}) was cut at {time}; balance {balance} yuan; a recharge restores supply" HOW_EN) \
	X("restored", "已恢复供电", "supply restored", PLACE "balance time", \
	  "{property}：{place}（户号 {account}）已于 {time} 恢复供电，余额 {balance} 元", \
	  "{property}: supply of {place} (account {account}) was restored at {time}; balance {balance} yuan") \
	X("recharged", "充值到账", "recharge credited", PLACE "amount balance order time supply", \
	  "{property}：{place}（户号 {account}）充值 {amount} 元已于 {time} 到账，余额 {balance} 元，单号 {order}{supply}", \
	  "{property}: {amount} yuan were credited to {place} (account {account}) at {time}; balance {balance} yuan; order {order}{supply}") \
	X("recharge-failed", "充值未到账", "recharge failed", PLACE "amount order phone", \
	  "{property}：{place}（户号 {account}）充值 {amount} 元未能到账，单号 {order}，款项将处理或退回，咨询 {phone}", \
	  "{property}: {amount} yuan for {place} (account {account}) could not be credited; order {order}; the money will be credited or returned; questions: {phone}") \
	X("refunded", "已退款", "refunded", PLACE "amount order", \
	  "{property}：{place}（户号 {account}）退款 {amount} 元已办理，单号 {order}", \
	  "{property}: {amount} yuan of {place} (account {account}) were refunded; order {order}") \
	X("price-change", "调价通知", "price change", PLACE "price_old price_new time phone", \
	  "{property}：{place}（户号 {account}）单价将于 {time} 由 {price_old} 元调整为 {price_new} 元，咨询 {phone}", \
	  "{property}: the price of {place} (account {account}) changes from {price_old} to {price_new} yuan at {time}; questions: {phone}") \
	X("closing", "销户结算", "account closed", PLACE "amount time", \
	  "{property}：{place}（户号 {account}）已于 {time} 销户，结算金额 {amount} 元", \
	  "{property}: {place} (account {account}) was closed at {time}; settlement {amount} yuan") \
	X("abnormal-use", "用能异常", "abnormal use", PLACE "amount time phone", \
	  "{property}：{place}（户号 {account}）用量异常（{amount}），发现时间 {time}，请检查，咨询 {phone}", \
	  "{property}: unusual use ({amount}) at {place} (account {account}), noticed at {time}; questions: {phone}") \
	X("outage", "计划停电", "planned outage", "property place time until phone", \
	  "{property}：{place} 计划于 {time} 至 {until} 停电检修，咨询 {phone}", \
	  "{property}: {place} will be without supply from {time} until {until}; questions: {phone}") \
	X("keep-power-ending", "保电到期", "keep-power ends", PLACE "balance time phone", \
	  "{property}：{place}（户号 {account}）保电将于 {time} 到期，余额 {balance} 元" HOW_ZH, \
	  "{property}: keep-power of {place} (account {account}) ends at {time}; balance {balance} yuan" HOW_EN) \
	X("lease-ending", "租约到期", "lease ends", "property place customer time phone", \
	  "{property}：{customer}，您在 {place} 的租约将于 {time} 到期，咨询 {phone}", \
	  "{property}: {customer}, your lease of {place} ends on {time}; questions: {phone}") \
	X("gateway-offline", "网关离线", "gateway offline", "property gateway time", \
	  "{property}：网关 {gateway} 自 {time} 起离线", \
	  "{property}: gateway {gateway} is offline since {time}") \
	X("sms-credit-low", "短信余量不足", "SMS credit low", "property amount", \
	  "{property}：短信余量仅剩 {amount} 条", \
	  "{property}: {amount} text messages are left") \
	X("reconciliation", "对账差异", "reconciliation difference", "property amount time", \
	  "{property}：{time} 对账有差异 {amount} 元，请处理", \
	  "{property}: the reconciliation of {time} differs by {amount} yuan") \
	X("bill-due", "账单提醒", "bill due", PLACE "amount time phone", \
	  "{property}：{place}（户号 {account}）账单 {amount} 元，请于 {time} 前缴费，咨询 {phone}", \
	  "{property}: {amount} yuan are due for {place} (account {account}); please pay before {time}; questions: {phone}") \
	X("bill-overdue", "账单逾期", "bill overdue", PLACE "amount time phone", \
	  "{property}：{place}（户号 {account}）账单 {amount} 元已于 {time} 逾期，请尽快缴费，咨询 {phone}", \
	  "{property}: {amount} yuan for {place} (account {account}) are overdue since {time}; questions: {phone}")
/* clang-format on */

#define WHOLE(word, zh, en, fields, body_zh, body_en) {word, zh, en, fields, body_zh, body_en},
#define NAMES(word, zh, en, fields, body_zh, body_en) {word, zh, en},

const struct message_kind message_kinds[] = {KINDS(WHOLE){.word = NULL}};
const struct sheet_word message_kind_words[] = {KINDS(NAMES){.word = NULL}};
