#include "platform/test/staff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "platform/core/role.h"
#include "platform/store/grant.h"

static struct actor make(struct lab *lab, const char *name, const struct grant_row *where)
{
	struct user_row user = {.password_hash = "x", .lang = "en"};
	struct actor actor = {.origin = "test", .reason = "because"};
	struct grant_row grant = *where;

	snprintf(user.name, sizeof user.name, "%s", name);
	assert_int_equal(user_insert(lab->db, &user), ERR_NONE);
	grant.user_id = user.user_id;
	assert_int_equal(grant_insert(lab->db, &grant), ERR_NONE);
	snprintf(actor.who, sizeof actor.who, "%s", name);
	actor.user_id = user.user_id;
	return actor;
}

struct actor staff_with(struct lab *lab, const char *name, uint64_t permissions, int64_t group_id,
                        int64_t property_id, int64_t space_id)
{
	struct role_row role = {.group_id = group_id, .permissions = permissions};
	struct grant_row grant = {
	        .group_id = group_id, .property_id = property_id, .space_id = space_id};

	snprintf(role.name, sizeof role.name, "role of %s", name);
	assert_int_equal(role_insert(lab->db, &role), ERR_NONE);
	grant.role_id = role.role_id;
	return make(lab, name, &grant);
}

struct actor staff_chief(struct lab *lab)
{
	return make(lab, "chief", &(struct grant_row){.role_id = ROLE_ADMINISTRATOR});
}
