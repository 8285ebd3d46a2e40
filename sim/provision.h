/* `wattle-sim provision`: what the factory does to a terminal: code, identity page with a random key,
 * and the label that the installer scans. */
#ifndef SIM_PROVISION_H
#define SIM_PROVISION_H

#include <stdint.h>

enum { PROVISION_KEY_BYTES = 32 };

int provision_main(int argc, char **argv);

/* Writes the identity page (docs/hardware/flash-map.md) of a flash image. */
void provision_identity(uint8_t *flash, const uint8_t key[PROVISION_KEY_BYTES]);
#endif
