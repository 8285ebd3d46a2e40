/* Any bytes as manifest.json: refused with a reason, or names that stay in their folder, and the
 * same again after printing. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "cli/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct manifest m, again;
	char why[256] = "";
	char *text;

	if (manifest_parse(&m, (const char *)data, size, why, sizeof why)) {
		assert(why[0] && m.file == NULL);
		return 0;
	}
	for (size_t i = 0; i < m.file_count; i++) {
		assert(m.file[i].name[0] != '/' && m.file[i].name[0] != '.' &&
		       !strstr(m.file[i].name, "/."));
		assert(m.file[i].bytes >= 0);
	}
	text = manifest_print(&m);
	if (text) { /* not for text that is no UTF-8 */
		assert(manifest_parse(&again, text, strlen(text), why, sizeof why) == ERR_NONE);
		assert(again.file_count == m.file_count && again.epoch == m.epoch);
		manifest_free(&again);
	}
	free(text);
	manifest_free(&m);
	return 0;
}
