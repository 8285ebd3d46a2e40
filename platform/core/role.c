#include "platform/core/role.h"

#include <stdio.h>
#include <string.h>

#include "platform/core/access.h"

#define P(permission) PERMISSION_BIT(PERMISSION_##permission)

#define MANAGER                                                                                    \
	(P(PROPERTY_READ) | P(PROPERTY_WRITE) | P(SPACE_WRITE) | P(METER_WRITE) |                  \
	 P(METER_COMMAND) | P(METER_BATCH) | P(DEVICE_ADOPT) | P(GATEWAY_WRITE) |                  \
	 P(CUSTOMER_READ) | P(CUSTOMER_REVEAL) | P(CUSTOMER_WRITE) | P(PLAN_WRITE) |               \
	 P(SHEET_IMPORT) | P(SHEET_EXPORT) | P(USER_READ) | P(APPROVAL_DECIDE) | P(AUDIT_READ) |   \
	 P(PERSON_EXPORT) | P(PERSON_ERASE) | P(ACCOUNT_READ) | P(ACCOUNT_WRITE) |                 \
	 P(ACCOUNT_CLOSE) | P(TARIFF_WRITE) | P(VEND) | P(REFUND) | P(ALLOWANCE_WRITE) |           \
	 P(SUPPLY_WRITE) | P(LEDGER_READ) | P(ALARM_WRITE))
#define CASHIER                                                                                    \
	(P(PROPERTY_READ) | P(CUSTOMER_READ) | P(CUSTOMER_WRITE) | P(ACCOUNT_READ) | P(VEND) |     \
	 P(REFUND))
#define ELECTRICIAN                                                                                \
	(P(PROPERTY_READ) | P(METER_WRITE) | P(METER_COMMAND) | P(DEVICE_ADOPT) | P(ALARM_WRITE))
#define FINANCE                                                                                    \
	(P(PROPERTY_READ) | P(CUSTOMER_READ) | P(SHEET_EXPORT) | P(AUDIT_READ) | P(ACCOUNT_READ) | \
	 P(LEDGER_READ) | P(LEDGER_WRITE))
#define AUDITOR                                                                                    \
	(P(PROPERTY_READ) | P(CUSTOMER_READ) | P(USER_READ) | P(AUDIT_READ) | P(ACCOUNT_READ) |    \
	 P(LEDGER_READ))

const struct builtin_role builtin_roles[] = {
        {ROLE_ADMINISTRATOR,    "administrator",    "系统管理员",          "administrator",                PERMISSION_ALL             },
        {ROLE_GROUP_ADMIN,      "group-admin",      "集团管理员",          "group admin",                  PERMISSION_ALL & ~P(SYSTEM)},
        {ROLE_PROPERTY_MANAGER, "property-manager", "物业经理",             "property manager",             MANAGER                    },
        {ROLE_CASHIER,          "cashier",          "收费员",                "cashier",                      CASHIER                    },
        {ROLE_ELECTRICIAN,      "electrician",      "抄表员和维修电工", "meter reader and electrician",
         ELECTRICIAN                                                                                                                       },
        {ROLE_FINANCE,          "finance",          "财务",                   "finance",                      FINANCE                    },
        {ROLE_AUDITOR,          "auditor",          "审计员",                "auditor",                      AUDITOR                    },
};

const size_t builtin_role_count = ARRAY_SIZE(builtin_roles);

const struct builtin_role *builtin_role_find(int64_t role_id)
{
	for (size_t i = 0; i < ARRAY_SIZE(builtin_roles); i++)
		if (builtin_roles[i].role_id == role_id)
			return &builtin_roles[i];
	return NULL;
}

const struct builtin_role *builtin_role_named(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(builtin_roles); i++)
		if (strcmp(builtin_roles[i].word, word) == 0)
			return &builtin_roles[i];
	return NULL;
}

enum err role_permissions(struct db *db, int64_t role_id, uint64_t *permissions)
{
	const struct builtin_role *builtin = builtin_role_find(role_id);
	struct role_row row;
	enum err err = ERR_NONE;

	*permissions = 0;
	if (builtin) {
		*permissions = builtin->permissions;
	} else {
		err = role_get(db, role_id, &row);
		if (!err)
			*permissions = row.permissions & PERMISSION_ALL;
	}
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

enum err role_name(struct db *db, int64_t role_id, char name[ROLE_NAME_SIZE])
{
	const struct builtin_role *builtin = builtin_role_find(role_id);
	struct role_row row;
	enum err err = ERR_NONE;

	name[0] = '\0';
	if (builtin)
		snprintf(name, ROLE_NAME_SIZE, "%s", builtin->word);
	else
		err = role_get(db, role_id, &row);
	if (!err && !builtin)
		memcpy(name, row.name, ROLE_NAME_SIZE);
	return err;
}
