/* What stays open hears when its rights change: at once, and nobody else's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "platform/core/clock.h"
#include "platform/core/io.h"
#include "platform/core/reader.h"
#include "platform/core/role.h"
#include "platform/core/session.h"
#include "platform/core/staff.h"
#include "platform/core/watch.h"
#include "platform/test/lab.h"

static struct lab lab;
static struct io *io;
static struct readers *readers;
static struct watches *watches;
static const struct actor cli = {.reason = "test", .who = "cli:root", .local = true};

struct page {
	struct access_watch watch;
	unsigned calls;
	bool over;
	size_t grants;
	struct page *ends; /* ends this one when it is called */
};

static void on_tick(void *arg)
{
	(void)arg; /* the loop turns */
}

static int setup(void **state)
{
	(void)state;
	lab_setup(&lab);
	lab.now_ms = clock_wall_ms(); /* watches look at the real clock */
	assert_int_equal(io_new(&io), 0);
	assert_non_null(io_timer_add(io, 5, 5, on_tick, NULL));
	assert_int_equal(readers_new(&readers, io, lab.dir, lab.url, 1), 0);
	watches = watches_new(readers);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	readers_stop(readers);
	io_drain(io);
	watches_free(watches);
	readers_free(readers);
	io_free(io);
	lab_teardown(&lab);
	return 0;
}

static void changed(void *arg, const struct access *access)
{
	struct page *page = arg;

	page->calls++;
	page->over = !access;
	page->grants = access ? access->count : 0;
	if (page->ends)
		access_watch_end(&page->ends->watch);
}

/* A person with a grant and a session, whose page is open. */
static int64_t open_page(struct page *page, const char *name)
{
	struct user_create create = {
	        .actor = cli, .row = {.group_id = 1, .password_hash = "x"}
        };
	struct grant_request grant = {
	        .actor = cli, .row = {.role_id = ROLE_CASHIER, .group_id = 1, .property_id = 1}
        };
	struct login_request login = {.life_s = 60};

	snprintf(create.row.name, sizeof create.row.name, "%s", name);
	assert_int_equal(lab_step(&lab, user_create_step, &create, false), 0);
	login.user_id = grant.row.user_id = create.row.user_id;
	assert_int_equal(lab_step(&lab, grant_add_step, &grant, false), 0);
	session_token_hash(name, login.token_hash);
	assert_int_equal(lab_step(&lab, session_open_step, &login, false), 0);
	memcpy(page->watch.token_hash, login.token_hash, sizeof page->watch.token_hash);
	page->watch.user_id = create.row.user_id;
	page->watch.changed = changed;
	page->watch.arg = page;
	access_watch_begin(watches, &page->watch);
	return grant.row.grant_id;
}

static void turn_until(const unsigned *calls, unsigned wanted)
{
	for (int i = 0; *calls < wanted; i++) {
		assert_true(i < 1000);
		io_run_once(io);
	}
}

static void a_change_reaches_its_own_watch(void **state)
{
	struct page anna = {.calls = 0}, bert = {.calls = 0};
	int64_t grant_id = open_page(&anna, "anna");
	struct grant_request take = {.actor = cli, .row = {.grant_id = grant_id}};
	struct effect_access whose = {.user_id = anna.watch.user_id};

	(void)state;
	open_page(&bert, "bert");
	/* Each is looked at once when it opens: rights may have changed on the way. */
	watches_tick(watches);
	turn_until(&anna.calls, 1);
	turn_until(&bert.calls, 1);
	assert_int_equal(anna.grants, 1);

	take.row.user_id = anna.watch.user_id;
	assert_int_equal(lab_step(&lab, grant_remove_step, &take, false), 0);
	watches_effect(watches, &whose);
	turn_until(&anna.calls, 2);
	assert_int_equal(anna.grants, 0);
	assert_false(anna.over);
	assert_int_equal(bert.calls, 1);

	assert_int_equal(db_exec(lab.db, "DELETE FROM session"), 0);
	watches_effect(watches, &(struct effect_access){0, 0});
	turn_until(&anna.calls, 3);
	turn_until(&bert.calls, 2);
	assert_true(anna.over && bert.over);
	access_watch_end(&anna.watch);
	access_watch_end(&bert.watch);
}

static void one_that_ended_is_not_called(void **state)
{
	struct page anna = {.calls = 0}, bert = {.calls = 0}, carl = {.calls = 0};

	(void)state;
	open_page(&anna, "anna");
	open_page(&bert, "bert");
	open_page(&carl, "carl");
	watches_tick(watches); /* a reader looks at all three */
	access_watch_end(&bert.watch);
	/* And one may end another while the answers are handed out: carl, the last one opened, is
	 * first in the list. */
	carl.ends = &anna;
	turn_until(&carl.calls, 1);
	for (int i = 0; i < 10; i++)
		io_run_once(io);
	assert_int_equal(bert.calls, 0);
	assert_int_equal(anna.calls, 0);
	access_watch_end(&carl.watch);
}

static void many_are_looked_at_in_turns(void **state)
{
	static struct page pages[150];

	(void)state;
	memset(pages, 0, sizeof pages);
	open_page(&pages[0], "anna");
	for (size_t i = 1; i < ARRAY_SIZE(pages); i++) {
		pages[i].watch = pages[0].watch;
		pages[i].watch.arg = &pages[i];
		access_watch_begin(watches, &pages[i].watch);
	}
	watches_tick(watches);
	for (size_t i = 0; i < ARRAY_SIZE(pages); i++) {
		turn_until(&pages[i].calls, 1);
		assert_int_equal(pages[i].calls, 1);
		access_watch_end(&pages[i].watch);
	}
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
	        T(a_change_reaches_its_own_watch),
	        T(one_that_ended_is_not_called),
	        T(many_are_looked_at_in_turns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
