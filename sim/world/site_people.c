/* Who is there: staff of every role, tenants with their leases, and what a group decides by. */
#include <stdio.h>
#include <string.h>

#include "libs/base/time.h"
#include "platform/core/calendar.h"
#include "platform/core/customer.h"
#include "platform/core/lease.h"
#include "platform/core/message.h"
#include "platform/core/organisation.h"
#include "platform/core/plan.h"
#include "platform/core/role.h"
#include "platform/core/staff.h"
#include "sim/world/site.h"
#include "sim/world/site_names.h"

/* ---- calendars, plans, templates ---- */

static void add_holiday(struct calendar_content *content, int32_t day, unsigned days,
                        const char *name)
{
	for (unsigned i = 0; i < days; i++) {
		size_t n = content->calendar.day_count++;

		content->calendar.day[n] = (struct calendar_day){
		        .day = day + (int32_t)i, .kind = CALENDAR_HOLIDAY, .cut_free = true};
		snprintf(content->day_name[n], CALENDAR_DAY_NAME, "%s", name);
	}
}

/* Fixed dates of the civil calendar, of the site's last year and the two after it. */
static void fill_calendar(struct calendar_content *content, int32_t year)
{
	struct calendar *calendar = &content->calendar;

	memset(content, 0, sizeof *content);
	calendar->window[calendar->window_count++] =
	        (struct calendar_window){.days = DAYS_WEEK, .from_min = 20 * 60, .to_min = 8 * 60};
	calendar->window[calendar->window_count++] =
	        (struct calendar_window){.days = DAYS_HOLIDAY, .from_min = 0, .to_min = 24 * 60};
	for (int32_t y = year - 1; y <= year + 1; y++) {
		add_holiday(content, (int32_t)days_from_date(y, 1, 1), 1, "元旦");
		add_holiday(content, (int32_t)days_from_date(y, 5, 1), 5, "劳动节");
		add_holiday(content, (int32_t)days_from_date(y, 10, 1), 7, "国庆节");
	}
}

static enum err make_calendar(struct site *site, int64_t group_id)
{
	static struct calendar_content content;
	struct calendar_edit edit = {.actor = site_actor(),
	                             .group_id = group_id,
	                             .name = "全国节假日",
	                             .has_windows = true,
	                             .has_days = true,
	                             .content = &content};
	struct group_edit group = {
	        .actor = site_actor(), .group_id = group_id, .has_calendar = true};
	struct group_row row;
	struct civil end;
	enum err err = civil_from_unix(site->until_s, &end);

	if (err)
		return err;
	fill_calendar(&content, end.year);
	err = site_step(&site->store, calendar_edit_step, &edit);
	if (!err)
		err = group_get(site->store.db, group_id, &row);
	if (err)
		return err;
	group.version = row.version;
	group.calendar_id = edit.row.calendar_id;
	return site_step(&site->store, group_edit_step, &group);
}

/* Shops are warned earlier and may fall deeper. */
static enum err make_plan(struct site *site, int64_t group_id)
{
	struct plan_edit edit = {.actor = site_actor(),
	                         .group_id = group_id,
	                         .code = "shop",
	                         .has_name = true,
	                         .name = "商铺"};

	static const struct {
		enum plan_value value;
		int64_t amount_fen;
	} values[] = {
	        {PLAN_ALARM1,    50000},
                {PLAN_ALARM2,    10000},
                {PLAN_OVERDRAFT, 20000}
        };

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		edit.has[values[i].value] = edit.set[values[i].value] = true;
		edit.value[values[i].value] = values[i].amount_fen;
	}
	return site_step(&site->store, plan_edit_step, &edit);
}

static enum err make_group(struct site *site)
{
	int64_t group_id = site->properties[0].row.group_id;
	enum err err = make_calendar(site, group_id);

	return err ? err : make_plan(site, group_id);
}

/* ---- staff ---- */

static enum err make_user(struct site *site, const char *name, int64_t role_id,
                          const struct property_row *property, int64_t space_id, int64_t *user_id)
{
	struct user_create create = {.actor = site_actor()};
	struct grant_request grant = {.actor = site_actor()};
	enum err err;

	snprintf(create.row.name, sizeof create.row.name, "%s", name);
	site_person_name(&site->rnd, create.row.full_name, sizeof create.row.full_name);
	snprintf(create.row.lang, sizeof create.row.lang, "zh-CN");
	create.row.group_id = site->properties[0].row.group_id;
	memcpy(create.row.password_hash, site->password_hash, sizeof create.row.password_hash);
	err = site_step(&site->store, user_create_step, &create);
	if (err)
		return err;
	*user_id = create.row.user_id;
	site->users++;
	grant.row = (struct grant_row){.user_id = create.row.user_id,
	                               .role_id = role_id,
	                               .group_id = site->properties[0].row.group_id,
	                               .property_id = property ? property->property_id : 0,
	                               .space_id = space_id};
	return site_step(&site->store, grant_add_step, &grant);
}

static enum err make_property_staff(struct site *site, struct site_property *property)
{
	static const struct {
		const char *word;
		int64_t role_id;
	} roles[] = {
	        {"manager",     ROLE_PROPERTY_MANAGER},
                {"cashier",     ROLE_CASHIER         },
	        {"electrician", ROLE_ELECTRICIAN     },
                {"finance",     ROLE_FINANCE         },
	        {"auditor",     ROLE_AUDITOR         },
	};

	char name[USER_NAME_SIZE];
	int64_t user_id = 0;
	enum err err = ERR_NONE;

	for (size_t i = 0; !err && i < ARRAY_SIZE(roles); i++) {
		snprintf(name, sizeof name, "%s-%s", roles[i].word, property->row.slug);
		err = make_user(site, name, roles[i].role_id, &property->row, 0, &user_id);
		if (roles[i].role_id != ROLE_ELECTRICIAN)
			continue;
		property->electrician = (struct actor){.user_id = user_id, .origin = "127.0.0.1"};
		snprintf(property->electrician.who, sizeof property->electrician.who, "%s", name);
	}
	snprintf(name, sizeof name, "building-%s", property->row.slug);
	return err ? err
	           : make_user(site, name, ROLE_ELECTRICIAN, &property->row, property->building,
	                       &user_id);
}

/* ---- tenants ---- */

static enum err make_customer(struct site *site, const struct site_property *property,
                              int64_t *customer_id)
{
	struct rnd *rnd = &site->rnd;
	char name[CUSTOMER_NAME_SIZE], phone[2][PHONE_SIZE];
	bool company = rnd_below(rnd, 8) == 0;
	struct phone_edit phones[2] = {
	        {.number = phone[0], .label = company ? "前台" : "本人", .main = true},
	        {.number = phone[1],                  .label = company ? "财务" : "家人"                                      },
	};
	struct customer_edit edit = {.actor = site_actor(),
	                             .property_id = property->row.property_id,
	                             .kind = company ? "company" : "person",
	                             .name = name,
	                             .lang = rnd_below(rnd, 50) ? "zh-CN" : "en",
	                             .has_phones = true,
	                             .phone_count = 1 + (rnd_below(rnd, 3) == 0),
	                             .phone = phones};
	enum err err;

	if (company)
		site_company_name(rnd, name, sizeof name);
	else
		site_person_name(rnd, name, sizeof name);
	for (size_t i = 0; i < ARRAY_SIZE(phone); i++)
		site_phone(rnd, phone[i], sizeof phone[i]);
	err = site_step(&site->store, customer_edit_step, &edit);
	*customer_id = edit.row.customer_id;
	site->customers++;
	return err;
}

/* From one day to another, both included; end 0: open. `row` is the answer. */
static enum err make_lease(struct site *site, const struct site_property *property,
                           const struct site_meter *meter, int64_t start_day, int64_t end_day,
                           struct lease_row *row)
{
	struct lease_edit edit = {.actor = site_actor(),
	                          .property_id = property->row.property_id,
	                          .has_start = true,
	                          .has_end = true,
	                          .has_spaces = true,
	                          .start_day = start_day,
	                          .end_day = end_day,
	                          .space_count = 1,
	                          .space = &meter->space_id};
	enum err err = make_customer(site, property, &edit.customer_id);

	if (!err)
		err = site_step(&site->store, lease_edit_step, &edit);
	*row = edit.row;
	site->leases++;
	return err;
}

static enum err cancel(struct site *site, const struct lease_row *row)
{
	struct lease_edit end = {.actor = site_actor(),
	                         .property_id = row->property_id,
	                         .lease_id = row->lease_id,
	                         .version = row->version};

	return site_step(&site->store, lease_end_step, &end);
}

/* A room's leases of the last years: some stand empty, some have changed hands, some end soon, some begin soon. */
static enum err let_room(struct site *site, const struct site_property *property,
                         const struct site_meter *meter, int64_t today)
{
	struct rnd *rnd = &site->rnd;
	uint32_t lot = rnd_below(rnd, 100);
	int64_t began = today - 200 - (int64_t)rnd_below(rnd, 800), end = 0;
	struct lease_row row;
	enum err err;

	if (lot < 6)
		return ERR_NONE;
	if (lot < 14) { /* the last tenant left, another came */
		end = today - 5 - (int64_t)rnd_below(rnd, 150);
		err = make_lease(site, property, meter, began, end, &row);
		return err ? err : make_lease(site, property, meter, end + 1, 0, &row);
	}
	if (lot < 16) { /* agreed, and thought better of it */
		err = make_lease(site, property, meter, today + 20, 0, &row);
		return err ? err : cancel(site, &row);
	}
	if (lot < 20)
		return make_lease(site, property, meter, today + 5 + (int64_t)rnd_below(rnd, 40), 0,
		                  &row);
	if (lot < 26)
		end = today + 3 + (int64_t)rnd_below(rnd, 25);
	else if (lot < 75)
		end = today + 40 + (int64_t)rnd_below(rnd, 700);
	return make_lease(site, property, meter, began, end, &row);
}

enum err site_make_people(struct site *site)
{
	int64_t user_id;
	enum err err = make_group(site);

	if (!err)
		err = make_user(site, "head-office", ROLE_GROUP_ADMIN, NULL, 0, &user_id);
	for (size_t i = 0; !err && i < site->property_count; i++) {
		struct site_property *property = &site->properties[i];
		int64_t today = property_day(&property->row, site->until_s);

		err = make_property_staff(site, property);
		for (size_t k = 0; !err && k < property->meter_count; k++) {
			const struct site_meter *meter = &site->meters[property->first_meter + k];

			if (meter->in_room)
				err = let_room(site, property, meter, today);
		}
	}
	return err;
}
