/* The built-in roles of an installation: data, not rows. They can be copied, not edited. Own roles
 * are rows of a group (platform/store/grant.h). */
#ifndef PLATFORM_CORE_ROLE_H
#define PLATFORM_CORE_ROLE_H

#include <stddef.h>
#include <stdint.h>

/* Numbers of built-in roles are below this. */
#define ROLE_OWN_FIRST 100

enum {
	ROLE_ADMINISTRATOR = 1, /* of the installation; the only one with `system.manage` */
	ROLE_GROUP_ADMIN = 2,
	ROLE_PROPERTY_MANAGER = 3,
	ROLE_CASHIER = 4,
	ROLE_ELECTRICIAN = 5,
	ROLE_FINANCE = 6,
	ROLE_AUDITOR = 7,
};

struct builtin_role {
	int64_t role_id;
	const char *word, *zh, *en;
	uint64_t permissions; /* bits of enum permission */
};

extern const struct builtin_role builtin_roles[];
extern const size_t builtin_role_count;

/* NULL: none. */
const struct builtin_role *builtin_role_find(int64_t role_id);
const struct builtin_role *builtin_role_named(const char *word);

#endif
