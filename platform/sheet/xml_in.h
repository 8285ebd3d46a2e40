/* XML of one part of an archive, read in pieces with a bound on what the parser may keep. A document
 * type, the door of entity expansion, is refused. The only user of expat. Names come without their
 * prefix: some programs write x:row for row. */
#ifndef PLATFORM_SHEET_XML_IN_H
#define PLATFORM_SHEET_XML_IN_H

#include "platform/sheet/zip_in.h"

#define XML_MEMORY_MAX (16 * 1024 * 1024)
#define XML_DEPTH_MAX  64

struct xml_in {
	/* The user's: set before xml_in_open. */
	void (*start)(void *arg, const char *name, const char **attributes);
	void (*end)(void *arg, const char *name);
	void (*text)(void *arg, const char *text, size_t len); /* may be NULL */
	void *arg;

	void *parser; /* expat's */
	struct zip_in *zip;
	size_t used; /* bytes the parser holds */
	unsigned depth;
	bool paused, done;
	enum err err; /* what ended it */
	struct sheet_mistake mistake;
};

/* ERR_NOT_FOUND: no such part. */
MUST_USE enum err xml_in_open(struct xml_in *xml, struct zip_in *zip, const char *part);
/* Until somebody calls xml_in_pause, or the end (xml->done). */
MUST_USE enum err xml_in_run(struct xml_in *xml, struct sheet_mistake *mistake);
void xml_in_close(struct xml_in *xml);

/* Inside start, end and text. */
void xml_in_pause(struct xml_in *xml);
void xml_in_fail(struct xml_in *xml, enum err err, const struct sheet_mistake *mistake);

/* The value of an attribute by its name without prefix; NULL: not there. `prefixed`: only one with
 * a prefix (r:id beside id). */
const char *xml_attribute(const char **attributes, const char *name, bool prefixed);

/* A whole part from start to end. */
MUST_USE enum err xml_in_all(struct xml_in *xml, struct zip_in *zip, const char *part,
                             struct sheet_mistake *mistake);

#endif
