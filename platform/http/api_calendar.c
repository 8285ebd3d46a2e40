/* Calendars of groups and properties, and what holds at an instant. */
#include <stdio.h>
#include <string.h>

#include "platform/core/calendar.h"
#include "platform/http/act.h"

static const char *const day_words[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday"};
static const char *const kind_words[] = {
        [CALENDAR_PLAIN] = "plain",
        [CALENDAR_HOLIDAY] = "holiday",
        [CALENDAR_WORKDAY] = "workday",
};

_Static_assert(DAYS_MONDAY == 1 << 0 && DAYS_SUNDAY == 1 << 6 && DAYS_HOLIDAY == 1 << 7,
               "the order of day_words");

/* "18:30"; 24:00 is the end of a day. */
static int16_t minute_of(const char *text)
{
	return (int16_t)(((text[0] - '0') * 10 + text[1] - '0') * 60 + (text[3] - '0') * 10 +
	                 text[4] - '0');
}

static void out_minute(struct json_out *out, const char *key, int minute)
{
	char text[16];

	snprintf(text, sizeof text, "%02d:%02d", minute / 60, minute % 60);
	out_text(out, key, text);
}

static size_t word_index(const char *const *words, size_t count, const char *word)
{
	size_t i = 0;

	while (i + 1 < count && strcmp(words[i], word) != 0)
		i++;
	return i;
}

/* ---- shown ---- */

static void show_head(struct json_out *out, const struct calendar_row *row)
{
	out_id(out, "id", row->calendar_id);
	out_text(out, "name", row->name);
	out_text(out, "owner", source_word(row->property_id ? SOURCE_PROPERTY : SOURCE_GROUP));
	out_time_s(out, "created_at", row->created_s);
	out_int(out, "version", row->version);
}

static void show_window(struct json_out *out, const struct calendar_window *window)
{
	out_object(out, NULL);
	out_array(out, "days");
	for (size_t i = 0; i < ARRAY_SIZE(day_words); i++)
		if (window->days & 1U << i)
			out_text(out, NULL, day_words[i]);
	out_array_end(out);
	out_minute(out, "from", window->from_min);
	out_minute(out, "to", window->to_min);
	out_object_end(out);
}

static void show_calendar(struct json_out *out, const struct calendar_row *row,
                          const struct calendar_content *content)
{
	const struct calendar *calendar = &content->calendar;

	out_object(out, NULL);
	show_head(out, row);
	out_array(out, "friendly");
	for (size_t i = 0; i < calendar->window_count; i++)
		show_window(out, &calendar->window[i]);
	out_array_end(out);
	out_array(out, "days");
	for (size_t i = 0; i < calendar->day_count; i++) {
		out_object(out, NULL);
		out_day(out, "date", calendar->day[i].day);
		out_text(out, "kind", kind_words[calendar->day[i].kind]);
		out_bool(out, "cut_free", calendar->day[i].cut_free);
		out_text(out, "name", content->day_name[i]);
		out_object_end(out);
	}
	out_array_end(out);
	out_object_end(out);
}

/* ---- lists ---- */

static void take_calendar(void *arg, const struct calendar_row *row)
{
	struct rows *rows = arg;
	struct page *page = &rows->page;

	if ((page->ask.has_after && row->calendar_id <= page->ask.after_id) || page->full ||
	    !page_take(page, "", 0, row->calendar_id))
		return;
	out_object(page->out, NULL);
	show_head(page->out, row);
	out_object_end(page->out);
}

static enum err read_calendars(struct reader *reader, struct rows *rows)
{
	const struct place *place = &rows->request->place;

	return calendar_list(reader->db, place->group_id, place->property_id, take_calendar, rows);
}

static void list(struct request *request)
{
	rows_list(request, read_calendars);
}

void calendars_list(struct request *request)
{
	list(request);
}

void group_calendars_list(struct request *request)
{
	list(request);
}

/* ---- one ---- */

struct calendar_look {
	struct look look;
	int64_t calendar_id;
	struct calendar_row row;
	struct calendar_content content;
};

static enum err read_calendar(struct reader *reader, struct look *look)
{
	struct calendar_look *calendar = (struct calendar_look *)look;
	const struct place *place = &look->request->place;
	enum err err = calendar_get(reader->db, calendar->calendar_id, &calendar->row);

	/* A property's path reaches its own calendars and its group's; the group's path its own. */
	if (!err &&
	    (calendar->row.group_id != place->group_id ||
	     (calendar->row.property_id && calendar->row.property_id != place->property_id)))
		return ERR_NOT_FOUND;
	look->version = calendar->row.version;
	return err ? err : calendar_read(reader->db, calendar->calendar_id, &calendar->content);
}

static void write_calendar_look(struct json_out *out, const void *arg)
{
	const struct calendar_look *calendar = arg;

	show_calendar(out, &calendar->row, &calendar->content);
}

static void show(struct request *request)
{
	struct calendar_look *calendar = request_alloc(request, sizeof *calendar);

	if (!calendar) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	calendar->look.read = read_calendar;
	calendar->look.write = write_calendar_look;
	calendar->calendar_id = request_number(request, "calendar");
	look_run(request, &calendar->look);
}

void calendar_show(struct request *request)
{
	show(request);
}

void group_calendar_show(struct request *request)
{
	show(request);
}

/* ---- edits ---- */

struct calendar_act {
	struct act act;
	struct calendar_edit edit;
	struct calendar_content content;
};

static enum err calendar_step(struct tx *tx, void *act, int64_t now_ms, struct effects *out)
{
	return calendar_edit_step(tx, &((struct calendar_act *)act)->edit, now_ms, out);
}

static enum err calendar_gone_step(struct tx *tx, void *act, int64_t now_ms, struct effects *out)
{
	return calendar_delete_step(tx, &((struct calendar_act *)act)->edit, now_ms, out);
}

static void write_calendar_act(struct json_out *out, const void *arg)
{
	const struct calendar_act *act = arg;

	show_calendar(out, &act->edit.row, &act->content);
}

static struct calendar_act *calendar_act(struct request *request, step_fn step)
{
	struct calendar_act *act = request_alloc(request, sizeof *act);

	if (!act) {
		answer_err(request, ERR_NOMEM);
		return NULL;
	}
	act->act = (struct act){.step = step, .fault = &act->edit.fault};
	act->edit.group_id = request->place.group_id;
	act->edit.property_id = request->place.property_id;
	act->edit.version = request->version;
	act->edit.content = &act->content;
	actor_fill(&act->edit.actor, request, "");
	return act;
}

static void take_windows(struct calendar_act *act, const struct body_friendly_window *windows,
                         size_t count)
{
	struct calendar *calendar = &act->content.calendar;

	act->edit.has_windows = true;
	calendar->window_count = count < CALENDAR_WINDOWS_MAX ? count : CALENDAR_WINDOWS_MAX;
	for (size_t i = 0; i < calendar->window_count; i++) {
		struct calendar_window *window = &calendar->window[i];

		for (size_t k = 0; k < windows[i].days_count; k++)
			window->days |= (uint8_t)(1U << word_index(day_words, ARRAY_SIZE(day_words),
			                                           windows[i].days[k]));
		window->from_min = minute_of(windows[i].from);
		window->to_min = minute_of(windows[i].to);
	}
}

static void take_days(struct calendar_act *act, const struct body_calendar_day *days, size_t count)
{
	struct calendar *calendar = &act->content.calendar;

	act->edit.has_days = true;
	calendar->day_count = count < CALENDAR_DAYS_MAX ? count : CALENDAR_DAYS_MAX;
	for (size_t i = 0; i < calendar->day_count; i++) {
		calendar->day[i] = (struct calendar_day){
		        .day = (int32_t)days[i].date_day,
		        .kind = (uint8_t)word_index(kind_words, ARRAY_SIZE(kind_words),
		                                    days[i].kind),
		        .cut_free = days[i].cut_free};
		utf8_copy(act->content.day_name[i], CALENDAR_DAY_NAME,
		          days[i].name ? days[i].name : "");
	}
}

static void create(struct request *request, const struct body_new_calendar *body)
{
	struct calendar_act *act = calendar_act(request, calendar_step);

	if (!act)
		return;
	act->act.status = 201;
	act->act.write = write_calendar_act;
	act->edit.name = body->name;
	if (body->has_friendly)
		take_windows(act, body->friendly, body->friendly_count);
	if (body->has_days)
		take_days(act, body->days, body->days_count);
	act_run(request, &act->act);
}

void calendar_create(struct request *request)
{
	create(request, calendar_create_body(request));
}

void group_calendar_create(struct request *request)
{
	create(request, group_calendar_create_body(request));
}

static void edit(struct request *request, const struct body_calendar_edit *body)
{
	struct calendar_act *act = calendar_act(request, calendar_step);

	if (!act)
		return;
	act->act.write = write_calendar_act;
	act->act.version = &act->edit.row.version;
	act->edit.calendar_id = request_number(request, "calendar");
	act->edit.name = body->name;
	if (body->has_friendly)
		take_windows(act, body->friendly, body->friendly_count);
	if (body->has_days)
		take_days(act, body->days, body->days_count);
	act_run(request, &act->act);
}

void calendar_edit(struct request *request)
{
	edit(request, calendar_edit_body(request));
}

void group_calendar_edit(struct request *request)
{
	edit(request, group_calendar_edit_body(request));
}

static void take_away(struct request *request)
{
	struct calendar_act *act = calendar_act(request, calendar_gone_step);

	if (!act)
		return;
	act->edit.calendar_id = request_number(request, "calendar");
	act_run(request, &act->act);
}

void calendar_remove(struct request *request)
{
	take_away(request);
}

void group_calendar_remove(struct request *request)
{
	take_away(request);
}

/* ---- what holds ---- */

struct state_look {
	struct look look;
	int64_t at_s, calendar_id;
	enum source source;
	struct calendar_state state;
	int64_t cut_from_s;
	struct calendar_content content;
};

static enum err read_state(struct reader *reader, struct look *look)
{
	struct state_look *found = (struct state_look *)look;
	struct property_row property;
	int32_t offset_s;
	enum err err = property_get(reader->db, look->request->place.property_id, &property);

	look->version = -1;
	if (!err)
		err = calendar_of_property(reader->db, &property, &found->calendar_id,
		                           &found->source);
	if (!err && found->calendar_id)
		err = calendar_read(reader->db, found->calendar_id, &found->content);
	offset_s = (int32_t)(property.utc_offset_min * 60);
	found->state = calendar_at(&found->content.calendar, found->at_s, offset_s);
	found->cut_from_s = calendar_cut_from(&found->content.calendar, found->at_s, offset_s);
	return err;
}

static void write_state(struct json_out *out, const void *arg)
{
	const struct state_look *found = arg;

	out_object(out, NULL);
	out_id(out, "calendar", found->calendar_id);
	out_text(out, "source", source_word(found->source));
	out_time_s(out, "at", found->at_s);
	out_bool(out, "holiday", found->state.holiday);
	out_bool(out, "friendly", found->state.friendly);
	out_bool(out, "cut_free", found->state.cut_free);
	if (found->cut_from_s == CALENDAR_NEVER)
		out_null(out, "cut_from");
	else
		out_time_s(out, "cut_from", found->cut_from_s);
	out_object_end(out);
}

void calendar_state_show(struct request *request)
{
	const struct query_calendar_state_show *query = calendar_state_show_query(request);
	struct state_look *found = request_alloc(request, sizeof *found);

	if (!found) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	found->look.read = read_state;
	found->look.write = write_state;
	found->at_s = query->has_at ? query->at_s : request->now_ms / 1000;
	look_run(request, &found->look);
}
