/* Message templates: what holds, who says so, and how it reads with values. */
#include <stdio.h>
#include <string.h>

#include "platform/core/message.h"
#include "platform/http/act.h"

static void show_fields(struct json_out *out, const struct message_kind *kind)
{
	out_array(out, "fields");
	for (const char *p = kind->fields; *p;) {
		size_t len = strcspn(p, " ");

		if (len)
			out_text_len(out, NULL, p, len);
		p += len + (p[len] == ' ');
	}
	out_array_end(out);
}

static void show_preview(struct json_out *out, const char *body, const char *lang)
{
	char text[MESSAGE_TEXT_SIZE];

	(void)template_preview(body, lang, text, sizeof text);
	out_text(out, "preview", text);
	out_int(out, "sms_parts", sms_parts(text));
}

struct template_name {
	const struct message_kind *kind;
	const char *lang, *channel;
};

static void show_template(struct json_out *out, const struct template_name *name,
                          const struct template_effective *found)
{
	out_object(out, NULL);
	out_text(out, "kind", name->kind->word);
	out_text(out, "kind_zh", name->kind->zh);
	out_text(out, "kind_en", name->kind->en);
	out_text(out, "lang", name->lang);
	out_text(out, "channel", name->channel);
	out_text(out, "body", found->body);
	out_text(out, "provider_id", found->provider_id);
	out_text(out, "source", source_word(found->source));
	show_fields(out, name->kind);
	show_preview(out, found->body, name->lang);
	out_int(out, "version", found->version);
	out_object_end(out);
}

/* ---- list: kinds × languages × channels, numbered in this order ---- */

static enum err show_one(struct rows *rows, const struct template_name *name)
{
	const struct place *place = &rows->request->place;
	struct template_effective found;
	enum err err = template_effective(rows->db, place->property_id, place->group_id, name->kind,
	                                  name->lang, name->channel, &found);

	if (!err)
		show_template(rows->page.out, name, &found);
	return err;
}

static size_t count_of(const char *const *words)
{
	size_t n = 0;

	while (words[n])
		n++;
	return n;
}

static enum err read_templates(struct reader *reader, struct rows *rows)
{
	const struct list_ask *ask = &rows->page.ask;
	size_t langs = count_of(message_langs), channels = count_of(message_channels);
	enum err err = ERR_NONE;

	(void)reader;
	for (size_t k = 0; !err && message_kinds[k].word; k++)
		for (size_t i = 0; !err && i < langs * channels; i++) {
			struct template_name name = {&message_kinds[k], message_langs[i / channels],
			                             message_channels[i % channels]};
			int64_t number = (int64_t)(k * langs * channels + i) + 1;

			if (ask->has_after && number <= ask->after_id)
				continue;
			if (!page_take(&rows->page, "", 0, number))
				return ERR_NONE;
			err = show_one(rows, &name);
		}
	return err;
}

static void list(struct request *request)
{
	rows_list(request, read_templates);
}

void templates_list(struct request *request)
{
	list(request);
}

void group_templates_list(struct request *request)
{
	list(request);
}

/* ---- one ---- */

/* The words of the path; the route's patterns have checked them. */
static bool name_of(const struct request *request, struct template_name *name)
{
	name->kind = message_kind_find(request_param(request, "kind"));
	name->lang = request_param(request, "lang");
	name->channel = request_param(request, "channel");
	return name->kind && message_lang_valid(name->lang) && message_channel_valid(name->channel);
}

struct template_look {
	struct look look;
	struct template_name name;
	struct template_effective found;
};

static enum err read_template(struct reader *reader, struct look *look)
{
	struct template_look *template = (struct template_look *)look;
	const struct place *place = &look->request->place;
	enum err err = template_effective(reader->db, place->property_id, place->group_id,
	                                  template->name.kind, template->name.lang,
	                                  template->name.channel, &template->found);

	look->version = template->found.version;
	return err;
}

static void write_template_look(struct json_out *out, const void *arg)
{
	const struct template_look *template = arg;

	show_template(out, &template->name, &template->found);
}

static void show(struct request *request)
{
	struct template_look *template = request_alloc(request, sizeof *template);

	if (!template) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	if (!name_of(request, &template->name)) {
		answer_err(request, ERR_NOT_FOUND);
		return;
	}
	template->look.read = read_template;
	template->look.write = write_template_look;
	look_run(request, &template->look);
}

void template_show(struct request *request)
{
	show(request);
}

void group_template_show(struct request *request)
{
	show(request);
}

/* ---- edits ---- */

struct template_act {
	struct act act;
	struct template_edit edit;
	struct template_name name;
};

static enum err template_step(struct tx *tx, void *act, int64_t now_ms, struct effects *out)
{
	return template_edit_step(tx, &((struct template_act *)act)->edit, now_ms, out);
}

static enum err template_gone_step(struct tx *tx, void *act, int64_t now_ms, struct effects *out)
{
	return template_delete_step(tx, &((struct template_act *)act)->edit, now_ms, out);
}

static void write_template_act(struct json_out *out, const void *arg)
{
	const struct template_act *act = arg;

	show_template(out, &act->name, &act->edit.answer);
}

static struct template_act *template_act(struct request *request, step_fn step)
{
	struct template_act *act = request_alloc(request, sizeof *act);

	if (!act) {
		answer_err(request, ERR_NOMEM);
		return NULL;
	}
	if (!name_of(request, &act->name)) {
		answer_err(request, ERR_NOT_FOUND);
		return NULL;
	}
	act->act = (struct act){.step = step, .fault = &act->edit.fault};
	act->edit.group_id = request->place.group_id;
	act->edit.property_id = request->place.property_id;
	act->edit.kind = act->name.kind->word;
	act->edit.lang = act->name.lang;
	act->edit.channel = act->name.channel;
	act->edit.version = request->version;
	actor_fill(&act->edit.actor, request, "");
	return act;
}

static void edit(struct request *request, const struct body_template_edit *body)
{
	struct template_act *act = template_act(request, template_step);

	if (!act)
		return;
	act->act.version = &act->edit.answer.version;
	act->act.write = write_template_act;
	act->edit.body = body->body;
	act->edit.provider_id = body->provider_id;
	act_run(request, &act->act);
}

void template_edit(struct request *request)
{
	edit(request, template_edit_body(request));
}

void group_template_edit(struct request *request)
{
	edit(request, group_template_edit_body(request));
}

static void reset(struct request *request)
{
	struct template_act *act = template_act(request, template_gone_step);

	if (act)
		act_run(request, &act->act);
}

void template_reset(struct request *request)
{
	reset(request);
}

void group_template_reset(struct request *request)
{
	reset(request);
}

/* ---- a text that is not stored yet ---- */

void template_try(struct request *request)
{
	const char *body = template_try_body(request)->body;
	struct json_out *out = &request->out;
	char bad[MESSAGE_FIELD_SIZE];
	struct template_name name;

	if (!name_of(request, &name)) {
		answer_err(request, ERR_NOT_FOUND);
		return;
	}
	if (!template_check(name.kind, body, bad)) {
		refuse(&request->refusal, PROBLEM_BAD_FIELD, "body",
		       strcmp(bad, "{") == 0 ? "a brace%s is not closed; write {{ or }} for one"
		                             : "{%s} is no value of this kind of message",
		       strcmp(bad, "{") == 0 ? "" : bad);
		answer_refusal(request);
		return;
	}
	out_object(out, NULL);
	show_preview(out, body, name.lang);
	out_object_end(out);
	answer_json(request, 200);
}
