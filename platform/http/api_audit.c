/* The audit: one chain per property, one per group, one of the installation. Searching reads newest
 * lines first and gives up after so many lines; `next` then goes on from there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/bytes.h"
#include "libs/base/utf8.h"
#include "platform/core/refused.h"
#include "platform/core/show.h"
#include "platform/http/context.h"
#include "platform/http/page.h"
#include "platform/http/sheet_answer.h"
#include "platform/http/show_people.h"

struct audit_page {
	struct page page;
	struct audit_filter filter;
};

static bool take_line(void *arg, const struct audit_row *row)
{
	struct audit_page *list = arg;

	if (!page_take(&list->page, "", 0, row->audit_id))
		return false;
	show_audit(list->page.out, NULL, row);
	return true;
}

static enum err read_audit(struct reader *reader, void *arg)
{
	struct audit_page *list = arg;
	int64_t stopped_at;
	enum err err;

	list->filter.before = list->page.ask.after_id;
	err = audit_search(reader->db, &list->filter, take_line, list, &stopped_at);
	if (!err && stopped_at) {
		list->page.full = true;
		list->page.last_id = stopped_at;
	}
	return err;
}

static void audit_read_done(struct request *request, void *arg, enum err err)
{
	struct audit_page *list = arg;

	if (err)
		answer_err(request, err);
	else
		page_close(request, &list->page);
}

static const struct dir_property *first_property(const struct request *request)
{
	const struct directory *dir = request->http->platform->dir;

	for (size_t i = 0; i < dir->property_count; i++) {
		struct place place = directory_place_of_property(&dir->properties[i]);

		if (gate_shows(request, PERMISSION_AUDIT_READ, &place))
			return &dir->properties[i];
	}
	return NULL;
}

/* What both operations are asked: which chain, and which of its lines. */
struct audit_ask {
	const char *property; /* NULL: not said */
	int64_t group_id;
	const char *who, *action, *object, *result, *text;
	int64_t from_s, to_s;
};

#define AUDIT_ASK(query)                                                                           \
	(struct audit_ask)                                                                         \
	{                                                                                          \
		.property = (query)->has_property ? (query)->property : NULL,                      \
		.group_id = (query)->has_group ? (query)->group : 0,                               \
		.who = (query)->has_who ? (query)->who : "",                                       \
		.action = (query)->has_action ? (query)->action : "",                              \
		.object = (query)->has_object ? (query)->object : "",                              \
		.result = (query)->has_result ? (query)->result : "",                              \
		.text = (query)->has_q ? (query)->q : "",                                          \
		.from_s = (query)->has_from ? (query)->from_s : 0,                                 \
		.to_s = (query)->has_to ? (query)->to_s : 0,                                       \
	}

/* False: answered. */
static bool find_property(struct request *request, const struct audit_ask *ask, struct place *place,
                          char object[64])
{
	const struct dir_property *property =
	        ask->property ? directory_slug(request->http->platform->dir, ask->property)
	                      : first_property(request);

	if (!property) {
		answer_err(request, ERR_NOT_FOUND);
		return false;
	}
	*place = directory_place_of_property(property);
	snprintf(object, 64, "property %s", property->slug);
	return true;
}

/* False: answered. */
static bool find_chain(struct request *request, const struct audit_ask *ask, struct place *place)
{
	char object[64] = "installation";

	if (ask->group_id && ask->property) {
		answer_problem(request, PROBLEM_BAD_FIELD, "group", "a group or a property");
		return false;
	}
	*place = (struct place){.group_id = ask->group_id};
	if (ask->group_id)
		snprintf(object, sizeof object, "group %lld", (long long)ask->group_id);
	else if (!ask->property || strcmp(ask->property, "installation") != 0)
		if (!find_property(request, ask, place, object))
			return false;
	return gate_allows(request, PERMISSION_AUDIT_READ, place, object);
}

static void read_filter(const struct audit_ask *ask, const struct place *place,
                        struct audit_filter *filter)
{
	*filter = (struct audit_filter){.property_id = place->property_id,
	                                .group_id = place->property_id ? 0 : place->group_id,
	                                .from_ms = ask->from_s * 1000,
	                                .to_ms = ask->to_s * 1000};
	utf8_copy(filter->who, sizeof filter->who, ask->who);
	utf8_copy(filter->action, sizeof filter->action, ask->action);
	utf8_copy(filter->object, sizeof filter->object, ask->object);
	utf8_copy(filter->result, sizeof filter->result, ask->result);
	utf8_copy(filter->text, sizeof filter->text, ask->text);
}

void audit_show(struct request *request)
{
	const struct audit_ask ask = AUDIT_ASK(audit_show_query(request));
	struct audit_page *list = request_alloc(request, sizeof *list);
	struct place place;

	if (!list) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	if (!find_chain(request, &ask, &place) || !page_open(request, &list->page))
		return;
	read_filter(&ask, &place, &list->filter);
	request_read(request, read_audit, list, audit_read_done);
}

/* ---- the whole chain ---- */

struct proving {
	struct place place;
	struct audit_proof proof;
};

static enum err prove(struct reader *reader, void *arg)
{
	struct proving *proving = arg;
	const struct place *place = &proving->place;
	enum err err = audit_verify(reader->db, place->property_id,
	                            place->property_id ? 0 : place->group_id, &proving->proof);

	return err == ERR_DAMAGED ? ERR_NONE : err; /* that is the answer */
}

static void proved(struct request *request, void *arg, enum err err)
{
	const struct proving *proving = arg;
	struct json_out *out = &request->out;
	char hash[2 * AUDIT_HASH_SIZE + 1];

	request->http->proving = false;
	if (err) {
		answer_err(request, err);
		return;
	}
	hex_encode(proving->proof.hash, AUDIT_HASH_SIZE, hash);
	out_object(out, NULL);
	out_int(out, "lines", proving->proof.lines);
	out_text(out, "last_hash", hash);
	show_number(out, "bad_line", proving->proof.bad_id);
	out_object_end(out);
	answer_json(request, 200);
}

/* A long chain takes a reader thread for seconds: never two of them. */
void audit_chain(struct request *request)
{
	const struct query_audit_chain *query = audit_chain_query(request);
	const struct audit_ask ask = {.property = query->has_property ? query->property : NULL,
	                              .group_id = query->has_group ? query->group : 0};
	struct proving *proving = request_alloc(request, sizeof *proving);

	if (!proving) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	if (!find_chain(request, &ask, &proving->place))
		return;
	if (request->http->proving)
		answer_err(request, ERR_FULL);
	else
		request->http->proving = request_read(request, prove, proving, proved);
}

/* ---- export ---- */

#define LINES_AT_ONCE 500

struct exporting {
	struct sheet_answer answer; /* first */
	struct audit_filter filter;
	bool begun;
	int64_t left; /* of this slice */
};

static const struct {
	const char *key, *zh, *en;
} columns[] = {
        {"id",     "编号",    "number"    },
        {"at",     "时间",    "time"      },
        {"who",    "操作者", "who"       },
        {"origin", "来源",    "from where"},
        {"action", "操作",    "action"    },
        {"object", "对象",    "object"    },
        {"result", "结果",    "result"    },
        {"reason", "原因",    "reason"    },
        {"detail", "详情",    "detail"    },
        {"before", "之前",    "before"    },
        {"after",  "之后",    "after"     },
};

static void put_text(struct sheet_writer *writer, const char *text)
{
	if (text)
		sheet_put_text(writer, text, strlen(text));
	else
		sheet_put_nothing(writer);
}

static void put_header(const struct sheet_answer *answer)
{
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		put_text(answer->writer, answer->lang == SHEET_ZH   ? columns[i].zh
		                         : answer->lang == SHEET_EN ? columns[i].en
		                                                    : columns[i].key);
	sheet_row_end(answer->writer);
}

static bool put_line(void *arg, const struct audit_row *row)
{
	struct exporting *exporting = arg;
	struct sheet_writer *writer = exporting->answer.writer;

	sheet_put_number(writer, row->audit_id, 0);
	sheet_put_time(writer, row->at_ms / 1000);
	put_text(writer, row->who);
	put_text(writer, row->origin);
	put_text(writer, row->action);
	put_text(writer, row->object);
	put_text(writer, row->result);
	put_text(writer, row->reason);
	put_text(writer, row->detail);
	put_text(writer, row->before);
	put_text(writer, row->after);
	sheet_row_end(writer);
	exporting->filter.before = row->audit_id;
	return --exporting->left > 0;
}

static enum err next_lines(struct sheet_answer *answer, struct reader *reader, bool *end)
{
	struct exporting *exporting = (struct exporting *)(void *)answer;
	int64_t stopped_at;
	enum err err;

	if (!exporting->begun)
		put_header(answer);
	exporting->begun = true;
	exporting->left = LINES_AT_ONCE;
	err = audit_search(reader->db, &exporting->filter, put_line, exporting, &stopped_at);
	if (stopped_at)
		exporting->filter.before = stopped_at;
	*end = exporting->left > 0 && !stopped_at;
	return err ? err : sheet_writer_error(answer->writer);
}

static bool may_export(const struct sheet_answer *answer, const struct access *access,
                       int64_t now_s)
{
	return access_allows(access, PERMISSION_AUDIT_READ, &answer->place, now_s);
}

struct taking {
	struct audit_filter filter;
	struct audit_taken step;
};

static enum err taken_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct taking *taking = arg;

	return audit_taken_step(tx, &taking->step, now_ms, out);
}

static void taken(struct request *request, void *arg, enum err err)
{
	const struct query_audit_export *query = audit_export_query(request);
	const struct taking *taking = arg;
	struct exporting *exporting = err ? NULL : calloc(1, sizeof *exporting);
	const struct sheet_answer_ask ask = {.format = query->format,
	                                     .lang = query->lang,
	                                     .encoding = query->encoding,
	                                     .name = "audit",
	                                     .title = "audit",
	                                     .rows = next_lines,
	                                     .may = may_export};

	if (!exporting) {
		answer_err(request, err ? err : ERR_NOMEM);
		return;
	}
	exporting->filter = taking->filter;
	request->place = taking->step.place; /* the path names none */
	answer_sheet(request, &exporting->answer, &ask);
}

void audit_export(struct request *request)
{
	const struct audit_ask ask = AUDIT_ASK(audit_export_query(request));
	struct taking *taking = request_alloc(request, sizeof *taking);

	if (!taking) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	if (!find_chain(request, &ask, &taking->step.place))
		return;
	read_filter(&ask, &taking->step.place, &taking->filter);
	actor_fill(&taking->step.actor, request, "");
	request_step(request, taken_step, taking, taken);
}
