#include "platform/sheet/xml_in.h"

#include <expat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIECE 16384

/* expat's allocator takes no argument, so the counter of the parser at work is the thread's. */
static _Thread_local size_t *in_use;

union block {
	size_t size;
	max_align_t align;
};

static void *limited_alloc(size_t size)
{
	union block *block;

	if (size > XML_MEMORY_MAX || *in_use + size > XML_MEMORY_MAX)
		return NULL;
	block = malloc(sizeof *block + size);
	if (!block)
		return NULL;
	block->size = size;
	*in_use += size;
	return block + 1;
}

static void limited_free(void *memory)
{
	union block *block = memory;

	if (!block)
		return;
	block--;
	*in_use -= block->size;
	free(block);
}

static void *limited_realloc(void *memory, size_t size)
{
	union block *block = memory, *grown;
	size_t before;

	if (!block)
		return limited_alloc(size);
	block--;
	before = block->size;
	if (size > XML_MEMORY_MAX || *in_use - before + size > XML_MEMORY_MAX)
		return NULL;
	grown = realloc(block, sizeof *grown + size);
	if (!grown)
		return NULL;
	grown->size = size;
	*in_use += size - before;
	return grown + 1;
}

static void fail(struct xml_in *xml, enum sheet_fault fault)
{
	struct sheet_mistake mistake = {.fault = fault};

	xml_in_fail(xml, ERR_BAD_INPUT, &mistake);
}

void xml_in_fail(struct xml_in *xml, enum err err, const struct sheet_mistake *mistake)
{
	if (!xml->err) {
		xml->err = err;
		xml->mistake = *mistake;
	}
	XML_StopParser(xml->parser, XML_FALSE);
}

void xml_in_pause(struct xml_in *xml)
{
	xml->paused = true;
	XML_StopParser(xml->parser, XML_TRUE);
}

static const char *local_name(const char *name)
{
	const char *colon = strrchr(name, ':');

	return colon ? colon + 1 : name;
}

const char *xml_attribute(const char **attributes, const char *name, bool prefixed)
{
	for (; attributes[0]; attributes += 2) {
		const char *local = local_name(attributes[0]);

		if (strcmp(local, name) == 0 && (!prefixed || local != attributes[0]))
			return attributes[1];
	}
	return NULL;
}

/* expat may still report a little after it was stopped: nothing of that counts. */
static void XMLCALL on_start(void *arg, const XML_Char *name, const XML_Char **attributes)
{
	struct xml_in *xml = arg;

	if (xml->err)
		return;
	if (++xml->depth > XML_DEPTH_MAX)
		fail(xml, SHEET_FAULT_XML);
	else
		xml->start(xml->arg, local_name(name), attributes);
}

static void XMLCALL on_end(void *arg, const XML_Char *name)
{
	struct xml_in *xml = arg;

	if (xml->err)
		return;
	xml->depth--;
	xml->end(xml->arg, local_name(name));
}

static void XMLCALL on_text(void *arg, const XML_Char *text, int len)
{
	struct xml_in *xml = arg;

	if (!xml->err && xml->text)
		xml->text(xml->arg, text, (size_t)len);
}

static void XMLCALL on_doctype(void *arg, const XML_Char *name, const XML_Char *system,
                               const XML_Char *public, int internal)
{
	(void)name;
	(void)system;
	(void)public;
	(void)internal;
	fail(arg, SHEET_FAULT_XML_ENTITY);
}

enum err xml_in_open(struct xml_in *xml, struct zip_in *zip, const char *part)
{
	static const XML_Memory_Handling_Suite memory = {limited_alloc, limited_realloc,
	                                                 limited_free};
	enum err err = zip_in_part(zip, part);

	if (err)
		return err;
	xml->zip = zip;
	xml->used = 0;
	xml->depth = 0;
	xml->paused = xml->done = false;
	xml->err = ERR_NONE;
	in_use = &xml->used;
	xml->parser = XML_ParserCreate_MM(NULL, &memory, NULL);
	if (!xml->parser) {
		zip_in_part_close(zip);
		return ERR_NOMEM;
	}
	XML_SetUserData(xml->parser, xml);
	XML_SetElementHandler(xml->parser, on_start, on_end);
	XML_SetCharacterDataHandler(xml->parser, on_text);
	XML_SetStartDoctypeDeclHandler(xml->parser, on_doctype);
	return ERR_NONE;
}

/* ERR_NONE, and a mistake that names the part's place, or what a handler said. */
static enum err ended(struct xml_in *xml, struct sheet_mistake *mistake)
{
	enum XML_Error code = XML_GetErrorCode(xml->parser);

	if (xml->err) {
		*mistake = xml->mistake;
		return xml->err;
	}
	*mistake = (struct sheet_mistake){
	        .fault = code == XML_ERROR_NO_MEMORY ? SHEET_FAULT_TOO_LARGE : SHEET_FAULT_XML};
	snprintf(mistake->detail, sizeof mistake->detail, "%s", XML_ErrorString(code));
	return ERR_BAD_INPUT;
}

static enum err feed(struct xml_in *xml, enum XML_Status *status, struct sheet_mistake *mistake)
{
	void *to = XML_GetBuffer(xml->parser, PIECE);
	size_t len;
	enum err err;

	*status = XML_STATUS_ERROR;
	if (!to)
		return ended(xml, mistake);
	err = zip_in_read(xml->zip, to, PIECE, &len, mistake);
	if (err)
		return err;
	xml->done = len == 0;
	*status = XML_ParseBuffer(xml->parser, (int)len, xml->done);
	return ERR_NONE;
}

enum err xml_in_run(struct xml_in *xml, struct sheet_mistake *mistake)
{
	enum XML_Status status = XML_STATUS_OK;
	enum err err = ERR_NONE;

	in_use = &xml->used;
	if (xml->paused) {
		xml->paused = false;
		status = XML_ResumeParser(xml->parser);
	}
	while (!err && status == XML_STATUS_OK && !xml->done)
		err = feed(xml, &status, mistake);
	if (err)
		return err;
	return status == XML_STATUS_ERROR ? ended(xml, mistake) : ERR_NONE;
}

void xml_in_close(struct xml_in *xml)
{
	if (!xml->parser)
		return;
	in_use = &xml->used;
	XML_ParserFree(xml->parser);
	xml->parser = NULL;
	zip_in_part_close(xml->zip);
}

enum err xml_in_all(struct xml_in *xml, struct zip_in *zip, const char *part,
                    struct sheet_mistake *mistake)
{
	enum err err = xml_in_open(xml, zip, part);

	if (err == ERR_NOT_FOUND) {
		*mistake = (struct sheet_mistake){.fault = SHEET_FAULT_PART_MISSING};
		snprintf(mistake->detail, sizeof mistake->detail, "%s", part);
		return ERR_BAD_INPUT;
	}
	if (err)
		return err;
	err = xml_in_run(xml, mistake);
	xml_in_close(xml);
	return err;
}
