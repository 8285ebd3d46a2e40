/* Photos of registers: in, and out to who may read the account. */
#include <stdlib.h>

#include "platform/core/photo.h"
#include "platform/http/account_show.h"
#include "platform/http/act.h"

/* ---- in ---- */

struct photo_act {
	struct act act;
	struct photo_add add;
};

static enum err add_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct photo_act *act = arg;

	return photo_add_step(tx, &act->add, now_ms, out);
}

static void write_photo(struct json_out *out, const void *arg)
{
	const struct photo_act *act = arg;
	const struct photo_row *row = &act->add.row;

	out_object(out, NULL);
	out_text(out, "name", row->name);
	out_text(out, "type", row->type);
	out_int(out, "bytes", row->bytes);
	out_time_s(out, "created_at", row->created_s);
	out_object_end(out);
}

void photo_add(struct request *request)
{
	struct photo_act *act = request_alloc(request, sizeof *act);
	struct account_act *on;

	if (!act) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	on = &act->add.act;
	act->act = (struct act){
	        .step = add_step, .fault = &on->fault, .write = write_photo, .status = 201};
	on->property_id = request->place.property_id;
	on->account_id = request_number(request, "account");
	actor_fill(&on->actor, request, "");
	act->add.bytes = request->body;
	act->add.len = request->body_len;
	act_run(request, &act->act);
}

/* ---- out ---- */

struct photo_look {
	const struct request *request;
	int64_t account_id;
	const char *name;
	struct photo_row row;
	void *bytes;
};

static enum err read_photo(struct reader *reader, void *arg)
{
	struct photo_look *look = arg;
	const struct request *request = look->request;
	struct account_row account;
	enum err err = account_see(reader->db, request, look->account_id, &account);

	return err ? err
	           : photo_read(reader->db, request->place.property_id, look->account_id,
	                        look->name, &look->row, &look->bytes);
}

static void photo_done(struct request *request, void *arg, enum err err)
{
	struct photo_look *look = arg;

	if (err) {
		answer_err(request, err);
		return;
	}
	/* Whatever is in the bytes: a browser that is led here shows a picture and runs nothing. */
	answer_header(request, "Content-Disposition", "inline");
	answer_text(request, 200, look->row.type, look->bytes, (size_t)look->row.bytes);
	free(look->bytes);
}

void photo_show(struct request *request)
{
	struct photo_look *look = request_alloc(request, sizeof *look);

	if (!look) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	look->request = request;
	look->account_id = request_number(request, "account");
	look->name = request_param(request, "photo");
	request_read(request, read_photo, look, photo_done);
}
