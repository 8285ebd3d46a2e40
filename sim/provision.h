/* `wattle-sim provision`: what the factory does to a terminal: code, identity page with a random key,
 * and the label that the installer scans. */
#ifndef SIM_PROVISION_H
#define SIM_PROVISION_H

int provision_main(int argc, char **argv);
#endif
