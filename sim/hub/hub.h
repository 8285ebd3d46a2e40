/* `wattle-sim hub`: a CAN bus as a unix SOCK_SEQPACKET socket. One packet is one frame in the 16 bytes of
 * Linux struct can_frame. What a client sends reaches all others, one frame at a time, in the order of
 * arbitration and no faster than 125 kbit/s carry it. */
#ifndef SIM_HUB_HUB_H
#define SIM_HUB_HUB_H

int hub_main(int argc, char **argv);
#endif
