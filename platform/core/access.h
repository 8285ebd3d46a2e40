/* Who may do what, and where. A person (or an API key) holds grants: a role at a scope. A scope is
 * the whole installation, a group, a property, or a space with all below it. docs/design/access.md.
 *
 * The HTTP side asks early, to answer 403 or 404 without work; every changing step asks again in its
 * own transaction (access_require), so a right that was taken away while a batch or an approval
 * waited stops it. */
#ifndef PLATFORM_CORE_ACCESS_H
#define PLATFORM_CORE_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libs/base/err.h"
#include "libs/base/macros.h"

struct tx;
struct db;
struct actor;

/* id, word in API, role sheets and the OpenAPI file, Chinese, English. The order is the bit number
 * in the store: append only. */
#define PERMISSIONS(X)                                                                             \
	X(PROPERTY_READ, "property.read", "查看物业、表计和读数",                                  \
	  "see a property, its meters and readings")                                               \
	X(PROPERTY_WRITE, "property.write", "新建和修改物业", "create and edit properties")        \
	X(SPACE_WRITE, "space.write", "修改楼栋、楼层、房间", "edit buildings, floors and rooms")  \
	X(METER_WRITE, "meter.write", "修改表计资料", "edit meters")                               \
	X(METER_COMMAND, "meter.command", "单表远程控制", "switch a meter")                        \
	X(METER_BATCH, "meter.batch", "批量远程控制", "switch many meters")                        \
	X(DEVICE_ADOPT, "device.adopt", "接入终端", "adopt terminals and import their keys")       \
	X(GATEWAY_WRITE, "gateway.write", "管理网关", "manage gateways")                           \
	X(CUSTOMER_READ, "customer.read", "查看用户 (电话脱敏)", "see customers, phones masked")   \
	X(CUSTOMER_REVEAL, "customer.reveal", "查看完整电话和证件号",                              \
	  "see whole phone and identity numbers")                                                  \
	X(CUSTOMER_WRITE, "customer.write", "修改用户和租约", "edit customers and leases")         \
	X(PLAN_WRITE, "plan.write", "修改日历、报警方案、消息模板",                                \
	  "edit calendars, alarm plans and templates")                                             \
	X(SHEET_IMPORT, "sheet.import", "导入表格", "import sheets")                               \
	X(SHEET_EXPORT, "sheet.export", "导出表格和读数", "export sheets and readings")            \
	X(USER_READ, "user.read", "查看操作员", "see staff")                                       \
	X(USER_WRITE, "user.write", "管理操作员和授权", "invite, disable and authorise staff")     \
	X(ROLE_WRITE, "role.write", "修改角色", "edit roles")                                      \
	X(APPROVAL_DECIDE, "approval.decide", "审批", "decide approvals")                          \
	X(AUDIT_READ, "audit.read", "查看审计", "read the audit")                                  \
	X(KEY_WRITE, "key.write", "管理 API 密钥", "manage API keys")                              \
	X(WEBHOOK_WRITE, "webhook.write", "管理 webhook", "manage webhooks")                       \
	X(PERSON_EXPORT, "person.export", "导出个人数据", "export a person's data")                \
	X(PERSON_ERASE, "person.erase", "删除个人数据", "erase a person's data")                   \
	X(SYSTEM, "system.manage", "管理整个系统", "manage the installation")                      \
	X(ACCOUNT_READ, "account.read", "查看户、余额和账单",                                      \
	  "see accounts, balances, statements")                                                    \
	X(ACCOUNT_WRITE, "account.write", "开户、过户、换表、改限值",                              \
	  "open and change accounts, swap meters")                                                 \
	X(ACCOUNT_CLOSE, "account.close", "销户", "close accounts")                                \
	X(TARIFF_WRITE, "tariff.write", "修改电价水价", "edit and assign tariffs")                 \
	X(VEND, "vend.sell", "收费充值和交班", "sell credit, open and close shifts")               \
	X(REFUND, "vend.refund", "退费和冲正", "refund and reverse")                               \
	X(ALLOWANCE_WRITE, "allowance.write", "发放和清除额度", "give and clear allowances")       \
	X(SUPPLY_WRITE, "supply.write", "免停标记和停控", "never-cut marks, incident switch")      \
	X(LEDGER_READ, "ledger.read", "查看账本", "read the ledger")                               \
	X(LEDGER_WRITE, "ledger.write", "处理挂账和调账", "resolve suspense, post adjustments")    \
	X(ALARM_WRITE, "alarm.write", "确认报警", "acknowledge alarms")

enum permission {

#define X(id, word, zh, en) PERMISSION_##id,
	PERMISSIONS(X)
#undef X
	        PERMISSION_COUNT
};

#define PERMISSION_BIT(permission) (UINT64_C(1) << (permission))
#define PERMISSION_ALL             ((UINT64_C(1) << PERMISSION_COUNT) - 1)

const char *permission_word(enum permission permission);
/* False: no such word. */
bool permission_parse(const char *word, enum permission *permission);

/* Where an object is. Zeros end: {group, 0} is a group's own object, {group, property, {0}} one that
 * belongs to no space. `space` holds the object's space, then its parents up to the building. */
#define SPACE_DEPTH 3

struct place {
	int64_t group_id, property_id;
	int64_t space[SPACE_DEPTH];
};

/* Makes `common` the narrowest place that holds both. */
void place_widen(struct place *common, const struct place *place);

/* 0: all below: {0,0,0} the installation, {g,0,0} a group, {g,p,0} a property. */
struct access_grant {
	uint64_t permissions;
	int64_t group_id, property_id, space_id;
	int64_t space[SPACE_DEPTH]; /* space_id, then its parents up to the building */
	int64_t expires_s;          /* 0: never */
};

#define ACCESS_GRANTS_MAX 32

struct access {
	int64_t user_id;  /* 0: none (key, CLI) */
	int64_t key_id;   /* 0: not an API key */
	int64_t group_id; /* the user's own group; 0: of the installation */
	size_t count;
	struct access_grant grant[ACCESS_GRANTS_MAX];
};

/* The same rights of the same principal, grant by grant. */
bool access_equal(const struct access *a, const struct access *b);
/* All that is allowed at this place, as bits. */
uint64_t access_permissions(const struct access *access, const struct place *place, int64_t now_s);
bool access_allows(const struct access *access, enum permission permission,
                   const struct place *place, int64_t now_s);
/* Any right at all at this place or below it: is it visible? What is not visible is answered as if
 * it did not exist. */
bool access_sees(const struct access *access, const struct place *place, int64_t now_s);
/* At this place or somewhere below it: for lists and objects that are then looked at one by one. */
bool access_reaches(const struct access *access, enum permission permission,
                    const struct place *place, int64_t now_s);
/* Somewhere: for menus and for lists that are then filtered row by row. */
bool access_anywhere(const struct access *access, enum permission permission, int64_t now_s);

/* The grants of a user or key as they are in the store now. ERR_AUTH: disabled, expired or gone. */
MUST_USE enum err access_load_user(struct db *db, int64_t user_id, int64_t now_s,
                                   struct access *access);
/* In api_key.c. */
MUST_USE enum err access_load_key(struct db *db, int64_t key_id, int64_t now_s,
                                  struct access *access);

/* The one or the other, as the actor is; a local one may do everything. */
MUST_USE enum err access_load(struct db *db, const struct actor *actor, int64_t now_s,
                              struct access *access);
/* The person behind an actor: himself, or the maker of his key; 0: nobody (local). */
MUST_USE enum err access_person(struct db *db, const struct actor *actor, int64_t *user_id);

/* In a step: may this actor do it here, by the rows of this transaction? The CLI (actor->local) may
 * all. ERR_NOT_FOUND: not visible, answer as for a missing object; ERR_FORBIDDEN: visible, but not
 * this. */
MUST_USE enum err access_require(struct tx *tx, const struct actor *actor,
                                 enum permission permission, const struct place *place,
                                 int64_t now_ms);

/* The same at a property as a whole. */
MUST_USE enum err access_require_property(struct tx *tx, const struct actor *actor,
                                          enum permission permission, int64_t property_id,
                                          int64_t now_ms);

/* The same for what is alone by its number: who has not even `seen` there does not hear that it
 * exists, ERR_HIDDEN. */
MUST_USE enum err access_require_seen(struct tx *tx, const struct actor *actor,
                                      enum permission permission, enum permission seen,
                                      int64_t property_id, int64_t now_ms);

/* In no space of its property: what only grants of the whole property reach. {0} instead would be
 * the property itself, which everybody sees who sees anything in it. */
#define SPACE_NOWHERE INT64_C(-1)

/* Of a meter or whatever else stands in a space, or in none (space_id 0). */
MUST_USE enum err place_of_object(struct db *db, int64_t property_id, int64_t space_id,
                                  struct place *place);

/* {group, property, spaces} of a space by the rows of this transaction; space_id 0: the property. */
MUST_USE enum err place_of_space(struct db *db, int64_t property_id, int64_t space_id,
                                 struct place *place);

#endif
