#include "platform/sheet/fault.h"

#include <assert.h>
#include <string.h>

#include "libs/base/macros.h"

static const struct {
	const char *word, *zh, *en;
} table[SHEET_FAULT_COUNT] = {

#define X(id, word, zh, en) {word, zh, en},
        SHEET_FAULTS(X)
#undef X
};

const char *sheet_fault_word(enum sheet_fault fault)
{
	assert(fault < SHEET_FAULT_COUNT);
	return table[fault].word;
}

const char *sheet_fault_text(enum sheet_fault fault, enum sheet_lang lang)
{
	assert(fault < SHEET_FAULT_COUNT);
	return lang == SHEET_ZH ? table[fault].zh : table[fault].en;
}

bool sheet_fault_parse(const char *word, enum sheet_fault *fault)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (strcmp(table[i].word, word) == 0) {
			*fault = (enum sheet_fault)i;
			return true;
		}
	}
	return false;
}

enum sheet_fault sheet_fault_of(const char *word)
{
	enum sheet_fault fault;

	return sheet_fault_parse(word, &fault) ? fault : SHEET_FAULT_PLATFORM;
}

void sheet_column_letters(int column, char *text, size_t size)
{
	char reversed[8];
	size_t n = 0;

	assert(column > 0 && size >= sizeof reversed);
	for (; column > 0; column = (column - 1) / 26)
		reversed[n++] = (char)('A' + (column - 1) % 26);
	for (size_t i = 0; i < n; i++)
		text[i] = reversed[n - 1 - i];
	text[n] = '\0';
}
