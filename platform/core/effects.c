#include "platform/core/effects.h"

#include <stdlib.h>

void effects_init(struct effects *effects)
{
	*effects = (struct effects){.first = NULL};
	effects->last = &effects->first;
}

struct effect *effects_add(struct effects *effects, enum effect_kind kind)
{
	struct effect *effect = calloc(1, sizeof *effect);

	if (!effect)
		return NULL;
	effect->kind = kind;
	*effects->last = effect;
	effects->last = &effect->next;
	effects->count++;
	return effect;
}

void effects_move(struct effects *to, struct effects *from)
{
	if (from->first) {
		*to->last = from->first;
		to->last = from->last;
		to->count += from->count;
	}
	to->hurry |= from->hurry;
	to->directory |= from->directory;
	effects_init(from);
}

void effects_truncate(struct effects *effects, size_t count)
{
	struct effect **link = &effects->first;

	for (size_t i = 0; i < count && *link; i++)
		link = &(*link)->next;
	while (*link) {
		struct effect *effect = *link;

		*link = effect->next;
		free(effect);
		effects->count--;
	}
	effects->last = link;
}

void effects_clear(struct effects *effects)
{
	effects_truncate(effects, 0);
	effects->hurry = effects->directory = false;
}

enum err effects_command(struct effects *effects, const struct command_row *row)
{
	struct effect *effect = effects_add(effects, EFFECT_COMMAND);

	if (!effect)
		return ERR_NOMEM;
	effect->u.command = *row;
	return ERR_NONE;
}

enum err effects_directory(struct effects *effects)
{
	if (!effects_add(effects, EFFECT_DIRECTORY))
		return ERR_NOMEM;
	effects->directory = effects->hurry = true;
	return ERR_NONE;
}

enum err effects_access(struct effects *effects, int64_t user_id, int64_t key_id)
{
	struct effect *effect = effects_add(effects, EFFECT_ACCESS);

	if (!effect)
		return ERR_NOMEM;
	effect->u.access = (struct effect_access){user_id, key_id};
	return ERR_NONE;
}
