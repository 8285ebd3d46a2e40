/* What `wattle import`, `export` and `takeover` share. */
#ifndef CLI_SHEET_H
#define CLI_SHEET_H

#include "cli/cli.h"
#include "platform/core/sheet_kind.h"
#include "platform/store/place.h"

/* The kind of this word; NULL: told, with all that there are. */
const struct sheet_kind *kind_named(const char *word);
/* The property of this slug, or the only one; false: told. */
bool property_chosen(struct db *db, const char *slug, struct property_row *row);
/* The space of a path like "A/3/301", codes from the building down; NULL or "": 0. false: told. */
bool space_chosen(struct db *db, const struct property_row *property, const char *path,
                  int64_t *space_id);
/* "utf-8", "gb18030", "auto"; false: told. */
bool encoding_chosen(const char *word, enum sheet_encoding *encoding);
/* "zh-CN", "en", "keys"; false: told. */
bool lang_chosen(const char *word, enum sheet_lang *lang);

/* `export readings`; argv[0] is that last word. */
int cmd_export_readings(const struct cli *cli, int argc, char **argv);

#endif
