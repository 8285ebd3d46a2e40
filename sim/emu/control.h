/* The emulator's control socket: a JSON object a line in, one out. Tests and the operator break
 * things here and look at what is behind the wires; docs/design/emulator.md lists the operations. */
#ifndef SIM_EMU_CONTROL_H
#define SIM_EMU_CONTROL_H

#include "sim/emu/world.h"

struct emulator; /* emulator.h */

/* Answers one line; the caller frees the text (ends with a newline). NULL: no memory. */
char *control_answer(struct emulator *e, const char *line);
#endif
