#include "platform/core/mask.h"

#include <stdio.h>
#include <string.h>

#include "libs/base/utf8.h"

static void hide(char *to, size_t size, const char *text, size_t from, size_t until)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len && i + 1 < size; i++)
		to[i] = i >= from && i < until ? '*' : text[i];
	to[len < size ? len : size - 1] = '\0';
}

void mask_phone(char *to, size_t size, const char *phone)
{
	size_t len = strlen(phone);

	if (len >= 8)
		hide(to, size, phone, len - 8, len - 4);
	else
		hide(to, size, phone, 0, len > 2 ? len - 2 : len);
}

void mask_identity(char *to, size_t size, const char *identity)
{
	size_t len = strlen(identity);

	if (len >= 10)
		hide(to, size, identity, 3, len - 2);
	else
		hide(to, size, identity, 0, len);
}

void mask_name(char *to, size_t size, const char *name)
{
	size_t n = utf8_char_len(name, strlen(name));

	snprintf(to, size, "%.*s**", (int)n, name);
}
