/* What lies in a spool folder, as JSON lines, for tests and for whoever has to find out. */
#ifndef GATEWAY_DUMP_H
#define GATEWAY_DUMP_H

/* Each batch as a line {"batch":index,…} followed by its rows {"reading":…}, {"event":…},
 * {"result":…}; at the end {"spool":…}. Only reads. Returns the exit status. */
int dump_spool(const char *folder);
#endif
